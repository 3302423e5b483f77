"""Shadows of deposits, drawn straight onto the search grid in a millisecond: stones, popcorn, sheets from the front and from the side, nets, specks.

The films bring the phantom's own deposits; these are pasted on top, so that no patch shows the same deposit twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.segment.grid import WORKING_PIXEL_MM

Shadow = NDArray[np.float32]
TURN = float(np.pi)
"""Shapes are turned by up to half a turn: they are symmetric."""


def noise(rng: np.random.Generator, shape: tuple[int, ...], scale_px: float) -> Shadow:
    """Smooth noise of zero mean and about unit spread; values ``scale_px`` apart are independent."""
    grid = [max(2, int(np.ceil(n / scale_px)) + 2) for n in shape]
    coarse = rng.standard_normal(grid).astype(np.float32)
    fine = cv2.resize(coarse, (int(grid[1] * scale_px) + 1, int(grid[0] * scale_px) + 1), interpolation=cv2.INTER_CUBIC)
    row, column = (int(rng.integers(0, max(1, have - want))) for have, want in zip(fine.shape, shape, strict=True))
    return np.asarray(fine[row : row + shape[0], column : column + shape[1]], dtype=np.float32)


def _inside(side: int, centre: tuple[float, float], axes: tuple[float, float], turn: float) -> Shadow:
    """1 minus the squared distance from an ellipse's centre in units of its axes: 1 in the middle, 0 on the outline."""
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    across, along = columns - centre[0], rows - centre[1]
    u = (across * np.cos(turn) + along * np.sin(turn)) / axes[0]
    v = (along * np.cos(turn) - across * np.sin(turn)) / axes[1]
    return np.asarray(1 - u * u - v * v, dtype=np.float32)


def _lump(rng: np.random.Generator, side: int, centre: tuple[float, float], axes: tuple[float, float], rough: float, power: float = 0.5) -> Shadow:
    """Path length through a rough ellipsoid (power 0.5), or a flatter or more pointed body."""
    level = 1 - _inside(side, centre, axes, rng.uniform(0, TURN))
    if rough:
        level = level * (1 + rough * noise(rng, level.shape, max(2.5, min(axes) * 0.9)))
    return np.asarray(np.clip(1 - level, 0, None) ** power, dtype=np.float32)


def _patchy(rng: np.random.Generator, shape: tuple[int, ...], scale_px: float, spread: float, least: float, most: float) -> Shadow:
    """Factors about 1 that vary from place to place."""
    return np.asarray(np.clip(1 + spread * noise(rng, shape, scale_px), least, most), dtype=np.float32)


def _stone(rng: np.random.Generator, size_px: float) -> Shadow:
    radius = size_px / 2
    side = int(radius * 3.8) + 9
    stretch = np.exp(rng.normal(0, 0.15))
    middle = (side / 2, side / 2)
    stone = _lump(rng, side, middle, (radius * stretch, radius / stretch), rng.uniform(0, 0.45), rng.choice([0.5, 0.5, 0.5, 0.25, 1.0]))
    if rng.random() < 0.4:
        stone = stone * _patchy(rng, stone.shape, max(2, radius * 0.5), 0.35, 0.1, 2)
    if rng.random() < 0.12 and radius > 6:  # a shell
        stone = stone * (1 - 0.8 * _lump(rng, side, middle, (radius * 0.6, radius * 0.6), 0.0))
    return stone


def _streak(rng: np.random.Generator, size_px: float) -> Shadow:
    """A spindle, as deposits along a tendon, a vessel or a fascia are: smooth, bent a little, three to ten times longer than wide."""
    side = int(size_px * 1.3) + 9
    half = max(1.8, size_px / rng.uniform(3, 10) / 2)
    streak = _lump(rng, side, (side / 2, side / 2), (size_px / 2, half), rng.uniform(0, 0.3), rng.choice([0.25, 0.5, 0.5, 1.0]))
    if rng.random() < 0.3:
        streak = streak * _patchy(rng, streak.shape, max(3, half * 2), 0.4, 0.05, 2)
    return streak


def _popcorn(rng: np.random.Generator, size_px: float) -> Shadow:
    radius = size_px / 2
    side = int(radius * 3.4) + 13
    whole = np.zeros((side, side), np.float32)
    count = int(rng.integers(3, 10 + int(size_px * WORKING_PIXEL_MM)))
    for _ in range(count):
        out, angle = radius * 0.75 * np.sqrt(rng.random()), rng.uniform(0, 2 * TURN)
        size = max(1.6, radius * rng.uniform(0.12, 0.45) * min(1, (6 / count) ** 0.3))
        centre = (side / 2 + out * np.cos(angle), side / 2 + out * np.sin(angle))
        whole += _lump(rng, side, centre, (size * rng.uniform(0.75, 1.3), size), 0.2) * size * rng.uniform(0.4, 1.2)
    return whole


def _ragged(rng: np.random.Generator, size_px: float, fringe: float) -> Shadow:
    """Above 0 within a blob of ragged outline."""
    radius, stretch = size_px / 2, np.exp(rng.normal(0, 0.2))
    side = int(radius * 3) + 9
    level = _inside(side, (side / 2, side / 2), (radius * stretch, radius / stretch), rng.uniform(0, TURN))
    level += rng.uniform(0.15, 0.5) * noise(rng, level.shape, max(3, radius * rng.uniform(0.25, 0.7))) - 0.33
    return np.asarray(level + fringe * noise(rng, level.shape, max(2.5, radius * 0.12)), dtype=np.float32)


def _sheet(rng: np.random.Generator, size_px: float) -> Shadow:
    level = _ragged(rng, size_px, rng.uniform(0, 0.25))
    sheet = np.clip(level / rng.uniform(0.02, 0.25), 0, 1)
    if rng.random() < 0.5:  # holes
        sheet = sheet * (noise(rng, level.shape, max(3, size_px * rng.uniform(0.07, 0.2))) > rng.uniform(-1.6, -0.6))
    return np.asarray(sheet * _patchy(rng, level.shape, max(3, size_px * 0.2), rng.uniform(0, 0.4), 0.15, 3), dtype=np.float32)


def _band(rng: np.random.Generator, size_px: float) -> Shadow:
    """A sheet seen from the side: a bent band."""
    side, turn = int(size_px * 1.15) + 17, rng.uniform(0, 2 * TURN)
    along = np.linspace(-0.5, 0.5, 24) * size_px
    bend, phase, waves = rng.uniform(0, 0.18) * size_px, rng.uniform(0, 2 * TURN), rng.uniform(2, 10)
    across = bend * (np.sin(waves * along / size_px + phase) - np.sin(phase))
    line = np.stack([along * np.cos(turn) - across * np.sin(turn), along * np.sin(turn) + across * np.cos(turn)], axis=1) + side / 2
    width = max(2, round(rng.uniform(0.5, 3.0) / WORKING_PIXEL_MM))
    band = np.zeros((side, side), np.float32)
    cv2.polylines(band, [np.round(line * 8).astype(np.int32)], isClosed=False, color=(1.0,), thickness=width, shift=3)
    band = cv2.GaussianBlur(band, (0, 0), max(0.5, width * 0.2)) * _patchy(rng, band.shape, max(3, width * 1.6), 0.6, 0, 3)
    if rng.random() < 0.4:  # interrupted
        band = band * (noise(rng, band.shape, 6) > -0.7)
    return np.asarray(band, dtype=np.float32)


def _net(rng: np.random.Generator, size_px: float) -> Shadow:
    level = _ragged(rng, size_px, 0.0)
    mesh = rng.uniform(1.2, 4) / WORKING_PIXEL_MM
    threads = _wisps(rng, level.shape, mesh) if rng.random() < 0.5 else _meshes(rng, level.shape[0], mesh)
    net = threads * (level > 0) * _patchy(rng, level.shape, 8, 0.5, 0, 3)
    if rng.random() < 0.5:  # a haze between the threads
        net = net + 0.25 * rng.random() * np.clip(level / 0.3, 0, 1)
    return np.asarray(net, dtype=np.float32)


def _wisps(rng: np.random.Generator, shape: tuple[int, ...], mesh_px: float) -> Shadow:
    """Lines along which a smooth noise changes its sign."""
    line = np.minimum(np.abs(noise(rng, shape, mesh_px)), np.abs(noise(rng, shape, mesh_px)))
    return np.asarray(np.clip(1.3 - line / (0.12 + 0.25 * rng.uniform(0.25, 0.7)), 0, 1), dtype=np.float32)


def _meshes(rng: np.random.Generator, side: int, mesh_px: float) -> Shadow:
    """Borders between the neighbourhoods of random points."""
    points = rng.integers(0, side, (max(4, int((side / mesh_px) ** 2)), 2))
    away = np.full((side, side), 255, np.uint8)
    away[points[:, 0], points[:, 1]] = 0
    _, nearest = cv2.distanceTransformWithLabels(away, cv2.DIST_L2, 3)
    owner, pair = nearest.astype(np.float32), np.ones((2, 2), np.uint8)
    border = (cv2.dilate(owner, pair) != cv2.erode(owner, pair)).astype(np.float32)
    threads = cv2.GaussianBlur(border, (0, 0), rng.uniform(0.6, 1.4))
    return np.asarray(threads / max(float(threads.max()), 1e-6), dtype=np.float32)


def _specks(rng: np.random.Generator, size_px: float) -> Shadow:
    radius = size_px / 2
    side = int(radius * 2.6) + 17
    whole = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(1, 14))):
        out, angle = radius * 0.9 * np.sqrt(rng.random()), rng.uniform(0, 2 * TURN)
        size = rng.uniform(1.2, 4.2)
        centre = (side / 2 + out * np.cos(angle), side / 2 + out * np.sin(angle))
        whole += _lump(rng, side, centre, (size * rng.uniform(0.8, 1.25), size), 0.2) * rng.uniform(0.4, 1.3)
    return whole


@dataclass(frozen=True)
class Form:
    """A form, its share among all, smallest and largest size in mm; whether it is long and thin, and whether it may be as dense as bone."""

    draw: Callable[[np.random.Generator, float], Shadow]
    share: float
    least_mm: float
    most_mm: float
    long: bool = False
    dense: bool = False


FORMS = (
    Form(_stone, 0.28, 1.1, 9.0),
    Form(_streak, 0.22, 3.0, 26.0, long=True),
    Form(_popcorn, 0.05, 4.0, 8.0),
    Form(_popcorn, 0.09, 8.0, 26.0, dense=True),
    Form(_sheet, 0.11, 4.0, 36.0),
    Form(_band, 0.05, 4.0, 25.0, long=True),
    Form(_net, 0.07, 5.0, 28.0),
    Form(_specks, 0.13, 2.0, 16.0),
)
"""Seven forms; popcorn above 8 mm is a mass."""


def shadow(rng: np.random.Generator) -> tuple[Shadow, Form]:
    """A deposit's shadow, about 1 at its densest, and its form."""
    form = FORMS[int(rng.choice(len(FORMS), p=[f.share for f in FORMS]))]
    size_mm = float(np.exp(rng.uniform(np.log(form.least_mm), np.log(form.most_mm))))
    drawn = cv2.GaussianBlur(np.pad(form.draw(rng, size_mm / WORKING_PIXEL_MM), 3), (0, 0), rng.uniform(0.45, 1.1))
    top = float(drawn.max())
    dense = float(np.percentile(drawn[drawn > 0.05 * top], 97)) if top > 0 else 1.0
    return np.asarray(drawn / dense, dtype=np.float32), form


def lying_along(drawn: Shadow, direction: float) -> Shadow:
    """The shadow turned so that its long axis lies along a direction (radians from the rows' axis towards the columns')."""
    m = cv2.moments(drawn)
    axis = 0.5 * np.arctan2(2 * m["mu11"], m["mu02"] - m["mu20"])  # from the rows' axis
    side = int(np.ceil(np.hypot(*drawn.shape)))
    matrix = cv2.getRotationMatrix2D(((drawn.shape[1] - 1) / 2, (drawn.shape[0] - 1) / 2), float(np.rad2deg(direction - axis)), 1.0)
    matrix[:, 2] += (side - drawn.shape[1]) / 2, (side - drawn.shape[0]) / 2
    return np.asarray(cv2.warpAffine(drawn, matrix, (side, side)), dtype=np.float32)
