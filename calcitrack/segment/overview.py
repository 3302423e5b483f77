"""The whole limb at a glance: deposit, bone, limb and foreign objects on a coarse grid, by a network that sees form and place.

The search network sees a few millimetres at a time, and on films unlike those it has seen takes for bone whatever is dense. This one sees the
joint: a mass of centimetres beside or over bone is a mass, muscle is no bone, letters are letters (docs/explanation/model-card.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcitrack.model.image import FloatImage, Mask
from calcitrack.segment.grid import WORKING_PIXEL_MM, resize
from calcitrack.segment.network import session
from calcitrack.segment.network_input import network_input

OVERVIEW_WEIGHTS = "overview.onnx"
"""Package data in calcitrack/segment/data, written by `python -m benchmarks.anatomy.pack`."""
OVERVIEW_PIXEL_MM = 0.8
"""Pixel of the coarse grid, mm: a child's phalanx is 7 pixels wide, and a film of a knee 300 long."""
MULTIPLE_PX = 32
"""Sides of a picture are multiples of this: four halvings behind a stem that takes 2 x 2 pixels at once."""
LONGEST_PX = 800
"""Longest side of a picture that the network is asked about, pixels: 64 cm of a film; memory does not grow with what a header states."""
VIEWS = ((1.0, False), (1.0, True), (0.8, False), (1.25, True))
"""Size and mirroring of the pictures whose answers are averaged; how far they agree tells how far to trust them."""
SURE_ODDS = 9.2
"""Log odds are cut here, at a probability of 0.9999."""
SIZES_WHERE_UNKNOWN = (0.55, 0.75, 1.0, 1.33, 1.8)
"""Sizes that are tried where no pixel size is stated, against the assumed one."""
UNUSUAL = 0.15
"""Certainty that a size loses with the square of its logarithm: fingers are told from flesh the more surely the larger they are shown. Chosen on
simulated films of all body parts, whose size is known."""
LEAST_FILM_MM = 50.0
"""A film of shorter sides shows no limb as a whole: the overview does not contradict the search network there."""
LEAST_LIMB_PX = 50
"""Less limb than this on the coarse grid says nothing of its size."""


@dataclass(frozen=True, eq=False, slots=True)
class Overview:
    """Probabilities on the search grid, shape (rows, columns) each.

    Parameters
    ----------
    deposit, bone, limb, foreign
        Bone and deposit may both be likely: a deposit over bone.
    doubt
        Standard deviation of the deposit's log odds over the views: large where a mirror image or another size gives another answer.
    """

    deposit: FloatImage
    bone: FloatImage
    limb: FloatImage
    foreign: FloatImage
    doubt: FloatImage


def overview(image: FloatImage, valid: Mask, sizes: Sequence[tuple[float, bool]] = VIEWS) -> Overview:
    """Ask the network about the whole film, in several views.

    Parameters
    ----------
    image
        Attenuation on the search grid, shape (rows, columns).
    valid
        Where the file states that the beam reached the detector.
    sizes
        Size against the grid's pixel, and whether mirrored, of each view.
    """
    answers = np.stack([_view(image, valid, size, mirrored=mirrored) for size, mirrored in sizes])
    mean = answers.mean(axis=0)
    shape = (image.shape[0], image.shape[1])
    deposit, bone, limb, foreign = (np.asarray(1 / (1 + np.exp(-resize(layer, shape))), np.float32) for layer in mean)
    return Overview(deposit, bone, limb, foreign, resize(answers[:, 0].std(axis=0), shape))


def likely_size(image: FloatImage, valid: Mask) -> float:
    """How many times larger the pixels of a film probably are than was assumed: the size at which bone is told most surely from flesh.

    Parameters
    ----------
    image
        Attenuation on a search grid that rests on an assumed pixel size, shape (rows, columns).
    valid
        Where the file states that the beam reached the detector.

    Returns
    -------
    One of `SIZES_WHERE_UNKNOWN`. It sets the scale of a search, within a third; nothing is measured by it.
    """
    return max(SIZES_WHERE_UNKNOWN, key=lambda size: _certainty(_view(image, valid, size, mirrored=False)) - UNUSUAL * np.log(size) ** 2)


def certainty_as_negative(image: FloatImage, valid: Mask) -> float:
    """Mean certainty of bone or no bone within the limb, 0 to 1, of a film's negative.

    Parameters
    ----------
    image
        Attenuation on the search grid, shape (rows, columns).
    valid
        Where the beam reached the detector.
    """
    return _certainty(_view(-image, valid, 1.0, mirrored=False))


def _certainty(answer: NDArray[np.float32]) -> float:
    """Mean certainty of bone or no bone within the limb, 0 to 1."""
    limb = answer[2] > 0
    return float(np.abs(np.tanh(answer[1][limb] / 2)).mean()) if np.count_nonzero(limb) >= LEAST_LIMB_PX else 0.0


def _view(image: FloatImage, valid: Mask, size: float, *, mirrored: bool) -> NDArray[np.float32]:
    """Log odds of the four answers on the coarse grid, whatever the size of the view."""
    coarse = tuple(max(8, round(n * WORKING_PIXEL_MM / OVERVIEW_PIXEL_MM)) for n in image.shape)
    scale = min(size, LONGEST_PX / max(coarse))
    seen = (max(8, round(coarse[0] * scale)), max(8, round(coarse[1] * scale)))
    pictures = network_input(resize(image, seen), np.asarray(resize(valid.astype(np.float32), seen) >= 0.5))
    pictures = pictures[:, :, ::-1] if mirrored else pictures
    padded = np.pad(pictures, ((0, 0), (0, -seen[0] % MULTIPLE_PX), (0, -seen[1] % MULTIPLE_PX)), mode="edge")
    answer: NDArray[np.float32] = session(OVERVIEW_WEIGHTS).run(None, {"pictures": padded[None]})[0][0][:, : seen[0], : seen[1]]
    answer = answer[:, :, ::-1] if mirrored else answer
    return np.stack([resize(np.clip(layer, -12, 12), (coarse[0], coarse[1])) for layer in answer])


def log_odds(chance: FloatImage) -> FloatImage:
    """Log odds of probabilities, cut at `SURE_ODDS`."""
    inside = np.clip(chance, 1e-6, 1 - 1e-6)
    return np.asarray(np.clip(np.log(inside / (1 - inside)), -SURE_ODDS, SURE_ODDS), np.float32)


def agreement(searched_bone: FloatImage, overview: Overview) -> float:
    """Overlap (Dice) of the search network's bones with the overview's, 0 to 1; 1 on films too small for an overview."""
    if max(searched_bone.shape) * WORKING_PIXEL_MM < LEAST_FILM_MM:
        return 1.0
    return overlap(searched_bone > 0.5, overview.bone > 0.5)


def overlap(first: Mask, second: Mask) -> float:
    """Dice coefficient of two masks; 1 where both are empty."""
    whole = int(np.count_nonzero(first) + np.count_nonzero(second))
    return 2 * int(np.count_nonzero(first & second)) / whole if whole else 1.0
