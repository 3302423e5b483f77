"""Training patches: where they are cut, what is laid over and pasted onto them, and what is true of each pixel."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.segmenter.films import BONE, DEPOSIT, LIMB, UNJUDGED, Example
from benchmarks.segmenter.folds import fold
from benchmarks.segmenter.shadows import lying_along, noise, shadow
from benchmarks.segmenter.vary import MARGIN, SIDE, as_seen, clutter
from calcitrack.segment.grid import WORKING_PIXEL_MM

WIDE = SIDE + 2 * MARGIN
VISIBLE = 0.55
"""The film's own deposits that stand out by fewer spreads of their surroundings are not judged: nobody could see them."""
PASTED_VISIBLE = 1.6
"""... nor are pasted ones whose contrast is less than this many times the grain and texture around them."""
OUTLINE, HALO = 0.12, 0.03
"""A pasted deposit ends at this fraction of its density; between this and the second nothing is judged."""
FAINTEST, DENSEST, FAINTEST_MASS, DENSEST_MASS = 0.012, 0.45, 0.05, 0.9
"""Contrast of pasted deposits, fractions of the film's range."""
SATURATION = 0.6
"""Above this contrast the beam hardens: the rest counts 0.4 times."""
BESIDE_BONE = 0.65
"""Share of long thin deposits that are laid along a bone, as calcified tendons, sheaths and fasciae lie."""
BESIDE_MM = (0.4, 7.0)
"""... with their middle as far from it, mm; the wider half of them over its edge in part."""
ASTRAY_DEG = 12.0
"""... and turned from its edge by this much (standard deviation)."""
GRAIN_PX = 6.0
"""Width of the Gaussian that tells grain from tissue, search pixels; each tissue by itself, so that the edge of a bone is no grain."""
LAID_OVER = 0.28
"""Share of patches that parts of another film are laid over."""
BONE_ON_BONE = 0.3
"""Share of patches that bones of another film are laid over alone, as bones of the wrist and the tarsus cover each other."""
FOLDED = 0.35
"""Share of patches with folds of flesh, up to three."""
UNEVEN_BONE = 0.3
"""Share of patches whose bones are brighter in places, as the tuft of a terminal phalanx or a sclerotic end is."""
CLUTTERED = 0.15
"""Share of patches with letters, scratches and dust on them."""
USUAL_MM2 = 12.0
"""Deposits smaller than this weigh more for each pixel, so that a small one counts."""
OTHER_FILM, PASTED = 100, 300
"""Added to the labels of deposits from the film laid over, and first label of pasted ones."""


@dataclass(frozen=True, eq=False)
class Patch:
    """Pictures (5, side, side), truth bits (side, side) and weight of each pixel for the deposits' loss (side, side)."""

    pictures: NDArray[np.float32]
    truth: NDArray[np.uint8]
    weight: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Scene:
    """A patch before it is turned into pictures: values within the film's range, truth bits, labels; each (wide, wide)."""

    linear: NDArray[np.float32]
    truth: NDArray[np.uint8]
    labels: NDArray[np.int32]


def cut(film: Example, other: Example, count: int, rng: np.random.Generator) -> list[Patch]:
    """Patches of one film; parts of the other are laid over some of them, as a finger lies over a palm."""
    scale = _ranks(film)
    return [_patch(film, other, scale, rng) for _ in range(count)]


def _patch(film: Example, other: Example, scale: tuple[NDArray[np.float32], NDArray[np.float32]], rng: np.random.Generator) -> Patch:
    scene = _scene(film, rng)
    if rng.random() < 0.45:
        scene = _warped(scene, rng)
    scene = _turned(scene, rng)
    if rng.random() < LAID_OVER:
        scene = _laid_over(scene, _turned(_scene(other, rng), rng), rng.uniform(0.25, 1.0))
    if rng.random() < BONE_ON_BONE:
        scene = _crossed(scene, _turned(_scene(other, rng), rng), rng)
    scene = _textured(scene, rng)
    _paste(scene, rng)
    if rng.random() < CLUTTERED:
        clutter(scene.linear, rng)
    middle = slice(MARGIN, -MARGIN)
    truth, labels = scene.truth[middle, middle].copy(), scene.labels[middle, middle]
    return Patch(as_seen(scene.linear, scale, rng), truth, _weight(labels))


def _ranks(film: Example) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The film's own ranks as a rising function of its values, at 257 points."""
    rank, linear = (np.asarray(p[::7, ::7], np.float32).ravel() for p in (film.rank, film.linear))
    order = np.argsort(linear)
    points = np.linspace(0, order.size - 1, 257).astype(int)
    return linear[order][points], np.maximum.accumulate(rank[order][points])


def _scene(film: Example, rng: np.random.Generator) -> Scene:
    """A wide patch about a visible deposit of the film, about any place of the limb, or anywhere."""
    faint = [k for k, v in film.visibility.items() if v < VISIBLE]
    rows, columns = film.truth.shape
    own = film.labels[::4, ::4]
    places = np.argwhere((own > 0) & ~np.isin(own, faint)) * 4
    if not len(places) or rng.random() < 0.7:
        places = np.argwhere(film.truth[::8, ::8] & LIMB) * 8
    anywhere = not len(places) or rng.random() < 0.2
    row, column = (rng.integers(rows), rng.integers(columns)) if anywhere else places[rng.integers(len(places))]
    shift = rng.integers(-SIDE // 4, SIDE // 4, 2)
    centre = int(np.clip(row + shift[0], 0, rows - 1)), int(np.clip(column + shift[1], 0, columns - 1))
    linear, truth, labels = (_window(a, centre) for a in (film.linear, film.truth, film.labels))
    truth[np.isin(labels, faint)] |= UNJUDGED
    return Scene(linear.astype(np.float32), truth, labels.astype(np.int32))


def _window(image: np.ndarray, centre: tuple[int, int]) -> np.ndarray:
    """A wide patch about a pixel; beyond the film its edge goes on."""
    starts = [c - WIDE // 2 for c in centre]
    box = tuple(slice(max(0, s), min(n, s + WIDE)) for s, n in zip(starts, image.shape, strict=True))
    part = np.asarray(image[box])
    before = [max(0, -s) for s in starts]
    return np.pad(part, [(b, WIDE - b - n) for b, n in zip(before, part.shape, strict=True)], mode="edge")


def _warped(scene: Scene, rng: np.random.Generator) -> Scene:
    """Turned by up to 45 degrees and scaled between 0.7 and 1.4."""
    matrix = cv2.getRotationMatrix2D((WIDE / 2, WIDE / 2), rng.uniform(-45, 45), np.exp(rng.uniform(-0.35, 0.35)))

    def warp(image: np.ndarray, method: int) -> np.ndarray:
        return cv2.warpAffine(image, matrix, (WIDE, WIDE), flags=method, borderMode=cv2.BORDER_REFLECT)

    labels = warp(scene.labels.astype(np.float32), cv2.INTER_NEAREST).astype(np.int32)
    return Scene(warp(scene.linear, cv2.INTER_LINEAR), warp(scene.truth, cv2.INTER_NEAREST), labels)


def _turned(scene: Scene, rng: np.random.Generator) -> Scene:
    """Turned by quarters, mirrored or not."""
    turns, mirrored = int(rng.integers(4)), rng.random() < 0.5

    def turn(image: np.ndarray) -> np.ndarray:
        turned = np.rot90(image, turns)
        return np.ascontiguousarray(turned[:, ::-1] if mirrored else turned)

    return Scene(turn(scene.linear), turn(scene.truth), turn(scene.labels))


def _laid_over(scene: Scene, other: Scene, strength: float) -> Scene:
    """Attenuations add up; deposits of the other film are judged where they are added with more than half their strength."""
    over = np.clip(other.linear - np.percentile(other.linear, 2), 0, None)
    truth = scene.truth | other.truth
    if strength < 0.5:
        truth[(truth & DEPOSIT) > 0] |= UNJUDGED
    labels = np.where(other.labels > 0, other.labels + OTHER_FILM, scene.labels)
    return Scene(np.asarray(scene.linear + strength * over, dtype=np.float32), truth, labels.astype(np.int32))


def _crossed(scene: Scene, other: Scene, rng: np.random.Generator) -> Scene:
    """Bones of the other film, without the flesh around them and without its deposits, pushed so that some of them lie on bones of this one."""
    bone = ((other.truth & BONE) > 0) & (other.labels == 0)
    mine = np.argwhere((scene.truth[MARGIN:-MARGIN:4, MARGIN:-MARGIN:4] & BONE) > 0) * 4 + MARGIN
    theirs = np.argwhere(bone[::4, ::4]) * 4
    if not len(mine) or not len(theirs):
        return scene
    down, right = (int(v) for v in mine[rng.integers(len(mine))] - theirs[rng.integers(len(theirs))])
    flesh = ((other.truth & LIMB) > 0) & ((other.truth & (BONE | DEPOSIT)) == 0)
    share = cv2.GaussianBlur(flesh.astype(np.float32), (0, 0), 12)
    level = cv2.GaussianBlur(other.linear * flesh, (0, 0), 12) / np.maximum(share, 1e-3)
    above = cv2.GaussianBlur(np.where(bone, np.clip(other.linear - level, 0, None), 0), (0, 0), 0.7) * np.float32(rng.uniform(0.25, 1.0))
    move = np.array([[1, 0, right], [0, 1, down]], np.float32)
    over, covered = (cv2.warpAffine(a, move, (WIDE, WIDE)) for a in (above.astype(np.float32), bone.astype(np.uint8)))
    return replace(scene, linear=scene.linear + over, truth=scene.truth | (covered * np.uint8(BONE)))


def _textured(scene: Scene, rng: np.random.Generator) -> Scene:
    """Trabeculae stronger than the phantom's, bones brighter in places, folds and unevenness of the flesh."""
    linear, shape = scene.linear.copy(), scene.linear.shape
    if rng.random() < UNEVEN_BONE:
        bone = cv2.GaussianBlur(((scene.truth & BONE) > 0).astype(np.float32), (0, 0), 2.0)
        linear += bone * noise(rng, shape, rng.uniform(12, 60)) * rng.uniform(0.02, 0.1)
    if rng.random() < FOLDED:
        for _ in range(int(rng.integers(1, 4))):
            linear += fold(shape[0], (scene.truth & LIMB) > 0, rng)
    if rng.random() < 0.25:
        bone = cv2.GaussianBlur(((scene.truth & BONE) > 0).astype(np.float32), (0, 0), 1.5)
        linear += bone * noise(rng, shape, rng.uniform(2.5, 10)) * rng.uniform(0.005, 0.03)
        if rng.random() < 0.5:
            linear += bone * noise(rng, shape, rng.uniform(2.5, 6)) * rng.uniform(0.003, 0.02)
    if rng.random() < 0.25:
        linear += ((scene.truth & LIMB) > 0) * noise(rng, shape, rng.uniform(6, 40)) * rng.uniform(0.003, 0.02)
    return replace(scene, linear=linear)


def _paste(scene: Scene, rng: np.random.Generator) -> None:
    """Paste no, some or many deposits onto the limb, in place; two thirds of those that would lie on bone look for another place."""
    draw = rng.random()
    count = 0 if draw < 0.2 else 1 + int(rng.poisson(1.6)) if draw < 0.9 else int(rng.integers(4, 10))
    if not count:
        return
    texture = _texture(scene)
    away = cv2.distanceTransform(((scene.truth & BONE) == 0).astype(np.uint8), cv2.DIST_L2, 5)
    for label in range(PASTED, PASTED + count):
        drawn, form = shadow(rng)
        beside = _beside_bone(scene, away, rng) if form.long and rng.random() < BESIDE_BONE else None
        if beside is None:
            place, drawn = _place(scene, rng), np.ascontiguousarray(np.rot90(drawn, int(rng.integers(4))))
        else:
            place, direction = beside
            drawn = lying_along(drawn, direction + rng.normal(0, np.deg2rad(ASTRAY_DEG)))
        if place is not None and max(drawn.shape) <= WIDE - 20:
            _paste_one(scene, drawn, place, label, texture, rng, form.dense)


def _texture(scene: Scene) -> NDArray[np.float32]:
    """Deviation of each pixel of the limb from the same tissue around it."""
    texture = np.zeros_like(scene.linear)
    bone, limb = (scene.truth & BONE) > 0, (scene.truth & LIMB) > 0
    for tissue in (limb & ~bone, bone):
        share = cv2.GaussianBlur(tissue.astype(np.float32), (0, 0), GRAIN_PX)
        mean = cv2.GaussianBlur(scene.linear * tissue, (0, 0), GRAIN_PX) / np.maximum(share, 1e-3)
        texture[tissue] = np.abs(scene.linear - mean)[tissue]
    return texture


def _place(scene: Scene, rng: np.random.Generator) -> tuple[int, int] | None:
    for _ in range(12):
        row, column = (int(v) for v in rng.integers(MARGIN - 5, MARGIN + SIDE + 5, 2))
        bits = scene.truth[row, column]
        if bits & LIMB and (not bits & BONE or rng.random() < 0.3):
            return row, column
    return None


def _beside_bone(scene: Scene, away: NDArray[np.float32], rng: np.random.Generator) -> tuple[tuple[int, int], float] | None:
    """A place in the flesh near a bone, and the direction of the bone's edge there (radians from the rows' axis)."""
    nearest, farthest = (mm / WORKING_PIXEL_MM for mm in BESIDE_MM)
    reach = nearest + (farthest - nearest) * rng.random() ** 1.5
    for _ in range(40):
        row, column = (int(v) for v in rng.integers(MARGIN - 5, MARGIN + SIDE + 5, 2))
        if scene.truth[row, column] & LIMB and nearest <= away[row, column] <= reach:
            near = away[row - 6 : row + 7, column - 6 : column + 7]
            down, across = float(near[-1].mean() - near[0].mean()), float(near[:, -1].mean() - near[:, 0].mean())
            return (row, column), float(np.arctan2(down, -across))
    return None


def _paste_one(
    scene: Scene, drawn: NDArray[np.float32], place: tuple[int, int], label: int, texture: NDArray[np.float32], rng: np.random.Generator, mass: bool
) -> None:
    first = [p - n // 2 for p, n in zip(place, drawn.shape, strict=True)]
    box = tuple(slice(max(0, f), min(WIDE, f + n)) for f, n in zip(first, drawn.shape, strict=True))
    within = tuple(slice(b.start - f, b.stop - f) for b, f in zip(box, first, strict=True))
    part = drawn[within]
    if rng.random() < 0.9:  # else it reaches beyond the skin, as a bulging mass does
        part = part * ((scene.truth[box] & LIMB) > 0)
    inside = part > OUTLINE
    if np.count_nonzero(inside) < 4:
        return
    least, most = (FAINTEST_MASS, DENSEST_MASS) if mass else (FAINTEST, DENSEST)
    strength = float(np.exp(rng.uniform(np.log(least), np.log(most))))
    on_bone = ((scene.truth[box][inside] & BONE) > 0).mean() > 0.5
    if on_bone:
        strength *= 1.5
    added = strength * part
    added = np.where(added > SATURATION, SATURATION + 0.4 * (added - SATURATION), added)
    around = _grain_around(scene, box, texture, on_bone)
    scene.linear[box] += added.astype(np.float32)
    truth = scene.truth[box]
    seen = float(np.percentile(added[inside], 80)) / around >= PASTED_VISIBLE
    truth[inside] = (truth[inside] & ~np.uint8(UNJUDGED)) | DEPOSIT if seen else truth[inside] | DEPOSIT | UNJUDGED
    truth[(part > HALO) & ~inside & ((truth & DEPOSIT) == 0)] |= UNJUDGED
    scene.labels[box][inside] = label


def _grain_around(scene: Scene, box: tuple[slice, ...], texture: NDArray[np.float32], on_bone: bool) -> float:
    """Median grain and texture of the deposit's own kind of tissue in and about its box."""
    wide = tuple(slice(max(0, b.start - 6), b.stop + 6) for b in box)
    bits = scene.truth[wide]
    alike = ((bits & LIMB) > 0) & (((bits & BONE) > 0) == on_bone)
    return float(np.median(texture[wide][alike])) + 0.002 if alike.any() else 0.002


def _weight(labels: NDArray[np.int32]) -> NDArray[np.float32]:
    """1 far from deposits; more on and around small ones."""
    areas = np.bincount(labels.ravel()) * WORKING_PIXEL_MM**2
    of_label = np.clip(np.sqrt(USUAL_MM2 / np.maximum(areas, 0.3)), 0.5, 3.5).astype(np.float32)
    of_label[0] = 1.0
    weight, inside = of_label[labels], labels > 0
    near = cv2.dilate(weight * inside, np.ones((9, 9), np.uint8))
    return np.where(inside, weight, np.maximum(1, 0.6 * near)).astype(np.float32)
