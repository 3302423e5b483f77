"""The widget *Calibrate film*: what a reader states about the film under review is kept at once, and measured in the background."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from calcitrack.errors import CalcitrackError
from calcitrack.model.corrections import FilmCorrection
from calcitrack.model.review_steps import HistoryMove
from calcitrack.review import film_corrections
from calcitrack.review.film_corrections import Tool
from calcitrack.review.remeasure import measure_again
from calcitrack_napari.calibrate.drawings import Drawings
from calcitrack_napari.calibrate.film import ReviewedFilm
from calcitrack_napari.calibrate.panel import AS_IN_FILE, CalibratePanel
from calcitrack_napari.jobs import Jobs
from calcitrack_napari.serial_review.views import View

WAIT_MS = 1500
"""Measuring begins when nothing was stated for this long, so that several statements are measured together."""
NO_FILM = "Open a workspace in Serial review, or measure films there: then a film can be calibrated here. Cases of a worklist are read as they are."


class CalibrateWidget(QWidget):
    """What a reader states about one film: the one that *Serial review* shows.

    Parameters
    ----------
    napari_viewer
        The viewer, which napari passes by this name.

    Attributes
    ----------
    panel
        Buttons and boxes.
    film
        The film under review, and what is stated about it.
    drawings
        What is drawn on the film.
    jobs
        Measures in the background.
    """

    progressed = Signal(int, int, str)

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer, self.panel, self.jobs = napari_viewer, CalibratePanel(), Jobs()
        self.film, self.drawings = ReviewedFilm(napari_viewer), Drawings(napari_viewer, self.drew)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        layout.addStretch(1)
        self._shown: tuple[str, int, bool] | None = None
        self._measure_again = False
        self._timer = QTimer(self, singleShot=True, interval=WAIT_MS)
        self._timer.timeout.connect(self.measure)
        self._wire()
        self.refresh()

    # What is shown

    def refresh(self, _event: Any = None) -> None:
        """Show what is stated about the film under review."""
        panel, review, image = self.panel, self.film.review, self.film.image
        panel.setEnabled(image is not None)
        if review is None or image is None or review.scene is None or review.session is None:
            panel.film.setText(NO_FILM)
            return
        correction = self.film.correction
        panel.film.setText(f"<b>{review.session.state.names.name(review.image)}</b> of {review.session.assessment.key}")
        for tool, words in film_corrections.summary(correction, image).items():
            panel.summary[tool].setText(words)
            panel.clear[tool].setEnabled(film_corrections.cleared(correction, tool)[0] != correction)
        panel.side.blockSignals(True)
        panel.side.setCurrentText(correction.laterality or AS_IN_FILE)
        panel.side.blockSignals(False)
        panel.view.setText(correction.view)
        panel.date.setText("" if correction.date is None else correction.date.isoformat())
        alone = review.scene.view is View.ONE and self.isVisible()
        self.drawings.show(film_corrections.drawings(correction) if alone else (), image, review.scene.to_mm(review.image), review.scene.units)
        to_measure = self.film.to_measure
        shown = (review.session.assessment.assessment_id, review.image, to_measure)
        if shown != self._shown:  # otherwise the words shown last still hold
            self._shown = shown
            self.say("What is stated is not measured yet." if to_measure and not self.busy else "")

    def say(self, words: str, *, wrong: bool = False) -> None:
        """Show one line below everything; what is wrong has a sign and a colour."""
        self.panel.words.setText(f"⚠ {words}" if wrong else words)
        self.panel.words.setStyleSheet("color: #F0A30A;" if wrong else "")

    def _check(self, tool: Tool | None) -> None:
        for name, button in self.panel.draw.items():
            button.setChecked(name is tool)

    @contextmanager
    def _errors_shown(self) -> Iterator[None]:
        """Show an error of calcitrack, and in the boxes again what is stated."""
        try:
            yield
        except CalcitrackError as error:
            self.refresh()
            self.say(str(error), wrong=True)

    # What a reader does

    def begin(self, tool: Tool) -> None:
        """Let the reader draw with a tool on the film, which is shown alone for that; a second time, stop drawing."""
        review = self.film.review
        if review is None or review.scene is None or self.drawings.tool is tool:
            self.drawings.stop()
            self.refresh()
            return
        review.show_film(review.image, View.ONE)
        self.refresh()
        self.drawings.begin(tool)
        self._check(tool)
        self.say(film_corrections.HINTS[tool])

    def drew(self, tool: Tool, points: Any) -> None:
        """Keep what the reader has drawn."""
        self._check(None)
        with self._errors_shown():
            self._state(*film_corrections.drawn(self.film.correction, tool, points, self.panel.length_mm.value()))
        self.refresh()

    def again(self, move: HistoryMove) -> None:
        """Undo or redo a step on this film."""
        if self.film.image is None:
            return
        with self._errors_shown():
            step = self.film.again(move)
            if step is None:
                self.say(f"Nothing to {move} on this film.")
            else:
                self._kept(step.step)

    def _edit(self, change: Callable[[FilmCorrection, Any], tuple[FilmCorrection, str]], value: Any) -> None:
        with self._errors_shown():
            self._state(*change(self.film.correction, value))

    def _state(self, correction: FilmCorrection, step: str) -> None:
        if self.film.state(correction, step):
            self._kept(step)

    def _kept(self, step: str) -> None:
        self.refresh()
        self.say(f"Kept: {step}.")
        self._timer.start()

    # Measuring

    @property
    def busy(self) -> bool:
        """Whether something is being measured."""
        return self.jobs.running > 0

    def measure(self) -> None:
        """Measure in the background what is stated and not measured yet; a measurement under way begins anew."""
        review, name = self.film.review, self.film.name
        self._timer.stop()
        if self.busy:
            self._measure_again = True
            self.jobs.stop()
            return
        if not name or review is None or review.session is None or review.folder is None:
            return
        folder, assessment_id = review.folder, review.session.assessment.assessment_id
        self._show_busy(busy=True)
        self.jobs.start(
            lambda stopped: measure_again(folder, assessment_id, name, self.progressed.emit, stopped),
            done=lambda measured: self._measured(name, measured),
            failed=lambda error: self._not_measured(str(error), wrong=True),
            stopped=lambda: self._not_measured("Stopped. What you stated is kept; measure again when you like."),
            ended=self._ended,
        )

    def _measured(self, name: str, assessment_id: str) -> None:
        """Review the assessment in which the film is now, at that film."""
        review = self.film.review
        if self._measure_again or review is None or review.folder is None:
            return
        view = review.scene.view if review.scene is not None else View.ONE
        review.open_workspace(review.folder, assessment_id)
        if review.session is not None:
            k = next(k for k, i in enumerate(review.session.state.images) if i.exposure.image_id == name)
            review.show_film(k, view)
        self.refresh()
        if (image := self.film.image) is not None:
            outcome = film_corrections.outcome(image)
            self.say(outcome.words, wrong=outcome.wrong)

    def _not_measured(self, words: str, *, wrong: bool = False) -> None:
        review = self.film.review
        if not self._measure_again and review is not None and review.folder is not None:
            self.say(words, wrong=wrong)

    def _ended(self) -> None:
        self._show_busy(busy=False)
        if self._measure_again:
            self._measure_again = False
            self.measure()

    def _show_busy(self, *, busy: bool) -> None:
        self.panel.progress.setVisible(busy)
        self.panel.stop.setVisible(busy)
        self.panel.measure.setEnabled(not busy)

    def _show_progress(self, done: int, total: int, words: str) -> None:
        self.panel.progress.setMaximum(total)
        self.panel.progress.setValue(done)
        self.panel.progress.setFormat(words)

    # Wiring

    def _wire(self) -> None:
        panel = self.panel
        for tool in Tool:
            panel.draw[tool].clicked.connect(lambda _=False, tool=tool: self.begin(tool))
            panel.clear[tool].clicked.connect(lambda _=False, tool=tool: self._edit(film_corrections.cleared, tool))
        panel.side.activated.connect(lambda n: self._edit(film_corrections.with_side, "" if n == 0 else panel.side.itemText(n)))
        panel.view.editingFinished.connect(lambda: self._edit(film_corrections.with_view, panel.view.text()))
        panel.date.editingFinished.connect(lambda: self._edit(film_corrections.with_date, panel.date.text()))
        panel.undo.clicked.connect(lambda: self.again(HistoryMove.UNDO))
        panel.redo.clicked.connect(lambda: self.again(HistoryMove.REDO))
        panel.measure.clicked.connect(self.measure)
        panel.stop.clicked.connect(self.jobs.stop)
        self.progressed.connect(self._show_progress)
        self.viewer.layers.selection.events.active.connect(self.refresh)

    def showEvent(self, event: Any) -> None:  # noqa: N802 Qt's name
        """Show the drawings on the film with the widget."""
        super().showEvent(event)
        self.refresh()

    def hideEvent(self, event: Any) -> None:  # noqa: N802 Qt's name
        """Hide the drawings with the widget."""
        self.drawings.close()
        super().hideEvent(event)

    def closeEvent(self, event: Any) -> None:  # noqa: N802 Qt's name
        """The viewer closes the widget."""
        self._timer.stop()
        self.jobs.stop()
        self.drawings.close()
        super().closeEvent(event)
