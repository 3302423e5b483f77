"""Values with unit and uncertainty, and the honest alternative: not measurable, with the reason."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from calcitrack.errors import InvalidValueError


@dataclass(frozen=True, slots=True)
class Measurand:
    """A quantity intended to be measured (VIM 2.3).

    Parameters
    ----------
    name
        Column name; its last part is the unit where it has one (`area_mm2`).
    unit
        UCUM code, ``1`` for a pure number.
    definition
        What exactly is measured, as a formula or one sentence.
    reference
        Where the definition comes from.
    """

    name: str
    unit: str
    definition: str
    reference: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """A finite value of a measurand.

    Parameters
    ----------
    measurand
        What was measured.
    value
        In the measurand's unit.
    sd
        Standard uncertainty (one standard deviation) in the same unit; ``None`` when it was not estimated.
    model
        The model or assumption the value rests on, when it is not a direct reading.
    """

    measurand: Measurand
    value: float
    sd: float | None = None
    model: str = ""

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise InvalidValueError(f"{self.measurand.name}: a measurement is a finite number; found {self.value}; use NotMeasurable with a reason")
        if self.sd is not None and not (math.isfinite(self.sd) and self.sd >= 0):
            raise InvalidValueError(f"{self.measurand.name}: a standard uncertainty is finite and not negative; found {self.sd}")


@dataclass(frozen=True, slots=True)
class NotMeasurable:
    """The measurand cannot be obtained honestly from this image, and why."""

    measurand: Measurand
    reason: str

    def __post_init__(self) -> None:
        if not self.reason:
            raise InvalidValueError(f"{self.measurand.name}: NotMeasurable needs a reason; found an empty one")


Result = Measurement | NotMeasurable
"""Either a value or the reason why there is none."""


def value_of(result: Result) -> float | None:
    """The value, or ``None`` when it is not measurable."""
    return result.value if isinstance(result, Measurement) else None


@dataclass(frozen=True, slots=True)
class Deposit:
    """One deposit as measured on one image, without identity over time.

    Parameters
    ----------
    label
        Its value in the image's label map.
    confidence
        Estimated probability that the deposit is real; 1 when a reader drew it.
    centroid
        (row, column) in pixels of the image, counted from 0 at the centre of the first pixel.
    measurements
        Measurand name -> value or reason.
    """

    label: int
    confidence: float
    centroid: tuple[float, float]
    measurements: Mapping[str, Result]


@dataclass(frozen=True, slots=True)
class LimbAxis:
    """The limb's long axis on an image, by which two views of one limb are laid beside each other.

    The coordinate of a place along it is ``direction[0] * row_mm + direction[1] * column_mm``, from the film's upper left corner.

    Parameters
    ----------
    direction
        (row, column), a unit vector; away from the free end where there is one, else down the film.
    free_end_mm
        Coordinate of the end that lies on the film (finger tips, toes); ``None`` where both ends are cut off or free.
    start_mm, step_mm
        Coordinate of the profile's first value, and the distance between two.
    profile
        Attenuation summed across the limb, nepers times mm: the same from every side (the zeroth moment of parallel projections; Helgason
        1965, Ludwig 1966). ``None`` where values are no nepers.
    """

    direction: tuple[float, float]
    free_end_mm: float | None
    start_mm: float
    step_mm: float
    profile: tuple[float, ...] | None

    def scaled(self, factor: float) -> LimbAxis:
        """The same axis with its coordinates multiplied: from the film's plane into the limb's."""
        end = None if self.free_end_mm is None else self.free_end_mm * factor
        return replace(self, free_end_mm=end, start_mm=self.start_mm * factor, step_mm=self.step_mm * factor)


@dataclass(frozen=True, slots=True)
class ImageMeasurements:
    """What `measure` returns for one image.

    Parameters
    ----------
    deposits
        In the order of their labels.
    totals
        Measurand name -> total over the deposits, or the reason why there is none.
    limb_axis
        The limb's long axis; ``None`` without a limb, a size of a pixel, or a clear axis.
    """

    deposits: tuple[Deposit, ...]
    totals: Mapping[str, Result]
    limb_axis: LimbAxis | None = None
