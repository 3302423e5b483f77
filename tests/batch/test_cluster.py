"""A real scheduler and two real workers on this computer."""

from __future__ import annotations

import inspect
import multiprocessing
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from calcitrack.batch import CRASHED, TIME_LIMIT_S, assess_cohort, iter_assessments
from calcitrack.batch.cluster import connected
from calcitrack.batch.on_worker import IDLE_S, OtherVersionError, measure_here, unseen_here
from calcitrack.batch.one import packed
from calcitrack.cli import app, commands
from calcitrack.cli.exits import ExitCode
from calcitrack.errors import ClusterError, InvalidValueError
from calcitrack.io.cohort.read import read_cohort
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import Cohort, TimelineFailure
from calcitrack.model.timeline import Exposure

PATIENCE_S = 120
"""Until scheduler and workers are there, on a busy machine."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the films and the address of the scheduler are."""
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def cohort(made: ModuleType, folder: Path) -> Cohort:
    """Four patients with two visits each, as small pictures on the disk."""
    return read_cohort(made.write_pictures(folder / "films", tuple("ABCD")))


@pytest.fixture(scope="module")
def local(made: ModuleType, cohort: Cohort) -> dict[str, str]:
    """Patient -> digest of what this process measures."""
    return {a.key.patient_id: made.content(a) for a in assess_cohort(cohort).assessments}


class Cluster:
    """Processes of a scheduler and its workers; each is ended by its number."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "scheduler.json"
        self._folder = folder
        self.scheduler = self._start("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.workers: list[subprocess.Popen[bytes]] = []

    def add_worker(self, *options: str) -> subprocess.Popen[bytes]:
        """A worker with one thread."""
        worker = self._start("distributed.cli.dask_worker", "--nthreads", "1", "--no-dashboard", "--local-directory", str(self._folder), *options)
        self.workers.append(worker)
        return worker

    @property
    def address(self) -> str:
        """Where the scheduler listens, waited for."""
        end = time.monotonic() + PATIENCE_S
        while not (self._file.exists() and (found := re.search(r"tcp://127.0.0.1:\d+", self._file.read_text(encoding="utf-8")))):
            assert time.monotonic() < end
            time.sleep(0.05)
        return found[0]

    def end(self) -> None:
        """End all processes."""
        for process in (*self.workers, self.scheduler):
            process.terminate()  # a nanny ends its worker then
        for process in (*self.workers, self.scheduler):
            process.wait(PATIENCE_S)

    def _start(self, module: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", module, "--scheduler-file", str(self._file), *options]
        # a working folder of its own: what makes a relative path mean the same is tested
        return subprocess.Popen(command, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603


@pytest.fixture(scope="module")
def cluster(folder: Path) -> Iterator[Cluster]:
    """A scheduler, a worker with a nanny, and one without."""
    started = Cluster(folder)
    try:
        assert started.address
        started.add_worker()
        started.add_worker("--no-nanny")
        yield started
    finally:
        started.end()


@pytest.fixture
def client(cluster: Cluster) -> Iterator[Any]:
    """A client, when the workers that are left are there."""
    with connected(cluster.address) as client:
        client.wait_for_workers(sum(w.poll() is None for w in cluster.workers), timeout=PATIENCE_S)
        yield client


def contents(made: ModuleType, outcomes: list[Assessment | TimelineFailure]) -> dict[str, str]:
    """Patient -> digest of its assessment, in the order of the outcomes."""
    return {o.key.patient_id: made.content(o) for o in outcomes if isinstance(o, Assessment)}


@pytest.mark.slow
def test_a_cluster_gives_the_same_as_this_process(
    made: ModuleType, cohort: Cohort, local: dict[str, str], client: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every value of every assessment is the same, in the cohort's order, also with relative paths; progress ends at all images."""
    seen: list[tuple[int, int]] = []
    outcomes = list(iter_assessments(cohort, client=client, progress=lambda done, total: seen.append((done, total))))
    assert list(contents(made, outcomes).items()) == list(local.items())
    assert seen == sorted(seen)
    assert seen[-1] == (8, 8)
    monkeypatch.chdir(folder / "films")
    relative = read_cohort(["A", "B"])
    assert contents(made, list(iter_assessments(relative, client=client))) == contents(made, list(iter_assessments(relative)))


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="on Windows a raised SIGSEGV ends a process with exit code 3, which names no crash")
def test_a_poisoned_film_costs_one_row_and_no_worker(made: ModuleType, cohort: Cohort, local: dict[str, str], client: Any) -> None:
    """A film that crashes the process is one row; those of the others are as ever, also of a film that lies in this process's memory."""
    before = set(client.nthreads())
    poisoned = made.with_loader(cohort, "B", partial(signal.raise_signal, signal.SIGSEGV))
    poisoned = made.with_loader(poisoned, "D", Exposure.of(cohort.timelines[3].time_points[0].exposures[0].load()).load)
    outcomes = list(iter_assessments(poisoned, client=client))
    assert [o.key.patient_id for o in outcomes] == list("ABCD")
    assert [o.reason.split(" while")[0] for o in outcomes if isinstance(o, TimelineFailure)] == [f"{CRASHED} (SIGSEGV)"]
    assert contents(made, outcomes) == {p: local[p] for p in "ACD"}
    assert set(client.nthreads()) == before


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_loses_nothing(made: ModuleType, cohort: Cohort, local: dict[str, str], cluster: Cluster, client: Any) -> None:
    """One of two workers gets SIGKILL when the first outcome is there: the other one measures what it had."""
    outcomes = iter_assessments(cohort, client=client)
    first = next(outcomes)
    cluster.workers[1].kill()
    assert contents(made, [first, *outcomes]) == local
    assert len(client.nthreads()) == 1


def test_a_film_that_a_worker_does_not_see_is_said(cohort: Cohort, tmp_path: Path) -> None:
    """Where a worker lacks a file, its name is told; a worker with another version says so."""
    there = cohort.timelines[0].time_points[0].exposures[0].source
    assert unseen_here("/", (there, str(tmp_path / "gone.dcm"))) == (str(tmp_path / "gone.dcm"),)
    with pytest.raises(OtherVersionError, match=r"0\.0\.other is asked for"):
        measure_here("run", "0.0.other", "/", None, packed((cohort.timelines[0], None)))


@pytest.mark.slow
def test_a_scheduler_that_goes_is_said(cohort: Cohort, cluster: Cluster, client: Any) -> None:
    """What came before it went stays; then the error names the scheduler and says what to do."""
    outcomes = iter_assessments(cohort, client=client)
    assert isinstance(next(outcomes), Assessment)
    cluster.scheduler.kill()
    with pytest.raises(ClusterError, match=r"tcp://127.0.0.1:\d+: found that the scheduler is gone .*what was measured before is kept"):
        list(outcomes)


def test_the_command_line_says_what_is_wrong_with_a_cluster(cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers of this computer and a cluster are not asked for together, and nothing is written where no scheduler answers."""
    monkeypatch.setattr("calcitrack.batch.cluster.CONNECT_S", 1.0)
    film = Path(cohort.timelines[0].time_points[0].exposures[0].source)
    for extra, said in ((["--workers", "2"], "give --workers or --scheduler"), ([], "no scheduler that answers")):
        done = CliRunner().invoke(app, ["measure", str(film), "--out", str(tmp_path / "R"), "--scheduler", "tcp://127.0.0.1:1", *extra])
        assert done.exit_code == ExitCode.USAGE
        assert said in done.stderr
        assert not (tmp_path / "R").exists()


def test_the_default_time_limit_is_stated_once() -> None:
    """The command line imports nothing heavy for its help, and has the same default as the library all the same."""
    assert inspect.signature(commands.measure).parameters["time_limit"].default == TIME_LIMIT_S


def test_a_client_for_coroutines_is_refused(cohort: Cohort) -> None:
    """Its answers would be promises."""
    with pytest.raises(InvalidValueError, match="asynchronous=False"):
        next(iter_assessments(cohort, client=SimpleNamespace(asynchronous=True)))


def test_an_address_without_a_scheduler_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens there, or the optional package is missing: what to do is said."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setattr("calcitrack.batch.cluster.CONNECT_S", 1.0)
        with pytest.raises(ClusterError, match=f"{address}: found no scheduler that answers .*start one with `dask scheduler`"), connected(address):
            pass
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=re.escape('pip install "calcitrack[dask]"')), connected(address):
        pass


def test_the_processes_on_the_workers_end_with_the_run(cohort: Cohort) -> None:
    """Long before they would for having nothing to do: a worker in this process has none of them left a moment after the run."""
    from distributed import Client

    before = {p.pid for p in multiprocessing.active_children()}
    with Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None) as client:
        assess_cohort(Cohort(cohort.timelines[:1], ()), client=client)
        end = time.monotonic() + IDLE_S / 2
        while {p.pid for p in multiprocessing.active_children()} - before:
            assert time.monotonic() < end
            time.sleep(0.05)
