"""Size of a deposit in the plane of the film."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.spatial.distance import pdist
from skimage.measure import perimeter_crofton

from calcitrack.model.image import Mask

OUTLINE_SD_MM = 0.15
"""Standard uncertainty of where an outline lies: three quarters of a search pixel, as on simulated films."""
EDGE_DENSITY = 0.5
"""Areal density at the outline over the deposit's mean: rounded bodies thin out towards it."""

DELINEATION_SOFT, DELINEATION_BONE = 4.5, 6.0
"""Relative standard uncertainty of a deposit that might be twice as large, in soft tissue and over bone. It grows with the square of the share by
which a deposit might be larger. Chosen on simulated films so that 95 % intervals hold the true area and mass of 90 to 98 % of the deposits in soft
tissue."""
MAX_DELINEATION = 2.0
"""A value with twice itself as its standard uncertainty is known to be uncertain. Chosen on simulated films, with a former network: a higher bound
added hardly any deposit in soft tissue whose interval holds the truth, and a bound of 1 was too low for sheets and nets."""


def area_sd_mm2(inside: Mask, pixel_mm: float) -> float:
    """Standard uncertainty of a deposit's area: the outline's length times the uncertainty of its position.

    Parameters
    ----------
    inside
        Shape (rows, columns), at least one pixel True.
    pixel_mm
        Pixel size, mm.

    Notes
    -----
    The length is Crofton's, from four directions: it does not depend on pixel steps.
    """
    return OUTLINE_SD_MM * float(perimeter_crofton(np.pad(inside, 1), directions=4)) * pixel_mm


def outline_relative_sd(inside: Mask, pixel_mm: float) -> float:
    """Relative standard uncertainty of a sum over a deposit, from the uncertain position of its outline.

    Parameters
    ----------
    inside
        Shape (rows, columns), at least one pixel True.
    pixel_mm
        Pixel size, mm.

    Examples
    --------
    >>> import numpy as np
    >>> large, small = np.ones((40, 40), bool), np.ones((4, 4), bool)
    >>> outline_relative_sd(large, 0.2) < outline_relative_sd(small, 0.2)
    True
    """
    area_mm2 = float(np.count_nonzero(inside)) * pixel_mm**2
    return min(1.0, EDGE_DENSITY * area_sd_mm2(inside, pixel_mm) / area_mm2)


def delineation_relative_sd(widening: float, over_bone: float) -> float:
    """Relative standard uncertainty of a deposit's area and mass, because the outline may include only its most certain part.

    Parameters
    ----------
    widening
        Area within the widest plausible outline over the area as drawn (`Segmentation.widening`).
    over_bone
        Share of the deposit that lies over bone.
    """
    factor = DELINEATION_SOFT + (DELINEATION_BONE - DELINEATION_SOFT) * over_bone
    return min(MAX_DELINEATION, factor * (widening - 1) ** 2)


def feret_diameter(inside: Mask, row_mm: float, column_mm: float) -> float:
    """Longest distance between two corners of the deposit's pixels, mm (maximum Feret diameter).

    Parameters
    ----------
    inside
        Shape (rows, columns), at least one pixel True.
    row_mm, column_mm
        Pixel size, mm.

    Examples
    --------
    >>> import numpy as np
    >>> feret_diameter(np.ones((3, 4), bool), 1.0, 1.0)
    5.0
    """
    rows, columns = np.nonzero(inside)
    corners = np.concatenate([np.stack([columns + dc, rows + dr], axis=1) for dr in (0, 1) for dc in (0, 1)])
    hull = cv2.convexHull(corners.astype(np.int32))[:, 0, :].astype(float)
    return float(pdist(hull * np.array([column_mm, row_mm])).max())
