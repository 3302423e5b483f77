"""Mass when every deposit is outlined as it truly is: what calibration and background leave of the error, whatever the searcher does.

    OMP_NUM_THREADS=1 python benchmarks/true_outlines.py FILMS [--truth FILMS/truth]

FILMS holds simulated films with their truth, as `calcitrack phantom --out FILMS` writes them. Limb and bone are still the program's own.
Deposits of at least 1 mm2 count. Repeat exposures and changes are of a film's sum over its deposits, where it is
above nothing; films without an absolute mass are left out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np

from calcitrack import Segmentation, calibrate, measure, read_radiograph, segment
from calcitrack.model.measurement import Measurement

LEAST_MM2 = 1.0
"""Smaller deposits cover fewer pixels than a blurred edge."""
SOFT_SHARE, BONE_SHARE = 0.1, 0.5
"""A deposit with less than the first over bone lies in soft tissue, one with the second or more over bone."""


@dataclass(frozen=True)
class Weighed:
    """One deposit: number in the truth, share over bone, true and measured mass, whether the 95 % interval holds the truth."""

    label: int
    over_bone: float
    true_mg: float
    mg: float
    held: bool


@dataclass(frozen=True)
class Film:
    """The weighed deposits of one film."""

    patient: str
    visit: int
    repeat: bool
    deposits: tuple[Weighed, ...]

    @property
    def mg(self) -> float:
        """Measured mass of all."""
        return sum(d.mg for d in self.deposits)

    @property
    def true_mg(self) -> float:
        """True mass of all."""
        return sum(d.true_mg for d in self.deposits)


def weighed(path: Path, truth: Path) -> Film:
    """Measure one film within its true outlines; `truth` is the path of its truth without ending."""
    told = json.loads(truth.with_name(truth.name + ".json").read_text())
    labels = cv2.imread(str(truth.with_name(truth.name + ".label.png")), cv2.IMREAD_UNCHANGED).astype(np.uint16)
    radiograph = calibrate(read_radiograph(path))
    found = segment(radiograph)
    measured = measure(radiograph, Segmentation(labels=labels, limb=found.limb | (labels > 0), bone=found.bone))
    of = {d["id"]: d for d in told["deposits"]}
    rows = []
    for deposit in measured.deposits:
        mass, true = deposit.measurements["ha_mass_mg"], of[deposit.label]
        if isinstance(mass, Measurement) and true["area_detector_mm2"] >= LEAST_MM2:
            held = mass.sd is not None and abs(mass.value - true["ha_mg"]) <= 1.96 * mass.sd
            rows.append(Weighed(deposit.label, float(true["over_bone"]), float(true["ha_mg"]), mass.value, held))
    return Film(path.parent.name, int(told["visit"]), bool(told["retest"]), tuple(rows))


def films(folder: Path, truth: Path) -> Iterator[Film]:
    """Every film with a truth beside it and a mass, in order."""
    for path in sorted(folder.rglob("*.dcm")):
        place = truth / path.relative_to(folder).with_suffix("")
        if place.with_name(place.name + ".json").exists():
            film = weighed(path, place)
            if film.deposits:
                yield film


def main() -> None:
    """Print errors by place, repeatability and the error of the change."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", type=Path)
    parser.add_argument("--truth", type=Path)
    arguments = parser.parse_args()
    measured = list(films(arguments.films, arguments.truth or arguments.films / "truth"))
    print(f"{len(measured)} films with an absolute mass, deposits outlined as they truly are")
    print(f"{'':<16}{'n':>5}{'bias':>9}{'error: median':>15}{'90 %':>8}{'interval holds':>16}")
    for name, low, high in (("soft tissue", -1.0, SOFT_SHARE), ("partly on bone", SOFT_SHARE, BONE_SHARE), ("over bone", BONE_SHARE, 2.0)):
        these = [d for f in measured for d in f.deposits if low <= d.over_bone < high]
        if these:
            ratio = np.array([d.mg / d.true_mg for d in these])
            error = np.abs(ratio - 1)
            held = np.mean([d.held for d in these])
            print(f"{name:<16}{len(these):>5}{np.median(ratio) - 1:>+9.3f}{np.median(error):>15.3f}{np.quantile(error, 0.9):>8.3f}{held:>16.3f}")
    pairs: list[tuple[Film, Film]] = []
    changes: list[float] = []
    for _, group in groupby(measured, key=lambda f: f.patient):
        of_patient = [f for f in group if f.mg > 0]  # a deposit may weigh less than nothing against its background
        course = sorted((f for f in of_patient if not f.repeat), key=lambda f: f.visit)
        changes += [abs(f.mg / course[0].mg - f.true_mg / course[0].true_mg) for f in course[1:]]
        at = {f.visit: f for f in course}
        pairs += [(at[f.visit], f) for f in of_patient if f.repeat and f.visit in at]
    if pairs:
        logs = [float(np.log(again.mg / first.mg)) for first, again in pairs]
        print(f"repeat exposures, {len(pairs)} pairs: wCV of the sum {np.sqrt(np.mean(np.square(logs)) / 2):.3f}; what differs most in each:")
        for first, again in pairs:
            print(f"  {first.patient} {first.mg:.1f} and {again.mg:.1f} mg: {_widest(first, again)}")
    if changes:
        print(f"change of the sum since the first visit, {len(changes)} visits: median error {np.median(changes):.3f}")


def _widest(first: Film, again: Film) -> str:
    """The deposit whose mass differs most between two exposures, in words."""
    other = {d.label: d for d in again.deposits}
    one = max((d for d in first.deposits if d.label in other), key=lambda d: abs(d.mg - other[d.label].mg), default=None)
    if one is None:
        return "no deposit is on both"
    share = f"{100 * one.over_bone:.0f} % over bone"
    return f"deposit {one.label}, {share}, {one.mg:.1f} and {other[one.label].mg:.1f} mg (truly {one.true_mg:.1f} mg)"


if __name__ == "__main__":
    main()
