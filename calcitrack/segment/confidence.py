"""How likely a candidate is a deposit: a logistic model whose coefficients anyone can read."""

from __future__ import annotations

import numpy as np

from calcitrack.segment.candidates import Features

CENTRES: tuple[float, ...] = (0.0,) * 16
SCALES: tuple[float, ...] = (1.0,) * 16
COEFFICIENTS: tuple[float, ...] = (0.0,) * 16
INTERCEPT = 0.0


def confidence(features: Features) -> float:
    """Probability in [0, 1] that a candidate with these features is a deposit."""
    standard = (features.vector() - np.array(CENTRES)) / np.array(SCALES)
    score = INTERCEPT + float(standard @ np.array(COEFFICIENTS))
    return float(1 / (1 + np.exp(-np.clip(score, -50, 50))))
