"""How well a burden repeats when nothing but the visit changes: the table in `calcitrack/precision.py`.

Simulated people are exposed twice with the deposits they have, posed and exposed anew as at another visit (tube voltage, dose, scatter, placement and
the vendor's curve change; the deposits do not), and assessed like any timeline. What differs between the two is the program's own doing.

Run it from the repository root::

    python -m benchmarks.precision_profile --people 40
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from calcitrack import assess
from calcitrack.model.assessment import Assessment
from calcitrack.model.measurement import Measurement
from calcitrack.model.timeline import Exposure, Timeline, TimelineKey, TimePoint
from calcitrack.phantom.population import Exposures, Population, random_patient, random_visits
from calcitrack.phantom.radiograph import as_radiograph
from calcitrack.phantom.simulate import simulate
from calcitrack.phantom.specs import BodyPart, Course, PatientSpec, Style, VisitSpec

Pair = tuple[str, str, float, float]
"""What of (total or deposit), measurand, first value, second value."""

PURPOSE = 83
"""Part of each person's seed, so that nobody here is in a phantom set, was seen in training, or is in `calcitrack validate`."""
PARTS = (BodyPart.HAND, BodyPart.FOOT, BodyPart.HAND, BodyPart.ELBOW, BodyPart.HAND, BodyPart.FOOT, BodyPart.KNEE)
"""Body parts in turn: hands and feet lead, where mass is measured."""
STYLES = (Style.LIN, Style.PRESENTATION, Style.LOG, Style.CR, Style.LIN)
BURDENS = ("moderate", "mild", "severe")
MEASURANDS = ("area_mm2", "ha_mass_mg", "contrast_integral_mm2")


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
    yield "total", "deposit_count", float(first.deposit_count or 0), float(second.deposit_count or 0)
    here, there = ({d.deposit_id: d.deposit.measurements for d in i.deposits} for i in assessment.images)
    for deposit_id in sorted(here.keys() & there.keys()):
        for name in MEASURANDS:
            a, b = here[deposit_id].get(name), there[deposit_id].get(name)
            if isinstance(a, Measurement) and isinstance(b, Measurement):
                yield "deposit", name, a.value, b.value


def main() -> None:
    """Simulate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pairs", type=Path, help="CSV file that takes every pair, or gives them back where it exists")
    given = parser.parse_args()
    if given.pairs is not None and given.pairs.exists():
        with given.pairs.open(encoding="utf-8", newline="") as file:
            found = [(a, b, float(x), float(y)) for a, b, x, y in csv.reader(file)]
    else:
        found = []
        for number in range(given.people):
            found += pairs(assessed(*person(given.seed, number)))
            print(f"person {number + 1} of {given.people}", flush=True)
            if given.pairs is not None:
                with given.pairs.with_suffix(".part").open("w", encoding="utf-8", newline="") as file:
                    csv.writer(file).writerows(found)
        if given.pairs is not None:
            given.pairs.with_suffix(".part").rename(given.pairs)


if __name__ == "__main__":
    main()
