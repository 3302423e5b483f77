"""Files, settings and program from which a timeline was measured. They decide whether its assessment can be reused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from calcitrack.io.cohort.exposure_file import Content
from calcitrack.io.workspace.codec import Json, canonical, decode, dumps, encode, storable
from calcitrack.io.workspace.database import Database
from calcitrack.model.timeline import TimelineKey


@dataclass(frozen=True, slots=True)
class MeasuredFrom:
    """Inputs of a timeline's measurement.

    Parameters
    ----------
    request
        SHA-256 of everything but the bytes of its files: facts about its images, settings, program.
    contents
        Its files.
    unread
        Images of it that could not be read.
    """

    request: str
    contents: tuple[Content, ...]
    unread: int = 0

    @property
    def digest(self) -> str:
        """SHA-256 of all fields, for the audit trail."""
        return hashlib.sha256(
            canonical([self.request, [[storable(c.source), c.size_bytes, c.sha256] for c in self.contents], self.unread])
        ).hexdigest()


@dataclass(frozen=True, slots=True)
class MeasuredBefore:
    """A timeline as an earlier run measured it.

    Parameters
    ----------
    assessment_id, digest
        Of its assessment by itself, before another view of the limb was laid beside it.
    measured_from
        From what.
    options, made_by
        JSON: settings, and what carried them out.
    """

    assessment_id: str
    digest: str
    measured_from: MeasuredFrom
    options: Json
    made_by: Json


@dataclass(frozen=True, slots=True)
class LastOutcome:
    """Outcome of a timeline's most recent measurement.

    Parameters
    ----------
    failed
        No assessment came of it.
    reason, sources
        Why it failed, and its files then; empty where it did not fail.
    """

    failed: bool
    reason: str
    sources: tuple[str, ...]


def add_measured(database: Database, audit_id: int, run: int, timeline: int, assessment: int, measured_from: MeasuredFrom) -> None:
    """Record the inputs of an assessment."""
    row = database.insert(
        "measured",
        audit_id=audit_id,
        run_id=run,
        timeline_id=timeline,
        assessment=assessment,
        request=measured_from.request,
        unread=measured_from.unread,
    )
    rows = [(row, storable(c.source), c.size_bytes, c.sha256) for c in measured_from.contents]
    database.insert_all("sources", ("measured", "source", "size_bytes", "sha256"), rows)


def measured_before(database: Database, key: TimelineKey, request: str | None = None) -> Iterator[MeasuredBefore]:
    """Earlier measurements of a timeline, the latest first; only those with this request where one is given."""
    rows = database.rows(
        """SELECT m.id, a.assessment_id, a.digest, m.request, m.unread, r.options, r.made_by FROM measured m JOIN assessments a ON a.id = m.assessment
        JOIN runs r ON r.id = m.run_id JOIN timelines t ON t.id = m.timeline_id WHERE t.key = ?1 AND (?2 IS NULL OR m.request = ?2)
        ORDER BY m.id DESC""",
        *(dumps(encode(key)), request),
    )
    for row, name, digest, its_request, unread, options, made_by in rows:
        yield MeasuredBefore(
            name, digest, MeasuredFrom(its_request, _contents(database, row), unread), json.loads(options), json.loads(made_by or "{}")
        )


def _contents(database: Database, measured: int) -> tuple[Content, ...]:
    return tuple(Content(*row) for row in database.rows("SELECT source, size_bytes, sha256 FROM sources WHERE measured = ? ORDER BY id", measured))


def last_outcome(database: Database, key: TimelineKey) -> LastOutcome | None:
    """Outcome of a timeline's most recent measurement; ``None`` where there was none."""
    row = database.row(
        """SELECT o.assessment, o.reason, o.sources FROM outcomes o JOIN timelines t ON t.id = o.timeline_id WHERE t.key = ?
        ORDER BY o.id DESC LIMIT 1""",
        dumps(encode(key)),
    )
    return None if row is None else LastOutcome(row[0] is None, str(row[1]), tuple(json.loads(row[2])))


def measured_problems(database: Database) -> Iterator[str]:
    """Compare recorded files and settings with the digest in the audit trail."""
    rows = database.rows(
        """SELECT m.id, m.request, m.unread, t.key, a.detail FROM measured m JOIN timelines t ON t.id = m.timeline_id
        LEFT JOIN audit a ON a.id = m.audit_id"""
    )
    for row, request, unread, key, detail in rows:
        found = MeasuredFrom(request, _contents(database, row), unread).digest
        if found != json.loads(detail or "{}").get("measured_from"):
            yield f"what timeline {decode(TimelineKey, json.loads(key))} was measured from (row {row}) was changed after it was noted"
