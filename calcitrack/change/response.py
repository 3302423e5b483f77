"""Before and after each treatment start, and response categories."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from calcitrack.change.comparable import baseline_of, comparable
from calcitrack.change.detectable import judged_change
from calcitrack.change.fitted_line import LEAST_ON_EACH_SIDE, fitted
from calcitrack.change.precision import Precision
from calcitrack.change.trend import TrendOptions, bare_trend, joined_notes, three_parts, visits_of, years_since, zero_note
from calcitrack.errors import InvalidValueError
from calcitrack.model.course import PatientCourse, TreatmentPeriod
from calcitrack.model.judgement import BurdenSeries, Category, JudgedChange, Response, Trend


def treatment_trends(series: BurdenSeries, course: PatientCourse, precision: Precision, options: TrendOptions | None = None) -> tuple[Trend, ...]:
    """Slope before, slope after and their difference for each treatment start, by a line that bends there.

    Returns
    -------
    tuple of Trend
        Three for each period of treatment that starts within the visits (parts ``before``, ``after``, ``difference``), or one with the reason.
        Each start is judged separately: ``note`` names other treatments that started between the visits, whose effect the slope after includes.
    """
    options = options or TrendOptions()
    trends: list[Trend] = []
    for period in course.periods:
        trends += _around(series, period, course, precision, options)
    return tuple(trends)


def _around(series: BurdenSeries, period: TreatmentPeriod, course: PatientCourse, precision: Precision, options: TrendOptions) -> list[Trend]:
    found = comparable(series)
    bare = replace(bare_trend(found, "after"), treatment=period.name, treatment_start=period.start)
    visits = visits_of(found.series, precision, "; ".join(found.left))
    if isinstance(visits, str):
        return [replace(bare, reason=visits)]
    start = years_since(visits.points, period.start)
    before, after = int((visits.observed.years <= start).sum()), int((visits.observed.years > start).sum())
    if min(before, after) < LEAST_ON_EACH_SIDE:
        need = f"{LEAST_ON_EACH_SIDE} time points on each side of the start"
        return [replace(bare, reason=f"slopes before and after need {need}; found {before} before and {after} after")]
    noted = joined_notes(zero_note(visits), _also_started(found.series, period, course), *found.words)
    bare = replace(bare, note=noted, sdc_source=visits.source, sdc_patients=visits.patients)
    return list(three_parts(bare, fitted(visits.observed, start), visits, options))


def _also_started(series: BurdenSeries, period: TreatmentPeriod, course: PatientCourse) -> str:
    """Other treatments that began between the first and the last visit; their effect cannot be separated from this one's."""
    days = [p.date for p in series.points if p.date is not None]
    others = [f"{p.name} ({p.start.isoformat()})" for p in course.periods if p != period and days[0] < p.start <= days[-1]]
    return f"not told apart from what else began between the visits: {', '.join(others)}" if others else ""


@dataclass(frozen=True, slots=True)
class ResponseRule:
    """What counts as progression and as improvement.

    Parameters
    ----------
    name
        As in the tables.
    improve, progress
        Relative change from baseline at which a visit is improved (negative) or progressed (positive).
    from_lowest
        Progression is counted from the lowest burden so far instead of from baseline.
    source
        Where the rule comes from.

    Examples
    --------
    >>> from calcitrack.change import RULES
    >>> [rule.name for rule in RULES]
    ['sctc_25', 'volume_35_55', 'recist_volume']
    """

    name: str
    improve: float
    progress: float
    from_lowest: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        if not (-1 < self.improve < 0 < self.progress and math.isfinite(self.progress)):
            raise InvalidValueError(
                f"{self.name}: a rule has a relative change between -1 and 0 for improvement and one above 0 for progression; "
                f"found {self.improve} and {self.progress}"
            )


RULES = (
    ResponseRule("sctc_25", -0.25, 0.25, source="Valenzuela 2022, Semin Arthritis Rheum 53:151980"),
    ResponseRule("volume_35_55", -0.35, 0.55, source="volumetric limits, not validated for calcinosis"),
    ResponseRule("recist_volume", -0.657, 0.728, from_lowest=True, source="RECIST 1.1 (Eisenhauer 2009): diameters -30 % and +20 %, cubed"),
)
"""Presets; each also needs a change beyond the smallest detectable one."""


def response(series: BurdenSeries, rule: ResponseRule, precision: Precision) -> Response:
    """Best and last category, and time to progression, of one series under one rule.

    A category other than stable needs a change beyond its threshold and beyond the smallest detectable change.
    """
    bare = Response(rule=rule.name, measurand=series.measurand)
    if len(series.points) < 2:
        why = next(iter(series.missing.values()), "")
        return replace(bare, reason=f"a response needs two time points; found {len(series.points)}" + (f" ({why})" if why else ""))
    baseline = baseline_of(series)
    every = [judged_change(series, baseline, p, "baseline", precision) for p in series.points if p.time_point > baseline.time_point]
    changes = [c for c in every if _has_ratio(c)]
    left = [f"visit {c.to_time_point} has no category: {c.reason}" for c in every if not _has_ratio(c)]
    left += [f"visit {t} has no category: {why}" for t, why in series.missing.items() if t > baseline.time_point]
    bare = replace(bare, reason="; ".join(left))
    if not changes:
        return bare
    if changes[0].earlier == 0:
        return replace(bare, reason="nothing was found at baseline, so there is no relative change")
    grown = [_grown(series, c, rule, precision) for c in changes]
    patients = sorted({p for c in (*changes, *grown) for p in c.sdc_patients})
    categories = [_category(c, g, rule) for c, g in zip(changes, grown, strict=True)]
    relatives = [c.relative.value for c in changes if c.relative is not None]
    first = next((k for k, category in enumerate(categories) if category is Category.PROGRESSED), None)
    order = list(Category)
    return replace(
        bare,
        best=min(categories, key=order.index),
        last=categories[-1],
        best_change=min(relatives),
        last_change=relatives[-1],
        progressed=first is not None,
        days_to_progression=changes[-1 if first is None else first].interval_days,
        sdc_patients=tuple(patients),
    )


def _has_ratio(change: JudgedChange) -> bool:
    """Whether the change is known as a share of the earlier value, or there was nothing before; a baseline that is too unsure gives neither."""
    return change.absolute is not None and (change.relative is not None or change.earlier == 0)


def _grown(series: BurdenSeries, change: JudgedChange, rule: ResponseRule, precision: Precision) -> JudgedChange:
    """The change that decides about progression: since baseline, or since the earlier visit over which it grew most."""
    if not rule.from_lowest:
        return change
    later = next(p for p in series.points if p.time_point == change.to_time_point)
    earlier = [p for p in series.points if p.time_point < later.time_point]
    found = [c for p in earlier if _has_ratio(c := judged_change(series, p, later, "baseline", precision))]
    return max(found, key=lambda c: math.inf if not c.earlier else (c.later or 0.0) / c.earlier)


def _category(change: JudgedChange, grown: JudgedChange, rule: ResponseRule) -> Category:
    up = math.inf if grown.earlier == 0 and grown.later else grown.relative.value if grown.relative else 0.0
    if up >= rule.progress and grown.exceeds_sdc:
        return Category.PROGRESSED
    down = change.relative.value if change.relative else 0.0
    if down <= rule.improve and change.exceeds_sdc:
        return Category.COMPLETE if change.later == 0 else Category.IMPROVED
    return Category.STABLE


def last_evaluable(trends: Sequence[Trend]) -> Trend | None:
    """The slope after the latest treatment start that has one."""
    after = [t for t in trends if t.part == "after" and t.slope is not None and t.treatment_start is not None]
    return max(after, key=lambda t: (t.treatment_start or np.inf, t.treatment), default=None)
