"""Soft tissue in the beam: parts that merge smoothly, fat under the skin, creases, unevenness."""

from __future__ import annotations

import cv2
import numpy as np

from calcitrack.phantom.projection import FloatImage, Grid, footprint, turned_ellipse
from calcitrack.phantom.shapes import Anatomy, FleshPart

_COARSE_MM = 0.6
"""Pitch at which squared thickness, a smooth field, is computed before it is enlarged to the film's pixels."""

_OUTSIDE_MM2 = -4000.0
"""Squared thickness far outside every part."""


def flesh_thickness(grid: Grid, anatomy: Anatomy, uneven: FloatImage, unevenness: float, fat_mm: float) -> tuple[FloatImage, FloatImage]:
    """Soft tissue along each ray.

    Parameters
    ----------
    uneven
        Any random field with mean 0 and standard deviation 1; enlarged to the film.
    unevenness
        Share of the thickness that one standard deviation of it stands for.
    fat_mm
        Thickness of the fat under the skin.

    Returns
    -------
    tuple
        Path through all soft tissue, and its part in fat; mm, shape of the grid.
    """
    factor = max(1, round(_COARSE_MM / grid.pitch_mm))
    coarse = grid.coarser(factor)
    square = _squared(coarse, anatomy)
    square *= 1 + np.float32(2 * unevenness) * cv2.resize(uneven, (coarse.columns, coarse.rows), interpolation=cv2.INTER_CUBIC)
    half = cv2.GaussianBlur(np.sqrt(np.maximum(square, 0)), (0, 0), 6.0 / coarse.pitch_mm) / 2
    lean = square - 8 * np.float32(fat_mm) * np.maximum(half, 2 * fat_mm)
    total = np.sqrt(np.maximum(_enlarged(square, grid, factor), 0))
    muscle = np.sqrt(np.maximum(_enlarged(lean.astype(np.float32), grid, factor), 0))
    for crease in anatomy.creases:
        _add_crease(grid, total, crease.points, crease.width_mm, crease.depth_mm)
    return total, np.maximum(total - muscle, 0)


def _squared(grid: Grid, anatomy: Anatomy) -> FloatImage:
    """Squared thickness of the softly merged parts, negative outside; a smooth maximum (log of a sum of exponentials)."""
    parts = [_part(grid, p) for p in anatomy.flesh]
    top = np.maximum.reduce(parts)
    k = np.float32(anatomy.blend_mm2)
    merged = top + k * np.log(sum(np.exp((p - top) / k) for p in parts))
    # Far inside one part alone the sum is 1; two equal parts add k ln 2, as a web of skin between fingers does.
    return np.asarray(merged, np.float32)


def _part(grid: Grid, part: FleshPart) -> FloatImage:
    """Squared thickness of one part, continued smoothly below zero outside it."""
    knots = np.array(part.stations)
    where = footprint(grid, part.frame, part.length_mm, 1e4)
    a, b = turned_ellipse(knots[:, 1], knots[:, 2], where.roll)
    u = np.clip(where.u / part.length_mm, 0, 1)
    width = np.interp(u, knots[:, 0], a)
    depth = np.interp(u, knots[:, 0], b) * min(where.stretch, 1.5)
    beyond = np.maximum(np.maximum(-where.u, where.u - part.length_mm), 0)
    square = 4 * depth**2 * (1 - (where.v / width) ** 2 - (beyond / width) ** 2)
    return np.asarray(np.maximum(square, _OUTSIDE_MM2), np.float32)


def _enlarged(field: FloatImage, grid: Grid, factor: int) -> FloatImage:
    """A coarse field at the film's pixels, both centred on the central ray."""
    rows, columns = field.shape
    y = ((np.arange(grid.rows) - (grid.rows - 1) / 2) / factor + (rows - 1) / 2).astype(np.float32)
    x = ((np.arange(grid.columns) - (grid.columns - 1) / 2) / factor + (columns - 1) / 2).astype(np.float32)
    wide = cv2.remap(
        field,
        np.tile(x, (rows, 1)),
        np.repeat(np.arange(rows, dtype=np.float32)[:, None], len(x), 1),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    low = np.clip(np.floor(y).astype(int), 0, rows - 2)
    share = np.clip(y - low, 0, 1)[:, None].astype(np.float32)
    before, after = wide[np.maximum(low - 1, 0)], wide[np.minimum(low + 2, rows - 1)]
    p1, p2 = wide[low], wide[low + 1]
    cubic = p1 + 0.5 * share * (p2 - before + share * (2 * before - 5 * p1 + 4 * p2 - after + share * (3 * (p1 - p2) + after - before)))
    return np.asarray(cubic, np.float32)


def _add_crease(grid: Grid, total: FloatImage, points: np.ndarray, width_mm: float, depth_mm: float) -> None:
    """Thicken or thin the tissue along a curve, where there is tissue; in place."""
    row, column = grid.project(points)
    pad = 4 * width_mm / grid.pitch_mm + 2
    top, left = max(0, int(row.min() - pad)), max(0, int(column.min() - pad))
    bottom, right = min(grid.rows, int(row.max() + pad) + 1), min(grid.columns, int(column.max() + pad) + 1)
    if bottom <= top or right <= left:
        return
    drawn = np.zeros((bottom - top, right - left), np.uint8)
    line = np.round(np.stack([column - left, row - top], 1) * 16).astype(np.int32)
    sigma = width_mm / grid.pitch_mm
    cv2.polylines(drawn, [line], False, 255, 1, cv2.LINE_8, 4)
    canvas = cv2.GaussianBlur((drawn / np.float32(255)).astype(np.float32), (0, 0), max(sigma, 0.6)) * np.float32(
        np.sqrt(2 * np.pi) * max(sigma, 0.6)
    )
    part = total[top:bottom, left:right]
    part += depth_mm * canvas * np.clip(part / 5, 0, 1)
