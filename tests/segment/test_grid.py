"""Masks on the search grid."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from calcitrack.segment.grid import filled


@given(mask=arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_holes_are_those_of_scipy(mask: np.ndarray) -> None:
    """Law: what is filled is what `scipy.ndimage.binary_fill_holes` fills, for any mask."""
    np.testing.assert_array_equal(filled(mask), ndimage.binary_fill_holes(mask))
