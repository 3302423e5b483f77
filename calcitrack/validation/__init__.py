"""Accuracy against exact truth: simulate films, assess them, compare the results with the truth, and summarize."""

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
