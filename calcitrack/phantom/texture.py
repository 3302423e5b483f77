"""Band-limited random fields: trabeculae, muscle, uneven skin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatImage = NDArray[np.float32]


def noise_tile(rng: np.random.Generator, size: int, pitch_mm: float, *, low_per_mm: float, high_per_mm: float, slope: float) -> FloatImage:
    """A periodic random field with mean 0 and standard deviation 1, shape (size, size).

    Amplitude falls with frequency as ``f ** -slope`` between the two limits (cycles/mm) and vanishes outside, softly.
    """
    f = np.fft.rfftfreq(size, pitch_mm)
    radius = np.hypot(np.fft.fftfreq(size, pitch_mm)[:, None], f[None, :])
    radius[0, 0] = np.inf
    band = radius**-slope / (1 + (low_per_mm / radius) ** 4) / (1 + (radius / high_per_mm) ** 4)
    spectrum = np.fft.rfft2(rng.standard_normal((size, size))) * band
    tile = np.fft.irfft2(spectrum, s=(size, size))
    return np.asarray((tile - tile.mean()) / tile.std(), np.float32)
