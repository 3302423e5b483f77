"""Weak deposits confirmed by other exposures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcitrack.model.alignment import Alignment
from calcitrack.model.segmentation import Evidence, Segmentation
from calcitrack.track import ExposureCandidates, confirmed_labels

PIXEL_MM = 0.25
SHAPE = (120, 100)
MOVED = Alignment(((1.0, 0.0, 10.0), (0.0, 1.0, -6.0)), 0.0)
"""This image shows everything 10 rows lower and 6 columns further left than baseline."""


def _found(deposits: Mapping[int, tuple[int, int]], confidence: float, side: int = 8) -> Segmentation:
    """Squares with their upper left corners at these (row, column), all as likely."""
    labels = np.zeros(SHAPE, np.uint16)
    for label, (row, column) in deposits.items():
        labels[row : row + side, column : column + side] = label
    everywhere = np.ones(SHAPE, bool)
    return Segmentation(labels=labels, limb=everywhere, bone=~everywhere, confidence=dict.fromkeys(deposits, confidence))


def _exposed(found: Segmentation, *, sure: bool, alignment: Alignment | None = None) -> ExposureCandidates:
    return ExposureCandidates(found, frozenset(found.label_values) if sure else frozenset(), alignment, PIXEL_MM)


def test_a_weak_deposit_is_supported_where_another_exposure_shows_one() -> None:
    """At the registered place, not at the same pixels."""
    sure = _exposed(_found({1: (30, 40)}, 0.9), sure=True)
    weak = _exposed(_found({1: (40, 34), 2: (30, 60)}, 0.3), sure=False, alignment=MOVED)
    assert confirmed_labels([sure, weak]) == [frozenset(), frozenset({1})]


def test_a_follow_up_supports_baseline_as_well() -> None:
    """Support has no direction in time."""
    weak = _exposed(_found({1: (30, 40)}, 0.3), sure=False)
    sure = _exposed(_found({3: (40, 34)}, 0.9), sure=True, alignment=MOVED)
    assert confirmed_labels([weak, sure]) == [frozenset({1}), frozenset()]


def test_weak_deposits_do_not_support_each_other() -> None:
    """Two guesses at one place are no evidence: a bone's edge looks the same on every film."""
    weak = [_exposed(_found({1: (30, 40)}, 0.3), sure=False) for _ in range(2)]
    assert confirmed_labels(weak) == [frozenset(), frozenset()]


@pytest.mark.parametrize("broken", ["giver", "taker"])
def test_a_failed_registration_gives_no_support(broken: str) -> None:
    """Neither to the image nor from it."""
    failed = Alignment(MOVED.matrix, 0.0, ok=False, reason="the limbs do not overlap")
    one, other = _found({1: (30, 40)}, 0.9), _found({1: (40, 34)}, 0.3)
    pair = [_exposed(one, sure=broken == "taker"), _exposed(other, sure=broken == "giver", alignment=failed)]
    assert confirmed_labels(pair) == [frozenset(), frozenset()]


def test_support_tolerates_the_error_of_registration_and_no_more() -> None:
    """A candidate 0.5 mm beside the carried deposit is confirmed, one 3 mm beside it is not."""
    sure = _exposed(_found({1: (30, 40)}, 0.9), sure=True)
    beside = _exposed(_found({1: (30, 50)}, 0.3), sure=False)
    apart = _exposed(_found({1: (30, 60)}, 0.3), sure=False)
    assert confirmed_labels([sure, beside, apart]) == [frozenset(), frozenset({1}), frozenset()]


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(4)), st.integers(0, 12), st.integers(0, 12))
def test_the_order_of_the_exposures_does_not_matter(order: list[int], down: int, right: int) -> None:
    """Law: the same exposures in another order give the same answers."""
    exposures = [
        _exposed(_found({1: (30, 40), 2: (60, 20)}, 0.9), sure=True),
        _exposed(_found({1: (40 + down, 34 + right)}, 0.3), sure=False, alignment=MOVED),
        _exposed(_found({1: (30 + down, 40)}, 0.3), sure=False),
        _exposed(_found({4: (70, 14 + right)}, 0.8), sure=True, alignment=MOVED),
    ]
    answer = confirmed_labels(exposures)
    assert confirmed_labels([exposures[k] for k in order]) == [answer[k] for k in order]


def test_kept_deposits_are_numbered_anew_with_their_confidence_and_evidence() -> None:
    """What is dropped leaves no gap in the numbers."""
    found = _found({2: (10, 10), 5: (30, 30), 9: (60, 60)}, 0.3)
    kept = found.keeping({2, 9}, {9})
    assert kept.label_values == (1, 2)
    assert kept.labels[62, 62] == 2
    assert kept.confidence == {1: 0.3, 2: 0.3}
    assert [kept.evidence(label) for label in (1, 2)] == [Evidence.OWN, Evidence.OTHER_EXPOSURES]
