"""What the film would show without deposits: soft tissue as a smooth surface, fitted where no bone and no deposit is."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.model.image import FloatImage, Mask
from calcitrack.segment.grid import WORKING_PIXEL_MM, dilate, resize

FIT_SIGMA_MM = 2.2
"""Width of the Gaussian weight of the local fit, mm: follows the curve of a child's finger, not a 5 mm deposit. Chosen on simulated films."""
FIT_STEP = 2
"""The fit is made on every second pixel of the search grid: the surface is smooth."""
FIT_PASSES = 4
"""Robust passes: what stands above the surface is left out of the next fit."""
OUTLIER_NOISE = 2.5
"""Noise units above the surface from which a pixel is left out."""
OUTLIER_FLOOR = 0.01
"""... and at least this fraction of the bone step."""
OUTLIER_MARGIN_MM = 0.3
"""Blurred rim of what is left out."""
MIN_SUPPORT = 0.02
"""Share of the fit's weight that must lie on soft tissue for the surface to mean something."""
RIDGE = 1e-3
"""Keeps the slopes at zero where one-sided support does not determine them."""
_POWERS = ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2))


def soft_tissue_surface(image: FloatImage, soft: Mask) -> tuple[FloatImage, Mask, float]:
    """Fit the surface of the soft tissue by local quadratics (moving least squares), leaving out what stands above it.

    Parameters
    ----------
    image
        Attenuation on the search grid in units of the bone step.
    soft
        Soft tissue: limb without bone and skin rim; deposits may still be in it.

    Returns
    -------
    surface, where it is supported, noise (robust standard deviation of the soft tissue about the surface).
    """
    fitted = soft
    surface, supported = _local_quadratic(image, fitted)
    noise = 0.0
    for k in range(FIT_PASSES):
        residual = image - surface
        inside = soft & supported
        noise = 1.4826 * float(np.median(np.abs(residual[inside]))) if inside.any() else 0.0
        if k == FIT_PASSES - 1:
            break
        above = inside & (residual > max(OUTLIER_NOISE * noise, OUTLIER_FLOOR))
        fitted = soft & ~dilate(above, OUTLIER_MARGIN_MM)
        surface, supported = _local_quadratic(image, fitted)
    return surface, supported, noise


def _local_quadratic(image: FloatImage, where: Mask) -> tuple[FloatImage, Mask]:
    """Value at each pixel of the quadratic fitted around it with Gaussian weights, and where enough pixels supported it."""
    rows, columns = image.shape
    coarse = (max(1, rows // FIT_STEP), max(1, columns // FIT_STEP))
    weight = resize(where.astype(np.float32), coarse)
    weighted = resize(np.where(where, image, 0).astype(np.float32), coarse)
    sigma = FIT_SIGMA_MM / WORKING_PIXEL_MM / FIT_STEP
    offsets = np.arange(-int(3 * sigma) - 1, int(3 * sigma) + 2)
    kernel = np.exp(-(offsets**2) / (2 * sigma**2))
    scaled = offsets / sigma

    def moment(values: FloatImage, i: int, j: int) -> FloatImage:
        return np.asarray(cv2.sepFilter2D(values, -1, kernel * scaled**j, kernel * scaled**i, borderType=cv2.BORDER_CONSTANT), dtype=np.float32)

    moments = {(i, j): moment(weight, i, j) for i in range(5) for j in range(5 - i)}
    supported = moments[0, 0] > MIN_SUPPORT * kernel.sum() ** 2
    value = np.zeros(coarse, np.float32)
    if supported.any():
        matrix = np.stack([np.stack([moments[a + c, b + d][supported] for c, d in _POWERS], -1) for a, b in _POWERS], -2)
        right = np.stack([moment(weighted, a, b)[supported] for a, b in _POWERS], -1)
        inside = image[where]
        value[supported] = np.clip(_solve(matrix.astype(np.float64), right.astype(np.float64)), inside.min(), inside.max())
    full = resize(value, (rows, columns))
    whole = resize(supported.astype(np.float32), (rows, columns)) > 0.99
    return full, np.asarray(whole, dtype=bool)


def _solve(matrix: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Constant term of each normal equation, slopes and curvatures damped."""
    ridge = np.diag([0.0] + [RIDGE] * (len(_POWERS) - 1))
    damped = matrix + ridge * matrix[:, :1, :1]
    return np.asarray(np.linalg.solve(damped, right[..., None])[:, 0, 0])
