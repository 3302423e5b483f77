"""The limb's long axis on a film, and the attenuation profile along it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.model.image import FloatImage, Mask
from calcitrack.model.measurement import LimbAxis
from calcitrack.model.spacing import Spacing

FloatArray = NDArray[np.float64]

CELL_MM = 0.5
"""Size of the cells that the limb is averaged in, and step of the profile."""
MIN_ELONGATION = 1.25
"""Spread of the limb along its axis over that across it: a rounder one has no clear axis."""
END_DEPTH_MM = 12.0
"""Depth below the limb's end at which its width decides whether the end is free: a slanting cut is at its full width there."""
FREE_WIDTH_SHARE = 0.6
"""A free end (finger tips, toes) is narrower there than this share of the limb's typical width; a cut end is not."""
BORDER_CELLS = 2
"""An end this close to the film's edge is cut."""
MIN_CELLS = 400
"""Least area of a limb (1 cm2)."""


def limb_axis(limb: Mask, spacing: Spacing, nepers: FloatImage | None) -> LimbAxis | None:
    """The limb's principal axis.

    Parameters
    ----------
    limb
        Shape (rows, columns).
    spacing
        Size of a pixel.
    nepers
        Attenuation against the open field; ``None`` where values are no nepers.

    Returns
    -------
    ``None`` without a size of a pixel, without a limb, or where the limb is hardly longer than wide.
    """
    if spacing.row_mm is None or spacing.column_mm is None:
        return None
    rows, columns = (max(4, round(n * mm / CELL_MM)) for n, mm in zip(limb.shape, (spacing.row_mm, spacing.column_mm), strict=True))
    cell = (limb.shape[0] * spacing.row_mm / rows, limb.shape[1] * spacing.column_mm / columns)
    share = cv2.resize(limb.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
    inside = share > 0.5
    if np.count_nonzero(inside) < MIN_CELLS:
        return None
    at = np.argwhere(inside)
    places = (at + 0.5) * cell
    direction = _principal(places)
    if direction is None:
        return None
    along = places @ direction
    bins = np.floor((along - along.min()) / CELL_MM).astype(int)
    width = np.bincount(bins) * cell[0] * cell[1] / CELL_MM
    near_edge = _near_edge(at, inside.shape)
    first, last = (_is_free(width[::turn], near_edge[bins == end]) for turn, end in ((1, 0), (-1, int(bins.max()))))
    profile = None if nepers is None else _profile(nepers, limb, (rows, columns), inside, bins) * cell[0] * cell[1] / CELL_MM
    sign = -1 if last and not first else 1
    free = None if first == last else float(along.min() if first else -along.max())
    start = float(along.min()) if sign > 0 else -float(along.min() + bins.max() * CELL_MM + CELL_MM)
    values = None if profile is None else tuple(float(v) for v in profile[::sign])
    return LimbAxis((float(sign * direction[0]), float(sign * direction[1])), free, start + CELL_MM / 2, CELL_MM, values)


def _principal(places: FloatArray) -> FloatArray | None:
    """Unit vector along the limb, down the film; ``None`` when there is no clear one."""
    values, vectors = np.linalg.eigh(np.cov(places.T))
    if values[1] < MIN_ELONGATION**2 * max(values[0], 1e-9):
        return None
    vector = vectors[:, 1]
    down = vector if vector[0] > 0 or (vector[0] == 0 and vector[1] > 0) else -vector
    return np.asarray(down, float)


def _near_edge(at: NDArray[np.intp], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    edge = np.minimum(at, np.array(shape) - 1 - at).min(axis=1)
    return np.asarray(edge < BORDER_CELLS, bool)


def _is_free(width: FloatArray, near_edge: NDArray[np.bool_]) -> bool:
    """The limb ends here, on the film; `width` runs from this end on."""
    depth = min(len(width) - 1, round(END_DEPTH_MM / CELL_MM))
    return not near_edge.any() and bool(width[depth] < FREE_WIDTH_SHARE * np.median(width))


def _profile(nepers: FloatImage, limb: Mask, shape: tuple[int, int], inside: Mask, bins: NDArray[np.intp]) -> FloatArray:
    """Sum of the cells' attenuation in each bin."""
    limb_nepers = np.where(limb, nepers, np.float32(0))
    small = cv2.resize(limb_nepers, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(np.bincount(bins, weights=small[inside]), float)
