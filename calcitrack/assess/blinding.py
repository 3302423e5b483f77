"""An assessment without what would tell a reader whose films these are, in which order they were made, or what was found on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from calcitrack.assess.revise import fates_where_seen
from calcitrack.change import summarise
from calcitrack.errors import ReadError
from calcitrack.model.assessment import Assessment, DepositId, DepositTrack, ImageAssessment, TrackedDeposit
from calcitrack.model.image import Acquisition, Image
from calcitrack.model.measurement import NotMeasurable, Result
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.timeline import Exposure

NOTHING_OUTLINED = "nothing was outlined yet"


def film_letter(index: int) -> str:
    """``A`` for the first visit shown, ``Z`` for the 26th, ``AA`` for the 27th."""
    letters = ""
    while index > 0:
        index, digit = divmod(index - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters


def blinded(assessment: Assessment, order: Sequence[int], name: str) -> Assessment:
    """The assessment as a blinded reader sees it.

    Patient, dates, UIDs and file names are gone; visits are numbered in the order shown, and deposits by the film on which they are seen first in
    that order, since their numbers would tell of time. Fates follow from that order, so they say nothing of time either. Pixels and measurements
    are the same, and so is the id, under which the reading is kept.

    Parameters
    ----------
    order
        Positions in ``assessment.images`` in the order shown; exposures of one visit one after the other.
    name
        What the case is called.
    """
    visits = list(dict.fromkeys(assessment.images[k].time_point for k in order))
    names: dict[str, str] = {}
    shown = []
    for k in order:
        image = assessment.images[k]
        index = visits.index(image.time_point) + 1
        for d in sorted(image.deposits, key=lambda d: d.deposit.label):
            names.setdefault(d.deposit_id, str(DepositId(len(names) + 1)))
        exposure = _hidden(image.exposure, f"{name}, film {film_letter(index)}")
        deposits = tuple(replace(d, deposit_id=names[d.deposit_id]) for d in image.deposits)
        shown.append(replace(image, time_point=index, exposure=exposure, deposits=deposits, findings=(), steps=()))
    key = replace(assessment.key, patient_id=name)
    return _tracked(replace(assessment, key=key, images=tuple(shown), failures=(), tracks=(), findings=()))


def emptied(assessment: Assessment) -> Assessment:
    """The assessment without any deposit, for a reader who begins from nothing; limb, bone and registration stay. The id is the same."""
    images = tuple(
        replace(image, segmentation=_empty(image.segmentation), deposits=(), totals={n: _none(r) for n, r in image.totals.items()})
        for image in assessment.images
    )
    return _tracked(replace(assessment, images=images, tracks=(), findings=()))


def _tracked(assessment: Assessment) -> Assessment:
    """Fates of the deposits and sums of the visits worked out from the images as they are."""
    seen: dict[str, dict[int, TrackedDeposit]] = {}
    for k, image in enumerate(assessment.images):
        for d in image.deposits:
            seen.setdefault(d.deposit_id, {})[k] = d
    tracks = tuple(
        DepositTrack(name, next(iter(at.values())).tracking_uid, fates_where_seen(assessment, name, {k: d.deposit.centroid for k, d in at.items()}))
        for name, at in sorted(seen.items(), key=lambda item: (len(item[0]), item[0]))
    )
    fates = {t.deposit_id: t.fates for t in tracks}

    def fated(image: ImageAssessment) -> ImageAssessment:
        return replace(image, deposits=tuple(replace(d, fate=fates[d.deposit_id][image.time_point]) for d in image.deposits))

    images = tuple(fated(image) for image in assessment.images)
    points = sorted({i.time_point for i in images})
    return replace(assessment, images=images, tracks=tracks, time_points=summarise(dict.fromkeys(points), images, tracks))


def _empty(segmentation: Segmentation) -> Segmentation:
    return Segmentation(labels=np.zeros_like(segmentation.labels), limb=segmentation.limb, bone=segmentation.bone)


def _none(result: Result) -> NotMeasurable:
    return NotMeasurable(result.measurand, NOTHING_OUTLINED)


def _hidden(exposure: Exposure, name: str) -> Exposure:
    """The exposure without what its header says of persons, days and places; what its pixels mean stays."""
    return Exposure(_anonymous(exposure.acquisition), partial(_load_hidden, exposure.load, name), name)


def _load_hidden(load: Callable[[], Image], name: str) -> Image:
    """The image without what its header says of persons, days and places; an error names the case and not the file."""
    try:
        image = load()
    except ReadError:
        action = "tell whoever keeps the workspace; `calcitrack workspace export` names the file"
        raise ReadError(name, "a film that cannot be read", "the film as it was measured", action) from None
    return replace(image, acquisition=_anonymous(image.acquisition), source=name, findings=())


def _anonymous(facts: Acquisition) -> Acquisition:
    """What physics needs of the header, and nothing else."""
    return replace(
        facts,
        patient_id="",
        study_instance_uid="",
        series_instance_uid="",
        sop_instance_uid="",
        study_date=None,
        acquisition_time=None,
        patient_birth_date=None,
        manufacturer="",
        manufacturer_model_name="",
        limb=None,
    )
