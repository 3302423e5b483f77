"""Possible deposits: shown to the reader, and part of nothing that is counted."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest

from calcitrack import Segmentation
from calcitrack.errors import InvalidValueError
from calcitrack.model.possible import PossibleDeposit, possible_deposits
from calcitrack.model.spacing import Spacing, SpacingBasis
from calcitrack.segment.excluded import without


def found() -> Segmentation:
    """Candidates 2, 5 and 9, each a square of 4 x 4 pixels with its confidence; 3 and 7 are possible already, 1 x 2 pixels each."""
    labels, possible = np.zeros((40, 30), np.uint16), np.zeros((40, 30), np.uint16)
    for label, row in ((2, 0), (5, 10), (9, 20)):
        labels[row : row + 4, 2:6] = label
    for number, row in ((3, 30), (7, 36)):
        possible[row, 10:12] = number
    everywhere = np.ones(labels.shape, bool)
    return Segmentation(
        labels=labels,
        limb=everywhere,
        bone=~everywhere,
        confidence={2: 0.9, 5: 0.6, 9: 0.2},
        widening={5: 1.5},
        possible=possible,
        possible_confidence={3: 0.4, 7: 0.5},
    )


def test_what_becomes_possible_is_no_deposit_any_more() -> None:
    """It keeps its pixels and confidence, is numbered after those that are there, and what is neither kept nor possible is gone."""
    candidates = found()
    left = candidates.keeping({2}, possible={2, 5})
    assert left.label_values == (1,)
    assert dict(left.confidence) == {1: 0.9}
    assert dict(left.widening) == {}
    assert left.possible is not None
    assert left.possible_values == (3, 7, 8)
    assert dict(left.possible_confidence) == {3: 0.4, 7: 0.5, 8: 0.6}
    np.testing.assert_array_equal(left.possible == 8, candidates.labels == 5)
    np.testing.assert_array_equal(left.possible == 7, candidates.possible == 7)
    assert not left.possible[20:24].any()


def test_without_any_it_is_as_if_there_were_no_such_thing() -> None:
    """No picture is held, also where one of zeros was given, and nothing is shown of them."""
    plain = replace(found(), possible=np.zeros((40, 30), int))
    assert plain.possible is None
    assert plain.possible_values == ()
    assert "possible" not in repr(plain)
    assert found().with_possible([]).possible is None
    assert "3 deposits, 2 possible ones, 40 x 30 pixels" in repr(found())


def test_possible_ones_are_read_only_in_every_copy() -> None:
    """The array that was given is copied; pickles and copies can be changed no more than the original."""
    given = np.array(found().possible)
    original = replace(found(), possible=given)
    given[0, 20] = 1
    for one in (original, pickle.loads(pickle.dumps(original)), copy.deepcopy(original)):  # noqa: S301 made here
        assert one.possible_values == (3, 7)
        with pytest.raises(ValueError, match="read-only"):
            one.possible[0, 0] = 1
        with pytest.raises(TypeError):
            one.possible_confidence[3] = 0.1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"possible": np.full((40, 30), 1)}, "found pixels of both"),
        ({"possible": np.eye(40, 29, 28, dtype=int)}, "`possible` has the shape of the labels"),
        ({"possible": np.eye(40, 30, 28)}, "possible deposits are integers"),
        ({"possible": -np.eye(40, 30, 28, dtype=int)}, "possible deposits are between 0 and 65535"),
        ({"possible_confidence": {3: 1.5}}, "probability between 0 and 1"),
    ],
)
def test_what_cannot_be_possible_is_refused(changes: dict[str, object], words: str) -> None:
    """Each rule is an error that says what was found."""
    with pytest.raises(InvalidValueError, match=words):
        replace(found(), **changes)


def test_a_drawn_deposit_decides_what_it_touches() -> None:
    """One pixel is enough; the others stay undecided."""
    labels = np.zeros((40, 30), np.uint16)
    labels[36, 11] = 4
    assert found().undecided(labels) == (3,)
    assert found().undecided(np.zeros_like(labels)) == (3, 7)
    assert replace(found(), possible=None).undecided(labels) == ()


def test_each_has_its_place_and_size() -> None:
    """Law: centroid and area are those of its pixels; millimetres only where a size is stated."""
    one, two = possible_deposits(found(), Spacing(0.2, 0.5, SpacingBasis.DETECTOR))
    assert one == PossibleDeposit(3, (30.0, 10.5), 2, 2 * 0.1, 0.4)
    assert (two.name, two.centroid, two.confidence) == ("P7", (36.0, 10.5), 0.5)
    assert possible_deposits(found(), Spacing.uncalibrated())[0].area_mm2 is None
    assert possible_deposits(replace(found(), possible=None), Spacing.uncalibrated()) == ()


def test_an_excluded_region_holds_no_possible_deposit() -> None:
    """One mostly inside goes as a whole; the others stay, with their numbers."""
    left = without(found(), [((29, 0), (29, 29), (33, 29), (33, 0))])
    assert left.possible_values == (7,)
    assert dict(left.possible_confidence) == {7: 0.5}
    assert left.label_values == (1, 2, 3)
    cut = without(found(), [((36, 11), (36, 20), (39, 20), (39, 11))])
    assert cut.possible is not None
    assert (cut.possible_values, np.count_nonzero(cut.possible == 7)) == ((3, 7), 1)
