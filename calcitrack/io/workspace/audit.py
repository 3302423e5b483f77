"""The audit trail: one entry for every change, each with a digest that chains it to the one before."""

from __future__ import annotations

import getpass
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from calcitrack.io.results.provenance import Clock
from calcitrack.io.workspace.codec import Json, canonical, dumps, storable
from calcitrack.io.workspace.database import Database

CREATED = "workspace created"
MIGRATED = "schema brought up to date"
RUN_STARTED = "run started"
RUN_FINISHED = "run finished"
RECORDED = "assessment recorded"
REPEATED = "assessment found again"
FAILED = "timeline failed"
EDITED = "segmentation edited"
REVIEWED = "reviewed"
STEP = "step of a review"
SESSION_STARTED = "reading session started"
CASE_BEGUN = "case begun"
CASE_DONE = "case done"
CORRECTED = "film corrected"
REVISED = "assessment revised"

_COLUMNS = "id, at, who, what, subject, before, after, detail, previous, digest"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change.

    Parameters
    ----------
    number
        1, 2, ... without a gap.
    at
        UTC, ISO 8601.
    who
        The reader, or the account that ran the program.
    what
        Description of the action.
    subject
        Object of the action: an image, a timeline, an assessment, a run.
    before, after
        SHA-256 of the content before and after; empty where there was none.
    detail
        JSON with further details.
    previous
        `digest` of the entry before; empty for the first.
    digest
        SHA-256 of all of the above.
    """

    number: int
    at: str
    who: str
    what: str
    subject: str
    before: str
    after: str
    detail: str
    previous: str
    digest: str

    @property
    def expected_digest(self) -> str:
        """The value of `digest` for an unchanged entry."""
        content = [self.number, self.at, self.who, self.what, self.subject, self.before, self.after, self.detail, self.previous]
        return hashlib.sha256(canonical(content)).hexdigest()


def account() -> str:
    """Name of the account that runs the program; ``unknown`` where the system states none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may run under a number without a name
        return "unknown"


def append(
    database: Database, clock: Clock, who: str, what: str, subject: str, *, before: str = "", after: str = "", detail: Json | None = None
) -> AuditEntry:
    """Add an entry, inside the transaction that holds the write lock and makes the recorded change."""
    last = database.row("SELECT id, digest FROM audit ORDER BY id DESC LIMIT 1") or (0, "")
    at = clock().isoformat(timespec="milliseconds")
    entry = AuditEntry(last[0] + 1, at, storable(who), what, storable(subject), before, after, dumps(detail or {}), last[1], "")
    database.insert(
        "audit",
        id=entry.number,
        at=entry.at,
        who=entry.who,
        what=entry.what,
        subject=entry.subject,
        before=entry.before,
        after=entry.after,
        detail=entry.detail,
        previous=entry.previous,
        digest=entry.expected_digest,
    )
    return replace(entry, digest=entry.expected_digest)


def entries(database: Database, *, subject: str | None = None, who: str | None = None) -> tuple[AuditEntry, ...]:
    """Entries in order; optionally only those of one subject or by one person."""
    wanted = "WHERE (? IS NULL OR subject = ?) AND (? IS NULL OR who = ?)"
    return tuple(AuditEntry(*row) for row in database.rows(f"SELECT {_COLUMNS} FROM audit {wanted} ORDER BY id", subject, subject, who, who))  # noqa: S608 names of ours


def chain_problems(database: Database) -> Iterator[str]:
    """Find entries that were changed, removed or inserted later."""
    number, digest = 0, ""
    for entry in entries(database):
        if entry.number != number + 1:
            yield f"entry {number + 1} of the audit trail is missing"
        if entry.previous != digest:
            yield f"entry {entry.number} of the audit trail does not follow from the one before"
        if entry.digest != entry.expected_digest:
            yield f"entry {entry.number} of the audit trail was changed"
        number, digest = entry.number, entry.digest
