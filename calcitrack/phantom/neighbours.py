"""Neighbouring deposits: the distance at which two touch, and the touching shadows of a film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import cv2
import numpy as np

from calcitrack.model.image import Mask
from calcitrack.phantom.deposits import cloud
from calcitrack.phantom.shapes import Vector
from calcitrack.phantom.specs import DepositSpec

_LANE_MM = 0.5
"""Width of the lanes along the bone in which two deposits would meet, mm: a few of their points lie in each."""


def beside(near: DepositSpec, new: DepositSpec, others: Sequence[DepositSpec]) -> DepositSpec | None:
    """Place the new deposit beside another of the same course, along the bone: apart while both are small, touching while they are large.

    Lengths of a solid deposit scale with the cube root of its volume, and so does the distance at which two of them touch. The chosen one is that
    of the middle between their smallest and their largest, on a logarithmic scale.

    Returns
    -------
    DepositSpec or None
        ``None`` where other deposits leave no room on either side.
    """
    sizes = [f ** (1 / 3) for f in near.volume_factors if f > 0]
    middle = float(np.sqrt(min(sizes) * max(sizes)))
    mine, its = cloud(near, 1.0).points_mm, cloud(new, 1.0).points_mm
    across, along, height = near.position_mm
    for side in (1.0, -1.0):
        place = (across, along + side * middle * _contact_mm(mine * side, its * side), height)
        clear = (o for o in others if o.segment == near.segment)
        if all(np.linalg.norm(np.subtract(place, o.position_mm)) > 0.45 * (new.size_mm + o.size_mm) + 1.0 for o in clear):
            return replace(new, position_mm=place)
    return None


def _contact_mm(lower: Vector, upper: Vector) -> float:
    """Distance along the bone (the second coordinate) at which two clouds just touch, seen from the tube; 0 where they miss each other."""
    lanes = [np.round(c[:, 0] / _LANE_MM).astype(int) for c in (lower, upper)]
    first = min(int(lane.min()) for lane in lanes)
    count = max(int(lane.max()) for lane in lanes) - first + 1
    top, bottom = np.full(count, -np.inf), np.full(count, np.inf)
    np.maximum.at(top, lanes[0] - first, lower[:, 1])
    np.minimum.at(bottom, lanes[1] - first, upper[:, 1])
    return max(0.0, float(np.max(top - bottom)))


@dataclass(frozen=True, eq=False, slots=True)
class Shadow:
    """A deposit's shadow in a window of a film that begins at (top, left)."""

    deposit_id: int
    top: int
    left: int
    mask: Mask


def touching(shadows: Sequence[Shadow]) -> dict[int, tuple[int, ...]]:
    """For each deposit, those whose shadows overlap or adjoin its own (8-neighbours), in ascending order."""
    met: dict[int, set[int]] = {s.deposit_id: set() for s in shadows}
    for one, other in combinations(shadows, 2):
        if _meet(one, other):
            met[one.deposit_id].add(other.deposit_id)
            met[other.deposit_id].add(one.deposit_id)
    return {k: tuple(sorted(v)) for k, v in met.items()}


def _meet(one: Shadow, other: Shadow) -> bool:
    grown = cv2.dilate(np.pad(one.mask.astype(np.uint8), 1), np.ones((3, 3), np.uint8)) > 0
    rows = max(one.top - 1, other.top), min(one.top - 1 + grown.shape[0], other.top + other.mask.shape[0])
    columns = max(one.left - 1, other.left), min(one.left - 1 + grown.shape[1], other.left + other.mask.shape[1])
    if rows[0] >= rows[1] or columns[0] >= columns[1]:
        return False
    mine = grown[rows[0] - one.top + 1 : rows[1] - one.top + 1, columns[0] - one.left + 1 : columns[1] - one.left + 1]
    return bool((mine & other.mask[rows[0] - other.top : rows[1] - other.top, columns[0] - other.left : columns[1] - other.left]).any())
