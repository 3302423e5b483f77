"""Volume from two orthogonal views, on simulated limbs that are exposed from the front and again turned by 90 degrees.

    python benchmarks/two_views.py --people 12 [--outlines true]

Deposits are outlined by the program, or as they truly are. Hands, elbows, knees and feet take turns.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from unittest.mock import patch

import numpy as np

from calcitrack import Radiograph, Segmentation, assess, combine_views
from calcitrack.biplane.ellipsoid import MODEL, MODEL_UNCHECKED
from calcitrack.model.assessment import Assessment
from calcitrack.model.measurement import Measurement
from calcitrack.model.timeline import Exposure, Timeline, TimelineKey, TimePoint
from calcitrack.phantom.population import Exposures, Population, random_patient, random_visits
from calcitrack.phantom.radiograph import as_radiograph
from calcitrack.phantom.simulate import SimulatedFilm, simulate
from calcitrack.phantom.specs import BodyPart, Style

PARTS = (BodyPart.KNEE, BodyPart.ELBOW, BodyPart.HAND, BodyPart.FOOT)
FILMS = Exposures(style=Style.LIN, pitch_mm=(0.2, 0.2), distractors=0.0)


def _two_films(seed: int) -> tuple[SimulatedFilm, SimulatedFilm]:
    """One limb from the front and from the side."""
    rng = np.random.default_rng([seed, 7])
    patient = random_patient(rng, Population(body_part=PARTS[seed % len(PARTS)], burden="moderate"), f"T{seed:03d}")
    (visit,) = random_visits(rng, patient, 1, FILMS)
    front, side = (simulate(patient, replace(visit, field=replace(visit.field, roll_deg=roll))) for roll in (0.0, 90.0))
    return front, side


def _assessed(film: SimulatedFilm, view: str, *, true_outlines: bool) -> Assessment:
    radiograph = as_radiograph(film)
    key = TimelineKey(film.patient.patient_id, film.patient.body_part.name, film.patient.laterality, view, "DX")
    timeline = Timeline(key, (TimePoint(1, film.visit.date, (Exposure.of(radiograph),)),))
    if not true_outlines:
        return assess(timeline)

    def truth(_radiograph: Radiograph, _options: object, _values: object) -> Segmentation:
        return Segmentation(labels=film.labels, limb=film.limb, bone=film.bone)

    with patch("calcitrack.assess.film.candidates", truth):
        return assess(timeline)


def _true_deposit(film: SimulatedFilm, assessment: Assessment, label: int) -> int:
    """Id of the true deposit under most of a found one; 0 for none."""
    below = film.labels[assessment.images[0].segmentation.labels == label]
    counts = np.bincount(below[below > 0], minlength=1)
    return int(counts.argmax()) if counts.any() else 0


def main() -> None:
    """Simulate, assess, combine, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--outlines", choices=("found", "true"), default="found")
    arguments = parser.parse_args()
    laid, rows = 0, []
    for seed in range(1, arguments.people + 1):
        films = _two_films(seed)
        both = [_assessed(f, v, true_outlines=arguments.outlines == "true") for f, v in zip(films, ("AP", "LAT"), strict=True)]
        by_mass = {d.deposit.label: d.deposit.measurements["volume_mm3"] for d in both[0].images[0].deposits}
        front = combine_views(both)[0].images[0]
        laid += any("laid beside" in finding for finding in front.findings)
        truth = {d.deposit_id: d.volume_mm3 for d in films[0].deposits}
        for tracked in front.deposits:
            volume = tracked.deposit.measurements["volume_mm3"]
            if isinstance(volume, Measurement) and volume.model in (MODEL, MODEL_UNCHECKED):
                true = truth.get(_true_deposit(films[0], both[0], tracked.deposit.label))
                rows.append((volume.value, volume.sd or 0.0, getattr(by_mass[tracked.deposit.label], "value", np.nan), true or np.nan))
        print(f"limb {seed} ({films[0].patient.body_part.value}): {len(rows)} volumes from shape so far", flush=True)
    print(f"{arguments.people} limbs, {laid} of them laid beside each other, {len(rows)} volumes from shape ({arguments.outlines} outlines)")
    if rows:
        shape, sd, mass, true = np.array(rows).T
        print(f"median error: from shape {np.nanmedian(np.abs(shape / true - 1)):.2f}, from mass {np.nanmedian(np.abs(mass / true - 1)):.2f}")
        print(f"truth within 1.96 standard uncertainties: {np.nansum(np.abs(shape - true) <= 1.96 * sd):.0f} of {np.isfinite(true).sum()}")


if __name__ == "__main__":
    main()
