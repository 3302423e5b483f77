"""The widget *Calibrate film*: what a reader states about the film that is reviewed is kept at once, and measured in the background."""

from __future__ import annotations

import threading
from typing import Any

from napari.qt.threading import thread_worker
from qtpy.QtCore import QTimer, Signal

from calcitrack.batch import StoppedError
from calcitrack.errors import CalcitrackError
from calcitrack.model.corrections import FilmCorrection
from calcitrack.review import film_corrections as calibration
from calcitrack.review.film_corrections import Tool
from calcitrack.review.remeasure import measure_again
from calcitrack_napari.calibrate.shown import CalibratedFilm
from calcitrack_napari.serial_review.views import View

WAIT_MS = 1500
"""Measuring begins when nothing more was stated for so long, so that several statements are measured together."""


class CalibrateWidget(CalibratedFilm):
    """What a reader states about one film: the one that *Serial review* shows.

    Parameters
    ----------
    napari_viewer
        The viewer, which napari hands over.
    """

    progressed = Signal(int, int, str)

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self._stop, self._worker, self._again = threading.Event(), None, False  # type: ignore[var-annotated]
        self._timer = QTimer(self, singleShot=True, interval=WAIT_MS)
        self._timer.timeout.connect(self.measure)
        self._wire()
        self.refresh()

    @property
    def busy(self) -> bool:
        """Whether something is being measured."""
        return self._worker is not None

    # What a reader does

    def begin(self, tool: Tool) -> None:
        """Let the reader draw with a tool on the film, which is shown alone for that; a second time, stop it."""
        review = self.review
        if review is None or review.scene is None or self.drawings.tool is tool:
            self.drawings.stop()
            self.refresh()
            return
        review.show_film(review.image, View.ONE)
        self.refresh()
        self.drawings.begin(tool)
        self._check(tool)
        self.say(calibration.HINTS[tool])

    def drew(self, tool: Tool, points: Any) -> None:
        """The reader has drawn something."""
        self._check(None)
        with self._told():
            self.state(*calibration.drawn(self.correction, tool, points, self.panel.length_mm.value()))
        self.refresh()

    def state(self, correction: FilmCorrection, step: str) -> None:
        """Keep what is stated of the film from now on, and measure it soon; the same as before changes nothing."""
        review, image = self.review, self.image
        if review is None or image is None or review.workspace is None or review.session is None or correction == self.correction:
            return
        name = image.exposure.image_id
        if correction.length is not None:
            correction.length.spacing(image.spacing)  # what cannot be is said at once
        known = review.workspace.correction_steps(name)
        review.workspace.correct(name, correction, step, reader=review.session.reader, after=known[-1].position if known else 0)
        self._kept(f"Kept: {step}.")

    def again(self, kind: str) -> None:
        """``undo`` or ``redo`` a step on this film."""
        review, image = self.review, self.image
        if review is None or image is None or review.workspace is None or review.session is None:
            return
        with self._told():
            step = review.workspace.correct_again(image.exposure.image_id, kind, reader=review.session.reader)
            if step is None:
                self.say(f"Nothing to {kind} on this film.")
            else:
                self._kept(f"Kept: {step.step}.")

    def _kept(self, words: str) -> None:
        self.refresh()
        self.say(words)
        self._timer.start()

    # Measuring

    def measure(self) -> None:
        """Measure in the background what was stated and is not measured yet; what is under way begins anew."""
        review, image = self.review, self.image
        self._timer.stop()
        if self._worker is not None:
            self._again = True
            self._stop.set()
            return
        if review is None or image is None or review.session is None or review.folder is None:
            return
        self._stop.clear()
        folder, assessment_id, name = review.folder, review.session.assessment.assessment_id, image.exposure.image_id

        @thread_worker
        def work() -> tuple[str, str]:
            try:
                return measure_again(folder, assessment_id, name, self.progressed.emit, self._stop.is_set), ""
            except StoppedError:
                return "", "Stopped. What you stated is kept; measure again when you like."
            except CalcitrackError as error:
                return "", f"⚠ {error}"

        self._busy(busy=True)
        self._worker = work()
        self._worker.returned.connect(lambda made: self._measured(name, *made))
        self._worker.finished.connect(self._ended)
        self._worker.start()

    def _measured(self, name: str, assessment_id: str, words: str) -> None:
        review = self.review
        if self._again or review is None or review.folder is None:
            return
        if not assessment_id:
            self.say(words)
            return
        view = review.scene.view if review.scene is not None else View.ONE
        review.open_workspace(review.folder, assessment_id)
        if review.session is not None:
            k = next(k for k, i in enumerate(review.session.state.images) if i.exposure.image_id == name)
            review.show_film(k, view)
        self.refresh()
        if self.image is not None:
            self.say(calibration.outcome(self.image))

    def _ended(self) -> None:
        self._worker = None
        self._busy(busy=False)
        if self._again:
            self._again = False
            self.measure()

    def _busy(self, *, busy: bool) -> None:
        self.panel.progress.setVisible(busy)
        self.panel.stop.setVisible(busy)
        self.panel.measure.setEnabled(not busy)

    def _progress(self, done: int, total: int, words: str) -> None:
        self.panel.progress.setMaximum(total)
        self.panel.progress.setValue(done)
        self.panel.progress.setFormat(words)

    # Wiring

    def _wire(self) -> None:
        panel = self.panel
        for tool in Tool:
            panel.draw[tool].clicked.connect(lambda _=False, tool=tool: self.begin(tool))
            panel.clear[tool].clicked.connect(lambda _=False, tool=tool: self._edited(calibration.cleared, tool))
        panel.side.activated.connect(lambda n: self._edited(calibration.with_side, "" if n == 0 else panel.side.itemText(n)))
        panel.view.editingFinished.connect(lambda: self._edited(calibration.with_view, panel.view.text()))
        panel.date.editingFinished.connect(lambda: self._edited(calibration.with_date, panel.date.text()))
        panel.undo.clicked.connect(lambda: self.again("undo"))
        panel.redo.clicked.connect(lambda: self.again("redo"))
        panel.measure.clicked.connect(self.measure)
        panel.stop.clicked.connect(self._stop.set)
        self.progressed.connect(self._progress)
        self.viewer.layers.selection.events.active.connect(self.refresh)

    def _edited(self, change: Any, value: Any) -> None:
        with self._told():
            self.state(*change(self.correction, value))

    def showEvent(self, event: Any) -> None:  # noqa: N802 Qt's name
        """What is drawn on the film is shown while the widget is."""
        super().showEvent(event)
        self.refresh()

    def hideEvent(self, event: Any) -> None:  # noqa: N802 Qt's name
        """And no longer."""
        self.drawings.close()
        super().hideEvent(event)

    def closeEvent(self, event: Any) -> None:  # noqa: N802 Qt's name
        """The viewer closes the widget."""
        self._timer.stop()
        self._stop.set()
        self.drawings.close()
        super().closeEvent(event)
