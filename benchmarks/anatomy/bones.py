"""Bones drawn straight onto a scene: shafts, short bones and ossicles of random form, so that no network learns four body parts by heart."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.anatomy.layers import PIXEL_MM
from benchmarks.segmenter.shadows import noise

CORTEX_G_CM3, MARROW_G_CM3 = 1.15, 0.22
"""Hydroxyapatite in cortex and in cancellous bone, about; both are varied."""
Areal = NDArray[np.float32]


def shaft(side: int, rng: np.random.Generator) -> tuple[Areal, NDArray[np.bool_]]:
    """A long bone through the scene: (g/cm2, mask)."""
    rows, columns = (np.mgrid[0:side, 0:side] - rng.uniform(0.2, 0.8, 2)[:, None, None] * side).astype(np.float32)
    turn = rng.uniform(0, np.pi)
    u = (rows * np.cos(turn) + columns * np.sin(turn)) * PIXEL_MM
    v = (columns * np.cos(turn) - rows * np.sin(turn)) * PIXEL_MM
    half = np.exp(rng.uniform(np.log(2.0), np.log(17.0)))
    length = half * rng.uniform(3, 14)
    v = v - rng.uniform(-0.06, 0.06) * u**2 / max(length, 1)
    knots = np.linspace(-1, 1, 7)
    flare = 1 + rng.uniform(0, 0.9) * np.abs(knots) ** rng.uniform(2, 5) + rng.normal(0, 0.05, 7)
    width = half * np.interp(np.clip(u / (length / 2), -1, 1), knots, flare)
    beyond = np.maximum(np.abs(u) - length / 2, 0)
    t = (v / width) ** 2 + (beyond / (half * rng.uniform(0.3, 1.2))) ** 2
    return _mineral(t, width, half, rng)


def lump(
    side: int, rng: np.random.Generator, least_mm: float, most_mm: float, middle: tuple[float, float] | None = None
) -> tuple[Areal, NDArray[np.bool_]]:
    """A short bone, an epiphysis, a sesamoid or a nucleus: (g/cm2, mask)."""
    middle = middle or tuple(rng.uniform(0, side, 2))
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    rows, columns = rows - middle[0], columns - middle[1]
    half = np.exp(rng.uniform(np.log(least_mm), np.log(most_mm)))
    stretch, turn = np.exp(rng.normal(0, 0.25)), rng.uniform(0, np.pi)
    u = (rows * np.cos(turn) + columns * np.sin(turn)) * PIXEL_MM / (half * stretch)
    v = (columns * np.cos(turn) - rows * np.sin(turn)) * PIXEL_MM / (half / stretch)
    angle = np.arctan2(v, u)
    outline = 1 + sum(rng.normal(0, 0.12 / k) * np.cos(k * angle + rng.uniform(0, 6)) for k in (2, 3, 4))
    return _mineral((u**2 + v**2) / np.maximum(outline, 0.3) ** 2, np.float32(half), half, rng)


def _mineral(t: Areal, width: Areal | np.float32, half: float, rng: np.random.Generator) -> tuple[Areal, NDArray[np.bool_]]:
    """Chords through wall and marrow; ``t`` is 1 on the outline."""
    depth = rng.uniform(0.6, 1.2)
    wall = float(np.clip(half * rng.uniform(0.06, 0.45), 0.35, 4.5))
    outer = 2 * depth * width * np.sqrt(np.maximum(1 - t, 0))
    share = np.maximum(1 - wall / np.maximum(width, 0.5), 0)
    inner = 2 * depth * width * share * np.sqrt(np.maximum(1 - t / np.maximum(share, 1e-3) ** 2, 0))
    cancellous = rng.uniform(0.2, 1.6) * MARROW_G_CM3
    grain = np.clip(1 + rng.uniform(0.05, 0.5) * noise(rng, t.shape, rng.uniform(1.0, 4.0)), 0, 3)
    areal = (rng.uniform(0.5, 1.2) * CORTEX_G_CM3 * (outer - inner) + cancellous * grain * inner) / 10
    mask = t < 1
    return np.asarray(cv2.GaussianBlur(np.asarray(areal, np.float32), (0, 0), rng.uniform(0.3, 0.9)), np.float32), np.asarray(mask)
