"""Folds of flesh, as in the web of the thumb and where one finger's flesh covers another's: broad, smooth, with a sharp side, and no deposits."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.segmenter.shadows import Shadow, noise
from calcitrack.segment.grid import WORKING_PIXEL_MM

FOLD_MM = (2.5, 45.0)
"""Width of a fold: from the narrow lens in the web of the thumb to a finger over a palm."""
RAMP_MM = (0.8, 9.0)
"""Within this distance of its side a fold reaches its full thickness."""
AT_SKIN, NEAR_SKIN_PX = 0.5, 51
"""Share of folds whose middle lies near the skin, and how near: half of this many search pixels, 5 mm."""
FAINTEST, STRONGEST = 0.012, 0.25
"""Contrast of a fold, fractions of the film's range."""


def fold(side: int, limb: NDArray[np.bool_], rng: np.random.Generator) -> Shadow:
    """What a fold adds to a scene of (side, side) pixels: the common part of two or three rounded outlines, within the limb."""
    width = np.exp(rng.uniform(*np.log(FOLD_MM))) / WORKING_PIXEL_MM
    ramp = np.exp(rng.uniform(*np.log(RAMP_MM))) / WORKING_PIXEL_MM
    where = limb & ~cv2.erode(limb.astype(np.uint8), np.ones((NEAR_SKIN_PX, NEAR_SKIN_PX), np.uint8)).astype(bool) if rng.random() < AT_SKIN else limb
    places = np.argwhere(where[::4, ::4]) * 4
    middle = places[rng.integers(len(places))] if len(places) else rng.integers(0, side, 2)
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    depth = np.full((side, side), np.inf, np.float32)
    turn = rng.uniform(0, 2 * np.pi)
    for _ in range(int(rng.integers(2, 4))):
        radius = width * np.exp(rng.uniform(-0.3, 2.0))
        away = radius - width * rng.uniform(0.15, 0.6)
        centre = middle[0] + away * np.sin(turn), middle[1] + away * np.cos(turn)
        depth = np.minimum(depth, radius - np.hypot(rows - centre[0], columns - centre[1]))
        turn += rng.uniform(0.35, 1.0) * np.pi
    depth += width * rng.uniform(0, 0.06) * noise(rng, depth.shape, max(6.0, width * 0.4))
    thick = np.sqrt(np.clip(depth / ramp, 0, 1)) if rng.random() < 0.7 else np.clip(depth / ramp, 0, 1)
    if rng.random() < 0.5:  # it thins out to one side
        along = (rows - middle[0]) * np.sin(turn) + (columns - middle[1]) * np.cos(turn)
        thick = thick * np.clip(0.5 + along / width * rng.uniform(0.5, 1.5), 0, 1)
    inside = cv2.GaussianBlur(limb.astype(np.float32), (0, 0), 1.0) if rng.random() < 0.8 else 1.0
    strength = np.exp(rng.uniform(np.log(FAINTEST), np.log(STRONGEST))) * (1.0 if rng.random() < 0.8 else -0.6)
    return cv2.GaussianBlur(np.asarray(strength * thick * inside, np.float32), (0, 0), rng.uniform(0.5, 1.5)).astype(np.float32)
