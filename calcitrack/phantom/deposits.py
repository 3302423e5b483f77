"""Deposits as clouds of point masses in their own coordinates: of any form and orientation, with an exact sum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from calcitrack.phantom.shapes import Vector, rotation
from calcitrack.phantom.specs import DepositSpec, Form

_FINEST_MM = 0.07
"""Smallest lattice step, mm: half the pitch of a fine detector."""

_STEPS = 56
"""Lattice steps along the longest axis of a solid deposit; 56 cubed points fill it at most."""

_COARSEST_MM = 0.2
"""Largest lattice step of deposits up to `_MOST_STEPS` such steps, mm, so that no pixel stays empty."""

_MOST_STEPS = 200
"""Lattice steps along the longest axis of a mass of centimetres: eight million points at most."""


Body = tuple[Vector, Vector, Vector]
"""Points mm, shape (n, 3); the volume each stands for, mm3; its density against the deposit's mean."""


@dataclass(frozen=True, eq=False, slots=True)
class Cloud:
    """A deposit as a cloud of point masses.

    Parameters
    ----------
    points_mm
        Shape (n, 3): (across, along, towards the tube) about the deposit's own middle.
    volume_mm3
        Shape (n,): the volume each point stands for.
    mass_mg
        Shape (n,): the HA each point stands for.
    """

    points_mm: Vector
    volume_mm3: Vector
    mass_mg: Vector

    @property
    def grain_mm(self) -> float:
        """Distance at which single points are not visible: the side of the largest volume that a point stands for."""
        return float(np.cbrt(self.volume_mm3.max()))


def cloud(spec: DepositSpec, volume_factor: float) -> Cloud:
    """The deposit grown to a volume of `volume_factor` times its reference.

    The same seed gives the same lumps, dots and threads at every size, so a deposit stays recognisable over time.
    """
    rng = np.random.default_rng([spec.seed, 21])
    points, volumes, density = _FORMS[spec.form](rng, spec.size_mm, max(volume_factor, 1e-6))
    jitter = np.random.default_rng([spec.seed, 22])
    turned = points @ _lie(jitter, spec.form).T
    mass = volumes * density
    mass *= spec.conc_mg_cm3 * volumes.sum() / 1000 / max(mass.sum(), 1e-12)
    return Cloud(turned, volumes, mass)


def _lie(rng: np.random.Generator, form: Form) -> Vector:
    """Orientation of a deposit in soft tissue: sheets and nets along the skin or a fascia, others at random."""
    if form in (Form.SHEET, Form.NET):
        return rotation(float(rng.normal(0, 35)), float(rng.normal(0, 12)), float(rng.normal(0, 30)))
    return rotation(*(float(a) for a in rng.uniform(-90, 90, 3)))


def _lattice(rng: np.random.Generator, half: Vector) -> tuple[list[Vector], Vector, float]:
    """Axes of a box of given half sizes, jittered points around its nodes, shape (nv, nu, nw, 3), and the lattice step."""
    h = max(float(np.clip(2 * half.max() / _STEPS, _FINEST_MM, _COARSEST_MM)), 2 * float(half.max()) / _MOST_STEPS)
    axes = [np.arange(-a, a + h, h) for a in half + h]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), -1)
    points += (rng.random(points.shape, dtype=np.float32) - 0.5) * h
    return axes, points, h


def _balls(rng: np.random.Generator, centres: Vector, radii: Vector, density: Vector) -> Body:
    """A union of balls with slightly rough surfaces; where they overlap the nearest one's density holds."""
    wave = rng.normal(0, 1, (4, 3)) * 3.0 / radii.max()
    phase = rng.uniform(0, 6, 4)
    axes, points, h = _lattice(rng, (np.abs(centres) + radii[:, None]).max(axis=0))
    best = np.zeros(points.shape[:3])
    weight = np.zeros(points.shape[:3])
    for c, r, d in zip(centres, radii, density, strict=True):
        reach = 1.25 * r + h
        box = tuple(slice(*np.searchsorted(axis, (x - reach, x + reach))) for axis, x in zip(axes, c, strict=True))
        near = points[box]
        rough = 0.05 * np.sin(near @ wave.T + phase).sum(axis=-1)
        depth = 1 + rough - np.linalg.norm(near - c, axis=-1) / r
        nearer = depth > best[box]
        best[box][nearer] = depth[nearer]
        weight[box][nearer] = d
    inside = best > 0
    rim = 0.75 + 0.5 * np.exp(-best[inside] / 0.25)
    return points[inside], np.full(int(inside.sum()), h**3), weight[inside] * rim


def _grown(body: Body, factor: float) -> Body:
    """The same body at `factor` times the volume."""
    points, volumes, density = body
    return points * factor ** (1 / 3), volumes * factor, density


def _stone(rng: np.random.Generator, size: float, factor: float) -> Body:
    n = int(rng.integers(1, 7))
    radii = size * rng.uniform(0.16, 0.34, n)
    radii[0] = size * rng.uniform(0.28, 0.42)
    centres = rng.normal(0, 0.2, (n, 3)) * size * np.array([1.0, rng.uniform(1.0, 1.6), 0.7])
    centres[0] = 0
    return _grown(_balls(rng, centres, radii, rng.uniform(0.8, 1.2, n)), factor)


def _tumoral(rng: np.random.Generator, size: float, factor: float) -> Body:
    n = int(rng.integers(14, 46))
    direction = rng.normal(0, 1, (n, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    centres = direction * (rng.uniform(0, 1, (n, 1)) ** 0.5) * size * np.array([0.36, 0.42, 0.24]) * rng.uniform(0.75, 1.1, 3)
    radii = size * rng.uniform(0.05, 0.13, n)
    return _grown(_balls(rng, centres, radii, rng.uniform(0.45, 1.5, n)), factor)


def _punctate(rng: np.random.Generator, size: float, factor: float) -> Body:
    n = int(rng.integers(1, 10))
    radii = rng.uniform(0.28, 0.65, n) * min(1.0, size / 2) ** 0.5
    centres = rng.uniform(-0.5, 0.5, (n, 3)) * max(0.0, size - 1.0) * np.array([1.0, 1.0, 0.6])
    parts = [_grown(_balls(own, np.zeros((1, 3)), np.array([r]), np.ones(1)), factor) for own, r in zip(rng.spawn(n), radii, strict=True)]
    points = np.concatenate([p[0] + c for p, c in zip(parts, centres, strict=True)])
    return points, np.concatenate([p[1] for p in parts]), np.concatenate([p[2] for p in parts])


def _tubes(rng: np.random.Generator, starts: Vector, ends: Vector, radii: Vector) -> Body:
    """Threads between pairs of points, a little bent."""
    points, volumes = [], []
    for own, a, b, r in zip(rng.spawn(len(radii)), starts, ends, radii, strict=True):
        length = float(np.linalg.norm(b - a))
        n = max(8, int(np.pi * r**2 * length / 0.07**3 / 4))
        bow = own.normal(0, 0.08 * length, 3)
        t = (np.arange(n) + own.uniform(0, 1, n)) / n
        disc = own.normal(0, 1, (n, 3))
        disc *= (r * own.uniform(0, 1, n) ** (1 / 2.6) / np.linalg.norm(disc, axis=1))[:, None]
        points.append(a + t[:, None] * (b - a) + np.sin(np.pi * t)[:, None] * bow + disc)
        volumes.append(np.full(n, np.pi * r**2 * length / n))
    every = np.concatenate(points)
    return every, np.concatenate(volumes), np.ones(len(every))


def _net(rng: np.random.Generator, size: float, factor: float) -> Body:
    n = int(np.clip(size * rng.uniform(1.0, 1.8), 7, 42))
    nodes = rng.uniform(-0.5, 0.5, (n, 3)) * size * np.array([rng.uniform(0.45, 1.0), 1.0, 0.18])
    far = np.linalg.norm(nodes[:, None] - nodes[None], axis=2) + np.eye(n) * 1e9
    pairs = sorted({(min(i, int(j)), max(i, int(j))) for i in range(n) for j in np.argsort(far[i])[: int(rng.integers(2, 4))]})
    radii = rng.uniform(0.2, 0.48, len(pairs)) * factor**0.2
    first, second = np.array(pairs).T
    nodes = nodes * factor**0.3
    return _tubes(rng, nodes[first], nodes[second], radii)


def _sheet(rng: np.random.Generator, size: float, factor: float) -> Body:
    aspect, bend = rng.uniform(0.07, 0.75), rng.uniform(-1, 1) / max(size, 12.0)
    thickness = rng.uniform(0.45, 1.3) * factor**0.2
    long, short = size / 2 * factor**0.4, size / 2 * aspect * factor**0.4
    h = float(np.clip(size / 240, 0.06, 0.1))
    v, u = (g.ravel() for g in np.meshgrid(np.arange(-1.3 * short, 1.3 * short, h), np.arange(-1.3 * long, 1.3 * long, h)))
    angle = np.arctan2(v / short, u / long)
    outline = 1 + sum(rng.uniform(0.03, 0.14) * np.cos(k * angle + rng.uniform(0, 6.3)) for k in (2, 3, 5, 7))
    waves = rng.normal(0, 1, (6, 2)) * rng.uniform(0.5, 2.0)
    mottle = np.sin(np.stack([v, u], 1) @ waves.T / factor**0.4 + rng.uniform(0, 6.3, 6)).sum(axis=1) / np.sqrt(3)
    keep = (np.hypot(v / short, u / long) < outline) & (mottle > rng.uniform(-2.4, -0.9))
    v, u, mottle = v[keep], u[keep], mottle[keep]
    local = thickness * np.clip(1 + 0.25 * mottle, 0.35, 2)
    layers = 4
    w = bend * (u**2 + 0.6 * v**2) + 0.4 * np.sin(u * 3 / size + 1)
    points = np.concatenate([np.stack([v, u, w + local * ((k + 0.5) / layers - 0.5)], 1) for k in range(layers)])
    points[:, :2] += rng.uniform(-0.5, 0.5, (len(points), 2)) * h
    return points, np.tile(local * h**2 / layers, layers), np.ones(len(points))


_FORMS: dict[Form, Callable[[np.random.Generator, float, float], Body]] = {
    Form.STONE: _stone,
    Form.TUMORAL: _tumoral,
    Form.PUNCTATE: _punctate,
    Form.NET: _net,
    Form.SHEET: _sheet,
}
