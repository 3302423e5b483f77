"""Films with the same pixels on two timelines: one film cannot show two patients or parts of the body."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from calcitrack.model.assessment import ImageAssessment
from calcitrack.model.progress import Stage
from calcitrack.model.timeline import TimelineKey

PIXELS = "pixels"
"""What the step that reads an image says of it: a digest of its pixels as they were decoded."""


@dataclass(frozen=True, slots=True)
class FilmPixels:
    """One measured film.

    Parameters
    ----------
    source
        The file.
    key
        Its timeline.
    digest
        Of its pixels; empty where an earlier version measured it.
    """

    source: str
    key: TimelineKey
    digest: str

    @classmethod
    def of(cls, image: ImageAssessment, key: TimelineKey) -> FilmPixels:
        """What is on record of an image."""
        digests = (str(step.outcome[PIXELS]) for step in image.steps if step.name == Stage.READ.value and PIXELS in step.outcome)
        return cls(image.exposure.source, key, next(digests, ""))


def on_two_timelines(films: Iterable[FilmPixels]) -> Iterator[tuple[str, str]]:
    """(file, sentence) of each film whose pixels an earlier one of another timeline has, under another name.

    Both limbs of one picture have the same pixels and the same file.

    Examples
    --------
    >>> one, other = TimelineKey("P1", "HAND", "L", "PA"), TimelineKey("P2", "HAND", "L", "PA")
    >>> ((source, words),) = on_two_timelines([FilmPixels("a.dcm", one, "0f"), FilmPixels("b.dcm", other, "0f"), FilmPixels("c.dcm", other, "1e")])
    >>> source
    'b.dcm'
    >>> words.partition(";")[0]
    'on the timeline of P2 / HAND / L / PA, it holds the pixels of a.dcm, which is on that of P1 / HAND / L / PA: one film cannot be of both'
    """
    first: dict[str, FilmPixels] = {}
    for film in films:
        earlier = first.setdefault(film.digest, film) if film.digest else film
        if earlier.key == film.key or earlier.source == film.source:
            continue
        where = f"on the timeline of {film.key}, it holds the pixels of {earlier.source}, which is on that of {earlier.key}"
        yield film.source, f"{where}: one film cannot be of both; correct patient, part or side of one of them, or take it out. Both are measured"
