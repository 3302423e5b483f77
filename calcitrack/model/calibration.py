"""How stored pixel values became attenuation, and how far that may be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from calcitrack.errors import InvalidValueError


class Tier(StrEnum):
    """How far pixel values can be trusted as attenuation."""

    A = "A"
    """FOR PROCESSING with a stated relationship: log ratios are attenuation; hydroxyapatite (HA) mass is measurable."""
    B = "B"
    """A processed picture with a known object (an aluminium step wedge) in it."""
    C = "C"
    """Everything else: area, count, score and relative brightness only."""


class Relationship(StrEnum):
    """Pixel Intensity Relationship (0028,1040) as far as it can be relied upon."""

    LIN = "LIN"
    """Proportional to the X-ray beam intensity."""
    LOG = "LOG"
    """Proportional to the logarithm of the X-ray beam intensity."""
    UNKNOWN = "UNKNOWN"
    """Not stated, or stated but undone by later processing."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the values of one image mean.

    Parameters
    ----------
    tier
        A, B or C.
    relationship
        Linear or logarithmic in the beam, or unknown.
    polarity
        +1 when a higher modality value is denser (less beam), -1 when a lower one is. ``Radiograph.pixels`` are already
        multiplied by it, so the modality value is ``polarity * pixels``.
    reason
        One sentence a reader understands: why this tier.
    """

    tier: Tier
    relationship: Relationship
    polarity: int
    reason: str

    def __post_init__(self) -> None:
        if self.polarity not in (-1, 1):
            raise InvalidValueError(f"polarity is +1 or -1; found {self.polarity}")
        if self.tier is Tier.A and self.relationship is Relationship.UNKNOWN:
            raise InvalidValueError("tier A needs a stated relationship, LIN or LOG; found UNKNOWN")
        if not self.reason:
            raise InvalidValueError("a calibration states the reason for its tier; found none")
