"""Cumulative probability of progression of a cohort and of its treatment groups, with the numbers at risk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from calcitrack.figures.page import LEGEND, PAGE_WIDTH_MM, RULE_COLOUR, TEXT_POINTS, Page, plain, shortened
from calcitrack.figures.palette import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION
from calcitrack.model.judgement import CohortKind, CohortPoint
from calcitrack.reporting.change_words import BURDEN_WORDS, percent

ALL = "all"
"""Group of all timelines in the cohort's points."""
DAYS_A_YEAR = 365.25
LEFT_MM, RIGHT_MM, PANEL_MM = 34.0, 8.0, 60.0
AT_RISK_MM, ROW_MM = 7.0, 4.2
"""Least distance of the numbers at risk, and of their rows."""
LEGEND_COLUMNS, NAME_MM = 4, 29.0
GROUP_STYLES = (
    ("black", "-"),
    (VERMILLION, "--"),
    (BLUE, "-."),
    (GREEN, ":"),
    (ORANGE, (0, (5, 1, 1, 1, 1, 1))),
    (PURPLE, (0, (8, 2))),
    (SKY, (0, (2, 2))),
)
"""Colour and line of each group; more groups than these are not drawn, and stand in the table."""


def progression_figure(points: Sequence[CohortPoint], burden: str, limit: float) -> Figure | None:
    """Plot the share of progressed timelines over the years since baseline, in all and in each group; ``None`` without progression.

    Parameters
    ----------
    points
        Points of one burden: steps of the curves, and the visits, which give the follow-up of each group.
    limit
        Relative change from baseline that counts as progression.
    """
    steps = {g: sorted((p for p in points if p.kind is CohortKind.PROGRESSION and p.group == g), key=lambda p: p.order) for g in _groups(points)}
    shown = dict([(g, s) for g, s in steps.items() if s][: len(GROUP_STYLES)])
    if not shown:
        return None
    top = 16.5 + ROW_MM * -(-len(shown) // LEGEND_COLUMNS)
    page = Page.of(top + PANEL_MM + 18.0 + ROW_MM * len(shown))
    explanation = f"{percent(limit)} or more above baseline, and beyond the smallest detectable change; Kaplan-Meier, grey: 95 % interval of all"
    page.head(f"Cumulative probability of progression of the {BURDEN_WORDS[burden]}", explanation)
    width = PAGE_WIDTH_MM - LEFT_MM - RIGHT_MM
    axes = page.panel("progression", LEFT_MM, top, width, PANEL_MM)
    last = {g: max((p.days or 0) for p in points if p.group == g and p.kind is CohortKind.SPAGHETTI) / DAYS_A_YEAR for g in shown}
    axes.set_xlim(0, 1.02 * max(last.values()))
    axes.set_ylim(0, 1.02)
    for (group, found), (colour, line) in zip(shown.items(), GROUP_STYLES, strict=False):
        years = [0.0, *((p.days or 0) / DAYS_A_YEAR for p in found), last[group]]
        values = [0.0, *(p.value for p in found), found[-1].value]
        axes.plot(
            years, values, drawstyle="steps-post", color=colour, ls=line, lw=1.4, zorder=3, gid=f"curve {group}", label=shortened(group, NAME_MM)
        )
        if group == ALL:
            _band(axes, years, found)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlabel("Years since the first visit; of a treatment, since its start", fontsize=TEXT_POINTS)
    axes.set_ylabel("Progressed", fontsize=TEXT_POINTS)
    plain(axes)
    place = (LEFT_MM / PAGE_WIDTH_MM, 1 - 13.0 / page.height_mm)
    page.figure.legend(loc="upper left", bbox_to_anchor=place, ncols=LEGEND_COLUMNS, **LEGEND)
    _at_risk(page, shown, width, axes.get_xlim()[1], top + PANEL_MM + 10.0)
    return page.figure


def _groups(points: Iterable[CohortPoint]) -> list[str]:
    """All first, then the treatments by name."""
    names = {p.group for p in points}
    return [g for g in (ALL, *sorted(names - {ALL})) if g in names]


def _band(axes: Axes, years: Sequence[float], found: Sequence[CohortPoint]) -> None:
    """Draw the 95 % interval at each step; a step to probability 1 has none."""
    low = [0.0, *(p.value if p.low is None else p.low for p in found)]
    high = [0.0, *(p.value if p.high is None else p.high for p in found)]
    axes.fill_between(years, [*low, low[-1]], [*high, high[-1]], step="post", color="black", alpha=0.13, lw=0, zorder=1, gid="band")


def _at_risk(page: Page, shown: Mapping[str, Sequence[CohortPoint]], width: float, years: float, top: float) -> None:
    """Write the numbers at risk just before each step, below the curve; of steps too close together only the first."""
    height = 6.0 + ROW_MM * len(shown)
    axes = page.panel("at risk", 0, top, PAGE_WIDTH_MM, height)
    axes.set_xlim(0, PAGE_WIDTH_MM)
    axes.set_ylim(height, 0)
    axes.set_axis_off()
    axes.text(LEFT_MM, 1.8, "at risk just before each step", fontsize=TEXT_POINTS, va="center", color=RULE_COLOUR)
    for row, (group, found) in enumerate(shown.items()):
        y = 6.0 + ROW_MM * row
        axes.text(LEFT_MM - 3, y, shortened(group, NAME_MM), fontsize=TEXT_POINTS, ha="right", va="center")
        free = 0.0
        for p in found:
            x = LEFT_MM + width * (p.days or 0) / DAYS_A_YEAR / years
            if x < free:
                continue
            free = x + AT_RISK_MM
            axes.text(x, y, str(p.at_risk), fontsize=TEXT_POINTS, ha="center", va="center", gid=f"at risk {group}")
