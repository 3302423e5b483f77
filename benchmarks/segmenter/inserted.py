"""Real deposit-free pictures with deposits drawn onto them: calibration on films that no simulation made.

The deposits attenuate under a curve like the picture's own; each picture also takes part as it is, and all that is found on that is false.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.anatomy.layers import PIXEL_MM
from benchmarks.anatomy.masses import mass
from benchmarks.segmenter.shadows import shadow
from calcitrack.segment.grid import WORKING_PIXEL_MM
from calcitrack.segment.overview import likely_size
from calcitrack.segment.radiograph import ASSUMED_LENGTH_MM

SIZE_SD = 0.2
"""Standard deviation of the logarithm of a picture's size about the one that its bones suggest: the search is as unsure of it."""
STEEP = (1.5, 3.5)
"""Attenuation between the darkest and the brightest place of a picture, nepers, drawn."""
SEEN_NEPERS = 0.05
"""Attenuation from which a pixel belongs to a deposit."""
DENSER_THAN = 45
"""Percentile of the picture's values above which a place is taken for limb."""
MOST_NEPERS = 6.0
"""Attenuation of the densest pixel at most: what is behind it does not show."""


@dataclass(frozen=True, eq=False)
class Inserted:
    """Attenuation on the search grid, and where the drawn deposits are, shape (rows, columns) each."""

    image: NDArray[np.float32]
    deposits: NDArray[np.bool_]


def inserted(path: Path, number: int) -> Inserted:
    """A picture with deposits (even numbers: none), decided by its name and the number."""
    rng = np.random.default_rng([sum(path.name.encode()), number])
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
    image = _of_length(grey, _likely_mm(grey) * float(np.exp(rng.normal(0, SIZE_SD))))
    steep = rng.uniform(*STEEP)
    attenuation = steep * np.clip(image, 0, 1) ** rng.uniform(0.7, 1.5)
    drawn = np.zeros(image.shape, np.float32)
    if number % 2:
        places = np.argwhere(image > np.percentile(image, DENSER_THAN))
        for _ in range(int(rng.integers(1, 5))):
            _lay(drawn, _large(rng) if rng.random() < 0.6 else _small(rng), places[rng.integers(len(places))])
    curved = MOST_NEPERS * (1 - np.exp(-(attenuation + drawn) / MOST_NEPERS))
    return Inserted(np.asarray(curved, np.float32), drawn > SEEN_NEPERS)


def _likely_mm(grey: NDArray[np.float32]) -> float:
    """Long side of a picture, mm, that its bones suggest."""
    assumed = _of_length(grey, ASSUMED_LENGTH_MM)
    return ASSUMED_LENGTH_MM * likely_size(assumed, np.ones(assumed.shape, bool))


def _of_length(grey: NDArray[np.float32], length_mm: float) -> NDArray[np.float32]:
    size = length_mm / max(grey.shape) / WORKING_PIXEL_MM
    return np.asarray(cv2.resize(grey, None, fx=size, fy=size, interpolation=cv2.INTER_AREA if size < 1 else cv2.INTER_CUBIC), np.float32)


def _large(rng: np.random.Generator) -> NDArray[np.float32]:
    coarse = mass(rng)
    times = PIXEL_MM / WORKING_PIXEL_MM
    fine = cv2.resize(coarse, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(fine, 0, None) * np.exp(rng.uniform(np.log(0.3), np.log(3.0))), np.float32)


def _small(rng: np.random.Generator) -> NDArray[np.float32]:
    drawn, _ = shadow(rng)
    return np.asarray(drawn * np.exp(rng.uniform(np.log(0.15), np.log(1.5))), np.float32)


def _lay(picture: NDArray[np.float32], drawn: NDArray[np.float32], place: NDArray[np.int64]) -> None:
    """Add a shadow with its middle at a place, in place."""
    first = [int(p) - n // 2 for p, n in zip(place, drawn.shape, strict=True)]
    box = tuple(slice(max(0, f), max(0, min(n, f + m))) for f, n, m in zip(first, picture.shape, drawn.shape, strict=True))
    part = drawn[tuple(slice(b.start - f, b.stop - f) for b, f in zip(box, first, strict=True))]
    picture[box] += part
