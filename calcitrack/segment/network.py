"""Deposits, bone and limb by a small convolutional network, trained on simulated films alone (docs/explanation/model-card.md)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from calcitrack.model.image import FloatImage, Mask
from calcitrack.segment.network_input import network_input

WEIGHTS = "deposits.onnx"
"""Package data in calcitrack/segment/data, written by `python -m benchmarks.segmenter`."""
TILE_PX = 512
"""Films are searched in tiles of this many search pixels (100 mm), so that memory does not grow with the film."""
OVERLAP_PX = 64
"""Neighbouring tiles share this many pixels on each side; only a tile's middle is used."""
MULTIPLE_PX = 32
"""Sides of a tile are multiples of this: four halvings behind a stem that takes 2 x 2 pixels at once."""


@dataclass(frozen=True, eq=False, slots=True)
class Chances:
    """Probability of deposit, bone and limb at each pixel of the search grid, shape (rows, columns) each."""

    deposit: FloatImage
    bone: FloatImage
    limb: FloatImage


@lru_cache(maxsize=1)
def _session() -> onnxruntime.InferenceSession:
    """The network, read once. One thread: the same answer on every machine, and batches run in processes anyway."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    weights = resources.files("calcitrack.segment").joinpath("data", WEIGHTS).read_bytes()
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])


def chances(image: FloatImage, valid: Mask) -> Chances:
    """Ask the network about every pixel.

    Parameters
    ----------
    image
        Attenuation on the search grid, shape (rows, columns).
    valid
        Where the beam reached the detector.
    """
    pictures = network_input(image, valid)
    rows, columns = image.shape
    padded = np.pad(pictures, ((0, 0), (OVERLAP_PX, OVERLAP_PX + _short(rows)), (OVERLAP_PX, OVERLAP_PX + _short(columns))), mode="edge")
    result = np.zeros((3, *padded.shape[1:]), np.float32)
    middle = TILE_PX - 2 * OVERLAP_PX
    for row in range(0, rows, middle):
        for column in range(0, columns, middle):
            tile = padded[:, row : row + TILE_PX, column : column + TILE_PX]
            logits = _session().run(None, {"pictures": tile[None]})[0][0]
            inner = (slice(None), slice(row + OVERLAP_PX, row + OVERLAP_PX + middle), slice(column + OVERLAP_PX, column + OVERLAP_PX + middle))
            here = result[inner]
            here[...] = logits[:, OVERLAP_PX:, OVERLAP_PX:][:, : here.shape[1], : here.shape[2]]
    wanted = result[:, OVERLAP_PX : OVERLAP_PX + rows, OVERLAP_PX : OVERLAP_PX + columns]
    deposit, bone, limb = _sigmoid(wanted) * valid
    return Chances(deposit, bone, limb)


def _short(length: int) -> int:
    """Pixels that a side lacks to a whole multiple."""
    return -length % MULTIPLE_PX


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), dtype=np.float32)
