"""The journal of a review: each step of a reader as a row, so that no step is lost and each can be undone, also on another day."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from calcitrack.errors import EditConflictError
from calcitrack.io.results.provenance import Clock
from calcitrack.io.workspace import audit
from calcitrack.io.workspace.codec import canonical, storable
from calcitrack.io.workspace.database import Database
from calcitrack.model.display import counted

_COLUMNS = "j.position, j.reader, a.assessment_id, j.step, j.change, j.previous, j.digest, j.reading"


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One step of one reader's review of one assessment.

    Parameters
    ----------
    position
        1, 2, ... for each reader and assessment, whatever reading the step belongs to.
    reader
        Reader who made the step.
    assessment_id
        What was reviewed.
    step
        What was done, in words.
    change
        The step as JSON; `calcitrack.io.workspace.review_steps.step_of` reads it.
    previous
        `digest` of the reader's step before; empty for the first.
    digest
        SHA-256 of all of the above, and of `reading`.
    reading
        Which of the reader's readings of the assessment it belongs to (`calcitrack.model.reading.ReadingSession.reading`); empty for the
        reader's own review.
    """

    position: int
    reader: str
    assessment_id: str
    step: str
    change: str
    previous: str
    digest: str
    reading: str = ""

    @property
    def expected_digest(self) -> str:
        """The value of `digest` for an unchanged step."""
        content = [self.position, self.reader, self.assessment_id, self.step, self.change, self.previous, *([self.reading] if self.reading else [])]
        return hashlib.sha256(canonical(content)).hexdigest()


def append(database: Database, clock: Clock, assessment: int, entry: JournalEntry) -> JournalEntry:
    """Add a step, inside a transaction.

    Parameters
    ----------
    assessment
        Its row.
    entry
        Its `position` is one more than the last one known to the caller; `previous` and `digest` are computed here.

    Raises
    ------
    EditConflictError
        The same reader has continued the same assessment elsewhere.
    """
    last = database.row(
        "SELECT position, digest FROM journal WHERE assessment = ? AND reader = ? ORDER BY position DESC LIMIT 1", assessment, storable(entry.reader)
    )
    position, previous = last or (0, "")
    if entry.position != position + 1:
        raise EditConflictError(
            f"assessment {entry.assessment_id}",
            f"{counted(position, 'step')} of {entry.reader}, who has gone on with it elsewhere after step {entry.position - 1}",
            counted(entry.position - 1, "step"),
            "close it and open it again; nothing was overwritten",
        )
    placed = replace(entry, position=position + 1, reader=storable(entry.reader), step=storable(entry.step), previous=previous, digest="")
    complete = replace(placed, digest=placed.expected_digest)
    subject = f"assessment {complete.assessment_id}"
    detail = {"step": complete.step, "position": complete.position, **({"reading": complete.reading} if complete.reading else {})}
    in_trail = audit.append(database, clock, complete.reader, audit.STEP, subject, before=previous, after=complete.digest, detail=detail)
    database.insert(
        "journal", audit_id=in_trail.number, assessment=assessment, reader=complete.reader, position=complete.position,
        step=complete.step, change=complete.change, previous=previous, digest=complete.digest, reading=complete.reading,
    )  # fmt: skip
    return complete


def entries(database: Database, assessment_id: str | None = None, reader: str | None = None) -> tuple[JournalEntry, ...]:
    """Steps in order; optionally only those of one assessment or one reader."""
    rows = database.rows(
        f"""SELECT {_COLUMNS} FROM journal j JOIN assessments a ON a.id = j.assessment
        WHERE (? IS NULL OR a.assessment_id = ?) AND (? IS NULL OR j.reader = ?) ORDER BY j.id""",  # noqa: S608 names of ours
        *(assessment_id, assessment_id, reader, None if reader is None else storable(reader)),
    )
    return tuple(JournalEntry(*row) for row in rows)


def problems(database: Database) -> Iterator[str]:
    """Find steps that were changed, removed or inserted later."""
    trail_digests = {(a, r, p): after for a, r, p, after in database.rows(
        "SELECT j.assessment, j.reader, j.position, t.after FROM journal j LEFT JOIN audit t ON t.id = j.audit_id"
    )}  # fmt: skip
    entry_at = {(row[0], row[2], row[1]): JournalEntry(*row[1:]) for row in database.rows(
        f"SELECT a.id, {_COLUMNS} FROM journal j JOIN assessments a ON a.id = j.assessment ORDER BY j.id"  # noqa: S608 names of ours
    )}  # fmt: skip
    if len(trail_digests) != len(entry_at):
        yield f"{counted(len(trail_digests) - len(entry_at), 'step of reviews refers', 'steps of reviews refer')} to no assessment"
    for (row, reader, position), entry in entry_at.items():
        before = entry_at.get((row, reader, position - 1))
        if entry.previous != (before.digest if before else "") or (before is None and position != 1):
            yield f"step {position} of {reader} on assessment {entry.assessment_id} does not follow from the one before"
        if not entry.expected_digest == entry.digest == trail_digests[row, reader, position]:
            yield f"step {position} of {reader} on assessment {entry.assessment_id} was changed after it was made"
