"""Which probability outlines a deposit best, and how likely a found deposit is real: on films that took no part in training."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks.segmenter.films import simulated
from calcitrack.calibrate import calibrate
from calcitrack.phantom.radiograph import as_radiograph
from calcitrack.segment import SegmentOptions
from calcitrack.segment.grid import WORKING_PIXEL_MM, Grid
from calcitrack.segment.learned import deposit_facts, find_deposits
from calcitrack.segment.network import chances
from calcitrack.segment.radiograph import searched

TOUCH = 0.1
"""A found deposit that overlaps true ones by less than this share is false."""


def facts(seeds: Sequence[int]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What the confidence rests on, and whether the deposit is real, for every deposit found on these films."""
    rows, real = [], []
    least_px = SegmentOptions().min_area_mm2 / WORKING_PIXEL_MM**2
    for seed in seeds:
        film = simulated(seed)
        radiograph = calibrate(as_radiograph(film))
        pitch = film.visit.field.pitch_mm
        image, field = searched(radiograph, Grid(radiograph.shape, pitch, pitch))
        seen = chances(image, field)
        found = find_deposits(seen)
        truth = cv2.resize(film.labels, image.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
        for number in found.confidence:
            inside = found.numbers == number
            if np.count_nonzero(inside) >= least_px:
                rows.append(deposit_facts(seen.deposit, found.bone, inside))
                real.append(bool(truth[inside].mean() >= TOUCH))
    return np.array(rows), np.array(real)


def fit(seeds: Sequence[int]) -> None:
    """Print the constants for calcitrack/segment/learned.py."""
    rows, real = facts(seeds)
    model = LogisticRegression(C=10.0).fit(rows, real)
    print(f"{len(seeds)} films, {len(real)} found, {real.mean():.2f} of them real")
    weights = ", ".join(f"{w:.3f}" for w in model.coef_[0])
    print(f"CONFIDENCE_INTERCEPT, CONFIDENCE_WEIGHTS = {model.intercept_[0]:.3f}, ({weights})")
