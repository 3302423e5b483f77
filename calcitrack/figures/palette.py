"""Colours and words that all pictures share. The colours are those of Okabe and Ito, told apart with any colour vision (jfly.uni-koeln.de/color)."""

from __future__ import annotations

from calcitrack.model.assessment import Fate
from calcitrack.model.spacing import SpacingBasis
from calcitrack.model.timeline import TimelineKey

BLUE = "#0072B2"
SKY = "#56B4E9"
ORANGE = "#E69F00"
VERMILLION = "#D55E00"
GREY = "#8A8A8A"

FATE_COLOUR = {Fate.BASELINE: SKY, Fate.PERSISTENT: SKY, Fate.NEW: ORANGE, Fate.RESOLVED: VERMILLION, Fate.NOT_EVALUABLE: GREY}
"""Baseline and persistent deposits share a colour: the question is which ones are new."""

BASIS_WORDS = {
    SpacingBasis.FIDUCIAL: "measured on an object of known size",
    SpacingBasis.MAGNIFICATION_CORRECTED: "corrected for magnification",
    SpacingBasis.DETECTOR: "at the detector",
    SpacingBasis.UNSPECIFIED: "plane not stated",
    SpacingBasis.PIXELS: "no size stated",
}


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of ``#RRGGBB``."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def title_of(key: TimelineKey) -> str:
    """Patient, body part, side and view in one line; what is not stated is left out."""
    return "  ·  ".join(p for p in (key.patient_id or "unknown patient", key.body_part, key.laterality, key.view) if p)
