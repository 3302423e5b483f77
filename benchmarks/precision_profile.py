"""How well a burden repeats when nothing but the visit changes: the table in `calcitrack/change/precision_profile.py`.

Simulated people are exposed twice with the deposits they have, posed and exposed anew as at another visit (tube voltage, dose, scatter, placement and
the vendor's curve change; the deposits do not), and assessed like any timeline. What differs between the two is the program's own doing.

Run it from the repository root::

    python -m benchmarks.precision_profile --people 120
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from calcitrack import assess
from calcitrack.change.precision import log_burden
from calcitrack.change.precision_profile import ProfileRow
from calcitrack.model.assessment import Assessment
from calcitrack.model.measurement import Measurement
from calcitrack.model.timeline import Exposure, Timeline, TimelineKey, TimePoint
from calcitrack.phantom.population import Exposures, Population, random_patient, random_visits
from calcitrack.phantom.radiograph import as_radiograph
from calcitrack.phantom.simulate import simulate
from calcitrack.phantom.specs import BodyPart, Course, PatientSpec, Style, VisitSpec
from calcitrack.reliability import repeatability

Pair = tuple[str, str, float, float]
"""What of (total or deposit), measurand, first value, second value."""

PURPOSE = 83
"""Part of each person's seed, so that nobody here is in a phantom set, was seen in training, or is in `calcitrack validate`."""
PARTS = (BodyPart.HAND, BodyPart.FOOT, BodyPart.HAND, BodyPart.ELBOW, BodyPart.HAND, BodyPart.FOOT, BodyPart.KNEE)
"""Body parts in turn: hands and feet lead, where mass is measured."""
STYLES = (Style.LIN, Style.PRESENTATION, Style.LOG, Style.CR, Style.LIN)
BURDENS = ("moderate", "mild", "severe")
MEASURANDS = ("area_mm2", "ha_mass_mg")
COUNT = "deposit_count"
MG_PER_MM3 = 0.4
"""Default concentration by which volumes follow from masses (`MeasureOptions`): they repeat as masses do."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Burdens at which the table gives the spread."""
WIDEST = 1.0
"""Largest standard deviation of a logarithm: that of a burden of which nothing is known but that it is below a limit."""
MOST_BAD = 0.3
"""Largest share of exposures that can be called exceptional."""
BOUNDS = ((0.01, WIDEST), (0.0, 0.5), (0.0, MOST_BAD), (0.0, 1.0), (0.3, 1.2))
"""Spread at the median size and its power, share of bad exposures there and its power, and what a bad one adds (a factor of 1.35 to 3.3)."""
COUNT_BOUNDS = (*BOUNDS[:2], (0.0, 0.0), *BOUNDS[3:])
"""Counts are whole numbers, often equal: no share of them can be called bad."""
TINY = 1e-12
"""Keeps the logarithm of a likelihood finite."""


def person(seed: int, number: int) -> tuple[PatientSpec, tuple[VisitSpec, ...]]:
    """Person `number` with deposits that stay as they are, and two visits."""
    style, part = STYLES[number % len(STYLES)], PARTS[number % len(PARTS)]
    rng = np.random.default_rng([seed, number, PURPOSE])
    patient = random_patient(rng, Population(body_part=part, burden=BURDENS[number % len(BURDENS)]), f"R{number + 1:03d}")
    same = tuple(replace(d, course=Course.STABLE, volume_factors=(1.0, 1.0)) for d in patient.deposits)
    patient = replace(patient, deposits=same)
    return patient, random_visits(rng, patient, 2, Exposures(style=style, wedge=True if style is Style.PRESENTATION else None, cut=0.0))


def assessed(patient: PatientSpec, visits: Sequence[VisitSpec]) -> Assessment:
    """The two visits as a timeline, assessed."""
    points = tuple(
        TimePoint(k, dt.date(2020, 1, k), (Exposure.of(as_radiograph(simulate(patient, visit))),)) for k, visit in enumerate(visits, start=1)
    )
    return assess(Timeline(TimelineKey(patient.patient_id, patient.body_part.name, patient.laterality, "", "DX"), points))


def pairs(assessment: Assessment) -> Iterator[Pair]:
    """Totals and single deposits at both visits; a deposit that was found at one of them only is part of the totals."""
    first, second = assessment.time_points
    for name in MEASURANDS:
        values = [p.totals[name].value for p in (first, second) if isinstance(p.totals.get(name), Measurement)]
        if len(values) == 2:
            yield "total", name, values[0], values[1]
    yield "total", COUNT, float(first.deposit_count or 0), float(second.deposit_count or 0)
    here, there = ({d.deposit_id: d.deposit.measurements for d in i.deposits} for i in assessment.images)
    for deposit_id in sorted(here.keys() & there.keys()):
        for name in MEASURANDS:
            a, b = here[deposit_id].get(name), there[deposit_id].get(name)
            if isinstance(a, Measurement) and isinstance(b, Measurement):
                yield "deposit", name, a.value, b.value


def profile_row(found: Sequence[Pair]) -> ProfileRow:
    """Fit the spread of the logarithm to the pairs of one subject and measurand, by maximum likelihood.

    An ordinary exposure scatters with a power of the size between 0 and -1/2 (deposits are found or missed one by one, like counts), by `WIDEST` at
    most; a share of the exposures, likewise a power of the size, is bad and scatters more.
    """
    values = np.array([(x, y) for _, _, x, y in found if x > 0 or y > 0])
    logs = np.array([[log_burden(v, found[0][1])[0] for v in pair] for pair in values])
    sizes, differences = np.exp(logs.mean(axis=1)), logs[:, 1] - logs[:, 0]
    typical = float(np.median(sizes))

    def spread(p: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.minimum(WIDEST, p[0] * (typical / at) ** p[1]))

    def share(p: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.minimum(MOST_BAD, p[2] * (typical / at) ** p[3]))

    def loss(p: NDArray[np.float64]) -> float:
        core, bad, extra = 2 * spread(p, sizes) ** 2, share(p, sizes), p[4] ** 2
        terms = [((1 - bad) ** 2, core), (2 * bad * (1 - bad), core + extra), (bad**2, core + 2 * extra)]
        likelihood = sum(w * np.exp(-(differences**2) / (2 * v)) / np.sqrt(v) for w, v in terms)
        return -float(np.log(likelihood + TINY).sum())

    starts = [np.array([sd, power, bad, 0.3, 0.8]) for sd in (0.08, 0.2) for power in (0.1, 0.4) for bad in (0.03, 0.15)]
    bounds = COUNT_BOUNDS if found[0][1] == COUNT else BOUNDS
    best = min((minimize(loss, s, method="L-BFGS-B", bounds=bounds) for s in starts), key=lambda r: r.fun).x
    at = np.unique(np.round(np.quantile(sizes, QUANTILES), 1))
    fitted = [tuple(round(float(x), 3) for x in of(best, at)) for of in (spread, share)]
    return ProfileRow(tuple(float(x) for x in at), fitted[0], fitted[1], round(float(best[4]), 3), len(values))


def collected(people: int, seed: int) -> list[Pair]:
    """The pairs of all people."""
    found: list[Pair] = []
    for number in range(people):
        found += pairs(assessed(*person(seed, number)))
        print(f"person {number + 1} of {people}", file=sys.stderr, flush=True)
    return found


def main() -> None:
    """Simulate, measure, print the table as `calcitrack/change/precision_profile.py` takes it, and the plain scatter beside it."""
    parser = argparse.ArgumentParser(description="Measure how well burdens repeat on simulated films.")
    parser.add_argument("--people", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pairs", type=Path, help="CSV file that takes every pair; where it exists already, the pairs are read from it")
    given = parser.parse_args()
    if given.pairs is not None and given.pairs.exists():
        with given.pairs.open(encoding="utf-8", newline="") as file:
            found = [(a, b, float(x), float(y)) for a, b, x, y in csv.reader(file)]
    else:
        found = collected(given.people, given.seed)
        if given.pairs is not None:
            with given.pairs.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(found)
    for kind in [("total", m) for m in (*MEASURANDS, COUNT)] + [("deposit", m) for m in MEASURANDS]:
        mine = [p for p in found if p[:2] == kind]
        row = profile_row(mine)
        print(f"    {kind!r}: {row},".replace("'", '"'))
        if kind[1] == "ha_mass_mg":
            sizes = tuple(round(x / MG_PER_MM3, 1) for x in row.sizes)
            print(f"    {(kind[0], 'volume_mm3')!r}: {replace(row, sizes=sizes)},".replace("'", '"'))
        both = [(x, y) for _, _, x, y in mine if min(x, y) > 0]
        sem = repeatability(both, log=True).sem
        print(f"    # all together: {sem:.3f} in {len(both)} pairs; nothing found in one of {len(mine) - len(both)} more")


if __name__ == "__main__":
    main()
