"""The one place where the change between two burdens gets its interval: difference, ratio and detectability come from one distribution.

Two kinds of errors are known. Exposures that were measured one by one have errors in proportion to the burden, so that the two logarithms are normal
(`LogPair`). Values that were measured together come with their covariance in their own unit (`PlainPair`). In both, the interval of the difference
leaves out zero exactly where that of the ratio leaves out one: no page can contradict another.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from calcitrack.model.judgement import Estimate
from calcitrack.reliability import Z95

TAIL = 0.025
"""Probability beyond each end of a 95 % interval."""
NODES = (np.arange(128) + 0.5) / 128
"""Middles of 128 parts of equal probability, over which the difference of two lognormal burdens is integrated: its ends are exact to 0.1 %."""
LEAST_VARIANCE = 1e-12
"""Variance of a logarithm that counts as none."""

Matrix = tuple[tuple[float, float], tuple[float, float]]
"""Covariance of the earlier and the later error."""


@dataclass(frozen=True, slots=True)
class LogPair:
    """Two burdens whose natural logarithms have normal errors.

    Parameters
    ----------
    earlier, later
        The burdens, in one unit; zero where nothing was found.
    centres
        Their natural logarithms; of a zero, where it is thought to lie below the detection limit.
    covariance
        Of the logarithms' errors. What both share (a calibration) is off the diagonal: it cancels in the ratio, and scales the difference.

    Examples
    --------
    >>> pair = LogPair(100.0, 150.0, (math.log(100), math.log(150)), ((0.01, 0.0), (0.0, 0.01)))
    >>> [round(x, 2) for x in (pair.ratio.value - 1, pair.ratio.low - 1, pair.ratio.high - 1)]
    [0.5, 0.14, 0.98]
    >>> [round(x) for x in (pair.difference.value, pair.difference.low, pair.difference.high)]
    [50, 16, 87]
    """

    earlier: float
    later: float
    centres: tuple[float, float]
    covariance: Matrix

    @property
    def log_sd(self) -> float:
        """Standard deviation of the logarithm of the ratio."""
        (a, c), (_, b) = self.covariance
        return math.sqrt(a + b - 2 * c)

    @property
    def detectable(self) -> float:
        """Smallest detectable change of the natural logarithm."""
        return Z95 * self.log_sd

    @property
    def log_ratio(self) -> Estimate:
        """Natural logarithm of later over earlier, with its 95 % interval."""
        change = self.centres[1] - self.centres[0]
        return Estimate(change, change - self.detectable, change + self.detectable)

    @property
    def ratio(self) -> Estimate:
        """Later over earlier, with its 95 % interval."""
        return Estimate(*(math.exp(x) for x in (self.log_ratio.value, self.log_ratio.low, self.log_ratio.high)))

    @property
    def difference(self) -> Estimate:
        """Later minus earlier, with its 95 % interval: both burdens may be off, so it is not the interval of the ratio times the earlier value."""
        high, low = _upper_end(self), -_upper_end(self.backwards())
        value = self.later - self.earlier
        return Estimate(value, min(low, value), max(high, value))

    def backwards(self) -> LogPair:
        """The same with time reversed."""
        (a, c), (_, b) = self.covariance
        return LogPair(self.later, self.earlier, (self.centres[1], self.centres[0]), ((b, c), (c, a)))


def _upper_end(pair: LogPair) -> float:
    """Difference above which the probability is `TAIL`."""
    growing = float(special.ndtr((pair.centres[1] - pair.centres[0]) / pair.log_sd))
    return _exceeded_with(pair, TAIL) if growing > TAIL else -_exceeded_with(pair.backwards(), 1 - TAIL)


def _exceeded_with(pair: LogPair, probability: float) -> float:
    """Positive difference that is exceeded with this probability, which is less than that of growth."""
    beyond = _beyond(pair)
    x, step = max(pair.centres), 1.0
    more = beyond(x) > probability
    step = step if more else -step
    while (beyond(x + step) > probability) == more:
        x, step = x + step, 2 * step
    return math.exp(optimize.brentq(lambda at: beyond(at) - probability, x, x + step, xtol=1e-5, rtol=1e-9))


def _beyond(pair: LogPair) -> Callable[[float], float]:
    """Probability that later minus earlier is above a positive difference, by the logarithm of this difference.

    With d the logarithm of the ratio, and g the mean of both logarithms that is independent of d, the difference is
    ``exp(g) * (exp((1 - w) * d) - exp(-w * d))``: for each d above zero, g has to be above a limit.
    """
    (a, c), (_, b) = pair.covariance
    spread = a + b - 2 * c
    w = (a - c) / spread
    d_sd, g_sd = math.sqrt(spread), math.sqrt(max((a * b - c * c) / spread, LEAST_VARIANCE))
    d_mean = pair.centres[1] - pair.centres[0]
    growing = float(special.ndtr(d_mean / d_sd))
    d = d_mean - d_sd * special.ndtri(growing * NODES)
    middle = (1 - w) * pair.centres[0] + w * pair.centres[1] + np.log(np.exp((1 - w) * d) - np.exp(-w * d))
    return lambda x: growing * float(special.ndtr((middle - x) / g_sd).mean())


@dataclass(frozen=True, slots=True)
class PlainPair:
    """Two burdens with normal errors in their own unit.

    Parameters
    ----------
    earlier, later
        The burdens, in one unit.
    covariance
        Of their errors, in the unit squared.

    Examples
    --------
    >>> apart = PlainPair(100.0, 110.0, ((25.0, 0.0), (0.0, 25.0)))
    >>> together = PlainPair(100.0, 110.0, ((25.0, 24.0), (24.0, 25.0)))
    >>> apart.difference.excludes_zero, together.difference.excludes_zero
    (False, True)
    """

    earlier: float
    later: float
    covariance: Matrix

    @property
    def sd(self) -> float:
        """Standard deviation of the difference: what both share cancels."""
        (a, c), (_, b) = self.covariance
        return math.sqrt(max(a + b - 2 * c, 0.0))

    @property
    def detectable(self) -> float:
        """Smallest detectable change, in the unit."""
        return Z95 * self.sd

    @property
    def difference(self) -> Estimate:
        """Later minus earlier, with its 95 % interval."""
        value = self.later - self.earlier
        return Estimate(value, value - self.detectable, value + self.detectable)

    @property
    def ratio(self) -> Estimate | None:
        """Later over earlier with its 95 % interval by Fieller's theorem (Fieller 1954, J R Stat Soc B 16:175).

        It leaves out one exactly where that of the difference leaves out zero. ``None`` where the earlier burden may be zero: then every ratio is
        possible.
        """
        (a, c), (_, b) = self.covariance
        square = self.earlier**2 - Z95**2 * a
        if self.earlier <= 0 or square <= 0:
            return None
        middle = self.earlier * self.later - Z95**2 * c
        root = math.sqrt(max(middle**2 - square * (self.later**2 - Z95**2 * b), 0.0))
        value = self.later / self.earlier
        low, high = (middle - root) / square, (middle + root) / square
        return Estimate(value, min(max(low, 0.0), value), max(high, value))


Pair = LogPair | PlainPair
"""Two burdens with what is known of their errors."""
