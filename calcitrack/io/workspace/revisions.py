"""Assessments as readers left them, and the order in which a timeline's versions followed each other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from calcitrack.io.results.provenance import Clock
from calcitrack.io.workspace import assessments, audit
from calcitrack.io.workspace.codec import decode, dumps, encode, storable
from calcitrack.io.workspace.database import Database
from calcitrack.io.workspace.document import document_digest, document_of
from calcitrack.io.workspace.label_files import LabelFiles
from calcitrack.io.workspace.runs import RecordedAssessment
from calcitrack.model.assessment import Assessment
from calcitrack.model.timeline import TimelineKey


@dataclass(frozen=True, slots=True)
class RecordedRevision:
    """An assessment as a reader left it.

    Parameters
    ----------
    revised
        The assessment; `calcitrack.io.workspace.Workspace.assessment` gives the whole.
    based_on
        Id of the assessment that the reader started from.
    reader
        Whose it is.
    """

    revised: RecordedAssessment
    based_on: str
    reader: str


def add_revision(database: Database, files: LabelFiles, clock: Clock, assessment: Assessment, based_on: int, reader: str) -> RecordedRevision:
    """Record what a reader made of an assessment, unless it is the last revision of it already.

    Parameters
    ----------
    based_on
        Row of the assessment that the reader started from.
    """
    digests = {k: files.save(image.segmentation) for k, image in enumerate(assessment.images)}
    document = document_of(assessment, digests)
    digest = document_digest(document)
    with database.writing():
        started_from, digest_before = database.row("SELECT assessment_id, digest FROM assessments WHERE id = ?", based_on)
        recorded = RecordedRevision(RecordedAssessment(assessment.assessment_id, assessment.key, digest), str(started_from), reader)
        last = last_revision(database, recorded.based_on)
        if last == recorded:
            return recorded
        before = digest_before if last is None else last.revised.digest
        subject, detail = f"timeline {assessment.key}", {"assessment_id": assessment.assessment_id, "based_on": recorded.based_on}
        entry = audit.append(database, clock, reader, audit.REVISED, subject, before=before, after=digest, detail=detail)
        row = assessments.find_assessment(database, assessment.assessment_id, digest)
        if row is None:
            row = assessments.store(database, document, digest, assessments.timeline_row(database, encode(assessment.key)), entry.number)
        database.insert("revisions", audit_id=entry.number, based_on=based_on, assessment=row, reader=storable(reader))
    return recorded


def revisions_of(database: Database, assessment_id: str | None) -> tuple[RecordedRevision, ...]:
    """Revisions of an assessment in the order in which they were made; of all where none is named."""
    rows = database.rows(
        """SELECT a.assessment_id, t.key, a.digest, b.assessment_id, r.reader FROM revisions r JOIN assessments a ON a.id = r.assessment
        JOIN assessments b ON b.id = r.based_on JOIN timelines t ON t.id = a.timeline_id WHERE (?1 IS NULL OR b.assessment_id = ?1) ORDER BY r.id""",
        assessment_id,
    )
    return tuple(
        RecordedRevision(RecordedAssessment(name, decode(TimelineKey, json.loads(key)), digest), base, reader)
        for name, key, digest, base, reader in rows
    )


def last_revision(database: Database, assessment_id: str) -> RecordedRevision | None:
    """The revision of an assessment that counts; ``None`` where there is none."""
    found = revisions_of(database, assessment_id)
    return found[-1] if found else None


def followed_each_other(database: Database, key: TimelineKey) -> tuple[RecordedAssessment, ...]:
    """What a timeline's assessment was, one after the other: as runs measured it, and as readers left it.

    A revision holds from then on for the assessment that it is of, also where that is measured again. Two forms of one assessment, with another
    view and without, are one.
    """
    rows = database.rows(
        """SELECT o.audit_id, a.assessment_id, a.digest, '' FROM outcomes o JOIN assessments a ON a.id = o.assessment
        JOIN timelines t ON t.id = o.timeline_id WHERE t.key = ?1
        UNION ALL SELECT r.audit_id, a.assessment_id, a.digest, b.assessment_id FROM revisions r JOIN assessments a ON a.id = r.assessment
        JOIN assessments b ON b.id = r.based_on JOIN timelines t ON t.id = b.timeline_id WHERE t.key = ?1 ORDER BY 1""",
        dumps(encode(key)),
    )
    chain: list[RecordedAssessment] = []
    revised: dict[str, RecordedAssessment] = {}
    measured = ""
    for _, name, digest, based_on in rows:
        found = RecordedAssessment(name, key, digest)
        if based_on:
            revised[based_on] = found
        else:
            measured = name
        counting = revised.get(measured, found)
        if based_on not in ("", measured):  # of an assessment that no longer counts
            continue
        if chain and chain[-1].assessment_id == counting.assessment_id:
            chain[-1] = counting
        else:
            chain.append(counting)
    return tuple(chain)


def problems(database: Database) -> Iterator[str]:
    """Revisions that are not what their entries of the audit trail say."""
    rows = database.rows(
        """SELECT r.id, b.assessment_id, r.reader, a.digest, u.who, u.after FROM revisions r JOIN assessments a ON a.id = r.assessment
        JOIN assessments b ON b.id = r.based_on LEFT JOIN audit u ON u.id = r.audit_id ORDER BY r.id"""
    )
    for number, based_on, reader, digest, who, after in rows:
        if (reader, digest) != (who, after):
            yield f"revision {number} of assessment {based_on} was changed after it was recorded"
