"""Integrity check of a workspace: database, audit trail, contents and files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from calcitrack.errors import WorkspaceDamagedError
from calcitrack.io.workspace import corrections, journal, revisions, schema, sessions
from calcitrack.io.workspace.assessments import fetch
from calcitrack.io.workspace.audit import chain_problems
from calcitrack.io.workspace.database import Database
from calcitrack.io.workspace.document import document_digest
from calcitrack.io.workspace.journal_check import JournalProblem, replay_problems
from calcitrack.io.workspace.label_files import LabelFiles
from calcitrack.io.workspace.measured import measured_problems
from calcitrack.io.workspace.reviews import review_digest, reviews_of
from calcitrack.io.workspace.versions import READER
from calcitrack.model.display import counted


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Result of a check.

    Parameters
    ----------
    problems
        Sentences about what was damaged, changed or lost; empty for a sound workspace.
    journals
        Journals of reviews that cannot be read or applied again; each one's sentence is among `problems` too.
    notes
        Harmless findings: files that an interrupted process left behind.
    assessments, segmentations, reviews, entries
        How many were checked: assessments, versions of segmentations, reviews, and entries of the audit trail.
    """

    problems: tuple[str, ...]
    journals: tuple[JournalProblem, ...]
    notes: tuple[str, ...]
    assessments: int
    segmentations: int
    reviews: int
    entries: int

    @property
    def clean(self) -> bool:
        """Whether no problem was found."""
        return not self.problems


def check(database: Database, files: LabelFiles) -> CheckReport:
    """Check everything; records written meanwhile are not checked."""
    left = files.partial()
    present = set(files.all_digests())
    with database.reading():
        journals = tuple(replay_problems(database, files))
        problems = (
            *_structure_problems(database),
            *chain_problems(database),
            *_assessment_problems(database),
            *measured_problems(database),
            *_segmentation_problems(database, files),
            *_review_problems(database),
            *journal.problems(database),
            *(p.sentence for p in journals),
            *sessions.problems(database),
            *revisions.problems(database),
            *corrections.problems(database),
        )
        counts = [database.row(f"SELECT count(*) FROM {table}")[0] for table in ("assessments", "segmentations", "reviews", "audit")]  # noqa: S608 names of ours
        listed = {row[0] for row in database.rows("SELECT digest FROM segmentations")}
    notes = [f"{p.name}: not finished when its process ended; may be removed when nobody is writing" for p in left]
    notes += [
        f"{files.path(d).name}: a segmentation that no version lists; its process ended before, or is still writing" for d in sorted(present - listed)
    ]
    return CheckReport(problems, journals, tuple(notes), *counts)


def _structure_problems(database: Database) -> Iterator[str]:
    for (message,) in database.rows("PRAGMA integrity_check"):
        if message != "ok":
            yield f"the database is damaged: {message}"
    for table, row, parent, _ in database.rows("PRAGMA foreign_key_check"):
        yield f"row {row} of {table} refers to a row of {parent} that is gone"
    guards = {row[0] for row in database.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    for table in schema.APPEND_ONLY:
        missing = [verb for verb in ("update", "delete") if f"{table}_no_{verb}" not in guards]
        if missing:
            yield f"nothing guards {table} against {' and '.join(missing)} any more"


def _assessment_problems(database: Database) -> Iterator[str]:
    """Rebuild each document from its rows, and compare its digest with the one taken when it was written."""
    rows = database.rows("SELECT s.id, s.assessment_id, s.digest, a.after FROM assessments s LEFT JOIN audit a ON a.id = s.audit_id ORDER BY s.id")
    for row, name, digest, digest_in_trail in rows:
        try:
            found = document_digest(fetch(database, row))
        except (ValueError, TypeError, KeyError) as error:
            yield f"assessment {name} cannot be read ({error})"
            continue
        if not found == digest == digest_in_trail:
            yield f"assessment {name} was changed after it was recorded"


def _segmentation_problems(database: Database, files: LabelFiles) -> Iterator[str]:
    rows = database.rows(
        """SELECT i.identity, s.version, s.digest, s.made_by, a.after FROM segmentations s JOIN images i ON i.id = s.image_id
        LEFT JOIN audit a ON a.id = s.audit_id ORDER BY s.id"""
    )
    for image, number, digest, made_by, digest_in_trail in rows:
        try:
            files.load(digest)
        except WorkspaceDamagedError as error:
            yield f"version {number} of the segmentation of {image}: {error}"
        if made_by == READER and digest != digest_in_trail:
            yield f"version {number} of the segmentation of {image} was changed after it was accepted"


def _review_problems(database: Database) -> Iterator[str]:
    rows = database.rows("SELECT r.id, r.digest, a.after FROM reviews r LEFT JOIN audit a ON a.id = r.audit_id ORDER BY r.id")
    accepted = reviews_of(database, assessment_id=None, reader=None, superseded=True)
    if len(accepted) != len(rows):
        yield f"{counted(len(rows) - len(accepted), 'review refers', 'reviews refer')} to no assessment"
        return
    for (row, digest, after), on_record in zip(rows, accepted, strict=True):
        review = on_record.review
        if not review_digest(review) == digest == after:
            yield f"review {row}, of {review.reader}, was changed after it was made"
