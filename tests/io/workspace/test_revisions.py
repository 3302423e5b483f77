"""Assessments as readers left them, and which version follows which."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from calcitrack.errors import InvalidValueError
from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment


@pytest.fixture
def measured(made: ModuleType) -> Assessment:
    """As a run measured it."""
    return replace(made.assessment("P1"), assessment_id="measured")


def called(assessment: Assessment, name: str) -> Assessment:
    """The same under another id."""
    return replace(assessment, assessment_id=name)


def test_every_version_is_kept_and_comes_back(measured: Assessment, tmp_path: Path) -> None:
    """A revision is beside what was measured, which stays the timeline's assessment; the last one counts; the same one again changes nothing."""
    with Workspace.create(tmp_path / "W") as workspace:
        recorded = workspace.record(measured)
        assert workspace.counting(recorded) == recorded
        for name, reader in (("first", "anna"), ("second", "ben")):
            workspace.revise(replace(called(measured, name), findings=(name,)), based_on="measured", reader=reader)
        entries = len(workspace.history())
        workspace.revise(replace(called(measured, "second"), findings=("second",)), based_on="measured", reader="ben")
        assert len(workspace.history()) == entries
        assert [a.assessment_id for a in workspace.assessments()] == ["measured"]
        assert [(r.revised.assessment_id, r.based_on, r.reader) for r in workspace.revisions()] == [
            ("first", "measured", "anna"),
            ("second", "measured", "ben"),
        ]
        assert workspace.counting(recorded).assessment_id == "second"
        assert [workspace.assessment(name).findings for name in ("measured", "first", "second")] == [measured.findings, ("first",), ("second",)]
        assert [(e.what, e.who) for e in workspace.history()][-2:] == [("assessment revised", "anna"), ("assessment revised", "ben")]
        assert workspace.check().clean


def test_versions_follow_each_other(measured: Assessment, tmp_path: Path) -> None:
    """Measured, revised, found again (which changes nothing), measured with another visit, and the former films again."""
    with Workspace.create(tmp_path / "W") as workspace:

        def before(name: str) -> str | None:
            found = workspace.said_before(measured.key, name)
            return None if found is None else found.assessment_id

        workspace.record(measured)
        assert before("measured") is None
        workspace.revise(called(measured, "revised"), based_on="measured", reader="anna")
        workspace.record(measured, run=workspace.start_run())
        assert (before("revised"), before("measured")) == ("measured", None)
        workspace.record(called(measured, "with a visit more"))
        assert before("with a visit more") == "revised"
        workspace.record(replace(called(measured, "with a visit more"), findings=("combined with another view",)))
        assert before("with a visit more") == "revised"
        workspace.revise(called(measured, "too late"), based_on="measured", reader="ben")
        assert before("with a visit more") == "revised"


def test_a_revision_names_its_reader_and_what_it_is_of(measured: Assessment, tmp_path: Path) -> None:
    """Neither is guessed."""
    with Workspace.create(tmp_path / "W") as workspace:
        workspace.record(measured)
        with pytest.raises(InvalidValueError, match="names its reader"):
            workspace.revise(called(measured, "x"), based_on="measured", reader=" ")
        with pytest.raises(InvalidValueError, match="found no assessment 'unknown'"):
            workspace.revise(called(measured, "x"), based_on="unknown", reader="anna")
