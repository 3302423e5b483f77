"""Plot of the burden of the patient and of the selected deposit over the visits, on a dark background."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from calcitrack.change.shared_outlines import parts_of, shared_outlines
from calcitrack.figures.course_panels import shown_labs, shown_treatments
from calcitrack.figures.drawn import JOINT_WORDS, drawn_timeline
from calcitrack.figures.page import day_number
from calcitrack.model.assessment import COVERAGE_FACTOR, Assessment, DepositId
from calcitrack.model.course import PatientCourse
from calcitrack.model.measurement import Measurement
from calcitrack_napari.napari_io.layers import colour_of
from calcitrack_napari.serial_review.plot_course import FAINT, GROUND, INK, POINTS, draw_labs, draw_treatments

TOTAL_COLOUR = "#F0F1F2"
BURDEN_PX, DRUG_PX, LABS_PX = 190, 24, 90
"""Smallest heights of the burden, of a drug's row, and of the laboratory values, in pixels."""
PARTLY = "a visit that does not show all"
"""No line joins it to the others: its total is not about the same deposits."""
MOST_DRUGS = 4
"""Most drugs that leave room for the burden; the exported pictures show up to ten."""


class BurdenPlot(FigureCanvasQTAgg):
    """The plot as a widget."""

    def __init__(self) -> None:
        super().__init__(Figure(figsize=(4.4, 2.4), dpi=100, facecolor=GROUND, layout="constrained"))
        self.setMinimumHeight(BURDEN_PX)

    def show_burden(self, assessment: Assessment, deposit_id: str, current: int, course: PatientCourse | None = None) -> None:
        """Draw the burden; below it treatments and laboratory values.

        Parameters
        ----------
        assessment
            What the reader has left so far.
        deposit_id
            The selected deposit; empty for none.
        current
            Time point that the reader looks at.
        course
            Treatments and laboratory values; drawn only where visits have dates.
        """
        drawn = drawn_timeline(assessment)
        dated = drawn.points[0].date is not None
        days = [float(p.index) if p.date is None else day_number(p.date) for p in drawn.points]
        given = shown_treatments(course if dated else None, days[0], days[-1])[:MOST_DRUGS]
        labs, _ = shown_labs(course if dated else None, days[0], days[-1])
        axes, treatments, laboratory = self._panels(len(given), bool(labs))
        valued = [(x, p) for x, p in zip(days, drawn.points, strict=True) if p.value is not None]
        _draw(axes, [(x, p.value, p.sd) for x, p in valued if not p.partly], TOTAL_COLOUR, "all deposits")
        partly = [(x, p.value) for x, p in valued if p.partly]
        if partly:
            axes.plot(*zip(*partly, strict=True), "D", color=TOTAL_COLOUR, mfc="none", ms=5.0, label=PARTLY)
        own = [] if not deposit_id else _course(assessment, deposit_id, drawn.burden, days)
        if own:
            _draw(axes, own, colour_of(DepositId.parse(deposit_id).number), deposit_id)
        here = next((x for x, p in zip(days, drawn.points, strict=True) if p.index == current), None)
        axes.set_ylim(bottom=0)
        axes.set_ylabel(f"{drawn.words}, {drawn.unit}", color=INK, fontsize=POINTS)
        axes.legend(fontsize=POINTS, frameon=False, labelcolor=INK, loc="best")
        panels = [p for p in (axes, treatments, laboratory) if p is not None]
        for panel in panels:
            if here is not None:
                panel.axvline(here, color=FAINT, lw=1.2, zorder=0)
            _dress(panel, days, dated=dated, lowest=panel is panels[-1])
        if treatments is not None:
            draw_treatments(treatments, given)
        if laboratory is not None:
            draw_labs(laboratory, labs)
        self.draw_idle()

    def _panels(self, drugs: int, labs: bool) -> tuple[Axes, Axes | None, Axes | None]:
        """Axes for burden, treatments and laboratory below each other; the widget grows as high as they need."""
        self.figure.clear()
        heights = [BURDEN_PX, *([DRUG_PX * drugs] if drugs else []), *([LABS_PX] if labs else [])]
        self.setMinimumHeight(sum(heights))
        panels = self.figure.subplots(len(heights), 1, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
        for axes in panels:
            axes.set_facecolor(GROUND)
        return panels[0], panels[1] if drugs else None, panels[-1] if labs else None


def _course(assessment: Assessment, deposit_id: str, burden: str, days: Sequence[float]) -> list[tuple[float, float, float | None]]:
    """A deposit's burden at each visit at which it is seen, or measured with all films together, as the mean over its films: (day, value, sd)."""
    found, shared = [], shared_outlines(assessment.images)
    family = assessment.joint.of(deposit_id) if assessment.joint is not None and burden in JOINT_WORDS else None
    for x, point in zip(days, assessment.time_points, strict=True):
        if family is not None:
            mine = [k for k, i in enumerate(assessment.images) if i.time_point == point.index and k in family.series[burden].images]
            results = [family.result(burden, deposit_id, k) for k in mine]
        else:
            here = [k for k, i in enumerate(assessment.images) if i.time_point == point.index]
            results = [r for k in here for _, r in parts_of(k, assessment.images, (deposit_id,), burden, shared) if r is not None]
        values = [r for r in results if isinstance(r, Measurement)]
        if values:
            sds = [v.sd for v in values if v.sd is not None]
            found.append((x, sum(v.value for v in values) / len(values), sum(sds) / len(sds) if sds else None))
    return found


def _draw(axes, points, colour, name: str) -> None:  # type: ignore[no-untyped-def] # matplotlib's own types
    x, y = [p[0] for p in points], [p[1] for p in points]
    axes.plot(x, y, "-o", color=colour, lw=1.6, ms=4.5, label=name)
    if all(p[2] is not None for p in points) and points:
        low = [max(0.0, p[1] - COVERAGE_FACTOR * p[2]) for p in points]
        axes.fill_between(x, low, [p[1] + COVERAGE_FACTOR * p[2] for p in points], color=colour, alpha=0.16, lw=0)


def _dress(axes, days: Sequence[float], *, dated: bool, lowest: bool) -> None:  # type: ignore[no-untyped-def] # matplotlib's own types
    if dated:
        locator = AutoDateLocator(minticks=3, maxticks=6)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
    else:
        axes.set_xticks([])
    span = max(days[-1] - days[0], 1.0)
    axes.set_xlim(days[0] - 0.05 * span, days[-1] + 0.05 * span)
    axes.tick_params(colors=INK, labelsize=POINTS, labelbottom=lowest)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(FAINT)
