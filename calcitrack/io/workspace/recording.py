"""An assessment as an outcome of a run, inside a transaction: rows, audit trail, and from what it was measured."""

from __future__ import annotations

from calcitrack.io.results.provenance import Clock
from calcitrack.io.workspace import assessments, audit
from calcitrack.io.workspace.codec import Json
from calcitrack.io.workspace.database import Database
from calcitrack.io.workspace.measured import MeasuredFrom, add_measured


def record_document(
    database: Database, clock: Clock, who: str, subject: str, document: Json, digest: str, *, run: int | None, measured_from: MeasuredFrom | None
) -> None:
    """Write a document as the last outcome of its timeline, unless it is that already; parameters as for `Workspace.record`."""
    timeline = assessments.timeline_row(database, document["key"])
    row = assessments.find_assessment(database, document["assessment_id"], digest)
    last = database.row(
        "SELECT o.assessment, o.run_id, a.digest FROM outcomes o JOIN assessments a ON a.id = o.assessment WHERE o.timeline_id = ? "
        "ORDER BY o.id DESC LIMIT 1",
        timeline,
    )
    if row is not None and last is not None and (last[0], last[1]) == (row, run) and measured_from is None:
        return
    what = audit.RECORDED if row is None else audit.REPEATED
    detail: Json = {"assessment_id": document["assessment_id"], "run": run}
    if measured_from is not None:
        detail["measured_from"] = measured_from.digest
    entry = audit.append(database, clock, who, what, subject, before=last[2] if last else "", after=digest, detail=detail)
    if row is None:
        row = assessments.store(database, document, digest, timeline, entry.number)
    database.insert("outcomes", audit_id=entry.number, run_id=run, timeline_id=timeline, assessment=row, reason="", sources="[]")
    if measured_from is not None and run is not None:
        add_measured(database, entry.number, run, timeline, row, measured_from)
