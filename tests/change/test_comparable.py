"""Changes, trends and categories over what the visits show."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from calcitrack.change import RULES, cohort_points
from calcitrack.change.comparable import comparable, compared
from calcitrack.change.detectable import changes_of
from calcitrack.change.judge import judge
from calcitrack.change.response import response
from calcitrack.change.trend import line_trends
from calcitrack.model.evaluable import Evaluable, EvaluableFamily
from calcitrack.model.judgement import BurdenSeries, Category
from calcitrack.reporting.change_words import change_sentences

YEAR = [0, 365, 730, 1095]


def partial(courses: ModuleType, values: dict[str, list[float | None]], unaligned: dict[int, str] | None = None) -> BurdenSeries:
    """A total area of deposits whose values are known at some visits; at those with ``None`` they are out of the picture."""
    n = len(next(iter(values.values())))
    seen = [sum(v[k] or 0.0 for v in values.values()) for k in range(n)]
    total = courses.series(YEAR[:n], seen)
    families, parts = [], {}
    for name, own in values.items():
        known = frozenset(k + 1 for k, v in enumerate(own) if v is not None and k + 1 not in (unaligned or {}))
        shares = {k + 1: v / seen[k] for k, v in enumerate(own) if v}
        size = [v for v in own if v]
        families.append(EvaluableFamily((name,), known, shares, area=sum(size) / len(size)))
        points = [replace(p, values=(own[k] or 0.0,)) for k, p in enumerate(total.points) if k + 1 in known]
        parts[name] = BurdenSeries("deposit", total.measurand, total.unit, tuple(points), deposit_id=name)
    exposures = {k + 1: (k,) for k in range(n)}
    return replace(total, parts=parts, evaluable=Evaluable(tuple(families), unaligned or {}, exposures))


def test_a_cropped_film_is_compared_over_what_both_show(courses: ModuleType) -> None:
    """Half of the burden is cut off and the rest grows by 38 %: the change is +38 %, and not -31 %."""
    series = partial(courses, {"D001": [100.0, 138.0], "D002": [100.0, None]})
    assert [p.mean for p in series.points] == [200, 138]
    (change,) = changes_of(series, courses.precision(0.05))
    assert (change.earlier, change.later) == (100, 138)
    assert change.relative.value == pytest.approx(0.38)
    assert (change.exceeds_sdc, change.compared_fraction) == (True, 0.5)
    assert change.left_out.startswith("compared over 50 % of the deposits' area: 1 deposit lies outside")
    found = response(series, RULES[0], courses.precision(0.05))
    assert (found.best, found.last, found.best_change) == (Category.PROGRESSED, Category.PROGRESSED, pytest.approx(0.38))


def test_a_film_that_cannot_be_aligned_is_no_complete_response(courses: ModuleType) -> None:
    """Nothing found on an inverted film: no change, no category and a trend without it, each with the reason."""
    series = partial(courses, {"D001": [400.0, 410.0, 420.0, 0.0], "D002": [182.0, 190.0, 200.0, 0.0]}, {4: "another part"})
    changes = list(changes_of(series, courses.precision(0.05)))
    last = [c for c in changes if c.to_time_point == 4]
    assert {(c.absolute, c.relative, c.exceeds_sdc, c.later) for c in last} == {(None, None, None, None)}
    assert {c.reason for c in last} == {"visit 4 is not evaluable: it could not be aligned with the others (another part)"}
    (trend,) = line_trends(series, courses.precision(0.05))
    assert (trend.n_time_points, trend.note) == (3, "visit 4 takes no part: it could not be aligned with the others (another part)")
    found = response(series, RULES[0], courses.precision(0.05))
    assert (found.best, found.last) == (Category.STABLE, Category.STABLE)
    assert found.reason == f"visit 4 has no category: {last[0].reason}"
    judgement = judge(courses.timeline(series), precision=courses.precision(0.05))
    assert change_sentences(judgement)[-1].startswith("Visit 4 is not compared with visit 1: visit 4 is not evaluable")
    waterfall = [p.value for p in cohort_points([courses.timeline(series)], precision=courses.precision(0.05)) if p.kind.value == "waterfall"]
    assert waterfall == [pytest.approx(620 / 582 - 1)]


def test_two_visits_without_anything_in_common_have_no_change(courses: ModuleType) -> None:
    """One change, without a value, and a sentence that says why."""
    series = partial(courses, {"D001": [582.0, 0.0]}, {2: "another view"})
    judgement = judge(courses.timeline(series), precision=courses.precision())
    reason = "visit 2 is not evaluable: it could not be aligned with the others (another view)"
    assert change_sentences(judgement) == (f"No change can be given: {reason}.",)
    assert judgement.responses[0].best is None
    assert "could not be aligned" in judgement.responses[0].reason


def test_a_part_counts_under_whichever_name_of_its_family(courses: ModuleType) -> None:
    """D003 was joined with D002 for comparison, and has values of its own, as where all visits are measured together: both are in the sum."""
    series = partial(courses, {"D001": [100.0, None], "D002": [80.0, 90.0], "D003": [40.0, 60.0]})
    assert series.evaluable is not None
    alone, second, third = series.evaluable.families
    joined = replace(second, members=("D002", "D003"), seen={t: second.seen[t] + third.seen[t] for t in (1, 2)})
    found = compared(replace(series, evaluable=replace(series.evaluable, families=(alone, joined))), (1, 2))
    assert not isinstance(found, str)
    assert [p.mean for p in found.series.points] == [120, 150]


def test_a_trend_is_over_one_set_of_deposits(courses: ModuleType) -> None:
    """D002 is out of the second picture: the line is drawn through D001 at all visits, which grows by 20 % a year."""
    series = partial(courses, {"D001": [100.0, 120.0, 144.0, 172.8], "D002": [80.0, None, 80.0, 80.0]})
    found = comparable(series)
    assert [p.mean for p in found.series.points] == [100, 120, 144, pytest.approx(172.8)]
    assert found.shared.fraction == pytest.approx(100 / 180)
    (trend,) = line_trends(series, courses.precision(0.05))
    assert trend.rate is not None
    assert trend.slope.value == pytest.approx(0.182, abs=0.01)
    assert (trend.n_time_points, trend.compared_fraction) == (4, found.shared.fraction)
    assert trend.note == found.shared.words


def test_a_visit_that_shows_little_leaves_the_trend(courses: ModuleType) -> None:
    """Two of ten deposits are in the second picture: it leaves with the reason, and the others are compared over everything."""
    series = partial(courses, {"D001": [20.0, 20.0, 20.0, 20.0], "D002": [80.0, None, 120.0, 140.0]})
    found = comparable(series)
    assert [(p.time_point, p.mean) for p in found.series.points] == [(1, 100), (3, 140), (4, 160)]
    assert found.words == ("visit 2 takes no part: too little of what the others show can be evaluated there",)
    assert isinstance(compared(series, (1, 2)), str)


def test_films_of_another_tier_leave_too(courses: ModuleType) -> None:
    """Areas of tier A and C are not compared, masses are, and areas of B and C; the trend is that of the majority."""
    series = courses.series(YEAR, [100, 110, 120, 300])
    mixed = replace(series, points=(*series.points[:3], replace(series.points[3], calibration="C")))
    assert str(compared(mixed, (1, 4))).endswith("show outlines of different width (calibration tier A on visit 1, calibration tier C on visit 4)")
    assert [p.time_point for p in comparable(mixed).series.points] == [1, 2, 3]
    processed = replace(series, points=tuple(replace(p, calibration=tier) for p, tier in zip(series.points, "BCBC", strict=True)))
    assert len(comparable(processed).series.points) == 4
    mass = replace(mixed, measurand="ha_mass_mg")
    assert not isinstance(compared(mass, (1, 4)), str)


def test_where_everything_is_shown_nothing_changes(courses: ModuleType) -> None:
    """Law: a series whose visits show everything has the same changes and trends as one that knows nothing of what they show."""
    whole = partial(courses, {"D001": [100.0, 90.0, 80.0, 0.0], "D002": [10.0, 20.0, 0.0, 60.0]})
    bare = replace(whole, parts={}, evaluable=None)
    assert list(changes_of(whole, courses.precision())) == list(changes_of(bare, courses.precision()))
    assert line_trends(whole, courses.precision()) == line_trends(bare, courses.precision())
