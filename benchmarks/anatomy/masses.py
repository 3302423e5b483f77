"""Shadows of large deposits as calcinosis has them: lobulated masses of one to ten centimetres, sheets along bones, swarms, tendons, vessels.

Each function gives areal density relative to its densest part, on the grid of the anatomy network, as a square picture with the deposit in it.
Small forms come from `benchmarks.segmenter.shadows`, drawn for a quarter of the pitch and shrunk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.anatomy.layers import PIXEL_MM
from benchmarks.segmenter.shadows import noise, shadow

Shadow = NDArray[np.float32]
RIM_PX = 4
"""Empty rim around a shadow, pixels."""


def _unit(drawn: Shadow) -> Shadow:
    """What is there, with a rim around it, relative to its 97th percentile."""
    there = drawn > 0.05 * float(drawn.max() or 1)
    if not there.any():
        return drawn
    rows, columns = (np.flatnonzero(there.any(axis=1 - axis)) for axis in (0, 1))
    box = tuple(slice(max(0, int(at[0]) - RIM_PX), int(at[-1]) + RIM_PX + 1) for at in (rows, columns))
    return np.asarray(drawn[box] / float(np.percentile(drawn[there], 97)), np.float32)


def _spheres(side: int, centres: NDArray[np.float64], radii: NDArray[np.float64], *, union: bool) -> Shadow:
    """Paths through spheres: added up, or the longest of all (lobules that merge)."""
    whole = np.zeros((side, side), np.float32)
    for (row, column), radius in zip(centres, radii, strict=True):
        top, left = max(0, int(row - radius) - 1), max(0, int(column - radius) - 1)
        bottom, right = min(side, int(row + radius) + 2), min(side, int(column + radius) + 2)
        if bottom <= top or right <= left:
            continue
        rows, columns = np.ogrid[top:bottom, left:right]
        path = np.sqrt(np.maximum(radius**2 - (rows - row) ** 2 - (columns - column) ** 2, 0)).astype(np.float32)
        part = whole[top:bottom, left:right]
        part[:] = np.maximum(part, path) if union else part + path
    return whole


def _lobulated(rng: np.random.Generator, size_px: float) -> Shadow:
    """Cauliflower: lobules of several sizes packed into a body of irregular outline, with clefts, rims and levels of settled calcium."""
    side = int(size_px * 2) + 36
    stretch = np.exp(np.clip(rng.normal(0, 0.25), -0.35, 0.35))
    half = np.array([size_px / 2 * stretch, size_px / 2 / stretch]).clip(3)
    turn = rng.uniform(0, np.pi)
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    lobule = max(1.2, size_px * rng.uniform(0.06, 0.22))
    count = int(np.clip(rng.uniform(0.5, 2.5) * (half.prod() / lobule**2), 5, 220))
    spread = np.sqrt(rng.random(count))[:, None] * (1 - 0.5 * rng.random((count, 1)) ** 3)
    angle = rng.uniform(0, 2 * np.pi, count)
    uneven = 1 + 0.25 * np.sin(angle * rng.integers(2, 6) + rng.uniform(0, 6)) + 0.15 * np.sin(angle * rng.integers(3, 9) + rng.uniform(0, 6))
    centres = (np.stack([np.cos(angle), np.sin(angle)], 1) * spread * uneven[:, None] * half) @ spin + side / 2
    radii = lobule * np.exp(rng.normal(0, 0.4, count))
    union = _spheres(side, centres, radii, union=True)
    body = union if rng.random() < 0.35 else union * rng.uniform(0.3, 1) + _spheres(side, centres, radii, union=False) * rng.uniform(0.1, 0.6)
    if rng.random() < 0.35:  # rims: calcium lines the walls of the lobules
        inner = _spheres(side, centres, radii * rng.uniform(0.5, 0.85), union=True)
        body = np.maximum(body - rng.uniform(0.5, 1.1) * inner, 0) + 0.15 * inner
    if rng.random() < 0.3:  # a capsule around all of it
        whole = cv2.GaussianBlur((union > 0).astype(np.float32), (0, 0), lobule * 0.6)
        body = body + body.max() * rng.uniform(0.1, 0.5) * np.exp(-(((whole - 0.5) / 0.12) ** 2))
    if rng.random() < 0.6:  # clefts
        body = body * np.clip(np.abs(noise(rng, body.shape, max(3, lobule * rng.uniform(0.8, 2.5)))) / rng.uniform(0.1, 0.5), 0.15, 1)
    if rng.random() < 0.6:  # crumbs
        body = body * np.clip(1 + rng.uniform(0.2, 0.7) * noise(rng, body.shape, max(2, rng.uniform(0.8, 4) / PIXEL_MM)), 0.1, 3)
    if rng.random() < 0.12:  # settled milk of calcium
        rows = np.arange(side)[:, None]
        body = body * np.where(rows > side / 2 + rng.uniform(-0.2, 0.3) * size_px, 1, rng.uniform(0.1, 0.5))
    return _unit(cv2.GaussianBlur(np.asarray(body, np.float32), (0, 0), rng.uniform(0.3, 1.0)))


def _cloudy(rng: np.random.Generator, size_px: float) -> Shadow:
    """An amorphous cloud without lobules, with soft or sharp edge."""
    side = int(size_px * 2.2) + 24
    rows, columns = (np.mgrid[0:side, 0:side] - side / 2).astype(np.float32)
    stretch, turn = np.exp(np.clip(rng.normal(0, 0.3), -0.4, 0.4)), rng.uniform(0, np.pi)
    u, v = rows * np.cos(turn) + columns * np.sin(turn), columns * np.cos(turn) - rows * np.sin(turn)
    level = 1 - (u / (size_px / 2 * stretch)) ** 2 - (v / (size_px / 2 / stretch)) ** 2
    level = level + rng.uniform(0.2, 0.7) * noise(rng, level.shape, max(4, size_px * rng.uniform(0.12, 0.4)))
    grain = np.clip(1 + rng.uniform(0.1, 0.7) * noise(rng, level.shape, max(2, size_px * 0.06)), 0.05, 3)
    body = np.clip(level / rng.uniform(0.15, 1.0), 0, 1) * grain
    return _unit(cv2.GaussianBlur(np.asarray(body, np.float32), (0, 0), rng.uniform(0.4, 1.2)))


def _line(rng: np.random.Generator, size_px: float) -> tuple[int, NDArray[np.int32]]:
    """A gently bent line through the middle of a picture, as points times eight."""
    side, turn = int(size_px * 1.2) + 24, rng.uniform(0, 2 * np.pi)
    along = np.linspace(-0.5, 0.5, 48) * size_px
    across = rng.uniform(0, 0.12) * size_px * np.sin(rng.uniform(2, 7) * along / size_px + rng.uniform(0, 6))
    line = np.stack([along * np.cos(turn) - across * np.sin(turn), along * np.sin(turn) + across * np.cos(turn)], 1) + side / 2
    return side, np.round(line * 8).astype(np.int32)


def _plaque(rng: np.random.Generator, size_px: float) -> Shadow:
    """A sheet along a bone or fascia: a long band of uneven width, lumpy, interrupted."""
    side, line = _line(rng, size_px)
    band = np.zeros((side, side), np.float32)
    width = max(1, round(np.exp(rng.uniform(np.log(1.0), np.log(18.0))) / PIXEL_MM))
    cv2.polylines(band, [line], isClosed=False, color=(1.0,), thickness=width, shift=3)
    away = cv2.distanceTransform((band > 0).astype(np.uint8), cv2.DIST_L2, 3)
    body = np.sqrt(np.clip(away / max(1.0, width / 2) + 0.35 * noise(rng, band.shape, max(3, width)), 0, 1)) * (away > 0)
    if rng.random() < 0.5:  # crumbs
        body = body * np.clip(1 + rng.uniform(0.3, 0.9) * noise(rng, band.shape, rng.uniform(1.5, 4)), 0.05, 3)
    if rng.random() < 0.6:
        body = body * np.clip(noise(rng, band.shape, max(3, width * rng.uniform(0.7, 2))) + rng.uniform(0.2, 1.2), 0, 1)
    return _unit(cv2.GaussianBlur(np.asarray(body, np.float32), (0, 0), rng.uniform(0.3, 0.8)))


def _vessel(rng: np.random.Generator, size_px: float) -> Shadow:
    """A calcified vessel or tendon: two thin parallel walls, or one thin line, beaded."""
    side, line = _line(rng, size_px)
    outer, inner = np.zeros((side, side), np.float32), np.zeros((side, side), np.float32)
    width = max(2, round(rng.uniform(0.8, 5.0) / PIXEL_MM))
    cv2.polylines(outer, [line], isClosed=False, color=(1.0,), thickness=width, shift=3)
    cv2.polylines(inner, [line], isClosed=False, color=(1.0,), thickness=max(1, width - 2), shift=3)
    body = outer - rng.uniform(0.5, 1.0) * inner if width > 2 else outer
    body = body * np.clip(noise(rng, body.shape, rng.uniform(3, 12)) + rng.uniform(0.3, 1.5), 0, 1)
    return _unit(cv2.GaussianBlur(np.asarray(body, np.float32), (0, 0), rng.uniform(0.4, 0.9)))


def _swarm(rng: np.random.Generator, size_px: float) -> Shadow:
    """Many small stones over a wide place."""
    side = int(size_px * 1.3) + 24
    count = int(rng.integers(6, 90))
    out = np.sqrt(rng.random(count)) * size_px / 2
    angle = rng.uniform(0, 2 * np.pi, count)
    centres = np.stack([out * np.cos(angle) * rng.uniform(0.4, 1), out * np.sin(angle)], 1) + side / 2
    radii = np.exp(rng.uniform(np.log(0.5), np.log(rng.uniform(1.2, 3.5) / PIXEL_MM), count))
    return _unit(cv2.GaussianBlur(_spheres(side, centres, radii, union=False), (0, 0), rng.uniform(0.4, 0.9)))


def _small(rng: np.random.Generator, _size_px: float) -> Shadow:
    """One of the forms of the search network, at this pitch."""
    drawn, _ = shadow(rng)
    rows, columns = (max(6, -(-n // 4)) for n in drawn.shape)
    return _unit(cv2.resize(drawn, (columns, rows), interpolation=cv2.INTER_AREA))


def _granular(rng: np.random.Generator, size_px: float) -> Shadow:
    """Packed crumbs in a body or a band, with a faint haze between them: the commonest look of a mass beside a joint."""
    side = int(size_px * 2) + 36
    rows, columns = (np.mgrid[0:side, 0:side] - side / 2).astype(np.float32)
    stretch = np.exp(rng.uniform(0, 1.6))
    half = np.array([size_px / 2, max(2.5, size_px / 2 / stretch)])
    turn = rng.uniform(0, np.pi)
    u, v = rows * np.cos(turn) + columns * np.sin(turn), columns * np.cos(turn) - rows * np.sin(turn)
    v = v - rng.uniform(-0.2, 0.2) * u**2 / max(float(half[0]), 1)
    level = 1 - (u / half[0]) ** 2 - (v / half[1]) ** 2 + rng.uniform(0.2, 0.8) * noise(rng, u.shape, max(3, float(half[1]) * rng.uniform(0.4, 1.2)))
    places = np.argwhere(level > 0)
    if not len(places):
        return np.zeros_like(level)
    least, most = rng.uniform(0.4, 0.9) / PIXEL_MM, rng.uniform(1.0, 4.0) / PIXEL_MM
    count = int(np.clip(len(places) * rng.uniform(0.05, 0.5) / (least * most), 8, 1500))
    radii = np.exp(rng.uniform(np.log(least), np.log(most), count))
    crumbs = _spheres(side, places[rng.integers(len(places), size=count)].astype(np.float64), radii, union=rng.random() < 0.3)
    haze = np.clip(level, 0, 1) ** rng.uniform(0.3, 1) * float(np.percentile(crumbs[crumbs > 0], 80)) * rng.uniform(0.1, 0.9)
    body = crumbs * np.clip(1 + 0.5 * noise(rng, u.shape, max(4, size_px * 0.2)), 0.1, 2) + haze
    return _unit(cv2.GaussianBlur(np.asarray(body, np.float32), (0, 0), rng.uniform(0.3, 0.8)))


@dataclass(frozen=True)
class Form:
    """A form, its share among all, and its smallest and largest size in mm."""

    draw: Callable[[np.random.Generator, float], Shadow]
    share: float
    least_mm: float
    most_mm: float


FORMS = (
    Form(_lobulated, 0.26, 8.0, 100.0),
    Form(_granular, 0.28, 8.0, 110.0),
    Form(_cloudy, 0.07, 8.0, 80.0),
    Form(_plaque, 0.18, 12.0, 120.0),
    Form(_vessel, 0.05, 15.0, 110.0),
    Form(_swarm, 0.08, 12.0, 80.0),
    Form(_small, 0.08, 0.0, 0.0),
)
"""Shares for training, not the disease's: stones are the commonest form on hands (Bartoli 2016); masses are what a search for stones misses."""


def mass(rng: np.random.Generator) -> Shadow:
    """A deposit's shadow of any form and size, about 1 where it is dense."""
    form = FORMS[int(rng.choice(len(FORMS), p=[f.share for f in FORMS]))]
    size_mm = float(np.exp(rng.uniform(np.log(max(form.least_mm, 1)), np.log(max(form.most_mm, 2)))))
    return form.draw(rng, size_mm / PIXEL_MM)
