"""How likely a found deposit is real: a small network over its facts, calibrated on films that took no part in training.

Films like those that the search network has seen have a network of their own, over that network's facts, and so have masses on other films.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcitrack.errors import InvalidValueError
from calcitrack.model.image import Radiograph
from calcitrack.segment.deposit_facts import FACTS

CONFIDENCE_WEIGHTS = "belief.json"
"""Package data in calcitrack/segment/data, written by `python -m benchmarks.segmenter`."""
LEAST_MASS_MM2, LEAST_OVERVIEW_CHANCE = 30.0, 0.3
"""A mass is at least this large, and the overview holds some of it for at least this likely: what is a mass on one scale only is none. On the
overview's grid, smaller finds are a few pixels."""
SURE_MASS_MM2, SURE_OVERVIEW_CHANCE = 100.0, 0.8
"""On films like those that the search network has seen, a mass is judged as one from this size on, where the overview holds some of it for at least
this likely: larger ones than that network was trained on."""
KNOWN_AGREEMENT = 0.9
"""Overlap (Dice) of the two networks' bones from which a film is like those that the search network has seen: so much is reached on all of 147
simulated films of other people, and on one in four of 171 real pictures."""
SEARCHED_FACTS = FACTS.index("overview_odds")
"""Facts of the search network alone, which come first: the confidence on films like those it has seen rests on them."""
DOUBTED = 0.3
"""On films like those that the search network has seen, a find that all facts together (the network ``doubting``) give less than this is not
believed more than they say."""
FARTHEST = 4.0
"""Standardised facts are cut here: beyond what the calibration has seen, more of the same says no more."""


class Values(Enum):
    """Where the values of a film come from, as far as its file says."""

    DETECTOR = "detector"
    PICTURE = "picture"

    @classmethod
    def of(cls, radiograph: Radiograph) -> Values:
        """A detector that a header names, or a picture without a header: a copy of what a screen showed, under any curve and sharpening."""
        return cls.DETECTOR if radiograph.acquisition.modality else cls.PICTURE


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


def is_mass(facts: NDArray[np.float64], values: Values) -> NDArray[np.bool_]:
    """Which deposits are judged as masses: the large ones on films unlike the searched ones, the sure ones on the others; facts (..., facts)."""
    return np.where(is_known(facts, values), _seen(facts, SURE_MASS_MM2, SURE_OVERVIEW_CHANCE), is_large(facts))


def is_large(facts: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which deposits are large, and seen by the overview too; facts of the shape (..., facts)."""
    return _seen(facts, LEAST_MASS_MM2, LEAST_OVERVIEW_CHANCE)


def _seen(facts: NDArray[np.float64], least_mm2: float, least_chance: float) -> NDArray[np.bool_]:
    area, odds = (facts[..., FACTS.index(name)] for name in ("log_area", "overview_best_odds"))
    return np.asarray((area >= np.log(least_mm2)) & (odds >= np.log(least_chance / (1 - least_chance))))


def is_known(facts: NDArray[np.float64], values: Values) -> NDArray[np.bool_]:
    """Which deposits lie on a film like those that the search network has seen; facts of the shape (..., facts).

    A picture without a header is none: its bones may be alike, but the search network alone called 17 false deposits on 318 such pictures without
    any, and all facts together none, with more of the true ones.
    """
    alike = facts[..., FACTS.index("anatomies_agree")] >= KNOWN_AGREEMENT
    return np.asarray(alike & (values is not Values.PICTURE))


@dataclass(frozen=True, eq=False, slots=True)
class Confidences:
    """The confidence by kind of film.

    Parameters
    ----------
    searched
        On films like those that the search network has seen, from its own facts alone.
    doubting
        On the same films from all facts, fitted to more simulated films than real pictures.
    every
        On other films, from all facts.
    masses
        From all facts, fitted to masses alone: what tells a mass from a bone is not what tells a speck from grain.
    """

    searched: DepositConfidence
    doubting: DepositConfidence
    every: DepositConfidence
    masses: DepositConfidence

    def __call__(self, facts: NDArray[np.float64], values: Values) -> NDArray[np.float64]:
        """Probability that each deposit is real; facts of the shape (..., facts)."""
        searched, doubting, every = self.searched(facts[..., :SEARCHED_FACTS]), self.doubting(facts), self.every(facts)
        known = np.where(doubting < DOUBTED, np.minimum(searched, doubting), searched)
        masses = np.where(is_mass(facts, values), self.masses(facts), 0.0)
        return np.where(is_known(facts, values), np.maximum(known, masses), np.where(is_mass(facts, values), masses, every))


@lru_cache(maxsize=1)
def deposit_confidence() -> Confidences:
    """The weights that the package ships, read once."""
    stored = json.loads(resources.files("calcitrack.segment").joinpath("data", CONFIDENCE_WEIGHTS).read_text("utf-8"))
    if tuple(stored["facts"]) != FACTS:
        raise InvalidValueError(
            f"{CONFIDENCE_WEIGHTS} was fitted to other facts than this program takes; found {stored['facts']}, expected {list(FACTS)}"
        )
    return Confidences(*(_read(stored[kind]) for kind in ("searched", "doubting", "every", "masses")))


def _read(stored: dict[str, Any]) -> DepositConfidence:
    centre, scale, hidden, hidden_bias, out = (np.array(stored[name], float) for name in ("centre", "scale", "hidden", "hidden_bias", "out"))
    return DepositConfidence(centre, scale, hidden, hidden_bias, out, float(stored["out_bias"]))
