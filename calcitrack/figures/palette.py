"""Colours and words of all pictures. The colours are those of Okabe and Ito, distinct with any colour vision (jfly.uni-koeln.de/color)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from calcitrack.figures.scripts import drawable
from calcitrack.model.assessment import Fate
from calcitrack.model.spacing import SpacingBasis
from calcitrack.model.timeline import TimelineKey

BLUE = "#0072B2"
SKY = "#56B4E9"
GREEN = "#009E73"
ORANGE = "#E69F00"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"
YELLOW = "#F0E442"
GREY = "#8A8A8A"
PALE = "#BDBDBD"


@dataclass(frozen=True, slots=True)
class FateMark:
    """Drawing style of a fate: colour, shape and line, so that it is recognisable in grey print as well.

    Parameters
    ----------
    words
        Its name in pictures.
    colour
        ``#RRGGBB``.
    marker
        Symbol of the timeline's table, in matplotlib's code.
    sign
        Written behind a deposit's id on films; empty for unremarkable fates.
    dash
        Lengths of line and gap of its outline on films, in pixels; ``None`` draws an unbroken line.
    """

    words: str
    colour: str
    marker: str
    sign: str = ""
    dash: tuple[float, float] | None = None


FATE_MARKS: Mapping[str, FateMark] = MappingProxyType(
    {
        "baseline": FateMark("baseline", SKY, "o"),
        "persistent": FateMark("persistent", SKY, "o"),
        "new": FateMark("new", ORANGE, "^", "+"),
        "first_outlined": FateMark("first outlined", BLUE, "<", "¹"),
        "reappeared": FateMark("reappeared", YELLOW, "D", "↺"),
        "merged": FateMark("merged", GREEN, "P", "»"),
        "split": FateMark("split", PURPLE, "X", "«"),
        "resolved": FateMark("resolved", VERMILLION, "v", "−", (9.0, 6.0)),  # noqa: RUF001 a minus sign is meant
        "not_outlined": FateMark("not outlined", GREY, ">", "~", (6.0, 3.0)),
        "not_evaluable": FateMark("not evaluable", PALE, "s", "?", (4.0, 5.0)),
    }
)
"""Value of a `calcitrack.model.assessment.Fate` -> its mark, in the order in which pictures list them. Baseline and persistent deposits share one:
the figures show which ones changed."""
UNKNOWN_FATE_COLOUR = "#FFFFFF"
"""Of a fate that the table does not know: white lines on films, white symbols with a black edge on paper; never mistaken for another fate."""


def fate_mark(fate: Fate) -> FateMark:
    """The mark of a fate; an unknown fate is drawn white, as a star, under its own name."""
    return FATE_MARKS.get(fate.value) or FateMark(fate.value.replace("_", " "), UNKNOWN_FATE_COLOUR, "*", "*", (14.0, 4.0))


def in_order(fates: Iterable[Fate]) -> list[Fate]:
    """Each fate once, in the order of the table; unknown ones last, by name."""
    known = list(FATE_MARKS)
    return sorted(set(fates), key=lambda f: (known.index(f.value) if f.value in known else len(known), f.value))


POSSIBLE_MARK = FateMark("possible, not counted", YELLOW, "o", "?", (2.0, 6.0))
"""Of a possible deposit: dotted, and its id begins with P; no fate has either."""

BASIS_WORDS = {
    SpacingBasis.FIDUCIAL: "measured on an object of known size",
    SpacingBasis.MAGNIFICATION_CORRECTED: "corrected for magnification",
    SpacingBasis.DETECTOR: "at the detector",
    SpacingBasis.PATIENT: "in the patient",
    SpacingBasis.UNSPECIFIED: "plane not stated",
    SpacingBasis.PIXELS: "no size stated",
}


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of ``#RRGGBB``."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def title_of(key: TimelineKey) -> str:
    """Patient, body part, side and view in one line, in characters that the font has; missing parts are left out."""
    return "  ·  ".join(drawable(p) for p in (key.patient_id or "unknown patient", key.body_part, key.laterality, key.view) if p)
