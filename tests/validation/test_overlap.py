from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from calcitrack.errors import InvalidValueError
from calcitrack.validation.overlap import overlap

MAPS = arrays(np.uint16, (4, 5), elements=st.sampled_from([0, 1, 2, 65535]))


def test_pixels_are_counted() -> None:
    """Two maps of five pixels: counts by hand."""
    shared = overlap(np.array([[1, 1, 1, 2, 0]], np.uint16), np.array([[7, 7, 0, 7, 7]], np.uint16))
    assert shared.found == {1: 3, 2: 1}
    assert shared.true == {7: 4}
    assert shared.common == {(1, 7): 2, (2, 7): 1}
    assert shared.of_true(7) == {1: 2, 2: 1}
    assert shared.true_share(1) == pytest.approx(2 / 3)


@given(MAPS, MAPS)
def test_swapping_the_maps_swaps_the_counts(one: np.ndarray, two: np.ndarray) -> None:
    """Overlap knows no order but that of its names, and no pixel is counted twice."""
    there, back = overlap(one, two), overlap(two, one)
    assert there.found == back.true
    assert there.common == {(a, b): n for (b, a), n in back.common.items()}
    assert sum(there.common.values()) == ((one > 0) & (two > 0)).sum()


def test_other_shapes_are_refused() -> None:
    """Maps of two sizes belong to two films."""
    with pytest.raises(InvalidValueError, match=r"have one shape; found \(2, 2\) and \(2, 3\)"):
        overlap(np.zeros((2, 2), np.uint16), np.zeros((2, 3), np.uint16))
