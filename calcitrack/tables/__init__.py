"""Assessments as typed tables, and the contract of their columns. pandas stops here."""

from calcitrack.tables.results import deposits_table, images_table, not_measurable_table, timeline_table
from calcitrack.tables.schema import DEPOSITS, IMAGES, NOT_MEASURABLE, SCHEMA_VERSION, SCHEMAS, TIMELINE, Column, Kind, TableSchema

__all__ = [
    "DEPOSITS",
    "IMAGES",
    "NOT_MEASURABLE",
    "SCHEMAS",
    "SCHEMA_VERSION",
    "TIMELINE",
    "Column",
    "Kind",
    "TableSchema",
    "deposits_table",
    "images_table",
    "not_measurable_table",
    "timeline_table",
]
