"""Scenes on which the anatomy network is trained: repeatable, varied, and true to what is drawn."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def _benchmarks_can_be_imported() -> None:
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Layers of three simulated films: a hand of a small child, an elbow, a knee."""
    from benchmarks.anatomy.layers import layers

    folder = tmp_path_factory.mktemp("layers")
    for seed in (0, 1, 2):
        drawn = layers(seed)
        np.save(folder / f"{seed}.areal.npy", drawn.areal)
        np.save(folder / f"{seed}.truth.npy", drawn.truth)
    return [folder / str(seed) for seed in (0, 1, 2)]


def test_layers_hold_bone_within_the_limb(films: list[Path]) -> None:
    """Bone has mineral and lies within the limb; air holds neither flesh nor mineral."""
    from benchmarks.anatomy.layers import BONE, IS_BONE, IS_LIMB, SOFT, load

    for path in films:
        film = load(path)
        bone, limb = (film.truth & IS_BONE) > 0, (film.truth & IS_LIMB) > 0
        assert bone.any()
        assert (bone & ~limb).sum() == 0
        assert np.asarray(film.areal[BONE])[bone].mean() > 0.05
        assert np.asarray(film.areal[SOFT])[~limb].max() < 0.2


def test_a_patch_is_decided_by_seed_and_number(films: list[Path]) -> None:
    """The same number gives the same patch, another one another: training that was ended goes on as if it had not been."""
    from benchmarks.anatomy.scene import patch

    first, again, other = patch(films, [], 3, 7), patch(films, [], 3, 7), patch(films, [], 3, 8)
    np.testing.assert_array_equal(first.pictures, again.pictures)
    np.testing.assert_array_equal(first.truth, again.truth)
    assert not np.array_equal(first.truth, other.truth)


def test_patches_hold_masses_of_centimetres(films: list[Path]) -> None:
    """Among a few dozen patches some show a deposit of more than 3 cm2, some none, and every picture is finite."""
    from benchmarks.anatomy.layers import IS_DEPOSIT, PIXEL_MM
    from benchmarks.anatomy.scene import DEPOSIT_UNJUDGED, SIDE, patch

    areas = []
    for number in range(40):
        cut = patch(films, [], 1, number)
        assert cut.pictures.shape == (5, SIDE, SIDE)
        assert np.isfinite(cut.pictures).all()
        judged = ((cut.truth & IS_DEPOSIT) > 0) & ((cut.truth & DEPOSIT_UNJUDGED) == 0)
        areas.append(judged.sum() * PIXEL_MM**2)
    assert max(areas) > 300
    assert min(areas) == 0


@pytest.mark.parametrize("number", range(12))
def test_a_mass_ends_within_its_picture(number: int) -> None:
    """No form is cut off by the square it is drawn on: a straight border would give deposits away."""
    from benchmarks.anatomy.masses import FORMS

    for form in FORMS:
        drawn = form.draw(np.random.default_rng([5, number]), 60.0)
        rim = np.concatenate([drawn[0], drawn[-1], drawn[:, 0], drawn[:, -1]])
        assert np.isfinite(drawn).all()
        assert drawn.max() > 0.5
        assert rim.max() < 0.1


def test_real_backgrounds_teach_no_anatomy(films: list[Path]) -> None:
    """Nobody outlined the bones of a real film: there only deposits are judged."""
    from benchmarks.anatomy.scene import ANATOMY_UNJUDGED, patch

    picture = np.clip(np.random.default_rng(0).random((300, 260)).astype(np.float32), 0, 1)
    patches = [patch(films, [picture], 2, n) for n in range(60)]
    unjudged = [((p.truth & ANATOMY_UNJUDGED) > 0).mean() > 0.5 for p in patches]
    assert 0 < sum(unjudged) < 30
