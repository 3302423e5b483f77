"""What the segmenter's training is fed with; the training itself needs more than tests install."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def segmenter(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The modules of the training that need no torch."""
    if not (ROOT / "benchmarks").is_dir():
        pytest.skip("benchmarks are not part of the installed package")
    monkeypatch.syspath_prepend(str(ROOT))
    import benchmarks.segmenter.films
    import benchmarks.segmenter.folds
    import benchmarks.segmenter.patches
    import benchmarks.segmenter.shadows

    return benchmarks.segmenter


@pytest.mark.parametrize("form", range(8))
def test_every_form_casts_a_shadow_of_its_size(segmenter: ModuleType, form: int) -> None:
    """No shadow is negative, it ends before the picture does, and it reaches no further than twice its stated size."""
    draw = segmenter.shadows.FORMS[form].draw
    for seed in range(8):
        drawn = draw(np.random.default_rng([seed, form]), 40.0)
        rows, columns = np.nonzero(drawn > 0.3 * drawn.max())
        assert drawn.min() >= 0
        assert rows.size > 0
        assert max(np.ptp(rows), np.ptp(columns)) <= 80


@pytest.mark.parametrize("direction", [-1.2, 0.0, 0.4, 1.5])
def test_a_long_shadow_is_laid_along_a_direction(segmenter: ModuleType, direction: float) -> None:
    """The longest axis of what was turned points where it was asked to, and nothing of it is lost."""
    drawn = np.zeros((40, 60), np.float32)
    drawn[18:22, 5:55] = 1
    turned = segmenter.shadows.lying_along(drawn, direction)
    rows, columns = np.nonzero(turned > 0.5)
    axes = np.linalg.eigh(np.cov(rows, columns))[1]
    along = axes[:, -1]
    assert abs(along @ (np.cos(direction), np.sin(direction))) > 0.999
    assert turned.sum() == pytest.approx(drawn.sum(), rel=0.02)


def test_long_deposits_lie_along_the_bone(segmenter: ModuleType) -> None:
    """Beside a straight bone, the place is in the flesh near it and the direction is the bone's."""
    films, patches = segmenter.films, segmenter.patches
    rows, columns = np.mgrid[: patches.WIDE, : patches.WIDE]
    across = (rows - columns) / np.sqrt(2)
    truth = (films.LIMB + films.BONE * (np.abs(across) < 12)).astype(np.uint8)
    scene = patches.Scene(np.zeros(truth.shape, np.float32), truth, np.zeros(truth.shape, np.int32))
    away = np.maximum(np.abs(across) - 12, 0).astype(np.float32)
    found = [patches._beside_bone(scene, away, np.random.default_rng(seed)) for seed in range(20)]
    assert sum(f is not None for f in found) > 12
    for place, direction in (f for f in found if f is not None):
        assert 0 < away[place] * patches.WORKING_PIXEL_MM <= patches.BESIDE_MM[1]
        assert abs(np.tan(direction)) == pytest.approx(1, rel=0.05)
        assert np.cos(direction) * np.sin(direction) > 0  # down and to the right, as the bone runs


def test_the_edge_of_a_bone_is_no_grain(segmenter: ModuleType) -> None:
    """Where each tissue is even, the grain beside a bone is as low as far from it."""
    patches, film = segmenter.patches, _blank(segmenter.films)
    scene = patches.Scene(film.linear[:368, :368].astype(np.float32), film.truth[:368, :368], film.labels[:368, :368].astype(np.int32))
    assert patches._texture(scene).max() < 0.005


def test_a_fold_stays_within_the_limb_and_is_broad(segmenter: ModuleType) -> None:
    """A fold of flesh is no speck: it covers square centimetres of the limb, and hardly any of the air."""
    limb = np.zeros((368, 368), bool)
    limb[:, 60:300] = True
    covered = []
    for seed in range(20):
        made = segmenter.folds.fold(368, limb, np.random.default_rng(seed))
        assert np.isfinite(made).all()
        covered.append(np.count_nonzero(np.abs(made) > 0.2 * np.abs(made).max()) * 0.04)
    assert np.median(covered) > 100


def _blank(films: ModuleType) -> object:
    """A limb with a bone in it, and no deposit."""
    rows, columns = np.mgrid[:500, :400]
    limb, bone = np.abs(columns - 200) < 120, np.abs(columns - 200) < 30
    linear = (0.3 * limb + 0.4 * bone + 0.0001 * rows).astype(np.float16)
    truth = (limb * films.LIMB + bone * films.BONE).astype(np.uint8)
    return films.Example(linear, linear, truth, np.zeros_like(truth), {})


def test_what_is_pasted_is_true(segmenter: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patches of a film without deposits get some: judged ones are brighter than what is around them; others are left out of the loss."""
    films, patches = segmenter.films, segmenter.patches
    monkeypatch.setattr(patches, "FOLDED", 0.0)  # folds are bright, too
    film, rng = _blank(films), np.random.default_rng(4)
    made = patches.cut(film, film, 40, rng)
    contrasts, counted = [], 0
    for patch in made:
        assert patch.pictures.shape == (5, 256, 256)
        assert np.isfinite(patch.pictures).all()
        judged = (patch.truth & (films.DEPOSIT | films.UNJUDGED)) == films.DEPOSIT
        plain = (patch.truth & films.LIMB > 0) & (patch.truth & (films.DEPOSIT | films.UNJUDGED | films.BONE) == 0)
        on_flesh = judged & (patch.truth & films.BONE == 0)
        if on_flesh.sum() > 20 and plain.any():
            counted += 1
            contrasts.append(float(np.median(patch.pictures[4][on_flesh]) - np.median(patch.pictures[4][plain])))
        assert (patch.weight[judged] >= 0.5).all()
    assert counted > 15
    assert np.median(contrasts) > 0.2
    assert np.mean(np.array(contrasts) > 0) > 0.6  # the middle of a large sheet does not stand out from itself
