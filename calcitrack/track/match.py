"""Which deposit is which: one-to-one matching of each image's deposits with the tracks known so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from calcitrack.errors import InvalidValueError

IMPOSSIBLE = 1e6
"""Cost of a pair beyond the gate."""


@dataclass(frozen=True, slots=True)
class MatchOptions:
    """Settings of `follow`.

    Parameters
    ----------
    gate_mm
        Farthest two sightings of one deposit may lie apart after alignment, from outline to outline. Chosen on simulated hands that are posed
        anew at each visit: fingers spread and bend, and one transform for the whole hand leaves several millimetres.
    size_weight_mm
        Distance that a factor of e between the two sizes counts for: near deposits of like size are told apart from unlike ones.
    """

    gate_mm: float = 8.0
    size_weight_mm: float = 2.0

    def __post_init__(self) -> None:
        if not self.gate_mm > 0 or self.size_weight_mm < 0:
            raise InvalidValueError(f"gate_mm is positive and size_weight_mm not negative; found {self.gate_mm} and {self.size_weight_mm}")


@dataclass(frozen=True, slots=True)
class Sighting:
    """A deposit on one image in baseline's coordinates: position (row, column) and radius of the circle of its area, mm."""

    label: int
    position_mm: tuple[float, float]
    radius_mm: float


@dataclass(frozen=True, slots=True)
class Track:
    """One deposit over the images: sightings by the index of their image, earliest first."""

    number: int
    sightings: Mapping[int, Sighting]

    @property
    def last(self) -> Sighting:
        """The latest sighting: what the next image is compared with."""
        return self.sightings[max(self.sightings)]

    def seen(self, index: int, sighting: Sighting) -> Track:
        """The same track with one more sighting."""
        return Track(self.number, {**self.sightings, index: sighting})


def follow(images: Sequence[Sequence[Sighting]], options: MatchOptions | None = None) -> tuple[Track, ...]:
    """Give each deposit an identity over all images.

    Parameters
    ----------
    images
        The sightings of each image, in order of time, all in baseline's coordinates.
    options
        Settings; defaults when ``None``.

    Returns
    -------
    Tracks numbered from 1 in order of first sighting. Each label of each image belongs to exactly one track, and a track holds at most
    one label of an image.
    """
    options = options or MatchOptions()
    tracks: list[Track] = []
    for index, sightings in enumerate(images):
        taken = _assign(tracks, sightings, options)
        for k, sighting in enumerate(sightings):
            if k in taken:
                tracks[taken[k]] = tracks[taken[k]].seen(index, sighting)
            else:
                tracks.append(Track(len(tracks) + 1, {index: sighting}))
    return tuple(tracks)


def _assign(tracks: Sequence[Track], sightings: Sequence[Sighting], options: MatchOptions) -> dict[int, int]:
    """Sighting -> track: pairs of least total cost within the gate (Kuhn 1955; Jonker and Volgenant 1987)."""
    if not tracks or not sightings:
        return {}
    cost = np.array([[_cost(t.last, s, options) for s in sightings] for t in tracks])
    rows, columns = linear_sum_assignment(cost)
    return {int(c): int(r) for r, c in zip(rows, columns, strict=True) if cost[r, c] < IMPOSSIBLE}


def _cost(a: Sighting, b: Sighting, options: MatchOptions) -> float:
    apart: NDArray[np.float64] = np.subtract(a.position_mm, b.position_mm)
    distance = max(0.0, float(np.hypot(*apart)) - max(a.radius_mm, b.radius_mm))
    if distance > options.gate_mm:
        return IMPOSSIBLE
    return float(np.hypot(*apart)) + options.size_weight_mm * abs(2 * float(np.log(a.radius_mm / b.radius_mm)))
