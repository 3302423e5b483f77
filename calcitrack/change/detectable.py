"""Changes compared with the smallest detectable change: absolute, relative and per year, each with its uncertainty."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from calcitrack.change.precision import Precision, Spread, log_burden
from calcitrack.model.judgement import BurdenPoint, BurdenSeries, Estimate, JudgedChange

DAYS_A_YEAR = 365.25
SHORTEST_ANNUAL_DAYS = 60
"""Changes over less than this are not given per year: they would be raised to the sixth power or more."""
NO_RATIO = "nothing was found at the earlier time point, so there is no ratio"
UNLIKE = "values of different kinds cannot be subtracted"
TOO_SHORT = f"an interval of less than {SHORTEST_ANNUAL_DAYS} days says little about a year"
NO_DATES = "the time points have no dates"


def changes_of(series: BurdenSeries, precision: Precision) -> Iterator[JudgedChange]:
    """Changes of a series from its first known time point and from the one before, earliest first.

    The second known time point has one change, ``since`` baseline, because its previous time point is the baseline.
    """
    for k, later in enumerate(series.points[1:], start=1):
        yield judged_change(series, series.points[0], later, "baseline", precision)
        if k > 1:
            yield judged_change(series, series.points[k - 1], later, "previous", precision)


def judged_change(series: BurdenSeries, earlier: BurdenPoint, later: BurdenPoint, since: str, precision: Precision) -> JudgedChange:
    """One change with its uncertainty and its smallest detectable change.

    On the logarithmic scale the two burdens scatter independently by their repeatability. What their stated uncertainties share (beam, scatter,
    assumed concentration, way of drawing outlines) cancels in the ratio and scales the difference once; where the calibration differs between the
    two, nothing is shared and both count in full.
    """
    days = (later.date - earlier.date).days if earlier.date and later.date else None
    bare = JudgedChange(
        subject=series.subject,
        deposit_id=series.deposit_id,
        measurand=series.measurand,
        unit=series.unit,
        since=since,
        from_time_point=earlier.time_point,
        to_time_point=later.time_point,
        interval_days=days,
        earlier=earlier.mean,
        later=later.mean,
    )
    if earlier.like != later.like:
        return replace(bare, reason=f"{UNLIKE}: {earlier.like} and {later.like}")
    size = math.sqrt(max(earlier.mean, 1e-12) * max(later.mean, 1e-12)) if earlier.mean and later.mean else max(earlier.mean, later.mean)
    spread = precision.spread(series.subject, series.measurand, size)
    log_sd = _log_sd(earlier, later, spread, series.measurand)
    half = spread.quantile * log_sd
    judged = replace(
        bare,
        absolute=later.mean - earlier.mean,
        absolute_sd=_absolute_sd(earlier, later, spread),
        sdc=(math.expm1(-half), math.expm1(half)),
        sdc_source=spread.source,
        sdc_repeats=spread.repeats,
    )
    if earlier.mean == later.mean == 0:
        return replace(judged, exceeds_sdc=False, reason=NO_RATIO)
    change = log_burden(later.mean, series.measurand)[0] - log_burden(earlier.mean, series.measurand)[0]
    judged = replace(judged, exceeds_sdc=abs(change) > half)
    if earlier.mean == 0:
        return replace(judged, reason=NO_RATIO)
    if later.mean == 0:
        return replace(judged, relative=Estimate(-1.0, -1.0, max(-1.0, math.expm1(change + half))), reason="")
    annual, reason = _annual(change, half, days)
    return replace(judged, relative=_relative(change, half, 1.0), annual=annual, reason=reason)


def _relative(change: float, half: float, power: float) -> Estimate:
    return Estimate(*(math.expm1(power * x) for x in (change, change - half, change + half)))


def _annual(change: float, half: float, days: int | None) -> tuple[Estimate | None, str]:
    if days is None:
        return None, NO_DATES
    if days < SHORTEST_ANNUAL_DAYS:
        return None, TOO_SHORT
    return _relative(change, half, DAYS_A_YEAR / days), ""


def _log_sd(earlier: BurdenPoint, later: BurdenPoint, spread: Spread, measurand: str) -> float:
    """Standard deviation of the difference of the logarithms of an unchanged burden."""
    variance = sum(spread.sem**2 / len(p.values) + log_burden(p.mean, measurand)[1] ** 2 for p in (earlier, later))
    if not shares_calibration(earlier, later):
        variance += sum((p.sd / p.mean) ** 2 for p in (earlier, later) if p.sd is not None and p.mean > 0)
    return math.sqrt(variance)


def shares_calibration(earlier: BurdenPoint, later: BurdenPoint) -> bool:
    """Whether both points share one calibration, and with it their stated uncertainty."""
    return earlier.calibration == later.calibration


def _absolute_sd(earlier: BurdenPoint, later: BurdenPoint, spread: Spread) -> float:
    """Standard deviation of the difference: repeatability of both points, and their stated uncertainty (once where they share it, else for each)."""
    own = [math.expm1(min(spread.sem, 1.0)) * p.mean / math.sqrt(len(p.values)) for p in (earlier, later)]
    relative_sds = [p.sd / p.mean if p.sd is not None and p.mean > 0 else 0.0 for p in (earlier, later)]
    if shares_calibration(earlier, later):
        shared = [max(relative_sds) * abs(later.mean - earlier.mean)]
    else:
        shared = [s * p.mean for s, p in zip(relative_sds, (earlier, later), strict=True)]
    return math.sqrt(sum(x**2 for x in (*own, *shared)))
