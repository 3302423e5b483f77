"""A review in napari's viewer: films and outlines as layers in millimetres of the baseline film, so that all views show the same place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Points
from qtpy.QtCore import QTimer

from calcitrack.errors import InvalidValueError
from calcitrack.measure.live import Window
from calcitrack.model.assessment import DepositId
from calcitrack.model.measurement import Position
from calcitrack.model.possible import possible_number
from calcitrack.model.segmentation import Labels as LabelArray
from calcitrack.review import edit_outlines as outlines
from calcitrack.review.possible_outlines import PossibleOutline, broken_lines
from calcitrack.review.regions import changed_window
from calcitrack.review.session import Done, ReviewSession
from calcitrack_napari.napari_io.layers import METADATA, on_baseline_mm
from calcitrack_napari.serial_review.film_layers import CONTOUR_PX, REJECTED, film_layers, others_layer, palette, possible_layer, put_cross
from calcitrack_napari.serial_review.views import View, corresponding, difference_of, shown_films

LAYERS_A_FILM = 4
"""Film, limb and bone, cursor, deposits. One more each for other readers' outlines and possible deposits. They share one field of napari's grid."""
CLOSE_UP_MM = 45.0
"""Width of the view when the camera first goes to a deposit: a finger and its neighbours."""


class Scene:
    """The layers of one review.

    Parameters
    ----------
    viewer
        napari's viewer.
    session
        The review.
    painted
        Called with (image, window, numbers, deposit id) when the reader has painted on a film.
    """

    def __init__(self, viewer: Any, session: ReviewSession, painted: Callable[[int, Window, LabelArray, str], None]) -> None:
        self.viewer, self._session, self._state, self._painted = viewer, session, session.state, painted
        self.films: list[Image] = []
        self.outlines: list[Labels] = []
        self.others: list[Labels] = []
        self.possible: list[Labels] = []
        self._undecided: list[tuple[PossibleOutline, ...]] = []
        self.anatomy: list[Labels] = []
        self.crosses: list[Points] = []
        self.view, self.current = View.PAIR, 0
        self.outlines_hidden, self.anatomy_shown, self.cursor_shown = False, False, True
        self._difference: Image | None = None
        self._flickered = False
        self._zoomed = False
        baseline = next((i.spacing for i in self._state.images if i.alignment is None), self._state.images[0].spacing)
        self._baseline = next((k for k, i in enumerate(self._state.images) if i.alignment is None), 0)
        self._to_mm = [on_baseline_mm(image, baseline) for image in self._state.images]
        self.units = "mm" if baseline.row_mm else "pixel"

    def build(self, progress: Callable[[int], None] = lambda _: None) -> None:
        """Add the layers; `progress` is called with the number of films that were added."""
        colours = palette()
        self._undecided = [self._state.possible(k) for k in range(len(self._state.images))]
        for k, image in enumerate(self._state.images):
            common = {"affine": self._to_mm[k], "units": self.units, "visible": False, "metadata": {METADATA: {"image": k}}}
            name = self._state.names.name(k)
            layers = film_layers(name, image, self._state.radiograph(k), self._numbers(k), self._state.pixel_mm(k), colours, common)
            layers.drawn.events.paint.connect(lambda _event, k=k: QTimer.singleShot(0, lambda: self._on_paint(k)))
            marks = self._state.others.get(k)
            seen = [] if marks is None else [(others_layer(name, marks, common), self.others)]
            if any(self._undecided):
                seen.append((possible_layer(name, self._lines(k), common), self.possible))
            lying = [(layers.film, self.films), *seen, (layers.anatomy, self.anatomy), (layers.cross, self.crosses), (layers.drawn, self.outlines)]
            for layer, kept in lying:
                self.viewer.add_layer(layer)
                kept.append(layer)
            progress(k + 1)
        self.viewer.canvas.grid.stride = LAYERS_A_FILM + bool(self.others) + bool(self.possible)
        self.viewer.canvas.grid.shape = (1, -1)
        self.viewer.canvas.grid.spacing = 6

    def to_mm(self, k: int) -> Any:
        """3 x 3 matrix from a film's pixels to the place where it is shown."""
        return self._to_mm[k]

    def close(self) -> None:
        """Remove the layers."""
        self._remove_difference()
        self.viewer.canvas.grid.enabled = False  # first, otherwise the grid is laid out again after each layer
        for layer in (*self.films, *self.anatomy, *self.crosses, *self.outlines, *self.others, *self.possible):
            if layer in self.viewer.layers:
                self.viewer.layers.remove(layer)
        self.films, self.anatomy, self.crosses, self.outlines, self.others, self.possible = [], [], [], [], [], []

    # What is shown

    def shown(self) -> list[int]:
        """Positions of the films that are shown, left to right."""
        return shown_films(self._state.images, self.current, self.view, flickered=self._flickered)

    def show(self, k: int, view: View | None = None) -> None:
        """Show a film; its outlines are those that the reader edits."""
        self.current, self.view, self._flickered = k, view or self.view, False
        self._remove_difference()
        self._apply_view()

    def flicker(self) -> None:
        """Show the film alone; from call to call, change to the visit before and back."""
        self.view = View.ONE
        self._flickered = not self._flickered
        self._apply_view()

    def _apply_view(self) -> None:
        shown = self.shown()
        for k, (film, drawn) in enumerate(zip(self.films, self.outlines, strict=True)):
            film.visible, drawn.visible = k in shown, k in shown and not self.outlines_hidden
            self.anatomy[k].visible = k in shown and self.anatomy_shown
            self.crosses[k].visible = k in shown and self.cursor_shown
            put_cross(self.crosses[k], None)
        for k, marks in (*enumerate(self.others), *enumerate(self.possible)):
            marks.visible = k in shown and not self.outlines_hidden
        self.viewer.canvas.grid.enabled = len(shown) > 1
        editable = self.outlines[self.current]
        if self.viewer.layers.selection.active is not editable:
            self.viewer.layers.selection.active = editable

    def hold_still(self, *, held: bool) -> None:
        """Let no drag move the films, so that clicks can be meant for something else."""
        for layer in self.outlines:
            if str(layer.mode) == "pan_zoom":
                layer.mouse_pan = not held
                layer.cursor = "cross" if held else "standard"

    def hide_outlines(self, *, hidden: bool) -> None:
        """Hide all outlines, or show them again."""
        self.outlines_hidden = hidden
        self._apply_view()

    def toggle_anatomy(self) -> None:
        """Show or hide the contours of limb and bone."""
        self.anatomy_shown = not self.anatomy_shown
        self._apply_view()

    def toggle_cursor(self) -> None:
        """Show or hide the cross on the other visits."""
        self.cursor_shown = not self.cursor_shown
        self._apply_view()

    def point(self, k: int, place: tuple[int, int]) -> None:
        """Show on the other films where a place of this film lies on them."""
        shown = self.shown()
        if not self.cursor_shown or len(shown) < 2:
            return
        rows, columns = self.outlines[k].data.shape
        inside = 0 <= place[0] < rows and 0 <= place[1] < columns
        for j in shown:
            there = corresponding(self._state.images[k], place, self._state.images[j]) if inside and j != k else None
            put_cross(self.crosses[j], there)

    def toggle_difference(self) -> None:
        """Show or hide the difference from the visit before, on the baseline film."""
        if self._difference is not None:
            self._remove_difference()
            return
        shown = self.shown()
        if len(shown) < 2:
            raise InvalidValueError("there is no visit before to compare with; go to the next visit, or show two")
        difference = difference_of(self._state, shown[-2], shown[-1])
        origin, step = difference.grid.origin, difference.grid.step
        place = self._to_mm[self._baseline] @ np.array([[step, 0.0, origin[0]], [0.0, step, origin[1]], [0.0, 0.0, 1.0]])
        self._difference = Image(difference.picture, name=f"difference, {difference.words}", rgb=True, affine=place, units=self.units)
        self.viewer.add_layer(self._difference)
        self.viewer.layers.selection.active = self.outlines[self.current]

    def _remove_difference(self) -> None:
        if self._difference is not None and self._difference in self.viewer.layers:
            self.viewer.layers.remove(self._difference)
        self._difference = None

    def reset(self) -> None:
        """Show the whole of the films."""
        self.viewer.fit_to_view()
        self._zoomed = False

    def centre_on(self, k: int, deposit_id: str) -> None:
        """Move the camera to a deposit, or to the place where it was; the first time, zoom in."""
        place = self.place_of(k, deposit_id)
        if place is None:
            return
        if not self._zoomed:
            shorter_px = min(self.viewer.canvas.viewbox_size(self.viewer.layers))
            self.viewer.scene.camera.zoom = shorter_px / CLOSE_UP_MM * (1.0 if self.units == "mm" else self._state.pixel_mm(k))
            self._zoomed = True
        self.viewer.scene.camera.center = (0.0, *place)

    def place_of(self, k: int, deposit_id: str) -> tuple[float, float] | None:
        """(row, column) of a deposit in the view's units, from the nearest film that shows it; a possible one lies on this film alone."""
        if possible_number(deposit_id) is not None:
            found = next((o.deposit for o in self._state.possible(k) if o.deposit.name == deposit_id), None)
            return None if found is None else self._placed(k, found.centroid)
        seen = [j for j in range(len(self._state.images)) if self._state.label_of(j, deposit_id) is not None]
        if not seen:
            return None
        nearest = min(seen, key=lambda j: (abs(j - k), j))
        deposit = self._state.deposit(nearest, deposit_id)
        if deposit is None:
            return None
        return self._placed(nearest, deposit.centroid)

    def _placed(self, k: int, centroid: Position) -> tuple[float, float]:
        row, column, _ = self._to_mm[k] @ np.array([*centroid, 1.0])
        return float(row), float(column)

    def under(self, position: tuple[float, ...], viewbox: tuple[int, int] | None) -> tuple[int, tuple[int, int]]:
        """Film and (row, column) on it under a position of the view."""
        shown = self.shown()
        column = viewbox[1] if viewbox is not None and len(shown) > 1 else 0
        k = shown[min(max(column, 0), len(shown) - 1)]
        row, col, _ = np.linalg.inv(self._to_mm[k]) @ np.array([*position[-2:], 1.0])
        return k, (round(float(row)), round(float(col)))

    # Outlines

    def refresh(self, done: Done) -> None:
        """Draw what a step changed."""
        changed = {k for k, _ in done.windows}
        for k, window in done.windows:
            self.outlines[k].data[window] = self._numbers(k, window)
        for k in self.shown():
            if not done.windows:  # a statement about a deposit may change its colour
                self._redraw(k)
            elif k in changed:
                self.outlines[k].refresh()
        if done.windows and self.current not in changed:
            self._redraw(self.current)
        self._redraw_possible()

    def draw(self, k: int, window: Window | None = None, numbers: LabelArray | None = None) -> None:
        """Draw a film's outlines as the review has them; within a window draw other numbers."""
        self.outlines[k].data[...] = self._numbers(k)
        if window is not None and numbers is not None:
            self.outlines[k].data[window] = numbers
        self.outlines[k].refresh()

    def redraw(self) -> None:
        """Draw all outlines that are shown as the review has them."""
        for k in self.shown():
            self._redraw(k)
        self._redraw_possible()

    def _redraw_possible(self) -> None:
        """Draw the possible deposits of the films that are shown, where the reader has decided one or taken that back."""
        for k in self.shown() if self.possible else ():
            undecided = self._state.possible(k)
            if undecided != self._undecided[k]:
                self._undecided[k] = undecided
                self.possible[k].data = self._lines(k)

    def _lines(self, k: int) -> LabelArray:
        rows, columns = self._state.labels(k).shape
        return broken_lines((rows, columns), self._undecided[k], CONTOUR_PX)

    def _redraw(self, k: int) -> None:
        numbers = self._numbers(k)
        if not np.array_equal(numbers, self.outlines[k].data):
            self.outlines[k].data[...] = numbers
            self.outlines[k].refresh()

    def select(self, k: int, deposit_id: str) -> None:
        """Give the brush the deposit's number; what is painted while a possible one is chosen is a new deposit."""
        painted = self._session.new_id() if possible_number(deposit_id) is not None else deposit_id
        self.outlines[k].selected_label = DepositId.parse(painted).number if painted else 1

    def _numbers(self, k: int, window: Window | None = None) -> LabelArray:
        return outlines.numbered(self._session, k, window, rejected=REJECTED)

    def _on_paint(self, k: int) -> None:
        """A stroke of the brush, the eraser, the bucket or a polygon has ended.

        napari announces a stroke before it writes the pixels, and does not say which. Therefore the layer is compared with the review afterwards.
        """
        if not self.outlines:
            return
        layer = self.outlines[k]
        window = changed_window(self._numbers(k), layer.data)
        if window is None:
            return
        numbers = np.asarray(layer.data[window] % REJECTED, np.uint16)
        erased = layer.mode == "erase" or layer.selected_label == 0 or not (numbers == layer.selected_label % REJECTED).any()
        self._painted(k, window, numbers, "" if erased else str(DepositId(layer.selected_label % REJECTED)))
