"""A page in millimetres: positions of panels, lengths of texts, and spacing of labels."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any

import matplotlib.dates as mdates
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from calcitrack.figures.scripts import drawable

MM_PER_INCH = 25.4
PAGE_WIDTH_MM = 180.0
"""Width of a two-column figure in most medical journals."""
DPI = 300
"""Resolution that journals require of pictures with lines and greys."""
TEXT_POINTS = 7.0
"""Smallest type that journals accept in figures; nothing here is smaller."""
HEAD_POINTS = 9.0
CHARACTER_MM = 1.28
"""Mean width of a character of DejaVu Sans at 7 points, rounded up: 0.52 of the type size."""
LINE_MM = 3.1
"""Line distance at 7 points."""
NO_BREAK = "\N{NO-BREAK SPACE}"
GRID_COLOUR, RULE_COLOUR = "#E5E5E5", "#4D4D4D"


LEGEND: dict[str, Any] = {"fontsize": TEXT_POINTS, "frameon": False, "borderpad": 0, "borderaxespad": 0, "handlelength": 3.2, "columnspacing": 1.6}


@dataclass(slots=True)
class Page:
    """A figure whose panels are stated in millimetres from its upper left corner."""

    figure: Figure
    height_mm: float
    width_mm: float = PAGE_WIDTH_MM

    @classmethod
    def of(cls, height_mm: float, width_mm: float = PAGE_WIDTH_MM) -> Page:
        """An empty page; its figure is not attached to pyplot."""
        return cls(Figure(figsize=(width_mm / MM_PER_INCH, height_mm / MM_PER_INCH), dpi=DPI), height_mm, width_mm)

    def panel(self, name: str, left: float, top: float, width: float, height: float) -> Axes:
        """Axes at this place; `name` is their label."""
        bottom = self.height_mm - top - height
        axes = self.figure.add_axes((left / self.width_mm, bottom / self.height_mm, width / self.width_mm, height / self.height_mm), label=name)
        axes.tick_params(labelsize=TEXT_POINTS, length=2.5, width=0.6)
        for spine in axes.spines.values():
            spine.set_linewidth(0.6)
        return axes

    def text(self, x: float, y: float, words: str, *, points: float = TEXT_POINTS, bold: bool = False, colour: str = "black") -> None:
        """Write words whose first line begins at this place."""
        weight = "bold" if bold else "normal"
        self.figure.text(
            x / self.width_mm, 1 - y / self.height_mm, words, fontsize=points, fontweight=weight, color=colour, va="top", ha="left", linespacing=1.25
        )

    def head(self, title: str, words: str) -> None:
        """Write a title and its explanation."""
        self.text(4.0, 3.0, title, points=HEAD_POINTS, bold=True)
        self.text(4.0, 8.0, words)


def plain(axes: Axes) -> None:
    """Style axes with two spines and a faint grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=GRID_COLOUR, lw=0.6)
    axes.set_axisbelow(True)


def wrapped(words: str, width_mm: float) -> str:
    """Words in lines that fit the width at 7 points; a number and its percent sign stay together."""
    unbreakable = words.replace(" %", f"{NO_BREAK}%")
    return fill(unbreakable, max(8, int(width_mm / CHARACTER_MM)), break_long_words=False).replace(NO_BREAK, " ")


def shortened(words: str, width_mm: float) -> str:
    """Words in characters that the font has, cut off where they do not fit the width at 7 points."""
    words, most = drawable(words), max(3, int(width_mm / CHARACTER_MM))
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def day_number(day: dt.date) -> float:
    """A date in matplotlib's day numbers."""
    return float(mdates.date2num(day))  # type: ignore[no-untyped-call] # matplotlib ships it without types


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places moved as little as needed so that neighbours are `gap` apart, within `low` and `high` where all of them fit.

    Parameters
    ----------
    places
        In ascending order.
    """
    if not places:
        return []
    gap = min(gap, (high - low) / max(len(places) - 1, 1))
    runs: list[tuple[float, int]] = []  # mean and number of neighbours that touch: isotonic regression (pool adjacent violators)
    for k, place in enumerate(places):
        mean, count = place - gap * k, 1
        while runs and runs[-1][0] > mean:
            before, members = runs.pop()
            mean, count = (before * members + mean * count) / (members + count), members + count
        runs.append((mean, count))
    highest = max(low, high - gap * (len(places) - 1))
    level = [min(max(mean, low), highest) for mean, count in runs for _ in range(count)]
    return [x + gap * k for k, x in enumerate(level)]
