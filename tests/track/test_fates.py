"""What became of a deposit."""

from __future__ import annotations

import pytest

from calcitrack.model.assessment import Alignment, Fate
from calcitrack.track import Sighting, Track, View, decide_fates

HERE = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
AWAY = ((1.0, 0.0, 500.0), (0.0, 1.0, 0.0))


def _view(time_point: int, matrix=HERE, *, ok: bool = True) -> View:
    return View(time_point, None if time_point == 1 else Alignment(matrix, 0.0, ok, "" if ok else "failed"), (100, 100))


def _fates(seen: list[int], views: list[View], time_points=(1, 2, 3)):
    track = Track(1, {k: Sighting(1, (5, 5), 1) for k in seen})
    return decide_fates(track, views, time_points, dict.fromkeys(seen, (50.0, 50.0)))


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([0, 1, 2], {1: Fate.BASELINE, 2: Fate.PERSISTENT, 3: Fate.PERSISTENT}),
        ([0], {1: Fate.BASELINE, 2: Fate.RESOLVED}),
        ([0, 1], {1: Fate.BASELINE, 2: Fate.PERSISTENT, 3: Fate.RESOLVED}),
        ([1, 2], {2: Fate.NEW, 3: Fate.PERSISTENT}),
        ([2], {3: Fate.NEW}),
        ([0, 2], {1: Fate.BASELINE, 2: Fate.RESOLVED, 3: Fate.PERSISTENT}),
    ],
)
def test_course_of_sightings_decides_the_fate(seen: list[int], expected: dict[int, Fate]) -> None:
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
