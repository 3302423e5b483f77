"""The search grid: square pixels of one size, independent of the film's own pixels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from calcitrack.model.image import FloatImage, Mask

WORKING_PIXEL_MM = 0.2
"""Pixel of the search grid, mm: a 1 mm deposit still spans 5 pixels, and a hand is searched in a second."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Maps between a film of `shape` with pixels of (row_mm, column_mm) and the search grid."""

    shape: tuple[int, int]
    row_mm: float
    column_mm: float

    @property
    def working_shape(self) -> tuple[int, int]:
        """(rows, columns) of the search grid."""
        rows, columns = self.shape
        return max(1, round(rows * self.row_mm / WORKING_PIXEL_MM)), max(1, round(columns * self.column_mm / WORKING_PIXEL_MM))

    def down(self, image: FloatImage) -> FloatImage:
        """Area average of a film-sized image on the search grid."""
        return resize(image, self.working_shape)

    def down_mask(self, mask: Mask) -> Mask:
        """Mask on the search grid: True where at least half of the search pixel is True."""
        return np.asarray(self.down(mask.astype(np.float32)) >= 0.5, dtype=bool)

    def up(self, image: FloatImage) -> FloatImage:
        """Bilinear interpolation of a search-grid image at the film's pixels."""
        return resize(image, self.shape)

    def up_mask(self, mask: Mask) -> Mask:
        """Film-sized mask with the outline of a search-grid mask, interpolated."""
        return np.asarray(self.up(mask.astype(np.float32)) >= 0.5, dtype=bool)


def resize(image: FloatImage, shape: tuple[int, int]) -> FloatImage:
    """Resample to (rows, columns): area average when it shrinks, bilinear when it grows."""
    shrinks = shape[0] * shape[1] < image.shape[0] * image.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.ascontiguousarray(image, dtype=np.float32), shape[::-1], interpolation=method), dtype=np.float32)


def blur(image: FloatImage, sigma_mm: float) -> FloatImage:
    """Gaussian smoothing on the search grid; sigma in mm."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_mm / WORKING_PIXEL_MM), dtype=np.float32)


def _disk(radius_mm: float) -> np.typing.NDArray[np.uint8]:
    n = max(1, round(radius_mm / WORKING_PIXEL_MM))
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * n + 1, 2 * n + 1)), dtype=np.uint8)


def dilate(mask: Mask, radius_mm: float) -> Mask:
    """Grow a mask on the search grid by a disk."""
    return np.asarray(cv2.dilate(mask.astype(np.uint8), _disk(radius_mm)) > 0, dtype=bool)


def erode(mask: Mask, radius_mm: float) -> Mask:
    """Shrink a mask on the search grid by a disk; outside the picture counts as inside."""
    return np.asarray(cv2.erode(mask.astype(np.uint8), _disk(radius_mm)) > 0, dtype=bool)


def opened(mask: Mask, radius_mm: float) -> Mask:
    """Remove parts thinner than the disk."""
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, _disk(radius_mm)) > 0, dtype=bool)


def filled(mask: Mask) -> Mask:
    """Fill the holes: pixels that cannot be reached from the picture's edge without crossing the mask, diagonal gaps closed."""
    outside = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(outside, None, (0, 0), 2, flags=4)
    return np.asarray(outside[1:-1, 1:-1] != 2, dtype=bool)
