from __future__ import annotations

import math
from dataclasses import replace
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcitrack.change.detectable import changes_of, judged_change
from calcitrack.change.precision import Precision
from calcitrack.errors import InvalidValueError
from calcitrack.model.judgement import BurdenPoint, SdcSource

burden = st.floats(1, 1000)


@given(burden, burden, st.floats(0.01, 100), st.integers(1, 4))
def test_relative_changes_do_not_depend_on_the_unit(courses: ModuleType, before: float, after: float, factor: float, exposures: int) -> None:
    """Burdens in another unit have the same relative change, interval and detectability, and an absolute change scaled with them."""
    precision = courses.precision()
    one, other = (next(changes_of(courses.series([0, 365], [(k * before,) * exposures, (k * after,) * exposures]), precision)) for k in (1.0, factor))
    assert other.exceeds_sdc is one.exceeds_sdc
    assert (other.relative.low, other.relative.value, other.relative.high) == pytest.approx((one.relative.low, one.relative.value, one.relative.high))
    ours, theirs = ([c.absolute.low, c.absolute.value, c.absolute.high] for c in (one, other))
    assert theirs == pytest.approx([factor * x for x in ours], rel=1e-3, abs=1e-3 * factor * one.absolute.sd)


@given(burden, burden)
def test_reversing_time_turns_the_change_round(courses: ModuleType, before: float, after: float) -> None:
    """Backwards, the ratio is the inverse one, and it is as detectable."""
    forth, back = (next(changes_of(courses.series([0, 365], v), courses.precision())) for v in ([before, after], [after, before]))
    assert (1 + forth.relative.value) * (1 + back.relative.value) == pytest.approx(1)
    assert forth.exceeds_sdc is back.exceeds_sdc
    assert forth.absolute.value == -back.absolute.value


def test_the_smallest_detectable_change_is_as_defined(courses: ModuleType) -> None:
    """With 30 repeats of SD 0.09 it is t(30) sqrt(2) 0.09; two exposures at each visit make it smaller by the root of 2."""
    single = next(changes_of(courses.series([0, 400], [100, 130]), courses.precision()))
    double = next(changes_of(courses.series([0, 400], [(100, 100), (130, 130)]), courses.precision()))
    assert single.sdc == pytest.approx([math.expm1(s * 2.0423 * math.sqrt(2) * 0.09) for s in (-1, 1)], rel=1e-3)
    assert math.log1p(double.sdc[1]) == pytest.approx(math.log1p(single.sdc[1]) / math.sqrt(2))
    assert (single.exceeds_sdc, double.exceeds_sdc) == (True, True)
    assert (single.sdc_source, single.sdc_repeats) == (SdcSource.OWN_REPEATS, 30)
    assert single.absolute.value == pytest.approx(30)


def test_changes_are_given_since_the_first_and_the_previous_time_point(courses: ModuleType) -> None:
    """Three visits: one change each to the second, two to the third; a year apart the annual change is the change, half a year apart its square."""
    found = list(changes_of(courses.series([0, 183, 365], [100, 110, 121]), courses.precision()))
    assert [(c.since, c.from_time_point, c.to_time_point) for c in found] == [("baseline", 1, 2), ("baseline", 1, 3), ("previous", 2, 3)]
    assert found[0].annual.value == pytest.approx(0.21, abs=0.001)
    assert found[1].annual.value == pytest.approx(0.21, abs=0.001)


def test_a_short_interval_is_not_made_a_year_of(courses: ModuleType) -> None:
    """Within 60 days the change is given, but not per year, and without dates neither."""
    change = next(changes_of(courses.series([0, 30], [100, 110]), courses.precision()))
    assert change.relative is not None
    assert change.annual is None
    assert change.reason.startswith("an interval of less than 60 days")


def test_what_is_shared_is_counted_once(courses: ModuleType) -> None:
    """A stated uncertainty of 10 % that both visits share scales the difference; of unlike calibrations both count in full, also in the SDC."""
    series = courses.series([0, 365], [100, 150])
    first, second = (replace(p, sd=0.1 * p.mean) for p in series.points)
    plain = judged_change(series, *series.points, "baseline", courses.precision(0.01))
    shared = judged_change(series, first, second, "baseline", courses.precision(0.01))
    mass = replace(series, measurand="ha_mass_mg")
    apart = judged_change(mass, first, replace(second, calibration="B"), "baseline", courses.precision(0.01, measurand="ha_mass_mg"))
    assert shared.absolute.sd**2 - plain.absolute.sd**2 == pytest.approx((0.1 * 50) ** 2, rel=0.05)
    assert apart.absolute.sd**2 - plain.absolute.sd**2 == pytest.approx(10**2 + 15**2, rel=0.05)
    assert shared.absolute.excludes_zero
    assert shared.sdc == pytest.approx(plain.sdc)
    assert apart.sdc[1] > 1.5 * plain.sdc[1]


def test_visits_share_no_more_than_the_surer_one_is_unsure_of(courses: ModuleType) -> None:
    """A visit whose outline was unsure (80 %) beside one that was not (10 %): the difference's interval is that of 10 % at both."""
    series = courses.series([0, 365], [100, 150])
    alike = [replace(p, sd=0.1 * p.mean) for p in series.points]
    unsure = [replace(alike[0], sd=80.0), alike[1]]
    expected, found = (judged_change(series, *points, "baseline", courses.precision(0.05)).absolute for points in (alike, unsure))
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_nothing_found_has_no_logarithm_and_is_handled(courses: ModuleType) -> None:
    """A burden that vanished is down by 100 %; one that appeared has an absolute change and no ratio; from nothing to nothing there is no change."""
    gone, come, never = (next(changes_of(courses.series([0, 365], v), courses.precision())) for v in ([200, 0], [0, 200], [0, 0]))
    assert (gone.relative.value, gone.exceeds_sdc, gone.reason) == (-1, True, "")
    assert (come.relative, come.absolute.value, come.exceeds_sdc) == (None, 200, True)
    assert "no ratio" in come.reason
    assert (never.absolute.value, never.exceeds_sdc) == (0, False)
    small = next(changes_of(courses.series([0, 365], [0.7, 0]), courses.precision()))
    assert small.exceeds_sdc is False, "just above the detection limit, a zero says little"


def test_unlike_millimetres_are_not_subtracted(courses: ModuleType) -> None:
    """Where the plane of the millimetres changed, there is a reason and no change."""
    series = courses.series([0, 365], [100, 150])
    change = judged_change(series, series.points[0], replace(series.points[1], like="fiducial"), "baseline", courses.precision())
    assert (change.absolute, change.relative, change.exceeds_sdc) == (None, None, None)
    assert change.reason == (
        "values of different kinds cannot be subtracted: sizes at the detector on visit 1, sizes at an object of known size on visit 2"
    )


def test_larger_burdens_repeat_better_in_the_profile() -> None:
    """The profile's spread does not grow with the burden, and beyond its ends it stays."""
    for kind, row in Precision().profile.items():
        sems = [Precision().spread(*kind, size).sem for size in (row.sizes[0] / 10, *row.sizes, row.sizes[-1] * 10)]
        assert sems == sorted(sems, reverse=True), kind
        assert sems[0] == sems[1]
        assert sems[-1] == sems[-2]


def test_an_unknown_measurand_has_no_precision() -> None:
    """The message says what is known."""
    with pytest.raises(InvalidValueError, match=r"no precision is known of total hardness; expected one of .*total area_mm2"):
        Precision().spread("total", "hardness", 1.0)
    with pytest.raises(InvalidValueError, match="not negative"):
        BurdenPoint(1, None, (-1.0,))
