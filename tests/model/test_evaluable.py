"""What visits may be compared over."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from calcitrack.model.alignment import Alignment
from calcitrack.model.assessment import Assessment, DepositTrack, Fate
from calcitrack.model.evaluable import evaluable_of, families_of
from calcitrack.model.warp import Warp

FAILED = Alignment(((1, 0, 0), (0, 1, 0)), 9.0, ok=False, reason="another part")


def moved(assessment: Assessment, image: int, alignment: Alignment) -> Assessment:
    """The assessment with another alignment of one image."""
    images = list(assessment.images)
    images[image] = replace(images[image], alignment=alignment)
    return replace(assessment, images=tuple(images))


def cut(assessment: Assessment, image: int, rows: int) -> Assessment:
    """The assessment with one picture cut below this row; deposits beyond are not seen there."""
    images = list(assessment.images)
    old = images[image]
    labels = old.segmentation.labels[:rows]
    kept = tuple(d for d in old.deposits if (labels == d.deposit.label).any())
    segmentation = replace(old.segmentation, labels=labels, limb=old.segmentation.limb[:rows], bone=old.segmentation.bone[:rows])
    images[image] = replace(old, segmentation=segmentation, deposits=kept)
    return replace(assessment, images=tuple(images))


def test_aligned_films_that_show_everything_are_compared_over_everything(made: ModuleType) -> None:
    """All deposits are known at all visits, also where they are not there yet, or gone; nothing is left out."""
    found = evaluable_of(made.assessment().images, made.assessment().tracks)
    assert [(f.name, sorted(f.known)) for f in found.families] == [("D001", [1, 2, 3]), ("D002", [1, 2, 3]), ("D003", [1, 2, 3])]
    assert [found.fraction(t) for t in (1, 2, 3)] == [1.0, 1.0, 1.0]
    assert (found.shared((1, 2, 3)).fraction, found.shared((1, 2, 3)).words, found.refusal((1, 3))) == (1.0, "", "")
    assert found.exposures == {1: (0,), 2: (1,), 3: (2, 3)}


def test_a_film_that_cannot_be_aligned_shows_nothing_of_the_others(made: ModuleType) -> None:
    """Its visit has nothing evaluable, and the reason is that of the registration; the other visits go on among themselves."""
    assessment = moved(made.assessment(), 1, FAILED)
    found = evaluable_of(assessment.images, assessment.tracks)
    assert found.fraction(2) == 0.0
    assert found.refusal((1, 2)) == "visit 2 is not evaluable: it could not be aligned with the others (another part)"
    assert found.refusal((1, 3)) == ""


def test_a_repeat_that_cannot_be_aligned_does_not_stand_for_its_day(made: ModuleType) -> None:
    """Of two exposures of one day only the aligned one counts."""
    assessment = moved(made.assessment(), 3, FAILED)
    assert evaluable_of(assessment.images, assessment.tracks).exposures[3] == (2,)


def test_a_mirrored_film_counts_where_its_deposits_are_the_same(made: ModuleType) -> None:
    """With the deposits of the others it is the same hand on its back; with none of them it may be the other hand, and says nothing."""
    mirrored = Alignment(((1, 0, 0), (0, -1, 125)), 0.5)
    same = moved(made.assessment(), 1, mirrored)
    assert evaluable_of(same.images, same.tracks).refusal((1, 2)) == ""
    images = list(same.images)
    images[1] = replace(images[1], deposits=())
    assert "it may show the other side of the body" in evaluable_of(images, same.tracks).refusal((1, 2))


def test_what_a_cropped_film_does_not_show_is_left_out_of_both(made: ModuleType) -> None:
    """A picture that ends between D001 and D002: D001 alone is compared, half of the baseline's area, and the sentence says so."""
    assessment = cut(made.assessment(), 1, 25)
    found = evaluable_of(assessment.images, assessment.tracks)
    assert found.fraction(2) == pytest.approx(1 / 2)
    shared = found.shared((1, 2))
    assert (sorted(shared.families), shared.fraction, shared.left_out) == (["D001"], 0.5, ("D002",))
    assert shared.words == "compared over 50 % of the deposits' area: 1 deposit lies outside a picture or where the films could not be aligned"
    assert found.refusal((1, 2)) == ""


def test_a_deposit_that_the_edge_of_a_picture_cuts_is_not_measured_whole(made: ModuleType) -> None:
    """The picture ends in the middle of D002: what is left of it is no smaller deposit."""
    assessment = cut(made.assessment(), 1, 32)
    found = evaluable_of(assessment.images, assessment.tracks)
    assert [d.deposit_id for d in assessment.images[1].deposits] == ["D001", "D002"]
    assert sorted(next(f for f in found.families if f.name == "D002").known) == [1, 3]


def test_less_than_half_is_no_comparison(made: ModuleType) -> None:
    """The picture shows neither of the two deposits of baseline: no comparison, with the share."""
    assessment = cut(made.assessment(), 1, 8)
    reason = evaluable_of(assessment.images, assessment.tracks).refusal((1, 2))
    assert reason.startswith("only 0 % of the deposits' area can be evaluated at all of the visits 1, 2 (at least 50 % needed)")


def test_a_readers_word_wins_over_the_picture(made: ModuleType) -> None:
    """A deposit that a reader calls not evaluable is left out, and one whose empty place the reader saw counts as gone."""
    assessment = made.assessment()
    first, second, third = assessment.tracks
    hidden = replace(third, fates={2: Fate.NEW, 3: Fate.NOT_EVALUABLE})
    assert 3 not in evaluable_of(assessment.images, (first, second, hidden)).families[2].known
    out = cut(assessment, 2, 25)
    unsaid = replace(second, fates={1: Fate.BASELINE, 2: Fate.PERSISTENT})
    assert 3 not in evaluable_of(out.images[:3], (first, unsaid, third)).families[1].known
    seen = replace(second, fates={1: Fate.BASELINE, 2: Fate.PERSISTENT, 3: Fate.RESOLVED})
    assert 3 in evaluable_of(out.images[:3], (first, seen, third)).families[1].known


def test_a_bone_that_was_not_found_again_leaves_the_total_comparable(made: ModuleType) -> None:
    """D002 lies where the second film's map is not trusted, and a stray is seen there: both are one family, known at both visits."""
    assessment = made.assessment(visits=2, repeat=False)
    trusted = np.ones((16, 12), bool)
    trusted[3:6] = False
    second = moved(assessment, 1, Alignment(((1, 0, 0), (0, 1, 0)), 0.1, warp=Warp((8.0, 8.0), np.zeros((16, 12, 2), np.float32), trusted)))
    renamed = [replace(d, deposit_id="D009") if d.deposit_id == "D002" else d for d in second.images[1].deposits]
    images = (second.images[0], replace(second.images[1], deposits=tuple(renamed)))
    first, lost, _ = assessment.tracks
    stray = DepositTrack("D009", "2.25.9", {2: Fate.NOT_EVALUABLE})
    tracks = (first, replace(lost, fates={1: Fate.BASELINE, 2: Fate.NOT_EVALUABLE}), stray)
    found = evaluable_of(images, tracks)
    assert [(f.members, sorted(f.known)) for f in found.families[:2]] == [(("D001",), [1, 2]), (("D002", "D009"), [1, 2])]
    assert (found.fraction(2), found.shared((1, 2)).left_out) == (1.0, ())
    empty = (images[0], replace(images[1], deposits=tuple(d for d in renamed if d.deposit_id == "D001")))
    assert evaluable_of(empty, tracks[:2]).shared((1, 2)).left_out == ("D002",)


def test_deposits_that_merged_are_one_family() -> None:
    """Partners of partners belong together; the order is that of the tracks."""
    tracks = [DepositTrack(f"D{k:03d}", f"2.25.{k}", {1: Fate.BASELINE}) for k in (1, 2, 3, 4)]
    tracks[0] = replace(tracks[0], partners={2: ("D003",)})
    tracks[2] = replace(tracks[2], partners={2: ("D001",), 3: ("D004",)})
    assert [[t.deposit_id for t in group] for group in families_of(tracks)] == [["D001", "D003", "D004"], ["D002"]]
