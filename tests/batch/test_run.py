from __future__ import annotations

import multiprocessing
import os
import re
import signal
import threading
import time
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from calcitrack.batch import CRASHED, PROCESS_ENDED, StoppedError, assess_cohort, iter_assessments, one
from calcitrack.batch.progress import RunMonitor
from calcitrack.batch.window import in_order
from calcitrack.errors import InvalidValueError
from calcitrack.io.cohort.read import read_cohort
from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import Cohort, TimelineFailure
from calcitrack.model.timeline import Exposure, Timeline, TimelineKey
from calcitrack.tables import deposits_table, timeline_table

PROMPT_S = 30
"""A batch that is told to end has ended within this on the busiest machine; it takes milliseconds, the film that is loading a minute."""


@pytest.fixture
def cohort(made: ModuleType, tmp_path: Path) -> Cohort:
    """Three patients with two visits each, as small pictures on the disk."""
    return read_cohort(made.write_pictures(tmp_path, ("A", "B", "C")))


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


@pytest.mark.parametrize("workers", [None, 2])
def test_one_failing_timeline_is_a_row_and_the_others_go_on(made: ModuleType, cohort: Cohort, workers: int) -> None:
    """A bug on one patient costs that patient only; the reason names the error, and its files are listed."""
    outcomes = list(iter_assessments(made.with_loader(cohort, "B", partial(int, "no number")), workers=workers))
    assert patients(outcomes) == [("A", "Assessment"), ("B", "TimelineFailure"), ("C", "Assessment")]
    failure = outcomes[1]
    assert isinstance(failure, TimelineFailure)
    assert "ValueError: invalid literal" in failure.reason
    assert [Path(s).name for s in failure.sources] == ["visit1.png", "visit2.png"]


def test_a_killed_process_costs_only_its_own_timeline(made: ModuleType, cohort: Cohort) -> None:
    """When a worker dies without a word, as for lack of memory, only the timeline that kills it is lost, and the reason says so."""
    outcomes = list(iter_assessments(made.with_loader(cohort, "A", partial(os._exit, 9)), workers=2))
    assert patients(outcomes) == [("A", "TimelineFailure"), ("B", "Assessment"), ("C", "Assessment")]
    failure = outcomes[0]
    assert isinstance(failure, TimelineFailure)
    assert failure.reason == PROCESS_ENDED


@pytest.mark.skipif(os.name == "nt", reason="on Windows a raised SIGSEGV ends a process with exit code 3, which names no crash")
def test_a_crash_costs_its_own_timeline_and_names_the_film(made: ModuleType, cohort: Cohort) -> None:
    """A library that breaks down costs one row, also where a single process measures; it says what crashed on which film; the others are equal."""
    crashing = made.with_loader(cohort, "B", partial(signal.raise_signal, signal.SIGSEGV))
    outcomes = list(iter_assessments(crashing, workers=1))
    assert patients(outcomes) == [("A", "Assessment"), ("B", "TimelineFailure"), ("C", "Assessment")]
    failure = outcomes[1]
    assert isinstance(failure, TimelineFailure)
    film = cohort.timelines[1].time_points[0].exposures[0].source
    assert failure.reason == f"{CRASHED} (SIGSEGV) while reading {film}; look at that file, and please report it"
    undisturbed = [o for o in iter_assessments(cohort) if o.key.patient_id != "B"]
    assert [made.content(o) for o in outcomes if isinstance(o, Assessment)] == [made.content(o) for o in undisturbed]


def test_a_film_that_never_ends_is_given_up(made: ModuleType, cohort: Cohort) -> None:
    """A decoder that hangs is ended after the time limit of a step, and costs one row that names the film."""
    first, hanging = Cohort(cohort.timelines[:1], ()), made.with_loader(cohort, "B", partial(time.sleep, 600))
    hanging = replace(hanging, timelines=hanging.timelines[1:2])
    assert isinstance(next(iter_assessments(first, workers=1)), Assessment)
    start = time.perf_counter()
    (failure,) = iter_assessments(hanging, workers=1, time_limit_s=2)
    assert time.perf_counter() - start < 600
    assert isinstance(failure, TimelineFailure)
    assert re.search(r"did not come to an end within 2 s while reading .*visit1\.png; look at that file", failure.reason)


def test_a_slow_timeline_stops_nobody(cohort: Cohort) -> None:
    """While the first of many timelines has not ended, all others are handed over and finish; outcomes come in order all the same."""
    timelines = [cohort.timelines[n % 3] for n in range(30)]
    jobs = [Finished(n) for n in range(30)]
    slow = jobs[0].future = Future()
    handed: list[int] = []

    def submit(number: int, _timeline: Timeline) -> Finished:
        handed.append(number)
        if number == 29:
            slow.set_result(b"")
        return jobs[number]

    outcomes = list(in_order(timelines, submit, lambda: 4, RunMonitor(timelines, None)))
    assert handed == list(range(30))
    assert [o.reason for o in outcomes if isinstance(o, TimelineFailure)] == [str(n) for n in range(30)]


class Finished:
    """A job that is done, with its number as the reason of a failure."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.future: Future[bytes] = Future()
        self.future.set_result(b"")

    def result(self) -> TimelineFailure:
        """A failure."""
        return TimelineFailure(TimelineKey("A"), str(self.number), ())


def test_processes_give_the_same_answers(made: ModuleType, cohort: Cohort) -> None:
    """The number of workers changes no value; images made in memory, which cannot travel, are measured in this process."""
    in_memory = made.with_loader(cohort, "C", Exposure.of(cohort.timelines[2].time_points[0].exposures[0].load()).load)
    one, two = (list(iter_assessments(in_memory, workers=n)) for n in (None, 2))
    assert patients(one) == patients(two) == [(p, "Assessment") for p in "ABC"]
    for table in (deposits_table, timeline_table):
        first, second = (table([o for o in outcomes if isinstance(o, Assessment)]) for outcomes in (one, two))
        assert first.equals(second)
    for a, b in zip(one, two, strict=True):
        assert isinstance(a, Assessment)
        assert isinstance(b, Assessment)
        assert [i.segmentation.limb.sum() for i in a.images] == [i.segmentation.limb.sum() for i in b.images]


EARLIER: set[int | None] = set()
"""Threads and processes of other tests, such as those of a Dask worker in this process, which ends them when they have been idle for a while."""


@pytest.fixture(scope="module", autouse=True)
def _of_others() -> None:
    """What is there before the first test here."""
    EARLIER.update(t.ident for t in threading.enumerate())
    EARLIER.update(p.pid for p in multiprocessing.active_children())


def left_over() -> list[str]:
    """Processes that measure and threads that wait for them."""
    threads = [t.name for t in threading.enumerate() if t.name == "calcitrack-process" and t.ident not in EARLIER]
    return [*threads, *(p.name for p in multiprocessing.active_children() if p.pid not in EARLIER)]


def test_ending_early_ends_the_processes_at_once(made: ModuleType, cohort: Cohort) -> None:
    """When the iterator has been closed, every process and every thread of it is gone, with a patient under way whose film takes a minute to load."""
    outcomes = iter_assessments(made.with_loader(cohort, "B", partial(time.sleep, 60)), workers=2)
    next(outcomes)
    assert left_over()
    start = time.perf_counter()
    outcomes.close()
    assert time.perf_counter() - start < PROMPT_S
    assert left_over() == []


@pytest.mark.parametrize("workers", [None, 2])
def test_each_stage_of_each_image_is_observed(cohort: Cohort, workers: int | None) -> None:
    """In order for each timeline, in the thread that iterates, whichever process measures."""
    seen: list[tuple[TimelineKey, str, str]] = []
    threads: set[int] = set()

    def observe(*event: object) -> None:
        seen.append(event)
        threads.add(threading.get_ident())

    list(iter_assessments(cohort, workers=workers, observe=observe))
    assert threads == {threading.get_ident()}
    for timeline in cohort.timelines:
        events = [(stage, Path(source).name) for key, stage, source in seen if key == timeline.key]
        assert sorted(stage for stage, name in events if name == "visit1.png") == ["calibrate", "measure", "read", "segment"]  # it is the baseline
        assert sorted(stage for stage, name in events if name == "visit2.png") == ["align", "calibrate", "measure", "read", "segment"]
        assert events[0] == ("read", "visit1.png")
        assert events[-1] == ("measure", "visit2.png")


def test_a_run_that_is_stopped_ends_its_processes_at_once(made: ModuleType, cohort: Cohort) -> None:
    """Stopped while a film takes a minute to load: the run ends with an error of its own, and every process and thread is gone."""
    begun: list[str] = []
    run = iter_assessments(
        made.with_loader(cohort, "A", partial(time.sleep, 60)),
        workers=2,
        observe=lambda key, stage, _: begun.append(f"{key.patient_id} {stage}"),
        stopped=lambda: "A read" in begun,
    )
    start = time.perf_counter()
    with pytest.raises(StoppedError):
        list(run)
    assert time.perf_counter() - start < PROMPT_S
    assert left_over() == []


def test_a_run_in_this_process_stops_between_stages(cohort: Cohort) -> None:
    """What was finished before has been given; the film under way is let go, and is no failure."""
    begun: list[str] = []
    outcomes: list[Assessment | TimelineFailure] = []
    run = iter_assessments(cohort, observe=lambda key, stage, _: begun.append(f"{key.patient_id} {stage}"), stopped=lambda: "B segment" in begun)
    with pytest.raises(StoppedError):
        outcomes.extend(run)
    assert patients(outcomes) == [("A", "Assessment")]
    assert begun[-1] == "B segment"


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

    monkeypatch.setattr(one, "assess", exhausted)
    assert {f.reason.split(";")[0] for f in assess_cohort(cohort).failures} == {"the memory did not suffice"}


@pytest.mark.parametrize("workers", [None, 2])
def test_progress_counts_images_up_to_all(cohort: Cohort, workers: int) -> None:
    """Progress never goes back and ends at all images."""
    seen: list[tuple[int, int]] = []
    assess_cohort(cohort, workers=workers, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (6, 6)
    assert {total for _, total in seen} == {6}


@pytest.mark.parametrize("workers", [None, 2])
def test_a_workspace_holds_what_needs_no_measuring(made: ModuleType, cohort: Cohort, tmp_path: Path, workers: int | None) -> None:
    """A first run fails on one patient; the second measures that patient alone, counts only those images, and gives all in order."""
    folder = tmp_path / "W"
    broken = made.with_loader(cohort, "B", partial(int, "no number"))
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
    with pytest.raises(InvalidValueError, match="workers or a client"):
        next(iter_assessments(cohort, workers=2, client=object()))
    with pytest.raises(InvalidValueError, match="found 0"):
        next(iter_assessments(cohort, time_limit_s=0))
