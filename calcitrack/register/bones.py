"""Partition of the baseline: bone split into single bones at its necks, or tissue without bone cut into tiles."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import watershed

from calcitrack.model.image import Mask

PARTITION_MM = 0.5
"""Pixel on which bone is taken apart: joint gaps of 1 mm stay open."""
SMOOTHING_MM = 0.5
"""Smoothing of the half width, against ragged outlines."""
NECK = 0.8
"""Two parts whose neck is at least this wide, against the narrower part's widest place, are one bone. Metacarpals whose bases overlap on the
film part from each other at 0.7 to 0.8. Shafts narrow to two thirds of their ends: some are halved, which costs nothing, since halves as long
as two widths are found as well as wholes."""
MIN_PIECE_MM2 = 40.0
"""A smaller part joins its neighbour, or is left out: it holds too little to be registered by. A child's terminal phalanx covers 40 mm2."""


TILE_MM = 20.0
"""Tiles of tissue without bone: large enough to hold texture, small enough that skin and muscle move little within."""


@dataclass(frozen=True, eq=False, slots=True)
class Partition:
    """Bones, or tiles, on pixels of `PARTITION_MM`.

    Parameters
    ----------
    labels
        Shape (rows, columns): 0 is no bone, 1 ... count the bones.
    count
        Number of bones.
    """

    labels: NDArray[np.int32]
    count: int


def take_apart(bone: Mask, pixel_mm: float) -> Partition:
    """Split a bone mask at its necks.

    Parameters
    ----------
    bone
        Shape (rows, columns), pixels of ``pixel_mm``.
    """
    factor = PARTITION_MM / pixel_mm
    shape = tuple(max(2, round(n / factor)) for n in bone.shape)
    small = cv2.resize(bone.astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA) >= 0.5
    depth = cv2.distanceTransform(np.pad(small, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1] * PARTITION_MM
    width = np.asarray(cv2.GaussianBlur(depth, (0, 0), SMOOTHING_MM / PARTITION_MM) * small, np.float32)
    peaks = (width == ndimage.maximum_filter(width, 5)) & small
    markers, _ = ndimage.label(peaks, np.ones((3, 3)))
    parts = watershed(-width, markers, mask=small)
    merged = _merged(parts, width)
    return _numbered(merged)


def tiles(limb: Mask, pixel_mm: float) -> Partition:
    """Cut tissue into squares; small ones at its edge are left out."""
    factor = PARTITION_MM / pixel_mm
    shape = tuple(max(2, round(n / factor)) for n in limb.shape)
    small = cv2.resize(limb.astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA) >= 0.5
    rows, columns = ((np.arange(n) * PARTITION_MM / TILE_MM).astype(int) for n in shape)
    numbers = rows[:, None] * (int(columns[-1]) + 1) + columns[None, :] + 1
    area = np.bincount(numbers[small], minlength=int(numbers[-1, -1]) + 1) * PARTITION_MM**2
    return _numbered(np.where(small & (area >= TILE_MM**2 / 4)[numbers], numbers, 0).astype(np.int32))


def _merged(parts: NDArray[np.int32], width: NDArray[np.floating]) -> NDArray[np.int32]:
    """Join parts over wide necks, widest first; then small ones to the neighbour with the widest neck."""
    count = int(parts.max())
    peak = np.asarray(ndimage.maximum(width, parts, np.arange(count + 1)), float)
    area = np.bincount(parts.ravel(), minlength=count + 1) * PARTITION_MM**2
    root = np.arange(count + 1)

    def find(k: int) -> int:
        while root[k] != k:
            k = int(root[k])
        return k

    def join(a: int, b: int) -> None:
        root[b] = a
        peak[a], area[a] = max(peak[a], peak[b]), area[a] + area[b]

    necks = sorted(_necks(parts, width).items(), key=lambda item: (-item[1], item[0]))
    for (a, b), neck in necks:
        a, b = sorted((find(a), find(b)))
        if a != b and neck >= NECK * min(peak[a], peak[b]):
            join(a, b)
    for (a, b), _ in necks:
        a, b = sorted((find(a), find(b)))
        if a != b and min(area[a], area[b]) < MIN_PIECE_MM2:
            join(a, b)
    roots = np.array([find(k) for k in range(count + 1)])
    keep = area[roots] >= MIN_PIECE_MM2
    keep[0] = False
    return np.where(keep[parts], roots[parts], 0).astype(np.int32)


def _necks(parts: NDArray[np.int32], width: NDArray[np.floating]) -> dict[tuple[int, int], float]:
    """(part, part) -> half width of the neck between them."""
    necks: dict[tuple[int, int], float] = {}
    for a, b, wa, wb in ((parts[:-1], parts[1:], width[:-1], width[1:]), (parts[:, :-1], parts[:, 1:], width[:, :-1], width[:, 1:])):
        touch = (a != b) & (a > 0) & (b > 0)
        pairs = np.sort(np.stack([a[touch], b[touch]], axis=1), axis=1)
        for (p, q), w in zip(pairs.tolist(), np.minimum(wa[touch], wb[touch]).tolist(), strict=True):
            necks[p, q] = max(necks.get((p, q), 0.0), w)
    return necks


def _numbered(parts: NDArray[np.int32]) -> Partition:
    values = np.unique(parts)
    values = values[values > 0]
    numbers = np.zeros(int(parts.max()) + 1, np.int32)
    numbers[values] = np.arange(1, values.size + 1)
    return Partition(numbers[parts], int(values.size))
