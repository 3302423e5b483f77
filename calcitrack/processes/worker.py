"""Parent-side handle of one worker process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import current_process, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import ForkingPickler
from typing import Any

from calcitrack.processes.serving import DONE, TOLD, serve

START_S = 120.0
"""A process has imported what it needs in two seconds, and within this on the busiest machine: only then a shorter limit begins."""
OWN_END_SECONDS = 0.2
"""A process whose pipe has ended is about to end by itself, and then says how it ended."""
END_SECONDS = 1.0
"""A process that was killed is gone in milliseconds; one that waits for a stalled disk is not waited for any longer than this."""
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Environment variables with the number of threads of the libraries behind numpy and scipy, which read them when they are loaded."""

_SPAWN = get_context("spawn")  # on every system: a forked copy of a process with threads (OpenCV, readers) can hang


class ProcessEndedError(Exception):
    """A process ended before it gave its answer: killed from outside, for lack of memory, or by a library.

    Parameters
    ----------
    message
        What happened.
    exit_code
        As `multiprocessing.Process.exitcode`: minus the signal's number on POSIX; ``None`` where it is not known.
    """

    def __init__(self, message: str, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class ProcessSilentError(Exception):
    """A process reported nothing within its time limit, and was ended."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A function to run, its progress callback, and the future of its answer."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    heard: Callable[..., Any] | None
    limit_s: float | None
    future: Future[Any] = field(default_factory=Future)


class Worker:
    """Handle of one worker process; after it has ended, `start` starts another one in its place."""

    def __init__(self) -> None:
        self._process: SpawnProcess | None = None
        self._pipe: Connection[Any, Any] | None = None

    def start(self) -> None:
        """Start a process where there is none."""
        if self._process is not None:
            return
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=serve, args=(theirs,), daemon=True)
        try:
            with _children_allowed(), _single_threaded():
                self._process.start()
        except BaseException:
            self._process = None
            raise
        finally:
            theirs.close()  # now the process alone holds it

    def ask(self, task: Task) -> Any:
        """The answer of the process; its exception where it raised one."""
        assert self._pipe is not None  # noqa: S101 started before it is asked
        message = ForkingPickler.dumps((task.function, task.arguments, task.heard is not None))
        kind: str = TOLD
        content: Any = None
        try:
            self._pipe.send_bytes(message)
            begun = task.heard is None
            while kind == TOLD:
                if not self._pipe.poll(task.limit_s if begun or task.limit_s is None else max(task.limit_s, START_S)):
                    self.end()
                    raise ProcessSilentError(f"a process said nothing for {task.limit_s:g} s")
                kind, content = ForkingPickler.loads(self._pipe.recv_bytes())
                if kind == TOLD and content and task.heard is not None:
                    task.heard(*content)
                begun = True
        except (EOFError, OSError) as error:
            raise ProcessEndedError("a process ended before it gave its answer", self.end()) from error
        if kind == DONE:
            return content
        raise content

    def kill(self) -> None:
        """End the process, from any thread: it holds nothing that it would have to put away."""
        if (process := self._process) is not None:
            process.kill()

    def end(self) -> int | None:
        """Close the pipe and see the process out; its exit code, where it ended by itself."""
        if (process := self._process) is None or self._pipe is None:
            return None
        self._pipe.close()
        process.join(OWN_END_SECONDS)
        exit_code = process.exitcode
        process.kill()
        process.join(END_SECONDS)
        self._process = self._pipe = None
        return exit_code


@contextmanager
def _children_allowed() -> Iterator[None]:
    """Let a daemonic process have children, as the workers of Dask are: ours end with it, because they end with their pipe (`_end_with_parent`)."""
    own = current_process()
    daemonic = own.daemon
    if daemonic:
        own.daemon = False
    try:
        yield
    finally:
        if daemonic:
            own.daemon = True


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Let a process that starts meanwhile compute with one thread, unless the user states another number.

    There is a process for each processor. Further threads would wait for each other, busily, on a machine with other work: a timeline then takes
    several times as long. And the order of sums, which decides their last digit, would depend on the number of processors.
    """
    unset = [name for name in THREAD_VARIABLES if name not in os.environ]
    os.environ.update(dict.fromkeys(unset, "1"))
    try:
        yield
    finally:
        for name in unset:
            os.environ.pop(name, None)
