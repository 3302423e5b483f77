"""What all images of a timeline give together, measured again from an assessment: with its outlines, identities and alignments as they are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from threadpoolctl import threadpool_limits

from calcitrack.assess.options import AssessOptions
from calcitrack.assess.pipeline import AnyPipeline, Settled
from calcitrack.assess.pipelines import PIPELINES, pipeline_for
from calcitrack.assess.revise import REDRAWN, Fates, fates_where_seen
from calcitrack.change import summarise
from calcitrack.measure import MeasureOptions
from calcitrack.model.assessment import Assessment, DepositId, Fate, unread_reasons
from calcitrack.model.joint import Joint
from calcitrack.model.measurement import ImageMeasurements, Position
from calcitrack.track import Detection, Join, Presence, Track


def with_joint(revised: Assessment, options: MeasureOptions | None = None, stated: Fates | None = None) -> Assessment:
    """A revised assessment with what all its images give together now, and the fates that follow.

    The same one where no outline and no identity was changed.

    Parameters
    ----------
    revised
        What `calcitrack.assess.revise.revise` made of a reader's changes.
    options
        As for `joint_again`.
    stated
        Fates that a reader stated, now or before (`stated_in`): they stay.

    Raises
    ------
    UnsupportedModalityError
        As for `joint_again`.
    """
    if revised.joint is None or revised.joint.reason != REDRAWN:
        return revised
    return _fated(replace(revised, joint=joint_again(revised, options)), stated or {})


def stated_in(assessment: Assessment) -> Fates:
    """Fates of an assessment that do not follow from its outlines and values: a reader stated them."""
    found = _fates_by_values(assessment)
    return {
        (t.deposit_id, at): fate for t in assessment.tracks for at, fate in t.fates.items() if found.get(t.deposit_id, t.fates).get(at) is not fate
    }


def _fates_by_values(assessment: Assessment) -> Mapping[str, Mapping[int, Fate]]:
    """Deposit id -> fates by outlines and values, of the deposits that were measured on all images together by themselves."""
    when = [i.time_point for i in assessment.images]
    seen: dict[str, dict[int, Position]] = {}
    for k, image in enumerate(assessment.images):
        for d in image.deposits:
            seen.setdefault(d.deposit_id, {})[k] = d.deposit.centroid
    known = {t.deposit_id: Presence.of(assessment.joint, t.deposit_id, when) for t in assessment.tracks if not t.partners}
    return {name: fates_where_seen(assessment, name, seen[name], p) for name, p in known.items() if p is not None and name in seen}


def _fated(assessment: Assessment, stated: Fates) -> Assessment:
    """The assessment with the fates that follow from its values; those that a reader stated stay."""
    found = _fates_by_values(assessment)
    by_reader = {t.deposit_id: {at: f for (name, at), f in stated.items() if name == t.deposit_id} for t in assessment.tracks}
    tracks = tuple(replace(t, fates=dict(sorted({**found.get(t.deposit_id, t.fates), **by_reader[t.deposit_id]}.items()))) for t in assessment.tracks)
    fates = {t.deposit_id: t.fates for t in tracks}
    images = tuple(replace(i, deposits=tuple(replace(d, fate=fates[d.deposit_id][i.time_point]) for d in i.deposits)) for i in assessment.images)
    dates = {p.index: p.date for p in assessment.time_points}
    points = summarise(dates, images, tracks, unread_reasons(assessment.failures))
    return replace(assessment, images=images, tracks=tracks, time_points=points)


def joint_again(assessment: Assessment, options: MeasureOptions | None = None, pipelines: Sequence[AnyPipeline] = PIPELINES) -> Joint | None:
    """Measure every deposit of an assessment on all its images together once more, as `calcitrack.assess` does at its end.

    Parameters
    ----------
    assessment
        With the outlines and identities that count now. Its images are read again; one that cannot be read takes no part.
    options
        Settings with which deposits were measured; defaults when ``None``.
    pipelines
        As for `calcitrack.assess`.

    Returns
    -------
    Joint or None
        To the last digit what `calcitrack.assess` made, where nothing was changed since.

    Raises
    ------
    UnsupportedModalityError
        None of the pipelines measures images of the timeline's modality.

    Examples
    --------
    >>> from calcitrack import assess
    >>> from calcitrack.phantom.small import small_timeline
    >>> assessment = assess(small_timeline((2.0, 2.5)))
    >>> joint_again(assessment) == assessment.joint
    True
    """
    settled: list[Settled[Any]] = [
        Settled(
            i.exposure,
            i.spacing,
            i.calibration,
            i.segmentation,
            ImageMeasurements(tuple(d.deposit for d in i.deposits), i.totals, i.limb_axis),
            i.alignment,
        )
        for i in assessment.images
    ]
    used = AssessOptions(measure=options or MeasureOptions())
    with threadpool_limits(limits=1, user_api="blas"):
        return pipeline_for(assessment.key, pipelines).together(settled, tracks_of(assessment), used)


def tracks_of(assessment: Assessment) -> tuple[Track, ...]:
    """The deposits of an assessment as `calcitrack.track` has them, in order of their numbers: where each is seen, and whom it merged or split with.

    Places and sizes are left out: they served to find the identities, which are known.
    """
    seen: dict[str, dict[int, Detection]] = {}
    for k, image in enumerate(assessment.images):
        for d in image.deposits:
            seen.setdefault(d.deposit_id, {})[k] = Detection(d.deposit.label, d.deposit.centroid, 0.0)
    found = []
    for track in sorted(assessment.tracks, key=lambda t: DepositId.parse(t.deposit_id)):
        met = [(t, DepositId.parse(partner).number) for t, partners in track.partners.items() for partner in partners]
        joins = tuple(Join(track.fates.get(t, Fate.MERGED), t, t, partner) for t, partner in met)
        found.append(Track(DepositId.parse(track.deposit_id).number, seen.get(track.deposit_id, {}), joins))
    return tuple(found)
