"""Facts of found deposits, and what is made of them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy import ndimage

from calcitrack.calibrate.intensity import classify
from calcitrack.errors import InvalidValueError
from calcitrack.model.image import Acquisition, Radiograph
from calcitrack.model.spacing import Spacing, SpacingBasis
from calcitrack.segment import deposit_confidence as module
from calcitrack.segment.deposit_confidence import (
    DOUBTED,
    FARTHEST,
    KNOWN_AGREEMENT,
    SEARCHED_FACTS,
    DepositConfidence,
    Values,
    deposit_confidence,
    is_mass,
)
from calcitrack.segment.deposit_facts import FACTS, deposit_facts, scenery
from calcitrack.segment.network import Chances
from calcitrack.segment.overview import Overview

SHAPE = (220, 240)
PIXEL_MM = 0.2


def _facts(inside: np.ndarray, *, contrast: float = 0.4, blurred_px: float = 1.0, chance: float = 0.99, noise: float = 0.01) -> dict[str, float]:
    """Facts of one deposit in the flesh of a limb with a bone along it."""
    limb, bone = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    limb[20:200], bone[120:160] = True, True
    rng = np.random.default_rng(1)
    soft = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), blurred_px)
    image = (1.0 * limb + bone + contrast * soft + noise * rng.standard_normal(SHAPE)).astype(np.float32)
    deposit = np.where(inside, chance, 0.01).astype(np.float32)
    chances = Chances(deposit, bone.astype(np.float32), limb.astype(np.float32))
    scene = scenery(chances, Overview(deposit, chances.bone, chances.limb, 0 * deposit, 0 * deposit), image, limb, bone)
    numbers = inside.astype(np.int32)
    (box,) = ndimage.find_objects(numbers)
    return dict(zip(FACTS, deposit_facts(scene, numbers, 1, box), strict=True))


def _disc(row: int = 70, column: int = 120, radius: int = 8) -> np.ndarray:
    y, x = np.ogrid[: SHAPE[0], : SHAPE[1]]
    return (y - row) ** 2 + (x - column) ** 2 <= radius**2


def test_facts_of_a_disc_are_what_was_drawn() -> None:
    """Size, shape, contrast and place, each within what pixels and blur allow."""
    facts = _facts(_disc())
    assert np.exp(facts["log_area"]) == pytest.approx(np.pi * 1.6**2, rel=0.05)
    assert np.exp(facts["log_depth"]) == pytest.approx(1.6, abs=0.2)
    assert facts["solidity"] > 0.9
    assert abs(facts["log_elongation"]) < 0.05
    assert facts["contrast"] == pytest.approx(0.4, abs=0.02)
    assert facts["contrast_of_bone"] == pytest.approx(0.4, abs=0.05)
    assert np.expm1(facts["log_skin_distance"]) == pytest.approx(51 * PIXEL_MM, abs=1.0)
    assert facts["over_bone"] == facts["air_around"] == 0
    assert facts["best_odds"] == pytest.approx(np.log(0.99 / 0.01), abs=0.01)


def test_each_fact_follows_what_it_is_named_for() -> None:
    """A change of the drawing moves the fact of that name in its direction."""
    plain = _facts(_disc())
    assert _facts(_disc(row=140))["over_bone"] == 1
    assert _facts(_disc(row=113))["bone_chance_around"] > plain["bone_chance_around"]
    assert _facts(_disc(row=24))["air_around"] > 0.2
    assert _facts(_disc(), blurred_px=5)["log_edge_sharpness"] < plain["log_edge_sharpness"]
    assert _facts(_disc(), noise=0.05)["log_spread"] > plain["log_spread"]
    assert _facts(_disc(), noise=0.05)["contrast_in_spreads"] < plain["contrast_in_spreads"]
    assert _facts(_disc(), chance=0.9)["mean_odds"] < plain["mean_odds"]
    stretched = _disc(radius=4) | _disc(column=126, radius=4) | _disc(column=132, radius=4)
    assert _facts(stretched)["log_elongation"] > 0.5
    assert _facts(_disc(radius=4) | _disc(column=140, radius=4))["log_specks"] == pytest.approx(np.log(2))


def test_one_pixel_has_facts() -> None:
    """Nothing divides by zero; every fact is a number."""
    speck = np.zeros(SHAPE, bool)
    speck[70, 120] = True
    assert np.isfinite(list(_facts(speck).values())).all()


def test_a_deposit_at_the_corner_of_a_film_without_limb_has_facts() -> None:
    """Surroundings may be missing altogether."""
    corner = np.zeros(SHAPE, bool)
    corner[:3, :3] = True
    nothing = np.zeros(SHAPE, np.float32)
    scene = scenery(Chances(nothing, nothing, nothing), Overview(*[nothing] * 5), nothing, nothing > 0, nothing > 0)
    assert np.isfinite(deposit_facts(scene, corner.astype(np.int32), 1, (slice(0, 3), slice(0, 3)))).all()


def test_the_confidence_is_what_its_weights_say() -> None:
    """One hidden unit, computed by hand; facts beyond what was seen are cut."""
    one = DepositConfidence(np.array([1.0]), np.array([2.0]), np.array([[0.5]]), np.array([0.1]), np.array([3.0]), -1.0)
    assert one(np.array([2.0])) == pytest.approx(1 / (1 + np.exp(1 - 3 * np.tanh(0.5 * 0.5 + 0.1))))
    assert one(np.array([1e6])) == one(np.array([1 + 2 * FARTHEST]))


def test_the_shipped_confidence_rises_with_the_networks_own_odds() -> None:
    """Of two deposits that are average in all else, the one that the networks are surer of is believed more, on known films and on others."""
    shipped = deposit_confidence()
    odds = np.array([name.endswith("_odds") for name in FACTS])
    for kind, facts in (
        (shipped.searched, SEARCHED_FACTS),
        (shipped.doubting, len(FACTS)),
        (shipped.every, len(FACTS)),
        (shipped.masses, len(FACTS)),
    ):
        assert kind.centre.shape == (facts,)
        low, high = (kind(kind.centre + side * odds[:facts] * kind.scale) for side in (-1, 1))
        assert 0 <= low < high <= 1


def test_the_kind_of_film_decides_which_facts_count() -> None:
    """The same facts, on a known film and on others: the search network's own confidence, doubted where all facts together say no, or theirs."""
    shipped = deposit_confidence()
    agree = FACTS.index("anatomies_agree")
    for side in (-1.0, 1.0):
        facts = shipped.every.centre.copy()
        facts[:SEARCHED_FACTS] = (
            shipped.searched.centre + np.array([name.endswith("_odds") for name in FACTS[:SEARCHED_FACTS]]) * shipped.searched.scale
        )
        facts[SEARCHED_FACTS:] += side * np.array([name.endswith("_odds") for name in FACTS[SEARCHED_FACTS:]]) * shipped.every.scale[SEARCHED_FACTS:]
        facts[FACTS.index("log_area")] = np.log(2.0)
        known, other = facts.copy(), facts.copy()
        known[agree], other[agree] = KNOWN_AGREEMENT + 0.05, 0.5
        searched, doubting = shipped.searched(known[:SEARCHED_FACTS]), shipped.doubting(known)
        assert shipped(known, Values.PICTURE) == shipped.every(known)
        assert shipped(other, Values.DETECTOR) == shipped(other, Values.PICTURE) == shipped.every(other)
        assert shipped(known, Values.DETECTOR) == (searched if doubting >= DOUBTED else min(searched, doubting))


def test_a_mass_is_large_and_the_overview_sees_it() -> None:
    """30 mm2 or more that the overview sees, where the bones differ or no header says what the values are; else 100 mm2 of which it is sure."""
    facts = deposit_confidence().every.centre.copy()
    facts[FACTS.index("log_area")], facts[FACTS.index("overview_best_odds")] = np.log(300.0), 3.0
    facts[FACTS.index("anatomies_agree")] = KNOWN_AGREEMENT
    assert is_mass(facts, Values.DETECTOR)
    assert deposit_confidence()(facts, Values.DETECTOR) >= deposit_confidence().masses(facts)
    facts[FACTS.index("overview_best_odds")] = 0.0
    facts[FACTS.index("anatomies_agree")] = KNOWN_AGREEMENT
    assert not is_mass(facts, Values.DETECTOR)
    assert is_mass(facts, Values.PICTURE)
    facts[FACTS.index("anatomies_agree")] = 0.5
    assert is_mass(facts, Values.DETECTOR)
    assert deposit_confidence()(facts, Values.DETECTOR) == deposit_confidence().masses(facts)
    facts[FACTS.index("log_area")] = np.log(2.0)
    assert not is_mass(facts, Values.DETECTOR)


def test_weights_for_other_facts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file and a program that do not belong together say so."""
    monkeypatch.setattr(module, "FACTS", (*FACTS, "colour"))
    deposit_confidence.cache_clear()
    with pytest.raises(InvalidValueError, match="fitted to other facts"):
        deposit_confidence()
    monkeypatch.undo()
    deposit_confidence.cache_clear()


@pytest.mark.parametrize(("modality", "values"), [("DX", Values.DETECTOR), ("CR", Values.DETECTOR), ("", Values.PICTURE)])
def test_the_file_says_where_its_values_come_from(modality: str, values: Values) -> None:
    """A detector that a header names, or nothing that is known."""
    acquisition = Acquisition(modality=modality)
    spacing = Spacing(0.1, 0.1, SpacingBasis.DETECTOR)
    film = Radiograph(pixels=np.ones((2, 2), np.float32), spacing=spacing, acquisition=acquisition, calibration=classify(acquisition))
    assert Values.of(film) is values
