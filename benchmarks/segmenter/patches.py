"""Training patches: where they are cut, and how they are varied."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.segmenter.films import DEPOSIT, LIMB, UNJUDGED, Example
from calcitrack.segment.grid import WORKING_PIXEL_MM

SIDE = 256
"""Search pixels: 51 mm."""
ON_DEPOSIT, ON_LIMB = 0.72, 0.2
"""Share of patches about a visible deposit, and about any place of the limb; the others lie anywhere."""
VISIBLE = 0.55
"""Deposits that stand out by fewer spreads of their surroundings are not judged: nobody could see them."""
USUAL_MM2 = 12.0
"""Deposits smaller than this weigh more for each pixel, so that a small one counts."""


@dataclass(frozen=True, eq=False)
class Patch:
    """Pictures (5, side, side), truth bits (side, side) and weight of each pixel for the deposits' loss (side, side)."""

    pictures: NDArray[np.float32]
    truth: NDArray[np.uint8]
    weight: NDArray[np.float32]


def cut(item: Example, count: int, rng: np.random.Generator) -> list[Patch]:
    """Patches of one film."""
    truth = item.truth.copy()
    truth[np.isin(item.labels, [k for k, v in item.visibility.items() if v < VISIBLE])] |= UNJUDGED
    seen = (truth & (DEPOSIT | UNJUDGED)) == DEPOSIT
    visible = np.unique(item.labels[seen])
    limb = np.argwhere((truth[::4, ::4] & LIMB) > 0) * 4
    patches = []
    for _ in range(count):
        row, column = _centre(item.labels, seen, visible, limb, rng)
        patches.append(_vary(*_window(item, truth, row, column, rng), rng))
    return patches


def _centre(
    labels: NDArray[np.uint8], seen: NDArray[np.bool_], visible: NDArray[np.uint8], limb: NDArray[np.int_], rng: np.random.Generator
) -> tuple[int, int]:
    draw = rng.random()
    if draw < ON_DEPOSIT and visible.size:
        places = np.argwhere((labels == rng.choice(visible)) & seen)
    elif draw < ON_DEPOSIT + ON_LIMB and limb.size:
        places = limb
    else:
        return int(rng.integers(labels.shape[0])), int(rng.integers(labels.shape[1]))
    row, column = places[rng.integers(len(places))]
    return int(row), int(column)


def _window(
    item: Example, truth: NDArray[np.uint8], row: int, column: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.uint8]]:
    """The pictures, truth and labels of a patch whose middle lies near (row, column); films smaller than a patch are padded."""
    starts = []
    for centre, length in ((row, truth.shape[0]), (column, truth.shape[1])):
        start = centre - SIDE // 2 + int(rng.integers(-SIDE // 3, SIDE // 3))
        starts.append(min(max(start, 0), max(0, length - SIDE)))
    box = (slice(starts[0], starts[0] + SIDE), slice(starts[1], starts[1] + SIDE))
    pictures, bits, labels = item.pictures[:, *box], truth[box], item.labels[box]
    short = [(0, SIDE - n) for n in bits.shape]
    return np.pad(pictures, [(0, 0), *short], mode="edge"), np.pad(bits, short, mode="edge"), np.pad(labels, short)


def _vary(pictures: NDArray[np.float32], truth: NDArray[np.uint8], labels: NDArray[np.uint8], rng: np.random.Generator) -> Patch:
    """Turn, mirror, scale, bend the grey scale, blur and add grain."""
    if rng.random() < 0.25:
        matrix = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), rng.uniform(-45, 45), rng.uniform(0.8, 1.25))

        def warp(image: np.ndarray, method: int) -> np.ndarray:
            return cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=method, borderMode=cv2.BORDER_REPLICATE)

        pictures = np.stack([warp(p, cv2.INTER_LINEAR) for p in pictures])
        truth, labels = warp(truth, cv2.INTER_NEAREST), warp(labels, cv2.INTER_NEAREST)
    turns = int(rng.integers(4))
    pictures, truth, labels = np.rot90(pictures, turns, (1, 2)), np.rot90(truth, turns), np.rot90(labels, turns)
    if rng.random() < 0.5:
        pictures, truth, labels = pictures[:, :, ::-1], truth[:, ::-1], labels[:, ::-1]
    pictures = pictures.copy()
    if rng.random() < 0.5:
        pictures[0] = np.clip(pictures[0], 0, 1) ** np.exp(rng.normal(0, 0.25))
    if rng.random() < 0.5:
        pictures[2] = np.clip(pictures[2], 0, 1.2) ** np.exp(rng.normal(0, 0.3))
    if rng.random() < 0.3:
        pictures[1] = np.clip(pictures[1] * np.exp(rng.normal(0, 0.15)) + rng.normal(0, 0.05), -1, 1)
    if rng.random() < 0.3:
        grain = np.array([0.004, 0.04, 0.004, 0.06, 0.05])[:, None, None] * rng.random()
        pictures += (rng.standard_normal(pictures.shape) * grain).astype(np.float32)
    if rng.random() < 0.15:
        sigma = rng.uniform(0.4, 1.0)
        pictures = np.stack([cv2.GaussianBlur(p, (0, 0), sigma) for p in pictures])
    return Patch(pictures, truth.copy(), _weight(labels))


def _weight(labels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """1 far from deposits; more on and around small ones."""
    areas = np.bincount(labels.ravel()) * WORKING_PIXEL_MM**2
    of_label = np.clip(np.sqrt(USUAL_MM2 / np.maximum(areas, 0.3)), 0.6, 5).astype(np.float32)
    of_label[0] = 1.0
    weight = of_label[labels]
    inside = labels > 0
    near = cv2.dilate(weight * inside, np.ones((9, 9), np.uint8))
    return np.where(inside, weight, np.maximum(1, 0.6 * near)).astype(np.float32)
