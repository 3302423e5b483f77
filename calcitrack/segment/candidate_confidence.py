"""How likely a candidate is a deposit: a logistic model whose coefficients anyone can read."""

from __future__ import annotations

import numpy as np

from calcitrack.segment.candidates import Features

CENTRES = (1.892, -1.512, -1.183, -1.779, 0.1909, 1.086, 0.7826, 1.028, 0.1819, 0.804, 0.8616, 0.6529, 7.161, -3.023, 0.4954, 2.755)
"""Mean of each feature over the candidates of 70 simulated films of hands, elbows, knees and feet (benchmarks/fit_candidates.py)."""
SCALES = (1.197, 1.109, 1.132, 1.857, 0.8635, 0.598, 0.2452, 0.5512, 0.2389, 0.1407, 0.156, 0.7198, 6.908, 2.275, 0.5415, 1.83)
"""Standard deviation of each feature over the same candidates."""
COEFFICIENTS = (-1.286, -2.675, 2.025, 1.777, 0.5056, -0.5332, 0.5967, -0.09396, 0.05894, 0.5575, 0.03404, 0.3983, 0.06379, 0.3413, -2.739, 0.3263)
"""Weight of each standardised feature in the log odds, in the order of `Features`."""
INTERCEPT = -2.396
"""Log odds of a candidate with average features."""


def confidence(features: Features) -> float:
    """Probability in [0, 1] that a candidate with these features is a deposit."""
    standard = (features.vector() - np.array(CENTRES)) / np.array(SCALES)
    score = INTERCEPT + float(standard @ np.array(COEFFICIENTS))
    return float(1 / (1 + np.exp(-np.clip(score, -50, 50))))
