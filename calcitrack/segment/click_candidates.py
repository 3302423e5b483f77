"""Candidates for the outline around a click: level sets of several pictures of its surroundings, whole and cut at narrow bridges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from skimage.graph import MCP_Geometric

from calcitrack.model.image import FloatImage, Mask
from calcitrack.segment.click_view import REACH_PX, View

LEVELS = 14
"""Level sets of a picture."""
LEAST_PX, MOST_SHARE = 5, 0.6
"""Fewest pixels of a candidate, and the most of the window that it may cover."""
BRIDGES_PX = (0, 2)
"""Radii of the openings that cut a candidate from what touches it."""
CLEFT_PX = 1
"""Radius of the closing that joins lobules, in pixels of the scale."""
WIDE_SHARES = (0.14, 0.36)
"""Widths of the surroundings that two pictures are freed from, as shares of the window's reach."""
BORDER_SHARE = 0.15
"""A candidate whose outline runs along the window's border by more than this goes on beyond it."""
SAME_AREA = 1.03
"""Level sets whose areas differ by less are one candidate."""
PICTURES = ("image", "fine", "wide", "odds", "both", "way")
"""Names of the pictures: attenuation; the same freed from its surroundings, narrow and wide; log odds of the network; attenuation and log
odds together; and the ease of the way from the click, which edges make hard."""
WAY_COST = 0.15
"""Cost of a way through flat tissue, in units of an edge: few of them make a region compact."""


@dataclass(frozen=True, eq=False, slots=True)
class Candidate:
    """One candidate.

    Parameters
    ----------
    view
        Where it was found.
    inside
        Shape of the view.
    picture
        Position in `PICTURES`.
    cut
        Position in `BRIDGES_PX`.
    stability
        Logarithm of its area over that of the next smaller level set: what stands out with a steep edge hardly grows.
    """

    view: View
    inside: Mask
    picture: int
    cut: int
    stability: float


def candidates_of(view: View) -> Iterator[Candidate]:
    """Candidates at one scale, from every picture."""
    for n, picture in enumerate(_pictures(view)):
        for cut, radius in enumerate(BRIDGES_PX):
            before = 0.0
            for level in _levels(picture, view.click):
                inside = _region(np.asarray(picture >= level), view.click, radius)
                if inside is None:
                    continue
                area = float(np.count_nonzero(inside))
                if area > MOST_SHARE * inside.size:
                    break
                if area < LEAST_PX or area < before * SAME_AREA:
                    continue
                if _cut_off(inside):
                    break
                yield Candidate(view, inside, n, cut, float(np.log(area / before)) if before else 3.0)
                before = area


def _pictures(view: View) -> Iterator[FloatImage]:
    reach = REACH_PX[view.scale]
    fine, wide = (view.image - cv2.GaussianBlur(view.image, (0, 0), share * reach, borderType=cv2.BORDER_REFLECT) for share in WIDE_SHARES)
    yield view.image
    yield fine
    yield wide
    odds = np.asarray(cv2.GaussianBlur(view.odds, (0, 0), 0.7), np.float32)
    yield odds
    yield np.asarray(wide / max(float(wide.std()), 1e-4) + 0.4 * odds, np.float32)
    yield _way(view)


def _way(view: View) -> FloatImage:
    """Minus the length of the easiest way from the click, where edges are hard to cross."""
    edge = view.slope / (6 * view.grain)
    cost = WAY_COST + edge**2 / (1 + edge)
    lengths, _ = MCP_Geometric(cost).find_costs([view.click])
    return np.ascontiguousarray(-lengths, np.float32)


def _levels(picture: FloatImage, click: tuple[int, int]) -> list[float]:
    """Levels from the click's value down: half of them at equal steps, half at equal ratios of area; none twice."""
    near = picture[max(0, click[0] - 1) : click[0] + 2, max(0, click[1] - 1) : click[1] + 2]
    top, ordered = float(near.max()), np.sort(picture, axis=None)[::-1]
    first = int(np.searchsorted(-ordered, -top))
    counts = np.geomspace(LEAST_PX, MOST_SHARE * ordered.size, LEVELS // 2) + first
    by_area = ordered[np.minimum(counts.astype(int), ordered.size - 1)]
    low = float(ordered[int(0.95 * (ordered.size - 1))])
    by_step = top - (top - low) * (np.arange(1, LEVELS - LEVELS // 2 + 1) / (LEVELS - LEVELS // 2 + 1))
    return sorted({float(v) for v in (*by_area, *by_step) if v <= top}, reverse=True)


def _disk(radius: int) -> np.typing.NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)


def _region(above: Mask, click: tuple[int, int], radius: int) -> Mask | None:
    """The part under the click, cut at bridges, lobules joined, holes filled; ``None`` where the click lies in none."""
    mask = above.astype(np.uint8)
    if radius:
        mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, _disk(radius)), np.uint8)
    start = _start(mask, click, radius + 1)
    if start is None:
        return None
    cv2.floodFill(mask, None, (start[1], start[0]), 2, flags=4)
    part = cv2.copyMakeBorder((mask == 2).astype(np.uint8), 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=0)
    part = np.asarray(cv2.morphologyEx(part, cv2.MORPH_CLOSE, _disk(CLEFT_PX)), np.uint8)
    cv2.floodFill(part, None, (0, 0), 2, flags=4)
    return np.asarray(part[2:-2, 2:-2] != 2, dtype=bool)


def _start(mask: np.typing.NDArray[np.uint8], click: tuple[int, int], reach: int) -> tuple[int, int] | None:
    """The pixel of the mask that is nearest to the click, within a reach."""
    if mask[click]:
        return click
    top, left = max(0, click[0] - reach), max(0, click[1] - reach)
    near = np.argwhere(mask[top : click[0] + reach + 1, left : click[1] + reach + 1])
    if not len(near):
        return None
    best = near[np.argmin(((near + np.array([top - click[0], left - click[1]])) ** 2).sum(axis=1))]
    return int(best[0] + top), int(best[1] + left)


def _cut_off(inside: Mask) -> bool:
    """Whether the window cuts a large part of it off."""
    border = int(np.count_nonzero(inside[[0, -1]])) + int(np.count_nonzero(inside[:, [0, -1]]))
    return border > 0 and border > BORDER_SHARE * 3.5 * float(np.sqrt(np.count_nonzero(inside)))
