"""Size of a deposit in the plane of the film."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.spatial.distance import pdist

from calcitrack.model.image import Mask


def feret_diameter(inside: Mask, row_mm: float, column_mm: float) -> float:
    """Longest distance between two corners of the deposit's pixels, mm (maximum Feret diameter).

    Parameters
    ----------
    inside
        Shape (rows, columns), at least one pixel True.
    row_mm, column_mm
        Pixel size, mm.
    """
    rows, columns = np.nonzero(inside)
    corners = np.concatenate([np.stack([columns + dc, rows + dr], axis=1) for dr in (0, 1) for dc in (0, 1)])
    hull = cv2.convexHull(corners.astype(np.int32))[:, 0, :].astype(float)
    return float(pdist(hull * np.array([column_mm, row_mm])).max())
