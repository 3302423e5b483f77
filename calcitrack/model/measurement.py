"""Measurements with unit and uncertainty, and results that are not measurable, with the reason."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from numbers import Real

from calcitrack.errors import InvalidValueError
from calcitrack.model.display import Card, Displayed, counted

COVERAGE_FACTOR = 1.96
"""Standard deviations to either side that hold 95 % of a normal distribution (JCGM 100:2008, annex G)."""


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

    @property
    def unit_text(self) -> str:
        """The unit as it stands behind a number: nothing for a pure number, and UCUM annotations without their braces.

        Examples
        --------
        >>> from calcitrack.measure.measurands import AREA_MM2, AREA_PX, CONTRAST_MEAN
        >>> AREA_MM2.unit_text, AREA_PX.unit_text, CONTRAST_MEAN.unit_text
        ('mm2', 'pixels', '')
        """
        return "" if self.unit == "1" else self.unit.strip("{}")


@dataclass(frozen=True, slots=True, repr=False)
class Measurement(Displayed):
    """A finite value of a measurand.

    It is printed with the half width of its 95 % interval and its unit, also with a format for numbers; ``float`` gives the value alone, and `sd` is
    one standard deviation. It is compared with a number in its own unit or with a measurement in the same unit; uncertainties do not enter. Two
    measurements are equal when all their fields are.

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

    Examples
    --------
    >>> from calcitrack import Measurement
    >>> from calcitrack.measure.measurands import AREA_MM2
    >>> area = Measurement(AREA_MM2, 312.44, sd=5.1)
    >>> area
    Measurement(area_mm2 = 312.4 ± 10 mm2 (95 %))
    >>> f"{area:.0f}", float(area), area > 300
    ('312 ± 10 mm2 (95 %)', 312.44, True)
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

    def __float__(self) -> float:
        return float(self.value)

    def __format__(self, spec: str) -> str:
        half = None if self.sd is None else COVERAGE_FACTOR * self.sd
        value, width = (_plain(self.value, 4), _plain(half, 2)) if not spec else (format(self.value, spec), _formatted(half, spec))
        return " ".join(t for t in (value, f"± {width}" if width else "", self.measurand.unit_text, "(95 %)" if width else "") if t)

    def __str__(self) -> str:
        return format(self, "")

    def __repr__(self) -> str:
        return f"Measurement({self.measurand.name} = {self})"

    def _card(self) -> Card:
        facts = (self.measurand.definition, *((self.model,) if self.model else ()))
        return Card("Measurement", f"{self.measurand.name} = {self}", facts)

    def __lt__(self, other: object) -> bool:
        number = self._number(other)
        return NotImplemented if number is None else self.value < number

    def __le__(self, other: object) -> bool:
        number = self._number(other)
        return NotImplemented if number is None else self.value <= number

    def __gt__(self, other: object) -> bool:
        number = self._number(other)
        return NotImplemented if number is None else self.value > number

    def __ge__(self, other: object) -> bool:
        number = self._number(other)
        return NotImplemented if number is None else self.value >= number

    def _number(self, other: object) -> float | None:
        """The number that this value is compared with; ``None`` where the other object is no number."""
        if isinstance(other, NotMeasurable):
            raise TypeError(f"{self.measurand.name} cannot be compared with {other.measurand.name}, which is {other}")
        if isinstance(other, Measurement):
            if other.measurand.unit != self.measurand.unit:
                raise TypeError(
                    f"measurements are compared in one unit; found {self.measurand.name} in {self.measurand.unit} "
                    f"and {other.measurand.name} in {other.measurand.unit}"
                )
            return other.value
        return float(other) if isinstance(other, Real) else None


def _plain(value: float | None, digits: int) -> str:
    """A number with this many significant digits, without an exponent for large numbers; empty for ``None``."""
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"


def _formatted(value: float | None, spec: str) -> str:
    return "" if value is None else format(value, spec)


@dataclass(frozen=True, slots=True, repr=False)
class NotMeasurable(Displayed):
    """The measurand cannot be obtained honestly from this image, and why.

    Examples
    --------
    >>> from calcitrack import NotMeasurable
    >>> from calcitrack.measure.measurands import HA_MASS_MG
    >>> mass = NotMeasurable(HA_MASS_MG, "mass needs calibration tier A or B")
    >>> mass
    NotMeasurable(ha_mass_mg: mass needs calibration tier A or B)
    >>> f"{mass:.1f}"
    'not measurable'
    >>> float(mass)
    Traceback (most recent call last):
    TypeError: ha_mass_mg is not measurable: mass needs calibration tier A or B
    """

    measurand: Measurand
    reason: str

    def __post_init__(self) -> None:
        if not self.reason:
            raise InvalidValueError(f"{self.measurand.name}: NotMeasurable needs a reason; found an empty one")

    def __float__(self) -> float:
        raise TypeError(f"{self.measurand.name} is {self}")

    def __format__(self, spec: str) -> str:
        return "not measurable" if spec else str(self)

    def __str__(self) -> str:
        return f"not measurable: {self.reason}"

    def __repr__(self) -> str:
        return f"NotMeasurable({self.measurand.name}: {self.reason})"

    def _card(self) -> Card:
        return Card("NotMeasurable", self.measurand.name, (self.reason, self.measurand.definition))


Result = Measurement | NotMeasurable
"""Either a value or the reason why there is none."""


def value_of(result: Result) -> float | None:
    """The value, or ``None`` when it is not measurable.

    Examples
    --------
    >>> from calcitrack.measure.measurands import AREA_MM2
    >>> value_of(Measurement(AREA_MM2, 12.5)), value_of(NotMeasurable(AREA_MM2, "no pixel size is stated"))
    (12.5, None)
    """
    return result.value if isinstance(result, Measurement) else None


Position = tuple[float, ...]
"""A place on the grid of an image: (row, column) on a film, (slice, row, column) in a volume."""


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
        In pixels of the image, counted from 0 at the centre of the first pixel.
    measurements
        Measurand name -> value or reason.
    """

    label: int
    confidence: float
    centroid: Position
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
        """The same axis with its coordinates multiplied: from the film's plane into the limb's.

        Examples
        --------
        >>> LimbAxis((1.0, 0.0), free_end_mm=10.0, start_mm=0.0, step_mm=0.5, profile=None).scaled(0.5).free_end_mm
        5.0
        """
        end = None if self.free_end_mm is None else self.free_end_mm * factor
        return replace(self, free_end_mm=end, start_mm=self.start_mm * factor, step_mm=self.step_mm * factor)


SHOWN_MEASURANDS = ("area_mm2", "ha_mass_mg", "volume_mm3", "area_px")
"""Measurands that tables at a prompt show, those of them that are measurable: size and mass first; pixels where no size is stated."""


def shown_measurands(results: Iterable[Mapping[str, Result]]) -> tuple[str, ...]:
    """Members of `SHOWN_MEASURANDS` that have a value in any result; pixels only where no other measurand has one."""
    known = {name for found in results for name in SHOWN_MEASURANDS if isinstance(found.get(name), Measurement)}
    return tuple(n for n in SHOWN_MEASURANDS if n in known and (n != "area_px" or known == {"area_px"}))


def cells(results: Mapping[str, Result], names: Iterable[str]) -> tuple[str, ...]:
    """One short text for each name: the value, or a dash where there is none."""
    found = (results.get(name) for name in names)
    return tuple(str(r) if isinstance(r, Measurement) else "-" for r in found)


@dataclass(frozen=True, slots=True, repr=False)
class ImageMeasurements(Displayed):
    """Result of `measure` for one image.

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

    def _card(self) -> Card:
        names = shown_measurands([self.totals, *(d.measurements for d in self.deposits)])
        rows = [(str(d.label), f"{d.confidence:.2f}", *cells(d.measurements, names)) for d in self.deposits]
        total = ("total", "", *cells(self.totals, names))
        return Card("ImageMeasurements", "", (counted(len(self.deposits), "deposit"),), ("label", "confidence", *names), (*rows, total))
