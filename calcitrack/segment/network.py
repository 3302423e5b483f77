"""Deposits, bone and limb by a small convolutional network, trained on simulated films alone (docs/explanation/model-card.md)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import pairwise

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from calcitrack.model.image import FloatImage, Mask
from calcitrack.segment.grid import opened
from calcitrack.segment.network_input import network_input

WEIGHTS = "deposits.onnx"
"""Package data in calcitrack/segment/data, written by `python -m benchmarks.segmenter`."""
TILE_PX = 1024
"""Films with longer sides (205 mm) are searched in tiles, so that memory does not grow with the film."""
OVERLAP_PX = 64
"""A tile is this much larger than its share of the film, on each side that has a neighbour."""
MULTIPLE_PX = 32
"""Sides of a tile are multiples of this: four halvings behind a stem that takes 2 x 2 pixels at once."""

DENSER_THAN_AIR = 0.05
"""Fraction of the film's range above its first percentile, which is air where there is any, from which something lies in the beam."""
STROKE_MM = 3.0
"""What is narrower is no limb: the letters of a side marker are not searched."""
MARGIN_PX = 32
"""Skin thinner than that lies this near (6.4 mm) to what is denser."""
NOTHING = -30.0
"""Log odds where nothing lies in the beam."""


@dataclass(frozen=True, eq=False, slots=True)
class Chances:
    """Probability of deposit, bone and limb at each pixel of the search grid, shape (rows, columns) each."""

    deposit: FloatImage
    bone: FloatImage
    limb: FloatImage


@lru_cache(maxsize=2)
def session(weights: str) -> onnxruntime.InferenceSession:
    """A network of the package data, read once. It runs in one thread: answers are the same on every machine, and batches run in processes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    stored = resources.files("calcitrack.segment").joinpath("data", weights).read_bytes()
    return onnxruntime.InferenceSession(stored, options, providers=["CPUExecutionProvider"])


def chances(image: FloatImage, valid: Mask) -> Chances:
    """Run the network on the box around everything that lies in the beam; the air outside, often half the film, is skipped.

    Parameters
    ----------
    image
        Attenuation on the search grid, shape (rows, columns).
    valid
        Where the beam reached the detector.
    """
    pictures = network_input(image, valid)
    logits = np.full((3, *image.shape), NOTHING, np.float32)
    box = _occupied(pictures[2], valid)
    for rows in _shares(box[0]):
        for columns in _shares(box[1]):
            tall, wide = _widened(rows, image.shape[0]), _widened(columns, image.shape[1])
            answer = _ask(pictures[:, tall, wide])
            inner = (slice(rows.start - tall.start, rows.stop - tall.start), slice(columns.start - wide.start, columns.stop - wide.start))
            logits[:, rows, columns] = answer[:, *inner]
    deposit, bone, limb = _sigmoid(logits) * valid
    return Chances(deposit, bone, limb)


def _occupied(linear: FloatImage, valid: Mask) -> tuple[slice, slice]:
    """Rows and columns of the box around everything that lies in the beam."""
    dense = opened(np.asarray((linear > DENSER_THAN_AIR) & valid), STROKE_MM / 2)
    sides = [np.flatnonzero(dense.any(axis=1 - side)) for side in (0, 1)]
    if not sides[0].size:
        return slice(0, 0), slice(0, 0)
    rows, columns = (slice(max(0, int(s[0]) - MARGIN_PX), min(n, int(s[-1]) + 1 + MARGIN_PX)) for s, n in zip(sides, linear.shape, strict=True))
    return rows, columns


def _shares(side: slice) -> list[slice]:
    """Split a side into the fewest equal parts that fit into tiles."""
    ends = np.linspace(side.start, side.stop, -(-(side.stop - side.start) // TILE_PX) + 1).round().astype(int)
    return [slice(int(a), int(b)) for a, b in pairwise(ends)]


def _widened(share: slice, length: int) -> slice:
    """Extend a part by the overlap on both sides. It begins at a multiple of `MULTIPLE_PX`, so pooling pairs the same pixels as on the whole film."""
    return slice(max(0, share.start - OVERLAP_PX) // MULTIPLE_PX * MULTIPLE_PX, min(length, share.stop + OVERLAP_PX))


def _ask(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits of one tile."""
    rows, columns = pictures.shape[1:]
    padded = np.pad(pictures, ((0, 0), (0, -rows % MULTIPLE_PX), (0, -columns % MULTIPLE_PX)), mode="edge")
    answer: NDArray[np.float32] = session(WEIGHTS).run(None, {"pictures": padded[None]})[0][0]
    return answer[:, :rows, :columns]


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), dtype=np.float32)
