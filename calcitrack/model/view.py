"""What one image shows of the places on the baseline image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calcitrack.model.alignment import Alignment
from calcitrack.model.corrections import NO_CORRECTION, FilmCorrection
from calcitrack.model.measurement import Position

Place = Position
"""On the baseline image, in pixels."""

EDGE_PX = 1.0
"""A place this far beyond the picture counts as in it, pixels: about what registration leaves (`calcitrack.register.acceptance`)."""
LEAST_SHOWN = 0.9
"""Share of a deposit's shadow within the picture from which it is measured whole: less would let a picture's edge pass for a deposit that shrinks."""


@dataclass(frozen=True, slots=True)
class View:
    """Facts about one image that fates depend on.

    Parameters
    ----------
    time_point
        1-based index.
    alignment
        Baseline onto this image; ``None`` on the image that the others are aligned to.
    shape
        (rows, columns) of a film, (slices, rows, columns) of a volume.
    correction
        What a reader states about the film: outside of a crop, and in excluded regions, it shows nothing.

    Examples
    --------
    >>> baseline = View(1, None, (100, 80))
    >>> baseline.shows((99.0, 40.0)), baseline.shows((120.0, 40.0))
    (True, False)
    """

    time_point: int
    alignment: Alignment | None
    shape: tuple[int, ...]
    correction: FilmCorrection = NO_CORRECTION

    @property
    def linked(self) -> bool:
        """Whether identities may be carried over to this image."""
        return self.alignment is None or self.alignment.ok

    def knows(self, place: Place) -> bool:
        """Whether identities may be carried over to this image at this place."""
        return self.alignment is None or bool(self.alignment.ok_at(place))

    def shows(self, place: Place) -> bool:
        """Whether the place is known on this image and lies within the picture."""
        if not self.knows(place):
            return False
        return bool(self._looked_at(np.asarray(place, float)[None], 0.0)[0])

    def holds(self, shadow: ArrayLike) -> bool:
        """Whether at least `LEAST_SHOWN` of a shadow, baseline places of the shape (n, 2) or (n, 3), lie within the picture."""
        return bool(self._looked_at(np.asarray(shadow, float), EDGE_PX).mean() >= LEAST_SHOWN)

    def share_outside(self, places: ArrayLike) -> float:
        """Share of baseline places of the shape (n, 2) or (n, 3) that lie outside the picture; 0 without any."""
        at = np.asarray(places, float)
        return float(1 - self._looked_at(at, EDGE_PX).mean()) if len(at) else 0.0

    def cuts(self, box: tuple[slice, ...]) -> bool:
        """Whether something within this box of the image reaches the edge of what is looked at, which may cut it."""
        return any(side.start <= low + EDGE_PX or side.stop - 1 >= high - EDGE_PX for side, (low, high) in zip(box, self._sides, strict=True))

    @property
    def _sides(self) -> tuple[tuple[int, int], ...]:
        """First and last pixel that is looked at, along each axis."""
        crop = self.correction.crop
        return tuple((0, side - 1) for side in self.shape) if crop is None else (crop[:2], crop[2:])

    def _looked_at(self, places: NDArray[np.float64], margin: float) -> NDArray[np.bool_]:
        """Which baseline places of the shape (n, 2) or (n, 3) lie in the part of the picture that is looked at, or this far beyond its edge."""
        at = places if self.alignment is None else self.alignment.to_image(places)
        low, high = np.array(self._sides).T
        inside = np.all((at >= low - margin) & (at <= high + margin), axis=-1)
        for region in self.correction.excluded:
            inside &= ~_within(at, np.array(region, float))
        return np.asarray(inside)


def _within(at: NDArray[np.float64], polygon: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which places lie in a polygon, by the number of its sides that a ray along the row crosses (Shimrat 1962, Commun ACM 5:434)."""
    start, end = polygon, np.roll(polygon, -1, axis=0)
    row, column = at[:, None, 0], at[:, None, 1]
    crosses = (start[:, 0] > row) != (end[:, 0] > row)
    height = np.where(end[:, 0] == start[:, 0], 1.0, end[:, 0] - start[:, 0])
    left = column < start[:, 1] + (row - start[:, 0]) * (end[:, 1] - start[:, 1]) / height
    return np.asarray((crosses & left).sum(axis=1) % 2 == 1)
