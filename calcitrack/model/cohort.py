"""Many files and many timelines: what was found, what was measured, and what became of every file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from calcitrack.model.assessment import Assessment
from calcitrack.model.image import Acquisition
from calcitrack.model.timeline import Timeline, TimelineKey


class FileStatus(StrEnum):
    """What became of an input file."""

    READ = "read"
    """Its header was understood and it belongs to a timeline."""
    SKIPPED = "skipped"
    """Not meant to be measured: another kind of file, a duplicate, a derived picture, a report."""
    FAILED = "failed"
    """Meant to be measured, but it cannot be read."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One input file and what became of it; every file the user handed over has exactly one.

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
    """

    source: str
    status: FileStatus
    reason: str = ""
    acquisition: Acquisition | None = None
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cohort:
    """What a scan of files found; no pixel has been decoded yet."""

    timelines: tuple[Timeline, ...]
    files: tuple[FileRecord, ...]


@dataclass(frozen=True, slots=True)
class TimelineFailure:
    """A timeline that could not be assessed; the other timelines went on.

    Parameters
    ----------
    reason
        One sentence in plain language.
    sources
        The files of the timeline, as the user knows them.
    """

    key: TimelineKey
    reason: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class CohortAssessment:
    """The answers for all timelines of a cohort, in the cohort's order."""

    assessments: tuple[Assessment, ...]
    failures: tuple[TimelineFailure, ...]
    files: tuple[FileRecord, ...]
