"""Registration of one piece of the baseline picture on the follow-up: the similarity, or tilted similarity, that maximises the correlation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

from calcitrack.model.image import FloatImage, Mask
from calcitrack.register.scene import SCENE_MM, Matrix, Scene

LEVELS = (4, 2, 1)
"""Pixels of the scene per pixel at each level, coarse to fine: 1, 0.5 and 0.25 mm."""
ALL_LEVELS, COARSEST, FINER = slice(None), slice(0, 1), slice(1, None)
"""Which levels a fit goes through."""
MOST_PIXELS = 30_000
"""A large bone ends at the level before it has more: so many pixels at 0.5 mm already tell its place to 0.01 mm."""
BLUR_PIXELS = 1.0
"""Standard deviation of the smoothing at each level, in its pixels: what interpolation needs, and the reach of a step."""
STEPS = 25
"""Gauss-Newton steps per level at most; most pieces settle in five."""
SETTLED_MM = 0.004
"""A step that moves the piece's rim by less ends a level: a sixtieth of a pixel."""
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
        Median shift along the gradient that explains the difference at the piece's edges.
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


def piece(mask: Mask, fixed_levels: Sequence[Level]) -> Piece:
    """A piece from its mask on the scene's grid."""
    rows, columns = np.nonzero(mask)
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
    for window, level in list(zip(what.windows, both, strict=True))[which]:
        if level is both[0] or np.count_nonzero(window[2]) <= MOST_PIXELS:
            found = _settle(what, window, level, found.matrix, tilting)
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
    total = float(own.sum())
    seen = float(weight.sum()) / total if total else 0.0
    if seen < 0.05:
        return None
    a, b = _normalised(level.fixed[rows, columns], weight), _normalised(carried, weight)
    return _Compared(a, b, weight, float((weight * a * b).sum() / weight.sum()), seen)


def _carried(image: FloatImage, pixel_mm: float, matrix: Matrix, rows: slice, columns: slice) -> FloatImage:
    """The moving picture at the fixed window's pixels; 0 outside the film."""
    corner = (np.array([rows.start, columns.start]) + 0.5) * pixel_mm
    offset = (matrix[:, :2] @ corner + matrix[:, 2]) / pixel_mm - 0.5
    a = matrix[:, :2]
    xy = np.array([[a[1, 1], a[1, 0], offset[1]], [a[0, 1], a[0, 0], offset[0]]])
    size = (columns.stop - columns.start, rows.stop - rows.start)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(image, xy, size, flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=0), np.float32)


def _normalised(image: FloatImage, weight: FloatImage) -> FloatImage:
    total = weight.sum()
    centred = image - (weight * image).sum() / total
    spread = np.sqrt((weight * centred * centred).sum() / total)
    return np.asarray(centred / max(float(spread), 1e-6), np.float32)


def _settle(what: Piece, window: tuple[slice, slice, FloatImage], level: Level, start: Matrix, tilting: bool) -> Fit:
    """Gauss-Newton steps on the correlation, with the mean of both pictures' gradients (Benhimane and Malis 2004, IROS)."""
    rows, columns, _ = window
    row = ((np.arange(rows.start, rows.stop) + 0.5) * level.pixel_mm - what.centre[0])[:, None]
    column = ((np.arange(columns.start, columns.stop) + 0.5) * level.pixel_mm - what.centre[1])[None, :]
    matrix, best = start, Fit(start, -1.0, np.inf, 0.0)
    for _ in range(STEPS):
        compared = _compare(window, level, matrix)
        if compared is None:
            break
        difference = compared.fixed - compared.carried
        by_row, by_column = (np.asarray(g, np.float32) for g in np.gradient((compared.fixed + compared.carried) / 2, level.pixel_mm))
        weight = _robust(difference, compared.weight)
        if compared.likeness > best.likeness:
            best = Fit(matrix, compared.likeness, _residual(difference, by_row, by_column, weight), compared.seen)
        step = _solved(_slopes(by_row, by_column, row / what.radius_mm, column / what.radius_mm, tilting), compared, difference, weight)
        size = float(np.hypot(step[0], step[1]) + np.linalg.norm(step[2:]))
        step = step * min(1.0, LONGEST_STEP_MM / max(size, 1e-9))
        matrix = _composed(matrix, what, step)
        if size < SETTLED_MM:
            break
    return best


def _slopes(by_row: FloatImage, by_column: FloatImage, row: FloatImage, column: FloatImage, tilting: bool) -> list[FloatImage]:
    """Change of brightness by each parameter: down, across, turn, growth, and the two of a tilt."""
    slopes = [by_row, by_column, by_column * row - by_row * column, by_row * row + by_column * column]
    return [*slopes, by_row * row - by_column * column, by_row * column + by_column * row] if tilting else slopes


def _robust(difference: FloatImage, weight: FloatImage) -> FloatImage:
    used = weight > 0
    scale = OUTLIER * max(float(np.median(np.abs(difference[used]))), 1e-3) if used.any() else 1.0
    return np.asarray(weight / (1 + (difference / (3 * scale)) ** 2) ** 2, np.float32)


def _solved(slopes: Sequence[FloatImage], compared: _Compared, difference: FloatImage, weight: FloatImage) -> NDArray[np.float64]:
    """The step in the directions that the picture shows, free of what a change of brightness and contrast explains."""
    base = [np.ones_like(difference), compared.fixed]
    columns = np.stack([c.ravel() for c in (*slopes, *base, difference)]).astype(float)
    normal = np.einsum("ik,jk->ij", columns * weight.ravel(), columns, optimize=False)
    n, total = len(slopes), len(slopes) + len(base)
    explained = np.linalg.solve(normal[n:total, n:total] + 1e-9 * np.eye(len(base)), normal[n:total])
    free = normal[:n] - normal[:n, n:total] @ explained
    values, vectors = np.linalg.eigh(free[:, :n])
    seen = values > BLIND * max(float(values[-1]), 1e-12)
    return np.asarray(vectors[:, seen] @ ((vectors[:, seen].T @ free[:, total]) / values[seen]))


def _composed(matrix: Matrix, what: Piece, step: NDArray[np.float64]) -> Matrix:
    """The transform after a step taken about the piece's centre in baseline's plane."""
    turn, grow, tilt, shear = np.pad(step[2:] / what.radius_mm, (0, 6 - step.size))
    # d(row) = down + (grow + tilt) * row + (shear - turn) * column; d(column) = across + (shear + turn) * row + (grow - tilt) * column
    small = expm(np.array([[grow + tilt, shear - turn], [shear + turn, grow - tilt]]))
    shift = what.centre + step[:2] - small @ what.centre
    return np.concatenate([matrix[:, :2] @ small, (matrix[:, :2] @ shift + matrix[:, 2])[:, None]], axis=1)


def _residual(difference: FloatImage, by_row: FloatImage, by_column: FloatImage, weight: FloatImage) -> float:
    slope = np.hypot(by_row, by_column)
    used = weight > 0
    if not used.any():
        return float("inf")
    steep = used & (slope >= np.percentile(slope[used], 80))
    return float(np.median(np.abs(difference[steep]) / np.maximum(slope[steep], 1e-6)))
