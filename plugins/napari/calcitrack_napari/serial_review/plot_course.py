"""Treatments and laboratory values below the plot of the burden, on a dark background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.ticker import MaxNLocator

from calcitrack.figures.page import day_number
from calcitrack.figures.palette import ORANGE, PURPLE, SKY, YELLOW
from calcitrack.model.course import LabResult, Treatment
from calcitrack.reporting.change_words import number

GROUND, INK, FAINT = "#262930", "#F0F1F2", "#6A7380"
"""Background and text of napari's dark theme, and a grey for secondary lines."""
POINTS = 9
BAR = "#4C566A"
"""Bar of a treatment: differs from the background, and white text on it is legible."""
BAR_HEIGHT = 0.72
LAB_STYLES = ((SKY, "o", "-"), (ORANGE, "s", "--"), (YELLOW, "^", "-."), (PURPLE, "D", ":"))
"""Colour, marker and line of each analyte; marker and line differ for any colour vision."""


def draw_treatments(axes: Any, rows: Sequence[Sequence[Treatment]]) -> None:
    """One row for each drug: a bar for each dose, the name with its doses, and an arrow where the treatment goes on."""
    first, last = axes.get_xlim()
    axes.set_ylim(len(rows), 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    for k, doses in enumerate(rows):
        for t in doses:
            start = max(day_number(t.start), first)
            stop = last if t.stop is None else min(day_number(t.stop) + 1, last)
            axes.barh(k + 0.5, stop - start, BAR_HEIGHT, start, color=BAR, edgecolor=FAINT, lw=0.6, gid=f"bar {t.name}")
            if t.ongoing or stop >= last:
                axes.plot(last, k + 0.5, ">", ms=5, color=INK, clip_on=False, gid=f"ongoing {t.name}")
        left = max(min(day_number(t.start) for t in doses), first)
        words = f"{doses[0].name}{_doses(doses)}"
        right = left > (first + last) / 2  # no room to the right of a late start
        axes.annotate(
            words, (left, k + 0.5), xytext=(-4 if right else 4, 0), textcoords="offset points", va="center",
            ha="right" if right else "left", color=INK, fontsize=POINTS, gid=f"name {doses[0].name}",
        )  # fmt: skip


def _doses(doses: Sequence[Treatment]) -> str:
    """The first dose, and the last one where it differs."""
    known = [t.dose for t in doses if t.dose is not None]
    if not known:
        return ""
    through = number(known[0]) if known[0] == known[-1] else f"{number(known[0])} → {number(known[-1])}"
    return f" {through} {doses[0].unit}".rstrip()


def draw_labs(axes: Any, labs: Mapping[str, Sequence[LabResult]]) -> None:
    """Each analyte in multiples of its upper limit of normal; markers above the limit are filled."""
    for (name, results), (colour, marker, line) in zip(labs.items(), LAB_STYLES, strict=False):
        days, ratios = [day_number(r.date) for r in results], [r.value / r.high for r in results if r.high]
        axes.plot(days, ratios, line, color=colour, lw=1.2, label=name, marker=marker, ms=4, mfc=colour, mec=colour)
        for day, ratio in zip(days, ratios, strict=True):
            if ratio <= 1:
                axes.plot(day, ratio, marker, ms=4, mfc=GROUND, mec=colour, zorder=3)
    axes.axhline(1.0, color=FAINT, lw=0.9, ls="--", zorder=1)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.set_ylabel("× limit", color=INK, fontsize=POINTS)  # noqa: RUF001 a multiplication sign is meant
    axes.legend(fontsize=POINTS - 1, frameon=False, labelcolor=INK, loc="upper right", ncols=2, handlelength=1.8)
