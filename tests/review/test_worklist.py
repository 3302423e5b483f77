"""A reader's desk without a screen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from calcitrack.errors import InvalidValueError, ReadError
from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.review.worklist import Desk, prepare


def test_a_case_that_cannot_be_read_is_named_by_its_number_and_skipped(folder: Path, assessment: Assessment) -> None:
    """Neither file nor patient is told to a blinded reader; the session goes on without the case, and nothing of it counts as read."""
    image = assessment.images[0]
    facts = replace(image.exposure.acquisition, sop_instance_uid="2.25.99")
    gone = replace(image, exposure=replace(image.exposure, acquisition=facts, source="/nowhere/ELENA.dcm"))
    with Workspace.open(folder) as workspace:
        key = replace(assessment.key, patient_id="ELENA")
        workspace.record(replace(assessment, assessment_id="e" * 16, key=key, images=(gone, *assessment.images[1:])))
    desk = Desk(folder, "anna")
    session = desk.start(blinded=True, show_suggestion=False, show_others=False, repeated=0.0, seed=1)
    case = next(c for c in session.plan.cases if c.assessment_id == "e" * 16)
    with pytest.raises(ReadError, match=f"{case.name}, film .: found a film that cannot be read") as told:
        prepare(folder, session, case)
    assert "ELENA" not in str(told.value)
    session = desk.skip(case)
    assert session.next_case is not None
    assert session.next_case.assessment_id == assessment.assessment_id
    assert [r.films for r in desk.workspace.sessions.readings()] == [()]
    desk.close()


def test_a_desk_is_a_readers(folder: Path) -> None:
    """A name is asked for; a case is opened in a session."""
    with pytest.raises(InvalidValueError, match="a worklist is a reader's"):
        Desk(folder, " ")
    desk = Desk(folder, "anna")
    with pytest.raises(InvalidValueError, match="no session is open"):
        desk.case(1)
    desk.close()
