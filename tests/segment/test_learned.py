"""From probabilities to deposits."""

from __future__ import annotations

import numpy as np
import pytest

from calcitrack.segment.deposit_confidence import Values
from calcitrack.segment.grid import WORKING_PIXEL_MM
from calcitrack.segment.learned import Learned, number_deposits
from calcitrack.segment.learned import find_deposits as find
from calcitrack.segment.network import Chances
from calcitrack.segment.overview import Overview
from calcitrack.segment.parts import BLUR_MM, OUTLINE_CHANCE, SEED_CHANCE, WEAK_OUTLINE_CHANCE, WEAK_SEED_CHANCE, drawn_chance, strong_parts

SHAPE = (200, 200)


def _chances(*spots: tuple[int, int, int, float]) -> Chances:
    """A limb with a bone across, and square spots (row, column, half side in pixels of 0.2 mm, probability)."""
    deposit = np.zeros(SHAPE, np.float32)
    for row, column, half, chance in spots:
        deposit[row - half : row + half + 1, column - half : column + half + 1] = chance
    bone, limb = np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.float32)
    bone[90:110], limb[20:180] = 1, 1
    return Chances(deposit, bone, limb)


def find_deposits(chances: Chances) -> Learned:
    """What is found where the film is as bright as its deposits and bones are likely."""
    return find(chances, _overview(chances), chances.limb + chances.bone + 0.3 * chances.deposit, Values.DETECTOR)


def _overview(chances: Chances) -> Overview:
    """An overview that sees the same bones and limb, no mass, and nothing foreign."""
    nothing = np.zeros(SHAPE, np.float32)
    return Overview(nothing, chances.bone, chances.limb, nothing, nothing)


def test_likely_spots_are_deposits_and_faint_ones_are_not() -> None:
    """A spot must hold a pixel as likely as the seed's probability, of the weak ones at least."""
    found = find_deposits(_chances((50, 50, 4, WEAK_SEED_CHANCE + 0.05), (50, 150, 4, (WEAK_SEED_CHANCE + WEAK_OUTLINE_CHANCE) / 2)))
    assert len(found.confidence) == 1
    assert found.numbers[50, 50] == 1
    assert found.numbers[50, 150] == 0


def test_weak_spots_end_lower_than_strong_ones() -> None:
    """Each is drawn whole, down to its own outline's probability."""
    weak, doubtful = (SEED_CHANCE + WEAK_SEED_CHANCE) / 2, (WEAK_SEED_CHANCE + WEAK_OUTLINE_CHANCE) / 2
    found = find_deposits(
        _chances((50, 50, 4, 0.95), (50, 150, 6, doubtful), (50, 150, 4, weak), (150, 50, 8, WEAK_OUTLINE_CHANCE / 2), (150, 50, 4, weak))
    )
    assert sorted(int(np.count_nonzero(found.numbers == k)) for k in (1, 2, 3)) == [81, 81, 169]
    assert np.array_equal(found.chance >= OUTLINE_CHANCE, found.numbers > 0)


def test_weak_spots_keep_their_order() -> None:
    """What was likelier is likelier still once it is raised to a strong part's probabilities."""
    steps = np.tile(np.linspace(0, 1, 60, dtype=np.float32), (3, 1))
    steps[steps >= SEED_CHANCE] = 0
    raised = drawn_chance(steps)[1]
    assert (np.diff(raised[:-8]) >= 0).all()
    assert strong_parts(drawn_chance(steps))[1, np.argmax(steps[1])]


def test_the_doubtful_edge_of_a_strong_spot_is_not_drawn() -> None:
    """Nor is what lies so near that it is the same blur."""
    gap = round(BLUR_MM / WORKING_PIXEL_MM) - 2
    edged = (50, 50, 6, WEAK_SEED_CHANCE + 0.1), (50, 50, 4, 0.95)
    found = find_deposits(_chances(*edged, (50, 54 + gap + 2, 1, WEAK_SEED_CHANCE + 0.1)))
    assert np.count_nonzero(found.numbers) == 81
    assert len(found.confidence) == 1


def test_a_streak_is_judged_whole_and_drawn_where_it_is_sure() -> None:
    """A weak streak that leads away from a strong spot is one with it for the confidence, and not drawn."""
    streak = _chances(*((50, column, 2, WEAK_SEED_CHANCE + 0.1) for column in range(50, 120)), (50, 50, 4, 0.95))
    judged, _, _ = number_deposits(streak)
    assert judged[50, 110] == judged[50, 50] == 1
    found = find_deposits(streak)
    assert np.count_nonzero(found.numbers) == 81
    assert found.numbers[50, 110] == 0


def test_outline_lies_at_the_lower_probability() -> None:
    """A sure core takes its less sure surroundings with it, down to the outline's probability."""
    deposit = _chances((50, 50, 8, OUTLINE_CHANCE + 0.02), (50, 50, 2, 0.95))
    deposit.deposit[48:53, 48:53] = 0.95
    assert np.count_nonzero(find_deposits(deposit).numbers) == 17**2


def test_specks_that_lie_together_are_one_deposit() -> None:
    """A gap of 1 mm joins two specks, one of 3 mm does not."""
    near = find_deposits(_chances((50, 50, 2, 0.9), (50, 60, 2, 0.9)))
    far = find_deposits(_chances((50, 50, 2, 0.9), (50, 70, 2, 0.9)))
    assert (len(near.confidence), len(far.confidence)) == (1, 2)


def test_every_deposit_has_a_confidence() -> None:
    """One number each, between 0 and 1."""
    found = find_deposits(_chances((50, 50, 4, 0.91), (50, 150, 4, 0.99)))
    assert sorted(found.confidence) == [1, 2]
    assert all(0 <= p <= 1 for p in found.confidence.values())


def test_doubtful_surroundings_widen_a_deposit() -> None:
    """A halo of a lower probability: as drawn 9 x 9 pixels, possibly 17 x 17, but no further than 3 mm and not into a neighbour."""
    deposit = _chances((50, 50, 8, 0.5), (50, 150, 4, 0.95))
    deposit.deposit[46:55, 46:55] = 0.95
    found = find_deposits(deposit)
    assert found.widening[found.numbers[50, 50]] == pytest.approx(17**2 / 9**2, rel=0.02)
    assert found.widening[found.numbers[50, 150]] == 1
    endless = _chances((50, 50, 30, 0.5), (50, 90, 30, 0.5))
    endless.deposit[46:55, 46:55] = endless.deposit[46:55, 64:73] = 0.95
    between = find_deposits(endless)
    assert between.widening[between.numbers[50, 50]] < (9 + 2 * 15) ** 2 / 9**2


def test_crumbs_of_limb_are_dropped_and_its_holes_filled() -> None:
    """Only parts of at least 2 cm2 are limb."""
    chances = _chances()
    chances.limb[5:10, 5:10] = 1
    chances.limb[60:70, 60:70] = 0
    limb = find_deposits(chances).limb
    assert not limb[:15].any()
    assert limb[20:180].all()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_nothing_likely_gives_no_deposit(share: float) -> None:
    """No spot, no deposit, with or without a limb."""
    found = find_deposits(Chances(np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.float32), np.full(SHAPE, share, np.float32)))
    assert not found.confidence
    assert not found.numbers.any()
    assert found.limb.all() == bool(share)


def test_bone_under_a_deposit_is_part_of_a_bone() -> None:
    """A dense deposit beside the bone that looks like bone is none; one on the bone has bone under it, where the network sees it."""
    chances = _chances((100, 60, 5, 0.95), (60, 140, 5, 0.95))
    chances.bone[55:66, 135:146] = 1
    bone = find_deposits(chances).bone
    assert bone[100, 60]
    assert not bone[60, 140]


def test_what_lies_in_the_air_is_no_deposit() -> None:
    """A spot beside the limb is dropped; one on the skin, half of it outside, stays."""
    found = find_deposits(_chances((8, 60, 3, 0.95), (20, 140, 4, 0.95)))
    assert len(found.confidence) == 1
    assert found.numbers[20, 140] == 1
    assert not found.numbers[8, 60]
