"""Edge enhancement undone."""

from __future__ import annotations

import numpy as np
import pytest

from calcitrack.calibrate.unsharp import enhance, undo


@pytest.mark.parametrize(("gain", "sigma_px"), [(0.3, 1.5), (1.2, 4.0), (0.8, 15.0)])
def test_undo_inverts_enhance(gain: float, sigma_px: float) -> None:
    """Law: a disc enhanced and undone is the disc again, within 2 % of its height away from the border."""
    y, x = np.mgrid[0:241, 0:203]
    disc = ((y - 120) ** 2 + (x - 100) ** 2 < 20**2).astype(np.float32)
    back = undo(enhance(disc, gain, sigma_px), gain, sigma_px)
    assert back.shape == disc.shape
    assert np.abs(back - disc).max() < 0.02
    assert np.abs(enhance(disc, gain, sigma_px) - disc).max() > 0.1


def test_no_enhancement_changes_nothing() -> None:
    """A gain of zero is the image itself, and a constant image stays constant."""
    image = np.full((30, 40), 3.0, np.float32)
    assert undo(image, 0.0, 3.0) is image
    assert np.allclose(undo(image, 1.0, 5.0), 3.0, atol=1e-4)
