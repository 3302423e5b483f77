"""Many timelines in one figure each: waterfall, spaghetti, cumulative probability of progression. The numbers are those of the tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, PercentFormatter

from calcitrack.figures.page import LEGEND, PAGE_WIDTH_MM, RULE_COLOUR, TEXT_POINTS, Page, plain, shortened
from calcitrack.figures.palette import BLUE, SKY, VERMILLION
from calcitrack.figures.progression import ALL, DAYS_A_YEAR, progression_figure
from calcitrack.model.display import counted
from calcitrack.model.judgement import Category, CohortKind, CohortPoint, Judgement, Response
from calcitrack.reporting.change_words import BURDEN_WORDS, number, percent

BURDEN_ORDER = ("ha_mass_mg", "area_mm2", "volume_mm3")
"""Best first; drawn is the one that most timelines have."""
ALONE = "each film measured alone"
"""What the values are of, unlike those of a verdict: all timelines have them."""
LEFT_MM, RIGHT_MM, TOP_MM = 24.0, 15.0, 20.0
MOST_CHANGE = 2.0
"""Bars end at +200 %, with the number written at them: one timeline that grew tenfold would flatten all others."""
MOST_LEVEL, MOST_NAMED = 12, 38
"""Bars up to which a number fits level above its bar, and up to which a patient's id fits upright below it, at 7 points."""
NAME_MM = 20.0
LEAST_PATIENTS = 2
RATIO_TICKS = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
FLOOR_BELOW = 1.8
"""Visits at which nothing was found stand this factor below the lowest ratio: a logarithm of zero has no place."""
LIMIT_LINE = (0, (4, 2))
CATEGORY_STYLES: Mapping[Category | None, tuple[str, str, str, str]] = {
    Category.PROGRESSED: (VERMILLION, "////", "-", "progressed"),
    Category.STABLE: ("#C9C9C9", "", ":", "stable, or within what cannot be detected"),
    Category.IMPROVED: (SKY, "", "--", "improved"),
    Category.COMPLETE: (BLUE, "", "--", "nothing found"),
    None: ("white", "", "-.", "not judged"),
}
"""Response at the last visit -> colour, hatch, line and words."""


@dataclass(frozen=True, slots=True)
class CohortFigures:
    """Figures of a cohort; ``None`` where there is nothing to draw: fewer than two patients with two comparable visits, or no progression."""

    waterfall: Figure | None
    spaghetti: Figure | None
    progression: Figure | None


def cohort_figures(points: Sequence[CohortPoint], judgements: Sequence[Judgement], rule: str, limits: tuple[float, float]) -> CohortFigures:
    """Draw the cohort's points for the burden that most timelines have: mass before area before volume.

    Parameters
    ----------
    points
        What `calcitrack.track.cohort_points` returned.
    judgements
        Of the same timelines: give lowest change and response.
    rule, limits
        Name of the response rule, and the relative changes at which it counts a visit as improved and as progressed.

    Returns
    -------
    CohortFigures
        Each 180 mm wide, no type below 7 points, not attached to pyplot.
    """
    burden = _burden(points)
    if burden is None:
        return CohortFigures(None, None, None)
    mine = [p for p in points if p.measurand == burden]
    responses = {j.assessment_id: r for j in judgements for r in j.responses if r.rule == rule and r.measurand == burden}
    bars, curves = ([p for p in mine if p.group == ALL and p.kind is kind] for kind in (CohortKind.WATERFALL, CohortKind.SPAGHETTI))
    if len({p.patient_id for p in bars}) < LEAST_PATIENTS:
        return CohortFigures(None, None, None)
    return CohortFigures(
        waterfall=_waterfall(bars, responses, burden, limits),
        spaghetti=_spaghetti(curves, responses, burden, limits),
        progression=progression_figure(mine, burden, limits[1]),
    )


def _burden(points: Iterable[CohortPoint]) -> str | None:
    having: dict[str, set[str]] = {}
    for p in points:
        if p.group == ALL and p.kind is CohortKind.WATERFALL:
            having.setdefault(p.measurand, set()).add(p.assessment_id)
    known = [b for b in BURDEN_ORDER if b in having]
    return max(known, key=lambda b: len(having[b])) if known else None


def _waterfall(points: Sequence[CohortPoint], responses: Mapping[str, Response], burden: str, limits: tuple[float, float]) -> Figure:
    """Change from first to last visit of each timeline, the lowest change at any visit, and the limits of response."""
    page = Page.of(101.0)
    explanation = f"{counted(len(points), 'timeline')}; bars: last visit; diamonds: lowest burden at any visit after baseline; {ALONE}"
    page.head(f"Change of the {BURDEN_WORDS[burden]} from first to last visit", explanation)
    axes = page.panel("waterfall", LEFT_MM, TOP_MM, PAGE_WIDTH_MM - LEFT_MM - RIGHT_MM, 58.0)
    ordered = sorted(points, key=lambda p: p.order)
    level = len(ordered) <= MOST_LEVEL
    for place, p in enumerate(ordered):
        response = responses.get(p.assessment_id)
        colour, hatch, _, _ = CATEGORY_STYLES[response.last if response else None]
        axes.bar(place, min(p.value, MOST_CHANGE), 0.8, color=colour, hatch=hatch, edgecolor="black", lw=0.6, gid="bar")
        if p.value > MOST_CHANGE:
            at = MOST_CHANGE + 0.04
            axes.text(place, at, percent(p.value), ha="center", va="bottom", fontsize=TEXT_POINTS, rotation=0 if level else 90, gid="cut")
        if response is not None and response.best_change is not None:
            axes.plot(place, min(response.best_change, MOST_CHANGE), "D", ms=3.5, mfc="white", mec="black", mew=0.8, gid="best")
    _limit_lines(axes, limits, 0.0)
    axes.axhline(0, color="black", lw=0.8)
    top = max([limits[1], *(p.value for p in ordered)])
    axes.set_ylim(-1.08, MOST_CHANGE + (0.3 if level else 0.75) if top > MOST_CHANGE else top + 0.15)
    axes.set_xlim(-0.7, len(ordered) - 0.3)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    labels = [shortened(p.patient_id or "unknown", NAME_MM) for p in ordered] if len(ordered) <= MOST_NAMED else []
    axes.set_xticks(range(len(labels)), labels, rotation=90, fontsize=TEXT_POINTS)
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel("Change from baseline", fontsize=TEXT_POINTS)
    plain(axes)
    _category_legend(page, [_last(responses, p.assessment_id) for p in ordered], bars=True)
    return page.figure


def _spaghetti(points: Sequence[CohortPoint], responses: Mapping[str, Response], burden: str, limits: tuple[float, float]) -> Figure:
    """Burden of each timeline over that of its baseline, on a logarithmic axis, over the years since then."""
    page = Page.of(104.0)
    members = {p.assessment_id: sorted((q for q in points if q.assessment_id == p.assessment_id), key=lambda q: q.order) for p in points}
    page.head(f"{BURDEN_WORDS[burden].capitalize()} relative to baseline", f"{counted(len(members), 'timeline')}, a line each; logarithmic; {ALONE}")
    axes = page.panel("spaghetti", LEFT_MM, TOP_MM, PAGE_WIDTH_MM - LEFT_MM - RIGHT_MM, 72.0)
    lowest = min(p.value for p in points if p.value > 0)
    floor = lowest / FLOOR_BELOW if any(p.value <= 0 for p in points) else None
    for name, visits in members.items():
        ink, line = _curve_style(_last(responses, name))
        years = [(p.days or 0) / DAYS_A_YEAR for p in visits]
        ratios = [p.value if p.value > 0 or floor is None else floor for p in visits]
        axes.plot(years, ratios, ls=line, color=ink, lw=1.0, marker="o", ms=2.5, zorder=2, gid="line")
        none = [y for y, p in zip(years, visits, strict=True) if p.value <= 0]
        axes.plot(none, [floor or 0.0] * len(none), "v", ms=5, mfc="white", mec=ink, mew=0.9, zorder=3, gid="none found" if none else None)
    axes.set_yscale("log")
    axes.axhline(1, color=RULE_COLOUR, lw=0.7, zorder=0)
    _limit_lines(axes, limits, 1.0)
    axes.set_ylim(min((floor or lowest) / 1.15, 0.6), max(1.15 * max(p.value for p in points), 1.6))
    _ratio_ticks(axes, floor)
    last = max((p.days or 0) / DAYS_A_YEAR for p in points)
    axes.set_xlim(-0.02 * last, 1.03 * last)
    axes.set_xlabel("Years since baseline", fontsize=TEXT_POINTS)
    axes.set_ylabel("Burden / burden at baseline", fontsize=TEXT_POINTS)
    plain(axes)
    _category_legend(page, [_last(responses, name) for name in members], bars=False)
    return page.figure


def _last(responses: Mapping[str, Response], assessment_id: str) -> Category | None:
    return responses[assessment_id].last if assessment_id in responses else None


def _limit_lines(axes: Axes, limits: Iterable[float], origin: float) -> None:
    """Where the rule counts a change, with the number at the right."""
    for limit in limits:
        axes.axhline(origin + limit, color=RULE_COLOUR, lw=0.9, ls=LIMIT_LINE, zorder=0, gid="limit")
        axes.text(1.01, origin + limit, percent(limit), transform=axes.get_yaxis_transform(), fontsize=TEXT_POINTS, va="center", clip_on=False)


def _ratio_ticks(axes: Axes, floor: float | None) -> None:
    low, high = axes.get_ylim()
    ticks = [t for t in RATIO_TICKS if low <= t <= high and (floor is None or t > 1.2 * floor)]
    axes.yaxis.set_major_locator(FixedLocator([*([] if floor is None else [floor]), *ticks]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: "none found" if floor is not None and abs(v / floor - 1) < 1e-6 else number(v)))


def _curve_style(category: Category | None) -> tuple[str, str]:
    colour, _, line, _ = CATEGORY_STYLES[category]
    return (RULE_COLOUR if category in (Category.STABLE, None) else colour), line


def _category_legend(page: Page, found: Iterable[Category | None], *, bars: bool) -> None:
    """The categories that occur."""
    present, handles = set(found), list[Patch | Line2D]()
    for category, (colour, hatch, _, words) in CATEGORY_STYLES.items():
        if category in present and bars:
            handles.append(Patch(facecolor=colour, hatch=hatch, edgecolor="black", lw=0.6, label=words))
        elif category in present:
            ink, line = _curve_style(category)
            handles.append(Line2D([], [], color=ink, ls=line, lw=1.2, label=words))
    place = (LEFT_MM / PAGE_WIDTH_MM, 1 - 13.0 / page.height_mm)
    page.figure.legend(handles=handles, loc="upper left", bbox_to_anchor=place, ncols=len(handles), **LEGEND)
