"""What a click on a simulated film gives: candidates for the fit, and Dice coefficients for the test."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks.click.films import Click, Place, clicked
from calcitrack.calibrate.intensity import attenuation
from calcitrack.model.image import FloatImage, Mask
from calcitrack.model.spacing import ASSUMED_PIXEL_MM
from calcitrack.segment.click_candidates import PICTURES, Candidate
from calcitrack.segment.click_facts import FACTS
from calcitrack.segment.click_score import click_score
from calcitrack.segment.region import LEAST_SCORE, ClickFilm

CLICKS_EACH = 2
"""Clicks on each deposit of a film of the fit."""
NOTHING_WEIGHT = 0.5
"""Weight of a click where there is nothing, against one on a deposit."""
NEAR_MM, RING_MM = 0.6, (2.0, 4.0)
"""Farthest that a click may miss the densest place, and distances from it between which the tissue is sampled, for half of the contrast."""
WAYS = ("this", "half contrast", "steepest level set", "easiest way", "network", "best candidate")
"""Ways to choose an outline."""


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
    coarse = cv2.resize(film.pose.turned(truth).astype(np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    both = float(coarse[candidate.view.window][candidate.inside].sum())
    return 2 * both / (float(coarse.sum()) + float(np.count_nonzero(candidate.inside)))


def answers(seed: int) -> list[Answer]:
    """What the clicks of one film give."""
    cv2.setNumThreads(1)
    film = clicked(seed)
    ready, values = ClickFilm.of(film.radiograph), attenuation(film.radiograph)
    pixel_mm = film.radiograph.spacing.mean_mm or ASSUMED_PIXEL_MM
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
    near, ring = away <= max(NEAR_MM, pixel_mm), (away >= RING_MM[0]) & (away <= RING_MM[1])
    if not ring.any():
        return np.zeros(values.shape, bool)
    peak, tissue = float(values[near].max()), float(np.median(values[ring]))
    parts, _ = ndimage.label((values >= (peak + tissue) / 2) & (away <= 60.0))
    number = int(parts[near & (values >= peak)][0])
    return np.asarray(parts == number) if number else np.zeros(values.shape, bool)
