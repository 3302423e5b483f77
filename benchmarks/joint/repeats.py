"""How well values of all films together repeat: two independent series of each patient, one with each exposure of the day that was exposed twice.

    OMP_NUM_THREADS=1 python -m benchmarks.joint.repeats SET [SET ...]

A SET holds DICOM films of patients at several visits, one of which has a repeat exposure (as `calcitrack phantom --out` makes them). Exposures of one
day share region and background where they are measured together, so that they say nothing of how well visits repeat. Here each series is assessed by
itself and holds one of the two exposures; the other visits are the same films. Printed are the values of that day from both, and the within-subject
coefficient of variation (root mean square of the difference over its mean, by the square root of two): of the burden that each verdict rests on, by
mass and by others, and of each measurand, with and without the smallest burdens.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from calcitrack import assess, read_cohort
from calcitrack.change.judge import burden_of
from calcitrack.change.series import series_of
from calcitrack.model.judgement import TimelineSeries
from calcitrack.model.timeline import Timeline

SHOWN = ("ha_mass_joint_mg", "area_joint_mm2", "contrast_joint_mm2", "ha_mass_mg", "area_mm2")
LEAST = {"mg": 5.0, "mass": 5.0, "mm2": 10.0, "no mass": 10.0}
"""Mean of a pair, mg and mm2, from which it is no small one: the share by which next to nothing differs means little, and one such pair decides the
mean square of all."""
LEAST_VISITS = 3
"""With two visits alone, most of what measuring together brings is gone."""


def series_with(timeline: Timeline, exposure: int) -> Timeline:
    """The timeline with one exposure a day: of days with several the one of this number."""
    points = tuple(replace(t, exposures=(t.exposures[min(exposure, len(t.exposures) - 1)],)) for t in timeline.time_points)
    return replace(timeline, time_points=points)


def value_at(series: TimelineSeries, measurand: str, time_point: int) -> float | None:
    """The total at a time point, where it is known."""
    points = [p for s in series.series if (s.subject, s.measurand) == ("total", measurand) for p in s.points]
    return next((p.mean for p in points if p.time_point == time_point), None)


def pairs(a: TimelineSeries, b: TimelineSeries, time_point: int) -> Iterator[tuple[str, float, float]]:
    """(measurand, value, value) of the totals at a time point."""
    for name in SHOWN:
        first, second = (value_at(series, name, time_point) for series in (a, b))
        if first is not None and second is not None and first + second > 0:
            yield name, first, second


def wcv(found: list[tuple[float, float]]) -> float:
    """Within-subject coefficient of variation."""
    a, b = np.array(found).T
    return float(np.sqrt(np.mean((np.abs(a - b) / np.sqrt(2) / ((a + b) / 2)) ** 2)))


def main() -> None:
    """Print the pairs and how well they repeat."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+")
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for timeline in (t for one in parser.parse_args().sets for t in read_cohort(one).timelines):
        twice = next((t.index for t in timeline.time_points if len(t.exposures) > 1), None)
        if twice is None or len(timeline.time_points) < LEAST_VISITS:
            continue
        a, b = (series_of(assess(series_with(timeline, k))) for k in (0, 1))
        burdens = {burden_of(s) for s in (a, b)}
        for name, first, second in pairs(a, b, twice):
            found[name].append((first, second))
            if burdens == {name}:
                found["burden of the verdict, mass" if "mass" in name else "burden of the verdict, no mass"].append((first, second))
            print(f"{timeline.key.patient_id:16} {name:20} {first:8.2f} {second:8.2f}{'  verdict' if name in burdens else ''}", flush=True)
    for name, values in found.items():
        enough = [(a, b) for a, b in values if a + b >= 2 * LEAST[name.rsplit("_", 1)[-1].removeprefix("burden of the verdict, ")]]
        without = f"; {wcv(enough):.3f} of the {len(enough)} that are no small ones" if len(enough) not in (0, len(values)) else ""
        print(f"{name:32} wCV {wcv(values):.3f} of {len(values)} pairs{without}")


if __name__ == "__main__":
    main()
