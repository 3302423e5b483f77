"""Many time points -> identity and change."""

from calcitrack.track.align import align
from calcitrack.track.align_judge import AlignOptions
from calcitrack.track.align_scene import Scene, see
from calcitrack.track.change import summarise
from calcitrack.track.cohort import cohort_points
from calcitrack.track.fates import Course, View, decide_fates
from calcitrack.track.judge import JudgeOptions, judge
from calcitrack.track.match import Join, Track, follow
from calcitrack.track.precision import Precision, own_precision
from calcitrack.track.response import RULES, ResponseRule
from calcitrack.track.series import series_of
from calcitrack.track.sighting import MatchOptions, Sighting
from calcitrack.track.support import Exposed, supported
from calcitrack.track.trend import TrendOptions
from calcitrack.track.two_views import Shadow, Shift, extent, orthogonal, pair, register

__all__ = [
    "RULES",
    "AlignOptions",
    "Course",
    "Exposed",
    "Join",
    "JudgeOptions",
    "MatchOptions",
    "Precision",
    "ResponseRule",
    "Scene",
    "Shadow",
    "Shift",
    "Sighting",
    "Track",
    "TrendOptions",
    "View",
    "align",
    "cohort_points",
    "decide_fates",
    "extent",
    "follow",
    "judge",
    "orthogonal",
    "own_precision",
    "pair",
    "register",
    "see",
    "series_of",
    "summarise",
    "supported",
]
