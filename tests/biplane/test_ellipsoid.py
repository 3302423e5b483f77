"""Volume from two orthogonal shadows."""

from __future__ import annotations

import numpy as np
import pytest

from calcitrack.biplane.ellipsoid import MODEL, MODEL_UNCHECKED, Silhouette, biplane_volume, ellipsoid_volume, fill_of

RANGE = (400 / 3, 1200.0)
PIXEL_MM = 0.1


def _shadows(shape: np.ndarray) -> tuple[float, float, float, float]:
    """Volume of the ellipsoid x' inv(shape) x <= 1, its areas seen along y and along x, and its extent along z."""
    volume = 4 / 3 * np.pi * np.sqrt(np.linalg.det(shape))
    seen = [np.pi * np.sqrt(np.linalg.det(shape[np.ix_(kept, kept)])) for kept in ([0, 2], [1, 2])]
    return volume, *seen, 2 * np.sqrt(shape[2, 2])


def _tilted(semi_axes: tuple[float, float, float], tilt: tuple[float, float]) -> np.ndarray:
    """An ellipsoid sheared along z: every tilt against the shared axis whose section across z keeps its axes along x and y."""
    frame = np.array([[1, 0, tilt[0]], [0, 1, tilt[1]], [0, 0, 1]])
    return frame @ np.diag(np.square(semi_axes)) @ frame.T


@pytest.mark.parametrize("semi_axes", [(3.0, 3.0, 3.0), (1.0, 2.0, 5.0), (6.0, 0.8, 2.0)])
@pytest.mark.parametrize("tilt", [(0.0, 0.0), (0.5, -0.3), (-1.2, 0.9)])
def test_ellipsoids_are_exact_however_tilted_along_the_axis(semi_axes, tilt) -> None:
    """Law: with the extent along the shared axis, the formula is the ellipsoid's own volume."""
    volume, a, b, length = _shadows(_tilted(semi_axes, tilt))
    assert ellipsoid_volume(a, b, length) == pytest.approx(volume)


@pytest.mark.parametrize("seed", range(8))
def test_sections_askew_are_never_too_small(seed: int) -> None:
    """Law: for any ellipsoid the formula is the volume over sqrt(1 - r^2), r the correlation of the section's two directions."""
    matrix = np.random.default_rng(seed).normal(size=(3, 3))
    shape = matrix @ matrix.T
    section = shape[:2, :2] - np.outer(shape[:2, 2], shape[:2, 2]) / shape[2, 2]
    r = section[0, 1] / np.sqrt(section[0, 0] * section[1, 1])
    volume, a, b, length = _shadows(shape)
    assert ellipsoid_volume(a, b, length) == pytest.approx(volume / np.sqrt(1 - r**2))


def _drawn(half_width: float, half_length: float) -> np.ndarray:
    """Pixels of an upright ellipse."""
    size = int(2 * max(half_width, half_length) / PIXEL_MM) + 8
    y, x = (np.mgrid[:size, :size] - (size - 1) / 2) * PIXEL_MM
    return (x / half_width) ** 2 + (y / half_length) ** 2 <= 1


@pytest.mark.parametrize("semi_axes", [(2.0, 3.0, 4.0), (1.0, 1.5, 1.2)])
def test_drawn_ellipsoid_is_recovered(semi_axes) -> None:
    """From pixels: within 4 %, and each shadow fills its ellipse."""
    x, y, z = semi_axes
    shadows = [_drawn(x, z), _drawn(y, z)]
    a, b = (Silhouette(s.sum() * PIXEL_MM**2, 2 * z, 0.0, fill_of(s, PIXEL_MM, PIXEL_MM)) for s in shadows)
    assert min(a.fill, b.fill) > 0.97
    assert biplane_volume(a, b, RANGE).value == pytest.approx(4 / 3 * np.pi * x * y * z, rel=0.04)


def test_uncertainty_grows_as_deposits_shrink_and_extents_differ() -> None:
    """At least the model's 40 % with a mass, 47 % without; more for small ones, for extents that differ and for an uncertain plane."""

    def relative(radius: float, stretch: float = 1.0, sd: float = 0.0, mass: bool = True) -> float:
        area, volume = np.pi * radius**2, 4 / 3 * np.pi * radius**3
        one = Silhouette(area, 2 * radius, sd, 1.0, 0.4 * volume if mass else None)
        found = biplane_volume(one, Silhouette(area, 2 * radius * stretch, sd), RANGE)
        assert found.model == (MODEL if mass else MODEL_UNCHECKED)
        return found.sd / found.value

    assert relative(10) == pytest.approx(0.4025, abs=0.001)
    assert relative(10, mass=False) == pytest.approx(0.472, abs=0.001)
    assert relative(1) == pytest.approx(np.hypot(0.4, 0.45))
    assert relative(10, stretch=1.3) == pytest.approx(np.sqrt(0.4**2 + 0.13043**2 + (0.45 / 11.5) ** 2), rel=1e-3)
    assert relative(10, sd=0.1) == pytest.approx(np.sqrt(0.4**2 + 0.045**2 + (0.15 * np.sqrt(2)) ** 2))


def test_nets_are_no_ellipsoids() -> None:
    """A shadow with holes, or two spots apart, covers little of its ellipse and has no volume from shape."""
    net = _drawn(4, 4)
    net[::3] = False
    spots = np.zeros((60, 60), bool)
    spots[5:12, 5:12] = spots[45:52, 45:52] = True
    fills = [fill_of(s, PIXEL_MM, PIXEL_MM) for s in (net, spots)]
    assert max(fills) < 0.85
    whole = Silhouette(50.0, 8.0, 0.0)
    assert all(biplane_volume(Silhouette(50.0, 8.0, 0.0, fill), whole, RANGE) is None for fill in fills)


@pytest.mark.parametrize(("concentration", "filled"), [(50.0, False), (200.0, True), (1000.0, True), (1500.0, False)])
def test_sheets_are_told_by_their_mass(concentration: float, filled: bool) -> None:
    """A mass that, spread over the ellipsoid, is thinner or denser than any deposit: no volume from shape."""
    ball = Silhouette(np.pi * 9, 6.0, 0.0, 1.0, concentration * 36 * np.pi / 1000)
    assert (biplane_volume(ball, Silhouette(np.pi * 9, 6.0, 0.0), RANGE) is not None) == filled


def test_smallest_shadows_count_as_filled() -> None:
    """One pixel, and a row of them, are what an ellipse of that size looks like."""
    assert fill_of(np.ones((1, 1), bool), 0.2, 0.2) == pytest.approx(12 / (4 * np.pi))
    assert fill_of(np.ones((1, 9), bool), 0.2, 0.2) > 0.85
