"""The widget *Serial review*: wires the viewer, the panel and the review. What is computed is computed elsewhere."""

from __future__ import annotations

import getpass
import html
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from napari.qt.threading import thread_worker
from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QFileDialog, QSizePolicy, QVBoxLayout, QWidget

from calcitrack import AssessOptions
from calcitrack.errors import CalcitrackError
from calcitrack.figures.palette import FATE_MARKS
from calcitrack.io.workspace import Workspace
from calcitrack.measure.live import LiveFilm
from calcitrack_napari import keys, outlines
from calcitrack_napari.commands import DO
from calcitrack_napari.layers import METADATA
from calcitrack_napari.measuring import StoppedError, measure_into, opened_paths
from calcitrack_napari.panel import NO_FATE, NO_PATTERN, Panel
from calcitrack_napari.publish import export, publish
from calcitrack_napari.review import Done, ReviewSession
from calcitrack_napari.rows import Row, Verdict, arranged
from calcitrack_napari.scene import Scene, View

PLOT_WAIT_MS = 250
"""The plot follows when the reader pauses, so that no key waits for it."""


class ReviewWidget(QWidget):
    """Serial review of one timeline after the other.

    Parameters
    ----------
    napari_viewer
        The viewer, which napari hands over.
    """

    measured = Signal(int, int, str)

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Preferred, QSizePolicy.Expanding)
        self.viewer, self.panel = napari_viewer, Panel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        self.workspace: Workspace | None = None
        self._lent = self.closed = False
        self.session: ReviewSession | None = None
        self.scene: Scene | None = None
        self.image, self.deposit_id = 0, ""
        self.done_and_next: Callable[[], None] | None = None
        self._stop, self._workers = threading.Event(), []  # type: ignore[var-annotated]
        self._plot_timer = QTimer(self, singleShot=True, interval=PLOT_WAIT_MS)
        self._plot_timer.timeout.connect(self._draw_plot)
        self.panel.reader.setText(_account())
        self._wire()
        self.measured.connect(self._show_progress)
        keys.register(self)
        self.say("Open a workspace, or measure the films that are open in the viewer.")

    # Opening and closing

    @property
    def is_open(self) -> bool:
        """Whether a review is under way."""
        return self.session is not None

    def open_workspace(self, folder: str | Path, assessment_id: str | None = None) -> None:
        """Review an assessment of a workspace; errors are told in the panel."""
        with self._told():
            opened = Workspace.open(folder)
            try:
                session = ReviewSession.open(opened, self.panel.reader.text(), assessment_id)
            except CalcitrackError:
                opened.close()
                raise
            self.close_review()
            self.workspace, self._lent = opened, False
            self._fill_timelines(session.assessment.assessment_id)
            self._begin(session)

    def open_case(self, workspace: Workspace, session: ReviewSession, name: str) -> None:
        """Review a case of a worklist, whose workspace stays open when the review ends."""
        self.close_review()
        self.workspace, self._lent = workspace, True
        self.panel.timelines.clear()
        self.panel.timelines.addItem(name, session.assessment.assessment_id)
        self._begin(session)

    def _begin(self, session: ReviewSession) -> None:
        self.session, self.deposit_id = session, ""
        self.scene = Scene(self.viewer, session, self.painted)
        self.scene.build()
        self.viewer.canvas.overlays.scale_bar.visible = True
        films = self.panel.films
        films.blockSignals(True)
        films.setRange(0, len(session.images) - 1)
        films.blockSignals(False)
        last = session.images[-1].time_point
        self.show_film(next(k for k, i in enumerate(session.images) if i.time_point == last))
        self.scene.reset()
        self.say(
            f"{session.steps} steps of {session.reader} are on record."
            if session.steps
            else "Every step is kept as soon as it is taken. Press H for the keys."
        )
        self._prepare_films(session)

    def close_review(self) -> None:
        """End the review; everything is kept."""
        self._plot_timer.stop()
        for worker in self._workers:
            worker.quit()
        if self.scene is not None:
            self.scene.close()
        if self.workspace is not None and not self._lent:
            self.workspace.close()
        self.workspace = self.session = self.scene = None

    def closeEvent(self, event: Any) -> None:  # noqa: N802 Qt's name
        """The viewer closes the widget."""
        self.closed = True
        self._stop.set()
        self.close_review()
        super().closeEvent(event)

    def _fill_timelines(self, chosen: str) -> None:
        box = self.panel.timelines
        box.blockSignals(True)
        box.clear()
        for recorded in self.workspace.assessments() if self.workspace else ():
            box.addItem(str(recorded.key), recorded.assessment_id)
        box.setCurrentIndex(box.findData(chosen))
        box.blockSignals(False)

    def _prepare_films(self, session: ReviewSession) -> None:
        """In the background, so that the first edit of a film does not wait for it: the film in view first, then its neighbours."""
        order = sorted(range(len(session.images)), key=lambda k: abs(k - self.image))

        @thread_worker
        def prepare() -> Iterator[tuple[int, LiveFilm]]:
            for k in order:
                if not session.is_ready(k):
                    yield k, session.prepared(k)

        def adopt(film: tuple[int, LiveFilm]) -> None:
            if self.session is session and not session.is_ready(film[0]):
                session.adopt(*film)

        self._start(prepare(), yielded=adopt)

    def _start(self, worker: Any, **signals: Callable[..., None]) -> None:
        for name, call in signals.items():
            getattr(worker, name).connect(call)
        worker.finished.connect(lambda: self._workers.remove(worker) if worker in self._workers else None)
        self._workers.append(worker)
        worker.start()

    # What is shown

    def show_film(self, k: int, view: View | None = None) -> None:
        """Go to a film."""
        if self.session is None or self.scene is None:
            return
        self.image = k
        self.scene.show(k, view)
        self.panel.view.setCurrentText(self.scene.view.value)
        self.scene.redraw()
        films = self.panel.films
        films.blockSignals(True)
        films.setValue(k)
        films.blockSignals(False)
        self.refresh_list()
        listed = [r.deposit_id for r in self.panel.model.shown]
        self.select(self.deposit_id if self.deposit_id in listed else (listed[0] if listed else ""), move=False)

    def refresh_list(self) -> None:
        """Show the list as it is now."""
        if self.session is None:
            return
        rows = self.session.rows(self.image)
        self.panel.model.show(arranged(rows, self.panel.order.currentText(), self.panel.only.currentText()))
        left = sum(r.label is not None and r.verdict is Verdict.OPEN for r in rows)
        todo = f"{left} of {sum(r.label is not None for r in rows)} to do" if left else "all done"
        self.panel.where.setText(f"{self.session.where(self.image)} · {todo}")
        self._plot_timer.start()

    def _draw_plot(self) -> None:
        session = self.session
        if session is not None and all(session.is_ready(k) for k in session.needed()):
            self.panel.plot.show_burden(session.preview(), self.deposit_id, session.images[self.image].time_point)
        elif session is not None:
            self._plot_timer.start()

    def select(self, deposit_id: str, *, move: bool = True) -> None:
        """Choose a deposit: in the list, on the films, in the plot."""
        if self.session is None or self.scene is None:
            return
        if deposit_id != self.deposit_id:
            self.run("comment")  # one that was typed, and not yet ended with Enter
        self.deposit_id = deposit_id
        row = next((n for n, r in enumerate(self.panel.model.shown) if r.deposit_id == deposit_id), None)
        if row is not None:
            self.panel.table.selectRow(row)
        self.scene.select(self.image, deposit_id)
        if move and deposit_id:
            self.scene.centre_on(self.image, deposit_id)
        self._show_said(self.panel.model.shown[row] if row is not None else None)
        self._plot_timer.start()

    def _show_said(self, row: Row | None) -> None:
        """What was said of the deposit, in the boxes; nothing is said by showing it."""
        panel = self.panel
        shown = (
            NO_FATE if row is None or row.fate is None else FATE_MARKS[row.fate.value].words,
            NO_PATTERN if row is None else row.pattern or NO_PATTERN,
        )
        for box, text in zip((panel.fate, panel.pattern), shown, strict=True):
            box.blockSignals(True)
            box.setCurrentText(text)
            box.blockSignals(False)
        panel.comment.setText("" if row is None else row.comment)
        panel.relink.clear()

    def say(self, words: str, *, wrong: bool = False) -> None:
        """One line below the list; errors in a colour that stands out on dark grey, with a sign before them."""
        self.panel.words.setText(f"⚠ {words}" if wrong else words)
        self.panel.words.setStyleSheet("color: #F0A30A;" if wrong else "")

    # Commands

    def run(self, name: str) -> None:
        """Carry out a command of `calcitrack_napari.commands`; what cannot be done is said."""
        if self.session is not None and self.scene is not None:
            with self._told():
                DO[name](self, self.session, self.scene)

    def took(self, done: Done) -> None:
        """Show what a step did, wherever it was."""
        if self.scene is None or self.session is None:
            return
        self.scene.refresh(done)
        if done.image not in self.scene.shown():
            self.show_film(done.image)
        self.refresh_list()
        if done.deposit_id and done.deposit_id != self.deposit_id:
            self.select(done.deposit_id)
        else:
            self.select(self.deposit_id, move=False)
        self.say(done.step)

    def painted(self, k: int, window: Any, numbers: Any, deposit_id: str) -> None:
        """The reader has painted on a film."""
        if self.session is None or self.scene is None:
            return
        with self._told():
            self.took(outlines.paint(self.session, k, window, numbers, deposit_id))
        self.scene.redraw()

    def pointed(self) -> tuple[int, tuple[int, int]]:
        """Film and place under the pointer."""
        if self.scene is None:
            return self.image, (0, 0)
        cursor = self.viewer.cursor
        return self.scene.under(tuple(cursor.position), getattr(cursor, "viewbox", None))

    @property
    def share(self) -> float:
        """Share of the contrast at which an outline lies when a region is grown."""
        return self.panel.edge.value() / 100

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What goes wrong is said in the panel, with what to do; the review goes on."""
        try:
            yield
        except CalcitrackError as error:
            self.say(str(error), wrong=True)
            if self.scene is not None:
                self.scene.redraw()

    # Wiring

    def _wire(self) -> None:
        panel = self.panel
        for name, button in panel.buttons.items():
            button.clicked.connect(lambda _=False, name=name: self.run(name))
        panel.help_button.clicked.connect(lambda: self.run("help") if self.is_open else self.show_keys())
        panel.open_button.clicked.connect(self._ask_workspace)
        panel.measure_button.clicked.connect(self._ask_measure)
        panel.stop_button.clicked.connect(self._stop.set)
        panel.publish_button.clicked.connect(self.publish)
        panel.export_button.clicked.connect(self._ask_export)
        panel.timelines.activated.connect(lambda n: self._change_timeline(panel.timelines.itemData(n)))
        panel.films.valueChanged.connect(self.show_film)
        panel.view.activated.connect(lambda n: self.show_film(self.image, list(View)[n]))
        for box in (panel.order, panel.only):
            box.activated.connect(lambda _: self.refresh_list())
        panel.table.clicked.connect(lambda index: self.select(panel.model.shown[index.row()].deposit_id))
        panel.fate.activated.connect(lambda _: self.run("fate"))
        panel.pattern.activated.connect(lambda _: self.run("pattern"))
        panel.comment.editingFinished.connect(lambda: self.run("comment"))
        for line in (panel.comment, panel.relink, panel.reader):
            line.returnPressed.connect(line.clearFocus)  # keys go to the viewer again
        panel.reader.editingFinished.connect(self._change_reader)
        panel.relink.returnPressed.connect(lambda: self.run("relink"))
        panel.edge.valueChanged.connect(lambda v: panel.edge_words.setText(f"{v} %"))
        panel.edge_words.setText(f"{panel.edge.value()} %")
        self.viewer.mouse_drag_callbacks.append(self._clicked)

    def _clicked(self, _viewer: Any, event: Any) -> Iterator[None]:
        """A click on a deposit selects it; a drag moves the film, and a brush paints."""
        if self.scene is None or self.session is None or str(self.scene.outlines[self.image].mode) != "pan_zoom":
            return
        dragged = False
        yield
        while event.type == "mouse_move":
            dragged = True
            yield
        if not dragged and self.scene is not None and self.session is not None:
            k, place = self.pointed()
            found = self.session.at(k, *place)
            if found:
                self.select(found, move=False)

    def _change_timeline(self, assessment_id: str) -> None:
        if self.workspace is not None and self.session is not None and assessment_id != self.session.assessment.assessment_id:
            with self._told():
                session = ReviewSession.open(self.workspace, self.panel.reader.text(), assessment_id)
                if self.scene is not None:
                    self.scene.close()
                self._begin(session)

    def _change_reader(self) -> None:
        """Another reader sits down: their own review of the same timeline."""
        if self.session is not None and self.workspace is not None and self.panel.reader.text().strip() != self.session.reader:
            with self._told():
                session = ReviewSession.open(self.workspace, self.panel.reader.text(), self.session.assessment.assessment_id)
                if self.scene is not None:
                    self.scene.close()
                self._begin(session)

    def show_keys(self) -> None:
        """Show or hide the list of keys."""
        lines = "".join(f"<tr><td><b>{html.escape(key)}</b>&nbsp;&nbsp;</td><td>{html.escape(words)}</td></tr>" for key, words in keys.shortcuts())
        self.panel.help_words.setText(f"<table>{lines}</table>Change them in <i>File, Preferences, Shortcuts</i>.")
        self.panel.help_words.setVisible(not self.panel.help_words.isVisible())
        self.panel.plot.setVisible(self.panel.plot_wanted and not self.panel.help_words.isVisible())

    # Measuring, publishing, exporting

    def _ask_workspace(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Workspace")
        if folder:
            self.open_workspace(folder)

    def _ask_measure(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for the workspace: a new one, or one to add to")
        if folder:
            self.measure(folder)

    def measure(self, folder: str | Path, options: AssessOptions | None = None) -> None:
        """Measure the films that are open in the viewer into a workspace, in the background, and review them."""
        paths = opened_paths(self.viewer.layers)
        self._stop.clear()
        self.panel.progress.show()
        self.panel.stop_button.show()
        self.panel.measure_button.setEnabled(False)
        self.say(f"Measuring {len(paths)} films. You can go on looking at them.")

        @thread_worker
        def work() -> tuple[str, ...] | str:
            try:
                return measure_into(Path(folder), paths, self.measured.emit, self._stop.is_set, options)
            except StoppedError:
                return "Stopped. What was finished before is in the workspace."
            except CalcitrackError as error:
                return str(error)

        self._start(work(), returned=lambda made: self._review_measured(folder, made), finished=self._measuring_ended)

    def _review_measured(self, folder: str | Path, made: tuple[str, ...] | str) -> None:
        if isinstance(made, str):
            self.say(made, wrong=not made.startswith("Stopped"))
            return
        if not made:
            self.say("No timeline could be measured; `calcitrack workspace history` tells why.", wrong=True)
            return
        for layer in [layer for layer in self.viewer.layers if METADATA in layer.metadata]:
            self.viewer.layers.remove(layer)
        self.open_workspace(folder, made[0])

    def _measuring_ended(self) -> None:
        self.panel.progress.hide()
        self.panel.stop_button.hide()
        self.panel.measure_button.setEnabled(True)

    def _show_progress(self, done: int, total: int, words: str) -> None:
        self.panel.progress.setMaximum(total)
        self.panel.progress.setValue(done)
        self.panel.progress.setFormat(words)

    def publish(self) -> None:
        """Make the review the version that counts."""
        if self.session is not None and self.workspace is not None:
            with self._told():
                versions = publish(self.workspace, self.session)
                films = f"outlines of {len(versions)} films" if versions else "no outline was changed"
                self.say(f"Published: {films}; what you said is on record as reviews.")

    def _ask_export(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for the results: a new or empty one")
        if folder:
            self.export(folder)

    def export(self, folder: str | Path) -> None:
        """Write the reviewed assessment as a results folder, in the background."""
        if self.session is None:
            return
        with self._told():
            revised = self.session.revised()

            @thread_worker
            def work() -> str:
                try:
                    return f"Tables, pictures and segmentations are in {export(revised, folder)}"
                except CalcitrackError as error:
                    return f"Nothing was exported: {error}"

            self.say("Writing tables, pictures and segmentations…")
            self._start(work(), returned=lambda words: self.say(words, wrong=words.startswith("Nothing")))


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
