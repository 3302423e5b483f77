"""One timeline as the summary of a run shows it."""

from __future__ import annotations

from dataclasses import dataclass

from calcitrack.model.assessment import ImageFailure
from calcitrack.model.film_quality import FilmDoubt
from calcitrack.model.judgement import TimelineSeries
from calcitrack.model.timeline import TimelineKey
from calcitrack.reporting.same_pixels import FilmPixels
from calcitrack.tables.cells import Row


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """One timeline as the summary shows it.

    Parameters
    ----------
    rows
        Its rows of ``timeline.csv``.
    failures
        Its images that could not be read.
    no_mass
        (reason, time points) of those that have no mass, each reason once.
    series
        What its change is judged from.
    assumed
        What masses rest on that nothing on the film states, each once.
    first_source
        Its first image, which tells timelines apart whose patient is not stated.
    possible
        Number of possible deposits on each of its images.
    doubts
        (file, doubt) of each of its measured films on which there is one.
    misplaced
        (file, sentence) of each film that does not lie on the first one, lies on it unusually, or shows a part of the deposits only.
    films
        Its measured films, to be compared with those of other timelines.
    """

    key: TimelineKey
    rows: tuple[Row, ...]
    failures: tuple[ImageFailure, ...]
    no_mass: tuple[tuple[str, tuple[int, ...]], ...]
    series: TimelineSeries
    first_source: str = ""
    assumed: tuple[str, ...] = ()
    possible: tuple[int, ...] = ()
    doubts: tuple[tuple[str, FilmDoubt], ...] = ()
    misplaced: tuple[tuple[str, str], ...] = ()
    films: tuple[FilmPixels, ...] = ()

    @property
    def title(self) -> str:
        """The key; where no patient is stated, the file as well."""
        return str(self.key) if self.key.patient_id or not self.first_source else f"{self.key} ({self.first_source})"
