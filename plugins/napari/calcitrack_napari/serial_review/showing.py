"""What the widget *Serial review* shows: films, list, plot, words; taken from the review, and nothing is worked out here."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from calcitrack.errors import CalcitrackError
from calcitrack.figures.palette import FATE_MARKS
from calcitrack.io.workspace import Workspace
from calcitrack.model.course import PatientCourse
from calcitrack.review.deposit_list import Row, Verdict, arranged
from calcitrack.review.session import ReviewSession
from calcitrack_napari.serial_review import keys
from calcitrack_napari.serial_review.growing import Growing
from calcitrack_napari.serial_review.panel import NO_FATE, NO_PATTERN, Panel
from calcitrack_napari.serial_review.scene import Scene
from calcitrack_napari.serial_review.views import View

PLOT_WAIT_MS = 250
"""The plot follows when the reader pauses, so that no key waits for it."""


class Showing(QWidget):
    """The panel beside the viewer, and the review that both show.

    Parameters
    ----------
    napari_viewer
        The viewer, which napari hands over.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Preferred, QSizePolicy.Expanding)
        self.viewer, self.panel = napari_viewer, Panel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        self.workspace: Workspace | None = None
        self.session: ReviewSession | None = None
        self.scene: Scene | None = None
        self.folder: Path | None = None
        self.closed = False
        self.done_and_next: Callable[[], None] | None = None
        self.growing: Growing | None = None
        self.course: PatientCourse | None = None
        self.image, self.deposit_id = 0, ""
        self._plot_timer = QTimer(self, singleShot=True, interval=PLOT_WAIT_MS)
        self._plot_timer.timeout.connect(self._draw_plot)

    def run(self, name: str) -> None:
        """Carry out a command."""
        raise NotImplementedError

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
            self.panel.plot.show_burden(session.preview(), self.deposit_id, session.images[self.image].time_point, self.course)
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

    def show_keys(self) -> None:
        """Show or hide the list of keys."""
        lines = "".join(f"<tr><td><b>{html.escape(key)}</b>&nbsp;&nbsp;</td><td>{html.escape(words)}</td></tr>" for key, words in keys.shortcuts())
        self.panel.help_words.setText(f"<table>{lines}</table>Change them in <i>File, Preferences, Shortcuts</i>.")
        self.panel.help_words.setVisible(not self.panel.help_words.isVisible())
        self.panel.plot.setVisible(self.panel.plot_wanted and not self.panel.help_words.isVisible())

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What goes wrong is said in the panel, with what to do; the review goes on."""
        try:
            yield
        except CalcitrackError as error:
            self.say(str(error), wrong=True)
            if self.scene is not None:
                self.scene.redraw()
