from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcitrack import Segmentation, measure
from calcitrack.errors import InvalidValueError
from calcitrack.measure.live import LiveFilm, _Sorted


def film_and_deposits(drawn: ModuleType, relationship: str = "LIN"):
    """A film of three deposits, one of them over bone."""
    discs = (drawn.Disc(40, 24, 2.5, 80.0), drawn.Disc(70, 56, 2.0, 400.0), drawn.Disc(55, 40, 1.5, 300.0))
    film = drawn.draw(discs, relationship=relationship)
    return film, replace(drawn.segmented(film, discs), widening={1: 1.4, 2: 1.2})


@pytest.mark.parametrize("relationship", ["LIN", ""])
@pytest.mark.parametrize("seed", range(3))
def test_after_any_edits_it_is_what_measure_gives(drawn: ModuleType, relationship: str, seed: int) -> None:
    """Law: paint, erase, add and remove at random; the measurements are those of `measure` on the edited segmentation, to the last digit."""
    film, start = film_and_deposits(drawn, relationship)
    live = LiveFilm(film, start)
    random = np.random.default_rng(seed)
    for _ in range(6):
        row, column = random.integers(20, 300), random.integers(20, 300)
        window = (slice(row, row + int(random.integers(1, 40))), slice(column, column + int(random.integers(1, 40))))
        old = live.labels[window]
        new = np.where(random.random(old.shape) < 0.7, random.integers(0, 6), old).astype(np.uint16)
        assert live.put(window, new) == frozenset(int(v) for v in np.union1d(old, new) if v)
        live.deposits(live.label_values)
    whole = measure(film, live.segmentation())
    assert live.label_values == live.segmentation().label_values
    assert live.measurements() == whole


def test_one_edit_measures_the_touched_deposit_as_the_whole_film_would(drawn: ModuleType) -> None:
    """The touched deposit is exact at once; another one, far away, differs by what the film's open field and cortex moved."""
    film, start = film_and_deposits(drawn)
    live = LiveFilm(film, start)
    before = live.deposits(live.label_values)
    rows, columns = live.box(1)
    window = (slice(rows.start - 3, rows.start + 4), columns)
    touched = live.put(window, np.ones((7, columns.stop - columns.start), np.uint16))
    after = live.deposits(live.label_values)
    whole = {d.label: d for d in measure(film, live.segmentation()).deposits}
    assert touched == {1}
    assert dict(live.segmentation().widening) == {2: 1.2}  # whose outline is still the program's
    assert after[1] == whole[1] != before[1]
    assert after[2].measurements["ha_mass_mg"].value == pytest.approx(whole[2].measurements["ha_mass_mg"].value, rel=1e-4)


def test_a_deposit_that_is_erased_is_gone(drawn: ModuleType) -> None:
    """Neither measured nor counted; put back, it is as it was."""
    film, start = film_and_deposits(drawn)
    live = LiveFilm(film, start)
    before, box = live.measurements(), live.box(2)
    held = live.labels[box].copy()
    live.put(box, np.zeros_like(held))
    assert live.label_values == (1, 3)
    assert live.box(2) is None
    assert live.deposits((2,)) == {}
    assert live.totals()["deposit_count"].value == 2
    live.put(box, held)
    assert live.measurements() == before


def test_some_labels_can_be_left_out(drawn: ModuleType) -> None:
    """Labels keep their numbers, and confidence goes with them."""
    film, start = film_and_deposits(drawn)
    kept = LiveFilm(film, start).segmentation((1, 3))
    assert kept.label_values == (1, 3)
    np.testing.assert_array_equal(kept.labels == 3, start.labels == 3)


def test_a_grid_of_another_shape_is_refused(drawn: ModuleType) -> None:
    """The message names both shapes."""
    film, _ = film_and_deposits(drawn)
    small = np.zeros((5, 5), bool)
    with pytest.raises(InvalidValueError, match=r"the shape of its image, .*; found \(5, 5\)"):
        LiveFilm(film, Segmentation(labels=small.astype(int), limb=small, bone=small))


@settings(max_examples=60)
@given(st.lists(st.integers(0, 9), min_size=2, max_size=40), st.data(), st.floats(0, 100))
def test_ranks_of_what_is_left(values: list[int], data: st.DataObject, q: float) -> None:
    """Law: median and percentile of the values that are not covered are those of NumPy, also among equal values."""
    image = np.array(values, np.float32)[None] / 7
    covered = data.draw(st.sets(st.integers(0, len(values) - 1), max_size=len(values) - 1))
    columns = np.array(sorted(covered), int)
    rest = _Sorted(image, np.ones(image.shape, bool)).without(image, (np.zeros_like(columns), columns))
    left = np.delete(image[0], columns)
    assert rest.size == left.size
    assert rest.median() == np.median(left)
    assert rest.percentile(q) == pytest.approx(np.percentile(left, q), rel=1e-6)


def test_a_possible_deposit_is_gone_once_a_deposit_touches_it(drawn: ModuleType) -> None:
    """Until then it stays in the segmentation; a deposit that is left out of it has decided as well."""
    film, plain = film_and_deposits(drawn)
    possible = np.zeros(film.shape, np.uint16)
    possible[20:24, 20:24], possible[30:34, 20:24] = 1, 2
    live = LiveFilm(film, replace(plain, possible=possible, possible_confidence={1: 0.6, 2: 0.7}))
    assert live.segmentation().possible_values == (1, 2)
    live.put((slice(21, 22), slice(21, 22)), np.full((1, 1), 9, np.uint16))
    assert live.segmentation().possible_values == (2,)
    assert live.segmentation((1, 2)).possible_values == (2,)
    live.put((slice(21, 22), slice(21, 22)), np.zeros((1, 1), np.uint16))
    assert live.segmentation().possible_values == (1, 2)
