"""Size of a deposit, and what its outline's place does to sums over it."""

from __future__ import annotations

import numpy as np
import pytest

from calcitrack.measure.size import EDGE_DENSITY, MAX_DELINEATION, OUTLINE_SD_MM, delineation_relative_sd, feret_diameter, outline_relative_sd


def _disc(radius_mm: float, pixel_mm: float) -> np.ndarray:
    half = int(radius_mm / pixel_mm) + 2
    rows, columns = np.mgrid[-half : half + 1, -half : half + 1] * pixel_mm
    return np.hypot(rows, columns) <= radius_mm


@pytest.mark.parametrize("pixel_mm", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("radius_mm", [1.5, 4.0])
def test_outline_counts_as_its_length_over_the_area(radius_mm: float, pixel_mm: float) -> None:
    """A disc: the share of a strip as wide as the outline is uncertain, whatever the pixels; small deposits are the less sure."""
    expected = EDGE_DENSITY * OUTLINE_SD_MM * 2 / radius_mm
    assert outline_relative_sd(_disc(radius_mm, pixel_mm), pixel_mm) == pytest.approx(expected, rel=0.12)


def test_a_single_pixel_is_not_more_than_unsure() -> None:
    """The relative uncertainty never exceeds 1."""
    assert outline_relative_sd(np.ones((1, 1), bool), 0.02) == 1.0


def test_doubt_about_the_outline_grows_with_what_it_may_leave_out() -> None:
    """None where nothing more is possible; four times as much for twice the share; more over bone; never without bound."""
    assert delineation_relative_sd(1.0, 0.5) == 0
    assert delineation_relative_sd(1.4, 0.0) == pytest.approx(4 * delineation_relative_sd(1.2, 0.0))
    assert delineation_relative_sd(1.4, 1.0) > delineation_relative_sd(1.4, 0.5) > delineation_relative_sd(1.4, 0.0)
    assert delineation_relative_sd(9.0, 0.0) == MAX_DELINEATION


def test_longest_distance_follows_the_pixels_sides() -> None:
    """A bar of 10 rows and 1 column, 0.1 mm by 0.3 mm a pixel: the diagonal between its corners."""
    assert feret_diameter(np.ones((10, 1), bool), 0.1, 0.3) == pytest.approx(np.hypot(1.0, 0.3))
