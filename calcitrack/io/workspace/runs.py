"""Runs of a workspace, and the outcome of each timeline in them, as rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from calcitrack.io.results.provenance import Clock, library_versions
from calcitrack.io.workspace import assessments, audit
from calcitrack.io.workspace.codec import Json, decode, dumps, encode, storable
from calcitrack.io.workspace.database import Database
from calcitrack.io.workspace.document import document_digest, document_of
from calcitrack.io.workspace.label_files import LabelFiles
from calcitrack.io.workspace.measured import MeasuredFrom, add_measured
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import FileRecord, TimelineFailure
from calcitrack.model.timeline import TimelineKey
from calcitrack.version import __version__


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
        The inputs.
    started_at, finished_at
        UTC, ISO 8601; an interrupted run has no `finished_at`.
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

    An assessment whose films have all moved to other timelines, because a reader stated another side or view, is left out.
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
    """Every input file, of all runs or of one; a file seen by several runs has the outcome of the last one."""
    rows = database.rows(
        "SELECT facts FROM files WHERE id IN (SELECT max(id) FROM files WHERE (?1 IS NULL OR run_id = ?1) GROUP BY source) ORDER BY id", run
    )
    return tuple(decode(FileRecord, json.loads(facts)) for (facts,) in rows)


class RunLog:
    """Writes what runs do; `calcitrack.io.workspace.Workspace` describes each method.

    Parameters
    ----------
    database, files, clock
        Of the workspace.
    who
        Noted in the audit trail.
    """

    def __init__(self, database: Database, files: LabelFiles, clock: Clock, who: str) -> None:
        self._database, self._files, self._clock, self._who = database, files, clock, who

    def start(self, options: object, inputs: Sequence[str], files: Iterable[FileRecord], made_by: Mapping[str, object]) -> int:
        """Begin a run, and return its number."""
        with self._database.writing():
            entry = audit.append(self._database, self._clock, self._who, audit.RUN_STARTED, "run", detail={"options": encode(options)})
            run = self._database.insert(
                "runs",
                audit_id=entry.number,
                program="calcitrack",
                version=__version__,
                libraries=dumps(library_versions()),
                options=dumps(encode(options)),
                made_by=dumps(encode(made_by)),
                inputs=dumps(list(inputs)),
                started_at=entry.at,
            )
            rows = [(run, storable(f.source), f.status.value, dumps(encode(f))) for f in files]
            self._database.insert_all("files", ("run_id", "source", "status", "facts"), rows)
        return run

    def finish(self, run: int) -> None:
        """Record that a run is finished."""
        with self._database.writing():
            entry = audit.append(self._database, self._clock, self._who, audit.RUN_FINISHED, f"run {run}")
            self._database.execute("UPDATE runs SET finished_at = ? WHERE id = ?", entry.at, run)

    def record(self, assessment: Assessment, run: int | None, measured_from: MeasuredFrom | None) -> RecordedAssessment:
        """Record an assessment as the last outcome of its timeline, unless it is that already."""
        digests = {k: self._files.save(image.segmentation) for k, image in enumerate(assessment.images)}
        document = document_of(assessment, digests)
        recorded = RecordedAssessment(assessment.assessment_id, assessment.key, document_digest(document))
        with self._database.writing():
            self._record(recorded, document, run, measured_from)
        return recorded

    def _record(self, recorded: RecordedAssessment, document: Json, run: int | None, measured_from: MeasuredFrom | None) -> None:
        timeline = assessments.timeline_row(self._database, document["key"])
        row = assessments.find_assessment(self._database, recorded.assessment_id, recorded.digest)
        last = self._database.row(
            "SELECT o.assessment, o.run_id, a.digest FROM outcomes o JOIN assessments a ON a.id = o.assessment WHERE o.timeline_id = ? "
            "ORDER BY o.id DESC LIMIT 1",
            timeline,
        )
        if row is not None and last is not None and (last[0], last[1]) == (row, run) and measured_from is None:
            return
        detail: Json = {"assessment_id": recorded.assessment_id, "run": run}
        if measured_from is not None:
            detail["measured_from"] = measured_from.digest
        entry = audit.append(
            self._database,
            self._clock,
            self._who,
            audit.RECORDED if row is None else audit.REPEATED,
            f"timeline {recorded.key}",
            before=last[2] if last else "",
            after=recorded.digest,
            detail=detail,
        )
        if row is None:
            row = assessments.store(self._database, document, recorded.digest, timeline, entry.number)
        self._database.insert("outcomes", audit_id=entry.number, run_id=run, timeline_id=timeline, assessment=row, reason="", sources="[]")
        if measured_from is not None and run is not None:
            add_measured(self._database, entry.number, run, timeline, row, measured_from)

    def fail(self, failure: TimelineFailure, run: int | None) -> None:
        """Record a failure as the last outcome of its timeline."""
        with self._database.writing():
            timeline = assessments.timeline_row(self._database, encode(failure.key))
            detail = {"reason": failure.reason, "run": run}
            entry = audit.append(self._database, self._clock, self._who, audit.FAILED, f"timeline {failure.key}", detail=detail)
            self._database.insert(
                "outcomes",
                audit_id=entry.number,
                run_id=run,
                timeline_id=timeline,
                reason=storable(failure.reason),
                sources=dumps(list(failure.sources)),
            )
