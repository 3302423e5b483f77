"""Extract of an assessment for the timeline figure: small, without images, so that a large cohort fits in memory until it is judged."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from calcitrack.change import series_of
from calcitrack.change.burden import SIZED_IN_PLANE
from calcitrack.change.judge import TOGETHER, burden_of
from calcitrack.figures.palette import BASIS_WORDS
from calcitrack.model.assessment import COVERAGE_FACTOR, Assessment, Fate, TimePointSummary
from calcitrack.model.measurement import Measurement, NotMeasurable
from calcitrack.model.spacing import SpacingBasis
from calcitrack.model.timeline import TimelineKey
from calcitrack.reporting.change_words import CHOICES, burden_choice, burden_unit

JOINT_WORDS = {
    "ha_mass_joint_mg": "Mass, all films together",
    "contrast_joint_mm2": "Contrast, all films together",
    "area_joint_mm2": "Area, all films together",
}
"""Words of the axis of what was measured on all films together."""
WHOLE = 0.995
"""Evaluable share of the deposits from which a visit is drawn as one that shows all: what is missing then is less than a line's width."""


@dataclass(frozen=True, slots=True)
class DrawnPoint:
    """A time point ready to be drawn.

    Parameters
    ----------
    index, date
        Of the time point; the date is ``None`` where no image states one.
    value, sd
        Burden and its standard uncertainty; ``None`` where there is none.
    exposures
        The burden on each exposure of that day.
    bases
        Planes in which its millimetres hold.
    n_exposures
        Exposures that were measured; 0 where none could be read.
    deposit_count
        Deposits seen; ``None`` where none could be read.
    fates
        Fate -> number of deposits.
    partly
        Whether it does not show all deposits of the timeline, so that its value is not on one line with the others.
    """

    index: int
    date: dt.date | None
    value: float | None
    sd: float | None
    exposures: tuple[float, ...]
    bases: frozenset[SpacingBasis]
    n_exposures: int
    deposit_count: int | None
    fates: Mapping[Fate, int]
    partly: bool = False

    @property
    def height(self) -> float:
        """Drawn height: a mass below zero is noise about zero and is drawn at zero, with its own number."""
        return max(self.value or 0.0, 0.0)

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the value, cut at zero; ``None`` where no uncertainty is stated."""
        if self.value is None or self.sd is None:
            return None
        low, high = (max(self.value + side * COVERAGE_FACTOR * self.sd, 0.0) for side in (-1, 1))
        return low, high

    @property
    def top(self) -> float:
        """The highest thing drawn at this point: the end of its interval or a single exposure."""
        return max(self.height, *(self.interval or (0.0,)), *self.exposures)


@dataclass(frozen=True, slots=True)
class DrawnTimeline:
    """A timeline ready to be drawn.

    Parameters
    ----------
    burden, words, unit
        Drawn measurand, with words and unit of its axis.
    points
        All time points, earliest first; at least one.
    instead
        Reason why a better measurand is not drawn; empty for the best one.
    """

    key: TimelineKey
    burden: str
    words: str
    unit: str
    points: tuple[DrawnPoint, ...]
    instead: str

    @property
    def axis_label(self) -> str:
        """Label of the burden axis: words, unit, and the plane of its millimetres."""
        if self.burden not in SIZED_IN_PLANE:
            return f"{self.words}\n({self.unit})"
        bases = sorted({b for p in self.points for b in p.bases}, key=lambda b: b.value)
        return f"{self.words} ({self.unit},\n{' / '.join(BASIS_WORDS[b] for b in bases)})" if bases else f"{self.words}\n({self.unit})"

    def joined(self, before: DrawnPoint, after: DrawnPoint) -> bool:
        """Whether two neighbouring time points may be joined by a line: both have a value of all deposits, in millimetres of the same plane."""
        if before.partly or after.partly:
            return False
        return before.value is not None and after.value is not None and (before.bases == after.bases or self.unit == "mg")


def drawn_timeline(assessment: Assessment) -> DrawnTimeline:
    """The small extract of an assessment that `timeline_figure` draws.

    Hydroxyapatite mass where every readable time point has it, else area in mm2, else area in pixels; what all images together give, where the
    verdict rests on it.
    """
    name, words, unit = burden_choice(assessment)
    drawn = DrawnTimeline(
        key=assessment.key,
        burden=name,
        words=words,
        unit=unit,
        points=tuple(_point(assessment, p, name) for p in assessment.time_points),
        instead=_instead(assessment.time_points, name),
    )
    judged = burden_of(series_of(assessment))
    return _together(drawn, assessment, judged) if judged in TOGETHER.get(name, ()) else drawn


def _together(drawn: DrawnTimeline, assessment: Assessment, name: str) -> DrawnTimeline:
    """The same with the values of all images together: those that changes and verdict are about."""
    assert assessment.joint is not None  # noqa: S101 - it has this burden
    series, total = assessment.joint.totals[name], series_of(assessment).total(name)
    assert total is not None  # noqa: S101 - the verdict is about it
    assert total.covariance is not None  # noqa: S101 - measured together
    known = {p.time_point: (p.mean, math.sqrt(total.covariance[k][k])) for k, p in enumerate(total.points)}
    points = []
    for point in drawn.points:
        own = (series.result(k) for k, i in enumerate(assessment.images) if i.time_point == point.index)
        value, sd = known.get(point.index, (None, None))
        points.append(replace(point, value=value, sd=sd, exposures=tuple(max(0.0, r.value) for r in own if isinstance(r, Measurement))))
    return replace(drawn, burden=name, words=JOINT_WORDS[name], unit=burden_unit(name), points=tuple(points))


def _point(assessment: Assessment, summary: TimePointSummary, name: str) -> DrawnPoint:
    total = summary.totals.get(name)
    images = [i for i in assessment.images if i.time_point == summary.index]
    own = tuple(r.value for i in images if isinstance(r := i.totals.get(name), Measurement))
    value, sd = (total.value, total.sd) if isinstance(total, Measurement) else (None, None)
    bases = frozenset(i.spacing.basis for i in images)
    partly = summary.evaluable_fraction is not None and summary.evaluable_fraction < WHOLE
    return DrawnPoint(summary.index, summary.date, value, sd, own, bases, summary.n_exposures, summary.deposit_count, summary.fates, partly)


def _instead(points: Sequence[TimePointSummary], name: str) -> str:
    """Reason why the first choice is not drawn, from the time point that lacks it."""
    best, words, _ = CHOICES[0]
    if name == best:
        return ""
    read = [p for p in points if p.n_exposures]
    lacking = [(p, r.reason) for p in read if isinstance(r := p.totals.get(best), NotMeasurable)]
    if not lacking:
        return ""
    point, reason = lacking[0]
    where = "" if len(lacking) == len(read) else f" at visit {point.index}"
    return f"{words} is not measurable{where}: {reason}."
