"""The overview, and what it and the search network say together."""

from __future__ import annotations

import numpy as np
import pytest

from calcitrack.phantom.film import film
from calcitrack.phantom.population import Exposures, Population
from calcitrack.phantom.radiograph import as_radiograph
from calcitrack.phantom.simulate import SimulatedFilm
from calcitrack.phantom.specs import BodyPart, Style
from calcitrack.segment.grid import Grid
from calcitrack.segment.joined import LEAST_MASS_MM2, MASS_SEED, joined, masses
from calcitrack.segment.network import Chances
from calcitrack.segment.overview import Overview, likely_size, overlap, overview
from calcitrack.segment.parts import SEED_CHANCE
from calcitrack.segment.radiograph import searched

SHAPE = (300, 300)


def _overview(**layers: np.ndarray) -> Overview:
    nothing = np.zeros(SHAPE, np.float32)
    return Overview(**{name: layers.get(name, nothing) for name in ("deposit", "bone", "limb", "foreign", "doubt")})


def _square(half_px: int, chance: float, row: int = 150, column: int = 150) -> np.ndarray:
    layer = np.zeros(SHAPE, np.float32)
    layer[row - half_px : row + half_px + 1, column - half_px : column + half_px + 1] = chance
    return layer


@pytest.fixture(scope="module")
def elbow() -> SimulatedFilm:
    """An elbow with a tumoral mass, as a picture for the eye."""
    return film(31, Population(body_part=BodyPart.ELBOW, burden="tumoral"), Exposures(style=Style.PRESENTATION, pitch_mm=(0.2, 0.2), cut=0.0))


def test_the_overview_tells_bone_from_flesh_on_any_grey_scale(elbow: SimulatedFilm) -> None:
    """Dice of 0.85 or more for the bones of a film, of the film through a steep curve, and of the film upside down."""
    radiograph = as_radiograph(elbow)
    pitch = elbow.visit.field.pitch_mm
    grid = Grid(radiograph.shape, pitch, pitch)
    image, _ = searched(radiograph, grid)
    valid, bone = np.ones(image.shape, bool), grid.down_mask(elbow.bone)
    span = np.ptp(image)
    for shown, true in ((image, bone), (np.exp(1.5 * (image - image.min()) / span).astype(np.float32), bone), (image[::-1], bone[::-1])):
        assert overlap(overview(np.ascontiguousarray(shown), valid).bone > 0.5, true) >= 0.85


def test_the_likely_size_is_right_within_a_third(elbow: SimulatedFilm) -> None:
    """Bones tell how large a pixel is."""
    radiograph = as_radiograph(elbow)
    pitch = elbow.visit.field.pitch_mm
    image, _ = searched(radiograph, Grid(radiograph.shape, pitch, pitch))
    assert 0.7 <= likely_size(image, np.ones(image.shape, bool)) <= 1.4


def test_only_large_parts_are_masses() -> None:
    """A part as small as the search network's deposits is left to it; a large faint one is none."""
    small, large = int(np.sqrt(LEAST_MASS_MM2) / 0.2 / 2) - 2, 40
    assert not masses(_overview(deposit=_square(small, 0.95))).any()
    assert masses(_overview(deposit=_square(large, 0.95))).sum() == 81**2
    assert not masses(_overview(deposit=_square(large, MASS_SEED - 0.05))).any()


def test_a_mass_is_a_deposit_though_the_search_network_calls_it_bone() -> None:
    """The overview's mass is drawn whatever its brightness; what it takes for no bone is none on a film unlike those that were searched."""
    nothing, mass = np.zeros(SHAPE, np.float32), _square(40, 0.95)
    both = joined(Chances(nothing, np.ones(SHAPE, np.float32), nothing + 1), _overview(deposit=mass, limb=nothing + 1))
    assert (both.deposit[mass > 0] >= 0.9).all()
    assert not both.deposit[mass == 0].any()
    assert not (both.bone > 0.5).any()


@pytest.mark.parametrize(("chance", "searched", "added"), [(0.97, 0.0, True), (0.97, 0.9, False), (0.9, 0.0, False)])
def test_where_the_networks_agree_a_sure_mass_that_the_search_network_misses_is_added(chance: float, searched: float, *, added: bool) -> None:
    """1 cm2 of which the overview is sure, beside a bone that both see: added, unless the search network draws half of it, or it is not that sure."""
    bone, mass = _square(60, 0.999, column=70), _square(33, chance, column=220)
    own = np.where(_square(23, 1.0, column=220) > 0, searched, 0).astype(np.float32)
    both = joined(Chances(own, bone, np.ones(SHAPE, np.float32)), _overview(deposit=mass, bone=bone, limb=np.ones(SHAPE, np.float32)))
    assert bool((both.deposit[mass > 0] >= SEED_CHANCE).all()) is added
    assert np.array_equal(both.deposit[mass == 0], own[mass == 0])
    assert added or np.array_equal(both.deposit, own)


def test_letters_hold_no_deposit() -> None:
    """A deposit of the search network on a foreign object is dropped, and one beside it stays."""
    chances = Chances(_square(6, 0.95) + _square(6, 0.95, column=50), np.zeros(SHAPE, np.float32), np.ones(SHAPE, np.float32))
    limb, bone = np.ones(SHAPE, np.float32), _square(20, 0.9, row=250)
    both = joined(chances, _overview(foreign=_square(10, 0.9), limb=limb, bone=bone))
    assert not both.deposit[:, 100:].any()
    assert both.deposit[:, :100].sum() == pytest.approx(0.95 * 13**2)


def test_where_the_networks_agree_the_finer_outline_holds() -> None:
    """Bone whose edge the overview sees a little wider ends where the search network says, and the other way round where they disagree."""
    fine, coarse = _square(60, 0.999), _square(62, 0.7)
    nothing = np.zeros(SHAPE, np.float32)
    assert np.array_equal(joined(Chances(nothing, fine, fine), _overview(bone=coarse, limb=fine)).bone > 0.5, fine > 0.5)
    elsewhere = _square(60, 0.999, column=70)
    assert np.array_equal(joined(Chances(nothing, elsewhere, fine), _overview(bone=coarse, limb=fine)).bone > 0.5, coarse > 0.5)


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (900, 3), (40, 7000)])
def test_odd_shapes_have_an_overview(shape: tuple[int, int]) -> None:
    """A strip and a speck are answered on their own grid, with finite numbers; so is a film without any contrast."""
    for values in (np.zeros(shape, np.float32), np.random.default_rng(2).random(shape, np.float32)):
        valid = np.ones(shape, bool)
        seen = overview(values, valid)
        assert all(layer.shape == shape and np.isfinite(layer).all() for layer in (seen.deposit, seen.bone, seen.limb, seen.foreign, seen.doubt))
        assert np.isfinite(likely_size(values, valid))
