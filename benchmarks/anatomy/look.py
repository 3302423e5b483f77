"""How a scene looks on a picture: any curve, contrast, sharpness, gradient, noise, blur, compression, border and text, far beyond what looks real.

Domain randomisation after Billot et al. (2023), Med Image Anal 86:102789: a network that has seen every look is not misled by a new one.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.anatomy.layers import IS_DEPOSIT, IS_FOREIGN
from benchmarks.segmenter.shadows import noise

HARSH, MILD = 0.4, 0.5
"""Share of pictures that a workstation has processed, the others keep their curve; share of pictures with a gentle curve."""
Picture = NDArray[np.float32]
Bits = NDArray[np.uint8]


def looked(attenuation: Picture, truth: Bits, rng: np.random.Generator) -> Picture:
    """The picture of a scene, about 0 (air) to 1; ``truth`` gains what is written over it and loses what lies outside the beam, in place."""
    image = _curved(_uneven(attenuation, rng), rng)
    image = _processed(image, rng) if rng.random() < HARSH else image
    image = _collimated(image, truth, rng)
    image = _written(image, truth, rng)
    return _degraded(image, rng)


def _uneven(image: Picture, rng: np.random.Generator) -> Picture:
    """Scatter fog, heel effect, plates that are not even."""
    if rng.random() < 0.5:
        veil = cv2.GaussianBlur(np.exp(-image), (0, 0), rng.uniform(4, 20))
        image = -np.log(np.exp(-image) + np.float32(rng.uniform(0, 0.5)) * veil)
    if rng.random() < 0.4:
        rows, columns = (np.linspace(-1, 1, n, dtype=np.float32) for n in image.shape)
        image = image + np.float32(rng.normal(0, 0.12)) * rows[:, None] + np.float32(rng.normal(0, 0.12)) * columns[None, :]
    if rng.random() < 0.15:
        image = image + np.float32(rng.uniform(0, 0.06)) * noise(rng, image.shape, rng.uniform(10, 45))
    return np.asarray(image, np.float32)


def _curved(image: Picture, rng: np.random.Generator) -> Picture:
    """A window and a rising curve of any shape."""
    low, high = np.percentile(image[::3, ::3], [rng.uniform(0, 4), rng.uniform(97, 100)])
    scaled = (image - low) / max(high - low, 1e-3)
    kind = rng.random()
    if rng.random() < MILD:
        return np.asarray(np.clip(scaled, 0, 1.3) ** np.exp(rng.normal(0, 0.25)), np.float32)
    if kind < 0.3:
        scaled = np.clip(scaled, 0, 1.3) ** np.exp(rng.normal(0, 0.5))
    elif kind < 0.6:
        steep, middle = rng.uniform(2, 10), rng.uniform(0.15, 0.7)
        ends = 1 / (1 + np.exp(-steep * (np.array([0.0, 1.0]) - middle)))
        scaled = (1 / (1 + np.exp(-steep * (scaled - middle))) - ends[0]) / (ends[1] - ends[0])
    elif kind < 0.85:
        knots = np.sort(np.concatenate([[-0.2, 1.3], rng.random(5)]))
        rises = np.cumsum(rng.gamma(0.8, 1.0, len(knots)) + 0.03)
        scaled = np.interp(scaled, knots, (rises - rises[0]) / (rises[-1] - rises[0]))
    if rng.random() < 0.25:  # burnt out
        scaled = np.minimum(scaled, rng.uniform(0.6, 1.0))
    return np.asarray(scaled, np.float32)


def _processed(image: Picture, rng: np.random.Generator) -> Picture:
    """What workstations do: multiscale contrast, edge enhancement, adaptive equalisation."""
    if rng.random() < 0.4:
        wide = cv2.GaussianBlur(image, (0, 0), np.exp(rng.uniform(np.log(4), np.log(35))))
        image = image - np.float32(rng.uniform(0.2, 0.85)) * (wide - float(wide.mean()))
    for _ in range(int(rng.integers(0, 3))):
        width = np.exp(rng.uniform(np.log(0.6), np.log(10)))
        image = image + np.float32(rng.uniform(0.2, 1.8)) * (image - cv2.GaussianBlur(image, (0, 0), width))
    if rng.random() < 0.2:
        grey = np.clip(image * 255, 0, 255).astype(np.uint8)
        tiles = int(rng.integers(2, 12))
        image = cv2.createCLAHE(float(rng.uniform(1, 6)), (tiles, tiles)).apply(grey).astype(np.float32) / 255
    return np.asarray(image, np.float32)


def _collimated(image: Picture, truth: Bits, rng: np.random.Generator) -> Picture:
    """Blades askew, blank surrounds in black, white or grey; nothing can be seen behind them."""
    if rng.random() < 0.35:
        side = image.shape[0]
        corners = np.array([[0, 0], [0, side], [side, side], [side, 0]], np.float32)
        inset = rng.uniform(-0.3, 0.28, (4, 2)) * side * np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]])
        if rng.random() < 0.7:  # parallel blades
            inset = np.broadcast_to(inset.mean(axis=0) * 0 + inset[0], (4, 2)) * np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]]) * np.sign(inset[0])
        turn = cv2.getRotationMatrix2D((side / 2, side / 2), rng.normal(0, 12), 1.0)
        quad = cv2.transform((corners + inset.astype(np.float32))[None], turn)[0]
        field = np.zeros(image.shape, np.uint8)
        cv2.fillConvexPoly(field, cv2.convexHull(np.round(quad).astype(np.int32)), 1)
        if field.mean() > 0.25:
            edge = cv2.GaussianBlur(field.astype(np.float32), (0, 0), rng.uniform(0.4, 2.5))
            behind = rng.choice([0.0, float(image.min()), float(image.max()), 1.0, rng.uniform(0, 1)])
            if rng.random() < 0.3:
                behind = behind + 0.06 * (image - float(image.mean()))  # the blades let some of it through
            image = image * edge + behind * (1 - edge)
            truth[edge < 0.5] = 0
    if rng.random() < 0.2:
        for axis in (0, 1):
            cut = int(rng.integers(0, image.shape[axis] // 5))
            box = [slice(None), slice(None)]
            box[axis] = slice(0, cut) if rng.random() < 0.5 else slice(image.shape[axis] - cut, None)
            image[tuple(box)] = rng.choice([0.0, 1.0])
            truth[tuple(box)] = 0
    return np.asarray(image, np.float32)


def _written(image: Picture, truth: Bits, rng: np.random.Generator) -> Picture:
    """Letters, rulers, arrows, boxes: over anything, at any grey level."""
    for _ in range(int(rng.choice([0, 1, 2, 3, 5], p=[0.5, 0.22, 0.13, 0.1, 0.05]))):
        drawn = np.zeros(image.shape, np.uint8)
        side = image.shape[0]
        at = rng.integers(0, side, 2)
        kind = rng.random()
        if kind < 0.6:
            text = "".join(rng.choice(list("ABCDEFGHIKLMNOPRSTUVXR LRLR0123456789.:/-"), int(rng.choice([1, 1, 2, 4, 8, 14]))))
            size, thick = rng.uniform(0.25, 1.5), int(rng.integers(1, 5))
            cv2.putText(drawn, text, (int(at[0]), int(at[1])), int(rng.integers(0, 5)), size, (1,), thick if size > 0.8 else 1, cv2.LINE_8)
        elif kind < 0.75:
            other = at + rng.integers(-60, 60, 2)
            cv2.arrowedLine(drawn, tuple(int(v) for v in at), tuple(int(v) for v in other), (1,), int(rng.integers(1, 4)), tipLength=0.3)
        elif kind < 0.9:
            length, step = int(rng.integers(30, side)), int(rng.integers(3, 9))
            cv2.line(drawn, (int(at[0]), int(at[1])), (int(at[0]), int(at[1]) + length), (1,), 1)
            for k in range(0, length, step):
                cv2.line(drawn, (int(at[0]), int(at[1]) + k), (int(at[0]) + (8 if k % (5 * step) == 0 else 4), int(at[1]) + k), (1,), 1)
        else:
            box = rng.integers(5, 40, 2)
            cv2.rectangle(drawn, tuple(int(v) for v in at), tuple(int(v) for v in at + box), (1,), -1 if rng.random() < 0.6 else 1)
        if rng.random() < 0.3:
            turn = cv2.getRotationMatrix2D((float(at[0]), float(at[1])), rng.uniform(-90, 90), 1.0)
            drawn = cv2.warpAffine(drawn, turn, drawn.shape[::-1], flags=cv2.INTER_NEAREST)
        level = rng.choice([float(image.max()), 1.0, 1.1, 0.0, rng.uniform(0, 1)])
        where = drawn > 0
        image = np.where(where, np.float32(level if rng.random() < 0.85 else rng.uniform(0.6, 1.0)), image)
        truth[where] |= IS_FOREIGN
        truth[where] &= ~np.uint8(IS_DEPOSIT)
    return np.asarray(image, np.float32)


def _degraded(image: Picture, rng: np.random.Generator) -> Picture:
    """Grain, blur, coarse pixels, compression, grey levels."""
    if rng.random() < 0.4:
        grain = rng.standard_normal(image.shape).astype(np.float32)
        if rng.random() < 0.6:
            grain = cv2.GaussianBlur(grain, (0, 0), rng.uniform(0.4, 1.6))
            grain /= float(grain.std()) + 1e-6
        image = image + grain * np.float32(np.exp(rng.uniform(np.log(0.001), np.log(0.035))))
    if rng.random() < 0.3:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.2))
    if rng.random() < 0.15:
        small = cv2.resize(image, None, fx=(f := rng.uniform(0.35, 0.8)), fy=f, interpolation=cv2.INTER_AREA)
        image = cv2.resize(small, image.shape[::-1], interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        grey = np.clip(image * 255, 0, 255).astype(np.uint8)
        if rng.random() < 0.5:
            grey = cv2.imdecode(cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 96))])[1], cv2.IMREAD_GRAYSCALE)
        image = grey.astype(np.float32) / 255
    return np.asarray(image, np.float32)
