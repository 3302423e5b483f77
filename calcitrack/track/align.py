"""Follow-up onto baseline: one similarity transform from limb and bone, deposits left out, with its residual in pixels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcitrack.errors import InvalidValueError
from calcitrack.model.assessment import Alignment
from calcitrack.model.image import Mask
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.spacing import ASSUMED_PIXEL_MM, Spacing

Matrix = NDArray[np.float64]
"""Shape (2, 3), on (row, column)."""

COARSE_MM = 1.0
"""Pixel on which outlines are aligned: posing between visits moves fingers by more than this anyway."""
SMOOTHING_MM = (8.0, 3.0, 1.5)
"""Successive smoothing of bone and limb: from catching the rough place to the fine one."""
ECC_ITERATIONS = 60
"""Per smoothing level; the enhanced correlation coefficient (Evangelidis and Psarakis 2008, IEEE TPAMI 30:1858) settles long before."""
BONE_WEIGHT = 0.6
"""Share of bone against limb in the aligned picture: bone does not swell."""
START_TURNS_DEG = (0.0, -20.0, 20.0)
"""Rotations tried at the start, about the limb's centroid."""


@dataclass(frozen=True, slots=True)
class AlignOptions:
    """Settings of `align`.

    Parameters
    ----------
    min_overlap
        Least Dice overlap of the aligned limbs; below it the registration failed. Two hands of different posing reach 0.85.
    max_scale
        Largest believable ratio of sizes between two visits, either way: a child's hand grows by 10 % in two years.
    """

    min_overlap: float = 0.6
    max_scale: float = 1.25

    def __post_init__(self) -> None:
        if not 0 < self.min_overlap < 1:
            raise InvalidValueError(f"min_overlap is a Dice overlap between 0 and 1; found {self.min_overlap}")
        if not self.max_scale > 1:
            raise InvalidValueError(f"max_scale is a ratio above 1; found {self.max_scale}")


@dataclass(frozen=True, eq=False, slots=True)
class _Shape:
    """Limb and bone on the coarse grid, and the film's pixels per coarse pixel (rows, columns)."""

    limb: Mask
    bone: Mask
    step: tuple[float, float]

    def picture(self, sigma_mm: float) -> NDArray[np.float32]:
        mixed = BONE_WEIGHT * self.bone.astype(np.float32) + (1 - BONE_WEIGHT) * self.limb.astype(np.float32)
        return np.asarray(cv2.GaussianBlur(mixed, (0, 0), sigma_mm / COARSE_MM), dtype=np.float32)


def align(baseline: tuple[Segmentation, Spacing], follow_up: tuple[Segmentation, Spacing], options: AlignOptions | None = None) -> Alignment:
    """Find the similarity transform that carries baseline positions onto a follow-up image.

    Parameters
    ----------
    baseline, follow_up
        Segmentation and spacing of each image. Deposits take no part: their pixels count as the tissue around them.
    options
        Settings; defaults when ``None``.

    Returns
    -------
    The transform in pixels of the two films. ``ok`` is False, with the reason, when the limbs do not overlap well or their sizes differ
    beyond belief.
    """
    options = options or AlignOptions()
    fixed, moving = _shape(*baseline), _shape(*follow_up)
    if not fixed.limb.any() or not moving.limb.any():
        return _failed("no limb was found on one of the two images")
    best: tuple[float, Matrix] | None = None
    for turn in START_TURNS_DEG:
        matrix = _refine(fixed, moving, _start(fixed, moving, turn))
        if matrix is None:
            continue
        score = _overlap(fixed.limb | fixed.bone, moving.limb | moving.bone, matrix) + _overlap(fixed.bone, moving.bone, matrix)
        if best is None or score > best[0]:
            best = (score, matrix)
    if best is None:
        return _failed("the limbs could not be brought into correspondence")
    return _judge(fixed, moving, best[1], options)


def _judge(fixed: _Shape, moving: _Shape, matrix: Matrix, options: AlignOptions) -> Alignment:
    overlap = _overlap(fixed.limb, moving.limb, matrix)
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    residual_mm = _residual_mm(fixed.bone, moving.bone, matrix)
    full = _to_film(matrix, fixed.step, moving.step)
    residual_px = residual_mm / COARSE_MM * float(np.sqrt(moving.step[0] * moving.step[1]))
    if overlap < options.min_overlap:
        return Alignment(full, residual_px, False, f"the aligned limbs overlap by {overlap:.2f} only (Dice; at least {options.min_overlap:g} needed)")
    if not 1 / options.max_scale <= scale <= options.max_scale:
        return Alignment(
            full, residual_px, False, f"the limb would have changed its size {scale:.2f} times (at most {options.max_scale:g} is believed)"
        )
    return Alignment(full, residual_px)


def _failed(reason: str) -> Alignment:
    return Alignment(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), 0.0, False, reason)


def _shape(segmentation: Segmentation, spacing: Spacing) -> _Shape:
    """Limb and bone as area averages on the coarse grid."""
    row_mm, column_mm = spacing.row_mm or ASSUMED_PIXEL_MM, spacing.column_mm or ASSUMED_PIXEL_MM
    rows, columns = segmentation.labels.shape
    coarse = (max(8, round(rows * row_mm / COARSE_MM)), max(8, round(columns * column_mm / COARSE_MM)))
    bone = segmentation.bone & (segmentation.labels == 0)

    def down(mask: Mask) -> Mask:
        small = cv2.resize(mask.astype(np.float32), coarse[::-1], interpolation=cv2.INTER_AREA)
        return np.asarray(small >= 0.5, dtype=bool)

    return _Shape(down(segmentation.limb), down(bone), (rows / coarse[0], columns / coarse[1]))


def _start(fixed: _Shape, moving: _Shape, turn_deg: float) -> Matrix:
    """Centroids onto each other, equal size, turned."""
    a, b = (np.array(ndimage.center_of_mass(s.limb)) for s in (fixed, moving))
    angle = np.deg2rad(turn_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.concatenate([turn, (b - turn @ a)[:, None]], axis=1)


def _refine(fixed: _Shape, moving: _Shape, matrix: Matrix) -> Matrix | None:
    """Maximise the enhanced correlation from coarse to fine, then take the nearest similarity."""
    warp = _swap(matrix).astype(np.float32)
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, ECC_ITERATIONS, 1e-4)
    for sigma_mm in SMOOTHING_MM:
        try:
            _, found = cv2.findTransformECC(fixed.picture(sigma_mm), moving.picture(sigma_mm), warp, cv2.MOTION_AFFINE, criteria)
        except cv2.error:  # no correlation at all from this start
            return None
        warp = _swap(_nearest_similarity(_swap(np.asarray(found, float)), fixed.limb)).astype(np.float32)
    return _swap(warp.astype(float))


def _nearest_similarity(matrix: Matrix, limb: Mask) -> Matrix:
    """Rotation, one scale and shift that move the limb's pixels most like an affine transform does (Umeyama 1991, IEEE TPAMI 13:376)."""
    points = np.argwhere(limb)[::7].astype(float)
    moved = points @ matrix[:, :2].T + matrix[:, 2]
    a, b = points - points.mean(axis=0), moved - moved.mean(axis=0)
    u, s, vt = np.linalg.svd(b.T @ a)
    sign = np.array([1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = u @ np.diag(sign) @ vt
    scaled = rotation * float((s * sign).sum() / (a**2).sum())
    return np.concatenate([scaled, (moved.mean(axis=0) - scaled @ points.mean(axis=0))[:, None]], axis=1)


def _swap(matrix: Matrix) -> Matrix:
    """(row, column) <-> (x, y)."""
    return np.stack([[matrix[1, 1], matrix[1, 0], matrix[1, 2]], [matrix[0, 1], matrix[0, 0], matrix[0, 2]]])


def _carried(mask: Mask, matrix: Matrix, shape: tuple[int, ...]) -> Mask:
    """The follow-up's mask at baseline's pixels."""
    warped = cv2.warpAffine(
        mask.astype(np.float32), _swap(matrix).astype(np.float32), (shape[1], shape[0]), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    return np.asarray(warped >= 0.5, dtype=bool)


def _overlap(fixed: Mask, moving: Mask, matrix: Matrix) -> float:
    """Dice overlap after alignment, over the part of baseline that lies within the follow-up's picture."""
    seen = _carried(np.ones(moving.shape, bool), matrix, fixed.shape)
    a, b = fixed & seen, _carried(moving, matrix, fixed.shape)
    total = int(a.sum()) + int(b.sum())
    return 2 * int((a & b).sum()) / total if total else 0.0


def _residual_mm(fixed: Mask, moving: Mask, matrix: Matrix) -> float:
    """Median distance from baseline's bone outline to the follow-up's."""
    carried = _carried(moving, matrix, fixed.shape)
    outline = fixed & ~ndimage.binary_erosion(fixed)
    other = carried & ~ndimage.binary_erosion(carried)
    if not outline.any() or not other.any():
        return 0.0
    return float(np.median(ndimage.distance_transform_edt(~other)[outline])) * COARSE_MM


def _to_film(
    matrix: Matrix, fixed_step: tuple[float, float], moving_step: tuple[float, float]
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """From coarse pixels to pixels of the films; centres of pixels are whole numbers in both."""
    to_coarse = np.diag([1 / fixed_step[0], 1 / fixed_step[1], 1.0])
    to_coarse[:2, 2] = [0.5 / fixed_step[0] - 0.5, 0.5 / fixed_step[1] - 0.5]
    to_film = np.diag([moving_step[0], moving_step[1], 1.0])
    to_film[:2, 2] = [0.5 * moving_step[0] - 0.5, 0.5 * moving_step[1] - 0.5]
    whole = to_film @ np.vstack([matrix, [0, 0, 1]]) @ to_coarse
    (a, b, c), (d, e, f) = (tuple(float(v) for v in row) for row in whole[:2])
    return (a, b, c), (d, e, f)
