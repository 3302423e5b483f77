"""A scripted review of a sample patient: keys and milliseconds a step, and what is left of it after closing.

Every deposit of every visit is stepped through, judged, and one in three is edited (grown from a click, painted, erased, split, undone). A step
lasts until it is on the disk, measured, and in the deposit list of the film; drawing it on the screen comes on top (``--viewer`` has it in the
time). Films are enlarged to six megapixels, since that is what a modern detector gives. Afterwards the workspace is opened anew, and every step must
be there.
Run it from the repository root, with the plugin installed::

    OMP_NUM_THREADS=1 python -m benchmarks.review --workspace project
    OMP_NUM_THREADS=1 xvfb-run -a python -m benchmarks.review --workspace project --viewer

``project`` is a workspace with the patient in it; it is copied, and stays as it is::

    calcitrack measure sample_data/radiographs/DEV04 --out results --workspace project
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from calcitrack import Exposure, Segmentation, measure
from calcitrack.errors import InvalidValueError
from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment, ImageAssessment, TrackedDeposit
from calcitrack.review import edit_outlines as outlines
from calcitrack.review.session import Done, ReviewSession
from calcitrack.review.state import ReviewState

READER = "benchmark"
EDITED = 3
"""One deposit in three is edited: the share of outlines that a reader changes is not known; more would be a reason to measure again."""
TARGET_MS = 100.0
"""Measures follow an edit within this at the 95th percentile: below it a reader sees no delay (Card, Robertson, Mackinlay, CHI 1991)."""


@dataclass
class Log:
    """Times of all steps."""

    kind: list[str] = field(default_factory=list)
    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    def take(self, kind: str, step: Callable[[], object]) -> None:
        """Take a step, and note how long it was."""
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            step()
        except InvalidValueError:
            return  # nothing to grow there, no waist: said to the reader, and no step
        self.kind.append(kind)
        self.wall_ms.append(1000 * (time.perf_counter() - wall))
        self.cpu_ms.append(1000 * (time.process_time() - cpu))

    def table(self) -> dict[str, Any]:
        """Steps by kind, and all of them: number, median, 95th percentile and longest, wall clock and processor."""
        kinds = [*dict.fromkeys(self.kind)]
        of = {k: [n for n, kind in enumerate(self.kind) if kind == k] for k in kinds} | {"all": list(range(len(self.kind)))}
        return {k: {"n": len(rows), **_spread("wall", self.wall_ms, rows), **_spread("cpu", self.cpu_ms, rows)} for k, rows in of.items()}


def _spread(name: str, values: list[float], rows: list[int]) -> dict[str, float]:
    chosen = [values[n] for n in rows]
    return {
        f"{name}_p50_ms": round(float(np.median(chosen)), 1),
        f"{name}_p95_ms": round(float(np.percentile(chosen, 95)), 1),
        f"{name}_max_ms": round(max(chosen), 1),
    }


def enlarged(image: ImageAssessment, megapixels: float) -> ImageAssessment:
    """The same film on a finer grid, with its outlines, measured there."""
    film = replace(image.exposure.radiograph(), calibration=image.calibration)
    factor = float(np.sqrt(megapixels * 1e6 / film.pixels.size))
    size = (round(film.shape[1] * factor), round(film.shape[0] * factor))

    def nearest(values: np.ndarray) -> np.ndarray:
        return cv2.resize(values, size, interpolation=cv2.INTER_NEAREST)

    spacing = replace(film.spacing, row_mm=(film.spacing.row_mm or 1) / factor, column_mm=(film.spacing.column_mm or 1) / factor)
    finer = replace(
        film, pixels=cv2.resize(film.pixels, size, interpolation=cv2.INTER_LINEAR), valid=nearest(film.valid_mask.view(np.uint8)) > 0, spacing=spacing
    )
    was = image.segmentation
    drawn = Segmentation(
        labels=nearest(was.labels), limb=nearest(was.limb.view(np.uint8)) > 0, bone=nearest(was.bone.view(np.uint8)) > 0, confidence=was.confidence
    )
    measured = measure(finer, drawn)
    names = {d.deposit.label: d for d in image.deposits}
    deposits = tuple(TrackedDeposit(d, names[d.label].deposit_id, names[d.label].tracking_uid, names[d.label].fate) for d in measured.deposits)
    return replace(image, exposure=Exposure.of(finer), spacing=spacing, segmentation=drawn, deposits=deposits, totals=measured.totals)


def review(session: ReviewSession, log: Log, shown: Callable[[Done | None, int], object]) -> int:
    """Go through everything; gives the number of keys a reader would have pressed."""
    keys = 0
    for k in range(len(session.state.images)):
        for n, row in enumerate(session.state.rows(k)):
            name = row.deposit_id
            if row.label is None or row.deposit is None:
                continue
            if n % EDITED == 0:
                keys += _edit(session, k, name, log, shown)
            if session.state.verdict(name, k) == "":
                judge = session.reject if n % 4 == 3 else session.accept
                log.take("judge", lambda judge=judge, name=name, k=k: shown(judge(name, k), k))
                keys += 1
    return keys


def _edit(session: ReviewSession, k: int, name: str, log: Log, shown: Callable[[Done | None, int], object]) -> int:
    deposit = session.state.deposit(k, name)
    if deposit is None:
        return 0
    row, column = (round(x) for x in deposit.centroid)
    window = (slice(max(0, row - 8), row + 9), slice(max(0, column - 8), column + 9))
    painted = np.where(outlines.numbered(session, k, window) == 0, np.uint16(int(name[1:])), outlines.numbered(session, k, window))
    log.take("grow", lambda: shown(outlines.grow(session, k, name, (row, column), 1), k))
    log.take("paint", lambda: shown(outlines.paint(session, k, window, painted, name), k))
    log.take("undo", lambda: shown(session.undo(), k))
    log.take("split", lambda: shown(outlines.split(session, k, name), k))
    log.take("undo", lambda: shown(session.undo(), k))
    log.take("erase", lambda: shown(outlines.erase(session, k, name), k))
    log.take("add", lambda: shown(outlines.add(session, k, (row, column)), k))
    log.take("undo", lambda: shown(session.undo(), k))
    log.take("undo", lambda: shown(session.undo(), k))
    return 9


def lost(folder: Path, session: ReviewSession, assessment: Assessment) -> int:
    """Steps that are not there when the workspace is opened anew."""
    with Workspace.open(folder, reading=True) as workspace:
        entries = workspace.journal(assessment.assessment_id, reader=session.reader)
        again = ReviewSession(workspace, ReviewState(assessment), session.reader)
        same = all(
            np.array_equal(again.state.labels(k), session.state.labels(k)) and again.state.identity(k) == session.state.identity(k)
            for k in range(len(session.state.images))
        )
    return session.position - len(entries) + (0 if same else 1)


def run(source: Path, megapixels: float, *, viewer: bool) -> dict[str, Any]:
    """One review of a copy of the workspace; on the films as they are where `megapixels` is 0."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(shutil.copytree(source, Path(place) / "workspace"))
        with Workspace.open(folder) as workspace:
            assessment = workspace.assessment(workspace.assessments()[0].assessment_id)
            if megapixels:
                images = tuple(replace(enlarged(i, megapixels), repeat=i.repeat) for i in assessment.images)
                assessment = replace(assessment, assessment_id=f"{assessment.assessment_id[:8]}{round(megapixels)}mp", images=images)
                workspace.record(assessment)
            session, log = ReviewSession(workspace, ReviewState(assessment), READER), Log()
            for k in range(len(session.state.images)):
                session.state.film(k)
            shown = _on_screen(session) if viewer else lambda _done, k: session.state.rows(k)
            keys = review(session, log, shown)
            deposits = sum(len(i.deposits) for i in session.state.images)
            return {
                "patient": assessment.key.patient_id,
                "megapixels": round(float(np.mean([i.segmentation.labels.size for i in assessment.images])) / 1e6, 2),
                "films": len(assessment.images),
                "deposits_on_films": deposits,
                "deposits": len(assessment.tracks),
                "keys": keys,
                "keys_a_deposit_without_edits": round(log.kind.count("judge") / max(1, len(assessment.tracks)), 2),
                "steps": session.position,
                "lost_steps": lost(folder, session, assessment),
                "times": log.table(),
            }


def _on_screen(session: ReviewSession) -> Callable[[Done | None, int], object]:
    """Each step drawn by napari, the list by Qt."""
    import napari
    from qtpy.QtWidgets import QApplication

    from calcitrack_napari.serial_review.list_order import arranged
    from calcitrack_napari.serial_review.scene import Scene
    from calcitrack_napari.serial_review.table import DepositTable

    scene, table = Scene(napari.Viewer(), session, lambda *_: None), DepositTable()
    scene.build()

    def show(done: Done | None, k: int) -> None:
        if scene.current != k:
            scene.show(k)
        if done is not None:
            scene.refresh(done)
        table.show(arranged(session.state.rows(k)))
        QApplication.processEvents()

    return show


def main() -> None:
    """Print the reviews as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--megapixels", type=float, default=6.0, help="films are enlarged to this; 0 leaves them as they are")
    parser.add_argument("--viewer", action="store_true", help="draw each step")
    arguments = parser.parse_args()
    result = run(arguments.workspace, arguments.megapixels, viewer=arguments.viewer)
    result["within_target"] = {clock: result["times"]["all"][f"{clock}_p95_ms"] <= TARGET_MS for clock in ("wall", "cpu")}
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
