"""A deposit measured on all visits together: one region, one ring, one bone mask, one background.

Films of one place are repeated measurements of one anatomy. What lies behind a deposit is, up to each film's own trend and noise, the same at all
visits: its residuals are kriged together, in a part that all films share and a part of each film's own. Errors of the shared part are the same at
every visit and cancel in a change; the covariance of the values over the visits says how far.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    BONE_MM,
    BONE_PENALTY,
    CORRELATION_MM,
    GAP_MM,
    GRAIN_SHARE,
    MAX_CELLS,
    MIN_RING_PIXELS,
    RING_MM,
    SKIN_MM,
    SOFT_PENALTY,
    Trend,
    anatomy_covariance,
    cell_means,
    depth_below,
    distance_px,
)
from calcitrack.measure.mass import THICKNESS_STEP_CM, MassModel, beam_curve, tissue_thickness_cm
from calcitrack.model.image import Mask
from calcitrack.model.joint import COVERAGE

FloatArray = NDArray[np.float64]

LEAST_IMAGES = 2
"""Images from which a deposit is measured together."""
LEAST_SHARED, MOST_SHARED = 0.0, 0.97
"""Bounds of the share of the background that all visits have in common."""
CELL_MM, SUM_CELLS = 0.7, 400
"""Cells of the joint background, mm, and how many of them at most stand for a region in its uncertainty."""
SCALE_SD, BONE_SCALE_SD = 0.05, 0.20
"""Relative standard uncertainty of a value by itself, at each visit anew, in soft tissue and what lying over bone adds to it."""
SHARED_SCALE_SD = 0.10
"""Relative standard uncertainty that all visits share (beam, scatter): it enters a change in proportion to the change."""
SHORTEST_MM = 0.5
"""Shortest range over which what a film alone shows beside the common background stays alike; the longest is that of anatomy. The ring says which:
on simulated films the residuals of cells 0.7 mm apart correlate by 0.3 to 0.6 where registration and grain leave them, and by 0.7 where the trend
does not follow the limb. With the longest range the uncertainty of a sum over a deposit is up to three times as large as with 1 mm."""
NEIGHBOURS = 1.5
"""Distance of neighbouring cells, at most, in cells."""
COMMON_FACTOR, OWN_FACTOR = 2.5, 2.4
"""Factors on the standard deviation of the ring's residuals: what lies under a deposit differs by more than the ring differs from its own trend. The
first, of what all films share, is that of films alone (`SOFT_INFLATION`); it nearly cancels in a change. The second, of each film's own, was fitted
to simulated people (`python -m benchmarks.joint.calibrate`, docs/explanation/together.md): 2.2 on one half of them, 2.4 on the other."""
FLOOR_MG, FLOOR_CONTRAST_MM2, FLOOR_MM2 = 0.2, 0.2, 0.5
"""Least standard uncertainty of a change of mass, of contrast and of an area."""
COMMON, OWN, SCALE, FLOOR = "common background", "own background", "scale", "floor"
"""Terms of the covariance of a deposit's values."""
SMOOTHED_MM = 0.2
"""Smoothing of the contrast before an area is counted: noise makes no area."""
TOO_LITTLE = "too little tissue around the deposit is seen on all images to estimate its background"
LESS_SURE = "all images together tell less of it than each by itself: what lies behind it is unlike the tissue around it"
APART = "all images together and this deposit's images by themselves give values whose intervals do not meet"
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
    """Values of one deposit at n images, shape (n,), and the covariance of their errors.

    Parameters
    ----------
    terms
        What the covariance is the sum of, shape (n, n) each, as far as it is this deposit's alone: `COMMON` background, `OWN` background, `SCALE` and
        `FLOOR`. Each is proportional to the square of its constants, so that a calibration can weigh them anew.
    """

    values: FloatArray
    terms: Mapping[str, FloatArray]

    @property
    def own(self) -> FloatArray:
        """Covariance of what is this deposit's alone: its background, its outline, its scale."""
        return np.asarray(sum(self.terms.values()))

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
    within = np.stack([p.limb if o is None else p.limb | o for p, o in zip(patches, outlined, strict=True)])
    tissue = np.where(bone, distance_px(~(region & bone)), distance_px(~(region & ~bone))) * lattice_mm
    reach = (tissue <= GAP_MM) & seen.all(axis=0) & ~(taken & ~region)
    away = distance_px(~region) * lattice_mm
    ring = limb & common(list(seen)) & (distance_px(~taken) * lattice_mm > GAP_MM) & (away > GAP_MM) & (away <= RING_MM + GAP_MM)
    if min(np.count_nonzero(ring & s) for s in seen & within) < MIN_RING_PIXELS or not reach.any():
        return TOO_LITTLE
    over_bone = float(bone[region].mean())
    ground = _Ground(reach, ring, bone, limb, seen & within, within, lattice_mm)
    mm2 = np.array([p.point_mm2 for p in patches])
    with_mass = tuple(k for k, p in enumerate(patches) if isinstance(p.model, MassModel))
    mass = _mass(ground, patches, with_mass, over_bone) if len(with_mass) >= LEAST_IMAGES else None
    integral, area = None, None
    if all(p.bone_contrast > 0 for p in patches):
        contrast = _above(ground, [p.values / p.bone_contrast for p in patches])
        if contrast is None:
            return TOO_LITTLE
        integral = _summed(contrast, reach, mm2, over_bone, FLOOR_CONTRAST_MM2)
        area = _area(contrast, reach, outlined, mm2, lattice_mm, over_bone)
    if mass is None and integral is None:
        return NOTHING_TO_COMPARE
    return FamilyValues(float(np.count_nonzero(region)) * lattice_mm**2, over_bone, mass, integral, area, () if mass is None else with_mass)


def _scale_and_floor(values: FloatArray, over_bone: float, floor: float) -> dict[str, FloatArray]:
    """The terms that do not come from the background."""
    scale = (SCALE_SD**2 + (BONE_SCALE_SD * over_bone) ** 2) * values**2
    return {SCALE: np.diag(scale), FLOOR: np.eye(len(values)) * floor**2 / 2}


def _mass(ground: _Ground, patches: Sequence[Patch], with_mass: Sequence[int], over_bone: float) -> Values | None:
    """Mass at the images that have a model of it."""
    chosen = [(p, p.model) for k, p in enumerate(patches) if k in with_mass and isinstance(p.model, MassModel)]
    part = replace(ground, seen=ground.seen[list(with_mass)], within=ground.within[list(with_mass)])
    above = _above(part, [_density(part, patch, model) for patch, model in chosen])
    if above is None:
        return None
    mm2 = np.array([p.point_mm2 / model.magnification**2 / 100 for p, model in chosen])  # mg/cm2 times mm2 is 1/100 mg
    return _summed(above, ground.reach, mm2, over_bone, FLOOR_MG)


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
    """Where a sum is taken and what it is compared with, on the lattice.

    Parameters
    ----------
    seen, within
        Shape (images, rows, columns): what each image shows of the limb, and what lies within the limb or an outline there. In the air beside it
        there is no deposit: a limb turns, and its skin follows a deposit that grows.
    """

    reach: Mask
    ring: Mask
    bone: Mask
    limb: Mask
    seen: Mask
    within: Mask
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

    def variances(self) -> tuple[float, float]:
        """Variance of the sum of the background's points: shared by all images, and each image's own."""
        return sum(n**2 * s for n, s, _ in self.parts), sum(n**2 * o for n, _, o in self.parts)


def _above(ground: _Ground, images: Sequence[FloatArray]) -> _Above | None:
    """Images less their common background; ``None`` where there is none."""
    around = ground.ring & ground.seen.any(axis=0)  # limb and picture are each common to most, and need not be so on one and the same image
    stack = _filled(np.stack(images), ground.seen, around)
    mm = ground.lattice_mm
    background = np.full(stack.shape, np.nan)
    parts = []
    soft_depth = np.stack([depth_below(limb, mm, SKIN_MM) for limb in ground.within])
    bone_depth = np.broadcast_to(depth_below(ground.bone, mm, BONE_MM), stack.shape)
    everywhere = np.ones_like(ground.bone)
    tissues = (
        (~ground.bone, around & ~ground.bone, soft_depth, SOFT_PENALTY),
        (ground.bone, around & ground.bone, bone_depth, BONE_PENALTY),
        (everywhere, around, soft_depth, SOFT_PENALTY),
    )
    for where, ring, depth, penalty in tissues:
        target = ground.reach & where & np.isnan(background[0])
        if not target.any() or np.count_nonzero(ring) < MIN_RING_PIXELS:
            continue
        values, shared, own = _background(stack, ring, target, depth, penalty, mm)
        background[:, target] = values
        parts.append((int(np.count_nonzero(target)), shared, own))
    if np.isnan(background[:, ground.reach]).any():
        return None
    return _Above(np.where(ground.reach & ground.within, stack - background, 0.0), tuple(parts))


def _filled(stack: FloatArray, seen: Mask, ring: Mask) -> FloatArray:
    """Images whose parts of the ring beyond their picture, or not registered, hold what the others show there, at the image's own level."""
    if (seen | ~ring).all():
        return stack
    shown = np.where(seen & ring, stack, np.nan)
    levels = np.nanmedian(shown[:, ring], axis=1)
    others = np.zeros(ring.shape)
    others[ring] = np.nanmean(shown[:, ring] - levels[:, None], axis=0)
    return np.where(ring & ~seen, others + levels[:, None, None], stack)


def _background(stack: FloatArray, ring: Mask, target: Mask, depth: FloatArray, penalty: float, mm: float) -> tuple[FloatArray, float, float]:
    """Background at the target points, shape (images, points), and the shared and own variance of its mean there."""
    cell = max(CELL_MM / mm, float(np.sqrt(np.count_nonzero(ring) / MAX_CELLS)))
    cut = [cell_means(image, ring, below, cell) for image, below in zip(stack, depth, strict=True)]
    at, roots = cut[0][0], [c[2] for c in cut]
    values = np.stack([c[1] for c in cut])
    trends = [Trend.fit(at * mm, root, v, penalty) for root, v in zip(roots, values, strict=True)]
    kept = 2 * np.sum([t.kept for t in trends], axis=0) >= len(trends)
    residuals = np.stack([v - t(at * mm, root) for root, v, t in zip(roots, values, trends, strict=True)])[:, kept]
    clipped = np.clip(residuals, *_limits(residuals))
    spread = max(1.4826 * float(np.median(np.abs(residuals))), 1e-6)
    share = float(np.clip(_share(clipped), LEAST_SHARED, MOST_SHARED))
    points = np.argwhere(target).astype(float)
    target_cells, _, target_root = cell_means(stack[0], target, depth.mean(axis=0), cell)
    design, there = trends[0].design(at * mm, np.mean(roots, axis=0))[kept], at[kept] * mm
    mean, deviations = residuals.mean(axis=0), residuals - residuals.mean(axis=0)
    n = len(stack)
    anatomy = anatomy_covariance(there, there, 1.0)  # (1 - GRAIN_SHARE) on the diagonal
    of_cells = anatomy_covariance(target_cells * mm, there, 1.0)
    eye = np.eye(len(there))
    both = share + (1 - share) / n
    smooth = linalg.cho_solve(linalg.cho_factor(both * anatomy + eye * GRAIN_SHARE / n), mean) * both
    rough = linalg.cho_solve(linalg.cho_factor((1 - share) * anatomy + eye * GRAIN_SHARE), deviations.T) * (1 - share)
    interpolated = of_cells @ (smooth[:, None] + rough)
    nearest = np.asarray(cKDTree(target_cells).query(points)[1], np.intp)
    trend = np.stack([t(points * mm, below[target]) for t, below in zip(trends, depth, strict=True)])
    target_design = trends[0].design(target_cells * mm, target_root).mean(axis=0)
    own_mm = _range_mm(clipped - clipped.mean(axis=0), there, cell * mm)
    shared, own = (
        _mean_variance(there, design, target_cells * mm, target_design, _Field(v, g, r), penalty)
        for v, g, r in ((share, GRAIN_SHARE / n, CORRELATION_MM), (1 - share, GRAIN_SHARE, own_mm))
    )
    return trend + interpolated[nearest].T, spread**2 * shared, spread**2 * own


def _range_mm(deviations: FloatArray, at_mm: FloatArray, cell_mm: float) -> float:
    """Range over which each image's own residuals stay alike: that of the exponential covariance with their correlation of neighbouring cells."""
    pairs = cKDTree(at_mm).query_pairs(NEIGHBOURS * cell_mm, output_type="ndarray")
    variance = float((deviations**2).mean())
    if not len(pairs) or variance <= 0:
        return SHORTEST_MM
    first, second = pairs.T
    correlation = float((deviations[:, first] * deviations[:, second]).mean()) / variance / (1 - GRAIN_SHARE)
    apart = float(np.linalg.norm(at_mm[first] - at_mm[second], axis=1).mean())
    if correlation <= 0:
        return SHORTEST_MM
    return float(np.clip(-apart / np.log(min(correlation, 1 - 1e-6)), SHORTEST_MM, CORRELATION_MM))


def _limits(residuals: FloatArray) -> tuple[float, float]:
    spread = 1.4826 * float(np.median(np.abs(residuals)))
    return -3 * spread - 1e-9, 3 * spread + 1e-9


def _share(residuals: FloatArray) -> float:
    """Share of the variance that all images have in common: the mean covariance of two over the mean variance."""
    n = len(residuals)
    products = residuals @ residuals.T / residuals.shape[1]
    own = float(np.trace(products)) / n
    return float(products.sum() - np.trace(products)) / (n * (n - 1)) / own if own > 0 else 0.0


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of this variance, with uncorrelated grain beside it, that stays alike over a range."""

    variance: float
    grain: float
    range_mm: float

    def covariance(self, a_mm: FloatArray, b_mm: FloatArray) -> FloatArray:
        """Between two sets of places, without the grain."""
        return anatomy_covariance(a_mm, b_mm, self.variance, self.range_mm)


def _mean_variance(at: FloatArray, design: FloatArray, target: FloatArray, target_design: FloatArray, field: _Field, penalty: float) -> float:
    """Variance of the mean of the kriged background over the target: interpolation and trend."""
    if field.variance <= 0:
        return 0.0
    factor = linalg.cho_factor(field.covariance(at, at) + np.eye(len(at)) * field.grain)
    cross = field.covariance(target, at).mean(axis=0)
    few = target[:: max(1, len(target) // SUM_CELLS)]
    weights = linalg.cho_solve(factor, cross)
    left = float(field.covariance(few, few).mean() - cross @ weights)
    lever = target_design - design.T @ weights
    information = design.T @ linalg.cho_solve(factor, design) + np.diag([1e-9, *[penalty * len(at) / field.variance] * 4])
    return max(left, 0.0) + max(float(lever @ np.linalg.solve(information, lever)), 0.0)


def _summed(above: _Above, reach: Mask, mm2: FloatArray, over_bone: float, floor: float) -> Values:
    """Sums over the deposit with its rim, and their covariance."""
    sums = above.values[:, reach].sum(axis=1) * mm2
    shared, own = above.variances()
    background = {COMMON: np.outer(mm2, mm2) * COMMON_FACTOR**2 * shared, OWN: np.diag(mm2**2) * OWN_FACTOR**2 * own}
    return Values(sums, _widened(sums, background) | _scale_and_floor(sums, over_bone, floor))


def _widened(sums: FloatArray, background: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """The background's terms, so wide that no sum is surely below zero.

    Nothing takes away from what lies behind it: a sum that would be so shows by how much its background is less sure than the ring says, at all
    images alike, since one trend is used for all (as the Birge ratio scales uncertainties that do not explain what was found).
    """
    sds = np.sqrt(np.diag(np.asarray(sum(background.values()))))
    ratio = max(1.0, float(np.max(-sums / np.maximum(COVERAGE * sds, 1e-12))))
    return {name: term * ratio**2 for name, term in background.items()}


def better_alone(values: Values, alone: Sequence[tuple[float, float] | None]) -> str:
    """Why a deposit's values of all images together are not to be given, so that each image counts by itself.

    A mass that covers most of a limb, or bulges out of it, has a ring of thin tissue near the skin: the background is carried from there to the depth
    of the mass, and the deposit is lost in its uncertainty. Each image by itself has a ring and a trend of its own.

    Parameters
    ----------
    values
        At n images.
    alone
        Value and standard uncertainty that each of the n images gives by itself; ``None`` where it does not outline the deposit.

    Returns
    -------
    `APART` where at some image the two 95 % intervals do not meet; `LESS_SURE` where all images outline the deposit, and at half of them or more its
    value together may be zero and that of the image by itself is not. Else an empty text. An image that does not outline a deposit has no other
    value: where there is one, wide intervals are better than none.

    Examples
    --------
    >>> import numpy as np
    >>> unsure = Values(np.array([102.0, 189.0]), {OWN: np.diag([137.0**2, 143.0**2])})
    >>> better_alone(unsure, [(328.0, 84.0), (350.0, 76.0)]) == LESS_SURE
    True
    >>> better_alone(unsure, [(328.0, 84.0), None])
    ''
    """
    sds = np.sqrt(np.diag(values.covariance))
    known = [(v, s, *one) for v, s, one in zip(values.values, sds, alone, strict=True) if one is not None]
    if any(abs(v - a) > COVERAGE * (s + u) for v, s, a, u in known):
        return APART
    lost = sum(v <= COVERAGE * s and a > COVERAGE * u for v, s, a, u in known)
    return LESS_SURE if len(known) == len(values.values) and 2 * lost >= len(known) else ""


def _area(above: _Above, reach: Mask, outlined: Sequence[Mask | None], mm2: FloatArray, lattice_mm: float, over_bone: float) -> Values:
    """Area above one threshold for all images: the one at which the areas of those that outline the deposit add up to what they outline."""
    sigma = SMOOTHED_MM / lattice_mm
    smooth = np.stack([cv2.GaussianBlur(v, (0, 0), sigma) for v in above.values])
    drawn = {k: mask for k, mask in enumerate(outlined) if mask is not None}
    pooled = np.sort(smooth[list(drawn)][:, reach].ravel())[::-1]
    wanted = sum(int(np.count_nonzero(mask & reach)) for mask in drawn.values())
    level = float(pooled[min(max(wanted, 1), pooled.size) - 1])
    points = sum(n for n, _, _ in above.parts)
    shared, own = (v / points**2 for v in above.variances())
    step = max(float(np.sqrt(COMMON_FACTOR**2 * shared + OWN_FACTOR**2 * own)), 1e-9)
    inside = smooth[:, reach]
    area = (inside > level).sum(axis=1) * mm2
    slope = ((inside > level - step).sum(axis=1) - (inside > level + step).sum(axis=1)) / 2 / step * mm2
    background = {COMMON: np.outer(slope, slope) * COMMON_FACTOR**2 * shared, OWN: np.diag(slope**2) * OWN_FACTOR**2 * own}
    return Values(area, background | _scale_and_floor(area, over_bone, FLOOR_MM2))


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
