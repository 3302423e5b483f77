"""How a follow-up image lies on the baseline image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import spatial

from calcitrack.errors import InvalidValueError
from calcitrack.model.warp import NEWTON_STEPS, SETTLED_PX, Positions, Warp

TREES = 8
"""Maps whose trees are at hand: building one takes longer than asking it, and a timeline's maps are asked in turn."""


@dataclass(frozen=True, slots=True)
class BoneFit:
    """How well one bone, or another piece of the picture, was registered.

    Parameters
    ----------
    centre
        (row, column) of its centre on the baseline image, pixels.
    residual_mm
        Median distance left between its outline or texture on the two images.
    ok
        False when the piece was not found again; its neighbours then decide its place, where they can.
    reason
        Why, when it was not.
    """

    centre: tuple[float, float]
    residual_mm: float
    ok: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Alignment:
    """Map that carries baseline positions onto this image: one linear transform for the whole and, on films, how the pieces moved within it.

    Positions have the shape (..., 2), (row, column), on a film, and (..., 3), (slice, row, column), in a volume: in pixels or voxels, their
    centres at whole numbers. A rigid motion of a volume is linear between the two grids, whatever their voxels.

    Parameters
    ----------
    matrix
        2 x 3 on films, 3 x 4 in volumes, as a nested tuple: the transform of the whole. Use `to_image`, which knows of the bones too.
    residual_px
        Median distance left between matched structures, pixels or voxels of this image.
    ok
        False when the registration failed and identities must not be carried over.
    reason
        Why, when it failed.
    residual_mm
        The same as `residual_px` in mm; ``None`` where no pixel size is stated.
    bones
        Each registered piece.
    warp
        What the map adds to `matrix`, pixels of this image on the baseline's grid; ``None`` where there is nothing to add, and in volumes.

    Examples
    --------
    >>> moved = Alignment(((1.0, 0.0, 5.0), (0.0, 1.0, -2.0)), residual_px=0.4)
    >>> moved.to_image([10.0, 10.0]).tolist(), moved.to_baseline([15.0, 8.0]).tolist()
    ([15.0, 8.0], [10.0, 10.0])
    >>> bool(moved.ok_at([10.0, 10.0]))
    True
    >>> rigid = Alignment(((1, 0, 0, 2), (0, 1, 0, -5), (0, 0, 1, 0)), residual_px=0.3)
    >>> rigid.dimensions, rigid.to_image([10.0, 20.0, 30.0]).tolist()
    (3, [12.0, 15.0, 30.0])
    """

    matrix: tuple[tuple[float, ...], ...]
    residual_px: float
    ok: bool = True
    reason: str = ""
    residual_mm: float | None = None
    bones: tuple[BoneFit, ...] = ()
    warp: Warp | None = None

    def __post_init__(self) -> None:
        n = len(self.matrix)
        if n not in (2, 3) or any(len(row) != n + 1 for row in self.matrix):
            raise InvalidValueError(f"an alignment's matrix is 2 x 3 or 3 x 4; found {self.matrix}")
        if self.warp is not None and n != 2:
            raise InvalidValueError(f"a warp bends a map of films, whose matrix is 2 x 3; found {n} x {n + 1}")

    @property
    def dimensions(self) -> int:
        """2 between films, 3 between volumes."""
        return len(self.matrix)

    @property
    def mirrored(self) -> bool:
        """Whether a film lies on the baseline as its mirror image only; never of a volume, whose grid says nothing of its handedness.

        Examples
        --------
        >>> Alignment(((1.0, 0.0, 0.0), (0.0, -1.0, 90.0)), residual_px=0.4).mirrored
        True
        """
        return self.dimensions == 2 and float(np.linalg.det(np.array(self.matrix)[:, :2])) < 0

    @property
    def turned_deg(self) -> float:
        """How far a film lies turned against the baseline, either way round, 0 to 180 degrees; 0 for a mirrored one, and in volumes.

        Examples
        --------
        >>> Alignment(((0.0, 1.0, 5.0), (-1.0, 0.0, 90.0)), residual_px=0.4).turned_deg
        90.0
        """
        if self.dimensions != 2 or self.mirrored:
            return 0.0
        (a, b, _), (c, d, _) = self.matrix
        return abs(math.degrees(math.atan2(c - b, a + d)))

    def to_image(self, positions: ArrayLike) -> Positions:
        """Where baseline positions lie on this image."""
        at = np.asarray(positions, float)
        matrix = np.array(self.matrix)
        n = self.dimensions
        moved = at @ matrix[:, :n].T + matrix[:, n]
        return np.asarray(moved if self.warp is None else moved + self.warp.at(at))

    def to_baseline(self, positions: ArrayLike) -> Positions:
        """Where positions of this image lie on the baseline image: the inverse of `to_image`.

        Newton's method from the nearest node of the map's grid; of its steps the one that lands nearest counts. Where the map folds, no inverse
        exists: such places are not ok (`ok_at`), and lie where the map comes nearest to them.
        """
        at = np.asarray(positions, float)
        matrix = np.array(self.matrix)
        if self.warp is None:
            n = self.dimensions
            return np.asarray(np.linalg.solve(matrix[:, :n], (at - matrix[:, n])[..., None])[..., 0])
        flat = at.reshape(-1, 2)
        found = best = self._nearest_nodes(flat, self.warp)
        least = np.full(len(flat), np.inf)
        for _ in range(NEWTON_STEPS + 1):
            miss = flat - self.to_image(found)
            far = np.abs(miss).max(axis=1, initial=0.0)
            best, least = np.where((far < least)[:, None], found, best), np.minimum(far, least)
            if (far < SETTLED_PX).all():
                break
            found = found + _newton(matrix[:, :2] + self.warp.slope_at(found), miss, matrix[:, :2])
        return np.asarray(best.reshape(at.shape))

    def ok_at(self, positions: ArrayLike) -> NDArray[np.bool_]:
        """Whether the map can be relied on at baseline positions, shape (...): identities and fates may be carried over there."""
        at = np.asarray(positions, float)
        if not self.ok or self.warp is None:
            return np.full(at.shape[:-1], self.ok)
        return self.warp.trusted_at(at)

    def _nearest_nodes(self, positions: Positions, warp: Warp) -> Positions:
        """The similarity's inverse, corrected once for the displacement there; or a node that lands nearer."""
        matrix = np.array(self.matrix)
        start = np.linalg.solve(matrix[:, :2], (positions - matrix[:, 2]).T).T
        nodes, tree = _carried_nodes(self.matrix, warp)
        distance, nearest = tree.query(positions)
        nearer = np.asarray(distance) < np.hypot(*(self.to_image(start) - positions).T)
        return np.where(nearer[:, None], nodes[nearest], start)


@lru_cache(maxsize=TREES)
def _carried_nodes(matrix: tuple[tuple[float, ...], ...], warp: Warp) -> tuple[Positions, spatial.cKDTree]:
    """The nodes of a map's grid, shape (n, 2), and a tree of where they lie on the image."""
    nodes = warp.nodes().reshape(-1, 2)
    return nodes, spatial.cKDTree(Alignment(matrix, 0.0, warp=warp).to_image(nodes))


def _newton(slope: NDArray[np.float64], miss: Positions, similarity: NDArray[np.float64]) -> Positions:
    """Step towards the wanted image positions; where the map's own slope is degenerate, that of the similarity decides."""
    flat = np.abs(np.linalg.det(slope)) < 0.05 * abs(np.linalg.det(similarity))
    slope = np.where(flat[:, None, None], similarity, slope)
    return np.asarray(np.linalg.solve(slope, miss[..., None])[..., 0])
