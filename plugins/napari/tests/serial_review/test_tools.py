"""Growing with a preview, the cursor of the other visits, contours of limb and bone, the plot: in the real viewer."""

from __future__ import annotations

import datetime as dt
import os
import sys
from typing import Any

import numpy as np
import pytest

if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
    pytest.skip("no display: run it under xvfb-run, as `make test` does", allow_module_level=True)

from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from calcitrack.model.course import PatientCourse, Treatment
from calcitrack_napari.serial_review.views import View, corresponding
from calcitrack_napari.serial_review.widget import ReviewWidget


def test_growing_follows_the_slider_until_enter(widget: ReviewWidget, viewer: Any, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The outline on the film follows; nothing is a step before Enter; Escape leaves all as it was."""
    k, layer = widget.image, widget.scene.outlines[widget.image]
    monkeypatch.setattr(widget, "pointed", lambda: (k, (200, 150)))  # at the edge of the bone, which fades out
    number = int(widget.session.new_id()[1:])
    widget.run("add")
    sizes = []
    for share in (70, 30):
        widget.panel.edge.setValue(share)
        sizes.append(np.count_nonzero(layer.data == number))
    assert 0 < sizes[0] < sizes[1]
    assert widget.session.steps == 0
    canvas = viewer.window._qt_viewer.canvas.native
    qtbot.keyClick(canvas, Qt.Key_Escape)
    assert not (layer.data == number).any()
    assert widget.growing is None
    widget.run("add")
    qtbot.keyClick(canvas, Qt.Key_Return)
    assert widget.session.undo_step == f"add D{number:03d}"
    assert np.count_nonzero(layer.data == number) == sizes[1]
    widget.panel.edge.setValue(50)
    assert np.count_nonzero(layer.data == number) == sizes[1]
    widget.run("undo")
    widget.run("grow")
    assert widget.growing is not None
    widget.run("next_deposit")
    assert widget.growing is None
    np.testing.assert_array_equal(layer.data > 0, widget.session.state.labels(k) > 0)


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
