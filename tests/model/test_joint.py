"""Values of all images together, with their covariance."""

from __future__ import annotations

import pickle
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from calcitrack.errors import InvalidValueError
from calcitrack.model.joint import NOT_SAID, JointDeposit, JointSeries
from calcitrack.model.measurement import Measurand, Measurement, NotMeasurable

MASS = Measurand("ha_mass_joint_mg", "mg", "made", "made")
SERIES = JointSeries(MASS, (0, 2, 3), (10.0, -0.5, 4.0), ((4.0, 1.0, 0.5), (1.0, 1.0, 0.25), (0.5, 0.25, 9.0)), {1: "no beam is stated"})


def test_an_image_has_its_value_or_the_reason() -> None:
    """A value that is not positive is one too; an image that nothing is known of says so."""
    assert SERIES.result(2) == Measurement(MASS, -0.5, 1.0)
    assert SERIES.result(1) == NotMeasurable(MASS, "no beam is stated")
    assert SERIES.result(7) == NotMeasurable(MASS, NOT_SAID)


def test_the_mean_of_a_days_exposures_has_the_covariance_of_a_linear_map() -> None:
    """Exposures 2 and 3 of one day: mean, variance and covariance by hand."""
    values, covariance = SERIES.combined([(0,), (2, 3)])
    assert values == (10.0, 1.75)
    np.testing.assert_allclose(covariance, [[4.0, 0.75], [0.75, (1.0 + 9.0 + 0.5) / 4]])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"images": (0, 3, 2)}, "in order"),
        ({"values": (1.0, 2.0)}, "one finite value"),
        ({"values": (1.0, 2.0, float("nan"))}, "one finite value"),
        ({"covariance": ((1.0, 0.0), (0.0, 1.0))}, "a row and a column for each image"),
        ({"covariance": ((4.0, 1.0, 0.5), (0.0, 1.0, 0.25), (0.5, 0.25, 9.0))}, "symmetric"),
        ({"covariance": ((4.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 9.0))}, "positive variances"),
    ],
)
def test_a_series_is_valid_when_it_is_made(changed: dict[str, object], message: str) -> None:
    """What is not a covariance of these images is refused."""
    with pytest.raises(InvalidValueError, match=message):
        replace(SERIES, **changed)  # type: ignore[arg-type]


def test_members_of_a_family_sum_to_its_value(made: ModuleType) -> None:
    """Law: on each image, whatever the shares."""
    family = made.joint().deposits[0]
    for k in family.images:
        parts = [family.result("ha_mass_joint_mg", name, k).value for name in family.deposit_ids]
        assert sum(parts) == pytest.approx(family.series["ha_mass_joint_mg"].result(k).value)
    with pytest.raises(InvalidValueError, match="sum to one"):
        replace(family, shares={0: (0.5, 0.6)})


def test_a_family_has_members_and_a_copy_is_equal(made: ModuleType) -> None:
    """Values survive a pickle; a family of nobody is refused."""
    joint = made.joint()
    assert pickle.loads(pickle.dumps(joint)) == joint  # noqa: S301 made here
    assert joint.of("D002") is joint.deposits[0]
    assert joint.of("D009") is None
    with pytest.raises(InvalidValueError, match="one or more deposits"):
        JointDeposit((), (), None, None, {}, {})
