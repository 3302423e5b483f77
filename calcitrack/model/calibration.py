"""Calibration: how pixel values relate to attenuation, and how reliable that relation is."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from calcitrack.errors import InvalidValueError
from calcitrack.model.provenance import STORED_WHEN_STATED


class Tier(StrEnum):
    """How far pixel values can be trusted as attenuation.

    Examples
    --------
    >>> [tier.value for tier in Tier]
    ['A', 'B', 'C']
    """

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
    """Calibration of one image's values.

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
    curve
        Knots (value of ``Radiograph.pixels``, nepers of attenuation relative to the open field), both ascending: what turns values into
        nepers, linear between the knots and beyond them. ``None`` where no curve is needed (LIN) or known.
    unsharp
        (gain, standard deviation in mm) of an unsharp mask that the picture went through before its curve, and that is undone after the
        curve has turned values into nepers. ``None`` for none.
    curve_relative_sd
        Relative standard uncertainty of the curve's nepers.
    curve_source
        How the curve was obtained; where one was looked for and not found, why.
    wedge_corners
        (row, column) of the corners of the step wedge in the picture, in pixels, in order around it, whether or not it could be used; empty
        where none was found or looked for.
    no_beam
        Value of ``Radiograph.pixels`` of a linear film where no beam arrives: the intensity is the distance below it. 0 for values that are 0
        without beam.
    count
        One stored count in ``Radiograph.pixels``, positive.

    Examples
    --------
    >>> Calibration(Tier.A, Relationship.LIN, -1, "FOR PROCESSING with LIN stated").in_nepers
    True
    >>> Calibration(Tier.A, Relationship.UNKNOWN, 1, "a guess")
    Traceback (most recent call last):
    calcitrack.errors.InvalidValueError: tier A needs a stated relationship, LIN or LOG; found UNKNOWN
    """

    tier: Tier
    relationship: Relationship
    polarity: int
    reason: str
    curve: tuple[tuple[float, float], ...] | None = None
    curve_relative_sd: float = 0.0
    curve_source: str = ""
    unsharp: tuple[float, float] | None = None
    wedge_corners: tuple[tuple[float, float], ...] = ()
    no_beam: float = field(default=0.0, metadata=STORED_WHEN_STATED)
    count: float = field(default=1.0, metadata=STORED_WHEN_STATED)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.no_beam) and math.isfinite(self.count) and self.count > 0):
            raise InvalidValueError(f"the value without beam is finite, and a count positive; found {self.no_beam} and {self.count}")
        if self.polarity not in (-1, 1):
            raise InvalidValueError(f"polarity is +1 or -1; found {self.polarity}")
        if self.tier is Tier.A and self.relationship is Relationship.UNKNOWN:
            raise InvalidValueError("tier A needs a stated relationship, LIN or LOG; found UNKNOWN")
        if not self.reason:
            raise InvalidValueError("a calibration states the reason for its tier; found none")
        if self.unsharp is not None and not (self.curve is not None and all(math.isfinite(x) and x > 0 for x in self.unsharp)):
            raise InvalidValueError(f"an unsharp mask has a positive gain and width and goes with a curve; found {self.unsharp}")
        if self.curve is not None:
            self._check_curve(self.curve)

    def _check_curve(self, curve: tuple[tuple[float, float], ...]) -> None:
        rises = all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(curve))
        if len(curve) < 2 or not rises or not all(math.isfinite(x) for knot in curve for x in knot):
            raise InvalidValueError(f"a calibration curve has two or more knots, finite and ascending in value and nepers; found {curve}")
        if not self.curve_source:
            raise InvalidValueError("a calibration curve states how it was obtained; found nothing")
        if not (math.isfinite(self.curve_relative_sd) and self.curve_relative_sd >= 0):
            raise InvalidValueError(f"a curve's relative standard uncertainty is finite and not negative; found {self.curve_relative_sd}")

    @property
    def in_nepers(self) -> bool:
        """Whether differences of attenuation are in nepers: linear values, or others with a curve."""
        return self.curve is not None or (self.tier is Tier.A and self.relationship is Relationship.LIN)
