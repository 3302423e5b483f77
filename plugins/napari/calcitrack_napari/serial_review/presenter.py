"""Shows a review: films, list, plot and words. Everything shown is taken from the review; nothing is computed here."""

from __future__ import annotations

import html
from collections.abc import Callable

from qtpy.QtCore import QTimer

from calcitrack.figures.palette import FATE_MARKS
from calcitrack.model.course import PatientCourse
from calcitrack.model.moved import Moves
from calcitrack.model.possible import possible_number
from calcitrack.reporting.moved_words import moved_deposits, moved_sentence
from calcitrack.review.attention import attention
from calcitrack.review.deposit_list import DepositRow
from calcitrack.review.session import Done, ReviewSession
from calcitrack_napari.serial_review import keys
from calcitrack_napari.serial_review.list_order import arranged
from calcitrack_napari.serial_review.panel import NO_FATE, NO_PATTERN, WARNING_STYLE, Panel
from calcitrack_napari.serial_review.scene import Scene
from calcitrack_napari.serial_review.views import View

PLOT_WAIT_MS = 250
"""The plot is drawn when the reader pauses for this long, so that no key waits for it."""


class Presenter:
    """What the panel and the viewer show of a review, and what the reader looks at.

    Parameters
    ----------
    panel
        The panel beside the films.
    leave_deposit
        Called before another deposit is selected, so that a comment that was typed is kept.
    """

    def __init__(self, panel: Panel, leave_deposit: Callable[[], None]) -> None:
        self._panel, self._leave_deposit = panel, leave_deposit
        self.session: ReviewSession | None = None
        self.scene: Scene | None = None
        self.course: PatientCourse | None = None
        self.moves: Moves | None = None
        self.image, self.deposit_id = 0, ""
        self.plot_timer = QTimer(panel, singleShot=True, interval=PLOT_WAIT_MS)
        self.plot_timer.timeout.connect(self.draw_plot)

    def begin(self, session: ReviewSession, scene: Scene) -> None:
        """Build the layers of a review, and show the first film of its last visit."""
        self.session, self.scene, self.course, self.moves, self.deposit_id = session, scene, None, None, ""
        self._panel.show_moves("")
        scene.build()
        films = self._panel.films
        films.blockSignals(True)
        films.setRange(0, len(session.state.images) - 1)
        films.blockSignals(False)
        last = session.state.images[-1].time_point
        self.show_film(next(k for k, i in enumerate(session.state.images) if i.time_point == last))
        scene.reset()

    def end(self) -> None:
        """Show no review."""
        self.plot_timer.stop()
        if self.scene is not None:
            self.scene.close()
        self.session = self.scene = None

    def show_film(self, k: int, view: View | None = None) -> None:
        """Go to a film."""
        if self.session is None or self.scene is None:
            return
        self.image = k
        self.scene.show(k, view)
        self._panel.view.setCurrentText(self.scene.view.value)
        self.scene.redraw()
        films = self._panel.films
        films.blockSignals(True)
        films.setValue(k)
        films.blockSignals(False)
        self._show_attention()
        self.refresh_list()
        listed = [r.deposit_id for r in self._panel.model.shown]
        self.select(self.deposit_id if self.deposit_id in listed else (listed[0] if listed else ""), move=False)

    def _show_attention(self) -> None:
        """Show what needs the reader's attention on this film, or nothing."""
        needed = () if self.session is None else attention(self.session.state.assessment, self.image)
        self._panel.attention.setText("\n".join(("⚠ Needs your attention", *needed)))
        self._panel.attention.setVisible(bool(needed))

    def show_step(self, done: Done) -> None:
        """Show what a step changed, on whichever film it was."""
        if self.scene is None:
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

    def refresh_list(self) -> None:
        """Show the deposit list as the review has it."""
        if self.session is None:
            return
        rows = self.session.state.rows(self.image)
        moved = {} if self.moves is None else moved_deposits(self.moves, self.session.state.images[self.image].time_point)
        self._panel.model.show(arranged(rows, self._panel.order.currentText(), self._panel.only.currentText()), moved)
        left = sum(r.to_do for r in rows)
        todo = f"{left} of {sum(r.possible or r.label is not None for r in rows)} to do" if left else "all done"
        self._panel.where.setText(f"{self.session.state.names.where(self.image)} · {todo}")
        self.plot_timer.start()

    def show_moves(self, moves: Moves) -> None:
        """Show what moved against the version that counted before: of the totals in a line, of each deposit in the list."""
        self.moves = moves
        said = moved_sentence(moves)
        self._panel.show_moves(f"{said}." if said else "")
        self.refresh_list()

    def draw_plot(self) -> None:
        """Draw the burden, or wait until every film that was changed is ready."""
        session = self.session
        if session is not None and all(session.state.is_ready(k) for k in session.revision.needed()):
            chosen = "" if possible_number(self.deposit_id) is not None else self.deposit_id
            self._panel.plot.show_burden(session.revision.preview(), chosen, session.state.images[self.image].time_point, self.course)
        elif session is not None:
            self.plot_timer.start()

    def select(self, deposit_id: str, *, move: bool = True) -> None:
        """Select a deposit in the list, on the films and in the plot; with ``move`` the camera goes there."""
        if self.session is None or self.scene is None:
            return
        row = next((n for n, r in enumerate(self._panel.model.shown) if r.deposit_id == deposit_id), None)
        if row is None and possible_number(deposit_id) is not None:  # decided, or of another film
            deposit_id = ""
        if deposit_id != self.deposit_id:
            self._leave_deposit()
        self.deposit_id = deposit_id
        if row is not None:
            self._panel.table.selectRow(row)
        self.scene.select(self.image, deposit_id)
        if move and deposit_id:
            self.scene.centre_on(self.image, deposit_id)
        self._fill_boxes(self._panel.model.shown[row] if row is not None else None)
        self.plot_timer.start()

    def _fill_boxes(self, row: DepositRow | None) -> None:
        """Show in the boxes what the reader stated of a deposit; filling them states nothing."""
        panel = self._panel
        fate = NO_FATE if row is None or row.fate is None else FATE_MARKS[row.fate.value].words
        pattern = NO_PATTERN if row is None else row.pattern or NO_PATTERN
        for box, text in ((panel.fate, fate), (panel.pattern, pattern)):
            box.blockSignals(True)
            box.setCurrentText(text)
            box.blockSignals(False)
        panel.comment.setText("" if row is None else row.comment)
        panel.relink.clear()

    def say(self, words: str, *, wrong: bool = False) -> None:
        """Show one line below the list; what is wrong has a sign and a colour that stands out on dark grey."""
        self._panel.words.setText(f"⚠ {words}" if wrong else words)
        self._panel.words.setStyleSheet(WARNING_STYLE if wrong else "")

    def show_keys(self) -> None:
        """Show or hide the list of keys."""
        panel = self._panel
        lines = "".join(f"<tr><td><b>{html.escape(key)}</b>&nbsp;&nbsp;</td><td>{html.escape(words)}</td></tr>" for key, words in keys.shortcuts())
        panel.help_words.setText(f"<table>{lines}</table>Change them in <i>File, Preferences, Shortcuts</i>.")
        panel.help_words.setVisible(not panel.help_words.isVisible())
        panel.plot.setVisible(panel.plot_wanted and not panel.help_words.isVisible())
