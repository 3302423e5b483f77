"""Volume from the shapes in two views of one limb on one day, computed from the assessments of both views.

A timeline holds one view. `combine_views` therefore takes finished assessments, and gives them back with the volumes of those deposits that
have one clear counterpart in the other view; everything else in them stays as it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from scipy import ndimage

from calcitrack.biplane.ellipsoid import MODEL, MODEL_UNCHECKED, Silhouette, biplane_volume, fill_of
from calcitrack.biplane.pairing import Shadow, Shift, extent, orthogonal, pair, register
from calcitrack.change import summarise
from calcitrack.measure import MeasureOptions
from calcitrack.measure.magnification import Magnification, magnification
from calcitrack.measure.measurands import VOLUME_MM3
from calcitrack.measure.volume import concentration_range
from calcitrack.model.arguments import expect_each
from calcitrack.model.assessment import Assessment, ImageAssessment, TrackedDeposit, unread_reasons
from calcitrack.model.display import counted
from calcitrack.model.measurement import Measurement, NotMeasurable, Result
from calcitrack.model.provenance import Step
from calcitrack.model.timeline import TimelineKey

Other = TypeVar("Other")

VOLUME = VOLUME_MM3.name


def combine_views(assessments: Iterable[Assessment], *, options: MeasureOptions | None = None) -> tuple[Assessment, ...]:
    """Give deposits that two orthogonal views of one day show the volume of the ellipsoid that casts both shadows.

    Parameters
    ----------
    assessments
        Of any patients; those of one patient, body part and side stand one after the other, as `assess_cohort` gives them.
    options
        Settings with which they were measured; defaults when ``None``.

    Returns
    -------
    The same assessments in the same order. Deposits that were paired have another ``volume_mm3``, whose ``model`` names the ellipsoid; totals of
    volume follow; a finding on each film of such a day says what was paired by what, or why nothing was.

    Examples
    --------
    >>> from calcitrack import assess, combine_views
    >>> from calcitrack.phantom.small import small_timeline
    >>> assessment = assess(small_timeline((2.0,)))
    >>> (same,) = combine_views([assessment])
    >>> same.time_points[0].totals == assessment.time_points[0].totals
    True
    """
    return tuple(combined(expect_each("combine_views", "assessments", assessments, Assessment), options=options))


def combined(
    outcomes: Iterable[Assessment | Other], *, options: MeasureOptions | None = None, coming: Iterable[TimelineKey] = ()
) -> Generator[Assessment | Other]:
    """Streaming form of `combine_views`: holds back the assessments of one limb only, and passes other outcomes through in order.

    Parameters
    ----------
    coming
        Keys of all outcomes, where they are known: a limb is then let go with its last outcome, and not only when the next limb's first one is
        there. Whoever stops in between has lost nothing that was measured.
    """
    left = Counter(_limb(key) for key in coming)
    waiting: list[Assessment | Other] = []
    for outcome in outcomes:
        limb = _limb(getattr(outcome, "key", None))
        if waiting and limb != _limb(getattr(waiting[0], "key", None)):
            yield from _together(waiting, options)
            waiting = []
        waiting.append(outcome)
        left[limb] -= 1
        if limb is None or left[limb] == 0:
            yield from _together(waiting, options)
            waiting = []
    yield from _together(waiting, options)


def _together(waiting: Sequence[Assessment | Other], options: MeasureOptions | None) -> Generator[Assessment | Other]:
    """The outcomes of one limb, its assessments combined, in their order."""
    done = iter(_of_one_limb([o for o in waiting if isinstance(o, Assessment)], options or MeasureOptions()))
    yield from (next(done) if isinstance(o, Assessment) else o for o in waiting)


def _limb(key: TimelineKey | None) -> tuple[str, str, str] | None:
    """Patient, body part and side; ``None`` where one of them is not stated, or for both sides on one film."""
    if key is None or not (key.patient_id and key.body_part and key.laterality in ("L", "R")):
        return None
    return key.patient_id, key.body_part, key.laterality


@dataclass(frozen=True, eq=False, slots=True)
class _Film:
    """A film and its place among the assessments."""

    assessment: int
    image: int
    content: ImageAssessment


@dataclass(frozen=True, slots=True)
class _Found:
    """Result of the other view for a film: volumes by label, and a sentence."""

    volumes: Mapping[int, Measurement]
    finding: str


def _of_one_limb(assessments: Sequence[Assessment], options: MeasureOptions) -> list[Assessment]:
    found: dict[tuple[int, int], _Found] = {}
    for one, other in _pairs_of_films(assessments):
        here, there = _compare(one.content, other.content, options)
        found[one.assessment, one.image], found[other.assessment, other.image] = here, there
    return [
        _with_volumes(a, {i: f for (k, i), f in found.items() if k == number}) if any(k == number for k, _ in found) else a
        for number, a in enumerate(assessments)
    ]


def _pairs_of_films(assessments: Sequence[Assessment]) -> Iterator[tuple[_Film, _Film]]:
    """Pairs of films of one day and orthogonal views: first exposures together, repeats together; none where the pairing is ambiguous."""
    films = [_Film(k, i, image) for k, a in enumerate(assessments) for i, image in enumerate(a.images)]
    dates = [{t.index: t.date for t in a.time_points} for a in assessments]

    def partners(film: _Film) -> list[_Film]:
        day = dates[film.assessment][film.content.time_point]
        view = assessments[film.assessment].key.view
        return [
            o
            for o in films
            if day is not None
            and dates[o.assessment][o.content.time_point] == day
            and o.content.repeat == film.content.repeat
            and orthogonal(view, assessments[o.assessment].key.view)
        ]

    for number, film in enumerate(films):
        others = partners(film)
        if len(others) == 1 and partners(others[0]) == [film] and films.index(others[0]) > number:
            yield film, others[0]


def _compare(one: ImageAssessment, other: ImageAssessment, options: MeasureOptions) -> tuple[_Found, _Found]:
    """Compare two films, and give the result for each of them."""
    planes = [magnification(i.exposure.acquisition, i.spacing, options) for i in (one, other)]
    shift = _shift(one, other, planes)
    if isinstance(shift, str):
        return _nothing(other, shift), _nothing(one, shift)
    shadows = [_shadows(i, m) for i, m in zip((one, other), planes, strict=True)]
    pairs = pair([s.shadow for s in shadows[0].values()], [s.shadow for s in shadows[1].values()], shift)
    allowed = concentration_range(options)
    volumes = [(a, b, biplane_volume(shadows[0][a].silhouette, shadows[1][b].silhouette, allowed)) for a, b in pairs]
    filled = [(a, b, v) for a, b, v in volumes if v is not None]

    def sentence(image: ImageAssessment, partner: ImageAssessment) -> str:
        laid = f"laid beside {_name(partner)} {shift.source}"
        own = counted(len(image.deposits), "deposit")
        if not pairs:
            return f"{laid}: none of its {own} has one clear counterpart there; no volume from shape"
        paired = counted(len(pairs), f"of its {own} has", f"of its {own} have")
        bodies = counted(len(filled), "of them is a filled body", "of them are filled bodies")
        return f"{laid}: {paired} one clear counterpart there; {bodies}, whose volume is that of an ellipsoid with both shadows"

    return _Found({a: v for a, _, v in filled}, sentence(one, other)), _Found({b: v for _, b, v in filled}, sentence(other, one))


def _nothing(partner: ImageAssessment, reason: str) -> _Found:
    return _Found({}, f"no volume from shape together with {_name(partner)}: {reason}")


def _name(image: ImageAssessment) -> str:
    """Name of a film, as the user knows it."""
    view = image.exposure.acquisition.view_position
    return f"{image.exposure.source or 'the other film'} ({view})" if view else image.exposure.source or "the other film"


def _shift(one: ImageAssessment, other: ImageAssessment, planes: Sequence[Magnification]) -> Shift | str:
    if one.spacing.pixel_area_mm2 is None or other.spacing.pixel_area_mm2 is None:
        return "no pixel size is stated"
    if one.limb_axis is None or other.limb_axis is None:
        return "the limb has no clear long axis on a film"
    return register(one.limb_axis.scaled(1 / planes[0].value), other.limb_axis.scaled(1 / planes[1].value))


@dataclass(frozen=True, slots=True)
class _Seen:
    shadow: Shadow
    silhouette: Silhouette


def _shadows(image: ImageAssessment, plane: Magnification) -> dict[int, _Seen]:
    """Label -> the deposit's shadow, in the limb's own plane."""
    spacing, axis = image.spacing, image.limb_axis
    assert axis is not None and spacing.row_mm is not None and spacing.column_mm is not None  # noqa: PT018, S101 - a shift was found with them
    labels = image.segmentation.labels
    boxes = ndimage.find_objects(labels.astype(np.int32))
    shadows = {}
    for tracked in image.deposits:
        deposit = tracked.deposit
        window = boxes[deposit.label - 1]
        inside = labels[window] == deposit.label
        corner = (window[0].start, window[1].start)
        first, last = (x / plane.value for x in extent(inside, corner, (spacing.row_mm, spacing.column_mm), axis.direction))
        area = np.count_nonzero(inside) * spacing.row_mm * spacing.column_mm / plane.value**2
        mass = deposit.measurements.get("ha_mass_mg")
        weighed = (mass.value, mass.sd) if isinstance(mass, Measurement) else (None, None)
        fill = fill_of(inside, spacing.row_mm, spacing.column_mm)
        silhouette = Silhouette(float(area), last - first, plane.sd / plane.value, fill, weighed[0])
        shadows[deposit.label] = _Seen(Shadow(deposit.label, first, last, *weighed), silhouette)
    return shadows


def _with_volumes(assessment: Assessment, found: Mapping[int, _Found]) -> Assessment:
    """The assessment with new volumes on some of its images, and with everything derived from them."""
    images = tuple(_image(image, found[i]) if i in found else image for i, image in enumerate(assessment.images))
    paired = sum(len(f.volumes) for f in found.values())
    step = Step("combine_views", {}, {"films": len(found), "deposits": paired})
    provenance = replace(assessment.provenance, steps=(*assessment.provenance.steps, step))
    points = summarise({t.index: t.date for t in assessment.time_points}, images, assessment.tracks, unread_reasons(assessment.failures))
    return replace(assessment, images=images, time_points=points, provenance=provenance)


def _image(image: ImageAssessment, found: _Found) -> ImageAssessment:
    deposits = tuple(_deposit(d, found.volumes[d.deposit.label]) if d.deposit.label in found.volumes else d for d in image.deposits)
    totals = {**image.totals, VOLUME: _total([d.deposit.measurements[VOLUME] for d in deposits])} if found.volumes else image.totals
    return replace(image, deposits=deposits, totals=totals, findings=(*image.findings, found.finding))


def _deposit(tracked: TrackedDeposit, volume: Measurement) -> TrackedDeposit:
    measurements = {**tracked.deposit.measurements, VOLUME: volume}
    return replace(tracked, deposit=replace(tracked.deposit, measurements=measurements))


def _total(volumes: Sequence[Result]) -> Result:
    """Sum over an image. Errors of ellipsoids are independent; other volumes share an assumed concentration, so their uncertainties add linearly."""
    values: list[Measurement] = []
    for volume in volumes:
        if isinstance(volume, NotMeasurable):
            return volume
        values.append(volume)
    own = [v.sd or 0.0 for v in values if v.model in (MODEL, MODEL_UNCHECKED)]
    shared = [v.sd or 0.0 for v in values if v.model not in (MODEL, MODEL_UNCHECKED)]
    sd = float(np.hypot(np.sqrt(sum(s**2 for s in own)), sum(shared)))
    return Measurement(VOLUME_MM3, sum(v.value for v in values), sd, "; ".join(dict.fromkeys(v.model for v in values)))


__all__ = ["combine_views", "combined"]
