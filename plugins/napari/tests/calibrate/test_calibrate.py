"""A film is calibrated in the real viewer."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
    pytest.skip("no display: run it under xvfb-run, as `make test` does", allow_module_level=True)

from pytestqt.qtbot import QtBot

from calcitrack import AssessOptions, assess_cohort
from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.model.corrections import FilmCorrection
from calcitrack.model.review_steps import HistoryMove
from calcitrack.review.film_corrections import Tool
from calcitrack_napari.calibrate.widget import CalibrateWidget
from calcitrack_napari.serial_review.widget import ReviewWidget

WAIT_MS = 60_000
"""For work in the background on a busy machine."""
LAST = "2.25.773"
"""The first film of the last visit, with which a review begins."""
BOX = np.array([[60.0, 100.0], [60.0, 140.0], [130.0, 140.0], [130.0, 100.0]])


@pytest.fixture(scope="module")
def assessment(reviews: ModuleType, film_folder: Path) -> Assessment:
    """What the program finds on the films: a record holds all that measuring again takes."""
    return reviews.measured_by_the_program(film_folder)


@pytest.fixture
def folder(reviews: ModuleType, assessment: Assessment, tmp_path: Path) -> Path:
    """A workspace with it."""
    return reviews.recorded(tmp_path / "workspace", assessment)


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
    before = calibrate.film.correction
    calibrate.drawings.layer.add(np.array(points, float), shape_type=kind)
    qtbot.waitUntil(lambda: calibrate.film.correction != before or "⚠" in calibrate.panel.words.text(), timeout=WAIT_MS)


def test_what_is_drawn_is_kept_measured_and_undone(
    calibrate: CalibrateWidget, widget: ReviewWidget, qtbot: QtBot, film_folder: Path, folder: Path, assessment: Assessment, options: AssessOptions
) -> None:
    """Length, region, crop: kept at once, shown on the film, measured in the background as the batch measures it; undone, all is as before."""
    draw(calibrate, qtbot, Tool.LENGTH, [[20, 20], [20, 220]], "line")
    draw(calibrate, qtbot, Tool.REGION, BOX, "polygon")
    draw(calibrate, qtbot, Tool.CROP, [[0, 0], [0, 319], [439, 319], [439, 0]], "rectangle")
    stated = calibrate.film.correction
    assert (stated.length.length_px, stated.length.length_mm, len(stated.excluded)) == (200, 10, 1)
    assert len(calibrate.drawings.layer.data) == 3
    assert "not measured yet" not in calibrate.panel.summary[Tool.WEDGE].text()
    calibrate.panel.length_mm.setValue(50)
    draw(calibrate, qtbot, Tool.LENGTH, [[20, 20], [20, 220]], "line")
    stated = calibrate.film.correction
    with Workspace.open(folder, reading=True) as reading:
        assert reading.corrections() == {LAST: stated}
    calibrate.measure()
    qtbot.waitUntil(lambda: not calibrate.busy and "Measured" in calibrate.panel.words.text(), timeout=WAIT_MS)
    (batch,) = assess_cohort(film_folder, options=options, corrections={LAST: stated}).assessments
    now = widget.session.assessment
    assert now.assessment_id == batch.assessment_id
    assert [i.totals for i in now.images] == [i.totals for i in batch.images]
    for _ in range(4):
        calibrate.again(HistoryMove.UNDO)
    assert not calibrate.film.correction
    calibrate.again(HistoryMove.UNDO)
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
    assert not calibrate.film.correction
    assert calibrate.panel.date.text() == ""


KILLED = """
import os, sys
import napari
from calcitrack.model.review_steps import HistoryMove
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
widget.again(HistoryMove.UNDO)
widget.measure()
os.kill(os.getpid(), 9)
"""


def test_a_killed_viewer_loses_no_statement(folder: Path) -> None:
    """SIGKILL while it is being measured: what was stated holds, can be done again, and the check is clean."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with Workspace.open(folder) as workspace:
        assert workspace.corrections() == {LAST: FilmCorrection(laterality="R")}
        workspace.correct_again(LAST, HistoryMove.REDO, reader="ben")
        assert workspace.corrections() == {LAST: FilmCorrection(laterality="R", date=dt.date(2024, 5, 31))}
        assert workspace.check().clean
