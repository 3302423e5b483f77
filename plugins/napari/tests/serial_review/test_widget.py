"""The real viewer, driven by keys and by painting. Needs a display; `make test` gives it one that nobody sees (Xvfb)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
    pytest.skip("no display: run it under xvfb-run, as `make test` does", allow_module_level=True)

import napari
from napari.components.viewer_model import ViewerModel
from napari.layers import Image, Labels
from napari.utils.action_manager import action_manager
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from calcitrack import AssessOptions, assess, read_cohort
from calcitrack.assess.joint_again import with_joint
from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.review.deposit_list import ReaderVerdict
from calcitrack.review.session import ReviewSession
from calcitrack_napari.napari_io.reader import read
from calcitrack_napari.serial_review.film_layers import REJECTED
from calcitrack_napari.serial_review.keys import COMMANDS
from calcitrack_napari.serial_review.table import HEADS
from calcitrack_napari.serial_review.views import View
from calcitrack_napari.serial_review.widget import ReviewWidget

WAIT_MS = 60_000
"""For work in the background on a busy machine."""


def press(qtbot: QtBot, viewer: napari.Viewer, *names: str) -> None:
    """Press the keys of these commands in the viewer, as a reader does."""
    codes = {".": Qt.Key_Period, ",": Qt.Key_Comma}
    bound = {c.name: c.key for c in COMMANDS}
    for name in names:
        *modifiers, key = bound[name].split("-")
        code = codes.get(key) or getattr(Qt, f"Key_{key}")
        qtbot.keyClick(viewer.window._qt_viewer.canvas.native, code, Qt.ShiftModifier if modifiers else Qt.NoModifier)


def test_a_series_is_reviewed_with_one_key_a_deposit(widget: ReviewWidget, viewer: napari.Viewer, qtbot: QtBot, assessment: Assessment) -> None:
    """From the last visit on, each key judges a deposit at all visits and goes on to the next; nothing is left to do."""
    press(qtbot, viewer, "accept", "accept")
    assert widget.session.state.verdict("D002", 0) is ReaderVerdict.ACCEPTED
    assert "All deposits" not in widget.panel.words.text()
    press(qtbot, viewer, "reject")
    assert widget.session.state.verdict("D001", 0) is ReaderVerdict.REJECTED
    assert widget.session.position == len(assessment.tracks) == 3
    assert "All deposits of all visits are reviewed" in widget.panel.words.text()
    assert (widget.scene.outlines[0].data > REJECTED).any()
    press(qtbot, viewer, "undo")
    assert not (widget.scene.outlines[0].data > REJECTED).any()
    assert widget.session.state.remaining(0) == 1


def test_keys_move_between_deposits_and_visits(widget: ReviewWidget, viewer: napari.Viewer, qtbot: QtBot) -> None:
    """List, label, camera and slider go together."""
    assert widget.session.state.images[widget.image].time_point == 3
    press(qtbot, viewer, "previous_visit", "previous_visit")
    assert (widget.image, widget.panel.films.value()) == (0, 0)
    press(qtbot, viewer, "next_deposit")
    first = widget.deposit_id
    centre = viewer.scene.camera.center[-2:]
    assert widget.scene.outlines[0].selected_label == int(first[1:])
    assert np.allclose(centre, widget.scene.place_of(0, first))
    press(qtbot, viewer, "next_deposit")
    assert widget.deposit_id != first
    assert widget.panel.table.currentIndex().row() == [r.deposit_id for r in widget.panel.model.shown].index(widget.deposit_id)
    press(qtbot, viewer, "next_visit")
    assert [k for k, film in enumerate(widget.scene.films) if film.visible] == [0, 1]
    assert viewer.canvas.grid.actual_shape(viewer.layers) == (1, 2)
    widget.show_film(2, View.ALL)
    assert viewer.canvas.grid.actual_shape(viewer.layers) == (1, 3)


def test_painting_is_measured_and_kept(widget: ReviewWidget, viewer: napari.Viewer, qtbot: QtBot, folder: Path) -> None:
    """A stroke of napari's own brush becomes a step; the list follows; undo takes it off the film."""
    widget.select("D003")
    layer = widget.scene.outlines[widget.image]
    before = next(r for r in widget.panel.model.shown if r.deposit_id == "D003").value("area_mm2").value
    place = tuple(int(v) for v in np.argwhere(layer.data == 3)[0])
    layer.brush_size = 11
    layer.paint(place, 3)
    qtbot.waitUntil(lambda: widget.session.undo_step == "paint D003", timeout=WAIT_MS)
    after = next(r for r in widget.panel.model.shown if r.deposit_id == "D003").value("area_mm2").value
    assert after > before
    with Workspace.open(folder, reading=True) as reading:
        assert [e.step for e in reading.journal(widget.session.assessment.assessment_id)] == ["paint D003"]
    press(qtbot, viewer, "undo")
    assert next(r for r in widget.panel.model.shown if r.deposit_id == "D003").value("area_mm2").value == before
    np.testing.assert_array_equal(layer.data > 0, widget.session.state.labels(widget.image) > 0)


def test_what_cannot_be_done_is_said(widget: ReviewWidget, tmp_path: Path) -> None:
    """One line that stands out; the review goes on."""
    widget.run("split")
    assert "no waist" in widget.panel.words.text()
    widget.open_workspace(tmp_path / "nothing")
    assert "found no workspace" in widget.panel.words.text()
    assert widget.is_open


def test_the_plot_and_the_difference_follow(widget: ReviewWidget, qtbot: QtBot) -> None:
    """The plot shows the patient and the selected deposit; the difference is a layer of its own, and goes again."""
    widget.select("D002")
    widget.presenter.draw_plot()
    lines = {line.get_label(): line for line in widget.panel.plot.figure.axes[0].lines if not line.get_label().startswith("_")}
    assert set(lines) == {"all deposits", "D002"}
    before = lines["all deposits"].get_ydata().copy()
    widget.run("reject_here")
    qtbot.waitUntil(lambda: not widget.presenter.plot_timer.isActive(), timeout=WAIT_MS)
    now = next(line for line in widget.panel.plot.figure.axes[0].lines if line.get_label() == "all deposits")
    assert now.get_ydata()[-1] < before[-1]
    widget.run("difference")
    assert widget.viewer.layers[-1].name.startswith("difference, visit 3")
    widget.run("difference")
    assert not any(layer.name.startswith("difference") for layer in widget.viewer.layers)


def test_publishing_measures_all_films_together_in_the_background_and_says_what_moved(
    widget: ReviewWidget, qtbot: QtBot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in the thread of the window; a step that is taken meanwhile is no part of it. What moved stands in a line and in the list, also later."""
    threads: list[bool] = []

    def noted(assessment: Assessment, *settings: object) -> Assessment:
        threads.append(threading.current_thread() is threading.main_thread())
        return with_joint(assessment, *settings)

    monkeypatch.setattr("calcitrack.review.revision.with_joint", noted)
    assert widget.panel.moved.isHidden()
    widget.show_film(0)
    widget.session.reject("D002", 1)
    before = widget.session.assessment.assessment_id
    widget.publish()
    assert not widget.panel.publish_button.isEnabled()
    widget.session.reject("D001", 0)
    qtbot.waitUntil(lambda: widget.panel.publish_button.isEnabled(), timeout=WAIT_MS)
    assert threads == [False]
    (revision,) = widget.workspace.revisions(before)
    kept = widget.workspace.assessment(revision.revised.assessment_id)
    assert [t.deposit_id for t in kept.tracks] == ["D001", "D003"]
    assert "Published: outlines of 4 films" in widget.panel.words.text()
    line = widget.panel.moved.text()
    assert line.startswith(
        "anna changed outlines at visits 1, 2 and 3, and earlier values moved: hydroxyapatite mass on all images together at visit 1: "
    )
    model = widget.panel.model
    moved = {r.deposit_id: model.data(model.index(n, HEADS.index("Moved"))) for n, r in enumerate(model.shown)}
    assert moved["D002"] == "no value now"
    widget.open_workspace(folder)
    assert widget.panel.moved.isHidden()
    qtbot.waitUntil(lambda: not widget.panel.moved.isHidden(), timeout=WAIT_MS)
    assert widget.panel.moved.text() == line


def test_opened_films_are_measured_in_the_background(
    viewer: napari.Viewer, qtbot: QtBot, film_folder: Path, tmp_path: Path, options: AssessOptions
) -> None:
    """The same assessment id as the batch gives; stopped in between, it says so and nothing is open."""
    for values, keywords, _ in read(str(film_folder / "film0.dcm")):
        viewer.add_image(values, **keywords)
    made = ReviewWidget(viewer)
    made.panel.reader.setText("anna")
    made.measure(tmp_path / "stopped", options)
    made.jobs.stop()
    qtbot.waitUntil(lambda: "Stopped" in made.panel.words.text(), timeout=WAIT_MS)
    assert not made.is_open
    qtbot.waitUntil(made.panel.measure_button.isEnabled, timeout=WAIT_MS)
    made.measure(tmp_path / "W", options)
    qtbot.waitUntil(lambda: made.is_open or "⚠" in made.panel.words.text(), timeout=WAIT_MS)
    assert made.is_open, made.panel.words.text()
    assert made.session.revised().assessment_id == assess(read_cohort(film_folder / "film0.dcm").timelines[0], options=options).assessment_id
    qtbot.waitUntil(lambda: not made.jobs.running, timeout=WAIT_MS)
    made.close_review()
    viewer.layers.clear()


def test_keys_do_not_clash_with_those_of_napari(widget: ReviewWidget) -> None:
    """None is bound to the viewer, to images or to labels, whose layers are there during a review; users find them under Shortcuts."""
    assert widget.is_open
    providers = [action_manager._get_provider_actions(provider) for provider in (ViewerModel, Image, Labels)]
    names = {name for actions in providers for name in actions}
    taken = {str(key) for name in names if name.startswith("napari:") for key in action_manager._shortcuts[name]}
    taken |= {str(key) for provider in (ViewerModel, Image, Labels) for key, call in provider.class_keymap.items() if "calcitrack" not in repr(call)}
    ours = {str(key) for command in COMMANDS for key in action_manager._shortcuts[command.action]}
    assert {command.action for command in COMMANDS} <= names
    assert len(ours) == len(COMMANDS)
    assert ours & {str(key) for name in names if name.startswith("napari:") for key in action_manager._shortcuts[name]} == set()
    assert taken


KILLED = """
import os, sys
import napari
from calcitrack_napari.serial_review.widget import ReviewWidget
from qtpy.QtWidgets import QApplication

widget = ReviewWidget(napari.Viewer(show=True))
widget.panel.reader.setText("anna")
widget.open_workspace(sys.argv[1])
for step in (
    lambda: widget.run("reject"),
    lambda: widget.scene.outlines[widget.image].paint((60, 120), 44),
    lambda: widget.run("accept"),
    lambda: widget.run("undo"),
):
    step()
    QApplication.processEvents()
    print(widget.panel.words.text(), file=sys.stderr)
print(widget.session.position, widget.session.steps, flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_killed_viewer_loses_nothing(folder: Path) -> None:
    """SIGKILL right after the last step: every step is there, undo reaches back, and the check is clean."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with Workspace.open(folder) as workspace:
        again = ReviewSession.open(workspace, "anna")
        assert [again.position, again.steps] == [int(word) for word in done.stdout.split()] == [4, 2], done.stderr
        assert again.state.label_of(2, "D044") is not None
        assert again.redo_step.startswith("accept")
        while again.undo() is not None:
            pass
        assert again.state.label_of(2, "D044") is None
        assert workspace.check().clean
