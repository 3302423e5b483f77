"""Burden over real dates."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill

import matplotlib.dates as mdates
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from calcitrack.figures.palette import BASIS_WORDS, BLUE, FATE_COLOUR, GREY, title_of
from calcitrack.figures.words import burden_choice, change_sentence, number, verdict_sentence
from calcitrack.model.assessment import Assessment, Fate, TimePointSummary
from calcitrack.model.measurement import Measurement
from calcitrack.model.spacing import SpacingBasis

SIZE_INCHES = (8.0, 5.6)
DPI = 120
TITLE_CHARACTERS = 100
"""A line of the title is no longer than this, so that it fits the picture's width."""
TITLE_POINTS = 9.0
"""Small beside the axes: the verdict is a long sentence."""
UNDATED = dt.date(2000, 1, 1)
"""Where a single time point without a date is drawn; the axis then shows no dates."""
MARGIN_FRACTION, MARGIN_LEAST_DAYS = 0.06, 20.0
HEADROOM = 1.3
"""The burden axis ends this much above the highest value, so that its label fits."""


@dataclass(frozen=True, slots=True)
class _Point:
    """A time point ready to be drawn; `value` is ``None`` when it has none."""

    day: dt.date
    value: float | None
    sd: float | None
    exposures: tuple[float, ...]
    bases: frozenset[SpacingBasis]
    summary: TimePointSummary

    @property
    def top(self) -> float:
        """The highest thing drawn at this point: the end of its bar or a single exposure."""
        return max((self.value or 0.0) + (self.sd or 0.0), *self.exposures, 0.0)


def timeline_figure(assessment: Assessment) -> Figure:
    """The burden of one timeline over real dates, with the number of deposits, new and resolved ones.

    Above: hydroxyapatite mass where every readable time point has it, else area in mm2, else area in pixels, with one standard
    uncertainty as a bar and each single exposure as a faint dot. Points whose millimetres hold in different planes are not joined.
    The title tells the change from first to last, and whether it is beyond the stated uncertainties.
    Below: how many deposits persist, are new, and are gone since the time point before.

    Parameters
    ----------
    assessment
        One time point is enough.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to pyplot; ``figure.savefig(path)`` writes it.
    """
    name, words, unit = burden_choice(assessment)
    points = [_point(assessment, p, name) for p in assessment.time_points]
    figure = Figure(figsize=SIZE_INCHES, dpi=DPI, layout="constrained")
    burden, counts = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.25))
    figure.suptitle(title_of(assessment.key), x=0.01, ha="left", fontsize=13, fontweight="bold")
    _draw_burden(burden, points, unit)
    burden.set_ylabel(f"{words}\n({unit}{_basis_words(points, name)})")
    told = (change_sentence(assessment), verdict_sentence(assessment))
    burden.set_title("\n".join(fill(s, TITLE_CHARACTERS) for s in told if s), loc="left", fontsize=TITLE_POINTS)
    width = _span_days(points) * 0.022
    _draw_counts(counts, points, width)
    _dress_dates(counts, points)
    return figure


def _point(assessment: Assessment, summary: TimePointSummary, name: str) -> _Point:
    total = summary.totals.get(name)
    images = [i for i in assessment.images if i.time_point == summary.index]
    own = [r.value for i in images if isinstance(r := i.totals.get(name), Measurement)]
    value, sd = (total.value, total.sd) if isinstance(total, Measurement) else (None, None)
    return _Point(summary.date or UNDATED, value, sd, tuple(own), frozenset(i.spacing.basis for i in images), summary)


def _span_days(points: Sequence[_Point]) -> float:
    return max(float((points[-1].day - points[0].day).days), 10 * MARGIN_LEAST_DAYS)


def _x(day: dt.date) -> float:
    return float(mdates.date2num(day))  # type: ignore[no-untyped-call] # matplotlib ships it without types


def _draw_burden(axes: Axes, points: Sequence[_Point], unit: str) -> None:
    seen = [p for p in points if p.value is not None]
    for before, after in itertools.pairwise(points):
        if before.value is not None and after.value is not None and (before.bases == after.bases or unit == "mg"):
            axes.plot([_x(before.day), _x(after.day)], [before.value, after.value], color=BLUE, lw=2, zorder=2)
    for p in seen:
        axes.errorbar(_x(p.day), p.value or 0.0, yerr=p.sd, fmt="o", color=BLUE, ms=8, capsize=4, lw=1.5, zorder=3)
        if len(p.exposures) > 1:
            axes.plot([_x(p.day)] * len(p.exposures), p.exposures, "o", ms=5, mfc="white", mec=GREY, zorder=4)
        axes.annotate(number(p.value or 0.0), (_x(p.day), p.top), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=9)
    for p in points:
        if p.value is None:
            axes.annotate(
                "not read" if not p.summary.n_exposures else "not measurable",
                (_x(p.day), 0),
                xytext=(0, 6),
                textcoords="offset points",
                ha="center",
                fontsize=9,
                color=GREY,
            )
    top = max((p.top for p in seen), default=0.0)
    axes.set_ylim(0, HEADROOM * top if top > 0 else 1)
    _plain(axes)


def _draw_counts(axes: Axes, points: Sequence[_Point], width: float) -> None:
    for p in points:
        if p.summary.deposit_count is None:
            continue
        fates = p.summary.fates
        new = fates.get(Fate.NEW, 0)
        kept, gone = max(p.summary.deposit_count - new, 0), fates.get(Fate.RESOLVED, 0)
        x = _x(p.day)
        axes.bar(x, kept, width, color=FATE_COLOUR[Fate.PERSISTENT])
        axes.bar(x, new, width, bottom=kept, color=FATE_COLOUR[Fate.NEW])
        axes.bar(x, -gone, width, color="white", edgecolor=FATE_COLOUR[Fate.RESOLVED], hatch="////")
        axes.annotate(
            str(p.summary.deposit_count), (x, kept + new), xytext=(0, 4), textcoords="offset points", ha="center", fontsize=9, fontweight="bold"
        )
        if new:
            axes.annotate(f" +{new} new", (x + width / 2, kept + new / 2), fontsize=8, va="center")
        if gone:
            axes.annotate(f" {gone} resolved", (x + width / 2, 0), xytext=(0, -3), textcoords="offset points", fontsize=8, va="top")
    most = max((p.summary.deposit_count or 0 for p in points), default=0)
    least = max((p.summary.fates.get(Fate.RESOLVED, 0) for p in points), default=0)
    axes.set_ylim(-max(1.3 * least, 0.35 * most) if least else 0, max(1.35 * most, 1))
    axes.axhline(0, color="black", lw=0.8)
    axes.set_ylabel("Deposits")
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_formatter(lambda v, _: f"{abs(v):.0f}")
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#E5E5E5", lw=0.8)
    axes.set_axisbelow(True)


def _dress_dates(axes: Axes, points: Sequence[_Point]) -> None:
    margin = max(MARGIN_FRACTION * (points[-1].day - points[0].day).days, MARGIN_LEAST_DAYS)
    axes.set_xlim(_x(points[0].day) - margin, _x(points[-1].day) + (2.2 if len(points) > 1 else 1.0) * margin)
    if points[0].summary.date is None:
        axes.set_xticks([_x(points[0].day)], ["date not stated"])
        return
    axes.set_xticks([_x(p.day) for p in points], [p.day.isoformat() for p in points])
    axes.tick_params(axis="x", labelsize=9)
    days = [_x(p.day) for p in points]
    if any(b - a < 0.09 * (_span_days(points) + 3 * margin) for a, b in itertools.pairwise(days)):
        axes.tick_params(axis="x", rotation=35)


def _basis_words(points: Sequence[_Point], name: str) -> str:
    if name != "area_mm2":
        return ""
    bases = sorted({b for p in points for b in p.bases}, key=lambda b: b.value)
    return ", " + " / ".join(BASIS_WORDS[b] for b in bases) if bases else ""
