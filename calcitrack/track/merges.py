"""Merges and splits. A deposit merges if it is no longer seen and another one now covers its place; a split is the same with time reversed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from calcitrack.model.assessment import Fate
from calcitrack.track.detection import Detection, MatchOptions
from calcitrack.track.link import Spot, lengths

CIRCLE_POINTS = 40
"""Places that stand for a circle: enough to tell a twentieth of it."""
GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))
"""Turn from one place of a sunflower to the next, which spreads them evenly over a circle (Vogel 1979, Math Biosci 44:179)."""


@dataclass(frozen=True, slots=True)
class MergeOrSplit:
    """A spot without successor (merged) or predecessor (split) at the next visit, and the spot of another chain that covers its place then.

    Parameters
    ----------
    fate
        ``Fate.MERGED`` or ``Fate.SPLIT``.
    spot, covering, beside
        Indices of spots: the one that ends or begins; the one that covers its place after that or before; and the last spot of the same chain
        before, or the first after, `covering`, which lay beside `spot`.
    share
        How much of the spot's footprint is covered.
    """

    fate: Fate
    spot: int
    covering: int
    beside: int
    share: float


def merges_and_splits(spots: Sequence[Spot], chains: Sequence[Sequence[int]], options: MatchOptions) -> tuple[MergeOrSplit, ...]:
    """Merges and splits of chains, by spot; each spot merges into one other at most, and splits from one at most.

    Two deposits A and B merge between the visits s and t when B is not seen at t, and A is seen at both and covers at t, not at s, at least
    the share ``options.cover`` of B's footprint, and when areas, and masses where measured, agree to within the factor
    ``options.conserved``. A split is the same with time turned round.
    """
    after = {a: b for chain in chains for a, b in pairwise(chain)}
    before = {b: a for a, b in after.items()}
    found: list[MergeOrSplit] = []
    for fate, onwards, back, sign in ((Fate.MERGED, after, before, 1), (Fate.SPLIT, before, after, -1)):
        best: dict[int, MergeOrSplit] = {}
        for event in _candidates(fate, spots, onwards, back, sign, options):
            known = best.get(event.spot)
            if known is None or _rank(event, spots) > _rank(known, spots):
                best[event.spot] = event
        found += _conserving(tuple(best.values()), spots, options)
    return tuple(sorted(found, key=lambda m: (m.spot, m.fate)))


def _candidates(
    fate: Fate, spots: Sequence[Spot], onwards: dict[int, int], back: dict[int, int], sign: int, options: MatchOptions
) -> Iterator[MergeOrSplit]:
    """Spots that the next visit does not continue, each with those that cover their place from there on."""
    visit = [sign * s.visit for s in spots]
    last = max(visit, default=0)
    ending = [k for k in range(len(spots)) if visit[k] < last and (k not in onwards or visit[onwards[k]] > visit[k] + 1)]
    if not ending:
        return
    covering = [k for k in range(len(spots)) if k in back]
    if not covering:
        return
    reach = [_extent(spots[k]) + options.position_mm for k in covering]
    near = cKDTree([spots[k].position_mm for k in ending]).query_ball_point([spots[k].position_mm for k in covering], reach)
    for c, around in zip(covering, near, strict=True):
        s = back[c]
        for e in (ending[i] for i in around):
            until = visit[onwards[e]] if e in onwards else last + 1
            if not visit[s] <= visit[e] < visit[c] < until:
                continue
            share = covered(spots[e], spots[c], options)
            if share >= options.cover > covered(spots[e], spots[s], options):
                yield MergeOrSplit(fate, e, c, s, share)


def _rank(event: MergeOrSplit, spots: Sequence[Spot]) -> tuple[float, float, tuple[float, ...]]:
    """Rank of an event: by covered share, then nearness, then place; never by order."""
    other = spots[event.covering].position_mm
    return event.share, -float(lengths(np.subtract([spots[event.spot].position_mm], other))[0]), other


def _conserving(found: Sequence[MergeOrSplit], spots: Sequence[Spot], options: MatchOptions) -> list[MergeOrSplit]:
    """Events whose area (in volumes: volume) and mass agree before and after; all events that meet in one spot count together."""
    kept = []
    for c in {m.covering for m in found}:
        group = [m for m in found if m.covering == c]
        parts = [spots[k] for k in (group[0].beside, *(m.spot for m in group))]
        dimensions = len(spots[c].position_mm)
        sizes = [p.radius_mm**dimensions for p in parts]
        masses = [_mass(p) for p in (spots[c], *parts)]
        agrees = _within(spots[c].radius_mm ** dimensions, sum(sizes), options.conserved)
        known = [m for m in masses if m is not None]
        if len(known) == len(masses):
            agrees = agrees and _within(known[0], sum(known[1:]), options.conserved)
        kept += group if agrees else []
    return kept


def _within(whole: float, parts: float, factor: float) -> bool:
    return parts <= factor * whole and whole <= factor * parts


def _mass(spot: Spot) -> float | None:
    masses = [s.mass_mg for s in spot.detections.values() if s.mass_mg is not None]
    return float(np.mean(masses)) if len(masses) == len(spot.detections) else None


def covered(spot: Spot, other: Spot, options: MatchOptions) -> float:
    """Share of a spot's footprint that another one covers, within the tolerance of registration and sampling."""
    of, by = footprint(spot.largest), footprint(other.largest)
    room = 0.5 * _between_places(other.largest.radius_mm, len(by), by.shape[1]) + options.position_mm
    distance, _ = cKDTree(by).query(of, distance_upper_bound=room)
    return float(np.mean(np.isfinite(distance)))


def _between_places(radius_mm: float, count: int, dimensions: int) -> float:
    """Distance between neighbouring places that are spread evenly over a circle or a ball, mm."""
    if dimensions == 2:
        return float(np.sqrt(np.pi * radius_mm**2 / count))
    return float(np.cbrt(4 / 3 * np.pi * radius_mm**3 / count))


def footprint(detection: Detection) -> NDArray[np.float64]:
    """Places spread evenly over a detection, shape (n, 2) on a film and (n, 3) in a volume, mm."""
    if detection.footprint_mm:
        return np.array(detection.footprint_mm)
    if len(detection.position_mm) != 2:
        return np.array([detection.position_mm])
    k = np.arange(CIRCLE_POINTS)
    r, angle = detection.radius_mm * np.sqrt((k + 0.5) / CIRCLE_POINTS), k * GOLDEN_ANGLE
    return np.asarray(np.asarray(detection.position_mm) + np.stack([r * np.cos(angle), r * np.sin(angle)], axis=1))


def _extent(spot: Spot) -> float:
    """Largest distance of a spot's places from its middle, mm."""
    if not spot.largest.footprint_mm:
        return spot.largest.radius_mm
    return float(lengths(footprint(spot.largest) - spot.position_mm).max())
