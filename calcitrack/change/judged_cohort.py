"""Judgement of a cohort: precision from its own repeats, a judgement of each timeline, and the points of its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from calcitrack.change.cohort import cohort_points
from calcitrack.change.judge import JudgeOptions, judge
from calcitrack.change.precision import Precision, own_precision
from calcitrack.change.response import RULES, ResponseRule
from calcitrack.model.arguments import expect_each
from calcitrack.model.course import Courses
from calcitrack.model.judgement import CohortPoint, Judgement, TimelineSeries


@dataclass(frozen=True, slots=True)
class JudgedCohort:
    """What `judge_cohort` returns.

    Parameters
    ----------
    judgements
        One for each timeline, in the order of the series.
    points
        Points of the figures and of the table of the cohort.
    precision
        How well burdens repeat: all judgements rest on it.
    courses
        The treatments that were taken into account.
    rule
        The response rule by which `points` count progression.
    """

    judgements: tuple[Judgement, ...] = ()
    points: tuple[CohortPoint, ...] = ()
    precision: Precision = field(default_factory=Precision)
    courses: Courses = field(default_factory=Courses)
    rule: ResponseRule = RULES[0]


def judge_cohort(series: Sequence[TimelineSeries], courses: Courses | None = None, *, options: JudgeOptions | None = None) -> JudgedCohort:
    """Judge every timeline of a cohort.

    The precision comes from all repeat exposures of the cohort, so it is known only once all timelines are measured. A series is small:
    collect the series of each timeline (`series_of`) as it is measured, and drop the assessment.

    Parameters
    ----------
    series
        One for each timeline.
    courses
        Treatments of the patients; none when ``None``.
    options
        Settings of `judge`; defaults when ``None``.

    Returns
    -------
    JudgedCohort
        The same for the same input.

    Raises
    ------
    TypeError
        Something else than series was given; the message names what to call.

    Examples
    --------
    >>> import datetime as dt
    >>> from calcitrack.model.judgement import BurdenPoint, BurdenSeries, TimelineSeries
    >>> from calcitrack.model.timeline import TimelineKey
    >>> points = tuple(BurdenPoint(k, dt.date(2020 + k, 1, 1), (50.0 * k,), like="detector") for k in (1, 2, 3))
    >>> area = BurdenSeries("total", "area_mm2", "mm2", points)
    >>> judged = judge_cohort([TimelineSeries(TimelineKey("P1", "HAND", "R", "PA", "DX"), "id-1", (area,))])
    >>> judged.judgements[0].headline.verdict.value
    'progressing'
    """
    series = expect_each("judge_cohort", "series", series, TimelineSeries)
    courses = courses or Courses()
    precision = own_precision(series)
    return JudgedCohort(
        judgements=tuple(judge(s, courses.of(s.key.patient_id), precision=precision, options=options) for s in series),
        points=cohort_points(series, courses, precision=precision, rule=RULES[0]),
        precision=precision,
        courses=courses,
    )
