"""Timelines handed over a few at a time, and their outcomes in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Protocol

from calcitrack.batch.one import PROCESS_ENDED, LostError, Outcome, failure
from calcitrack.batch.progress import ImageCounter
from calcitrack.model.timeline import Timeline

FINISHED_HELD = 200
"""So many finished outcomes wait, packed, for a slow one before them; a film of 6 million pixels takes 0.2 MB of one."""
LOOK_S = 0.5
"""How often progress is told, and looked whether there is room for more, while none comes to its end, s."""


class Job(Protocol):
    """A timeline that somebody measures."""

    @property
    def future(self) -> Future[bytes]:
        """Done when there is an outcome, or none will come."""

    def result(self) -> Outcome:
        """The outcome; `LostError` where another try, alone, may give one."""


Submit = Callable[[int, Timeline], Job]
"""Hands a timeline, by its number and itself, to somebody who measures it."""


def in_order(timelines: Sequence[Timeline], submit: Submit, places: Callable[[], int], counter: ImageCounter) -> Generator[Outcome]:
    """Outcomes in the order of the timelines. A slow timeline holds up the outcomes behind it, and nobody's work.

    Parameters
    ----------
    timelines
        In their order.
    submit
        Hands one over.
    places
        So many are under way at a time; asked anew each time.
    counter
        Told of each that is done.
    """
    waiting = deque(enumerate(timelines))
    held = deque[tuple[int, Timeline, Job]]()
    under_way: dict[Future[bytes], int] = {}
    while waiting or held:
        for future in [f for f in under_way if f.done()]:
            counter.finish(under_way.pop(future))
        counter.report()
        while waiting and len(under_way) < places() and len(held) < places() + FINISHED_HELD:
            number, timeline = waiting.popleft()
            job = submit(number, timeline)
            held.append((number, timeline, job))
            under_way[job.future] = number
        if not held[0][2].future.done():
            wait(under_way, timeout=LOOK_S, return_when=FIRST_COMPLETED)
            continue
        number, timeline, job = held.popleft()
        try:
            outcome = job.result()
        except LostError:
            wait(under_way)  # it then has all the memory, and whoever is ended is ended by it
            outcome = _once_more(submit(number, timeline), timeline)
        counter.finish(number)
        counter.report()
        yield outcome


def _once_more(job: Job, timeline: Timeline) -> Outcome:
    try:
        return job.result()
    except LostError:
        return failure(timeline, PROCESS_ENDED)
