"""How well a candidate for the outline around a click is thought to meet the deposit: a small network over its facts, fitted on simulated films."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from calcitrack.errors import InvalidValueError
from calcitrack.segment.click_facts import FACTS

CLICK_WEIGHTS = "click.json"
"""Package data in calcitrack/segment/data, written by `python -m benchmarks.click --fit`."""
FARTHEST = 4.0
"""Standardised facts are cut here: beyond what the fit has seen, more of the same says no more."""


@dataclass(frozen=True, eq=False, slots=True)
class ClickScore:
    """A network with two hidden layers of hyperbolic tangents.

    Parameters
    ----------
    centre, scale
        Shape (facts,): mean and standard deviation of each fact.
    one, one_bias, two, two_bias
        Shape (facts, units), (units,), (units, further units), (further units,).
    out, out_bias
        Shape (further units,), and a number.
    """

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    one: NDArray[np.float64]
    one_bias: NDArray[np.float64]
    two: NDArray[np.float64]
    two_bias: NDArray[np.float64]
    out: NDArray[np.float64]
    out_bias: float

    def __call__(self, facts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Expected Dice coefficient of each candidate; facts of the shape (..., facts)."""
        standard = np.clip((facts - self.centre) / self.scale, -FARTHEST, FARTHEST)
        odds = np.tanh(np.tanh(standard @ self.one + self.one_bias) @ self.two + self.two_bias) @ self.out + self.out_bias
        return np.asarray(1 / (1 + np.exp(-np.clip(odds, -30, 30))))


@lru_cache(maxsize=1)
def click_score() -> ClickScore:
    """The weights that the package ships, read once."""
    stored = json.loads(resources.files("calcitrack.segment").joinpath("data", CLICK_WEIGHTS).read_text("utf-8"))
    if tuple(stored["facts"]) != FACTS:
        raise InvalidValueError(f"{CLICK_WEIGHTS} was fitted to other facts than this program takes; found {stored['facts']}, expected {list(FACTS)}")
    centre, scale, one, one_bias, two, two_bias, out = (
        np.array(stored[name], float) for name in ("centre", "scale", "one", "one_bias", "two", "two_bias", "out")
    )
    return ClickScore(centre, scale, one, one_bias, two, two_bias, out, float(stored["out_bias"]))
