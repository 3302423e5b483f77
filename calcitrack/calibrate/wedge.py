"""Find the aluminium step wedge in a picture: a straight strip whose values form a staircase of equal treads, beside open field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.calibrate.wedge_strip import BAND_MM, FLAT_SHARE, RISES, Frame, Wedge, frame_to_film, look_closely, roughness
from calcitrack.model.corrections import Box
from calcitrack.model.image import FloatImage, Mask

SEARCH_PIXEL_MM = 1.0
"""Pixel of the search: treads of 4 mm still span four."""
TREAD_MM = (4.0, 16.0)
"""Shortest and longest tread of the search."""
TILTS_DEG = tuple(range(-12, 13, 3))
"""Rotations against the film's edges that are tried; the wedge's own edges refine them."""
MIN_RISE = 0.003
"""Least rise, as a share of the picture's range, that the search looks at."""
_MOST_RISE = 1.4
"""Shares of the picture's range that only the end of the film shows."""
CANDIDATES = 24
"""Number of the strongest staircases that are examined closely."""
ENOUGH = 3
"""Number of passing staircases that are compared; further ones are rarely better."""
APART_MM, APART_IN_BOX_MM = 8.0, 2.0
"""Staircases that begin nearer to each other are one, on the whole film and inside a stated box."""


def find_wedge(pixels: FloatImage, valid: Mask, pixel_mm: tuple[float, float], box: Box | None = None) -> Wedge | None:
    """Find the step wedge.

    Parameters
    ----------
    pixels
        Shape (rows, columns), larger is denser.
    valid
        Where the beam reached the detector.
    pixel_mm
        Size of a pixel along rows and columns.
    box
        Box that contains the wedge's middle, where it is known. Nothing outside is searched; inside, every staircase is examined, however
        faint it is beside others of the film.

    Returns
    -------
    The wedge with the most and smoothest steps, or ``None``.
    """
    low, high = (float(v) for v in np.percentile(pixels[valid][::37], [0.5, 99.5])) if valid.any() else (0.0, 0.0)
    if high <= low:
        return None
    scaled = np.clip((pixels - np.float32(low)) / np.float32(high - low), -0.2, 1.2)
    best: tuple[float, Wedge] | None = None
    for agreed, (score, wedge) in enumerate(_looked_at(pixels, pixel_mm, _candidates(scaled, pixel_mm, box), high - low), start=1):
        if best is None or score > best[0]:
            best = score, wedge
        if agreed == ENOUGH:
            break
    return None if best is None else best[1]


def _looked_at(pixels: FloatImage, pixel_mm: tuple[float, float], candidates: list[Frame], span: float) -> Iterator[tuple[float, Wedge]]:
    for candidate in candidates:
        wedge = look_closely(pixels, pixel_mm, candidate, span)
        if wedge is not None:
            yield wedge.frame.steps * (1 - roughness(wedge)), wedge


def _candidates(scaled: FloatImage, pixel_mm: tuple[float, float], box: Box | None) -> list[Frame]:
    """The strongest staircases of the film, or all inside the box, strongest first, each once."""
    rows, columns = (max(8, round(n * mm / SEARCH_PIXEL_MM)) for n, mm in zip(scaled.shape, pixel_mm, strict=True))
    small = np.asarray(cv2.resize(scaled, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)
    box_mm = None if box is None else (box[0] * pixel_mm[0], (box[1] + 1) * pixel_mm[0], box[2] * pixel_mm[1], (box[3] + 1) * pixel_mm[1])
    hits: list[tuple[float, Frame]] = []
    for quarter in range(4):
        for tilt in TILTS_DEG:
            hits += _staircases(small, float(np.deg2rad(90 * quarter + tilt)), box_mm)
    hits.sort(key=lambda hit: -hit[0])
    apart = APART_MM if box is None else APART_IN_BOX_MM
    chosen: list[Frame] = []
    for _, frame in hits:
        if not any(np.hypot(frame.row_mm - c.row_mm, frame.column_mm - c.column_mm) < apart for c in chosen):
            chosen.append(frame)
        if box is None and len(chosen) == CANDIDATES:
            break
    return chosen


def _staircases(small: FloatImage, angle: float, box_mm: tuple[float, ...] | None) -> Iterator[tuple[float, Frame]]:
    """Places where four equal treads rise one after the other in this direction: the best place for each tread length.

    Yields
    ------
    A score (equality of the rises, flatness of the treads) and the frame at the first rise.
    """
    size = int(np.ceil(np.hypot(*small.shape)))
    to_film = frame_to_film(angle, (small.shape[0] / 2, small.shape[1] / 2), (size / 2, size / 2), 1.0, (1.0, 1.0))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    turned = cv2.warpAffine(small, to_film, (size, size), flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=-9.0)
    band = cv2.blur(turned, (BAND_MM, 1))
    slope = np.zeros_like(band)
    slope[1:-1] = band[2:] - band[:-2]
    flat = slope.ravel()
    steep = np.flatnonzero((flat >= MIN_RISE) & (flat < _MOST_RISE))
    for tread in np.arange(TREAD_MM[0], TREAD_MM[1] + 0.1, 0.5):
        first = steep if box_mm is None else _middle_within(steep, size, (RISES - 1) / 2 * float(tread), to_film, box_mm)
        places, goodness = _equal_treads(flat, first, float(tread), size)
        for place in places[goodness.argsort(kind="stable")[::-1]][:1] if places.size else ():
            column, row = to_film @ np.array([place % size, place // size, 1.0])
            yield float(goodness.max()), Frame(float(row + 0.5), float(column + 0.5), angle, float(tread), 0.0, RISES)


def _middle_within(first: NDArray[np.intp], size: int, middle: float, to_film: NDArray[Any], box_mm: tuple[float, ...]) -> NDArray[np.intp]:
    """Keep the first rises whose staircase has its middle, at that distance, inside the box."""
    column, row = to_film @ np.stack([first % size, first // size + middle, np.ones(first.size)]) + 0.5
    within = (box_mm[0] <= row) & (row <= box_mm[1]) & (box_mm[2] <= column) & (column <= box_mm[3])
    return np.asarray(first[within])


def _equal_treads(slope: NDArray[Any], first: NDArray[np.intp], tread: float, size: int) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Keep the first rises that equal rises and flat treads follow, with their scores; indices are of a flattened square."""
    places = first[first < (size - round((RISES - 1) * tread)) * size]
    for k in range(1, RISES):  # each test leaves few places for the next
        after = slope[places + round(k * tread) * size]
        places = places[(after >= MIN_RISE) & (after < _MOST_RISE)]
    rises = np.stack([slope[places + round(k * tread) * size] for k in range(RISES)])
    bends = np.abs(np.stack([slope[places + round((k + 0.5) * tread) * size] for k in range(RISES - 1)])).max(axis=0)
    least, most = rises.min(axis=0), rises.max(axis=0)
    good = bends < FLAT_SHARE * least
    return places[good], ((least - bends) / most)[good]
