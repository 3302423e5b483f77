"""The links between visits that together are the likeliest: one linear assignment over all of them (after Jaqaman et al. 2008, Nat Methods 5:695)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching
from scipy.spatial import cKDTree

from calcitrack.track.detection import Detection, MatchOptions

MARKS = (12.9898, 78.233, 45.164)
"""Weights of the coordinates in a number that tells spots apart: incommensurable, their values decide nothing."""
TIE = 1e-9
"""Weight of the term that decides between links of the very same cost, nepers: far below what any measured position can tell."""

Indices = NDArray[np.intp]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spot:
    """A deposit at one visit: its detections on the exposures of that visit by the index of the image.

    Parameters
    ----------
    visit
        Rank of the visit among those with images.
    detections
        At least one.
    position_mm, radius_mm
        Mean position, and radius of the mean area.
    """

    visit: int
    detections: Mapping[int, Detection]

    position_mm: tuple[float, ...]
    radius_mm: float

    @classmethod
    def of(cls, visit: int, detections: Mapping[int, Detection]) -> Spot:
        """The spot of these detections: mean position, and radius of the mean area."""
        seen, n = detections.values(), len(detections)
        axes = range(len(next(iter(seen)).position_mm))
        position = tuple(sum(s.position_mm[axis] for s in seen) / n for axis in axes)
        return cls(visit, detections, position, (sum(s.radius_mm**2 for s in seen) / n) ** 0.5)

    @property
    def largest(self) -> Detection:
        """The detection that covers most."""
        return max(self.detections.values(), key=lambda s: (s.radius_mm, s.position_mm))


def tie(images: Sequence[Sequence[Detection]], visits: Sequence[int], options: MatchOptions) -> list[Spot]:
    """Group detections of the same deposit on the exposures of one visit; spots are in order of visit.

    Parameters
    ----------
    images
        The detections of each image.
    visits
        Rank of each image's visit.
    """
    spots: list[Spot] = []
    for visit in sorted(set(visits)):
        here: list[Spot] = []
        for image in (k for k, v in enumerate(visits) if v == visit):
            found = [Spot.of(visit, {image: s}) for s in images[image]]
            pairs = dict(_assigned(_costs(here, found, options), (len(found), len(here)), options))
            for k, spot in enumerate(found):
                if k in pairs:
                    known = here[pairs[k]]
                    here[pairs[k]] = Spot.of(visit, {**known.detections, **spot.detections})
                else:
                    here.append(spot)
        spots += here
    return spots


def link(spots: Sequence[Spot], options: MatchOptions) -> list[list[int]]:
    """The chains of spots, each in order of visit, whose links together are the likeliest.

    Every spot has at most one link to a later and one to an earlier visit; a link may leap over visits. It is made only where it is likelier
    than an end and a beginning, with all other links taken into account.
    """
    visit = np.array([s.visit for s in spots], int)
    rows, columns, cost = _costs(spots, spots, options)
    ahead = visit[columns] > visit[rows]
    rows, columns = rows[ahead], columns[ahead]
    cost = cost[ahead] + options.leap_cost(visit[columns] - visit[rows] - 1)
    after = dict(_assigned((rows, columns, cost), (len(spots), len(spots)), options))
    chains = []
    for first in sorted(set(range(len(spots))) - set(after.values())):
        chain = [first]
        while chain[-1] in after:
            chain.append(after[chain[-1]])
        chains.append(chain)
    return chains


def _costs(a: Sequence[Spot], b: Sequence[Spot], options: MatchOptions) -> tuple[Indices, Indices, Floats]:
    """Pairs within the gate as (index in `b`, index in `a`, cost in nepers); symmetric in the two spots of a pair."""
    if not a or not b:
        return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0)
    at_a, at_b = (np.array([s.position_mm for s in x]) for x in (a, b))
    size_a, size_b = (np.array([s.radius_mm for s in x]) for x in (a, b))
    first, second = _near(at_a, at_b, options.gate_mm(size_a), options.gate_mm(size_b))
    scale = options.scale_mm(np.maximum(size_a[first], size_b[second]))
    apart = lengths(at_a[first] - at_b[second])
    cost = options.distance_cost(apart / scale) + options.size_cost * np.abs(2 * np.log(size_a[first] / size_b[second]))
    cost = cost + TIE * _mark(at_a, size_a)[first] * _mark(at_b, size_b)[second]
    return second, first, cost


def _near(at_a: Floats, at_b: Floats, reach_a: Floats, reach_b: Floats) -> tuple[Indices, Indices]:
    """Pairs that lie within the greater of their two reaches, each once, in order."""
    from_a = cKDTree(at_b).query_ball_point(at_a, reach_a)
    from_b = cKDTree(at_a).query_ball_point(at_b, reach_b)
    first = np.concatenate([np.repeat(np.arange(len(at_a)), [len(x) for x in from_a]), *map(np.asarray, from_b)]).astype(np.intp)
    second = np.concatenate([*map(np.asarray, from_a), np.repeat(np.arange(len(at_b)), [len(x) for x in from_b])]).astype(np.intp)
    pairs = np.unique(first * len(at_b) + second)
    return pairs // len(at_b), pairs % len(at_b)


def lengths(vectors: Floats) -> Floats:
    """Length of each vector, shape (n, 2) or (n, 3) to (n,)."""
    return np.asarray(reduce(np.hypot, vectors.T))


def _mark(at: Floats, size: Floats) -> Floats:
    """A number between -1 and 1 that distinguishes spots by place and size, not by their order."""
    place = reduce(np.add, [weight * axis for weight, axis in zip(MARKS, at.T, strict=False)])
    return np.asarray(np.sin(place + 37.719 * size))


def _assigned(costs: tuple[Indices, Indices, Floats], shape: tuple[int, int], options: MatchOptions) -> list[tuple[int, int]]:
    """Pairs (row, column) of least total cost, one to one; a pair is left out where it costs more than two that stay alone."""
    rows, columns, cost = costs
    chosen = cost < options.alone_cost
    if not chosen.any():
        return []
    n, m = shape
    # Each row may also take a column of its own, which leaves it alone. All weights are raised by 1, because a stored zero is no edge.
    weight = 1 + np.concatenate([cost[chosen], np.full(n, options.alone_cost)]) + TIE
    graph = csr_array((weight, (np.concatenate([rows[chosen], np.arange(n)]), np.concatenate([columns[chosen], m + np.arange(n)]))), (n, m + n))
    r, c = min_weight_full_bipartite_matching(graph)
    return [(int(i), int(j)) for i, j in zip(r, c, strict=True) if j < m]
