"""Assessments and judgements as typed tables, with the contract of their columns. Only this package uses pandas."""

from calcitrack.tables.changes import changes_table, cohort_table, responses_table, trends_table
from calcitrack.tables.changes_schema import CHANGES, COHORT, JUDGED, RESPONSES, TRENDS
from calcitrack.tables.results import (
    deposits_table,
    events_table,
    images_table,
    not_measurable_table,
    own_measurands_table,
    possible_table,
    timeline_table,
)
from calcitrack.tables.schema import (
    DEPOSITS,
    EVENTS,
    IMAGES,
    NOT_MEASURABLE,
    OWN_MEASURANDS,
    POSSIBLE,
    SCHEMA_VERSION,
    TIMELINE,
    Column,
    ColumnKind,
    TableSchema,
)
from calcitrack.tables.schema import SCHEMAS as MEASURED

SCHEMAS = (*MEASURED, *JUDGED)
"""All tables of a results folder."""

__all__ = [
    "CHANGES",
    "COHORT",
    "DEPOSITS",
    "EVENTS",
    "IMAGES",
    "JUDGED",
    "MEASURED",
    "NOT_MEASURABLE",
    "OWN_MEASURANDS",
    "POSSIBLE",
    "RESPONSES",
    "SCHEMAS",
    "SCHEMA_VERSION",
    "TIMELINE",
    "TRENDS",
    "Column",
    "ColumnKind",
    "TableSchema",
    "changes_table",
    "cohort_table",
    "deposits_table",
    "events_table",
    "images_table",
    "not_measurable_table",
    "own_measurands_table",
    "possible_table",
    "responses_table",
    "timeline_table",
    "trends_table",
]
