"""Processes that write into a workspace are killed at random moments; everything that they were told was accepted must be there afterwards.

A writer records assessments, edits a segmentation and makes reviews, one after the other, and says so through a pipe as soon as a call has
returned. It gets SIGKILL after a random time, and the next one goes on in the same workspace. After each kill, `check` must be clean and everything
that was said be found.
Run it from the repository root, on Linux or macOS::

    OMP_NUM_THREADS=1 python -m benchmarks.kill_workspace --times 50

It writes into a folder of its own, which is removed, and measures nothing: assessments are made by hand.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment, DepositTrack, Fate, ImageAssessment, TimePointSummary, TrackedDeposit
from calcitrack.model.calibration import Calibration, Relationship, Tier
from calcitrack.model.image import Acquisition, Radiograph
from calcitrack.model.measurement import Deposit, Measurand, Measurement
from calcitrack.model.provenance import Provenance
from calcitrack.model.review import Review, ReviewKind
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.spacing import Spacing, SpacingBasis
from calcitrack.model.timeline import Exposure, TimelineKey

FORK = multiprocessing.get_context("fork")
"""A forked writer begins at once; nothing of a workspace is open, and no thread runs, when it is forked."""
SHAPE = (400, 300)
LONGEST_S = 0.6
"""A writer is killed at any moment of its first 0.6 s at work: some 20 to 200 changes, each of which has its own moments to be hit at."""
WRITERS_A_WORKSPACE = 10
"""Then a new one is begun, for everything in it is checked after each kill."""
AREA = Measurand("area_mm2", "mm2", "area", "made by hand")


def made(patient: str, seed: int) -> Assessment:
    """An assessment of one film with a deposit at a place drawn from the seed."""
    draw = np.random.default_rng(seed)
    row, column = int(draw.integers(0, SHAPE[0] - 20)), int(draw.integers(0, SHAPE[1] - 20))
    labels = np.zeros(SHAPE, np.uint16)
    labels[row : row + 20, column : column + 20] = 1
    facts = Acquisition(patient_id=patient, sop_instance_uid=f"2.25.{patient}", study_date=dt.date(2021, 3, 8))
    spacing, calibration = Spacing(0.1, 0.1, SpacingBasis.DETECTOR, "made"), Calibration(Tier.C, Relationship.UNKNOWN, 1, "made")
    film = Radiograph(pixels=np.zeros(SHAPE, np.float32), spacing=spacing, acquisition=facts, calibration=calibration)
    area = Measurement(AREA, 4.0 + seed / 1000)
    image = ImageAssessment(
        exposure=Exposure.of(film),
        time_point=1,
        repeat=0,
        spacing=spacing,
        calibration=calibration,
        segmentation=Segmentation(labels=labels, limb=np.ones(SHAPE, bool), bone=np.zeros(SHAPE, bool)),
        deposits=(TrackedDeposit(Deposit(1, 0.9, (row + 9.5, column + 9.5), {"area_mm2": area}), "D001", f"2.25.{patient}1", Fate.BASELINE),),
        totals={"area_mm2": area},
    )
    point = TimePointSummary(
        index=1,
        date=facts.study_date,
        n_exposures=1,
        deposit_count=1,
        totals={"area_mm2": area},
        from_baseline={},
        from_previous={},
        fates={Fate.BASELINE: 1},
    )
    return Assessment(
        assessment_id=f"{patient}-{seed}",
        key=TimelineKey(patient, "HAND", "R", "PA", "DX"),
        images=(image,),
        failures=(),
        tracks=(DepositTrack("D001", f"2.25.{patient}1", {1: Fate.BASELINE}),),
        time_points=(point,),
        provenance=Provenance("calcitrack", "made"),
    )


def write(folder: Path, seed: int, told_to: int) -> None:
    """Change the workspace without end, and tell a pipe what was accepted, one JSON a line."""
    draw = random.Random(seed)  # noqa: S311 the same moments on every run, not secrets
    with Workspace.create(folder) as workspace:
        patients: list[str] = [a.key.patient_id for a in workspace.assessments()]
        os.write(told_to, b"ready\n")
        while True:
            number = draw.randrange(1 << 30)
            kind = draw.choice(("record", "edit", "review")) if patients else "record"
            patient = str(number) if kind == "record" else draw.choice(patients)
            if kind == "record":
                told = workspace.record(made(patient, number)).digest
                patients.append(patient)
            elif kind == "edit":
                base = workspace.head(f"2.25.{patient}")
                held = workspace.segmentation(base)
                moved = Segmentation(labels=np.roll(held.labels, 1 + number % 300, axis=0), limb=held.limb, bone=held.bone)
                told = workspace.edit(f"2.25.{patient}", moved, based_on=base, reader=f"reader {number}").digest
            else:
                assessment = next(a.assessment_id for a in workspace.assessments() if a.key.patient_id == patient)
                workspace.review(Review(reader=f"reader {number}", kind=ReviewKind.ACCEPT, assessment_id=assessment, deposit_id="D001"))
                told = f"reader {number}"
            os.write(told_to, json.dumps([kind, patient, told]).encode() + b"\n")


@dataclass
class Tally:
    """What happened."""

    kills: int = 0
    accepted: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: int = 0
    unconfirmed: int = 0


def killed_writer(folder: Path, seed: int, after_s: float) -> list[tuple[str, str, str]]:
    """What a writer said was accepted before it was killed."""
    reading, writing = os.pipe()
    writer = FORK.Process(target=write, args=(folder, seed, writing))
    writer.start()
    os.close(writing)
    with os.fdopen(reading) as stream:
        stream.readline()  # it has begun
        time.sleep(after_s)
        writer.kill()
        said = stream.read()
    writer.join()
    whole = said[: said.rfind("\n") + 1]
    return [(kind, patient, told) for kind, patient, told in map(json.loads, whole.splitlines())]


def kill_writers(parent: Path, times: int, seed: int) -> Tally:
    """Kill one writer after the other at random moments, and look for everything that was accepted.

    Parameters
    ----------
    times
        Writers.
    seed
        Decides their changes and the moments.
    """
    draw = random.Random(seed)  # noqa: S311 as above
    tally, folder, accepted = Tally(), parent, list[tuple[str, str, str]]()
    unconfirmed: dict[Path, int] = {}
    for k in range(times):
        if k % WRITERS_A_WORKSPACE == 0:
            folder, accepted = parent / f"W{k}", []
        new = killed_writer(folder, seed * 1000 + k, draw.uniform(0, LONGEST_S))
        accepted += new
        tally.kills += 1
        tally.accepted.update(kind for kind, _, _ in new)
        with Workspace.open(folder) as workspace:
            report = workspace.check()
            tally.problems += report.problems
            tally.notes += len(report.notes)
            tally.lost += lost(workspace, accepted)
            unconfirmed[folder] = report.assessments + report.reviews + (report.segmentations - report.assessments) - len(accepted)
    tally.unconfirmed = sum(unconfirmed.values())
    return tally


def lost(workspace: Workspace, accepted: list[tuple[str, str, str]]) -> list[str]:
    """Of what was accepted, what is not there."""
    recorded = {a.digest for a in workspace.assessments()}
    readers = {r.reader for r in workspace.reviews()}
    gone = []
    for kind, patient, told in accepted:
        held = {"record": told in recorded, "review": told in readers}.get(kind)
        if held is None:
            held = told in {v.digest for v in workspace.versions(f"2.25.{patient}")}
        if not held:
            gone.append(f"{kind} {patient} {told}")
    return gone


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        tally = kill_writers(Path(folder), chosen.times, chosen.seed)
    print("| killed writers | accepted: assessments | edits | reviews | lost | problems | in flight, kept whole | seconds |")
    print("|--:|--:|--:|--:|--:|--:|--:|--:|")
    counts = [tally.accepted[kind] for kind in ("record", "edit", "review")]
    cells = [tally.kills, *counts, len(tally.lost), len(tally.problems), tally.unconfirmed, round(time.perf_counter() - begun)]
    print(f"| {' | '.join(map(str, cells))} |")
    if tally.lost or tally.problems:
        print(*tally.lost, *tally.problems, sep="\n", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
