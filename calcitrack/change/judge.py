"""Judgement of a timeline's change, from an assessment, a patient's course and the precision of repeat exposures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from calcitrack.change.comparable import comparable
from calcitrack.change.detectable import changes_of
from calcitrack.change.mixed_model import deposit_trend
from calcitrack.change.precision import Precision
from calcitrack.change.response import RULES, ResponseRule, last_evaluable, response, treatment_trends
from calcitrack.change.series import BURDENS, series_of
from calcitrack.change.trend import TrendOptions, line_trends
from calcitrack.model.arguments import expect
from calcitrack.model.assessment import Assessment
from calcitrack.model.course import PatientCourse
from calcitrack.model.judgement import TOTAL, JudgedChange, Judgement, TimelineSeries, Trend

VERDICT_ORDER = ("ha_mass_mg", "area_mm2")
"""Burdens a verdict is about, best first: mass does not change when a deposit turns, area does."""
TOGETHER = {"ha_mass_mg": ("ha_mass_joint_mg",), "area_mm2": ("area_joint_mm2", "contrast_joint_mm2")}
"""What the verdict rests on instead where all images together give it at the same visits, best first: on simulated people its changes are less often
wrong than those of films alone (docs/explanation/together.md). A vendor's curve bends contrast, so that its changes come out too large where there is
no mass; an area above one threshold keeps its size."""

LEAST_VISITS = 2
"""A change needs two."""


@dataclass(frozen=True, slots=True)
class JudgeOptions:
    """Settings of `judge`.

    Parameters
    ----------
    trend
        The margin within which a burden counts as standing still.
    rules
        Response rules; the presets when not stated. Your own is a `ResponseRule`.

    Examples
    --------
    >>> from calcitrack.change import JudgeOptions, ResponseRule
    >>> options = JudgeOptions(rules=(ResponseRule("half", improve=-0.5, progress=0.5),))
    >>> [rule.name for rule in options.rules]
    ['half']
    """

    trend: TrendOptions = field(default_factory=TrendOptions)
    rules: tuple[ResponseRule, ...] = RULES


def judge(
    assessed: Assessment | TimelineSeries,
    course: PatientCourse | None = None,
    *,
    precision: Precision | None = None,
    options: JudgeOptions | None = None,
) -> Judgement:
    """Compare every change of a timeline with the smallest detectable change, and decide whether the burden grows.

    Parameters
    ----------
    assessed
        What `calcitrack.assess` returned, or its series. It is not changed: treatments and other patients' repeats are no inputs of an assessment,
        and its id stays the same whatever is known of them.
    course
        The patient's treatments; none when ``None``.
    precision
        How well burdens repeat, from `calcitrack.change.own_precision`; the program's precision profile when ``None``.
    options
        Settings; defaults when ``None``.

    Returns
    -------
    Judgement
        The same for the same input.

    Examples
    --------
    >>> import datetime as dt
    >>> from calcitrack import TimelineKey, judge
    >>> from calcitrack.model.judgement import BurdenPoint, BurdenSeries, TimelineSeries
    >>> areas = enumerate((10.0, 21.0, 38.0, 85.0))
    >>> points = tuple(BurdenPoint(k + 1, dt.date(2021 + k, 3, 8), (area,)) for k, area in areas)
    >>> series = BurdenSeries("total", "area_mm2", "mm2", points)
    >>> judgement = judge(TimelineSeries(TimelineKey("P1"), "", (series,)))
    >>> judgement.headline.verdict.value
    'progressing'
    >>> round(judgement.headline.doubling_days.value / 365, 1)
    1.0
    """
    expect("judge", "assessed", assessed, Assessment, TimelineSeries)
    expect("judge", "course", course, PatientCourse, type(None))
    series = series_of(assessed) if isinstance(assessed, Assessment) else assessed
    course, precision, options = course or PatientCourse(series.key.patient_id), precision or Precision(), options or JudgeOptions()
    totals = [s for s in series.series if s.subject == "total"]
    burden = burden_of(series)
    lines = {s.measurand: line_trends(s, precision, options.trend) for s in totals}
    around = {s.measurand: treatment_trends(s, course, precision, options.trend) for s in totals if s.points}
    mixed = [deposit_trend([series], name) for name in BURDENS]
    changes: list[JudgedChange] = [c for s in series.series for c in changes_of(s, precision)]
    headline = _headline(burden, lines, around)
    return Judgement(
        key=series.key,
        assessment_id=series.assessment_id,
        burden=burden,
        changes=tuple(changes),
        trends=(*(t for s in totals for t in (*lines[s.measurand], *around.get(s.measurand, ()))), *mixed),
        responses=tuple(response(s, rule, precision) for s in totals for rule in options.rules if s.measurand in (*BURDENS, burden)),
        headline=headline if headline.slope is not None else None,
        reason=headline.reason,
    )


def burden_of(series: TimelineSeries) -> str:
    """The measurand that a verdict is about.

    The total mass where it can be compared at as many visits as the total area, else the total area; and in its place what all images together give,
    where that can be compared at the same visits.

    Examples
    --------
    >>> from calcitrack import assess
    >>> from calcitrack.phantom.small import small_timeline
    >>> [burden_of(series_of(assess(small_timeline(radii)))) for radii in ((2.0,), (1.5, 2.0, 2.5))]
    ['ha_mass_mg', 'ha_mass_joint_mg']
    """
    visits = {s.measurand: [p.time_point for p in comparable(s).series.points] for s in series.series if s.subject == TOTAL}
    most = max((len(visits[name]) for name in VERDICT_ORDER if name in visits), default=0)
    alone = next((name for name in VERDICT_ORDER if most and len(visits.get(name, ())) == most), VERDICT_ORDER[-1])
    if most < LEAST_VISITS:
        return alone
    return next((name for name in TOGETHER[alone] if visits.get(name) == visits[alone]), alone)


def _headline(burden: str, lines: Mapping[str, Sequence[Trend]], around: Mapping[str, Sequence[Trend]]) -> Trend:
    """The trend since the last treatment start with enough visits on both sides; else since a bend of the visits; else over all visits."""
    own = lines[burden]
    return last_evaluable(around.get(burden, ())) or next((t for t in own if t.part == "after"), own[0])
