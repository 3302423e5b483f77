"""The widget *Worklist*: connects the desk, the panel and the review. What is computed is computed elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from calcitrack.errors import CalcitrackError
from calcitrack.io.workspace import account
from calcitrack.model.display import counted
from calcitrack.model.reading import PlannedCase, ReadingSession
from calcitrack.review.worklist import Desk, PreparedCase, prepare
from calcitrack_napari.jobs import Jobs
from calcitrack_napari.serial_review import keys
from calcitrack_napari.serial_review.widget import ReviewWidget
from calcitrack_napari.worklist.panel import CaseBar, WorklistPanel


class WorklistWidget(QWidget):
    """A reader's sessions over all cases of a workspace.

    Parameters
    ----------
    napari_viewer
        The viewer, which napari passes by this name.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer, self.panel, self.bar, self.jobs = napari_viewer, WorklistPanel(), CaseBar(), Jobs()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        self.desk: Desk | None = None
        self.review: ReviewWidget | None = None
        self.ahead: PreparedCase | None = None
        self._preparing: PlannedCase | None = None
        self._wanted: PlannedCase | None = None
        self.panel.reader.setText(account())
        self._wire()
        self._refresh()

    def _wire(self) -> None:
        panel = self.panel
        panel.open_button.clicked.connect(self._ask_workspace)
        panel.new_button.clicked.connect(lambda: panel.form.setVisible(not panel.form.isVisible()))
        panel.create_button.clicked.connect(self.start_session)
        panel.sessions.activated.connect(lambda n: self.choose_session(panel.sessions.itemData(n)))
        panel.next_button.clicked.connect(self.start_next)
        panel.skip_button.clicked.connect(self._skip)
        panel.close_button.clicked.connect(self.close_session)
        panel.reader.editingFinished.connect(self._change_reader)
        panel.table.doubleClicked.connect(lambda index: self.open_case(index.row() + 1))
        panel.blinded.toggled.connect(lambda on: panel.suggestion.setChecked(not on))
        panel.suggestion.setChecked(not panel.blinded.isChecked())
        self.bar.done_button.clicked.connect(self.done_and_next)

    # The workspace and its sessions

    def _ask_workspace(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Workspace")
        if folder:
            self.open_workspace(folder)

    def open_workspace(self, folder: str | Path) -> None:
        """Show the reader's sessions in a workspace, and choose the last one that is not finished."""
        with self._errors_shown():
            opened = Desk(folder, self.panel.reader.text())
            self.close_session()
            if self.desk is not None:
                self.desk.close()
            self.desk = opened
            sessions = opened.sessions()
            if sessions:
                self.choose_session(next((s for s in reversed(sessions) if s.next_case), sessions[-1]).number)
            else:
                self.panel.form.show()
                self.say(f"{counted(len(opened.workspace.assessments()), 'timeline')}, and no session of {opened.reader} yet. Start one.")
            self._refresh()

    def _change_reader(self) -> None:
        if self.desk is not None and self.panel.reader.text().strip() != self.desk.reader:
            self.open_workspace(self.desk.folder)

    def start_session(self) -> None:
        """Start a session as the form states."""
        desk, panel = self.desk, self.panel
        if desk is None:
            self.say("Open a workspace first.", wrong=True)
            return
        with self._errors_shown():
            desk.start(
                blinded=panel.blinded.isChecked(),
                show_suggestion=panel.suggestion.isChecked(),
                show_others=panel.others.isChecked(),
                repeated=panel.repeated.value() / 100,
                seed=panel.seed.value(),
            )
            panel.form.hide()
            self._chosen()

    def choose_session(self, number: int) -> None:
        """Go on with one of the reader's sessions."""
        if self.desk is not None:
            with self._errors_shown():
                self.desk.choose(self.desk.workspace.sessions.get(number))
                self.panel.form.hide()
                self._chosen()

    def _chosen(self) -> None:
        self.ahead = self._wanted = None
        self._refresh()
        session = self._session
        if session is not None:
            self.say("All cases are done." if session.next_case is None else f"{session.plan.condition.capitalize()}. Press Start next.")
            self._look_ahead(session.next_case)

    @property
    def _session(self) -> ReadingSession | None:
        return None if self.desk is None else self.desk.session

    # Cases

    def start_next(self) -> None:
        """Open the case in review, else the next one to do."""
        session = self._session
        case = None if session is None else session.next_case
        if case is None:
            self.say("Choose a session, or start a new one." if session is None else "All cases are done.", wrong=session is None)
            return
        self._want(case)

    def open_case(self, number: int) -> None:
        """Open a case of the list; a blinded session allows only the next one."""
        if self.desk is not None:
            with self._errors_shown():
                self._want(self.desk.case(number))

    def _want(self, case: PlannedCase) -> None:
        if self.ahead is not None and self.ahead.case == case:
            self._show(self.ahead)
            return
        self._wanted = case
        self.say(f"Opening {case.name}…")
        self._look_ahead(case)

    def _look_ahead(self, case: PlannedCase | None) -> None:
        """Prepare a case in the background; one at a time."""
        desk = self.desk
        if case is None or desk is None or desk.session is None or self._preparing is not None:
            return
        self._preparing, session, folder = case, desk.session, desk.folder

        def ready(show: Callable[[], None]) -> None:
            self._preparing = None
            if self.desk is desk and self._session is not None and self._session.number == session.number:
                show()
            else:
                self._look_ahead(self._wanted)  # the session was left in the meantime

        self.jobs.start(
            lambda _stopped: prepare(folder, session, case),
            done=lambda prepared: ready(lambda: self._prepared(prepared)),
            failed=lambda error: ready(lambda: self._not_prepared(case, error)),
        )

    def _prepared(self, prepared: PreparedCase) -> None:
        if self._wanted == prepared.case:
            self._show(prepared)
        elif self._wanted is not None:
            self._look_ahead(self._wanted)
        else:
            self.ahead = prepared

    def _not_prepared(self, case: PlannedCase, error: CalcitrackError) -> None:
        if self._wanted == case:
            self._wanted = None
            self.panel.skip_button.show()
            self.say(f"{case.name} cannot be opened: {error}", wrong=True)
        elif self._wanted is not None:
            self._look_ahead(self._wanted)

    def _show(self, prepared: PreparedCase) -> None:
        desk = self.desk
        if desk is None:
            return
        with self._errors_shown():
            self.ahead = self._wanted = None
            review = self._review_widget()
            review.open_case(desk.workspace, desk.open(prepared), desk.called(prepared.case))
            session = desk.session
            if session is not None:
                review.panel.restrict_to_case(blinded=session.plan.blinded)
                self.say(f"{desk.called(prepared.case)} is open. Shift-D when it is done.")
                self._look_ahead(session.after(prepared.case))
            self._refresh()

    def _soon(self) -> None:
        """Wait until the key was handled: napari crashes where layers are removed while Qt delivers a key."""
        QTimer.singleShot(0, self.done_and_next)

    def done_and_next(self) -> None:
        """End the case under review, keep what was found, and open the next one."""
        desk = self.desk
        if desk is None or desk.review is None or self.review is None or self.review.session is not desk.review:
            self.say("No case is open. Press Start next.", wrong=True)
            return
        with self._errors_shown():
            session = desk.finish()
            self.review.close_review()
            if session.next_case is None:
                self.close_session()
                self.say(f"Done: {counted(len(session.plan.cases), 'case')}, all of the session.")
            else:
                self.start_next()
            self._refresh()

    def _skip(self) -> None:
        session = self._session
        if self.desk is not None and session is not None and session.next_case is not None:
            with self._errors_shown():
                self.panel.skip_button.hide()
                self.desk.skip(session.next_case)
                self._refresh()
                self.start_next()

    def close_session(self) -> None:
        """Leave the session; it goes on at the same case."""
        if self.review is not None and self.review.done_and_next == self._soon:
            self.review.close_review()
            self.review.done_and_next = None
            self.review.panel.lift_restrictions()
        self.bar.hide()
        self.ahead = self._wanted = None
        if self.desk is not None:
            self.desk.leave()
        self._refresh()

    def _review_widget(self) -> ReviewWidget:
        """The widget *Serial review* of this viewer, opened where there is none, with the bar of the case above it."""
        docked = keys.docked()
        review = docked if isinstance(docked, ReviewWidget) else self._new_review_widget()
        review.panel.reader.setText(self.panel.reader.text())
        if self.bar.parent() is not review:
            review.layout().insertWidget(0, self.bar)
        review.done_and_next, self.review = self._soon, review
        dock = review.parentWidget()
        if dock is not None:
            dock.show()
            dock.raise_()
        return review

    def _new_review_widget(self) -> ReviewWidget:
        review = ReviewWidget(self.viewer)
        self.viewer.window.add_dock_widget(review, name="Serial review", area="right", tabify=True)
        return review

    # What is shown

    def _refresh(self) -> None:
        panel, desk, session = self.panel, self.desk, self._session
        reviewing = desk is not None and desk.current is not None
        panel.sessions.clear()
        for s in () if desk is None else desk.sessions():
            kind = "blinded" if s.plan.blinded else "open"
            panel.sessions.addItem(f"Session {s.number} · {kind} · {s.done} of {len(s.plan.cases)} done", s.number)
        panel.sessions.setCurrentIndex(-1 if session is None else panel.sessions.findData(session.number))
        panel.model.show(() if desk is None else desk.listed())
        total, done = (0, 0) if session is None else (len(session.plan.cases), session.done)
        panel.show_progress(done, total)
        panel.next_button.setEnabled(session is not None and session.next_case is not None)
        panel.close_button.setEnabled(session is not None)
        for part in (panel.reader, panel.open_button, panel.new_button, panel.create_button, panel.sessions):
            part.setEnabled(not reviewing)
        if desk is not None and desk.current is not None:
            self.bar.show_progress(desk.called(desk.current.case), done, total)
            self.bar.show()
            panel.table.scrollTo(panel.model.index(desk.current.case.number - 1, 0))

    def say(self, words: str, *, wrong: bool = False) -> None:
        """Show one line below the list; what is wrong has a sign and a colour."""
        self.panel.words.setText(f"⚠ {words}" if wrong else words)
        self.panel.words.setStyleSheet("color: #F0A30A;" if wrong else "")

    @contextmanager
    def _errors_shown(self) -> Iterator[None]:
        """Show an error of calcitrack, which says what to do."""
        try:
            yield
        except CalcitrackError as error:
            self.say(str(error), wrong=True)

    def closeEvent(self, event: Any) -> None:  # noqa: N802 Qt's name
        """The viewer closes the widget."""
        self.close_session()
        if self.desk is not None:
            self.desk.close()
            self.desk = None
        super().closeEvent(event)
