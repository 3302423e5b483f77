"""How likely a found deposit is real: a small network over its facts, calibrated on simulated films that took no part in training."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from calcitrack.errors import InvalidValueError
from calcitrack.segment.deposit_facts import FACTS

CONFIDENCE_WEIGHTS = "belief.json"
"""Package data in calcitrack/segment/data, written by `python -m benchmarks.segmenter`."""
FARTHEST = 4.0
"""Standardised facts are cut here: beyond what the calibration has seen, more of the same says no more."""


@dataclass(frozen=True, eq=False, slots=True)
class DepositConfidence:
    """A network with one hidden layer: standardised facts, hyperbolic tangents, log odds.

    Parameters
    ----------
    centre, scale
        Shape (facts,): mean and standard deviation of each fact over the calibration's found deposits.
    hidden, hidden_bias
        Shape (facts, units), (units,).
    out, out_bias
        Shape (units,), and a number.
    """

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    hidden: NDArray[np.float64]
    hidden_bias: NDArray[np.float64]
    out: NDArray[np.float64]
    out_bias: float

    def __call__(self, facts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probability that each deposit is real; facts of the shape (..., facts)."""
        standard = np.clip((facts - self.centre) / self.scale, -FARTHEST, FARTHEST)
        odds = np.tanh(standard @ self.hidden + self.hidden_bias) @ self.out + self.out_bias
        return np.asarray(1 / (1 + np.exp(-np.clip(odds, -30, 30))))


@lru_cache(maxsize=1)
def deposit_confidence() -> DepositConfidence:
    """The weights that the package ships, read once."""
    stored = json.loads(resources.files("calcitrack.segment").joinpath("data", CONFIDENCE_WEIGHTS).read_text("utf-8"))
    if tuple(stored["facts"]) != FACTS:
        raise InvalidValueError(
            f"{CONFIDENCE_WEIGHTS} was fitted to other facts than this program takes; found {stored['facts']}, expected {list(FACTS)}"
        )
    centre, scale, hidden, hidden_bias, out = (np.array(stored[name], float) for name in ("centre", "scale", "hidden", "hidden_bias", "out"))
    return DepositConfidence(centre, scale, hidden, hidden_bias, out, float(stored["out_bias"]))
