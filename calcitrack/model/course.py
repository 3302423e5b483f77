"""The course of a patient beside the images: treatments with their doses, and laboratory results."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from enum import StrEnum

from calcitrack.errors import InvalidValueError

SAME_PERIOD_DAYS = 31
"""Rows of one drug that lie at most this many days apart are one period of treatment: a change of dose, not a new start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """One drug at one dose over one stretch of time; a tapered drug is several of these.

    Parameters
    ----------
    patient_id
        Patient ID as in the images or the manifest.
    name
        The drug or procedure.
    start
        First day.
    stop
        Last day; ``None`` while it goes on.
    dose
        Amount in `unit`; ``None`` where it is not stated.
    unit
        Of the dose, such as ``mg/d``.
    route
        Such as ``oral`` or ``iv``.

    Examples
    --------
    >>> drug = Treatment(patient_id="P1", name="methotrexate", start=dt.date(2021, 3, 8), dose=15.0, unit="mg/wk")
    >>> drug.ongoing
    True
    >>> Treatment(patient_id="P1", name="methotrexate", start=dt.date(2021, 3, 8), dose=-1.0)
    Traceback (most recent call last):
    calcitrack.errors.InvalidValueError: methotrexate: a dose is a number and not negative; found -1.0
    """

    patient_id: str
    name: str
    start: dt.date
    stop: dt.date | None = None
    dose: float | None = None
    unit: str = ""
    route: str = ""

    def __post_init__(self) -> None:
        if not self.patient_id or not self.name:
            raise InvalidValueError(f"a treatment names its patient and itself; found {self.patient_id!r} and {self.name!r}")
        if self.stop is not None and self.stop < self.start:
            raise InvalidValueError(f"{self.name}: a treatment stops on or after its start, {self.start}; found {self.stop}")
        if self.dose is not None and not (math.isfinite(self.dose) and self.dose >= 0):
            raise InvalidValueError(f"{self.name}: a dose is a number and not negative; found {self.dose}")

    @property
    def ongoing(self) -> bool:
        """Whether no last day is stated."""
        return self.stop is None


class LabFlag(StrEnum):
    """Where a laboratory result lies against its reference range."""

    LOW = "low"
    WITHIN = "within"
    HIGH = "high"
    UNKNOWN = "unknown"
    """No limit is stated on the side on which the value could lie outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabResult:
    """One laboratory value.

    Parameters
    ----------
    patient_id
        Patient ID as in the images or the manifest.
    date
        Day of the sample.
    name
        What was measured, such as ``LDH`` or ``aldolase``.
    value
        In `unit`.
    low, high
        Ends of the reference range; ``None`` where one is not stated.

    Examples
    --------
    >>> LabResult(patient_id="P1", date=dt.date(2021, 3, 8), name="LDH", value=310.0, unit="U/L", high=250.0).flag.value
    'high'
    """

    patient_id: str
    date: dt.date
    name: str
    value: float
    unit: str = ""
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if not self.patient_id or not self.name:
            raise InvalidValueError(f"a laboratory result names its patient and what was measured; found {self.patient_id!r} and {self.name!r}")
        if any(v is not None and not math.isfinite(v) for v in (self.value, self.low, self.high)):
            raise InvalidValueError(f"{self.name}: value and limits are finite numbers; found {self.value}, {self.low}, {self.high}")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise InvalidValueError(f"{self.name}: the lower limit is not above the upper one; found {self.low} and {self.high}")

    @property
    def flag(self) -> LabFlag:
        """Below, within or above the reference range."""
        if self.high is not None and self.value > self.high:
            return LabFlag.HIGH
        if self.low is not None and self.value < self.low:
            return LabFlag.LOW
        return LabFlag.WITHIN if self.high is not None else LabFlag.UNKNOWN


@dataclass(frozen=True, slots=True)
class TreatmentPeriod:
    """One drug without a long break, through all its doses. Slopes before and after its start can be compared.

    Parameters
    ----------
    name
        The drug.
    doses
        Its rows, earliest first; at least one.
    """

    name: str
    doses: tuple[Treatment, ...]

    def __post_init__(self) -> None:
        if not self.doses or any(d.name != self.name for d in self.doses):
            raise InvalidValueError(f"a period holds the doses of one drug, {self.name}; found {[d.name for d in self.doses]}")

    @property
    def start(self) -> dt.date:
        """First day of the first dose."""
        return min(d.start for d in self.doses)

    @property
    def stop(self) -> dt.date | None:
        """Last day of the last dose; ``None`` while one goes on."""
        stops = [d.stop for d in self.doses if d.stop is not None]
        return max(stops) if len(stops) == len(self.doses) else None


@dataclass(frozen=True, slots=True)
class PatientCourse:
    """Treatments and laboratory results of one patient, each in order of time.

    Parameters
    ----------
    patient_id
        Whose.
    treatments
        By start, then name. Kept in this order whatever order they are handed over in.
    labs
        By date, then name; likewise.

    Examples
    --------
    >>> doses = [Treatment(patient_id="P1", name="prednisone", start=dt.date(2021, m, 1), stop=dt.date(2021, m, 28), dose=60.0 / m) for m in (1, 2)]
    >>> course = PatientCourse("P1", tuple(doses))
    >>> [(p.name, len(p.doses), p.stop.isoformat()) for p in course.periods]
    [('prednisone', 2, '2021-02-28')]
    """

    patient_id: str
    treatments: tuple[Treatment, ...] = ()
    labs: tuple[LabResult, ...] = ()

    def __post_init__(self) -> None:
        others = sorted(({t.patient_id for t in self.treatments} | {r.patient_id for r in self.labs}) - {self.patient_id})
        if others:
            raise InvalidValueError(f"the course of {self.patient_id!r} holds rows of this patient alone; found rows of {', '.join(others)}")
        object.__setattr__(self, "treatments", tuple(sorted(self.treatments, key=lambda t: (t.start, t.name))))
        object.__setattr__(self, "labs", tuple(sorted(self.labs, key=lambda r: (r.date, r.name))))

    @property
    def periods(self) -> tuple[TreatmentPeriod, ...]:
        """Treatments with the doses of one drug put together where at most `SAME_PERIOD_DAYS` lie between them; by start, then name."""
        open_periods: dict[str, list[Treatment]] = {}
        closed: list[TreatmentPeriod] = []
        for row in self.treatments:
            doses = open_periods.get(row.name)
            if doses is not None and not _continues(doses, row):
                closed.append(TreatmentPeriod(row.name, tuple(doses)))
                doses = None
            open_periods[row.name] = [*(doses or []), row]
        closed += [TreatmentPeriod(name, tuple(doses)) for name, doses in open_periods.items()]
        return tuple(sorted(closed, key=lambda p: (p.start, p.name)))

    def lab_names(self) -> tuple[str, ...]:
        """What was measured, each once, in alphabetical order.

        Examples
        --------
        >>> PatientCourse("P1", labs=(LabResult(patient_id="P1", date=dt.date(2021, 3, 8), name="LDH", value=310.0),)).lab_names()
        ('LDH',)
        """
        return tuple(sorted({r.name for r in self.labs}))


def _continues(doses: list[Treatment], row: Treatment) -> bool:
    """Whether a row goes on with the period of these doses."""
    stops = [d.stop for d in doses if d.stop is not None]
    return len(stops) < len(doses) or (row.start - max(stops)).days <= SAME_PERIOD_DAYS


@dataclass(frozen=True, slots=True)
class Courses:
    """The courses of a cohort's patients, and what a reader should know about them.

    Parameters
    ----------
    by_patient
        Patient ID -> course, as a tuple in order of the patient.
    findings
        Sentences, such as about rows of a patient without any image.
    """

    by_patient: tuple[PatientCourse, ...] = ()
    findings: tuple[str, ...] = ()

    def of(self, patient_id: str) -> PatientCourse:
        """The course of one patient; an empty one where nothing is known.

        Examples
        --------
        >>> Courses().of("P1").treatments
        ()
        """
        return next((c for c in self.by_patient if c.patient_id == patient_id), PatientCourse(patient_id))
