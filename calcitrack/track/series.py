"""From an assessment to light series of burdens: all that change and trend need, without images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from calcitrack.model.assessment import Assessment, Fate, ImageAssessment, TimePointSummary
from calcitrack.model.judgement import DEPOSIT, TOTAL, BurdenPoint, BurdenSeries, TimelineSeries
from calcitrack.model.measurement import Measurement, NotMeasurable, Result
from calcitrack.track.change import NOTHING_READ, SIZED_IN_PLANE

BURDENS = {"ha_mass_mg": "mg", "area_mm2": "mm2", "volume_mm3": "mm3"}
"""Measurands whose change is judged, and their units; the deposits are counted as well."""
COUNT = "deposit_count"
NOT_SEEN = "the deposit was not known at this time point"


def series_of(assessment: Assessment) -> TimelineSeries:
    """The series of a timeline's totals and of each of its deposits.

    A deposit that resolved has a burden of zero there; where it is not evaluable, the series has a gap with the reason.
    """
    totals = [_total(assessment, name, unit) for name, unit in BURDENS.items()]
    deposits = [_deposit(assessment, t.deposit_id, t.fates, name, unit) for t in assessment.tracks for name, unit in BURDENS.items()]
    return TimelineSeries(assessment.key, assessment.assessment_id, (*totals, _counts(assessment), *deposits))


def _total(assessment: Assessment, name: str, unit: str) -> BurdenSeries:
    points, missing = [], {}
    for point in assessment.time_points:
        images = [i for i in assessment.images if i.time_point == point.index]
        results = [i.totals[name] for i in images if name in i.totals]
        found = _point(point, name, images, results, point.totals.get(name)) if results else NOTHING_READ
        if isinstance(found, str):
            missing[point.index] = found
        else:
            points.append(found)
    return BurdenSeries(TOTAL, name, unit, tuple(points), missing)


def _point(
    point: TimePointSummary, name: str, images: Sequence[ImageAssessment], results: Sequence[Result], summed: Result | None
) -> BurdenPoint | str:
    """The time point's values, or the reason why there is none."""
    for result in results:
        if isinstance(result, NotMeasurable):
            return result.reason
    values = tuple(max(0.0, r.value) for r in results if isinstance(r, Measurement))
    models = sorted({r.model for r in results if isinstance(r, Measurement)}) if name == "volume_mm3" else []
    planes = sorted({i.spacing.basis.value for i in images}) if name in SIZED_IN_PLANE else []
    tiers = " ".join(sorted({i.calibration.tier.value for i in images}))
    sd = summed.sd if isinstance(summed, Measurement) else None
    return BurdenPoint(point.index, point.date, values, sd, "; ".join((*planes, *models)), tiers)


def _counts(assessment: Assessment) -> BurdenSeries:
    points, missing = [], {}
    for point in assessment.time_points:
        counts = tuple(float(len(i.deposits)) for i in assessment.images if i.time_point == point.index)
        if counts:
            points.append(BurdenPoint(point.index, point.date, counts))
        else:
            missing[point.index] = NOTHING_READ
    return BurdenSeries(TOTAL, COUNT, "1", tuple(points), missing)


def _deposit(assessment: Assessment, deposit_id: str, fates: Mapping[int, Fate], name: str, unit: str) -> BurdenSeries:
    points: list[BurdenPoint] = []
    missing: dict[int, str] = {}
    for point in assessment.time_points:
        images = [i for i in assessment.images if i.time_point == point.index and any(d.deposit_id == deposit_id for d in i.deposits)]
        results = [d.deposit.measurements[name] for i in images for d in i.deposits if d.deposit_id == deposit_id and name in d.deposit.measurements]
        fate = fates.get(point.index)
        if results:
            measured = [r for r in results if isinstance(r, Measurement)]
            found = _point(point, name, images, results, measured[0] if measured else None)
        elif fate is Fate.RESOLVED and points:
            found = BurdenPoint(point.index, point.date, (0.0,), 0.0, points[-1].like, points[-1].calibration)
        else:
            found = NOT_SEEN if fate is None else f"the deposit is {fate.value.replace('_', ' ')} at this time point"
        if isinstance(found, str):
            missing[point.index] = found
        else:
            points.append(found)
    return BurdenSeries(DEPOSIT, name, unit, tuple(points), missing, deposit_id)
