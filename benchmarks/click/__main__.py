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
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks.click.films import Click, Place, clicked
from benchmarks.click.fit import fit
from calcitrack.calibrate.intensity import attenuation
from calcitrack.model.image import FloatImage, Mask
from calcitrack.segment.click_candidates import PICTURES, Candidate
from calcitrack.segment.click_facts import FACTS
from calcitrack.segment.click_score import CLICK_WEIGHTS, ClickScore, click_score
from calcitrack.segment.region import LEAST_SCORE, ClickFilm

FIT_SEED, TEST_SEED = 700_000, 710_000
"""First seeds of the films of the fit and of the test."""
CLICKS_EACH = 2
"""Clicks on each deposit of a film of the fit."""
NOTHING_WEIGHT = 0.5
"""Weight of a click where there is nothing, against one on a deposit."""
SIZES_MM = ((0, 5), (5, 15), (15, 35), (35, 200))
"""Classes of size: diameter of the circle of the same area."""
WEIGHTS = Path(__file__).parents[2] / "calcitrack" / "segment" / "data" / CLICK_WEIGHTS
RING_MM = (2.0, 4.0)
"""Distances from the click between which the tissue is sampled for half of the contrast."""
WAYS = ("this", "half contrast", "steepest level set", "easiest way", "network", "best candidate")


@dataclass(frozen=True)
class Answer:
    """One click: where, how large, share over bone, expected Dice, and the Dice coefficient of each of the `WAYS`."""

    place: str
    size_mm: float
    over_bone: float
    score: float
    dice: tuple[float, ...]


def fit_rows(seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Facts, overlaps and weights of the candidates of one film."""
    cv2.setNumThreads(1)
    film = clicked(seed, CLICKS_EACH)
    ready = ClickFilm.of(film.radiograph)
    rows = [np.zeros((0, len(FACTS)), np.float32)]
    overlaps, weights = [np.zeros(0, np.float32)], [np.zeros(0, np.float32)]
    for click in film.clicks:
        found, facts = ready.candidates(click.row, click.column)
        if not found:
            continue
        rows.append(facts.astype(np.float32))
        overlaps.append(np.array([overlap(ready, c, click.truth) for c in found], np.float32))
        each = (1.0 if click.place is Place.DEPOSIT else NOTHING_WEIGHT) / len(found)
        weights.append(np.full(len(found), each, np.float32))
    return np.concatenate(rows), np.concatenate(overlaps), np.concatenate(weights)


def overlap(film: ClickFilm, candidate: Candidate, truth: Mask) -> float:
    """Dice coefficient of a candidate with the truth, at the candidate's scale."""
    shape = film.scales[candidate.view.scale].image.shape
    coarse = cv2.resize(truth.astype(np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    both = float(coarse[candidate.view.window][candidate.inside].sum())
    return 2 * both / (float(coarse.sum()) + float(np.count_nonzero(candidate.inside)))


def answers(seed: int) -> list[Answer]:
    """What the clicks of one film give."""
    cv2.setNumThreads(1)
    film = clicked(seed)
    ready, values = ClickFilm.of(film.radiograph), attenuation(film.radiograph)
    pixel_mm = film.radiograph.spacing.mean_mm or 0.15
    return [answer(ready, values, pixel_mm, click) for click in film.clicks]


def answer(film: ClickFilm, values: FloatImage, pixel_mm: float, click: Click) -> Answer:
    """What one click gives."""
    found, facts = film.candidates(click.row, click.column)
    if not found:
        return Answer(click.place.value, click.size_mm, click.over_bone, 0.0, (0.0,) * len(WAYS))
    scores, edge = click_score()(facts), facts[:, FACTS.index("edge")]
    of = {name: facts[:, FACTS.index(f"picture_{name}")] == 1 for name in PICTURES}
    overlaps = np.array([overlap(film, c, click.truth) for c in found]) if click.truth.any() else np.zeros(len(found))
    chosen = int(scores.argmax())
    steepest = [float(overlaps[np.where(of[n], edge, -np.inf).argmax()]) if of[n].any() else 0.0 for n in ("image", "way", "odds")]
    drawn, whole = film.drawn(found[chosen], float(scores[chosen])), np.zeros(film.shape, bool)
    if scores[chosen] >= LEAST_SCORE:
        whole[drawn.window] = drawn.inside
    dice = (_dice(whole, click.truth), _dice(_half_contrast(values, click, pixel_mm), click.truth), *steepest, float(overlaps.max()))
    return Answer(click.place.value, click.size_mm, click.over_bone, float(scores[chosen]), dice)


def _dice(one: Mask, other: Mask) -> float:
    return 2 * float(np.count_nonzero(one & other)) / max(1.0, float(np.count_nonzero(one) + np.count_nonzero(other)))


def _half_contrast(values: FloatImage, click: Click, pixel_mm: float) -> Mask:
    """The part under the click that is denser than half way from the tissue around it to its densest place."""
    rows, columns = np.ogrid[: values.shape[0], : values.shape[1]]
    away = np.hypot(rows - click.row, columns - click.column) * pixel_mm
    near, ring = away <= max(0.6, pixel_mm), (away >= RING_MM[0]) & (away <= RING_MM[1])
    if not ring.any():
        return np.zeros(values.shape, bool)
    peak, tissue = float(values[near].max()), float(np.median(values[ring]))
    parts, _ = ndimage.label((values >= (peak + tissue) / 2) & (away <= 60.0))
    number = int(parts[near & (values >= peak)][0])
    return np.asarray(parts == number) if number else np.zeros(values.shape, bool)


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
