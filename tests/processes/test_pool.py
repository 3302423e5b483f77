from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import pytest

from calcitrack.processes import ProcessEndedError, ProcessPool, in_order
from calcitrack.processes.worker import THREAD_VARIABLES

PATIENCE_S = 60
"""Until a process has begun on a busy machine."""
PROMPT_S = 30
"""Ending takes milliseconds, and less than this on the busiest machine; who waits for the work to end waits longer."""
MANY_BYTES = 50_000_000
"""An answer so large that a process is still writing it when it is ended."""


EARLIER: set[int | None] = set()
"""Threads and processes of other tests, such as those of a Dask worker in this process, which ends them when they have been idle for a while."""


@pytest.fixture(scope="module", autouse=True)
def _of_others() -> None:
    """What is there before the first test here."""
    EARLIER.update(t.ident for t in threading.enumerate())
    EARLIER.update(p.pid for p in multiprocessing.active_children())


@pytest.fixture(autouse=True)
def _nothing_is_left() -> None:
    """No test begins with processes or threads of an earlier one."""
    assert left_over() == []


def left_over() -> list[str]:
    """Processes and threads of pools that are still there."""
    threads = [t.name for t in threading.enumerate() if t.name == "calcitrack-process" and t.ident not in EARLIER]
    return [*threads, *(p.name for p in multiprocessing.active_children() if p.pid not in EARLIER)]


def stop_in_time(pool: ProcessPool) -> None:
    """Stop a pool: quick, and nothing is left when `stop` returns."""
    start = time.perf_counter()
    pool.stop()
    assert time.perf_counter() - start < PROMPT_S
    assert left_over() == []


def wait_for(happened: Callable[[], bool]) -> None:
    """Return once something happened."""
    end = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


def _thread_variables() -> dict[str, str | None]:
    return {name: os.environ.get(name) for name in THREAD_VARIABLES}


def test_processes_compute_with_one_thread_unless_the_user_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """The libraries behind numpy read their number of threads from the environment; that of this process stays as it was."""
    for name in THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    with ProcessPool(1) as pool:
        assert pool.submit(_thread_variables).result(PATIENCE_S) == {**dict.fromkeys(THREAD_VARIABLES, "1"), "OMP_NUM_THREADS": "3"}
    assert _thread_variables() == {**dict.fromkeys(THREAD_VARIABLES), "OMP_NUM_THREADS": "3"}


def test_functions_are_carried_out_by_other_processes() -> None:
    """Answers and exceptions come back, the latter with what the other process saw, and the order of `in_order` is that of its items."""
    with ProcessPool(2) as pool:
        assert pool.submit(os.getpid).result() != os.getpid()
        assert list(in_order(pool, 2, abs, range(-5, 0))) == [5, 4, 3, 2, 1]
        with pytest.raises(ValueError, match="invalid literal") as caught:
            pool.submit(int, "no number").result()
        assert "in another process" in caught.value.__notes__[0]
    assert left_over() == []


def test_what_cannot_travel_is_an_error_of_its_own_task() -> None:
    """A function or an answer that cannot be pickled costs that task only."""
    with ProcessPool(1) as pool:
        with pytest.raises(AttributeError):
            pool.submit(lambda: 1).result()
        with pytest.raises(TypeError, match="an answer that cannot be sent"):
            pool.submit(threading.Lock).result()
        assert pool.submit(abs, -1).result() == 1


def test_a_process_that_dies_costs_its_own_task_only() -> None:
    """The next task gets a new process."""
    with ProcessPool(1) as pool:
        died, after = pool.submit(os._exit, 9), pool.submit(abs, -1)
        with pytest.raises(ProcessEndedError):
            died.result()
        assert after.result() == 1


def test_processes_at_work_are_ended_at_once(tmp_path: Path) -> None:
    """Two tasks of a minute are under way and two more wait: after `stop` no process and no thread is left, and what waited is cancelled."""
    pool = ProcessPool(2)
    begun: list[Future[object]] = [pool.submit(os.mkdir, tmp_path / str(n)) for n in range(2)]
    tasks = [pool.submit(time.sleep, 60) for _ in range(4)]
    wait_for(lambda: all(f.done() for f in begun) and sum(f.running() for f in tasks) == 2)
    stop_in_time(pool)
    assert all(f.done() for f in tasks)
    assert sum(f.cancelled() for f in tasks) == 2


def test_a_process_in_the_middle_of_its_answer_is_ended_at_once() -> None:
    """Answers larger than any pipe's buffer are being written when the pool is stopped, again and again: it never waits for the rest of one."""
    for n in range(5):
        pool = ProcessPool(2)
        assert pool.submit(abs, -1).result() == 1
        under_way = [pool.submit(bytes, MANY_BYTES) for _ in range(2)]
        time.sleep(0.01 * n)
        stop_in_time(pool)
        assert all(f.done() for f in under_way)


def test_a_pool_is_ended_when_whoever_uses_it_fails_or_stops() -> None:
    """An exception in the consumer and a generator closed early both end the processes."""
    with pytest.raises(ZeroDivisionError), ProcessPool(2) as pool:  # noqa: PT012 the failing consumer is what is tested
        for answer in in_order(pool, 2, partial(int, base=2), ["1", "0", "1"]):
            assert 1 // answer
    assert left_over() == []


def test_a_pool_that_never_began_stops() -> None:
    """No process is started for nothing."""
    pool = ProcessPool(3)
    assert [p for p in multiprocessing.active_children() if p.pid not in EARLIER] == []
    stop_in_time(pool)
