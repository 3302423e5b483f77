"""Operations on outlines: fill, split. Pure: arrays in, masks out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.segmentation import watershed

from calcitrack.measure.live import Window
from calcitrack.model.image import Mask
from calcitrack.model.segmentation import Labels


def filled(inside: Mask) -> Mask:
    """The mask of a deposit with its holes filled."""
    return np.asarray(ndimage.binary_fill_holes(inside), bool)


def parts_of(inside: Mask) -> NDArray[np.int32]:
    """Divide a deposit: into the parts that do not touch, else at the waist into two lobes.

    Returns
    -------
    Numbers of the parts in the shape of the mask: 0 outside, 1 for the largest part, 2, ...; only 1 where there is nothing to divide.
    """
    apart, count = ndimage.label(inside, np.ones((3, 3)))
    if count < 2:
        deep = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
        peaks = peak_local_max(deep, min_distance=2, labels=inside.astype(int), num_peaks=2, exclude_border=False)
        if len(peaks) < 2:
            return inside.astype(np.int32)
        markers = np.zeros(inside.shape, np.int32)
        markers[tuple(peaks.T)] = (1, 2)
        apart = watershed(-deep, markers, mask=inside)
    sizes = np.bincount(apart.ravel())
    sizes[0] = 0
    order = np.argsort(-sizes, kind="stable")
    rank = np.zeros(len(sizes), np.int32)
    rank[order[: np.count_nonzero(sizes)]] = np.arange(1, np.count_nonzero(sizes) + 1)
    return np.asarray(rank[apart], np.int32)


def changed_window(before: Labels, after: Labels) -> Window | None:
    """Smallest window that holds every pixel in which two label maps differ."""
    different = before != after
    rows, columns = np.flatnonzero(different.any(axis=1)), np.flatnonzero(different.any(axis=0))
    if not rows.size:
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
