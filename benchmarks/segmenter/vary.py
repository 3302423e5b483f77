"""How one scene may look on a film: curve, sharpening, blur, grain, grey levels; and what the network then sees of it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.segment.network_input import pictures

SIDE = 256
"""Side of a patch in search pixels: 51 mm."""
MARGIN = 56
"""Search pixels around a patch that its pictures are computed from: 11 mm."""


def as_seen(linear: NDArray[np.float32], scale: tuple[NDArray[np.float32], NDArray[np.float32]], rng: np.random.Generator) -> NDArray[np.float32]:
    """Pictures (5, side, side) of a wide scene; ``scale`` gives the film's values and their ranks."""
    rank = np.interp(linear, *scale)
    if rng.random() < 0.5:
        rank = np.clip(rank, 0, 1) ** np.exp(rng.normal(0, 0.25))
    return pictures(rank, shown(linear, rng))[:, MARGIN:-MARGIN, MARGIN:-MARGIN].copy()


def shown(linear: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A film as a picture: values of 0 to about 1 behind any curve, sharpening, blur, grain and grey levels."""
    picture = _grain(_sharpened(_curve(linear, rng), rng), rng)
    if rng.random() < 0.2:
        levels = rng.uniform(60, 256)
        picture = np.round(picture * levels) / levels
    return np.asarray(picture, np.float32)


def clutter(linear: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Letters, scratches and dust, which are no deposits, drawn onto a wide scene in place."""
    drawn = np.zeros_like(linear)
    side = linear.shape[0]
    draw = rng.random()
    if draw < 0.3:
        text = "".join(rng.choice(list("ABCDELRSP0123456789.:/"), int(rng.integers(1, 9))))
        start = int(rng.integers(0, side)), int(rng.integers(0, side))
        letters = np.zeros(linear.shape, np.uint8)
        cv2.putText(letters, text, start, int(rng.integers(0, 4)), rng.uniform(0.4, 2.5), (1,), int(rng.integers(1, 6)), cv2.LINE_8)
        drawn += letters
    elif draw < 0.6:
        for _ in range(int(rng.integers(1, 5))):
            first, second = rng.integers(0, side, 2), rng.integers(-80, 80, 2)
            cv2.line(drawn, tuple(int(v) for v in first), tuple(int(v) for v in first + second), (1.0,), 1)
    else:
        places = rng.integers(0, side, (int(rng.integers(2, 30)), 2))
        drawn[places[:, 0], places[:, 1]] = rng.uniform(0.3, 1, len(places))
    if rng.random() < 0.6:
        drawn = cv2.GaussianBlur(drawn, (0, 0), rng.uniform(0.3, 0.7))
    sign = 1.0 if draw < 0.3 or rng.random() < 0.6 else -1.0
    linear += np.float32(sign * np.exp(rng.uniform(np.log(0.05), np.log(0.8)))) * drawn


def _curve(linear: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A power, a vendor's sigmoid, or the values as they are."""
    draw = rng.random()
    if draw < 0.45:
        return np.asarray(np.clip(linear, 0, 1.3) ** np.exp(rng.normal(0, 0.3)), dtype=np.float32)
    if draw < 0.6:
        steep, middle = rng.uniform(2, 7), rng.uniform(0.25, 0.7)
        low, high, bent = (1 / (1 + np.exp(-steep * (np.asarray(v) - middle))) for v in (0.0, 1.0, linear))
        return np.asarray((bent - low) / (high - low), dtype=np.float32)
    return linear


def _sharpened(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Edge enhancement of any width, or blur, or neither."""
    if rng.random() < 0.25:
        width = np.exp(rng.uniform(np.log(1.0), np.log(20)))
        image = image + np.float32(rng.uniform(0.2, 1.8)) * (image - cv2.GaussianBlur(image, (0, 0), width))
    if rng.random() < 0.12:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.3))
    return np.asarray(image, dtype=np.float32)


def _grain(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """White or coarse grain, even or stronger where the film is bright."""
    if rng.random() >= 0.4:
        return image
    grain = rng.standard_normal(image.shape).astype(np.float32)
    if rng.random() < 0.5:
        grain = cv2.GaussianBlur(grain, (0, 0), rng.uniform(0.5, 1.5))
        grain /= grain.std() + 1e-6
    grain *= np.exp(rng.uniform(np.log(0.0008), np.log(0.012)))
    if rng.random() < 0.5:
        grain *= np.exp(image - 0.5)
    return np.asarray(image + grain, dtype=np.float32)
