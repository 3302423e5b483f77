"""Work in the background of the viewer, so that the reader can go on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from napari.qt.threading import thread_worker

from calcitrack.batch import Stopped, StoppedError
from calcitrack.errors import CalcitrackError

Result = TypeVar("Result")


class Jobs:
    """Runs functions in threads, and calls back in the thread of the window."""

    def __init__(self) -> None:
        self._running: list[tuple[Any, threading.Event]] = []

    @property
    def running(self) -> int:
        """Jobs that have not ended."""
        return len(self._running)

    def start(
        self,
        work: Callable[[Stopped], Result],
        *,
        done: Callable[[Result], None],
        failed: Callable[[CalcitrackError], None],
        stopped: Callable[[], None] = lambda: None,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        """Run a function in the background.

        Parameters
        ----------
        work
            Called in another thread with a function that tells whether it is to end.
        done
            Called with its result.
        failed
            Called with the error of calcitrack that it raised.
        stopped
            Called where it raised `StoppedError`.
        ended
            Called at the end, whatever came of it.
        """
        stop = threading.Event()

        @thread_worker
        def run() -> Callable[[], None]:
            try:
                result = work(stop.is_set)
            except StoppedError:
                return stopped
            except CalcitrackError as error:
                return partial(failed, error)
            return partial(done, result)

        worker = run()
        worker.returned.connect(lambda answer: answer())
        self._start(worker, stop, ended)

    def start_each(self, work: Callable[[], Iterator[Result]], each: Callable[[Result], None]) -> None:
        """Iterate in the background, and call ``each`` with every result; `abandon` ends it between two results."""
        worker = thread_worker(work)()
        worker.yielded.connect(each)
        self._start(worker, threading.Event(), lambda: None)

    def stop(self) -> None:
        """Tell every job to end that asks."""
        for _, stop in self._running:
            stop.set()

    def abandon(self) -> None:
        """End iterations after the result that is under way."""
        for worker, _ in self._running:
            worker.quit()

    def _start(self, worker: Any, stop: threading.Event, ended: Callable[[], None]) -> None:
        job = (worker, stop)

        def finish() -> None:
            self._running.remove(job)
            ended()

        worker.finished.connect(finish)
        self._running.append(job)
        worker.start()
