"""What is on record, in short: assessments and runs."""

from __future__ import annotations

import json
from dataclasses import dataclass

from calcitrack.io.workspace.codec import decode
from calcitrack.io.workspace.database import Database
from calcitrack.model.cohort import FileRecord, TimelineFailure
from calcitrack.model.timeline import TimelineKey


@dataclass(frozen=True, slots=True)
class RecordedAssessment:
    """An assessment on record.

    Parameters
    ----------
    assessment_id
        As in the tables; `Workspace.assessment` gives the whole.
    key
        Its timeline.
    digest
        SHA-256 of its content, segmentations included.
    """

    assessment_id: str
    key: TimelineKey
    digest: str


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run on record.

    Parameters
    ----------
    number
        As `Workspace.start_run` gave it.
    version
        Of the program.
    options
        JSON: the settings, ``null`` for the defaults.
    inputs
        What was handed over.
    started_at, finished_at
        UTC, ISO 8601; a run that was ended before it came to its end has no `finished_at`.
    assessed, failed
        Timelines of each outcome.
    """

    number: int
    version: str
    options: str
    inputs: tuple[str, ...]
    started_at: str
    finished_at: str | None
    assessed: int
    failed: int


def recorded_runs(database: Database) -> tuple[RecordedRun, ...]:
    """All runs in their order."""
    rows = database.rows(
        """SELECT r.id, r.version, r.options, r.inputs, r.started_at, r.finished_at, count(DISTINCT CASE WHEN o.assessment IS NOT NULL THEN
        o.timeline_id END), count(DISTINCT CASE WHEN o.assessment IS NULL THEN o.timeline_id END) FROM runs r LEFT JOIN outcomes o
        ON o.run_id = r.id GROUP BY r.id ORDER BY r.id"""
    )
    return tuple(
        RecordedRun(number, version, options, tuple(json.loads(inputs)), started, finished, assessed, failed)
        for number, version, options, inputs, started, finished, assessed, failed in rows
    )


def recorded_assessments(database: Database, run: int | None) -> tuple[RecordedAssessment, ...]:
    """The last assessment of each timeline, of all runs or of one.

    One whose films all came to other timelines since, because a reader stated another side or view, is left out.
    """
    rows = database.rows(
        """SELECT a.assessment_id, t.key, a.digest FROM outcomes o JOIN assessments a ON a.id = o.assessment
        JOIN timelines t ON t.id = a.timeline_id WHERE o.id IN (SELECT max(id) FROM outcomes WHERE assessment IS NOT NULL
        AND (?1 IS NULL OR run_id = ?1) GROUP BY timeline_id) AND (?1 IS NOT NULL OR NOT EXISTS (SELECT 1 FROM corrections)
        OR NOT EXISTS (SELECT 1 FROM exposures WHERE assessment = o.assessment) OR EXISTS (SELECT 1 FROM exposures e WHERE e.assessment = o.assessment
        AND NOT EXISTS (SELECT 1 FROM exposures f JOIN outcomes p ON p.assessment = f.assessment WHERE f.image_id = e.image_id AND p.id > o.id
        AND p.timeline_id <> o.timeline_id))) ORDER BY o.id""",
        run,
    )
    return tuple(RecordedAssessment(name, decode(TimelineKey, json.loads(key)), digest) for name, key, digest in rows)


def recorded_failures(database: Database, run: int | None) -> tuple[TimelineFailure, ...]:
    """Timelines that failed and of which no assessment is on record, with the last reason."""
    rows = database.rows(
        """SELECT t.key, o.reason, o.sources FROM outcomes o JOIN timelines t ON t.id = o.timeline_id WHERE o.id IN
        (SELECT max(id) FROM outcomes WHERE (?1 IS NULL OR run_id = ?1) GROUP BY timeline_id HAVING max(assessment) IS NULL) ORDER BY o.id""",
        run,
    )
    return tuple(TimelineFailure(decode(TimelineKey, json.loads(key)), reason, tuple(json.loads(sources))) for key, reason, sources in rows)


def recorded_files(database: Database, run: int | None) -> tuple[FileRecord, ...]:
    """Every file that was handed over, of all runs or of one; where several runs saw a file, the last one tells of it."""
    rows = database.rows(
        "SELECT facts FROM files WHERE id IN (SELECT max(id) FROM files WHERE (?1 IS NULL OR run_id = ?1) GROUP BY source) ORDER BY id", run
    )
    return tuple(decode(FileRecord, json.loads(facts)) for (facts,) in rows)
