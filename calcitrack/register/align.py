"""Registration of a follow-up onto baseline: the whole roughly, then bone by bone, then a smooth map of the tissue between; deposits are left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calcitrack.model.alignment import Alignment, BoneFit
from calcitrack.model.warp import Warp
from calcitrack.register.acceptance import AlignOptions, FoundBones, bridged, judged, whole_reason
from calcitrack.register.blend import Field, blend, carried
from calcitrack.register.bones import PARTITION_MM, Partition, take_apart, tiles
from calcitrack.register.chain import Skeleton, follow_bones, skeleton
from calcitrack.register.coarse import CoarseFit, find_places
from calcitrack.register.piece import Level, levels
from calcitrack.register.scene import SCENE_MM, Scene

NODE_MM = 1.0
"""Step of the map's grid: the map bends over some mm at a joint."""

UNTURNED_BONUS = 1.05
"""Advantage of the place without mirroring and with less than 45 degrees of turn: films are mostly laid down alike."""


def align(baseline: Scene, follow_up: Scene, options: AlignOptions | None = None) -> Alignment:
    """Find the map that carries baseline positions onto a follow-up image.

    Parameters
    ----------
    baseline, follow_up
        The two films as `see` reduces them.
    options
        Settings; defaults when ``None``.

    Returns
    -------
    The map in pixels of the two films. ``ok`` is False, with the reason, when the limbs do not overlap well, their sizes or proportions differ
    by more than is plausible, or too few bones were found again; `Alignment.ok_at` says where it cannot be relied on otherwise.

    Notes
    -----
    Tissue without bone is registered by its brightness in tiles; deposits then take part, because they may be all there is to see.
    """
    options = options or AlignOptions()
    if not baseline.limb.any() or not follow_up.limb.any():
        return _failed("no limb was found on one of the two images")
    places = find_places(baseline, follow_up)
    if not places:
        return _failed("the limbs could not be brought into correspondence")
    parts = take_apart(baseline.bone, SCENE_MM)
    boneless = parts.count == 0
    if boneless:
        parts = tiles(baseline.limb, SCENE_MM)
    both = levels(baseline, follow_up, deposits=boneless)
    bones = skeleton(parts, baseline.limb, both)
    tried = [_tried(parts, bones, both, place, options) for place in places]
    best = max(range(len(places)), key=lambda k: tried[k].likeness * (UNTURNED_BONUS if places[k].unturned else 1.0))
    return _assembled(baseline, follow_up, tried[best], options)


def _failed(reason: str) -> Alignment:
    return Alignment(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), 0.0, False, reason)


def _tried(parts: Partition, bones: Skeleton, both: Sequence[Level], place: CoarseFit, options: AlignOptions) -> FoundBones:
    fits = follow_bones(bones, both, place.matrix)
    return FoundBones(parts, bones, fits, judged(bones, fits, options), place.matrix)


def _assembled(fixed: Scene, moving: Scene, found: FoundBones, options: AlignOptions) -> Alignment:
    believed = found.believed
    field = blend(_owners(found.parts, believed, fixed.limb.shape), [f.matrix for f in found.fits], found.whole, fixed.limb)
    to_film, from_film = moving.to_film, np.linalg.inv(fixed.to_film)
    matrix = (to_film @ np.vstack([found.whole, [0, 0, 1]]) @ from_film)[:2]
    residual_mm = float(np.median([found.fits[k].residual_mm for k in believed])) if believed else 0.0
    reason = whole_reason(fixed, moving, found, options)
    (a, b, c), (d, e, f) = (tuple(float(v) for v in row) for row in matrix)
    return Alignment(
        matrix=((a, b, c), (d, e, f)),
        residual_px=residual_mm / SCENE_MM * float(np.sqrt(moving.step[0] * moving.step[1])),
        ok=not reason,
        reason=reason,
        residual_mm=residual_mm if moving.pixel_mm else None,
        bones=_bone_fits(fixed, found),
        warp=_warp(fixed, moving, field, matrix, _trusted_bones(found)),
    )


def _bone_fits(fixed: Scene, found: FoundBones) -> tuple[BoneFit, ...]:
    centres = ((fixed.to_film @ [*p.centre, 1.0])[:2] for p in found.bones.pieces)
    return tuple(
        BoneFit((float(c[0]), float(c[1])), fit.residual_mm, not reason, reason)
        for c, fit, reason in zip(centres, found.fits, found.reasons, strict=True)
    )


def _trusted_bones(found: FoundBones) -> NDArray[np.bool_]:
    """For each pixel of the partition whether the nearest bone's place is known: the bone was accepted, or its neighbours agree on its place."""
    known = np.array([not r or bridged(found, k) for k, r in enumerate(found.reasons)] or [True])
    return np.asarray(known[np.maximum(found.bones.nearest, 0)], bool)


def _owners(parts: Partition, believed: Sequence[int], shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Labels of the accepted bones on the scene's grid."""
    numbers = np.zeros(parts.count + 1, np.int32)
    numbers[[k + 1 for k in believed]] = [k + 1 for k in believed]
    middles = (np.arange(n, dtype=float) * SCENE_MM + SCENE_MM / 2 for n in shape)
    rows, columns = (_pixels_of_partition(mm, n) for mm, n in zip(middles, parts.labels.shape, strict=True))
    return np.asarray(numbers[parts.labels[rows][:, columns]], np.int32)


def _pixels_of_partition(position_mm: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    return np.clip((position_mm / PARTITION_MM).astype(np.intp), 0, count - 1)


def _warp(fixed: Scene, moving: Scene, field: Field, matrix: NDArray[np.float64], known: NDArray[np.bool_]) -> Warp:
    """The blended map at the nodes of a grid of the baseline film, less what the similarity does; trusted where known and not folded."""
    step = (NODE_MM / SCENE_MM * fixed.step[0], NODE_MM / SCENE_MM * fixed.step[1])
    shape = tuple(int(np.ceil(n * SCENE_MM / NODE_MM)) + 1 for n in fixed.limb.shape)
    nodes = np.stack(np.meshgrid(np.arange(shape[0]) * step[0], np.arange(shape[1]) * step[1], indexing="ij"), axis=-1)
    from_film, to_film = np.linalg.inv(fixed.to_film), moving.to_film
    nodes_mm = nodes @ from_film[:2, :2].T + from_film[:2, 2]
    landed_mm = carried(field, nodes_mm)
    landed = landed_mm @ to_film[:2, :2].T + to_film[:2, 2]
    rows, columns = (_pixels_of_partition(nodes_mm[..., k], known.shape[k]) for k in (0, 1))
    trusted = known[rows, columns] & _unfolded(landed_mm, mirrored=bool(np.linalg.det(matrix[:, :2]) < 0))
    return Warp(step, (landed - (nodes @ matrix[:, :2].T + matrix[:, 2])).astype(np.float32), trusted)


def _unfolded(landed: NDArray[np.float64], *, mirrored: bool) -> NDArray[np.bool_]:
    """Where the map keeps the orientation of the plane; elsewhere it folds, and two places would become one."""
    by_row, by_column = (np.gradient(landed, axis=axis) for axis in (0, 1))
    area = np.asarray(by_row[..., 0] * by_column[..., 1] - by_row[..., 1] * by_column[..., 0])
    return area < 0 if mirrored else area > 0
