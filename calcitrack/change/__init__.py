"""What a difference between visits means: smallest detectable change, trend, response and verdict."""

from calcitrack.change.cohort import cohort_points
from calcitrack.change.judge import JudgeOptions
from calcitrack.change.judged_cohort import JudgedCohort, judge_cohort
from calcitrack.change.precision import Precision, own_precision
from calcitrack.change.response import RULES, ResponseRule
from calcitrack.change.series import series_of
from calcitrack.change.summary import summarise
from calcitrack.change.trend import TrendOptions

__all__ = [
    "RULES",
    "JudgeOptions",
    "JudgedCohort",
    "Precision",
    "ResponseRule",
    "TrendOptions",
    "cohort_points",
    "judge_cohort",
    "own_precision",
    "series_of",
    "summarise",
]
