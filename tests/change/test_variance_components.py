"""Restricted likelihood of variance components: agrees with an accepted program, and rounding does not move it."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.regression.mixed_linear_model import MixedLM, VCSpec

from calcitrack.change.variance_components import NO_RESIDUAL, Fit, fit_variances

SPREADS = [(0.05, 0.05, 0.3), (1.0, 0.3, 0.3), (0.3, 0.05, 0.05), (1.0, 1.0, 1.0), (0.3, 0.3, 0.05)]
"""Standard deviations of level, rate and visit that the examples are drawn from."""


def _example(seed: int, spreads: tuple[float, float, float], scatter: float = 0.1) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Eight deposits at seven visits, a tenth of the values missing: values, design, components."""
    rng = np.random.default_rng(seed)
    level, rate, visit = spreads
    deposit, at = (a.ravel() for a in np.meshgrid(range(8), range(7), indexing="ij"))
    years = np.sort(rng.uniform(0, 4, 7))[at]
    values = 3 + level * rng.normal(size=8)[deposit] + (0.1 + rate * rng.normal(size=8)[deposit]) * years + visit * rng.normal(size=7)[at]
    values = values + scatter * rng.normal(size=len(values))
    seen = rng.random(len(values)) > 0.1
    centred = years[seen] - years[seen].mean()
    of_deposit, of_visit = np.eye(8)[deposit[seen]], np.eye(7)[at[seen]]
    return values[seen], np.column_stack([np.ones_like(centred), centred]), [of_deposit, of_deposit * centred[:, None], of_visit]


def _fit(values: np.ndarray, design: np.ndarray, components: list[np.ndarray]) -> Fit:
    found = fit_variances(values, design, components)
    assert isinstance(found, Fit)
    return found


@pytest.mark.parametrize("spreads", [(1.0, 0.3, 0.3), (1.0, 1.0, 1.0)])
def test_it_agrees_with_statsmodels(spreads: tuple[float, float, float]) -> None:
    """Where every component is there, so that statsmodels' search comes to its end: same coefficients, errors and standard deviations."""
    values, design, components = _example(1, spreads)
    parts = VCSpec(
        [str(k) for k in range(3)], [[[f"{k}_{j}" for j in range(c.shape[1])]] for k, c in enumerate(components)], [[c] for c in components]
    )
    theirs = MixedLM(values, design, groups=np.zeros(len(values)), exog_vc=parts).fit(reml=True, method=["bfgs"])
    ours = _fit(values, design, components)
    np.testing.assert_allclose(ours.coefficients, theirs.fe_params, rtol=1e-3)
    np.testing.assert_allclose(ours.errors, theirs.bse_fe, rtol=2e-3)
    np.testing.assert_allclose(ours.component_sds, np.sqrt(theirs.vcomp), rtol=2e-3)


@pytest.mark.parametrize("spreads", SPREADS)
@pytest.mark.parametrize("seed", range(6))
def test_noise_of_a_billionth_moves_nothing(seed: int, spreads: tuple[float, float, float]) -> None:
    """Relative noise of 1e-9 in the values, with components that are there and ones that vanish: all answers stay within 1e-4."""
    values, design, components = _example(seed, spreads)
    fit = _fit(values, design, components)
    noise = np.random.default_rng(seed).normal(size=values.shape)
    noisy = _fit(values * (1 + 1e-9 * noise), design, components)
    for ours, theirs in ((fit.coefficients, noisy.coefficients), (fit.errors, noisy.errors), (fit.component_sds, noisy.component_sds)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_it_is_a_summit_of_the_likelihood() -> None:
    """The answer's own dense likelihood, written out as in a textbook, is no higher at any neighbour."""
    values, design, components = _example(3, (0.3, 0.05, 0.05))
    fit = _fit(values, design, components)

    def deviance(sds: np.ndarray, residual: float) -> float:
        v = residual**2 * np.eye(len(values)) + sum(s**2 * c @ c.T for s, c in zip(sds, components, strict=True))
        inverse = np.linalg.inv(v)
        information = design.T @ inverse @ design
        rest = values - design @ np.linalg.solve(information, design.T @ inverse @ values)
        return float(np.linalg.slogdet(v)[1] + np.linalg.slogdet(information)[1] + rest @ inverse @ rest)

    best = deviance(fit.component_sds, fit.residual_sd)
    for k in range(3):
        for step in (0.9, 1.1):
            other = fit.component_sds.copy()
            other[k] = max(step * other[k], 0.01)
            assert deviance(other, fit.residual_sd) >= best
    assert min(deviance(fit.component_sds, step * fit.residual_sd) for step in (0.9, 1.1)) >= best


def test_the_unit_of_the_values_does_not_matter() -> None:
    """Scale and shift: ten times the values plus five have ten times the slope and its error."""
    values, design, components = _example(2, (1.0, 0.3, 0.3))
    one, other = _fit(values, design, components), _fit(10 * values + 5, design, components)
    np.testing.assert_allclose(other.coefficients[1], 10 * one.coefficients[1], rtol=1e-6)
    np.testing.assert_allclose(other.errors, 10 * one.errors, rtol=1e-6)


def test_values_without_scatter_have_no_error_and_a_reason() -> None:
    """Deposits that lie exactly on lines leave nothing to estimate an error from."""
    _, design, components = _example(1, (1.0, 0.3, 0.3))
    exact = design @ np.array([3.0, 0.2]) + components[0] @ np.arange(8.0) + components[1] @ np.linspace(-0.2, 0.2, 8)
    assert fit_variances(exact, design, components) == NO_RESIDUAL
