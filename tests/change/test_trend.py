from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcitrack.change.line_posterior import fit_line
from calcitrack.change.trend import MARGIN, TrendOptions, line_trends
from calcitrack.errors import InvalidValueError
from calcitrack.model.judgement import Trend, Verdict


def line_trend(*given: object) -> Trend:
    """The trend over all visits."""
    return line_trends(*given)[0]


gaps = st.lists(st.integers(30, 400), min_size=2, max_size=8)
noise = st.lists(st.floats(-0.3, 0.3), min_size=9, max_size=9)
slopes = st.floats(-1, 1)


def days_of(between: list[int]) -> list[int]:
    """Days since the first visit."""
    return [0, *(int(d) for d in np.cumsum(between))]


def scattered(courses: ModuleType, days: list[int], slope: float, errors: list[float]) -> list[float]:
    """A burden with a constant rate, off by these logarithms."""
    return [b * math.exp(e) for b, e in zip(courses.exponential(days, slope), errors, strict=False)]


@settings(max_examples=25, deadline=None)
@given(gaps, slopes, noise, st.floats(0.01, 100))
def test_scaling_all_burdens_leaves_the_slope(courses: ModuleType, between: list[int], slope: float, errors: list[float], factor: float) -> None:
    """In another unit the slope, its interval and its probabilities are the same."""
    values = scattered(courses, days_of(between), slope, errors)
    one, other = (line_trend(courses.series(days_of(between), [k * v for v in values]), courses.precision()) for k in (1, factor))
    assert (other.slope.low, other.slope.value, other.slope.high) == pytest.approx((one.slope.low, one.slope.value, one.slope.high), abs=1e-6)
    assert other.p_growing == pytest.approx(one.p_growing, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(gaps, slopes, noise)
def test_reversing_time_turns_the_slope_round(courses: ModuleType, between: list[int], slope: float, errors: list[float]) -> None:
    """Backwards, growth is shrinkage at the same rate and with the same interval."""
    days = days_of(between)
    values = scattered(courses, days, slope, errors)
    forth = line_trend(courses.series(days, values), courses.precision())
    back = line_trend(courses.series([days[-1] - d for d in reversed(days)], values[::-1]), courses.precision())
    assert (back.slope.low, back.slope.value, back.slope.high) == pytest.approx((-forth.slope.high, -forth.slope.value, -forth.slope.low), abs=1e-6)
    assert back.p_within_margin == pytest.approx(forth.p_within_margin, abs=1e-6)


def test_an_exact_exponential_doubles_when_it_says(courses: ModuleType) -> None:
    """A burden that doubles in 500 days has that doubling time; turned round, that halving time."""
    days = [0, 200, 500, 700, 1200, 1500]
    grown, shrunk = (
        line_trend(courses.series(days, courses.exponential(days, s * math.log(2) / 500 * 365.25)), courses.precision()) for s in (1, -1)
    )
    assert grown.doubling_days.value == pytest.approx(500, rel=1e-6)
    assert grown.doubling_days.low < 500 < grown.doubling_days.high
    assert (grown.halving_days, grown.verdict) == (None, Verdict.PROGRESSING)
    assert shrunk.halving_days.value == pytest.approx(500, rel=1e-6)
    assert (shrunk.doubling_days, shrunk.verdict) == (None, Verdict.REGRESSING)


def test_one_bad_visit_is_recognised_and_not_followed(courses: ModuleType) -> None:
    """Eight visits on a line, of which one lost four fifths of the burden: the slope hardly moves, and the visit is named."""
    days = [150 * k for k in range(8)]
    values = courses.exponential(days, 0.4)
    bad = [*values[:6], 0.2 * values[6], values[7]]
    clean, robust = (line_trend(courses.series(days, v), courses.precision()) for v in (values, bad))
    plain = np.polyfit(np.array(days) / 365.25, np.log(bad), 1)[0]
    assert abs(robust.slope.value - 0.4) < 0.05
    assert abs(plain - 0.4) > 0.15, "least squares follows the bad visit, so the test means something"
    assert (clean.suspect_time_point, robust.suspect_time_point) == (None, 7)
    assert robust.verdict is Verdict.PROGRESSING


RISE_AND_FALL = [100 * 2 ** (1 - abs(k - 4) / 4) for k in range(9)]
"""Doubles in 600 days, and halves again."""


def test_a_rise_and_a_fall_are_not_halted(courses: ModuleType) -> None:
    """The straight line through both is level and does not fit; the visits show where they turn, and since then the burden shrinks."""
    days = [150 * k for k in range(9)]
    straight, before, after, difference = line_trends(courses.series(days, RISE_AND_FALL), courses.precision(0.05))
    assert abs(straight.slope.value) < 0.01
    assert (straight.verdict, straight.follows_line) == (Verdict.UNDETERMINED, False)
    assert straight.note.startswith("the visits do not follow one straight line")
    assert {t.bend for t in (before, after, difference)} == {dt.date(2021, 8, 23)}
    assert [t.slope.value for t in (before, after)] == pytest.approx([math.log(2) / 600 * 365.25, -math.log(2) / 600 * 365.25], abs=0.02)
    assert (before.verdict, after.verdict) == (Verdict.PROGRESSING, Verdict.REGRESSING)
    assert (before.n_time_points, after.n_time_points) == (5, 4)


def test_ups_and_downs_without_a_bend_are_undetermined(courses: ModuleType) -> None:
    """Eight visits that swing by 30 % where repeats differ by 3 %: no line fits, nothing stands still, and no number of visits is promised."""
    days = [210 * k for k in range(8)]
    errors = [0.15, -0.15, 0.15, -0.15, 0.15, -0.15, 0.15, -0.15]
    (trend,) = line_trends(courses.series(days, scattered(courses, days, 0.0, errors)), courses.precision(0.03))
    assert (trend.verdict, trend.follows_line, trend.more_visits) == (Verdict.UNDETERMINED, False, None)


def test_straight_courses_are_seldom_called_crooked(courses: ModuleType) -> None:
    """Of 300 straight courses with the stated scatter at most 8 % are found not to follow a line, and at most 3 % are given a bend."""
    crooked = bent = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        days = days_of(rng.integers(60, 300, 7).tolist())
        errors = np.hypot(0.09, 0.05) * rng.normal(size=8)
        trends = line_trends(courses.series(days, scattered(courses, days, float(rng.uniform(-0.7, 0.7)), list(errors))), courses.precision())
        crooked, bent = crooked + (not trends[0].follows_line), bent + (len(trends) > 1)
    assert crooked <= 24
    assert bent <= 9


@settings(max_examples=25, deadline=None)
@given(gaps, slopes, noise)
def test_what_excludes_each_other_sums_to_one(courses: ModuleType, between: list[int], slope: float, errors: list[float]) -> None:
    """Law: above the margin, within it and below are all that there is."""
    trend = line_trend(courses.series(days_of(between), scattered(courses, days_of(between), slope, errors)), courses.precision())
    assert trend.p_above_margin + trend.p_within_margin + trend.p_below_margin == pytest.approx(1)
    assert trend.p_growing >= trend.p_above_margin
    assert trend.rate.excludes_zero == trend.slope.excludes_zero


def test_the_rate_is_given_in_the_unit_from_the_last_visit_on(courses: ModuleType) -> None:
    """A burden of 100 that grows by 10 % a year for two years grows by 12.1 in the third."""
    trend = line_trend(courses.series([0, 183, 365, 548, 730], courses.exponential([0, 183, 365, 548, 730], math.log(1.1))), courses.precision(0.02))
    assert trend.level == pytest.approx(121, rel=1e-3)
    assert trend.rate.value == pytest.approx(12.1, rel=2e-3)


def test_further_visits_are_planned_from_the_patients_own_precision(courses: ModuleType) -> None:
    """Half-yearly visits at +15 % a year with errors of 0.1: by the formula of a slope's variance, 12 s2 / (gap2 n (n2 - 1)), it takes as many."""
    days = [183 * k for k in range(4)]
    trend = line_trend(courses.series(days, courses.exponential(days, 0.14)), courses.precision(0.1, bad_share=0.0))
    assert trend.verdict is Verdict.UNDETERMINED
    n = len(days) + trend.more_visits
    sds = [math.sqrt(12 * ((0.1 * 2.0423 / 1.96) ** 2 + trend.process_sd**2) / (0.501**2 * k * (k**2 - 1))) for k in (n - 1, n)]
    settled = [trend.slope.value >= 2.8016 * sd or MARGIN - trend.slope.value >= 2.4865 * sd for sd in sds]
    assert settled == [False, True]
    assert trend.settled_by == dt.date(2020, 1, 1) + dt.timedelta(183 * (n - 1))
    worse = line_trend(courses.series(days, courses.exponential(days, 0.14)), courses.precision(0.9, bad_share=0.0))
    assert (worse.more_visits, worse.settled_by) == (13, None)


@pytest.mark.parametrize("seed", range(12))
def test_few_noisy_visits_are_never_halted(courses: ModuleType, seed: int) -> None:
    """Three visits within a year that scatter by 30 % cannot show that nothing grows, whatever their values."""
    rng = np.random.default_rng(seed)
    trend = line_trend(courses.series([0, 150, 330], list(100 * np.exp(0.3 * rng.normal(size=3)))), courses.precision(0.3))
    assert trend.verdict is not Verdict.HALTED


def test_many_good_visits_show_that_nothing_grows(courses: ModuleType) -> None:
    """Eight visits over four years within 5 % of each other are halted, with the probability that the slope lies within the margin."""
    days = [210 * k for k in range(8)]
    errors = [0.02, -0.03, 0.01, 0.0, -0.02, 0.03, -0.01, 0.0]
    trend = line_trend(courses.series(days, scattered(courses, days, 0.0, errors)), courses.precision(0.05))
    assert trend.verdict is Verdict.HALTED
    assert trend.probability == trend.p_within_margin > 0.9
    assert (trend.doubling_days, trend.halving_days) == (None, None)
    stricter = line_trend(courses.series(days, scattered(courses, days, 0.0, errors)), courses.precision(0.05), TrendOptions(margin=0.01))
    assert stricter.verdict is Verdict.UNDETERMINED


def test_certain_slow_growth_is_progress_and_not_halted(courses: ModuleType) -> None:
    """Twelve visits at +10 % a year: within the margin, but growing for sure."""
    days = [180 * k for k in range(12)]
    trend = line_trend(courses.series(days, courses.exponential(days, math.log(1.1))), courses.precision(0.03))
    assert trend.slope.high < MARGIN
    assert trend.verdict is Verdict.PROGRESSING


def test_intervals_hold_the_truth_as_often_as_they_say(courses: ModuleType) -> None:
    """Of 400 simulated courses with irregular visits and now and then a bad one, 90 to 98.5 % of the slopes lie within their 95 % interval."""
    held = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        days = days_of(rng.integers(60, 300, int(rng.integers(3, 8))).tolist())
        slope = float(rng.uniform(-0.7, 0.7))
        n = len(days)
        errors = np.hypot(0.09, 0.05) * rng.normal(size=n) + (rng.random(n) < 0.03) * 0.6 * rng.normal(size=n)
        trend = line_trend(courses.series(days, scattered(courses, days, slope, list(errors))), courses.precision())
        held += trend.slope.low <= slope <= trend.slope.high
    assert 0.90 <= held / 400 <= 0.985


def test_with_scatter_known_and_small_the_slope_is_the_weighted_least_squares_one() -> None:
    """Without bad visits and process scatter the posterior mean is that of the textbook."""
    rng = np.random.default_rng(5)
    years, sds = np.arange(8) * 0.5, np.array([0.5, 0.6, 0.7, 0.8, 0.5, 0.6, 0.9, 0.5])
    values = 3 + 0.2 * years + sds * rng.normal(size=8)
    design = np.column_stack([np.ones(8), years])
    fit = fit_line(design, values, np.diag(sds**2), 0.0, 0.6)
    expected = np.linalg.lstsq(design / sds[:, None], values / sds, rcond=None)[0]
    centre = float(fit.weights @ fit.centres[:, 1])
    assert centre == pytest.approx(expected[1], abs=0.01)
    assert fit.of((0, 1)).quantile(0.5) == pytest.approx(centre, abs=0.01)
    assert fit.bad == (0.0,) * 8


def test_a_zero_is_said_and_does_not_break_the_line(courses: ModuleType) -> None:
    """A burden that vanished at the end regresses, and the note says how the zero was taken."""
    trend = line_trend(courses.series([0, 200, 400, 700], [200, 60, 10, 0]), courses.precision(0.3))
    assert trend.verdict is Verdict.REGRESSING
    assert trend.note == "nothing was found at 2021-12-01: taken as a burden anywhere below the detection limit"


def test_what_has_no_trend_says_why(courses: ModuleType) -> None:
    """Two visits, no burden at all, no dates, and unlike millimetres."""
    precision = courses.precision()
    three = courses.series([0, 200, 400], [100, 110, 120])
    assert line_trend(courses.series([0, 200], [100, 110]), precision).reason == "a trend needs 3 time points; found 2"
    short = replace(courses.series([0, 200], [100, 110]), missing={3: "nothing states the size of a pixel"})
    assert line_trend(short, precision).reason.endswith("found 2 (visit 3 takes no part: nothing states the size of a pixel)")
    assert line_trend(courses.series([0, 200, 400], [0, 0, 0]), precision).reason == "nothing was found at any time point"
    undated = replace(three, points=(replace(three.points[0], date=None), *three.points[1:]))
    assert line_trend(undated, precision).reason == "the time points have no dates"
    unlike = replace(three, points=(replace(three.points[0], like="fiducial"), *three.points[1:]))
    of_visit_1 = "visit 1 takes no part: values of different kinds cannot be subtracted: sizes at an object of known size on visit 1"
    assert f"found 2 ({of_visit_1}" in line_trend(unlike, precision).reason
    with pytest.raises(InvalidValueError, match=r"a margin is a positive annual rate, such as 0\.223; found -1"):
        TrendOptions(margin=-1)


def test_the_first_and_the_last_visit_are_named(courses: ModuleType) -> None:
    """A trend says over which visits it was drawn."""
    trend = line_trend(courses.series([0, 200, 400], [100, 110, 120]), courses.precision())
    assert (trend.n_time_points, trend.first_date, trend.last_date) == (3, dt.date(2020, 1, 1), dt.date(2021, 2, 4))
