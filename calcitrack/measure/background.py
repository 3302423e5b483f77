"""What the film would show at a deposit's place without it: a surface fitted to the tissue around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcitrack.model.image import FloatImage, Mask
from calcitrack.model.segmentation import Segmentation

GAP_MM = 0.5
"""Blurred rim of a deposit that belongs neither to it nor to its background."""
RING_MM = 3.0
"""How far around a deposit its background is taken from: less, and noise rules; more, and the limb's shape does."""
MIN_RING_PIXELS = 30
"""A background fitted to fewer pixels is none."""
QUADRATIC_RING_PIXELS = 150
"""From here on the background may be curved; below it is a plane."""
CORRELATION_MM2 = 1.0
"""Area over which the misfit of a background is alike: anatomy, not grain. Chosen on simulated films."""


@dataclass(frozen=True, eq=False, slots=True)
class Neighbourhood:
    """A deposit, its rim and its background, cut out of the film.

    Parameters
    ----------
    window
        Where it was cut out.
    inside
        The deposit's own pixels.
    reach
        The deposit with its blurred rim, other deposits left out: what a sum over the deposit runs over.
    contrast
        Image minus background.
    background
        The fitted surface.
    background_sd
        Standard uncertainty of the background's mean under the deposit, same unit as the image.
    """

    window: tuple[slice, slice]
    inside: Mask
    reach: Mask
    contrast: NDArray[np.float64]
    background: NDArray[np.float64]
    background_sd: float


def neighbourhood(image: FloatImage, segmentation: Segmentation, label: int, box: tuple[slice, slice], pixel_mm: float) -> Neighbourhood | None:
    """Fit the background of one deposit.

    Bone and soft tissue have surfaces of their own: pixels of the deposit over bone are compared with the bone around it.

    Returns
    -------
    ``None`` when too little tissue lies around the deposit.
    """
    margin = int(np.ceil((RING_MM + GAP_MM) / pixel_mm)) + 1
    window = (slice(max(0, box[0].start - margin), box[0].stop + margin), slice(max(0, box[1].start - margin), box[1].stop + margin))
    labels = segmentation.labels[window]
    inside = labels == label
    others = (labels > 0) & ~inside
    away_mm = ndimage.distance_transform_edt(~inside) * pixel_mm
    reach = (away_mm <= GAP_MM) & ~others
    free = (
        segmentation.limb[window] & (ndimage.distance_transform_edt(labels == 0) * pixel_mm > GAP_MM)
        if (labels > 0).any()
        else segmentation.limb[window]
    )
    ring = free & (away_mm > GAP_MM) & (away_mm <= RING_MM + GAP_MM)
    local = image[window].astype(float)
    bone = segmentation.bone[window]
    background = np.full(local.shape, np.nan)
    spread: list[tuple[int, float]] = []
    for tissue in (~bone, bone):
        wanted = reach & tissue
        if not wanted.any():
            continue
        fit = _fit(local, ring & tissue, wanted)
        if fit is None:
            continue
        background[wanted], sd = fit
        spread.append((int(np.count_nonzero(wanted)), sd))
    if not spread:
        return None
    gaps = reach & np.isnan(background)
    if gaps.any():  # one tissue had too little around it: the other's surface is the best there is
        fit = _fit(local, ring, gaps)
        if fit is None:
            return None
        background[gaps], sd = fit
        spread.append((int(np.count_nonzero(gaps)), sd))
    contrast = np.where(reach, local - background, 0.0)
    ring_mm2 = max(np.count_nonzero(ring) * pixel_mm**2, CORRELATION_MM2)
    misfit = float(np.sqrt(sum(n * sd**2 for n, sd in spread) / sum(n for n, _ in spread)))
    return Neighbourhood(window, inside, reach, contrast, background, misfit / np.sqrt(ring_mm2 / CORRELATION_MM2))


def _fit(image: NDArray[np.float64], ring: Mask, wanted: Mask) -> tuple[NDArray[np.float64], float] | None:
    """Values of a robust plane or quadratic at the wanted pixels, and the spread of the ring about it."""
    count = int(np.count_nonzero(ring))
    if count < MIN_RING_PIXELS:
        return None
    rows, columns = np.nonzero(ring)
    centre = (rows.mean(), columns.mean())
    scale = max(float(np.ptp(rows)), float(np.ptp(columns)), 1.0)
    curved = count >= QUADRATIC_RING_PIXELS
    design = _terms((rows - centre[0]) / scale, (columns - centre[1]) / scale, curved)
    values = image[rows, columns]
    keep = np.ones(count, bool)
    spread = 0.0
    coefficients: NDArray[np.floating] = np.zeros(design.shape[1])
    for _ in range(3):
        coefficients, *_ = np.linalg.lstsq(design[keep], values[keep], rcond=None)
        residual = values - design @ coefficients
        spread = 1.4826 * float(np.median(np.abs(residual[keep])))
        keep = np.abs(residual) <= max(2.5 * spread, np.finfo(np.float32).eps)
        if np.count_nonzero(keep) < MIN_RING_PIXELS:
            return None
    at_rows, at_columns = np.nonzero(wanted)
    return _terms((at_rows - centre[0]) / scale, (at_columns - centre[1]) / scale, curved) @ coefficients, spread


def _terms(rows: NDArray[np.float64], columns: NDArray[np.float64], curved: bool) -> NDArray[np.float64]:
    linear = [np.ones_like(rows), rows, columns]
    return np.stack([*linear, rows**2, rows * columns, columns**2] if curved else linear, axis=1)
