"""Columns of the tables about change: changes, trends, responses, cohort. Part of the contract of a results folder."""

from __future__ import annotations

from calcitrack.tables.schema import Column, ColumnKind, TableSchema

YES, NO = "yes", "no"
"""Text of a truth value; an empty cell where it is unknown."""


def _text(name: str, meaning: str) -> Column:
    return Column(name, ColumnKind.TEXT, meaning)


def _count(name: str, meaning: str) -> Column:
    return Column(name, ColumnKind.INTEGER, meaning)


def _number(name: str, meaning: str, unit: str = "1", decimals: int = 4) -> Column:
    return Column(name, ColumnKind.NUMBER, meaning, unit, decimals)


def _estimate(name: str, meaning: str, unit: str = "1", decimals: int = 4) -> tuple[Column, ...]:
    return (
        _number(name, meaning, unit, decimals),
        _number(f"{name}_low", f"Lower end of its 95 % interval: `{name}`.", unit, decimals),
        _number(f"{name}_high", f"Upper end of its 95 % interval: `{name}`.", unit, decimals),
    )


_KEY = (
    _text("patient_id", "Patient ID of the timeline, as in the file or the manifest."),
    _text("body_part", "Body part of the timeline; empty when nothing states it."),
    _text("laterality", "`L`, `R`, `B` or empty when nothing states it."),
    _text("view", "View position, such as `PA`; empty when nothing states it."),
)
_ASSESSMENT = _text("assessment_id", "The assessment, as in the other tables.")
_SUBJECT = _text("subject", "`total`: all deposits of the timeline; `deposit`: one of them, or in a mixed model all of them one by one.")
_DEPOSIT = _text("deposit_id", "The deposit; the first of a family that merged or split, for the sum of the family; empty otherwise.")
_MEASURAND = _text(
    "measurand",
    "`ha_mass_mg`, `area_mm2`, `volume_mm3` or `deposit_count`; in changes.csv and trends.csv, and in responses.csv where the verdict rests on it, "
    "also, of all images together, `ha_mass_joint_mg`, `contrast_joint_mm2` or `area_joint_mm2`.",
)
_SOURCE = _text(
    "sdc_source",
    "Where the repeatability comes from: `own_repeats` (exposures of one day of at least eight comparable patients of this run), `phantom_profile`, "
    "or `covariance` (of values that were measured together).",
)
_PATIENTS = _text("sdc_patients", "Patients whose own repeats it rests on, this one included where it is one of them; empty where none does.")
_REASON = _text("reason", "Why cells that could be filled are empty.")

CHANGES = TableSchema(
    "changes",
    "one change of one measurand",
    (
        *_KEY,
        _SUBJECT,
        _DEPOSIT,
        _MEASURAND,
        _text("unit", "Unit of `earlier`, `later` and `absolute`, UCUM."),
        _text("since", "`baseline`: the first time point at which it is known; `previous`: the one before, from the third on."),
        _count("from_time_point", "Time point of `earlier`."),
        _count("to_time_point", "Time point of `later`."),
        _count("interval_days", "Days between the two."),
        _number("earlier", "Value at the earlier time point, over what both time points show.", "{see unit}"),
        _number("later", "Value at the later time point, over what both time points show.", "{see unit}"),
        *_estimate("absolute", "Later minus earlier.", "{see unit}"),
        _number(
            "absolute_sd",
            "Its standard uncertainty: the width of the 95 % interval over 3.92, before the interval is cut off where nothing is left.",
            "{see unit}",
        ),
        *_estimate("relative", "Later over earlier, minus 1."),
        *_estimate("annual", "The same per year, at a constant rate; not from intervals under 60 days."),
        _number("sdc_down", "Smallest detectable relative change downwards, negative."),
        _number("sdc_up", "Smallest detectable relative change upwards."),
        _text("exceeds_sdc", "`yes` where the change is beyond the smallest detectable one, else `no`."),
        _SOURCE,
        _count("sdc_repeats", "Repeated measurements that the repeatability rests on."),
        _REASON,
        _ASSESSMENT,
        _number("compared_fraction", "Share of the deposits' area that both time points show, and that the change is about."),
        _text("left_out", "What was left out of both values, because one of the time points does not show it."),
        _PATIENTS,
        _text("note", "What to know of the interval: it ends where nothing of the earlier value is left, since a burden cannot fall below nothing."),
    ),
)
"""Contract of ``changes.csv``."""

TRENDS = TableSchema(
    "trends",
    "one rate of change",
    (
        *_KEY,
        _SUBJECT,
        _MEASURAND,
        _text("headline", "`yes` on the row that the verdict of the summary rests on."),
        _text("method", "`robust line` through the visits, or `mixed model` over the deposits."),
        _text("part", "`all` visits; `before` and `after` a treatment's start or a bend of the visits; `difference` is after minus before."),
        _text("treatment", "The treatment whose start it is about; empty for `all`."),
        Column("treatment_start", ColumnKind.DATE, "Its first day."),
        Column("bend", ColumnKind.DATE, "The visit at which the line bends, where the visits themselves say so and no treatment does."),
        _count("n_time_points", "Time points that took part, on this side of the start."),
        Column("first_date", ColumnKind.DATE, "First visit of the line."),
        Column("last_date", ColumnKind.DATE, "Last visit of the line."),
        *_estimate("slope", "Slope of the natural logarithm per year.", "/a"),
        *_estimate("annual", "The same as a relative change per year; for `difference`, the ratio of the yearly growth factors, minus 1."),
        _number("level", "Burden on the line at the last visit, in the measurand's unit.", "{see measurand}"),
        *_estimate("rate", "The slope as a change per year in the measurand's unit, from `level` on.", "{see measurand}"),
        _number("p_growing", "Probability that the slope is above zero, be it little."),
        _number("p_above_margin", "Probability that it lies above the margin: with the next two it sums to one."),
        _number("p_within_margin", "Probability that it lies within the margin, to either side."),
        _number("p_below_margin", "Probability that it lies below the margin."),
        _number("margin", "Slope to either side that counts as standing still.", "/a"),
        _number("margin_rate", "The same upwards, as a change per year in the measurand's unit, from `level` on.", "{see measurand}"),
        _text("verdict", "`progressing`, `halted`, `regressing` or `undetermined`."),
        _number("probability", "Probability of the verdict; of the likeliest one where it is undetermined."),
        *_estimate("doubling_days", "Days in which the burden doubles; empty where the slope may be zero.", "d", 0),
        *_estimate("halving_days", "Days in which it halves; empty where the slope may be zero.", "d", 0),
        _number("process_sd", "How far visits scatter about the line beyond what repeats explain, natural logarithm."),
        _number("p_fit", "Probability of at least such scatter about the line, were the line right; below 0.05 it does not fit."),
        _count("more_visits", "Visits that would settle an undetermined verdict four times of five; at least as many where `settled_by` is empty."),
        Column("settled_by", ColumnKind.DATE, "Day of the last of them, at the patient's own interval between visits."),
        _count("suspect_time_point", "The visit that most likely does not fit the others."),
        _SOURCE,
        _text("note", "How zeros were handled, what else was started between the visits, and which visits took no part."),
        _REASON,
        _ASSESSMENT,
        _number("compared_fraction", "Share of the deposits' area that all its visits show, and that the line is about."),
        _PATIENTS,
    ),
)
"""Contract of ``trends.csv``."""

RESPONSES = TableSchema(
    "responses",
    "one response rule and measurand of a timeline",
    (
        *_KEY,
        _MEASURAND,
        _text("rule", "`sctc_25`, `volume_35_55`, `recist_volume`, or your own."),
        _text("best", "Best category after baseline: `complete`, `improved`, `stable` or `progressed`."),
        _text("last", "Category at the last visit that can be compared with the first; `reason` names later ones."),
        _number("best_change", "Lowest relative change from baseline."),
        _number("last_change", "Relative change from baseline at that visit."),
        _text("progressed", "`yes` where a visit counts as progression, else `no`."),
        _count("days_to_progression", "Days from baseline to the first visit that counts as progression; to the last visit where none does."),
        _REASON,
        _ASSESSMENT,
        _PATIENTS,
    ),
)
"""Contract of ``responses.csv``."""

COHORT = TableSchema(
    "cohort",
    "one number or one point of a figure about a group of timelines",
    (
        _text("group", "`all`, or timelines in which a treatment was started: its name. Its baseline is the last visit before the start."),
        _MEASURAND,
        _text("kind", "`waterfall`, `spaghetti`, `progression` or `response_mean`."),
        _count("order", "Place in the figure: rank in a waterfall, time point in a spaghetti plot, step of a curve; 1 is the first."),
        _text("patient_id", "The patient, in `waterfall` and `spaghetti`."),
        _text("assessment_id", "The timeline, in `waterfall` and `spaghetti`."),
        _count("days", "Days since the first visit, or since the start of the treatment, in `spaghetti` and `progression`."),
        *_estimate(
            "value",
            "`waterfall`: relative change from baseline to the last visit. `spaghetti`: burden over that of baseline. `progression`: cumulative "
            "probability of progression (Kaplan-Meier). `response_mean`: standardised response mean of the logarithm.",
        ),
        _count("at_risk", "Timelines at risk (`progression`) or taking part (`response_mean`)."),
    ),
)
"""Contract of ``cohort.csv``."""

JUDGED = (CHANGES, TRENDS, RESPONSES, COHORT)
"""Tables about change."""
