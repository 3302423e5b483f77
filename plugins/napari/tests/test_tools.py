"""Calibrating, growing with a preview, the cursor of the other visits, contours of limb and bone: in the real viewer."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
    pytest.skip("no display: run it under xvfb-run, as `make test` does", allow_module_level=True)

from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from calcitrack import AssessOptions, SegmentOptions, assess_cohort
from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.model.corrections import FilmCorrection
from calcitrack.model.course import PatientCourse, Treatment
from calcitrack.review.film_corrections import Tool
from calcitrack.review.patient_course import course_of
from calcitrack.segment import Method
from calcitrack_napari.calibrate.widget import CalibrateWidget
from calcitrack_napari.napari_io.window import window_of
from calcitrack_napari.serial_review.views import View, corresponding
from calcitrack_napari.serial_review.widget import ReviewWidget

WAIT_MS = 60_000
"""For work in the background on a busy machine."""
LAST = "2.25.773"
"""The first film of the last visit, with which a review begins."""
BOX = np.array([[60.0, 100.0], [60.0, 140.0], [130.0, 140.0], [130.0, 100.0]])


@pytest.fixture
def calibrate(widget: ReviewWidget, viewer: Any) -> Iterator[CalibrateWidget]:
    """The widget beside the review; it measures when it is told to."""
    made = CalibrateWidget(viewer)
    made._timer.setInterval(10 * WAIT_MS)
    dock = viewer.window.add_dock_widget(made, name="Calibrate film", area="right", tabify=True)
    dock.raise_()
    assert widget.is_open
    yield made
    made.close()
    viewer.window.remove_dock_widget(dock)


def draw(calibrate: CalibrateWidget, qtbot: QtBot, tool: Tool, points: Any, kind: str) -> None:
    """Draw with a tool, as napari does it when the mouse is let go."""
    calibrate.begin(tool)
    before = calibrate.correction
    calibrate.drawings.layer.add(np.array(points, float), shape_type=kind)
    qtbot.waitUntil(lambda: calibrate.correction != before or "⚠" in calibrate.panel.words.text(), timeout=WAIT_MS)


def test_what_is_drawn_is_kept_measured_and_undone(
    calibrate: CalibrateWidget, widget: ReviewWidget, qtbot: QtBot, films: Path, folder: Path, assessment: Assessment
) -> None:
    """Length, region, crop: kept at once, shown on the film, measured in the background as the batch measures it; undone, all is as before."""
    draw(calibrate, qtbot, Tool.LENGTH, [[20, 20], [20, 220]], "line")
    draw(calibrate, qtbot, Tool.REGION, BOX, "polygon")
    draw(calibrate, qtbot, Tool.CROP, [[0, 0], [0, 319], [439, 319], [439, 0]], "rectangle")
    stated = calibrate.correction
    assert (stated.length.length_px, stated.length.length_mm, len(stated.excluded)) == (200, 10, 1)
    assert len(calibrate.drawings.layer.data) == 3
    assert "not measured yet" not in calibrate.panel.told[Tool.WEDGE].text()
    calibrate.panel.length_mm.setValue(50)
    draw(calibrate, qtbot, Tool.LENGTH, [[20, 20], [20, 220]], "line")
    stated = calibrate.correction
    with Workspace.open(folder, reading=True) as reading:
        assert reading.corrections() == {LAST: stated}
    calibrate.measure()
    qtbot.waitUntil(lambda: not calibrate.busy and "Measured" in calibrate.panel.words.text(), timeout=WAIT_MS)
    options = AssessOptions(segment=SegmentOptions(method=Method.TRANSPARENT, min_confidence=0.3))
    (batch,) = assess_cohort(films, options=options, corrections={LAST: stated}).assessments
    now = widget.session.assessment
    assert now.assessment_id == batch.assessment_id
    assert [i.totals for i in now.images] == [i.totals for i in batch.images]
    for _ in range(4):
        calibrate.again("undo")
    assert not calibrate.correction
    calibrate.again("undo")
    assert "Nothing to undo" in calibrate.panel.words.text()
    calibrate.measure()
    qtbot.waitUntil(lambda: widget.session is not None and widget.session.assessment.assessment_id == assessment.assessment_id, timeout=WAIT_MS)


def test_what_makes_no_sense_is_said_and_not_kept(calibrate: CalibrateWidget, qtbot: QtBot) -> None:
    """A length that no film has, a date that is none: what to do, and the box shows again what holds."""
    calibrate.panel.length_mm.setValue(500)
    draw(calibrate, qtbot, Tool.LENGTH, [[20, 20], [20, 32]], "line")
    assert "a pixel would be 41.7 mm" in calibrate.panel.words.text()
    calibrate.panel.date.setText("31/5/24")
    calibrate.panel.date.editingFinished.emit()
    assert "expected a date like 2024-05-31" in calibrate.panel.words.text()
    assert not calibrate.correction
    assert calibrate.panel.date.text() == ""


KILLED = """
import os, sys
import napari
from calcitrack_napari.calibrate.widget import CalibrateWidget
from calcitrack_napari.serial_review.widget import ReviewWidget

viewer = napari.Viewer(show=False)
review = ReviewWidget(viewer)
review.panel.reader.setText("anna")
review.open_workspace(sys.argv[1])
widget = CalibrateWidget(viewer)
widget.panel.side.setCurrentText("R")
widget.panel.side.activated.emit(widget.panel.side.currentIndex())
widget.panel.date.setText("2024-05-31")
widget.panel.date.editingFinished.emit()
widget.again("undo")
widget.measure()
os.kill(os.getpid(), 9)
"""


def test_a_killed_viewer_loses_no_statement(folder: Path) -> None:
    """SIGKILL while it is being measured: what was stated holds, can be done again, and the check is clean."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with Workspace.open(folder) as workspace:
        assert workspace.corrections() == {LAST: FilmCorrection(laterality="R")}
        workspace.correct_again(LAST, "redo", reader="ben")
        assert workspace.corrections() == {LAST: FilmCorrection(laterality="R", date=dt.date(2024, 5, 31))}
        assert workspace.check().clean


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


def test_treatments_are_below_the_burden(widget: ReviewWidget, films: Path) -> None:
    """From the file beside the films: a bar and the name; without one the burden stands alone."""
    session = widget.session
    assert course_of(widget.workspace, session.assessment) is None
    (films / "treatments.csv").write_text("patient_id,name,start,stop,dose,unit,route\nDRAWN,diltiazem,2021-06-01,,60,mg/d,oral\n")
    try:
        course = course_of(widget.workspace, session.assessment)
    finally:
        (films / "treatments.csv").unlink()
    given = Treatment(patient_id="DRAWN", name="diltiazem", start=dt.date(2021, 6, 1), dose=60.0, unit="mg/d", route="oral")
    assert course == PatientCourse("DRAWN", (given,))
    widget.panel.plot.show_burden(session.revision.preview(), "D002", 3, course)
    assert [a.get_gid() for panel in widget.panel.plot.figure.axes for a in panel.texts] == ["name diltiazem"]
    widget.panel.plot.show_burden(session.revision.preview(), "D002", 3)
    assert len(widget.panel.plot.figure.axes) == 1


def test_the_window_of_a_film_for_the_eye_is_used(films: Path) -> None:
    """DEV04 states one and is MONOCHROME1: bone, the low stored values, comes out bright. A film FOR PROCESSING states none for the eye."""
    from calcitrack import read_radiograph
    from calcitrack.io.phantom.samples import sample_radiographs

    film = read_radiograph(sample_radiographs() / "DEV04/visit1.dcm")
    assert film.calibration.polarity == -1
    assert window_of(film) == (-(544 - 0.5 + 450.5), -(544 - 0.5 - 450.5))
    assert window_of(read_radiograph(films / "film0.dcm")) is None
