"""Many timelines: in this process or several local ones. One timeline that fails is one row, and the others go on."""

from __future__ import annotations

import os
import pickle
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from multiprocessing.reduction import ForkingPickler
from os import PathLike
from types import MappingProxyType
from typing import Any

from calcitrack.assess import AssessOptions, assess
from calcitrack.errors import InvalidValueError
from calcitrack.io.cohort import read_cohort
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import Cohort, CohortAssessment, TimelineFailure
from calcitrack.model.timeline import Timeline

Progress = Callable[[int, int], None]
"""Called with (images done, images in all)."""
Outcome = Assessment | TimelineFailure

SUBMITTED_AHEAD = 2
"""Timelines handed to the pool beyond one for each worker: no worker waits, and few finished ones lie in memory."""
STOP_SECONDS = 5.0
"""Waiting time for a pool's own thread once its processes are ended; it takes milliseconds."""
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
        Called with (images done, images in all).

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
    """
    if isinstance(inputs, Cohort):
        if manifest is not None:
            raise InvalidValueError("a manifest is used when files are read, and this cohort was read already; hand the manifest to read_cohort")
        cohort = inputs
    else:
        cohort = read_cohort(inputs, manifest=manifest)
    outcomes = list(iter_assessments(cohort, options=options, workers=workers, progress=progress))
    return CohortAssessment(
        tuple(o for o in outcomes if isinstance(o, Assessment)), tuple(o for o in outcomes if isinstance(o, TimelineFailure)), cohort.files
    )


def iter_assessments(
    cohort: Cohort, *, options: AssessOptions | None = None, workers: int | None = None, progress: Progress | None = None
) -> Generator[Outcome]:
    """The outcome of each timeline as soon as it and all before it are done, in the cohort's order, so that few lie in memory at a time.

    Parameters are those of `assess_cohort`. Close the iterator to end its processes early.
    """
    if workers is not None and workers < 1:
        raise InvalidValueError(f"at least one worker measures; found {workers}")
    total = sum(count_images(t) for t in cohort.timelines)
    done = 0
    several = min(workers or 1, len(cohort.timelines))
    if several <= 1:
        for timeline in cohort.timelines:
            yield _assess_one(timeline, options, _counting(progress, done, total))
            done += count_images(timeline)
            _tell(progress, done, total)
        return
    for timeline, outcome in zip(cohort.timelines, _in_processes(cohort.timelines, options, several), strict=True):
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


def _start_worker() -> None:
    """One thread for OpenCV, since there is a process for each processor; Ctrl-C is the parent's business."""
    import cv2

    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _Pool:
    """A process pool that survives the death of its workers."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._executor = self._started()

    def _started(self) -> ProcessPoolExecutor:
        # spawn, on every system: a forked copy of a process with threads (OpenCV, readers) can hang
        return ProcessPoolExecutor(self._workers, mp_context=get_context("spawn"), initializer=_start_worker)

    def submit(self, timeline: Timeline, options: AssessOptions | None) -> Future[Outcome]:
        """Hand over a timeline, to new processes when the former ones are gone."""
        try:
            return self._executor.submit(_assess_one, timeline, options)
        except BrokenProcessPool:
            self._executor.shutdown(wait=False)
            self._executor = self._started()
            return self._executor.submit(_assess_one, timeline, options)

    def stop(self) -> None:
        """End all processes now, also those at work: the caller has what it wants."""
        running: dict[int, Any] = dict(getattr(self._executor, "_processes", None) or {})
        manager = getattr(self._executor, "_executor_manager_thread", None)
        self._executor.shutdown(wait=False, cancel_futures=True)
        for process in running.values():
            process.terminate()
        if manager is not None:
            manager.join(STOP_SECONDS)  # else it may close the pool's pipe while the interpreter, on its way out, writes to it: a trace


def _in_processes(timelines: Sequence[Timeline], options: AssessOptions | None, workers: int) -> Iterator[Outcome]:
    """Outcomes in order. When a worker dies, every timeline in flight runs again in a process of its own, so that only the culprit fails."""
    pool = _Pool(workers)
    waiting, flying = deque(timelines), deque[tuple[Timeline, Future[Outcome] | None]]()
    try:
        while waiting or flying:
            while waiting and len(flying) < workers + SUBMITTED_AHEAD:
                timeline = waiting.popleft()
                flying.append((timeline, pool.submit(timeline, options) if _picklable(timeline) else None))
            timeline, future = flying.popleft()
            if future is None:
                yield _assess_one(timeline, options)
                continue
            try:
                outcome = future.result()
            except BrokenProcessPool:
                outcome = _alone(timeline, options)
            except Exception as error:  # the outcome itself could not be sent back
                outcome = _failure(timeline, f"its result could not be handed over ({type(error).__name__}: {error}); please report it")
            yield outcome
    finally:
        pool.stop()


def _alone(timeline: Timeline, options: AssessOptions | None) -> Outcome:
    pool = _Pool(1)
    try:
        return pool.submit(timeline, options).result()
    except BrokenProcessPool:
        return _failure(timeline, PROCESS_ENDED)
    finally:
        pool.stop()
