"""Many time points -> identity and change."""

from calcitrack.track.align import AlignOptions, align
from calcitrack.track.change import summarise
from calcitrack.track.fates import View, decide_fates
from calcitrack.track.match import MatchOptions, Sighting, Track, follow

__all__ = ["AlignOptions", "MatchOptions", "Sighting", "Track", "View", "align", "decide_fates", "follow", "summarise"]
