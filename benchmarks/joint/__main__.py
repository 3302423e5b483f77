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

from calcitrack import assess, read_cohort
from calcitrack.model.measurement import Measurement
from calcitrack.model.timeline import Timeline

Floats = NDArray[np.float64]


def totals(timeline: Timeline) -> tuple[list[str], Floats, Floats, Floats]:
    """Sources of the films, total mass by each film alone and by all together, mg, and the covariance of the latter; NaN where there is no mass."""
    assessment = assess(timeline)
    n = len(assessment.images)
    alone = np.array([r.value if isinstance(r := i.totals["ha_mass_mg"], Measurement) else np.nan for i in assessment.images])
    values, covariance = np.full(n, np.nan), np.full((n, n), np.nan)
    if assessment.joint is not None:
        mass = assessment.joint.totals["ha_mass_joint_mg"]
        at = list(mass.images)
        values[at] = mass.values
        covariance[np.ix_(at, at)] = np.array(mass.covariance).reshape(len(at), len(at))
    return [i.exposure.source for i in assessment.images], alone, values, covariance


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
