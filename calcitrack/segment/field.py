"""The exposed field: collimator blades that the header does not mention are found as straight dense borders."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.filters import threshold_multiotsu

from calcitrack.model.image import FloatImage, Mask
from calcitrack.segment.grid import WORKING_PIXEL_MM, erode

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


def exposed_field(image: FloatImage, valid: Mask) -> Mask:
    """Where the beam reached the detector.

    Parameters
    ----------
    image
        Smoothed attenuation on the search grid.
    valid
        What the file itself says.

    Returns
    -------
    ``valid`` without the shadow of blades at any of the four sides, their penumbra left out.
    """
    values = image[valid]
    if values.size == 0 or np.ptp(values) == 0:
        return valid
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
