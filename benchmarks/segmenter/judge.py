"""Hold the shipped confidence against pictures that took no part in its fit.

    python -m benchmarks.segmenter.judge PICTURES

PICTURES is a folder of real deposit-free PNG, best named KIND_NAME.png. Each is searched once as it is and once with deposits drawn onto it. Printed,
for masses and for all else: the calibration error, and at several confidences the share of real finds that is kept and the false ones a picture that
is as it is. All facts together judge each find, as on any picture without a header. Needs the dependency group ``train``.
"""

from __future__ import annotations

import argparse
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.segmenter.calibrate import calibration_error, facts_of, jobs
from calcitrack.segment.deposit_confidence import Values, deposit_confidence, is_large

BARS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
"""Confidences that are tried."""


def main() -> None:
    """Search the pictures and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    every = jobs((), sorted(arguments.pictures.glob("*.png")))
    with get_context("spawn").Pool(arguments.workers) as pool:
        found = pool.map(facts_of, every, chunksize=4)
    rows, real = np.concatenate([f for f, _ in found]), np.concatenate([r for _, r in found])
    as_it_is = np.repeat([job.seed == 0 for job in every], [len(r) for _, r in found])
    clean = sum(job.seed == 0 for job in every)
    judged, large = deposit_confidence()(rows, Values.PICTURE), is_large(rows)
    for name, kind in (("masses", large), ("others", ~large)):
        confidence = judged[kind]
        print(f"{name}: {kind.sum()} found, {real[kind].sum()} real; calibration error {calibration_error(confidence, real[kind]):.3f}")
        for bar in BARS:
            kept = float((confidence >= bar)[real[kind]].mean())
            false = int(((confidence >= bar) & ~real[kind] & as_it_is[kind]).sum()) / clean
            print(f"  from {bar:.2f}: {kept:.3f} of the real ones kept, {false:.3f} false a picture")


if __name__ == "__main__":
    main()
