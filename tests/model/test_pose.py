"""The canonical pose of a film."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from calcitrack.model.calibration import Calibration, Relationship, Tier
from calcitrack.model.image import Acquisition, Radiograph
from calcitrack.model.pose import Pose, canonical_pose
from calcitrack.model.spacing import Spacing, SpacingBasis
from calcitrack.phantom.small import small_radiograph

GREY = Calibration(Tier.C, Relationship.UNKNOWN, 1, "drawn", wedge_corners=((1.0, 2.0), (1.0, 3.5)))
SIDES = st.tuples(st.integers(1, 7), st.integers(1, 7))


def _film(pixels: np.ndarray, valid: np.ndarray, turns: int, sides_mm: tuple[float, float] = (0.2, 0.3)) -> Radiograph:
    """A picture laid down with some quarter turns more; its pixels are not square."""
    row_mm, column_mm = sides_mm[::-1] if turns % 2 else sides_mm
    spacing = Spacing(row_mm, column_mm, SpacingBasis.DETECTOR, "drawn")
    laid, reached = np.rot90(pixels, turns), np.rot90(valid, turns)
    return Radiograph(pixels=laid, valid=reached, spacing=spacing, acquisition=Acquisition(), calibration=replace(GREY, wedge_corners=()))


@given(SIDES.flatmap(lambda shape: st.tuples(arrays(np.float32, shape, elements=st.integers(-4, 4)), arrays(bool, shape))))
def test_all_turns_of_a_picture_become_one(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    """Law: whatever is drawn, symmetric, blank or invalid in part, its four turns become one and the same picture."""
    pixels, valid = drawn
    seen = []
    for turns in range(4):
        film = _film(pixels, valid, turns)
        upright = canonical_pose(film).radiograph(film)
        seen.append((upright.pixels.tolist(), upright.valid_mask.tolist()))
    assert all(one == seen[0] for one in seen)


@pytest.mark.parametrize("turns", range(4))
def test_a_film_goes_there_and_back(turns: int) -> None:
    """Pictures, places, windows and sizes of pixels: what is turned comes back, and a pixel's value stays at its place."""
    pose, pixels = Pose(turns), np.arange(12, dtype=np.float32).reshape(3, 4)
    turned = pose.turned(pixels)
    assert turned.shape == pose.shape((3, 4))
    assert np.array_equal(pose.back(turned), pixels)
    for place in np.ndindex(3, 4):
        there = pose.place(place, (3, 4))
        assert turned[there] == pixels[place]
        assert pose.place_back(there, (3, 4)) == place
    window = (slice(0, 2), slice(1, 2))
    assert np.array_equal(pose.turned(pixels[pose.window_back(window, (3, 4))]), turned[window])
    assert pose.sides(*pose.sides(0.2, 0.3)) == (0.2, 0.3)


@pytest.mark.parametrize("turns", range(4))
def test_a_turned_film_knows_its_wedge_and_its_pixels(turns: int) -> None:
    """Spacing, stated size and the corners of the wedge turn with the film."""
    film = replace(small_radiograph(), calibration=GREY, spacing=Spacing(0.2, 0.3, SpacingBasis.DETECTOR, "drawn"))
    turned = Pose(turns).radiograph(film)
    assert (turned.acquisition.rows, turned.acquisition.columns) == turned.shape
    assert (turned.spacing.row_mm, turned.spacing.column_mm) == ((0.3, 0.2) if turns % 2 else (0.2, 0.3))
    assert [Pose(turns).place_back(c, film.shape) for c in turned.calibration.wedge_corners] == list(GREY.wedge_corners)


@pytest.mark.parametrize("turns", range(4))
def test_the_long_way_lies_down_the_rows_with_its_tail_up(turns: int) -> None:
    """A wedge-shaped limb with its thin end to any side comes to lie with the thin end up."""
    limb = np.zeros((40, 30), np.float32)
    for row in range(5, 40):
        limb[row, 15 - row // 6 : 15 + row // 6] = 1.0
    film = _film(limb, np.ones(limb.shape, bool), turns, (0.2, 0.2))
    assert np.array_equal(canonical_pose(film).turned(film.pixels), limb)
