"""Result of `judge`: changes compared with the smallest detectable change, trends, treatment starts and response categories of one timeline."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from calcitrack.errors import InvalidValueError
from calcitrack.model.assessment import COVERAGE_FACTOR
from calcitrack.model.display import Card, Displayed
from calcitrack.model.evaluable import Evaluable
from calcitrack.model.timeline import TimelineKey

TOTAL = "total"
DEPOSIT = "deposit"
"""Subjects of a series: the whole timeline's burden, or one deposit."""


MISFIT = 0.05
"""Error of the statement that visits do not follow a line."""


class SdcSource(StrEnum):
    """Where the repeatability behind a smallest detectable change (SDC) comes from."""

    OWN_REPEATS = "own_repeats"
    """Exposures of one day of the same cohort."""
    PHANTOM_PROFILE = "phantom_profile"
    """The program's precision profile, measured on simulated films: `calcitrack.change.precision_profile`."""
    COVARIANCE = "covariance"
    """The covariance of the values themselves: `BurdenSeries.covariance`."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval.

    Examples
    --------
    >>> Estimate(0.5, 0.2, 0.9).value
    0.5
    >>> Estimate(0.1, 0.2, 0.9)
    Traceback (most recent call last):
    calcitrack.errors.InvalidValueError: an estimate lies within its interval; found 0.1 and 0.2 to 0.9
    """

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise InvalidValueError(f"an estimate lies within its interval; found {self.value} and {self.low} to {self.high}")

    @property
    def sd(self) -> float:
        """Standard deviation of a normal distribution whose 95 % interval is as wide.

        Examples
        --------
        >>> round(Estimate(10.0, 10.0 - 1.96, 10.0 + 1.96).sd, 6)
        1.0
        """
        return (self.high - self.low) / (2 * COVERAGE_FACTOR)

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside the interval.

        Examples
        --------
        >>> Estimate(0.5, 0.2, 0.9).excludes_zero, Estimate(0.5, -0.1, 0.9).excludes_zero
        (True, False)
        """
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class BurdenPoint:
    """One measurand at one time point.

    Parameters
    ----------
    values
        One for each exposure of that day; not negative. Zero: nothing was found.
    sd
        Stated standard uncertainty of their mean, shared parts included; ``None`` where none was estimated.
    like
        Values may be subtracted only where this is equal: basis of the millimetres, model of the volume.
    calibration
        Stated uncertainties are shared only where this is equal: the calibration tiers.

    Examples
    --------
    >>> BurdenPoint(1, dt.date(2021, 3, 8), (10.0, 12.0)).mean
    11.0
    """

    time_point: int
    date: dt.date | None
    values: tuple[float, ...]
    sd: float | None = None
    like: str = ""
    calibration: str = ""

    def __post_init__(self) -> None:
        if not self.values or min(self.values) < 0:
            raise InvalidValueError(f"a burden has one or more values that are not negative; found {self.values}")

    @property
    def mean(self) -> float:
        """Mean over the exposures."""
        return sum(self.values) / len(self.values)


@dataclass(frozen=True, slots=True)
class BurdenSeries:
    """One measurand of a timeline or of one deposit over time.

    Parameters
    ----------
    subject
        `TOTAL` or `DEPOSIT`.
    deposit_id
        Empty for a total.
    points
        Time points at which it is known, earliest first.
    missing
        Time point -> why it is not known there.
    covariance
        Covariance of the errors of the points' values, in the unit squared, shape (points, points): of values that were measured together, and
        share what they share. ``None``: the errors are independent, and their size follows from how well burdens of this kind repeat.
    parts
        Of a total: name of a family of deposits -> its own series, with a point (also of zero) at each time point at which it is known. They sum up
        to the total, and to what is compared where visits show only some of them (`calcitrack.change.comparable`).
    evaluable
        Of a total: what each visit shows. ``None``: every visit shows everything.
    left_out
        Of a total: what it does not hold although it was measured, and why; empty where it holds everything.

    Raises
    ------
    InvalidValueError
        The covariance is not a symmetric matrix with one row a point, or a variance is not positive.

    Examples
    --------
    >>> points = tuple(BurdenPoint(k, dt.date(2020 + k, 1, 1), (10.0 * k,)) for k in (1, 2))
    >>> together = BurdenSeries(TOTAL, "ha_mass_mg", "mg", points, covariance=((1.0, 0.9), (0.9, 1.0)))
    >>> together.points[1].mean
    20.0
    """

    subject: str
    measurand: str
    unit: str
    points: tuple[BurdenPoint, ...]
    missing: Mapping[int, str] = field(default_factory=dict)
    deposit_id: str = ""
    covariance: tuple[tuple[float, ...], ...] | None = None
    parts: Mapping[str, BurdenSeries] = field(default_factory=dict)
    evaluable: Evaluable | None = None
    left_out: str = ""

    def __post_init__(self) -> None:
        if self.covariance is None:
            return
        n, rows = len(self.points), self.covariance
        if len(rows) != n or any(len(row) != n for row in rows):
            raise InvalidValueError(f"{self.measurand}: a covariance has a row and a column for each of {n} points; found {[len(r) for r in rows]}")
        sure = all(math.isfinite(v) for row in rows for v in row) and all(rows[k][k] > 0 for k in range(n))
        if not sure or any(not math.isclose(rows[i][j], rows[j][i], rel_tol=1e-6, abs_tol=1e-12) for i in range(n) for j in range(i)):
            raise InvalidValueError(f"{self.measurand}: a covariance is finite and symmetric, with positive variances; found {rows}")

    def at(self, time_points: Collection[int]) -> BurdenSeries:
        """The series at some of its time points.

        Examples
        --------
        >>> series = BurdenSeries(TOTAL, "area_mm2", "mm2", tuple(BurdenPoint(k, None, (1.0 * k,)) for k in (1, 2, 3)))
        >>> [p.time_point for p in series.at((1, 3)).points]
        [1, 3]
        """
        kept = [k for k, p in enumerate(self.points) if p.time_point in time_points]
        covariance = None if self.covariance is None else tuple(tuple(self.covariance[i][j] for j in kept) for i in kept)
        return replace(self, points=tuple(self.points[k] for k in kept), covariance=covariance)

    def since(self, first: int) -> BurdenSeries:
        """The series from its point of this index on.

        Examples
        --------
        >>> series = BurdenSeries(TOTAL, "area_mm2", "mm2", tuple(BurdenPoint(k, None, (1.0 * k,)) for k in (1, 2, 3)))
        >>> [p.time_point for p in series.since(1).points]
        [2, 3]
        """
        return self.at([p.time_point for p in self.points[first:]])


@dataclass(frozen=True, slots=True)
class TimelineSeries:
    """All series of a timeline: a light extract of an `Assessment`, without images."""

    key: TimelineKey
    assessment_id: str
    series: tuple[BurdenSeries, ...]

    def total(self, measurand: str) -> BurdenSeries | None:
        """The total of a measurand.

        Examples
        --------
        >>> series = BurdenSeries(TOTAL, "area_mm2", "mm2", (BurdenPoint(1, None, (10.0,)),))
        >>> TimelineSeries(TimelineKey("P1"), "", (series,)).total("area_mm2").unit
        'mm2'
        """
        return next((s for s in self.series if s.subject == TOTAL and s.measurand == measurand), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedChange:
    """Change between two time points, compared with the smallest detectable change.

    Parameters
    ----------
    since
        ``baseline`` or ``previous``.
    absolute
        Later minus earlier, with its 95 % interval; ``None`` with a `reason`. Its interval, that of `relative`, and `exceeds_sdc` are one
        statement: either all of them leave out no change, or none does.
    absolute_sd
        Standard uncertainty of the difference: that of a normal distribution whose 95 % interval is as wide, before `note` cuts it off.
    relative
        Later over earlier, minus 1, with its 95 % interval; ``None`` where the earlier value is zero, or may be.
    annual
        The same, per year of 365.25 days at a constant rate; ``None`` without an interval in days.
    sdc
        Smallest detectable relative change, down and up.
    exceeds_sdc
        Whether the change is beyond it; ``None`` where that cannot be said.
    sdc_source, sdc_repeats
        Where the repeatability comes from, and the number of repeated measurements it rests on.
    sdc_patients
        Whose repeats these are, where they are own repeats: the change depends on these patients' films and on nobody else's.
    reason
        Why there is no change, or what is missing of it.
    note
        What a reader of the interval should know; empty for nothing.
    compared_fraction
        Share of the deposits' area that both visits show, and that `earlier` and `later` are about; ``None`` where nothing is compared.
    left_out
        What was left out of both, because one of the visits does not show it; empty where nothing was.
    """

    subject: str
    deposit_id: str
    measurand: str
    unit: str
    since: str
    from_time_point: int
    to_time_point: int
    interval_days: int | None
    earlier: float | None = None
    later: float | None = None
    absolute: Estimate | None = None
    absolute_sd: float | None = None
    relative: Estimate | None = None
    annual: Estimate | None = None
    sdc: tuple[float, float] | None = None
    exceeds_sdc: bool | None = None
    sdc_source: SdcSource | None = None
    sdc_repeats: int = 0
    sdc_patients: tuple[str, ...] = ()
    reason: str = ""
    note: str = ""
    compared_fraction: float | None = 1.0
    left_out: str = ""


class Verdict(StrEnum):
    """Direction of a burden over time."""

    PROGRESSING = "progressing"
    HALTED = "halted"
    """Not shown to grow or shrink, and shown to do so by less than a stated margin."""
    REGRESSING = "regressing"
    UNDETERMINED = "undetermined"
    """The visits do not suffice to say."""

    @property
    def words(self) -> str:
        """The verdict as it is printed; tables and reports keep its name.

        *Growing* and *shrinking*: the rate is surely above or below zero, be it little, and nothing else. *Progressed* is a response category.

        Examples
        --------
        >>> Verdict.PROGRESSING.words, Verdict.HALTED.words
        ('growing', 'halted')
        """
        return {Verdict.PROGRESSING: "growing", Verdict.REGRESSING: "shrinking"}.get(self, self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Rate of change of a burden over time.

    Parameters
    ----------
    part
        ``all`` visits, or ``before`` or ``after`` a treatment's start or a bend, or the ``difference`` after minus before.
    method
        ``robust line`` or ``mixed model``.
    bend
        The visit at which the line bends, where not a treatment but the visits say so.
    slope
        Of the natural logarithm per year; ``None`` with a `reason`.
    level
        Burden on the line at the last visit, in its unit.
    rate
        The slope as a change a year in that unit, from `level` on.
    p_growing
        Probability that the slope is above zero.
    p_above_margin, p_within_margin, p_below_margin
        Probability that it lies above the margin, within it to either side, and below: together one.
    doubling_days, halving_days
        One of them, where the slope's interval leaves out zero.
    process_sd
        How far visits scatter about the line beyond what repeats explain, natural logarithm.
    p_fit
        Probability of at least such scatter about the line, were the line right: below 0.05, the visits do not follow it.
    more_visits, settled_by
        Of an undetermined verdict: visits after which it would be settled four times of five, were the course to go on as estimated, and the day of
        the last of them. No day: they are at least as many.
    suspect_time_point
        The visit that most likely does not fit (probability above one half).
    sdc_source, sdc_patients
        Where the scatter of a visit is known from, and whose repeats these are, where they are own repeats.
    note
        What a reader should know: how zeros were handled, what else was started, which visits took no part and why.
    compared_fraction
        Share of the deposits' area that all its visits show, and that the trend is about.
    """

    subject: str
    measurand: str
    part: str
    method: str
    n_time_points: int
    deposit_id: str = ""
    treatment: str = ""
    treatment_start: dt.date | None = None
    first_date: dt.date | None = None
    last_date: dt.date | None = None
    bend: dt.date | None = None
    slope: Estimate | None = None
    level: float | None = None
    rate: Estimate | None = None
    p_growing: float | None = None
    p_above_margin: float | None = None
    p_within_margin: float | None = None
    p_below_margin: float | None = None
    margin: float | None = None
    verdict: Verdict | None = None
    probability: float | None = None
    doubling_days: Estimate | None = None
    halving_days: Estimate | None = None
    process_sd: float | None = None
    p_fit: float | None = None
    more_visits: int | None = None
    settled_by: dt.date | None = None
    suspect_time_point: int | None = None
    sdc_source: SdcSource | None = None
    sdc_patients: tuple[str, ...] = ()
    note: str = ""
    reason: str = ""
    compared_fraction: float = 1.0

    @property
    def follows_line(self) -> bool:
        """Whether the visits do not contradict the line."""
        return self.p_fit is None or self.p_fit >= MISFIT


class Category(StrEnum):
    """Response at a visit, best first."""

    COMPLETE = "complete"
    """Nothing is found any more."""
    IMPROVED = "improved"
    STABLE = "stable"
    PROGRESSED = "progressed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A timeline under one rule of response.

    Parameters
    ----------
    rule
        Name of the rule.
    best, last
        Best category at any visit after baseline, and that of the last visit; ``None`` with a `reason`.
    best_change, last_change
        Lowest relative change from baseline, and that at the last visit.
    progressed
        Whether a visit counts as progression.
    days_to_progression
        From baseline to the first such visit; else to the last visit (censored). ``None`` without dates.
    sdc_patients
        Whose repeats decide which of its changes are detectable, where own repeats do.
    """

    rule: str
    measurand: str
    best: Category | None = None
    last: Category | None = None
    best_change: float | None = None
    last_change: float | None = None
    progressed: bool = False
    days_to_progression: int | None = None
    sdc_patients: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Judgement(Displayed):
    """Judgement of the change of one timeline, as `calcitrack.judge` returns it.

    Parameters
    ----------
    burden
        Measurand that the verdict is about.
    headline
        The trend that the verdict rests on: since the last treatment start with visits enough on both sides, else since the bend that the visits
        show, else over all visits. ``None`` with a `reason`.

    Examples
    --------
    >>> judgement = Judgement(TimelineKey("P1"), "", "area_mm2", (), (), (), reason="a trend needs 3 time points; found 1")
    >>> judgement
    Judgement(P1 / part not stated / side not stated / view not stated: a trend needs 3 time points; found 1)
    """

    key: TimelineKey
    assessment_id: str
    burden: str
    changes: tuple[JudgedChange, ...]
    trends: tuple[Trend, ...]
    responses: tuple[Response, ...]
    headline: Trend | None = None
    reason: str = ""

    def _card(self) -> Card:
        changes = [c for c in self.changes if c.subject == TOTAL and c.measurand == self.burden and c.since == "baseline"]
        rows = tuple((str(c.to_time_point), _in_words(c), _beyond(c.exceeds_sdc), c.reason) for c in changes)
        header = ("time point", f"{self.burden} since baseline (95 % interval)", "beyond smallest detectable change", "note")
        return Card("Judgement", str(self.key), (self._verdict(),), header, rows)

    def _verdict(self) -> str:
        """The headline in a few words."""
        if self.headline is None or self.headline.verdict is None:
            return self.reason or (self.headline.reason if self.headline is not None else "") or "no verdict"
        sure = self.headline.probability
        return self.headline.verdict.words + ("" if sure is None else f" (probability {sure:.2f})")


def _in_words(change: JudgedChange) -> str:
    """The difference with its 95 % interval, and the relative change beside it where there is one."""
    absolute, relative = change.absolute, change.relative
    if absolute is None:
        return "-"
    said = f"{absolute.value:+.4g} {change.unit} ({absolute.low:+.4g} to {absolute.high:+.4g})"
    return said if relative is None else f"{said}; {relative.value:+.0%} ({relative.low:+.0%} to {relative.high:+.0%})"


def _beyond(exceeds: bool | None) -> str:
    return "not known" if exceeds is None else "yes" if exceeds else "no"


class CohortKind(StrEnum):
    """Figure or statistic that a point of a cohort summary belongs to."""

    WATERFALL = "waterfall"
    SPAGHETTI = "spaghetti"
    PROGRESSION = "progression"
    RESPONSE_MEAN = "response_mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortPoint:
    """One number, or one point of a figure, about a group of timelines.

    Parameters
    ----------
    order
        Rank, time point or step; 1 is the first.
    days
        Since baseline; ``None`` where a point has none.
    value
        Relative change, ratio to baseline, cumulative probability, or standardised response mean.
    low, high
        95 % interval, where there is one.
    at_risk
        Timelines at risk or taking part.
    """

    group: str
    measurand: str
    kind: CohortKind
    order: int
    value: float
    low: float | None = None
    high: float | None = None
    patient_id: str = ""
    assessment_id: str = ""
    days: int | None = None
    at_risk: int | None = None
