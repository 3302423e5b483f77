"""How alike two films of one limb are, once they lie on each other: contrast at each width, bend, evenness, correlation and grain.

Deposits and the skin's edge take no part. Two films of one limb whose values are nepers follow each other closely: contrast differs by what the beam
makes of it, at all widths alike, and what is left is the same over the picture (`python -m benchmarks.like_films` measures by how much).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.model.alignment import Alignment
from calcitrack.model.image import FloatImage, Mask
from calcitrack.register.scene import SCENE_MM, Scene

ROBUST = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation (Rousseeuw and Croux 1993)."""
LATTICE_MM = 0.5
"""Step of the places at which films are compared: twice as fine as the finest width."""
WIDTHS_MM = ((0.0, 0.7), (0.7, 1.4), (1.4, 2.8), (2.8, 5.6))
"""Details are taken apart by their width: standard deviations of the smoothing that leaves them, and of the one that takes them away, mm. From the
blur of a film to the width of a finger's bone; what is wider changes with the thickness of flesh."""
SKIN_MM, RIM_MM = 2.0, 1.0
"""What lies nearer to the skin's edge, where a slight shift weighs much, and nearer to a deposit, whose rim may have grown, takes no part."""
COARSE_MM = 6.0
"""Smoothing (standard deviation) of what is left between two films: wider than a bone of the hand, narrower than half a hand."""
GRAIN_MM = 0.25
"""Grain is what this smoothing (standard deviation) takes away: details of a pixel or two."""
SMOOTHING_MM = 1.0
"""Smoothing of both films before their values are related: against grain, and what is left of a shift."""
EDGE_SHARES = (3.0, 97.0)
"""Percentiles between which values spread: single places beyond them may be a ring's shadow."""
LEAST_PLACES = 2000
"""Places that both films have to show: 5 cm2."""
MOST_PLACES = 6000
"""So many places tell the relation of two films to a thousandth."""
FIELD_STEPS = 6
"""Steps of the robust fit (Geman and McClure 1987) of the relation; it settles in four."""
OUTLIER = 2.0
"""Differences beyond this many standard deviations lose influence: an unmasked deposit."""


@dataclass(frozen=True, eq=False, slots=True)
class Laid:
    """What a film shows at places of the reference.

    Parameters
    ----------
    values
        Shape (rows, columns): its values on a lattice of `LATTICE_MM` over the reference.
    usable
        The same shape: tissue away from skin, deposits and the picture's edge, where the map is relied on.
    grain
        Robust standard deviation of the film's details of `GRAIN_MM` in its tissue, in the unit of its values, before it was laid anywhere.
    """

    values: FloatImage
    usable: Mask
    grain: float


@dataclass(frozen=True, slots=True)
class Likeness:
    """How the second of two films follows the first.

    Parameters
    ----------
    contrast
        Natural logarithm of the ratio of contrasts at each of `WIDTHS_MM`.
    correlation
        Correlation at each of `WIDTHS_MM`.
    bend
        How far the second film's values bend against the first's: the quadratic term over the linear one, for values of unit spread.
    uneven
        Spread over the picture, at `COARSE_MM`, of what is left between the films, in units of the second.
    spread
        Spread of the second film's values.
    grain
        Natural logarithm of the ratio of both films' grain.
    """

    contrast: tuple[float, ...]
    correlation: tuple[float, ...]
    bend: float
    uneven: float
    spread: float
    grain: float


def lay(reference: Scene, scene: Scene, alignment: Alignment | None) -> Laid:
    """What a film shows at the places of the reference.

    Parameters
    ----------
    reference
        The film whose places are taken.
    scene
        The film.
    alignment
        The reference's positions onto the film's; ``None`` for the reference itself.
    """
    shape = tuple(max(1, round(n * SCENE_MM / LATTICE_MM)) for n in reference.limb.shape)
    rows, columns = np.meshgrid(*((np.arange(n) + 0.5) * LATTICE_MM for n in shape), indexing="ij")
    at_mm, trusted = np.stack([rows, columns], axis=-1), np.ones(shape, bool)
    if alignment is not None:
        to_film, from_film = reference.to_film, np.linalg.inv(scene.to_film)
        places = at_mm @ to_film[:2, :2].T + to_film[:2, 2]
        trusted = alignment.ok_at(places)
        at_mm = alignment.to_image(places) @ from_film[:2, :2].T + from_film[:2, 2]
    at = (at_mm / SCENE_MM - 0.5).astype(np.float32)

    def sampled(image: NDArray[np.generic]) -> FloatImage:
        picture = np.ascontiguousarray(image, np.float32)
        return np.asarray(cv2.remap(picture, at[..., 1], at[..., 0], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0), np.float32)

    values, tissue = cv2.GaussianBlur(scene.values, (0, 0), GRAIN_MM / SCENE_MM), _tissue(scene)
    fine = np.abs(scene.values - values)[tissue > 0]
    grain = ROBUST * float(np.median(fine)) if fine.size else 0.0
    return Laid(sampled(values), np.asarray((sampled(tissue) > 0.99) & trusted, bool), grain)


def _tissue(scene: Scene) -> NDArray[np.uint8]:
    """Tissue away from the skin and from deposits."""
    shown = cv2.copyMakeBorder((scene.limb & scene.valid).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    inner = cv2.erode(shown, _disc(SKIN_MM), borderType=cv2.BORDER_CONSTANT, borderValue=0)[1:-1, 1:-1]
    return np.asarray(inner * (1 - cv2.dilate(scene.deposit.astype(np.uint8), _disc(RIM_MM))), np.uint8)


def _disc(radius_mm: float) -> NDArray[np.uint8]:
    n = 2 * round(radius_mm / SCENE_MM) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (n, n)), np.uint8)


def likeness(first: Laid, second: Laid) -> Likeness | None:
    """How the second film follows the first, both laid on the same reference; ``None`` where they show too little in common.

    Examples
    --------
    >>> import numpy as np
    >>> picture = np.random.default_rng(1).normal(size=(120, 80)).cumsum(axis=0).astype(np.float32)
    >>> film = Laid(picture, np.ones((120, 80), bool), 0.01)
    >>> found = likeness(film, Laid(2 * picture, np.ones((120, 80), bool), 0.02))
    >>> [round(c, 2) for c in found.contrast], [round(c, 2) for c in found.correlation]
    ([0.69, 0.69, 0.69, 0.69], [1.0, 1.0, 1.0, 1.0])
    """
    usable = first.usable & second.usable
    if np.count_nonzero(usable) < LEAST_PLACES:
        return None
    rows, columns = (np.flatnonzero(usable.any(axis=axis)) for axis in (1, 0))
    window = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    weight = usable[window].astype(np.float32)
    inside = weight > 0
    one, other = (np.where(inside, f.values[window] - np.median(f.values[usable]), 0).astype(np.float32) for f in (first, second))
    contrast, correlation = _by_width(one, other, weight, inside)
    one, other = (_smoothed(v, weight, SMOOTHING_MM) for v in (one, other))
    gain, bend = _relation(one, other, inside)
    left = _smoothed(np.where(inside, other - np.float32(gain) * one, 0).astype(np.float32), weight, COARSE_MM)[inside]
    least = float(np.finfo(np.float32).tiny)
    grain = float(np.log(max(second.grain, least) / max(first.grain, least)))
    return Likeness(contrast, correlation, bend, _spread(left), _spread(other[inside]), grain)


def _spread(values: NDArray[np.floating]) -> float:
    low, high = np.percentile(values, EDGE_SHARES)
    return float(high - low)


def _smoothed(values: FloatImage, weight: FloatImage, sigma_mm: float) -> FloatImage:
    """Gaussian smoothing over the places that take part alone."""
    share = np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma_mm / LATTICE_MM), np.float32(1e-3))
    return np.asarray(cv2.GaussianBlur(values * weight, (0, 0), sigma_mm / LATTICE_MM) / share, np.float32)


def _by_width(first: FloatImage, second: FloatImage, weight: FloatImage, inside: Mask) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(log ratio of contrasts, correlation) of the details of each width."""
    contrast, correlation = [], []
    finer = [v[inside].astype(float) for v in (first, second)]
    for _, wide in WIDTHS_MM:
        coarser = [_smoothed(v, weight, wide)[inside].astype(float) for v in (first, second)]
        a, b = (f - c for f, c in zip(finer, coarser, strict=True))
        finer = coarser
        sa, sb = (max(float(v.std()), float(np.finfo(np.float32).tiny)) for v in (a, b))
        contrast.append(float(np.log(sb / sa)))
        correlation.append(float(((a - a.mean()) * (b - b.mean())).mean() / (sa * sb)))
    return tuple(contrast), tuple(correlation)


def _relation(first: FloatImage, second: FloatImage, inside: Mask) -> tuple[float, float]:
    """Gain of the second film against the first, beside an even change over the picture, and the bend of the relation; both by robust fits."""
    rows, columns = np.nonzero(inside)
    step = max(1, len(rows) // MOST_PLACES)
    rows, columns = rows[::step], columns[::step]
    a, b = first[rows, columns].astype(float), second[rows, columns].astype(float)
    y, x = ((v - v.mean()) / max(float(v.std()), 1.0) for v in (rows, columns))
    unit = max(float(a.std()), float(np.finfo(np.float32).tiny))
    z, one = (a - a.mean()) / unit, np.ones(len(a))
    gain = _fitted(np.stack([z, one, x, y, x * x, x * y, y * y], axis=1), b)
    bent = _fitted(np.stack([z, one, z * z, x, y], axis=1), b)
    return float(gain[0]) / unit, float(bent[2] / bent[0]) if bent[0] else 0.0


def _fitted(design: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    weight = np.ones(len(values))
    found: NDArray[np.float64] = np.zeros(design.shape[1])
    for _ in range(FIELD_STEPS):
        root = np.sqrt(weight)
        found = np.asarray(np.linalg.lstsq(design * root[:, None], values * root, rcond=None)[0])
        left = values - design @ found
        scale = OUTLIER * max(ROBUST * float(np.median(np.abs(left))), float(np.finfo(np.float32).tiny))
        weight = 1 / (1 + (left / scale) ** 2) ** 2
    return found
