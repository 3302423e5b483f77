"""Registration of one piece of the baseline picture on the follow-up: the similarity, or tilted similarity, that maximises the correlation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.model.image import FloatImage, Mask
from calcitrack.register.scene import SCENE_MM, Matrix, Scene

LEVELS = (4, 2, 1)
"""Pixels of the scene per pixel at each level, coarse to fine: 1, 0.5 and 0.25 mm."""
EVERYWHERE = (slice(None), slice(None))
ALL_LEVELS, COARSEST, FINER = slice(None), slice(0, 1), slice(1, None)
"""Which levels a fit goes through; what is found at the coarsest alone is where the finer ones start."""
MOST_PIXELS = 30_000
"""A large bone ends at the level before it has more: so many pixels at 0.5 mm already tell its place to 0.01 mm."""
BLUR_PIXELS = 1.0
"""Standard deviation of the smoothing at each level, in its pixels: what interpolation needs, and the reach of a step."""
STEPS = 25
"""Gauss-Newton steps per level at most; most pieces settle in five."""
SETTLED_MM = 0.004
"""A step that moves the piece's rim by less ends a level: a sixtieth of the finest pixel."""
SETTLED_PIXELS = 1 / 60
"""The same in pixels of a level that a finer one follows."""
LONGEST_STEP_MM = 4.0
"""Longest move of the rim in one step, against overshooting from a flat place."""
OUTLIER = 2.0
"""Differences of normalised brightness beyond this many times their median lose influence (Geman and McClure 1987): an unmasked deposit,
a neighbouring bone that moved otherwise."""
BLIND = 0.02
"""A direction that changes the picture by less than this share (squared) of the best seen one is left as it was at the start: a shaft without an end
shows nothing of its shift along itself, and its neighbour knows better."""
MOST_SHARE = 0.7
"""A pixel of which deposits or the film's edge take more than the rest of this share is left out."""
LEAST_SHARE = 1e-3
"""Keeps the division by the share finite where nothing is seen."""
LEAST_SEEN = 0.05
"""A piece of which less lies within the follow-up's picture is not compared."""
MIN_SEEN = 0.5
"""Least share of the piece that must lie within the follow-up's picture."""


@dataclass(frozen=True, eq=False, slots=True)
class Level:
    """Pictures and weights of both films at one pixel size."""

    fixed: FloatImage
    fixed_weight: FloatImage
    moving: FloatImage
    moving_weight: FloatImage
    pixel_mm: float


@dataclass(frozen=True, eq=False, slots=True)
class Piece:
    """A part of the baseline picture at each level.

    Parameters
    ----------
    windows
        For each level the rows and columns, and the weights within: 1 on the piece and its rim, 0 elsewhere.
    centre
        (row, column), mm.
    radius_mm
        Root mean square distance of its pixels from the centre.
    axis
        Unit vector (row, column) along its longest extent.
    """

    windows: tuple[tuple[slice, slice, FloatImage], ...]
    centre: NDArray[np.float64]
    radius_mm: float
    axis: NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Fit:
    """Registered place of a piece.

    Parameters
    ----------
    matrix
        Baseline mm to follow-up mm.
    likeness
        Correlation of the two pictures over the piece, -1 ... 1.
    residual_mm
        Median shift along the gradient that explains the difference at the piece's edges; infinite where only the coarsest level was fitted.
    seen
        Share of the piece within the follow-up's picture.
    """

    matrix: Matrix
    likeness: float
    residual_mm: float
    seen: float


def levels(fixed: Scene, moving: Scene, *, deposits: bool = False) -> tuple[Level, ...]:
    """Both scenes at each pixel size of `LEVELS`, with or without their deposits."""
    levels = []
    for factor in LEVELS:
        a, b = (_shrunk(scene.picture, scene.weight(deposits=deposits), factor) for scene in (fixed, moving))
        levels.append(Level(*a, *b, SCENE_MM * factor))
    return tuple(levels)


def _shrunk(picture: FloatImage, weight: FloatImage, factor: int) -> tuple[FloatImage, FloatImage]:
    """Picture and weight; the picture averaged over weighted pixels alone, then smoothed."""
    rows, columns = (n // factor * factor for n in picture.shape)
    size = (columns // factor, rows // factor)

    def down(image: FloatImage) -> FloatImage:
        image = np.ascontiguousarray(image[:rows, :columns])
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if factor > 1 else image
        return np.asarray(cv2.GaussianBlur(small, (0, 0), BLUR_PIXELS), np.float32)

    share = down(weight)
    return np.asarray(down(picture * weight) / np.maximum(share, LEAST_SHARE), np.float32), np.where(share > MOST_SHARE, share, 0).astype(np.float32)


def piece(mask: Mask, fixed_levels: Sequence[Level], box: tuple[slice, slice] = EVERYWHERE) -> Piece:
    """A piece from its mask on the scene's grid; nothing of it lies outside the box."""
    rows, columns = (at + (side.start or 0) for at, side in zip(np.nonzero(mask[box]), box, strict=True))
    positions = (np.stack([rows, columns], axis=1) + 0.5) * SCENE_MM
    centre = positions.mean(axis=0)
    radius = float(np.sqrt(((positions - centre) ** 2).sum(axis=1).mean()))
    windows = []
    for factor, level in zip(LEVELS, fixed_levels, strict=True):
        top, bottom = rows.min() // factor, min(rows.max() // factor + 1, level.fixed.shape[0])
        left, right = columns.min() // factor, min(columns.max() // factor + 1, level.fixed.shape[1])
        part = mask[top * factor : bottom * factor, left * factor : right * factor].astype(np.float32)
        part = np.asarray(cv2.resize(part, (right - left, bottom - top), interpolation=cv2.INTER_AREA), np.float32)
        where = (slice(top, bottom), slice(left, right))
        windows.append((*where, np.asarray(part * level.fixed_weight[where], np.float32)))
    axis = np.linalg.eigh(np.cov((positions - centre).T))[1][:, -1]
    return Piece(tuple(windows), centre, radius, axis)


def fit(what: Piece, both: Sequence[Level], start: Matrix, which: slice = ALL_LEVELS, *, tilting: bool = False) -> Fit:
    """Refine a transform from coarse to fine at the given levels: turn, growth and shift, and with `tilting` also a tilt out of the film's plane."""
    found = Fit(start, -1.0, np.inf, 0.0)
    chosen = [
        (window, level)
        for window, level in list(zip(what.windows, both, strict=True))[which]
        if level is both[0] or np.count_nonzero(window[2]) <= MOST_PIXELS
    ]
    for number, (window, level) in enumerate(chosen, start=1):
        last = number == len(chosen) and which != COARSEST
        settled_mm = SETTLED_MM if last else SETTLED_PIXELS * level.pixel_mm
        found = _settle(what, window, level, found.matrix, settled_mm, tilting=tilting, residual=last)
    return found


def likeness(what: Piece, both: Sequence[Level], matrix: Matrix, level: int = 0) -> float:
    """Correlation of the two pictures over the piece, at its present place."""
    compared = _compare(what.windows[level], both[level], matrix)
    return -1.0 if compared is None else compared.likeness


@dataclass(frozen=True, eq=False, slots=True)
class _Compared:
    """Normalised brightness of the fixed and the carried picture, with the weights."""

    fixed: FloatImage
    carried: FloatImage
    weight: FloatImage
    likeness: float
    seen: float


def _compare(window: tuple[slice, slice, FloatImage], level: Level, matrix: Matrix) -> _Compared | None:
    rows, columns, own = window
    carried, weight = (_carried(image, level.pixel_mm, matrix, rows, columns) for image in (level.moving, level.moving_weight))
    weight = own * weight
    total, used = _sum(own), _sum(weight)
    seen = used / total if total else 0.0
    if seen < LEAST_SEEN:
        return None
    a, b = _normalised(level.fixed[rows, columns], weight, used), _normalised(carried, weight, used)
    return _Compared(a, b, weight, _sum(weight * a * b) / used, seen)


def _carried(image: FloatImage, pixel_mm: float, matrix: Matrix, rows: slice, columns: slice) -> FloatImage:
    """The moving picture at the fixed window's pixels; 0 outside the film. One channel a call: OpenCV rounds places of two channels to 1/32 pixel."""
    corner = (np.array([rows.start, columns.start]) + 0.5) * pixel_mm
    offset = (matrix[:, :2] @ corner + matrix[:, 2]) / pixel_mm - 0.5
    a = matrix[:, :2]
    xy = np.array([[a[1, 1], a[1, 0], offset[1]], [a[0, 1], a[0, 0], offset[0]]])
    size = (columns.stop - columns.start, rows.stop - rows.start)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(image, xy, size, flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=0), np.float32)


def _normalised(image: FloatImage, weight: FloatImage, total: float) -> FloatImage:
    centred = image - np.float32(_sum(weight * image) / total)
    spread = np.sqrt(_sum(weight * centred * centred) / total)
    return np.asarray(centred / np.float32(max(float(spread), 1e-6)), np.float32)


def _sum(image: FloatImage) -> float:
    return float(np.add.reduce(image, axis=None, dtype=np.float64))


def _settle(
    what: Piece, window: tuple[slice, slice, FloatImage], level: Level, start: Matrix, settled_mm: float, *, tilting: bool, residual: bool
) -> Fit:
    """Gauss-Newton steps on the correlation, with the mean of both pictures' gradients (Benhimane and Malis 2004, IROS)."""
    rows, columns, _ = window
    row = ((np.arange(rows.start, rows.stop) + 0.5) * level.pixel_mm - what.centre[0])[:, None]
    column = ((np.arange(columns.start, columns.stop) + 0.5) * level.pixel_mm - what.centre[1])[None, :]
    row, column = row / what.radius_mm, column / what.radius_mm
    matrix, best = start, None
    for _ in range(STEPS):
        compared = _compare(window, level, matrix)
        if compared is None:
            break
        difference = compared.fixed - compared.carried
        by_row, by_column = _gradient(np.asarray(compared.fixed + compared.carried, np.float32), 2 * level.pixel_mm)
        weight = _robust(difference, compared.weight)
        if best is None or compared.likeness > best[1].likeness:
            best = matrix, compared, difference, by_row, by_column, weight
        step = _solved(_slopes(by_row, by_column, row, column, tilting), compared, difference, weight)
        size = float(np.hypot(step[0], step[1]) + np.linalg.norm(step[2:]))
        step = step * min(1.0, LONGEST_STEP_MM / max(size, 1e-9))
        matrix = _composed(matrix, what, step)
        if size < settled_mm:
            break
    if best is None:
        return Fit(start, -1.0, np.inf, 0.0)
    at_best, compared, difference, by_row, by_column, weight = best
    return Fit(at_best, compared.likeness, _residual(difference, by_row, by_column, weight) if residual else np.inf, compared.seen)


def _gradient(image: FloatImage, pixel_mm: float) -> tuple[FloatImage, FloatImage]:
    """Slope down and across, per mm: half the difference of both neighbours, and of one at the border."""
    framed = cv2.copyMakeBorder(image, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    down, across = framed[2:, 1:-1] - framed[:-2, 1:-1], framed[1:-1, 2:] - framed[1:-1, :-2]
    down[[0, -1]] *= 2
    across[:, [0, -1]] *= 2
    half = np.float32(0.5 / pixel_mm)
    return down * half, across * half


def _slopes(by_row: FloatImage, by_column: FloatImage, row: FloatImage, column: FloatImage, tilting: bool) -> list[FloatImage]:
    """Change of brightness by each parameter: down, across, turn, growth, and the two of a tilt."""
    slopes = [by_row, by_column, by_column * row - by_row * column, by_row * row + by_column * column]
    return [*slopes, by_row * row - by_column * column, by_row * column + by_column * row] if tilting else slopes


def _robust(difference: FloatImage, weight: FloatImage) -> FloatImage:
    size = np.abs(difference[weight > 0])
    scale = OUTLIER * max(_middle(size), 1e-3) if size.size else 1.0
    shrunk = 1 + np.square(difference * np.float32(1 / (3 * scale)))
    return np.asarray(weight / (shrunk * shrunk), np.float32)


def _middle(values: NDArray[np.float32]) -> float:
    """Upper median; values are rearranged."""
    middle = values.size // 2
    values.partition(middle)
    return float(values[middle])


def _solved(slopes: Sequence[FloatImage], compared: _Compared, difference: FloatImage, weight: FloatImage) -> NDArray[np.float64]:
    """The step in the directions that the picture shows, free of what a change of brightness and contrast explains."""
    n, total = len(slopes), len(slopes) + 2
    columns = np.empty((total + 1, difference.size))
    for k, values in enumerate((*slopes, 1.0, compared.fixed, difference)):
        columns[k].reshape(difference.shape)[...] = values
    normal = (columns * weight.ravel()) @ columns.T
    explained = np.linalg.solve(normal[n:total, n:total] + 1e-9 * np.eye(2), normal[n:total])
    free = normal[:n] - normal[:n, n:total] @ explained
    values, vectors = np.linalg.eigh(free[:, :n])
    seen = values > BLIND * max(float(values[-1]), 1e-12)
    return np.asarray(vectors[:, seen] @ ((vectors[:, seen].T @ free[:, total]) / values[seen]))


def _composed(matrix: Matrix, what: Piece, step: NDArray[np.float64]) -> Matrix:
    """The transform after a step taken about the piece's centre in baseline's plane."""
    turn, grow, tilt, shear = (*(step[2:] / what.radius_mm).tolist(), 0.0, 0.0)[:4]
    # d(row) = down + (grow + tilt) * row + (shear - turn) * column; d(column) = across + (shear + turn) * row + (grow - tilt) * column
    small = _exponential(grow, np.array([[tilt, shear - turn], [shear + turn, -tilt]]))
    shift = what.centre + step[:2] - small @ what.centre
    return np.concatenate([matrix[:, :2] @ small, (matrix[:, :2] @ shift + matrix[:, 2])[:, None]], axis=1)


def _exponential(grow: float, rest: NDArray[np.float64]) -> NDArray[np.float64]:
    """exp(grow I + rest) of a 2 x 2 matrix whose rest has no trace: its square is a multiple of I, so the series has a closed form."""
    square = float(rest[0, 0] ** 2 + rest[0, 1] * rest[1, 0])
    root = math.sqrt(abs(square))
    if root < 1e-6:
        even, odd = 1 + square / 2, 1 + square / 6
    elif square > 0:
        even, odd = math.cosh(root), math.sinh(root) / root
    else:
        even, odd = math.cos(root), math.sin(root) / root
    return np.asarray(math.exp(grow) * (even * np.eye(2) + odd * rest))


def _residual(difference: FloatImage, by_row: FloatImage, by_column: FloatImage, weight: FloatImage) -> float:
    slope = np.hypot(by_row, by_column)
    used = weight > 0
    if not used.any():
        return float("inf")
    steep = used & (slope >= np.percentile(slope[used], 80))
    return float(np.median(np.abs(difference[steep]) / np.maximum(slope[steep], 1e-6)))
