"""Many timelines: in this process or several local ones. One timeline that fails is one row, and the others go on."""

from __future__ import annotations

import os
import pickle
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import replace
from multiprocessing.reduction import ForkingPickler
from os import PathLike
from types import MappingProxyType
from typing import Any

from calcitrack.assess import AssessOptions, assess
from calcitrack.errors import InvalidValueError
from calcitrack.io.cohort import read_cohort
from calcitrack.io.provenance_json import measuring_libraries
from calcitrack.io.workspace import KeptRun, Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import Cohort, CohortAssessment, TimelineFailure
from calcitrack.model.timeline import Timeline
from calcitrack.processes import SUBMITTED_AHEAD, ProcessEndedError, ProcessPool
from calcitrack.segment import recipe
from calcitrack.two_views import combined
from calcitrack.version import __version__

Progress = Callable[[int, int], None]
"""Called with (images done, images in all)."""
Outcome = Assessment | TimelineFailure

PROCESS_ENDED = "its process was ended from outside, most likely because the memory did not suffice; measure it alone, or with fewer workers"
OUT_OF_MEMORY = "the memory did not suffice; measure it alone, or with fewer workers"


def _read_only(content: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(content)


# Steps and segmentations hold read-only views of dicts, which the standard library cannot send to another process by itself.
ForkingPickler.register(MappingProxyType, lambda view: (_read_only, (dict(view),)))


def assess_cohort(
    inputs: Cohort | str | PathLike[str] | Sequence[str | PathLike[str]],
    *,
    manifest: str | PathLike[str] | None = None,
    options: AssessOptions | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    workspace: Workspace | str | PathLike[str] | None = None,
    again: bool = False,
) -> CohortAssessment:
    """Find the radiographs among files, and measure and follow every timeline.

    Parameters
    ----------
    inputs
        A folder, file, zip archive or DICOMDIR, or several of them, or a `Cohort` that was read before.
    manifest
        A CSV file that states what headers do not; see `calcitrack.read_cohort`.
    options
        Settings of the verbs; defaults when ``None``.
    workers
        Processes. One, the default, measures in this process. A script that asks for more has its own calls under
        ``if __name__ == "__main__":``, since each process imports it.
    progress
        Called with (images done, images in all) that are measured.
    workspace
        A workspace, open or the folder of one, which is made where there is none. It keeps each outcome as soon as it is there, and timelines that
        it holds from the same files, settings and version are taken from it: a run that was ended goes on where it stopped.
    again
        Measure all timelines, also those that the workspace holds.

    Returns
    -------
    CohortAssessment
        In the order of the cohort, the same with any number of workers. A timeline that fails unexpectedly is a `TimelineFailure`.

    Raises
    ------
    ManifestError
        The manifest cannot be used.
    InvalidValueError
        A manifest together with a cohort that was read already, or less than one worker.
    WorkspaceError
        The workspace cannot be opened or written.
    """
    if isinstance(inputs, Cohort):
        if manifest is not None:
            raise InvalidValueError("a manifest is used when files are read, and this cohort was read already; hand the manifest to read_cohort")
        cohort = inputs
    else:
        cohort = read_cohort(inputs, manifest=manifest)
    with _opened(workspace) as opened:
        given = () if isinstance(inputs, Cohort) else (inputs,) if isinstance(inputs, str | PathLike) else inputs
        kept = None if opened is None else keep_in(opened, cohort, options=options, inputs=given, again=again)
        outcomes = list(iter_assessments(cohort, options=options, workers=workers, progress=progress, kept=kept))
    return CohortAssessment(
        tuple(o for o in outcomes if isinstance(o, Assessment)), tuple(o for o in outcomes if isinstance(o, TimelineFailure)), cohort.files
    )


def _opened(workspace: Workspace | str | PathLike[str] | None) -> AbstractContextManager[Workspace | None]:
    """A workspace for a ``with`` block, which closes it unless it was open before."""
    return nullcontext(workspace) if workspace is None or isinstance(workspace, Workspace) else Workspace.create(workspace)


def keep_in(
    workspace: Workspace,
    cohort: Cohort,
    *,
    options: AssessOptions | None = None,
    inputs: Iterable[str | PathLike[str]] = (),
    again: bool = False,
    progress: Progress | None = None,
) -> KeptRun:
    """Begin a run that a workspace keeps, for `iter_assessments`, and compare the cohort with what is on record.

    Parameters
    ----------
    workspace
        Open, and writable.
    options, again
        As for `assess_cohort`.
    inputs
        What the cohort was read from, for the record.
    progress
        Called with (timelines compared, timelines in all).
    """
    stated = options or AssessOptions()
    made_by = {"version": __version__, **recipe(stated.segment), "libraries": measuring_libraries()}
    told = [os.fspath(i) for i in inputs]
    return KeptRun(workspace, cohort.timelines, options=stated, made_by=made_by, inputs=told, files=cohort.files, again=again, progress=progress)


def iter_assessments(
    cohort: Cohort,
    *,
    options: AssessOptions | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    kept: KeptRun | None = None,
) -> Generator[Outcome]:
    """The outcome of each timeline as soon as it and all before it are done, in the cohort's order, so that few lie in memory at a time.

    Two orthogonal views of one limb are combined (`combine_views`), and so handed on together.

    Parameters are those of `assess_cohort`; `kept` is what `keep_in` made of the same cohort and options. Close the iterator to end its processes
    early; when `close` returns, they are gone.
    """
    if workers is not None and workers < 1:
        raise InvalidValueError(f"at least one worker measures; found {workers}")
    settings = options.measure if options else None
    alone = _one_by_one(cohort, options, workers, progress) if kept is None else _going_on(cohort, options, workers, progress, kept)
    with closing(alone) as outcomes:
        for outcome in combined(outcomes, options=settings, coming=(t.key for t in cohort.timelines)):
            if kept is not None:
                kept.keep(outcome)
            yield outcome
    if kept is not None:
        kept.finish()


def _going_on(cohort: Cohort, options: AssessOptions | None, workers: int | None, progress: Progress | None, kept: KeptRun) -> Generator[Outcome]:
    """The outcome of each timeline by itself: what is on record is taken from there, the others are measured and kept at once."""
    with closing(_one_by_one(replace(cohort, timelines=kept.left), options, workers, progress)) as measured:
        for number in range(len(cohort.timelines)):
            outcome: Outcome | None = kept.recall(number)
            if outcome is None:
                outcome = next(measured)
                kept.measured(number, outcome)
            yield outcome
        next(measured, None)  # tells progress that the last one is done


def _one_by_one(cohort: Cohort, options: AssessOptions | None, workers: int | None, progress: Progress | None) -> Generator[Outcome]:
    """The outcome of each timeline by itself."""
    total = sum(count_images(t) for t in cohort.timelines)
    done = 0
    several = min(workers or 1, len(cohort.timelines))
    if several <= 1:
        for timeline in cohort.timelines:
            yield _assess_one(timeline, options, _counting(progress, done, total))
            done += count_images(timeline)
            _tell(progress, done, total)
        return
    with closing(_in_processes(cohort.timelines, options, several)) as outcomes:
        for timeline, outcome in zip(cohort.timelines, outcomes, strict=True):
            done += count_images(timeline)
            _tell(progress, done, total)
            yield outcome


def count_images(timeline: Timeline) -> int:
    """Exposures of a timeline."""
    return sum(len(t.exposures) for t in timeline.time_points)


def sensible_workers(cohort: Cohort) -> int:
    """As many processes as there are processors for this program, and not more than timelines."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(usable, len(cohort.timelines)))


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)


def _counting(progress: Progress | None, before: int, total: int) -> Callable[[str, str], None]:
    """An observer of `assess` that counts an image as done when the next one is read."""
    begun = 0

    def observe(stage: str, _source: str) -> None:
        nonlocal begun
        if stage == "read":
            _tell(progress, before + begun, total)
            begun += 1

    return observe


def _assess_one(timeline: Timeline, options: AssessOptions | None, observe: Callable[[str, str], None] | None = None) -> Outcome:
    try:
        return assess(timeline, options=options, observe=observe)
    except MemoryError:
        return _failure(timeline, OUT_OF_MEMORY)
    except Exception as error:  # the fence of the batch: whatever one timeline does, the others go on
        said = " ".join(str(error).split()) or "no message"
        return _failure(timeline, f"an unexpected error ({type(error).__name__}: {said}); please report it")


def _failure(timeline: Timeline, reason: str) -> TimelineFailure:
    return TimelineFailure(timeline.key, reason, tuple(e.source for t in timeline.time_points for e in t.exposures))


def _picklable(timeline: Timeline) -> bool:
    """False for images made in memory, whose loader cannot travel to another process."""
    try:
        pickle.dumps(timeline)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True


def _in_processes(timelines: Sequence[Timeline], options: AssessOptions | None, workers: int) -> Generator[Outcome]:
    """Outcomes in order. A timeline whose process was ended runs once more, alone, before it counts as failed."""
    waiting, flying = deque(timelines), deque[tuple[Timeline, Future[Outcome] | None]]()
    with ProcessPool(workers) as pool:
        while waiting or flying:
            while waiting and len(flying) < workers + SUBMITTED_AHEAD:
                timeline = waiting.popleft()
                flying.append((timeline, pool.submit(_assess_one, timeline, options) if _picklable(timeline) else None))
            timeline, future = flying.popleft()
            yield _assess_one(timeline, options) if future is None else _outcome(timeline, future, options)


def _outcome(timeline: Timeline, future: Future[Outcome], options: AssessOptions | None) -> Outcome:
    try:
        return future.result()
    except ProcessEndedError:
        return _alone(timeline, options)
    except Exception as error:  # the outcome itself could not be sent back
        return _failure(timeline, f"its result could not be handed over ({type(error).__name__}: {error}); please report it")


def _alone(timeline: Timeline, options: AssessOptions | None) -> Outcome:
    with ProcessPool(1) as pool:
        try:
            outcome: Outcome = pool.submit(_assess_one, timeline, options).result()
        except ProcessEndedError:
            return _failure(timeline, PROCESS_ENDED)
        return outcome
