"""A smooth map of positions: how a plane was bent, on top of a similarity transform."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calcitrack.errors import InvalidValueError
from calcitrack.model.read_only import restore

Positions = NDArray[np.float64]
"""Shape (..., 2): (row, column) in pixels; centres of pixels are whole numbers."""

NEWTON_STEPS = 12
"""Steps of the inverse at most: from the nearest node it settles to 1e-6 pixels in three or four, unless the map folds."""
SETTLED_PX = 1e-6
"""A further step smaller than this changes nothing that is measured."""


@dataclass(frozen=True, eq=False, slots=True)
class Warp:
    """Displacements at the nodes of a square grid, interpolated linearly between them.

    Parameters
    ----------
    step
        Pixels (rows, columns) from node to node; node (0, 0) is pixel (0, 0).
    shift
        Shape (rows, columns, 2): displacement at each node, (row, column) in pixels. Copied in; read-only.
    trusted
        Shape (rows, columns): whether the displacement at the node stands on a registration that succeeded. Copied in; read-only.

    Examples
    --------
    >>> import numpy as np
    >>> shift = np.zeros((2, 2, 2), np.float32)
    >>> shift[1, :, 0] = 4.0
    >>> warp = Warp((8.0, 8.0), shift, np.ones((2, 2), bool))
    >>> warp.at([4.0, 0.0]).tolist()
    [2.0, 0.0]
    """

    step: tuple[float, float]
    shift: NDArray[np.float32]
    trusted: NDArray[np.bool_]

    def __post_init__(self) -> None:
        shift, trusted = np.array(self.shift, np.float32), np.array(self.trusted, bool)
        if shift.ndim != 3 or shift.shape[2] != 2 or min(shift.shape) < 2:
            raise InvalidValueError(f"a warp's shifts have the shape (rows, columns, 2) with at least 2 x 2 nodes; found {shift.shape}")
        if trusted.shape != shift.shape[:2]:
            raise InvalidValueError(f"`trusted` has one value for each node, {shift.shape[:2]}; found {trusted.shape}")
        if not np.isfinite(shift).all():
            raise InvalidValueError("a warp's shifts are finite; found NaN or infinity: mark such nodes as not trusted and fill them")
        if not min(self.step) > 0:
            raise InvalidValueError(f"the step of a warp's grid is positive; found {self.step}")
        shift.setflags(write=False)
        trusted.setflags(write=False)
        object.__setattr__(self, "shift", shift)
        object.__setattr__(self, "trusted", trusted)

    def __setstate__(self, state: list[object]) -> None:
        restore(self, state)

    def at(self, positions: ArrayLike) -> Positions:
        """Displacement at positions of the shape (..., 2); beyond the grid that of its edge."""
        (i, j), (u, v) = self._cell(positions)
        top = self.shift[i, j] * (1 - v) + self.shift[i, j + 1] * v
        bottom = self.shift[i + 1, j] * (1 - v) + self.shift[i + 1, j + 1] * v
        return np.asarray(top * (1 - u) + bottom * u, float)

    def slope_at(self, positions: ArrayLike) -> NDArray[np.float64]:
        """Derivative of the displacement by position, shape (..., 2, 2)."""
        (i, j), (u, v) = self._cell(positions)
        a, b, c, d = (np.asarray(self.shift[i + p, j + q], float) for p, q in ((0, 0), (0, 1), (1, 0), (1, 1)))
        by_row = ((c - a) * (1 - v) + (d - b) * v) / self.step[0]
        by_column = ((b - a) * (1 - u) + (d - c) * u) / self.step[1]
        return np.stack([by_row, by_column], axis=-1)

    def trusted_at(self, positions: ArrayLike) -> NDArray[np.bool_]:
        """Whether the node nearest to each position is trusted, shape (...)."""
        (i, j), (u, v) = self._cell(positions)
        return np.asarray(self.trusted[i + (u[..., 0] >= 0.5), j + (v[..., 0] >= 0.5)], bool)

    def nodes(self) -> Positions:
        """Positions of the nodes, shape (rows, columns, 2)."""
        rows, columns = self.trusted.shape
        grid = np.meshgrid(np.arange(rows) * self.step[0], np.arange(columns) * self.step[1], indexing="ij")
        return np.stack(grid, axis=-1)

    def _cell(self, positions: ArrayLike) -> tuple[tuple[NDArray[np.intp], NDArray[np.intp]], tuple[Positions, Positions]]:
        """Upper left node of the cell that holds each position, and the fractions within the cell, each of the shape (..., 1)."""
        at = np.asarray(positions, float) / np.array(self.step)
        last = np.array(self.trusted.shape, float) - 1
        at = np.clip(at, 0, last)
        node = np.minimum(at.astype(np.intp), (last - 1).astype(np.intp))
        part = at - node
        return (node[..., 0], node[..., 1]), (part[..., :1], part[..., 1:])
