"""The widget *Serial review*: connects the viewer, the panel and the review. What is computed is computed elsewhere."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QSizePolicy, QVBoxLayout, QWidget

from calcitrack.assess import AssessOptions
from calcitrack.batch import Stopped
from calcitrack.errors import CalcitrackError
from calcitrack.io.workspace import Workspace
from calcitrack.io.workspace.moves import last_moves
from calcitrack.measure.live import LiveFilm
from calcitrack.model.display import counted
from calcitrack.model.moved import Moves
from calcitrack.review import edit_outlines as outlines
from calcitrack.review.patient_course import course_of
from calcitrack.review.publish import Publication, export, prepared, record
from calcitrack.review.remeasure import measure_into
from calcitrack.review.session import Done, ReviewSession
from calcitrack.segment.region import ClickFilm
from calcitrack_napari.jobs import Jobs
from calcitrack_napari.napari_io.layers import METADATA, opened_paths
from calcitrack_napari.serial_review import keys, outlining
from calcitrack_napari.serial_review.commands import DO
from calcitrack_napari.serial_review.context import Entries
from calcitrack_napari.serial_review.panel import Panel
from calcitrack_napari.serial_review.presenter import Presenter
from calcitrack_napari.serial_review.scene import Scene
from calcitrack_napari.serial_review.views import View
from calcitrack_napari.serial_review.wiring import wire


class ReviewWidget(QWidget):
    """Serial review of one timeline after the other.

    Parameters
    ----------
    napari_viewer
        The viewer, which napari passes by this name.

    Attributes
    ----------
    panel
        Buttons, boxes, list and plot.
    presenter
        Shows the review.
    jobs
        Runs what takes long.
    """

    measured = Signal(int, int, str)

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Preferred, QSizePolicy.Expanding)
        self.viewer, self.panel, self.jobs = napari_viewer, Panel(), Jobs()
        self.presenter = Presenter(self.panel, leave_deposit=lambda: self.run("comment"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        self.workspace: Workspace | None = None
        self.folder: Path | None = None
        self.closed = False
        self.done_and_next: Callable[[], None] | None = None
        self.outlining = False
        self.measured.connect(self._show_progress)
        self.panel.reader.setText(_account_name())
        wire(self.panel, self)
        keys.register(self)
        self.say("Open a workspace, or measure the films that are open in the viewer.")

    # What is under review, and what is shown of it

    @property
    def session(self) -> ReviewSession | None:
        """The review; ``None`` while none is open."""
        return self.presenter.session

    @property
    def scene(self) -> Scene | None:
        """Its layers in the viewer; ``None`` while no review is open."""
        return self.presenter.scene

    @property
    def image(self) -> int:
        """Film that the reader looks at, position in ``Assessment.images``."""
        return self.presenter.image

    @property
    def deposit_id(self) -> str:
        """The selected deposit; empty for none."""
        return self.presenter.deposit_id

    @property
    def is_open(self) -> bool:
        """Whether a review is open."""
        return self.session is not None

    @property
    def is_docked(self) -> bool:
        """Whether the widget has a place in a window."""
        try:
            return self.parent() is not None
        except RuntimeError:  # Qt has deleted its half of the widget with the window
            return False

    @property
    def listed(self) -> Sequence[str]:
        """Deposits of the list, in its order."""
        return [row.deposit_id for row in self.panel.model.shown]

    @property
    def entries(self) -> Entries:
        """What stands in the boxes."""
        return self.panel.entries()

    def show_film(self, k: int, view: View | None = None) -> None:
        """Go to a film."""
        self.presenter.show_film(k, view)

    def refresh_list(self) -> None:
        """Show the list as the review has it."""
        self.presenter.refresh_list()

    def select(self, deposit_id: str, *, move: bool = True) -> None:
        """Select a deposit; with ``move`` the camera goes there."""
        self.presenter.select(deposit_id, move=move)

    def say(self, words: str, *, wrong: bool = False) -> None:
        """Show one line of words below the list."""
        self.presenter.say(words, wrong=wrong)

    def show_keys(self) -> None:
        """Show or hide the list of keys."""
        self.presenter.show_keys()

    @contextmanager
    def _errors_shown(self) -> Iterator[None]:
        """Show an error of calcitrack in the panel, and go on with the review."""
        try:
            yield
        except CalcitrackError as error:
            self.say(str(error), wrong=True)
            if self.scene is not None:
                self.scene.redraw()

    # Opening and closing

    def ask_workspace(self) -> None:
        """Ask for the folder of a workspace, and open it."""
        folder = QFileDialog.getExistingDirectory(self, "Workspace")
        if folder:
            self.open_workspace(folder)

    def open_workspace(self, folder: str | Path, assessment_id: str | None = None) -> None:
        """Review an assessment of a workspace, the first one where none is named; errors are shown in the panel."""
        with self._errors_shown():
            opened = Workspace.open(folder)
            try:
                session = ReviewSession.open(opened, self.panel.reader.text(), assessment_id)
            except CalcitrackError:
                opened.close()
                raise
            self.close_review()
            self.workspace, self.folder = opened, Path(folder)
            self._fill_timelines(session.assessment.assessment_id)
            self._begin(session)

    def open_case(self, workspace: Workspace, session: ReviewSession, name: str) -> None:
        """Review a case of a worklist, whose workspace stays open when the review ends."""
        self.close_review()
        self.workspace = workspace
        self.panel.timelines.clear()
        self.panel.timelines.addItem(name, session.assessment.assessment_id)
        self._begin(session)

    def change_timeline(self, assessment_id: str) -> None:
        """Review another timeline of the workspace."""
        if self.session is not None and assessment_id != self.session.assessment.assessment_id:
            self._reopen(assessment_id)

    def change_reader(self) -> None:
        """Review the same timeline as the reader whose name was typed."""
        if self.session is not None and self.panel.reader.text().strip() != self.session.reader:
            self._reopen(self.session.assessment.assessment_id)

    def _reopen(self, assessment_id: str) -> None:
        if self.workspace is None:
            return
        with self._errors_shown():
            session = ReviewSession.open(self.workspace, self.panel.reader.text(), assessment_id)
            if self.scene is not None:
                self.scene.close()
            self._begin(session)

    def _begin(self, session: ReviewSession) -> None:
        self.outlining = False
        self.presenter.begin(session, Scene(self.viewer, session, self.painted))
        self.viewer.canvas.overlays.scale_bar.visible = True
        self.say(
            f"{counted(session.steps, 'step')} of {session.reader} {'is' if session.steps == 1 else 'are'} on record."
            if session.steps
            else "Every step is kept as soon as it is taken. Press H for the keys."
        )
        if self.workspace is not None and self.folder is not None:  # a case of a worklist is read without its course
            with self._errors_shown():
                self.presenter.course = course_of(self.workspace, session.assessment)
        self._prepare_films(session)
        self._look_up_moves(session)

    def _prepare_films(self, session: ReviewSession) -> None:
        """Make films ready in the background, from the one in view outwards, so that the first edit of a film need not wait."""
        order = sorted(range(len(session.state.images)), key=lambda k: abs(k - self.image))

        def prepare() -> Iterator[tuple[int, LiveFilm]]:
            for k in order:
                if not session.state.is_ready(k):
                    yield k, session.state.prepared(k)

        def adopt(film: tuple[int, LiveFilm]) -> None:
            if self.session is session and not session.state.is_ready(film[0]):
                session.state.adopt(*film)

        self.jobs.start_each(prepare, adopt)

    def prepare_clicks(self) -> None:
        """Let the network see the film in view in the background, so that the first click need not wait."""
        session, k = self.session, self.image
        if session is None or session.state.is_clickable(k):
            return

        def prepare() -> Iterator[ClickFilm]:
            yield session.state.clickable(k)

        def adopt(film: ClickFilm) -> None:
            if self.session is session:
                session.state.adopt_clickable(k, film)

        self.jobs.start_each(prepare, adopt)

    def _fill_timelines(self, chosen: str) -> None:
        box = self.panel.timelines
        box.blockSignals(True)
        box.clear()
        for recorded in self.workspace.assessments() if self.workspace else ():
            box.addItem(str(recorded.key), recorded.assessment_id)
        box.setCurrentIndex(box.findData(chosen))
        box.blockSignals(False)

    def close_review(self) -> None:
        """End the review; every step is on record."""
        self.jobs.abandon()
        self.presenter.end()
        if self.workspace is not None and self.folder is not None:
            self.workspace.close()
        self.workspace = self.folder = None

    def closeEvent(self, event: Any) -> None:  # noqa: N802 Qt's name
        """The viewer closes the widget."""
        self.closed = True
        self.jobs.stop()
        self.close_review()
        super().closeEvent(event)

    # Commands

    def run(self, name: str) -> None:
        """Run a command of `calcitrack_napari.serial_review.commands`; errors are shown in the panel."""
        if self.session is not None and self.scene is not None:
            with self._errors_shown():
                DO[name](self, self.session, self.scene)

    def took(self, done: Done) -> None:
        """Show a step that the review took."""
        self.presenter.show_step(done)

    def painted(self, k: int, window: Any, numbers: Any, deposit_id: str) -> None:
        """Make a stroke of the brush a step of the review."""
        if self.session is None or self.scene is None:
            return
        with self._errors_shown():
            self.took(outlines.paint(self.session, k, window, numbers, deposit_id))
        self.scene.redraw()

    def pointed(self) -> tuple[int, tuple[int, int]]:
        """Film and (row, column) under the pointer."""
        if self.scene is None:
            return self.image, (0, 0)
        cursor = self.viewer.cursor
        return self.scene.under(tuple(cursor.position), getattr(cursor, "viewbox", None))

    def point(self) -> None:
        """Show on the other visits where the pointer is."""
        if self.scene is not None:
            self.scene.point(*self.pointed())

    def click(self, event: Any) -> Iterator[None]:
        """Outline what is clicked while the tool is in hand; else select the deposit under a click. A drag moves the film, and a brush paints."""
        if self.scene is None or self.session is None or str(self.scene.outlines[self.image].mode) != "pan_zoom":
            return
        with self._errors_shown():
            if self.outlining:
                yield from outlining.clicked(self, self.session, self.scene, event)
            else:
                yield from self._selected(event)

    def _selected(self, event: Any) -> Iterator[None]:
        dragged = False
        yield
        while event.type == "mouse_move":
            dragged = True
            yield
        if not dragged and self.session is not None:
            k, place = self.pointed()
            found = self.session.state.at(k, *place) or self.session.state.possible_at(k, *place)
            if found:
                self.select(found, move=False)

    # What takes long

    def ask_measure(self) -> None:
        """Ask for a folder, and measure the films that are open in the viewer into it."""
        folder = QFileDialog.getExistingDirectory(self, "Folder for the workspace: a new one, or one to add to")
        if folder:
            self.measure(folder)

    def measure(self, folder: str | Path, options: AssessOptions | None = None) -> None:
        """Measure the films that are open in the viewer into a workspace, in the background, and review them."""
        paths = opened_paths(self.viewer.layers)
        self._measuring(under_way=True)
        self.say(f"Measuring {counted(len(paths), 'film')}. You can go on looking at them.")
        self.jobs.start(
            lambda stopped: measure_into(Path(folder), paths, self.measured.emit, stopped, options),
            done=lambda assessment_ids: self._review_measured(folder, assessment_ids),
            failed=lambda error: self.say(str(error), wrong=True),
            stopped=lambda: self.say("Stopped. What was finished before is in the workspace."),
            ended=lambda: self._measuring(under_way=False),
        )

    def stop_work(self) -> None:
        """End what is measured in the background."""
        self.jobs.stop()

    def _review_measured(self, folder: str | Path, assessment_ids: Sequence[str]) -> None:
        if not assessment_ids:
            self.say("No timeline could be measured; `calcitrack workspace history` tells why.", wrong=True)
            return
        for layer in [layer for layer in self.viewer.layers if METADATA in layer.metadata]:
            self.viewer.layers.remove(layer)
        self.open_workspace(folder, assessment_ids[0])

    def _measuring(self, *, under_way: bool) -> None:
        self.panel.progress.setVisible(under_way)
        self.panel.stop_button.setVisible(under_way)
        self.panel.measure_button.setEnabled(not under_way)

    def _show_progress(self, done: int, total: int, words: str) -> None:
        self.panel.progress.setMaximum(total)
        self.panel.progress.setValue(done)
        self.panel.progress.setFormat(words)

    def publish(self) -> None:
        """Make the review what counts: as it is now, measured in the background on all films together, then recorded."""
        session, workspace = self.session, self.workspace
        if session is None or workspace is None:
            return
        with self._errors_shown():
            measured = prepared(session)
            self.panel.publish_button.setEnabled(False)
            self.say("Measuring all films together with your outlines, then publishing. You can go on.")
            self.jobs.start(
                lambda _stopped: measured(),
                done=lambda publication: self._record(workspace, session, publication),
                failed=lambda error: self.say(f"Nothing was published: {error}", wrong=True),
                ended=lambda: self.panel.publish_button.setEnabled(True),
            )

    def _record(self, workspace: Workspace, session: ReviewSession, publication: Publication) -> None:
        """Record what was measured, unless another workspace was opened meanwhile."""
        if self.workspace is not workspace:
            self.say("Nothing was published, since that workspace was closed; your steps are on record: open it and publish again.", wrong=True)
            return
        with self._errors_shown():
            published = record(workspace, publication)
            films = f"outlines of {counted(len(published.versions), 'film')}" if published.versions else "no outline was changed"
            self.say(f"Published: {films}; what you said is on record as reviews.")
            if self.session is session:
                self.presenter.show_moves(published.moves)

    def _look_up_moves(self, session: ReviewSession) -> None:
        """Show what moved when the timeline got its present version: looked up in the background, in a connection of its own."""
        folder, name = self.folder, session.assessment.assessment_id
        if folder is None:
            return

        def look(_stopped: Stopped) -> Moves | None:
            with Workspace.open(folder, reading=True) as opened:
                return last_moves(opened, name)

        self.jobs.start(
            look,
            done=lambda moves: self.presenter.show_moves(moves) if moves is not None and self.session is session else None,
            failed=lambda error: self.say(str(error), wrong=True),
        )

    def ask_export(self) -> None:
        """Ask for a folder, and export results into it."""
        folder = QFileDialog.getExistingDirectory(self, "Folder for the results: a new or empty one")
        if folder:
            self.export(folder)

    def export(self, folder: str | Path) -> None:
        """Write the reviewed assessment as a results folder, in the background."""
        if self.session is None:
            return
        with self._errors_shown():
            drawn = self.session.drawn()
            self.say("Measuring all films together, and writing tables, pictures and segmentations…")
            self.jobs.start(
                lambda _stopped: export(drawn.measured(), folder),
                done=lambda written: self.say(f"Tables, pictures and segmentations are in {written}"),
                failed=lambda error: self.say(f"Nothing was exported: {error}", wrong=True),
            )


def _account_name() -> str:
    """Name of the account; empty where the system states none, so that the reader writes their own."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
