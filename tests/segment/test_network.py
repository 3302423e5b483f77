"""The network and what it sees."""

from __future__ import annotations

import numpy as np
import pytest

from calcitrack.segment import network
from calcitrack.segment.network import MARGIN_PX, TILE_PX, chances
from calcitrack.segment.network_input import network_input


def _film(rows: int = 150, columns: int = 130) -> np.ndarray:
    """A bright bar on a slope, with grain."""
    y, x = np.mgrid[:rows, :columns]
    bar = ((x > columns * 0.4) & (x < columns * 0.6)).astype(float)
    return (0.5 + 0.004 * y + bar + 0.01 * np.random.default_rng(3).standard_normal((rows, columns))).astype(np.float32)


def test_rank_picture_survives_any_rising_curve() -> None:
    """Law: a vendor's curve leaves the rank of the film's values nearly as it was."""
    film = _film()
    valid = np.ones(film.shape, bool)
    plain, curved = network_input(film, valid)[0], network_input(np.tanh(film) * 3000, valid)[0]
    assert np.abs(plain - curved).mean() < 0.01


@pytest.mark.parametrize(("gain", "offset"), [(400.0, 0.0), (0.01, 7.0)])
def test_no_picture_depends_on_gain_and_offset(gain: float, offset: float) -> None:
    """Law: all five pictures are the same when values are scaled and shifted."""
    film = _film()
    valid = np.ones(film.shape, bool)
    plain, scaled = network_input(film, valid), network_input(gain * film + offset, valid)
    assert plain.shape == (5, *film.shape)
    assert np.abs(plain - scaled).max() < 0.02


def test_what_is_outside_the_field_is_not_seen() -> None:
    """Law: values outside the valid field change nothing inside that lies away from its edge, and no probability is given there."""
    film = _film()
    valid = np.ones(film.shape, bool)
    valid[:40] = False
    other = film.copy()
    other[:40] = 99.0
    assert np.array_equal(network_input(film, valid), network_input(other, valid))
    seen = chances(other, valid)
    for part in (seen.deposit, seen.bone, seen.limb):
        assert not part[:40].any()
        assert part.min() >= 0
        assert part.max() <= 1


def test_tiles_do_not_show() -> None:
    """Law: a film of several tiles shows no seam where they meet."""
    rows = TILE_PX + 96
    film = _film(rows, 160)
    valid = np.ones(film.shape, bool)
    whole = chances(film, valid)
    assert whole.bone.shape == film.shape
    seam = slice(rows // 2 - 4, rows // 2 + 4)
    steps = np.abs(np.diff(whole.bone, axis=0))
    assert steps[seam].mean() < steps.mean() * 5 + 0.02


def test_air_around_is_not_asked_about_and_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the box around what lies in the beam is searched, its margin included; a speck of a marker's letter does not widen it."""
    film = np.full((700, 500), 0.1, np.float32) + 0.003 * np.random.default_rng(4).standard_normal((700, 500)).astype(np.float32)
    film[300:450, 200:330] += _film()
    film[20:80, 30:34] = 3.0
    valid = np.ones(film.shape, bool)
    assert network._occupied(network_input(film, valid)[2], valid) == (
        slice(300 - MARGIN_PX, 450 + MARGIN_PX),
        slice(200 - MARGIN_PX, 330 + MARGIN_PX),
    )
    asked = chances(film, valid)
    assert asked.limb[:200].max() < 1e-9
    monkeypatch.setattr(network, "DENSER_THAN_AIR", -9.0)
    whole = chances(film, valid)
    assert np.abs(asked.deposit - whole.deposit)[300:450, 200:330].mean() < 0.01
    assert np.abs(asked.bone - whole.bone)[300:450, 200:330].mean() < 0.01


def test_a_film_without_anything_in_the_beam_has_no_chances() -> None:
    """An even film: nothing is asked."""
    film = np.ones((120, 110), np.float32)
    seen = chances(film, np.ones(film.shape, bool))
    assert max(seen.deposit.max(), seen.bone.max(), seen.limb.max()) < 1e-9
