"""A patient's planned course: irregular visits, stated rates of growth, treatments that change the rate, and enzyme values that follow it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from calcitrack.errors import InvalidValueError
from calcitrack.model.course import LabResult, Treatment
from calcitrack.model.display import counted

DAYS_A_YEAR = 365.25


class DiseaseCourse(StrEnum):
    """Course of a patient's disease as a whole; `Course` is that of one deposit."""

    STABLE = "stable"
    PROGRESSING = "progressing"
    REGRESSING = "regressing"
    TREATED = "treated"
    """Progressing, then treated."""


_UP = (math.log(1.28), math.log(2.01))
"""Annual rates of disease that progresses: from just beyond the +25 % that count as progression (Valenzuela 2022) to twice the burden."""
_DOWN = (math.log(0.41), math.log(0.78))
"""Annual rates of disease that regresses: from just beyond what counts as standing still to the loss of three fifths; both ranges are those of
`benchmarks/verdicts.py`."""
_APART_DAYS = (60, 300)
"""Days between visits, from and to: irregular, as in clinics."""
_FIRST_YEARS = (dt.date(2020, 2, 3), 900)
"""First visits are from this day on, at most this many days later."""
_LAG_DAYS = (30, 90)
"""Days after which a treatment has an effect on a film."""
_SOON_DAYS = (3, 22)
"""Days from a visit to the start of the treatment that was decided there."""
LEAST_TREATED_VISITS = 4
"""Two visits before a treatment and two after it have a slope on each side."""

_QUIET_DAYS = 90.0
"""Time constant with which muscle enzymes fall under treatment; they normalise within months."""
_RESIDUE = 0.05
"""Share of the untreated excess that stays."""
_LAB_SD = 0.06
"""Scatter of the logarithm of a laboratory value: biological and analytical variation of these enzymes together, rounded."""
_LABS = (("CK", 200.0, "U/l", 25.0, 200.0, 3.2), ("LDH", 300.0, "U/l", 120.0, 300.0, 0.75), ("aldolase", 7.6, "U/l", None, 7.6, 1.1))
"""Name, upper limit, unit, range as a report states it, and the excess over the upper limit of active disease. Ranges of one ordinary laboratory;
nothing is computed from them."""
_NORMAL = 0.6
"""A quiet patient's value against the upper limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Therapy:
    """A drug of a plan, with its effect on the disease.

    Parameters
    ----------
    start
        First day.
    doses
        (days at this dose, dose), one after the other; ``None`` days for a last dose that goes on.
    rate_a_year
        Annual rate of the natural logarithm of the volume while it acts; ``None`` for a drug without effect on it.
    lag_days
        Days from the start until it acts.
    """

    name: str
    start: dt.date
    doses: tuple[tuple[int | None, float], ...]
    unit: str
    route: str
    rate_a_year: float | None = None
    lag_days: int = 0

    def __post_init__(self) -> None:
        if not self.doses or any(days is None or days < 1 for days, _ in self.doses[:-1]):
            raise InvalidValueError(f"{self.name}: a therapy has doses, and only the last one may go on without an end; found {self.doses}")
        if self.lag_days < 0:
            raise InvalidValueError(f"{self.name}: a lag is not negative; found {counted(self.lag_days, 'day')}")

    def rows(self, patient_id: str) -> tuple[Treatment, ...]:
        """One row per dose; each ends on the day before the next begins."""
        rows, start = [], self.start
        for days, dose in self.doses:
            stop = None if days is None else start + dt.timedelta(days=days - 1)
            rows.append(Treatment(patient_id=patient_id, name=self.name, start=start, stop=stop, dose=dose, unit=self.unit, route=self.route))
            start += dt.timedelta(days=days or 0)
        return tuple(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoursePlan:
    """Plan of a patient's visits, growth rates and treatments, before any deposit or film is simulated.

    Parameters
    ----------
    dates
        Of the visits, in order of time.
    rate_a_year
        Annual rate of the natural logarithm of a typical deposit's volume before any therapy acts.
    therapies
        Each sets the rate once it acts; the one that began to act last applies.
    """

    dates: tuple[dt.date, ...]
    rate_a_year: float
    therapies: tuple[Therapy, ...] = ()

    def __post_init__(self) -> None:
        if not self.dates or any(b <= a for a, b in zip(self.dates, self.dates[1:], strict=False)):
            raise InvalidValueError(f"a plan has visits on rising dates; found {', '.join(map(str, self.dates)) or 'none'}")

    def log_volumes(self) -> np.ndarray:
        """Natural logarithm of a typical deposit's volume at each visit relative to the first, shape (visits,)."""
        turns = sorted((t.start + dt.timedelta(days=t.lag_days), t.rate_a_year) for t in self.therapies if t.rate_a_year is not None)
        return np.array([self._grown(turns, day) for day in self.dates])

    def _grown(self, turns: Sequence[tuple[dt.date, float]], day: dt.date) -> float:
        """Integral of the rate from the first visit to a day."""
        total, since, rate = 0.0, self.dates[0], self.rate_a_year
        for turn, next_rate in turns:
            until = min(max(turn, since), day)
            total += rate * (until - since).days / DAYS_A_YEAR
            since, rate = until, next_rate
        return total + rate * (day - since).days / DAYS_A_YEAR

    def treatments(self, patient_id: str) -> tuple[Treatment, ...]:
        """The therapies as a chart holds them, one row a dose, by start."""
        return tuple(row for therapy in sorted(self.therapies, key=lambda t: (t.start, t.name)) for row in therapy.rows(patient_id))

    def labs(self, rng: np.random.Generator, patient_id: str) -> tuple[LabResult, ...]:
        """CK, LDH and aldolase at each visit: raised while the disease grows untreated, falling from the first therapy on."""
        return tuple(
            LabResult(
                patient_id=patient_id, date=day, name=name, value=_rounded(top * self._level(day, excess) * scatter), unit=unit, low=low, high=high
            )
            for day in self.dates
            for (name, top, unit, low, high, excess), scatter in zip(_LABS, np.exp(rng.normal(0, _LAB_SD, len(_LABS))), strict=True)
        )

    def _level(self, day: dt.date, excess: float) -> float:
        """An enzyme value relative to its upper limit."""
        starts = [t.start for t in self.therapies]
        quiet_days = max(0, (day - min(starts)).days) if starts else 0
        active = _RESIDUE + (1 - _RESIDUE) * math.exp(-quiet_days / _QUIET_DAYS) if self.rate_a_year > 0 else 0.0
        return _NORMAL + (1 + excess - _NORMAL) * active


def _rounded(value: float) -> float:
    """As laboratories report: whole numbers, or one decimal below 30."""
    return round(value, 0 if value >= 30 else 1)


def draw_plan(rng: np.random.Generator, course: DiseaseCourse, visits: int) -> CoursePlan:
    """A plan of the named course with dates, rates and treatments at random.

    Raises
    ------
    InvalidValueError
        A treated course has fewer than `LEAST_TREATED_VISITS` visits, or any course none.
    """
    least = LEAST_TREATED_VISITS if course is DiseaseCourse.TREATED else 1
    if visits < least:
        raise InvalidValueError(f"a {course} course has at least {counted(least, 'visit')}; found {visits}; ask for more visits or another course")
    first, spread = _FIRST_YEARS
    days = np.concatenate([[rng.integers(spread)], rng.integers(_APART_DAYS[0], _APART_DAYS[1] + 1, visits - 1)]).cumsum()
    dates = tuple(first + dt.timedelta(days=int(d)) for d in days)
    if course is DiseaseCourse.STABLE:
        return CoursePlan(dates=dates, rate_a_year=0.0)
    if course is DiseaseCourse.REGRESSING:
        return CoursePlan(dates=dates, rate_a_year=float(rng.uniform(*_DOWN)))
    rate = float(rng.uniform(*_UP))
    return CoursePlan(dates=dates, rate_a_year=rate, therapies=_therapies(rng, dates) if course is DiseaseCourse.TREATED else ())


def _therapies(rng: np.random.Generator, dates: tuple[dt.date, ...]) -> tuple[Therapy, ...]:
    """Methotrexate with a tapering steroid, which halt the disease; where visits remain, another drug later, under which it regresses."""

    def soon_after(visit: int) -> dt.date:
        return dates[visit] + dt.timedelta(days=int(rng.integers(*_SOON_DAYS)))

    before = max(2, round(0.4 * len(dates)))
    start = soon_after(before - 1)
    lag = int(rng.integers(*_LAG_DAYS))
    taper = tuple((int(rng.integers(50, 120)), dose) for dose in (30.0, 15.0))
    therapies = [
        Therapy(name="prednisolone", start=start, doses=(*taper, (None, 5.0)), unit="mg/d", route="oral"),
        Therapy(name="methotrexate", start=start, doses=((None, 15.0),), unit="mg/week", route="sc", rate_a_year=0.0, lag_days=lag),
    ]
    if len(dates) - before >= 3:
        second, rate = soon_after(before), float(rng.uniform(*_DOWN))
        therapies.append(
            Therapy(name="abatacept", start=second, doses=((None, 500.0),), unit="mg/4 weeks", route="iv", rate_a_year=rate, lag_days=lag)
        )
    return tuple(therapies)
