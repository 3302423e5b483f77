"""Deposits as the network sees them: parts of high probability, specks that lie together joined, each with a calibrated confidence."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcitrack.model.image import FloatImage, Mask
from calcitrack.segment.background import soft_tissue_surface
from calcitrack.segment.grid import WORKING_PIXEL_MM, closed, depth_mm, dilate
from calcitrack.segment.network import Chances

SEED_CHANCE, OUTLINE_CHANCE = 0.7, 0.5
"""A deposit holds a pixel at least as likely as the first and ends where the probability falls below the second. Chosen on simulated films."""
JOIN_MM = 1.5
"""Specks nearer than this are one deposit: a punctate cluster is counted, followed and weighed as a whole."""
OUTLINE_FRACTION = 0.3
"""Over soft tissue a deposit ends at this fraction of its 95th percentile of contrast above the fitted surface. Chosen on simulated films."""
LEAST_CONTRAST = 0.02
"""... but not below this fraction of the bone step."""
BONE_MARGIN_MM, SKIN_MARGIN_MM = 0.6, 0.6
"""Blurred edges of bone and skin where contrast tells nothing of the outline."""
BONE_BRIDGE_MM = 3.0
"""Bone is taken to go on under a deposit where it lies on both sides of it: a dense deposit looks like bone itself."""
LEAST_LIMB_MM2 = 200.0
"""Parts of the limb smaller than this are not limb: the terminal phalanx of a small child with its flesh covers 200 mm2."""
CONFIDENCE_INTERCEPT, CONFIDENCE_WEIGHTS = -2.376, (0.611, 0.049, 0.071)
"""Logistic calibration on simulated films that took no part in training: log odds of the best pixel, log of the area in mm2, share over bone."""


@dataclass(frozen=True, eq=False, slots=True)
class Learned:
    """What was found on the search grid.

    Parameters
    ----------
    numbers
        Shape (rows, columns): 0 or the deposit's number, from 1.
    confidence
        Number -> probability that it is a deposit.
    limb, bone
        Shape (rows, columns).
    """

    numbers: NDArray[np.int32]
    confidence: dict[int, float]
    limb: Mask
    bone: Mask


def find_deposits(chances: Chances) -> Learned:
    """Turn probabilities into deposits, limb and bone."""
    parts = _hysteresis(chances.deposit)
    numbers, count = ndimage.label(dilate(parts, JOIN_MM / 2))
    numbers = np.where(parts, numbers, 0).astype(np.int32)
    looks_like_bone = np.asarray(chances.bone > 0.5, dtype=bool)
    limb = _large(np.asarray((chances.limb > 0.5) | looks_like_bone, dtype=bool))
    bone = _bridged(looks_like_bone, parts) & limb
    return Learned(numbers, {k: _confidence(chances.deposit, bone, numbers, k) for k in range(1, count + 1)}, limb, bone)


def _bridged(looks_like_bone: Mask, deposits: Mask) -> Mask:
    """Bone without the deposits, continued under them where it lies on both sides."""
    alone = looks_like_bone & ~dilate(deposits, BONE_MARGIN_MM)
    return alone | (looks_like_bone & closed(alone, BONE_BRIDGE_MM))


def outline_by_contrast(image: FloatImage, found: Learned) -> NDArray[np.int32]:
    """Numbers whose outline over soft tissue follows the deposit's own contrast; elsewhere the network's outline stays.

    Parameters
    ----------
    image
        Attenuation on the search grid.
    found
        What the network found on it.
    """
    soft = found.limb & ~dilate(found.bone, BONE_MARGIN_MM) & (depth_mm(found.limb) > SKIN_MARGIN_MM)
    tissue = soft & (found.numbers == 0)
    bone = found.bone & (found.numbers == 0)
    if not tissue.any() or not bone.any():
        return found.numbers
    level = float(np.median(image[tissue]))
    step = float(np.median(image[bone])) - level
    if step <= 0:
        return found.numbers
    scaled = ((image - level) / step).astype(np.float32)
    surface, supported, _ = soft_tissue_surface(scaled, soft)
    judged = soft & supported & (found.numbers > 0)
    residual = scaled - surface
    numbers = found.numbers.copy()
    for number in np.unique(numbers[judged]):
        part = judged & (found.numbers == number)
        end = max(LEAST_CONTRAST, OUTLINE_FRACTION * float(np.percentile(residual[part], 95)))
        numbers[part & (residual < end)] = 0
    return numbers


def _hysteresis(chance: FloatImage) -> Mask:
    """Connected parts above the outline's probability that hold a pixel above the seed's."""
    grown, count = ndimage.label(chance > OUTLINE_CHANCE, np.ones((3, 3)))
    keep = np.zeros(count + 1, bool)
    keep[np.unique(grown[chance >= SEED_CHANCE])] = True
    keep[0] = False
    return np.asarray(keep[grown], dtype=bool)


def _confidence(chance: FloatImage, bone: Mask, numbers: NDArray[np.int32], number: int) -> float:
    """Calibrated probability that a found deposit is real."""
    inside = numbers == number
    score = CONFIDENCE_INTERCEPT + float(np.dot(CONFIDENCE_WEIGHTS, deposit_facts(chance, bone, inside)))
    return float(1 / (1 + np.exp(-np.clip(score, -30, 30))))


def deposit_facts(chance: FloatImage, bone: Mask, inside: Mask) -> NDArray[np.float64]:
    """What the confidence rests on: log odds of the best pixel, log area (mm2), share over bone."""
    best = float(np.clip(np.percentile(chance[inside], 95), 1e-4, 1 - 1e-4))
    area_mm2 = np.count_nonzero(inside) * WORKING_PIXEL_MM**2
    return np.array([np.log(best / (1 - best)), np.log(area_mm2), float(bone[inside].mean())])


def _large(mask: Mask) -> Mask:
    """Parts of the limb that are large enough, holes filled."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    keep = stats[:count, cv2.CC_STAT_AREA] * WORKING_PIXEL_MM**2 >= LEAST_LIMB_MM2
    keep[0] = False
    return np.asarray(ndimage.binary_fill_holes(keep[parts]), dtype=bool)
