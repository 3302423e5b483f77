"""The burden over real dates: values with 95 % intervals, the smallest detectable change, and the fitted trend with its verdict."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import AbstractPathEffect, withStroke

from calcitrack.figures.drawn import WHOLE, DrawnPoint, DrawnTimeline
from calcitrack.figures.page import LINE_MM, RULE_COLOUR, TEXT_POINTS, day_number, plain, wrapped
from calcitrack.figures.palette import BLUE, GREY, VERMILLION
from calcitrack.model.judgement import TOTAL, JudgedChange, Judgement, Trend
from calcitrack.reporting.change_words import number, source_words
from calcitrack.reporting.verdict_words import probability_words, rate_words

DAYS_A_YEAR = 365.25
SDC_COLOUR, SDC_EDGE = "#DDDDDD", "#7F7F7F"
MOST_SDC = 1.5
"""A band of smallest detectable change that reaches further than this above the highest value is cut there: it would flatten everything else."""
PARTLY_WORDS = "does not show all deposits: not comparable by height"
HEADROOM = 1.12
"""The axis ends this much above the highest value, so that its label fits."""
CURVE_STEPS = 60
HALO: list[AbstractPathEffect] = [withStroke(linewidth=2.0, foreground="white")]
LINE_STYLES = {"all": (0, (5, 1.5)), "before": (0, (1.2, 1.2)), "after": (0, (5, 1.5))}


@dataclass(frozen=True, slots=True)
class DrawnTrend:
    """A fitted trend as a curve, with its description.

    Parameters
    ----------
    days, values
        The curve: days as matplotlib counts them, burden in its unit.
    """

    trend: Trend
    days: tuple[float, ...]
    values: tuple[float, ...]

    @property
    def heading(self) -> str:
        """Heading with the visits of the trend."""
        if self.trend.part == "all":
            return "All visits"
        return f"{'Before' if self.trend.part == 'before' else 'Since'} {self.trend.treatment or f'the visit of {self.trend.bend}'}"

    @property
    def words(self) -> str:
        """Description: verdict with its probability, and rate with its interval."""
        if self.trend.slope is None or self.trend.verdict is None:
            return f"{self.heading}: {self.trend.reason}"
        sure = probability_words(self.trend.probability or 0.0)
        return f"{self.heading}: {self.trend.verdict.words} (probability {sure}), {rate_words(self.trend)}"


def drawn_trends(drawn: DrawnTimeline, judgement: Judgement | None) -> tuple[DrawnTrend, ...]:
    """Trends behind the verdict: before and since the treatment start or the bend, or over all visits; none where they concern another measurand.

    A trend has slopes only. The level of its line is the median of the visits' levels, which is robust against one bad visit. Visits at
    which nothing was found have no logarithm and are left out.
    """
    headline = None if judgement is None else judgement.headline
    if judgement is None or headline is None or headline.measurand != drawn.burden:
        return ()
    same = [t for t in judgement.trends if t.slope is not None and _same_line(t, headline)]
    parts = {t.part: t for t in same}
    dated = [(p.date, p.value) for p in drawn.points if p.date is not None and p.value is not None and not p.partly]
    positive = [(day, value) for day, value in dated if value > 0]
    if not positive:
        return ()
    bend = headline.treatment_start or headline.bend
    if headline.part == "all":
        slopes, start = (headline.slope, headline.slope), dated[0][0]
    elif "before" in parts and bend is not None:
        slopes, start = (parts["before"].slope, headline.slope), bend
    else:
        return ()
    rates = tuple(s.value for s in slopes if s is not None)
    level = float(np.median([math.log(value) - _bent(day, start, rates) for day, value in positive]))
    ends = (dated[0][0], dated[-1][0])
    if headline.part == "all":
        return (_curve(headline, ends, start, rates, level),)
    return (
        _curve(parts["before"], (ends[0], start), start, rates, level),
        _curve(headline, (start, ends[1]), start, rates, level),
    )


def _same_line(trend: Trend, headline: Trend) -> bool:
    mine, its = ((t.subject, t.measurand, t.method, t.treatment, t.treatment_start, t.bend) for t in (trend, headline))
    return mine == its


def _bent(day: dt.date | float, start: dt.date, rates: Sequence[float]) -> float:
    """Logarithm of the burden relative to that at the bend."""
    days = (day - start).days if isinstance(day, dt.date) else day - day_number(start)
    return rates[0 if days < 0 else 1] * days / DAYS_A_YEAR


def _curve(trend: Trend, ends: tuple[dt.date, dt.date], start: dt.date, rates: Sequence[float], level: float) -> DrawnTrend:
    days = np.linspace(day_number(ends[0]), day_number(ends[1]), CURVE_STEPS)
    return DrawnTrend(trend, tuple(days.tolist()), tuple(math.exp(level + _bent(float(d), start, rates)) for d in days))


def detectable_band(drawn: DrawnTimeline, judgement: Judgement | None) -> tuple[JudgedChange, ...]:
    """Changes of the drawn burden's total from baseline that have a smallest detectable change, in order of time."""
    changes = () if judgement is None else judgement.changes
    whole = [c for c in changes if c.subject == TOTAL and c.since == "baseline" and (c.compared_fraction or 0.0) >= WHOLE]
    mine = [c for c in whole if c.measurand == drawn.burden and c.sdc and c.earlier]
    return tuple(sorted(mine, key=lambda c: c.to_time_point))


def draw_burden(axes: Axes, drawn: DrawnTimeline, days: Sequence[float], judgement: Judgement | None, size_mm: tuple[float, float]) -> float:
    """Draw the burden panel.

    Parameters
    ----------
    days
        Position of each time point, in matplotlib's day numbers.
    size_mm
        Width and height of the panel.

    Returns
    -------
    float
        Share of the panel's height, from below, that is free of the trends' text.
    """
    places = {p.index: x for p, x in zip(drawn.points, days, strict=True)}
    changes, trends = detectable_band(drawn, judgement), drawn_trends(drawn, judgement)
    highest = max((p.top for p in drawn.points if p.value is not None), default=0.0) or 1.0
    sdc_top = max((c.earlier * (1 + c.sdc[1]) for c in changes if c.earlier and c.sdc), default=0.0)
    words = _placed_words(axes, trends, size_mm[0])
    strip = (max(w.count("\n") for w in words) + 1) * LINE_MM + 1.5 if words else 0.0
    axes.set_ylim(0, HEADROOM * max(highest, min(sdc_top, MOST_SDC * highest)) / (1 - strip / size_mm[1]))
    _draw_detectable(axes, changes, places, axes.get_ylim()[1] * (1 - strip / size_mm[1]))
    _draw_values(axes, drawn, days, {c.to_time_point: c.exceeds_sdc for c in changes}, judgement)
    for t in trends:
        axes.plot(t.days, t.values, color="black", lw=1.3, ls=LINE_STYLES[t.trend.part], zorder=5, gid=f"trend {t.trend.part}", label=_trend_label(t))
    axes.set_ylabel(drawn.axis_label, fontsize=TEXT_POINTS)
    plain(axes)
    return 1 - strip / size_mm[1]


def _trend_label(drawn: DrawnTrend) -> str:
    return f"fitted trend, {drawn.heading[:1].lower()}{drawn.heading[1:]}"


def _placed_words(axes: Axes, trends: Sequence[DrawnTrend], width_mm: float) -> list[str]:
    """Write the trends' descriptions above the curves, each over its visits; return the written lines."""
    if not trends:
        return []
    left, right = axes.get_xlim()
    cut = (trends[1].days[0] - left) / (right - left) if len(trends) > 1 else 1.0
    cut = min(max(cut, 0.36), 0.64) if len(trends) > 1 else 1.0
    columns = [(0.0, cut), (cut, 1.0)][: len(trends)]
    written = []
    for t, (start, end) in zip(trends, columns, strict=True):
        written.append(wrapped(t.words, (end - start) * width_mm - 3.0))
        axes.text(
            start + 1.5 / width_mm, 1.0, written[-1], transform=axes.transAxes, fontsize=TEXT_POINTS, va="top", ha="left", linespacing=1.2, zorder=8,
            gid=f"verdict {t.trend.part}",
        )  # fmt: skip
    return written


def _draw_detectable(axes: Axes, changes: Sequence[JudgedChange], places: dict[int, float], limit: float) -> None:
    """Draw the band in which a change from baseline cannot be distinguished from noise; open at the top where it exceeds the limit."""
    if not changes:
        return
    first = changes[0]
    known = [(places[c.to_time_point], c.earlier * (1 + c.sdc[0]), c.earlier * (1 + c.sdc[1])) for c in changes if c.earlier and c.sdc]
    days, low, high = zip((places[first.from_time_point], *known[0][1:]), *known, strict=True)
    top = np.array(high)
    axes.fill_between(days, low, np.minimum(top, limit), facecolor=SDC_COLOUR, alpha=0.6, lw=0, zorder=0.5, gid="detectable")
    for edge in (low, np.where(top > limit, np.nan, top), [first.earlier or 0.0] * len(days)):
        axes.plot(days, edge, color=SDC_EDGE, lw=0.7, ls=(0, (1, 2)), zorder=0.8, gid="detectable edge")


def _draw_values(axes: Axes, drawn: DrawnTimeline, days: Sequence[float], beyond: dict[int, bool | None], judgement: Judgement | None) -> None:
    for (x0, before), (x1, after) in itertools.pairwise(zip(days, drawn.points, strict=True)):
        if not drawn.joined(before, after):
            continue
        axes.plot([x0, x1], [before.height, after.height], color=BLUE, lw=1.3, zorder=3, gid="joined")
        if before.interval is not None and after.interval is not None:
            low, high = zip(before.interval, after.interval, strict=True)
            axes.fill_between([x0, x1], low, high, color=BLUE, alpha=0.22, lw=0, zorder=1.5, gid="band")
    suspect = judgement.headline.suspect_time_point if judgement is not None and judgement.headline is not None else None
    for x, p in zip(days, drawn.points, strict=True):
        _draw_point(axes, x, p, hollow=beyond.get(p.index) is False)
        if p.index == suspect and p.value is not None:
            axes.plot(x, p.height, "x", color=VERMILLION, ms=8, mew=1.6, zorder=7, gid="suspect")


def _draw_point(axes: Axes, x: float, p: DrawnPoint, *, hollow: bool) -> None:
    if p.value is None:
        reason = "not measurable" if p.n_exposures else "not read"
        axes.annotate(reason, (x, 0), xytext=(0, 4), textcoords="offset points", ha="center", fontsize=TEXT_POINTS, color=RULE_COLOUR, rotation=90)
        return
    if p.partly:
        axes.plot(x, p.height, "D", clip_on=False, ms=5, mfc="white", mec=RULE_COLOUR, mew=1.0, zorder=6, gid="partly shown")
        axes.annotate(number(p.value), (x, p.height), xytext=(0, 4), textcoords="offset points", ha="center", fontsize=TEXT_POINTS, color=RULE_COLOUR)
        return
    if p.interval is not None:
        ends = [[p.height - p.interval[0]], [max(p.interval[1] - p.height, 0.0)]]
        bars = axes.errorbar(x, p.height, yerr=ends, fmt="none", color=BLUE, capsize=2.2, lw=0.9, zorder=4)
        bars.lines[2][0].set_gid("interval")
    axes.plot(
        x, p.height, "o", clip_on=False, ms=5.5, mfc="white" if hollow else BLUE, mec=BLUE, mew=1.2, zorder=6, gid="within sdc" if hollow else "value"
    )
    if len(p.exposures) > 1:
        axes.plot([x] * len(p.exposures), np.maximum(p.exposures, 0.0), "_", ms=7, color=GREY, mew=1.2, zorder=5.5, gid="exposure")
    label = axes.annotate(number(p.value), (x, p.top), xytext=(0, 2.5), textcoords="offset points", ha="center", fontsize=TEXT_POINTS, zorder=7)
    label.set_path_effects(HALO)


def legend_entries(drawn: DrawnTimeline, judgement: Judgement | None) -> tuple[list[Line2D | Patch], list[str]]:
    """Legend of the burden panel's signs that are drawn."""
    found: list[tuple[Line2D | Patch, str]] = []
    if any(p.sd is not None for p in drawn.points if p.value is not None):
        found.append((Patch(facecolor=BLUE, alpha=0.22), "95 % interval of the value"))
    changes = detectable_band(drawn, judgement)
    if changes:
        source = source_words(changes[0].sdc_source, changes[0].sdc_patients, judgement.key.patient_id if judgement is not None else "")
        found.append((Patch(facecolor=SDC_COLOUR, edgecolor=SDC_EDGE, ls=":", alpha=0.6), f"smallest detectable change (SDC), {source}"))
        filled = "baseline, or change beyond SDC" if any(c.exceeds_sdc for c in changes) else "baseline"
        found.append((_dot(BLUE), filled))
        if any(c.exceeds_sdc is False for c in changes):
            found.append((_dot("white"), "change within SDC"))
    found += [(Line2D([], [], color="black", lw=1.3, ls=LINE_STYLES[t.trend.part]), _trend_label(t)) for t in drawn_trends(drawn, judgement)]
    if any(p.partly and p.value is not None for p in drawn.points):
        found.append((Line2D([], [], marker="D", ls="", ms=5, mfc="white", mec=RULE_COLOUR, mew=1.0), PARTLY_WORDS))
    if any(len(p.exposures) > 1 for p in drawn.points):
        found.append((Line2D([], [], color=GREY, marker="_", ls="", ms=7, mew=1.2), "single exposures of a day"))
    headline = judgement.headline if judgement is not None else None
    if headline is not None and headline.suspect_time_point is not None:
        found.append((Line2D([], [], color=VERMILLION, marker="x", ls="", ms=6, mew=1.6), "visit that does not fit the others"))
    return [h for h, _ in found], [w for _, w in found]


def _dot(colour: str) -> Line2D:
    return Line2D([], [], marker="o", ls="", ms=5.5, mfc=colour, mec=BLUE, mew=1.2)
