"""Regions that a reader excludes from the search for deposits: rings, cannulas, sutures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from calcitrack.model.corrections import Point
from calcitrack.model.image import Mask
from calcitrack.model.segmentation import Labels, Segmentation

MOST_INSIDE = 0.5
"""A candidate of which more lies in the regions is what they were drawn around, its rest a blurred edge; of another one the part outside stays."""


def region_mask(shape: tuple[int, int], regions: Sequence[Sequence[Point]]) -> Mask:
    """Where the polygons lie, their edges included, shape (rows, columns)."""
    drawn = np.zeros(shape, np.uint8)
    for region in regions:
        corners = np.round(np.array(region, float)[:, ::-1]).astype(np.int32)
        cv2.fillPoly(drawn, [corners], 1)
    return np.asarray(drawn > 0)


def without(found: Segmentation, regions: Sequence[Sequence[Point]]) -> Segmentation:
    """The segmentation without deposits, possible ones included, in the regions. Limb and bone stay, because a ring is worn on a finger.

    Parameters
    ----------
    found
        Any segmentation of the film.
    regions
        Polygons of (row, column) in pixels.
    """
    inside = region_mask((found.labels.shape[0], found.labels.shape[1]), regions)
    kept = _mostly_outside(found.labels, found.label_values, inside)
    possible = None if found.possible is None else np.where(inside, 0, found.possible)
    likely = () if found.possible is None else _mostly_outside(found.possible, found.possible_values, inside)
    cut = replace(found, labels=np.where(inside, 0, found.labels), possible=possible)
    return cut.keeping(kept, found.supported & frozenset(kept)).with_possible(likely)


def _mostly_outside(labels: Labels, numbers: Sequence[int], inside: Mask) -> list[int]:
    """Those of the numbers of which at most `MOST_INSIDE` lies inside."""
    area = np.bincount(labels.ravel())
    within = np.bincount(labels[inside], minlength=area.size)
    return [k for k in numbers if within[k] <= MOST_INSIDE * area[k]]
