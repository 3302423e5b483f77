"""What became of a deposit."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcitrack.model.assessment import Alignment, Fate
from calcitrack.track import Detection, Join, Track, View, decide_fates, follow

HERE = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
AWAY = ((1.0, 0.0, 500.0), (0.0, 1.0, 0.0))


def _view(time_point: int, matrix=HERE, *, ok: bool = True) -> View:
    return View(time_point, None if time_point == 1 else Alignment(matrix, 0.0, ok, "" if ok else "failed"), (100, 100))


def _course(seen: list[int], views: list[View], time_points=(1, 2, 3), joins: tuple[Join, ...] = ()):
    track = Track(1, {k: Detection(1, (5, 5), 1) for k in seen}, joins)
    return decide_fates(track, views, time_points, dict.fromkeys(seen, (50.0, 50.0)))


def _fates(seen: list[int], views: list[View], time_points=(1, 2, 3), joins: tuple[Join, ...] = ()):
    return dict(_course(seen, views, time_points, joins).fates)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([0, 1, 2], {1: Fate.BASELINE, 2: Fate.PERSISTENT, 3: Fate.PERSISTENT}),
        ([0], {1: Fate.BASELINE, 2: Fate.RESOLVED}),
        ([0, 1], {1: Fate.BASELINE, 2: Fate.PERSISTENT, 3: Fate.RESOLVED}),
        ([1, 2], {2: Fate.NEW, 3: Fate.PERSISTENT}),
        ([2], {3: Fate.NEW}),
        ([0, 2], {1: Fate.BASELINE, 2: Fate.RESOLVED, 3: Fate.REAPPEARED}),
    ],
)
def test_course_of_detections_decides_the_fate(seen: list[int], expected: dict[int, Fate]) -> None:
    """Seen first at baseline, later, no more, or again: each course has its fates."""
    assert _fates(seen, [_view(1), _view(2), _view(3)]) == expected


def test_place_outside_the_picture_is_not_evaluable() -> None:
    """A deposit whose place the follow-up does not show has not resolved."""
    assert _fates([0], [_view(1), _view(2, AWAY), _view(3)]) == {1: Fate.BASELINE, 2: Fate.NOT_EVALUABLE, 3: Fate.RESOLVED}


def test_failed_registration_is_not_evaluable() -> None:
    """Where the registration failed nothing is said about a deposit."""
    assert _fates([0], [_view(1), _view(2, ok=False), _view(3)])[2] is Fate.NOT_EVALUABLE


def test_deposit_on_an_unaligned_image_is_not_called_new() -> None:
    """A deposit seen only where the registration failed may be an old one."""
    assert _fates([1], [_view(1), _view(2, ok=False)], (1, 2)) == {2: Fate.NOT_EVALUABLE}


def test_time_point_without_image_is_not_evaluable() -> None:
    """No exposure of a time point could be read: not evaluable there."""
    assert _fates([0, 1], [_view(1), _view(3)]) == {1: Fate.BASELINE, 2: Fate.NOT_EVALUABLE, 3: Fate.PERSISTENT}


def test_a_repeat_exposure_that_shows_it_counts() -> None:
    """Seen on one of two exposures of a day: present."""
    assert _fates([0, 2], [_view(1), _view(2), _view(2)], (1, 2)) == {1: Fate.BASELINE, 2: Fate.PERSISTENT}


def test_first_seen_where_nothing_earlier_shows_the_place_is_not_called_new() -> None:
    """Outside the picture or not registered at every earlier time point: not evaluable, and persistent after that."""
    for hidden in (_view(2, AWAY), _view(2, ok=False)):
        views = [View(1, Alignment(AWAY, 0.0), (100, 100)), hidden, View(3, None, (100, 100)), View(4, Alignment(HERE, 0.0), (100, 100))]
        assert _fates([2, 3], views, (1, 2, 3, 4)) == {3: Fate.NOT_EVALUABLE, 4: Fate.PERSISTENT}
    shown = [_view(1), _view(2, AWAY), _view(3)]
    assert _fates([2], shown) == {3: Fate.NEW}


def test_baseline_is_the_first_time_point_that_was_read() -> None:
    """No image of the first day could be read: the deposits of the second day are those of the baseline."""
    assert _fates([0, 1], [View(2, None, (100, 100)), _view(3)]) == {2: Fate.BASELINE, 3: Fate.PERSISTENT}


def test_what_is_seen_only_where_registration_failed_never_resolves() -> None:
    """Its place is not known on any other image."""
    assert _fates([1], [_view(1), _view(2, ok=False), _view(3)]) == {2: Fate.NOT_EVALUABLE}


@pytest.mark.parametrize(
    ("hidden", "expected"),
    [
        (_view(2, AWAY), {1: Fate.BASELINE, 2: Fate.NOT_EVALUABLE, 3: Fate.MERGED}),
        (_view(2), {1: Fate.BASELINE, 2: Fate.RESOLVED}),
    ],
)
def test_what_had_resolved_does_not_merge(hidden: View, expected: dict[int, Fate]) -> None:
    """Gone before the other deposit covered its place: resolved. Not evaluable in between: merged."""
    merge = Join(Fate.MERGED, 1, 3, 7)
    course = _course([0], [_view(1), hidden, _view(3)], joins=(merge,))
    assert course.fates == expected
    assert course.partners == ({3: 7} if Fate.MERGED in expected.values() else {})


@pytest.mark.parametrize(("hidden", "expected"), [(_view(2, AWAY), {3: Fate.SPLIT}), (_view(2), {3: Fate.NEW})])
def test_what_was_gone_does_not_split(hidden: View, expected: dict[int, Fate]) -> None:
    """The mirror image: a visit between the two that shows the place empty makes it new."""
    assert _fates([2], [_view(1), hidden, _view(3)], joins=(Join(Fate.SPLIT, 1, 3, 7),)) == expected


def test_merged_once_and_split_again() -> None:
    """One visit shows two deposits as one."""
    joins = (Join(Fate.MERGED, 1, 2, 7), Join(Fate.SPLIT, 2, 3, 7))
    course = _course([0, 2], [_view(1), _view(2), _view(3)], joins=joins)
    assert course.fates == {1: Fate.BASELINE, 2: Fate.MERGED, 3: Fate.SPLIT}
    assert course.partners == {2: 7, 3: 7}


GRID = st.integers(0, 16).map(lambda k: k / 2)
PLACES = st.lists(st.tuples(GRID, GRID, st.sampled_from([0.5, 1.0, 2.0, 3.0])), max_size=5, unique=True)
SHAPES = st.tuples(st.integers(4, 10), st.integers(4, 10))
"""Films that show all or part of where the deposits lie, 1 mm a pixel."""


def _tell(visits: list[tuple[list[tuple[float, float, float]], tuple[int, int]]]) -> Counter[Fate]:
    shown = [[(r, c, x) for r, c, x in places if r <= shape[0] - 1 and c <= shape[1] - 1] for places, shape in visits]
    images = [[Detection(k, (r, c), x) for k, (r, c, x) in enumerate(places, start=1)] for places in shown]
    views = [View(t, None, shape) for t, (_, shape) in enumerate(visits, start=1)]
    told: Counter[Fate] = Counter()
    for track in follow(images, [v.time_point for v in views]):
        places = {k: s.position_mm for k, s in track.detections.items()}
        told.update(decide_fates(track, views, [v.time_point for v in views], places).fates.values())
    return told


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(PLACES, SHAPES), min_size=1, max_size=5))
def test_time_turned_round_swaps_coming_with_going(visits) -> None:
    """Law: what is new or reappears resolves with time turned round, what merges splits; and what resolves is new or reappears."""
    there, back = _tell(visits), _tell(visits[::-1])
    assert there[Fate.NEW] + there[Fate.REAPPEARED] == back[Fate.RESOLVED]
    assert back[Fate.NEW] + back[Fate.REAPPEARED] == there[Fate.RESOLVED]
    assert there[Fate.MERGED] == back[Fate.SPLIT]
    assert back[Fate.MERGED] == there[Fate.SPLIT]
