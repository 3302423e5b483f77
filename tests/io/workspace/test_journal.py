from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from calcitrack.errors import EditConflictError, InvalidValueError
from calcitrack.io.workspace import Workspace

ASSESSMENT = "00000081"
"""Id of the assessment that made_assessments.py makes of patient P1."""


@pytest.fixture
def workspace(made: ModuleType, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace with one assessment."""
    with Workspace.create(tmp_path) as opened:
        opened.record(made.assessment("P1"))
        yield opened


def test_steps_are_there_after_opening_again(workspace: Workspace, tmp_path: Path) -> None:
    """Each reader's steps in their order, with what was done and the change; the check is clean."""
    for reader, steps in (("anna", ("accept D001", "undo")), ("ben", ("reject D002",))):
        for k, step in enumerate(steps):
            workspace.note(ASSESSMENT, step, f'{{"n":{k}}}', reader=reader, after=k)
    with Workspace.open(tmp_path, reading=True) as again:
        assert [(e.position, e.step, e.change) for e in again.journal(ASSESSMENT, reader="anna")] == [
            (1, "accept D001", '{"n":0}'),
            (2, "undo", '{"n":1}'),
        ]
        assert [e.reader for e in again.journal(ASSESSMENT)] == ["anna", "anna", "ben"]
        assert again.check().clean
        assert [e.who for e in again.history() if e.what == "step of a review"] == ["anna", "anna", "ben"]


def test_a_second_window_of_one_reader_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    """Two windows start from one state: the second is told, and nothing is overwritten; another reader is not in the way."""
    workspace.note(ASSESSMENT, "accept D001", "{}", reader="anna", after=0)
    with Workspace.open(tmp_path) as second:
        with pytest.raises(EditConflictError, match=r"1 steps of anna, who has gone on with it elsewhere after step 0.*open it again"):
            second.note(ASSESSMENT, "reject D001", "{}", reader="anna", after=0)
        second.note(ASSESSMENT, "reject D001", "{}", reader="ben", after=0)
    assert [(e.reader, e.step) for e in workspace.journal(ASSESSMENT)] == [("anna", "accept D001"), ("ben", "reject D001")]


def test_a_step_names_its_reader_and_its_assessment(workspace: Workspace) -> None:
    """Otherwise it is refused, and says why."""
    with pytest.raises(InvalidValueError, match="names its reader"):
        workspace.note(ASSESSMENT, "accept D001", "{}", reader=" ", after=0)
    with pytest.raises(InvalidValueError, match="found no assessment 'nothing'"):
        workspace.note("nothing", "accept D001", "{}", reader="anna", after=0)
    assert workspace.journal(ASSESSMENT) == ()
