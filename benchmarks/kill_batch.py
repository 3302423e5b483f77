"""Batches that measure into a workspace are killed at random moments; the same command again must go on, and give the same bytes in the end.

Small simulated DX films, one patient with two views of the limb among them, are measured once undisturbed. Then `measure --workspace` is
started, gets SIGKILL at a random moment, and is started again, until a run comes to its end before its moment; that is one round, and the next one
begins with a new workspace. After each kill `check` must be clean, and everything that the run said was accepted be there, with the review and the
edit that a reader made in between. At the end of a round the results folder is compared, file by file, with that of the undisturbed run: all bytes;
of `provenance.json` all but the moment of writing; of drawings for print (PDF) what they draw, with coordinates to a ten-thousandth of a point, for
one film measured in two processes may give values that differ in the tenth digit, which tables round and drawings write out. Nothing that was kept
may have been measured twice.
Run it from the repository root, on Linux or macOS::

    OMP_NUM_THREADS=1 python -m benchmarks.kill_batch --times 50
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import re
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from calcitrack.batch import Outcome, iter_assessments, one
from calcitrack.cli import measure as measure_command
from calcitrack.cli.measure import Request, run
from calcitrack.figures import overlay, page, pair
from calcitrack.io.phantom.dicom import phantom_dataset
from calcitrack.io.results.folder import MANIFEST, PARTIAL_PREFIX
from calcitrack.io.workspace import RecordedAssessment, Workspace
from calcitrack.io.workspace.database import FILE
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import Cohort
from calcitrack.model.review import Review, ReviewKind
from calcitrack.model.timeline import Timeline
from calcitrack.phantom.population import Exposures, Population, random_patient, random_visits
from calcitrack.phantom.simulate import simulate
from calcitrack.phantom.specs import VisitSpec

FORK = multiprocessing.get_context("fork")
"""A forked run begins at once; nothing was measured, and no thread runs, when it is forked."""
PATIENTS = 5
SHAPE, PITCH_MM = (200, 160), 0.3
"""Films of 60 x 48 mm: a few tenths of a second each."""
COARSE_MM = 1.2
"""Pitch of the film of the whole hand on which a deposit is looked for, for the small one to be centred on."""
SHARE = 0.5
"""A run is killed at any moment of the first half of the time that an undisturbed one takes, so that most rounds have several kills."""
READER = "anna"


def small_visit(patient: Any, visit: VisitSpec) -> VisitSpec:
    """The visit with a small film around the largest deposit."""
    whole = replace(visit.field, rows=160, columns=120, pitch_mm=COARSE_MM, margin_mm=(0.0,) * 4)
    labels = simulate(patient, replace(visit, field=whole)).labels
    counts = np.bincount(labels.ravel(), minlength=2)[1:]
    centre = np.argwhere(labels == counts.argmax() + 1).mean(axis=0) if counts.any() else np.array(labels.shape) / 2
    up, right = (np.array(labels.shape) / 2 - centre) * (1, -1) * COARSE_MM
    shift = (whole.centre_mm[0] - right, whole.centre_mm[1] - up)
    return replace(visit, field=replace(whole, rows=SHAPE[0], columns=SHAPE[1], pitch_mm=PITCH_MM, centre_mm=shift))


def write_films(folder: Path, seed: int) -> Path:
    """A film of each patient; of the first one also a second view, which shows the same and has an identity of its own."""
    folder.mkdir()
    for number in range(PATIENTS):
        rng = np.random.default_rng([seed, number])
        patient = random_patient(rng, Population(visits=1, burden="moderate"), f"K{seed}-{number + 1}")
        (visit,) = random_visits(rng, patient, 1, Exposures(repeat_last=False))
        dataset = phantom_dataset(simulate(patient, small_visit(patient, visit)))
        dataset.save_as(folder / f"{number + 1}.dcm", enforce_file_format=True)
        if number == 0:
            dataset.ViewPosition = "LAT"
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"{dataset.SOPInstanceUID}1"
            dataset.save_as(folder / "1-side.dcm", enforce_file_format=True)
    return folder


def measure(request: Request, told_to: int) -> None:
    """What `calcitrack measure` does, with small pictures; a pipe is told, one JSON a line, what was begun and what was accepted."""
    overlay.LONG_SIDE = pair.LONG_SIDE = 150
    page.DPI = 30
    real_assess, real_record = one.assess, Workspace.record

    def telling_assess(timeline: Timeline, **more: Any) -> Assessment:
        os.write(told_to, json.dumps(["begun", str(timeline.key)]).encode() + b"\n")
        return real_assess(timeline, **more)

    def telling_record(self: Workspace, assessment: Assessment, **more: Any) -> RecordedAssessment:
        done = real_record(self, assessment, **more)
        os.write(told_to, json.dumps(["accepted", done.assessment_id, done.digest]).encode() + b"\n")
        return done

    def in_this_process(cohort: Cohort, **settings: Any) -> Generator[Outcome]:
        return iter_assessments(cohort, **{**settings, "workers": None})

    one.assess = telling_assess
    measure_command.iter_assessments = in_this_process
    Workspace.record = telling_record  # type: ignore[method-assign]
    os._exit(run(request, as_json=False, quiet=True))


@dataclass
class Tally:
    """What happened."""

    kills: int = 0
    rounds: int = 0
    early: int = 0
    begun: int = 0
    measured: int = 0
    accepted: int = 0
    repeated: int = 0
    lost: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)


def started(request: Request, after_s: float | None) -> tuple[int | None, list[list[str]]]:
    """Exit code of a run, ``None`` where it was killed, and what it told."""
    reading, writing = os.pipe()
    process = FORK.Process(target=measure, args=(request, writing))
    process.start()
    os.close(writing)
    process.join(after_s)
    killed = process.is_alive()
    if killed:
        process.kill()
    with os.fdopen(reading) as stream:
        said = stream.read()
    process.join()
    return None if killed else process.exitcode, [json.loads(line) for line in said[: said.rfind("\n") + 1].splitlines()]


def contents(folder: Path) -> dict[str, bytes]:
    """Name -> what is compared of every file of a results folder, but for what killed runs left."""
    held = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file() and PARTIAL_PREFIX not in str(p)}
    return {name: compared(name, content) for name, content in held.items()}


def compared(name: str, content: bytes) -> bytes:
    """All bytes; of the provenance all but the moment of writing, of a PDF what it draws, with coordinates to a ten-thousandth of a point."""
    if name == MANIFEST:
        return re.sub(rb'"created": "[^"]*"', b"", content)
    if not name.endswith(".pdf"):
        return content
    drawn = [zlib.decompress(packed) for packed in re.findall(rb"/FlateDecode.*?stream\n(.*?)\nendstream", content, re.DOTALL)]
    return re.sub(rb"-?\d+\.\d+", lambda number: b"%.4f" % float(number[0]), b"\n".join(drawn))


def read_on(workspace: Workspace) -> tuple[Review, str] | None:
    """A reader's review and edit of the first assessment that has a deposit, once; the digest of the edit."""
    for recorded in workspace.assessments():
        for image in workspace.assessment(recorded.assessment_id).images:
            for tracked in image.deposits[:1]:
                base = workspace.head(image.exposure.acquisition.sop_instance_uid)
                edit = workspace.edit(base.image, workspace.segmentation(base).keeping(()), based_on=base, reader=READER)
                review = Review(reader=READER, kind=ReviewKind.REJECT, assessment_id=recorded.assessment_id, deposit_id=tracked.deposit_id)
                workspace.review(review)
                return review, edit.digest
    return None


def look(folder: Path, accepted: set[tuple[str, str]], reader: tuple[Review, str] | None, tally: Tally) -> tuple[Review, str] | None:
    """Hold a workspace against what was said; give what the reader did."""
    if not (folder / FILE).exists():
        tally.lost += [f"{name} {digest}" for name, digest in accepted]
        return reader
    with Workspace.create(folder) as workspace:
        tally.problems += workspace.check().problems
        for name, digest in accepted:
            try:
                workspace.assessment(name, digest=digest)
            except ValueError as error:
                tally.lost.append(str(error))
        if reader is None:
            return read_on(workspace)
        edits = {
            v.digest for e in workspace.history(who=READER) if e.subject.startswith("image ") for v in workspace.versions(e.subject[6:]) if v.reader
        }
        if workspace.reviews() != (reader[0],) or edits != {reader[1]}:
            tally.lost.append("what the reader did")
    return reader


def one_round(request: Request, expected: dict[str, bytes], moment: Callable[[], float], times: int, tally: Tally) -> None:
    """Start the same command until it comes to its end, killed at most `times` times."""
    assert request.workspace is not None  # noqa: S101 every request here has one
    accepted, reader, code, begun = set[tuple[str, str]](), None, None, 0
    kills_before = tally.kills
    while code is None:
        code, told = started(request, moment() if tally.kills - kills_before < times else None)
        new = {(t[1], t[2]) for t in told if t[0] == "accepted"}
        begun += sum(t[0] == "begun" for t in told)
        accepted |= new
        tally.kills += code is None
        tally.early += code is None and not accepted
        reader = look(request.workspace, accepted, reader, tally)
    tally.rounds += 1
    tally.accepted += len(accepted)
    found = contents(request.out)
    tally.other += [f"round {tally.rounds}: {n}" for n in {**expected, **found} if expected.get(n) != found.get(n)]
    if code != 0:
        tally.problems.append(f"round {tally.rounds}: exit code {code}")
    with Workspace.open(request.workspace, reading=True) as workspace:
        rows = [sum(1 for _ in workspace.measured_before(a.key)) for a in workspace.assessments()]
    tally.measured += sum(rows)
    tally.repeated += sum(rows) - len(rows)
    tally.begun += begun


def kill_batches(parent: Path, times: int, seed: int, workers: int) -> Tally:
    """Kill batches at random moments until `times` were killed.

    Parameters
    ----------
    seed
        Decides the films and, as shares of the time that the undisturbed run took, the moments.
    """
    draw, tally = random.Random(seed), Tally()  # noqa: S311 the same moments on every run, not secrets
    films = write_films(parent / "films", seed)
    undisturbed = Request((films,), parent / "undisturbed", None, workers, False)
    begun = time.perf_counter()
    code, _ = started(undisturbed, None)
    took_s = time.perf_counter() - begun
    if code != 0:
        raise SystemExit(f"the undisturbed run ended with {code}")
    expected = contents(undisturbed.out)
    while tally.kills < times:
        place = parent / f"round{tally.rounds}"
        request = replace(undisturbed, out=place / "R", workspace=place / "W")
        place.mkdir()
        one_round(request, expected, lambda: draw.uniform(0, SHARE * took_s), times - tally.kills, tally)
    return tally


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    chosen = parser.parse_args()
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        tally = kill_batches(Path(folder), chosen.times, chosen.seed, chosen.workers)
    heads = ("killed runs", "before anything was kept", "rounds", "measurements kept", "begun and lost in flight", "kept and measured again")
    print(f"| {' | '.join((*heads, 'accepted', 'lost', 'problems', 'files that differ', 'seconds'))} |")
    print(f"|{'--:|' * 11}")
    flying = tally.begun - tally.measured if chosen.workers == 1 else "not counted"
    counts = (tally.kills, tally.early, tally.rounds, tally.measured, flying, tally.repeated, tally.accepted)
    failures = (tally.lost, tally.problems, tally.other)
    print(f"| {' | '.join(map(str, (*counts, *map(len, failures), round(time.perf_counter() - begun))))} |")
    if any(failures) or tally.repeated:
        print(*tally.lost, *tally.problems, *tally.other, sep="\n", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
