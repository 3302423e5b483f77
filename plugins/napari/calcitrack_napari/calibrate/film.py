"""The film that *Serial review* shows, and what readers state about it."""

from __future__ import annotations

from typing import Any

from calcitrack.io.workspace import CorrectionStep
from calcitrack.model.assessment import ImageAssessment
from calcitrack.model.corrections import NO_CORRECTION, FilmCorrection
from calcitrack.model.review_steps import HistoryMove
from calcitrack.review.film_corrections import unmeasured
from calcitrack_napari.serial_review import keys
from calcitrack_napari.serial_review.context import Review


class ReviewedFilm:
    """Follows the review that is open beside a viewer.

    Parameters
    ----------
    viewer
        napari's viewer.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer

    @property
    def review(self) -> Review | None:
        """The review that is open beside the viewer; ``None`` where there is none."""
        return keys.open_in(self._viewer)

    @property
    def image(self) -> ImageAssessment | None:
        """The film; ``None`` for a film of a worklist's case, which is read as it is."""
        review = self.review
        return None if review is None or review.session is None or review.folder is None else review.session.state.images[review.image]

    @property
    def name(self) -> str:
        """`Exposure.image_id` of the film; empty where there is none."""
        image = self.image
        return "" if image is None else image.exposure.image_id

    @property
    def correction(self) -> FilmCorrection:
        """What is stated about the film now."""
        review, name = self.review, self.name
        if not name or review is None or review.workspace is None:
            return NO_CORRECTION
        return review.workspace.corrections().get(name, NO_CORRECTION)

    @property
    def to_measure(self) -> bool:
        """Whether something is stated about a film of the timeline that is not measured yet."""
        review = self.review
        if review is None or review.workspace is None or review.session is None:
            return False
        return bool(unmeasured(review.workspace, review.session.assessment))

    def state(self, correction: FilmCorrection, step: str) -> bool:
        """Keep what a reader states about the film from now on.

        Parameters
        ----------
        correction
            All that is stated.
        step
            What the reader did, in words.

        Returns
        -------
        bool
            False where nothing changes, or where there is no film.

        Raises
        ------
        InvalidValueError
            The statement does not fit the film.
        """
        review, image = self.review, self.image
        if review is None or image is None or review.workspace is None or review.session is None or correction == self.correction:
            return False
        if correction.length is not None:
            correction.length.spacing(image.spacing)  # raises at once where the length is impossible
        known = review.workspace.correction_steps(self.name)
        review.workspace.correct(self.name, correction, step, reader=review.session.reader, after=known[-1].position if known else 0)
        return True

    def again(self, move: HistoryMove) -> CorrectionStep | None:
        """Undo or redo a step on the film; ``None`` where there is nothing to undo or redo."""
        review, name = self.review, self.name
        if not name or review is None or review.workspace is None or review.session is None:
            return None
        return review.workspace.correct_again(name, move, reader=review.session.reader)
