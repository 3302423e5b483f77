"""Timelines measured by processes of this computer."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import Future
from functools import partial

from calcitrack.assess import AssessOptions
from calcitrack.batch.one import InProcess, Outcome, assess_one, packed_outcome, picklable
from calcitrack.batch.progress import ImageCounter
from calcitrack.batch.window import Job, in_order
from calcitrack.model.timeline import Timeline
from calcitrack.processes import SUBMITTED_AHEAD, ProcessPool


class Here:
    """A timeline that this process measures, when its turn has come: its images are in memory and cannot travel."""

    def __init__(self, timeline: Timeline, options: AssessOptions | None) -> None:
        self._timeline, self._options = timeline, options
        self.future: Future[bytes] = Future()
        self.future.set_result(b"")

    def result(self) -> Outcome:
        """Measure now."""
        return assess_one(self._timeline, self._options)


def in_processes(
    timelines: Sequence[Timeline], options: AssessOptions | None, workers: int, limit_s: float | None, counter: ImageCounter
) -> Generator[Outcome]:
    """Outcomes in order. A timeline whose process was ended runs once more, alone, before it counts as failed."""
    with ProcessPool(workers) as pool:

        def submit(number: int, timeline: Timeline) -> Job:
            if not picklable(timeline):
                return Here(timeline, options)
            return InProcess(pool, timeline, partial(packed_outcome, timeline, options), limit_s, counter.observer(number))

        yield from in_order(timelines, submit, lambda: workers + SUBMITTED_AHEAD, counter)
