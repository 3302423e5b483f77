"""Outlines from a click, the cursor of the other visits, contours of limb and bone, the plot: in the real viewer."""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
    pytest.skip("no display: run it under xvfb-run, as `make test` does", allow_module_level=True)

from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from calcitrack.io.workspace import Workspace
from calcitrack.model.course import PatientCourse, Treatment
from calcitrack.review.session import ReviewSession
from calcitrack.review.state import ReviewState
from calcitrack_napari.serial_review.outlining import STEP_PX
from calcitrack_napari.serial_review.views import View, corresponding
from calcitrack_napari.serial_review.widget import ReviewWidget

WAIT_MS = 60_000
"""For the network in the background on a busy machine."""


class _Press:
    """What napari tells of the mouse: a button that is held, moved and released."""

    def __init__(self, *modifiers: str) -> None:
        self.type, self.pos, self.modifiers = "mouse_press", (300.0, 300.0), modifiers

    def moved(self, down_px: float) -> _Press:
        """The pointer is dragged from where it was pressed."""
        self.type, self.pos = "mouse_move", (300.0, 300.0 + down_px)
        return self

    def released(self) -> None:
        """The button is let go."""
        self.type = "mouse_release"


def _clicked(widget: ReviewWidget, place: tuple[int, int], *modifiers: str, drag_px: Sequence[float] = ()) -> Iterator[int]:
    """Press, drag and release at a place of the film in view; gives the number of outlined pixels after each move."""
    press, layer = _Press(*modifiers), widget.scene.outlines[widget.image]
    widget.pointed = lambda: (widget.image, place)  # where the pointer is, the test says
    held = widget.click(press)
    next(held, None)
    yield np.count_nonzero(layer.data)
    for down_px in drag_px:
        press.moved(down_px)
        next(held, None)
        yield np.count_nonzero(layer.data)
    press.released()
    next(held, None)


def test_one_click_outlines_a_missed_deposit(widget: ReviewWidget, viewer: Any, qtbot: QtBot, folder: Path) -> None:
    """Tool in hand, pressed and released: one step, measured like every deposit; undone by one key; kept in the workspace."""
    widget.select("D003")
    k, layer = widget.image, widget.scene.outlines[widget.image]
    place = tuple(round(c) for c in widget.session.state.deposit(k, "D003").centroid)
    widget.run("erase")
    before = layer.data.copy()
    canvas = viewer.window._qt_viewer.canvas.native
    qtbot.keyClick(canvas, Qt.Key_I)
    assert widget.outlining
    assert not layer.mouse_pan
    qtbot.waitUntil(lambda: widget.session.state.is_clickable(k), timeout=WAIT_MS)
    list(_clicked(widget, place))
    assert widget.session.undo_step == "add D004"
    row = next(r for r in widget.panel.model.shown if r.deposit_id == "D004")
    assert row.value("area_mm2").value > 4
    assert row.value("ha_mass_mg").value > 0
    np.testing.assert_array_equal(layer.data > 0, widget.session.state.labels(k) > 0)
    with Workspace.open(folder, reading=True) as reading:
        again = ReviewSession(reading, ReviewState(widget.session.assessment), "anna")
        assert again.state.label_of(k, "D004") is not None
        assert reading.check().clean
    widget.run("undo")
    np.testing.assert_array_equal(layer.data, before)
    qtbot.keyClick(canvas, Qt.Key_Escape)
    assert not widget.outlining
    assert layer.mouse_pan


def test_a_drag_changes_the_size_and_shift_adds_to_the_selected(widget: ReviewWidget) -> None:
    """Upwards is larger, downwards smaller, shown before the release; one step; a click on nothing says why and leaves the film as it is."""
    widget.select("D003")
    k, layer = widget.image, widget.scene.outlines[widget.image]
    place = tuple(round(c) for c in widget.session.state.deposit(k, "D003").centroid)
    widget.run("erase")
    widget.run("outline")
    steps = widget.session.steps
    first, larger, smaller = _clicked(widget, place, "Shift", drag_px=(-2 * STEP_PX, 2 * STEP_PX))
    assert larger > first
    assert smaller <= first
    assert widget.session.undo_step == "grow D003"
    assert widget.session.steps == steps + 1
    assert widget.session.state.label_of(k, "D003") is not None
    np.testing.assert_array_equal(layer.data > 0, widget.session.state.labels(k) > 0)
    list(_clicked(widget, (4, 4)))
    assert "nothing stands out there: the place lies in air" in widget.panel.words.text()
    assert widget.session.steps == steps + 1


def test_the_other_visits_show_where_the_pointer_is(widget: ReviewWidget) -> None:
    """A deposit that both visits show has its cross on itself; outside the film there is none; the key hides it."""
    widget.show_film(2, View.ALL)
    scene, session = widget.scene, widget.session
    here, there = (session.state.deposit(k, "D002").centroid for k in (2, 1))
    scene.point(2, (round(here[0]), round(here[1])))
    assert np.hypot(*(scene.crosses[1].data[0] - there)) * session.state.pixel_mm(1) < 1.5
    assert len(scene.crosses[2].data) == 0
    scene.point(2, (-5, 10))
    assert all(len(c.data) == 0 for c in scene.crosses)
    scene.point(2, (round(here[0]), round(here[1])))
    widget.run("cursor")
    assert not any(c.visible for c in scene.crosses)
    first, last = session.state.images[0], session.state.images[2]
    there_and_back = corresponding(last, corresponding(first, (150.0, 120.0), last), first)
    assert there_and_back == pytest.approx((150.0, 120.0), abs=0.2)


def test_limb_and_bone_are_hidden_until_asked_for(widget: ReviewWidget, viewer: Any) -> None:
    """Contours on the films that are shown, and on no others; the grid of films stays as it is."""
    assert not any(layer.visible for layer in widget.scene.anatomy)
    widget.show_film(2, View.PAIR)
    widget.run("anatomy")
    assert [k for k, layer in enumerate(widget.scene.anatomy) if layer.visible] == widget.scene.shown()
    assert viewer.canvas.grid.actual_shape(viewer.layers) == (1, 2)
    drawn, image = widget.scene.anatomy[2].data, widget.session.state.images[2]
    assert np.array_equal(drawn == 2, image.segmentation.bone)
    assert np.array_equal(drawn > 0, image.segmentation.limb | image.segmentation.bone)


def test_treatments_are_below_the_burden(widget: ReviewWidget) -> None:
    """A bar and the name of the drug; without a course the burden stands alone."""
    plot, preview = widget.panel.plot, widget.session.revision.preview()
    given = Treatment(patient_id="DRAWN", name="diltiazem", start=dt.date(2021, 6, 1), dose=60.0, unit="mg/d", route="oral")
    plot.show_burden(preview, "D002", 3, PatientCourse("DRAWN", (given,)))
    assert [a.get_gid() for panel in plot.figure.axes for a in panel.texts] == ["name diltiazem"]
    plot.show_burden(preview, "D002", 3)
    assert len(plot.figure.axes) == 1
