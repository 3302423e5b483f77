"""Smooth maps of positions, and the alignment that uses them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcitrack.errors import InvalidValueError
from calcitrack.model.alignment import Alignment
from calcitrack.model.warp import Warp

SIZE = (30, 20)
TURNED = ((0.9, -0.2, 4.0), (0.2, 0.9, -3.0))
PLACES = st.tuples(st.floats(0, 58), st.floats(0, 57))


def _warp(amplitude: float = 2.0) -> Warp:
    """A swelling in the middle, on nodes 2 x 3 pixels apart."""
    rows, columns = np.indices(SIZE)
    bump = amplitude * np.exp(-(((rows - 14) / 6) ** 2) - ((columns - 9) / 4) ** 2)
    return Warp((2.0, 3.0), np.stack([bump, -bump], axis=-1).astype(np.float32), columns < 15)


@given(at=PLACES)
def test_there_and_back(at: tuple[float, float]) -> None:
    """To the image and back is the identity wherever the map does not fold."""
    alignment = Alignment(TURNED, 0.1, warp=_warp())
    assert alignment.to_baseline(alignment.to_image(at)) == pytest.approx(at, abs=1e-4)


@given(at=st.tuples(st.floats(-50, 200), st.floats(-50, 200)))
def test_a_map_without_bending_is_its_matrix(at: tuple[float, float]) -> None:
    """Without a warp, and with one of zero shifts, positions follow the matrix, beyond the grid too."""
    matrix = np.array(TURNED)
    still = Warp((2.0, 3.0), np.zeros((*SIZE, 2), np.float32), np.ones(SIZE, bool))
    for warp in (None, still):
        alignment = Alignment(TURNED, 0.1, warp=warp)
        assert alignment.to_image(at) == pytest.approx(matrix[:, :2] @ at + matrix[:, 2])
        assert alignment.to_baseline(alignment.to_image(at)) == pytest.approx(at, abs=1e-6)


def test_many_positions_are_carried_like_one() -> None:
    """Shapes (2,), (n, 2) and (m, n, 2) give the same places."""
    alignment = Alignment(TURNED, 0.1, warp=_warp())
    grid = np.random.default_rng(1).uniform(0, 50, (3, 4, 2))
    for carry in (alignment.to_image, alignment.to_baseline):
        assert carry(grid).reshape(-1, 2) == pytest.approx(carry(grid.reshape(-1, 2)), abs=1e-5)
        assert carry(grid)[1, 2] == pytest.approx(carry(grid[1, 2]), abs=1e-5)
    assert alignment.to_image(np.zeros((0, 2))).shape == (0, 2)
    assert alignment.to_baseline(np.zeros((0, 2))).shape == (0, 2)


def test_slopes_are_the_derivative_of_the_shift() -> None:
    """The slope agrees with finite differences inside a cell."""
    warp = _warp()
    at = np.array([27.3, 25.9])
    for axis, step in enumerate(np.eye(2) * 1e-4):
        difference = (warp.at(at + step) - warp.at(at - step)) / 2e-4
        assert warp.slope_at(at)[:, axis] == pytest.approx(difference, abs=1e-4)


def test_only_trusted_places_are_ok() -> None:
    """A place is ok where its nearest node is trusted, and nowhere once the whole failed."""
    places = np.array([[10.0, 30.0], [10.0, 50.0]])
    assert Alignment(TURNED, 0.1, warp=_warp()).ok_at(places).tolist() == [True, False]
    assert not Alignment(TURNED, 0.1, False, "failed", warp=_warp()).ok_at(places).any()
    assert Alignment(TURNED, 0.1).ok_at(places).all()


@pytest.mark.parametrize(
    ("step", "shift", "trusted", "said"),
    [
        ((1, 1), np.zeros((1, 4, 2)), np.ones((1, 4)), "at least 2 x 2 nodes"),
        ((1, 1), np.zeros((4, 4, 3)), np.ones((4, 4)), "rows, columns, 2"),
        ((1, 1), np.zeros((4, 4, 2)), np.ones((4, 3)), "one value for each node"),
        ((1, 1), np.full((4, 4, 2), np.nan), np.ones((4, 4)), "finite"),
        ((0, 1), np.zeros((4, 4, 2)), np.ones((4, 4)), "positive"),
    ],
)
def test_impossible_maps_are_refused(step: tuple[float, float], shift: np.ndarray, trusted: np.ndarray, said: str) -> None:
    """A map that cannot be is refused with what was expected."""
    with pytest.raises(InvalidValueError, match=said):
        Warp(step, shift, trusted)


@pytest.mark.parametrize("seed", range(4))
def test_where_a_map_folds_its_inverse_stays_near(seed: int) -> None:
    """Places that a wildly folding map reaches nowhere lie where it comes nearest to them, not millions of pixels away."""
    rng = np.random.default_rng(seed)
    folded = Alignment(((1, 0, 0), (0, 1, 0)), 0.1, warp=Warp((5.0, 5.0), rng.normal(0, 60, (30, 25, 2)).astype(np.float32), np.ones((30, 25), bool)))
    places = rng.uniform(-300, 300, (400, 2))
    found = folded.to_baseline(places)
    nodes = folded.warp.nodes().reshape(-1, 2)
    nearest = np.abs(places[:, None] - folded.to_image(nodes)[None]).max(axis=2).min(axis=1)
    assert (np.abs(places - folded.to_image(found)).max(axis=1) <= nearest * np.sqrt(2) + 1e-6).all()
    assert np.abs(found).max() < 1000
