"""Candidates for deposits: whatever stands above the soft tissue's surface, with the facts that tell deposits from anatomy."""

from __future__ import annotations

from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import measure

from calcitrack.model.image import FloatImage, Mask
from calcitrack.segment.anatomy import Anatomy
from calcitrack.segment.background import soft_tissue_surface
from calcitrack.segment.grid import WORKING_PIXEL_MM, blur, dilate

SEED_STEP, GROW_STEP = 0.04, 0.02
"""Hysteresis in fractions of the bone step: a 40 mg/cm2 deposit stands about 0.05 bone steps above soft tissue."""
SEED_NOISE, GROW_NOISE = 6.0, 4.0
"""... and in noise units of the soft tissue, whichever is higher."""
OUTLINE_FRACTION = 0.4
"""A deposit's outline lies at this fraction of its 95th percentile: about half of the plateau, blur included. Chosen on simulated films."""
BONE_MARGIN_MM = 0.6
"""Blurred edge of bone that is left out of the search."""
SKIN_MARGIN_MM = 0.6
"""Blurred edge of skin that is left out of the search."""
RING_MM = (0.4, 1.2)
"""Distance from the outline at which a candidate is compared with its surroundings."""
BONE_REACH_MM = 4.0
"""Bone this near is compared with the candidate's own contrast: a missed piece of bone is as bright as its neighbour."""
FINE_MM, COARSE_MM = 0.4, 1.2
"""Gaussian widths whose difference is the candidate's sharpness."""
EDGE_PIXELS = 5
"""A candidate with fewer outline pixels on soft tissue cannot be judged."""
CENTRES = (1.892, -1.512, -1.183, -1.779, 0.1909, 1.086, 0.7826, 1.028, 0.1819, 0.804, 0.8616, 0.6529, 7.161, -3.023, 0.4954, 2.755)
"""Mean of each feature over the candidates of 70 simulated films of hands, elbows, knees and feet (benchmarks/fit_candidates.py)."""
SCALES = (1.197, 1.109, 1.132, 1.857, 0.8635, 0.598, 0.2452, 0.5512, 0.2389, 0.1407, 0.156, 0.7198, 6.908, 2.275, 0.5415, 1.83)
"""Standard deviation of each feature over the same candidates."""
COEFFICIENTS = (-1.286, -2.675, 2.025, 1.777, 0.5056, -0.5332, 0.5967, -0.09396, 0.05894, 0.5575, 0.03404, 0.3983, 0.06379, 0.3413, -2.739, 0.3263)
"""Weight of each standardised feature in the log odds, in the order of `Features`."""
INTERCEPT = -2.396
"""Log odds of a candidate with average features."""


@dataclass(frozen=True, slots=True)
class Features:
    """Facts about a candidate; contrasts in bone steps, lengths in mm, slopes per mm relative to the mean contrast."""

    log_area: float
    log_mean: float
    log_peak: float
    log_slope: float
    slope_20: float
    slope_50: float
    ring_lower: float
    ring_contrast: float
    bone_contact: float
    solidity: float
    eccentricity: float
    log_minor_axis: float
    depth: float
    log_sharpness: float
    relative_to_bone: float
    depth_range: float

    def vector(self) -> NDArray[np.float64]:
        """Values in the order of the fields."""
        return np.array([getattr(self, f.name) for f in fields(self)], dtype=float)


@dataclass(frozen=True, eq=False, slots=True)
class Candidates:
    """Candidates of one film on the search grid.

    Parameters
    ----------
    labels
        Shape (rows, columns): 0 or the candidate's number, from 1.
    residual
        Contrast above the soft tissue's surface in bone steps; 0 where it was not searched.
    outline
        Residual at the outline of each candidate, in the order of the labels.
    features
        In the order of the labels.
    noise
        Standard deviation of soft tissue about its surface, bone steps.
    """

    labels: NDArray[np.int32]
    residual: FloatImage
    outline: tuple[float, ...]
    features: tuple[Features, ...]
    noise: float


@dataclass(frozen=True, eq=False, slots=True)
class _Scene:
    """The images a candidate is judged on, cut to its neighbourhood."""

    image: FloatImage
    surface: FloatImage
    residual: FloatImage
    sharp: FloatImage
    slope_rows: FloatImage
    slope_columns: FloatImage
    limb: Mask
    bone: Mask
    near_bone: Mask
    depth: FloatImage

    def cut(self, window: tuple[slice, slice]) -> _Scene:
        return _Scene(*(getattr(self, f.name)[window] for f in fields(self)))


def find_candidates(image: FloatImage, anatomy: Anatomy, min_area_mm2: float) -> Candidates:
    """Search the soft tissue.

    Parameters
    ----------
    image
        Smoothed attenuation on the search grid.
    anatomy
        Limb and bone on the same grid.
    min_area_mm2
        Smaller candidates are dropped.
    """
    scaled = ((image - anatomy.air) / anatomy.bone_step).astype(np.float32)
    near_bone = dilate(anatomy.bone, BONE_MARGIN_MM)
    soft = anatomy.limb & ~near_bone & (anatomy.depth_mm > SKIN_MARGIN_MM)
    surface, supported, noise = soft_tissue_surface(scaled, soft)
    residual = np.where(soft & supported, scaled - surface, 0).astype(np.float32)
    parts = _hysteresis(residual, noise)
    kernel = 1 / 8 / WORKING_PIXEL_MM
    scene = _Scene(
        scaled,
        surface,
        residual,
        blur(scaled, FINE_MM) - blur(scaled, COARSE_MM),
        np.asarray(cv2.Sobel(scaled, cv2.CV_32F, 0, 1, scale=kernel), dtype=np.float32),
        np.asarray(cv2.Sobel(scaled, cv2.CV_32F, 1, 0, scale=kernel), dtype=np.float32),
        anatomy.limb,
        anatomy.bone,
        near_bone,
        anatomy.depth_mm,
    )
    return _judge(scene, parts, residual, noise, min_area_mm2)


def _hysteresis(residual: FloatImage, noise: float) -> NDArray[np.int32]:
    """Connected parts above the lower threshold that hold a pixel above the upper one."""
    seeds = residual > max(SEED_STEP, SEED_NOISE * noise)
    grown, count = ndimage.label(residual > max(GROW_STEP, GROW_NOISE * noise))
    keep = np.zeros(count + 1, bool)
    keep[np.unique(grown[seeds])] = True
    keep[0] = False
    parts, _ = ndimage.label(keep[grown])
    return np.asarray(parts, dtype=np.int32)


def _judge(scene: _Scene, parts: NDArray[np.int32], residual: FloatImage, noise: float, min_area_mm2: float) -> Candidates:
    """Outline each part, split it where it is disconnected, and describe each piece."""
    labels = np.zeros(parts.shape, np.int32)
    outlines: list[float] = []
    described: list[Features] = []
    margin = int(BONE_REACH_MM / WORKING_PIXEL_MM) + 1
    for index, box in enumerate(ndimage.find_objects(parts), start=1):
        window = (slice(max(0, box[0].start - margin), box[0].stop + margin), slice(max(0, box[1].start - margin), box[1].stop + margin))
        local = scene.cut(window)
        part = parts[window] == index
        level = max(GROW_STEP, OUTLINE_FRACTION * float(np.percentile(local.residual[part], 95)))
        pieces, count = ndimage.label(part & (local.residual > level))
        for piece in range(1, count + 1):
            inside = pieces == piece
            if np.count_nonzero(inside) * WORKING_PIXEL_MM**2 < min_area_mm2:
                continue
            features = describe(local, inside)
            if features is None:
                continue
            outlines.append(level)
            described.append(features)
            labels[window][inside] = len(described)
    return Candidates(labels, residual, tuple(outlines), tuple(described), noise)


def describe(scene: _Scene, inside: Mask) -> Features | None:
    """Facts about one candidate, or ``None`` when its outline hardly meets soft tissue."""
    distance = np.asarray(cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 5), dtype=np.float32)
    outward = _outward_slope(scene, inside, distance)
    core = cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    edge = (distance <= 2) & ~core & ~scene.near_bone & scene.limb
    if np.count_nonzero(edge) < EDGE_PIXELS:
        return None
    away_mm = distance * WORKING_PIXEL_MM
    mean = float(scene.residual[inside].mean())
    ring = scene.image[(away_mm > RING_MM[0]) & (away_mm < RING_MM[1]) & scene.limb & ~scene.near_bone]
    level = float(scene.image[inside].mean())
    border = (distance > 0) & (distance <= 2.5)
    slope_20, slope_50 = np.percentile(outward[edge], [20, 50])
    shape = measure.regionprops(inside.astype(np.uint8))[0]
    depth_low, depth_high = np.percentile(scene.depth[inside], [5, 95])
    return Features(
        log_area=_log(shape.area * WORKING_PIXEL_MM**2),
        log_mean=_log(mean),
        log_peak=_log(float(np.percentile(scene.residual[inside], 95))),
        log_slope=_log(float(slope_50)),
        slope_20=float(slope_20) / mean,
        slope_50=float(slope_50) / mean,
        ring_lower=float(np.mean(ring < level - 0.4 * mean)) if ring.size else 0.0,
        ring_contrast=(level - float(ring.mean())) / mean if ring.size else 0.0,
        bone_contact=float(np.mean(scene.near_bone[border])),
        solidity=float(shape.solidity),
        eccentricity=float(shape.eccentricity),
        log_minor_axis=_log(shape.axis_minor_length * WORKING_PIXEL_MM),
        depth=float(scene.depth[inside].mean()),
        log_sharpness=_log(float(scene.sharp[inside].max())),
        relative_to_bone=mean / _bone_contrast(scene, inside, away_mm),
        depth_range=float(depth_high - depth_low),
    )


def _outward_slope(scene: _Scene, inside: Mask, distance: FloatImage) -> FloatImage:
    """Fall of the image per mm along the outward normal of the candidate."""
    signed = distance - np.asarray(cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5), dtype=np.float32)
    rows, columns = np.gradient(np.asarray(cv2.GaussianBlur(signed, (0, 0), 1.0), dtype=np.float32))
    length = np.hypot(rows, columns) + 1e-6
    return np.asarray(-(scene.slope_rows * rows + scene.slope_columns * columns) / length, dtype=np.float32)


def _bone_contrast(scene: _Scene, inside: Mask, away_mm: FloatImage) -> float:
    """Contrast of the nearest bone above the candidate's soft tissue; one bone step when there is none near."""
    bone = scene.image[(away_mm < BONE_REACH_MM) & scene.bone]
    if bone.size <= EDGE_PIXELS:
        return 1.0
    return max(float(bone.mean()) - float(scene.surface[inside].mean()), 0.05)


def _log(value: float) -> float:
    return float(np.log(max(value, 1e-3)))


def candidate_confidence(features: Features) -> float:
    """Probability in [0, 1] that a candidate with these features is a deposit."""
    standard = (features.vector() - np.array(CENTRES)) / np.array(SCALES)
    score = INTERCEPT + float(standard @ np.array(COEFFICIENTS))
    return float(1 / (1 + np.exp(-np.clip(score, -50, 50))))
