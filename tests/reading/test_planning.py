from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcitrack.errors import InvalidValueError
from calcitrack.model.reading import CaseState, PlannedCase, ReadingPlan, ReadingSession
from calcitrack.reading import CaseFacts, plan_reading
from calcitrack.reading.planning import GAP_SHARE

VISITS = (1, 2, 2, 3)
"""Time points of four films, of which two are of one day."""


def cases(n: int) -> list[CaseFacts]:
    """Timelines that can be told apart."""
    return [CaseFacts(f"{k:04d}", "d", VISITS) for k in range(n)]


@given(n=st.integers(1, 40), share=st.floats(0, 1), seed=st.integers(0, 99))
def test_every_case_is_read_once_and_repeats_come_later(n: int, share: float, seed: int) -> None:
    """Law: first showings are all cases; a repeat shows a case again, at most once, with the gap between the two."""
    plan = plan_reading(cases(n), "anna", seed=seed, blinded=True, repeated=share)
    first = [c for c in plan.cases if c.repeat_of is None]
    again = [c for c in plan.cases if c.repeat_of is not None]
    assert sorted(c.assessment_id for c in first) == [f.assessment_id for f in cases(n)]
    assert len({c.assessment_id for c in again}) == len(again)
    for c in again:
        earlier = plan.cases[c.repeat_of - 1]
        assert (earlier.assessment_id, earlier.repeat_of) == (c.assessment_id, None)
        assert c.number - earlier.number >= round(GAP_SHARE * n)
        assert c.number - earlier.number >= (2 if n > 2 else 1)
    if share and n > 1:
        assert 1 <= len(again) <= max(1, round(share * n))
    for c in plan.cases:
        visits = [VISITS[k] for k in c.order]
        assert sorted(visits) == list(VISITS)
        assert visits.index(2) + 1 == len(visits) - 1 - visits[::-1].index(2)  # exposures of one day stay together


def test_the_seed_decides_and_each_reader_has_an_order_of_their_own() -> None:
    """The same seed and reader give the same plan; another seed or reader another one; an open session keeps the order of the workspace."""
    plan = plan_reading(cases(20), "anna", seed=3, blinded=True, repeated=0.2)
    assert plan == plan_reading(cases(20), "anna", seed=3, blinded=True, repeated=0.2)
    assert len(plan.cases) == 24
    for other in (plan_reading(cases(20), "anna", seed=4, blinded=True), plan_reading(cases(20), "ben", seed=3, blinded=True)):
        assert [c.assessment_id for c in other.cases] != [c.assessment_id for c in plan.cases if c.repeat_of is None]
    assert len({c.order for c in plan.cases}) > 1
    kept = plan_reading(cases(5), "anna")
    assert [(c.assessment_id, c.order) for c in kept.cases] == [(f.assessment_id, (0, 1, 2, 3)) for f in cases(5)]


def test_what_cannot_be_planned_is_said() -> None:
    """No reader, no case, a share out of range, an order that is none."""
    with pytest.raises(InvalidValueError, match="names its reader"):
        plan_reading(cases(2), " ")
    with pytest.raises(InvalidValueError, match="found none; measure films"):
        plan_reading([], "anna")
    with pytest.raises(InvalidValueError, match=r"between 0 and 1; found 15"):
        plan_reading(cases(2), "anna", repeated=15)
    with pytest.raises(InvalidValueError, match="names each film once"):
        PlannedCase(1, "0001", "d", (0, 2))
    with pytest.raises(InvalidValueError, match="repeats an earlier one; found 2"):
        PlannedCase(2, "0001", "d", (0,), 2)


def test_a_session_goes_on_with_the_case_in_review() -> None:
    """The case in review, else the first to do; after it the next that is not done; nothing when all are done."""
    plan = plan_reading(cases(3), "anna")
    one, two, three = plan.cases
    assert ReadingSession(1, "anna", plan).next_case == one
    session = ReadingSession(1, "anna", plan, {1: CaseState.DONE, 3: CaseState.BEGUN})
    assert (session.done, session.next_case, session.after(three)) == (1, three, two)
    assert ReadingSession(1, "anna", plan, dict.fromkeys((1, 2, 3), CaseState.DONE)).next_case is None


@pytest.mark.parametrize(
    ("settings", "repeat_of", "own"),
    [({}, None, True), ({"blinded": True}, None, False), ({"show_suggestion": False}, None, False), ({}, 1, False)],
)
def test_only_an_open_first_reading_is_the_readers_own_review(settings: dict[str, bool], repeat_of: int | None, own: bool) -> None:
    """A reading that is blinded, begun from nothing or a repeat is kept apart."""
    pair = (PlannedCase(1, "0001", "d", (0,)), PlannedCase(2, "0001", "d", (0,), repeat_of))
    session = ReadingSession(7, "anna", ReadingPlan(cases=pair, **settings))
    assert session.reading(pair[1]) == ("" if own else "session 7, case 2")
