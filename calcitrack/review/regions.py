"""Operations on outlines: grow, fill, split. Pure: arrays in, masks out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.morphology import flood
from skimage.segmentation import watershed

from calcitrack.measure.live import Window
from calcitrack.model.image import FloatImage, Mask
from calcitrack.model.segmentation import Labels

REACH_MM = 12.0
"""Farthest that a region grows from the click: the largest lobulated masses of a hand are about 25 mm wide; larger ones take a second click."""
SEARCH_MM = 0.6
"""Farthest that a click may miss the densest place: half the width of a small deposit."""
RING_MM = (2.0, 4.0)
"""Distances from the click between which the surrounding tissue is sampled."""
HALF = 0.5
"""Share of the contrast between tissue and deposit at which its outline lies: there, the blurred edge of a dense body is half as bright."""
MIN_PIXELS = 3
"""Smallest region; a smaller one is noise."""
CONNECTIVITY = 1
"""Only pixels that share an edge are neighbours, so that a region does not leak through a corner."""


def window_around(shape: tuple[int, int], place: tuple[int, int], reach_px: int) -> Window:
    """Rows and columns of the film within ``reach_px`` pixels of a place."""
    rows, columns = (slice(max(0, p - reach_px), min(n, p + reach_px + 1)) for p, n in zip(place, shape, strict=True))
    return rows, columns


def grown(
    image: FloatImage, place: tuple[int, int], pixel_mm: float, share: float = HALF, labels: Labels | None = None, own: int = 0
) -> tuple[Window, Mask]:
    """Grow the dense region around a click.

    Parameters
    ----------
    image
        Shape (rows, columns), larger is denser.
    place
        (row, column) of the click.
    pixel_mm
        Size of a pixel.
    share
        Threshold, as a share of the contrast between the surrounding tissue and the densest place at the click. A lower one grows further.
    labels
        Shape (rows, columns): deposits into which the region does not grow.
    own
        Label of the growing deposit, whose pixels are no obstacle.

    Returns
    -------
    A window, and the region within it: all False where nothing stands out.
    """
    shape = (image.shape[0], image.shape[1])
    window = window_around(shape, place, max(2, round(REACH_MM / pixel_mm)))
    part = image[window]
    free = np.ones(part.shape, bool) if labels is None else (labels[window] == 0) | (labels[window] == own)
    here = (place[0] - window[0].start, place[1] - window[1].start)
    rows, columns = np.ogrid[: part.shape[0], : part.shape[1]]
    away_mm = np.hypot(rows - here[0], columns - here[1]) * pixel_mm
    near = (away_mm <= max(SEARCH_MM, pixel_mm)) & free
    ring = (away_mm >= RING_MM[0]) & (away_mm <= RING_MM[1]) & free
    nothing = np.zeros(part.shape, bool)
    if not near.any() or not ring.any():
        return window, nothing
    seed = np.unravel_index(int(np.where(near, part, -np.inf).argmax()), part.shape)
    tissue, peak = float(np.median(part[ring])), float(part[seed])
    if peak <= tissue:
        return window, nothing
    dense = (part >= tissue + share * (peak - tissue)) & free
    region = flood(dense.view(np.uint8), (int(seed[0]), int(seed[1])), connectivity=CONNECTIVITY) if dense[seed] else nothing
    region = np.asarray(ndimage.binary_fill_holes(region), bool) & free
    return window, region if np.count_nonzero(region) >= MIN_PIXELS else nothing


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
