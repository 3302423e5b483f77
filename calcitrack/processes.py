"""Local processes that work for this one, and that are gone at once when they are told to.

The standard library's `ProcessPoolExecutor` is not used: its own thread reads from a pipe whose writing end this process holds as well, so that
a process ended in the middle of an answer leaves that thread, and with it the interpreter, waiting for the rest for ever.
Here each process has a pipe of its own, whose other end nobody else holds: when the process ends, the pipe ends, and whoever waits for it goes on.
"""

from __future__ import annotations

import signal
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import ForkingPickler
from queue import SimpleQueue
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self

SUBMITTED_AHEAD = 2
"""Tasks handed over beyond one for each process: none waits, and few finished ones lie in memory."""
END_SECONDS = 1.0
"""A process that was killed is gone in milliseconds; one that waits for a stalled disk is not waited for any longer than this."""

_SPAWN = get_context("spawn")  # on every system: a forked copy of a process with threads (OpenCV, readers) can hang
_Task = tuple[Callable[..., Any], tuple[Any, ...], Future[Any]]


class ProcessEndedError(Exception):
    """A process ended before it gave its answer: killed from outside, for lack of memory, or by a library."""


class ProcessPool:
    """Several processes that carry out functions. Leave its ``with`` block, and they are ended, those at work included.

    Parameters
    ----------
    processes
        At least one; each starts with its first task. A process that ends without an answer costs that task alone, and the next task
        gets a new one.
    """

    def __init__(self, processes: int) -> None:
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._lock = Lock()
        self._stopped = False
        self._seats = tuple(_Seat() for _ in range(processes))
        self._threads = [Thread(target=self._attend, args=(seat,), name="calcitrack-process", daemon=True) for seat in self._seats]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        """Have a function carried out that can be pickled, as its arguments and its answer.

        Its exceptions come back through the future; a `ProcessEndedError` where the process ended.
        """
        future: Future[Any] = Future()
        self._tasks.put((function, arguments, future))
        return future

    def stop(self) -> None:
        """End all processes now, in the middle of their work; what was not begun is cancelled. Afterwards no process and no thread is left."""
        with self._lock:
            self._stopped = True
        for seat in self._seats:
            seat.kill()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join(2 * END_SECONDS)

    def _attend(self, seat: _Seat) -> None:
        """A thread for each process: hands it a task and waits for the answer."""
        if hasattr(signal, "pthread_sigmask"):
            _start_tracker()
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # processes inherit it: Ctrl-C is this process's business
        while (task := self._tasks.get()) is not None:
            function, arguments, future = task
            if self._stopped:
                future.cancel()
            elif future.set_running_or_notify_cancel():
                try:
                    future.set_result(self._answer(seat, function, arguments))
                except BaseException as error:  # whatever it is belongs to whoever waits for the answer
                    future.set_exception(error)
        seat.end()

    def _answer(self, seat: _Seat, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        with self._lock:  # one start at a time, and none once the pool is stopped
            if self._stopped:
                raise ProcessEndedError("the processes were told to end")
            seat.start()
        return seat.ask(function, arguments)


class _Seat:
    """A place for one process after another."""

    def __init__(self) -> None:
        self._process: SpawnProcess | None = None
        self._pipe: Connection[Any, Any] | None = None

    def start(self) -> None:
        """Start a process where there is none."""
        if self._process is not None:
            return
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_serve, args=(theirs,), daemon=True)
        try:
            self._process.start()
        except BaseException:
            self._process = None
            raise
        finally:
            theirs.close()  # now the process alone holds it

    def ask(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """The answer of the process; its exception where it raised one."""
        assert self._pipe is not None  # noqa: S101 started before it is asked
        message = ForkingPickler.dumps((function, arguments))
        try:
            self._pipe.send_bytes(message)
            answer = self._pipe.recv_bytes()
        except (EOFError, OSError) as error:
            self.end()
            raise ProcessEndedError("a process ended before it gave its answer") from error
        done, content = ForkingPickler.loads(answer)
        if done:
            return content
        raise content

    def kill(self) -> None:
        """End the process, from any thread: it holds nothing that it would have to put away."""
        if (process := self._process) is not None:
            process.kill()

    def end(self) -> None:
        """Close the pipe and see the process out."""
        if self._process is None or self._pipe is None:
            return
        self._pipe.close()
        self._process.kill()
        self._process.join(END_SECONDS)
        self._process = self._pipe = None


def _start_tracker() -> None:
    """Start multiprocessing's resource tracker first: it lets Ctrl-C through again in the thread that starts it."""
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()


def _serve(pipe: Connection[Any, Any]) -> None:
    """Life of a process: one task after the other, until the pipe ends."""
    import cv2

    cv2.setNumThreads(1)  # there is a process for each processor
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, OSError):
        while True:
            pipe.send_bytes(_carried_out(pipe.recv_bytes()))


def _carried_out(message: bytes) -> memoryview | bytes:
    try:
        function, arguments = ForkingPickler.loads(message)
        answer = (True, function(*arguments))
    except Exception as error:
        error.add_note(f"in another process:\n{traceback.format_exc()}")
        answer = (False, error)
    try:
        return ForkingPickler.dumps(answer)
    except Exception as error:
        return ForkingPickler.dumps((False, TypeError(f"an answer that cannot be sent ({type(error).__name__}: {error})")))


def in_order(pool: ProcessPool, processes: int, function: Callable[..., Any], items: Iterable[Any]) -> Generator[Any]:
    """``function(item)`` of each item, in order; not more are under way than the processes need."""
    waiting: deque[Future[Any]] = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) >= processes + SUBMITTED_AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
