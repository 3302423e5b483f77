"""Cohorts of files and timelines: scan results, assessments, and the outcome of every file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from calcitrack.model.assessment import Assessment
from calcitrack.model.display import Card, Displayed, counted
from calcitrack.model.image import Acquisition
from calcitrack.model.timeline import Timeline, TimelineKey


class FileStatus(StrEnum):
    """Outcome of an input file."""

    READ = "read"
    """Its header was understood and it belongs to a timeline."""
    SKIPPED = "skipped"
    """Not meant to be measured: another kind of file, a duplicate, a derived picture, a report."""
    FAILED = "failed"
    """Meant to be measured, but it cannot be read."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """Outcome of one input file; every input file has exactly one record.

    Parameters
    ----------
    source
        Path as the user knows it; ``archive.zip!member`` inside an archive.
    status
        Read, skipped or failed.
    reason
        One sentence; empty for a file that was simply read.
    acquisition
        Header facts, where there was a header.
    findings
        Sentences about what the header does not state, or what a manifest stated instead.
    attention
        Those of them that may turn a measurement into its opposite: the console says them too.

    Examples
    --------
    >>> FileRecord("notes.txt", FileStatus.SKIPPED, "not an image").status.value
    'skipped'
    """

    source: str
    status: FileStatus
    reason: str = ""
    acquisition: Acquisition | None = None
    findings: tuple[str, ...] = ()
    attention: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Cohort(Displayed):
    """Result of a scan of files; no pixel has been decoded yet.

    Examples
    --------
    >>> from calcitrack import Cohort
    >>> from calcitrack.phantom.small import small_timeline
    >>> Cohort((small_timeline(),), (FileRecord("notes.txt", FileStatus.SKIPPED, "not an image"),))
    Cohort(1 timeline, 1 file skipped)
      timeline               time points  exposures
      small / HAND / L / PA  3            3
    """

    timelines: tuple[Timeline, ...]
    files: tuple[FileRecord, ...]

    def _card(self) -> Card:
        rows = tuple((str(t.key), str(len(t.time_points)), str(sum(len(p.exposures) for p in t.time_points))) for t in self.timelines)
        return Card("Cohort", "", (counted(len(rows), "timeline"), *_by_status(self.files)), ("timeline", "time points", "exposures"), rows)


@dataclass(frozen=True, slots=True)
class TimelineFailure:
    """A timeline that could not be assessed; the other timelines went on.

    Parameters
    ----------
    reason
        One sentence in plain language.
    sources
        The files of the timeline, as the user knows them.

    Examples
    --------
    >>> TimelineFailure(TimelineKey("P1"), "its process crashed", ("a.dcm",)).reason
    'its process crashed'
    """

    key: TimelineKey
    reason: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class CohortAssessment(Displayed):
    """The answers for all timelines of a cohort, in the cohort's order.

    Examples
    --------
    >>> from calcitrack import CohortAssessment
    >>> CohortAssessment((), (TimelineFailure(TimelineKey("P1"), "its process crashed"),), ())
    CohortAssessment(0 assessments, 1 failure)
      timeline                                                  time points  images  deposits  failure
      P1 / part not stated / side not stated / view not stated  -            -       -         its process crashed
    """

    assessments: tuple[Assessment, ...]
    failures: tuple[TimelineFailure, ...]
    files: tuple[FileRecord, ...]

    def _card(self) -> Card:
        rows = [(str(a.key), str(len(a.time_points)), str(len(a.images)), str(len(a.tracks)), "") for a in self.assessments]
        rows += [(str(f.key), "-", "-", "-", f.reason) for f in self.failures]
        facts = (counted(len(self.assessments), "assessment"), counted(len(self.failures), "failure"), *_by_status(self.files))
        return Card("CohortAssessment", "", facts, ("timeline", "time points", "images", "deposits", "failure"), tuple(rows))


def _by_status(files: tuple[FileRecord, ...]) -> tuple[str, ...]:
    """Number of files read, skipped and failed; counts of zero are left out."""
    counts = Counter(f.status for f in files)
    return tuple(f"{counted(counts[status], 'file')} {status.value}" for status in FileStatus if counts[status])
