"""Accuracy against exact truth: what was found on simulated films, compared and summed up. Pure: nothing is simulated or assessed here."""

from calcitrack.validation.compare import DepositComparison, FilmComparison, FilmTruth, FoundDeposit
from calcitrack.validation.page import markdown
from calcitrack.validation.scores import ConfidenceBin, Figure, Scores, score
from calcitrack.validation.targets import Line, TargetStatus, lines

__all__ = [
    "ConfidenceBin",
    "DepositComparison",
    "Figure",
    "FilmComparison",
    "FilmTruth",
    "FoundDeposit",
    "Line",
    "Scores",
    "TargetStatus",
    "lines",
    "markdown",
    "score",
]
