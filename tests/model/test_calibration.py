"""What a calibration may state."""

from __future__ import annotations

import pytest

from calcitrack.errors import InvalidValueError
from calcitrack.model.calibration import Calibration, Relationship, Tier


def _with(curve, source: str = "drawn", sd: float = 0.1) -> Calibration:
    return Calibration(Tier.B, Relationship.UNKNOWN, 1, "a wedge", curve, sd, source)


@pytest.mark.parametrize("curve", [((0.0, 0.0),), ((0.0, 0.0), (1.0, 0.0)), ((1.0, 0.0), (0.5, 1.0)), ((0.0, 0.0), (1.0, float("nan")))])
def test_curve_that_does_not_rise_is_refused(curve) -> None:
    """A curve has two or more finite knots that rise in value and in nepers."""
    with pytest.raises(InvalidValueError, match="ascending"):
        _with(curve)


def test_curve_without_origin_is_refused() -> None:
    """A curve says how it was obtained, and its uncertainty is not negative."""
    with pytest.raises(InvalidValueError, match="obtained"):
        _with(((0.0, 0.0), (1.0, 1.0)), source="")
    with pytest.raises(InvalidValueError, match="not negative"):
        _with(((0.0, 0.0), (1.0, 1.0)), sd=-0.1)


def test_nepers_need_linear_values_or_a_curve() -> None:
    """Tier A LIN and any film with a curve are in nepers; LOG and tier C without one are not."""
    assert _with(((0.0, 0.0), (1.0, 1.0))).in_nepers
    assert Calibration(Tier.A, Relationship.LIN, -1, "stated").in_nepers
    assert not Calibration(Tier.A, Relationship.LOG, -1, "stated").in_nepers
    assert not Calibration(Tier.C, Relationship.UNKNOWN, 1, "unknown").in_nepers
