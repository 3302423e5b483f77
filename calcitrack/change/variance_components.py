"""Restricted maximum likelihood of a linear model with independent variance components, with an answer that is stable against rounding.

The likelihood is profiled over the coefficients and the residual variance (Bates et al. 2015, J Stat Softw 67(1):1). What is left to search for is
one ratio of standard deviations for each component: few numbers of like size, with an exact gradient, from the best points of a fixed grid. All sums
run over cross products, whose size is the number of random effects, not of observations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize

FloatArray = NDArray[np.float64]

GRID = (0.05, 0.5, 2.0, 8.0)
"""Ratios of standard deviations, component over residual, from which the search may begin: a component hardly there, and ones that dominate."""
STARTS = 3
"""Best points of the grid that are followed to the end: the likelihood may have more than one summit."""
STATIONARY = 1e-6
"""Largest derivative of -2 log likelihood, by a ratio, that counts as none: it displaces the ratio by as little, where the likelihood is curved."""
NEWTON_STEPS = 40
"""Each one doubles the digits; where a component just vanishes, it divides the error by 1.5."""
LEAST_CURVATURE = 1e-8
"""Curvature that rounding of the differences leaves where there is none."""
NEWTON_DIFFERENCE = 1e-4
"""Step of the central differences that give the curvature; ratios are of the order of one."""
LARGEST_RATIO = 1e4
"""Ratios beyond: nothing is left for the residual, and the likelihood has no summit."""
LEAST_RESIDUAL = 1e-12
"""Residual sum of squares, as a share of that of the values about their mean, below which it is rounding."""
NO_RESIDUAL = (
    "the mixed model has no answer: lines of the deposits and errors of the visits explain every value, and no scatter is left to tell an error from"
)
NOT_CONVERGED = "the mixed model did not converge"


@dataclass(frozen=True, eq=False, slots=True)
class Fit:
    """Summit of the restricted likelihood.

    Parameters
    ----------
    coefficients, errors
        Of the columns of the design, and their standard errors; shape (columns,).
    residual_sd
        Standard deviation of the residuals.
    component_sds
        Standard deviation of each variance component, zero where it is absent. Shape (components,).
    """

    coefficients: FloatArray
    errors: FloatArray
    residual_sd: float
    component_sds: FloatArray


@dataclass(frozen=True, eq=False, slots=True)
class _Products:
    """Cross products of random columns Z, of W = (design, values), and where each component's columns lie in Z."""

    zz: FloatArray
    zw: FloatArray
    ww: FloatArray
    parts: tuple[slice, ...]
    observations: int

    @property
    def dof(self) -> int:
        return self.observations - (int(self.ww.shape[0]) - 1)


@dataclass(frozen=True, eq=False, slots=True)
class _Profile:
    """Profiled likelihood at one choice of ratios."""

    deviance: float
    gradient: FloatArray
    coefficients: FloatArray
    inverse_information: FloatArray
    residual: float


def fit_variances(values: FloatArray, design: FloatArray, components: Sequence[FloatArray]) -> Fit | str:
    """Fit ``values = design @ b + sum(Z_k @ u_k) + e`` by restricted maximum likelihood; all ``u_k`` and ``e`` are independent and normal.

    Parameters
    ----------
    values
        Shape (observations,).
    design
        Columns of the fixed part, shape (observations, columns).
    components
        For each variance component its columns ``Z_k``, shape (observations, effects); the effects of one component share a variance.

    Returns
    -------
    Fit or str
        The summit, or in one sentence why there is none.

    Notes
    -----
    Relative noise of 1e-9 in the values moves the answer by about as little. A component without variance is no failure.

    Examples
    --------
    >>> groups = np.repeat(np.eye(3), 4, axis=0)
    >>> values = np.array([1.0, 1.2, 0.9, 1.1, 2.0, 2.1, 1.9, 2.2, 3.1, 3.0, 2.9, 3.2])
    >>> fit = fit_variances(values, np.ones((12, 1)), [groups])
    >>> fit.coefficients.round(3), fit.component_sds.round(3), round(fit.residual_sd, 3)
    (array([2.05]), array([0.998]), 0.129)
    """
    products = _products(values, design, components)
    least = LEAST_RESIDUAL * float(np.sum((values - values.mean()) ** 2))
    grid = sorted((_profile(np.array(ratios), products).deviance, ratios) for ratios in product(GRID, repeat=len(components)))
    ends = [_summit(np.array(ratios), products) for _, ratios in grid[:STARTS]]
    ratios = min(ends, key=lambda end: _profile(end, products).deviance)
    best = _profile(ratios, products)
    if best.residual <= least or float(ratios.max()) > LARGEST_RATIO:
        return NO_RESIDUAL
    if not (np.isfinite(best.deviance) and float(np.abs(best.gradient).max()) <= STATIONARY):
        return NOT_CONVERGED
    sd = float(np.sqrt(best.residual / products.dof))
    return Fit(best.coefficients, sd * np.sqrt(np.diag(best.inverse_information)), sd, sd * ratios)


def _products(values: FloatArray, design: FloatArray, components: Sequence[FloatArray]) -> _Products:
    z, w = np.column_stack(components), np.column_stack([design, values])
    ends = np.cumsum([0, *(c.shape[1] for c in components)])
    parts = tuple(slice(int(a), int(b)) for a, b in pairwise(ends))
    return _Products(z.T @ z, z.T @ w, w.T @ w, parts, len(values))


def _profile(ratios: FloatArray, products: _Products) -> _Profile:
    """-2 log restricted likelihood up to a constant, its derivatives by the ratios, and the coefficients. V = I + sum(ratio² Z_k Z_k')."""
    weights = np.concatenate([np.full(part.stop - part.start, ratio) for ratio, part in zip(ratios, products.parts, strict=True)])
    factor = linalg.cholesky(np.eye(len(weights)) + weights[:, None] * products.zz * weights, lower=True)
    half_zz = linalg.solve_triangular(factor, weights[:, None] * products.zz, lower=True)
    half_zw = linalg.solve_triangular(factor, weights[:, None] * products.zw, lower=True)
    zvz_diagonal = np.diag(products.zz) - np.sum(half_zz**2, axis=0)
    zvw = products.zw - half_zz.T @ half_zw
    wvw = products.ww - half_zw.T @ half_zw
    information, right = wvw[:-1, :-1], wvw[:-1, -1]
    inverse = np.linalg.inv(information)
    coefficients = inverse @ right
    residual = float(wvw[-1, -1] - right @ coefficients)
    zpy = zvw[:, -1] - zvw[:, :-1] @ coefficients
    zpz_diagonal = zvz_diagonal - np.einsum("ij,jk,ik->i", zvw[:, :-1], inverse, zvw[:, :-1])
    by_effect = zpz_diagonal - products.dof * zpy**2 / max(residual, np.finfo(float).tiny)
    gradient = np.array([2 * ratio * by_effect[part].sum() for ratio, part in zip(ratios, products.parts, strict=True)])
    logarithms = 2 * float(np.log(np.diag(factor)).sum()) + float(np.linalg.slogdet(information)[1])
    deviance = logarithms + products.dof * float(np.log(max(residual, np.finfo(float).tiny)))
    return _Profile(deviance, gradient, coefficients, inverse, residual)


def _summit(start: FloatArray, products: _Products) -> FloatArray:
    """Ratios at the summit that is reached from a start; the likelihood does not depend on their signs."""

    def objective(ratios: FloatArray) -> tuple[float, FloatArray]:
        there = _profile(ratios, products)
        return there.deviance, there.gradient

    found = np.asarray(optimize.minimize(objective, start, jac=True, method="BFGS", options={"gtol": STATIONARY, "maxiter": 500}).x, float)
    return np.abs(_sharpened(found, products))


def _sharpened(ratios: FloatArray, products: _Products) -> FloatArray:
    """Refine the summit by Newton steps on the gradient, which resolves more than a line search where rounding hides likelihood differences."""
    gradient = _profile(ratios, products).gradient
    for _ in range(NEWTON_STEPS):
        ahead = [_profile(ratios + step, products).gradient for step in NEWTON_DIFFERENCE * np.eye(len(ratios))]
        behind = [_profile(ratios - step, products).gradient for step in NEWTON_DIFFERENCE * np.eye(len(ratios))]
        curvature = (np.array(ahead) - np.array(behind)) / (2 * NEWTON_DIFFERENCE)
        size, axes = np.linalg.eigh((curvature + curvature.T) / 2)
        moved = ratios - axes @ ((axes.T @ gradient) / np.maximum(np.abs(size), LEAST_CURVATURE))
        now = _profile(moved, products).gradient
        if not float(np.abs(now).max()) < float(np.abs(gradient).max()):
            break
        ratios, gradient = moved, now
    return ratios
