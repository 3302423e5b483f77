"""The exposed field: blades and blank surrounds that the header does not mention are found by their straight borders."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_multiotsu

from calcitrack.model.image import FloatImage, Mask
from calcitrack.segment.grid import WORKING_PIXEL_MM, erode, filled

EDGE_TOLERANCE_MM = 1.5
"""A blade's edge is straight to within this, penumbra included."""
EDGE_SHARE = 0.5
"""Share of a side's lines that must agree on the edge: the limb, as dense as the blade, may cross it on the others."""
MIN_BLADE_MM = 1.0
"""A narrower border is no blade."""
MAX_SLOPE = 0.1
"""Blades are parallel to the film's edge to within 6 degrees."""
MARGIN_MM = 1.5
"""Penumbra that is left out with the blade."""
FIT_PASSES = 4
FLAT = 1e-3
"""A blank surround does not vary by more than this fraction of the film's range."""
MIN_SURROUND = 0.01
"""A blank surround smaller than this share of the picture is left alone."""
PLATE_SOLIDITY = 0.97
"""The plate within a blank surround fills its convex hull; a limb within saturated air does not."""
MIN_PLATE = 0.4
"""... and it covers at least this share of the picture."""


def exposed_field(image: FloatImage, valid: Mask) -> Mask:
    """Find where the beam reached the detector.

    Parameters
    ----------
    image
        Smoothed attenuation on the search grid.
    valid
        Valid pixels as stated by the file.

    Returns
    -------
    ``valid`` without a blank surround of the plate and without the shadow of blades at any of the four sides, penumbra left out.
    """
    values = image[valid]
    if values.size == 0 or np.ptp(values) == 0:
        return valid
    plate = _plate(image, valid)
    if plate is not None:
        return plate
    dense = (image >= _dense_level(values)) | ~valid
    field = valid.copy()
    for turns in range(4):
        side = np.rot90(dense, turns)
        depth = _blade_depth(side)
        if depth is not None:
            rows = np.arange(side.shape[0])[:, None]
            field &= np.rot90(rows >= depth[None, :], -turns)
    if field.all() or not field.any():
        return valid
    return erode(field, MARGIN_MM) & valid


def _plate(image: FloatImage, valid: Mask) -> Mask | None:
    """``valid`` without the constant border that a reader adds around a plate that lay askew; ``None`` when there is no such border."""
    values = image[valid]
    low, high = float(values.min()), float(values.max())
    for extreme in (low, high):
        blank = np.abs(image - extreme) <= FLAT * (high - low)
        parts, _ = ndimage.label(blank)
        border = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
        surround = np.isin(parts, border[border > 0])
        plate = filled(~surround)
        share = float(np.mean(plate))
        if not MIN_PLATE <= share <= 1 - MIN_SURROUND:
            continue
        corners = np.argwhere(plate)[:, ::-1].astype(np.int32)
        hull = float(cv2.contourArea(cv2.convexHull(corners)))
        if np.count_nonzero(plate) >= PLATE_SOLIDITY * hull:
            return erode(plate, MARGIN_MM) & valid
    return None


def _dense_level(values: NDArray[np.floating]) -> float:
    """Lower limit of the densest of three classes: air, limb, blade (or bone, where there is no blade)."""
    sample = values[:: max(1, values.size // 20000)]
    if np.unique(sample).size < 3:
        return float(sample.max())
    return float(threshold_multiotsu(sample, classes=3)[1])


def _blade_depth(dense: Mask) -> NDArray[np.float64] | None:
    """Depth of a straight dense border along the first row's side, in pixels for each column; ``None`` when there is none."""
    run = np.where(dense.all(axis=0), dense.shape[0], np.argmin(dense, axis=0)).astype(float)
    columns = np.arange(run.size, dtype=float)
    tolerance = EDGE_TOLERANCE_MM / WORKING_PIXEL_MM
    line = np.full(run.size, float(np.median(run)))
    for _ in range(FIT_PASSES):
        near = np.abs(run - line) <= 4 * tolerance
        if np.count_nonzero(near) < EDGE_SHARE * run.size:
            return None
        slope, offset = np.polyfit(columns[near], run[near], 1)
        line = slope * columns + offset
    agree = np.abs(run - line) <= tolerance
    if np.mean(agree) < EDGE_SHARE or abs(slope) > MAX_SLOPE or float(np.median(line)) * WORKING_PIXEL_MM < MIN_BLADE_MM:
        return None
    return np.asarray(line)
