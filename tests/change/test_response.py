from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from calcitrack.change.response import RULES, ResponseRule, last_evaluable, response, treatment_trends
from calcitrack.errors import InvalidValueError
from calcitrack.model.course import PatientCourse, Treatment
from calcitrack.model.judgement import Category, Estimate, Verdict

DAYS = [0, 150, 330, 500, 700, 850, 1020, 1250]
SCTC, _, RECIST = RULES


def drug(day: int, name: str = "abatacept", **more: object) -> Treatment:
    """A drug that starts so many days after the first visit."""
    return Treatment(patient_id="P1", name=name, start=dt.date(2020, 1, 1) + dt.timedelta(day), **more)


def broken(courses: ModuleType, before: float, after: float, start: int) -> list[float]:
    """A burden whose rate changes at a day."""
    level = courses.exponential([start], before)[0]
    return [courses.exponential([d], before)[0] if d <= start else courses.exponential([d - start], after, level)[0] for d in DAYS]


def test_slopes_before_and_after_are_those_of_the_course(courses: ModuleType) -> None:
    """Growth of 60 % a year that stops at the start: both slopes, their difference, and the verdict since."""
    series = courses.series(DAYS, broken(courses, 0.5, 0.0, 500))
    before, after, difference = treatment_trends(series, PatientCourse("P1", (drug(500),)), courses.precision(0.05))
    assert [t.part for t in (before, after, difference)] == ["before", "after", "difference"]
    assert [t.slope.value for t in (before, after, difference)] == pytest.approx([0.5, 0.0, -0.5], abs=0.01)
    assert (before.n_time_points, after.n_time_points) == (4, 4)
    assert (before.verdict, after.verdict, difference.verdict) == (Verdict.PROGRESSING, Verdict.HALTED, None)
    assert difference.slope.high < 0
    assert difference.p_growing < 0.025


def test_a_treatment_that_stops_nothing_changes_no_slope(courses: ModuleType) -> None:
    """Growth that goes on after the start: the difference's interval holds zero, and the verdict since is progress."""
    series = courses.series(DAYS, courses.exponential(DAYS, 0.5))
    _, after, difference = treatment_trends(series, PatientCourse("P1", (drug(500),)), courses.precision(0.05))
    assert difference.slope.low < 0 < difference.slope.high
    assert after.verdict is Verdict.PROGRESSING


def test_too_few_visits_on_a_side_say_so(courses: ModuleType) -> None:
    """One visit before the start gives no slope before; a start outside the visits neither; the last one that can be judged is headline."""
    series = courses.series(DAYS, courses.exponential(DAYS, 0.5))
    course = PatientCourse("P1", (drug(10, "first"), drug(500, "middle"), drug(1240, "last"), drug(-400, "earlier")))
    found = treatment_trends(series, course, courses.precision())
    reasons = {t.treatment: t.reason for t in found}
    need = "slopes before and after need 2 time points on each side of the start; found"
    assert reasons == {
        "earlier": f"{need} 0 before and 8 after",
        "first": f"{need} 1 before and 7 after",
        "middle": "",
        "last": f"{need} 7 before and 1 after",
    }
    assert last_evaluable(found).treatment == "middle"
    assert last_evaluable([t for t in found if t.treatment == "first"]) is None


def test_what_else_began_is_named(courses: ModuleType) -> None:
    """Another drug between the visits cannot be told apart, and the note says so; a new dose of the same one is no other start."""
    series = courses.series(DAYS, courses.exponential(DAYS, 0.5))
    doses = (drug(500, stop=dt.date(2021, 8, 1)), replace(drug(590), dose=5.0))
    course = PatientCourse("P1", (*doses, drug(700, "prednisolone"), drug(-900, "earlier")))
    notes = {t.treatment: t.note for t in treatment_trends(series, course, courses.precision()) if t.part == "after"}
    assert notes["abatacept"] == "not told apart from what else began between the visits: prednisolone (2021-12-01)"
    assert notes["prednisolone"] == "not told apart from what else began between the visits: abatacept (2021-05-15)"


def test_slopes_around_a_start_hold_the_truth_as_often_as_they_say(courses: ModuleType) -> None:
    """Of 300 treated courses, 90 to 99 % of the intervals of the difference hold it."""
    held = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        before, after = float(rng.uniform(0, 0.8)), float(rng.uniform(-0.6, 0.3))
        values = [b * math.exp(0.1 * rng.normal()) for b in broken(courses, before, after, 600)]
        found = treatment_trends(courses.series(DAYS, values), PatientCourse("P1", (drug(600),)), courses.precision())
        held += found[2].slope.low <= after - before <= found[2].slope.high
    assert 0.90 <= held / 300 <= 0.99


@pytest.mark.parametrize(
    ("values", "best", "last", "progressed", "day"),
    [
        ([100, 90, 110], Category.STABLE, Category.STABLE, False, 730),
        ([100, 140, 110], Category.STABLE, Category.STABLE, True, 365),
        ([100, 60, 150], Category.IMPROVED, Category.PROGRESSED, True, 730),
        ([100, 30, 0], Category.COMPLETE, Category.COMPLETE, False, 730),
        ([100, 150, 200], Category.PROGRESSED, Category.PROGRESSED, True, 365),
    ],
)
def test_the_25_percent_rule(courses: ModuleType, values: list[float], best: Category, last: Category, progressed: bool, day: int) -> None:
    """Best and last category, whether a visit counts as progression, and the day of the first that does or of the last visit."""
    found = response(courses.series([0, 365, 730], values), SCTC, courses.precision(0.05))
    assert (found.best, found.last, found.progressed, found.days_to_progression) == (best, last, progressed, day)
    assert found.best_change == pytest.approx(min(values[1:]) / 100 - 1)


def test_a_category_needs_a_detectable_change(courses: ModuleType) -> None:
    """+40 % is beyond the threshold, and no progression where exposures scatter by 30 %."""
    series = courses.series([0, 365], [100, 140])
    assert response(series, SCTC, courses.precision(0.05)).last is Category.PROGRESSED
    assert response(series, SCTC, courses.precision(0.3)).last is Category.STABLE


def test_recist_counts_progression_from_the_lowest(courses: ModuleType) -> None:
    """A burden that fell to a fifth and doubled from there has progressed, below baseline as it is."""
    found = response(courses.series([0, 365, 730], [100, 20, 42]), RECIST, courses.precision(0.05))
    assert (found.best, found.last) == (Category.IMPROVED, Category.PROGRESSED)
    assert response(courses.series([0, 365, 730], [100, 20, 42]), SCTC, courses.precision(0.05)).last is Category.IMPROVED


def test_a_rule_of_ones_own(courses: ModuleType) -> None:
    """Thresholds can be chosen, and impossible ones are refused with what was found."""
    rule = ResponseRule("mine", -0.1, 0.1)
    assert response(courses.series([0, 365], [100, 112]), rule, courses.precision(0.02)).last is Category.PROGRESSED
    with pytest.raises(InvalidValueError, match=r"between -1 and 0 for improvement .* found 0\.1 and 0\.2"):
        ResponseRule("wrong", 0.1, 0.2)


def test_a_baseline_that_may_be_zero_gives_no_category(courses: ModuleType) -> None:
    """Values with a covariance: from a burden that may be nothing no share can be told, and "stable" would be a wrong word for what grew."""
    unsure = replace(courses.series([0, 365, 730], [5, 90, 300]), covariance=((100.0, 0, 0), (0, 25.0, 0), (0, 0, 25.0)))
    for rule in (SCTC, RECIST):
        found = response(unsure, rule, courses.precision(0.05))
        assert (found.best, found.last, found.best_change, found.last_change) == (None, None, None, None)
        assert "visit 2 has no category: the earlier value may be zero" in found.reason
        assert "visit 3 has no category" in found.reason
    sure = replace(unsure, covariance=((0.01, 0, 0), (0, 25.0, 0), (0, 0, 25.0)))
    assert response(sure, SCTC, courses.precision(0.05)).last is Category.PROGRESSED


def test_what_has_no_response_says_why(courses: ModuleType) -> None:
    """One visit, nothing at baseline, unlike millimetres."""
    precision = courses.precision()
    assert response(courses.series([0], [100]), SCTC, precision).reason == "a response needs two time points; found 1"
    assert response(courses.series([0, 365], [0, 100]), SCTC, precision).reason.startswith("nothing was found at baseline")
    series = courses.series([0, 365], [100, 120])
    unlike = replace(series, points=(series.points[0], replace(series.points[1], like="fiducial")))
    assert "cannot be subtracted" in response(unlike, SCTC, precision).reason


def test_an_estimate_lies_in_its_interval() -> None:
    """Anything else is refused."""
    with pytest.raises(InvalidValueError, match="found 2 and 0 to 1"):
        Estimate(2, 0, 1)
