from __future__ import annotations

import datetime as dt
import io
import itertools
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from types import ModuleType

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from calcitrack.change.judge import judge
from calcitrack.figures import drawn_timeline, timeline_figure
from calcitrack.figures.page import PAGE_WIDTH_MM, TEXT_POINTS, day_number, spread
from calcitrack.figures.palette import FATE_MARKS, UNKNOWN_FATE_COLOUR, fate_mark
from calcitrack.model.assessment import Fate
from calcitrack.model.course import LabResult, PatientCourse, Treatment
from calcitrack.model.judgement import Estimate, JudgedChange, Judgement, SdcSource, Trend, Verdict
from calcitrack.model.spacing import Spacing, SpacingBasis

MASS = "ha_mass_mg"
NONE = "\N{EN DASH}"
"""What the table shows for none."""


def texts(figure: Figure) -> list[str]:
    """Everything that is written in the figure."""
    return [t.get_text() for t in figure.findobj(Text) if t.get_text()]


def panel(figure: Figure, name: str) -> Axes:
    """The axes with this label."""
    return next(a for a in figure.axes if a.get_label() == name)


def panels(figure: Figure) -> list[str]:
    """Labels of all axes."""
    return [str(a.get_label()) for a in figure.axes]


def signs(figure: Figure, gid: str) -> list:
    """Artists that are marked with this id, as it is or as its beginning."""
    return figure.findobj(lambda a: (a.get_gid() or "").startswith(gid))


def course(made: ModuleType) -> PatientCourse:
    """A tapered steroid, an ongoing drug, one from before the picture's dates; LDH falls, aldolase has too few, CRP has no limit."""
    first, second, third = made.DAYS
    day = dt.timedelta(days=1)
    treatments = (
        Treatment(patient_id="P1", name="prednisolone", start=first, stop=second, dose=20, unit="mg/d"),
        Treatment(patient_id="P1", name="prednisolone", start=second + day, stop=third - 100 * day, dose=5, unit="mg/d"),
        Treatment(patient_id="P1", name="abatacept", start=second, dose=500, unit="mg"),
        Treatment(patient_id="P1", name="zoledronate", start=first - 900 * day, stop=first + 30 * day),
    )
    labs = [LabResult(patient_id="P1", date=d, name="LDH", value=v, high=300) for d, v in zip(made.DAYS, (600, 330, 240), strict=True)]
    labs += [
        LabResult(patient_id="P1", date=second, name="aldolase", value=3.8, high=7.6),
        LabResult(patient_id="P1", date=third, name="CRP", value=5),
    ]
    return PatientCourse("P1", treatments, tuple(labs))


def judged(made: ModuleType, *, beyond: bool | None = True) -> Judgement:
    """Growth that a drug, started at the second visit, halted; a smallest detectable change of a quarter and a third."""
    plain = judge(made.assessment())
    changes = tuple(
        JudgedChange(
            subject="total", deposit_id="", measurand=MASS, unit="mg", since="baseline", from_time_point=1, to_time_point=k, interval_days=100,
            earlier=4.5, later=v, absolute=Estimate(v - 4.5, v - 5.6, v - 3.3),
            sdc=(-0.25, 0.333), exceeds_sdc=beyond if k == 2 else False, sdc_source=SdcSource.OWN_REPEATS,
        )
        for k, v in ((2, 9.0), (3, 4.5))
    )  # fmt: skip
    bare = Trend(
        subject="total", measurand=MASS, part="before", method="robust line", n_time_points=2, treatment="abatacept", treatment_start=made.DAYS[1]
    )
    before = replace(bare, slope=Estimate(0.5, 0.2, 0.8), verdict=Verdict.PROGRESSING, probability=0.99, p_growing=0.99, margin=0.22)
    after = replace(before, part="after", slope=Estimate(0.0, -0.1, 0.1), verdict=Verdict.HALTED, probability=0.96, suspect_time_point=3)
    return replace(plain, changes=changes, trends=(before, after), headline=after, burden=MASS)


@pytest.mark.parametrize(
    ("mass", "sized", "label"),
    [(True, True, "Hydroxyapatite mass\n(mg)"), (False, True, "Deposit area (mm²,\nat the detector)"), (False, False, "Deposit area\n(pixels)")],
)
def test_the_best_measurable_burden_is_drawn_with_its_unit(made: ModuleType, mass: bool, sized: bool, label: str) -> None:
    """Mass where it is measurable, else area with the plane in which its millimetres hold, else pixels; and the picture says why no mass."""
    figure = timeline_figure(made.assessment(mass=mass, sized=sized))
    assert panel(figure, "burden").get_ylabel() == label
    assert any(made.NO_MASS in t for t in texts(figure)) is not mass


def test_points_stand_at_their_true_dates(made: ModuleType) -> None:
    """The distance between points is the time between visits, not their number; each date is written in the table below."""
    figure = timeline_figure(made.assessment())
    (visits,) = signs(figure, "visit")
    assert np.diff(visits.get_xdata()).tolist() == [(b - a).days for a, b in zip(made.DAYS, made.DAYS[1:], strict=False)]
    assert [t.get_text() for t in signs(figure, "date")] == [d.isoformat() for d in made.DAYS]
    columns = [t.get_position()[0] for t in signs(figure, "date")]
    assert np.diff(columns)[1] > np.diff(columns)[0]


def test_the_band_is_the_95_percent_interval_of_each_value(made: ModuleType) -> None:
    """1.96 standard uncertainties to either side, joined from visit to visit; a whisker at each point."""
    figure = timeline_figure(made.assessment())
    bands = signs(figure, "band")
    assert len(bands) == 2
    heights = bands[0].get_paths()[0].vertices[:, 1]
    assert heights.min() == pytest.approx(3 * 1.5 - 1.96 * 0.2)
    assert heights.max() == pytest.approx(6 * 1.5 + 1.96 * 0.2)
    assert len(signs(figure, "interval")) == 3


def test_no_band_where_no_uncertainty_is_stated(made: ModuleType) -> None:
    """A value without uncertainty has neither band nor whisker, and the legend does not promise one."""
    drawn = drawn_timeline(made.assessment())
    figure = timeline_figure(replace(drawn, points=tuple(replace(p, sd=None) for p in drawn.points)))
    assert not signs(figure, "band")
    assert not signs(figure, "interval")
    assert not any("95 % interval" in t for t in texts(figure))


def test_the_smallest_detectable_change_is_a_band_around_baseline(made: ModuleType) -> None:
    """From a quarter below to a third above baseline; changes beyond it are filled, those within are hollow; its source is named."""
    figure = timeline_figure(made.assessment(), judged(made))
    (band,) = signs(figure, "detectable")[:1]
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (pytest.approx(4.5 * 0.75), pytest.approx(4.5 * 1.333))
    assert [p.get_xdata()[0] for p in signs(figure, "within sdc")] == [day_number(made.DAYS[2])]
    assert [p.get_xdata()[0] for p in signs(figure, "value")] == [day_number(d) for d in made.DAYS[:2]]
    assert any("(SDC), own repeat exposures" in t for t in texts(figure))
    said = "these two visits do not show a change (smallest detectable change: \N{MINUS SIGN}25 % to +33 %, from own repeat exposures)"
    assert any(said in " ".join(t.split()) for t in texts(figure))
    assert not signs(timeline_figure(made.assessment()), "detectable")


def test_a_band_far_above_the_values_does_not_flatten_them(made: ModuleType) -> None:
    """A smallest detectable change of +900 % is cut, its upper edge left open, and the values keep most of the panel."""
    wide = judged(made)
    wide = replace(wide, changes=tuple(replace(c, sdc=(-0.9, 9.0)) for c in wide.changes))
    figure = timeline_figure(made.assessment(), wide)
    assert panel(figure, "burden").get_ylim()[1] < 2.5 * 9.4
    assert np.isnan(signs(figure, "detectable edge")[1].get_ydata()).all()


def test_trends_are_drawn_before_and_since_a_treatment_with_their_verdicts(made: ModuleType) -> None:
    """Two curves that meet at the start, with the stated slopes, the verdict's words and probabilities, and the visit that does not fit."""
    figure = timeline_figure(made.assessment(), judged(made), course(made))
    before, after = (signs(figure, f"trend {part}")[0] for part in ("before", "after"))
    assert before.get_xdata()[-1] == after.get_xdata()[0] == day_number(made.DAYS[1])
    assert before.get_ydata()[-1] == pytest.approx(after.get_ydata()[0])
    years = (made.DAYS[1] - made.DAYS[0]).days / 365.25
    assert np.log(before.get_ydata()[-1] / before.get_ydata()[0]) / years == pytest.approx(0.5)
    assert before._dash_pattern != after._dash_pattern
    words = {t.get_gid(): " ".join(t.get_text().split()) for t in signs(figure, "verdict")}
    assert words["verdict before"].startswith("Before abatacept: growing (probability 0.99), +65 % a year, 95 % interval +22 % to")
    assert words["verdict after"].startswith("Since abatacept: halted (probability 0.96), +0 % a year")
    assert [p.get_xdata()[0] for p in signs(figure, "suspect")] == [day_number(made.DAYS[2])]
    assert any(t.startswith("Since abatacept (2021-09-01): halted") for t in texts(figure))


def test_a_trend_of_another_measurand_is_not_drawn(made: ModuleType) -> None:
    """The verdict is about the mass, the picture shows pixels: no line is drawn through them."""
    assert not signs(timeline_figure(made.assessment(mass=False, sized=False), judged(made)), "trend")


def test_treatments_are_bars_from_start_to_stop(made: ModuleType) -> None:
    """Each dose has its bar at its dates, a lower dose a lower one; what goes on has an arrow, and what began earlier one at the left edge."""
    figure = timeline_figure(made.assessment(), judged(made), course(made))
    axes = panel(figure, "treatments")
    assert [t.get_text() for t in axes.get_yticklabels()] == ["zoledronate", "prednisolone", "abatacept"]
    high, low = signs(figure, "bar prednisolone")
    assert (high.get_x(), high.get_x() + high.get_width()) == (day_number(made.DAYS[0]), day_number(made.DAYS[1]) + 1)
    assert high.get_height() > 1.3 * low.get_height()
    assert {"20 mg/d", "5 mg/d", "500 mg"} <= set(texts(figure))
    assert len(signs(figure, "ongoing")) == len(signs(figure, "ongoing abatacept")) == 1
    assert len(signs(figure, "earlier")) == len(signs(figure, "earlier zoledronate")) == 1
    assert {a.get_gid() for a in signs(figure, "start")} == {"start prednisolone", "start abatacept"}


def test_laboratory_values_are_multiples_of_their_upper_limit(made: ModuleType) -> None:
    """LDH of 600 with a limit of 300 stands at 2, filled; one below its limit is hollow; what has no limit is named instead of drawn."""
    figure = timeline_figure(made.assessment(), course=course(made))
    (line,) = signs(figure, "lab LDH")
    assert line.get_ydata() == pytest.approx([2.0, 1.1, 0.8])
    dots = [a for a in panel(figure, "labs").lines if a.get_marker() == line_marker(figure, "LDH") and len(a.get_xdata()) == 1]
    assert [mpl.colors.same_color(d.get_markerfacecolor(), "white") for d in dots[:3]] == [False, False, True]
    assert {t.get_text() for t in signs(figure, "name")} == {"LDH", "aldolase"}
    assert len(signs(figure, "upper limit")) == 1
    assert any("not drawn" in t and t.endswith("CRP.") for t in texts(figure))


def line_marker(figure: Figure, name: str) -> str:
    """The marker beside an analyte's name."""
    at = next(t for t in signs(figure, "name") if t.get_text() == name).get_position()[1]
    return next(a.get_marker() for a in panel(figure, "labs").lines if a.get_ydata()[0] == at and len(a.get_xdata()) == 1 and a.get_xdata()[0] > 1)


def test_values_of_very_different_size_stand_on_a_logarithmic_axis(made: ModuleType) -> None:
    """A creatine kinase of forty times its limit leaves the others legible."""
    labs = tuple(
        LabResult(patient_id="P1", date=d, name=n, value=v, high=1.0)
        for n, values in (("CK", (40, 9, 2)), ("LDH", (2, 1.5, 0.9)))
        for d, v in zip(made.DAYS, values, strict=True)
    )
    assert panel(timeline_figure(made.assessment(), course=PatientCourse("P1", (), labs)), "labs").get_yscale() == "log"


def test_strips_without_content_are_absent(made: ModuleType) -> None:
    """Without treatments and laboratory values there is no empty strip, and the page is lower."""
    full, bare = timeline_figure(made.assessment(), course=course(made)), timeline_figure(made.assessment())
    assert panels(full) == ["burden", "treatments", "labs", "fates"]
    assert panels(bare) == ["burden", "fates"]
    assert bare.get_figheight() < full.get_figheight()


def test_fates_are_marked_and_counted(made: ModuleType) -> None:
    """Each fate that occurs has a row with its mark and the number at each visit."""
    figure = timeline_figure(made.assessment())
    assert [t.get_text() for t in signs(figure, "count baseline, persistent")] == ["2", "2", "2"]
    assert [t.get_text() for t in signs(figure, "count new")] == [NONE, "1", NONE]
    assert [t.get_text() for t in signs(figure, "count resolved")] == [NONE, NONE, "1"]
    assert [t.get_text() for t in signs(figure, "count deposits")] == ["2", "3", "2"]
    (mark,) = signs(figure, "mark new")
    assert (mark.get_marker(), mark.get_markerfacecolor()) == (fate_mark(Fate.NEW).marker, fate_mark(Fate.NEW).colour)
    assert len(mark.get_xdata()) == 2, "in the row's head and at the second visit"


def test_what_came_and_went_is_not_counted_where_there_is_no_change(made: ModuleType) -> None:
    """Counts rest on the comparison that gives the change: at a visit that cannot be compared nothing is said to be new."""
    known = judged(made)
    first, last = known.changes
    refused = replace(known, changes=(replace(first, absolute=None, reason="another film quality"), last))
    counts = [[t.get_text() for t in signs(timeline_figure(made.assessment(), j), "count resolved")] for j in (known, refused)]
    assert counts == [[NONE, NONE, "1"]] * 2
    assert [t.get_text() for t in signs(timeline_figure(made.assessment(), known), "count new")] == [NONE, "1", NONE]
    assert not signs(timeline_figure(made.assessment(), refused), "count new")


def test_every_fate_has_a_mark_of_its_own(made: ModuleType) -> None:
    """All fates of the model are told apart without colour; one that the table does not know is drawn under its own name, not as another."""
    marks = {FATE_MARKS[f.value].marker for f in Fate if f is not Fate.BASELINE}
    assert len(marks) == len(Fate) - 1

    class Later(StrEnum):
        WANDERED = "wandered_off"

    odd = fate_mark(Later.WANDERED)  # type: ignore[arg-type]
    assert (odd.words, odd.colour) == ("wandered off", UNKNOWN_FATE_COLOUR)
    assert odd.marker not in marks
    whole = made.assessment()
    strange = replace(whole.time_points[1], fates={**whole.time_points[1].fates, Later.WANDERED: 4})
    figure = timeline_figure(replace(whole, time_points=(whole.time_points[0], strange, whole.time_points[2])))
    assert [t.get_text() for t in signs(figure, "count wandered off")] == [NONE, "4", NONE]


def test_unlike_millimetres_are_not_joined(made: ModuleType) -> None:
    """Areas whose millimetres hold in different planes are not connected by a line or band; like ones are."""
    plain = made.assessment(mass=False)
    assert len(signs(timeline_figure(plain), "joined")) == 2
    other = Spacing(0.19, 0.19, SpacingBasis.MAGNIFICATION_CORRECTED, "ERMF", 1.05)
    mixed = replace(plain, images=tuple(replace(i, spacing=other) if i.time_point == 3 else i for i in plain.images))
    figure = timeline_figure(mixed)
    assert len(signs(figure, "joined")) == len(signs(figure, "band")) == 1
    assert "corrected for magnification" in panel(figure, "burden").get_ylabel()


def test_a_size_that_nothing_states_is_not_drawn_as_millimetres(made: ModuleType) -> None:
    """Where the pixel size is only assumed for matching, the axis counts pixels and no smallest detectable change in mm2 is drawn."""
    whole = made.assessment(mass=False, sized=False)
    figure = timeline_figure(whole, judge(whole))
    assert panel(figure, "burden").get_ylabel() == "Deposit area\n(pixels)"
    assert not signs(figure, "detectable")


def test_one_time_point_is_enough(made: ModuleType) -> None:
    """A single visit gives a picture that says that there is no change yet, with its interval and without band or trend."""
    one = made.assessment(visits=1, repeat=False)
    figure = timeline_figure(one, judge(one), course(made))
    assert any("One time point" in w for w in texts(figure))
    assert len(signs(figure, "interval")) == 1
    assert not signs(figure, "band")
    assert not signs(figure, "trend")
    figure.draw_without_rendering()


def test_a_visit_that_could_not_be_read_is_shown_as_such(made: ModuleType) -> None:
    """A time point without a readable image leaves a gap with the words 'not read', not a zero."""
    whole = made.assessment()
    lost = replace(whole.time_points[1], n_exposures=0, deposit_count=None, totals={}, from_baseline={}, from_previous={}, fates={})
    figure = timeline_figure(replace(whole, time_points=(whole.time_points[0], lost, whole.time_points[2])))
    assert texts(figure).count("not read") == 2
    assert not signs(figure, "joined")


def test_a_timeline_without_a_date_is_drawn(made: ModuleType) -> None:
    """Images without any date have no date on the axis, and what was given when cannot be placed."""
    whole = made.assessment(visits=1, repeat=False)
    undated = replace(whole, time_points=(replace(whole.time_points[0], date=None),))
    figure = timeline_figure(undated, course=course(made))
    assert "date not stated" in texts(figure)
    assert panels(figure) == ["burden", "fates"]
    assert any("are not drawn: the film has no date" in t for t in texts(figure))


@pytest.mark.parametrize("rich", [True, False])
@pytest.mark.parametrize("visits", [1, 3])
def test_everything_is_legible_in_print(made: ModuleType, drawn_texts: Callable[[Figure], list[Text]], rich: bool, visits: int) -> None:
    """180 mm wide, no type below 7 points, no text outside the page, none upon another in the table and beside the panels."""
    whole = made.assessment(visits=visits, repeat=False)
    figure = timeline_figure(whole, judged(made) if visits == 3 else judge(whole), course(made) if rich else None)
    written = drawn_texts(figure)
    assert figure.get_figwidth() * 25.4 == pytest.approx(PAGE_WIDTH_MM)
    assert min(t.get_fontsize() for t in written) >= TEXT_POINTS
    boxes = [(t.get_text(), t.get_window_extent()) for t in written]
    width, height = figure.canvas.get_width_height()
    outside = [text for text, b in boxes if not (b.x0 >= 0 and b.y0 >= 0 and b.x1 <= width and b.y1 <= height)]
    assert not outside
    inside = [(k, b.padded(-1)) for k, b in boxes if b.width > 2 and b.height > 2]
    upon = [(k, m) for i, (k, a) in enumerate(inside) for m, b in inside[i + 1 :] if a.overlaps(b)]
    assert not upon


def test_close_visits_keep_legible_columns(made: ModuleType) -> None:
    """Three visits within four days and one after six years: dates do not lie on each other, and lines lead to them."""
    whole = made.assessment()
    days = [dt.date(2020, 1, 1), dt.date(2020, 1, 3), dt.date(2026, 1, 1)]
    figure = timeline_figure(replace(whole, time_points=tuple(replace(p, date=d) for p, d in zip(whole.time_points, days, strict=True))))
    figure.draw_without_rendering()
    boxes = [t.get_window_extent() for t in signs(figure, "date")]
    assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))
    assert len(signs(figure, "leader")) == 3


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12).map(sorted), st.floats(0.5, 12))
def test_labels_are_spread_in_order_and_within_bounds(places: list[float], gap: float) -> None:
    """Neighbours are apart by the gap where there is room, and by equal shares of the room where there is not; nothing that has room is moved."""
    moved = spread(places, gap, 0.0, 100.0)
    room = min(gap, 100.0 / max(len(places) - 1, 1))
    assert all(b - a >= room - 1e-6 for a, b in itertools.pairwise(moved))
    assert -1e-6 <= moved[0] <= moved[-1] <= 100 + 1e-6
    if all(b - a >= gap for a, b in itertools.pairwise(places)):
        assert moved == pytest.approx(places)


def test_the_figure_is_written_without_pyplot(made: ModuleType) -> None:
    """The figure renders by itself, at 300 dots an inch, and no global figure is left behind."""
    import matplotlib.pyplot as plt

    stream = io.BytesIO()
    timeline_figure(made.assessment()).savefig(stream)
    assert plt.get_fignums() == []
    assert Image.open(stream).width == pytest.approx(PAGE_WIDTH_MM / 25.4 * 300, abs=1)


def test_many_visits_stand_in_columns_of_their_own(made: ModuleType) -> None:
    """Fifteen visits have upright dates, and neither dates nor counts lie upon each other."""
    drawn = drawn_timeline(made.assessment())
    first = drawn.points[0]
    points = tuple(
        replace(
            first,
            index=k + 1,
            date=dt.date(2020, 1, 1) + dt.timedelta(40 * k + (k % 3) * 20),
            deposit_count=10 + k,
            fates={Fate.PERSISTENT: 10, Fate.NEW: k},
        )
        for k in range(15)
    )
    figure = timeline_figure(replace(drawn, points=points))
    figure.draw_without_rendering()
    assert {t.get_rotation() for t in signs(figure, "date")} == {90.0}
    for gid in ("date", "count deposits", "count new"):
        boxes = [t.get_window_extent() for t in signs(figure, gid)]
        assert len(boxes) == 15
        assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))


def test_a_mass_below_zero_stands_at_zero_under_its_own_number(made: ModuleType) -> None:
    """Noise about nothing is not drawn below the axis, and not passed over in silence either."""
    drawn = drawn_timeline(made.assessment())
    *others, last = drawn.points
    figure = timeline_figure(replace(drawn, points=(*others, replace(last, value=-2.0, sd=0.5, exposures=(-2.0,)))))
    figure.draw_without_rendering()
    assert signs(figure, "value")[-1].get_ydata()[0] == 0
    assert "\N{MINUS SIGN}2" in texts(figure)
