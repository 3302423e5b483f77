from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest

from calcitrack.errors import InvalidValueError
from calcitrack.io.workspace import Workspace, database
from calcitrack.model.reading import CaseState, FilmReading, PlannedCase, ReadingPlan
from calcitrack.reading import plan_reading


@pytest.fixture
def workspace(made: ModuleType, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace with three patients."""
    with Workspace.create(tmp_path / "W") as opened:
        for patient in ("P1", "P2", "P3"):
            opened.record(made.assessment(patient))
        yield opened


def plan(workspace: Workspace, reader: str = "anna") -> ReadingPlan:
    """A blinded plan with one repeat."""
    return plan_reading(workspace.sessions.cases(), reader, seed=2, blinded=True, show_suggestion=False, repeated=0.3)


def test_a_session_is_there_after_opening_again(workspace: Workspace, tmp_path: Path) -> None:
    """Its plan, how far each case is, and what was read with the patient it is; other readers have sessions of their own."""
    anna = workspace.sessions.start("anna", plan(workspace))
    workspace.sessions.start("ben", plan(workspace, "ben"))
    one, two = anna.plan.cases[:2]
    recorded = workspace.assessment(one.assessment_id, digest=one.digest)
    films = [FilmReading(i.exposure.image_id, i.time_point, i.repeat, i.totals) for i in recorded.images]
    workspace.sessions.begin(anna, one)
    workspace.sessions.begin(anna, one)
    workspace.sessions.finish(anna, one, films)
    workspace.sessions.begin(anna, two)
    with Workspace.open(tmp_path / "W", reading=True) as again:
        (session,) = again.sessions.all("anna")
        assert session.plan == anna.plan
        assert session.states == {1: CaseState.DONE, 2: CaseState.BEGUN}
        assert session.next_case == two
        (read,) = again.sessions.readings()
        assert (read.session, read.case, read.key, read.films) == (session, one, recorded.key, tuple(films))
        assert [e.what for e in again.history(f"session {session.number}")] == ["case begun", "case done", "case begun"]
        assert again.check().clean


def test_a_case_that_was_opened_again_is_read_when_it_is_done_again(workspace: Workspace) -> None:
    """The last time counts; in between it counts for nothing."""
    anna = workspace.sessions.start("anna", plan_reading(workspace.sessions.cases(), "anna"))
    case = anna.plan.cases[0]
    workspace.sessions.finish(anna, case, [FilmReading("a", 1, 0, {})])
    workspace.sessions.begin(anna, case)
    assert workspace.sessions.readings() == ()
    workspace.sessions.finish(anna, case, [FilmReading("b", 1, 0, {})])
    assert [r.films[0].image for r in workspace.sessions.readings()] == ["b"]


def test_what_is_not_on_record_is_refused(workspace: Workspace) -> None:
    """No reader, a timeline that nobody measured, a session that nobody began; nothing is written."""
    with pytest.raises(InvalidValueError, match="names its reader"):
        workspace.sessions.start(" ", plan(workspace))
    with pytest.raises(InvalidValueError, match="Case 1: found no assessment 'nothing'"):
        workspace.sessions.start("anna", ReadingPlan(cases=(PlannedCase(1, "nothing", "d", (0,)),)))
    with pytest.raises(InvalidValueError, match=r"found no session 9 in the workspace; expected one of \[\]"):
        workspace.sessions.get(9)
    assert workspace.sessions.all() == ()


@pytest.mark.parametrize(
    ("table", "column", "words"), [("sessions", "plan", "plan of session 1"), ("readings", "films", "reading of case 1 of session 1")]
)
def test_the_check_finds_what_was_changed(workspace: Workspace, tmp_path: Path, table: str, column: str, words: str) -> None:
    """Rows are guarded by the database, and held against their digests where somebody took the guard away."""
    anna = workspace.sessions.start("anna", plan(workspace))
    workspace.sessions.finish(anna, anna.plan.cases[0], [FilmReading("a", 1, 0, {})])
    with closing(sqlite3.connect(tmp_path / "W" / database.FILE)) as raw:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw.execute(f"UPDATE {table} SET {column} = '[]'")  # noqa: S608 names of ours
        raw.execute(f"DROP TRIGGER {table}_no_update")
        raw.execute(f"UPDATE {table} SET {column} = replace({column}, '1', '2')")  # noqa: S608 names of ours
        raw.commit()
    assert any(words in p for p in workspace.check().problems)


def test_steps_of_one_reader_are_one_chain_whatever_reading_they_belong_to(workspace: Workspace, made: ModuleType) -> None:
    """Steps of a case are told from those of the reader's own review, and the check is clean."""
    case = plan(workspace).cases[0]
    workspace.sessions.start("anna", plan(workspace))
    workspace.note(case.assessment_id, "accept D001", made.verdict_step("D001", "", "accept"), reader="anna", after=0)
    workspace.note(case.assessment_id, "reject D001", made.verdict_step("D001", "", "reject"), reader="anna", after=1, reading="session 1, case 1")
    assert [(e.position, e.reading) for e in workspace.journal(case.assessment_id, reader="anna")] == [(1, ""), (2, "session 1, case 1")]
    assert workspace.check().clean
