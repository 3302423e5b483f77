"""Edge enhancement by unsharp masking, and its inverse: ``E = D + g (D - G D)`` with a Gaussian ``G``."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from calcitrack.model.image import FloatImage

_FINE_PX = 2.0
"""Width of the Gaussian, in pixels of the coarse grid on which the low-pass part is computed."""
_REACH = 4
"""Standard deviations of mirrored border."""


def enhance(image: NDArray[np.floating], gain: float, sigma_px: float) -> FloatImage:
    """Apply unsharp masking, as vendors do."""
    plain = np.asarray(image, np.float32)
    soft = cv2.GaussianBlur(plain, (0, 0), sigma_px)
    return np.asarray(plain + np.float32(gain) * (plain - soft), np.float32)


def undo(image: FloatImage, gain: float, sigma_px: float) -> FloatImage:
    """Invert `enhance`.

    With ``a = g / (1 + g)`` the inverse filter is ``(1 + aG + (aG)^2 + ...) / (1 + g)``: the image itself and a smooth part, which is
    computed on a coarse grid. It amplifies nothing.
    """
    if gain <= 0 or sigma_px <= 0:
        return image
    rows, columns = image.shape
    factor = max(1, int(sigma_px / _FINE_PX))
    small_shape = (-(-rows // factor), -(-columns // factor))
    plain = np.ascontiguousarray(image, np.float32)
    pad = ((0, small_shape[0] * factor - rows), (0, small_shape[1] * factor - columns))
    even = np.asarray(np.pad(plain, pad, mode="edge"), np.float32)
    small = np.asarray(cv2.resize(even, small_shape[::-1], interpolation=cv2.INTER_AREA), np.float32)
    smooth = _smooth_part(small, gain, sigma_px / factor)
    if factor > 1:
        smooth = np.asarray(cv2.resize(smooth, even.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
    return np.asarray((plain + smooth[:rows, :columns]) / np.float32(1 + gain), np.float32)


def _smooth_part(image: FloatImage, gain: float, sigma_px: float) -> FloatImage:
    """``aG / (1 - aG)`` applied in Fourier space, borders mirrored."""
    border = min(int(np.ceil(_REACH * sigma_px * np.sqrt(1 + gain))), *(n - 1 for n in image.shape)) if min(image.shape) > 1 else 0
    padded = np.pad(image, border, mode="reflect") if border else image
    shape = tuple(fft.next_fast_len(n, real=True) for n in padded.shape)
    rows, columns = np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None, :]
    low = gain / (1 + gain) * np.exp(-2 * np.pi**2 * sigma_px**2 * (rows**2 + columns**2))
    kernel = (low / (1 - low)).astype(np.float32)
    full = np.pad(padded, [(0, s - n) for s, n in zip(shape, padded.shape, strict=True)], mode="edge")
    smooth = fft.irfft2(fft.rfft2(full) * kernel, s=shape)
    inner = smooth[border : border + image.shape[0], border : border + image.shape[1]]
    return np.asarray(inner, np.float32)
