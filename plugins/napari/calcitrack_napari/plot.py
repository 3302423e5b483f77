"""Burden of the patient and of the selected deposit over the visits, on a dark ground."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from calcitrack.figures.drawn import drawn_timeline
from calcitrack.figures.page import day_number
from calcitrack.model.assessment import COVERAGE_FACTOR, Assessment
from calcitrack.model.course import PatientCourse
from calcitrack.model.measurement import Measurement
from calcitrack_napari.layers import colour_of

GROUND, INK, FAINT = "#262930", "#F0F1F2", "#6A7380"
"""napari's dark theme: background, text, and a grey for what is secondary."""
TOTAL_COLOUR = "#F0F1F2"
POINTS = 9


class BurdenPlot(FigureCanvasQTAgg):
    """The plot as a widget."""

    def __init__(self) -> None:
        super().__init__(Figure(figsize=(4.4, 2.4), dpi=100, facecolor=GROUND, layout="constrained"))
        self.setMinimumHeight(190)
        self._axes = self.figure.add_subplot()

    def show_burden(self, assessment: Assessment, deposit_id: str, current: int, course: PatientCourse | None = None) -> None:
        """Draw the burden; `current` is the time point that the reader looks at."""
        axes, drawn = self._axes, drawn_timeline(assessment)
        axes.clear()
        axes.set_facecolor(GROUND)
        dated = drawn.points[0].date is not None
        days = [float(p.index) if p.date is None else day_number(p.date) for p in drawn.points]
        total = [(x, p.value, p.sd) for x, p in zip(days, drawn.points, strict=True) if p.value is not None]
        _draw(axes, total, TOTAL_COLOUR, "all deposits")
        own = [] if not deposit_id else _course(assessment, deposit_id, drawn.burden, days)
        if own:
            _draw(axes, own, colour_of(int(deposit_id[1:])), deposit_id)
        if dated and course is not None:
            for treatment in course.treatments:
                stop = days[-1] if treatment.stop is None else day_number(treatment.stop)
                axes.axvspan(max(day_number(treatment.start), days[0]), min(stop, days[-1]), color=FAINT, alpha=0.25, lw=0)
        here = next((x for x, p in zip(days, drawn.points, strict=True) if p.index == current), None)
        if here is not None:
            axes.axvline(here, color=FAINT, lw=1.2, zorder=0)
        axes.set_ylim(bottom=0)
        axes.set_ylabel(f"{drawn.words}, {drawn.unit}", color=INK, fontsize=POINTS)
        _dress(axes, days, dated=dated)
        self.draw_idle()


def _course(assessment: Assessment, deposit_id: str, burden: str, days: Sequence[float]) -> list[tuple[float, float, float | None]]:
    """A deposit's burden at each visit at which it is seen: the mean over the films of the day."""
    found = []
    for x, point in zip(days, assessment.time_points, strict=True):
        results = [
            d.deposit.measurements.get(burden)
            for i in assessment.images
            if i.time_point == point.index
            for d in i.deposits
            if d.deposit_id == deposit_id
        ]
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


def _dress(axes, days: Sequence[float], *, dated: bool) -> None:  # type: ignore[no-untyped-def] # matplotlib's own types
    if dated:
        locator = AutoDateLocator(minticks=3, maxticks=6)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
    else:
        axes.set_xticks([])
    span = max(days[-1] - days[0], 1.0)
    axes.set_xlim(days[0] - 0.05 * span, days[-1] + 0.05 * span)
    axes.tick_params(colors=INK, labelsize=POINTS)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(FAINT)
    axes.legend(fontsize=POINTS, frameon=False, labelcolor=INK, loc="best")
