"""The picture of one timeline: burden, treatments, laboratory values and the fates of the deposits over true dates."""

from __future__ import annotations

from dataclasses import replace

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from calcitrack.figures import burden_panel, course_panels, fate_table
from calcitrack.figures.drawn import DrawnTimeline, drawn_timeline
from calcitrack.figures.page import HEAD_POINTS, LINE_MM, PAGE_WIDTH_MM, RULE_COLOUR, TEXT_POINTS, Page, day_number, wrapped
from calcitrack.figures.palette import title_of
from calcitrack.model.assessment import Assessment, Fate
from calcitrack.model.course import PatientCourse, Treatment
from calcitrack.model.judgement import Judgement
from calcitrack.reporting.change_words import change_sentences, refused_changes
from calcitrack.reporting.verdict_words import judgement_sentences

EDGE_MM, LEFT_MM, RIGHT_MM = 3.0, 33.0, 8.0
"""Of the page, and of the panels: names stand left of them, and the names of analytes right."""
BURDEN_MM, GAP_MM, CALENDAR_MM = 62.0, 2.5, 5.5
LEGEND_COLUMNS = 2
CAME_OR_WENT = frozenset((Fate.NEW, Fate.RESOLVED, Fate.REAPPEARED))
UNDATED = 0.0
"""Where a single time point without a date is drawn; the axis then shows no dates."""
MARGIN_SHARE, MARGIN_LEAST_DAYS = 0.04, 20.0
"""Room left and right of the visits."""
COURSE_SHARE = 0.15
"""Treatments and laboratory values before the first and after the last visit widen the axis by at most this share of the visits' span."""


def timeline_figure(assessed: Assessment | DrawnTimeline, judgement: Judgement | None = None, course: PatientCourse | None = None) -> Figure:
    """Draw the burden of one timeline over true dates, with its verdict, treatments, laboratory values and the fates of the deposits.

    The burden is the hydroxyapatite mass where every readable time point has it, else the area in mm2, else in pixels; the axis says which, and the
    picture why it is not the mass. Points whose millimetres hold in different planes are not joined. Panels without content are left out.

    Parameters
    ----------
    assessed
        What `calcitrack.assess` returned, or its light extract, `calcitrack.figures.drawn_timeline`. One time point is enough.
    judgement
        What `calcitrack.judge` returned: gives the change with its interval, the band of what cannot be detected, the fitted trends and the
        verdict. Nothing is said of change without it.
    course
        Treatments and laboratory values; those outside the visits' dates by more than a margin are not drawn.

    Returns
    -------
    matplotlib.figure.Figure
        180 mm wide, no type below 7 points, not attached to pyplot; ``figure.savefig(path)`` writes it. Its axes are labelled ``burden``,
        ``treatments``, ``labs`` and ``fates``.

    Examples
    --------
    >>> from calcitrack import assess
    >>> from calcitrack.phantom.small import small_timeline
    >>> figure = timeline_figure(assess(small_timeline((2.0,))))
    >>> type(figure).__name__, len(figure.axes) > 0
    ('Figure', True)
    """
    drawn = _compared(assessed if isinstance(assessed, DrawnTimeline) else drawn_timeline(assessed), judgement)
    dated = drawn.points[0].date is not None
    days = [UNDATED if p.date is None else day_number(p.date) for p in drawn.points]
    first, last = _span(days, course if dated else None)
    rows = course_panels.shown_treatments(course, first, last) if dated else []
    labs, unshown = course_panels.shown_labs(course, first, last) if dated else ({}, [])
    width = PAGE_WIDTH_MM - LEFT_MM - (course_panels.NAME_MM if labs else RIGHT_MM)
    sentences = _sentences(judgement)
    entries = burden_panel.legend_entries(drawn, judgement)
    notes = _notes(drawn, course, unshown, dated=dated)
    head = 8.0 + LINE_MM * sum(s.count("\n") + 1 for s in sentences) + 1.5
    legend = 4.2 * -(-len(entries[0]) // LEGEND_COLUMNS)
    panels = BURDEN_MM + (GAP_MM + course_panels.ROW_MM * len(rows) if rows else 0) + (GAP_MM + course_panels.LABS_MM if labs else 0)
    table = fate_table.table_height(drawn.points, width)
    foot = LINE_MM * sum(n.count("\n") + 1 for n in notes) + (1.5 if notes else 0)
    page = Page.of(head + legend + panels + CALENDAR_MM + table + foot + EDGE_MM)
    _write_head(page, drawn, sentences)
    if entries[0]:
        page.figure.legend(
            *entries, loc="upper left", bbox_to_anchor=((LEFT_MM - 1) / PAGE_WIDTH_MM, 1 - (head - 1) / page.height_mm), ncols=LEGEND_COLUMNS,
            fontsize=TEXT_POINTS, frameon=False, borderpad=0, borderaxespad=0, handlelength=2.2, labelspacing=0.45, columnspacing=1.5,
        )  # fmt: skip
    top = head + legend
    stacked = [page.panel("burden", LEFT_MM, top, width, BURDEN_MM)]
    stacked[0].set_xlim(first, last)
    free = burden_panel.draw_burden(stacked[0], drawn, days, judgement, (width, BURDEN_MM))
    top += BURDEN_MM
    if rows:
        height = course_panels.ROW_MM * len(rows)
        stacked.append(page.panel("treatments", LEFT_MM, top + GAP_MM, width, height))
        stacked[-1].set_xlim(first, last)
        course_panels.draw_treatments(stacked[-1], rows, width)
        _mark_starts(stacked[0], rows, free)
        top += GAP_MM + height
    if labs:
        stacked.append(page.panel("labs", LEFT_MM, top + GAP_MM, width, course_panels.LABS_MM))
        stacked[-1].set_xlim(first, last)
        course_panels.draw_labs(stacked[-1], labs, course_panels.LABS_MM)
        top += GAP_MM + course_panels.LABS_MM
    _dress_calendar(stacked, days, dated=dated)
    top += CALENDAR_MM
    fates = page.panel("fates", 0, top, PAGE_WIDTH_MM, table)
    fates.set_xlim(0, PAGE_WIDTH_MM)
    fates.set_ylim(table, 0)
    fates.set_axis_off()
    places = [LEFT_MM + width * (d - first) / (last - first) for d in days]
    fate_table.draw_fates(fates, drawn.points, places, LEFT_MM, LEFT_MM + width)
    for k, note in enumerate(notes):
        page.text(EDGE_MM, top + table + 1 + LINE_MM * sum(n.count("\n") + 1 for n in notes[:k]), note, colour=RULE_COLOUR)
    return page.figure


def _span(days: list[float], course: PatientCourse | None) -> tuple[float, float]:
    """First and last day of the axis."""
    visits = days[-1] - days[0]
    margin = max(MARGIN_SHARE * visits, MARGIN_LEAST_DAYS)
    first, last, reach = days[0] - margin, days[-1] + margin, COURSE_SHARE * max(visits, 10 * MARGIN_LEAST_DAYS)
    if course is not None:
        starts = [day_number(t.start) for t in course.treatments] + [day_number(r.date) for r in course.labs]
        stops = [day_number(t.stop) for t in course.treatments if t.stop is not None] + [day_number(r.date) for r in course.labs]
        first = min([first, *(max(s, first - reach) - margin / 4 for s in starts)])
        last = max([last, *(min(s, last + reach) + margin / 4 for s in stops)])
    return first, last


def _compared(drawn: DrawnTimeline, judgement: Judgement | None) -> DrawnTimeline:
    """The timeline without counts of what came and went at visits that have no change: they rest on the same comparison."""
    refused = set() if judgement is None else {c.to_time_point for c in refused_changes(judgement)}
    points = tuple(
        replace(p, fates={fate: n for fate, n in p.fates.items() if fate not in CAME_OR_WENT}) if p.index in refused else p for p in drawn.points
    )
    return replace(drawn, points=points)


def _sentences(judgement: Judgement | None) -> list[str]:
    """Sentences of the head: the verdict, and the change from first to last. What is not judged has neither."""
    if judgement is None:
        return []
    sentences = (*judgement_sentences(judgement)[:1], *change_sentences(judgement))
    return [wrapped(s, PAGE_WIDTH_MM - 2 * EDGE_MM) for s in sentences]


def _notes(drawn: DrawnTimeline, course: PatientCourse | None, unshown: list[str], *, dated: bool) -> list[str]:
    """Notes about content that is not drawn."""
    notes = [drawn.instead] if drawn.instead else []
    if unshown:
        notes.append(f"Laboratory values not drawn (no upper limit stated, or no room): {', '.join(unshown)}.")
    if not dated and course is not None and (course.treatments or course.labs):
        notes.append("Treatments and laboratory values are not drawn: the film has no date.")
    return [wrapped(n, PAGE_WIDTH_MM - 2 * EDGE_MM) for n in notes]


def _write_head(page: Page, drawn: DrawnTimeline, sentences: list[str]) -> None:
    page.text(EDGE_MM, 2.5, title_of(drawn.key), points=HEAD_POINTS, bold=True)
    y = 7.5
    for sentence in sentences:
        page.text(EDGE_MM, y, sentence)
        y += LINE_MM * (sentence.count("\n") + 1)


def _mark_starts(burden: Axes, rows: list[list[Treatment]], free: float) -> None:
    """Draw a faint line through the burden panel at the start of each treatment, up to the trends' text."""
    span = burden.get_xlim()
    for doses in rows:
        start = day_number(doses[0].start)
        if span[0] < start < span[1]:
            burden.axvline(start, ymax=free, color=RULE_COLOUR, lw=0.6, ls=(0, (4, 3)), zorder=1, gid=f"start {doses[0].name}")


def _dress_calendar(stacked: list[Axes], days: list[float], *, dated: bool) -> None:
    """A calendar below the lowest panel; ticks at the visits in all of them."""
    for axes in stacked[:-1]:
        axes.tick_params(axis="x", labelbottom=False)
    for axes in stacked:
        if not dated:
            axes.set_xticks([])
            continue
        locator = AutoDateLocator(minticks=4, maxticks=9)  # type: ignore[no-untyped-call] # matplotlib ships it without types
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))  # type: ignore[no-untyped-call]
    if dated:
        stacked[0].plot(
            days, [0] * len(days), "|", color="black", ms=5, mew=1.0, transform=stacked[0].get_xaxis_transform(), clip_on=False, zorder=9, gid="visit"
        )
