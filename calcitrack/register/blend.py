"""A smooth map of the tissue between bones."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.linalg import splu

from calcitrack.model.image import Mask
from calcitrack.register.scene import SCENE_MM, Matrix

TISSUE_MM = 2.0
"""Pixel on which the weights of the bones are solved for: they are smooth between bones."""
AIR_CONDUCTANCE = 1e-3
"""How well air carries a bone's influence against tissue: fingers move each for itself, yet every place has a value."""

Field = NDArray[np.float64]
"""Shape (rows, columns, 2, 3): a transform at each node of the tissue grid."""


def blend(owner: NDArray[np.int32], matrices: Sequence[Matrix], whole: Matrix, limb: Mask) -> Field:
    """Transform at every place: the bone's own on a bone, and a weighted mean between bones, with weights that spread like heat.

    Parameters
    ----------
    owner
        Shape (rows, columns) of the scene: 0 or the number of the bone, counted from 1, whose transform holds there.
    matrices
        Transform of each bone.
    whole
        Transform where no bone has an influence.
    limb
        Tissue.

    Notes
    -----
    The weights solve Laplace's equation in the limb, 1 on one bone and 0 on the others, with nothing passing the skin: a partition of unity
    that knows that air lies between two fingers.
    """
    bones = _nearest_reduced(owner)
    tissue = _reduced(limb)
    if not (bones > 0).any():
        return np.broadcast_to(whole, (*bones.shape, 2, 3)).copy()
    known = np.stack([whole, *matrices])[bones].reshape(-1, 6)
    fixed = bones.ravel() > 0
    solved = known.copy()
    laplacian = _laplacian(tissue | (bones > 0))
    free = ~fixed
    if free.any():
        solved[free] = splu(laplacian[free][:, free].tocsc()).solve(-(laplacian[free][:, fixed] @ known[fixed]))
    return solved.reshape(*bones.shape, 2, 3)


def at(field: NDArray[np.float64], positions_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of a field at positions of the shape (..., 2), linear between nodes; shape (..., further axes of the field)."""
    index = positions_mm / TISSUE_MM - 0.5
    flat = index.reshape(-1, 2).T
    further = field.shape[2:]
    planes = field.reshape(*field.shape[:2], -1)
    values = [ndimage.map_coordinates(planes[..., k], flat, order=1, mode="nearest") for k in range(planes.shape[2])]
    return np.stack(values, axis=-1).reshape(*index.shape[:-1], *further)


def carried(field: Field, positions_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positions of the baseline, mm, on the follow-up, mm."""
    local = at(field, positions_mm)
    return np.asarray(np.einsum("...ij,...j->...i", local[..., :2], positions_mm, optimize=False) + local[..., 2])


def _laplacian(tissue: Mask) -> sparse.csr_matrix:
    """Conductances between neighbouring nodes as a graph Laplacian."""
    number = np.arange(tissue.size).reshape(tissue.shape)
    conductance = np.where(tissue, 1.0, AIR_CONDUCTANCE)
    edges = [
        (number[:-1].ravel(), number[1:].ravel(), np.minimum(conductance[:-1], conductance[1:]).ravel()),
        (number[:, :-1].ravel(), number[:, 1:].ravel(), np.minimum(conductance[:, :-1], conductance[:, 1:]).ravel()),
    ]
    a, b, c = (np.concatenate(side) for side in zip(*edges, strict=True))
    joined = sparse.coo_matrix((np.concatenate([c, c]), (np.concatenate([a, b]), np.concatenate([b, a]))), shape=(tissue.size,) * 2).tocsr()
    return sparse.csr_matrix(sparse.diags(np.asarray(joined.sum(axis=1)).ravel()) - joined)


def _reduced(mask: Mask) -> Mask:
    factor = round(TISSUE_MM / SCENE_MM)
    rows, columns = (-(-n // factor) for n in mask.shape)
    padded = np.zeros((rows * factor, columns * factor), np.float32)
    padded[: mask.shape[0], : mask.shape[1]] = mask
    return np.asarray(cv2.resize(padded, (columns, rows), interpolation=cv2.INTER_AREA) >= 0.5, bool)


def _nearest_reduced(owner: NDArray[np.int32]) -> NDArray[np.int32]:
    """The owner at each node's middle."""
    factor = round(TISSUE_MM / SCENE_MM)
    rows, columns = (-(-n // factor) for n in owner.shape)
    padded = np.zeros((rows * factor, columns * factor), np.int32)
    padded[: owner.shape[0], : owner.shape[1]] = owner
    return padded[factor // 2 :: factor, factor // 2 :: factor]
