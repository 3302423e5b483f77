"""Values are printed, compared and converted as a reader of numbers expects."""

from __future__ import annotations

import pytest

from calcitrack import Measurement, NotMeasurable
from calcitrack.measure.measurands import AREA_MM2, AREA_PX, CONTRAST_INTEGRAL_MM2, CONTRAST_MEAN, FERET_MM, HA_MASS_MG

AREA = Measurement(AREA_MM2, 312.44, 5.1)
NO_MASS = NotMeasurable(HA_MASS_MG, "mass needs calibration tier A or B")


@pytest.mark.parametrize(
    ("measurement", "spec", "text"),
    [
        (AREA, "", "312.4 ± 10 mm2 (95 %)"),
        (AREA, ".1f", "312.4 ± 10.0 mm2 (95 %)"),
        (AREA, ".0f", "312 ± 10 mm2 (95 %)"),
        (Measurement(AREA_MM2, 312.44), ".1f", "312.4 mm2"),
        (Measurement(AREA_PX, 123456.0), "", "123456 pixels"),
        (Measurement(AREA_PX, 123456.0), ",.0f", "123,456 pixels"),
        (Measurement(CONTRAST_MEAN, 0.12345), "", "0.1235"),
        (Measurement(CONTRAST_MEAN, -0.5), "+.2f", "-0.50"),
    ],
)
def test_a_measurement_is_printed_with_uncertainty_and_unit(measurement: Measurement, spec: str, text: str) -> None:
    """A format for numbers holds for the value and its uncertainty; a pure number has no unit."""
    assert format(measurement, spec) == text


def test_str_and_repr_of_a_measurement() -> None:
    """`str` is the value, `repr` also says of what."""
    assert str(AREA) == "312.4 ± 10 mm2 (95 %)"
    assert repr(AREA) == "Measurement(area_mm2 = 312.4 ± 10 mm2 (95 %))"


def test_float_is_the_value() -> None:
    """Nothing is rounded."""
    assert float(AREA) == 312.44


def test_measurements_of_one_unit_and_numbers_are_compared_by_value() -> None:
    """All four comparisons, from both sides; uncertainties do not enter."""
    larger = Measurement(CONTRAST_INTEGRAL_MM2, 400.0)
    assert larger > AREA
    assert larger > AREA
    assert larger >= AREA
    assert larger >= AREA
    assert not larger < AREA
    assert Measurement(AREA_MM2, 312.44) >= AREA
    assert AREA > 300
    assert 300 < AREA  # noqa: SIM300 the number's side is what is asked
    assert AREA >= 312.44
    assert max(larger, AREA) is larger
    assert sorted([larger, AREA]) == [AREA, larger]


def test_equality_stays_that_of_all_fields() -> None:
    """The same value with another uncertainty is another measurement; a measurement is no number."""
    assert Measurement(AREA_MM2, 312.44) != AREA
    assert Measurement(AREA_MM2, 312.44, 5.1) == AREA
    assert AREA != 312.44
    assert hash(Measurement(AREA_MM2, 312.44, 5.1)) == hash(AREA)


def test_unlike_units_are_not_compared() -> None:
    """The error names both quantities and units."""
    with pytest.raises(TypeError, match="compared in one unit; found feret_mm in mm and area_mm2 in mm2"):
        _ = Measurement(FERET_MM, 3.0) > AREA
    with pytest.raises(TypeError, match="not supported between instances of 'Measurement' and 'str'"):
        _ = AREA < "300"  # type: ignore[operator]


def test_what_is_not_measurable_has_no_number() -> None:
    """It can be printed like a measurement, but neither converted nor compared; the errors give the reason."""
    assert f"{NO_MASS:.1f}" == "not measurable"
    assert str(NO_MASS) == "not measurable: mass needs calibration tier A or B"
    with pytest.raises(TypeError, match="ha_mass_mg is not measurable: mass needs calibration tier A or B"):
        float(NO_MASS)
    with pytest.raises(TypeError, match="area_mm2 cannot be compared with ha_mass_mg, which is not measurable: mass needs"):
        _ = AREA < NO_MASS
