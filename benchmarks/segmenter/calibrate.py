"""How likely a found deposit is real: fitted to what is found on films of several kinds that took no part in training."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut
from sklearn.neural_network import MLPClassifier

from benchmarks.segmenter.films import body_part, simulated
from benchmarks.segmenter.inserted import STEEP, inserted
from benchmarks.segmenter.vary import shown
from calcitrack.calibrate import calibrate
from calcitrack.model.image import FloatImage, Mask
from calcitrack.phantom.film import film
from calcitrack.phantom.population import Population
from calcitrack.phantom.radiograph import as_radiograph
from calcitrack.phantom.simulate import SimulatedFilm
from calcitrack.phantom.specs import BodyPart
from calcitrack.segment import SegmentOptions
from calcitrack.segment.deposit_confidence import SEARCHED_FACTS, DepositConfidence, is_large
from calcitrack.segment.deposit_facts import FACTS
from calcitrack.segment.grid import WORKING_PIXEL_MM, Grid
from calcitrack.segment.joined import joined
from calcitrack.segment.learned import facts_of_all, number_deposits
from calcitrack.segment.network import chances
from calcitrack.segment.overview import overview
from calcitrack.segment.radiograph import searched

TOUCH = 0.1
"""A found deposit that overlaps true ones by less than this share is false."""
UNITS, MEMBERS, DECAY = 12, 8, 10.0
"""Hidden units of one fit, how many fits from different random weights are averaged, and the penalty on their weights. With pictures left out of the
fit, a penalty of 10 gave the least cross entropy of masses (of 2, 5, 10 and 20: 0.370, 0.324, 0.310 and 0.323) and a calibration error of 0.015
(2: 0.063, too sure of itself)."""
FOLDS = 5
FEW = [FACTS.index(name) for name in ("best_odds", "mean_odds", "log_area", "over_bone")]
"""Facts of the logistic model that the full one is compared with."""

SHOWN = "shown "
"""Begins the kind of a simulated film that is searched as a picture without a header."""
KINDS = ("searched", "every", "masses", "doubting")
"""Networks of the file of weights, in its order."""

Facts = NDArray[np.float64]
Real = NDArray[np.bool_]


@dataclass(frozen=True)
class Job:
    """A film of a domain: a seed of a simulated one, or a real picture with the number of its variant."""

    domain: str
    seed: int
    picture: Path | None = None

    @property
    def film(self) -> str:
        """Name of the film: what is found on one picture with and without deposits is not independent."""
        return f"person {self.seed}" if self.picture is None else self.picture.stem


def jobs(seeds: Sequence[int], pictures: Sequence[Path]) -> list[Job]:
    """Films of simulated people, pictures of these films, a tumoral film of every fourth seed, and each real picture without and with deposits."""
    people = [Job(f"{kind}{body_part(seed).value}", seed) for kind in ("", SHOWN) for seed in seeds]
    tumoral = [Job("tumoral", seed) for seed in seeds[::4]]
    real = [Job(f"real {path.name.split('_')[0]}", k, path) for path in pictures for k in range(2)]
    return people + tumoral + real


def facts_of(job: Job) -> tuple[Facts, Real]:
    """Facts of the deposits found on one film, and which are real."""
    cv2.setNumThreads(1)
    if job.picture is not None:
        laid = inserted(job.picture, job.seed)
        return _found(laid.image, np.ones(laid.image.shape, bool), np.ones(laid.image.shape, bool), laid.deposits)
    simulation = _tumoral(job.seed) if job.domain == "tumoral" else simulated(job.seed)
    radiograph = calibrate(as_radiograph(simulation))
    pitch = simulation.visit.field.pitch_mm
    grid = Grid(radiograph.shape, pitch, pitch)
    image, field = searched(radiograph, grid)
    image = _as_picture(image, job.seed) if job.domain.startswith(SHOWN) else image
    truth = cv2.resize(simulation.labels, image.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    return _found(image, field, grid.down_mask(radiograph.valid_mask), truth)


def _as_picture(image: FloatImage, seed: int) -> FloatImage:
    """The film as a workstation shows it: bones of a wrist or a foot cover each other there as on real pictures, and are no deposits."""
    rng = np.random.default_rng(seed)
    low, high = np.percentile(image[::2, ::2], [1.0, 99.5])
    picture = shown(np.asarray((image - low) / max(high - low, 1e-3), np.float32), rng)
    return np.asarray(picture * rng.uniform(*STEEP), np.float32)


def _tumoral(seed: int) -> SimulatedFilm:
    return film(seed, Population(body_part=tuple(BodyPart)[seed % len(BodyPart)], burden="tumoral"))


def _found(image: FloatImage, field: Mask, stated: Mask, truth: Mask) -> tuple[Facts, Real]:
    seen, whole = chances(image, field), overview(image, stated)
    numbers, limb, bone = number_deposits(joined(seen, whole))
    least_px = SegmentOptions().min_area_mm2 / WORKING_PIXEL_MM**2
    rows, real = [], []
    for number, facts in facts_of_all(seen, whole, image, numbers, limb, bone).items():
        inside = numbers == number
        if np.count_nonzero(inside) >= least_px:
            rows.append(facts)
            real.append(bool(truth[inside].mean() >= TOUCH))
    return np.array(rows).reshape(-1, len(FACTS)), np.array(real, bool)


@dataclass(frozen=True, eq=False)
class Finds:
    """What is found on films: facts of each find, shape (finds, facts), whether it is real, its film (with and without deposits is one), its kind."""

    facts: Facts
    real: Real
    films: NDArray[np.str_]
    domains: NDArray[np.str_]


def finds_on(every: Sequence[Job], workers: int, kept: Path | None = None) -> Finds:
    """What is found on the films of these jobs; a file with what an earlier run found is taken as it is, else it is written."""
    if kept is not None and kept.exists():
        stored = np.load(kept)
        return Finds(stored["facts"], stored["real"], stored["films"], stored["domains"])
    with get_context("spawn").Pool(workers) as pool:
        found = pool.map(facts_of, every, chunksize=4)
    counts = [len(real) for _, real in found]
    finds = Finds(
        np.concatenate([facts for facts, _ in found]),
        np.concatenate([real for _, real in found]),
        np.repeat([job.film for job in every], counts),
        np.repeat([job.domain for job in every], counts),
    )
    if kept is not None:
        np.savez_compressed(kept, facts=finds.facts, real=finds.real, films=finds.films, domains=finds.domains)
    return finds


def fit(finds: Finds, path: Path, *, keep_searched: bool = False) -> None:
    """Fit the confidence to what was found and write the weights.

    Parameters
    ----------
    keep_searched
        Leave the confidence on films like the simulated ones as it is in the file (``searched`` and ``doubting``): it rests on the search
        network, and stays true when only the overview was trained anew, or when only real pictures are added.
    """
    rows, real = finds.facts, finds.real
    large = is_large(rows)
    fitted = {"every": _fitted(rows, real), "masses": _fitted(rows[large], real[large])}
    if keep_searched:
        kept = json.loads(path.read_text("utf-8"))
        parts = {"searched": kept["searched"], "doubting": kept["doubting"]}
    else:
        simulations = np.isin(finds.domains, [part.value for part in BodyPart])
        parts = {"searched": _stored(_fitted(rows[simulations, :SEARCHED_FACTS], real[simulations])), "doubting": _stored(fitted["every"])}
    parts |= {kind: _stored(confidence) for kind, confidence in fitted.items()}
    stored = {"source": "python -m benchmarks.segmenter", "facts": list(FACTS), **{kind: parts[kind] for kind in KINDS}}
    path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def report(finds: Finds) -> None:
    """Print how well finds are told apart on films, and on kinds of films, that were left out of a fit."""
    rows, real, count = finds.facts, finds.real, len(np.unique(finds.films))
    print(f"{count} films with finds, {len(real)} found, {real.mean():.2f} of them real")
    _report("four facts", _left_out(rows[:, FEW], real, finds.films, few=True), real, count)
    predicted, large = _left_out(rows, real, finds.films, few=False), is_large(rows)
    for name, its in (("all facts", np.ones_like(large)), ("  masses among them", large), ("  others among them", ~large)):
        _report(name, predicted[its], real[its], count)
    unseen = _left_out(rows, real, finds.domains, few=False, whole_groups=True)
    _report("all facts, kind of film left out", unseen, real, count)
    for domain in np.unique(finds.domains):
        its = finds.domains == domain
        _report(f"  {domain} left out", unseen[its], real[its], len(np.unique(finds.films[its])))


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


def _left_out(rows: Facts, real: Real, groups: NDArray[np.generic], *, few: bool, whole_groups: bool = False) -> NDArray[np.float64]:
    """Probability of each found deposit by a model that saw other groups only: five folds of them, or each group by itself."""
    predicted = np.zeros(len(real))
    for seen, new in (LeaveOneGroupOut() if whole_groups else GroupKFold(FOLDS)).split(rows, real, groups):
        if few:
            predicted[new] = LogisticRegression(C=10.0, max_iter=1000).fit(rows[seen], real[seen]).predict_proba(rows[new])[:, 1]
        else:
            masses = seen[is_large(rows[seen])]
            every, of_masses = _fitted(rows[seen], real[seen]), _fitted(rows[masses], real[masses])
            predicted[new] = np.where(is_large(rows[new]), of_masses(rows[new]), every(rows[new]))
    return predicted


def calibration_error(predicted: NDArray[np.float64], real: Real) -> float:
    """Mean difference between the confidence and the share that is real, over ten groups of like confidence."""
    bins = np.clip((predicted * 10).astype(int), 0, 9)
    return float(sum(abs(predicted[bins == b].sum() - real[bins == b].sum()) for b in range(10)) / len(real))


def _report(name: str, predicted: NDArray[np.float64], real: Real, films: int) -> None:
    if real.all() or not real.any():
        print(f"{name}: {len(real)} found, all of them {'real' if real.all() else 'false'}; mean confidence {predicted.mean():.2f}")
        return
    false = np.sort(predicted[~real])[::-1]
    kept = []
    for rate in (0.25, 0.5, 1.0):
        bar = false[min(int(rate * films), len(false) - 1)]
        kept.append(f"{np.mean(predicted[real] > bar):.3f} at {rate} false a film (confidence {bar:.2f})")
    print(
        f"{name}: {len(real)} found, {real.sum()} real; area under the ROC curve {roc_auc_score(real, predicted):.3f};"
        f" of the real ones kept {', '.join(kept)}; calibration error {calibration_error(predicted, real):.3f}"
    )


def _stored(confidence: DepositConfidence) -> dict[str, object]:
    def rounded(values: NDArray[np.float64]) -> object:
        return json.loads(json.dumps(values.tolist()), parse_float=lambda text: float(f"{float(text):.5g}"))

    arrays = {name: rounded(getattr(confidence, name)) for name in ("centre", "scale", "hidden", "hidden_bias", "out")}
    return {**arrays, "out_bias": round(confidence.out_bias, 5)}
