"""How often films of one limb are told apart that are alike, and how often spoilt ones are told.

    OMP_NUM_THREADS=1 python -m benchmarks.like_films [--pairs 20] [--spoilt 4] [--others 8] [--first-seed 930000]

Simulates pairs of films of one limb at two visits (any kind of file, beam, pose and collimation; children grow by up to 10 %), and counts those of
which `calcitrack.assess.alike` says that they do not go together: false alarms. Of other pairs, linear or logarithmic, the second film is spoilt in
each of several ways; and in others it shows another person of like age. A film that the gate refuses, and a pair that cannot be registered, is not
compared in any case, and is counted as such.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack import calibrate
from calcitrack.assess.alike import Facts, unlikeness
from calcitrack.calibrate.intensity import attenuation
from calcitrack.model.alignment import Alignment
from calcitrack.model.film_quality import Severity
from calcitrack.model.image import Radiograph
from calcitrack.phantom.population import Exposures, Population, random_patient, random_visits
from calcitrack.phantom.radiograph import as_radiograph
from calcitrack.phantom.simulate import SimulatedFilm, simulate
from calcitrack.phantom.specs import BodyPart, Style
from calcitrack.register import Scene, see
from calcitrack.register.align import align
from calcitrack.register.likeness import lay, likeness
from calcitrack.segment.options import SegmentOptions
from calcitrack.segment.radiograph import candidates, sure

PITCH_MM = (0.16, 0.2)
"""Coarse films, so that many can be made."""
AGES = ((2.5, 12.0), (17.0, 70.0), (5.0, 17.0), (30.0, 75.0))
GROWTH = (1.0, 1.03, 1.06, 1.1)
"""Of children, between the visits."""
Values = NDArray[np.float64]
Spoil = Callable[[Values, float], Values]
"""Stored values as a share of their full scale and the size of a pixel, mm -> the same spoilt."""


def _clahe(values: Values, _: float) -> Values:
    return np.asarray(cv2.createCLAHE(2.0, (8, 8)).apply(np.round(values * 65535).astype(np.uint16)) / 65535)


def _moved(length_mm: float) -> Spoil:
    def spoil(values: Values, pixel_mm: float) -> Values:
        n = max(2, round(length_mm / pixel_mm))
        return np.asarray(cv2.filter2D(values, -1, np.eye(n) / n, borderType=cv2.BORDER_REPLICATE))

    return spoil


def _twice(values: Values, pixel_mm: float) -> Values:
    n = round(4.0 / pixel_mm)
    return np.asarray((values + np.roll(values, (n, n // 2), (0, 1))) / 2)


def _half(values: Values, _: float) -> Values:
    shade = np.ones_like(values)
    shade[len(shade) // 2 :] = np.exp(-0.7)
    return values * shade


def _noisy(values: Values, _: float) -> Values:
    return values + np.random.default_rng(1).normal(0, 0.06, values.shape) * np.percentile(values, 99)


SPOILT: Mapping[str, Spoil] = {
    "gamma 0.5": lambda v, _: v**0.5,
    "gamma 0.7": lambda v, _: v**0.7,
    "gamma 1.4": lambda v, _: v**1.4,
    "contrast x 1.6": lambda v, _: v.mean() + 1.6 * (v - v.mean()),
    "CLAHE": _clahe,
    "sharpened": lambda v, p: v + 1.5 * (v - cv2.GaussianBlur(v, (0, 0), 1.0 / p)),
    "half a cast": _half,
    "uneven exposure": lambda v, _: v * np.linspace(1, 0.35, v.shape[1])[None, :],
    "noise of 0.06": _noisy,
    "moved by 2 mm": _moved(2.0),
    "moved by 6 mm": _moved(6.0),
    "exposed twice": _twice,
    "blurred by 0.6 mm": lambda v, p: cv2.GaussianBlur(v, (0, 0), 0.6 / p),
    "blurred by 1.5 mm": lambda v, p: cv2.GaussianBlur(v, (0, 0), 1.5 / p),
}
"""Way in which the second film is spoilt -> how."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What is compared of a film; no scene where the gate refuses it or no limb is seen."""

    scene: Scene | None
    facts: Facts


def seen(shown: Radiograph) -> Seen:
    """As `calcitrack.assess` sees a film."""
    film = calibrate(shown)
    values = attenuation(film)
    found = candidates(film, SegmentOptions(), values)
    facts = Facts.of(film.acquisition, film.calibration)
    if any(d.severity is Severity.REFUSED for d in found.doubts) or not found.limb.any():
        return Seen(None, facts)
    return Seen(see(found.keeping(sure(found, SegmentOptions())), film.spacing, values, film.valid_mask), facts)


def spoilt(film: SimulatedFilm, spoil: Spoil) -> Radiograph:
    """The film with its stored values spoilt."""
    full = 2**film.visit.detector.bits - 1
    values = np.clip(spoil(film.encoded.pixels.astype(float) / full, film.visit.field.pitch_mm), 0, 1) * full
    return as_radiograph(replace(film, encoded=replace(film.encoded, pixels=np.round(values).astype(np.uint16))))


def pair(seed: int, style: Style | None = None, *, other: bool = False) -> tuple[SimulatedFilm, SimulatedFilm]:
    """Two films of one limb at two visits; with `other` the second one shows another person of like age."""
    rng = np.random.default_rng([seed, 77])
    part = list(BodyPart)[seed % len(BodyPart)]
    people = Population(body_part=part, age_years=AGES[seed // len(BodyPart) % len(AGES)], visits=2)
    patient = random_patient(rng, people, f"L{seed}")
    first, second = random_visits(rng, patient, 2, Exposures(style=style, pitch_mm=PITCH_MM))
    grown = replace(patient, scale=min(1.5, patient.scale * float(rng.choice(GROWTH)))) if patient.age_years < AGES[0][1] else patient
    if other:
        grown = replace(random_patient(rng, people, f"L{seed}"), laterality=patient.laterality)
    return simulate(patient, first), simulate(grown, second)


def verdict(one: Seen, other: Seen, alignment: Alignment | None = None) -> tuple[str, float]:
    """What is said of the second film, and the processor time that it takes beside the registration, seconds."""
    if one.scene is None or other.scene is None:
        return "refused by the gate", 0.0
    alignment = alignment or align(one.scene, other.scene)
    if not alignment.ok:
        return "not registered", 0.0
    start = time.process_time()
    found = likeness(lay(one.scene, one.scene, None), lay(one.scene, other.scene, alignment))
    doubts = () if found is None else unlikeness(found, one.facts, other.facts)
    return ", ".join(d.problem.value for d in doubts) or "goes with the first", time.process_time() - start


def grain_ratio(both: Sequence[Seen]) -> list[float]:
    """How much more grain the grainier film has; nothing of pairs of which it is not asked."""
    grains = [lay(one.scene, one.scene, None).grain for one in both if one.scene is not None and one.facts.as_detected]
    return [max(grains) / min(grains)] if len(grains) == len(both) else []


def lines(pairs: int, ways: int, others: int, first_seed: int) -> Iterator[str]:
    """The tables."""
    counted: Counter[str] = Counter()
    seconds, ratios = [], [1.0]
    for seed in range(first_seed, first_seed + pairs):
        both = [seen(as_radiograph(f)) for f in pair(seed)]
        said, took = verdict(both[0], both[1])
        counted[said] += 1
        seconds.append(took)
        ratios += grain_ratio(both)
    yield f"{pairs} pairs of films of one limb; {np.mean(seconds):.3f} s of processor time a pair beside the registration."
    yield f"The grain of the one is {max(ratios):.2f} times that of the other at most ({len(ratios) - 1} pairs of tier A).\n"
    yield "| second film | what is said of it |\n|---|---|"
    yield f"| as it is | {_words(counted)} |"
    told: dict[str, Counter[str]] = {name: Counter() for name in SPOILT}
    for seed in range(first_seed, first_seed + ways):
        first, second = pair(seed, Style.LOG if seed % 3 == 0 else Style.LIN)
        one = seen(as_radiograph(first))
        for name, spoil in SPOILT.items():
            told[name][verdict(one, seen(spoilt(second, spoil)))[0]] += 1
    for name, answers in told.items():
        if answers:
            yield f"| {name} | {_words(answers)} |"
    persons = Counter(verdict(*(seen(as_radiograph(f)) for f in pair(s, other=True)))[0] for s in range(first_seed, first_seed + others))
    if persons:
        yield f"| of another person | {_words(persons)} |"


def _words(answers: Counter[str]) -> str:
    return "; ".join(f"{said} {n}" for said, n in answers.most_common())


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--spoilt", type=int, default=4)
    parser.add_argument("--others", type=int, default=8)
    parser.add_argument("--first-seed", type=int, default=930_000)
    arguments = parser.parse_args()
    for line in lines(arguments.pairs, arguments.spoilt, arguments.others, arguments.first_seed):
        print(line, flush=True)


if __name__ == "__main__":
    main()
