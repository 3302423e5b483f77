"""Measure timelines in processes of this computer."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import Future
from functools import partial

from calcitrack.assess import AssessOptions
from calcitrack.batch.one import InProcess, Outcome, assess_one, packed_outcome, picklable
from calcitrack.batch.progress import RunMonitor
from calcitrack.batch.window import Job, in_order
from calcitrack.model.progress import Observer
from calcitrack.model.timeline import Timeline
from calcitrack.processes import SUBMITTED_AHEAD, ProcessPool


class Here:
    """A timeline that this process measures when its turn comes, because its images are in memory and cannot be sent to another one."""

    def __init__(self, timeline: Timeline, options: AssessOptions | None, observe: Observer) -> None:
        self._timeline, self._options, self._observe = timeline, options, observe
        self.future: Future[bytes] = Future()
        self.future.set_result(b"")

    def result(self) -> Outcome:
        """Measure now."""
        return assess_one(self._timeline, self._options, self._observe)


def in_processes(
    timelines: Sequence[Timeline], options: AssessOptions | None, workers: int, limit_s: float | None, monitor: RunMonitor
) -> Generator[Outcome]:
    """Outcomes in order. A timeline whose process was ended runs once more, alone, before it counts as failed."""
    with ProcessPool(workers) as pool:

        def submit(number: int, timeline: Timeline) -> Job:
            if not picklable(timeline):
                return Here(timeline, options, monitor.checking_observer(number))
            return InProcess(pool, timeline, partial(packed_outcome, timeline, options), limit_s, monitor.observer(number))

        yield from in_order(timelines, submit, lambda: workers + SUBMITTED_AHEAD, monitor)
