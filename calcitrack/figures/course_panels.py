"""Treatments as bars whose height is the dose, and laboratory values against their upper limit, over the dates of the films."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from calcitrack.figures.page import CHARACTER_MM, RULE_COLOUR, TEXT_POINTS, day_number, plain, shortened, spread
from calcitrack.figures.palette import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION
from calcitrack.model.course import LabResult, PatientCourse, Treatment
from calcitrack.reporting.change_words import number

ROW_MM = 6.0
"""Height of a treatment's row: type of 7 points and a margin."""
LABS_MM = 24.0
DRUG_MM, NAME_MM = 29.0, 25.0
"""Room for a drug's name left and for an analyte's name right of its panel."""
LOWEST_BAR, HIGHEST_BAR = 0.46, 0.95
"""Height of a bar at no dose and at the drug's highest one, of its row; the lowest still holds type of 7 points."""
MOST_TREATMENTS, MOST_ANALYTES = 10, 6
"""More could not be distinguished in one strip; the input tables hold them all."""
BAR_COLOUR = "#C9C9C9"
LAB_STYLES = ((VERMILLION, "o", "-"), (BLUE, "s", "--"), (GREEN, "^", "-."), (ORANGE, "D", ":"), (PURPLE, "v", "-"), (SKY, "P", "--"))
"""Colour, marker and line of each analyte: two of the three differ in grey print."""
LOG_FROM_RATIO = 8.0
"""Values that span more than this are drawn on a logarithmic axis, as creatine kinase is."""


def shown_treatments(course: PatientCourse | None, first: float, last: float) -> list[list[Treatment]]:
    """Doses of each drug given between two days, drugs in order of their start; at most `MOST_TREATMENTS`."""
    rows: dict[str, list[Treatment]] = {}
    for t in course.treatments if course else ():
        if day_number(t.start) <= last and (t.stop is None or day_number(t.stop) >= first):
            rows.setdefault(t.name, []).append(t)
    return list(rows.values())[:MOST_TREATMENTS]


def shown_labs(course: PatientCourse | None, first: float, last: float) -> tuple[dict[str, list[LabResult]], list[str]]:
    """Results with an upper limit by analyte, those with most results first, and the names of analytes that are not shown."""
    within = [r for r in (course.labs if course else ()) if first <= day_number(r.date) <= last]
    usable: dict[str, list[LabResult]] = {}
    for r in within:
        if r.high is not None and r.high > 0:
            usable.setdefault(r.name, []).append(r)
    ordered = sorted(usable, key=lambda n: (-len(usable[n]), n))
    shown = sorted(ordered[:MOST_ANALYTES])
    return {n: usable[n] for n in shown}, sorted({r.name for r in within} - set(shown))


def draw_treatments(axes: Axes, rows: Sequence[Sequence[Treatment]], width_mm: float) -> None:
    """Draw one row per drug: a bar from start to stop, its height the dose, an arrow where it continues or began outside the figure."""
    first, last = axes.get_xlim()
    axes.set_ylim(len(rows), 0)
    for row, doses in enumerate(rows):
        most = max((t.dose for t in doses if t.dose is not None), default=0.0)
        floor = row + 0.97
        axes.axhline(row + 1, color="#E5E5E5", lw=0.6, zorder=0)
        for t in doses:
            start, stop = day_number(t.start), last if t.stop is None else day_number(t.stop) + 1
            left, right = max(start, first), min(stop, last)
            height = HIGHEST_BAR if t.dose is None or most == 0 else LOWEST_BAR + (HIGHEST_BAR - LOWEST_BAR) * t.dose / most
            bar = Rectangle((left, floor - height), right - left, height, facecolor=BAR_COLOUR, edgecolor=RULE_COLOUR, lw=0.6, gid=f"bar {t.name}")
            axes.add_patch(bar)
            words = _dose_words(t, (right - left) / (last - first) * width_mm)
            if words:
                axes.text(left + (right - left) / 2, floor - height / 2 + 0.02, words, ha="center", va="center", fontsize=TEXT_POINTS, clip_on=True)
            for beyond, x, marker, kind in (
                (stop >= last and (t.ongoing or stop > last), last, ">", "ongoing"),
                (start < first, first, "<", "earlier"),
            ):
                if beyond:
                    axes.plot(x, floor - height / 2, marker, ms=6, color=RULE_COLOUR, clip_on=False, zorder=5, gid=f"{kind} {t.name}")
    axes.set_yticks([k + 0.54 for k in range(len(rows))], [shortened(r[0].name, DRUG_MM) for r in rows], fontsize=TEXT_POINTS)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _dose_words(t: Treatment, width_mm: float) -> str:
    """The dose with its unit where it fits, else without the unit, else empty."""
    if t.dose is None:
        return ""
    full = f"{number(t.dose)} {t.unit}".strip()
    return next((w for w in (full, number(t.dose)) if len(w) * CHARACTER_MM + 1.0 <= width_mm), "")


def draw_labs(axes: Axes, labs: dict[str, list[LabResult]], height_mm: float) -> None:
    """Each analyte as multiples of its upper limit of normal: filled where above, hollow where not, its name at the end of its line."""
    ends = []
    for (name, results), (colour, marker, line) in zip(labs.items(), LAB_STYLES, strict=False):
        days = [day_number(r.date) for r in results]
        ratios = [r.value / r.high for r in results if r.high]
        axes.plot(days, ratios, line, color=colour, lw=1.1, zorder=2, gid=f"lab {name}")
        for day, ratio in zip(days, ratios, strict=True):
            axes.plot(day, ratio, marker, ms=4, mec=colour, mew=0.9, mfc=colour if ratio > 1 else "white", zorder=3)
        ends.append((ratios[-1], name, colour, marker))
    everything = [r.value / r.high for results in labs.values() for r in results if r.high]
    _scale(axes, [*everything, 1.0])
    axes.axhline(1.0, color=RULE_COLOUR, lw=0.9, zorder=1, gid="upper limit")
    axes.axhspan(axes.get_ylim()[0], 1.0, color="#F0F0F0", zorder=0, lw=0, gid="normal")
    axes.set_ylabel("Laboratory\n(× upper limit\nof normal)", fontsize=TEXT_POINTS)  # noqa: RUF001 a multiplication sign is meant
    _write_names(axes, ends, height_mm)
    plain(axes)


def _scale(axes: Axes, ratios: Sequence[float]) -> None:
    positive = [r for r in ratios if r > 0]
    if max(positive) / min(positive) > LOG_FROM_RATIO and min(ratios) > 0:
        axes.set_yscale("log")
        axes.set_ylim(min(positive) / 1.3, max(positive) * 1.3)
        axes.yaxis.set_major_locator(LogLocator(10, (1.0, 2.0, 5.0)))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.set_ylim(min(0.0, 1.1 * min(ratios)), 1.15 * max(ratios))
        axes.yaxis.set_major_locator(MaxNLocator(4, steps=(1, 2, 5, 10)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v)))


def _write_names(axes: Axes, ends: list[tuple[float, str, str, str]], height_mm: float) -> None:
    """Write names right of the panel, each behind its marker and as close to the end of its line as the others allow."""
    ends = sorted(ends)
    inverse = axes.transAxes.inverted()
    heights = [float(inverse.transform(axes.transData.transform((axes.get_xlim()[1], value)))[1]) for value, *_ in ends]
    for at, (_, name, colour, marker) in zip(spread(heights, 3.0 / height_mm, 0.0, 1.0), ends, strict=True):
        axes.plot(1.03, at, marker, ms=4, color=colour, transform=axes.transAxes, clip_on=False)
        axes.text(1.045, at, shortened(name, NAME_MM - 4), transform=axes.transAxes, fontsize=TEXT_POINTS, va="center", ha="left", gid=f"name {name}")
