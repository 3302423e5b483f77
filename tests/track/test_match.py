"""Which deposit is which."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcitrack.errors import InvalidValueError
from calcitrack.model.assessment import Fate
from calcitrack.track import Detection, MatchOptions, Track, follow
from calcitrack.track.merges import footprint

Places = list[tuple[float, float, float]]
GRID = st.integers(0, 24).map(lambda k: k / 2)
PLACES = st.lists(st.tuples(GRID, GRID, st.sampled_from([0.5, 1.0, 2.0, 3.0])), max_size=6, unique=True)
"""Crowded on purpose, and on a grid, so that many costs tie."""
COURSES = st.lists(PLACES, min_size=1, max_size=5)


def _detections(places: Places) -> list[Detection]:
    return [Detection(k, (row, column), radius) for k, (row, column, radius) in enumerate(places, start=1)]


def _seen(tracks: tuple[Track, ...]) -> list[dict[int, int]]:
    """Of each track: image -> label."""
    return [{k: s.label for k, s in t.detections.items()} for t in tracks]


def _content(tracks: tuple[Track, ...], images: int = 0) -> set[frozenset[tuple[int, tuple[float, float], float]]]:
    """Tracks by what they hold, whatever their labels and numbers; counted from the last image when their number is given."""
    return {frozenset((images - 1 - k if images else k, s.position_mm, s.radius_mm) for k, s in t.detections.items()) for t in tracks}


def _joins(tracks: tuple[Track, ...], images: int = 0) -> list[tuple[Fate, int, int, tuple[float, float], tuple[float, float]]]:
    """Joins by the places of both tracks; with the number of images as time turned round tells them."""
    by_number, found = {t.number: t for t in tracks}, []
    for t in tracks:
        for j in t.joins:
            fate, since, then = j.fate, j.since, j.time_point
            own, other = (since, then) if fate is Fate.MERGED else (then, since)
            at = (t.detections[own].position_mm, by_number[j.partner].detections[other].position_mm)
            if images:
                fate = Fate.SPLIT if fate is Fate.MERGED else Fate.MERGED
                since, then = images - 1 - then, images - 1 - since
            found.append((fate, since, then, *at))
    return sorted(found)


def test_deposits_keep_their_identity_when_they_move_a_little() -> None:
    """Two deposits 20 mm apart that shift by 2 mm keep their tracks, whatever the order of their labels."""
    first = _detections([(10, 10, 2), (30, 10, 2)])
    second = _detections([(32, 10, 2), (12, 10, 2)])
    assert _seen(follow([first, second])) == [{0: 1, 1: 2}, {0: 2, 1: 1}]


def test_like_size_decides_between_neighbours() -> None:
    """A large and a small deposit that both moved by 2 mm are told apart by size."""
    tracks = follow([_detections([(10, 10, 4), (14, 10, 0.8)]), _detections([(12, 10, 0.8), (12, 11, 4)])])
    assert [t.detections[1].label for t in tracks] == [2, 1]


def test_beyond_the_gate_a_deposit_is_new() -> None:
    """A small deposit 4 mm away is another one."""
    assert len(follow([_detections([(10, 10, 1)]), _detections([(14, 10, 1)])])) == 2


def test_a_deposit_comes_back_after_missed_visits() -> None:
    """Not seen twice and then seen again at its place: the same track."""
    assert _seen(follow([_detections([(10, 10, 1)]), [], [], _detections([(10.5, 10, 1)])])) == [{0: 1, 3: 1}]


def test_later_visits_put_right_what_one_visit_would_suggest() -> None:
    """A is missed at the second visit, which shows B 1.5 mm beside it. From these two visits alone B is A; the third, which shows both, tells."""
    a, b = (10.0, 10.0, 1.0), (11.5, 10.0, 1.0)
    assert _seen(follow([_detections([a]), _detections([b])])) == [{0: 1, 1: 1}]
    assert _seen(follow([_detections([a]), _detections([b]), _detections([a, b])])) == [{0: 1, 2: 1}, {1: 1, 2: 2}]


def test_exposures_of_one_day_are_tied_together() -> None:
    """Two exposures of the second visit show the deposit, each a little beside: one track, and it goes on from both."""
    images = [_detections([(10, 10, 1)]), _detections([(12, 10, 1)]), _detections([(12.4, 10, 1), (30, 30, 1)]), _detections([(14.3, 10, 1)])]
    assert _seen(follow(images, [1, 2, 2, 5])) == [{0: 1, 1: 1, 2: 1, 3: 1}, {2: 2}]


def test_time_points_have_to_belong_to_the_images() -> None:
    """One time point for each image, ascending."""
    for days in ([1], [2, 1]):
        with pytest.raises(InvalidValueError, match=r"one time point for each of 2 images, ascending; found \["):
            follow([[], []], days)


A, B = Detection(1, (10.0, 10.0), 2.0), Detection(2, (10.0, 14.5), 1.5)
WHOLE = Detection(1, (10.0, 11.62), 2.5, footprint_mm=tuple(map(tuple, np.concatenate([footprint(A), footprint(B)]).tolist())))
"""Both together: their area, their centroid, the places of both."""


def test_a_merge_names_both() -> None:
    """Two deposits become one that covers both places: it is the larger one, and the other one merged into it."""
    large, small = follow([[A, B], [A, B], [WHOLE], [WHOLE]])
    assert _seen((large, small)) == [{0: 1, 1: 1, 2: 1, 3: 1}, {0: 2, 1: 2}]
    assert large.joins == ()
    (join,) = small.joins
    assert (join.fate, join.since, join.time_point, join.partner) == (Fate.MERGED, 1, 2, 1)


def test_a_split_is_a_merge_with_time_turned_round() -> None:
    """One deposit comes apart: the larger part is it, the other one split from it."""
    large, small = follow([[WHOLE], [A, B], [A, B]])
    (join,) = small.joins
    assert _seen((large, small)) == [{0: 1, 1: 1, 2: 1}, {1: 2, 2: 2}]
    assert (join.fate, join.since, join.time_point, join.partner) == (Fate.SPLIT, 0, 1, 1)


def test_joined_at_one_visit_only() -> None:
    """Two deposits that one visit shows as one keep their identities: merged there, split again after it."""
    _, small = follow([[A, B], [WHOLE], [A, B]])
    assert _seen((small,)) == [{0: 2, 2: 2}]
    assert [(j.fate, j.since, j.time_point) for j in small.joins] == [(Fate.MERGED, 0, 1), (Fate.SPLIT, 1, 2)]


@pytest.mark.parametrize(
    "last",
    [
        replace(A, radius_mm=2.1),  # nothing covers the place of B
        Detection(1, (10.0, 11.8), 4.5),  # covers both, with three times their area
    ],
)
def test_what_ends_beside_another_has_not_merged(last: Detection) -> None:
    """B vanishes; A does not come to cover it, or is not what A and B would make together."""
    assert all(not t.joins for t in follow([[A, B], [last]]))


def test_mass_has_to_be_conserved_where_it_is_measured() -> None:
    """Area alone allows the merge; the mass of the whole is a third of that of its parts."""
    parts, whole = [replace(A, mass_mg=6.0), replace(B, mass_mg=3.0)], replace(WHOLE, mass_mg=9.0)
    assert [len(t.joins) for t in follow([parts, [whole]])] == [0, 1]
    assert all(not t.joins for t in follow([parts, [replace(whole, mass_mg=3.0)]]))
    assert [len(t.joins) for t in follow([[replace(A, mass_mg=6.0), B], [replace(whole, mass_mg=3.0)]])] == [0, 1]


def test_footprints_stand_for_what_is_no_circle() -> None:
    """Two streaks beside each other become one sheet; circles of their areas would not tell."""

    def streak(row: float, height: float) -> tuple[tuple[float, float], ...]:
        return tuple((row + r, float(c)) for r in np.linspace(-height / 2, height / 2, 5) for c in np.linspace(0, 12, 9))

    def seen(label: int, row: float, height: float) -> Detection:
        return Detection(label, (row, 6.0), float(np.sqrt(12 * height / np.pi)), None, streak(row, height))

    _, lower = follow([[seen(1, 2.0, 2.0), seen(2, 4.5, 1.6)], [seen(1, 3.1, 4.4)]])
    assert [j.fate for j in lower.joins] == [Fate.MERGED]


@settings(deadline=None)
@given(COURSES)
def test_every_detection_belongs_to_exactly_one_track(images: list[Places]) -> None:
    """Law: nothing is lost and nothing counted twice; a track has one detection an image; numbers follow the first detections."""
    given_images = [_detections(places) for places in images]
    tracks = follow(given_images, options=MatchOptions())
    seen = sorted((k, s.label) for t in tracks for k, s in t.detections.items())
    assert seen == sorted((k, s.label) for k, detections in enumerate(given_images) for s in detections)
    assert [t.number for t in tracks] == list(range(1, len(tracks) + 1))
    firsts = [next(iter(x.items())) for x in _seen(tracks)]
    assert firsts == sorted(firsts)


@settings(deadline=None)
@given(PLACES)
def test_unchanged_deposits_are_all_persistent(places: Places) -> None:
    """Law: the same image three times gives no new deposit."""
    detections = _detections(places)
    assert all(len(t.detections) == 3 for t in follow([detections, detections, detections]))


@settings(max_examples=150, deadline=None)
@given(COURSES, st.randoms(use_true_random=False))
def test_the_order_of_labels_means_nothing(images: list[Places], rng) -> None:
    """Law: shuffled labels give the same tracks and the same joins under other numbers."""
    shuffled = [_detections(rng.sample(places, len(places))) for places in images]
    ordered = follow([_detections(places) for places in images])
    again = follow(shuffled)
    assert _content(again) == _content(ordered)
    assert _joins(again) == _joins(ordered)


@settings(max_examples=150, deadline=None)
@given(COURSES)
def test_time_turned_round_swaps_merges_with_splits(images: list[Places]) -> None:
    """Law: the same tracks from either end of time; what merges one way splits the other way."""
    there = follow([_detections(places) for places in images])
    back = follow([_detections(places) for places in images[::-1]])
    assert _content(back, len(images)) == _content(there)
    assert _joins(back, len(images)) == _joins(there)


@settings(deadline=None)
@given(COURSES)
def test_same_input_same_answer(images: list[Places]) -> None:
    """Law: two runs agree."""
    detections = [_detections(places) for places in images]
    assert follow(detections) == follow(detections)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"gate": 0.0}, "position_mm, gate and alone_cost are positive; found 0.35, 0.0 and 12.0"),
        ({"size_cost": -1.0}, "not negative; found 0.2, -1.0, 3.0 and 0.7"),
        ({"cover": 0.0}, "cover is a share above 0"),
        ({"conserved": 0.5}, "conserved a factor of 1 or more; found 0.5 and 0.5"),
    ],
)
def test_options_that_mean_nothing_are_refused(wrong: dict[str, float], said: str) -> None:
    """Each limit names what was found."""
    with pytest.raises(InvalidValueError, match=said):
        MatchOptions(**wrong)
