"""Are intervals and verdicts right? Patients with known courses, measured with known scatter, judged as any timeline is.

Burdens are simulated, not films: what repeats is drawn from the program's precision profile (`calcitrack/change/precision_profile.py`), bad exposures
included, and beside it from a scatter of 9 %, which the +-25 % rule needs, and which each patient's clinic knows from 20 repeat exposures. Visits
are irregular, burdens scatter about their course by 5 %, and one patient in ten has a visit at which a third of the burden was missed.

The same patients with values of all films together come with the covariance that such values state (`calcitrack.measure.joint`): what each visit has
of its own, a scale that all share, a background that all share. No visit misses a third: the region is that of all films.
Run it from the repository root::

    python -m benchmarks.verdicts --patients 400
"""

from __future__ import annotations

import argparse
import datetime as dt
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from calcitrack.change import Precision, own_precision
from calcitrack.change.judge import judge
from calcitrack.change.precision import Spread
from calcitrack.measure.joint import FLOOR_MM2, SCALE_SD, SHARED_SCALE_SD
from calcitrack.model.course import PatientCourse, Treatment
from calcitrack.model.judgement import BurdenPoint, BurdenSeries, Estimate, Judgement, SdcSource, TimelineSeries, Verdict
from calcitrack.model.timeline import TimelineKey

AREA = "area_mm2"
BURDEN_MM2 = (60.0, 300.0)
"""Baseline burden, drawn log-uniformly: a hand with some ten deposits."""
GROWTH, SHRINKAGE = (0.25, 0.7), (-0.9, -0.25)
"""Annual slope of the logarithm: +28 to +101 % a year, -22 to -59 % a year."""
PROCESS_SD = 0.05
MISSED, MISSED_SHARE = 0.1, 1 / 3
"""Share of patients with a visit at which this share of the burden was missed."""
INTERVAL_DAYS = (60, 300)
FIRST = dt.date(2020, 1, 1)
READER = Precision(stated={("total", AREA): Spread(0.09, 0.03, 0.6, SdcSource.OWN_REPEATS, 20)})
"""Scatter of 9 %, and one exposure in 33 that is bad."""
REPEATS = 20
"""Repeat exposures from which a clinic knows that."""
SURE = 0.95
JOINT = "area_joint_mm2"
OWN, COMMON = 0.12, 0.25
"""Background error of a value of all films together, as a share of the baseline: each visit's own, and what all visits share. With the scale of each
visit they make the half width of 0.36 of the baseline that changes of the total have on a set of ten people (docs/explanation/together.md)."""

RIGHT = {"stable": Verdict.HALTED, "progressing": Verdict.PROGRESSING, "regressing": Verdict.REGRESSING, "halted by treatment": Verdict.HALTED}
"""Group -> the verdict that is right."""


@dataclass(frozen=True, slots=True)
class Patient:
    """A simulated patient: true slopes before and after the start of a treatment (the same where there is none), visits, and what was measured."""

    group: str
    slopes: tuple[float, float]
    start_years: float
    years: tuple[float, ...]
    truth: tuple[float, ...]
    series: TimelineSeries
    course: PatientCourse


def patient(seed: int, number: int, precision: Precision) -> Patient:
    """Patient `number`; groups in turn."""
    rng = np.random.default_rng([seed, number, 97])
    group = list(RIGHT)[number % len(RIGHT)]
    visits = int(rng.integers(4, 9))
    days = np.concatenate([[0], np.cumsum(rng.integers(*INTERVAL_DAYS, visits - 1))])
    years = days / 365.25
    treated = group == "halted by treatment"
    after = int(rng.integers(2, visits - 1)) if treated else visits
    start = float(days[after - 1] + 10) / 365.25 if treated else math.inf
    before = float({"stable": 0.0, "regressing": rng.uniform(*SHRINKAGE)}.get(group, rng.uniform(*GROWTH)))
    slopes = (before, 0.0 if treated else before)
    level = float(rng.uniform(*np.log(BURDEN_MM2)))
    bend = np.minimum(years, start) * slopes[0] + np.maximum(years - start, 0) * slopes[1] if treated else years * before
    truth = np.exp(level + bend + PROCESS_SD * rng.normal(size=visits))
    spreads = [precision.spread("total", AREA, float(b)) for b in truth]
    scatter = [s.log_sd * rng.normal() + (rng.random() < s.bad_share) * s.bad_log_sd * rng.normal() for s in spreads]
    measured = truth * np.exp(scatter)
    if rng.random() < MISSED:
        measured[int(rng.integers(visits))] *= 1 - MISSED_SHARE
    dates = [FIRST + dt.timedelta(int(d)) for d in days]
    points = tuple(
        BurdenPoint(k, day, (float(b),), like="detector", calibration="A") for k, (day, b) in enumerate(zip(dates, measured, strict=True), 1)
    )
    name = f"S{number:04d}"
    begun = (Treatment(patient_id=name, name="drug", start=FIRST + dt.timedelta(int(days[after - 1]) + 10)),) if treated else ()
    series = TimelineSeries(TimelineKey(name), name, (BurdenSeries("total", AREA, "mm2", points),))
    return Patient(group, slopes, start, tuple(float(y) for y in years), tuple(float(b) for b in truth), series, PatientCourse(name, begun))


def measured_together(seed: int, number: int) -> Patient:
    """Patient `number` with values of all films together, and the areas of films alone beside them."""
    p = patient(seed, number, READER)
    rng = np.random.default_rng([seed, number, 99])
    truth, (alone,) = np.array(p.truth), p.series.series
    own = np.diag((SCALE_SD * truth) ** 2 + (OWN * truth[0]) ** 2 + FLOOR_MM2**2 / 2)
    covariance = own + SHARED_SCALE_SD**2 * np.outer(truth, truth) + (COMMON * truth[0]) ** 2
    values = np.maximum(rng.multivariate_normal(truth, covariance), 0.0)
    points = tuple(replace(q, values=(float(v),)) for q, v in zip(alone.points, values, strict=True))
    together = replace(alone, measurand=JOINT, points=points, covariance=tuple(map(tuple, ((covariance + covariance.T) / 2).tolist())))
    return replace(p, series=replace(p.series, series=(alone, together)))


def known(seed: int, number: int) -> Precision:
    """What a clinic with the precision `READER` knows of it from its repeat exposures."""
    rng = np.random.default_rng([seed, number, 98])
    spread = READER.spread("total", AREA, 1.0)
    bad = (rng.random((REPEATS, 2)) < spread.bad_share) * spread.bad_log_sd * rng.normal(size=(REPEATS, 2))
    values = 100 * np.exp(spread.log_sd * rng.normal(size=(REPEATS, 2)) + bad)
    repeats = (BurdenSeries("total", AREA, "mm2", (BurdenPoint(1, None, (float(a), float(b))),)) for a, b in values)
    found = own_precision(TimelineSeries(TimelineKey(f"R{k}"), f"R{k}", (s,)) for k, s in enumerate(repeats))
    return Precision(stated={("total", AREA): found.spread("total", AREA, 100.0)})


def coverage(found: Sequence[tuple[Patient, Judgement]]) -> Mapping[str, tuple[int, int]]:
    """Kind of interval -> how many hold the truth, of how many."""
    held: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for kind, true, estimate in (x for p, j in found for x in _intervals(p, j)):
        total[kind] += 1
        held[kind] += estimate.low <= true <= estimate.high
    return {kind: (held[kind], total[kind]) for kind in sorted(total)}


def _intervals(p: Patient, j: Judgement) -> Iterator[tuple[str, float, Estimate]]:
    last = len(p.truth)
    for change in j.changes:
        if change.measurand == j.burden and change.since == "baseline" and change.to_time_point == last and change.relative is not None:
            yield "change, first to last visit", p.truth[-1] / p.truth[0] - 1, change.relative
    for trend in j.trends:
        if trend.slope is None or trend.measurand != j.burden:
            continue
        if trend.part == "all" and p.slopes[0] == p.slopes[1]:
            yield "slope over all visits", p.slopes[0], trend.slope
        elif trend.part != "all":
            true = {"before": p.slopes[0], "after": p.slopes[1], "difference": p.slopes[1] - p.slopes[0]}[trend.part]
            yield f"slope {trend.part} treatment" if trend.part != "difference" else "difference of the slopes", true, trend.slope


def verdict_lines(found: Sequence[tuple[Patient, Judgement]]) -> Iterator[str]:
    """A row a group: how often each verdict was given, how often the right one, how often a wrong one."""
    yield "| true course | patients | " + " | ".join(Verdict) + " | right (sensitivity) | false verdict |"
    yield "|---|---|" + "---|" * (len(Verdict) + 2)
    for group, right in RIGHT.items():
        given = [j.headline.verdict if j.headline and j.headline.verdict else Verdict.UNDETERMINED for p, j in found if p.group == group]
        counts = Counter(given)
        wrong = sum(n for v, n in counts.items() if v not in (right, Verdict.UNDETERMINED))
        cells = [str(counts[v]) for v in Verdict]
        yield f"| {group} | {len(given)} | " + " | ".join(cells) + f" | {counts[right] / len(given):.2f} | {wrong / len(given):.3f} |"


def main() -> None:
    """Print coverage and verdicts as Markdown."""
    parser = argparse.ArgumentParser(description="Coverage of intervals and rates of verdicts on simulated patients.")
    parser.add_argument("--patients", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for title, made, told in (
        ("The program's precision profile", lambda k: patient(given.seed, k, Precision()), lambda _: Precision()),
        (f"A scatter of 9 %, known from {REPEATS} repeats", lambda k: patient(given.seed, k, READER), lambda k: known(given.seed, k)),
        ("All films measured together", lambda k: measured_together(given.seed, k), lambda _: Precision()),
    ):
        people = [made(k) for k in range(given.patients)]
        found = [(p, judge(p.series, p.course, precision=told(k))) for k, p in enumerate(people)]
        print(f"\n**{title}**, {given.patients} patients, 4 to 8 visits\n")
        print("| 95 % interval of | holds the truth |\n|---|---|")
        for kind, (held, total) in coverage(found).items():
            print(f"| {kind} | {held} of {total} ({100 * held / total:.1f} %) |")
        print("\n" + "\n".join(verdict_lines(found)))
        bends = [t for _, j in found for t in j.trends if t.part == "difference" and t.measurand == j.burden]
        slower = [1 - t.p_growing for t in bends if t.p_growing is not None]
        sure = sum(p >= SURE for p in slower)
        print(f"\nSlower since the treatment with a probability of {SURE} or more: {sure} of {len(slower)} patients halted by it.")


if __name__ == "__main__":
    main()
