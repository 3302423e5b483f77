"""Find limb and bone, so that neither skin nor bone is taken for a deposit."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu

from calcitrack.model.image import FloatImage, Mask
from calcitrack.segment.grid import WORKING_PIXEL_MM, closed, depth_mm, filled, opened, resize

SKIN_FRACTION = 0.06
"""The limb begins where attenuation exceeds air by this fraction of the step from air to the limb's median: thin skin folds stay inside."""
SKIN_NOISE = 6.0
"""... and by this many standard deviations of the air, so that grain and the heel effect stay outside."""
AIR_BINS = 256
"""Bins of the histogram in which the air is the highest peak."""
SKIN_RIM_MM = 1.0
"""Outermost rim of the limb where thickness falls too steeply to compare tissue."""
LIMB_SHARE = 0.2
"""Further parts (another hand, a separate finger) belong to the limb when they are at least this share of the largest."""
BONE_WINDOW_MM = 20.0
"""Neighbourhood in which bone is told from soft tissue: wider than the widest bone of a forearm, narrower than a palm."""
BONE_TILE_MM = 5.0
"""Spacing of the local histograms."""
BONE_BINS = 64
"""Grey levels of the local histograms."""
MIN_BONE_MM2 = 40.0
"""A bright part smaller than this is not taken for bone: the terminal phalanx of a child covers about 40 mm2."""
BONE_GAP_MM = 0.6
"""Closing radius: marrow holes and vessel channels belong to the bone."""
MIN_TILE_PIXELS = 50.0
"""A local histogram with less than this weight says nothing of its own."""


@dataclass(frozen=True, eq=False, slots=True)
class Anatomy:
    """Limb and bone on the search grid.

    Parameters
    ----------
    limb, bone
        Shape (rows, columns) of the search grid.
    depth_mm
        Distance to the limb's outline.
    air
        Attenuation outside the limb.
    bone_step
        Median attenuation of bone above that of soft tissue: the unit in which contrasts are compared when nepers are unknown.
    """

    limb: Mask
    bone: Mask
    depth_mm: FloatImage
    air: float
    bone_step: float


def find_anatomy(image: FloatImage, valid: Mask) -> Anatomy | None:
    """Find limb and bone.

    Parameters
    ----------
    image
        Smoothed attenuation on the search grid.
    valid
        Where the beam reached the detector.

    Returns
    -------
    ``None`` when no limb stands out from the air.
    """
    found = _limb(image, valid)
    if found is None:
        return None
    limb, air = found
    depth = depth_mm(limb)
    inner = limb & (depth > SKIN_RIM_MM)
    if np.count_nonzero(inner) < MIN_TILE_PIXELS:
        return None
    bright = inner & (image > _local_threshold(image, inner))
    soft = inner & ~bright
    if not bright.any() or not soft.any():
        return None
    step = float(np.median(image[bright]) - np.median(image[soft]))
    if step <= 0:
        return None
    parts, count = ndimage.label(bright)
    area_mm2 = ndimage.sum_labels(bright, parts, np.arange(count + 1)) * WORKING_PIXEL_MM**2
    bone = closed((area_mm2 >= MIN_BONE_MM2)[parts] & bright, BONE_GAP_MM) & limb
    return Anatomy(limb, bone, depth, air, step)


def _limb(image: FloatImage, valid: Mask) -> tuple[Mask, float] | None:
    """Largest parts above air, holes filled, and the level of the air."""
    values = image[valid]
    if values.size == 0 or np.ptp(values) == 0:
        return None
    middle = float(threshold_otsu(values[::4]))
    below = values[values <= middle]
    inside = values[values > middle]
    if below.size == 0 or inside.size == 0:
        return None
    air = _mode(below)
    under = below[below <= air]  # the side of the air that the limb does not touch
    spread = 1.4826 * float(np.median(air - under))
    threshold = air + max(SKIN_FRACTION * (float(np.median(inside)) - air), SKIN_NOISE * spread)
    mask = opened((image > threshold) & valid, 1.5)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    if count < 2:
        return None
    areas = stats[:, cv2.CC_STAT_AREA].astype(float)
    areas[0] = 0.0
    limb = (areas >= LIMB_SHARE * areas.max())[parts]
    return filled(limb), air


def _mode(values: NDArray[np.floating]) -> float:
    """Most frequent value: the air, which covers more pixels than any single thickness of tissue."""
    counts, edges = np.histogram(values, AIR_BINS)
    peak = int(ndimage.gaussian_filter1d(counts.astype(float), 1.5).argmax())
    return float(edges[peak] + edges[peak + 1]) / 2


def _local_threshold(image: FloatImage, inner: Mask) -> FloatImage:
    """Otsu's threshold in a sliding window of the limb, weighted by how well it separates (Otsu 1979, IEEE Trans SMC 9:62)."""
    low, high = (float(v) for v in np.percentile(image[inner], [0.5, 99.8]))
    span = max(high - low, float(np.finfo(np.float32).tiny))
    histogram = _tile_histograms(image, inner, low, span)
    weight = histogram.cumsum(axis=2)
    total = np.maximum(weight[..., -1:], 1e-9)
    centres = (np.arange(BONE_BINS) + 0.5) / BONE_BINS
    moment = (histogram * centres).cumsum(axis=2)
    below = weight / total
    inside = (below > 0.02) & (below < 0.98)  # neither class may be a handful of pixels
    between = np.zeros_like(weight)
    numerator = (moment[..., -1:] * below - moment) ** 2 / total**2
    between[inside] = numerator[inside] / (below * (1 - below))[inside]
    threshold = (between.argmax(axis=2) + 1) / BONE_BINS * span + low
    trust = np.where(total[..., 0] > MIN_TILE_PIXELS, between.max(axis=2), 0.0)
    smooth = ndimage.gaussian_filter(threshold * trust, 1) / np.maximum(ndimage.gaussian_filter(trust, 1), 1e-12)
    tile = round(BONE_TILE_MM / WORKING_PIXEL_MM)
    rows, columns = image.shape
    full = resize(smooth.astype(np.float32), (smooth.shape[0] * tile, smooth.shape[1] * tile))
    return full[:rows, :columns]


def _tile_histograms(image: FloatImage, inner: Mask, low: float, span: float) -> NDArray[np.float64]:
    """Histograms of the limb's grey levels around each tile, shape (tile rows, tile columns, bins)."""
    tile = round(BONE_TILE_MM / WORKING_PIXEL_MM)
    rows, columns = np.nonzero(inner)
    level = np.clip((image[rows, columns] - low) / span * BONE_BINS, 0, BONE_BINS - 1).astype(int)
    height, width = -(-image.shape[0] // tile), -(-image.shape[1] // tile)
    flat = ((rows // tile) * width + columns // tile) * BONE_BINS + level
    counts = np.bincount(flat, minlength=height * width * BONE_BINS).reshape(height, width, BONE_BINS).astype(float)
    sigma = BONE_WINDOW_MM / BONE_TILE_MM / 2
    return np.asarray(ndimage.gaussian_filter(counts, (sigma, sigma, 1.0), mode="constant", truncate=2))
