"""A straight or bent line through few visits of known measurement error, of which one may be bad: exact posterior of any slope.

Each visit scatters about the line with its measurement error, whose covariance is known, and a process variance that the data have to tell; at
most one visit is bad and scatters more (the contaminated normal model of Box and Tiao 1968, Biometrika 55:119). With flat priors on the line, each
choice of process variance and bad visit gives a normal posterior in closed form; their mixture is integrated over a grid. Nothing is random, and
intervals have the small-sample width that few visits deserve, as Student's quantile gives in the simplest case.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

FloatArray = NDArray[np.float64]

PROCESS_SCALE = 0.1
"""Scale (natural logarithm) of the half-Cauchy prior of the process scatter: visits are thought to lie within some 10 % of a smooth course, and data
may say otherwise (Gelman 2006, Bayesian Anal 1:515)."""
PROCESS_GRID = np.concatenate([[0.0], np.geomspace(0.01, 1.0, 24)])
"""Process standard deviations that are integrated over; 1 is a factor of 2.7 up or down from visit to visit."""


@dataclass(frozen=True, eq=False, slots=True)
class Mixture:
    """A mixture of normal distributions: the posterior of one slope.

    Parameters
    ----------
    weights, means, sds
        Shape (components,); the weights sum to one.
    """

    weights: FloatArray
    means: FloatArray
    sds: FloatArray

    def below(self, x: float) -> float:
        """Probability of a value below `x`."""
        return float(self.weights @ special.ndtr((x - self.means) / self.sds))

    def quantile(self, p: float) -> float:
        """Value below which the probability is `p`."""
        ends = self.means[:, None] + self.sds[:, None] * np.array([-9.0, 9.0])
        return float(optimize.brentq(lambda x: self.below(x) - p, float(ends.min()), float(ends.max()), xtol=1e-9))


@dataclass(frozen=True, eq=False, slots=True)
class LineFit:
    """Posterior of a line.

    Parameters
    ----------
    weights
        Shape (components,): probability of each choice of process scatter and bad visit.
    centres
        Shape (components, parameters).
    covariances
        Shape (components, parameters, parameters).
    process_sd
        Posterior mean of the process scatter.
    bad
        Probability that each visit is the bad one.
    """

    weights: FloatArray
    centres: FloatArray
    covariances: FloatArray
    process_sd: float
    bad: tuple[float, ...]

    def of(self, contrast: Sequence[float]) -> Mixture:
        """Posterior of a linear combination of the parameters."""
        c = np.asarray(contrast, float)
        return Mixture(self.weights, self.centres @ c, np.sqrt(np.einsum("i,kij,j->k", c, self.covariances, c)))


def fit_line(design: FloatArray, values: FloatArray, covariance: FloatArray, bad_share: float, bad_sd: float) -> LineFit:
    """Posterior of the parameters of a linear model.

    Parameters
    ----------
    design
        Shape (visits, parameters), of full rank.
    values
        Shape (visits,): logarithms of the burden.
    covariance
        Of the values' errors, shape (visits, visits); diagonal where they are independent.
    bad_share, bad_sd
        Probability that a visit is bad, and the standard deviation that this adds.
    """
    n = len(values)
    cases = n if bad_share > 0 else 0
    extra = np.vstack([np.zeros(n), np.eye(n)[:cases] * bad_sd**2])[:, None, :] * np.eye(n)
    prior_bad = np.array([1.0, *[bad_share / (1 - bad_share)] * cases])
    process = (PROCESS_GRID**2)[:, None, None, None] * np.eye(n)
    total = (covariance + process + extra[None]).reshape(-1, n, n)
    prior = _process_prior()[:, None] * prior_bad[None, :]
    shape = prior.shape
    precision = np.linalg.inv(total)
    normal = design.T @ precision @ design
    covariances = np.asarray(np.linalg.inv(normal), np.float64)
    centres = (covariances @ (design.T @ (precision @ values)[..., None]))[..., 0]
    left = values - centres @ design.T
    squares = np.einsum("kn,knm,km->k", left, precision, left)
    log = -0.5 * (np.linalg.slogdet(total)[1] + np.linalg.slogdet(normal)[1] + squares) + np.log(prior.reshape(-1))
    weights = np.exp(log - special.logsumexp(log))
    table = weights.reshape(shape)
    bad = (*(float(p) for p in table.sum(axis=0)[1:]), *[0.0] * (n - cases))
    return LineFit(weights, centres, covariances, float(table.sum(axis=1) @ PROCESS_GRID), bad)


def _process_prior() -> FloatArray:
    """Half-Cauchy probability of the cell of each grid value."""
    edges = np.concatenate([[0.0], (PROCESS_GRID[1:] + PROCESS_GRID[:-1]) / 2, [math.inf]])
    return np.diff(2 / math.pi * np.arctan(edges / PROCESS_SCALE))
