"""What is stated of a picture of two limbs, such as both hands on one plate: which side lies where."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from calcitrack.errors import InvalidValueError

ORDERS = ("RL", "LR")
"""Sides of the first limb, which lies at the picture's left (or top), and of the second."""
BOTH = "B"
"""Image Laterality (0020,0062) of a picture of both sides (PS3.3, C.8.11.7.1)."""
ONE_SIDE = ("L", "R")
"""Image Laterality of a picture of one side."""
FIRST_LETTERS = {"R": "R", "RIGHT": "R", "L": "L", "LEFT": "L"}
"""Words of a side that people write."""
PAIRED_PARTS = frozenset(
    (
        *("HAND", "WRIST", "FINGER", "THUMB", "FOREARM", "ELBOW", "ARM", "HUMERUS", "RADIUS", "ULNA"),
        *("FOOT", "TOE", "ANKLE", "CALCANEUS", "LEG", "TIBIA", "FIBULA", "KNEE", "PATELLA"),
    )
)
"""Values of Body Part Examined (PS3.16, annex L) of limbs, of which a picture may show two with air between them."""
STATED_AS = "R L where the patient's right limb lies at the left of the picture (or above), else L R"
"""How a person states it, in words."""


class Lie(StrEnum):
    """How the two limbs lie in the picture."""

    BESIDE = "side by side"
    ABOVE = "one above the other"


@dataclass(frozen=True, slots=True)
class TwoLimbs:
    """Sides of the two limbs of a picture.

    Parameters
    ----------
    sides
        One of `ORDERS`.
    stated_by
        Who says so, for the reader: ``the manifest``.
    lie
        How the limbs have to lie for the statement to hold; ``None`` where it holds either way, from left to right or from top to bottom.

    Examples
    --------
    >>> both = TwoLimbs("RL", "the manifest")
    >>> both.side(1), both.side(2)
    ('R', 'L')
    >>> print(both.words(2))
    one of two limbs in one picture, the L one: the manifest states sides R L, from the left of the picture to its right or from top to bottom
    """

    sides: str
    stated_by: str
    lie: Lie | None = None

    def __post_init__(self) -> None:
        if self.sides not in ORDERS:
            raise InvalidValueError(f"sides of two limbs are one of {', '.join(ORDERS)}; found {self.sides!r}")

    @classmethod
    def of(cls, side: str, limb: int) -> TwoLimbs:
        """What is on record of one of the two: its side, and that it is the first or the second limb, 1 or 2.

        Examples
        --------
        >>> TwoLimbs.of("L", 2).sides
        'RL'
        """
        other = {"L": "R", "R": "L"}.get(side, "")
        return cls(side + other if limb == 1 else other + side, "the record")

    def side(self, limb: int) -> str:
        """``L`` or ``R`` of the first or the second limb, 1 or 2."""
        return self.sides[limb - 1]

    @property
    def stated(self) -> str:
        """The statement in words."""
        ways = {Lie.BESIDE: "from the left of the picture to its right", Lie.ABOVE: "from its top to its bottom"}
        way = ways[self.lie] if self.lie is not None else f"{ways[Lie.BESIDE]} or from top to bottom"
        return f"{self.stated_by} states sides {self.sides[0]} {self.sides[1]}, {way}"

    def words(self, limb: int) -> str:
        """The finding of one of the two images."""
        return f"one of two limbs in one picture, the {self.side(limb)} one: {self.stated}"


def sides_of(text: str) -> str:
    """One of `ORDERS` as people write it; empty where the text is none.

    Examples
    --------
    >>> [sides_of(text) for text in ("R L", "lr", "right, left", "L/R", "R R", "both")]
    ['RL', 'LR', 'RL', 'LR', '', '']
    """
    words = re.findall(r"[A-Z]+", text.upper())
    letters = list(words[0]) if len(words) == 1 and len(words[0]) == 2 else words
    order = "".join(FIRST_LETTERS.get(word, "?") for word in letters)
    return order if order in ORDERS else ""
