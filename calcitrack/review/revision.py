"""What follows from a review: totals, a preview for the eye, and the revised assessment for results."""

from __future__ import annotations

from collections.abc import Mapping

from calcitrack.assess.revise import RevisedImage, revise
from calcitrack.measure import measure
from calcitrack.model.assessment import Assessment, Fate
from calcitrack.model.measurement import ImageMeasurements, Result
from calcitrack.model.provenance import Step
from calcitrack.model.review_steps import StatementField
from calcitrack.review.deposit_list import Verdict
from calcitrack.review.state import ReviewState


class Consequences(ReviewState):
    """An assessment with the changes of one reader, and what follows from them."""

    def totals(self, k: int) -> Mapping[str, Result]:
        """Totals of a film over the deposits that were not rejected, as far as each is measured now."""
        if k not in self._edited and not self._rejected(k):
            return self.images[k].totals
        return self.film(k).totals(self._kept(k))

    def needed(self) -> list[int]:
        """Films that have to be ready before `preview` is quick."""
        return self._touched()

    def preview(self) -> Assessment:
        """The assessment with everything that was said and drawn, from measurements as they are now: for the eye, at once."""
        images: dict[int, RevisedImage] = {}
        for k in self._touched():
            measured = tuple(d for name in self._kept_names(k) if (d := self.deposit(k, name)) is not None)
            found = ImageMeasurements(tuple(sorted(measured, key=lambda d: d.label)), self.totals(k), self.images[k].limb_axis)
            images[k] = RevisedImage(None, found, self.identity(k))
        return revise(self.assessment, images, self._fates())

    def revised_by(self, step: Step | None) -> Assessment:
        """The assessment as the reader left it, every changed film measured anew as a whole: for results, the same whenever it is asked for.

        The assessment itself where nothing was changed. `step` goes into its provenance.
        """
        images: dict[int, RevisedImage] = {}
        for k in self._touched():
            film = self.film(k)
            segmentation = film.segmentation(self._kept(k))
            images[k] = RevisedImage(segmentation, measure(film.radiograph, segmentation, self._options), self.identity(k))
        return revise(self.assessment, images, self._fates(), step)

    def _fates(self) -> dict[tuple[str, int], Fate]:
        return {(str(name), int(t)): Fate(said) for (name, t), said in self._stated.items(StatementField.FATE).items()}

    def _touched(self) -> list[int]:
        """Films whose deposits are not all as the program found and called them."""
        return [k for k in range(len(self.images)) if k in self._edited or self._rejected(k)]

    def _rejected(self, k: int) -> bool:
        return any(self.verdict(name, k) is Verdict.REJECTED for name in self.identity(k).values())

    def _kept(self, k: int) -> list[int]:
        return [label for label, name in self.identity(k).items() if self.verdict(name, k) is not Verdict.REJECTED]

    def _kept_names(self, k: int) -> list[str]:
        return [name for name in self.identity(k).values() if self.verdict(name, k) is not Verdict.REJECTED]
