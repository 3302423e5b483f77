"""Follows a run: how many images are done, which stage each begins, and whether the run is to stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from calcitrack.model.progress import Observer, Progress, Stage
from calcitrack.model.timeline import Timeline, TimelineKey

Observe = Callable[[TimelineKey, Stage, str], None]
"""Called as a stage of an image begins: (timeline, stage, source)."""
Stopped = Callable[[], bool]
"""Asked whether the run is to stop."""


class StoppedError(Exception):
    """The run was stopped on request. What was finished before is kept."""


def count_images(timeline: Timeline) -> int:
    """Exposures of a timeline."""
    return sum(len(t.exposures) for t in timeline.time_points)


class RunMonitor:
    """Counts images that are done, passes stages on, and ends a run that is to stop.

    An image under way counts as done as soon as the next image of its timeline is read. Any thread may note what happens; only `report` and
    `check` call the functions of the user, in the thread that iterates over the run.

    Parameters
    ----------
    timelines
        All timelines that are measured.
    progress, observe, stopped
        As for `calcitrack.batch.iter_assessments`; ``None`` for nobody.
    """

    def __init__(
        self, timelines: Sequence[Timeline], progress: Progress | None, observe: Observe | None = None, stopped: Stopped | None = None
    ) -> None:
        self._keys = [t.key for t in timelines]
        self._images = [count_images(t) for t in timelines]
        self._done = [0] * len(timelines)
        self._total = sum(self._images)
        self._reported = -1
        self._progress, self._observe, self._stopped = progress, observe, stopped
        self._begun: SimpleQueue[tuple[TimelineKey, Stage, str]] = SimpleQueue()

    def finish(self, number: int) -> None:
        """Note that all images of the timeline with this number are done."""
        self._done[number] = self._images[number]

    def observer(self, number: int) -> Observer:
        """An observer of `assess` for the timeline with this number; it only notes."""
        read: set[str] = set()

        def note(stage: Stage, source: str) -> None:
            if self._observe is not None:
                self._begun.put((self._keys[number], stage, source))
            if stage is Stage.READ and source not in read:
                self._done[number] = max(self._done[number], min(len(read), self._images[number]))
                read.add(source)

        return note

    def checking_observer(self, number: int) -> Observer:
        """As `observer`, for a timeline that is measured in this thread: it reports at once, and raises `StoppedError` where the run is to stop."""
        note = self.observer(number)

        def note_and_report(stage: Stage, source: str) -> None:
            self.check()
            note(stage, source)
            self.report()

        return note_and_report

    def report(self) -> None:
        """Call the functions of the user with what is new."""
        while self._observe is not None:
            try:
                self._observe(*self._begun.get_nowait())
            except Empty:
                break
        done = sum(self._done)
        if self._progress is not None and done > self._reported:
            self._reported = done
            self._progress(done, self._total)

    def check(self) -> None:
        """Ask whether the run is to stop.

        Raises
        ------
        StoppedError
            It is.
        """
        if self._stopped is not None and self._stopped():
            raise StoppedError
