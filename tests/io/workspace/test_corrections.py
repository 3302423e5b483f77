from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from calcitrack.errors import EditConflictError, InvalidValueError
from calcitrack.io.workspace import Workspace
from calcitrack.io.workspace.corrections import CorrectionKind
from calcitrack.model.corrections import FilmCorrection
from calcitrack.model.review_steps import HistoryMove

PA, AP = FilmCorrection(view="PA"), FilmCorrection(view="AP", laterality="L")


@pytest.fixture
def workspace(made: ModuleType, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace with one assessment."""
    with Workspace.create(tmp_path / "W") as opened:
        opened.record(made.assessment("P1"))
        yield opened


@pytest.fixture
def film(workspace: Workspace) -> str:
    """One film of it."""
    (recorded,) = workspace.assessments()
    return str(workspace.assessment(recorded.assessment_id).images[0].exposure.acquisition.sop_instance_uid)


def test_what_is_stated_holds_after_closing(workspace: Workspace, film: str, tmp_path: Path) -> None:
    """Step by step, undone and done again, also by another reader and from another window."""
    workspace.correct(film, PA, "state view PA", reader="anna")
    workspace.correct(film, AP, "state view AP", reader="ben", after=1)
    with Workspace.open(tmp_path / "W") as other:
        assert other.corrections() == {film: AP}
        undone = other.correct_again(film, HistoryMove.UNDO, reader="anna")
        assert undone is not None
        assert undone.step == "undo: state view AP"
        assert other.corrections() == {film: PA}
    assert workspace.correct_again(film, HistoryMove.REDO, reader="ben") is not None
    assert workspace.corrections() == {film: AP}
    for _ in range(2):
        assert workspace.correct_again(film, HistoryMove.UNDO, reader="ben") is not None
    assert workspace.corrections() == {}
    assert workspace.correct_again(film, HistoryMove.UNDO, reader="ben") is None
    assert [s.kind for s in workspace.correction_steps(film)] == [
        CorrectionKind.SET,
        CorrectionKind.SET,
        CorrectionKind.UNDO,
        CorrectionKind.REDO,
        CorrectionKind.UNDO,
        CorrectionKind.UNDO,
    ]
    assert workspace.check().clean


def test_a_new_step_ends_what_can_be_done_again(workspace: Workspace, film: str) -> None:
    """As with any undo."""
    workspace.correct(film, PA, "state view PA", reader="anna")
    workspace.correct_again(film, HistoryMove.UNDO, reader="anna")
    workspace.correct(film, AP, "state view AP", reader="anna")
    assert workspace.correct_again(film, HistoryMove.REDO, reader="anna") is None


def test_somebody_elses_step_is_not_overwritten(workspace: Workspace, film: str) -> None:
    """The second of two who started from the same is told so."""
    workspace.correct(film, PA, "state view PA", reader="anna", after=0)
    with pytest.raises(EditConflictError, match="the last one by anna"):
        workspace.correct(film, AP, "state view AP", reader="ben", after=0)
    assert workspace.corrections() == {film: PA}


def test_an_unknown_film_and_an_unknown_reader_are_refused(workspace: Workspace, film: str) -> None:
    """Nothing is kept."""
    with pytest.raises(InvalidValueError, match=r"found no image '2\.25\.7' in the workspace"):
        workspace.correct("2.25.7", PA, "state view PA", reader="anna")
    with pytest.raises(InvalidValueError, match="names its reader"):
        workspace.correct(film, PA, "state view PA", reader=" ")
    assert workspace.corrections() == {}


def test_a_timeline_whose_films_went_to_another_is_left_out(workspace: Workspace, film: str) -> None:
    """A reader states the other side of all of them; taken back, the first timeline is there again."""
    (recorded,) = workspace.assessments()
    was = workspace.assessment(recorded.assessment_id)
    now = replace(was, assessment_id="moved", key=replace(was.key, laterality="R"))
    workspace.correct(film, FilmCorrection(laterality="R"), "state laterality R", reader="anna")
    workspace.record(now)
    assert [a.assessment_id for a in workspace.assessments()] == ["moved"]
    workspace.record(was, run=workspace.start_run())
    assert [a.assessment_id for a in workspace.assessments()] == [was.assessment_id]


def test_a_correction_is_kept_with_the_film_it_was_measured_with(workspace: Workspace) -> None:
    """A recorded assessment comes back with it, and equal."""
    (recorded,) = workspace.assessments()
    was = workspace.assessment(recorded.assessment_id)
    image = was.images[0]
    told = FilmCorrection(view="PA", excluded=(((1.0, 1.0), (1.0, 5.0), (5.0, 5.0)),), crop=(0, 5, 0, 5))
    again = replace(was, assessment_id="told", images=(replace(image, exposure=replace(image.exposure, correction=told)), *was.images[1:]))
    workspace.record(again)
    back = workspace.assessment("told")
    assert [i.exposure.correction for i in back.images] == [told, *(FilmCorrection() for _ in was.images[1:])]
    assert workspace.check().clean
