from __future__ import annotations

import base64
import json
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcitrack.errors import EditConflictError, InvalidValueError
from calcitrack.io.workspace import Workspace, database
from calcitrack.io.workspace.journal_check import JournalFault
from calcitrack.io.workspace.review_steps import step_json, step_of
from calcitrack.model.assessment import Assessment
from calcitrack.model.review_steps import Change, HistoryMove, Misfit, Patch, ReviewStep, Statement, StatementField
from calcitrack.reading import plan_reading

ASSESSMENT = "00000081"
"""Id of the assessment that made_assessments.py makes of patient P1."""


@pytest.fixture
def workspace(made: ModuleType, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace with one assessment."""
    with Workspace.create(tmp_path) as opened:
        opened.record(made.assessment("P1"))
        yield opened


def test_steps_are_there_after_opening_again(workspace: Workspace, made: ModuleType, tmp_path: Path) -> None:
    """Each reader's steps in their order, with what was done and the change; the check is clean."""
    accepted, rejected = made.verdict_step("D001", "", "accept"), made.verdict_step("D002", "", "reject")
    for reader, steps in (("anna", (("accept D001", accepted), ("undo", HistoryMove.UNDO))), ("ben", (("reject D002", rejected),))):
        for position, (words, step) in enumerate(steps):
            workspace.note(ASSESSMENT, words, step, reader=reader, after=position)
    with Workspace.open(tmp_path, reading=True) as again:
        assert [(e.position, e.step, e.change) for e in again.journal(ASSESSMENT, reader="anna")] == [
            (1, "accept D001", '{"image":0,"deposit":"D001","patches":[],"statements":[["verdict",["D001",-1],"","accept"]]}'),
            (2, "undo", '{"again": "undo"}'),
        ]
        assert [e.reader for e in again.journal(ASSESSMENT)] == ["anna", "anna", "ben"]
        assert again.check().clean
        assert [e.who for e in again.history() if e.what == "step of a review"] == ["anna", "anna", "ben"]


def test_a_second_window_of_one_reader_is_refused(workspace: Workspace, made: ModuleType, tmp_path: Path) -> None:
    """Two windows start from one state: the second is told, and nothing is overwritten; another reader is not in the way."""
    accepted, rejected = made.verdict_step("D001", "", "accept"), made.verdict_step("D001", "", "reject")
    workspace.note(ASSESSMENT, "accept D001", accepted, reader="anna", after=0)
    with Workspace.open(tmp_path) as second:
        with pytest.raises(EditConflictError, match=r"1 step of anna, who has gone on with it elsewhere after step 0.*open it again"):
            second.note(ASSESSMENT, "reject D001", rejected, reader="anna", after=0)
        second.note(ASSESSMENT, "reject D001", rejected, reader="ben", after=0)
    assert [(e.reader, e.step) for e in workspace.journal(ASSESSMENT)] == [("anna", "accept D001"), ("ben", "reject D001")]


def test_a_step_names_its_reader_and_its_assessment(workspace: Workspace, made: ModuleType) -> None:
    """Otherwise it is refused, and says why."""
    accepted = made.verdict_step("D001", "", "accept")
    with pytest.raises(InvalidValueError, match="names its reader"):
        workspace.note(ASSESSMENT, "accept D001", accepted, reader=" ", after=0)
    with pytest.raises(InvalidValueError, match="found no assessment 'nothing'"):
        workspace.note("nothing", "accept D001", accepted, reader="anna", after=0)
    assert workspace.journal(ASSESSMENT) == ()


# The JSON form


def packed(*values: int) -> str:
    """Labels as the journal holds them: little-endian, zlib, base64. Libraries of zlib differ in their bytes."""
    return base64.b64encode(zlib.compress(np.array(values, "<u2").tobytes(), 1)).decode("ascii")


BEFORE, AFTER = packed(0, 0), packed(3, 1)
WRITTEN = (
    f'{{"image":2,"deposit":"D004","patches":[[2,5,7,1,2,"{BEFORE}","{AFTER}"]],'
    '"statements":[["identity",[2,3],"","D004"],["verdict",["D001",-1],"accept",""],["fate",["D002",3],"","resolved"],'
    '["pattern",["D002"],"","stone"],["comment",["D002"],"","\\u00e4 \\ud83d"]]}'
)
"""A step as the program wrote it when its fields were plain texts."""


def test_the_json_is_that_of_earlier_versions() -> None:
    """Law: read and written again, the text of an earlier version is the same to the byte; of every field, and of undo and redo."""
    step = step_of("add D004", WRITTEN)
    assert isinstance(step, Change)
    assert (step.step, step.image, step.deposit_id) == ("add D004", 2, "D004")
    (patch,) = step.patches
    assert (patch.image, patch.corner, patch.before.tolist(), patch.after.tolist()) == (2, (5, 7), [[0, 0]], [[3, 1]])
    assert [s.field for s in step.statements] == list(StatementField)
    assert step_json(step) == WRITTEN
    for move, text in ((HistoryMove.UNDO, '{"again": "undo"}'), (HistoryMove.REDO, '{"again": "redo"}')):
        assert step_of("", text) is move
        assert step_json(move) == text


labels = st.integers(0, 65535)


@given(st.lists(labels, min_size=6, max_size=6), st.lists(labels, min_size=6, max_size=6), st.text(), st.integers(0, 9))
def test_a_step_goes_there_and_back(before: list[int], after: list[int], words: str, image: int) -> None:
    """Law: the JSON of any patch and statement gives the same step again."""
    patch = Patch(image, (3, 4), np.array(before, np.uint16).reshape(2, 3), np.array(after, np.uint16).reshape(2, 3))
    step = Change("draw", image, "D001", (patch,), (Statement(StatementField.COMMENT, ("D001",), "", words),))
    again = step_of("draw", step_json(step))
    assert isinstance(again, Change)
    assert again.statements == step.statements
    np.testing.assert_array_equal(again.patches[0].before, patch.before)
    np.testing.assert_array_equal(again.patches[0].after, patch.after)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Expecting property name"),
        ("[]", "list indices"),
        ("{}", "found no 'image'"),
        ('{"again": "twice"}', "'twice' is not a valid HistoryMove"),
        (WRITTEN.replace('"identity"', '"colour"'), "'colour' is not a valid StatementField"),
        (WRITTEN.replace("[2,3]", "[2,3,4]"), "too many values"),
        (WRITTEN.replace(BEFORE, BEFORE[:-4] + "AAAA"), "incorrect data check"),
        (WRITTEN.replace("5,7,1,2", "5,7,1,3"), "cannot reshape"),
        (WRITTEN.replace("5,7,1,2", "-5,7,1,2"), "counted from 0"),
        (WRITTEN.replace("5,7,1,2", "0.5,7,1,2"), "found 0.5 where a step holds a whole number"),
        (WRITTEN.replace("5,7,1,2", "5,7,-1,2"), "a patch of -1 x 2 pixels"),
        ('{"image": Infinity, "deposit": "D001", "patches": [], "statements": []}', "found inf where a step holds a whole number"),
        ('{"image": true, "deposit": "D001", "patches": [], "statements": []}', "found True where"),
        ("[" * 100_000, "of another form"),
    ],
)
def test_a_damaged_step_is_refused_and_says_why(text: str, said: str) -> None:
    """Whatever is wrong, it is one kind of error, with what was found."""
    with pytest.raises(InvalidValueError, match=said):
        step_of("draw", text)


# What the check finds


def noted(workspace: Workspace, steps: Sequence[ReviewStep], reading: str = "") -> None:
    """Keep steps of one reader."""
    for position, step in enumerate(steps):
        workspace.note(ASSESSMENT, "a step", step, reader="anna", after=position, reading=reading)


def painted(assessment: Assessment, image: int, *, before: int | None = None) -> Change:
    """Two background pixels of an image become label 9, a deposit of its own; `before` is claimed to be there instead of what is."""
    labels = assessment.images[image].segmentation.labels[:1, :2]
    start = labels.copy() if before is None else np.full_like(labels, before)
    return Change(
        "paint D009",
        image,
        "D009",
        (Patch(image, (0, 0), start, np.full_like(labels, 9)),),
        (Statement(StatementField.IDENTITY, (image, 9), "", "D009"),),
    )


def test_a_sound_journal_is_applied_again(workspace: Workspace, made: ModuleType) -> None:
    """Drawing, undoing, redoing and judging fit each other: nothing is found."""
    noted(
        workspace,
        (
            painted(made.assessment("P1"), 1),
            made.verdict_step("D001", "", "accept"),
            HistoryMove.UNDO,
            HistoryMove.UNDO,
            HistoryMove.REDO,
            made.verdict_step("D001", "", "reject"),
        ),
    )
    report = workspace.check()
    assert report.clean
    assert report.journals == ()


WRONG: dict[str, tuple[Callable[[ModuleType], Sequence[ReviewStep]], int, str]] = {
    "labels": (lambda made: [painted(made.assessment("P1"), 1, before=3)], 1, Misfit.OTHER_LABELS),
    "labels, painted twice": (lambda made: [painted(made.assessment("P1"), 1)] * 2, 2, Misfit.OTHER_LABELS),
    "statement": (lambda made: [made.verdict_step("D001", "", "accept"), made.verdict_step("D001", "reject", "")], 2, Misfit.OTHER_STATEMENT),
    "image": (lambda _: [Change("look", 99, "")], 1, Misfit.NO_SUCH_IMAGE),
    "identity": (lambda _: [Change("name", 0, "D001", (), (Statement(StatementField.IDENTITY, (99, 1), "", "D001"),))], 1, Misfit.NO_SUCH_IMAGE),
    "window": (lambda _: [Change("draw", 0, "", (Patch(0, (9999, 0), *(np.zeros((1, 1), np.uint16),) * 2),))], 1, Misfit.OUTSIDE_IMAGE),
    "undo": (lambda made: [made.verdict_step("D001", "", "accept"), HistoryMove.UNDO, HistoryMove.UNDO], 3, "there is no step to undo"),
    "redo": (lambda _: [HistoryMove.REDO], 1, "there is no step to redo"),
}


@pytest.mark.parametrize("what", list(WRONG))
def test_a_journal_that_does_not_fit_is_found(workspace: Workspace, made: ModuleType, what: str) -> None:
    """The first step that does not start from what is there, as a typed problem and as a sentence."""
    steps, position, reason = WRONG[what]
    noted(workspace, steps(made))
    report = workspace.check()
    (problem,) = report.journals
    assert (problem.assessment_id, problem.reader, problem.reading, problem.position) == (ASSESSMENT, "anna", "", position)
    assert (problem.fault, problem.reason) == (JournalFault.MISFIT, reason)
    assert report.problems == (f"step {position} of anna on assessment {ASSESSMENT} does not fit what is there: {reason}",)


def test_a_damaged_journal_is_found(workspace: Workspace, made: ModuleType, tmp_path: Path) -> None:
    """A step whose labels lost a character; other journals are applied all the same, and each fault is named."""
    noted(workspace, (painted(made.assessment("P1"), 0), made.verdict_step("D001", "", "accept")))
    workspace.note(ASSESSMENT, "a step", made.verdict_step("D002", "accept", ""), reader="ben", after=0)
    with closing(sqlite3.connect(tmp_path / database.FILE)) as raw:
        raw.execute("DROP TRIGGER journal_no_update")
        (text,) = raw.execute("SELECT change FROM journal WHERE id = 1").fetchone()
        changed = json.loads(text)
        changed["patches"][0][-1] = changed["patches"][0][-1][4:]
        raw.execute("UPDATE journal SET change = ? WHERE id = 1", (json.dumps(changed),))
        raw.commit()
    report = workspace.check()
    assert [(p.reader, p.position, p.fault) for p in report.journals] == [("anna", 1, JournalFault.UNREADABLE), ("ben", 1, JournalFault.MISFIT)]
    assert any(p.startswith(f"step 1 of anna on assessment {ASSESSMENT} cannot be read: ") for p in report.problems)


def test_a_reading_starts_from_what_its_reader_was_shown(workspace: Workspace, made: ModuleType) -> None:
    """A blinded case shows the images in another order; one that begins from nothing has no labels: steps that fit there are sound."""
    (facts,) = workspace.sessions.cases()
    for number, shown in enumerate((True, False), start=1):
        plan = plan_reading((facts,), "anna", seed=3, blinded=True, show_suggestion=shown)
        session = workspace.sessions.start("anna", plan)
        (case,) = plan.cases
        assert session.reading(case) == f"session {number}, case 1"
        position = case.order.index(0)
        labels = made.assessment("P1").images[0].segmentation.labels
        start = labels.copy() if shown else np.zeros_like(labels)
        step = Change("draw", position, "D009", (Patch(position, (0, 0), start, np.full_like(labels, 9)),))
        workspace.note(ASSESSMENT, "draw", step, reader="anna", after=number - 1, reading=session.reading(case))
    assert workspace.check().journals == ()
    workspace.note(ASSESSMENT, "draw", step, reader="anna", after=2)
    assert [(p.reading, p.reason) for p in workspace.check().journals] == [("", Misfit.OTHER_LABELS)]
    workspace.note(ASSESSMENT, "draw", step, reader="ben", after=0, reading="session 1, case 1")
    (_, problem) = workspace.check().journals
    assert (problem.reader, problem.fault) == ("ben", JournalFault.NO_START)
    assert "(session 1, case 1) has nothing to start from: no reading session of this reader" in problem.sentence


def test_outlines_that_are_gone_cost_the_journal_no_more_than_a_problem(workspace: Workspace, made: ModuleType, tmp_path: Path) -> None:
    """Without the segmentation that it starts from, a journal cannot be checked, and the check says so."""
    noted(workspace, (painted(made.assessment("P1"), 0),))
    sorted(tmp_path.rglob("*.npz"))[0].unlink()
    (problem,) = workspace.check().journals
    assert problem.fault is JournalFault.NO_START
    assert "restore the file from a backup" in problem.reason
