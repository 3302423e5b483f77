"""What a worker of a Dask cluster does. It measures in a process of its own, so that no file costs the worker, or another user of the cluster."""

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
"""Processes of a run whose computer has vanished without a word are ended after this, s; starting one takes two."""

_pools: dict[str, ProcessPool | None] = {}
_lock = Lock()


class OtherVersionError(Exception):
    """A worker has another version of calcitrack than who asks."""


def measure_here(run: str, version: str, folder: str, limit_s: float | None, message: bytes) -> bytes:
    """Measure a timeline.

    Parameters
    ----------
    run
        Whose processes to use.
    version
        calcitrack's, of who asks.
    folder
        Where relative paths begin.
    limit_s
        As for `InProcess`.
    message
        Timeline and options, `packed`.

    Returns
    -------
    `packed`: the outcome, files that are not seen from here, and the name of this computer.
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
    """End the processes of a run, without waiting. A coroutine: a worker carries out nothing else without being waited for."""
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


def _seen_and_measured(folder: str, timeline: Timeline, options: AssessOptions | None, tell: Observer) -> bytes:
    """In a process of ours: the folder of who asks is the current one, so that names of files are the same there and here."""
    with suppress(OSError):  # not there: absolute paths may be, and the others are named as unseen
        os.chdir(folder)
    outcome = assess_one(timeline, options, tell)
    files = [file_of(e) for t in timeline.time_points for e in t.exposures] if outcome_has_failures(outcome) else []
    return packed((outcome, unseen_here(folder, tuple(str(f) for f in files if f is not None)), platform.node()))


def outcome_has_failures(outcome: object) -> bool:
    """Whether a film could not be read, for which a missing file may be the reason."""
    return bool(getattr(outcome, "failures", ()))
