"""What follows from the state of a review: totals, a preview to be shown, and the revised assessment for results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calcitrack.assess.joint_again import stated_in, with_joint
from calcitrack.assess.revise import RevisedImage, revise
from calcitrack.measure import MeasureOptions, measure
from calcitrack.model.assessment import Assessment, Fate
from calcitrack.model.image import Radiograph
from calcitrack.model.measurement import ImageMeasurements, Result
from calcitrack.model.provenance import Step
from calcitrack.model.review_steps import StatementField
from calcitrack.model.segmentation import Segmentation
from calcitrack.review.deposit_list import ReaderVerdict
from calcitrack.review.state import ReviewState


@dataclass(frozen=True, eq=False, slots=True)
class DrawnFilm:
    """A changed film, its outlines as the reader left them, and label -> deposit id."""

    radiograph: Radiograph
    segmentation: Segmentation
    identity: Mapping[int, str]


@dataclass(frozen=True, eq=False, slots=True)
class Drawn:
    """What a reader left of an assessment at one moment. Whatever the reader does next changes nothing of it.

    Parameters
    ----------
    assessment
        What the reader started from.
    films
        Position of a film -> it, where it is to be measured anew.
    settled
        Position of a film -> it, where only possible deposits were decided.
    fates
        Fates that the reader states.
    step
        Goes into the provenance.
    options
        Settings with which it was measured.
    """

    assessment: Assessment
    films: Mapping[int, DrawnFilm]
    settled: Mapping[int, RevisedImage]
    fates: Mapping[tuple[str, int], Fate]
    step: Step | None
    options: MeasureOptions

    def measured(self) -> Assessment:
        """The assessment that follows: each changed film is measured anew, and all films together. Runs in any thread.

        Returns
        -------
        Assessment
            The very one that the reader started from where nothing was changed.
        """
        images = dict(self.settled)
        for k, film in self.films.items():
            images[k] = RevisedImage(film.segmentation, measure(film.radiograph, film.segmentation, self.options), film.identity)
        return with_joint(revise(self.assessment, images, self.fates, self.step), self.options, {**stated_in(self.assessment), **self.fates})


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
        """The assessment as the reader left it, for results: every changed film is measured anew as a whole, and all films together.

        Parameters
        ----------
        step
            Goes into the provenance.

        Returns
        -------
        Assessment
            The same whenever it is asked for; the recorded assessment itself where nothing was changed.
        """
        return self.drawn(step).measured()

    def drawn(self, step: Step | None) -> Drawn:
        """What the reader left, to be measured: taken at once, so that the review can go on."""
        state = self._state
        settled = {k: self._without_dismissed(k) for k in range(len(state.images)) if self._has_dismissed(k)}
        films = {}
        for k in self.needed():
            film = state.film(k)
            outlines = film.segmentation(self._kept_labels(k)).with_possible(self._undecided(k))
            films[k] = DrawnFilm(film.radiograph, outlines, dict(state.identity(k)))
        return Drawn(state.assessment, films, settled, self._fates(), step, state.measure_options)

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
