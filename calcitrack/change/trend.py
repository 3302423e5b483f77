"""Rates of change: a robust line through all visits, before and after a treatment start, and a mixed model over deposits."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from calcitrack.change.comparable import Compared, comparable
from calcitrack.change.detectable import DAYS_A_YEAR
from calcitrack.change.fitted_line import FittedLine, Observed, bend_of_the_visits, fitted
from calcitrack.change.line_posterior import FloatArray, Mixture
from calcitrack.change.planning import MOST_MORE_VISITS, visits_to_settle
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
MISFIT_NOTE = "the visits do not follow {line} (probability of such scatter {p:.2g}): the rate is a mean over ups and downs"
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
    """A series as numbers.

    Parameters
    ----------
    points
        Its points.
    observed
        The same as numbers.
    source
        Where the precision comes from.
    unseen
        Points at which nothing was found.
    patients
        Whose repeats it comes from, where it comes from repeats.
    """

    points: tuple[BurdenPoint, ...]
    observed: Observed
    source: SdcSource
    unseen: tuple[BurdenPoint, ...]
    patients: tuple[str, ...] = ()


def visits_of(series: BurdenSeries, precision: Precision, left: str = "") -> Visits | str:
    """The visits of a series that can all be compared with each other, or why they have no trend.

    Parameters
    ----------
    left
        Which visits were left out, and why.
    """
    points = series.points
    dates = [p.date for p in points if p.date is not None]
    if len(dates) < len(points):
        return UNDATED
    if len(points) < LEAST_TIME_POINTS:
        why = left or next(iter(series.missing.values()), "")
        return f"a trend needs {LEAST_TIME_POINTS} time points; found {len(points)}" + (f" ({why})" if why else "")
    if not any(p.mean for p in points):
        return "nothing was found at any time point"
    years = np.array([(d - dates[0]).days for d in dates]) / DAYS_A_YEAR
    if series.covariance is not None:
        return _together(points, years, np.array(series.covariance))
    means = [p.mean for p in points if p.mean > 0]
    size = float(np.exp(np.mean(np.log(means))))
    spread = precision.spread(series.subject, series.measurand, size, (p.calibration for p in points))
    logs, zeros = (np.array(x) for x in zip(*(log_burden(p.mean, DETECTION_LIMIT[series.measurand]) for p in points), strict=True))
    repeats = np.array([len(p.values) for p in points], float)
    inflated = spread.log_sd * spread.quantile / Z95
    variances = inflated**2 / repeats + zeros**2 + _unshared(points)
    observed = Observed(years, logs, np.diag(variances), spread.bad_share, spread.bad_log_sd)
    return Visits(points, observed, spread.source, tuple(p for p in points if p.mean == 0), spread.patients)


def _together(points: tuple[BurdenPoint, ...], years: FloatArray, covariance: FloatArray) -> Visits:
    """Visits that were measured together. A burden below its own 95 % limit is taken as anywhere below that limit, and shares nothing."""
    limits = Z95 * np.sqrt(np.diag(covariance))
    seen = np.array([p.mean for p in points]) > limits
    found = [log_burden(p.mean if s else 0.0, limit) for p, s, limit in zip(points, seen, limits, strict=True)]
    logs, zeros = (np.array(x) for x in zip(*found, strict=True))
    scale = np.array([1 / p.mean if s else 0.0 for p, s in zip(points, seen, strict=True)])
    unseen = tuple(p for p, s in zip(points, seen, strict=True) if not s)
    observed = Observed(years, logs, covariance * np.outer(scale, scale) + np.diag(zeros**2), 0.0, 0.0)
    return Visits(points, observed, SdcSource.COVARIANCE, unseen)


def _unshared(points: Sequence[BurdenPoint]) -> FloatArray:
    """Relative variance that visits of another calibration do not share with the others."""
    if len({p.calibration for p in points}) == 1:
        return np.zeros(len(points))
    return np.array([(p.sd / p.mean) ** 2 if p.sd is not None and p.mean > 0 else 0.0 for p in points])


def line_trends(series: BurdenSeries, precision: Precision, options: TrendOptions | None = None) -> tuple[Trend, ...]:
    """The slope over all visits, with verdict, or the reason why there is none; and where they do not follow a straight line, that of a bent one.

    Returns
    -------
    tuple of Trend
        The straight line (part ``all``). Where it does not fit and the visits show a bend, also ``before``, ``after`` and ``difference``, with the
        day of the bend. Intervals and probabilities come from the posterior of `calcitrack.change.line_posterior`: known measurement scatter, process
        scatter as estimated from the visits, and at most one bad visit.
    """
    options = options or TrendOptions()
    found = comparable(series)
    bare = bare_trend(found, "all")
    visits = visits_of(found.series, precision, "; ".join(found.left))
    if isinstance(visits, str):
        return (replace(bare, reason=visits),)
    noted = replace(bare, sdc_source=visits.source, sdc_patients=visits.patients, note=joined_notes(zero_note(visits), *found.words))
    straight = fitted(visits.observed, None)
    trends = (with_slope(noted, straight, visits, options),)
    bend = bend_of_the_visits(straight)
    if bend is None or bend.bend_years is None:
        return trends
    return (*trends, *three_parts(replace(noted, bend=_day_of(visits, bend.bend_years)), bend, visits, options))


def _day_of(visits: Visits, years: float) -> dt.date | None:
    return visits.points[int(np.argmin(np.abs(visits.observed.years - years)))].date


def three_parts(bare: Trend, line: FittedLine, visits: Visits, options: TrendOptions) -> tuple[Trend, Trend, Trend]:
    """Slope before and after a bend, and their difference."""
    early = int((visits.observed.years <= (line.bend_years or 0.0)).sum())
    before = with_slope(replace(bare, part="before", n_time_points=early), line, visits, options)
    after = with_slope(replace(bare, part="after", n_time_points=len(visits.points) - early), line, visits, options)
    bend = line.slope("difference")
    low, middle, high = (bend.quantile(p) for p in (0.025, 0.5, 0.975))
    return before, after, replace(bare, part="difference", slope=Estimate(middle, low, high), p_growing=1 - bend.below(0.0))


def bare_trend(found: Compared, part: str) -> Trend:
    """A trend with its subject and dates, but without a slope."""
    series = found.series
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
        compared_fraction=found.shared.fraction,
    )


def joined_notes(*notes: str) -> str:
    """Notes as one text; empty ones are left out."""
    return "; ".join(n for n in notes if n)


def zero_note(visits: Visits) -> str:
    """Note on how visits at which nothing was found were handled; empty where there are none."""
    days = [p.date.isoformat() if p.date else f"time point {p.time_point}" for p in visits.unseen]
    return ZERO_NOTE.format(visits=", ".join(days)) if days else ""


def with_slope(trend: Trend, line: FittedLine, visits: Visits, options: TrendOptions) -> Trend:
    """The trend with interval, probabilities, verdict, doubling time, the visit that does not fit, and what would settle an undetermined verdict."""
    slope = line.slope(trend.part)
    low, middle, high = (slope.quantile(p) for p in (0.025, 0.5, 0.975))
    estimate = Estimate(middle, low, high)
    below, above = slope.below(-options.margin), 1 - slope.below(options.margin)
    verdict, probability = judge_slope(slope, options.margin, fits=line.fits)
    doubling, halving = doubling_days(estimate)
    likeliest = int(np.argmax(line.fit.bad))
    level = line.level()
    judged = replace(
        trend,
        slope=estimate,
        level=level,
        rate=Estimate(*(level * math.expm1(x) for x in (middle, low, high))),
        p_growing=1 - slope.below(0.0),
        p_above_margin=above,
        p_within_margin=1 - below - above,
        p_below_margin=below,
        margin=options.margin,
        verdict=verdict,
        probability=probability,
        doubling_days=doubling,
        halving_days=halving,
        process_sd=line.fit.process_sd,
        p_fit=line.p_fit,
        suspect_time_point=visits.points[likeliest].time_point if line.fit.bad[likeliest] > 0.5 else None,
    )
    if not line.fits:
        misfit = MISFIT_NOTE.format(line="one straight line" if line.bend_years is None else "a line with one bend", p=line.p_fit)
        return replace(judged, note="; ".join(n for n in (judged.note, misfit) if n))
    return _planned(judged, line, options) if verdict is Verdict.UNDETERMINED and trend.part != "before" else judged


def _planned(trend: Trend, line: FittedLine, options: TrendOptions) -> Trend:
    """The trend with how many more visits would settle it, and when."""
    found = visits_to_settle(line, trend.part, options.margin)
    if found is None or trend.last_date is None:
        return replace(trend, more_visits=MOST_MORE_VISITS + 1)
    return replace(trend, more_visits=found[0], settled_by=trend.last_date + dt.timedelta(days=round(found[1] * DAYS_A_YEAR)))


def judge_slope(slope: Mixture, margin: float, *, fits: bool) -> tuple[Verdict, float]:
    """The verdict about a slope and its probability.

    Progressing or regressing where the 95 % interval leaves out zero; else halted where both one-sided tests say that the slope lies within the
    margin (its 90 % interval does) and the visits follow the line; else undetermined, with the probability of the likeliest of: above the margin,
    within, below. A rise and a fall have a slope near zero together, and nothing stood still.
    """
    growing = 1 - slope.below(0.0)
    if growing >= 1 - TWO_SIDED / 2:
        return Verdict.PROGRESSING, growing
    if growing <= TWO_SIDED / 2:
        return Verdict.REGRESSING, 1 - growing
    below, above = slope.below(-margin), 1 - slope.below(margin)
    if fits and max(below, above) <= ONE_SIDED:
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


def years_since(points: Sequence[BurdenPoint], day: dt.date) -> float:
    """Years from the first visit to a day."""
    first = points[0].date
    if first is None:
        raise InvalidValueError(f"{UNDATED}; a treatment start cannot be placed among them; state the dates in a manifest")
    return (day - first).days / DAYS_A_YEAR
