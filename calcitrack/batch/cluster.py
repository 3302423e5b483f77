"""Measure timelines on a Dask cluster. A few more are handed over than it has threads; each goes to any free worker."""

from __future__ import annotations

import time
import uuid
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calcitrack.assess import AssessOptions
from calcitrack.batch.local import Here
from calcitrack.batch.on_worker import OtherVersionError, measure_here, stop, unseen_here
from calcitrack.batch.one import LostError, Outcome, failure, packed, picklable, unpacked
from calcitrack.batch.progress import RunMonitor
from calcitrack.batch.window import Job, in_order
from calcitrack.errors import ClusterError
from calcitrack.io.cohort.exposure_file import file_of
from calcitrack.model.timeline import Timeline
from calcitrack.version import __version__

if TYPE_CHECKING:
    from distributed import Client

PACKAGE = "calcitrack"
CONNECT_S = 20.0
"""Seconds to wait for the scheduler: a running one answers in milliseconds, one behind a slow tunnel takes longer."""
AHEAD = 2
"""Timelines handed over for each thread of the cluster: the one that it measures and the next one, so that it never waits."""
COUNT_EVERY_S = 5.0
"""Seconds between two counts of the cluster's threads: workers come and go."""
AGAIN = "what was measured before is kept; measure again when the cluster is there"


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """Connect to the scheduler at an address such as ``tcp://host:8786``.

    Raises
    ------
    ClusterError
        No scheduler answers there, or the package distributed is not installed.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError(
            address, "no package distributed on this computer", "it, to speak with Dask", 'install it with: pip install "calcitrack[dask]"'
        ) from error
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False, name=PACKAGE)
    except (OSError, ValueError) as error:
        raise ClusterError(
            address,
            f"no scheduler that answers ({' '.join(str(error).split()) or type(error).__name__})",
            "a Dask scheduler, such as tcp://host:8786",
            "start one with `dask scheduler`, or correct the address",
        ) from error
    with client:
        yield client


def in_cluster(
    timelines: Sequence[Timeline], options: AssessOptions | None, client: Client, limit_s: float | None, monitor: RunMonitor
) -> Generator[Outcome]:
    """Outcomes in order, the same as those of local processes.

    A lost worker costs nothing: Dask gives its timelines to other workers. A timeline that loses several workers becomes a failure.

    Raises
    ------
    ClusterError
        The cluster cannot be used, or the scheduler was lost.
    """
    check_cluster(client, timelines)
    run, folder = uuid.uuid4().hex, str(Path.cwd())
    executor = client.get_executor(pure=False)

    def submit(number: int, timeline: Timeline) -> Job:
        if not picklable(timeline):
            return Here(timeline, options, monitor.checking_observer(number))
        try:
            future = executor.submit(measure_here, run, __version__, folder, limit_s, packed((timeline, options)))
        except Exception as error:
            raise _lost(client, error) from error
        return _OnCluster(timeline, future, client)

    try:
        yield from in_order(timelines, submit, _Room(client), monitor)
    finally:
        with suppress(Exception):  # a scheduler that is gone has nothing left to cancel
            executor.shutdown(wait=False)
            if client.status == "running":
                client.run(stop, run, wait=False, on_error="ignore")


def check_cluster(client: Client, timelines: Sequence[Timeline]) -> None:
    """Refuse workers that could only fail: without calcitrack, with another version, or without the files.

    Raises
    ------
    ClusterError
        Names the first of them.
    """
    address = _address(client)
    try:
        versions = client.get_versions(packages=[PACKAGE])
        workers: dict[str, str | None] = {a: (w or {}).get("packages", {}).get(PACKAGE) for a, w in versions["workers"].items()}
        if versions["scheduler"]["packages"].get(PACKAGE) is None:
            raise _unfit(address, "a scheduler without calcitrack", f'on its computer: pip install "calcitrack[dask]=={__version__}"')
        for worker, version in workers.items():
            if version != __version__:
                found = f"worker {worker} " + ("without calcitrack" if version is None else f"with calcitrack {version}")
                raise _unfit(address, found, f'on the workers: pip install "calcitrack[dask]=={__version__}"')
        files = [str(f) for t in timelines[:1] for p in t.time_points for e in p.exposures if (f := file_of(e)) is not None and f.exists()]
        unseen = client.run(unseen_here, str(Path.cwd()), tuple(files[:1]), on_error="ignore")
    except OSError as error:
        raise _lost(client, error) from error
    for worker, missing in unseen.items():
        if missing:
            action = "put the files where all computers see them under one path, and hand over that path"
            raise ClusterError(address, f"that worker {worker} does not see {missing[0]}", "workers that see all files", action)


def _unfit(address: str, found: str, action: str) -> ClusterError:
    return ClusterError(address, found, f"calcitrack {__version__}, as on this computer", action)


def _address(client: Client) -> str:
    return str(getattr(client.scheduler, "address", None) or "the Dask cluster")


def _lost(client: Client, error: BaseException) -> ClusterError:
    return ClusterError(_address(client), f"that the scheduler is gone ({type(error).__name__})", "one that stays until the end", AGAIN)


class _Room:
    """Number of timelines under way at a time."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._counted_at = float("-inf")
        self._places = AHEAD

    def __call__(self) -> int:
        now = time.monotonic()
        if now - self._counted_at > COUNT_EVERY_S:
            self._counted_at = now
            with suppress(OSError):  # the connection may be lost for a moment or for good; the futures report which
                self._places = AHEAD * max(1, sum(self._client.nthreads().values()))
        return self._places


class _OnCluster:
    """A timeline that a worker of the cluster measures."""

    def __init__(self, timeline: Timeline, future: Future[bytes], client: Client) -> None:
        self._timeline, self._client = timeline, client
        self.future = future

    def result(self) -> Outcome:
        """Wait for the outcome.

        Raises
        ------
        LostError
            Several workers were lost while they had it.
        ClusterError
            The scheduler was lost, or a worker came that could only fail.
        """
        try:
            outcome, unseen, host = self._answer()
        except CancelledError as error:
            raise _lost(self._client, error) from error
        seen_here = [f for f in unseen if Path(f).exists()]
        if seen_here:
            return failure(self._timeline, f"the worker on {host} does not see {seen_here[0]}; every worker needs the files under the same path")
        return outcome

    def _answer(self) -> tuple[Outcome, tuple[str, ...], str]:
        from distributed import KilledWorker

        try:
            answer: Any = unpacked(self.future.result())
        except KilledWorker as error:
            raise LostError from error
        except (OtherVersionError, ImportError) as error:
            raise _unfit(_address(self._client), f"a worker that came later: {error}", "let workers come from one environment") from error
        except (CancelledError, ClusterError):
            raise
        except Exception as error:
            reason = f"its result could not be handed over ({type(error).__name__}: {' '.join(str(error).split())}); please report it"
            return failure(self._timeline, reason), (), ""
        return answer[0], answer[1], answer[2]
