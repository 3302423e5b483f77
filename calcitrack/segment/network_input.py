"""Input of the network: five pictures of a film that hardly depend on exposure, tube voltage or a vendor's curve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calcitrack.model.image import FloatImage, Mask
from calcitrack.segment.grid import blur, resize

RANK_BINS = 1024
"""Grey levels of the rank picture."""
LOCAL_MM = 4.0
"""Width of the neighbourhood whose mean and spread the local picture is freed from, mm: between a deposit and a bone."""
LOCAL_STEP = 4
"""Means and spreads are taken on every fourth pixel."""
LOCAL_FLOOR = 0.01
"""Least local spread, as a fraction of the film's range: flat air is not blown up to full contrast."""
LOCAL_CLIP = 4.0
"""Local deviations are clipped at this many standard deviations."""
DETAIL_MM = (1.0, 3.0)
"""Widths of the Gaussians that the two detail pictures are freed from, mm: a speck, and a deposit of the usual size."""
DETAIL_UNIT = 0.005
"""Contrast at which the detail pictures begin to be compressed, a fraction of the film's range: a faint deposit shows beside a bone's edge."""
DETAIL_SCALE = (4.0, 5.0)
"""What the compressed details are divided by, to lie within about -1 and 1."""
RANGE_PERCENT = (1.0, 99.5)
"""Percentiles that stand for the film's range."""
SHOWN = (-0.2, 1.2)
"""Values beyond these fractions of the range are clipped."""


def network_input(image: FloatImage, valid: Mask) -> NDArray[np.float32]:
    """Pictures for the network.

    Parameters
    ----------
    image
        Attenuation on the search grid, shape (rows, columns).
    valid
        Where the beam reached the detector.

    Returns
    -------
    Shape (5, rows, columns): rank among the film's values (0 to 1; the same under any rising curve), deviation from the neighbourhood
    in units of its spread (-1 to 1), value within the film's range (0 to 1.2), and what stands above two smoothed copies of it, compressed.
    """
    values = image[valid] if valid.any() else image.ravel()
    low, high = (float(v) for v in np.percentile(values[::3], RANGE_PERCENT))
    span = max(high - low, 1e-6)
    filled = np.where(valid, image, low).astype(np.float32)
    scaled = ((filled - low) / span).astype(np.float32)  # small numbers: variances of large ones would drown in rounding
    return pictures(_rank(filled, values, low, high, span), scaled)


def pictures(rank: NDArray[np.floating], scaled: FloatImage) -> NDArray[np.float32]:
    """The five pictures of a film, or of a part of it, from its ranks (0 to 1) and its values within the film's range (about 0 to 1)."""
    linear = np.clip(scaled, *SHOWN)
    details = [np.arcsinh((linear - blur(linear, mm)) / DETAIL_UNIT) / scale for mm, scale in zip(DETAIL_MM, DETAIL_SCALE, strict=True)]
    return np.stack([rank, _local(scaled), linear, *details]).astype(np.float32)


def _rank(image: FloatImage, values: NDArray[np.floating], low: float, high: float, span: float) -> NDArray[np.float64]:
    edges = np.linspace(low - 0.2 * span, high + 0.2 * span, RANK_BINS + 1)
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    share = np.concatenate([[0.0], counts.cumsum() / counts.sum()])
    return np.asarray(np.interp(image, edges, share))


def _local(image: FloatImage) -> NDArray[np.floating]:
    """Deviation from the neighbourhood; means are taken on a coarser grid, where they are just as smooth."""
    coarse = (max(1, image.shape[0] // LOCAL_STEP), max(1, image.shape[1] // LOCAL_STEP))
    small = resize(image, coarse)
    mean_small = blur(small, LOCAL_MM / LOCAL_STEP)
    square_small = blur(small**2, LOCAL_MM / LOCAL_STEP)
    spread = np.sqrt(np.maximum(square_small - mean_small**2, 0) + LOCAL_FLOOR**2)
    deviation = (image - resize(mean_small, image.shape)) / resize(spread.astype(np.float32), image.shape)
    return np.asarray(np.clip(deviation / LOCAL_CLIP, -1, 1))
