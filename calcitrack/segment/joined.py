"""What the search network and the overview say together: small deposits by the one, masses by the other, anatomy by both."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcitrack.model.image import FloatImage, Mask
from calcitrack.segment.deposit_confidence import KNOWN_AGREEMENT, LEAST_MASS_MM2
from calcitrack.segment.grid import WORKING_PIXEL_MM, dilate
from calcitrack.segment.network import Chances
from calcitrack.segment.overview import Overview, agreement, log_odds
from calcitrack.segment.parts import OUTLINE_CHANCE, SEED_CHANCE, WEAK_OUTLINE_CHANCE, connected

MASS_SEED, MASS_OUTLINE, MASS_EXTENT = 0.3, 0.25, 0.12
"""A mass of the overview holds a pixel at least as likely as the first, is drawn where the probability stays above the second, and is judged as a
whole down to the third, which joins its pieces. Chosen on simulated masses and on masses drawn into real pictures, where outlines at 0.2 and 0.3 fit
best: whether it is a mass says its confidence."""
SURE_MASS, SURE_CORE_MM2 = 0.95, 100.0
"""On films like those that the search network has seen, the overview adds masses of which it is this sure somewhere, and which it holds for likelier
than not over this area: larger ones than the search network was trained on. On 160 simulated films of other people it was that sure of 14 parts, all
of them deposits."""
MOSTLY_SEARCHED = 1 / 3
"""A mass of which the search network itself draws this share is left to it: its outlines are finer, and neighbours stay apart. At three quarters,
neighbours that it draws each by itself became one; a third, a half and three quarters find as many masses of simulated knees and elbows."""
FOREIGN_CHANCE, FOREIGN_MARGIN_MM = 0.5, 0.4
"""Letters and objects, with half an overview pixel of blurred edge, hold no deposit."""
DISAGREE = (0.6, KNOWN_AGREEMENT)
"""Overlap (Dice) of the two networks' bones: below the first the overview alone says what bone is, above the second the search network alone."""


def joined(chances: Chances, overview: Overview) -> Chances:
    """Probabilities from which deposits are drawn.

    Parameters
    ----------
    chances
        Of the search network.
    overview
        Of the same film, on the same grid.

    Returns
    -------
    Where their bones agree, the film is like those that the search network has seen, and its finer answer holds, but for masses of which the
    overview is sure: there the larger of both. Elsewhere, deposit: the larger of both within masses, the search network's beside them, nothing on
    foreign objects. Bone and limb: the mean of their log odds; the less their bones agree, the more the overview counts, which knows a bone by its
    form on any film.
    """
    trust = float(np.interp(agreement(chances.bone, overview), DISAGREE, (1.0, 0.0)))
    if trust == 0:
        return replace(chances, deposit=_with(_missed(sure_masses(overview), chances), chances, overview))
    deposit = _with(masses(overview), chances, overview)
    deposit[dilate(np.asarray(overview.foreign > FOREIGN_CHANCE), FOREIGN_MARGIN_MM)] = 0
    return Chances(deposit, _both(chances.bone, overview.bone, trust), _both(chances.limb, overview.limb, trust))


def _with(large: Mask, chances: Chances, overview: Overview) -> FloatImage:
    """Probability of deposit; within these masses the larger of both networks'."""
    return np.asarray(np.where(large, np.maximum(chances.deposit, _raised(overview.deposit)), chances.deposit), np.float32)


def _missed(sure: Mask, chances: Chances) -> Mask:
    """Those connected parts of which the search network draws too little."""
    numbers, count = ndimage.label(sure, np.ones((3, 3)))
    drawn = ndimage.mean(chances.deposit > OUTLINE_CHANCE, numbers, np.arange(count + 1))
    missed = np.asarray(drawn < MOSTLY_SEARCHED)
    missed[0] = False
    return np.asarray(missed[numbers])


def masses(overview: Overview) -> Mask:
    """Deposits that the overview sees, shape (rows, columns): large ones only."""
    parts = connected(overview.deposit, MASS_SEED, MASS_EXTENT)
    return _large(parts, parts, LEAST_MASS_MM2)


def sure_masses(overview: Overview) -> Mask:
    """Masses of which the overview is sure by itself, as they are drawn, shape (rows, columns)."""
    return _large(connected(overview.deposit, SURE_MASS, MASS_OUTLINE), np.asarray(overview.deposit > 0.5), SURE_CORE_MM2)


def _large(parts: Mask, core: Mask, least_mm2: float) -> Mask:
    """Connected parts, corners included, whose core covers this area at least."""
    numbers, count = ndimage.label(parts, np.ones((3, 3)))
    large = np.bincount(numbers[core], minlength=count + 1) * WORKING_PIXEL_MM**2 >= least_mm2
    large[0] = False
    return np.asarray(large[numbers])


def _raised(chance: FloatImage) -> NDArray[np.floating]:
    """The overview's probabilities on the scale of the search network's bars."""
    return np.interp(chance, [0, MASS_EXTENT, MASS_OUTLINE, MASS_SEED, 1], [0, WEAK_OUTLINE_CHANCE, OUTLINE_CHANCE, SEED_CHANCE, 1])


def _both(searched: FloatImage, seen: FloatImage, trust: float) -> FloatImage:
    odds = (1 - trust) * log_odds(searched) + trust * log_odds(seen)
    return np.asarray(1 / (1 + np.exp(-odds)), np.float32)
