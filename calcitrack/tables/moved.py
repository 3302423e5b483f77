"""What moved against the version that counted before, as rows of ``moved.csv``, an additional table of a results folder with a workspace."""

from __future__ import annotations

from collections.abc import Iterator

from calcitrack.model.moved import Moves
from calcitrack.tables.cells import Row
from calcitrack.tables.schema import Column, ColumnKind, TableSchema

MOVED = TableSchema(
    "moved",
    "one value that another version of the assessment gave otherwise",
    (
        Column("patient_id", ColumnKind.TEXT, "Patient ID of the timeline, as in the file or the manifest."),
        Column("body_part", ColumnKind.TEXT, "Body part of the timeline; empty when nothing states it."),
        Column("laterality", ColumnKind.TEXT, "`L`, `R`, `B` or empty when nothing states it."),
        Column("view", ColumnKind.TEXT, "View position, such as `PA`; empty when nothing states it."),
        Column("assessment_id", ColumnKind.TEXT, "The assessment of these results, as in the other tables."),
        Column("before_assessment_id", ColumnKind.TEXT, "The version that counted before; the workspace keeps it."),
        Column("reason", ColumnKind.TEXT, "Why values moved: which visits were added or taken away, or who changed outlines at which visits."),
        Column("deposit_id", ColumnKind.TEXT, "The deposit; empty for the total of the visit."),
        Column("measurand", ColumnKind.TEXT, "Which value: a column of timeline.csv, or of deposits.csv where a deposit is named."),
        Column("unit", ColumnKind.TEXT, "UCUM unit of the values."),
        Column("time_point", ColumnKind.INTEGER, "The visit, as these results number it."),
        Column("date", ColumnKind.DATE, "Its date; empty when unknown."),
        Column("before", ColumnKind.NUMBER, "What was said before; empty where there was no value.", decimals=4),
        Column("after", ColumnKind.NUMBER, "What is said now; empty where there is no value.", decimals=4),
        Column("difference", ColumnKind.NUMBER, "`after` - `before`; empty where one of them is.", decimals=4),
    ),
)
"""Part of the contract of a results folder, described in `docs/reference/workspace.md`."""


def moved_rows(moves: Moves) -> Iterator[Row]:
    """One row per value that moved."""
    key = moves.key
    for value in moves.values:
        yield {
            "patient_id": key.patient_id,
            "body_part": key.body_part,
            "laterality": key.laterality,
            "view": key.view,
            "assessment_id": moves.after_id,
            "before_assessment_id": moves.before_id,
            "reason": moves.reason,
            "deposit_id": value.deposit_id,
            "measurand": value.measurand,
            "unit": value.unit,
            "time_point": value.time_point,
            "date": value.date,
            "before": value.before,
            "after": value.after,
            "difference": value.difference,
        }
