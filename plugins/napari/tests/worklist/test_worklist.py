"""A reader works through a worklist in the real viewer. Needs a display, as test_widget.py does."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
    pytest.skip("no display: run it under xvfb-run, as `make test` does", allow_module_level=True)

import napari
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton, QApplication, QComboBox, QLabel, QLineEdit, QProgressBar, QTableView, QWidget

from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.model.reading import CaseState
from calcitrack.review import edit_outlines as outlines
from calcitrack.review.session import ReviewSession
from calcitrack.review.state import ReviewState
from calcitrack_napari.worklist.widget import WorklistWidget

WAIT_MS = 60_000
PATIENTS = ("DRAWN", "ELENA", "FRIDA")
SECRETS = (*PATIENTS, "2021", "2022", "film0", "film1", "film2", "film3", ".dcm", "2.25.", "FOREARM")
"""Patients, days, files and UIDs of the drawn films."""


@pytest.fixture(scope="module")
def viewer() -> Iterator[napari.Viewer]:
    """One viewer for all tests."""
    made = napari.Viewer(show=True)
    made.window._qt_window.resize(1400, 800)
    gc.collect()
    gc.freeze()
    gc.disable()
    yield made
    QApplication.processEvents()
    made.close()
    QApplication.processEvents()
    gc.enable()
    gc.collect()


@pytest.fixture
def cohort(folder: Path, assessment: Assessment) -> Path:
    """A workspace with three patients, who have the same films."""
    with Workspace.open(folder) as workspace:
        for patient in PATIENTS[1:]:
            workspace.record(replace(assessment, assessment_id=f"{patient.lower():0<16}", key=replace(assessment.key, patient_id=patient)))
    return folder


@pytest.fixture
def worklist(viewer: napari.Viewer, cohort: Path) -> Iterator[WorklistWidget]:
    """Anna's worklist of the three patients."""
    made = WorklistWidget(viewer)
    dock = viewer.window.add_dock_widget(made, name="Worklist", area="right")
    made.panel.reader.setText("anna")
    made.open_workspace(cohort)
    yield made
    made.close()
    for widget in (made.review, dock):
        if widget is not None:
            viewer.window.remove_dock_widget(widget)
    viewer.layers.clear()


def begin(
    worklist: WorklistWidget, qtbot: QtBot, *, blinded: bool = True, suggestion: bool = False, others: bool = False, repeated: int = 34
) -> None:
    """Start a session as the form says, and open its first case."""
    panel = worklist.panel
    panel.blinded.setChecked(blinded)
    panel.suggestion.setChecked(suggestion)
    panel.others.setChecked(others)
    panel.repeated.setValue(repeated)
    panel.create_button.click()
    panel.next_button.click()
    opened(worklist, qtbot, 1)


def opened(worklist: WorklistWidget, qtbot: QtBot, number: int) -> ReviewSession:
    """Wait until a case is open."""

    def is_open() -> bool:
        current = worklist.desk.current
        return current is not None and current.case.number == number and worklist.review.is_open

    qtbot.waitUntil(is_open, timeout=WAIT_MS)
    review = worklist.review.session
    assert review is worklist.desk.review
    return review


def done(viewer: napari.Viewer, qtbot: QtBot) -> None:
    """Press the key that says that a case is done."""
    qtbot.keyClick(viewer.window._qt_viewer.canvas.native, Qt.Key_D, Qt.ShiftModifier)


def texts(viewer: napari.Viewer, worklist: WorklistWidget, qtbot: QtBot) -> list[str]:
    """Everything that can be read in the window, its plot drawn: titles, labels, lists, tables, tooltips, layers and the status bar."""
    qtbot.waitUntil(lambda: not worklist.review.presenter.plot_timer.isActive(), timeout=WAIT_MS)
    window = viewer.window._qt_window
    found = [viewer.title, window.windowTitle(), str(viewer.status)]
    for part in (window, *window.findChildren(QWidget)):
        found += [part.windowTitle(), part.toolTip(), part.statusTip()]
        if isinstance(part, QLabel | QAbstractButton | QLineEdit | QProgressBar):
            found.append(part.text())
        if isinstance(part, QComboBox):
            found += [part.itemText(n) for n in range(part.count())]
        if isinstance(part, QTableView) and part.model() is not None:
            model = part.model()
            cells = [model.index(r, c) for r in range(model.rowCount()) for c in range(model.columnCount())]
            found += [str(model.data(cell, role)) for cell in cells for role in (Qt.DisplayRole, Qt.ToolTipRole)]
    for layer in viewer.layers:
        found += [layer.name, str(layer.metadata), str(layer.source), str(layer.get_status((0.0, 10.0, 10.0), world=True))]
    review = worklist.review
    axes = review.panel.plot.figure.axes[0]
    found += [t.get_text() for t in (*axes.get_xticklabels(), *axes.get_yticklabels(), axes.xaxis.label, axes.yaxis.label, axes.title)]
    return found


@pytest.mark.parametrize("suggestion", [False, True])
def test_a_blinded_reader_sees_no_patient_and_no_day(worklist: WorklistWidget, viewer: napari.Viewer, qtbot: QtBot, suggestion: bool) -> None:
    """In no title, layer, list, table, tooltip or status of any case, whether or not the reader begins with what the program found."""
    begin(worklist, qtbot, suggestion=suggestion)
    for number in (1,) if suggestion else (1, 2):
        review = opened(worklist, qtbot, number)
        assert {layer.name.split(",")[0] for layer in viewer.layers} == {"Film A", "Film B", "Film C", "deposits", "cursor", "limb and bone"}
        shown = "\n".join(texts(viewer, worklist, qtbot))
        assert [secret for secret in SECRETS if secret in shown] == []
        assert f"Case {number}" in shown
        assert bool(review.state.deposit_ids()) == suggestion
        assert worklist.review.panel.plot.isHidden()
        assert worklist.review.panel.publish_button.isHidden()
        if not suggestion and number == 1:
            done(viewer, qtbot)
    worklist.panel.close_button.click()


def test_an_open_session_names_patients_and_is_the_readers_own_review(worklist: WorklistWidget, viewer: napari.Viewer, qtbot: QtBot) -> None:
    """What a blinded reader does not see is there again: that it was looked for in the right places."""
    begin(worklist, qtbot, blinded=False, suggestion=True, repeated=0)
    shown = "\n".join(texts(viewer, worklist, qtbot))
    assert [secret for secret in (*PATIENTS, "2021", "visit 3") if secret not in shown] == []
    assert not worklist.review.panel.publish_button.isHidden()
    assert worklist.review.session.reading == ""


def test_done_and_next_keeps_what_was_found(worklist: WorklistWidget, viewer: napari.Viewer, qtbot: QtBot, cohort: Path) -> None:
    """The next case was prepared meanwhile; what was read is kept with its patient and in order of time; the reader's own review is untouched."""
    begin(worklist, qtbot)
    review = opened(worklist, qtbot, 1)
    qtbot.waitUntil(lambda: worklist.ahead is not None, timeout=WAIT_MS)
    assert worklist.ahead.case.number == 2
    recorded, order = worklist.desk.current.recorded, worklist.desk.current.case.order
    shown = next(k for k, position in enumerate(order) if position == 0)
    place = tuple(round(c) for c in recorded.images[0].deposits[0].deposit.centroid)
    outlines.add(review, shown, place)
    done(viewer, qtbot)
    opened(worklist, qtbot, 2)
    with Workspace.open(cohort, reading=True) as reading:
        (read,) = reading.sessions.readings()
        assert read.case.assessment_id == recorded.assessment_id
        assert [film.time_point for film in read.films] == [1, 2, 3, 3]
        assert [film.totals["deposit_count"].value for film in read.films] == [1.0, 0.0, 0.0, 0.0]
        assert read.films[0].totals["ha_mass_mg"].value > 0
        assert ReviewSession(reading, ReviewState(recorded), "anna").steps == 0
        assert {e.reading for e in reading.journal(recorded.assessment_id)} == {"session 1, case 1"}
        assert reading.check().clean


def test_a_session_goes_on_where_it_was_left(worklist: WorklistWidget, viewer: napari.Viewer, qtbot: QtBot, cohort: Path) -> None:
    """Closed in the middle of the second case and opened again: the same case, with what was drawn on it; then on to the end."""
    begin(worklist, qtbot, repeated=0)
    done(viewer, qtbot)
    review = opened(worklist, qtbot, 2)
    position = worklist.desk.current.case.order[0]
    place = tuple(round(c) for c in worklist.desk.current.recorded.images[position].deposits[0].deposit.centroid)
    outlines.add(review, 0, place)
    worklist.panel.close_button.click()
    assert not viewer.layers
    worklist.open_workspace(cohort)
    assert worklist.panel.progress.text() == "1 of 3 done"
    assert [state for _, state in worklist.panel.model.shown] == [CaseState.DONE, CaseState.BEGUN, CaseState.TO_DO]
    worklist.open_case(1)
    assert "read in their order" in worklist.panel.words.text()
    worklist.panel.next_button.click()
    again = opened(worklist, qtbot, 2)
    assert again.state.deposit_ids() == ("D001",)
    assert again.undo_step == "add D001"
    for number in (2, 3):
        opened(worklist, qtbot, number)
        done(viewer, qtbot)
    qtbot.waitUntil(lambda: worklist.panel.words.text() == "Done: 3 cases, all of the session.", timeout=WAIT_MS)
    assert not worklist.review.is_open


def test_outlines_of_others_are_shown_where_asked_for(worklist: WorklistWidget, viewer: napari.Viewer, qtbot: QtBot, cohort: Path) -> None:
    """White, on the film on which they were drawn, without what they rejected, and no part of the reader's own outlines."""
    with Workspace.open(cohort) as workspace:
        for recorded in workspace.assessments():
            ReviewSession.open(workspace, "ben", recorded.assessment_id).reject("D001", 0)
    begin(worklist, qtbot, others=True)
    marks = [layer for layer in viewer.layers if layer.name.startswith("other readers")]
    assert len(marks) == 4
    current = worklist.desk.current
    for layer, position in zip(marks, current.case.order, strict=True):
        kept = [d.deposit.label for d in current.recorded.images[position].deposits if d.deposit_id != "D001"]
        np.testing.assert_array_equal(layer.data > 0, np.isin(current.recorded.images[position].segmentation.labels, kept))
    assert not any(layer.data.any() for layer in viewer.layers if layer.name.startswith("deposits"))
    assert viewer.canvas.grid.actual_shape(viewer.layers) == (1, 2)
