"""Detections (one deposit found on one image), and the costs of linking two of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calcitrack.errors import InvalidValueError

TAIL = 3.0
"""Degrees of freedom of the bivariate t distribution of registration errors: their 90 % and 50 % quantiles on simulated hands, 0.58 and 0.24 mm
(docs/explanation/registration.md), have the ratio 2.4; the distribution's own is 2.5, that of a normal one 1.8."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A deposit on one image in baseline's coordinates.

    Parameters
    ----------
    label
        Its value in the image's label map.
    position_mm
        (row, column) of its centroid, or (slice, row, column) in a volume.
    radius_mm
        Radius of the circle of its area, or of the ball of its volume.
    mass_mg
        Its mass of hydroxyapatite; ``None`` where that is not measurable.
    footprint_mm
        Places spread evenly over it, as `position_mm`. Where there are none, a circle of its radius stands for it on a film, its middle in a volume.
    """

    label: int
    position_mm: tuple[float, ...]
    radius_mm: float
    mass_mg: float | None = None
    footprint_mm: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class MatchOptions:
    """Settings of `follow`. Costs are negative logarithms of likelihood ratios, in nepers.

    Parameters
    ----------
    position_mm
        Scale of the distance between two detections of one deposit. The error of registration has the median 0.31 mm at deposits on simulated
        hands (docs/explanation/registration.md), so the scale 0.23 mm; that of two follow-ups against each other is root two larger.
    shape_share
        What a change of shape adds to the scale, as a share of the larger radius: a disc that grows by half on one side moves its centroid by a
        fifth of its radius.
    gate
        Farthest distance, in scales. Seven scales are 2.4 mm for a small deposit, twice the greatest error seen on simulated hands (1.26 mm).
    size_cost
        Cost of a factor of e between two areas.
    alone_cost
        Cost of an end and a beginning instead of a link. From one visit to the next one deposit in 20 ends, and one in 20 begins (3 nepers each); to
        begin just there, on the square millimetre about the place of another one, with some ten deposits on 10 000 mm2 of a hand, takes 7 more.
        Twelve of these thirteen, for what the distances leave out.
    missed_cost
        Cost of a visit at which a deposit was not seen. Of 42 that were found at the visits before and after, none was missed on simulated hands
        (docs/explanation/identity.md): with 95 % confidence fewer than 7 %. Taken as 5 %, which is 3 nepers.
    missed_again_cost
        Cost of each further visit: one in two, because what was missed once is hard to see, or gone.
    cover
        Share of a deposit's footprint that another one covers, from which on the two are taken to have merged.
    conserved
        Greatest factor between the areas (and masses, where measured) of a family before and after a merge or a split.

    Examples
    --------
    >>> from calcitrack.track import MatchOptions
    >>> MatchOptions().gate > 0
    True
    """

    position_mm: float = 0.35
    shape_share: float = 0.2
    gate: float = 7.0
    size_cost: float = 1.0
    alone_cost: float = 12.0
    missed_cost: float = 3.0
    missed_again_cost: float = 0.7
    cover: float = 0.5
    conserved: float = 2.0

    def __post_init__(self) -> None:
        if not min(self.position_mm, self.gate, self.alone_cost) > 0:
            raise InvalidValueError(f"position_mm, gate and alone_cost are positive; found {self.position_mm}, {self.gate} and {self.alone_cost}")
        if min(self.shape_share, self.size_cost, self.missed_cost, self.missed_again_cost) < 0:
            found = f"{self.shape_share}, {self.size_cost}, {self.missed_cost} and {self.missed_again_cost}"
            raise InvalidValueError(f"shape_share, size_cost, missed_cost and missed_again_cost are not negative; found {found}")
        if not (0 < self.cover <= 1 and self.conserved >= 1):
            raise InvalidValueError(f"cover is a share above 0 and conserved a factor of 1 or more; found {self.cover} and {self.conserved}")

    def scale_mm(self, radius_mm: ArrayLike) -> NDArray[np.float64]:
        """Scale of the distance between two detections, the larger of which has this radius."""
        return np.hypot(self.position_mm, self.shape_share * np.asarray(radius_mm, float))

    def gate_mm(self, radius_mm: ArrayLike) -> NDArray[np.float64]:
        """Farthest that two detections may lie apart, the larger of which has this radius."""
        return np.asarray(self.gate * self.scale_mm(radius_mm))

    def distance_cost(self, scales: ArrayLike) -> NDArray[np.float64]:
        """Cost of a distance, in scales: that of the bivariate t distribution, 0 at 0."""
        return np.asarray((TAIL + 2) / 2 * np.log1p(np.asarray(scales, float) ** 2 / TAIL))

    def leap_cost(self, visits: ArrayLike) -> NDArray[np.float64]:
        """Cost of leaping over so many visits."""
        missed = np.asarray(visits, float)
        return np.asarray(np.where(missed > 0, self.missed_cost + self.missed_again_cost * (missed - 1), 0.0))
