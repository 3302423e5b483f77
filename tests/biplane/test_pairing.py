"""Which deposit of one view is which of the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcitrack.biplane import Shadow, Shift, extent, orthogonal, pair, register
from calcitrack.model.measurement import LimbAxis

HERE = Shift(1, 0.0, "made")


def _bumpy(start: float, stop: float) -> np.ndarray:
    """A profile with the features of a joint."""
    x = np.arange(start, stop, 0.5)
    return 30 + 0.05 * x + 9 * np.exp(-(((x - 80) / 14) ** 2)) + 5 * np.exp(-(((x - 104) / 7) ** 2)) - 4 * np.exp(-(((x - 91) / 3) ** 2))


def _axis(values: np.ndarray, start: float = 0.0, free: float | None = None) -> LimbAxis:
    return LimbAxis((1.0, 0.0), free, start, 0.5, tuple(values))


@pytest.mark.parametrize(
    ("one", "other", "expected"), [("PA", "LAT", True), ("LL", "ap", True), ("DP", "ML", True), ("PA", "AP", False), ("PA", "", False)]
)
def test_orthogonal_views(one: str, other: str, expected: bool) -> None:
    """A frontal and a lateral view, in either order; oblique, unknown and equal ones are not."""
    assert orthogonal(one, other) == orthogonal(other, one) == expected
    assert not orthogonal("OBLIQUE", other)


def test_profiles_lay_two_films_beside_each_other() -> None:
    """Another part of the same limb, fainter by a tenth, scaled noise on it: the shift within 1 mm, forwards."""
    noise = np.random.default_rng(1).normal(0, 0.2, 320)
    second = 0.9 * _bumpy(12.0, 172.0) + noise
    shift = register(_axis(_bumpy(0, 160)), _axis(second, start=3.0))
    assert (shift.sense, shift.offset_mm) == (1, pytest.approx(9.0, abs=1))
    assert "attenuation along the limb" in shift.source


def test_film_upside_down_is_laid_backwards() -> None:
    """A profile that runs the other way is recognised as such."""
    shift = register(_axis(_bumpy(0, 160)), _axis(_bumpy(0, 160)[::-1]))
    assert (shift.sense, shift.offset_mm) == (-1, pytest.approx(159.5, abs=1))


def test_free_ends_serve_where_values_are_no_attenuation() -> None:
    """Tier C: tip on tip."""
    first, second = (replace(_axis(np.zeros(0), free=f), profile=None) for f in (14.0, 20.5))
    shift = register(first, second)
    assert (shift.sense, shift.offset_mm, shift.source) == (1, -6.5, "by the limb's free end")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.linspace(20, 40, 320), "does not agree"),
        (30 + np.sin(np.arange(320) * 0.5 / 10 * 2 * np.pi), "does not agree"),
        (None, "values are no attenuation"),
    ],
)
def test_unknown_shift_is_said(values, words: str) -> None:
    """A limb without features, one that looks alike every centimetre, and no attenuation at all: no shift, but the reason."""
    axis = replace(_axis(np.zeros(0)), profile=None) if values is None else _axis(values)
    assert words in register(axis, axis)


def test_profiles_shift_must_agree_with_the_free_ends() -> None:
    """Where both tips are on the films, a profile that says otherwise is not believed."""
    first, second = _axis(_bumpy(0, 160), free=0.0), _axis(_bumpy(0, 160), free=40.0)
    assert register(first, second).source == "by the limb's free end"


def test_extent_reaches_to_the_outer_edges_of_pixels() -> None:
    """Along rows: first pixel's upper edge to last pixel's lower edge; against them, mirrored."""
    inside = np.zeros((6, 4), bool)
    inside[1:5, 2] = True
    assert extent(inside, (10, 0), (0.5, 0.2), (1.0, 0.0)) == pytest.approx((5.5, 7.5))
    assert extent(inside, (10, 0), (0.5, 0.2), (-1.0, 0.0)) == pytest.approx((-7.5, -5.5))


def test_deposits_apart_are_paired_across_the_shift() -> None:
    """Three deposits along the limb, the second film upside down and moved: each finds itself."""
    first = [Shadow(1, 10, 14, 8.0, 0.5), Shadow(2, 40, 42, 1.0, 0.2), Shadow(3, 80, 95, 90.0, 9.0)]
    second = [Shadow(7, 105.5, 120, 80.0, 8.0), Shadow(8, 158, 160, 1.1, 0.2), Shadow(9, 186, 190, 8.4, 0.5)]
    assert pair(first, second, Shift(-1, 200.0, "made")) == ((1, 9), (2, 8), (3, 7))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"first_mm": 16.0, "last_mm": 20.0}, "extents do not overlap"),
        ({"last_mm": 16.0}, "another length"),
        ({"mass_mg": 20.0}, "another mass"),
    ],
)
def test_shadows_of_different_things_are_not_paired(change, why: str) -> None:
    """Elsewhere along the limb, longer, or heavier: no pair."""
    one = Shadow(1, 10, 14, 8.0, 0.5)
    assert pair([one], [replace(one, label=5)], HERE) == ((1, 5),)
    assert pair([one], [replace(one, label=5, **change)], HERE) == (), why


def test_two_that_could_be_meant_are_none() -> None:
    """A second deposit at the same height leaves both without a partner, unless the masses tell them apart."""
    one = Shadow(1, 10, 14)
    assert pair([one], [Shadow(5, 10, 14), Shadow(6, 11, 15)], HERE) == ()
    assert pair([one, Shadow(2, 11, 15)], [Shadow(5, 10, 14)], HERE) == ()
    light, heavy = Shadow(1, 10, 14, 3.0, 0.2), Shadow(2, 11, 15, 9.0, 0.5)
    assert pair([light, heavy], [replace(light, label=5), replace(heavy, label=6)], HERE) == ((1, 5), (2, 6))


@pytest.mark.parametrize(("mass", "paired"), [(12.5, True), (13.5, False), (5.2, True), (4.8, False), (-1.0, False)])
def test_uncertain_masses_must_still_be_of_one_size(mass: float, paired: bool) -> None:
    """A standard deviation of 5 mg allows much, but 8 mg is no 13.5 and no 4.8, and less than nothing is no mass."""
    found = pair([Shadow(1, 10, 14, 8.0, 5.0)], [Shadow(5, 10, 14, mass, 5.0)], HERE)
    assert found == (((1, 5),) if paired else ())


def test_nothing_on_one_film_is_no_pair() -> None:
    """Empty on either side."""
    assert pair([], [Shadow(1, 0, 1)], HERE) == pair([Shadow(1, 0, 1)], [], HERE) == ()
