"""Coarse registration of the whole (rotation, mirroring, shift and scale), from limb and bone alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from calcitrack.model.image import FloatImage, Mask
from calcitrack.register.piece import Level, Piece, fit, likeness
from calcitrack.register.scene import SCENE_MM, Matrix, Scene

ROUGH_MM = 2.0
"""Pixel on which all turns are tried."""
TURNS_DEG = tuple(range(0, 360, 5))
"""Turns tried: from half a step away the refinement finds its way; from half of 15 degrees it did not always."""
TEXTURE_TURNS_DEG = tuple(quarter + turn for quarter in (0, 90, 180, 270) for turn in range(-15, 16, 3))
"""Turns tried by brightness alone: its fine texture correlates within 2 degrees only, so only films laid down about square are tried."""
SMOOTHING_MM = (5.0, 2.0)
"""Successive smoothing of bone and limb: from catching the rough place to the fine one; posing moves fingers by more than the last."""
TEXTURE_SMOOTHING_MM = (2.0, 1.0)
"""The same for brightness without bone: texture of soft tissue is finer than bones are."""
FINE_MM = 1.0
"""Pixel on which limb and bone are aligned."""
BONE_SHARE = 0.6
"""Share of bone against limb in the aligned picture: bone does not swell."""
PLAIN = 0.05
"""Limb and bone that vary by less over the picture (standard deviation) say nothing of its place: the brightness does."""
APART_DEG = 50.0
"""Two starts less apart than this reach the same place."""
STARTS = 4
"""Places refined, the best by rough correlation."""
RIVAL = 0.15
"""Places whose likeness is less than this below the best are left to the bones to decide between."""


@dataclass(frozen=True, eq=False, slots=True)
class CoarseFit:
    """Coarse place of the whole.

    Parameters
    ----------
    matrix
        Baseline mm to follow-up mm.
    likeness
        Correlation of limb and bone after alignment.
    unturned
        Whether the film has the orientation of baseline, to within 45 degrees.
    """

    matrix: Matrix
    likeness: float
    unturned: bool


def find_places(fixed: Scene, moving: Scene) -> list[CoarseFit]:
    """Try every turn, mirrored too, and refine the best.

    Returns
    -------
    The likeliest place first, then those nearly as likely: a hand and its mirror image differ by little more than the thumb, and only the bones
    themselves tell which it is. Empty when nothing correlates.
    """
    by_brightness = _mixed(fixed).std() < PLAIN or _mixed(moving).std() < PLAIN
    a, b = (s.picture if by_brightness else _mixed(s) for s in (fixed, moving))
    starts = _rough(_reduced(a, ROUGH_MM), _reduced(b, ROUGH_MM), TEXTURE_TURNS_DEG if by_brightness else TURNS_DEG)
    smoothing_mm = TEXTURE_SMOOTHING_MM if by_brightness else SMOOTHING_MM
    both = [_level(_reduced(a, FINE_MM), _reduced(b, FINE_MM), sigma / FINE_MM) for sigma in smoothing_mm]
    whole = _whole(both[0].fixed.shape, len(both))
    found = [_scored(whole, both, start) for start in starts]
    found = sorted((p for p in found if p.likeness > 0), key=lambda p: -p.likeness)
    return [p for p in found if p.likeness >= found[0].likeness - RIVAL]


def _scored(whole: Piece, both: Sequence[Level], start: Matrix) -> CoarseFit:
    matrix = fit(whole, both, start).matrix
    return CoarseFit(matrix, likeness(whole, both, matrix, level=-1), _is_unturned(matrix))


def _mixed(scene: Scene) -> FloatImage:
    return np.asarray(BONE_SHARE * scene.bone + (1 - BONE_SHARE) * scene.limb, np.float32)


def _is_unturned(matrix: Matrix) -> bool:
    a = matrix[:, :2]
    return bool(np.linalg.det(a) > 0 and abs(np.arctan2(a[1, 0] - a[0, 1], a[0, 0] + a[1, 1])) < np.pi / 4)


def _reduced(image: FloatImage, pixel_mm: float) -> FloatImage:
    factor = round(pixel_mm / SCENE_MM)
    rows, columns = (n // factor for n in image.shape)
    return np.asarray(cv2.resize(image[: rows * factor, : columns * factor], (columns, rows), interpolation=cv2.INTER_AREA), np.float32)


def _level(fixed: FloatImage, moving: FloatImage, sigma: float) -> Level:
    a, b = (np.asarray(cv2.GaussianBlur(i, (0, 0), sigma), np.float32) for i in (fixed, moving))
    return Level(a, np.ones_like(a), b, np.ones_like(b), FINE_MM)


def _whole(shape: tuple[int, ...], count: int) -> Piece:
    window = (slice(0, shape[0]), slice(0, shape[1]), np.ones(shape, np.float32))
    centre = np.array(shape) * FINE_MM / 2
    return Piece((window,) * count, centre, float(np.linalg.norm(shape)) * FINE_MM / 12**0.5, np.array([1.0, 0.0]))


def _rough(fixed: FloatImage, moving: FloatImage, turns_deg: Sequence[int]) -> list[Matrix]:
    """The best distinct turns and shifts, by correlation over all shifts in the frequency domain."""
    side = fft.next_fast_len(int(np.ceil(np.hypot(*fixed.shape) + max(moving.shape))), real=True)
    moving_mean = np.asarray(moving - moving.mean(), float)
    spectrum = fft.rfft2(moving_mean, (side, side))
    scored: list[tuple[float, float, bool, Matrix]] = []
    for mirrored in (False, True):
        for turn in turns_deg:
            matrix = _turned(fixed.shape, float(turn), mirrored)
            canvas = np.asarray(_carried(fixed - fixed.mean(), matrix, side), float)
            score = fft.irfft2(spectrum * np.conj(fft.rfft2(canvas)), (side, side))
            peak = np.array(np.unravel_index(int(score.argmax()), score.shape))
            shift = np.where(peak > side // 2, peak - side, peak)
            whole = matrix.copy()
            whole[:, 2] += shift * ROUGH_MM
            scored.append((float(score.max()), float(turn), mirrored, whole))
    return _unlike(scored)


def _unlike(scored: Sequence[tuple[float, float, bool, Matrix]]) -> list[Matrix]:
    chosen: list[tuple[float, float, bool, Matrix]] = []
    for one in sorted(scored, key=lambda s: (-s[0], s[2], s[1])):
        if len(chosen) < STARTS and all(one[2] != c[2] or abs((one[1] - c[1] + 180) % 360 - 180) >= APART_DEG for c in chosen):
            chosen.append(one)
    return [c[3] for c in chosen]


def _turned(shape: tuple[int, ...], turn_deg: float, mirrored: bool) -> Matrix:
    """Turn about the middle, moved to the middle of a square that holds every turn; mm."""
    angle = np.deg2rad(turn_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if mirrored:
        turn = turn @ np.diag([1.0, -1.0])
    middle = np.array(shape) * ROUGH_MM / 2
    half = float(np.linalg.norm(shape)) * ROUGH_MM / 2
    return np.concatenate([turn, (np.full(2, half) - turn @ middle)[:, None]], axis=1)


def _carried(image: FloatImage, matrix: Matrix, side: int) -> FloatImage:
    """The picture, carried onto the square."""
    a, t = matrix[:, :2], (matrix[:, :2] @ np.full(2, ROUGH_MM / 2) + matrix[:, 2]) / ROUGH_MM - 0.5
    xy = np.array([[a[1, 1], a[1, 0], t[1]], [a[0, 1], a[0, 0], t[0]]])
    return np.asarray(cv2.warpAffine(image, xy, (side, side), flags=cv2.INTER_LINEAR), np.float32)


def overlap(fixed: Mask, moving: Mask, matrix: Matrix) -> float:
    """Dice overlap of two masks of scenes after alignment, over the part of baseline that lies within the follow-up's picture."""
    a, b = (_reduced(m.astype(np.float32), FINE_MM) for m in (fixed, moving))
    rows, columns = np.indices(a.shape)
    at = (np.stack([rows, columns]).reshape(2, -1) + 0.5) * FINE_MM
    row, column = (matrix[:, :2] @ at + matrix[:, 2:]) / FINE_MM - 0.5
    inside = (row >= 0) & (column >= 0) & (row <= b.shape[0] - 1) & (column <= b.shape[1] - 1)
    carried = ndimage.map_coordinates(b, [row, column], order=1, cval=0.0) >= 0.5
    own = (a.ravel() >= 0.5) & inside
    total = int(own.sum()) + int((carried & inside).sum())
    return 2 * int((own & carried).sum()) / total if total else 0.0


def scale_of(matrix: NDArray[np.float64]) -> float:
    """Factor by which a transform scales lengths."""
    return float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
