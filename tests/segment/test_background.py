"""The surface of the soft tissue."""

from __future__ import annotations

import numpy as np
import pytest

from calcitrack.segment.background import soft_tissue_surface


def _curved(rows: int = 150, columns: int = 120) -> np.ndarray:
    y, x = np.mgrid[:rows, :columns] / 100.0
    return (0.3 + 0.2 * x - 0.1 * y - 0.15 * (x - 0.6) ** 2 + 0.05 * x * y).astype(np.float32)


def test_quadratic_surface_is_fitted_exactly() -> None:
    """Law: a quadratic is its own surface, up to the picture's edge."""
    image = _curved()
    surface, supported, noise = soft_tissue_surface(image, np.ones(image.shape, bool))
    assert supported.all()
    assert np.abs(surface - image)[2:-2, 2:-2].max() < 2e-3
    assert noise < 1e-3


def test_deposit_does_not_lift_the_surface() -> None:
    """What stands above the tissue is left out of the fit: under a 4 mm deposit the surface is off by less than a tenth of its height."""
    image = _curved()
    y, x = np.mgrid[:150, :120]
    deposit = (y - 75) ** 2 + (x - 60) ** 2 <= 10**2
    surface, _, _ = soft_tissue_surface(image + 0.2 * deposit.astype(np.float32), np.ones(image.shape, bool))
    assert np.abs(surface - image)[deposit].max() < 0.02


def test_noise_is_reported_in_the_image_unit() -> None:
    """The noise is the standard deviation of the tissue about the surface."""
    image = _curved() + np.random.default_rng(0).normal(0, 0.01, (150, 120)).astype(np.float32)
    assert soft_tissue_surface(image, np.ones(image.shape, bool))[2] == pytest.approx(0.01, rel=0.1)
