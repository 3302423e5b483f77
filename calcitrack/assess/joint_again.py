"""What all images of a timeline give together, measured again from an assessment: with its outlines, identities and alignments as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from threadpoolctl import threadpool_limits

from calcitrack.assess.options import AssessOptions
from calcitrack.assess.pipeline import AnyPipeline, Settled
from calcitrack.assess.pipelines import PIPELINES, pipeline_for
from calcitrack.assess.revise import REDRAWN
from calcitrack.measure import MeasureOptions
from calcitrack.model.assessment import Assessment, DepositId, Fate
from calcitrack.model.joint import Joint
from calcitrack.model.measurement import ImageMeasurements
from calcitrack.track import Detection, Join, Track


def with_joint(revised: Assessment, options: MeasureOptions | None = None) -> Assessment:
    """A revised assessment with what all its images give together now; the same one where no outline and no identity was changed.

    Parameters
    ----------
    revised
        What `calcitrack.assess.revise.revise` made of a reader's changes.
    options
        As for `joint_again`.

    Raises
    ------
    UnsupportedModalityError
        As for `joint_again`.
    """
    if revised.joint is None or revised.joint.reason != REDRAWN:
        return revised
    return replace(revised, joint=joint_again(revised, options))


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
