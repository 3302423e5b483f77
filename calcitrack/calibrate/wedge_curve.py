"""Fit the curve and the edge enhancement that produced a wedge's picture."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from calcitrack.calibrate.unsharp import enhance
from calcitrack.calibrate.wedge_strip import PATCH_PIXEL_MM, Wedge
from calcitrack.model.image import FloatImage

FloatArray = NDArray[np.float64]

ENHANCEMENT_WIDTHS_MM = (0.3, 0.5, 0.75, 1.0, 1.4, 2.0, 2.8, 4.0)
"""Standard deviations of the unsharp mask that are tried."""
ENHANCEMENT_GAINS = tuple(np.arange(0.0, 2.05, 0.1).tolist())
"""Gains of the unsharp mask that are tried."""
WORTH = 0.97
"""Enhancement counts when it brings the misfit below this share of the misfit without."""
BINS = 60
"""Ranges of modelled density within which values should be one."""
EDGE_MM = 0.6
"""Distance from the edges of the steps within which blur and placement, not enhancement, decide."""
FIELD_MM = 5.0
"""Open field around the wedge that counts."""
PER_INTERVAL = 6
"""Knots of the curve between two steps."""
BEYOND = 0.6
"""The curve goes on by this share of the wedge's range, along its last slope, beyond the thickest step."""
LEAST_RISE = 0.02
"""A step that rises by less than this share of the greatest rise is saturated: the curve ends before it."""


@dataclass(frozen=True, slots=True)
class WedgeCurve:
    """Curve and edge enhancement of a picture, fitted to its wedge.

    Parameters
    ----------
    knots
        (value, nepers), ascending; the open field is 0.
    gain, width_mm
        Unsharp masking that the picture went through, before its curve; a gain of 0 for none.
    relative_misfit
        Spread of the values around the model, divided by the typical rise of a step.
    used_steps
        Steps below saturation.
    points
        (value, nepers) of the open field and of each step in use, as the enhancement left them.
    """

    knots: tuple[tuple[float, float], ...]
    gain: float
    width_mm: float
    relative_misfit: float
    used_steps: int
    points: tuple[tuple[float, float], ...]


def wedge_curve(wedge: Wedge, nepers: FloatArray, limits: tuple[float, float]) -> WedgeCurve | None:
    """Fit curve and enhancement.

    Parameters
    ----------
    wedge
        The wedge's picture.
    nepers
        Attenuation of each of its steps, thinnest first.
    limits
        Lowest and highest value that the picture can hold.

    Returns
    -------
    ``None`` when fewer than three steps are of use.
    """
    used = _unsaturated(wedge)
    if used < 3:
        return None
    density = _drawn(wedge, nepers)
    weight = _usable(wedge, density)
    gain, width_mm, misfit = _enhancement(wedge.patch, density, weight)
    modelled = enhance(density, gain, width_mm / PATCH_PIXEL_MM) if gain > 0 else density
    points = _step_points(wedge, modelled, weight, used)
    knots = _smooth_knots(points, limits)
    if knots is None:
        return None
    rise = float(np.median(np.diff([v for v, _ in points])))
    return WedgeCurve(knots, gain, width_mm, misfit / max(rise, 1e-9), used, tuple(points))


def _unsaturated(wedge: Wedge) -> int:
    rises = np.diff([wedge.side, *wedge.levels])
    flat = np.flatnonzero(rises < LEAST_RISE * rises.max())
    return int(flat[0]) if flat.size else len(wedge.levels)


def _drawn(wedge: Wedge, nepers: FloatArray) -> FloatImage:
    """Model of the wedge without enhancement, on the patch's grid, with subpixel edges."""
    rows, columns = wedge.patch.shape
    tread, half = wedge.frame.tread_mm / PATCH_PIXEL_MM, wedge.frame.half_width_mm / PATCH_PIXEL_MM
    at = np.arange(rows)[:, None]
    along = np.zeros((rows, 1))
    for k, value in enumerate(nepers):
        rise = value - (nepers[k - 1] if k else 0.0)
        along += rise * np.clip(at - (wedge.start + k * tread) + 0.5, 0, 1)
    along *= np.clip(wedge.start + len(nepers) * tread - at + 0.5, 0, 1)
    across = np.clip(half - np.abs(np.arange(columns) - wedge.middle) + 0.5, 0, 1)
    return np.asarray(along * across[None, :], np.float32)


def _usable(wedge: Wedge, density: FloatImage) -> NDArray[np.bool_]:
    """Weights of usable pixels: on the film, away from edges, and open field near the wedge without other objects."""
    flat = cv2.morphologyEx(density, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) < 1e-6
    reach = round(EDGE_MM / PATCH_PIXEL_MM)
    away = cv2.erode(flat.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) > 0
    on_wedge = density > 0
    near = cv2.dilate(on_wedge.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=round(FIELD_MM / PATCH_PIXEL_MM)) > 0
    field = near & ~on_wedge & (wedge.patch < (wedge.side + wedge.levels[0]) / 2)
    return np.asarray(wedge.inside & away & (on_wedge | field))


def _enhancement(patch: FloatImage, density: FloatImage, weight: NDArray[np.bool_]) -> tuple[float, float, float]:
    """(gain, width mm, misfit) of the unsharp mask under which the picture is a function of the modelled density."""
    values = patch[weight].astype(float)
    plain = _misfit(density[weight], values)
    best = (plain, 0.0, 1.0)
    for width_mm in ENHANCEMENT_WIDTHS_MM:
        detail = (density - cv2.GaussianBlur(density, (0, 0), width_mm / PATCH_PIXEL_MM))[weight]
        for gain in ENHANCEMENT_GAINS[1:]:
            misfit = _misfit(density[weight] + gain * detail, values)
            best = min(best, (misfit, gain, width_mm))
    if best[0] > WORTH * plain:
        return 0.0, 1.0, plain
    misfit, gain, width_mm = _refined(patch, density, weight, best)
    return gain, width_mm, misfit


def _refined(patch: FloatImage, density: FloatImage, weight: NDArray[np.bool_], best: tuple[float, float, float]) -> tuple[float, float, float]:
    """Refine gain and width between the tried values."""
    values = patch[weight].astype(float)
    for share in (0.2, 0.1, 0.05):
        _, gain, width = best
        for w in (width * (1 - share), width, width * (1 + share)):
            detail = (density - cv2.GaussianBlur(density, (0, 0), w / PATCH_PIXEL_MM))[weight]
            for g in (gain - 0.25 * share, gain, gain + 0.25 * share):
                if g > 0:
                    best = min(best, (_misfit(density[weight] + g * detail, values), g, w))
    return best


def _misfit(modelled: NDArray[np.floating], values: FloatArray) -> float:
    """Spread of values with equal modelled density: residuals from a straight line in each of many density ranges."""
    order = np.argsort(modelled, kind="stable")
    x, y = modelled[order].astype(float), values[order]
    cuts = np.linspace(0, x.size, BINS + 1).astype(int)
    starts, sizes = cuts[:-1], np.diff(cuts)

    def mean(z: FloatArray) -> FloatArray:
        return np.asarray(np.repeat(np.add.reduceat(z, starts) / sizes, sizes))

    dx, dy = x - mean(x), y - mean(y)
    slope = np.maximum(mean(dx * dy), 0) / np.maximum(mean(dx * dx), 1e-12)
    return float(np.sqrt(np.mean((dy - slope * dx) ** 2)))


def _step_points(wedge: Wedge, modelled: FloatImage, weight: NDArray[np.bool_], used: int) -> list[tuple[float, float]]:
    """(value, nepers) at the open field and at the middle of each step, both as the enhancement left them."""
    tread, half = wedge.frame.tread_mm / PATCH_PIXEL_MM, 0.35 * wedge.frame.half_width_mm / PATCH_PIXEL_MM
    columns = slice(round(wedge.middle - half), round(wedge.middle + half) + 1)
    field = weight & (modelled < 1e-3) & (modelled > -0.02)
    far = field if np.count_nonzero(field) > 50 else weight & (modelled < 0.02)
    points = [(float(np.median(wedge.patch[far])), float(np.median(modelled[far])))] if far.any() else [(wedge.side, 0.0)]
    for k in range(used):
        rows = slice(round(wedge.start + (k + 0.3) * tread), round(wedge.start + (k + 0.7) * tread) + 1)
        points.append((float(np.median(wedge.patch[rows, columns])), float(np.median(modelled[rows, columns]))))
    return points


def _smooth_knots(points: list[tuple[float, float]], limits: tuple[float, float]) -> tuple[tuple[float, float], ...] | None:
    """A monotone cubic through the points, on the scale on which a sigmoid is a straight line, and a little beyond."""
    rising = [points[0]]
    for point in points[1:]:
        if point[0] > rising[-1][0] and point[1] > rising[-1][1]:
            rising.append(point)
    if len(rising) < 4:
        return None
    low, high = limits
    span = high - low
    values, nepers = np.array(rising).T
    share = np.clip((values - low) / span, 1e-4, 1 - 1e-4)
    u = np.log(share / (1 - share))
    if (np.diff(u) <= 0).any():
        return None
    cubic = PchipInterpolator(nepers, u)
    fine = np.concatenate([np.linspace(a, b, PER_INTERVAL, endpoint=False) for a, b in pairwise(nepers)])
    slope = (u[-1] - u[-2]) / (nepers[-1] - nepers[-2])
    beyond = np.linspace(nepers[-1], nepers[-1] + BEYOND * (nepers[-1] - nepers[0]), 2 * PER_INTERVAL)
    first = (u[1] - u[0]) / (nepers[1] - nepers[0])
    before = np.array([nepers[0] - (nepers[1] - nepers[0])])
    e = np.concatenate([before, fine, beyond])
    logit = np.concatenate([u[0] + first * (before - nepers[0]), cubic(fine), u[-1] + slope * (beyond - nepers[-1])])
    value = low + span / (1 + np.exp(-logit))
    keep = np.concatenate([[True], np.diff(value) > 1e-6 * span])
    return tuple((float(v), float(n)) for v, n in zip(value[keep], e[keep], strict=True))
