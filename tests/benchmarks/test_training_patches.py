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
    import benchmarks.segmenter.patches
    import benchmarks.segmenter.shadows

    return benchmarks.segmenter


@pytest.mark.parametrize("form", range(7))
def test_every_form_casts_a_shadow_of_its_size(segmenter: ModuleType, form: int) -> None:
    """No shadow is negative, it ends before the picture does, and it reaches no further than twice its stated size."""
    draw = segmenter.shadows.FORMS[form][0]
    for seed in range(8):
        drawn = draw(np.random.default_rng([seed, form]), 40.0)
        rows, columns = np.nonzero(drawn > 0.3 * drawn.max())
        assert drawn.min() >= 0
        assert rows.size > 0
        assert max(np.ptp(rows), np.ptp(columns)) <= 80


def _blank(films: ModuleType) -> object:
    """A limb with a bone in it, and no deposit."""
    rows, columns = np.mgrid[:500, :400]
    limb, bone = np.abs(columns - 200) < 120, np.abs(columns - 200) < 30
    linear = (0.3 * limb + 0.4 * bone + 0.0001 * rows).astype(np.float16)
    truth = (limb * films.LIMB + bone * films.BONE).astype(np.uint8)
    return films.Example(linear, linear, truth, np.zeros_like(truth), {})


def test_what_is_pasted_is_true(segmenter: ModuleType) -> None:
    """Patches of a film without deposits get some: judged ones are brighter than what is around them; others are left out of the loss."""
    films, patches = segmenter.films, segmenter.patches
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
    assert np.mean(np.array(contrasts) > 0) > 0.75  # the middle of a large sheet does not stand out from itself
