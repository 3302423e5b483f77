"""Many timelines side by side: waterfall, spaghetti, cumulative probability of progression, standardised response mean. Numbers, not pictures."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from calcitrack.change.comparable import comparable
from calcitrack.change.precision import DETECTION_LIMIT, Precision, log_burden
from calcitrack.change.response import RULES, ResponseRule, response
from calcitrack.change.series import BURDENS
from calcitrack.model.course import Courses, PatientCourse
from calcitrack.model.judgement import BurdenSeries, CohortKind, CohortPoint, TimelineSeries
from calcitrack.reliability import Z95

ALL = "all"
LEAST_FOR_MEAN = 3
"""Timelines below which a standardised response mean says nothing: its denominator is a standard deviation of as many values."""


@dataclass(frozen=True, slots=True)
class Member:
    """A timeline in a group: its series from the baseline of the group on, and the day from which time is counted."""

    timeline: TimelineSeries
    series: BurdenSeries
    start: dt.date

    @property
    def burdens(self) -> tuple[float, ...]:
        """Means of the time points, baseline first."""
        return tuple(p.mean for p in self.series.points)

    @property
    def delay(self) -> int:
        """Days from the baseline visit to the start."""
        first = self.series.points[0].date
        return 0 if first is None else (self.start - first).days


def cohort_points(
    timelines: Sequence[TimelineSeries], courses: Courses | None = None, *, precision: Precision | None = None, rule: ResponseRule = RULES[0]
) -> tuple[CohortPoint, ...]:
    """Points of all cohort figures, for all timelines and for those under each treatment.

    Parameters
    ----------
    timelines
        Series of a cohort. Each timeline counts separately, also where one patient has several.
    courses
        Treatments. The group of a drug is formed of the timelines in which it was started: its clock starts with the drug, and its baseline is the
        last visit before or on that day. What grew before is not the drug's. Who was given it already at the first visit is not in the group.
    precision
        As for `calcitrack.judge`.
    rule
        What counts as progression.
    """
    courses, precision = courses or Courses(), precision or Precision()
    found: list[CohortPoint] = []
    for name in BURDENS:
        series = [(t, comparable(s).series) for t in timelines for s in t.series if s.subject == "total" and s.measurand == name]
        for group in (ALL, *sorted({p.name for c in courses.by_patient for p in c.periods})):
            found_members = (_whole(t, s) if group == ALL else _since(t, s, courses.of(t.key.patient_id), group) for t, s in series)
            mine = [m for m in found_members if m is not None]
            for part in (_waterfall(mine), _spaghetti(mine), _progression(mine, rule, precision), _response_mean(mine)):
                found += [replace(p, group=group, measurand=name) for p in part]
    return tuple(found)


def _whole(timeline: TimelineSeries, series: BurdenSeries) -> Member | None:
    """The visits of a series that can be compared with each other; ``None`` without two dated ones and a burden at the first."""
    points = series.points
    if len(points) < 2 or points[0].mean <= 0 or any(p.date is None for p in points):
        return None
    return None if points[0].date is None else Member(timeline, series, points[0].date)


def _since(timeline: TimelineSeries, series: BurdenSeries, course: PatientCourse, name: str) -> Member | None:
    """The series from the last visit before the first start of a drug that lies between two visits."""
    days = [p.date for p in series.points if p.date is not None]
    starts = [p.start for p in course.periods if p.name == name and days and days[0] <= p.start < days[-1]]
    if len(days) < len(series.points) or not starts:
        return None
    baseline = max(k for k, day in enumerate(days) if day <= starts[0])
    member = _whole(timeline, series.since(baseline))
    return None if member is None else replace(member, start=starts[0])


def _point(member: Member, kind: CohortKind, order: int, value: float, days: int | None = None) -> CohortPoint:
    timeline = member.timeline
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
    changed = [(m.burdens[-1] / m.burdens[0] - 1, m) for m in members]
    for order, (change, member) in enumerate(sorted(changed, key=lambda c: (-c[0], c[1].timeline.assessment_id)), start=1):
        yield _point(member, CohortKind.WATERFALL, order, change)


def _spaghetti(members: Sequence[Member]) -> Iterator[CohortPoint]:
    """Burden at each visit relative to baseline."""
    for member in members:
        for point in member.series.points:
            days = None if point.date is None else (point.date - member.start).days
            yield _point(member, CohortKind.SPAGHETTI, point.time_point, point.mean / member.burdens[0], days)


def _progression(members: Sequence[Member], rule: ResponseRule, precision: Precision) -> Iterator[CohortPoint]:
    """Cumulative probability of progression (Kaplan and Meier 1958), its interval on the scale of the log hazard.

    A visit reveals progression that happened before it, so the curve lags by up to one interval between visits.
    """
    found = [(m, response(m.series, rule, precision)) for m in members]
    times = [(r.days_to_progression - m.delay, r.progressed) for m, r in found if r.days_to_progression is not None]
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
    ends = [(m.burdens[0], m.burdens[-1], m.series.measurand) for m in members]
    changes = np.array([log_burden(b, DETECTION_LIMIT[name])[0] - log_burden(a, DETECTION_LIMIT[name])[0] for a, b, name in ends])
    n = len(changes)
    if n < LEAST_FOR_MEAN or changes.std(ddof=1) == 0:
        return
    mean = float(changes.mean() / changes.std(ddof=1))
    half = float(special.stdtrit(n - 1, 0.975)) * math.sqrt(1 / n + mean**2 / (2 * (n - 1)))
    yield CohortPoint(group="", measurand="", kind=CohortKind.RESPONSE_MEAN, order=1, value=mean, low=mean - half, high=mean + half, at_risk=n)
