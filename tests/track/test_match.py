"""Which deposit is which."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from calcitrack.track import MatchOptions, Sighting, follow

COORDINATE = st.floats(0, 200)
SIGHTINGS = st.lists(st.tuples(COORDINATE, COORDINATE, st.floats(0.5, 5)), max_size=6)


def _sightings(places: list[tuple[float, float, float]]) -> list[Sighting]:
    return [Sighting(k, (row, column), radius) for k, (row, column, radius) in enumerate(places, start=1)]


def test_deposits_keep_their_identity_when_they_move_a_little() -> None:
    """Two deposits 20 mm apart that shift by 3 mm keep their tracks, whatever the order of their labels."""
    first = _sightings([(10, 10, 2), (30, 10, 2)])
    second = _sightings([(33, 10, 2), (13, 10, 2)])
    tracks = follow([first, second])
    assert [{k: s.label for k, s in t.sightings.items()} for t in tracks] == [{0: 1, 1: 2}, {0: 2, 1: 1}]


def test_like_size_decides_between_neighbours() -> None:
    """A large and a small deposit that both moved by 3 mm are told apart by size."""
    tracks = follow([_sightings([(10, 10, 4), (16, 10, 0.8)]), _sightings([(13, 10, 0.8), (13, 11, 4)])])
    assert [t.sightings[1].label for t in tracks] == [2, 1]


def test_beyond_the_gate_a_deposit_is_new() -> None:
    """A deposit 40 mm away is another one."""
    assert len(follow([_sightings([(10, 10, 1)]), _sightings([(50, 10, 1)])])) == 2


def test_a_deposit_comes_back_after_a_gap() -> None:
    """Not seen once and then seen again at its place: the same track."""
    tracks = follow([_sightings([(10, 10, 1)]), [], _sightings([(11, 10, 1)])])
    assert [sorted(t.sightings) for t in tracks] == [[0, 2]]


@given(st.lists(SIGHTINGS, max_size=4))
def test_every_sighting_belongs_to_exactly_one_track(images: list[list[tuple[float, float, float]]]) -> None:
    """Law: matching is one to one; nothing is lost and nothing counted twice."""
    given_images = [_sightings(places) for places in images]
    tracks = follow(given_images, MatchOptions())
    seen = sorted((k, s.label) for t in tracks for k, s in t.sightings.items())
    assert seen == sorted((k, s.label) for k, sightings in enumerate(given_images) for s in sightings)


@given(SIGHTINGS)
def test_unchanged_deposits_are_all_persistent(places: list[tuple[float, float, float]]) -> None:
    """Law: the same image twice gives no new deposit."""
    sightings = _sightings(places)
    assert all(len(t.sightings) == 2 for t in follow([sightings, sightings]))
