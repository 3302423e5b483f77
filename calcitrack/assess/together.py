"""All films of a timeline measured together: each is looked at once, and what surrounds the deposits on it is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.errors import ReadError
from calcitrack.measure.deposits import NO_SIZE, Film
from calcitrack.measure.joint import (
    FLOOR_CONTRAST_MM2,
    FLOOR_MG,
    FLOOR_MM2,
    LEAST_IMAGES,
    SCALE_SD,
    SHARED_SCALE_SD,
    FamilyValues,
    Patch,
    Values,
    better_alone,
    bone_contrasts,
    common,
    measure_joint,
)
from calcitrack.measure.measurands import AREA_JOINT_MM2, CONTRAST_JOINT_MM2, HA_MASS_JOINT_MG, JOINT
from calcitrack.model.alignment import Alignment
from calcitrack.model.assessment import DepositId
from calcitrack.model.film_quality import NOT_ALIKE
from calcitrack.model.image import Mask
from calcitrack.model.joint import Joint, JointDeposit, JointSeries
from calcitrack.model.measurement import Deposit, ImageMeasurements, Measurand, Measurement, NotMeasurable
from calcitrack.model.pose import AS_IT_LIES, Pose
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.spacing import ASSUMED_PIXEL_MM
from calcitrack.track import Track
from calcitrack.track.regions import Family, Lattice, corners_on_baseline, families, family, on_image, sampled, sampled_mask

COARSE_MM = 1.6
"""Step of the lattice on which the films' bones are compared with each other."""
LEAST_SEEN = 0.6
"""Share of a deposit's surroundings that a film shows, at least, to take part."""
ONE_IMAGE = "fewer than two images show its place, or could be aligned there"
NOT_OUTLINED = "no image that could be aligned at its place outlines it"
NOT_ALIGNED = "the image could not be aligned with the baseline"
NOT_SEEN = "its place is not wholly in the picture, or the map is not to be relied on there"
NOT_READ = "the image could not be read again"
NO_BONE = "no bone that the images show in common, by which contrasts of films are compared"
LEAST_SD = 1e-3
"""Standard uncertainty that nothing goes below, in each measurand's unit: a film alone may state none."""
FLOORS = {HA_MASS_JOINT_MG.name: FLOOR_MG, CONTRAST_JOINT_MM2.name: FLOOR_CONTRAST_MM2, AREA_JOINT_MM2.name: FLOOR_MM2}
"""Least standard uncertainty of a change of each measurand."""

BY_BACKGROUND = {HA_MASS_JOINT_MG.name: "mass", CONTRAST_JOINT_MM2.name: "contrast"}
"""Measurands that a wrong background moves, in words. An area's threshold follows from the outlines, whatever the background is as a whole."""


@dataclass(frozen=True, eq=False, slots=True)
class Shown:
    """One film of a timeline as it was settled, and how to look at it.

    Parameters
    ----------
    alignment
        ``None`` for the baseline.
    film
        Reads the film where it is not held.

        Raises `ReadError` where it cannot be read again: it takes no part then.
    """

    segmentation: Segmentation
    measurements: ImageMeasurements
    alignment: Alignment | None
    film: Callable[[], Film]


@dataclass(frozen=True, eq=False, slots=True)
class FilmFamily:
    """Tracks that are measured as one, on the images that show their place, or the reason why they are not.

    Parameters
    ----------
    alone
        Index of an image -> why it takes no part.
    """

    tracks: tuple[int, ...]
    images: tuple[int, ...]
    measured: FamilyValues | str
    alone: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True)
class _Coarse:
    """The whole limb on one film, at the places of a coarse lattice of the baseline."""

    values: NDArray[np.float64]
    bone: Mask
    usable: Mask


def joint_of_films(shown: Sequence[Shown], tracks: Sequence[Track], pixel_mm: tuple[float, float]) -> Joint:
    """Measure every deposit of a timeline on all its films together, and each film alone where that is not to be relied on.

    Parameters
    ----------
    shown
        The films, in order.
    tracks
        All of the timeline: detections by the index of their film.
    pixel_mm
        Sides of a pixel of the baseline along rows and columns, mm.

    Returns
    -------
    Joint
        Each deposit is in one family, and the totals are the sums over the families.
    """
    parts = _all_parts(shown, tracks, pixel_mm) if tracks else []
    totals = {q.name: _total(q, [p.values[q.name] for p in parts], shown) for q in JOINT}
    return Joint(tuple(p.deposit for p in parts), totals)


def _all_parts(shown: Sequence[Shown], tracks: Sequence[Track], pixel_mm: tuple[float, float]) -> list[_Parts]:
    together = look_at_all(shown, tracks, pixel_mm)
    contrasts, of = together.contrasts(), {t.number: t for t in tracks}
    return [_parts(f, [of[n] for n in f.tracks], shown, together, contrasts) for f in together.measured()]


def look_at_all(shown: Sequence[Shown], tracks: Sequence[Track], pixel_mm: tuple[float, float]) -> TogetherOnFilms:
    """Every film looked at once; one that cannot be read again takes no part."""
    together = TogetherOnFilms(tracks, [s.segmentation for s in shown], [s.alignment for s in shown], pixel_mm)
    for k, one in enumerate(shown):
        try:
            together.look(k, one.film())
        except ReadError:
            together.without[k] = NOT_READ
    return together


class TogetherOnFilms:
    """Families of a timeline, and what each film shows of them.

    Parameters
    ----------
    tracks
        All of the timeline.
    segmentations, alignments
        Of every image; the alignment is ``None`` for the baseline.
    pixel_mm
        Sides of a pixel of the baseline, mm.
    """

    def __init__(
        self, tracks: Sequence[Track], segmentations: Sequence[Segmentation], alignments: Sequence[Alignment | None], pixel_mm: tuple[float, float]
    ) -> None:
        labels = [s.labels for s in segmentations]
        corners = [corners_on_baseline(*one) for one in zip(labels, alignments, strict=True)]
        self.alignments = alignments
        self.segmentations = segmentations
        self.families = [family(group, labels, alignments, pixel_mm, corners) for group in families(tracks)]
        self.lattice_mm = [float(np.mean([s * p for s, p in zip(f.lattice.step, pixel_mm, strict=True)])) for f in self.families]
        self.patches: list[dict[int, Patch]] = [{} for _ in self.families]
        self.taken = [np.zeros(f.lattice.shape, bool) for f in self.families]
        shape = segmentations[next((k for k, a in enumerate(alignments) if a is None), 0)].labels.shape
        step = tuple(max(1.0, COARSE_MM / side) for side in pixel_mm)
        self.whole = Lattice.around((np.array(shape) - 1) / 2, (np.array(shape) - 1) / 2 - np.array(step) / 2, step)
        self.coarse: dict[int, _Coarse] = {}
        self.pose: Pose = AS_IT_LIES
        self.films: dict[int, Looked] = {}
        self.without: dict[int, str] = {}
        self.alone: list[dict[int, str]] = [{} for _ in self.families]

    def look(self, image: int, film: Film) -> None:
        """Keep what a film shows around every family, where its map can be relied on."""
        alignment = self.alignments[image]
        self.films[image] = Looked(film.cortex_step, film.masses if isinstance(film.masses, str) else "", film.radiograph.spacing.pixel_area_mm2)
        if alignment is not None and not alignment.ok:
            self.without[image] = alignment.reason if alignment.reason.startswith(NOT_ALIKE) else NOT_ALIGNED
            return
        if alignment is None:
            self.pose = film.pose
        self.coarse[image] = self._coarse(film, alignment)
        for k, found in enumerate(self.families):
            patch, taken = _patch(found, film, alignment)
            outlined = np.any(list(found.outlined.values()), axis=0)
            if patch.seen[outlined].all() and patch.seen.mean() >= LEAST_SEEN:
                self.patches[k][image] = patch
                self.taken[k] |= taken
            else:
                self.alone[k][image] = NOT_SEEN

    def _coarse(self, film: Film, alignment: Alignment | None) -> _Coarse:
        places = self.whole.places()
        at = on_image(places, alignment)
        pixel = float(np.mean(self.whole.step))
        outlines = cv2.dilate((film.segmentation.labels > 0).astype(np.uint8), np.ones((2 * int(pixel) + 1,) * 2, np.uint8))
        limb = sampled_mask(film.segmentation.limb, at)
        sure = _within(at, film.image.shape, places, alignment) & ~sampled_mask(outlines > 0, at) & limb
        values = sampled(cv2.blur(film.image, (int(pixel / 2) | 1,) * 2), at).astype(float)
        return _Coarse(values, sampled_mask(film.segmentation.bone, at), sure)

    def measured(self) -> tuple[FilmFamily, ...]:
        """Every family on all its films, or the reason why not."""
        contrasts = self.contrasts()
        return tuple(self._measured(k, contrasts) for k in range(len(self.families)))

    def contrasts(self) -> dict[int, float]:
        """Image -> contrast of bone on it, attenuation; 0 where there is nothing to compare."""
        seen = self.coarse
        if not seen:
            return {}
        usable = np.all([c.usable for c in seen.values()], axis=0)
        steps = bone_contrasts([c.values[usable] for c in seen.values()], common([c.bone[usable] for c in seen.values()]))
        return dict(zip(seen, steps, strict=True))

    def _measured(self, k: int, contrasts: dict[int, float]) -> FilmFamily:
        found, patches = self.families[k], self.patches[k]
        images = tuple(sorted(patches))
        alone = {**self.without, **self.alone[k]}
        if len(images) < LEAST_IMAGES:
            return FilmFamily(found.tracks, (), ONE_IMAGE, alone)
        outlined = [found.outlined.get(i) for i in images]
        if all(mask is None for mask in outlined):
            return FilmFamily(found.tracks, (), NOT_OUTLINED, alone)
        used = [self._turned(patches[i], contrasts.get(i, 0.0)) for i in images]
        region = self.region(k)
        turned = [None if mask is None else self.pose.turned(mask) for mask in outlined]
        measured = measure_joint(used, self.pose.turned(region), self.pose.turned(self.taken[k] | region), turned, self.lattice_mm[k])
        return FilmFamily(found.tracks, () if isinstance(measured, str) else images, measured, alone)

    def region(self, k: int) -> Mask:
        """The common region of a family on its lattice, once all films were looked at; at least one shows its place."""
        return self.families[k].region(common([p.bone for _, p in sorted(self.patches[k].items())]))

    def _turned(self, patch: Patch, contrast: float) -> Patch:
        """The patch in the baseline's canonical pose: the same film turned gives the same values."""
        values, limb, bone, seen = (self.pose.turned(a) for a in (patch.values, patch.limb, patch.bone, patch.seen))
        return replace(patch, values=values, limb=limb, bone=bone, seen=seen, bone_contrast=contrast)


def _within(at: NDArray[np.float64], shape: tuple[int, ...], places: NDArray[np.float64], alignment: Alignment | None) -> Mask:
    """Which places lie within a picture and are registered."""
    inside = np.all((at >= 0) & (at <= np.array(shape[:2]) - 1), axis=-1)
    return np.asarray(inside if alignment is None else inside & alignment.ok_at(places))


def _patch(found: Family, film: Film, alignment: Alignment | None) -> tuple[Patch, Mask]:
    """What a film shows around a family, and where it outlines any deposit."""
    places = found.lattice.places()
    at = on_image(places, alignment)
    down, across = np.gradient(at, axis=0), np.gradient(at, axis=1)
    point_px = float(np.abs(down[..., 0] * across[..., 1] - down[..., 1] * across[..., 0]).mean())
    segmentation = film.segmentation
    patch = Patch(
        values=sampled(film.image, at).astype(float),
        limb=sampled_mask(segmentation.limb, at),
        bone=sampled_mask(segmentation.bone, at),
        seen=_within(at, film.image.shape, places, alignment),
        point_mm2=point_px * (film.radiograph.spacing.pixel_area_mm2 or ASSUMED_PIXEL_MM**2),
        model=film.masses,
    )
    return patch, sampled_mask(segmentation.labels > 0, at)


@dataclass(frozen=True, slots=True)
class Looked:
    """What is kept of a film as a whole: contrast of its cortical bone, why it has no mass (or nothing), and a pixel's area, where one is stated."""

    cortex_step: float
    no_mass: str
    pixel_mm2: float | None


@dataclass(frozen=True, eq=False, slots=True)
class _Own:
    """Values at images with what their errors do not share with other deposits, shape (images,) and (images, images), and why others have none."""

    images: tuple[int, ...]
    values: NDArray[np.float64]
    own: NDArray[np.float64]
    missing: Mapping[int, str]

    def series(self, measurand: Measurand) -> JointSeries:
        """With the scale that all images share."""
        covariance = self.own + SHARED_SCALE_SD**2 * np.outer(self.values, self.values)
        rows = tuple(map(tuple, ((covariance + covariance.T) / 2).tolist()))
        return JointSeries(measurand, self.images, tuple(self.values.tolist()), rows, self.missing)


@dataclass(frozen=True, eq=False, slots=True)
class _Parts:
    """A family with its values before what is shared is added."""

    deposit: JointDeposit
    values: Mapping[str, _Own]


def _parts(found: FilmFamily, tracks: Sequence[Track], shown: Sequence[Shown], together: TogetherOnFilms, contrasts: Mapping[int, float]) -> _Parts:
    """A family on the films that were measured together, and each by itself on the others that outline it."""
    seen: dict[int, list[tuple[int, Deposit]]] = {}
    for member, track in enumerate(tracks):
        for k, detection in track.detections.items():
            one = next(d for d in shown[k].measurements.deposits if d.label == detection.label)
            seen.setdefault(k, []).append((member, one))
    measured = found.measured
    sized = all(together.films[k].pixel_mm2 is not None for k in found.images)
    values: dict[str, _Own] = {}
    unlike = []
    for q in JOINT:
        joint, images, missing = None, found.images, dict[int, str]()
        if not isinstance(measured, str):
            joint, images, missing = _of(q, measured, found.images, together, sized=sized)
        alone = {k: _alone(q, [d for _, d in on], together.films.get(k), contrasts.get(k, 0.0)) for k, on in seen.items()}
        reason = "" if joint is None or q.name not in BY_BACKGROUND else better_alone(joint, [_known(alone.get(k)) for k in images])
        if reason:
            missing |= dict.fromkeys((k for k in images if k not in seen), reason)
            unlike.append(f"{BY_BACKGROUND[q.name]}: each image by itself, since {reason}")
            joint, images = None, ()
        values[q.name] = _combined(joint, images, missing, {k: one for k, one in alone.items() if k not in images})
    deposit = JointDeposit(
        deposit_ids=tuple(str(DepositId(t.number)) for t in tracks),
        images=found.images,
        region_mm2=measured.region_mm2 if not isinstance(measured, str) and sized else None,
        over_bone=measured.over_bone if not isinstance(measured, str) else None,
        series={q.name: values[q.name].series(q) for q in JOINT},
        shares=_shares(len(tracks), seen, {*found.images, *seen}),
        alone={k: found.alone.get(k, measured if isinstance(measured, str) else NOT_SEEN) for k in sorted(seen) if k not in found.images},
        reason=measured if isinstance(measured, str) else "",
        by_image="; ".join(unlike),
    )
    return _Parts(deposit, values)


def _of(
    q: Measurand, measured: FamilyValues, images: tuple[int, ...], together: TogetherOnFilms, *, sized: bool
) -> tuple[Values | None, tuple[int, ...], dict[int, str]]:
    """A measurand, the images that it was measured on together, and why others cannot have it.

    A single film with a mass has what it gives alone, or nothing.
    """
    if q is HA_MASS_JOINT_MG:
        none = {k: together.films[k].no_mass for k in images if together.films[k].no_mass}
        return measured.mass_mg, tuple(images[k] for k in measured.with_mass), none
    values = measured.contrast_mm2 if q is CONTRAST_JOINT_MM2 else measured.area_mm2
    if values is None or not sized:
        return None, (), dict.fromkeys(images, NO_BONE if sized else NO_SIZE)
    return values, images, {}


def _known(alone: tuple[float, float] | str | None) -> tuple[float, float] | None:
    return None if isinstance(alone, str) else alone


def _alone(q: Measurand, deposits: Sequence[Deposit], film: Looked | None, contrast: float) -> tuple[float, float] | str:
    """Value and standard uncertainty of deposits by one film alone, or the reason why there is none."""
    found = [_of_one(q, d, film, contrast) for d in deposits]
    missing = next((f for f in found if isinstance(f, str)), None)
    if missing is not None:
        return missing
    known = [f for f in found if not isinstance(f, str)]
    return sum(v for v, _ in known), float(np.sqrt(sum(s**2 for _, s in known)))


def _of_one(q: Measurand, deposit: Deposit, film: Looked | None, contrast: float) -> tuple[float, float] | str:
    names = {HA_MASS_JOINT_MG.name: "ha_mass_mg", CONTRAST_JOINT_MM2.name: "relative_brightness", AREA_JOINT_MM2.name: "area_mm2"}
    result = deposit.measurements[names[q.name]]
    if isinstance(result, NotMeasurable):
        return result.reason
    sd = max(result.sd or 0.0, SCALE_SD * abs(result.value))
    if q is not CONTRAST_JOINT_MM2:
        return result.value, sd
    area = deposit.measurements["area_mm2"]
    if isinstance(area, NotMeasurable):
        return area.reason
    if film is None or contrast <= 0:
        return NO_BONE
    scale = film.cortex_step / contrast * area.value
    return result.value * scale, sd * scale


def _combined(joint: Values | None, images: Sequence[int], missing: Mapping[int, str], alone: Mapping[int, tuple[float, float] | str]) -> _Own:
    """Values measured together and those of films alone, whose errors nobody shares, in order of the images."""
    known = {k: v for k, v in alone.items() if not isinstance(v, str)}
    reasons = {**missing, **{k: v for k, v in alone.items() if isinstance(v, str)}}
    first = list(images) if joint is not None else []
    order = sorted([*first, *known])
    at = [order.index(k) for k in first]
    values, own = np.zeros(len(order)), np.zeros((len(order), len(order)))
    if joint is not None:
        values[at] = joint.values
        own[np.ix_(at, at)] = joint.own
    for k, (value, sd) in known.items():
        values[order.index(k)], own[order.index(k), order.index(k)] = value, max(sd, LEAST_SD) ** 2
    return _Own(tuple(order), values, own, {k: r for k, r in sorted(reasons.items()) if k not in order})


def _shares(members: int, seen: Mapping[int, Sequence[tuple[int, Deposit]]], images: set[int]) -> dict[int, tuple[float, ...]]:
    """Share of each member at each image: by its mass there, else its area; where no member is outlined, by the areas at all images."""
    everywhere = [pair for on in seen.values() for pair in on]
    return {k: _weighed(members, seen.get(k) or everywhere) for k in sorted(images)}


def _weighed(members: int, on: Sequence[tuple[int, Deposit]]) -> tuple[float, ...]:
    for name in ("ha_mass_mg", "area_px"):
        weights = np.zeros(members)
        results = [(m, d.measurements[name]) for m, d in on]
        for m, result in results:
            weights[m] += max(result.value, 0.0) if isinstance(result, Measurement) else np.nan
        if weights.sum() > 0:
            return tuple((weights / weights.sum()).tolist())
    return tuple([1 / members] * members)


def _total(q: Measurand, parts: Sequence[_Own], shown: Sequence[Shown]) -> JointSeries:
    """Sum over the families at each image. An image that shows none of their places has what it gives by itself: nothing, or no value."""
    missing = {k: reason for part in reversed(parts) for k, reason in part.missing.items()}
    alone = {k: s.measurements.totals["ha_mass_mg" if q is HA_MASS_JOINT_MG else "area_mm2"] for k, s in enumerate(shown)}
    touched = {k for part in parts for k in part.images}
    missing |= {k: r.reason for k, r in alone.items() if k not in touched and isinstance(r, NotMeasurable)}
    images = [k for k in range(len(shown)) if k not in missing]
    n = len(shown)
    values, own = np.zeros(n), np.diag([LEAST_SD**2 if k in touched else FLOORS[q.name] ** 2 / 2 for k in range(n)])
    for part in parts:
        values[list(part.images)] += part.values
        own[np.ix_(part.images, part.images)] += part.own
    return _Own(tuple(images), values[images], own[np.ix_(images, images)], dict(sorted(missing.items()))).series(q)
