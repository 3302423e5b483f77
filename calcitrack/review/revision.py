"""What follows from the state of a review: totals, a preview to be shown, and the revised assessment for results."""

from __future__ import annotations

from collections.abc import Mapping

from calcitrack.assess.revise import RevisedImage, revise
from calcitrack.measure import measure
from calcitrack.model.assessment import Assessment, Fate
from calcitrack.model.measurement import ImageMeasurements, Result
from calcitrack.model.provenance import Step
from calcitrack.model.review_steps import StatementField
from calcitrack.review.deposit_list import ReaderVerdict
from calcitrack.review.state import ReviewState


class Revision:
    """Totals and assessments that follow from the state of a review.

    Parameters
    ----------
    state
        What the reader has stated and drawn; followed as it changes.
    """

    def __init__(self, state: ReviewState) -> None:
        self._state = state

    def totals(self, k: int) -> Mapping[str, Result]:
        """Totals of a film over the deposits that were not rejected, each as it is measured now."""
        state = self._state
        if state.from_nothing and k not in state.edited:
            return state.film(k).totals(())
        if k not in state.edited and not self._has_rejected(k):
            return state.images[k].totals
        return state.film(k).totals(self._kept_labels(k))

    def needed(self) -> list[int]:
        """Films that must be ready before `preview` is quick: those whose deposits are not all as the program found and called them."""
        return [k for k in range(len(self._state.images)) if k in self._state.edited or self._has_rejected(k)]

    def preview(self) -> Assessment:
        """The assessment with everything that was stated and drawn, from measurements as they are now: to be shown at once."""
        state = self._state
        images: dict[int, RevisedImage] = {}
        for k in self.needed():
            kept = (name for name in state.identity(k).values() if state.verdict(name, k) is not ReaderVerdict.REJECTED)
            deposits = sorted((d for name in kept if (d := state.deposit(k, name)) is not None), key=lambda d: d.label)
            images[k] = RevisedImage(None, ImageMeasurements(tuple(deposits), self.totals(k), state.images[k].limb_axis), state.identity(k))
        return revise(state.assessment, images, self._fates())

    def revised(self, step: Step | None) -> Assessment:
        """The assessment as the reader left it, for results: every changed film is measured anew as a whole.

        Parameters
        ----------
        step
            Goes into the provenance.

        Returns
        -------
        Assessment
            The same whenever it is asked for; the recorded assessment itself where nothing was changed.
        """
        state = self._state
        images = {k: self._without_dismissed(k) for k in range(len(state.images)) if self._has_dismissed(k)}
        for k in self.needed():
            film = state.film(k)
            segmentation = film.segmentation(self._kept_labels(k)).with_possible(self._undecided(k))
            images[k] = RevisedImage(segmentation, measure(film.radiograph, segmentation, state.measure_options), state.identity(k))
        return revise(state.assessment, images, self._fates(), step)

    def _fates(self) -> dict[tuple[str, int], Fate]:
        return {(str(name), int(t)): Fate(fate) for (name, t), fate in self._state.stated(StatementField.FATE).items()}

    def _undecided(self, k: int) -> list[int]:
        return [o.deposit.number for o in self._state.possible(k)]

    def _has_dismissed(self, k: int) -> bool:
        return len(self._undecided(k)) < len(self._state.images[k].segmentation.possible_values)

    def _without_dismissed(self, k: int) -> RevisedImage:
        """The film with its deposits as they were measured, and those possible ones that the reader has not decided."""
        image = self._state.images[k]
        measurements = ImageMeasurements(tuple(d.deposit for d in image.deposits), image.totals, image.limb_axis)
        return RevisedImage(image.segmentation.with_possible(self._undecided(k)), measurements, self._state.identity(k))

    def _has_rejected(self, k: int) -> bool:
        return any(self._state.verdict(name, k) is ReaderVerdict.REJECTED for name in self._state.identity(k).values())

    def _kept_labels(self, k: int) -> list[int]:
        return [label for label, name in self._state.identity(k).items() if self._state.verdict(name, k) is not ReaderVerdict.REJECTED]
