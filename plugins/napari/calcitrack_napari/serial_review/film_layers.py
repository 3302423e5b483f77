"""napari layers of one film: the picture, limb and bone, the cursor of the other visits, and the deposits, which the reader edits."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Points
from napari.utils.colormaps import DirectLabelColormap

from calcitrack.figures.palette import POSSIBLE_MARK, YELLOW, rgb
from calcitrack.model.assessment import ImageAssessment
from calcitrack.model.image import Radiograph
from calcitrack.model.segmentation import Labels as LabelArray
from calcitrack.model.segmentation import Segmentation
from calcitrack_napari.napari_io.layers import colours, grey_scale, shown_values
from calcitrack_napari.serial_review.views import Place

REJECTED = 30_000
"""Added to the number of a rejected deposit, which is drawn grey."""
REJECTED_COLOUR = (0.55, 0.55, 0.55, 0.55)
MOST_NUMBERS = 1000
"""Deposits that have a colour of their own."""
CONTOUR_PX = 2
"""Width of a deposit's outline."""
OTHERS = DirectLabelColormap(color_dict=defaultdict(lambda: np.array((1.0, 1.0, 1.0, 0.9)), {None: np.zeros(4), 0: np.zeros(4)}))
"""Outlines of other readers: white, which no identity has."""
POSSIBLE = DirectLabelColormap(
    color_dict=defaultdict(lambda: np.array((*(c / 255 for c in rgb(POSSIBLE_MARK.colour)), 1.0)), {None: np.zeros(4), 0: np.zeros(4)})
)
"""Broken lines around possible deposits, in the colour that they have on overlays."""
BRUSH_MM = 1.0
"""Width of the brush at first: that of a small deposit."""
LIMB, BONE = 1, 2
ANATOMY_COLOURS = {LIMB: (0.75, 0.75, 0.75, 1.0), BONE: (0.55, 0.8, 1.0, 1.0)}
"""Grey for the skin line and pale blue for bone: neither is a colour of a deposit at full strength."""
ANATOMY_LINE_SHARE = 1 / 300
"""Width of a contour as a share of the film's shorter side: it stays a line when the whole film is in view."""
CROSS_MM = 4.0
"""Size of the cursor's cross: a small deposit is seen beside it, not beneath it."""


@dataclass(frozen=True, eq=False, slots=True)
class FilmLayers:
    """The layers of one film, from the bottom to the top."""

    film: Image
    anatomy: Labels
    cross: Points
    drawn: Labels


def film_layers(
    name: str,
    image: ImageAssessment,
    radiograph: Radiograph,
    numbers: LabelArray,
    pixel_mm: float,
    palette: DirectLabelColormap,
    common: dict[str, Any],
) -> FilmLayers:
    """The layers of a film.

    Parameters
    ----------
    name
        What the film is called on the screen.
    numbers
        Shape (rows, columns): the number of the deposit in each pixel.
    palette
        Number -> colour.
    common
        Keywords of every layer: place and visibility.
    """
    values = shown_values(radiograph)
    film = Image(values, name=name, contrast_limits=grey_scale(radiograph, values, image.segmentation.limb), colormap="gray", **common)
    drawn = Labels(numbers, name=f"deposits, {name}", colormap=palette, opacity=0.9, **common)
    drawn.contour = CONTOUR_PX
    drawn.preserve_labels = True
    drawn.brush_size = max(2, round(BRUSH_MM / pixel_mm))
    return FilmLayers(film, _anatomy_layer(image.segmentation, name, common), _cross_layer(name, pixel_mm, common), drawn)


def _anatomy_layer(found: Segmentation, name: str, common: dict[str, Any]) -> Labels:
    """Contours of limb and bone, so that a reader can check what the program took for them."""
    drawn = found.limb.astype(np.uint8) * LIMB
    drawn[found.bone] = BONE
    clear = (0.0, 0.0, 0.0, 0.0)
    colours_of_parts = DirectLabelColormap(color_dict={None: clear, 0: clear, **ANATOMY_COLOURS})
    layer = Labels(drawn, name=f"limb and bone, {name}", colormap=colours_of_parts, opacity=0.8, **common)
    layer.contour = max(2, round(min(drawn.shape) * ANATOMY_LINE_SHARE))
    layer.editable = False
    return layer


def _cross_layer(name: str, pixel_mm: float, common: dict[str, Any]) -> Points:
    """The layer in which a film shows its cross, empty at first."""
    layer = Points(
        np.empty((0, 2)),
        name=f"cursor, {name}",
        size=CROSS_MM / pixel_mm,
        symbol="cross",
        face_color="transparent",
        border_color=YELLOW,
        border_width=0.06,
        **common,
    )
    layer.editable = False
    return layer


def put_cross(layer: Points, place: Place | None) -> None:
    """Show the cross at a place, or nowhere for ``None``. The layer stays visible: hiding it would lay out the whole grid anew."""
    if place is not None or len(layer.data):
        layer.data = np.empty((0, 2)) if place is None else np.array([place])


def others_layer(name: str, marks: LabelArray, common: dict[str, Any]) -> Labels:
    """Outlines of other readers on a film, which cannot be edited; ``marks`` has the shape (rows, columns)."""
    layer = Labels(marks, name=f"other readers, {name}", colormap=OTHERS, **common)
    layer.contour = CONTOUR_PX
    return layer


def possible_layer(name: str, lines: LabelArray, common: dict[str, Any]) -> Labels:
    """Broken lines around the possible deposits of a film, which cannot be edited; ``lines`` has the shape (rows, columns)."""
    layer = Labels(lines, name=f"possible deposits, {name}", colormap=POSSIBLE, **common)
    layer.editable = False
    return layer


def palette() -> DirectLabelColormap:
    """Number of a deposit -> its colour; grey for rejected ones."""
    drawn: dict[int | None, Any] = {number: np.array(rgba) for number, rgba in colours(range(1, MOST_NUMBERS)).items()}
    drawn[None] = np.array(REJECTED_COLOUR)
    return DirectLabelColormap(color_dict=defaultdict(lambda: np.array(REJECTED_COLOUR), drawn))
