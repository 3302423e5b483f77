from __future__ import annotations

import re

from calcitrack.review.session import ReviewSession
from calcitrack_napari.serial_review.list_order import ORDERS, arranged, change_words, with_sd


def test_rows_are_sorted_and_filtered(session: ReviewSession) -> None:
    """By number, by mass, by what is left to do; what has no value comes last."""
    session.accept("D002", 1)
    rows = session.state.rows(1)
    assert [r.deposit_id for r in arranged(rows)] == ["D001", "D002"]
    assert [r.deposit_id for r in arranged(rows, "mass")] == ["D002", "D001"]
    assert [r.deposit_id for r in arranged(rows, only="new or gone")] == ["D001"]
    assert arranged(rows, only="to do") == ()


def test_possible_deposits_are_first_in_every_order(asked: ReviewSession) -> None:
    """And in the filters of what is to do and of what is seen, as long as the reader has not decided."""
    rows = asked.state.rows(2)
    for order in ORDERS:
        assert {r.deposit_id for r in arranged(rows, order)[:2]} == {"P1", "P2"}
    assert [r.deposit_id for r in arranged(rows, "least sure")[:2]] == ["P1", "P2"]
    assert [r.deposit_id for r in arranged(rows, "area", "to do")[:2]] == ["P1", "P2"]
    assert not any(r.possible for only in ("new or gone", "rejected") for r in arranged(rows, only=only))
    asked.dismiss_possible(2, "P1")
    assert next(r.deposit_id for r in arranged(asked.state.rows(2), only="seen here")) == "P2"


def test_a_value_is_written_with_its_interval(session: ReviewSession) -> None:
    """No value, no text."""
    seen = next(r for r in session.state.rows(1) if r.deposit_id == "D002")
    assert with_sd(seen.value("ha_mass_mg")).count("±") == 1
    assert with_sd(None) == ""


def test_a_change_is_its_size_with_its_interval_before_any_percentage(session: ReviewSession) -> None:
    """In its unit, with both ends; a deposit that is gone has none."""
    gone, grown = session.state.rows(1)
    assert re.fullmatch(r"\+[\d.]+ \S+ \(\S+ to \S+\); \+\d+ %", change_words(grown))
    assert change_words(gone) == ""
    assert [r.deposit_id for r in arranged((gone, grown), "change")] == ["D002", "D001"]
