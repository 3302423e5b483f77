"""Possible deposits of an image: too unsure to be counted, and shown to the reader."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from calcitrack.model.measurement import Position
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.spacing import Spacing


@dataclass(frozen=True, slots=True)
class PossibleDeposit:
    """One possible deposit of an image. It has no identity over time.

    Parameters
    ----------
    number
        Its number in `Segmentation.possible`.
    centroid
        (row, column) in pixels, or (slice, row, column).
    area_px
        Its pixels.
    area_mm2
        Its area in the plane of the image's spacing, mm2; ``None`` where no size of a pixel is stated.
    confidence
        Estimated probability that it is real.

    Examples
    --------
    >>> PossibleDeposit(2, (10.5, 20.0), 12, None, 0.6).name
    'P2'
    """

    number: int
    centroid: Position
    area_px: int
    area_mm2: float | None
    confidence: float

    @property
    def name(self) -> str:
        """What it is called on its image."""
        return possible_name(self.number)


def possible_name(number: int) -> str:
    """What the possible deposit with this number is called on its image."""
    return f"P{number}"


def possible_number(name: str) -> int | None:
    """The number of the possible deposit that is called so; ``None`` for a name of anything else.

    Examples
    --------
    >>> possible_number("P2"), possible_number("D002")
    (2, None)
    """
    return int(name[1:]) if _POSSIBLE_NAME.fullmatch(name) else None


_POSSIBLE_NAME = re.compile(r"P[0-9]+")


def possible_deposits(segmentation: Segmentation, spacing: Spacing) -> tuple[PossibleDeposit, ...]:
    """The possible deposits of an image, by number.

    Parameters
    ----------
    segmentation
        Of the image.
    spacing
        The image's.

    Examples
    --------
    >>> from calcitrack.phantom.small import small_radiograph, small_segmentation
    >>> found = small_segmentation().keeping([], possible=[1])
    >>> possible_deposits(found, small_radiograph().spacing)[0].area_px
    137
    """
    if segmentation.possible is None:
        return ()
    places = np.argwhere(segmentation.possible)
    numbers = segmentation.possible[tuple(places.T)]
    sizes = np.bincount(numbers)
    sums = [np.bincount(numbers, weights=along) for along in places.T]
    area = spacing.pixel_area_mm2
    return tuple(
        PossibleDeposit(
            number=k,
            centroid=tuple(float(s[k] / sizes[k]) for s in sums),
            area_px=int(sizes[k]),
            area_mm2=None if area is None else float(sizes[k] * area),
            confidence=segmentation.possible_confidence.get(k, 1.0),
        )
        for k in segmentation.possible_values
    )
