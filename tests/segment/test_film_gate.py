"""The gate fires on what is wrong with a film, by the overview's answers alone, and not on a good one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from calcitrack.model.calibration import Calibration, Relationship, Tier
from calcitrack.model.film_quality import FilmDoubt, FilmProblem
from calcitrack.model.image import Acquisition, FloatImage, Radiograph
from calcitrack.model.spacing import Spacing, SpacingBasis
from calcitrack.segment import film_gate
from calcitrack.segment.film_gate import cautious, film_doubts
from calcitrack.segment.options import MASS_CONFIDENCE, MIN_CONFIDENCE, POSSIBLE_CONFIDENCE
from calcitrack.segment.overview import Overview

SHAPE = (600, 900)
"""Of the search grid: 120 x 180 mm."""
HAND = (slice(100, 500), slice(100, 400))
OTHER_HAND = (slice(100, 480), slice(500, 780))
LETTER = (slice(20, 60), slice(820, 880))
Place = tuple[slice, slice]


def scene(limbs: Sequence[Place], *, sure: float = 0.98, bone_share: float = 0.4) -> tuple[FloatImage, Overview]:
    """Attenuation and the overview of limbs in air: flesh that varies, bone as a block within it."""
    limb, bone = np.full(SHAPE, 0.01, np.float32), np.full(SHAPE, 1 - sure, np.float32)
    image = np.random.default_rng(1).normal(0.0, 0.01, SHAPE).astype(np.float32)
    for rows, columns in limbs:
        limb[rows, columns] = 0.99
        image[rows, columns] += 1.0
        inner = slice(columns.start, columns.start + round(bone_share * (columns.stop - columns.start)))
        bone[rows, inner] = sure
        image[rows, inner] += 1.0
    nothing = np.zeros(SHAPE, np.float32)
    return image, Overview(nothing, bone, limb, nothing, nothing)


def film(part: str = "HAND", pixel_mm: float | None = 0.2, **stated: object) -> Radiograph:
    """A film for its header."""
    spacing = Spacing.uncalibrated() if pixel_mm is None else Spacing(pixel_mm, pixel_mm, SpacingBasis.DETECTOR, "stated")
    calibration = Calibration(Tier.C, Relationship.UNKNOWN, 1, "a test")
    acquisition = replace(Acquisition(body_part_examined=part), **stated)  # type: ignore[arg-type]
    return Radiograph(pixels=np.zeros((4, 4)), spacing=spacing, acquisition=acquisition, calibration=calibration)


def problems(radiograph: Radiograph, image: FloatImage, seen: Overview) -> list[FilmProblem]:
    """What the gate says."""
    return [d.problem for d in film_doubts(radiograph, image, np.ones(SHAPE, bool), seen)]


@pytest.fixture
def as_negative(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Certainty that the network has of the negative; empty where it must not be asked."""
    answers: list[float] = []
    monkeypatch.setattr(film_gate, "certainty_as_negative", lambda _image, _field: answers[0])
    return answers


def test_a_good_film_is_not_doubted(as_negative: list[float]) -> None:
    """A hand with a letter beside it: nothing, and the network is not asked again."""
    assert as_negative == []
    assert problems(film(), *scene([HAND, LETTER])) == []


@pytest.mark.parametrize(("sure", "negative", "expected"), [(0.87, 0.82, FilmProblem.INVERTED), (0.87, 0.76, None), (0.8, 0.5, FilmProblem.UNLIKE)])
def test_a_negative_is_told_by_what_it_shows(as_negative: list[float], sure: float, negative: float, expected: FilmProblem | None) -> None:
    """A film that is clearer as its negative is one; a film that is clear neither way is unlike those of limbs."""
    as_negative.append(negative)
    assert problems(film(), *scene([HAND], sure=sure)) == ([] if expected is None else [expected])


@pytest.mark.usefixtures("as_negative")
def test_what_is_bone_all_over_is_no_limb() -> None:
    """A breast is taken for bone whole."""
    assert problems(film(), *scene([HAND], bone_share=0.85)) == [FilmProblem.UNLIKE]


@pytest.mark.parametrize("stated", [{"body_part_examined": "breast "}, {"modality": "MG"}])
def test_a_breast_is_refused(stated: dict[str, object]) -> None:
    """By body part or by modality, however it is written."""
    assert problems(film(**stated), *scene([HAND])) == [FilmProblem.BREAST]


def test_on_a_part_that_the_networks_have_not_seen_no_find_counts() -> None:
    """Stones and masses stay possible deposits; on other doubted films what counts by itself still does."""
    said = film_doubts(film(part="chest"), *scene([HAND])[:1], np.ones(SHAPE, bool), scene([HAND])[1])
    assert [d.problem for d in said] == [FilmProblem.UNSEEN_PART]
    assert (
        POSSIBLE_CONFIDENCE
        < cautious(0.999, said)
        < MASS_CONFIDENCE
        < MIN_CONFIDENCE
        < cautious(0.999, [FilmDoubt(FilmProblem.LOSSY, "blocks")])
        < 0.99
    )


@pytest.mark.usefixtures("as_negative")
def test_a_joint_that_fills_the_film_may_be_nearly_all_bone() -> None:
    """Little flesh lies beside it there."""
    assert problems(film("KNEE", None), *scene([(slice(10, 590), slice(10, 890))], bone_share=0.85)) == []


def test_two_hands_on_one_plate_are_two_limbs() -> None:
    """Two of like size, each with bone, with air between them."""
    assert problems(film(), *scene([HAND, OTHER_HAND])) == [FilmProblem.TWO_LIMBS]


@pytest.mark.parametrize(("part", "expected"), [("HAND", [FilmProblem.TWO_LIMBS]), ("PELVIS", [FilmProblem.UNSEEN_PART])])
def test_both_sides_stated_and_one_limb_seen_is_refused(part: str, expected: list[FilmProblem]) -> None:
    """Hands that touch are one part of the picture; a part of the trunk has both sides in one."""
    assert problems(film(part, laterality="B"), *scene([HAND])) == expected


def test_fingers_that_lie_apart_are_no_second_limb() -> None:
    """Parts that are much smaller, or too thin for a limb."""
    assert problems(film(), *scene([HAND, (slice(100, 400), slice(500, 560))])) == []


@pytest.mark.parametrize(("pixel_mm", "part", "expected"), [(0.2, "HAND", False), (0.2, "KNEE", False), (None, "HAND", False)])
def test_a_limb_of_possible_width_is_believed(pixel_mm: float | None, part: str, *, expected: bool) -> None:
    """60 mm is a hand, and a child's knee; without a stated size nothing is held against it."""
    assert (FilmProblem.PIXEL_SIZE in problems(film(part, pixel_mm), *scene([HAND]))) is expected


def test_an_impossible_width_refuses_the_pixel_size() -> None:
    """A knee of 60 mm is no adult's."""
    adult = {"patient_birth_date": dt.date(1980, 1, 1), "acquisition_time": dt.datetime(2020, 1, 1)}  # noqa: DTZ001 films state no time zone
    (doubt,) = film_doubts(film("KNEE", **adult), scene([HAND])[0], np.ones(SHAPE, bool), scene([HAND])[1])
    assert doubt.problem is FilmProblem.PIXEL_SIZE
    assert "a limb of 60 mm at 0.2 mm a pixel" in doubt.words


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(slice(0, 200), []), (slice(200, 300), []), (slice(200, 400), [FilmProblem.PIXEL_SIZE])],
    ids=["cut by the edge", "as narrow as a finger", "whole and narrow"],
)
def test_a_part_of_a_limb_is_no_wrong_pixel_size(rows: slice, expected: list[FilmProblem]) -> None:
    """A hand that the collimator cuts, and a finger, are narrow at the right size of a pixel."""
    adult = {"patient_birth_date": dt.date(1980, 1, 1), "acquisition_time": dt.datetime(2020, 1, 1)}  # noqa: DTZ001 films state no time zone
    assert problems(film("HAND", **adult), *scene([(rows, slice(100, 700))])) == expected


def test_a_part_that_the_blades_within_the_picture_cut_is_no_wrong_pixel_size() -> None:
    """The field ends across the hand: what lies behind the blade is dark, and no end of the hand."""
    adult = {"patient_birth_date": dt.date(1980, 1, 1), "acquisition_time": dt.datetime(2020, 1, 1)}  # noqa: DTZ001 films state no time zone
    image, seen = scene([(slice(100, 300), slice(100, 700))])
    field = np.ones(SHAPE, bool)
    assert [d.problem for d in film_doubts(film("HAND", **adult), image, field, seen)] == [FilmProblem.PIXEL_SIZE]
    field[304:] = False
    assert film_doubts(film("HAND", **adult), image, field, seen) == ()


def test_another_part_and_a_cut_limb_are_told_before_the_pixel_size() -> None:
    """Another part under this name is more often met than a wrong pixel size."""
    adult = {"patient_birth_date": dt.date(1980, 1, 1), "acquisition_time": dt.datetime(2020, 1, 1)}  # noqa: DTZ001 films state no time zone
    image, seen = scene([HAND])
    (doubt,) = film_doubts(film("KNEE", **adult), image, np.ones(SHAPE, bool), seen)
    assert doubt.problem is FilmProblem.PIXEL_SIZE
    order = [
        doubt.words.index(words)
        for words in ("another part", "a limb that is cut", "another size of a pixel", "state another part", "state the size")
    ]
    assert order == sorted(order)
    assert "KNEE is stated, which is at least 75 mm wide in adults" in doubt.words


def test_burnt_out_values_are_told() -> None:
    """Bone that is all at the greatest value of the picture."""
    image, seen = scene([HAND])
    assert problems(film(), np.minimum(image, 1.9).astype(np.float32), seen) == [FilmProblem.BURNT_OUT]


def test_metal_over_the_limb_is_noted() -> None:
    """The rest of the film is measured."""
    image, seen = scene([HAND])
    foreign = seen.foreign.copy()
    foreign[200:300, 200:300] = 0.9
    assert problems(film(), image, replace(seen, foreign=foreign)) == [FilmProblem.FOREIGN]


def test_a_small_picture_is_not_doubted() -> None:
    """The overview sees no limb as a whole there."""
    image, seen = scene([HAND, OTHER_HAND])
    small = (slice(0, 200), slice(0, 200))
    cut = Overview(*(layer[small] for layer in (seen.deposit, seen.bone, seen.limb, seen.foreign, seen.doubt)))
    assert film_doubts(film(), image[small], np.ones((200, 200), bool), cut) == ()
