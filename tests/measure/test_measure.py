"""Measurands of deposits."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from calcitrack import MeasureOptions, NotMeasurable, Radiograph, Segmentation, measure
from calcitrack.errors import InvalidValueError
from calcitrack.measure import MEASURANDS
from calcitrack.measure.size import feret_diameter
from calcitrack.model.spacing import Spacing


def _truth(film: Radiograph, discs) -> Segmentation:
    """The drawn discs as labels, and the drawn limb and bone."""
    pitch = film.spacing.row_mm
    y = (np.arange(film.shape[0])[:, None] + 0.5) * pitch
    x = (np.arange(film.shape[1])[None, :] + 0.5) * pitch
    labels = np.zeros(film.shape, np.uint16)
    for k, disc in enumerate(discs, start=1):
        labels[(y - disc.row_mm) ** 2 + (x - disc.column_mm) ** 2 <= disc.radius_mm**2] = k
    away = np.abs(x - film.shape[1] * pitch / 2) * np.ones_like(y)
    return Segmentation(labels=labels, limb=away < 30, bone=away < 6)


@pytest.fixture(scope="module")
def discs(drawn: ModuleType):
    """A thin and a dense deposit in soft tissue."""
    return drawn.Disc(40, 24, 2.5, 80.0), drawn.Disc(70, 56, 2.0, 400.0)


def test_mass_of_drawn_deposits_is_recovered(drawn: ModuleType, discs) -> None:
    """Scatter removed and beam hardening inverted, the mass is the drawn one within 8 %, and within 2 standard uncertainties."""
    film = drawn.draw(discs)
    for disc, deposit in zip(discs, measure(film, _truth(film, discs)).deposits, strict=True):
        mass = deposit.measurements["ha_mass_mg"]
        assert mass.value == pytest.approx(disc.ha_mg, rel=0.08)
        assert abs(mass.value - disc.ha_mg) < 2 * mass.sd


@pytest.mark.parametrize("gain", [0.25, 4.0])
def test_mass_does_not_depend_on_the_exposure(drawn: ModuleType, discs, gain: float) -> None:
    """Law: all values times a constant, the same mass."""
    plain, scaled = drawn.draw(discs), drawn.draw(discs, gain=gain)
    a, b = (measure(f, _truth(f, discs)).totals["ha_mass_mg"].value for f in (plain, scaled))
    assert a == pytest.approx(b, rel=1e-3)


def test_area_counts_pixels_in_the_plane_of_the_spacing(drawn: ModuleType, discs) -> None:
    """Law: twice the pixel size, four times the area and twice the Feret diameter, the same pixel count."""
    film = drawn.draw(discs)
    double = replace(film, spacing=replace(film.spacing, row_mm=0.4, column_mm=0.4))
    small, large = (measure(f, _truth(film, discs)).deposits[0].measurements for f in (film, double))
    assert large["area_mm2"].value == pytest.approx(4 * small["area_mm2"].value)
    assert large["feret_mm"].value == pytest.approx(2 * small["feret_mm"].value)
    assert large["area_px"].value == small["area_px"].value


def test_tier_c_refuses_mass_with_the_reason(drawn: ModuleType, discs) -> None:
    """Without a stated relationship there is no mass and no absolute contrast, but area and relative brightness."""
    film = drawn.draw(discs, relationship="")
    measured = measure(film, _truth(film, discs))
    for name in ("ha_mass_mg", "contrast_mean", "contrast_integral_mm2", "volume_mm3"):
        result = measured.deposits[0].measurements[name]
        assert isinstance(result, NotMeasurable)
        assert "tier C" in result.reason
    assert measured.deposits[0].measurements["area_mm2"].value > 0
    assert measured.deposits[1].measurements["relative_brightness"].value > 0.1


def test_film_without_pixel_size_is_counted_in_pixels(drawn: ModuleType, discs) -> None:
    """No size stated: area in pixels only, everything in mm refused."""
    film = replace(drawn.draw(discs), spacing=Spacing.uncalibrated())
    deposit = measure(film, _truth(drawn.draw(discs), discs)).deposits[0]
    assert deposit.measurements["area_px"].value > 100
    assert isinstance(deposit.measurements["area_mm2"], NotMeasurable)
    assert isinstance(deposit.measurements["feret_mm"], NotMeasurable)
    assert "no pixel size" in deposit.measurements["ha_mass_mg"].reason


def test_every_deposit_has_every_measurand(drawn: ModuleType, discs) -> None:
    """The registry is complete: each measurand is a value or a reason on each deposit."""
    film = drawn.draw(discs)
    for deposit in measure(film, _truth(film, discs)).deposits:
        assert tuple(deposit.measurements) == tuple(q.name for q in MEASURANDS)


def test_assumed_concentration_gives_a_volume_and_says_so(drawn: ModuleType, discs) -> None:
    """Volume is mass over the assumed concentration, and its model is named."""
    film = drawn.draw(discs)
    measured = measure(film, _truth(film, discs), MeasureOptions(ha_concentration_mg_cm3=500)).deposits[1].measurements
    assert measured["volume_mm3"].value == pytest.approx(measured["ha_mass_mg"].value * 2)
    assert "500 mg/cm3" in measured["volume_mm3"].model


def test_deposit_over_bone_is_flagged(drawn: ModuleType) -> None:
    """The share of a deposit's pixels on bone is reported."""
    disc = drawn.Disc(50, 40, 2.0, 300.0)
    film = drawn.draw([disc])
    assert measure(film, _truth(film, [disc])).deposits[0].measurements["over_bone_fraction"].value == 1.0


def test_no_deposit_is_a_total_of_zero(drawn: ModuleType) -> None:
    """A film without deposits has a burden of zero, not a missing one."""
    film = drawn.draw()
    totals = measure(film, _truth(film, [])).totals
    assert [totals[n].value for n in ("deposit_count", "area_mm2", "ha_mass_mg", "contrast_integral_mm2")] == [0, 0, 0, 0]


def test_segmentation_of_another_shape_is_refused(drawn: ModuleType) -> None:
    """Labels of another film are an error that names both shapes."""
    film = drawn.draw()
    other = np.zeros((3, 4), bool)
    with pytest.raises(InvalidValueError, match=r"\(3, 4\)"):
        measure(film, Segmentation(labels=other.astype(np.uint16), limb=other, bone=other))


def test_feret_diameter_of_a_rectangle_is_its_diagonal() -> None:
    """3 rows of 1 mm by 4 columns of 1 mm: 5 mm."""
    inside = np.zeros((10, 10), bool)
    inside[2:5, 3:7] = True
    assert feret_diameter(inside, 1.0, 1.0) == pytest.approx(5.0)
    assert feret_diameter(inside, 2.0, 0.5) == pytest.approx(np.hypot(6, 2))
