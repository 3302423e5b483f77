"""Training scenes: layers of simulated films turned, scaled, bent and laid over each other, with bones and deposits drawn into them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.anatomy.bones import lump, shaft
from benchmarks.anatomy.grounds import UNSURE, Ground
from benchmarks.anatomy.layers import BONE, DEPOSIT, FAT, IS_BONE, IS_DEPOSIT, IS_LIMB, OBJECTS, PIXEL_MM, SOFT, load
from benchmarks.anatomy.look import looked
from benchmarks.anatomy.masses import mass
from benchmarks.segmenter.folds import fold
from benchmarks.segmenter.shadows import noise
from calcitrack.segment.network_input import pictures

SIDE, MARGIN = 160, 20
"""Side of a patch and its border that the pictures are computed from, pixels: 128 mm and 16 mm."""
WIDE = SIDE + 2 * MARGIN
DEPOSIT_UNJUDGED, ANATOMY_UNJUDGED = 16, UNSURE
"""Bits of the truth map: what could not be seen, and what nobody has outlined, takes no part in the loss."""
REAL_SHARE = 0.55
"""Share of patches on real pictures without deposits, where there are any."""
SEEN_CHANGE = 0.025
"""A deposit is judged where it changes the picture by this fraction of its range."""
FAINT_NEPERS, SEEN_NEPERS = 0.03, 0.1
"""Contrast of a deposit that is not seen, and that is; between the two nothing is judged."""
BESIDE_BONE, ALONG_BONE, LONG = 0.65, 0.7, 1.8
"""Share of deposits whose middle lies over or beside bone, within about their own half width; share of the long ones among them that lie along it;
and how much longer than wide, as standard deviations, a long one is."""
DENSITY = (0.2, 1.7)
"""Contrast of a deposit's dense part against that of the bones of the scene, drawn log-uniformly: from faint to denser than cortex."""


Scene = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]]
"""Attenuation with deposits and without, truth bits, weight."""


@dataclass(frozen=True, eq=False)
class Patch:
    """Pictures (5, side, side), truth bits (side, side) and the weight of each pixel in the deposits' loss (side, side)."""

    pictures: NDArray[np.float32]
    truth: NDArray[np.uint8]
    weight: NDArray[np.float32]


def patch(films: Sequence[Path], grounds: Sequence[Ground], seed: int, number: int) -> Patch:
    """Patch of a number; equal seeds, numbers and films give equal patches.

    Parameters
    ----------
    films
        Cached layers of simulated films.
    grounds
        Real pictures without deposits; `REAL_SHARE` of the patches show one.
    """
    rng = np.random.default_rng([seed, number])
    if grounds and rng.random() < REAL_SHARE:
        attenuation, bare, truth, weight = _real(grounds[int(rng.integers(len(grounds)))], rng)
    else:
        attenuation, bare, truth, weight = _simulated(films, rng)
    image = _seen(attenuation, bare, truth, rng)
    middle = slice(MARGIN, -MARGIN)
    return Patch(as_input(image, rng)[:, middle, middle].copy(), truth[middle, middle].copy(), weight[middle, middle].copy())


def _seen(attenuation: NDArray[np.float32], bare: NDArray[np.float32], truth: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """The picture of the scene; deposits that the same picture without them hardly differs from are not judged, in place."""
    state, written = rng.bit_generator.state, truth.copy()
    image = looked(attenuation, truth, rng)
    if (written & IS_DEPOSIT).any():
        rng.bit_generator.state = state
        without = looked(bare, written, rng)
        change = cv2.GaussianBlur(np.abs(image - without), (0, 0), 1.2)
        truth[((truth & IS_DEPOSIT) > 0) & (change < SEEN_CHANGE)] |= DEPOSIT_UNJUDGED
    return image


def as_input(image: NDArray[np.float32], rng: np.random.Generator | None = None) -> NDArray[np.float32]:
    """Pictures of a scene or a whole film; with ``rng`` the range of the film, which a patch does not know, is drawn."""
    low, high = (float(v) for v in np.percentile(image[::2, ::2], [1.0, 99.5]))
    span = max(high - low, 1e-3)
    if rng is not None:
        low, span = low - span * max(0.0, rng.normal(0, 0.12)), span * float(np.exp(abs(rng.normal(0, 0.25))))
    scaled = ((image - low) / span).astype(np.float32)
    edges = np.sort(image[::5, ::5].ravel())
    rank = np.searchsorted(edges, image).astype(np.float32) / edges.size
    if rng is not None:
        rank = np.clip(rank * rng.uniform(0.8, 1.0) + rng.uniform(0, 0.2), 0, 1) ** np.exp(rng.normal(0, 0.25))
    return pictures(rank, scaled)


def _matrix(centre: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """From the film to the scene: any turn, half to twice the size, mirrored or not."""
    turn, size = rng.uniform(0, 2 * np.pi), np.exp(np.clip(rng.normal(0, 0.33), -0.75, 0.75))
    scale = size * np.exp(rng.normal(0, 0.07, 2)) * np.array([1, rng.choice([-1, 1])])
    linear = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) * scale
    return np.hstack([linear, (WIDE / 2 - linear @ centre[::-1])[:, None]])


def _window(film: NDArray[np.floating], truth: NDArray[np.uint8], rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Layers and truth of a place on the limb, turned, scaled and bent."""
    places = np.argwhere(truth[::4, ::4] & IS_LIMB) * 4
    centre = places[rng.integers(len(places))] if len(places) and rng.random() < 0.9 else rng.integers(0, np.array(truth.shape))
    matrix = _matrix(np.asarray(centre), rng)
    inverse = cv2.invertAffineTransform(matrix)
    rows, columns = np.mgrid[0:WIDE, 0:WIDE].astype(np.float32)
    if rng.random() < 0.6:
        reach = rng.uniform(0.5, 4.5)
        rows, columns = (axis + reach * noise(rng, axis.shape, rng.uniform(15, 55)) for axis in (rows, columns))
    at = (inverse[0, 0] * columns + inverse[0, 1] * rows + inverse[0, 2]).astype(np.float32)
    down = (inverse[1, 0] * columns + inverse[1, 1] * rows + inverse[1, 2]).astype(np.float32)
    top, left = (max(0, min(int(axis.min()) - 1, n - 2)) for axis, n in ((down, truth.shape[0]), (at, truth.shape[1])))
    box = np.asarray(film[:, top : max(top + 2, int(down.max()) + 2), left : max(left + 2, int(at.max()) + 2)], np.float32)
    moved = np.stack([cv2.remap(layer, at - left, down - top, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for layer in box])
    return moved, cv2.remap(truth, at, down, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)


def _drawn_film(films: Sequence[Path], rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    film = load(films[int(rng.integers(len(films)))])
    return _window(film.areal, film.truth, rng)


def _simulated(films: Sequence[Path], rng: np.random.Generator) -> Scene:
    layers, truth = _drawn_film(films, rng)
    if rng.random() < 0.3:  # another limb or bone over it
        other, other_truth = _drawn_film(films, rng)
        if rng.random() < 0.5:
            other, other_truth = other * np.array([0, 0, 1, 0, 0], np.float32)[:, None, None], other_truth & np.uint8(IS_BONE)
        layers, truth = layers + other, truth | other_truth
    _more_bones(layers, truth, rng)
    layers[SOFT] *= np.float32(np.exp(rng.normal(0, 0.35)))
    layers[BONE] *= np.float32(np.exp(rng.normal(-0.1, 0.35)))
    if rng.random() < 0.6:  # muscle planes
        planes = np.clip(1 + rng.uniform(0.02, 0.1) * noise(rng, truth.shape, rng.uniform(2.5, 20)), 0.5, 1.6)
        layers[SOFT] *= planes
    if rng.random() < 0.5:  # uneven mineral: sclerosis, osteopenia, trabeculae
        width = np.exp(rng.uniform(np.log(1.2), np.log(20)))
        layers[BONE] *= np.clip(1 + rng.uniform(0.04, 0.2 if width < 4 else 0.5) * noise(rng, truth.shape, width), 0.1, 2.5)
    mineral = rng.uniform(1.0, 2.4)
    own = layers[DEPOSIT] * mineral
    attenuation = (
        layers[SOFT] * rng.uniform(0.17, 0.3)
        + layers[FAT] * rng.uniform(0.13, 0.22)
        + layers[BONE] * mineral
        + layers[OBJECTS] * rng.uniform(0.4, 1.2)
    )
    truth[(own < SEEN_NEPERS) & ((truth & IS_DEPOSIT) > 0)] |= DEPOSIT_UNJUDGED
    for _ in range(int(rng.integers(0, 3)) if rng.random() < 0.25 else 0):
        attenuation += 1.5 * fold(WIDE, (truth & IS_LIMB) > 0, rng)
    bones = (truth & IS_BONE) > 0
    unit = float(np.percentile(layers[BONE][bones], 80)) * mineral if bones.any() else 0.8
    deposits, weight = _deposits(truth, max(unit, 0.25), rng)
    most = rng.uniform(3, 12)
    with_all, bare = (most * (1 - np.exp(-a / most)) for a in (attenuation + own + deposits, attenuation))
    return np.asarray(with_all, np.float32), np.asarray(bare, np.float32), truth, weight


def _more_bones(layers: NDArray[np.float32], truth: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Shafts, short bones and ossicles that the phantom does not have, in place."""
    new = []
    if rng.random() < 0.3:
        new += [shaft(WIDE, rng) for _ in range(int(rng.integers(1, 4)))]
    if rng.random() < 0.12:  # short bones, small enough to be no mass of centimetres
        new += [lump(WIDE, rng, 3.0, 9.0) for _ in range(int(rng.integers(1, 5)))]
    if rng.random() < 0.4:  # sesamoids, nuclei, fabellae lie near bones
        near = np.argwhere(cv2.dilate((truth & IS_BONE), np.ones((9, 9), np.uint8))[::2, ::2] > 0) * 2
        for _ in range(int(rng.integers(1, 5)) if len(near) else 0):
            row, column = near[rng.integers(len(near))]
            new.append(lump(WIDE, rng, 1.2, 5.0, (float(row), float(column))))
    beyond = rng.random() < 0.3
    for areal, mask in new:
        if not beyond:
            inside = (truth & IS_LIMB) > 0
            areal, mask = areal * inside, mask & inside
        elif mask.any():  # flesh around a bone of its own
            flesh = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), rng.uniform(4, 11))
            layers[SOFT] += 4 * np.clip(flesh - 0.12, 0, None)
            truth[flesh > 0.13] |= IS_LIMB
        layers[BONE] += areal
        truth[mask] |= IS_BONE


def _deposits(truth: NDArray[np.uint8], unit: float, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Attenuation of the deposits that are drawn, and the weight of each pixel; the truth gains them. ``unit`` is the contrast of bone, nepers."""
    whole, weight = np.zeros(truth.shape, np.float32), np.ones(truth.shape, np.float32)
    limb, bone = (truth & IS_LIMB) > 0, (truth & IS_BONE) > 0
    places = np.argwhere(limb[::2, ::2]) * 2
    if not len(places):
        return whole, weight
    away = cv2.distanceTransform((~bone).astype(np.uint8), cv2.DIST_L2, 3) if bone.any() else None
    for _ in range(int(rng.choice([0, 1, 2, 4, 7], p=[0.25, 0.33, 0.22, 0.14, 0.06]))):
        drawn = mass(rng)
        row, column = places[rng.integers(len(places))]
        if away is not None and rng.random() < BESIDE_BONE:  # beside and over bone, as around joints
            near, reach = [places[rng.integers(len(places))] for _ in range(16)], 0.55 * min(drawn.shape)
            row, column = min(near, key=lambda p: abs(float(away[p[0], p[1]]) - rng.uniform(0, max(reach, 3))))
            if rng.random() < ALONG_BONE:
                drawn = _along(drawn, away, (int(row), int(column)))
        _put(whole, weight, truth, limb, drawn * unit, (int(row), int(column)), rng)
    return whole, weight


def _along(drawn: NDArray[np.float32], away: NDArray[np.float32], place: tuple[int, int]) -> NDArray[np.float32]:
    """A long shadow turned along the bone that lies beside a place; one that is not long stays as it is."""
    rows, columns = (_window_around(p, n) for p, n in zip(place, away.shape, strict=True))
    uphill = [float(slope.mean()) for slope in np.gradient(away[rows, columns])] if min(away[rows, columns].shape) > 1 else [0.0, 0.0]
    at = np.argwhere(drawn > 0.3)
    if len(at) < 3 or not any(uphill):
        return drawn
    values, axes = np.linalg.eigh(np.cov(at.T))
    if values[1] < LONG**2 * max(float(values[0]), 1e-6):
        return drawn
    turn = np.degrees(np.arctan2(uphill[0], uphill[1]) + np.pi / 2 - np.arctan2(axes[0, 1], axes[1, 1]))
    side = int(np.hypot(*drawn.shape)) + 2
    padded = np.pad(drawn, [((side - n) // 2, side - n - (side - n) // 2) for n in drawn.shape])
    spin = cv2.getRotationMatrix2D((side / 2, side / 2), -float(turn), 1.0)
    return np.asarray(cv2.warpAffine(padded, spin, (side, side)), np.float32)


def _window_around(place: int, length: int) -> slice:
    """Pixels around a place from which the direction of a bone is taken."""
    return slice(max(0, place - 4), min(length, place + 5))


def _put(
    whole: NDArray[np.float32],
    weight: NDArray[np.float32],
    truth: NDArray[np.uint8],
    limb: NDArray[np.bool_],
    drawn: NDArray[np.float32],
    place: tuple[int, int],
    rng: np.random.Generator,
) -> None:
    """Lay a shadow onto the scene, in place: attenuation, weight and truth."""
    first = [p - n // 2 for p, n in zip(place, drawn.shape, strict=True)]
    box = tuple(slice(max(0, f), min(n, f + m)) for f, n, m in zip(first, whole.shape, drawn.shape, strict=True))
    part = drawn[tuple(slice(b.start - f, b.stop - f) for b, f in zip(box, first, strict=True))]
    if part.size == 0:
        return
    if rng.random() < 0.85:  # else it bulges through the skin
        part = part * cv2.GaussianBlur(limb[box].astype(np.float32), (0, 0), 1.0)
    added = np.asarray(part * np.exp(rng.uniform(*np.log(DENSITY))), np.float32)
    whole[box] += added
    bits = truth[box]
    seen = (added > SEEN_NEPERS) & (added > 0.08 * float(added.max(initial=0)))
    bits[(added > FAINT_NEPERS) & ~seen & ((bits & IS_DEPOSIT) == 0)] |= DEPOSIT_UNJUDGED
    bits[seen] = (bits[seen] | IS_DEPOSIT | IS_LIMB) & ~np.uint8(DEPOSIT_UNJUDGED)
    area = max(np.count_nonzero(seen) * PIXEL_MM**2, 1.0)
    share = float(np.clip(np.sqrt(80 / area), 1.0, 2.0))
    near = cv2.dilate(seen.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    weight[box][near] = np.maximum(weight[box][near], share)


def _real(ground: Ground, rng: np.random.Generator) -> Scene:
    """A real film without deposits, and deposits drawn onto it under a curve like the film's own; bone and limb are what is sure of them."""
    moved, truth = _window(ground.picture[None], ground.bits, rng)
    image = np.clip(moved[0], 0, 1)
    attenuation = (image / max(float(image.max()), 1e-3)) ** rng.uniform(0.7, 1.5) * rng.uniform(1.5, 3)
    limb, bone = (truth & IS_LIMB) > 0, (truth & IS_BONE) > 0
    inner = attenuation[limb] if limb.any() else attenuation
    dense, flesh = (attenuation[bone], attenuation[limb & ~bone]) if bone.any() and (limb & ~bone).any() else (inner, inner)
    unit = float(np.percentile(dense, 80) - np.percentile(flesh, 50))
    deposits, weight = _deposits(truth, max(unit, 0.15), rng)
    most = rng.uniform(3, 8)
    with_all, bare = (most * (1 - np.exp(-a / most)) for a in (attenuation + deposits, attenuation))
    return np.asarray(with_all, np.float32), np.asarray(bare, np.float32), truth, weight
