"""Readers' reviews as rows of ``reviews.csv``, an additional table of a results folder that a workspace exports."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from calcitrack.model.review import MadeReview
from calcitrack.tables.cells import Row
from calcitrack.tables.changes_schema import NO, YES
from calcitrack.tables.schema import Column, ColumnKind, TableSchema

REVIEWS = TableSchema(
    "reviews",
    "one review that counts",
    (
        Column("patient_id", ColumnKind.TEXT, "Patient ID of the timeline, as in the file or the manifest."),
        Column("body_part", ColumnKind.TEXT, "Body part of the timeline; empty when nothing states it."),
        Column("laterality", ColumnKind.TEXT, "`L`, `R`, `B` or empty when nothing states it."),
        Column("view", ColumnKind.TEXT, "View position, such as `PA`; empty when nothing states it."),
        Column("assessment_id", ColumnKind.TEXT, "The assessment that the reader looked at, as in the other tables."),
        Column("in_these_results", ColumnKind.TEXT, "`yes` where that assessment is in this folder; `no` where another one took its place since."),
        Column("reader", ColumnKind.TEXT, "Who says it."),
        Column("reviewed_at", ColumnKind.TEXT, "When: UTC, ISO 8601."),
        Column("kind", ColumnKind.TEXT, "`accept`, `reject`, `fate`, `pattern` or `comment`."),
        Column("deposit_id", ColumnKind.TEXT, "The deposit; empty for the whole."),
        Column("image", ColumnKind.TEXT, "SOP Instance UID of the image, or its path where it has none; empty for all images."),
        Column("time_point", ColumnKind.INTEGER, "The time point that a fate is about; empty for the other kinds."),
        Column("value", ColumnKind.TEXT, "A fate, or the name of a pattern; empty for the other kinds."),
        Column("comment", ColumnKind.TEXT, "The reader's own words."),
    ),
)
"""Part of the contract of a results folder, described in `docs/reference/workspace.md`."""


def made_review_rows(reviews: Iterable[MadeReview], assessments: Container[str]) -> Iterator[Row]:
    """One row per review, in order.

    Parameters
    ----------
    assessments
        Ids of those in the results folder.
    """
    for entry in reviews:
        key, review = entry.key, entry.review
        yield {
            "patient_id": key.patient_id,
            "body_part": key.body_part,
            "laterality": key.laterality,
            "view": key.view,
            "assessment_id": review.assessment_id,
            "in_these_results": YES if review.assessment_id in assessments else NO,
            "reader": review.reader,
            "reviewed_at": entry.at,
            "kind": review.kind.value,
            "deposit_id": review.deposit_id,
            "image": review.image,
            "time_point": review.time_point,
            "value": review.value,
            "comment": review.comment,
        }
