"""Films that do not go with the others of their timeline are told, and not compared with them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

import cv2
import numpy as np
import pytest

from calcitrack import AssessOptions, Exposure, Timeline, TimelineKey, TimePoint, assess, judge
from calcitrack.assess.alike import Facts, odd_ones, unlikeness
from calcitrack.assess.film import FilmPipeline
from calcitrack.model.alignment import Alignment
from calcitrack.model.assessment import Assessment, Fate
from calcitrack.model.film_quality import NOT_ALIKE, UNLIKE_OTHERS, FilmDoubt, FilmProblem
from calcitrack.model.image import Radiograph
from calcitrack.model.measurement import NotMeasurable
from calcitrack.model.segmentation import Segmentation
from calcitrack.register import Scene
from calcitrack.register.likeness import Laid, Likeness, likeness
from calcitrack.reporting.placement_words import placement_sentences
from calcitrack.segment import SegmentOptions

FIRST = dt.date(2021, 3, 1)
CALIBRATED = Facts(FIRST, as_detected=True, calibrated=True, coefficient=2.0)
ALIKE = Likeness((0.02, 0.03, 0.03, 0.04), (0.8, 0.95, 0.99, 0.99), 0.01, 0.1, 1.5, 0.1)
DOUBT = FilmDoubt(FilmProblem.OTHER_VALUES, "a test")


class InPlace(FilmPipeline):
    """The films lie on each other as they are: a limb that looks the same all along cannot be registered along it."""

    def align(self, baseline: Scene, scene: Scene, options: AssessOptions) -> Alignment:  # noqa: ARG002
        """Nothing moved."""
        return Alignment(((1, 0, 0), (0, 1, 0)), 0.1)


def film(drawn: ModuleType, visit: int) -> Radiograph:
    """A forearm with three deposits that stay as they are."""
    discs = [drawn.Disc(25.0, 22.0, 2.0, 150.0), drawn.Disc(45.0, 60.0, 2.0, 150.0), drawn.Disc(90.0, 22.0, 2.5, 150.0)]
    return drawn.draw(discs, seed=visit, date=FIRST + dt.timedelta(days=300 * visit), uid=f"2.25.{visit}")


def followed(drawn: ModuleType, *films: Radiograph) -> Assessment:
    """The assessment of one film a visit."""
    days = [FIRST + dt.timedelta(days=300 * k) for k in range(len(films))]
    points = tuple(TimePoint(k, day, (Exposure.of(f),)) for k, (day, f) in enumerate(zip(days, films, strict=True), start=1))
    outlines = drawn.find(film(drawn, 0))

    def known(_: Radiograph) -> Segmentation:
        """The discs, which lie there on every film, whatever became of its values."""
        return outlines

    known.version = "1"  # type: ignore[attr-defined]
    options = AssessOptions(segment=SegmentOptions(method=known))
    return assess(Timeline(TimelineKey("DRAWN", "FOREARM", "L", "AP", "DX"), points), options=options, pipelines=(InPlace(),))


def spoilt(shown: Radiograph, change: Callable[[np.ndarray], np.ndarray]) -> Radiograph:
    """The film with its intensities changed; its values fall with them."""
    stored = np.abs(shown.pixels).astype(float)
    top = float(stored.max())
    changed = np.clip(change(stored / top), 0, 1) * top
    return replace(shown, pixels=np.sign(shown.pixels.min() or 1) * changed, valid=None)


def half_denser(intensity: np.ndarray) -> np.ndarray:
    """As under half a cast."""
    shade = np.ones_like(intensity)
    shade[len(shade) // 2 :] = 0.4
    return intensity * shade


SPOILT: dict[str, tuple[Callable[[np.ndarray], np.ndarray], FilmProblem]] = {
    "gamma 0.5": (lambda i: i**0.5, FilmProblem.OTHER_VALUES),
    "gamma 1.5": (lambda i: i**1.5, FilmProblem.OTHER_VALUES),
    "half a cast": (half_denser, FilmProblem.UNEVEN),
    "uneven": (lambda i: i * np.linspace(1, 0.3, len(i))[:, None], FilmProblem.UNEVEN),
    "smoothed": (lambda i: cv2.GaussianBlur(i, (0, 0), 6.0), FilmProblem.BLURRED),
    "noise": (lambda i: i + np.random.default_rng(1).normal(0, 0.06, i.shape), FilmProblem.GRAINY),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_follow_up_is_told_and_gives_no_change(drawn: ModuleType, name: str) -> None:
    """Both films are doubted, as nothing says which one it is; nothing is resolved, new or changed."""
    change, problem = SPOILT[name]
    result = followed(drawn, film(drawn, 0), spoilt(film(drawn, 1), change))
    assert all(any(d.problem in UNLIKE_OTHERS for d in i.doubts) for i in result.images)
    assert problem in {d.problem for d in result.images[1].doubts}
    assert any(FIRST.isoformat() in d.found for d in result.images[1].doubts)
    second = result.time_points[1]
    assert second.evaluable_fraction == 0.0
    changes = second.from_baseline
    assert all(isinstance(c.absolute, NotMeasurable) for c in changes.values())
    assert NOT_ALIKE in changes["deposit_count"].absolute.reason
    assert {fate for fate, n in second.fates.items() if n} == {Fate.NOT_EVALUABLE}
    assert {(c.relative, c.exceeds_sdc) for c in judge(result).changes if c.subject == "total"} == {(None, None)}
    assert placement_sentences(result)[1] == (), "the doubt says so once"


def test_films_as_they_are_go_together(drawn: ModuleType) -> None:
    """No doubt, and a change of nothing."""
    result = followed(drawn, film(drawn, 0), film(drawn, 1))
    assert [i.doubts for i in result.images] == [(), ()]
    assert result.time_points[1].from_baseline["area_mm2"].relative == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("odd", [0, 1, 2])
def test_of_three_films_the_odd_one_alone_is_left_out(drawn: ModuleType, odd: int) -> None:
    """Also where it is the first one: the others then lie on the second."""
    films = [spoilt(film(drawn, k), lambda i: i**0.5) if k == odd else film(drawn, k) for k in range(3)]
    result = followed(drawn, *films)
    assert [bool(i.doubts) for i in result.images] == [k == odd for k in range(3)]
    assert [p.evaluable_fraction for p in result.time_points] == [0.0 if k == odd else 1.0 for k in range(3)]
    first, last = (k for k in range(3) if k != odd)
    change = result.time_points[last].from_baseline if first == 0 else result.time_points[last].from_previous
    assert change["area_mm2"].relative == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (replace(ALIKE, correlation=(0.2, 0.4, 0.6, 0.9)), FilmProblem.OTHER_LIMB),
        (replace(ALIKE, contrast=(0.5, 0.5, 0.5, 0.5)), FilmProblem.OTHER_VALUES),
        (replace(ALIKE, bend=0.2), FilmProblem.OTHER_VALUES),
        (replace(ALIKE, uneven=0.8), FilmProblem.UNEVEN),
        (replace(ALIKE, contrast=(-0.6, -0.1, 0.03, 0.04)), FilmProblem.BLURRED),
        (replace(ALIKE, contrast=(0.6, 0.3, 0.03, 0.04)), FilmProblem.GRAINY),
    ],
)
def test_each_kind_of_difference_has_its_name(found: Likeness, problem: FilmProblem) -> None:
    """One doubt, which names the other film."""
    (doubt,) = unlikeness(found, CALIBRATED, CALIBRATED)
    assert doubt.problem is problem
    assert "2021-03-01" in doubt.words
    assert unlikeness(ALIKE, CALIBRATED, CALIBRATED) == ()


def test_grain_tells_a_noisy_film_from_a_clean_one_either_way_round() -> None:
    """Seven times the grain is noise, a seventh of it smoothing; twice is another dose. Values without a meaning have no grain to compare."""
    for ratio, problems in ((7.0, [FilmProblem.GRAINY]), (1 / 7, [FilmProblem.BLURRED]), (2.0, []), (0.5, [])):
        found = replace(ALIKE, grain=float(np.log(ratio)))
        assert [d.problem for d in unlikeness(found, CALIBRATED, CALIBRATED)] == problems
        assert unlikeness(found, CALIBRATED, replace(CALIBRATED, as_detected=False, calibrated=False)) == ()


def test_a_film_that_was_sharpened_until_its_bones_do_not_fit_is_told_to_be_so() -> None:
    """Beside the bones; not on a processed film, which is sharpened by its workstation."""
    found = replace(ALIKE, contrast=(0.9, 0.5, 0.1, 0.1), correlation=(0.5, 0.6, 0.6, 0.8))
    assert [d.problem for d in unlikeness(found, CALIBRATED, CALIBRATED)] == [FilmProblem.OTHER_LIMB, FilmProblem.GRAINY]
    processed = replace(CALIBRATED, as_detected=False, calibrated=False)
    assert [d.problem for d in unlikeness(found, CALIBRATED, processed)] == [FilmProblem.OTHER_LIMB]


def test_another_beam_and_values_without_a_meaning_are_no_difference() -> None:
    """Contrast is held against what the beams make of it, and not at all where a film's values are no nepers."""
    stronger = replace(ALIKE, contrast=(0.4, 0.4, 0.4, 0.4))
    softer = replace(CALIBRATED, coefficient=2.0 * float(np.exp(0.4)))
    assert unlikeness(stronger, CALIBRATED, softer) == ()
    assert unlikeness(stronger, CALIBRATED, CALIBRATED)
    processed = replace(CALIBRATED, as_detected=False, calibrated=False)
    assert unlikeness(replace(stronger, bend=0.5, uneven=300.0), CALIBRATED, processed) == ()
    logarithmic = replace(CALIBRATED, calibrated=False)
    assert unlikeness(replace(stronger, uneven=30.0, spread=150.0), logarithmic, logarithmic) == ()
    assert unlikeness(replace(stronger, uneven=90.0, spread=150.0), logarithmic, logarithmic)[0].problem is FilmProblem.UNEVEN
    assert unlikeness(stronger, CALIBRATED, replace(CALIBRATED, coefficient=None)) == ()


def test_the_larger_group_wins_and_where_no_two_agree_all_are_doubted() -> None:
    """Numbers of the films that are doubted."""

    def apart(pairs: set[frozenset[int]]) -> Callable[[int, int], tuple[FilmDoubt, ...]]:
        return lambda a, b: (DOUBT,) if frozenset((a, b)) in pairs else ()

    every = {frozenset((a, b)) for a in range(3) for b in range(a)}
    assert sorted(odd_ones(3, apart(every), 0).doubts) == [0, 1, 2]
    assert odd_ones(3, apart(every), 0).like == ()
    first_two = {frozenset((a, b)) for a in (0, 1) for b in (2, 3, 4)}
    found = odd_ones(5, apart(first_two), 0)
    assert (sorted(found.doubts), found.like) == ([0, 1], (2, 3, 4))


def test_films_that_show_too_little_in_common_are_not_judged() -> None:
    """No answer, and no doubt."""
    picture = np.zeros((30, 30), np.float32)
    one, other = (Laid(picture, np.ones((30, 30), bool), 0.01) for _ in range(2))
    assert likeness(one, other) is None
