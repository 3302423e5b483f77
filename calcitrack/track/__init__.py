"""Identity over visits: which deposits are the same, what became of them, and which weak ones another image confirms."""

from calcitrack.model.view import View
from calcitrack.track.confirmation import ExposureCandidates, confirmed_labels
from calcitrack.track.detection import Detection, MatchOptions
from calcitrack.track.fates import Course, decide_fates
from calcitrack.track.match import Join, Track, follow
from calcitrack.track.presence import Presence

__all__ = [
    "Course",
    "Detection",
    "ExposureCandidates",
    "Join",
    "MatchOptions",
    "Presence",
    "Track",
    "View",
    "confirmed_labels",
    "decide_fates",
    "follow",
]
