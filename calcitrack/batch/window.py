"""Timelines handed over a few at a time, and their outcomes in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Protocol

from calcitrack.batch.one import PROCESS_ENDED, LostError, Outcome, failure
from calcitrack.batch.progress import RunMonitor
from calcitrack.model.timeline import Timeline

FINISHED_HELD = 200
"""Most finished outcomes that wait, packed, for a slow one before them; a film of 6 million pixels takes 0.2 MB of one."""
LOOK_S = 0.5
"""Seconds between two reports of progress, and between two checks whether the run is to stop, while no timeline ends."""


class Job(Protocol):
    """A timeline that was handed over to be measured."""

    @property
    def future(self) -> Future[bytes]:
        """Done as soon as there is an outcome, or as soon as none will come."""

    def result(self) -> Outcome:
        """The outcome; raises `LostError` where a second try, alone, may give one."""


Submit = Callable[[int, Timeline], Job]
"""Hands a timeline over to be measured: (number, timeline)."""


def in_order(timelines: Sequence[Timeline], submit: Submit, places: Callable[[], int], monitor: RunMonitor) -> Generator[Outcome]:
    """Outcomes in the order of the timelines. A slow timeline delays the outcomes behind it, and nobody's work.

    Parameters
    ----------
    timelines
        In their order.
    submit
        Hands one timeline over.
    places
        How many timelines are under way at a time; asked again each time.
    monitor
        Follows the run.

    Raises
    ------
    StoppedError
        The run is to stop.
    """
    waiting = deque(enumerate(timelines))
    submitted = deque[tuple[int, Timeline, Job]]()
    under_way: dict[Future[bytes], int] = {}
    while waiting or submitted:
        for future in [f for f in under_way if f.done()]:
            monitor.finish(under_way.pop(future))
        monitor.report()
        monitor.check()
        while waiting and len(under_way) < places() and len(submitted) < places() + FINISHED_HELD:
            number, timeline = waiting.popleft()
            job = submit(number, timeline)
            submitted.append((number, timeline, job))
            under_way[job.future] = number
        if not submitted[0][2].future.done():
            wait(under_way, timeout=LOOK_S, return_when=FIRST_COMPLETED)
            continue
        number, timeline, job = submitted.popleft()
        try:
            outcome = job.result()
        except LostError:
            _wait_for_all(under_way, monitor)  # so that the second try has all the memory, and ends nobody else's process
            outcome = _once_more(submit(number, timeline), timeline, monitor)
        monitor.finish(number)
        monitor.report()
        yield outcome


def _once_more(job: Job, timeline: Timeline, monitor: RunMonitor) -> Outcome:
    _wait_for_all([job.future], monitor)
    try:
        return job.result()
    except LostError:
        return failure(timeline, PROCESS_ENDED)


def _wait_for_all(futures: Collection[Future[bytes]], monitor: RunMonitor) -> None:
    while wait(futures, timeout=LOOK_S).not_done:
        monitor.report()
        monitor.check()
