"""Parts of a probability map that form deposits: strong ones, and weak ones that need confirmation by another exposure."""

from __future__ import annotations

import cv2
import numpy as np

from calcitrack.model.image import FloatImage, Mask
from calcitrack.segment.grid import dilate

SEED_CHANCE, OUTLINE_CHANCE = 0.9, 0.85
"""A strong part holds a pixel at least as likely as the first and ends where the probability falls below the second. Chosen on simulated films, where
outlines at this probability have the right area: training counts the pixels of deposits more, so that probabilities at their edges are high."""
WEAK_SEED_CHANCE, WEAK_OUTLINE_CHANCE = 0.6, 0.4
"""The same of weak parts: few are believed from one film alone. Chosen likewise."""
BLUR_MM = 1.0
"""A strong part's doubtful edge: what is weak within it is no part of its own. Chosen likewise."""


def strong_parts(chance: FloatImage) -> Mask:
    """Connected parts that hold a pixel of `SEED_CHANCE`; ``chance`` and the answer have the shape (rows, columns)."""
    return connected(chance, SEED_CHANCE, OUTLINE_CHANCE)


def whole_parts(chance: FloatImage) -> Mask:
    """Strong parts with the weak ones that reach further than their edge: a streak is judged as a whole, not by its strongest piece."""
    weak = _weak_parts(chance)
    beyond = _weak_parts(np.where(weak & ~dilate(strong_parts(chance), BLUR_MM), chance, 0).astype(np.float32))
    return strong_parts(_raised(chance, weak & dilate(beyond, BLUR_MM)))


def drawn_chance(chance: FloatImage) -> FloatImage:
    """Probabilities whose `strong_parts` are drawn. Weak parts are raised, except those that touch a strong one: its own outline holds."""
    return _raised(chance, _apart(_weak_parts(chance), dilate(strong_parts(chance), BLUR_MM)))


def _weak_parts(chance: FloatImage) -> Mask:
    return connected(chance, WEAK_SEED_CHANCE, WEAK_OUTLINE_CHANCE)


def _raised(chance: FloatImage, where: Mask) -> FloatImage:
    """Raise the probabilities of weak parts to those of strong ones, keeping their order."""
    raised = np.interp(chance[where], [WEAK_OUTLINE_CHANCE, WEAK_SEED_CHANCE, 1], [OUTLINE_CHANCE, SEED_CHANCE, 1])
    answer = chance.copy()
    answer[where] = raised
    return answer


def connected(chance: FloatImage, seed: float, outline: float) -> Mask:
    """Connected parts above the outline's probability that hold a pixel above the seed's."""
    return _touching(np.asarray(chance > outline), np.asarray(chance >= seed))


def _touching(parts: Mask, what: Mask) -> Mask:
    """Connected parts, corners included, that touch the given mask."""
    count, numbers = cv2.connectedComponents(parts.astype(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    keep = np.zeros(count, bool)
    keep[np.unique(numbers[what])] = True
    keep[0] = False
    return np.asarray(keep[numbers], dtype=bool)


def _apart(parts: Mask, taken: Mask) -> Mask:
    """Connected parts that do not touch the taken mask."""
    return parts & ~_touching(parts, taken)
