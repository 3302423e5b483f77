"""Scenes on which the anatomy network is trained: repeatable, varied, and true to what is drawn."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
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


def test_real_grounds_teach_only_what_is_sure(films: list[Path]) -> None:
    """On a real film nobody outlined the bones: where the overview is unsure, only deposits are judged; elsewhere its bones count."""
    from benchmarks.anatomy.grounds import UNSURE, Ground
    from benchmarks.anatomy.layers import IS_BONE, IS_LIMB
    from benchmarks.anatomy.scene import ANATOMY_UNJUDGED, patch

    picture = np.clip(np.random.default_rng(0).random((300, 260)).astype(np.float32), 0, 1)
    unsure = Ground(picture, np.full(picture.shape, IS_LIMB | UNSURE, np.uint8))
    sure = Ground(picture, np.full(picture.shape, IS_LIMB | IS_BONE, np.uint8))
    kept, told = ([patch(films, [ground], 2, n).truth for n in range(60)] for ground in (unsure, sure))
    unjudged = [((truth & ANATOMY_UNJUDGED) > 0).mean() > 0.5 for truth in kept]
    assert 10 < sum(unjudged) < 50
    assert not any(((truth & ANATOMY_UNJUDGED) > 0).any() for truth in told)
    assert np.mean([(truth & IS_BONE > 0).mean() for truth, real in zip(told, unjudged, strict=True) if real]) > 0.5


def test_long_deposits_lie_along_the_bone() -> None:
    """A band drawn across the bone that fills the lower rows is turned until it lies along the bone's outline."""
    from benchmarks.anatomy.scene import _along

    bone = np.zeros((120, 120), bool)
    bone[80:] = True
    away = cv2.distanceTransform((~bone).astype(np.uint8), cv2.DIST_L2, 3)
    band = np.zeros((60, 60), np.float32)
    band[5:55, 27:33] = 1
    for drawn in (band, band.T.copy(), cv2.warpAffine(band, cv2.getRotationMatrix2D((30, 30), 40, 1.0), (60, 60))):
        turned = np.argwhere(_along(drawn, away, (70, 60)) > 0.3)
        assert np.ptp(turned[:, 1]) > 2.5 * np.ptp(turned[:, 0])


def test_a_ground_keeps_what_the_overview_says_of_it(tmp_path: Path) -> None:
    """The picture of a simulated hand: its bones are sure in most places, and it is read from the cache the second time."""
    from benchmarks.anatomy.grounds import UNSURE, grounds_in
    from benchmarks.anatomy.layers import IS_BONE
    from calcitrack.calibrate.intensity import attenuation
    from calcitrack.io.images.read import read_radiograph
    from calcitrack.io.phantom.samples import sample_radiographs

    seen = attenuation(read_radiograph(sample_radiographs() / "DEV03" / "visit1.dcm"))
    low, high = np.percentile(seen, [1, 99.9])
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    cv2.imwrite(str(pictures / "hand.png"), (np.clip((seen - low) / (high - low), 0, 1) * 255).astype(np.uint8))
    (first,), (again,) = (grounds_in([pictures], tmp_path / "cache") for _ in range(2))
    assert 0.05 < ((first.bits & IS_BONE) > 0).mean() < 0.5
    assert ((first.bits & UNSURE) > 0).mean() < 0.3
    np.testing.assert_array_equal(first.bits, again.bits)
