"""Deposits as the network sees them: parts of high probability, specks that lie together joined, each with a calibrated confidence."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcitrack.model.image import FloatImage, Mask
from calcitrack.segment.deposit_confidence import Values, deposit_confidence, is_mass
from calcitrack.segment.deposit_facts import deposit_facts, scenery
from calcitrack.segment.grid import WORKING_PIXEL_MM, dilate, filled
from calcitrack.segment.joined import joined
from calcitrack.segment.network import Chances
from calcitrack.segment.overview import Overview
from calcitrack.segment.parts import drawn_chance, strong_parts, whole_parts

JOIN_MM = 1.5
"""Specks nearer than this are one deposit: a punctate cluster is counted, followed and weighed as a whole."""
EDGE_MM = 0.6
"""Blurred edge of a deposit, and of the skin."""
WIDEST_CHANCE = 0.3
"""The widest outline that is thought possible ends where the probability falls below this,"""
WIDEST_MM = 3.0
"""and no further than this from the deposit. Both chosen on simulated films, where the share by which it is larger than the deposit as drawn
says most of how far true area and mass lie from those of the deposit as drawn (with a former network the logarithms correlated with 0.6)."""
LEAST_ON_LIMB = 0.5
"""A deposit lies in flesh: less of it than this on the limb, and it is dust, a letter or the film's edge."""
LEAST_LIMB_MM2 = 200.0
"""Parts of the limb smaller than this are not limb: the terminal phalanx of a small child with its flesh covers 200 mm2."""


@dataclass(frozen=True, eq=False, slots=True)
class Learned:
    """Deposits and anatomy on the search grid.

    Parameters
    ----------
    numbers
        Shape (rows, columns): 0 or the deposit's number, from 1.
    chance
        Shape (rows, columns): a deposit ends where this falls below `OUTLINE_CHANCE`.
    confidence
        Number -> probability that it is a deposit.
    masses
        Numbers of those that are masses, which the overview sees too.
    widening
        Number -> area within the widest outline thought possible over the area as drawn.
    limb, bone
        Shape (rows, columns).
    """

    numbers: NDArray[np.int32]
    chance: FloatImage
    confidence: dict[int, float]
    masses: frozenset[int]
    widening: dict[int, float]
    limb: Mask
    bone: Mask


def find_deposits(chances: Chances, overview: Overview, image: FloatImage, values: Values) -> Learned:
    """Turn probabilities into deposits, limb and bone.

    Parameters
    ----------
    chances, overview
        What the two networks say of the film, each by itself.
    image
        The attenuation that they were asked about, on the search grid.
    values
        Where the film's values come from.
    """
    both = joined(chances, overview)
    numbers, limb, bone = number_deposits(both)
    facts = facts_of_all(chances, overview, image, numbers, limb, bone)
    confidence = {k: float(deposit_confidence()(f, values)) for k, f in facts.items()}
    large = frozenset(k for k, f in facts.items() if is_mass(f, values))
    drawn = drawn_chance(both.deposit)
    numbers = np.where(strong_parts(drawn), numbers, 0)
    return Learned(numbers, drawn, confidence, large, _widening(numbers, both.deposit), limb, bone)


def _widening(numbers: NDArray[np.int32], chance: FloatImage) -> dict[int, float]:
    """Area of each deposit within its widest plausible outline over its drawn area; pixels of other deposits do not count."""
    ratios = {}
    margin = int(np.ceil(WIDEST_MM / WORKING_PIXEL_MM)) + 1
    for number, box in enumerate(ndimage.find_objects(numbers), start=1):
        if box is None:
            continue
        window = tuple(slice(max(0, side.start - margin), side.stop + margin) for side in box)
        near, likely = numbers[window], chance[window] > WIDEST_CHANCE
        inside = near == number
        wide = dilate(inside, WIDEST_MM) & (likely | inside) & ((near == 0) | inside)
        ratios[number] = float(np.count_nonzero(wide) / np.count_nonzero(inside))
    return ratios


def facts_of_all(
    chances: Chances, overview: Overview, image: FloatImage, numbers: NDArray[np.int32], limb: Mask, bone: Mask
) -> dict[int, NDArray[np.float64]]:
    """Facts of each deposit by its number."""
    scene = scenery(chances, overview, image, limb, bone)
    return {k: deposit_facts(scene, numbers, k, box) for k, box in enumerate(ndimage.find_objects(numbers), start=1)}


def number_deposits(chances: Chances) -> tuple[NDArray[np.int32], Mask, Mask]:
    """Number the deposits, and find limb and bone; the chances are those of both networks together."""
    parts = whole_parts(chances.deposit)
    looks_like_bone = np.asarray(chances.bone > 0.5, dtype=bool)
    limb = _large(np.asarray((chances.limb > 0.5) | looks_like_bone, dtype=bool))
    numbers = _joined(parts, limb)
    bone = _real_bone(looks_like_bone, parts) & limb
    return numbers, limb, bone


def _joined(parts: Mask, limb: Mask) -> NDArray[np.int32]:
    """Number the deposits. Specks that lie together count as one deposit; parts in the air are dropped."""
    grown, count = ndimage.label(dilate(parts, JOIN_MM / 2))
    numbers = np.where(parts, grown, 0)
    on_limb = ndimage.mean(dilate(limb, EDGE_MM), numbers, np.arange(count + 1))
    rename = np.zeros(count + 1, np.int32)
    kept = np.flatnonzero(on_limb >= LEAST_ON_LIMB)
    kept = kept[kept > 0]
    rename[kept] = np.arange(1, kept.size + 1)
    return np.asarray(rename[numbers], dtype=np.int32)


def _real_bone(looks_like_bone: Mask, deposits: Mask) -> Mask:
    """Bone, also under deposits, but without bone that lies entirely within a deposit's outline: a dense deposit looks like bone."""
    parts, count = ndimage.label(looks_like_bone)
    keep = np.zeros(count + 1, bool)
    keep[np.unique(parts[looks_like_bone & ~dilate(deposits, EDGE_MM)])] = True
    keep[0] = False
    return np.asarray(keep[parts], dtype=bool)


def _large(mask: Mask) -> Mask:
    """Large parts of the limb, with their holes filled."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    keep = stats[:count, cv2.CC_STAT_AREA] * WORKING_PIXEL_MM**2 >= LEAST_LIMB_MM2
    keep[0] = False
    return filled(np.asarray(keep[parts], dtype=bool))
