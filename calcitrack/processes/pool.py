"""A pool of local processes, and the threads that hand them tasks."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self

from calcitrack.processes.worker import END_SECONDS, ProcessEndedError, Task, Worker

SUBMITTED_AHEAD = 2
"""Tasks handed over beyond one for each process: none waits, and few finished ones lie in memory."""


class ProcessPool:
    """Several processes that carry out functions. Leave its ``with`` block, and they are ended, those at work included.

    Parameters
    ----------
    processes
        At least one; each starts with its first task. A process that ends without an answer costs that task alone, and the next task
        gets a new one.
    idle_s
        A process that had nothing to do for so long is ended, s; its next task starts a new one. ``None`` keeps it.
    """

    def __init__(self, processes: int, *, idle_s: float | None = None) -> None:
        self._idle_s = idle_s
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._lock = Lock()
        self._stopped = False
        self._workers = tuple(Worker() for _ in range(processes))
        self._threads = [Thread(target=self._attend, args=(worker,), name="calcitrack-process", daemon=True) for worker in self._workers]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        """Run a function in a process. Function, arguments and answer must pickle.

        The future raises what the function raised, or `ProcessEndedError` if the process ended.
        """
        return self._put(Task(function, arguments, None, None))

    def submit_heard(self, heard: Callable[..., Any], limit_s: float | None, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        """Run a function that reports its progress: it gets a callback as its last argument, and each call of that calls `heard` here.

        Parameters
        ----------
        heard
            Called by a thread of the pool.
        limit_s
            A process that neither reports nor answers for this long is ended, s, and the future raises `ProcessSilentError`; ``None`` waits.
        function, arguments
            What to carry out.
        """
        return self._put(Task(function, arguments, heard, limit_s))

    def _put(self, task: Task) -> Future[Any]:
        self._tasks.put(task)
        return task.future

    def stop(self) -> None:
        """End all processes now, in the middle of their work; what was not begun is cancelled. Afterwards no process and no thread is left."""
        with self._lock:
            self._stopped = True
        for worker in self._workers:
            worker.kill()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join(2 * END_SECONDS)

    def _attend(self, worker: Worker) -> None:
        """Body of a thread: hand tasks to one process and wait for each answer."""
        if hasattr(signal, "pthread_sigmask"):
            _start_tracker()
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # processes inherit it: Ctrl-C is this process's business
        while (task := self._next(worker)) is not None:
            if self._stopped:
                task.future.cancel()
            elif task.future.set_running_or_notify_cancel():
                try:
                    task.future.set_result(self._answer(worker, task))
                except BaseException as error:  # any error belongs to the caller that waits for the answer
                    task.future.set_exception(error)
            del task  # its answer belongs to whoever waits for it alone
        worker.end()

    def _next(self, worker: Worker) -> Task | None:
        with suppress(Empty):
            return self._tasks.get(timeout=self._idle_s)
        worker.end()
        return self._tasks.get()

    def _answer(self, worker: Worker, task: Task) -> Any:
        with self._lock:  # one start at a time, and none once the pool is stopped
            if self._stopped:
                raise ProcessEndedError("the processes were told to end")
            worker.start()
        return worker.ask(task)


def _start_tracker() -> None:
    """Start multiprocessing's resource tracker first: it lets Ctrl-C through again in the thread that starts it."""
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()


def in_order(pool: ProcessPool, processes: int, function: Callable[..., Any], items: Iterable[Any]) -> Generator[Any]:
    """``function(item)`` of each item, in order; not more are under way than the processes need."""
    waiting: deque[Future[Any]] = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) >= processes + SUBMITTED_AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
