"""Many timelines side by side: waterfall, spaghetti, cumulative probability of progression, standardised response mean. Numbers, not pictures."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from scipy import stats

from calcitrack.change.precision import DETECTION_LIMIT, Precision, log_burden
from calcitrack.change.response import RULES, ResponseRule, response
from calcitrack.change.series import BURDENS
from calcitrack.model.course import Courses, PatientCourse
from calcitrack.model.judgement import BurdenSeries, CohortKind, CohortPoint, TimelineSeries
from calcitrack.reliability import Z95

ALL = "all"
LEAST_FOR_MEAN = 3
"""Timelines below which a standardised response mean says nothing: its denominator is a standard deviation of as many values."""

Member = tuple[TimelineSeries, BurdenSeries]


def cohort_points(
    timelines: Sequence[TimelineSeries], courses: Courses | None = None, *, precision: Precision | None = None, rule: ResponseRule = RULES[0]
) -> tuple[CohortPoint, ...]:
    """Points of all cohort figures, for all timelines and for those under each treatment.

    Parameters
    ----------
    timelines
        Series of a cohort. Each timeline counts separately, also where one patient has several.
    courses
        Treatments; a group is formed of the timelines whose patient was given a drug between first and last visit.
    precision
        As for `calcitrack.judge`.
    rule
        What counts as progression.
    """
    courses, precision = courses or Courses(), precision or Precision()
    found: list[CohortPoint] = []
    for name in BURDENS:
        members = [(t, s) for t in timelines for s in t.series if s.subject == "total" and s.measurand == name and _comparable(s)]
        for group in (ALL, *sorted({p.name for c in courses.by_patient for p in c.periods})):
            mine = [m for m in members if group == ALL or _given(courses.of(m[0].key.patient_id), group, m[1])]
            for part in (_waterfall(mine), _spaghetti(mine), _progression(mine, rule, precision), _response_mean(mine)):
                found += [replace(p, group=group, measurand=name) for p in part]
    return tuple(found)


def _comparable(series: BurdenSeries) -> bool:
    """A series with two or more dated time points in like units and a burden at baseline."""
    points = series.points
    return len(points) > 1 and points[0].mean > 0 and len({p.like for p in points}) == 1 and all(p.date is not None for p in points)


def _given(course: PatientCourse, name: str, series: BurdenSeries) -> bool:
    first, last = series.points[0].date, series.points[-1].date
    if first is None or last is None:
        return False
    return any(p.name == name and p.start <= last and (p.stop is None or p.stop > first) for p in course.periods)


def _point(member: Member, kind: CohortKind, order: int, value: float, days: int | None = None) -> CohortPoint:
    timeline = member[0]
    return CohortPoint(
        group="",
        measurand="",
        kind=kind,
        order=order,
        value=value,
        patient_id=timeline.key.patient_id,
        assessment_id=timeline.assessment_id,
        days=days,
    )


def _waterfall(members: Sequence[Member]) -> Iterator[CohortPoint]:
    """Relative change from first to last visit, largest growth first."""
    changed = [(m[1].points[-1].mean / m[1].points[0].mean - 1, m) for m in members]
    for order, (change, member) in enumerate(sorted(changed, key=lambda c: (-c[0], c[1][0].assessment_id)), start=1):
        yield _point(member, CohortKind.WATERFALL, order, change)


def _spaghetti(members: Sequence[Member]) -> Iterator[CohortPoint]:
    """Burden at each visit relative to baseline."""
    for member in members:
        points = member[1].points
        for point in points:
            yield _point(member, CohortKind.SPAGHETTI, point.time_point, point.mean / points[0].mean, _days(points[0].date, point.date))


def _days(first: dt.date | None, later: dt.date | None) -> int | None:
    return None if first is None or later is None else (later - first).days


def _progression(members: Sequence[Member], rule: ResponseRule, precision: Precision) -> Iterator[CohortPoint]:
    """Cumulative probability of progression (Kaplan and Meier 1958), its interval on the scale of the log hazard.

    A visit reveals progression that happened before it, so the curve lags by up to one interval between visits.
    """
    found = [response(m[1], rule, precision) for m in members]
    times = [(r.days_to_progression, r.progressed) for r in found if r.days_to_progression is not None]
    if not any(progressed for _, progressed in times):
        return
    from statsmodels.duration.survfunc import SurvfuncRight  # imported on use: it costs a second

    curve = SurvfuncRight([t for t, _ in times], [int(p) for _, p in times])
    for order, (day, alive, error, at_risk) in enumerate(
        zip(curve.surv_times, curve.surv_prob, curve.surv_prob_se, curve.n_risk, strict=True), start=1
    ):
        low, high = _survival_interval(float(alive), float(error))
        yield CohortPoint(
            group="",
            measurand="",
            kind=CohortKind.PROGRESSION,
            order=order,
            value=1 - float(alive),
            low=None if high is None else 1 - high,
            high=None if low is None else 1 - low,
            days=int(day),
            at_risk=int(at_risk),
        )


def _survival_interval(alive: float, error: float) -> tuple[float | None, float | None]:
    if not 0 < alive < 1:
        return None, None
    half = Z95 * error / (alive * abs(math.log(alive)))
    return alive ** math.exp(half), alive ** math.exp(-half)


def _response_mean(members: Sequence[Member]) -> Iterator[CohortPoint]:
    """Mean over standard deviation of the change of the logarithm, first to last visit (Liang 1990, Med Care 28:632); large-sample interval."""
    ends = [(m[1].points[0].mean, m[1].points[-1].mean, m[1].measurand) for m in members]
    changes = np.array([log_burden(b, DETECTION_LIMIT[name])[0] - log_burden(a, DETECTION_LIMIT[name])[0] for a, b, name in ends])
    n = len(changes)
    if n < LEAST_FOR_MEAN or changes.std(ddof=1) == 0:
        return
    mean = float(changes.mean() / changes.std(ddof=1))
    half = float(stats.t.ppf(0.975, n - 1)) * math.sqrt(1 / n + mean**2 / (2 * (n - 1)))
    yield CohortPoint(group="", measurand="", kind=CohortKind.RESPONSE_MEAN, order=1, value=mean, low=mean - half, high=mean + half, at_risk=n)
