"""Columns of the tables of a reader study: each reader's results on each film, and the agreement of readings."""

from __future__ import annotations

from calcitrack.tables.schema import Column, ColumnKind, TableSchema

READINGS = TableSchema(
    "readings",
    "one film as one reader read it once",
    (
        Column("patient_id", ColumnKind.TEXT, "Patient ID of the timeline, which a blinded reader did not see."),
        Column("body_part", ColumnKind.TEXT, "Body part of the timeline; empty when nothing states it."),
        Column("laterality", ColumnKind.TEXT, "`L`, `R`, `B` or empty when nothing states it."),
        Column("view", ColumnKind.TEXT, "View position, such as `PA`; empty when nothing states it."),
        Column("assessment_id", ColumnKind.TEXT, "The assessment that was read, as in the tables of results."),
        Column("image", ColumnKind.TEXT, "SOP Instance UID of the film, or its path where it has none."),
        Column("time_point", ColumnKind.INTEGER, "Number of the time point in its timeline; 1 is the baseline."),
        Column("repeat", ColumnKind.INTEGER, "0 for the first exposure of that day, 1 for its first repeat, and so on."),
        Column("reader", ColumnKind.TEXT, "Who read it."),
        Column("session", ColumnKind.INTEGER, "Number of the session in the workspace."),
        Column("condition", ColumnKind.TEXT, "Whether it was blinded, and which outlines were shown; only like conditions are compared."),
        Column("case", ColumnKind.INTEGER, "Place of the case in its session."),
        Column("repeat_of", ColumnKind.INTEGER, "Case of the same session that this one showed again; empty for the first time."),
        Column("done_at", ColumnKind.TEXT, "When the case was done: UTC, ISO 8601."),
        Column("deposit_count", ColumnKind.NUMBER, "Deposits that the reader did not reject.", "1", 0),
        Column("area_mm2", ColumnKind.NUMBER, "Their total area; empty when not measurable.", "mm2", 4),
        Column("ha_mass_mg", ColumnKind.NUMBER, "Their total hydroxyapatite; empty when not measurable.", "mg", 4),
        Column("not_measurable", ColumnKind.TEXT, "Why a total is empty."),
    ),
)
"""Described in `docs/reference/workspace.md`."""

AGREEMENT = TableSchema(
    "agreement",
    "one total in one comparison of readings",
    (
        Column("kind", ColumnKind.TEXT, "`intra-reader`: cases that were shown again; `inter-reader`: each reader's first reading of a film."),
        Column("readers", ColumnKind.TEXT, "Whose readings are compared."),
        Column("condition", ColumnKind.TEXT, "As in readings.csv; the same for all readings of a row."),
        Column("measurand", ColumnKind.TEXT, "`deposit_count`, `area_mm2` or `ha_mass_mg`."),
        Column("films", ColumnKind.INTEGER, "Films that have every reading. Several films of one patient count as several."),
        Column("patients", ColumnKind.INTEGER, "Patients whose films they are."),
        Column("mean", ColumnKind.NUMBER, "Mean of all readings, in the unit of the measurand.", "", 4),
        Column("icc", ColumnKind.NUMBER, "Intraclass correlation ICC(2,1): absolute agreement of single readings.", "1", 4),
        Column("icc_low", ColumnKind.NUMBER, "Lower end of its 95 % interval.", "1", 4),
        Column("icc_high", ColumnKind.NUMBER, "Upper end of its 95 % interval.", "1", 4),
        Column("wcv", ColumnKind.NUMBER, "Within-film coefficient of variation, from logarithms; empty where a reading is zero.", "1", 4),
        Column("sem", ColumnKind.NUMBER, "Within-film standard deviation, in the unit of the measurand.", "", 4),
        Column("sdc", ColumnKind.NUMBER, "Smallest detectable difference of two readings, 1.96 √2 sem.", "", 4),
        Column(
            "bias", ColumnKind.NUMBER, "Mean difference, second reading or reader minus the first; of two readings and three films or more.", "", 4
        ),
        Column("limit_low", ColumnKind.NUMBER, "Lower 95 % limit of agreement.", "", 4),
        Column("limit_high", ColumnKind.NUMBER, "Upper 95 % limit of agreement.", "", 4),
        Column("notes", ColumnKind.TEXT, "Why a figure is empty, or how many films were left out."),
    ),
)
"""Described in `docs/reference/workspace.md`."""
