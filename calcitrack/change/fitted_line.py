"""A straight or bent line through visits, whether it fits them, and where it bends when nothing but the visits says so."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from calcitrack.change.line_posterior import FloatArray, LineFit, Mixture, fit_line
from calcitrack.model.judgement import MISFIT

ORDINARY_SCATTER = 0.05
"""How far a burden scatters about a smooth course beyond its measurement, natural logarithm: that of the courses in `benchmarks/verdicts.py`."""
LEAST_ON_EACH_SIDE = 2
"""Visits needed before (the day of the bend counts as before) and after a bend: a slope on one side needs two, and the bend ties them."""
LEAST_TO_BEND = 5
"""Visits from which a bend is looked for where no treatment says where: a bent line has three parameters, and two visits are left to test it."""


@dataclass(frozen=True, eq=False, slots=True)
class Observed:
    """Visits as numbers.

    Parameters
    ----------
    years
        Since the first visit, ascending. Shape (visits,).
    logs
        Natural logarithms of the burden. Shape (visits,).
    covariance
        Of their errors. Shape (visits, visits).
    bad_share, bad_sd
        Probability that a visit is bad, and the standard deviation that this adds.
    """

    years: FloatArray
    logs: FloatArray
    covariance: FloatArray
    bad_share: float
    bad_sd: float


@dataclass(frozen=True, eq=False, slots=True)
class FittedLine:
    """A line through visits.

    Parameters
    ----------
    observed
        The visits.
    bend_years
        Where it bends, in years since the first visit; ``None`` for a straight line.
    fit
        Its posterior: level at the first visit, slope, and with a bend the change of the slope.
    p_fit
        Probability of scatter at least as large as that of the visits about the line, were the line right.
    """

    observed: Observed
    bend_years: float | None
    fit: LineFit
    p_fit: float

    @property
    def fits(self) -> bool:
        """Whether the visits do not contradict the line."""
        return self.p_fit >= MISFIT

    def level(self) -> float:
        """Burden on the line at the last visit, in its unit."""
        return math.exp(self.fit.of(design_of(self.observed.years[-1:], self.bend_years)[0]).quantile(0.5))

    def slope(self, part: str) -> Mixture:
        """Posterior of the slope over ``all`` visits, ``before`` or ``after`` the bend, or of the ``difference`` of the two."""
        return self.fit.of(contrast_of(part, bent=self.bend_years is not None))


def design_of(years: FloatArray, bend_years: float | None) -> FloatArray:
    """Columns of a line: level, slope, and the change of slope at a bend. Shape (visits, 2 or 3).

    Examples
    --------
    >>> design_of(np.array([0.0, 1.0, 2.0]), 1.0)[-1].tolist()
    [1.0, 2.0, 1.0]
    """
    straight = [np.ones_like(years), years]
    return np.column_stack(straight if bend_years is None else [*straight, np.maximum(years - bend_years, 0.0)])


def contrast_of(part: str, *, bent: bool) -> tuple[float, ...]:
    """Weights of a line's parameters that give a slope."""
    if not bent:
        return (0.0, 1.0)
    return {"before": (0.0, 1.0, 0.0), "after": (0.0, 1.0, 1.0), "difference": (0.0, 0.0, 1.0)}[part]


def fitted(observed: Observed, bend_years: float | None) -> FittedLine:
    """The line with its posterior, and how well it fits."""
    fit = fit_line(design_of(observed.years, bend_years), observed.logs, observed.covariance, observed.bad_share, observed.bad_sd)
    squares, dof = _misfit(observed, bend_years, fit)
    return FittedLine(observed, bend_years, fit, float(special.chdtrc(dof, squares)) if dof > 0 else 1.0)


def _misfit(observed: Observed, bend_years: float | None, fit: LineFit) -> tuple[float, int]:
    """Sum of squares about the generalised least squares line, in units of the known errors and of `ORDINARY_SCATTER`, and its degrees of freedom.

    A visit that does not fit the others counts with the error of a bad one: it is no evidence against the line.
    """
    n = len(observed.years)
    bad = np.array([p > 0.5 for p in fit.bad], float) * observed.bad_sd**2
    precision = np.linalg.inv(observed.covariance + np.diag(ORDINARY_SCATTER**2 + bad))
    design = design_of(observed.years, bend_years)
    normal = design.T @ precision @ design
    left = observed.logs - design @ np.linalg.solve(normal, design.T @ precision @ observed.logs)
    return float(left @ precision @ left), n - design.shape[1]


def bend_of_the_visits(straight: FittedLine) -> FittedLine | None:
    """A line that bends at a visit, where the straight one does not fit and a bent one fits better than chance would let it; else ``None``.

    The gain of the best of several bends is held against chance with Bonferroni's correction, and scatter beyond the known errors counts for as
    much about both lines.
    """
    observed = straight.observed
    n = len(observed.years)
    if straight.fits or n < LEAST_TO_BEND:
        return None
    candidates = [fitted(observed, float(observed.years[k])) for k in range(LEAST_ON_EACH_SIDE - 1, n - LEAST_ON_EACH_SIDE)]
    squares = [_misfit(observed, line.bend_years, straight.fit)[0] for line in candidates]
    best = int(np.argmin(squares))
    dof = n - 3
    gain = _misfit(observed, None, straight.fit)[0] - squares[best]
    chance = len(candidates) * float(special.fdtrc(1, dof, gain / max(1.0, squares[best] / dof)))
    return candidates[best] if chance < MISFIT else None
