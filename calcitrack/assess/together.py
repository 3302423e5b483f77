"""All films of a timeline measured together: each is looked at once, and what surrounds the deposits on it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.measure.deposits import Film
from calcitrack.measure.joint import LEAST_IMAGES, FamilyValues, Patch, bone_contrasts, common, measure_joint
from calcitrack.model.alignment import Alignment
from calcitrack.model.image import Mask
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.spacing import ASSUMED_PIXEL_MM
from calcitrack.track import Track
from calcitrack.track.regions import Family, Lattice, families, family, on_image, sampled

COARSE_MM = 1.6
"""Step of the lattice on which the films' bones are compared with each other."""
LEAST_SEEN = 0.6
"""Share of a deposit's surroundings that a film shows, at least, to take part."""
ONE_IMAGE = "fewer than two images show its place, or could be aligned there"
NOT_OUTLINED = "no image that could be aligned at its place outlines it"


@dataclass(frozen=True, eq=False, slots=True)
class FilmFamily:
    """Tracks that are measured as one, on the images that show their place, or the reason why they are not."""

    tracks: tuple[int, ...]
    images: tuple[int, ...]
    measured: FamilyValues | str


@dataclass(frozen=True, eq=False, slots=True)
class _Coarse:
    """The whole limb on one film, at the places of a coarse lattice of the baseline."""

    values: NDArray[np.float64]
    bone: Mask
    usable: Mask


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
        self.alignments = alignments
        self.segmentations = segmentations
        self.families = [family(group, labels, alignments, pixel_mm) for group in families(tracks)]
        self.lattice_mm = [float(np.mean([s * p for s, p in zip(f.lattice.step, pixel_mm, strict=True)])) for f in self.families]
        self.patches: list[dict[int, Patch]] = [{} for _ in self.families]
        self.taken = [np.zeros(f.lattice.shape, bool) for f in self.families]
        shape = segmentations[next((k for k, a in enumerate(alignments) if a is None), 0)].labels.shape
        step = tuple(max(1.0, COARSE_MM / side) for side in pixel_mm)
        self.whole = Lattice((0.0, 0.0), (step[0], step[1]), (int(shape[0] / step[0]), int(shape[1] / step[1])))
        self.coarse: dict[int, _Coarse] = {}

    def look(self, image: int, film: Film) -> None:
        """Keep what a film shows around every family, where its map can be relied on."""
        alignment = self.alignments[image]
        if alignment is not None and not alignment.ok:
            return
        self.coarse[image] = self._coarse(film, alignment)
        for k, found in enumerate(self.families):
            patch, taken = _patch(found, film, alignment)
            outlined = np.any(list(found.outlined.values()), axis=0)
            if patch.seen[outlined].all() and patch.seen.mean() >= LEAST_SEEN:
                self.patches[k][image] = patch
                self.taken[k] |= taken

    def _coarse(self, film: Film, alignment: Alignment | None) -> _Coarse:
        places = self.whole.places()
        at = on_image(places, alignment)
        pixel = float(np.mean(self.whole.step))
        outlines = cv2.dilate((film.segmentation.labels > 0).astype(np.uint8), np.ones((2 * int(pixel) + 1,) * 2, np.uint8))
        limb = sampled(film.segmentation.limb, at, nearest=True) > 0
        sure = _within(at, film.image.shape, places, alignment) & (sampled(outlines, at, nearest=True) == 0) & limb
        values = sampled(cv2.blur(film.image, (max(1, int(pixel / 2)),) * 2), at).astype(float)
        return _Coarse(values, sampled(film.segmentation.bone, at, nearest=True) > 0, sure)

    def measured(self) -> tuple[FilmFamily, ...]:
        """Every family on all its films, or the reason why not."""
        contrasts = self._bone_contrasts()
        return tuple(self._measured(k, contrasts) for k in range(len(self.families)))

    def _bone_contrasts(self) -> dict[int, float]:
        """Image -> contrast of bone on it."""
        seen = self.coarse
        if not seen:
            return {}
        usable = np.all([c.usable for c in seen.values()], axis=0)
        steps = bone_contrasts([c.values[usable] for c in seen.values()], common([c.bone[usable] for c in seen.values()]))
        return dict(zip(seen, steps, strict=True))

    def _measured(self, k: int, contrasts: dict[int, float]) -> FilmFamily:
        found, patches = self.families[k], self.patches[k]
        images = tuple(sorted(i for i in patches if contrasts.get(i, 0) > 0))
        if len(images) < LEAST_IMAGES:
            return FilmFamily(found.tracks, (), ONE_IMAGE)
        outlined = [found.outlined.get(i) for i in images]
        if all(mask is None for mask in outlined):
            return FilmFamily(found.tracks, (), NOT_OUTLINED)
        used = [replace(patches[i], bone_contrast=contrasts[i]) for i in images]
        region = found.region(common([p.bone for p in used]))
        return FilmFamily(found.tracks, images, measure_joint(used, region, self.taken[k] | region, outlined, self.lattice_mm[k]))


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
        limb=sampled(segmentation.limb, at, nearest=True) > 0,
        bone=sampled(segmentation.bone, at, nearest=True) > 0,
        seen=_within(at, film.image.shape, places, alignment),
        point_mm2=point_px * (film.radiograph.spacing.pixel_area_mm2 or ASSUMED_PIXEL_MM**2),
        model=film.masses,
    )
    return patch, sampled(segmentation.labels > 0, at, nearest=True) > 0
