"""One limb of a picture of two: the whole picture, of which only the surroundings of that limb count as exposed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from calcitrack.calibrate.intensity import attenuation
from calcitrack.errors import FilmRefusedError
from calcitrack.model.image import Mask, Radiograph
from calcitrack.model.pose import canonical_pose
from calcitrack.model.two_limbs import Lie, TwoLimbs
from calcitrack.segment.grid import resize
from calcitrack.segment.limbs import COARSE, two_limbs
from calcitrack.segment.options import SegmentOptions
from calcitrack.segment.overview import overview
from calcitrack.segment.radiograph import searched, working_grid

EXPECTED = "two limbs with air between them"
OBLIQUE = 0.5
"""Limbs that lie askew by more than this (26 degrees: the smaller of the two distances between their middles over the larger) have an order only
where the one at the left is the upper one too."""
ACTION = "state the side of a picture of one limb under `laterality`; of touching limbs, crop a copy of the file to each"


def one_of_two(radiograph: Radiograph, limb: int, both: TwoLimbs) -> Radiograph:
    """The picture with the surroundings of one of its two limbs valid: every pixel belongs to the limb that it is nearer to.

    Parameters
    ----------
    radiograph
        The whole picture. Pixels keep their places, so that what is found on one limb has its place in the file.
    limb
        1 for the limb at the left of the picture, or above; 2 for the other.
    both
        What is stated of the sides: laterality and a finding are taken from it.

    Raises
    ------
    FilmRefusedError
        The picture shows one limb, or limbs that touch, or they do not lie as is stated.
    """
    regions, lie = _regions(radiograph)
    if regions is None:
        found = f"a picture in which two limbs cannot be told apart, though {both.stated}"
        raise FilmRefusedError(radiograph.source, found, EXPECTED, ACTION)
    if lie is None:
        action = f"turn the picture so that they lie {Lie.BESIDE.value}"
        raise FilmRefusedError(radiograph.source, "two limbs that lie askew: neither is at the left of the other, nor above it", EXPECTED, action)
    if both.lie not in (None, lie):
        found = f"two limbs {lie.value}, though {both.stated}"
        raise FilmRefusedError(radiograph.source, found, f"limbs {both.lie.value if both.lie else ''}", "state in the manifest which side lies where")
    acquisition = replace(radiograph.acquisition, laterality=both.side(limb), limb=limb)
    valid = radiograph.valid_mask & regions[limb - 1]
    return replace(radiograph, valid=valid, acquisition=acquisition, findings=(*radiograph.findings, both.words(limb)))


def _regions(radiograph: Radiograph) -> tuple[tuple[Mask, Mask] | None, Lie | None]:
    """What belongs to the first limb and to the second, shape (rows, columns) each, and how they lie."""
    pose = canonical_pose(radiograph)
    film = pose.radiograph(radiograph)
    values = attenuation(film)
    grid = working_grid(film, SegmentOptions(), values)
    image, field = searched(film, grid, values)
    seen = overview(image, grid.down_mask(film.valid_mask))
    every = (slice(None, None, COARSE),) * 2
    limb = np.asarray((seen.limb[every] > 0.5) & field[every], bool)
    found = two_limbs(limb, np.asarray((seen.bone[every] > 0.5) & limb, bool))
    if found is None:
        return None, None
    one, other = (pose.back(part) for part in found)
    lie, swapped = _order(one, other)
    first, second = (other, one) if swapped else (one, other)
    away = ndimage.distance_transform_edt(~second) - ndimage.distance_transform_edt(~first)
    nearer = np.asarray(resize(away.astype(np.float32), radiograph.shape) > 0, bool)
    return (nearer, ~nearer), lie


def _order(one: Mask, other: Mask) -> tuple[Lie | None, bool]:
    """How two parts of the picture lie, and whether the second one comes first; ``None`` where neither does."""
    (row, column), (other_row, other_column) = (np.argwhere(part).mean(axis=0) for part in (one, other))
    down, across = other_row - row, other_column - column
    lie = Lie.BESIDE if abs(across) >= abs(down) else Lie.ABOVE
    if min(abs(down), abs(across)) > OBLIQUE * max(abs(down), abs(across)) and down * across < 0:
        return None, False
    return lie, bool((across if lie is Lie.BESIDE else down) < 0)
