"""What the widget *Calibrate film* shows of the film that is reviewed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from qtpy.QtWidgets import QVBoxLayout, QWidget

from calcitrack.errors import CalcitrackError
from calcitrack.model.assessment import ImageAssessment
from calcitrack.model.corrections import NO_CORRECTION, FilmCorrection
from calcitrack.review import film_corrections as calibration
from calcitrack.review.film_corrections import Tool
from calcitrack_napari.calibrate.drawings import Drawings
from calcitrack_napari.calibrate.panel import AS_IN_FILE, CalibratePanel
from calcitrack_napari.serial_review import keys
from calcitrack_napari.serial_review.views import View
from calcitrack_napari.serial_review.widget import ReviewWidget

NO_FILM = "Open a workspace in Serial review, or measure films there: then a film can be calibrated here. Cases of a worklist are read as they are."


class CalibratedFilm(QWidget):
    """The panel, and what is drawn on the film.

    Parameters
    ----------
    napari_viewer
        The viewer, which napari hands over.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer, self.panel = napari_viewer, CalibratePanel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        layout.addStretch(1)
        self.drawings = Drawings(napari_viewer, self.drew)
        self._film: tuple[str, int, bool] | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being measured."""
        return False

    def drew(self, tool: Tool, points: Any) -> None:
        """The reader has drawn something."""
        raise NotImplementedError

    @property
    def review(self) -> ReviewWidget | None:
        """The review that is open beside it; ``None`` where there is none."""
        return keys.open_in(self.viewer)

    @property
    def image(self) -> ImageAssessment | None:
        """The film that is looked at; ``None`` for one of a case of a worklist, which is read as it is."""
        review = self.review
        return None if review is None or review.session is None or review.folder is None else review.session.state.images[review.image]

    @property
    def correction(self) -> FilmCorrection:
        """What is stated of it now."""
        review, image = self.review, self.image
        if review is None or image is None or review.workspace is None:
            return NO_CORRECTION
        return review.workspace.corrections().get(image.exposure.image_id, NO_CORRECTION)

    def refresh(self, _event: Any = None) -> None:
        """Show what is stated of the film that is looked at."""
        panel, review, image = self.panel, self.review, self.image
        panel.setEnabled(image is not None)
        if review is None or image is None or review.scene is None or review.session is None:
            panel.film.setText(NO_FILM)
            return
        stated = self.correction
        panel.film.setText(f"<b>{review.session.state.names.name(review.image)}</b> of {review.session.assessment.key}")
        for tool, words in calibration.told(stated, image).items():
            panel.told[tool].setText(words)
            panel.clear[tool].setEnabled(calibration.cleared(stated, tool)[0] != stated)
        panel.side.blockSignals(True)
        panel.side.setCurrentText(stated.laterality or AS_IN_FILE)
        panel.side.blockSignals(False)
        panel.view.setText(stated.view)
        panel.date.setText("" if stated.date is None else stated.date.isoformat())
        alone = review.scene.view is View.ONE and self.isVisible()
        self.drawings.show(calibration.drawings(stated) if alone else (), image, review.scene.to_mm(review.image), review.scene.units)
        left = calibration.unmeasured(review.workspace, review.session.assessment) if review.workspace is not None else ()
        film = (review.session.assessment.assessment_id, review.image, bool(left))
        if film != self._film:  # else what was said last still holds
            self._film = film
            self.say("What is stated is not measured yet." if left and not self.busy else "")

    def say(self, words: str) -> None:
        """One line below everything."""
        self.panel.words.setText(words)
        self.panel.words.setStyleSheet("color: #F0A30A;" if words.startswith("⚠") else "")

    def _check(self, tool: Tool | None) -> None:
        for name, button in self.panel.draw.items():
            button.setChecked(name is tool)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What goes wrong is said, with what to do, and the boxes show again what holds."""
        try:
            yield
        except CalcitrackError as error:
            self.refresh()
            self.say(f"⚠ {error}")
