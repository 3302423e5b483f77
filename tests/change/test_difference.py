from __future__ import annotations

import math
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcitrack.change.detectable import changes_of, pair_of
from calcitrack.change.difference import LogPair, PlainPair
from calcitrack.change.precision import Precision
from calcitrack.change.trend import line_trends
from calcitrack.errors import InvalidValueError
from calcitrack.model.judgement import BurdenSeries, SdcSource

burden = st.floats(0.5, 2000)
scatter = st.floats(0.01, 0.6)


def logs(earlier: float, later: float, own: tuple[float, float], shared: float = 0.0) -> LogPair:
    """Two burdens with these standard deviations of their logarithms of their own, and one that they share."""
    covariance = ((own[0] ** 2 + shared**2, shared**2), (shared**2, own[1] ** 2 + shared**2))
    return LogPair(earlier, later, (math.log(earlier), math.log(later)), covariance)


@pytest.mark.parametrize(
    ("pair", "low", "high"),
    [
        (logs(100, 150, (0.1, 0.1)), 15.57, 86.99),
        (logs(100, 150, (0.01, 0.01), 0.2), 33.57, 74.41),
        (logs(100, 40, (0.3, 0.3)), -141.2, -5.2),
        (logs(0.22, 50, (1.0, math.sqrt(0.02))), 37.49, 65.62),
    ],
)
def test_the_interval_is_that_of_simulated_errors(pair: LogPair, low: float, high: float) -> None:
    """The 2.5 and 97.5 % quantiles of 2 million draws of numpy 2 (seed 0), to 1 % of the width."""
    found = pair.difference
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.01 * (high - low))


@given(burden, burden, scatter, scatter, st.floats(0, 0.3))
def test_difference_and_ratio_leave_out_no_change_together(before: float, after: float, first: float, second: float, shared: float) -> None:
    """Law: whatever the errors, the two intervals never contradict each other."""
    pair = logs(before, after, (first, second), shared)
    assert pair.difference.excludes_zero == (pair.ratio.low > 1 or pair.ratio.high < 1) == pair.log_ratio.excludes_zero


@given(burden, burden, scatter, scatter, st.floats(0, 0.3))
def test_reversing_time_turns_the_interval_round(before: float, after: float, first: float, second: float, shared: float) -> None:
    """Law: backwards, the interval of the difference has the other sign, and that of the ratio is the inverse."""
    forth, back = logs(before, after, (first, second), shared), logs(after, before, (second, first), shared)
    assert (-back.difference.high, -back.difference.low) == pytest.approx((forth.difference.low, forth.difference.high), rel=1e-3, abs=1e-3)
    assert (1 / back.ratio.high, 1 / back.ratio.low) == pytest.approx((forth.ratio.low, forth.ratio.high))


@given(burden, burden, st.floats(0.1, 100), st.floats(0.1, 100), st.floats(-0.99, 0.99))
def test_values_with_a_covariance_do_not_contradict_themselves(before: float, after: float, first: float, second: float, correlation: float) -> None:
    """Law: by Fieller's theorem, too, the ratio leaves out one exactly where the difference leaves out zero."""
    shared = correlation * first * second
    pair = PlainPair(before, after, ((first**2, shared), (shared, second**2)))
    if pair.ratio is not None:
        assert pair.difference.excludes_zero == (pair.ratio.low > 1 or pair.ratio.high < 1)
    assert pair.sd**2 == pytest.approx(first**2 + second**2 - 2 * shared)


def test_fieller_by_hand() -> None:
    """100 and 150 with standard deviations of 5: (15000 -+ root(15000^2 - 9904 * 22404)) / 9904."""
    pair = PlainPair(100.0, 150.0, ((25.0, 0.0), (0.0, 25.0)))
    square, other = 100**2 - 1.959964**2 * 25, 150**2 - 1.959964**2 * 25
    root = math.sqrt(15000**2 - square * other)
    assert (pair.ratio.low, pair.ratio.high) == pytest.approx(((15000 - root) / square, (15000 + root) / square))
    assert (pair.difference.low, pair.difference.high) == pytest.approx((50 - 1.96 * math.sqrt(50), 50 + 1.96 * math.sqrt(50)), rel=1e-4)
    assert PlainPair(9.0, 150.0, ((25.0, 0.0), (0.0, 25.0))).ratio is None, "a baseline of 9 +- 10 supports no percent"


def together(courses: ModuleType, values: list[float], covariance: np.ndarray) -> BurdenSeries:
    """A series of values that were measured together."""
    series = courses.series([300 * k for k in range(len(values))], values, measurand="ha_mass_joint_mg")
    return replace(series, covariance=tuple(map(tuple, covariance.tolist())))


def test_a_stated_covariance_is_all_that_counts(courses: ModuleType) -> None:
    """What visits share cancels: 6 mg of 100 are shown where errors of 5 mg are shared to 96 %, of a measurand that no profile knows."""
    shared = 25 * (0.04 * np.eye(3) + 0.96)
    first, later, step = changes_of(together(courses, [100, 106, 120], shared), courses.precision())
    assert first.absolute.sd == pytest.approx(math.sqrt(2 * 25 * 0.04), rel=1e-3)
    assert (first.exceeds_sdc, later.exceeds_sdc, step.exceeds_sdc) == (True, True, True)
    assert (first.sdc_source, first.sdc_repeats) == (SdcSource.COVARIANCE, 0)
    assert first.sdc == pytest.approx((-0.0277, 0.0277), abs=1e-4)
    alone = next(changes_of(together(courses, [100, 106, 120], 25 * np.eye(3)), courses.precision()))
    assert alone.exceeds_sdc is False


def test_points_find_their_place_in_the_covariance_by_their_visit(courses: ModuleType) -> None:
    """Visits 2 and 3 share much, visit 1 nothing."""
    covariance = np.array([[25.0, 0, 0], [0, 25, 24], [0, 24, 25]])
    series = together(courses, [100, 106, 120], covariance)
    one, two, three = series.points
    precision = courses.precision()
    assert [pair_of(series, *pair, precision).sd ** 2 for pair in ((one, two), (two, three), (one, three))] == pytest.approx([50, 2, 50])


def test_a_baseline_that_may_be_zero_has_a_change_and_no_percent(courses: ModuleType) -> None:
    """3 mg with an error of 2: the difference is given with its interval, the ratio is not, with the reason."""
    change = next(changes_of(together(courses, [3, 20], 4 * np.eye(2)), courses.precision()))
    assert (change.absolute.value, change.relative, change.exceeds_sdc) == (17, None, True)
    assert change.reason == "the earlier value may be zero, so that any ratio is possible"


def test_the_trend_knows_what_the_visits_share(courses: ModuleType) -> None:
    """An error of 20 % that all visits share moves the level and not the slope: its interval is that of the visits' own errors of 1 %."""
    values = np.array(courses.exponential([0, 300, 600, 900, 1200], 0.1))
    own = np.diag((0.01 * values) ** 2)
    shared = own + np.outer(0.2 * values, 0.2 * values)
    alone, common, apart = (line_trends(together(courses, list(values), c), Precision())[0] for c in (own, shared, np.diag(np.diag(shared))))
    assert common.slope.value == pytest.approx(alone.slope.value, abs=1e-6)
    assert (common.slope.low, common.slope.high) == pytest.approx((alone.slope.low, alone.slope.high), abs=1e-4)
    assert apart.slope.high - apart.slope.low > 5 * (common.slope.high - common.slope.low) / 2
    assert common.sdc_source is SdcSource.COVARIANCE
    gone = line_trends(together(courses, [100, 50, 20, 1, 0], 4 * np.eye(5)), Precision())[0]
    assert gone.slope.high < 0, "values below their own limit are taken as below it"
    assert gone.note.startswith("nothing was found at 2022-06-19, 2023-04-15: taken as")


@pytest.mark.parametrize(
    ("covariance", "found"),
    [
        (((1.0,),), r"a row and a column for each of 2 points; found \[1\]"),
        (((1.0, 0.5), (0.4, 1.0)), "finite and symmetric"),
        (((1.0, 0.0), (0.0, 0.0)), "positive variances"),
    ],
)
def test_an_impossible_covariance_is_refused(courses: ModuleType, covariance: tuple[tuple[float, ...], ...], found: str) -> None:
    """The message says what was expected and what was found."""
    with pytest.raises(InvalidValueError, match=found):
        replace(courses.series([0, 300], [10, 20]), covariance=covariance)


@given(st.floats(0.5, 500), st.floats(0, 500), st.floats(0.01, 3), st.floats(0, 0.99))
def test_no_interval_ends_below_nothing(courses: ModuleType, before: float, after: float, unsure: float, shared: float) -> None:
    """Law: whatever the errors, a burden falls by at most all of it; an interval that was cut off says so, and its standard uncertainty is whole."""
    sd = unsure * before
    covariance = ((sd**2, shared * sd**2), (shared * sd**2, sd**2))
    plain = PlainPair(before, after, covariance).difference
    for change in (
        next(changes_of(together(courses, [before, after], np.array(covariance)), Precision())),
        next(changes_of(courses.series([0, 365], [before, after]), courses.precision(min(unsure, 1.5)))),
    ):
        assert -before <= change.absolute.low <= change.absolute.value <= change.absolute.high
        assert change.exceeds_sdc is change.absolute.excludes_zero
        if change.note:
            assert change.absolute.low == -before
            assert change.absolute_sd > change.absolute.sd
        else:
            assert change.absolute_sd == pytest.approx(change.absolute.sd)
        if change.sdc_source is SdcSource.COVARIANCE:
            assert change.absolute_sd == pytest.approx(plain.sd)
            assert bool(change.note) is (plain.low < -before)
