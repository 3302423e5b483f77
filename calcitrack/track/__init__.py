"""Identity over visits: which deposits are the same, what became of them, and which weak ones another image confirms."""

from calcitrack.track.confirmation import Exposed, supported
from calcitrack.track.detection import MatchOptions, Sighting
from calcitrack.track.fates import Course, View, decide_fates
from calcitrack.track.match import Join, Track, follow

__all__ = [
    "Course",
    "Exposed",
    "Join",
    "MatchOptions",
    "Sighting",
    "Track",
    "View",
    "decide_fates",
    "follow",
    "supported",
]
