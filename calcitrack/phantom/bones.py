"""Bone mineral in the beam: chords through cortex and marrow of long and short bones."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.phantom.projection import FilmWindow, FloatImage, Footprint, Grid, footprint, turned_ellipse
from calcitrack.phantom.shapes import CORTICAL_HA_G_CM3, Bone, LumpBone, Plate, SweptBone, Vector

_STATION_MM = 0.2
"""Distance of the stations at which a swept bone's cross-section is evaluated."""

_TILE_PITCH_MM = 0.15
"""Pitch of the trabecular texture."""

_TEXTURE_STRETCH = 1.7
"""Trabeculae follow the bone's axis: the texture is this much longer along than across."""

_OUTLINE_POWER = 2.35
"""Squareness of a lumpy bone's outline: 2 is an ellipse; carpals are a little boxy."""


def bone_chords(grid: Grid, bone: Bone, tile: FloatImage, offset_mm: float) -> tuple[FilmWindow, FloatImage, FloatImage]:
    """One bone's shadow.

    Returns
    -------
    tuple
        The window of pixels it may touch; the HA in the beam, g/cm2; the path through the bone as a body, mm.
    """
    where = footprint(grid, bone.frame, *_reach(bone))
    if where.window.empty:
        nothing = np.zeros((0, 0), np.float32)
        return where.window, nothing, nothing
    outer, inner, marrow = _swept(bone, where) if isinstance(bone, SweptBone) else _lump(bone, where)
    marrow = marrow * (1 + bone.texture * _sample(tile, where.u, where.v, offset_mm))
    mineral = bone.mineral * (CORTICAL_HA_G_CM3 * (outer - inner) + marrow * inner) / 10
    return where.window, np.maximum(mineral, 0).astype(np.float32), outer


def _reach(bone: Bone) -> tuple[float, float, float]:
    """(length, half width, extra) for the footprint."""
    if isinstance(bone, SweptBone):
        half = max(max(a, b) for _, a, b in bone.stations)
        return bone.length_mm, half + max(abs(s) for _, s in bone.shift), max(abs(bone.near_slope), abs(bone.far_slope)) * half
    return 0.0, max(bone.half_mm), 1.0


def _sample(tile: FloatImage, u: FloatImage, v: FloatImage, offset_mm: float) -> FloatImage:
    """The texture in a bone's own coordinates, so that it moves with the bone."""
    scale = 1 / _TILE_PITCH_MM
    size = np.float32(tile.shape[0])
    mx = np.mod(v * scale + np.float32(offset_mm * 31.7), size - 1)
    my = np.mod(u * np.float32(scale / _TEXTURE_STRETCH) + np.float32(offset_mm * 57.3), size - 1)
    return np.asarray(cv2.remap(tile, mx, my, cv2.INTER_LINEAR), np.float32)


def _swept(bone: SweptBone, where: Footprint) -> tuple[FloatImage, FloatImage, FloatImage]:
    """(outer chord mm, inner chord mm, marrow HA g/cm3) of a long bone."""
    length = bone.length_mm
    fraction = np.linspace(0, 1, max(64, int(length / _STATION_MM)))
    knots = np.array(bone.stations)
    a = _smooth_interp(fraction, knots[:, 0], knots[:, 1])
    b = _smooth_interp(fraction, knots[:, 0], knots[:, 2])
    uncapped = turned_ellipse(a, b, where.roll)[0]
    cap = _caps(fraction * length, bone)
    a, b = turned_ellipse(a * cap, b * cap, where.roll)
    cortex = _smooth_interp(fraction, *np.array(bone.cortex_mm).T)
    a_in, b_in = _eroded(a, cortex, length), _eroded(b, cortex, length)
    along = np.clip(where.u, 0, np.float32(length))
    v = where.v - _lookup(along, fraction * length, _smooth_interp(fraction, *np.array(bone.shift).T))
    u = _warped(bone, where.u, v, _lookup(along, fraction * length, uncapped))
    outer = _ellipse_chord(v, _lookup(u, fraction * length, a), _lookup(u, fraction * length, b)) * np.float32(where.stretch)
    inner = _ellipse_chord(v, _lookup(u, fraction * length, a_in), _lookup(u, fraction * length, b_in)) * np.float32(where.stretch)
    marrow = _lookup(u, fraction * length, np.interp(fraction, *np.array(bone.marrow).T))
    for plate in bone.plates:
        at = (u - plate.u_mm + plate.bow_mm * (v / max(1.0, float(knots[:, 1].max()))) ** 2) / (plate.gap_mm / 2)
        shut = 1 - 1 / (1 + at**6)
        rim = np.exp(-((np.abs(at) - 1.6) ** 2) * 4)
        inner = inner * (1 - 0.35 * rim).astype(np.float32)
        if plate.ossified < 1:
            shut = shut * _nucleus(u, v, half=_lookup(along, fraction * length, uncapped), plate=plate, length=length)
        outer, inner = outer * shut, inner * shut
    return outer, np.minimum(inner, outer), marrow


def _nucleus(u: FloatImage, v: FloatImage, half: FloatImage, plate: Plate, length: float) -> FloatImage:
    """1 on the shaft; beyond the plate the profile of a nucleus that does not fill the epiphysis yet."""
    end = 0.0 if plate.u_mm < length / 2 else length
    middle, reach = (end + plate.u_mm) / 2, abs(plate.u_mm - end) / 2
    size = max(plate.ossified, 1e-3)
    profile = np.sqrt(np.maximum(0, 1 - ((u - middle) / (reach * size)) ** 2 - (v / (half * size)) ** 2))
    beyond = u < plate.u_mm if end == 0 else u > plate.u_mm
    return np.asarray(np.where(beyond, size * profile, 1.0), np.float32)


def _warped(bone: SweptBone, u: FloatImage, v: FloatImage, half: FloatImage) -> FloatImage:
    """Bend the ends: bowed and slanted joint faces, the groove between condyles."""
    across = np.clip(v / half, -1.3, 1.3)
    reach = min(0.5 * bone.length_mm, 3.5 * max(a for _, a, _ in bone.stations))
    near_share = np.clip(1 - u / reach, 0, 1)
    far_share = np.clip(1 - (bone.length_mm - u) / reach, 0, 1)
    near = bone.near_bow_mm * across**2 + bone.near_slope * v
    far = bone.far_bow_mm * across**2 + bone.far_slope * v - bone.notch_mm * np.exp(-((across / 0.38) ** 2))
    return np.asarray(u + near_share * near - far_share * far, np.float32)


def _caps(u: Vector, bone: SweptBone) -> Vector:
    """Factor on the cross-section that rounds both ends off."""
    near = np.clip(1 - u / bone.near_cap_mm, 0, 1)
    far = np.clip(1 - (bone.length_mm - u) / bone.far_cap_mm, 0, 1)
    return np.asarray((1 - near**bone.near_power) ** (1 / bone.near_power) * (1 - far**bone.far_power) ** (1 / bone.far_power))


def _eroded(half: Vector, cortex: Vector, length: float) -> Vector:
    """The outline less a wall: at each station the narrowest place within the wall's thickness, as erosion by a disc leaves it."""
    step = length / (len(half) - 1)
    u = np.arange(len(half)) * step
    result = half - cortex
    for share in np.linspace(-1, 1, 13):
        moved = np.interp(u + share * cortex, u, half, left=0, right=0)
        result = np.minimum(result, moved - cortex * np.sqrt(max(0.0, 1 - share**2)))
    return np.maximum(result, 0)


def _lookup(u: FloatImage, at: Vector, values: Vector) -> FloatImage:
    """Linear interpolation on even stations; 0 beyond both ends."""
    step = (at[-1] - at[0]) / (len(at) - 1)
    padded = np.concatenate([[0.0], values, [0.0, 0.0]]).astype(np.float32)
    position = np.clip((u - np.float32(at[0])) * np.float32(1 / step) + 1, 0, len(at) + 1)
    index = position.astype(np.int32)
    low = padded[index]
    return np.asarray(low + (padded[index + 1] - low) * (position - index), np.float32)


def _smooth_interp(x: Vector, xs: NDArray[np.float64], ys: NDArray[np.float64]) -> Vector:
    """Monotone cubic (Fritsch-Carlson by way of the harmonic mean) through the knots; flat beyond them."""
    if len(xs) < 3:
        return np.interp(x, xs, ys)
    h, d = np.diff(xs), np.diff(ys) / np.diff(xs)
    slope = np.zeros_like(ys)
    same = d[:-1] * d[1:] > 0
    slope[1:-1][same] = 2 * d[:-1][same] * d[1:][same] / (d[:-1] + d[1:])[same]
    i = np.clip(np.searchsorted(xs, x, side="right") - 1, 0, len(h) - 1)
    t = np.clip((x - xs[i]) / h[i], 0, 1)
    hermite = (1 + 2 * t) * (1 - t) ** 2 * ys[i] + t**2 * (3 - 2 * t) * ys[i + 1]
    return np.asarray(hermite + h[i] * (t * (1 - t) ** 2 * slope[i] - t**2 * (1 - t) * slope[i + 1]))


def _ellipse_chord(v: FloatImage, half_width: FloatImage, half_depth: FloatImage) -> FloatImage:
    inside = 1 - (v / np.maximum(half_width, np.float32(1e-3))) ** 2
    return 2 * half_depth * np.sqrt(np.maximum(inside, 0))


def _lump(bone: LumpBone, where: Footprint) -> tuple[FloatImage, FloatImage, FloatImage]:
    """(outer chord mm, inner chord mm, marrow HA g/cm3) of a short bone."""
    width, depth = (float(x) for x in turned_ellipse(np.array(bone.half_mm[0]), np.array(bone.half_mm[2]), where.roll))
    angle = np.arctan2(where.u / bone.half_mm[1], where.v / width)
    outline = np.ones_like(where.u)
    for order, amplitude, phase in bone.harmonics:
        outline += np.float32(amplitude) * np.cos(order * angle + np.float32(phase))
    chords = []
    for wall in (0.0, bone.cortex_mm):
        half = [max(h - wall, 0.05) for h in (width, bone.half_mm[1], depth)]
        square = np.abs(where.v / np.float32(half[0])) ** _OUTLINE_POWER + np.abs(where.u / np.float32(half[1])) ** _OUTLINE_POWER
        radius = square ** np.float32(1 / _OUTLINE_POWER) / outline
        chords.append((2 * half[2] * np.sqrt(np.maximum(1 - radius**bone.power, 0))).astype(np.float32))
    return chords[0], np.minimum(chords[1], chords[0]), np.full_like(where.u, bone.marrow_g_cm3)
