"""Series of burdens from an assessment: all that change and trend need, without images."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from calcitrack.change.burden import COUNT, SIZED_IN_PLANE, burden_point, like_with, of_family, quality, total_series
from calcitrack.change.shared_outlines import SharedOutlines, parts_of, shared_outlines
from calcitrack.model.assessment import NOTHING_READ, Assessment, DepositTrack, Fate, unread_reasons
from calcitrack.model.evaluable import Evaluable, evaluable_of, families_of
from calcitrack.model.joint import Joint, JointSeries
from calcitrack.model.judgement import DEPOSIT, TOTAL, BurdenPoint, BurdenSeries, TimelineSeries

BURDENS = {"ha_mass_mg": "mg", "area_mm2": "mm2", "volume_mm3": "mm3"}
"""Measurands whose change is judged, and their units; the deposits are counted as well."""
JOINT_BURDENS = {"ha_mass_joint_mg": "mg", "contrast_joint_mm2": "mm2", "area_joint_mm2": "mm2"}
"""Measurands of all images together, and their units: their changes are judged by their own covariance (`calcitrack.model.joint`)."""
MAY_BE_BONE = "{ids} may be bone: over bone, and never changed; not part of the total"
LEAST_VARIANCE = 1e-6
"""Variance that nothing goes below, in the unit squared: a thousandth by itself (`calcitrack.assess.together.LEAST_SD`)."""
NOT_SEEN = "the deposit was not known at this time point"
NOT_OUTLINED = "no film of this time point outlines it, and nothing shows that it is gone"
CUT = "the edge of the picture cuts it at this time point"


def series_of(assessment: Assessment) -> TimelineSeries:
    """The series of a timeline's totals and of each of its deposits.

    A resolved deposit has a burden of zero; where a deposit is not evaluable, or not outlined without being gone, the series has a gap with the
    reason. Mass and area are conserved
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
    evaluable = evaluable_of(assessment.images, assessment.tracks)
    dates = {p.index: p.date for p in assessment.time_points}
    unread = unread_reasons(assessment.failures)
    totals = [total_series(name, unit, dates, assessment.images, evaluable, unread) for name, unit in (*BURDENS.items(), (COUNT, "1"))]
    families = {t.deposit_id: group for group in families_of(assessment.tracks) for t in group}
    shared = shared_outlines(assessment.images)
    deposits = [
        _deposit(assessment, t, families[t.deposit_id], evaluable, shared, name, unit) for t in assessment.tracks for name, unit in BURDENS.items()
    ]
    measured = assessment.joint is not None and any(d.images for d in assessment.joint.deposits)  # else each film was measured alone
    joint, each = _together(assessment, assessment.joint, evaluable) if assessment.joint is not None and measured else ((), ())
    return TimelineSeries(assessment.key, assessment.assessment_id, (*totals, *joint, *deposits, *each))


def _together(assessment: Assessment, joint: Joint, evaluable: Evaluable) -> tuple[list[BurdenSeries], list[BurdenSeries]]:
    """What was measured on all images together: the totals, with the families that they are the sum of, and each family under its first deposit.

    A family that may be bone is no part of a total whose change is judged, where there are others.
    """
    totals, each = [], []
    bone = {d.deposit_ids[0]: " and ".join(d.deposit_ids) for d in joint.deposits if d.may_be_bone}
    bone = bone if len(bone) < len(joint.deposits) else {}
    for name, unit in JOINT_BURDENS.items():
        parts = [
            _of_joint(assessment, d.series[name], BurdenSeries(DEPOSIT, name, unit, (), deposit_id=d.deposit_ids[0]), evaluable)
            for d in joint.deposits
        ]
        each += parts
        if name in joint.totals:
            whole = _without(joint.totals[name], [d.series[name] for d in joint.deposits if d.deposit_ids[0] in bone])
            total = _of_joint(assessment, whole, BurdenSeries(TOTAL, name, unit, ()), evaluable)
            kept = {p.deposit_id: p for p in parts if p.deposit_id not in bone}
            left_out = MAY_BE_BONE.format(ids=", ".join(bone.values())) if bone else ""
            totals.append(replace(total, parts=kept, evaluable=evaluable, left_out=left_out))
    return totals, each


def _without(total: JointSeries, parts: Sequence[JointSeries]) -> JointSeries:
    """A total less some of its parts and what their errors add to it."""
    values, covariance = np.array(total.values), np.array(total.covariance)
    for part in parts:
        mine = [part.images.index(k) for k in part.images if k in total.images]
        at = [total.images.index(part.images[k]) for k in mine]
        values[at] -= np.array(part.values)[mine]
        covariance[np.ix_(at, at)] -= np.array(part.covariance)[np.ix_(mine, mine)]
    if not parts:
        return total
    sizes, directions = np.linalg.eigh((covariance + covariance.T) / 2)  # rounding and the scale that all share may leave some below zero
    sure = (directions * np.maximum(sizes, LEAST_VARIANCE)) @ directions.T
    return replace(total, values=tuple(values.tolist()), covariance=tuple(map(tuple, ((sure + sure.T) / 2).tolist())))


def _of_joint(assessment: Assessment, joint: JointSeries, bare: BurdenSeries, evaluable: Evaluable) -> BurdenSeries:
    """Means over the exposures of each time point that stand for their day and have a value, with their covariance.

    Exposures of one day share region and background: how they differ says nothing of how well visits repeat, so that each day has one value.
    """
    shown = {p.index: evaluable.exposures.get(p.index, ()) for p in assessment.time_points}
    groups = {t: found for t, images in shown.items() if (found := [k for k in images if k in joint.images])}
    unread = unread_reasons(assessment.failures)
    missing = {t: joint.missing.get(images[0], NOT_SEEN) if images else unread.get(t, NOTHING_READ) for t, images in shown.items() if t not in groups}
    points, kept = [], [p for p in assessment.time_points if p.index in groups]
    values, covariance = joint.combined([groups[p.index] for p in kept])
    for point, value in zip(kept, values, strict=True):
        images = [assessment.images[k] for k in groups[point.index]]
        planes = sorted({i.spacing.basis.value for i in images}) if bare.measurand in SIZED_IN_PLANE else []
        tiers = " ".join(sorted({i.calibration.tier.value for i in images}))
        points.append(BurdenPoint(point.index, point.date, (max(0.0, value),), None, "; ".join((*planes, *quality(images))), tiers))
    return replace(bare, points=tuple(points), missing=missing, covariance=covariance if points else None)


def _deposit(
    assessment: Assessment, track: DepositTrack, family: Sequence[DepositTrack], evaluable: Evaluable, shared: SharedOutlines, name: str, unit: str
) -> BurdenSeries:
    """Series of a deposit. The first deposit of a family has the series of the whole family."""
    if track is not family[0]:
        reason = f"counted with {family[0].deposit_id}: they are connected by merges or splits"
        return BurdenSeries(DEPOSIT, name, unit, (), {p.index: reason for p in assessment.time_points}, track.deposit_id)
    points: list[BurdenPoint] = []
    missing: dict[int, str] = {}
    ids = {t.deposit_id for t in family}
    seen_on = [[seen.deposit_id for seen, _ in parts_of(k, assessment.images, ids, name, shared)] for k in range(len(assessment.images))]
    for point in assessment.time_points:
        value_or_reason: BurdenPoint | str
        here = _exposures_of(point.index, assessment, ids, evaluable, seen_on)
        unknown = _unknown(family, point.index, {d.deposit_id for i in assessment.images if i.time_point == point.index for d in i.deposits})
        images, results = [assessment.images[k] for k in here], [of_family(k, assessment.images, name, ids, shared) for k in here]
        if unknown:
            value_or_reason = unknown
        elif here and any(point.index in evaluable.cut.get(t.deposit_id, ()) for t in family):
            value_or_reason = CUT
        elif any(seen_on[k] for k in here):
            value_or_reason = burden_point(point.index, point.date, name, images, results)
        elif points and (here or any(t.fates.get(point.index) is Fate.RESOLVED for t in family)):
            value_or_reason = BurdenPoint(point.index, point.date, (0.0,), 0.0, like_with(points[-1].like, images), points[-1].calibration)
        else:
            value_or_reason = NOT_OUTLINED if any(t.fates.get(point.index) is Fate.NOT_OUTLINED for t in family) else NOT_SEEN
        if isinstance(value_or_reason, str):
            missing[point.index] = value_or_reason
        else:
            points.append(value_or_reason)
    return BurdenSeries(DEPOSIT, name, unit, tuple(points), missing, track.deposit_id)


def _exposures_of(
    time_point: int, assessment: Assessment, ids: Collection[str], evaluable: Evaluable, seen_on: Sequence[Collection[str]]
) -> Sequence[int]:
    """Positions of the exposures whose mean is a family's burden at a time point at which it is seen; none where it is not.

    They are those that stand for the day, so that deposits sum up to the total: where one of them shows the family's place and nothing there, it
    counts as zero, in the total as well. Where the place is not known on all of them, only those that show the family count.
    """
    seen = [k for k, i in enumerate(assessment.images) if i.time_point == time_point and seen_on[k]]
    known = any(set(f.members) == set(ids) and time_point in f.known for f in evaluable.families)
    return evaluable.exposures.get(time_point, ()) if seen and known else seen


def _unknown(family: Sequence[DepositTrack], time_point: int, seen: Collection[str]) -> str:
    """Why a family's sum is unknown at a time point although part of it may be seen; empty where it is known."""
    for track in family:
        first = min(track.fates, default=0)
        hidden = track.fates.get(time_point) is Fate.NOT_EVALUABLE
        unheard = len(family) > 1 and time_point < first and track.fates[first] is Fate.NOT_EVALUABLE
        if track.deposit_id not in seen and (hidden or unheard):
            return f"{track.deposit_id} is not evaluable at this time point"
    return ""
