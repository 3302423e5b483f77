"""The gain of logarithmic values from the film's own quantum noise.

A logarithmic film stores ``x = g ln(I) + const``. Quanta make ``var(I)`` proportional to ``I``, hence ``var(x)`` to ``exp(-x/g)``: the logarithm of
the noise's variance falls with the stored value by ``1/g``, whatever the dose, the blur and the number of quanta. Electronic noise adds a term
that goes with ``exp(-2x/g)``; rounding adds 1/12. Two filters of different fineness tell electronic noise (white) from quanta (blurred).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from calcitrack.model.display import percent_beside_limit
from calcitrack.model.image import FloatImage, Mask

FloatArray = NDArray[np.float64]

ROUNDING_VARIANCE = 1 / 12
"""Variance of rounding to whole stored values (uniform distribution)."""
LEVELS = 48
"""Ranges of stored values in which noise is estimated."""
FLATTEST_SHARE = 0.25
"""Share of each range's pixels, those with the least gradient, that count: edges are no noise. Chosen on simulated films."""
MIN_LEVEL_PIXELS = 500
"""Flat pixels from which a range's variance is known within about 6 %."""
FULL_WEIGHT_PIXELS = 5000
"""From here on anatomy, not counting, limits a range's variance: more pixels earn no more weight."""
MIN_LEVELS = 8
"""Fewer ranges leave the exponential undetermined."""
MIN_SPAN = 0.7
"""Least span between the brightest and the darkest range, nepers: over a smaller one the slope is not reliable."""
MAX_MISFIT = 0.08
"""Root mean square misfit of the logarithm of the variance; raw simulated films stay below 0.03."""
MAX_RELATIVE_SD = 0.12
"""A gain less certain than this gives no mass worth stating."""
SYSTEMATIC_RELATIVE_SD = 0.035
"""Standard deviation of true over estimated gain on simulated films (0.025), and beam hardening, which makes each detected quantum brighter
behind a limb (0.025)."""
USUAL_ELECTRONIC = (-5.0, 2.0)
"""Logarithm of electronic over quantum variance in the open field, mean and standard deviation: 0.7 % within a factor of 7. Assumed, since films do
not state it: detectors are built so that quanta prevail at a tenth of the open field's exposure and below."""
_PRIOR_WEIGHT = 0.3
"""Weight of that assumption against the residuals: it decides only where the darkest ranges do not show the electronic noise."""
_RESIDUAL_UNIT = 0.1
"""Residual of the logarithm of a range's variance that counts as one: somewhat above `MAX_MISFIT`."""
_SMOOTHING_PX = 0.9
"""Standard deviation of the second filter's smoothing, pixels: what a detector's blur leaves correlated; it separates white noise from blurred."""


@dataclass(frozen=True, slots=True)
class Gain:
    """Stored values per neper, with the relative standard uncertainty."""

    per_neper: float
    relative_sd: float


def noise_gain(values: FloatImage, usable: Mask) -> Gain | str:
    """Estimate the gain of logarithmic values.

    Parameters
    ----------
    values
        Shape (rows, columns): stored values with **more beam larger**, in steps of 1.
    usable
        Where the beam reached the detector and values are not saturated.

    Returns
    -------
    The gain, or one sentence with the reason why the noise does not give it.
    """
    levels = _levels(values, usable)
    levels = levels[(levels[:, 2:] > 1.5 * ROUNDING_VARIANCE).all(axis=1)]
    if len(levels) < MIN_LEVELS:
        return "the film's noise is lost in rounding or smoothing, so that its change with the signal says nothing of the gain"
    return _fit(levels)


def _filters() -> tuple[NDArray[np.float32], ...]:
    """Second-difference filters, plain and smoothed; each passes white noise with variance 1."""
    plain = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], float)
    x = np.arange(-3, 4)
    row = np.exp(-(x**2) / 2 / _SMOOTHING_PX**2)
    smooth = sum(weight * np.pad(np.outer(row, row), ((i, 2 - i), (j, 2 - j))) for (i, j), weight in np.ndenumerate(plain))  # full convolution
    return tuple((k / np.sqrt((k**2).sum())).astype(np.float32) for k in (plain, smooth))


def _levels(values: FloatImage, usable: Mask) -> FloatArray:
    """For each range of values: mean, flat pixels, noise variance behind each filter; shape (ranges, 4)."""
    image = np.ascontiguousarray(values, dtype=np.float32)
    inner = cv2.erode(usable.astype(np.uint8), np.ones((13, 13), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    inner[:, ::2] = inner[::2] = False  # neighbours are nearly redundant: a quarter of the pixels suffices
    if np.count_nonzero(inner) < LEVELS * MIN_LEVEL_PIXELS / FLATTEST_SHARE / 4:
        return np.empty((0, 4))
    noises = [cv2.filter2D(image, -1, k)[inner] for k in _filters()]
    x = cv2.blur(image, (7, 7))[inner]
    smooth = cv2.GaussianBlur(image, (0, 0), 2.0)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, i, 1 - i) for i in (1, 0))
    slope = cv2.magnitude(across, down, across)[inner]  # in place: new memory pages cost more than the arithmetic
    low, high = (float(v) for v in np.percentile(x[::31], [0.3, 99.7]))
    edges = np.linspace(low, high, LEVELS + 1)
    level = np.searchsorted(edges, x) - 1
    order = np.argsort(level, kind="stable")
    starts = np.searchsorted(level[order], np.arange(LEVELS + 1))
    rows = []
    for start, stop in pairwise(starts):
        here = order[start:stop]
        wanted = int(FLATTEST_SHARE * here.size)
        if wanted < MIN_LEVEL_PIXELS:
            continue
        flat = here[np.argpartition(slope[here], wanted)[:wanted]]
        rows.append((float(x[flat].mean()), float(wanted), *(_robust_variance(n[flat]) for n in noises)))
    return np.array(rows, float).reshape(-1, 4)


def _robust_variance(noise: NDArray[Any]) -> float:
    """Variance with outliers clipped at three standard deviations (by the median); values are too coarsely rounded for a plain median."""
    limit = 3 * 1.4826 * float(np.median(np.abs(noise))) + 1
    return float(np.var(np.clip(noise, -limit, limit)))


def _fit(levels: FloatArray) -> Gain | str:
    """Fit ``A exp(z) + B exp(2 z)``, z nepers below the brightest range, to both filters' variances with one B and one gain."""
    x, variance = levels[:, 0], np.log(levels[:, 2:] - ROUNDING_VARIANCE)
    weight = np.sqrt(np.minimum(levels[:, 1], FULL_WEIGHT_PIXELS) / FULL_WEIGHT_PIXELS)[:, None]
    span, brightest = float(np.ptp(x)), float(x.max())

    def misfit(p: FloatArray) -> FloatArray:
        z = ((brightest - x) / span * np.exp(p[0]))[:, None]
        return np.asarray((np.log(np.exp(p[None, 1:3] + z) + np.exp(p[3] + 2 * z)) - variance) * weight)

    def residuals(p: FloatArray) -> FloatArray:
        prior = (p[3] - p[1] - USUAL_ELECTRONIC[0]) / USUAL_ELECTRONIC[1] * _PRIOR_WEIGHT
        return np.append(misfit(p).ravel() / _RESIDUAL_UNIT, prior)

    open_field = variance[x.argmax()]
    start = np.array([np.log(2.0), open_field[0], open_field[1], open_field[0] + USUAL_ELECTRONIC[0]])
    bounds = (np.array([-2.0, -30, -30, -40]), np.array([2.5, 30, 30, 30]))
    found = optimize.least_squares(residuals, np.clip(start, bounds[0] + 0.01, bounds[1] - 0.01), bounds=bounds, loss="soft_l1", f_scale=0.3)
    rms = float(np.sqrt(np.mean(misfit(found.x) ** 2)))
    nepers = float(np.exp(found.x[0]))
    scatter = np.sum(misfit(found.x) ** 2) / _RESIDUAL_UNIT**2 / max(1, len(x) - 3)
    covariance = np.linalg.pinv(found.jac.T @ found.jac) * scatter
    relative_sd = float(np.hypot(np.sqrt(covariance[0, 0]), SYSTEMATIC_RELATIVE_SD))
    if rms > MAX_MISFIT:
        return f"the film's noise does not change with the signal as quanta do (misfit {rms:.2f}): it was smoothed, sharpened or compressed"
    if nepers < MIN_SPAN:
        return f"the film's noise changes too little over its grey levels (as over {nepers:.1f} nepers) to give the gain"
    if relative_sd > MAX_RELATIVE_SD:
        within = percent_beside_limit(relative_sd, MAX_RELATIVE_SD)
        return f"the film's noise gives the gain within {within} only; {100 * MAX_RELATIVE_SD:g} % are needed"
    return Gain(span / nepers, relative_sd)
