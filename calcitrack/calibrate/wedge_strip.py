"""Examine a staircase on a film: straighten it by its own edges, count its steps and read them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.model.image import FloatImage, Mask

FloatArray = NDArray[np.float64]

RISES = 4
"""Consecutive rises that make a staircase."""
STEPS = (4, 15)
"""Fewest and most steps of a wedge."""
FLAT_SHARE = 0.6
"""Between two rises the values may change by this share of the smaller rise: edge enhancement bends the treads."""
LEAST_FIRST_RISE = 0.25
"""A step stands this share of the next rise above the field at least: what stands lower is the field in front of the wedge."""
LEAST_SHARP = 0.65
"""Share of the rise from the middle of one tread to that of the next that happens within `RISER_SHARE` of a tread around the riser between them,
median over the risers. Flesh that gets thicker rises evenly: 0.3. On simulated pictures wedges have 0.95 and more, and slopes that were taken for
one 0.5 at most."""
RISER_SHARE = 0.15
"""Half the length of a riser with its blur, as a share of a tread."""
MAX_ROUGHNESS = 0.35
"""Spread of values on a tread over the rise to the next: bones and joints in a row are rougher."""
PATCH_PIXEL_MM = 0.25
"""Pixel of the picture of the wedge."""
SIDE_MM = 8.0
"""Open field on both sides of the wedge that is cut out with it."""
MIN_SIDE_MM, MAX_SIDE_MM = 3.0, 20.0
"""Least and greatest half width between which a wedge's edges are searched."""
BAND_MM = 5
"""Width over which the staircase must look alike; wedges are 7 mm and wider."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a wedge lies on the film, in mm from the film's corner.

    Parameters
    ----------
    row_mm, column_mm
        The middle of its thin end.
    angle_rad
        Direction in which it gets thicker: 0 is down the rows, pi/2 along the columns.
    tread_mm
        Length of a step.
    half_width_mm
        Half its width.
    steps
        Number of steps.
    """

    row_mm: float
    column_mm: float
    angle_rad: float
    tread_mm: float
    half_width_mm: float
    steps: int

    def corners(self, pixel_mm: tuple[float, float]) -> tuple[tuple[float, float], ...]:
        """(row, column) of the four corners in pixels of the film, in order around the wedge."""
        along, across = np.array([np.cos(self.angle_rad), np.sin(self.angle_rad)]), np.array([-np.sin(self.angle_rad), np.cos(self.angle_rad)])
        thin, length = np.array([self.row_mm, self.column_mm]), self.steps * self.tread_mm
        places = [thin + a * length * along + b * self.half_width_mm * across for a, b in ((0, -1), (0, 1), (1, 1), (1, -1))]
        return tuple((float(row / pixel_mm[0] - 0.5), float(column / pixel_mm[1] - 0.5)) for row, column in places)


@dataclass(frozen=True, eq=False, slots=True)
class Wedge:
    """A wedge that was found.

    Parameters
    ----------
    frame
        Its place on the film.
    patch
        The picture in the wedge's own frame, thin end first, with open field around it; `PATCH_PIXEL_MM` a pixel.
    inside
        Pixels of the patch that lie on the film.
    start, middle
        Row of the patch at which the first step begins, and column of the wedge's axis, in pixels of the patch.
    levels
        Median value of each step's centre, thinnest first.
    side
        Median value of the open field beside it.
    """

    frame: Frame
    patch: FloatImage
    inside: Mask
    start: float
    middle: float
    levels: tuple[float, ...]
    side: float


def frame_to_film(angle: float, film: tuple[float, float], patch: tuple[float, float], patch_mm: float, pixel_mm: tuple[float, float]) -> FloatArray:
    """Matrix that carries (column, row) of a patch to (column, row) of the film; `patch` there falls on `film` here."""
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])  # (row, column)
    scale = patch_mm / np.array(pixel_mm)
    rows, columns = along * scale, across * scale
    linear = np.array([[columns[1], rows[1]], [columns[0], rows[0]]])
    offset = np.array([film[1], film[0]]) - linear @ np.array([patch[1], patch[0]])
    return np.hstack([linear, offset[:, None]])


@dataclass(frozen=True, eq=False, slots=True)
class _Patch:
    image: FloatImage
    inside: Mask
    start: float
    middle: float


def _cut(pixels: FloatImage, pixel_mm: tuple[float, float], frame: Frame, before_mm: float, length_mm: float, half_mm: float) -> _Patch:
    """The film around a frame, turned so that the wedge thickens downwards."""
    start, middle = before_mm / PATCH_PIXEL_MM, half_mm / PATCH_PIXEL_MM
    size = (int(2 * middle) + 1, int(start + length_mm / PATCH_PIXEL_MM))
    film = (frame.row_mm / pixel_mm[0] - 0.5, frame.column_mm / pixel_mm[1] - 0.5)
    matrix = frame_to_film(frame.angle_rad, film, (start, middle), PATCH_PIXEL_MM, pixel_mm)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    image = cv2.warpAffine(pixels, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    rows, columns = np.arange(size[1])[:, None], np.arange(size[0])[None, :]
    x, y = (m[0] * columns + m[1] * rows + m[2] for m in matrix)
    inside = (x >= 0) & (y >= 0) & (x <= pixels.shape[1] - 1) & (y <= pixels.shape[0] - 1)
    return _Patch(np.asarray(image, np.float32), inside, start, middle)


def look_closely(pixels: FloatImage, pixel_mm: tuple[float, float], rough: Frame, span: float) -> Wedge | None:
    """Straighten a staircase by its own edges, count its steps, and read them; ``None`` when it is no wedge."""
    frame = rough
    for _ in range(2):
        reach = STEPS[1] * frame.tread_mm
        patch = _cut(pixels, pixel_mm, frame, reach, 2 * reach, MAX_SIDE_MM + SIDE_MM)
        straightened = _straightened(patch, frame, span)
        if straightened is None:
            return None
        frame = straightened
    before = 2.0 * SIDE_MM
    patch = _cut(pixels, pixel_mm, frame, before, 2 * before + frame.steps * frame.tread_mm, frame.half_width_mm + SIDE_MM)
    levels = tuple(_centre(patch, frame, k) for k in range(frame.steps))
    sides = np.array([_beside(patch, frame, k) for k in range(frame.steps)])
    if not STEPS[0] <= frame.steps <= STEPS[1] or not _climbs(patch, frame, levels):
        return None
    if max(_lateral_steps(patch, frame, 0)) < LEAST_FIRST_RISE * (levels[1] - levels[0]):  # starts one tread too early, in the open field
        return None
    wedge = Wedge(frame, patch.image, patch.inside, patch.start, patch.middle, levels, float(np.median(sides)))
    return wedge if roughness(wedge) < MAX_ROUGHNESS and wedge.side < levels[0] else None


def roughness(wedge: Wedge) -> float:
    """Median over the steps of the spread of values on a tread, over the typical rise."""
    frame, patch = wedge.frame, _Patch(wedge.patch, wedge.inside, wedge.start, wedge.middle)
    half = max(1, round(0.6 * frame.half_width_mm / PATCH_PIXEL_MM))
    middle = round(patch.middle)
    spreads = []
    for k in range(frame.steps):
        run = patch.image[_rows(patch, frame, k, 0.6), middle - half : middle + half + 1]
        spreads.append(1.4826 * float(np.median(np.abs(run - np.median(run)))) if run.size else np.inf)
    rise = np.diff(wedge.levels)
    return float(np.median(spreads) / max(float(np.median(rise[rise > 0])), 1e-9))


def _rows(patch: _Patch, frame: Frame, step: float, share: float) -> slice:
    """Rows of the middle part of a step; negative numbers lie before the frame's start."""
    tread = frame.tread_mm / PATCH_PIXEL_MM
    middle, half = patch.start + (step + 0.5) * tread, share * tread / 2
    return slice(max(0, round(middle - half)), max(0, round(middle + half)) + 1)


def _centre(patch: _Patch, frame: Frame, step: float) -> float:
    half = max(1, round(0.4 * (frame.half_width_mm or BAND_MM / 2) / PATCH_PIXEL_MM))
    middle = round(patch.middle)
    here = patch.image[_rows(patch, frame, step, 0.4), middle - half : middle + half + 1]
    return float(np.median(here)) if here.size else float("nan")


def _beside(patch: _Patch, frame: Frame, step: float) -> float:
    """The less dense side's median, 2 to 6 mm from the wedge: the denser one may be a limb or a blade."""
    rows = _rows(patch, frame, step, 0.8)
    edge, near, far = (x / PATCH_PIXEL_MM for x in (frame.half_width_mm, 2.0, 6.0))
    left = patch.image[rows, max(0, round(patch.middle - edge - far)) : max(0, round(patch.middle - edge - near))]
    right = patch.image[rows, round(patch.middle + edge + near) : round(patch.middle + edge + far)]
    values = [float(np.median(s)) for s in (left, right) if s.size]
    return min(values) if values else float("nan")


def _lateral_steps(patch: _Patch, frame: Frame, step: float) -> tuple[float, float]:
    """Height of the strip above its surroundings, left and right, close to both edges."""
    rows = _rows(patch, frame, step, 0.6)
    edge, gap, reach = (x / PATCH_PIXEL_MM for x in (frame.half_width_mm, 0.75, 2.25))

    def level(low: float, high: float) -> float:
        return float(np.median(patch.image[rows, round(patch.middle + low) : round(patch.middle + high) + 1]))

    left = level(-edge + gap, -edge + reach) - level(-edge - reach, -edge - gap)
    return left, level(edge - reach, edge - gap) - level(edge + gap, edge + reach)


def _straightened(patch: _Patch, frame: Frame, span: float) -> Frame | None:
    """The frame with its axis through the middle of the strip, its start at the thin end, and all steps counted."""
    edges = [e for k in range(RISES - 1) if (e := _edges(patch, frame, k)) is not None]
    if len(edges) < 2:
        return None
    left, right = (float(np.median([e[side] for e in edges])) for side in (0, 1))
    half = (right - left) / 2
    if not MIN_SIDE_MM <= half * PATCH_PIXEL_MM <= MAX_SIDE_MM:
        return None
    found = Frame(frame.row_mm, frame.column_mm, frame.angle_rad, frame.tread_mm, half * PATCH_PIXEL_MM, frame.steps)
    moved = _Patch(patch.image, patch.inside, patch.start, patch.middle + (left + right) / 2)
    first, last = _count(moved, found, span)
    fitted = _fit_treads(moved, found, first, last)
    if fitted is None:
        return None
    start, tread = fitted
    tilt = _tilt(moved, found, first, last)
    along, across = np.array([np.cos(frame.angle_rad), np.sin(frame.angle_rad)]), np.array([-np.sin(frame.angle_rad), np.cos(frame.angle_rad)])
    begin = (start - patch.start) * PATCH_PIXEL_MM
    aside = (moved.middle - patch.middle + tilt[0]) * PATCH_PIXEL_MM + tilt[1] * begin
    row, column = np.array([frame.row_mm, frame.column_mm]) + along * begin + across * aside
    return Frame(
        float(row), float(column), frame.angle_rad + float(np.arctan(tilt[1])), tread * PATCH_PIXEL_MM, found.half_width_mm, last - first + 1
    )


def _edges(patch: _Patch, frame: Frame, step: float) -> tuple[float, float] | None:
    """Left and right edge of the strip at a step, in columns from its middle: where the profile falls to half its height."""
    rows = _rows(patch, frame, step, 0.5)
    profile = np.median(patch.image[rows], axis=0) if rows.stop - rows.start > 1 and rows.stop <= len(patch.image) else None
    if profile is None:
        return None
    middle = round(patch.middle)
    core = round(1.5 / PATCH_PIXEL_MM)
    top = float(np.median(profile[middle - core : middle + core + 1]))
    reach = round((MAX_SIDE_MM + 4) / PATCH_PIXEL_MM)
    found = []
    for side in (profile[middle::-1][:reach], profile[middle:][:reach]):
        floor = float(np.minimum.reduce(side))
        below = np.flatnonzero(side < (top + floor) / 2)
        if floor >= top or not below.size:
            return None
        found.append(float(below[0]) - 0.5)
    return -found[0], found[1]


def _count(patch: _Patch, frame: Frame, span: float) -> tuple[int, int]:
    """First and last step, counted from the frame's start: each stands above its side and follows the staircase."""
    inner = [_centre(patch, frame, k) for k in range(RISES - 1)]
    rise = float(np.median(np.diff(inner)))
    least = max(0.05 * rise, 0.0007 * span)

    def stands(k: int, neighbour: int, sign: int) -> bool:
        rows = _rows(patch, frame, k, 0.8)
        if rows.stop >= len(patch.image) or rows.stop - rows.start < 3 or not patch.inside[rows, round(patch.middle)].all():
            return False
        level = _centre(patch, frame, k)
        enough = max(least, LEAST_FIRST_RISE * (_centre(patch, frame, k + 1) - level))
        steps = _lateral_steps(patch, frame, k)
        return max(steps) > enough and min(map(abs, steps)) > enough and sign * (level - _centre(patch, frame, neighbour)) > -least

    first, last = 0, RISES - 2
    while first > -STEPS[1] and stands(first - 1, first, -1):
        first -= 1
    while last < STEPS[1] and stands(last + 1, last, 1):
        last += 1
    return first, last


def _fit_treads(patch: _Patch, frame: Frame, first: int, last: int) -> tuple[float, float] | None:
    """Row of the thin end and length of a tread, in pixels of the patch, through the steepest places of the staircase."""
    half = max(1, round(0.6 * frame.half_width_mm / PATCH_PIXEL_MM))
    middle, tread = round(patch.middle), frame.tread_mm / PATCH_PIXEL_MM
    profile = np.median(patch.image[:, middle - half : middle + half + 1], axis=1)
    slope = np.gradient(cv2.GaussianBlur(profile.reshape(-1, 1), (0, 0), 1.5).ravel())
    numbers, places, weights = [], [], []
    for k in range(first, last + 1):
        low, high = (round(patch.start + (k + d) * tread) for d in (-0.3, 0.3))
        if low < 0 or high > len(slope) or high - low < 3:
            continue
        at = low + int(slope[low:high].argmax())
        if slope[at] > 0:
            numbers.append(k)
            places.append(float(at))
            weights.append(float(slope[at]))
    if len(numbers) < RISES - 1:
        return None
    weight = np.sqrt(np.minimum(weights, np.median(weights)))
    length, begin = np.polyfit(numbers, places, 1, w=weight)
    if not 0.8 * tread < length < 1.25 * tread:
        return None
    return float(begin + first * length), float(length)


def _tilt(patch: _Patch, frame: Frame, first: int, last: int) -> tuple[float, float]:
    """Offset of the strip's middle from the patch's, as (pixels at the frame's start, pixels per pixel)."""
    tread = frame.tread_mm / PATCH_PIXEL_MM
    found = [(k, e) for k in range(first, last + 1) if (e := _edges(patch, frame, k)) is not None]
    width = 2 * frame.half_width_mm / PATCH_PIXEL_MM
    usable = [((k + 0.5) * tread, (e[0] + e[1]) / 2) for k, e in found if abs(e[1] - e[0] - width) < 0.15 * width]
    if len(usable) < 3:
        return 0.0, 0.0
    at, middle = np.array(usable).T
    slope, offset = np.polyfit(at, middle, 1)
    return float(offset), float(slope)


def _climbs(patch: _Patch, frame: Frame, levels: tuple[float, ...]) -> bool:
    """Steps rise one after the other (the last may be saturated), and treads are flatter than risers."""
    rise = np.diff(levels)
    if not np.isfinite(rise).all() or np.count_nonzero(rise > 0) < max(RISES - 1, 0.6 * rise.size):
        return False
    if (rise < -0.1 * rise.max()).any():
        return False
    half = max(1, round(0.3 * frame.half_width_mm / PATCH_PIXEL_MM))
    middle = round(patch.middle)
    bends = []
    for k in range(frame.steps):
        rows = _rows(patch, frame, k, 0.6)
        run = patch.image[rows, middle - half : middle + half + 1]
        third = max(1, len(run) // 3)
        bends.append(abs(float(np.median(run[-third:]) - np.median(run[:third]))))
    return float(np.median(bends)) < FLAT_SHARE * float(np.median(rise[rise > 0])) and _sharpness(patch, frame) > LEAST_SHARP


def _sharpness(patch: _Patch, frame: Frame) -> float:
    """Median share of the rise between the middles of two treads that happens at the riser."""
    half = max(1, round(0.3 * frame.half_width_mm / PATCH_PIXEL_MM))
    middle, tread = round(patch.middle), frame.tread_mm / PATCH_PIXEL_MM
    profile = np.median(patch.image[:, middle - half : middle + half + 1], axis=1)
    risers = patch.start + np.arange(1, frame.steps) * tread

    def rise(reach: float) -> FloatArray:
        below, above = (np.interp(risers + sign * reach * tread, np.arange(profile.size), profile) for sign in (-1, 1))
        return np.asarray(above - below)

    whole = rise(0.5)
    rising = whole > 0
    return float(np.median(rise(RISER_SHARE)[rising] / whole[rising]))
