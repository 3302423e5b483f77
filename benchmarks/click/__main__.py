"""How well the outline from one click meets the truth, on simulated films.

    python -m benchmarks.click                 # 100 films that took no part in the fit
    python -m benchmarks.click --fit 400       # fit the weights to 400 films first, and write them into the package

Each deposit is clicked once, at a random point of its inner half: small ones of the phantom, and masses of up to 8 cm drawn over it, beside
and over bone, on files of detectors and on coarse pictures of any grey curve, a third of them without a pixel size. Printed are the Dice
coefficient with the true outline and, for clicks where there is nothing, how often that is said. Beside the outline of the package stand
simpler ways to choose one: half of the contrast between the click and a ring around it, the steepest edge among the level sets of the
attenuation, of the easiest way from the click, and of the network's log odds; and the best candidate that was there to choose.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.click.answers import WAYS, Answer, answers, fit_rows
from benchmarks.click.films import Place
from benchmarks.click.fit import fit
from calcitrack.segment.click_facts import FACTS
from calcitrack.segment.click_score import CLICK_WEIGHTS, ClickScore
from calcitrack.segment.region import LEAST_SCORE

FIT_SEED, TEST_SEED = 700_000, 710_000
"""First seeds of the films of the fit and of the test."""
SIZES_MM = ((0, 5), (5, 15), (15, 35), (35, 200))
"""Classes of size: diameter of the circle of the same area."""
WEIGHTS = Path(__file__).parents[2] / "calcitrack" / "segment" / "data" / CLICK_WEIGHTS


def write(weights: ClickScore) -> None:
    """Write the weights into the package, in four digits."""
    names = ("centre", "scale", "one", "one_bias", "two", "two_bias", "out")
    stored = {
        n: [[float(f"{v:.4g}") for v in row] if isinstance(row, list) else float(f"{row:.4g}") for row in getattr(weights, n).tolist()] for n in names
    }
    WEIGHTS.write_text(json.dumps({"facts": list(FACTS), **stored, "out_bias": round(weights.out_bias, 4)}) + "\n", encoding="utf-8")


def show(given: Sequence[Answer]) -> None:
    """Print Dice coefficients by size and by place, and what clicks on nothing give."""
    on = [a for a in given if a.place == Place.DEPOSIT.value]
    print(f"{len(on)} clicks on deposits; Dice coefficient: median, 10th percentile")
    print(f"{'':<22}{'n':>5}" + "".join(f"{way:>20}" for way in WAYS))
    sizes = [(f"{low}-{high} mm" if high < 200 else f"over {low} mm", [a for a in on if low <= a.size_mm < high]) for low, high in SIZES_MM]
    places = (("soft tissue", 0.0, 0.1), ("partly over bone", 0.1, 0.5), ("over bone", 0.5, 2.0))
    kinds = [("all", on), *sizes, *((name, [a for a in on if low <= a.over_bone < high]) for name, low, high in places)]
    for name, these in kinds:
        if these:
            columns = np.array([a.dice for a in these]).T
            print(f"{name:<22}{len(these):>5}" + "".join(f"{np.median(c):>14.2f}{np.quantile(c, 0.1):>6.2f}" for c in columns))
    print(f"answered: {np.mean([a.score >= LEAST_SCORE for a in on]):.2f} of the clicks on deposits", end="")
    for place in (Place.SOFT, Place.BONE, Place.AIR):
        these = [a for a in given if a.place == place.value]
        if these:
            print(f", {np.mean([a.score >= LEAST_SCORE for a in these]):.2f} of {len(these)} on {place.value}", end="")
    print()


def main() -> None:
    """Fit where asked to, then test."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", type=int, default=0, help="films to fit the weights to")
    parser.add_argument("--films", type=int, default=100, help="films to test on")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    with get_context("spawn").Pool(arguments.processes) as pool:
        if arguments.fit:
            parts = pool.map(fit_rows, range(FIT_SEED, FIT_SEED + arguments.fit), chunksize=1)
            write(fit(*(np.concatenate(p).astype(float) for p in zip(*parts, strict=True))))
    with get_context("spawn").Pool(arguments.processes) as pool:
        show([a for each in pool.imap(answers, range(TEST_SEED, TEST_SEED + arguments.films)) for a in each])


if __name__ == "__main__":
    main()
