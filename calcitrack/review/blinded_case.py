"""A case of a worklist as it is reviewed: the same review, with the names of a session that may be blinded."""

from __future__ import annotations

from collections.abc import Mapping

from calcitrack.assess.blinding import film_letter
from calcitrack.io.workspace import Workspace
from calcitrack.io.workspace.document import identity
from calcitrack.measure.live import LiveFilm
from calcitrack.model.assessment import Assessment
from calcitrack.model.measurement import Result
from calcitrack.model.reading import READ_MEASURANDS, FilmReading
from calcitrack.model.segmentation import Labels
from calcitrack.review.session import ReviewSession


class CaseReview(ReviewSession):
    """One reader's reading of one case.

    Parameters
    ----------
    workspace, assessment, reader, reading
        As for `ReviewSession`; the assessment is the one shown, blinded where the session is.
    blinded
        Films are called by letters, without a day.
    others
        Position of a film -> outlines of other readers; empty where they are not shown.
    films
        Films that are ready to be edited.
    """

    def __init__(
        self,
        workspace: Workspace,
        assessment: Assessment,
        reader: str,
        reading: str,
        *,
        blinded: bool,
        others: Mapping[int, Labels] | None = None,
        films: Mapping[int, LiveFilm] | None = None,
    ) -> None:
        super().__init__(workspace, assessment, reader, reading)
        self.blinded, self._others = blinded, others or {}
        for k, film in (films or {}).items():
            self.adopt(k, film)

    def film_name(self, k: int) -> str:
        """A letter where it is blinded."""
        if not self.blinded:
            return super().film_name(k)
        image = self.images[k]
        return f"Film {film_letter(image.time_point)}{f', repeat {image.repeat}' if image.repeat else ''}"

    def where(self, k: int) -> str:
        """The film and how many there are; no day where it is blinded."""
        if not self.blinded:
            return super().where(k)
        visits = self.images[-1].time_point
        return f"{self.film_name(k)}, {self.images[k].time_point} of {visits}"

    def others(self, k: int) -> Labels | None:
        """Outlines of other readers on a film."""
        return self._others.get(k)

    def totals(self, k: int) -> Mapping[str, Result]:
        """Totals of a film over the deposits that were not rejected; of a case that began from nothing, measured when they are asked for."""
        if any(image.deposits for image in self.images) or k in self._edited:
            return super().totals(k)
        return self.film(k).totals(())

    def read(self, recorded: Assessment, order: tuple[int, ...]) -> tuple[FilmReading, ...]:
        """What was found on each film, in order of time.

        Parameters
        ----------
        recorded
            The assessment as it is on record.
        order
            Positions of the films shown in ``recorded.images``.
        """
        found = {}
        for k, position in enumerate(order):
            image = recorded.images[position]
            totals = {name: result for name, result in self.totals(k).items() if name in READ_MEASURANDS}
            found[position] = FilmReading(identity(image.exposure), image.time_point, image.repeat, totals)
        return tuple(found[position] for position in sorted(found))
