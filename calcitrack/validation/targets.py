"""The figures as lines of a table, with their targets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from calcitrack.phantom.specs import Style
from calcitrack.validation.scores import Figure, Scores


class TargetStatus(StrEnum):
    """Whether a figure reaches its target."""

    AIM = "aim"
    ENOUGH = "enough"
    SHORT = "short"
    OPEN = ""
    """Nothing is asked, or there was no case."""


@dataclass(frozen=True, slots=True)
class Range:
    """Acceptable values, ends included; an infinite end is open."""

    low: float = -math.inf
    high: float = math.inf

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        if self.low == -math.inf:
            return f"≤ {self.high:.2f}"
        if self.high == math.inf:
            return f"≥ {self.low:.2f}"
        return f"±{self.high:.2f}" if self.low == -self.high else f"{self.low:.2f}-{self.high:.2f}"


@dataclass(frozen=True, slots=True)
class Target:
    """Required range of a figure."""

    at_least: Range
    aim: Range


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table.

    Parameters
    ----------
    cases
        What `figure.n` is the number of.
    signed
        True for a figure whose sign has a meaning.
    """

    name: str
    figure: Figure
    cases: str
    target: Target | None = None
    signed: bool = False

    @property
    def text(self) -> str:
        """The figure with three decimals, with its sign if signed; a dash without cases."""
        value = self.figure.value
        if value is None:
            return "-"
        return f"{value:+.3f}" if self.signed else f"{value:.3f}"

    @property
    def verdict(self) -> TargetStatus:
        """Whether the figure reaches its target."""
        value = self.figure.value
        if value is None or self.target is None:
            return TargetStatus.OPEN
        if value in self.target.aim:
            return TargetStatus.AIM
        return TargetStatus.ENOUGH if value in self.target.at_least else TargetStatus.SHORT


def _floor(at_least: float, aim: float) -> Target:
    return Target(Range(low=at_least), Range(low=aim))


def _ceiling(at_least: float, aim: float) -> Target:
    return Target(Range(high=at_least), Range(high=aim))


# Targets of the project. A change rule of ±25 % needs a within-subject variation of at most 9 %; a 95 % interval that is honest
# holds the truth in 90 to 98 % of the cases; the other figures were set before the program was built.
SENSITIVITY_SOFT = _floor(0.90, 0.97)
SENSITIVITY_BONE = _floor(0.45, 0.75)
FALSE_PER_FILM = _ceiling(1.0, 0.2)
FALSE_PER_EMPTY_FILM = _ceiling(0.5, 0.1)
DICE_SOFT = _floor(0.75, 0.88)
MASS_ERROR = {Style.LIN: _ceiling(0.15, 0.07), Style.LOG: _ceiling(0.15, 0.07), Style.PRESENTATION: _ceiling(0.25, 0.12)}
AREA_BIAS = Target(Range(-0.10, 0.10), Range(-0.03, 0.03))
REPEAT_WCV_AREA = _ceiling(0.09, 0.04)
REPEAT_WCV_MASS = _ceiling(0.07, 0.03)
COVERAGE = Target(Range(0.90, 0.98), Range(0.90, 0.98))
CONFIDENCE_ERROR = _ceiling(0.10, 0.10)

STYLE_NAMES = {Style.LIN: "LIN", Style.LOG: "LOG", Style.PRESENTATION: "presentation", Style.CR: "CR"}
"""Kinds of file as the table calls them."""


def lines(scores: Scores) -> tuple[Line, ...]:
    """All figures in the order of the table, except the bins of the confidence."""
    return (
        Line("sensitivity, soft tissue", scores.sensitivity_soft, "deposits", SENSITIVITY_SOFT),
        Line("sensitivity, over bone", scores.sensitivity_bone, "deposits", SENSITIVITY_BONE),
        Line("false deposits a film", scores.false_per_film, "films", FALSE_PER_FILM),
        Line("false deposits, deposit-free film", scores.false_per_empty_film, "films", FALSE_PER_EMPTY_FILM),
        Line("Dice, soft tissue, median", scores.dice_soft, "films", DICE_SOFT),
        *(Line(f"mass error, median: {name}", scores.mass_error[s], "deposits", MASS_ERROR.get(s)) for s, name in STYLE_NAMES.items()),
        *(Line(f"mass bias, median: {name}", scores.mass_bias[s], "deposits", signed=True) for s, name in STYLE_NAMES.items()),
        Line("area bias, median", scores.area_bias, "deposits", AREA_BIAS, signed=True),
        Line("repeat exposure wCV: area", scores.repeat_wcv_area, "pairs", REPEAT_WCV_AREA),
        Line("repeat exposure wCV: mass", scores.repeat_wcv_mass, "pairs", REPEAT_WCV_MASS),
        Line("link accuracy over visits", scores.link_accuracy, "links"),
        Line("95 % interval, mass, soft tissue", scores.coverage_mass, "deposits", COVERAGE),
        Line("95 % interval, mass, over bone", scores.coverage_mass_bone, "deposits", COVERAGE),
        Line("95 % interval, volume", scores.coverage_volume, "deposits", COVERAGE),
        Line("95 % interval, area", scores.coverage_area, "deposits", COVERAGE),
        Line("calibration error, confidence", scores.confidence_error, "found deposits", CONFIDENCE_ERROR),
        Line("seconds a film, one process", scores.seconds_per_film, "films"),
    )
