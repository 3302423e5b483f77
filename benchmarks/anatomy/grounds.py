"""Real pictures without deposits, as grounds for scenes: their bones, limb and letters are what the overview is sure of, the rest is unjudged.

Labels come from the shipped overview, averaged over its views (sizes and mirror images): what it says alike in all of them counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.anatomy.layers import IS_BONE, IS_FOREIGN, IS_LIMB, PIXEL_MM
from calcitrack.segment.grid import WORKING_PIXEL_MM
from calcitrack.segment.overview import likely_size, overview
from calcitrack.segment.radiograph import ASSUMED_LENGTH_MM

UNSURE = 32
"""Bit of the pixels whose anatomy nobody knows."""
SURE_FROM = 0.85
"""Probability, of the answer or of its contrary, from which a label counts."""


@dataclass(frozen=True, eq=False)
class Ground:
    """A picture (rows, columns), larger = denser, 0 to 1, at about the pitch of the network, and the bits of its anatomy."""

    picture: NDArray[np.float32]
    bits: NDArray[np.uint8]


def ground(path: Path) -> Ground:
    """A picture at the size that its bones suggest, with its anatomy."""
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE).astype(np.float32)
    low, high = np.percentile(grey, [0.5, 99.9])
    grey = np.clip((grey - low) / max(float(high - low), 1.0), 0, 1)
    fine = _of_length(grey, ASSUMED_LENGTH_MM / WORKING_PIXEL_MM)
    size = likely_size(fine, np.ones(fine.shape, bool))
    fine = _of_length(grey, size * ASSUMED_LENGTH_MM / WORKING_PIXEL_MM)
    seen = overview(fine, np.ones(fine.shape, bool))
    picture = _of_length(grey, size * ASSUMED_LENGTH_MM / PIXEL_MM)
    bits, sure = np.zeros(picture.shape, np.uint8), np.ones(picture.shape, bool)
    for chance, bit in ((seen.bone, IS_BONE), (seen.limb, IS_LIMB), (seen.foreign, IS_FOREIGN)):
        coarse = cv2.resize(chance, picture.shape[::-1], interpolation=cv2.INTER_AREA)
        bits[coarse > 0.5] |= np.uint8(bit)
        sure &= np.abs(coarse - 0.5) >= SURE_FROM - 0.5
    bits[~sure] |= np.uint8(UNSURE)
    return Ground(picture, bits)


def grounds_in(folders: Sequence[Path], cache: Path) -> list[Ground]:
    """Grounds of the PNG of the folders, in the order of their names; each is worked out once and kept in the cache."""
    cache.mkdir(parents=True, exist_ok=True)
    found = []
    for path in sorted((p for folder in folders for p in folder.glob("*.png")), key=lambda p: p.name):
        kept = cache / f"{path.stem}.npz"
        if not kept.exists():
            made = ground(path)
            np.savez_compressed(kept, picture=made.picture.astype(np.float16), bits=made.bits)
        stored = np.load(kept)
        found.append(Ground(stored["picture"].astype(np.float32), stored["bits"]))
    return found


def _of_length(picture: NDArray[np.float32], long_side: float) -> NDArray[np.float32]:
    size = long_side / max(picture.shape)
    return np.asarray(cv2.resize(picture, None, fx=size, fy=size, interpolation=cv2.INTER_AREA if size < 1 else cv2.INTER_CUBIC), np.float32)
