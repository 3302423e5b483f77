"""Many studies measured by calcitrack's processes, a bare process pool, joblib and Dask, in turn: seconds, processor time, memory.

    OMP_NUM_THREADS=1 python -m benchmarks.batch [--studies 1000] [--workers 2] [--films FOLDER]

A study is one small DX film of a simulated person, so that what the carrying out costs is not hidden behind the measuring. Films are made once.
Each peer is a program of its own, whose processes stay; they take chunks of the studies in turn, in another order each round, so that what else
the machine does meets all of them. Processor time is that of a peer's processes together, and says more than seconds on a machine that is busy.
Memory is the greatest resident size of the asking process and of the largest other one of each peer (Linux). Needs joblib, distributed and psutil.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import logging
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
from pydicom.uid import UID

from calcitrack import assess, read_cohort
from calcitrack.batch import iter_assessments
from calcitrack.io.phantom.dicom import phantom_dataset
from calcitrack.model.assessment import Assessment
from calcitrack.model.timeline import Timeline
from calcitrack.phantom.population import Exposures, Population, random_patient, random_visits
from calcitrack.phantom.simulate import simulate

SIDE_PX, PITCH_MM = 96, 0.4
"""A film of 38 mm is measured in a twentieth of a second: what carrying it out costs shows the more."""
PEOPLE = 50
"""So many are simulated; further studies are their films under other names."""
CHUNK = 50
"""Studies that a peer measures before the next peer's turn."""
SPAWN = multiprocessing.get_context("spawn")
MEMORY_AT = 100
"""Studies after which memory is noted first; it is noted again after all."""


def write_films(folder: Path, studies: int) -> None:
    """Write those of the films that are not there."""
    folder.mkdir(parents=True, exist_ok=True)
    for person in range(min(PEOPLE, studies)):
        names = [f"BATCH-{n:05d}" for n in range(person, studies, PEOPLE)]
        if all((folder / f"{name}.dcm").exists() for name in names):
            continue
        rng = np.random.default_rng(person)
        patient = random_patient(rng, Population(visits=1, burden="moderate"), f"BATCH{person}")
        visit = random_visits(rng, patient, 1, Exposures(repeat_last=False))[0]
        small = replace(visit.field, rows=SIDE_PX, columns=SIDE_PX, pitch_mm=PITCH_MM)
        dataset = phantom_dataset(simulate(patient, replace(visit, field=small)))
        uid = str(dataset.SOPInstanceUID)
        for number, name in enumerate(names):
            dataset.PatientID = name
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID(f"{uid[:-5]}{number:05d}")
            dataset.save_as(folder / f"{name}.dcm", enforce_file_format=True)


Chunks = Iterator[int]
"""Measures a chunk at each turn, and gives how many of its studies were measured."""


def _counted(outcomes: Iterator[object]) -> Chunks:
    while chunk := list(itertools.islice(outcomes, CHUNK)):
        yield sum(isinstance(o, Assessment) for o in chunk)


def one_thread() -> None:
    """What each process of calcitrack does as well."""
    cv2.setNumThreads(1)


def calcitrack_pool(folder: Path, workers: int) -> Chunks:
    """`iter_assessments` with processes of this computer."""
    with contextlib.closing(iter_assessments(read_cohort(folder), workers=workers)) as outcomes:
        yield from _counted(outcomes)


def bare_pool(folder: Path, workers: int) -> Chunks:
    """The standard library's pool, that calls `assess` and nothing else."""
    timelines = iter(read_cohort(folder).timelines)
    with ProcessPoolExecutor(workers, mp_context=SPAWN, initializer=one_thread) as pool:
        while chunk := list(itertools.islice(timelines, CHUNK)):
            yield sum(isinstance(a, Assessment) for a in pool.map(assessed, chunk))


def assessed(timeline: Timeline) -> Assessment:
    """In a process that has imported this module, and with it how an assessment is pickled."""
    return assess(timeline)


def joblib_pool(folder: Path, workers: int) -> Chunks:
    """Joblib with its own processes."""
    from joblib import Parallel, delayed

    timelines = iter(read_cohort(folder).timelines)
    with Parallel(n_jobs=workers, return_as="generator") as parallel:
        while chunk := list(itertools.islice(timelines, CHUNK)):
            yield sum(isinstance(a, Assessment) for a in parallel(delayed(assessed)(t) for t in chunk))


def dask_cluster(folder: Path, workers: int) -> Chunks:
    """`iter_assessments` on a local Dask cluster of processes with one thread."""
    from distributed import Client, LocalCluster

    logging.getLogger("distributed").setLevel(logging.ERROR)
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        outcomes = iter_assessments(read_cohort(folder), client=client)
        with contextlib.closing(outcomes):
            yield from _counted(outcomes)


PEERS: dict[str, Callable[[Path, int], Chunks]] = {
    "bare process pool": bare_pool,
    "calcitrack, processes": calcitrack_pool,
    "joblib": joblib_pool,
    "calcitrack, Dask": dask_cluster,
}


def serve(pipe: Connection[Any, Any], peer: str, folder: Path, workers: int) -> None:
    """Life of a peer: a chunk each time it is asked."""
    with contextlib.closing(PEERS[peer](folder, workers)) as chunks:  # type: ignore[type-var] generators are closed
        while pipe.recv():
            start, cpu = time.perf_counter(), processor_s()
            studies = next(chunks, 0)
            pipe.send((studies, time.perf_counter() - start, processor_s() - cpu, peak_mib(os.getpid()), greatest_mib()))


def processor_s() -> float:
    """Processor time of this process and all below it."""
    own = psutil.Process()
    times = [p.cpu_times() for p in (own, *own.children(recursive=True))]
    return sum(t.user + t.system for t in times)


def greatest_mib() -> float:
    """Greatest resident size that a process below this one ever had."""
    return max((peak_mib(p.pid) for p in psutil.Process().children(recursive=True)), default=0.0)


def peak_mib(pid: int) -> float:
    """Greatest resident size of a process, as Linux tells it."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


@dataclass
class Costs:
    """What a peer took."""

    pipe: Connection[Any, Any]
    studies: int = 0
    seconds: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    memory: dict[int, tuple[float, float]] = field(default_factory=dict)

    def turn(self) -> None:
        """Have a chunk measured."""
        self.pipe.send(True)
        studies, seconds, cpu_s, own, greatest = self.pipe.recv()
        self.studies += studies
        self.seconds.append(seconds)
        self.cpu_s.append(cpu_s)
        self.memory[self.studies] = own, greatest


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    kept = Path(tempfile.gettempdir(), "calcitrack-batch-films")
    parser.add_argument("--films", type=Path, default=kept, help="folder that keeps the films for further runs")
    asked = parser.parse_args()
    folder = asked.films / str(asked.studies)
    write_films(folder, asked.studies)
    costs: dict[str, Costs] = {}
    processes = []
    for peer in PEERS:
        ours, theirs = SPAWN.Pipe()
        processes.append(SPAWN.Process(target=serve, args=(theirs, peer, folder, asked.workers)))
        processes[-1].start()
        costs[peer] = Costs(ours)
    names = list(PEERS)
    try:
        for number in range(-(-asked.studies // CHUNK)):
            for name in names[number % len(names) :] + names[: number % len(names)]:
                costs[name].turn()
            print(f"{min(c.studies for c in costs.values())} studies, load {os.getloadavg()[0]:.1f}", flush=True)
    except KeyboardInterrupt:
        print("interrupted: what was measured until then")
    finally:
        for cost in costs.values():
            with contextlib.suppress(OSError):  # that peer has failed
                cost.pipe.send(False)
        for process in processes:
            process.join()
    report(costs, asked.workers)


def report(costs: dict[str, Costs], workers: int) -> None:
    """Print the tables. The first chunk has the start of the processes in it, and is told by itself."""
    bare = next(iter(costs.values()))
    print(f"\n{bare.studies} studies, {workers} processes, the first {CHUNK} (with the start of the processes) apart\n")
    print("| | first, s | further, s | over bare | processor time, s | over bare | asking process, MiB | largest other, MiB |")
    print("|---|---|---|---|---|---|---|---|")
    for name, cost in costs.items():
        wall, cpu = sum(cost.seconds[1:]), sum(cost.cpu_s[1:])
        over = [f"{100 * (a / b - 1):+.1f} %" if b else "" for a, b in ((wall, sum(bare.seconds[1:])), (cpu, sum(bare.cpu_s[1:])))]
        at = [min(cost.memory, key=lambda n: abs(n - MEMORY_AT)), max(cost.memory)]
        own, other = (" / ".join(f"{cost.memory[n][k]:.0f}" for n in at) for k in (0, 1))
        print(f"| {name} | {cost.seconds[0]:.1f} | {wall:.1f} | {over[0]} | {cpu:.1f} | {over[1]} | {own} | {other} |")
    print(f"\nMemory after {MEMORY_AT} and after {bare.studies} studies.")


if __name__ == "__main__":
    from benchmarks.batch import main as run  # other processes find what they carry out by the name of this module

    run()
