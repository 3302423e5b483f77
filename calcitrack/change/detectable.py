"""Changes compared with the smallest detectable change: absolute, relative and per year, each with its uncertainty."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from calcitrack.change.comparable import baseline_of, compared
from calcitrack.change.difference import LogPair, Pair, PlainPair
from calcitrack.change.precision import DETECTION_LIMIT, Precision, Spread, log_burden
from calcitrack.model.judgement import TOTAL, BurdenPoint, BurdenSeries, Estimate, JudgedChange, SdcSource
from calcitrack.reliability import Z95

DAYS_A_YEAR = 365.25
SHORTEST_ANNUAL_DAYS = 60
"""Changes over less than this are not given per year: they would be raised to the sixth power or more."""
NO_RATIO = "nothing was found at the earlier time point, so there is no ratio"
WEAK_BASELINE = "the earlier value may be zero, so that any ratio is possible"
TOO_SHORT = f"an interval of less than {SHORTEST_ANNUAL_DAYS} days says little about a year"
NO_DATES = "the time points have no dates"
ALL_GONE = "the interval ends where nothing of the earlier value is left"


def changes_of(series: BurdenSeries, precision: Precision) -> Iterator[JudgedChange]:
    """Changes of a series from its baseline (`calcitrack.change.comparable.baseline_of`) and from the time point before, earliest first.

    The one after the baseline has one change, ``since`` baseline, because its previous time point is the baseline. Of a total, a later time point at
    which it is not known has one as well, without a value and with the reason.
    """
    if not series.points:
        return
    first = baseline_of(series)
    known = {p.time_point: k for k, p in enumerate(series.points)}
    later_on = [t for t in known if t > first.time_point]
    unknown = [t for t in series.missing if t > first.time_point] if series.subject == TOTAL else []
    for t in sorted([*later_on, *unknown]):
        if t not in known:
            yield replace(_bare(series, first, t, "baseline"), reason=series.missing[t])
            continue
        later = series.points[known[t]]
        yield judged_change(series, first, later, "baseline", precision)
        if t != later_on[0]:
            yield judged_change(series, series.points[known[t] - 1], later, "previous", precision)


def judged_change(series: BurdenSeries, earlier: BurdenPoint, later: BurdenPoint, since: str, precision: Precision) -> JudgedChange:
    """One change over what both time points show, with its interval and its smallest detectable change, all from one `pair_of` burdens."""
    days = (later.date - earlier.date).days if earlier.date and later.date else None
    pair = replace(series.at((earlier.time_point, later.time_point)), points=(earlier, later))
    found = compared(pair, (earlier.time_point, later.time_point))
    if isinstance(found, str):
        return replace(_bare(series, earlier, later.time_point, since), interval_days=days, reason=found)
    series = found.series
    earlier, later = series.points
    bare = replace(
        _bare(series, earlier, later.time_point, since),
        interval_days=days,
        earlier=earlier.mean,
        later=later.mean,
        compared_fraction=found.shared.fraction,
        left_out="; ".join(found.left_out),
    )
    if series.covariance is not None:
        return _of_plain(bare, _plain_pair(series, series.covariance, earlier, later))
    spread = _spread(series, earlier, later, precision)
    judged = replace(bare, sdc_source=spread.source, sdc_repeats=spread.repeats, sdc_patients=spread.patients)
    return _of_logs(judged, _log_pair(series, earlier, later, spread))


def _bare(series: BurdenSeries, earlier: BurdenPoint, later: int, since: str) -> JudgedChange:
    """A change without values."""
    return JudgedChange(
        subject=series.subject,
        deposit_id=series.deposit_id,
        measurand=series.measurand,
        unit=series.unit,
        since=since,
        from_time_point=earlier.time_point,
        to_time_point=later,
        interval_days=None,
        compared_fraction=None,
    )


def pair_of(series: BurdenSeries, earlier: BurdenPoint, later: BurdenPoint, precision: Precision) -> Pair:
    """Two points of a series with the covariance of their errors: the one that the series states, else what the precision says of each.

    Without a stated covariance the logarithms scatter independently by their repeatability. What the points' stated uncertainties share (beam,
    scatter, assumed concentration, way of drawing outlines) is common to both, and at most the smaller of the two: what one film alone leaves unsure
    is seen in how repeats differ. Where the calibration differs between the two, nothing is shared and both count in full.

    Examples
    --------
    >>> import datetime as dt
    >>> points = tuple(BurdenPoint(k, dt.date(2020 + k, 1, 1), (100.0 + 10 * k,)) for k in (1, 2))
    >>> alone = BurdenSeries("total", "ha_mass_mg", "mg", points)
    >>> together = BurdenSeries("total", "ha_mass_mg", "mg", points, covariance=((25.0, 24.0), (24.0, 25.0)))
    >>> [pair_of(s, *points, Precision()).difference.excludes_zero for s in (alone, together)]
    [False, True]
    """
    if series.covariance is not None:
        return _plain_pair(series, series.covariance, earlier, later)
    return _log_pair(series, earlier, later, _spread(series, earlier, later, precision))


def _spread(series: BurdenSeries, earlier: BurdenPoint, later: BurdenPoint, precision: Precision) -> Spread:
    """The spread at the geometric mean of both burdens, or at the one that there is."""
    size = math.sqrt(earlier.mean * later.mean) if earlier.mean and later.mean else max(earlier.mean, later.mean)
    return precision.spread(series.subject, series.measurand, size, (earlier.calibration, later.calibration))


def _plain_pair(series: BurdenSeries, covariance: Sequence[Sequence[float]], earlier: BurdenPoint, later: BurdenPoint) -> PlainPair:
    place = {p.time_point: k for k, p in enumerate(series.points)}
    i, j = place[earlier.time_point], place[later.time_point]
    return PlainPair(earlier.mean, later.mean, ((covariance[i][i], covariance[i][j]), (covariance[j][i], covariance[j][j])))


def _log_pair(series: BurdenSeries, earlier: BurdenPoint, later: BurdenPoint, spread: Spread) -> LogPair:
    logs = [log_burden(p.mean, DETECTION_LIMIT[series.measurand]) for p in (earlier, later)]
    own = [(spread.sem * spread.quantile / Z95) ** 2 / len(p.values) + zero**2 for p, (_, zero) in zip((earlier, later), logs, strict=True)]
    stated = [(p.sd / p.mean) ** 2 if p.sd is not None and p.mean > 0 else 0.0 for p in (earlier, later)]
    shared = 0.0
    if shares_calibration(earlier, later):
        shared = min(stated)
        stated = [shared, shared]
    covariance = ((own[0] + stated[0], shared), (shared, own[1] + stated[1]))
    return LogPair(earlier.mean, later.mean, (logs[0][0], logs[1][0]), covariance)


def _of_plain(bare: JudgedChange, pair: PlainPair) -> JudgedChange:
    judged = replace(_with_difference(bare, pair), exceeds_sdc=pair.difference.excludes_zero, sdc_source=SdcSource.COVARIANCE)
    if pair.ratio is None:
        return replace(judged, reason=NO_RATIO if pair.earlier == 0 else WEAK_BASELINE)
    share = pair.detectable / pair.earlier
    return _with_ratio(replace(judged, sdc=(max(-1.0, -share), share)), pair.ratio)


def _with_difference(bare: JudgedChange, pair: Pair) -> JudgedChange:
    """The change with its difference, whose interval ends where nothing is left: a burden cannot fall below nothing.

    Where the earlier value is itself unsure, the difference of two errors reaches further down; the ratio's interval ends at minus 100 % as well.
    """
    found = pair.difference
    if found.low >= -pair.earlier:
        return replace(bare, absolute=found, absolute_sd=found.sd)
    return replace(bare, absolute=replace(found, low=0.0 - pair.earlier), absolute_sd=found.sd, note=ALL_GONE)


def _of_logs(bare: JudgedChange, pair: LogPair) -> JudgedChange:
    down, up = (math.expm1(side * pair.detectable) for side in (-1, 1))
    judged = replace(_with_difference(bare, pair), sdc=(down, up), exceeds_sdc=pair.log_ratio.excludes_zero)
    if pair.earlier == 0:
        return replace(judged, reason=NO_RATIO)
    if pair.later == 0:
        return replace(judged, relative=Estimate(-1.0, -1.0, max(-1.0, pair.ratio.high - 1)))
    return _with_ratio(judged, pair.ratio)


def _with_ratio(change: JudgedChange, ratio: Estimate) -> JudgedChange:
    """The change with its relative and, over an interval that allows it, its annual size."""
    judged = replace(change, relative=_powered(ratio, 1.0))
    if change.interval_days is None:
        return replace(judged, reason=NO_DATES)
    if change.interval_days < SHORTEST_ANNUAL_DAYS:
        return replace(judged, reason=TOO_SHORT)
    return replace(judged, annual=_powered(ratio, DAYS_A_YEAR / change.interval_days))


def _powered(ratio: Estimate, power: float) -> Estimate:
    return Estimate(*(x**power - 1 for x in (ratio.value, ratio.low, ratio.high)))


def shares_calibration(earlier: BurdenPoint, later: BurdenPoint) -> bool:
    """Whether both points share one calibration, and with it their stated uncertainty."""
    return earlier.calibration == later.calibration
