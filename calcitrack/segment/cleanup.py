"""Rules that all segmenters share: smallest deposit, order of the labels, what is outside the field."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from calcitrack.model.image import Mask


def finish(drawn: NDArray[np.integer], confidence: Mapping[int, float], valid: Mask, min_pixels: float) -> tuple[NDArray[np.uint16], dict[int, int]]:
    """Labels 1 ... n from the largest deposit to the smallest.

    Parameters
    ----------
    drawn
        Shape (rows, columns): 0 or the number of a deposit, in any order.
    confidence
        Number -> probability. Numbers without one are dropped.
    valid
        Outside it there is no deposit.
    min_pixels
        Deposits of fewer pixels of the film are dropped.

    Returns
    -------
    Labels, and which number each had.
    """
    there = np.asarray(valid & (drawn > 0), dtype=bool)
    found = drawn[there]
    area = np.bincount(found, minlength=max(confidence, default=0) + 1)
    order = sorted((k for k in confidence if area[k] and area[k] >= min_pixels), key=lambda k: (-int(area[k]), k))
    order = order[: np.iinfo(np.uint16).max]
    rename = np.zeros(area.size, np.uint16)
    rename[order] = np.arange(1, len(order) + 1)
    labels = np.zeros(drawn.shape, np.uint16)
    labels[there] = rename[found]
    return labels, dict(enumerate(order, start=1))
