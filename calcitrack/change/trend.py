"""Rates of change: a robust line through all visits, before and after a treatment start, and a mixed model over deposits."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from calcitrack.change.detectable import DAYS_A_YEAR
from calcitrack.change.line_posterior import FloatArray, LineFit, Mixture, fit_line
from calcitrack.change.precision import DETECTION_LIMIT, Precision, log_burden
from calcitrack.errors import InvalidValueError
from calcitrack.model.judgement import BurdenPoint, BurdenSeries, Estimate, SdcSource, Trend, Verdict
from calcitrack.reliability import Z95

LINE = "robust line"
MARGIN = math.log(1.25)
"""Annual rate (natural logarithm) below which a burden counts as standing still: 25 % up or 20 % down a year, the change that the SCTC radiograph
score takes for progression at yearly visits (Valenzuela 2022, Semin Arthritis Rheum 53:151980). Smaller margins need more visits than patients have:
half of it could be shown for hardly anybody (`benchmarks/verdicts.py`). What certainly grows is progressing even where it keeps within the margin."""
TWO_SIDED = 0.05
"""Error of the statement that a burden grows or shrinks."""
ONE_SIDED = 0.05
"""Error of each of the two one-sided tests of equivalence (Schuirmann 1987, J Pharmacokinet Biopharm 15:657)."""
LEAST_TIME_POINTS = 3
"""Two visits have a change, and no trend: no third one could contradict them."""
ZERO_NOTE = "nothing was found at {visits}: taken as a burden anywhere below the detection limit"
UNDATED = "the time points have no dates"


@dataclass(frozen=True, slots=True)
class TrendOptions:
    """Settings of the verdict.

    Parameters
    ----------
    margin
        Annual rate of the natural logarithm below which a burden counts as standing still.

    Examples
    --------
    >>> from calcitrack.change import TrendOptions
    >>> TrendOptions().margin > 0
    True
    """

    margin: float = MARGIN

    def __post_init__(self) -> None:
        if not (math.isfinite(self.margin) and self.margin > 0):
            raise InvalidValueError(f"a margin is a positive annual rate, such as {MARGIN:.3f}; found {self.margin}")


@dataclass(frozen=True, eq=False, slots=True)
class Visits:
    """A series as numbers: years since the first visit and logarithms, shape (visits,); covariance of the logarithms, shape (visits, visits)."""

    points: tuple[BurdenPoint, ...]
    years: FloatArray
    logs: FloatArray
    covariance: FloatArray
    bad_share: float
    bad_sd: float
    source: SdcSource
    unseen: tuple[BurdenPoint, ...]

    def fit(self, design: FloatArray) -> LineFit:
        """Posterior of a model of these visits."""
        return fit_line(design, self.logs, self.covariance, self.bad_share, self.bad_sd)


def visits_of(series: BurdenSeries, precision: Precision) -> Visits | str:
    """The visits of a series, or why they have no trend."""
    points = series.points
    dates = [p.date for p in points if p.date is not None]
    if len(dates) < len(points):
        return UNDATED
    if len(points) < LEAST_TIME_POINTS:
        why = next(iter(series.missing.values()), "")
        return f"a trend needs {LEAST_TIME_POINTS} time points; found {len(points)}" + (f" ({why})" if why else "")
    if len({p.like for p in points}) > 1:
        return f"values of different kinds have no common trend: {', '.join(sorted({p.like for p in points}))}"
    if not any(p.mean for p in points):
        return "nothing was found at any time point"
    years = np.array([(d - dates[0]).days for d in dates]) / DAYS_A_YEAR
    if series.covariance is not None:
        return _together(points, years, np.array(series.covariance))
    means = [p.mean for p in points if p.mean > 0]
    spread = precision.spread(series.subject, series.measurand, float(np.exp(np.mean(np.log(means)))))
    logs, zeros = (np.array(x) for x in zip(*(log_burden(p.mean, DETECTION_LIMIT[series.measurand]) for p in points), strict=True))
    repeats = np.array([len(p.values) for p in points], float)
    inflated = spread.log_sd * spread.quantile / Z95
    variances = inflated**2 / repeats + zeros**2 + _unshared(points)
    return Visits(
        points, years, logs, np.diag(variances), spread.bad_share, spread.bad_log_sd, spread.source, tuple(p for p in points if p.mean == 0)
    )


def _together(points: tuple[BurdenPoint, ...], years: FloatArray, covariance: FloatArray) -> Visits:
    """Visits that were measured together. A burden below its own 95 % limit is taken as anywhere below that limit, and shares nothing."""
    limits = Z95 * np.sqrt(np.diag(covariance))
    seen = np.array([p.mean for p in points]) > limits
    found = [log_burden(p.mean if s else 0.0, limit) for p, s, limit in zip(points, seen, limits, strict=True)]
    logs, zeros = (np.array(x) for x in zip(*found, strict=True))
    scale = np.array([1 / p.mean if s else 0.0 for p, s in zip(points, seen, strict=True)])
    unseen = tuple(p for p, s in zip(points, seen, strict=True) if not s)
    return Visits(points, years, logs, covariance * np.outer(scale, scale) + np.diag(zeros**2), 0.0, 0.0, SdcSource.COVARIANCE, unseen)


def _unshared(points: Sequence[BurdenPoint]) -> FloatArray:
    """Relative variance that visits of another calibration do not share with the others."""
    if len({p.calibration for p in points}) == 1:
        return np.zeros(len(points))
    return np.array([(p.sd / p.mean) ** 2 if p.sd is not None and p.mean > 0 else 0.0 for p in points])


def line_trend(series: BurdenSeries, precision: Precision, options: TrendOptions | None = None) -> Trend:
    """The slope over all visits, with verdict, or the reason why there is none.

    Returns
    -------
    Trend
        Interval and probabilities come from the posterior of `calcitrack.change.line_posterior`: known measurement scatter, process scatter as
        estimated from the visits, and at most one bad visit.
    """
    options = options or TrendOptions()
    bare = bare_trend(series, "all")
    visits = visits_of(series, precision)
    if isinstance(visits, str):
        return replace(bare, reason=visits)
    fit = visits.fit(np.column_stack([np.ones_like(visits.years), visits.years]))
    return with_slope(replace(bare, sdc_source=visits.source, note=zero_note(visits)), fit.of((0, 1)), fit, visits, options)


def bare_trend(series: BurdenSeries, part: str) -> Trend:
    """A trend with its subject and dates, but without a slope."""
    dates = [p.date for p in series.points if p.date is not None]
    return Trend(
        subject=series.subject,
        deposit_id=series.deposit_id,
        measurand=series.measurand,
        part=part,
        method=LINE,
        n_time_points=len(series.points),
        first_date=min(dates, default=None),
        last_date=max(dates, default=None),
    )


def zero_note(visits: Visits) -> str:
    """Note on how visits at which nothing was found were handled; empty where there are none."""
    days = [p.date.isoformat() if p.date else f"time point {p.time_point}" for p in visits.unseen]
    return ZERO_NOTE.format(visits=", ".join(days)) if days else ""


def with_slope(trend: Trend, slope: Mixture, fit: LineFit, visits: Visits, options: TrendOptions) -> Trend:
    """The trend with interval, probabilities, verdict, doubling time, and the visit that does not fit."""
    low, middle, high = (slope.quantile(p) for p in (0.025, 0.5, 0.975))
    estimate = Estimate(middle, low, high)
    growing, within = 1 - slope.below(0.0), slope.below(options.margin) - slope.below(-options.margin)
    verdict, probability = judge_slope(slope, options.margin)
    doubling, halving = doubling_days(estimate)
    likeliest = int(np.argmax(fit.bad))
    return replace(
        trend,
        slope=estimate,
        p_growing=growing,
        p_within_margin=within,
        margin=options.margin,
        verdict=verdict,
        probability=probability,
        doubling_days=doubling,
        halving_days=halving,
        process_sd=fit.process_sd,
        suspect_time_point=visits.points[likeliest].time_point if fit.bad[likeliest] > 0.5 else None,
    )


def judge_slope(slope: Mixture, margin: float) -> tuple[Verdict, float]:
    """The verdict about a slope and its probability.

    Progressing or regressing where the 95 % interval leaves out zero; else halted where both one-sided tests say that the slope lies within the
    margin (its 90 % interval does); else undetermined, with the probability of the likeliest of: above the margin, within, below.
    """
    growing = 1 - slope.below(0.0)
    if growing >= 1 - TWO_SIDED / 2:
        return Verdict.PROGRESSING, growing
    if growing <= TWO_SIDED / 2:
        return Verdict.REGRESSING, 1 - growing
    below, above = slope.below(-margin), 1 - slope.below(margin)
    if max(below, above) <= ONE_SIDED:
        return Verdict.HALTED, 1 - below - above
    return Verdict.UNDETERMINED, max(below, above, 1 - below - above)


def doubling_days(slope: Estimate) -> tuple[Estimate | None, Estimate | None]:
    """Days in which a burden doubles, or halves; neither where the slope may be zero."""
    if slope.low <= 0 <= slope.high:
        return None, None
    scale = math.log(2) * DAYS_A_YEAR
    if slope.low > 0:
        return Estimate(scale / slope.value, scale / slope.high, scale / slope.low), None
    return None, Estimate(-scale / slope.value, -scale / slope.low, -scale / slope.high)


def bent(years: FloatArray, start_years: float) -> FloatArray:
    """Design of a line that bends at one moment: level, slope before, change of slope."""
    return np.column_stack([np.ones_like(years), years, np.maximum(years - start_years, 0.0)])


def years_since(points: Sequence[BurdenPoint], day: dt.date) -> float:
    """Years from the first visit to a day."""
    first = points[0].date
    if first is None:
        raise InvalidValueError(f"{UNDATED}; a treatment start cannot be placed among them; state the dates in a manifest")
    return (day - first).days / DAYS_A_YEAR
