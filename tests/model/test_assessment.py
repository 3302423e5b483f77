"""Tests of the nouns of an assessment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcitrack.errors import InvalidValueError
from calcitrack.model.assessment import DepositId


@given(st.integers(0, 10**6))
def test_an_id_is_read_back_from_its_text(number: int) -> None:
    """Number to text and back is the identity, below and above the three digits that are filled up."""
    assert DepositId.parse(str(DepositId(number))) == DepositId(number)


def test_ids_are_sorted_by_number() -> None:
    """The order is that of the numbers, also where the texts are of different lengths."""
    assert sorted(["D1000", "D010", "D999", "D002"], key=DepositId.parse) == ["D002", "D010", "D999", "D1000"]


@pytest.mark.parametrize("text", ["", "D", "7", "d007", "D-7", "D7 ", "D²", "E007"])
def test_a_text_that_is_no_id_is_refused(text: str) -> None:
    """The message names what was found and what an id looks like."""
    with pytest.raises(InvalidValueError, match="a deposit is called D and a number; found"):
        DepositId.parse(text)
