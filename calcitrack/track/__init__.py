"""Many time points -> identity and change."""

from calcitrack.track.align import AlignOptions, align
from calcitrack.track.change import summarise
from calcitrack.track.fates import View, decide_fates
from calcitrack.track.match import MatchOptions, Sighting, Track, follow
from calcitrack.track.two_views import Shadow, Shift, extent, orthogonal, pair, register

__all__ = [
    "AlignOptions",
    "MatchOptions",
    "Shadow",
    "Shift",
    "Sighting",
    "Track",
    "View",
    "align",
    "decide_fates",
    "extent",
    "follow",
    "orthogonal",
    "pair",
    "register",
    "summarise",
]
