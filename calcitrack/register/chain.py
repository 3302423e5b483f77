"""Registration bone after bone, from the surest one outwards, so that a bent finger is followed joint by joint."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcitrack.model.image import Mask
from calcitrack.register.bones import PARTITION_MM, Partition
from calcitrack.register.piece import COARSEST, FINER, Fit, Level, Piece, fit, likeness, piece
from calcitrack.register.scene import Matrix

RIM_MM = 2.0
"""Soft tissue around a bone that is registered with it: its edge, and what the outline missed."""
JOINT_GAP_MM = 12.0
"""Bones nearer to each other than this move together: growth plates and wide joints of children are 8 mm. Further ones do where nothing nearer
ties them to the rest: the wrist of a small child has no bone yet."""
PIVOT_SHARE = 0.25
"""Share of a joint's gap by which its middle may open when it bends by 28 degrees about one of its ends."""
BENDS_DEG = (0.0, -12.0, 12.0, -24.0, 24.0)
"""Turns about a joint from which a bone is sought: a step of 12 degrees moves the end of a phalanx by half its width."""
SHORTENED = 0.8
"""Length from which a bone is sought that lifts off the film: one that bends out of the film's plane by 37 degrees appears four fifths as long."""
SHORTEST = 0.5
"""Least believable length of a bone along one direction against across it: a tilt of 60 degrees."""
LIKE_ENOUGH = 0.99
"""A bone as like as this is not asked for a tilt: repeat exposures of one pose reach it."""
TILT_GAIN = 0.4
"""A tilt is believed when it takes away at least this share of what differs; less is noise."""
OPEN_JOINT_PER_MM2 = 0.015
"""Likeness that is taken off for a joint that opens, per mm2: a bone's neighbour of like shape lies 15 mm off."""
REFINED = 2
"""Starts refined for each joint, the best as they lie."""
SURE_MM2 = 300.0
"""A bone of at least this size is sure of its place; a smaller one is believed less."""


@dataclass(frozen=True, slots=True)
class Joint:
    """The place where two bones are nearest, mm, and their gap there."""

    at: tuple[float, float]
    gap_mm: float


@dataclass(frozen=True, eq=False, slots=True)
class Skeleton:
    """Baseline's pieces, their sizes, the joints between them, and the piece nearest to each pixel of the partition (counted from 0)."""

    pieces: tuple[Piece, ...]
    area_mm2: tuple[float, ...]
    joints: Mapping[tuple[int, int], Joint]
    nearest: NDArray[np.int32]

    def neighbours(self, index: int) -> list[tuple[int, Joint]]:
        """Pieces that a joint ties to this one."""
        return [(b if a == index else a, joint) for (a, b), joint in self.joints.items() if index in (a, b)]


def skeleton(parts: Partition, limb: Mask, levels: Sequence[Level]) -> Skeleton:
    """Pieces of the partition with a rim of soft tissue, each pixel with the nearest bone."""
    distance, nearest = ndimage.distance_transform_edt(parts.labels == 0, return_indices=True)
    owner = parts.labels[nearest[0], nearest[1]]
    distance = distance * PARTITION_MM
    shape = limb.shape
    full = cv2.resize(np.where(distance <= RIM_MM, owner, 0).astype(np.float32), shape[::-1], interpolation=cv2.INTER_NEAREST).astype(np.int32)
    boxes = ndimage.find_objects(full, parts.count)
    pieces = []
    for k, box in enumerate(boxes, start=1):
        mask = np.zeros(shape, bool)
        mask[box] = full[box] == k
        pieces.append(piece(mask, levels, box))
    area = np.bincount(parts.labels.ravel(), minlength=parts.count + 1)[1:] * PARTITION_MM**2
    return Skeleton(tuple(pieces), tuple(float(a) for a in area), _joints(owner, distance), owner - 1)


def _joints(owner: NDArray[np.int32], distance: NDArray[np.floating]) -> dict[tuple[int, int], Joint]:
    found: dict[tuple[int, int], Joint] = {}
    for axis in (0, 1):
        first, second = (np.take(owner, range(*span), axis) for span in ((0, owner.shape[axis] - 1), (1, owner.shape[axis])))
        gap = np.take(distance, range(owner.shape[axis] - 1), axis) + np.take(distance, range(1, owner.shape[axis]), axis)
        rows, columns = np.nonzero(first != second)
        order = np.argsort(gap[rows, columns], kind="stable")
        for r, c in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
            a, b = sorted((int(first[r, c]) - 1, int(second[r, c]) - 1))
            if (a, b) not in found or gap[r, c] < found[a, b].gap_mm:
                found[a, b] = Joint(((r + 0.5) * PARTITION_MM, (c + 0.5) * PARTITION_MM), float(gap[r, c]))
    return _tied(found)


def _tied(found: Mapping[tuple[int, int], Joint]) -> dict[tuple[int, int], Joint]:
    """The joints with a small gap, and the nearest of the others where a part would stay unconnected without it."""
    kept: dict[tuple[int, int], Joint] = {}
    part = {k: k for pair in found for k in pair}
    for (a, b), joint in sorted(found.items(), key=lambda item: (item[1].gap_mm, item[0])):
        if joint.gap_mm <= JOINT_GAP_MM or part[a] != part[b]:
            kept[a, b] = joint
            part = {k: part[a] if p == part[b] else p for k, p in part.items()}
    return kept


def follow_bones(bones: Skeleton, levels: Sequence[Level], whole: Matrix) -> list[Fit]:
    """Register every piece, starting from the whole's place and from each neighbour that is surer."""
    rough = [fit(p, levels, whole, COARSEST) for p in bones.pieces]
    sure = [_sureness(f, a) for f, a in zip(rough, bones.area_mm2, strict=True)]
    queue = [(-s, k) for k, s in enumerate(sure)]
    heapq.heapify(queue)
    settled: set[int] = set()
    while queue:
        _, k = heapq.heappop(queue)
        if k in settled:
            continue
        settled.add(k)
        for other, joint in bones.neighbours(k):
            if other in settled:
                continue
            found = _beside(bones.pieces[other], levels, joint, rough[k].matrix, rough[other])
            score = _sureness(found, bones.area_mm2[other])
            rough[other] = found
            heapq.heappush(queue, (-score, other))
    return [_refined(p, levels, f.matrix) for p, f in zip(bones.pieces, rough, strict=True)]


def _refined(what: Piece, levels: Sequence[Level], start: Matrix) -> Fit:
    """Refine a fit at the finer levels, with a tilt where that explains clearly more."""
    plain = fit(what, levels, start, FINER)
    if plain.likeness > LIKE_ENOUGH:
        return plain
    tilted = fit(what, levels, plain.matrix, FINER, tilting=True)
    long, short = np.linalg.svd(tilted.matrix[:, :2], compute_uv=False)
    clear = 1 - tilted.likeness < (1 - TILT_GAIN) * (1 - plain.likeness)
    return tilted if clear and short / long >= SHORTEST else plain


def _sureness(found: Fit, area_mm2: float) -> float:
    return found.likeness * min(1.0, float(np.sqrt(area_mm2 / SURE_MM2)))


def _beside(what: Piece, levels: Sequence[Level], joint: Joint, neighbour: Matrix, known: Fit) -> Fit:
    """The best fit of the known place and of bends about the joint with the neighbour; shortened only where that is clearly better."""

    def score(found: Fit) -> float:
        return found.likeness - OPEN_JOINT_PER_MM2 * opening_mm(joint, neighbour, found.matrix) ** 2

    def best(length: float) -> list[Fit]:
        starts = [_bent(_shortened(neighbour, joint.at, what.axis, length), joint.at, bend) for bend in BENDS_DEG]
        starts.sort(key=lambda m: -likeness(what, levels, m))
        return [fit(what, levels, m, COARSEST) for m in starts[:REFINED]]

    found = max([known, *best(1.0)], key=score)
    if found.likeness > LIKE_ENOUGH:
        return found
    shortened = max(best(SHORTENED), key=score)
    return shortened if 1 - score(shortened) < (1 - TILT_GAIN) * (1 - score(found)) else found


def opening_mm(joint: Joint, one: Matrix, other: Matrix) -> float:
    """Opening of a joint, mm: distance between the places to which two bones carry it, beyond what bending a joint of that gap explains."""
    at = np.array(joint.at)
    apart = float(np.hypot(*((one[:, :2] - other[:, :2]) @ at + one[:, 2] - other[:, 2])))
    return max(0.0, apart - PIVOT_SHARE * joint.gap_mm)


def _shortened(matrix: Matrix, at: tuple[float, float], axis: NDArray[np.float64], length: float) -> Matrix:
    """The transform of a piece that appears shorter along its axis, with its joint fixed."""
    squeeze = np.eye(2) + (length - 1) * np.outer(axis, axis)
    return _about(matrix, np.array(at), squeeze)


def _about(matrix: Matrix, fixed: NDArray[np.float64], change: NDArray[np.float64]) -> Matrix:
    """The transform after a change of baseline's plane that keeps one place fixed."""
    shift = fixed - change @ fixed
    return np.concatenate([matrix[:, :2] @ change, (matrix[:, :2] @ shift + matrix[:, 2])[:, None]], axis=1)


def _bent(matrix: Matrix, at: tuple[float, float], bend_deg: float) -> Matrix:
    """The transform after a turn about a baseline position."""
    angle = np.deg2rad(bend_deg)
    return _about(matrix, np.array(at), np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]))
