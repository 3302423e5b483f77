"""The calibration of joint intervals, on errors whose spread is known."""

from __future__ import annotations

import numpy as np
import pytest

calibrate = pytest.importorskip("benchmarks.joint.calibrate", reason="benchmarks are not part of the installed package")

FACTOR = 3.0


def _cases(number: int) -> list[object]:
    """Deposits of 20 mg that do not change on four films, each off by three times its own background's standard deviation of 1 mg."""
    rng = np.random.default_rng(2)
    nothing, own = np.zeros((4, 4)), np.eye(4)
    return [calibrate.Case(f"D{k}", 20 + FACTOR * rng.normal(size=4), np.full(4, 20.0), nothing, own, 0.0) for k in range(number)]


def test_the_factor_that_made_the_errors_is_found_and_its_intervals_hold_95_percent() -> None:
    """Of 80 deposits with 240 changes."""
    found = _cases(80)
    factors = calibrate.fitted(found)
    sd = float(np.median(np.concatenate([c.sds(factors) for c in found])))
    assert sd == pytest.approx(FACTOR * np.sqrt(2), rel=0.15)
    assert "hold 0.95 of 240 changes" in calibrate.told("fitted", factors, found)
