"""The difference of two registered films, in colours whose brightness rises with density."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.figures.registered import Sampled, common_tissue
from calcitrack.model.image import FloatImage, Mask

RgbImage = NDArray[np.uint8]
"""Shape (rows, columns, 3)."""

BACKGROUND_MM = 6.0
"""Differences smoother than this come from moved soft tissue, heel effect and scatter, not from deposits; they are removed."""
SMOOTH_MM = 0.25
"""Differences are averaged over this (standard deviation of a Gaussian): finer ones are noise and registration error."""
COARSE_SIGMA = 4.0
"""In pixels: wide enough that the coarser grid has no visible effect."""
FULL_SCALE = 0.3
"""Difference at which the colours end, of the earlier film's contrast between soft tissue and dense bone."""
SOFT, DENSE = 20.0, 99.0
"""Percentiles of the limb that stand for soft tissue and dense bone."""
COLOURS = ((0x02, 0x12, 0x3F), (0x1F, 0x55, 0xA8), (0x78, 0x78, 0x78), (0xE8, 0xA0, 0x2C), (0xFF, 0xF3, 0xC8))
"""From less dense over equal to denser: blue, grey, orange. Brightness rises along them, as on a radiograph: they are told apart in grey print
and with any colour vision."""
HATCH_PX, HATCH_COLOUR = 14, (150, 150, 150)


def relative_difference(earlier: Sampled, later: Sampled, matched: FloatImage, pixel_mm: float) -> FloatImage:
    """Later minus earlier film, relative to the earlier film's contrast between soft tissue and dense bone, with smooth differences removed.

    Parameters
    ----------
    matched
        The later film's values on the earlier one's scale, shape (rows, columns).
    pixel_mm
        Size of a pixel of the grid.

    Returns
    -------
    Shape (rows, columns), float32; 0 outside both films' limb.
    """
    shared = earlier.limb & later.limb
    if not shared.any():
        return np.zeros_like(matched)
    soft, dense = np.percentile(earlier.values[shared], (SOFT, DENSE))
    difference = np.where(shared, (matched - earlier.values) / max(float(dense - soft), 1e-6), 0.0)
    weight = common_tissue(earlier, later).astype(np.float32)  # deposits are excluded from the background, so that their whole change stays
    amount, summed = (_very_smooth(a, BACKGROUND_MM / pixel_mm) for a in (weight, difference * weight))
    sharp = np.where(shared, difference - summed / np.maximum(amount, 1e-3), 0.0).astype(np.float32)
    inside = cv2.GaussianBlur(sharp, (0, 0), max(SMOOTH_MM / pixel_mm, 0.1))
    return np.where(shared, inside, 0.0).astype(np.float32)


def _very_smooth(values: NDArray[np.floating], sigma: float) -> FloatImage:
    """A Gaussian that is wide in pixels, computed on a coarser grid on which it is `COARSE_SIGMA` wide."""
    rows, columns = values.shape
    factor = max(1, int(sigma / COARSE_SIGMA))
    size = (max(1, columns // factor), max(1, rows // factor))
    coarse = cv2.resize(values.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(coarse, (0, 0), sigma / factor, borderType=cv2.BORDER_REFLECT)
    return np.asarray(cv2.resize(smooth, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)


def coloured(difference: FloatImage) -> RgbImage:
    """Colours of a difference: blue through grey to orange, saturated at `FULL_SCALE`."""
    stops = np.linspace(-FULL_SCALE, FULL_SCALE, len(COLOURS))
    channels = [np.interp(difference, stops, [c[k] for c in COLOURS]) for k in range(3)]
    return np.round(np.stack(channels, axis=-1)).astype(np.uint8)


def hatch(picture: RgbImage, where: Mask) -> None:
    """Draw slanting lines over the unreliable parts of a picture."""
    rows, columns = np.nonzero(where)
    lines = (rows + columns) % HATCH_PX < 2
    picture[rows[lines], columns[lines]] = HATCH_COLOUR


def darkened(picture: RgbImage, where: Mask) -> None:
    """Darken the parts of a picture where nothing can be compared."""
    picture[where] = 0


def colour_bar(width: int, height: int) -> RgbImage:
    """Colour bar from less dense to denser, left to right."""
    return coloured(np.tile(np.linspace(-FULL_SCALE, FULL_SCALE, width, dtype=np.float32), (height, 1)))


def grey(values: FloatImage, exposed: Mask, window: tuple[float, float]) -> RgbImage:
    """A film in grey levels between two values; black outside the beam."""
    low, high = window
    level = np.where(exposed, np.clip((values - low) / max(high - low, 1e-6), 0, 1), 0)
    return np.ascontiguousarray(cv2.cvtColor((255 * level).astype(np.uint8), cv2.COLOR_GRAY2RGB))
