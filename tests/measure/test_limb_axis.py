"""The limb's long axis, and what attenuates along it."""

from __future__ import annotations

import numpy as np
import pytest

from calcitrack.measure.limb_axis import limb_axis
from calcitrack.model.spacing import Spacing, SpacingBasis

PITCH = Spacing(0.25, 0.25, SpacingBasis.DETECTOR, "drawn")
SHAPE = (640, 400)


def _limb(angle_deg: float = 0.0, length_mm: float = 400.0, middle_mm: tuple[float, float] = (80.0, 50.0), half_mm: float = 15.0) -> np.ndarray:
    """A strip whose ends taper over 25 mm; longer than the film, it is cut by both edges."""
    y, x = (np.mgrid[: SHAPE[0], : SHAPE[1]] + 0.5) * 0.25
    c, s = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
    along, across = c * (y - middle_mm[0]) + s * (x - middle_mm[1]), c * (x - middle_mm[1]) - s * (y - middle_mm[0])
    return np.abs(across) <= half_mm * np.clip((length_mm / 2 - np.abs(along)) / 25, 0, 1)


@pytest.mark.parametrize("angle", [0.0, 12.0, -20.0])
def test_direction_is_the_limbs(angle: float) -> None:
    """Down the film along the limb, within 3 degrees, without a free end where both are cut off."""
    axis = limb_axis(_limb(angle), PITCH, None)
    found = np.degrees(np.arctan2(axis.direction[1], axis.direction[0]))
    assert found == pytest.approx(angle, abs=3)
    assert axis.free_end_mm is None
    assert axis.profile is None


@pytest.mark.parametrize(("middle", "free", "down"), [(150.0, 50.0, 1), (10.0, -110.0, -1)])
def test_free_end_is_found_and_the_axis_runs_from_it(middle: float, free: float, down: int) -> None:
    """A tip on the film: its coordinate, and a direction away from it, whichever way up the film is."""
    axis = limb_axis(_limb(0.0, 200.0, (middle, 50.0)), PITCH, None)
    assert axis.direction[0] == pytest.approx(down, abs=0.01)
    assert axis.free_end_mm == pytest.approx(free, abs=1.2)


def test_limb_that_lies_free_on_the_film_has_no_end_of_its_own() -> None:
    """Two tips: which is which cannot be told."""
    assert limb_axis(_limb(0.0, 120.0), PITCH, None).free_end_mm is None


def test_straight_cut_by_the_beams_edge_is_no_free_end() -> None:
    """A limb that ends at full width inside the film was cut by a blade that no header states."""
    limb = _limb()
    limb[:60] = False
    assert limb_axis(limb, PITCH, None).free_end_mm is None


def test_slanting_cut_is_no_free_end() -> None:
    """A blade that lies 12 degrees askew leaves a corner of the limb, which is no finger."""
    limb = _limb()
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    limb &= rows > 60 + np.tan(np.deg2rad(12)) * columns
    assert limb_axis(limb, PITCH, None).free_end_mm is None


def test_profile_sums_across_the_limb() -> None:
    """Nepers times mm: 0.5 neper over 30 mm width is 15, with its start at the limb's first row; also read from a free end below."""
    limb = _limb(0.0, 200.0, (150.0, 50.0))
    axis = limb_axis(limb, PITCH, np.full(SHAPE, 0.5, np.float32))
    profile = np.array(axis.profile)
    assert profile[52:-4] == pytest.approx(15.0, rel=0.04)
    assert axis.start_mm == pytest.approx(50.0, abs=1.2)
    turned = limb_axis(limb[::-1], PITCH, np.full(SHAPE, 0.5, np.float32))
    assert turned.direction[0] == pytest.approx(-1, abs=0.01)
    assert np.array(turned.profile)[: profile.size - 5] == pytest.approx(profile[:-5], rel=0.05, abs=0.8)


@pytest.mark.parametrize("case", ["round", "none", "unsized"])
def test_no_axis_where_there_is_none(case: str) -> None:
    """A round limb, no limb, no size of a pixel: ``None``."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    limb = {"round": np.hypot(y - 320, x - 200) < 150, "none": np.zeros(SHAPE, bool), "unsized": _limb()}[case]
    assert limb_axis(limb, Spacing.uncalibrated() if case == "unsized" else PITCH, None) is None


def test_scaled_axis_is_the_same_in_another_plane() -> None:
    """Every coordinate is multiplied; direction and profile stay."""
    axis = limb_axis(_limb(0.0, 200.0, (150.0, 50.0)), PITCH, np.full(SHAPE, 0.5, np.float32))
    half = axis.scaled(0.5)
    assert (half.free_end_mm, half.start_mm, half.step_mm) == (axis.free_end_mm / 2, axis.start_mm / 2, axis.step_mm / 2)
    assert (half.direction, half.profile) == (axis.direction, axis.profile)
