"""Fit the logistic model that tells deposits from anatomy among the transparent segmenter's candidates, on simulated films.

    python benchmarks/fit_candidates.py --films 200

Needs the dependency group ``train``. Prints sensitivity and false candidates at several thresholds on held-out people, then the
constants for ``calcitrack/segment/candidates.py``.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from calcitrack.calibrate.intensity import attenuation
from calcitrack.phantom.film import film
from calcitrack.phantom.radiograph import as_radiograph
from calcitrack.segment.anatomy import find_anatomy
from calcitrack.segment.candidates import find_candidates
from calcitrack.segment.field import exposed_field
from calcitrack.segment.grid import Grid, blur
from calcitrack.segment.options import SegmentOptions
from calcitrack.segment.radiograph import SMOOTHING_MM

DETECTABLE_MG_CM2, DETECTABLE_MM2, SOFT_TISSUE = 40.0, 1.5, 0.3
"""A deposit a careful reader could see, and one that lies over soft tissue (as in the external phantom set's scoring)."""
TOUCH = 0.1
"""A candidate that overlaps deposits by less than this share is false."""
FIRST_SEED = 500_000
"""Films of other seeds serve training of the network and validation."""


@dataclass(frozen=True)
class Table:
    """Candidates of all films, and for each visible soft-tissue deposit the candidates on it."""

    features: NDArray[np.float64]
    real: NDArray[np.bool_]
    film: NDArray[np.int_]
    deposits: list[list[int]]


def collect(films: int) -> Table:
    """Search the films and compare with their truth."""
    rows: list[NDArray[np.float64]] = []
    real: list[bool] = []
    origin: list[int] = []
    deposits: list[list[int]] = []
    for seed in range(FIRST_SEED, FIRST_SEED + films):
        truth = film(seed)
        radiograph = as_radiograph(truth)
        pitch = truth.visit.field.pitch_mm
        grid = Grid(radiograph.shape, pitch, pitch)
        image = blur(grid.down(attenuation(radiograph)), SMOOTHING_MM)
        anatomy = find_anatomy(image, exposed_field(image, np.ones(image.shape, bool)))
        found = None if anatomy is None else find_candidates(image, anatomy, SegmentOptions().min_area_mm2)
        labels = cv2.resize(truth.labels, image.shape[::-1], interpolation=cv2.INTER_NEAREST)
        first = len(rows)
        for k, features in enumerate(found.features if found else (), start=1):
            if not np.isfinite(features.vector()).all():
                raise SystemExit(f"film {seed}: candidate {k} has {features}")
            rows.append(features.vector())
            real.append(bool(np.mean(labels[found.labels == k] > 0) >= TOUCH))
            origin.append(seed)
        for d in truth.deposits:
            if d.peak_mg_cm2 < DETECTABLE_MG_CM2 or d.area_object_mm2 < DETECTABLE_MM2 or d.over_bone > SOFT_TISSUE:
                continue
            here = found.labels[labels == d.deposit_id] if found else np.zeros(0, int)
            covered = np.mean(here > 0) >= 0.3 if here.size else False
            deposits.append([first + int(k) - 1 for k in np.unique(here) if k] if covered else [])
    return Table(np.array(rows), np.array(real), np.array(origin), deposits)


def main() -> None:
    """Fit, cross-validate, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=200)
    table = collect(parser.parse_args().films)
    films = len(np.unique(table.film))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1000))
    people = np.searchsorted(np.unique(table.film), table.film)
    folds = [
        (np.flatnonzero(~np.isin(people, test)), np.flatnonzero(np.isin(people, test)))
        for _, test in KFold(5, shuffle=True, random_state=0).split(np.arange(films))
    ]
    chance = cross_val_predict(model, table.features, table.real, cv=folds, method="predict_proba")[:, 1]
    print(f"{films} films, {len(table.real)} candidates, {table.real.mean():.2f} real, {len(table.deposits)} visible soft-tissue deposits")
    print("threshold  sensitivity  false a film")
    for threshold in (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7):
        hit = np.mean([any(chance[k] >= threshold for k in d) for d in table.deposits])
        print(f"{threshold:9.2f}  {hit:11.3f}  {np.sum((chance >= threshold) & ~table.real) / films:12.2f}")
    scaler, logistic = model.fit(table.features, table.real).steps[0][1], model.steps[1][1]
    for name, values in (("CENTRES", scaler.mean_), ("SCALES", scaler.scale_), ("COEFFICIENTS", logistic.coef_[0])):
        print(f"{name} = ({', '.join(f'{v:.4g}' for v in values)})")
    print(f"INTERCEPT = {logistic.intercept_[0]:.4g}")


if __name__ == "__main__":
    main()
