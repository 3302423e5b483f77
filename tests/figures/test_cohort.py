from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from types import ModuleType

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from calcitrack.change import RULES, cohort_points
from calcitrack.change.judge import judge
from calcitrack.figures import CohortFigures, cohort_figures
from calcitrack.figures.cohort import CATEGORY_STYLES, MOST_CHANGE
from calcitrack.figures.page import TEXT_POINTS
from calcitrack.model.course import Courses, PatientCourse, Treatment
from calcitrack.model.judgement import Category, CohortKind, CohortPoint

DAYS = [0, 200, 400]
VALUES = {"A": [100, 150, 400], "B": [100, 120, 160], "C": [100, 90, 105], "D": [100, 60, 50], "E": [100, 40, 0], "F": [100, 130, 190]}
"""Two treated and progressing less; one that grew fourfold, one of which nothing was found any more."""


def points(courses: ModuleType, values: dict[str, list[float]] = VALUES) -> tuple[tuple[CohortPoint, ...], list]:
    """Points and judgements of patients with these areas; C and D are given a drug."""
    series = [courses.timeline(courses.series(DAYS, v), patient=name) for name, v in values.items()]
    start = dt.date(2020, 2, 1)
    given = Courses(tuple(PatientCourse(n, (Treatment(patient_id=n, name="rituximab", start=start),)) for n in ("C", "D", "F")))
    precision = courses.precision(0.05)
    judged = [judge(s, given.of(s.key.patient_id), precision=precision) for s in series]
    return cohort_points(series, given, precision=precision), judged


def drawn(courses: ModuleType, **facts: dict[str, list[float]]) -> CohortFigures:
    """The figures of these patients under the first rule."""
    found, judged = points(courses, **facts)
    return cohort_figures(found, judged, RULES[0].name, (RULES[0].improve, RULES[0].progress))


def signs(figure: Figure, gid: str) -> list:
    """Artists whose mark begins like this."""
    return figure.findobj(lambda a: (a.get_gid() or "").startswith(gid))


def test_the_waterfall_shows_last_and_lowest_change_of_everybody(courses: ModuleType) -> None:
    """A bar each, largest growth first, as in the table; diamonds at the lowest value; a bar that would flatten the others is cut and numbered."""
    figure = drawn(courses).waterfall
    bars = sorted(signs(figure, "bar"), key=lambda b: b.get_x())
    assert [b.get_height() for b in bars] == pytest.approx([MOST_CHANGE, 0.9, 0.6, 0.05, -0.5, -1.0])
    assert [t.get_text() for t in signs(figure, "cut")] == ["+300 %"]
    lowest = sorted((float(d.get_xdata()[0]), float(d.get_ydata()[0])) for d in signs(figure, "best"))
    assert [y for _, y in lowest] == pytest.approx([0.5, 0.3, 0.2, -0.1, -0.5, -1.0])
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["A", "F", "B", "C", "D", "E"]


def test_the_limits_of_response_are_drawn(courses: ModuleType) -> None:
    """Lines at a quarter less and a quarter more, in the waterfall and around the ratio of one."""
    figures = drawn(courses)
    assert [line.get_ydata()[0] for line in signs(figures.waterfall, "limit")] == [-0.25, 0.25]
    assert [line.get_ydata()[0] for line in signs(figures.spaghetti, "limit")] == [0.75, 1.25]


def test_colour_and_hatch_tell_the_response(courses: ModuleType) -> None:
    """Each bar has the style of its category at the last visit; no two categories share both colour and hatch."""
    bars = sorted(signs(drawn(courses).waterfall, "bar"), key=lambda b: b.get_x())
    categories = [Category.PROGRESSED] * 3 + [Category.STABLE, Category.IMPROVED, Category.COMPLETE]
    for bar, category in zip(bars, categories, strict=True):
        assert mpl.colors.same_color(bar.get_facecolor(), CATEGORY_STYLES[category][0])
        assert (bar.get_hatch() or "") == CATEGORY_STYLES[category][1]
    assert len({style[:2] for style in CATEGORY_STYLES.values()}) == len(CATEGORY_STYLES)


def test_every_timeline_has_a_line_over_the_years(courses: ModuleType) -> None:
    """Ratios to baseline on a logarithmic axis over years; where nothing was found there is a mark of its own, not a number."""
    figure = drawn(courses).spaghetti
    axes = figure.axes[0]
    assert axes.get_yscale() == "log"
    lines = signs(figure, "line")
    assert len(lines) == len(VALUES)
    assert lines[0].get_ydata() == pytest.approx([1.0, 1.5, 4.0])
    assert lines[0].get_xdata() == pytest.approx(np.array(DAYS) / 365.25)
    (none,) = signs(figure, "none found")
    assert none.get_xdata() == pytest.approx([400 / 365.25])
    assert none.get_ydata()[0] < 0.5
    assert "none found" in [t.get_text() for t in axes.get_yticklabels()]


def test_the_cumulative_probability_is_that_of_the_table(courses: ModuleType) -> None:
    """Steps of all and of the treated, at the days and heights of the table, with a band and the numbers at risk."""
    found, _ = points(courses)
    figure = drawn(courses).progression
    for group in ("all", "rituximab"):
        steps = [p for p in found if p.kind is CohortKind.PROGRESSION and p.group == group and p.measurand == courses.AREA]
        (curve,) = signs(figure, f"curve {group}")
        assert curve.get_ydata()[1:-1] == pytest.approx([p.value for p in steps])
        assert curve.get_xdata()[1:-1] == pytest.approx([p.days / 365.25 for p in steps])
        assert [t.get_text() for t in signs(figure, f"at risk {group}")] == [str(p.at_risk) for p in steps]
    assert len(signs(figure, "band")) == 1


def test_what_does_not_exist_is_not_drawn(courses: ModuleType) -> None:
    """Nobody progressed: no curve. No two visits: no figure at all."""
    calm = drawn(courses, values={"A": [100, 99, 101], "B": [100, 102, 98]})
    assert calm.progression is None
    assert calm.waterfall is not None
    assert drawn(courses, values={"A": [100, 150, 400]}) == CohortFigures(None, None, None), "one patient is no cohort"
    assert cohort_figures((), (), RULES[0].name, (-0.25, 0.25)) == CohortFigures(None, None, None)


@pytest.mark.parametrize("count", [2, 45])
def test_all_type_is_legible_and_inside(courses: ModuleType, drawn_texts: Callable[[Figure], list[Text]], count: int) -> None:
    """For two patients and for more than can be named: 180 mm, 7 points or more, nothing clipped."""
    rng = np.random.default_rng(1)
    many = {f"PATIENT-{k:04d}": [100.0, float(rng.uniform(50, 200)), float(rng.uniform(20, 500))] for k in range(count)}
    figures = drawn(courses, values=many)
    for figure in (figures.waterfall, figures.spaghetti, figures.progression):
        written = drawn_texts(figure)
        width, height = figure.canvas.get_width_height()
        assert len(written) > 10
        assert min(t.get_fontsize() for t in written) >= TEXT_POINTS
        boxes = [(t.get_text(), t.get_window_extent()) for t in written]
        assert not [words for words, b in boxes if not (b.x0 >= 0 and b.y0 >= 0 and b.x1 <= width and b.y1 <= height)]
