"""Regions that a reader excludes from the search for deposits: rings, cannulas, sutures."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from calcitrack.model.corrections import Point
from calcitrack.model.image import Mask
from calcitrack.model.segmentation import Segmentation

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
    """The segmentation without deposits in the regions. Limb and bone stay, because a ring is worn on a finger.

    Parameters
    ----------
    found
        Any segmentation of the film.
    regions
        Polygons of (row, column) in pixels.
    """
    inside = region_mask((found.labels.shape[0], found.labels.shape[1]), regions)
    area = np.bincount(found.labels.ravel())
    within = np.bincount(found.labels[inside], minlength=area.size)
    kept = [label for label in found.label_values if within[label] <= MOST_INSIDE * area[label]]
    cut = Segmentation(
        labels=np.where(inside, 0, found.labels),
        limb=found.limb,
        bone=found.bone,
        confidence=found.confidence,
        widening=found.widening,
        supported=found.supported,
        findings=found.findings,
    )
    return cut.keeping(kept, found.supported & frozenset(kept))
