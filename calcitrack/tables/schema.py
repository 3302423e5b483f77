"""The columns of every table calcitrack writes: name, type, unit, meaning. This is the contract of a results folder.

`docs/reference/results.md` says the same in words; a test keeps the two in step, both ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SCHEMA_VERSION = 1
"""Version of the results contract; it grows by one when a column is renamed, removed or changes its meaning. New columns go to the end."""

LIST_SEPARATOR = "; "
"""Between the items of a cell that holds several."""


class ColumnKind(StrEnum):
    """Type of a cell. An empty cell is an empty text, or a value that is not measurable, not stated or not applicable."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Parameters
    ----------
    name
        Name in the file.
    kind
        Text, integer, number or date (ISO 8601, year-month-day).
    meaning
        One sentence.
    unit
        UCUM code; empty for text, dates and counts, ``1`` for a pure number.
    decimals
        Digits kept behind the point on export, for numbers.
    measurand
        True when an empty cell has a row in ``not_measurable.csv`` that says why.
    """

    name: str
    kind: ColumnKind
    meaning: str
    unit: str = ""
    decimals: int = 0
    measurand: bool = False


@dataclass(frozen=True, slots=True)
class TableSchema:
    """One table: its file name without ending, the meaning of a row, and its columns in order."""

    name: str
    row: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(c.name for c in self.columns)

    @property
    def measurands(self) -> tuple[str, ...]:
        """Names of the columns whose empty cells are explained in ``not_measurable.csv``."""
        return tuple(c.name for c in self.columns if c.measurand)


def _text(name: str, meaning: str) -> Column:
    return Column(name, ColumnKind.TEXT, meaning)


def _count(name: str, meaning: str) -> Column:
    return Column(name, ColumnKind.INTEGER, meaning)


def _date(name: str, meaning: str) -> Column:
    return Column(name, ColumnKind.DATE, meaning)


def _value(name: str, unit: str, decimals: int, meaning: str, *, measurand: bool = True) -> Column:
    return Column(name, ColumnKind.NUMBER, meaning, unit, decimals, measurand)


# Digits kept: a tenth or less of what one pixel (about 0.01 mm2) or the noise of a 1 mm deposit (about 0.01 mg, 0.006 mm3 Al) contributes.
_AREA, _LENGTH, _MASS, _ALUMINIUM, _VOLUME, _CONTRAST, _POSITION, _RATIO = 4, 3, 4, 4, 4, 5, 2, 4
_OWN = 12
"""Digits kept of a measurand of the user's own: its unit may be any, so that nothing is rounded that could matter."""
_AL = "aluminium equivalent (mm Al times mm2), read off the step wedge in the picture"

_PATIENT = _text("patient_id", "Patient ID of the timeline, as in the file or the manifest.")
_PART = _text("body_part", "Body part of the timeline; empty when nothing states it.")
_SIDE = _text("laterality", "`L`, `R`, `B` or empty when nothing states it.")
_VIEW = _text("view", "View position, such as `PA`; empty when nothing states it.")
_TIME_POINT = _count("time_point", "Number of the time point in its timeline; 1 is the baseline.")
_DEPOSIT_ID = _text("deposit_id", "Identity of the deposit over the whole timeline: `D001`, ...")
_REPEAT = _count("repeat", "0 for the first exposure of that day, 1 for its first repeat, and so on.")
_STUDY = _text("study_instance_uid", "DICOM Study Instance UID; empty for a PNG, JPEG or TIFF.")
_SERIES = _text("series_instance_uid", "DICOM Series Instance UID; empty for a PNG, JPEG or TIFF.")
_SOP = _text("sop_instance_uid", "SOP Instance UID of the image; empty when the file has none.")
_TIER = _text("calibration_tier", "A, B or C: how far the pixel values are trusted as attenuation.")
_BASIS = _text(
    "spacing_basis",
    "Plane in which a millimetre holds: `fiducial`, `magnification_corrected`, `detector`, `patient` (a scan), `unspecified`, or `pixels` (no size"
    " stated).",
)
_ASSESSMENT = _text(
    "assessment_id", "Digest of the inputs, the parameters and the program's version; the same on every run, and the key into `provenance.json`."
)

DEPOSITS = TableSchema(
    "deposits",
    "one deposit on one image that outlines it, or shows its place and was measured together with others",
    (
        _PATIENT,
        _date("study_date", "Date of the study; the day of the exposure when the study states none."),
        _STUDY,
        _SERIES,
        _SOP,
        _text("modality", "DICOM modality of the image."),
        _PART,
        _SIDE,
        _VIEW,
        _TIME_POINT,
        _REPEAT,
        _DEPOSIT_ID,
        _text("status", "Its fate as defined under events.csv; empty at a time point before the first that shows it."),
        _value("area_mm2", "mm2", _AREA, "Area of the deposit's shadow, in the plane of `spacing_basis`."),
        _value("feret_mm", "mm", _LENGTH, "Largest distance between two points of the outline."),
        _value("ha_mass_mg", "mg", _MASS, "Mass of hydroxyapatite."),
        _value("ha_mass_mg_sd", "mg", _MASS, "Standard uncertainty of `ha_mass_mg`."),
        _value("volume_mm3", "mm3", _VOLUME, "Volume by the model named in `volume_model`: an estimate."),
        _value("volume_mm3_sd", "mm3", _VOLUME, "Standard uncertainty of `volume_mm3`."),
        _text("volume_model", "The model or assumption that the volume rests on."),
        _value("contrast_mean", "1", _CONTRAST, "Mean attenuation contrast (natural logarithm) against the local background."),
        _value("contrast_integral_mm2", "mm2", _CONTRAST, "Attenuation contrast integrated over the area."),
        _value("centroid_row", "{pixel}", _POSITION, "Row of the centroid, counted from 0 at the centre of the first pixel.", measurand=False),
        _value("centroid_col", "{pixel}", _POSITION, "Column of the centroid, counted from 0 at the centre of the first pixel.", measurand=False),
        _value("over_bone_fraction", "1", _RATIO, "Fraction of the deposit's shadow that lies over bone."),
        _value("confidence", "1", _RATIO, "Estimated probability that the deposit is real.", measurand=False),
        _TIER,
        _BASIS,
        _ASSESSMENT,
        _value("area_px", "{pixel}", 1, "Area in pixels: measurable also where no size is stated."),
        _value(
            "relative_brightness",
            "1",
            _CONTRAST,
            "Mean contrast of the deposit over that of the same film's cortical bone (90th percentile of all bone) against soft tissue; on any tier.",
        ),
        _value("al_equivalent_mm3", "mm3", _ALUMINIUM, f"The {_AL}; `ha_mass_mg` follows from it."),
        _value("al_equivalent_mm3_sd", "mm3", _ALUMINIUM, "Standard uncertainty of `al_equivalent_mm3`."),
        _value("area_mm2_sd", "mm2", _AREA, "Standard uncertainty of `area_mm2`: of where the outline lies, and of what it may leave out."),
        _text(
            "evidence",
            "`own`: the image itself shows the deposit. `other_exposures`: it shows it too weakly, and another exposure of the timeline surely shows"
            " a deposit at its place.",
        ),
        _value(
            "ha_mass_joint_mg", "mg", _MASS, "Mass of hydroxyapatite, measured on all images together; of a family that merged or split, a share."
        ),
        _value("ha_mass_joint_sd_mg", "mg", _MASS, "Standard uncertainty of `ha_mass_joint_mg` by itself: in a change, what images share cancels."),
        _value("contrast_joint_mm2", "mm2", _CONTRAST, "Contrast over that of the film's bone, summed over the common region; of a family, a share."),
        _value("area_joint_mm2", "mm2", _AREA, "Area above the contrast threshold that all images have in common; of a family, a share."),
        _value("joint_region_mm2", "mm2", _AREA, "Area of the region of the deposit, or of its family, on all images together.", measurand=False),
        _count("joint_images", "Images that were measured together; 0 where this film was measured alone."),
        _text("outlined_here", "`yes` where the image outlines the deposit; `no` where only its place was measured, together with other images."),
        _text("joint_reason", "Why the film was measured alone, wholly or in mass or contrast, or that the deposit may be bone; else empty."),
    ),
)
"""Contract of ``deposits.csv``."""


def _total(name: str, unit: str, decimals: int, what: str) -> tuple[Column, Column]:
    return (
        _value(name, unit, decimals, f"{what}, summed over the deposits, mean over the exposures of the time point."),
        _value(f"{name}_sd", unit, decimals, f"Standard uncertainty of `{name}`."),
    )


def _joint_total(stem: str, unit: str, decimals: int, what: str) -> tuple[Column, Column]:
    return (
        _value(f"{stem}_{unit}", unit, decimals, f"{what}, summed over the deposits, mean over the exposures of the time point that have one."),
        _value(f"{stem}_sd_{unit}", unit, decimals, f"Standard uncertainty of `{stem}_{unit}` by itself; changes.csv has that of a change."),
    )


def _changes(stem: str, unit: str, decimals: int) -> tuple[Column, ...]:
    columns: list[Column] = []
    for since, words in (("baseline", "the first time point"), ("previous", "the previous time point")):
        columns += [
            _value(f"{stem}_change_from_{since}_{unit}", unit, decimals, f"Total minus the total of {words}, over what both show."),
            _value(f"{stem}_relative_change_from_{since}", "1", _RATIO, f"Total over the total of {words}, minus 1, over what both show."),
        ]
    return tuple(columns)


TIMELINE = TableSchema(
    "timeline",
    "one time point of one timeline",
    (
        _PATIENT,
        _PART,
        _SIDE,
        _VIEW,
        _text("modality", "`DX` for DX and CR alike, which are compared over time."),
        _TIME_POINT,
        _date("date", "Day of the exposures; empty when no image states one."),
        _count("days_from_baseline", "Days since the first time point; empty without dates."),
        _count("n_exposures", "Exposures of that day that were measured."),
        _count("n_failed", "Exposures of that day that could not be read."),
        _count("deposit_count", "Deposits seen on at least one exposure; empty when none could be read."),
        *_total("area_mm2", "mm2", _AREA, "Area"),
        *_total("area_px", "{pixel}", 1, "Area in pixels"),
        *_total("ha_mass_mg", "mg", _MASS, "Mass of hydroxyapatite"),
        *_total("contrast_integral_mm2", "mm2", _CONTRAST, "Integrated attenuation contrast"),
        *_changes("area", "mm2", _AREA),
        *_changes("ha_mass", "mg", _MASS),
        _count("n_baseline", "Deposits of the first time point of which an image could be read; 0 later."),
        _count(
            "n_new",
            "Deposits seen for the first time, which an earlier time point shows to be absent: no outline, no value of all images together.",
        ),
        _count("n_persistent", "Deposits seen now and earlier."),
        _count("n_resolved", "Deposits seen before and gone now: no outline, and no value of all images together."),
        _count(
            "n_not_evaluable",
            "Deposits whose place is outside the picture or not aligned, now or, when they are first seen, at all earlier time points.",
        ),
        _text("resolved_ids", "The deposits counted in `n_resolved`."),
        _text("calibration_tiers", "Calibration tiers of the exposures."),
        _text("spacing_bases", "Spacing bases of the exposures."),
        _text("findings", "What a reader should know about the exposures of this time point; on the first time point, about the timeline as well."),
        _ASSESSMENT,
        *_total("al_equivalent_mm3", "mm3", _ALUMINIUM, f"The {_AL}"),
        *_changes("al_equivalent", "mm3", _ALUMINIUM),
        *_total("volume_mm3", "mm3", _VOLUME, "Volume by the models named in `deposits.csv`: an estimate"),
        _count("n_merged", "Deposits seen before, whose place another one covers now that was beside them."),
        _count("n_split", "Deposits seen now, whose place another one covered before that is beside them now."),
        _count("n_reappeared", "Deposits seen now again, after they had resolved or merged."),
        _value(
            "evaluable_fraction",
            "1",
            _RATIO,
            "Share of the timeline's deposits, by their mean area, that this time point shows whole, or whose place it shows, where the registration"
            " can be relied on. Empty when no exposure could be read.",
            measurand=False,
        ),
        *(
            _value(
                f"compared_fraction_from_{since}",
                "1",
                _RATIO,
                f"Share of the deposits' area that this and {words} both show, at the one where it is less: the changes are about it. Empty where"
                " nothing is compared.",
                measurand=False,
            )
            for since, words in (("baseline", "the first time point"), ("previous", "the previous time point"))
        ),
        _text("not_compared", "What the changes from the first time point leave out, or why there are none."),
        *_joint_total("ha_mass_joint", "mg", _MASS, "Mass of hydroxyapatite, measured on all images together"),
        *_joint_total("contrast_joint", "mm2", _CONTRAST, "Contrast over that of each film's bone, measured on all images together"),
        *_joint_total("area_joint", "mm2", _AREA, "Area above the contrast threshold that all images have in common"),
        _count("n_not_outlined", "Deposits seen before and not outlined now, whose value of all images together does not show that they are gone."),
        _count("n_first_outlined", "Deposits outlined for the first time, whose values of all images together do not show that they are new."),
    ),
)
"""Contract of ``timeline.csv``."""

IMAGES = TableSchema(
    "images",
    "one input file",
    (
        _text("path", "The file as it was handed over; `archive.zip!member` inside an archive."),
        _text("status", "`read` and measured, `skipped`, or `failed`."),
        _text("reason", "Why it was skipped or failed."),
        _PATIENT,
        _STUDY,
        _SERIES,
        _SOP,
        _text("modality", "DICOM modality."),
        _PART,
        _SIDE,
        _VIEW,
        _TIME_POINT,
        _REPEAT,
        _TIER,
        _text("calibration_reason", "Why this tier."),
        _BASIS,
        _value("row_spacing_mm", "mm", 6, "Distance between rows; empty when nothing states it.", measurand=False),
        _value("column_spacing_mm", "mm", 6, "Distance between columns; empty when nothing states it.", measurand=False),
        _text("spacing_source", "The attribute or file that states the spacing."),
        _count("deposit_count", "Deposits found on the image."),
        _value("area_mm2", "mm2", _AREA, "Total area of the deposits."),
        _value("area_px", "{pixel}", 1, "Total area of the deposits in pixels."),
        _value("ha_mass_mg", "mg", _MASS, "Total mass of hydroxyapatite."),
        _value("ha_mass_mg_sd", "mg", _MASS, "Standard uncertainty of `ha_mass_mg`."),
        _value("contrast_integral_mm2", "mm2", _CONTRAST, "Total integrated attenuation contrast."),
        _text("findings", "What was missing, assumed, repaired or ignored, and outputs that could not be written."),
        _ASSESSMENT,
        _text("ha_mass_model", "What the mass rests on, and what was assumed for it; empty where there is none."),
        _value("al_equivalent_mm3", "mm3", _ALUMINIUM, f"Total {_AL}."),
        _value("al_equivalent_mm3_sd", "mm3", _ALUMINIUM, "Standard uncertainty of `al_equivalent_mm3`."),
        _value(
            "area_mm2_sd",
            "mm2",
            _AREA,
            "Standard uncertainty of `area_mm2`: of where the outlines lie, all too wide or too narrow together, and of what each may leave out.",
        ),
        _value("volume_mm3", "mm3", _VOLUME, "Total volume by the models named in `deposits.csv`: an estimate."),
        _value("volume_mm3_sd", "mm3", _VOLUME, "Standard uncertainty of `volume_mm3`."),
        _count("possible_count", "Possible deposits on the image: too unsure to be counted, listed in `possible.csv`."),
    ),
)
"""Contract of ``images.csv``."""

POSSIBLE = TableSchema(
    "possible",
    "one possible deposit on one image",
    (
        _PATIENT,
        _PART,
        _SIDE,
        _VIEW,
        _TIME_POINT,
        _REPEAT,
        _date("date", "Date of the study; the day of the exposure when the study states none."),
        _SOP,
        _text("path", "The file as it was handed over; `archive.zip!member` inside an archive."),
        _count("number", "Its number on this image: 1 is called `P1` on pictures. It holds for no other image."),
        _value("centroid_row", "{pixel}", _POSITION, "Row of the centroid, counted from 0 at the centre of the first pixel.", measurand=False),
        _value("centroid_col", "{pixel}", _POSITION, "Column of the centroid, counted from 0 at the centre of the first pixel.", measurand=False),
        _value("area_mm2", "mm2", _AREA, "Area of its shadow; empty where no size of a pixel is stated.", measurand=False),
        _value("area_px", "{pixel}", 1, "Area in pixels.", measurand=False),
        _value("confidence", "1", _RATIO, "Estimated probability that it is real.", measurand=False),
        _ASSESSMENT,
    ),
)
"""Contract of ``possible.csv``."""

EVENTS = TableSchema(
    "events",
    "one deposit and time point",
    (
        _PATIENT,
        _PART,
        _SIDE,
        _VIEW,
        _DEPOSIT_ID,
        _TIME_POINT,
        _date("date", "Day of the exposures; empty when no image states one."),
        _text("fate", "What became of it: one of the words below."),
        _text("partners", "The deposits that it merged with, or split from, at this time point: on the rows of all of them."),
        _text(
            "evidence", "`own` where an exposure shows it by itself, `other_exposures` where each shows it too weakly; empty where it is not seen."
        ),
        _ASSESSMENT,
    ),
)
"""Contract of ``events.csv``."""

NOT_MEASURABLE = TableSchema(
    "not_measurable",
    "one empty measurand cell of another table",
    (
        _PATIENT,
        _text("sop_instance_uid", "The image; empty for a row of `timeline.csv`."),
        _text("deposit_id", "The deposit; empty for totals."),
        _text("measurand", "The column whose cell is empty."),
        _text("reason", "Why it cannot be measured honestly."),
        _text("table", "The table with the empty cell: `deposits`, `images` or `timeline`."),
        _TIME_POINT,
        _count("repeat", "As in the other tables; empty for a row of `timeline.csv`."),
        _ASSESSMENT,
    ),
)
"""Contract of ``not_measurable.csv``."""

OWN_MEASURANDS = TableSchema(
    "own_measurands",
    "one value of one measurand of the user's own",
    (
        _PATIENT,
        _PART,
        _SIDE,
        _VIEW,
        _text("table", "The table beside which the value stands: `deposits`, `images` (the total of an image) or `timeline` (of a time point)."),
        _TIME_POINT,
        _count("repeat", "As in the other tables; empty for a time point."),
        _text("sop_instance_uid", "The image; empty for a time point."),
        _text("deposit_id", "The deposit; empty for totals."),
        _text("measurand", "Its name."),
        _text("unit", "Its UCUM unit."),
        _value("value", "", _OWN, "The value; empty where it is not measurable.", measurand=False),
        _value("sd", "", _OWN, "Standard uncertainty; empty where none was stated.", measurand=False),
        _text("reason", "Why there is no value."),
        _value("change_from_baseline", "", _OWN, "Of a time point: total minus the total of the first time point.", measurand=False),
        _value("change_from_previous", "", _OWN, "Of a time point: total minus the total of the previous one.", measurand=False),
        _text("definition", "What the measurand is."),
        _ASSESSMENT,
    ),
)
"""Contract of ``own_measurands.csv``, which is written where there are such values."""

SCHEMAS = (DEPOSITS, TIMELINE, EVENTS, IMAGES, POSSIBLE, NOT_MEASURABLE)
"""Tables of what was measured; `calcitrack.tables.SCHEMAS` holds those about change as well."""
