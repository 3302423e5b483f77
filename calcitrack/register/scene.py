"""Input of registration: tissue on a common grid, with normalised brightness and without deposits."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.model.image import FloatImage, Mask
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.spacing import ASSUMED_PIXEL_MM, Spacing

Matrix = NDArray[np.float64]
"""Shape (2, 3), on (row, column) in mm of two scenes."""

SCENE_MM = 0.25
"""Pixel of the scene: a bone's edge, about 0.5 mm wide on the film, still spans two; finer only adds grain."""
NEIGHBOURHOOD_MM = 6.0
"""Standard deviation of the window within which brightness is made comparable: about the width of a finger bone."""
FLAT_SHARE = 0.5
"""Texture weaker than this share of the limb's median texture is not amplified: it is grain."""
LEAST_SHARE = 1e-3
"""Keeps the division by the share of tissue finite where there is none."""
ALL = 0.999
"""A pixel of the scene counts as reached by the beam when all of it was, rounding aside."""
DEPOSIT_RIM_MM = 0.5
"""Blurred edge of a deposit, left out with it."""


@dataclass(frozen=True, eq=False, slots=True)
class Scene:
    """One film, reduced to what `align` needs.

    Positions in a scene are in mm: ``(index + 0.5) * SCENE_MM``.

    Parameters
    ----------
    picture
        Shape (rows, columns): locally normalised attenuation, 0 outside the limb.
    valid
        Shape (rows, columns): where the beam reached the detector.
    deposit
        Shape (rows, columns): deposits with their blurred rim.
    limb, bone
        Shape (rows, columns).
    step
        Pixels of the film per pixel of the scene, (rows, columns).
    pixel_mm
        The film's pixel, mm (geometric mean); ``None`` where none is stated and an assumed one was used.
    values
        Shape (rows, columns): the picture as it is, not normalised, by which films are compared.
    """

    picture: FloatImage
    valid: Mask
    deposit: Mask
    limb: Mask
    bone: Mask
    step: tuple[float, float]
    pixel_mm: float | None
    values: FloatImage

    def weight(self, *, deposits: bool) -> FloatImage:
        """Weight of each pixel in registration: 1 inside, 0 outside; deposits count only with `deposits`."""
        return np.asarray(self.valid if deposits else self.valid & ~self.deposit, np.float32)

    @property
    def to_film(self) -> NDArray[np.float64]:
        """3 x 3: mm of the scene to pixels of the film."""
        rows, columns = self.step
        return np.array([[rows / SCENE_MM, 0, -0.5], [0, columns / SCENE_MM, -0.5], [0, 0, 1]])


def see(segmentation: Segmentation, spacing: Spacing, picture: FloatImage | None = None, valid: Mask | None = None) -> Scene:
    """Reduce a film to the input of registration.

    Parameters
    ----------
    segmentation
        Limb, bone and deposits of the film.
    spacing
        Its pixel size; `ASSUMED_PIXEL_MM` where none is stated.
    picture
        Shape (rows, columns): attenuation or any picture in which larger is denser. Without one the outlines of bone and limb are aligned.
    valid
        Shape (rows, columns): where the beam reached the detector; everywhere when ``None``.
    """
    rows, columns = segmentation.labels.shape
    row_mm, column_mm = spacing.row_mm or ASSUMED_PIXEL_MM, spacing.column_mm or ASSUMED_PIXEL_MM
    shape = (max(8, round(rows * row_mm / SCENE_MM)), max(8, round(columns * column_mm / SCENE_MM)))
    limb, bone = (_resized(m, shape) >= 0.5 for m in (segmentation.limb, segmentation.bone))
    reached = np.ones(shape, bool) if valid is None else _resized(valid, shape) >= ALL
    deposit = _grown(_resized(segmentation.labels > 0, shape) > 0, DEPOSIT_RIM_MM)
    raw = (0.4 * limb + 0.6 * bone).astype(np.float32) if picture is None else _resized(picture, shape)
    step = (rows / shape[0], columns / shape[1])
    return Scene(_comparable(raw, reached & limb, deposit), reached, deposit, limb, bone, step, spacing.mean_mm, raw)


def _comparable(raw: FloatImage, shown: Mask, deposit: Mask) -> FloatImage:
    """Brightness minus its local mean, divided by its local spread, both from tissue without deposits; 0 outside the limb."""
    weight = (shown & ~deposit).astype(np.float32)
    share = np.maximum(_blurred(weight), LEAST_SHARE)
    mean = _blurred(raw * weight) / share
    difference = (raw - mean) * shown
    spread = np.sqrt(_blurred(np.asarray(difference * difference * weight, np.float32)) / share)
    weighted = weight > 0
    floor = FLAT_SHARE * float(np.median(spread[weighted][::7])) if weighted.any() else 0.0
    return np.asarray(difference / np.hypot(spread, max(floor, float(np.finfo(np.float32).tiny) ** 0.5)), np.float32)


def _blurred(image: FloatImage) -> FloatImage:
    """Gaussian smoothing by `NEIGHBOURHOOD_MM`, computed on pixels of 1 mm, which suffice for so smooth a result."""
    rows, columns = image.shape
    small = cv2.resize(image, (max(1, columns // 4), max(1, rows // 4)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), NEIGHBOURHOOD_MM / SCENE_MM / 4)
    return np.asarray(cv2.resize(small, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)


def _resized(image: NDArray[np.generic], shape: tuple[int, int]) -> FloatImage:
    shrinks = shape[0] * shape[1] < image.shape[0] * image.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.ascontiguousarray(image, np.float32), shape[::-1], interpolation=method), np.float32)


def _grown(mask: Mask, radius_mm: float) -> Mask:
    n = round(radius_mm / SCENE_MM)
    return np.asarray(cv2.dilate(mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * n + 1, 2 * n + 1))) > 0, bool)
