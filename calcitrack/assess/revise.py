"""An assessment as a reader left it: outlines, identities and fates changed by hand, everything that follows from them worked out again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np

from calcitrack.assess.identity import deposit_uid
from calcitrack.change import summarise
from calcitrack.errors import InvalidValueError
from calcitrack.model.assessment import Assessment, DepositId, DepositTrack, Fate, ImageAssessment, TrackedDeposit, unread_reasons
from calcitrack.model.joint import Joint
from calcitrack.model.measurement import Deposit, ImageMeasurements, Position
from calcitrack.model.provenance import Step
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.timeline import Exposure
from calcitrack.track import Detection, Presence, Track, View, decide_fates

REDRAWN = "a reader changed outlines or identities after it was measured on all images together; each film has its own values"
"""Why a revised assessment has no values of all images together, until `calcitrack.assess.joint_again.with_joint` gives it new ones."""
Fates = Mapping[tuple[str, int], Fate]
"""(deposit id, time point) -> fate."""


@dataclass(frozen=True, eq=False, slots=True)
class RevisedImage:
    """One image as a reader left it.

    Parameters
    ----------
    segmentation
        Its outlines; ``None`` for a preview, which keeps the former ones and only tells what follows from the measurements.
    measurements
        What `calcitrack.measure` gives for them.
    identity
        Label -> deposit id (``D001``, ...), one for each label; two labels of one image are never one deposit.

    Examples
    --------
    >>> from calcitrack import measure
    >>> from calcitrack.assess import RevisedImage
    >>> from calcitrack.phantom.small import small_radiograph, small_segmentation
    >>> outlines = small_segmentation(1.5)
    >>> RevisedImage(outlines, measure(small_radiograph(), outlines), {1: "D001"}).identity
    {1: 'D001'}
    """

    segmentation: Segmentation | None
    measurements: ImageMeasurements
    identity: Mapping[int, str]

    def __post_init__(self) -> None:
        labels = [d.label for d in self.measurements.deposits]
        named = [self.identity.get(label, "") for label in labels]
        if "" in named or len(set(named)) < len(named):
            raise InvalidValueError(f"each deposit of an image has an id of its own; found {dict(zip(labels, named, strict=True))}")


def revise(assessment: Assessment, images: Mapping[int, RevisedImage], fates: Fates | None = None, step: Step | None = None) -> Assessment:
    """Work out what follows from a reader's changes.

    Parameters
    ----------
    assessment
        What was reviewed.
    images
        Position in ``assessment.images`` -> the image as the reader left it; the others stay as they are.
    fates
        Fates that the reader states otherwise than they would follow.
    step
        Who changed what, for the provenance.

    Returns
    -------
    Assessment
        The same one where nothing was changed. Else one with an id of its own, that depends on the former id and on what was changed. Deposits
        whose detections are the same keep their fates; those of the others follow from where they are seen now, without merges and splits.
        Where outlines or identities changed, what all images gave together is dropped: that takes all films, and a preview must be quick.

    Examples
    --------
    >>> from calcitrack import assess, measure
    >>> from calcitrack.assess.revise import RevisedImage, revise
    >>> from calcitrack.phantom.small import small_segmentation, small_timeline
    >>> assessment = assess(small_timeline((2.0,)))
    >>> outlines = small_segmentation(1.5)
    >>> redrawn = RevisedImage(outlines, measure(assessment.images[0].exposure.load(), outlines), {1: "D001"})
    >>> revised = revise(assessment, {0: redrawn})
    >>> revised.time_points[0].totals["area_mm2"] < assessment.time_points[0].totals["area_mm2"]
    True
    >>> revised.assessment_id == assessment.assessment_id
    False
    """
    fates = fates or {}
    if not images and not fates:
        return assessment
    names = [_names(k, image, images) for k, image in enumerate(assessment.images)]
    tracks = tuple(_stated(t, fates) for t in _tracks(assessment, images, names))
    known = {t.deposit_id: t for t in tracks}
    revised = tuple(_image(image, images.get(k), names[k], known) for k, image in enumerate(assessment.images))
    return replace(
        assessment,
        assessment_id=_revised_id(assessment, images, fates),
        images=revised,
        tracks=tracks,
        time_points=summarise({p.index: p.date for p in assessment.time_points}, revised, tracks, unread_reasons(assessment.failures)),
        provenance=assessment.provenance if step is None else assessment.provenance.then(step),
        joint=_still_joint(assessment, images),
    )


def _still_joint(assessment: Assessment, images: Mapping[int, RevisedImage]) -> Joint | None:
    """What was measured on all images together, where neither outlines nor identities changed; else nothing, with the reason."""
    if assessment.joint is None or not any(_redrawn(assessment.images[k], revised) for k, revised in images.items()):
        return assessment.joint
    return Joint(reason=REDRAWN)


def _redrawn(image: ImageAssessment, revised: RevisedImage) -> bool:
    """Whether deposits have other outlines, or are other deposits, than before; of a preview, which has no outlines, whether other values."""
    if {d.deposit.label: d.deposit_id for d in image.deposits} != dict(revised.identity):
        return True
    if revised.segmentation is not None:
        return not np.array_equal(revised.segmentation.labels, image.segmentation.labels)
    return [d.deposit for d in image.deposits] != list(revised.measurements.deposits)


def _names(k: int, image: ImageAssessment, images: Mapping[int, RevisedImage]) -> Mapping[int, str]:
    """Label -> deposit id on one image."""
    return images[k].identity if k in images else {d.deposit.label: d.deposit_id for d in image.deposits}


def _measured(k: int, image: ImageAssessment, images: Mapping[int, RevisedImage]) -> Sequence[Deposit]:
    return images[k].measurements.deposits if k in images else [d.deposit for d in image.deposits]


def _tracks(assessment: Assessment, images: Mapping[int, RevisedImage], names: Sequence[Mapping[int, str]]) -> list[DepositTrack]:
    """Every deposit that is still seen; its fates worked out again where it is seen on other images than before, or a partner is gone."""
    before: dict[str, set[int]] = {}
    for k, image in enumerate(assessment.images):
        for d in image.deposits:
            before.setdefault(d.deposit_id, set()).add(k)
    now: dict[str, dict[int, Deposit]] = {}
    for k, image in enumerate(assessment.images):
        for deposit in _measured(k, image, images):
            now.setdefault(names[k][deposit.label], {})[k] = deposit
    old = {t.deposit_id: t for t in assessment.tracks}
    found = []
    for name in sorted(now, key=DepositId.parse):
        kept = old.get(name)
        if kept is not None and set(now[name]) == before[name] and all(p in now for partners in kept.partners.values() for p in partners):
            found.append(kept)
        else:
            uid = kept.tracking_uid if kept is not None else deposit_uid(assessment.key, _first(assessment), name)
            found.append(DepositTrack(name, uid, fates_where_seen(assessment, name, {k: d.centroid for k, d in now[name].items()})))
    return found


def _first(assessment: Assessment) -> Exposure:
    """The first exposure of the first time point, whether or not it could be read."""
    known = [(i.time_point, i.repeat, i.exposure) for i in assessment.images] + [(f.time_point, f.repeat, f.exposure) for f in assessment.failures]
    return min(known, key=lambda k: k[:2])[2]


def fates_where_seen(assessment: Assessment, deposit_id: str, seen: Mapping[int, Position], presence: Presence | None = None) -> Mapping[int, Fate]:
    """Time point -> fate of a deposit that is seen on these images, and on no others.

    Parameters
    ----------
    seen
        Position in ``assessment.images`` -> its centroid there, pixels; at least one.
    presence
        What its values on all images together say; ``None`` where they were not measured with these outlines.
    """
    views = [View(i.time_point, i.alignment, i.segmentation.labels.shape, i.exposure.correction) for i in assessment.images]
    places: dict[int, Position] = {}
    for k, centroid in sorted(seen.items()):
        alignment = assessment.images[k].alignment
        at = np.asarray(centroid if alignment is None else alignment.to_baseline(np.array([centroid]))[0], float)
        places[k] = tuple(map(float, at))
    track = Track(DepositId.parse(deposit_id).number, {k: Detection(0, place, 0.0) for k, place in places.items()})
    return decide_fates(track, views, [p.index for p in assessment.time_points], places, presence).fates


def _stated(track: DepositTrack, fates: Fates) -> DepositTrack:
    fate_at = {t: fate for (name, t), fate in fates.items() if name == track.deposit_id}
    return replace(track, fates=dict(sorted({**track.fates, **fate_at}.items()))) if fate_at else track


def _image(image: ImageAssessment, revised: RevisedImage | None, names: Mapping[int, str], tracks: Mapping[str, DepositTrack]) -> ImageAssessment:
    measured = [d.deposit for d in image.deposits] if revised is None else revised.measurements.deposits
    deposits = tuple(
        TrackedDeposit(d, names[d.label], tracks[names[d.label]].tracking_uid, tracks[names[d.label]].fates[image.time_point]) for d in measured
    )
    if revised is None:
        return replace(image, deposits=deposits)
    return replace(
        image,
        segmentation=revised.segmentation or image.segmentation,
        deposits=deposits,
        totals=revised.measurements.totals,
        limb_axis=revised.measurements.limb_axis,
    )


def _outlined(image: RevisedImage) -> bytes:
    """What tells one set of outlines from another: labels and possible deposits, or for a preview, which has none, all that was measured on them."""
    if image.segmentation is not None:
        possible = image.segmentation.possible
        return image.segmentation.labels.tobytes() + (b"" if possible is None else possible.tobytes())
    facts = [(d.label, d.confidence, d.centroid, [(n, astuple(r)) for n, r in d.measurements.items()]) for d in image.measurements.deposits]
    return repr(facts).encode()


def _revised_id(assessment: Assessment, images: Mapping[int, RevisedImage], fates: Fates) -> str:
    digest = hashlib.sha256(assessment.assessment_id.encode())
    for k, image in sorted(images.items()):
        digest.update(repr((k, sorted(image.identity.items()))).encode())
        digest.update(_outlined(image))
    digest.update(repr(sorted((name, t, fate.value) for (name, t), fate in fates.items())).encode())
    return digest.hexdigest()[:16]
