"""How likely a found deposit is real: fitted to what is found on films that took no part in training."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.neural_network import MLPClassifier

from benchmarks.segmenter.films import simulated
from calcitrack.calibrate import calibrate
from calcitrack.phantom.radiograph import as_radiograph
from calcitrack.segment import SegmentOptions
from calcitrack.segment.deposit_confidence import DepositConfidence
from calcitrack.segment.deposit_facts import FACTS
from calcitrack.segment.grid import WORKING_PIXEL_MM, Grid
from calcitrack.segment.learned import facts_of_all, number_deposits
from calcitrack.segment.network import chances
from calcitrack.segment.radiograph import searched

TOUCH = 0.1
"""A found deposit that overlaps true ones by less than this share is false."""
UNITS, MEMBERS, DECAY = 12, 8, 2.0
"""Hidden units of one fit, how many fits from different random weights are averaged, and the penalty on their weights."""
FOLDS = 5
FEW = [FACTS.index(name) for name in ("best_odds", "mean_odds", "log_area", "over_bone")]
"""Facts of the logistic model that the full one is compared with."""

Facts = NDArray[np.float64]
Real = NDArray[np.bool_]


def facts_of(seed: int) -> tuple[Facts, Real]:
    """Facts of the deposits found on one film, and which are real."""
    cv2.setNumThreads(1)
    film = simulated(seed)
    radiograph = calibrate(as_radiograph(film))
    pitch = film.visit.field.pitch_mm
    image, field = searched(radiograph, Grid(radiograph.shape, pitch, pitch))
    seen = chances(image, field)
    numbers, limb, bone = number_deposits(seen)
    truth = cv2.resize(film.labels, image.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    least_px = SegmentOptions().min_area_mm2 / WORKING_PIXEL_MM**2
    rows, real = [], []
    for number, facts in facts_of_all(seen, image, numbers, limb, bone).items():
        inside = numbers == number
        if np.count_nonzero(inside) >= least_px:
            rows.append(facts)
            real.append(bool(truth[inside].mean() >= TOUCH))
    return np.array(rows).reshape(-1, len(FACTS)), np.array(real, bool)


def fit(seeds: Sequence[int], path: Path, workers: int) -> None:
    """Fit, say how well on films that were left out, and write the weights."""
    with get_context("spawn").Pool(workers) as pool:
        found = pool.map(facts_of, seeds, chunksize=4)
    rows, real = np.concatenate([f for f, _ in found]), np.concatenate([r for _, r in found])
    films = np.repeat(np.arange(len(seeds)), [len(r) for _, r in found])
    print(f"{len(seeds)} films, {len(real)} found, {real.mean():.2f} of them real")
    for name, predicted in (("four facts", _left_out(rows[:, FEW], real, films, few=True)), ("all facts", _left_out(rows, real, films, few=False))):
        _report(name, predicted, real, len(seeds))
    path.write_text(json.dumps(_stored(_fitted(rows, real)), indent=1) + "\n", encoding="utf-8")


def _fitted(rows: Facts, real: Real) -> DepositConfidence:
    """The mean log odds of several small networks, as one network."""
    centre, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    standard = np.clip((rows - centre) / scale, -4, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopped early is regularised
        fits = [
            MLPClassifier((UNITS,), activation="tanh", alpha=DECAY, solver="lbfgs", max_iter=500, random_state=k).fit(standard, real)
            for k in range(MEMBERS)
        ]
    return DepositConfidence(
        centre,
        scale,
        np.concatenate([f.coefs_[0] for f in fits], axis=1),
        np.concatenate([f.intercepts_[0] for f in fits]),
        np.concatenate([f.coefs_[1][:, 0] for f in fits]) / MEMBERS,
        float(np.mean([f.intercepts_[1][0] for f in fits])),
    )


def _left_out(rows: Facts, real: Real, films: NDArray[np.int_], *, few: bool) -> NDArray[np.float64]:
    """Probability of each found deposit by a model that saw other films only."""
    predicted = np.zeros(len(real))
    for seen, new in GroupKFold(FOLDS).split(rows, real, films):
        if few:
            predicted[new] = LogisticRegression(C=10.0, max_iter=1000).fit(rows[seen], real[seen]).predict_proba(rows[new])[:, 1]
        else:
            predicted[new] = _fitted(rows[seen], real[seen])(rows[new])
    return predicted


def _report(name: str, predicted: NDArray[np.float64], real: Real, films: int) -> None:
    false = np.sort(predicted[~real])[::-1]
    kept = []
    for rate in (0.25, 0.5, 1.0):
        bar = false[min(int(rate * films), len(false) - 1)]
        kept.append(f"{np.mean(predicted[real] > bar):.3f} at {rate} false a film (confidence {bar:.2f})")
    bins = np.clip((predicted * 10).astype(int), 0, 9)
    gap = sum(abs(predicted[bins == b].sum() - real[bins == b].sum()) for b in range(10)) / len(real)
    print(
        f"{name}: area under the ROC curve {roc_auc_score(real, predicted):.3f}; of the real ones kept {', '.join(kept)}; calibration error {gap:.3f}"
    )


def _stored(confidence: DepositConfidence) -> dict[str, object]:
    def rounded(values: NDArray[np.float64]) -> object:
        return json.loads(json.dumps(values.tolist()), parse_float=lambda text: float(f"{float(text):.5g}"))

    arrays = {name: rounded(getattr(confidence, name)) for name in ("centre", "scale", "hidden", "hidden_bias", "out")}
    return {"source": "python -m benchmarks.segmenter", "facts": list(FACTS), **arrays, "out_bias": round(confidence.out_bias, 5)}
