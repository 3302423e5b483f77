"""What a worker of a Dask cluster does: it measures in a child process, so that no file can crash the worker of the cluster."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock, Thread

from calcitrack.assess import AssessOptions
from calcitrack.batch.one import PROCESS_ENDED, InProcess, LostError, assess_one, failure, packed, unpacked
from calcitrack.io.cohort.exposure_file import file_of
from calcitrack.model.cohort import TimelineFailure
from calcitrack.model.progress import Observer
from calcitrack.model.timeline import Timeline
from calcitrack.processes import ProcessPool
from calcitrack.version import __version__

IDLE_S = 60.0
"""Seconds after which idle processes of a run end, in case the client has vanished; starting one takes two seconds."""

_pools: dict[str, ProcessPool | None] = {}
_lock = Lock()


class OtherVersionError(Exception):
    """The worker has another version of calcitrack than the client."""


def measure_here(run: str, version: str, folder: str, limit_s: float | None, message: bytes) -> bytes:
    """Measure a timeline.

    Parameters
    ----------
    run
        Id of the run, which has processes of its own.
    version
        Version of calcitrack that the client has.
    folder
        Folder from which relative paths start.
    limit_s
        As for `InProcess`.
    message
        Timeline and options, `packed`.

    Returns
    -------
    bytes
        `packed`: the outcome, the files that this computer does not see, and the name of this computer.
    """
    if version != __version__:
        raise OtherVersionError(f"{platform.node()} has calcitrack {__version__}, and {version} is asked for")
    timeline, options = unpacked(message)
    for attempt in (1, 2):
        job = InProcess(_pool(run), timeline, partial(_seen_and_measured, folder, timeline, options), limit_s)
        with suppress(LostError):
            answer = job.answer()
            return packed((answer, (), "")) if isinstance(answer, TimelineFailure) else answer
        if attempt == 2:
            break
    return packed((failure(timeline, PROCESS_ENDED), (), ""))


async def stop(run: str) -> None:
    """End the processes of a run without waiting. It is a coroutine, because a worker runs anything else only when the client waits."""
    with _lock:
        pool, _pools[run] = _pools.get(run), None
    if pool is not None:
        Thread(target=pool.stop).start()


def unseen_here(folder: str, files: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the files that this computer does not see."""
    return tuple(f for f in files if not Path(folder, f).exists())


def _pool(run: str) -> ProcessPool:
    from distributed import get_worker

    with _lock:
        if run not in _pools:
            _pools[run] = ProcessPool(get_worker().state.nthreads, idle_s=IDLE_S)
        pool = _pools[run]
    if pool is None:
        raise LostError("the run was ended")
    return pool


def _seen_and_measured(folder: str, timeline: Timeline, options: AssessOptions | None, observe: Observer) -> bytes:
    """Measure in the child process, in the client's folder, so that file names are the same there and here."""
    with suppress(OSError):  # the folder may be missing here: absolute paths still work, and other files are reported as unseen
        os.chdir(folder)
    outcome = assess_one(timeline, options, observe)
    files = [file_of(e) for t in timeline.time_points for e in t.exposures] if outcome_has_failures(outcome) else []
    return packed((outcome, unseen_here(folder, tuple(str(f) for f in files if f is not None)), platform.node()))


def outcome_has_failures(outcome: object) -> bool:
    """Whether a film could not be read, perhaps because its file is missing."""
    return bool(getattr(outcome, "failures", ()))
