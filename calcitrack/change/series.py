"""Series of burdens from an assessment: all that change and trend need, without images."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from calcitrack.change.summary import NOTHING_READ, SIZED_IN_PLANE
from calcitrack.model.assessment import Assessment, DepositTrack, Fate, ImageAssessment, TimePointSummary
from calcitrack.model.judgement import DEPOSIT, TOTAL, BurdenPoint, BurdenSeries, TimelineSeries
from calcitrack.model.measurement import Measurement, NotMeasurable, Result

BURDENS = {"ha_mass_mg": "mg", "area_mm2": "mm2", "volume_mm3": "mm3"}
"""Measurands whose change is judged, and their units; the deposits are counted as well."""
COUNT = "deposit_count"
NOT_SEEN = "the deposit was not known at this time point"


def series_of(assessment: Assessment) -> TimelineSeries:
    """The series of a timeline's totals and of each of its deposits.

    A resolved deposit has a burden of zero; where a deposit is not evaluable, the series has a gap with the reason. Mass and area are conserved
    in a family of deposits that merged or split, not in each of them: the first of a family has the series of their sum, the others have none.

    Examples
    --------
    >>> from calcitrack import assess
    >>> from calcitrack.change import series_of
    >>> from calcitrack.phantom.small import small_timeline
    >>> series = series_of(assess(small_timeline((2.0,))))
    >>> round(series.total("area_mm2").points[0].mean, 2)
    12.33
    """
    totals = [_total(assessment, name, unit) for name, unit in BURDENS.items()]
    families = _families(assessment.tracks)
    deposits = [_deposit(assessment, t, families[t.deposit_id], name, unit) for t in assessment.tracks for name, unit in BURDENS.items()]
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


def _families(tracks: Sequence[DepositTrack]) -> Mapping[str, tuple[DepositTrack, ...]]:
    """Deposit id -> its family: the deposits connected by merges and splits, itself included, in order of the tracks."""
    family = {t.deposit_id: {t.deposit_id} for t in tracks}
    for track in tracks:
        for partner in (p for partners in track.partners.values() for p in partners):
            joined = family[track.deposit_id] | family[partner]
            family |= dict.fromkeys(joined, joined)
    return {t.deposit_id: tuple(m for m in tracks if m.deposit_id in family[t.deposit_id]) for t in tracks}


def _deposit(assessment: Assessment, track: DepositTrack, family: Sequence[DepositTrack], name: str, unit: str) -> BurdenSeries:
    """Series of a deposit. The first deposit of a family has the series of the whole family."""
    if track is not family[0]:
        reason = f"counted with {family[0].deposit_id}: they are connected by merges or splits"
        return BurdenSeries(DEPOSIT, name, unit, (), {p.index: reason for p in assessment.time_points}, track.deposit_id)
    points: list[BurdenPoint] = []
    missing: dict[int, str] = {}
    ids = {t.deposit_id for t in family}
    for point in assessment.time_points:
        value_or_reason: BurdenPoint | str
        images = [i for i in assessment.images if i.time_point == point.index and any(d.deposit_id in ids for d in i.deposits)]
        image_deposits = [[d for d in i.deposits if d.deposit_id in ids] for i in images]
        results = [_sum([d.deposit.measurements[name] for d in seen]) for seen in image_deposits if all(name in d.deposit.measurements for d in seen)]
        unknown = _unknown(family, point.index, {d.deposit_id for seen in image_deposits for d in seen})
        if unknown:
            value_or_reason = unknown
        elif results:
            measured = [r for r in results if isinstance(r, Measurement)]
            value_or_reason = _point(point, name, images, results, measured[0] if measured else None)
        elif points and any(t.fates.get(point.index) is Fate.RESOLVED for t in family):
            value_or_reason = BurdenPoint(point.index, point.date, (0.0,), 0.0, points[-1].like, points[-1].calibration)
        else:
            value_or_reason = NOT_SEEN
        if isinstance(value_or_reason, str):
            missing[point.index] = value_or_reason
        else:
            points.append(value_or_reason)
    return BurdenSeries(DEPOSIT, name, unit, tuple(points), missing, track.deposit_id)


def _unknown(family: Sequence[DepositTrack], time_point: int, seen: Collection[str]) -> str:
    """Why a family's sum is unknown at a time point although part of it may be seen; empty where it is known."""
    for track in family:
        first = min(track.fates, default=0)
        hidden = track.fates.get(time_point) is Fate.NOT_EVALUABLE
        unheard = len(family) > 1 and time_point < first and track.fates[first] is Fate.NOT_EVALUABLE
        if track.deposit_id not in seen and (hidden or unheard):
            return f"{track.deposit_id} is not evaluable at this time point"
    return ""


def _sum(results: Sequence[Result]) -> Result:
    """Sum over one exposure. Uncertainties add linearly, because beam and outline method are shared."""
    missing = next((r for r in results if isinstance(r, NotMeasurable)), None)
    if missing is not None or len(results) == 1:
        return missing or results[0]
    values = [r for r in results if isinstance(r, Measurement)]
    sds = [r.sd for r in values if r.sd is not None]
    sd = sum(sds) if len(sds) == len(values) else None
    return Measurement(values[0].measurand, sum(r.value for r in values), sd, "; ".join(sorted({r.model for r in values if r.model})))
