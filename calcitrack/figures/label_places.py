"""Places for the deposits' ids: beside each deposit, on no deposit, on no other id, inside the picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

GAPS = (4.0, 14.0, 30.0, 55.0, 90.0, 140.0)
"""Tried distances from the deposit's box, nearest first, in pixels of the picture."""
DIRECTIONS = 12


@dataclass(frozen=True, slots=True)
class Box:
    """Upright rectangle in pixels of the picture."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """Common area."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(width, 0.0) * max(height, 0.0)

    def distance_to(self, other: Box) -> float:
        """Shortest distance, 0 when they touch."""
        dx = max(other.left - self.right, self.left - other.right, 0.0)
        dy = max(other.top - self.bottom, self.top - other.bottom, 0.0)
        return math.hypot(dx, dy)

    def nearest(self, other: Box) -> tuple[float, float]:
        """The point of this box that is nearest to the centre of the other."""
        x, y = (other.left + other.right) / 2, (other.top + other.bottom) / 2
        return min(max(x, self.left), self.right), min(max(y, self.top), self.bottom)


def place_labels(boxes: Sequence[Box], sizes: Sequence[tuple[float, float]], picture: tuple[int, int]) -> list[Box]:
    """A place for each label.

    Parameters
    ----------
    boxes
        The deposits.
    sizes
        Width and height of each label.
    picture
        Width and height of the picture.

    Returns
    -------
    list of Box
        In the same order: the nearest free place or, without one, the place that hides least.
    """
    placed: list[Box] = []
    for box, size in zip(boxes, sizes, strict=True):
        occupied = [*boxes, *placed]
        best, least = None, math.inf
        for candidate in _candidates(box, size):
            hidden = sum(candidate.overlap(t) for t in occupied) + _outside(candidate, picture)
            if hidden < least:
                best, least = candidate, hidden
            if hidden == 0:
                break
        placed.append(best if best is not None else Box(box.right, box.top, box.right + size[0], box.top + size[1]))
    return placed


def _candidates(box: Box, size: tuple[float, float]) -> Iterator[Box]:
    """Places around a box, nearest first; to the right before the left, since ids are read from the left."""
    width, height = size
    centre_x, centre_y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    for gap in GAPS:
        reach_x, reach_y = (box.right - box.left + width) / 2 + gap, (box.bottom - box.top + height) / 2 + gap
        for k in range(DIRECTIONS):
            turn = (k + 1) // 2 * (1 if k % 2 else -1) * 2 * math.pi / DIRECTIONS
            across, along = math.cos(turn), math.sin(turn)
            stretch = 1 / max(abs(across), abs(along))  # onto the rectangle at this distance, not onto its ellipse
            x, y = centre_x + reach_x * across * stretch - width / 2, centre_y + reach_y * along * stretch - height / 2
            yield Box(x, y, x + width, y + height)


def _outside(box: Box, picture: tuple[int, int]) -> float:
    inside = box.overlap(Box(0, 0, *picture))
    return (box.right - box.left) * (box.bottom - box.top) - inside
