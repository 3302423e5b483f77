"""A deposit measured on all visits together: one region, one ring, one bone mask, one background.

Films of one place are repeated measurements of one anatomy. What lies behind a deposit is, up to each film's own trend and noise, the same at all
visits: its residuals are kriged together, in a part that all films share and a part of each film's own. Errors of the shared part are the same at
every visit and cancel in a change; the covariance of the values over the visits says how far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from scipy.spatial import cKDTree
from threadpoolctl import ThreadpoolController

from calcitrack.calibrate.scatter import primary_contrast, scatter_to_primary
from calcitrack.measure.background import (
    BONE_INFLATION,
    BONE_MM,
    BONE_PENALTY,
    GAP_MM,
    GRAIN_SHARE,
    MAX_CELLS,
    MIN_RING_PIXELS,
    RING_MM,
    SKIN_MM,
    SOFT_INFLATION,
    SOFT_PENALTY,
    Trend,
    anatomy_covariance,
    cell_means,
    depth_below,
    distance_px,
)
from calcitrack.measure.mass import THICKNESS_STEP_CM, MassModel, beam_curve, tissue_thickness_cm
from calcitrack.model.image import Mask

FloatArray = NDArray[np.float64]

LEAST_IMAGES = 2
"""Images from which a deposit is measured together."""
LEAST_SHARED, MOST_SHARED = 0.0, 0.97
"""Bounds of the share of the background that all visits have in common."""
CELL_MM, SUM_CELLS = 0.7, 400
"""Cells of the joint background, mm, and how many of them at most stand for a region in its uncertainty."""
SCALE_SD, BONE_SCALE_SD = 0.05, 0.20
"""Relative standard uncertainty of a value by itself, at each visit anew, in soft tissue and what lying over bone adds to it. With these, k and the
two below, 95 % intervals held 0.93 and 0.96 of the true changes on two simulated sets."""
SHARED_SCALE_SD = 0.10
"""Relative standard uncertainty that all visits share (beam, scatter): it enters a change in proportion to the change."""
BACKGROUND_FACTOR = 2.0
"""Factor k on the standard uncertainty of the background's part."""
FLOOR_MG, FLOOR_CONTRAST_MM2, FLOOR_MM2 = 0.2, 0.2, 0.5
"""Least standard uncertainty of a change of mass, of contrast and of an area."""
SMOOTHED_MM = 0.2
"""Smoothing of the contrast before an area is counted: noise makes no area."""
TOO_LITTLE = "too little tissue around the deposit is seen on all images to estimate its background"
NOTHING_TO_COMPARE = "the images have neither a mass nor bone whose contrast could be compared"


@dataclass(frozen=True, eq=False, slots=True)
class Patch:
    """The surroundings of a deposit on one image, sampled on the baseline's lattice.

    Parameters
    ----------
    values
        Attenuation, shape (rows, columns).
    limb, bone, seen
        What the image shows there; ``seen``: the place lies within the picture and is registered.
    point_mm2
        Area of the limb that a point of the lattice stands for on this image, mm2, in the plane of its spacing.
    model
        How contrast becomes mass, or the reason why it does not.
    bone_contrast
        Contrast of bone against soft tissue on this film, attenuation: the unit in which contrast is compared between films; 0 where it is not
        known.
    """

    values: FloatArray
    limb: Mask
    bone: Mask
    seen: Mask
    point_mm2: float
    model: MassModel | str
    bone_contrast: float = 1.0


@dataclass(frozen=True, eq=False, slots=True)
class Values:
    """Values of one deposit at n images and their covariance, shape (n,) and (n, n).

    Parameters
    ----------
    own
        Covariance of what is this deposit's alone: its background and its outline.
    """

    values: FloatArray
    own: FloatArray

    @property
    def covariance(self) -> FloatArray:
        """With the scale that all visits share."""
        return np.asarray(self.own + SHARED_SCALE_SD**2 * np.outer(self.values, self.values))


@dataclass(frozen=True, eq=False, slots=True)
class FamilyValues:
    """One deposit, or a family of them, on all its images.

    Parameters
    ----------
    region_mm2
        Area of the common region on the baseline.
    over_bone
        Share of it that lies over bone.
    mass_mg, contrast_mm2, area_mm2
        Mass, at the images of `with_mass`; contrast over that of bone, summed over the region; area above the common threshold. ``None`` for a mass
        that fewer than two images allow, and for contrast and area where the contrast of bone is not known on each image.
    with_mass
        Positions among the images of those that have a mass.
    """

    region_mm2: float
    over_bone: float
    mass_mg: Values | None
    contrast_mm2: Values | None
    area_mm2: Values | None
    with_mass: tuple[int, ...] = ()


def common(masks: Sequence[Mask]) -> Mask:
    """What at least half of the images show."""
    return np.asarray(2 * np.sum(masks, axis=0) >= len(masks))


def measure_joint(patches: Sequence[Patch], region: Mask, taken: Mask, outlined: Sequence[Mask | None], lattice_mm: float) -> FamilyValues | str:
    """Measure a deposit on all images that show its place.

    Parameters
    ----------
    patches
        Of the images, two or more.
    region
        The common region on the lattice, shape (rows, columns).
    taken
        Outlines of all deposits at any visit: they are nobody's background.
    outlined
        Each image's own outline, where it has one.
    lattice_mm
        Mean distance of the lattice's points on the baseline, mm.

    Returns
    -------
    The values, or one sentence with the reason why there are none.
    """
    with _linear_algebra().limit(limits=1, user_api="blas"):  # several threads give other last bits, as many as the computer has cores
        return _measured(patches, region, taken, outlined, lattice_mm)


@cache
def _linear_algebra() -> ThreadpoolController:
    """The libraries of linear algebra of this process; finding them takes a millisecond."""
    return ThreadpoolController()


def _measured(patches: Sequence[Patch], region: Mask, taken: Mask, outlined: Sequence[Mask | None], lattice_mm: float) -> FamilyValues | str:
    bone, limb = common([p.bone for p in patches]), common([p.limb for p in patches])
    seen = np.stack([p.seen for p in patches])
    tissue = np.where(bone, distance_px(~(region & bone)), distance_px(~(region & ~bone))) * lattice_mm
    reach = (tissue <= GAP_MM) & seen.all(axis=0) & ~(taken & ~region)
    away = distance_px(~region) * lattice_mm
    ring = limb & common(list(seen)) & (distance_px(~taken) * lattice_mm > GAP_MM) & (away > GAP_MM) & (away <= RING_MM + GAP_MM)
    if min(np.count_nonzero(ring & s) for s in seen) < MIN_RING_PIXELS or not reach.any():
        return TOO_LITTLE
    over_bone = float(bone[region].mean())
    ground = _Ground(reach, ring, bone, limb, seen, lattice_mm)
    mm2 = np.array([p.point_mm2 for p in patches])
    with_mass = tuple(k for k, p in enumerate(patches) if isinstance(p.model, MassModel))
    mass = _mass(ground, patches, with_mass, over_bone) if len(with_mass) >= LEAST_IMAGES else None
    integral, area = None, None
    if all(p.bone_contrast > 0 for p in patches):
        contrast = _above(ground, [p.values / p.bone_contrast for p in patches])
        if contrast is None:
            return TOO_LITTLE
        summed = _summed(contrast, reach, mm2)
        integral = Values(summed.values, _with_scale(summed, over_bone, FLOOR_CONTRAST_MM2))
        area = _area(contrast, reach, outlined, mm2, lattice_mm, over_bone)
    if mass is None and integral is None:
        return NOTHING_TO_COMPARE
    return FamilyValues(float(np.count_nonzero(region)) * lattice_mm**2, over_bone, mass, integral, area, () if mass is None else with_mass)


def _with_scale(summed: Values, over_bone: float, floor: float) -> FloatArray:
    own = (SCALE_SD**2 + (BONE_SCALE_SD * over_bone) ** 2) * summed.values**2 + floor**2 / 2
    return np.asarray(BACKGROUND_FACTOR**2 * summed.own + np.diag(own))


def _mass(ground: _Ground, patches: Sequence[Patch], with_mass: Sequence[int], over_bone: float) -> Values | None:
    """Mass at the images that have a model of it."""
    chosen = [(p, p.model) for k, p in enumerate(patches) if k in with_mass and isinstance(p.model, MassModel)]
    part = replace(ground, seen=ground.seen[list(with_mass)])
    above = _above(part, [_density(part, patch, model) for patch, model in chosen])
    if above is None:
        return None
    mm2 = np.array([p.point_mm2 / model.magnification**2 / 100 for p, model in chosen])  # mg/cm2 times mm2 is 1/100 mg
    summed = _summed(above, ground.reach, mm2)
    return Values(summed.values, _with_scale(summed, over_bone, FLOOR_MG))


def _density(ground: _Ground, patch: Patch, model: MassModel) -> FloatArray:
    """Areal density of hydroxyapatite above the local soft tissue, mg/cm2: of deposits and of bone alike."""
    ring = ground.ring & patch.seen
    soft = ring & ~ground.bone
    level = float(np.median(patch.values[soft])) if soft.any() else float(np.percentile(patch.values[ring], 5))
    thickness = tissue_thickness_cm(level - model.air, model)
    ratio = scatter_to_primary(thickness, grid=model.grid)
    curve = beam_curve(model.kvp, model.filter_mm_al, round(thickness / THICKNESS_STEP_CM) * THICKNESS_STEP_CM)
    return np.asarray(curve.to_areal(primary_contrast(patch.values - level, ratio)), float)


@dataclass(frozen=True, eq=False, slots=True)
class _Ground:
    """Where a sum is taken and what it is compared with, on the lattice; ``seen`` has the shape (images, rows, columns)."""

    reach: Mask
    ring: Mask
    bone: Mask
    limb: Mask
    seen: Mask
    lattice_mm: float


@dataclass(frozen=True, eq=False, slots=True)
class _Above:
    """What stands above the background, shape (images, rows, columns), and the variance of the background's mean under the deposit by tissue.

    Parameters
    ----------
    parts
        (points, shared variance, own variance) of each tissue.
    """

    values: FloatArray
    parts: tuple[tuple[int, float, float], ...]


def _above(ground: _Ground, images: Sequence[FloatArray]) -> _Above | None:
    """Images less their common background; ``None`` where there is none."""
    stack = _filled(np.stack(images), ground.seen, ground.ring)
    mm = ground.lattice_mm
    background = np.full(stack.shape, np.nan)
    parts = []
    soft_depth, bone_depth = depth_below(ground.limb, mm, SKIN_MM), depth_below(ground.bone, mm, BONE_MM)
    everywhere = np.ones_like(ground.bone)
    tissues = (
        (~ground.bone, ground.ring & ~ground.bone, soft_depth, SOFT_PENALTY, SOFT_INFLATION),
        (ground.bone, ground.ring & ground.bone, bone_depth, BONE_PENALTY, BONE_INFLATION),
        (everywhere, ground.ring, soft_depth, SOFT_PENALTY, BONE_INFLATION),
    )
    for where, ring, depth, penalty, inflation in tissues:
        target = ground.reach & where & np.isnan(background[0])
        if not target.any() or np.count_nonzero(ring) < MIN_RING_PIXELS:
            continue
        values, shared, own = _background(stack, ring, target, depth, penalty, inflation, mm)
        background[:, target] = values
        parts.append((int(np.count_nonzero(target)), shared, own))
    if np.isnan(background[:, ground.reach]).any():
        return None
    return _Above(np.where(ground.reach, stack - background, 0.0), tuple(parts))


def _filled(stack: FloatArray, seen: Mask, ring: Mask) -> FloatArray:
    """Images whose parts of the ring beyond their picture, or not registered, hold what the others show there, at the image's own level."""
    if (seen | ~ring).all():
        return stack
    shown = np.where(seen & ring, stack, np.nan)
    levels = np.nanmedian(shown[:, ring], axis=1)
    others = np.zeros(ring.shape)
    others[ring] = np.nanmean(shown[:, ring] - levels[:, None], axis=0)
    return np.where(ring & ~seen, others + levels[:, None, None], stack)


def _background(
    stack: FloatArray, ring: Mask, target: Mask, depth: FloatArray, penalty: float, inflation: float, mm: float
) -> tuple[FloatArray, float, float]:
    """Background at the target points, shape (images, points), and the shared and own variance of its mean there."""
    cell = max(CELL_MM / mm, float(np.sqrt(np.count_nonzero(ring) / MAX_CELLS)))
    cut = [cell_means(image, ring, depth, cell) for image in stack]
    at, root = cut[0][0], cut[0][2]
    values = np.stack([c[1] for c in cut])
    trends = [Trend.fit(at * mm, root, v, penalty) for v in values]
    kept = 2 * np.sum([t.kept for t in trends], axis=0) >= len(trends)
    residuals = np.stack([v - t(at * mm, root) for v, t in zip(values, trends, strict=True)])[:, kept]
    clipped = np.clip(residuals, *_limits(residuals))
    spread = max(1.4826 * float(np.median(np.abs(residuals))), 1e-6)
    share = float(np.clip(_share(clipped), LEAST_SHARED, MOST_SHARED))
    points = np.argwhere(target).astype(float)
    target_cells, _, target_root = cell_means(stack[0], target, depth, cell)
    design, there = trends[0].design(at * mm, root)[kept], at[kept] * mm
    mean, deviations = residuals.mean(axis=0), residuals - residuals.mean(axis=0)
    n = len(stack)
    anatomy = anatomy_covariance(there, there, 1.0)  # (1 - GRAIN_SHARE) on the diagonal
    of_cells = anatomy_covariance(target_cells * mm, there, 1.0)
    nearest = np.asarray(cKDTree(target_cells).query(points)[1], np.intp)
    eye = np.eye(len(there))
    both = share + (1 - share) / n
    smooth = linalg.cho_solve(linalg.cho_factor(both * anatomy + eye * GRAIN_SHARE / n), mean) * both
    rough = linalg.cho_solve(linalg.cho_factor((1 - share) * anatomy + eye * GRAIN_SHARE), deviations.T) * (1 - share)
    weights = smooth[:, None] + rough
    interpolated = (of_cells @ weights)[nearest]
    trend = np.stack([t(points * mm, depth[target]) for t in trends])
    variance = (spread * inflation) ** 2
    target_design = trends[0].design(target_cells * mm, target_root).mean(axis=0)
    shared, own = (
        _mean_variance(there, design, target_cells * mm, target_design, v, g, penalty)
        for v, g in ((share, GRAIN_SHARE / n), (1 - share, GRAIN_SHARE))
    )
    return trend + interpolated.T, variance * shared, variance * own


def _limits(residuals: FloatArray) -> tuple[float, float]:
    spread = 1.4826 * float(np.median(np.abs(residuals)))
    return -3 * spread - 1e-9, 3 * spread + 1e-9


def _share(residuals: FloatArray) -> float:
    """Share of the variance that all images have in common: the mean covariance of two over the mean variance."""
    n = len(residuals)
    products = residuals @ residuals.T / residuals.shape[1]
    own = float(np.trace(products)) / n
    return float(products.sum() - np.trace(products)) / (n * (n - 1)) / own if own > 0 else 0.0


def _mean_variance(
    at: FloatArray, design: FloatArray, target: FloatArray, target_design: FloatArray, variance: float, grain: float, penalty: float
) -> float:
    """Variance of the mean of the kriged background over the target, of a field with this variance: interpolation and trend."""
    if variance <= 0:
        return 0.0
    factor = linalg.cho_factor(variance * anatomy_covariance(at, at, 1.0) + np.eye(len(at)) * grain)
    cross = (variance * anatomy_covariance(target, at, 1.0)).mean(axis=0)
    few = target[:: max(1, len(target) // SUM_CELLS)]
    weights = linalg.cho_solve(factor, cross)
    left = float((variance * anatomy_covariance(few, few, 1.0)).mean() - cross @ weights)
    lever = target_design - design.T @ weights
    information = design.T @ linalg.cho_solve(factor, design) + np.diag([1e-9, *[penalty * len(at) / variance] * 4])
    return max(left, 0.0) + max(float(lever @ np.linalg.solve(information, lever)), 0.0)


def _summed(above: _Above, reach: Mask, mm2: FloatArray) -> Values:
    """Sums over the deposit with its rim, and the covariance that the background gives them."""
    sums = above.values[:, reach].sum(axis=1) * mm2
    shared = sum(n**2 * s for n, s, _ in above.parts)
    own = sum(n**2 * o for n, _, o in above.parts)
    return Values(sums, np.outer(mm2, mm2) * (shared + own * np.eye(len(mm2))))


def _area(above: _Above, reach: Mask, outlined: Sequence[Mask | None], mm2: FloatArray, lattice_mm: float, over_bone: float) -> Values:
    """Area above one threshold for all images: the one at which the areas of those that outline the deposit add up to what they outline."""
    sigma = SMOOTHED_MM / lattice_mm
    smooth = np.stack([cv2.GaussianBlur(v, (0, 0), sigma) for v in above.values])
    drawn = {k: mask for k, mask in enumerate(outlined) if mask is not None}
    pooled = np.sort(smooth[list(drawn)][:, reach].ravel())[::-1]
    wanted = sum(int(np.count_nonzero(mask & reach)) for mask in drawn.values())
    level = float(pooled[min(max(wanted, 1), pooled.size) - 1])
    points = sum(n for n, _, _ in above.parts)
    shared = sum(n**2 * s for n, s, _ in above.parts) / points**2
    own = sum(n**2 * o for n, _, o in above.parts) / points**2
    step = BACKGROUND_FACTOR * max(float(np.sqrt(shared + own)), 1e-9)
    inside = smooth[:, reach]
    area = (inside > level).sum(axis=1) * mm2
    slope = ((inside > level - step).sum(axis=1) - (inside > level + step).sum(axis=1)) / 2 / step * mm2
    background = BACKGROUND_FACTOR**2 * np.outer(slope, slope) * (shared + own * np.eye(len(mm2)))
    scale = np.diag((SCALE_SD**2 + (BONE_SCALE_SD * over_bone) ** 2) * area**2 + FLOOR_MM2**2 / 2)
    return Values(area, background + scale)


def bone_contrasts(images: Sequence[FloatArray], bone: Mask) -> FloatArray:
    """Contrast of bone against soft tissue on each film, by which films of any gain are compared.

    Parameters
    ----------
    images
        Attenuation of each film at the same places of the limb, without deposits, shape (places,) each.
    bone
        Which of the places are bone, on all films.

    Returns
    -------
    Shape (images,). The bones' mean contrast, times the slope of each film against the mean of all (through the soft tissue's median): every
    place counts, not the few where a median falls. Zeros where there is no bone or no soft tissue to compare.
    """
    if not bone.any() or bone.all():
        return np.zeros(len(images))
    above = np.stack([i - np.median(i[~bone]) for i in images])
    mean = above.mean(axis=0)
    step = float(np.median(mean[bone]))
    return np.asarray(above @ mean / float(mean @ mean) * step)
