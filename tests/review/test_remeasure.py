"""Films are measured anew for a reader, as the batch measures them, in a process that may crash or be stopped."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from calcitrack import assess_cohort, read_cohort
from calcitrack.batch import CRASHED, StoppedError, iter_assessments, keep_in
from calcitrack.errors import InvalidValueError
from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.model.corrections import FilmCorrection, KnownLength
from calcitrack.model.review_steps import HistoryMove
from calcitrack.review import remeasure
from calcitrack.review.film_corrections import Tool, summary, unmeasured
from calcitrack.review.remeasure import measure_again, measure_into
from calcitrack.review.session import ReviewSession

LAST = "2.25.774"
"""The repeat exposure at the last visit."""
PROMPT_S = 30
"""A measurement that is stopped has ended within this on the busiest machine; it takes half a second, the film that is loading a minute."""


@pytest.fixture(scope="module")
def assessment(reviews: ModuleType, film_folder: Path) -> Assessment:
    """What the program finds on the films: a record holds all that measuring again takes."""
    return reviews.measured_by_the_program(film_folder)


@pytest.fixture
def folder(reviews: ModuleType, assessment: Assessment, tmp_path: Path) -> Path:
    """A workspace with it."""
    return reviews.recorded(tmp_path / "workspace", assessment)


def again(folder: Path, assessment: Assessment, image: str = LAST) -> str:
    """Measure anew with what is stated now."""
    return measure_again(folder, assessment.assessment_id, image, lambda *_: None, lambda: False)


def test_the_batch_measures_the_same_with_the_same_statements(reviews: ModuleType, film_folder: Path, folder: Path, assessment: Assessment) -> None:
    """Parity: one id and the same totals, whether stated in the viewer, in a mapping, or taken from the workspace by a later run."""
    row, column = _place(assessment, 3, "D003")
    region = tuple((row + dr, column + dc) for dr, dc in ((-15, -15), (-15, 15), (15, 15), (15, -15)))
    stated = FilmCorrection(excluded=(region,), length=KnownLength((0, 0), (400, 0), 120))
    with Workspace.open(folder) as workspace:
        workspace.correct(LAST, stated, "exclude a region", reader="anna")
        assert unmeasured(workspace, assessment) == (3,)
    made = again(folder, assessment)
    (batch,) = assess_cohort(film_folder, options=reviews.OPTIONS, corrections={LAST: stated}).assessments
    assert made == batch.assessment_id != assessment.assessment_id
    with Workspace.open(folder) as workspace:
        viewed = workspace.assessment(made)
        assert [i.totals for i in viewed.images] == [i.totals for i in batch.images]
        (left,) = viewed.images[3].deposits
        assert abs(left.deposit.centroid[0] - row) > 15
        assert viewed.images[3].exposure.correction == stated
        assert viewed.images[3].exposure.load().spacing == viewed.images[3].spacing == batch.images[3].spacing
        assert unmeasured(workspace, viewed) == ()
        assert "tier" in summary(stated, viewed.images[3])[Tool.WEDGE]
        cohort = read_cohort(film_folder, recorded=workspace.corrections())
        kept = keep_in(workspace, cohort, options=reviews.OPTIONS)
        assert kept.on_record == len(cohort.timelines) == 1
        assert [o.assessment_id for o in iter_assessments(cohort, options=reviews.OPTIONS, kept=kept)] == [made]
        workspace.correct_again(LAST, HistoryMove.UNDO, reader="ben")
    assert again(folder, viewed) == assessment.assessment_id


def test_a_side_and_a_date_change_the_timelines(folder: Path, assessment: Assessment) -> None:
    """A film of the other limb goes to a timeline of its own; one of another day becomes a visit of its own; undone, all is as before."""
    with Workspace.open(folder) as workspace:
        workspace.correct(LAST, FilmCorrection(laterality="R"), "state side R", reader="anna")
    moved = again(folder, assessment)
    with Workspace.open(folder) as workspace:
        sides = {r.key.laterality: workspace.assessment(r.assessment_id) for r in workspace.assessments()}
        assert {side: len(a.images) for side, a in sides.items()} == {"L": 3, "R": 1}
        assert sides["R"].assessment_id == moved
        workspace.correct(LAST, FilmCorrection(date=dt.date(2023, 1, 2)), "state date", reader="anna")
    later = again(folder, sides["R"])
    with Workspace.open(folder) as workspace:
        (one,) = workspace.assessments()
        assert one.assessment_id == later
        assert workspace.assessment(later).time_points[-1].date == dt.date(2023, 1, 2)
        assert [p.index for p in workspace.assessment(later).time_points] == [1, 2, 3, 4]


def test_settings_that_are_retired_are_said_before_anything_is_read(reviews: ModuleType, assessment: Assessment, tmp_path: Path) -> None:
    """What an earlier version measured by a method that is gone opens as it was, and is not measured by another one unasked."""
    (step,) = (s for s in assessment.provenance.steps if s.name == "assess")
    told = replace(step, parameters={**step.parameters, "segment.method": "transparent"})
    was = replace(assessment, provenance=replace(assessment.provenance, steps=(told,)))
    folder = reviews.recorded(tmp_path / "W", was)
    with Workspace.open(folder) as workspace:
        assert len(ReviewSession.open(workspace, "anna").state.deposit_ids()) == 3
    with pytest.raises(InvalidValueError, match=r"by the method transparent, which is retired.*measure the folder again with `calcitrack measure`"):
        again(folder, was)


def test_what_does_not_fit_is_said_and_can_be_undone(folder: Path, assessment: Assessment) -> None:
    """A length that no film has: the reason and what to do."""
    with Workspace.open(folder) as workspace:
        workspace.correct(LAST, FilmCorrection(length=KnownLength((0, 0), (20, 0), 900)), "draw a length", reader="anna")
    with pytest.raises(InvalidValueError, match=r"cannot be 900 mm long.*undo it"):
        again(folder, assessment)


def test_a_film_that_was_measured_with_a_manifest_is_left_to_the_batch(reviews: ModuleType, film_folder: Path, tmp_path: Path) -> None:
    """The file tells another side than the manifest did: it is said, and nothing is measured against the manifest."""
    (tmp_path / "manifest.csv").write_text("path,laterality\n" + "".join(f"film{k}.dcm,R\n" for k in range(4)))
    for k in range(4):
        (tmp_path / f"film{k}.dcm").write_bytes((film_folder / f"film{k}.dcm").read_bytes())
    (made,) = assess_cohort(tmp_path, manifest=tmp_path / "manifest.csv", options=reviews.OPTIONS, workspace=tmp_path / "W").assessments
    with pytest.raises(InvalidValueError, match="perhaps with a manifest or pseudonyms; what you stated is kept"):
        again(tmp_path / "W", made)


def _place(assessment: Assessment, k: int, deposit_id: str) -> tuple[float, float]:
    return next(d.deposit.centroid for d in assessment.images[k].deposits if d.deposit_id == deposit_id)


@pytest.fixture
def spoilt(made: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], tuple[str]]:
    """Three patients as pictures on the disk; a given function loads the first film of the second one. Gives the paths to measure."""
    pictures = made.write_pictures(tmp_path / "pictures", ("A", "B", "C"))

    def spoil(load: Callable[[], object]) -> tuple[str]:
        monkeypatch.setattr(remeasure, "read_cohort", lambda *args, **settings: made.with_loader(read_cohort(*args, **settings), "B", load))
        return (str(pictures),)

    return spoil


@pytest.mark.skipif(os.name == "nt", reason="on Windows a raised SIGSEGV ends a process with exit code 3, which names no crash")
def test_a_crash_costs_a_timeline_and_not_the_viewer(spoilt: Callable[..., tuple[str]], tmp_path: Path) -> None:
    """A codec that crashes on a film ends the process that measures; its patient becomes a failure on record, and the others are measured."""
    steps: list[tuple[int, int, str]] = []
    paths = spoilt(partial(signal.raise_signal, signal.SIGSEGV))
    made = measure_into(tmp_path / "W", paths, lambda *step: steps.append(step), lambda: False)
    with Workspace.open(tmp_path / "W", reading=True) as workspace:
        recorded = {r.assessment_id: r.key.patient_id for r in workspace.assessments()}
        assert [recorded[name] for name in made] == ["A", "C"]
        (failure,) = workspace.failures()
    assert failure.key.patient_id == "B"
    assert failure.reason.startswith(f"{CRASHED} (SIGSEGV) while reading")
    assert steps[0] == (0, 30, "read visit1.png")
    assert steps[-1] == (30, 30, "done")


def test_stopping_ends_the_film_under_way(spoilt: Callable[..., tuple[str]], tmp_path: Path) -> None:
    """Stopped while a film takes a minute to load: it ends at once, no process is left, and what was finished before is on record."""
    begun: list[str] = []
    paths = spoilt(partial(time.sleep, 60))
    before = {p.pid for p in multiprocessing.active_children()}

    def stopped() -> bool:
        return begun.count("read visit1.png") == 2  # of A, and of B

    start = time.perf_counter()
    with pytest.raises(StoppedError):
        measure_into(tmp_path / "W", paths, lambda _done, _total, words: begun.append(words), stopped)
    assert time.perf_counter() - start < PROMPT_S
    assert {p.pid for p in multiprocessing.active_children()} <= before
    with Workspace.open(tmp_path / "W", reading=True) as workspace:
        assert [r.key.patient_id for r in workspace.assessments()] == ["A"]


def test_stopping_leaves_a_recorded_assessment_as_it_was(folder: Path, assessment: Assessment) -> None:
    """What was stated is kept, and nothing is measured."""
    with Workspace.open(folder) as workspace:
        workspace.correct(LAST, FilmCorrection(laterality="R"), "state side R", reader="anna")
    with pytest.raises(StoppedError):
        measure_again(folder, assessment.assessment_id, LAST, lambda *_: None, lambda: True)
    with Workspace.open(folder, reading=True) as workspace:
        assert [r.assessment_id for r in workspace.assessments()] == [assessment.assessment_id]
        assert workspace.corrections() == {LAST: FilmCorrection(laterality="R")}
