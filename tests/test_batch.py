from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from calcitrack import batch
from calcitrack.batch import PROCESS_ENDED, assess_cohort, iter_assessments
from calcitrack.errors import InvalidValueError
from calcitrack.io.cohort import read_cohort
from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import Cohort, TimelineFailure
from calcitrack.model.timeline import Exposure, Timeline
from calcitrack.tables import deposits_table, timeline_table

PROMPT_S = 30
"""A batch that is told to end has ended within this on the busiest machine; it takes milliseconds, the film that is loading a minute."""


@pytest.fixture
def cohort(made: ModuleType, tmp_path: Path) -> Cohort:
    """Three patients with two visits each, as small pictures on the disk."""
    return read_cohort(made.write_pictures(tmp_path, ("A", "B", "C")))


def with_loader(cohort: Cohort, patient: str, load: Callable[[], object]) -> Cohort:
    """The cohort, in which the first image of a patient is loaded by another function."""

    def changed(timeline: Timeline) -> Timeline:
        if timeline.key.patient_id != patient:
            return timeline
        first, *rest = timeline.time_points
        return replace(timeline, time_points=(replace(first, exposures=(replace(first.exposures[0], load=load),)), *rest))

    return replace(cohort, timelines=tuple(changed(t) for t in cohort.timelines))


def patients(outcomes: list[Assessment | TimelineFailure]) -> list[tuple[str, str]]:
    """Patient and kind of outcome, in order."""
    return [(o.key.patient_id, type(o).__name__) for o in outcomes]


def test_every_timeline_is_assessed_in_order(cohort: Cohort) -> None:
    """Paths or a cohort: one assessment a timeline, in the cohort's order, and the record of every file."""
    result = assess_cohort(cohort)
    assert [a.key.patient_id for a in result.assessments] == ["A", "B", "C"]
    assert result.failures == ()
    assert result.files == cohort.files
    assert [len(a.images) for a in result.assessments] == [2, 2, 2]


@pytest.mark.parametrize("workers", [1, 2])
def test_one_failing_timeline_is_a_row_and_the_others_go_on(cohort: Cohort, workers: int) -> None:
    """A bug on one patient costs that patient only; the reason names the error, and its files are listed."""
    outcomes = list(iter_assessments(with_loader(cohort, "B", partial(int, "no number")), workers=workers))
    assert patients(outcomes) == [("A", "Assessment"), ("B", "TimelineFailure"), ("C", "Assessment")]
    failure = outcomes[1]
    assert isinstance(failure, TimelineFailure)
    assert "ValueError: invalid literal" in failure.reason
    assert [Path(s).name for s in failure.sources] == ["visit1.png", "visit2.png"]


def test_a_killed_process_costs_only_its_own_timeline(cohort: Cohort) -> None:
    """When a worker dies without a word, as for lack of memory, only the timeline that kills it is lost, and the reason says so."""
    outcomes = list(iter_assessments(with_loader(cohort, "A", partial(os._exit, 9)), workers=2))
    assert patients(outcomes) == [("A", "TimelineFailure"), ("B", "Assessment"), ("C", "Assessment")]
    failure = outcomes[0]
    assert isinstance(failure, TimelineFailure)
    assert failure.reason == PROCESS_ENDED


def test_processes_give_the_same_answers(cohort: Cohort) -> None:
    """The number of workers changes no value; images made in memory, which cannot travel, are measured in this process."""
    in_memory = with_loader(cohort, "C", Exposure.of(cohort.timelines[2].time_points[0].exposures[0].load()).load)
    one, two = (list(iter_assessments(in_memory, workers=n)) for n in (1, 2))
    assert patients(one) == patients(two) == [(p, "Assessment") for p in "ABC"]
    for table in (deposits_table, timeline_table):
        first, second = (table([o for o in outcomes if isinstance(o, Assessment)]) for outcomes in (one, two))
        assert first.equals(second)
    for a, b in zip(one, two, strict=True):
        assert isinstance(a, Assessment)
        assert isinstance(b, Assessment)
        assert [i.segmentation.limb.sum() for i in a.images] == [i.segmentation.limb.sum() for i in b.images]


def left_over() -> list[str]:
    """Processes that measure and threads that wait for them."""
    return [*(p.name for p in multiprocessing.active_children()), *(t.name for t in threading.enumerate() if t.name == "calcitrack-process")]


def test_ending_early_ends_the_processes_at_once(cohort: Cohort) -> None:
    """When the iterator has been closed, every process and every thread of it is gone, with a patient under way whose film takes a minute to load."""
    outcomes = iter_assessments(with_loader(cohort, "B", partial(time.sleep, 60)), workers=2)
    next(outcomes)
    assert multiprocessing.active_children()
    start = time.perf_counter()
    outcomes.close()
    assert time.perf_counter() - start < PROMPT_S
    assert left_over() == []


def test_a_consumer_that_fails_ends_the_processes(cohort: Cohort) -> None:
    """An exception or Ctrl-C where the outcomes are used leaves no process and no thread behind."""

    def interrupted(done: int, _total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        assess_cohort(cohort, workers=2, progress=interrupted)
    assert left_over() == []


def test_lack_of_memory_is_said_in_plain_words(cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    """A MemoryError is reported as what it means for the user."""

    def exhausted(*_: object, **__: object) -> Assessment:
        raise MemoryError

    monkeypatch.setattr(batch, "assess", exhausted)
    assert {f.reason.split(";")[0] for f in assess_cohort(cohort).failures} == {"the memory did not suffice"}


@pytest.mark.parametrize("workers", [1, 2])
def test_progress_counts_images_up_to_all(cohort: Cohort, workers: int) -> None:
    """Progress never goes back and ends at all images."""
    seen: list[tuple[int, int]] = []
    assess_cohort(cohort, workers=workers, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (6, 6)
    assert {total for _, total in seen} == {6}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_workspace_holds_what_needs_no_measuring(cohort: Cohort, tmp_path: Path, workers: int) -> None:
    """A first run fails on one patient; the second measures that patient alone, counts only those images, and gives all in order."""
    folder = tmp_path / "W"
    broken = with_loader(cohort, "B", partial(int, "no number"))
    first = assess_cohort(broken, workers=workers, workspace=folder)
    assert [a.key.patient_id for a in first.assessments] == ["A", "C"]
    seen: list[tuple[int, int]] = []
    second = assess_cohort(cohort, workers=workers, workspace=folder, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (2, 2)
    assert {total for _, total in seen} == {2}
    assert [a.key.patient_id for a in second.assessments] == ["A", "B", "C"]
    plain = assess_cohort(cohort)
    assert deposits_table(second.assessments).equals(deposits_table(plain.assessments))
    assert timeline_table(second.assessments).equals(timeline_table(plain.assessments))
    with Workspace.open(folder) as workspace:
        assert [(r.assessed, r.failed) for r in workspace.runs()] == [(2, 1), (3, 0)]
        seen.clear()
        again = assess_cohort(cohort, workspace=workspace, progress=lambda done, total: seen.append((done, total)))
        assert seen == []
        assert len(again.assessments) == len(assess_cohort(cohort, workspace=workspace, again=True).assessments) == 3
        assert workspace.check().clean


def test_wrong_uses_are_refused(cohort: Cohort) -> None:
    """A manifest for a cohort that was read already would be ignored, and no worker cannot work."""
    with pytest.raises(InvalidValueError, match="hand the manifest to read_cohort"):
        assess_cohort(cohort, manifest="m.csv")
    with pytest.raises(InvalidValueError, match="found 0"):
        next(iter_assessments(cohort, workers=0))
