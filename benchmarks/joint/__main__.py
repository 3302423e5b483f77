"""Change of mass by films alone and by all films together, held against the truth of a simulated set.

    python -m benchmarks.joint SET TRUTH

SET holds a folder of DICOM files for each patient, TRUTH a NAME.json with ``total_ha_mg`` for each file, in folders of the same names. Only
timelines with mass count. Printed: median and mean error of the change since the first film as a share of it, by films alone and together, and how
often the 95 % interval of a joint change holds the truth, at which median half-width.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calcitrack import read_cohort
from calcitrack.assess.identity import follow_all
from calcitrack.assess.images import align_all, measure_all, reference_index, search_all
from calcitrack.assess.options import AssessOptions
from calcitrack.assess.pipelines import pipeline_for
from calcitrack.assess.together import TogetherOnFilms
from calcitrack.measure.deposits import film_of
from calcitrack.measure.joint import SHARED_SCALE_SD
from calcitrack.model.measurement import Measurement
from calcitrack.model.progress import Stage
from calcitrack.model.timeline import Timeline

Floats = NDArray[np.float64]


def totals(timeline: Timeline) -> tuple[list[str], Floats, Floats, Floats]:
    """Sources of the films, total mass by each film alone and by all together, mg, and the covariance of the latter; NaN where there is no mass."""
    options, pipeline = AssessOptions(), pipeline_for(timeline.key)

    def tell(_stage: Stage, _source: str) -> None:
        """Nobody watches."""

    searched, _ = search_all(timeline, pipeline, options, tell)
    alignments = align_all(searched, pipeline, options, tell)
    measured, _ = measure_all(searched, alignments, pipeline, options, tell)
    tracks = {t.number: t for t in follow_all(measured, searched[reference_index(searched)].found.grid, options)}
    grid = measured[0].grid
    together = TogetherOnFilms(list(tracks.values()), [m.segmentation for m in measured], alignments, (grid.to_mm[0, 0], grid.to_mm[1, 1]))
    for k, (s, m) in enumerate(zip(searched, measured, strict=True)):
        together.look(k, film_of(s.held.radiograph, m.segmentation, options.measure, s.held.attenuation))
    n = len(measured)
    alone = np.array([r.value if isinstance(r := m.measurements.totals["ha_mass_mg"], Measurement) else np.nan for m in measured])
    values, covariance = np.zeros(n), np.zeros((n, n))
    for family in together.measured():
        seen: tuple[int, ...] = ()
        if not isinstance(family.measured, str) and family.measured.mass_mg is not None:
            seen = family.images
            values[list(seen)] += family.measured.mass_mg.values
            covariance[np.ix_(seen, seen)] += family.measured.mass_mg.own
        for image, label in ((k, d.label) for number in family.tracks for k, d in tracks[number].detections.items() if k not in seen):
            mass = next(d for d in measured[image].measurements.deposits if d.label == label).measurements["ha_mass_mg"]
            values[image] += mass.value if isinstance(mass, Measurement) else np.nan
            covariance[image, image] += (mass.sd or 0.0) ** 2 if isinstance(mass, Measurement) else 0.0
    covariance += SHARED_SCALE_SD**2 * np.outer(values, values)
    return [m.exposure.source for m in measured], alone, values, covariance


def main() -> None:
    """Measure the set and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path)
    parser.add_argument("truth", type=Path)
    arguments = parser.parse_args()
    errors, held, widths = [], [], []
    for timeline in read_cohort(arguments.set).timelines:
        sources, alone, together, covariance = totals(timeline)
        paths = [Path(s) for s in sources]
        true = np.array([json.loads((arguments.truth / p.parent.name / f"{p.stem}.json").read_text("utf-8"))["total_ha_mg"] for p in paths])
        if true[0] <= 0 or np.isnan(alone).any() or np.isnan(together).any():
            continue
        for k in range(1, len(true)):
            change = true[k] - true[0]
            errors.append([abs(v[k] / v[0] - true[k] / true[0]) if v[0] > 0 else np.inf for v in (alone, together)])
            half = 1.96 * np.sqrt(covariance[0, 0] + covariance[k, k] - 2 * covariance[0, k])
            held.append(abs(together[k] - together[0] - change) <= half)
            widths.append(half / true[0])
        print(timeline.key, "true", np.round(true, 1), "alone", np.round(alone, 1), "together", np.round(together, 1), flush=True)
    for name, column in zip(("alone", "together"), np.array(errors).T, strict=True):
        print(f"{name}: error of the change, median {np.median(column):.3f}, mean {np.mean(column):.3f}, of {len(column)}")
    print(f"the interval of a joint change holds {np.mean(held):.2f} of the truths, median half-width {np.median(widths):.2f} of the first mass")


if __name__ == "__main__":
    main()
