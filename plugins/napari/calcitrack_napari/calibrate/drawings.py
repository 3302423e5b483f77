"""The napari layer in which a reader draws on a film to calibrate it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from napari.layers import Shapes
from qtpy.QtCore import QTimer

from calcitrack.figures.palette import SKY, VERMILLION, YELLOW
from calcitrack.model.assessment import ImageAssessment
from calcitrack.review.film_corrections import Drawing, Tool

MODES = {Tool.LENGTH: "add_line", Tool.WEDGE: "add_rectangle", Tool.REGION: "add_polygon_lasso", Tool.CROP: "add_rectangle"}
KINDS = {Tool.LENGTH: "line", Tool.WEDGE: "rectangle", Tool.REGION: "polygon", Tool.CROP: "rectangle"}
COLOURS = {Tool.LENGTH: YELLOW, Tool.WEDGE: SKY, Tool.REGION: VERMILLION, Tool.CROP: "#FFFFFF"}
"""The drawing's words are written beside it, so that nothing depends on colour alone."""
EDGE_SHARE = 1 / 350
"""Width of a drawn line as a share of the film's shorter side: two screen pixels where the film fills the screen."""
TEXT_POINTS = 11


class Drawings:
    """The layer of drawings, above the film that is shown alone.

    Parameters
    ----------
    viewer
        napari's viewer.
    drew
        Called with (tool, points in pixels of the film, shape (n, 2)) when the reader has drawn something.
    """

    def __init__(self, viewer: Any, drew: Callable[[Tool, Any], None]) -> None:
        self.viewer, self._drew = viewer, drew
        self.layer: Shapes | None = None
        self.tool: Tool | None = None
        self._shown: tuple[Any, ...] = ()
        self._adding = False

    def show(self, drawings: Sequence[Drawing], image: ImageAssessment, to_mm: Any, units: str) -> None:
        """Show drawings on a film. Nothing changes where they are shown already, or while the reader draws."""
        wanted = (tuple(drawings), image.exposure.source, to_mm.tobytes())
        if self._adding:  # napari announces the new layer before it is in its list
            return
        if self.tool is not None or (wanted == self._shown and (self.layer is None or self.layer in self.viewer.layers)):
            self._place = (image.segmentation.labels.shape, to_mm, units)
            return
        self.close()
        self._shown, self._place = wanted, (image.segmentation.labels.shape, to_mm, units)
        if drawings:
            self._add(drawings)

    def _add(self, drawings: Sequence[Drawing]) -> None:
        shape, to_mm, units = self._place
        active = self.viewer.layers.selection.active
        self.layer = Shapes(
            [np.array(d.points) for d in drawings] or None,
            shape_type=[KINDS[d.tool] for d in drawings] or "line",
            edge_color=[COLOURS[d.tool] for d in drawings] or YELLOW,
            face_color="transparent",
            edge_width=max(1.0, min(shape) * EDGE_SHARE),
            features={"words": [d.words for d in drawings]},
            text={"string": "{words}", "size": TEXT_POINTS, "color": "white", "anchor": "upper_left", "translation": [-2, 0]},
            name="stated by a reader",
            affine=to_mm,
            units=units,
            ndim=2,
        )
        self.layer.events.data.connect(self._on_data)
        self._adding = True
        self.viewer.add_layer(self.layer)
        self._adding = False
        if active in self.viewer.layers:
            self.viewer.layers.selection.active = active

    def begin(self, tool: Tool) -> None:
        """Let the reader draw on the film that `show` was last called for."""
        if self.layer is None or self.layer not in self.viewer.layers:
            self._add(())
        assert self.layer is not None  # noqa: S101 just added
        self.tool = tool
        self.viewer.layers.selection.active = self.layer
        self.layer.current_edge_color = COLOURS[tool]
        self.layer.mode = MODES[tool]

    def stop(self) -> None:
        """Stop drawing."""
        self.tool = None
        if self.layer is not None and self.layer in self.viewer.layers:
            self.layer.mode = "pan_zoom"

    def close(self) -> None:
        """Remove the layer."""
        self.stop()
        layer, self.layer, self._shown = self.layer, None, ()
        if layer is not None and layer in self.viewer.layers:
            self.viewer.layers.remove(layer)

    def _on_data(self, event: Any) -> None:
        """A drawing has ended. napari still works on it after this event, so the rest waits until it is done."""
        if self.tool is None or str(event.action) != "added":
            return
        tool, points, self.tool = self.tool, np.array(event.value[-1]), None
        QTimer.singleShot(0, lambda: self._finish(tool, points))

    def _finish(self, tool: Tool, points: Any) -> None:
        self.close()
        self._drew(tool, points)
