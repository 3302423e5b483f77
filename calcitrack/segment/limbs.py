"""Two limbs in one picture, told apart on the coarse grid of the overview."""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage

from calcitrack.model.image import Mask
from calcitrack.segment.grid import WORKING_PIXEL_MM

TOUCHING_NECK = 0.4
"""Two limbs that touch have a neck between them of less than this share of their width. No real film of one limb (87) splits below 0.55, no simulated
one (16) below 0.75; at 0.4 the benchmark finds most pairs (`python -m benchmarks.film_gate`)."""
TOUCHING_ALIKE = 0.75
"""Least width of the second against the first: hands of one person are alike, and fingers, the heel or a forearm are not as wide as the rest."""
LEAST_TOUCHING_WIDTH_MM = 30.0
"""A finger is no wider: fingers that touch are no two hands. A hand of a child of one year is 45 mm wide on simulated films."""
COARSE = 4
"""Every fourth pixel of the search grid is looked at: 0.8 mm, the overview's own pixel."""
COARSE_MM = COARSE * WORKING_PIXEL_MM
SECOND_LIMB = 0.4
"""Least area of a second limb against the first: the two sides of a person differ by less, a part of a hand that lies apart is smaller."""
LEAST_LIMB_WIDTH_MM = 15.0
"""A limb holds a circle of this diameter: fingers that lie apart, and letters, do not."""
LEAST_LIMB_BONE = 0.1
"""Least share of bone in a limb that counts as one of two."""


def two_limbs(limb: Mask, bone: Mask) -> tuple[Mask, Mask] | None:
    """The two limbs of a picture, the larger first: parts of like size with air between them; ``None`` where it shows one, or they touch.

    Parameters
    ----------
    limb, bone
        Shape (rows, columns) on the coarse grid: where the overview sees limb, and bone within it.

    Examples
    --------
    >>> import numpy as np
    >>> limb = np.zeros((100, 200), bool)
    >>> limb[10:90, 10:80] = limb[10:80, 120:190] = True
    >>> first, second = two_limbs(limb, limb)
    >>> int(first.sum()), int(second.sum())
    (5600, 4900)
    >>> two_limbs(limb[:, :100], limb[:, :100]) is None
    True
    """
    count, parts, stats, _ = cv2.connectedComponentsWithStats(limb.astype(np.uint8), connectivity=8)
    areas = stats[1:count, cv2.CC_STAT_AREA]
    if areas.size < 2:
        return None
    first, second = (int(k) for k in np.argsort(areas)[::-1][:2])
    if areas[second] < SECOND_LIMB * areas[first]:
        return None
    found = np.asarray(parts == first + 1, bool), np.asarray(parts == second + 1, bool)
    for part in found:
        if width_mm(part) < LEAST_LIMB_WIDTH_MM or np.count_nonzero(bone & part) < LEAST_LIMB_BONE * np.count_nonzero(part):
            return None
    return found


def touching(limb: Mask) -> tuple[float, float] | None:
    """Widths of two hands or feet that touch each other, mm: parts of like width with a narrow neck between them; ``None`` for one limb.

    Meant for hands and feet: the parts of another limb may be joined by a narrow joint.

    Parameters
    ----------
    limb
        As in `two_limbs`.

    Examples
    --------
    >>> import numpy as np
    >>> limb = np.zeros((100, 200), bool)
    >>> limb[10:90, 10:90] = limb[10:90, 100:180] = limb[40:50, 90:100] = True
    >>> touching(limb) is None, touching(limb[:, :95]) is None
    (False, True)
    """
    count, parts, stats, _ = cv2.connectedComponentsWithStats(limb.astype(np.uint8), connectivity=8)
    if count < 2:
        return None
    largest = parts == 1 + int(np.argmax(stats[1:count, cv2.CC_STAT_AREA]))
    depth = ndimage.distance_transform_edt(np.pad(largest, 1))[1:-1, 1:-1]
    cores, found = ndimage.label(depth > TOUCHING_NECK * depth.max())
    deepest = np.sort(ndimage.maximum(depth, cores, np.arange(1, found + 1)))[::-1]
    if found < 2 or deepest[1] < TOUCHING_ALIKE * deepest[0]:
        return None
    first, second = (float(2 * d - 1) * COARSE_MM for d in deepest[:2])
    return (first, second) if second >= LEAST_TOUCHING_WIDTH_MM else None


def width_mm(mask: Mask) -> float:
    """Diameter of the largest circle within a mask on the coarse grid, mm; the picture's edge bounds it."""
    return (2 * float(ndimage.distance_transform_edt(np.pad(mask, 1)).max()) - 1) * COARSE_MM


def area_cm2(mask: Mask) -> float:
    """Area of a mask on the coarse grid, cm2."""
    return float(np.count_nonzero(mask)) * COARSE_MM**2 / 100
