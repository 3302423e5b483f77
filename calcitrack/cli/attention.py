"""What needs a reader's attention at the end of a run: which films, why, and which lines are shown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from calcitrack.cli.timeline_line import TimelineLine
from calcitrack.errors import FilmRefusedError
from calcitrack.model.cohort import FileRecord, FileStatus
from calcitrack.model.display import counted
from calcitrack.model.film_quality import THE_FILE, UNLIKE_OTHERS, Severity, by_severity
from calcitrack.reporting.placement_words import PLACED_NOWHERE
from calcitrack.reporting.same_pixels import on_two_timelines

SEEN = re.compile(r" \((?:[^()]|\([^()]*\))*\)$")
"""What was seen on one film, at the end of what is wrong with it."""
NO_PLACE = f"{PLACED_NOWHERE}they do not lie on each other; look whether all show the same side of one person"
"""Of several films that could not be registered."""


@dataclass(frozen=True, slots=True)
class Point:
    """What a reader should look at.

    Parameters
    ----------
    source
        The file.
    words
        The sentence on it.
    of_several
        The same without what was seen on this film alone, where the film is not measured for it, or not compared as others are; else empty.
    """

    source: str
    words: str
    of_several: str = ""


@dataclass(frozen=True, slots=True)
class Attention:
    """What needs a reader's attention, most serious first.

    Films that were refused by what they show, other films of a timeline that could not be measured, films that stand on two timelines,
    contradictions that may turn a measurement into its opposite, films that do not lie on the first one or show a part of the deposits, then
    what is doubted or noted of measured films.
    """

    points: tuple[Point, ...]

    @classmethod
    def of(cls, timelines: Sequence[TimelineLine], files: Sequence[FileRecord]) -> Attention:
        """Of all that was found in a run."""
        return cls((*_of_files(timelines, files), *_of_measured_films(timelines)))

    @property
    def files(self) -> dict[str, list[str]]:
        """Sentence -> the files it is true of, each once: both limbs of one picture say the same."""
        found: dict[str, list[str]] = {}
        for point in self.points:
            files = found.setdefault(point.words, [])
            if point.source not in files:
                files.append(point.source)
        return found

    def lines(self, most: int) -> tuple[list[str], int]:
        """What is shown, and how many sentences are not.

        Parameters
        ----------
        most
            From more sentences than this on, equal faults of several films share a line, and minor lines are left out. The most serious line on a
            film that is not measured, or not compared as others are, is always shown.
        """
        every, must = self.files, self._first_on_a_film()
        serious = {point.words: point.of_several for point in self.points if point.of_several}
        if len(every) > most:
            said = _of_several(every, serious)
            every, must = _joined(every, said), {said[words] for words in must}
            serious = {said[words]: short for words, short in serious.items()}
        minor = [words for words in every if words not in must]
        left_out = set(minor[max(0, most - len(must)) :])
        shown = [f"{_named(files, most if words in serious else 1)}: {words}" for words, files in every.items() if words not in left_out]
        return shown, len(left_out)

    def _first_on_a_film(self) -> set[str]:
        """The most serious sentence on each film for which it is not measured, or not compared as others are."""
        found: dict[str, str] = {}
        for point in self.points:
            if point.of_several:
                found.setdefault(point.source, point.words)
        return set(found.values())


def _of_files(timelines: Sequence[TimelineLine], files: Sequence[FileRecord]) -> Iterator[Point]:
    """About files that are not measured, that stand on two timelines, or that contradict themselves."""
    unmeasured = [f for line in timelines for f in line.failures if not f.is_copy]
    for failure in sorted(unmeasured, key=lambda f: not isinstance(f.error, FilmRefusedError)):
        error, name = failure.error, PurePath(failure.exposure.source.replace("!", "/")).name
        short = f"not measured: found {SEEN.sub('', error.found)}; {error.action.replace(name, THE_FILE)}"
        yield Point(failure.exposure.source, f"not measured: found {error.found}; {error.action}", short)
    for source, words in on_two_timelines(film for line in timelines for film in line.films):
        yield Point(source, words)
    for record in files:
        for words in record.attention if record.status is not FileStatus.FAILED else ():
            yield Point(record.source, words)
    for copy in (f for line in timelines for f in line.failures if f.is_copy):
        yield Point(copy.exposure.source, f"found {copy.error.found}; {copy.error.action}")


def _of_measured_films(timelines: Sequence[TimelineLine]) -> Iterator[Point]:
    """About how films lie on each other, and what is doubted of them."""
    for source, words in (m for line in timelines for m in line.misplaced):
        yield Point(source, words, NO_PLACE if words.startswith(PLACED_NOWHERE) else "")
    doubts = [d for line in timelines for d in line.doubts]
    for doubt in by_severity(d for _, d in doubts):
        said = doubt.words if doubt.problem in UNLIKE_OTHERS else doubt.general  # the other film is named
        short = "" if doubt.severity is Severity.NOTED else doubt.general
        yield from (Point(source, said, short) for source, d in doubts if d == doubt)


def _of_several(every: Mapping[str, list[str]], serious: Mapping[str, str]) -> dict[str, str]:
    """Sentence -> what is said: without what was seen on one film, where several sentences are the same then."""
    alike = Counter(serious.values())
    return {words: serious[words] if alike[serious.get(words, "")] > 1 else words for words in every}


def _joined(every: Mapping[str, list[str]], said: Mapping[str, str]) -> dict[str, list[str]]:
    joined: dict[str, list[str]] = {}
    for words, files in every.items():
        joined[said[words]] = list(dict.fromkeys([*joined.get(said[words], []), *files]))
    return joined


def _named(files: Sequence[str], most: int) -> str:
    """The first files by name, and how many more there are."""
    more = f" and {counted(len(files) - most, 'more file')}" if len(files) > most else ""
    return ", ".join(files[:most]) + more
