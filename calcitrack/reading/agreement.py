"""Agreement of readings: within a reader where a case was shown again, and between readers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import numpy as np

from calcitrack.errors import InvalidValueError
from calcitrack.model.display import counted
from calcitrack.model.measurement import Measurement
from calcitrack.model.reading import READ_MEASURANDS, CaseReading, FilmReading
from calcitrack.reliability import IccForm, Interval, Repeatability, bland_altman, icc, repeatability

Film = tuple[str, str]
"""(patient, image)."""
Readings = Mapping[Film, FilmReading]
NO_FILM = "no film was read by all of them under this condition"
ZERO_READ = "a reading is zero, of which there is no logarithm"


class AgreementKind(StrEnum):
    """Whose readings are compared."""

    INTRA = "intra-reader"
    """A reader with themselves, from cases that were shown again."""
    INTER = "inter-reader"
    """Readers with each other, each one's first reading of a film."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement of two or more readings of the same films on one total.

    Parameters
    ----------
    readers
        One for intra-reader agreement, else the compared readers.
    condition
        `ReadingPlan.condition` of all readings.
    films, patients
        Number of films that have every reading, and of their patients.
    mean
        Mean over all readings, in the unit of the measurand.
    sem
        Within-film standard deviation in the unit of the measurand; ``None`` where there is no film.
    sdc
        Smallest detectable difference between two readings, ``1.96 sqrt(2) sem``.
    wcv
        Within-film coefficient of variation; ``None`` where a reading is zero.
    icc
        Intraclass correlation, absolute agreement of single readings, with its 95 % interval.
    bias, lower, upper
        Mean difference and 95 % limits of agreement, second reading or reader minus the first; of two readings only.
    notes
        Reasons for missing figures.
    """

    kind: AgreementKind
    readers: tuple[str, ...]
    condition: str
    measurand: str
    films: int
    patients: int
    mean: float | None = None
    sem: float | None = None
    sdc: float | None = None
    wcv: float | None = None
    icc: Interval | None = None
    bias: float | None = None
    lower: float | None = None
    upper: float | None = None
    notes: tuple[str, ...] = ()


def agreements(readings: Iterable[CaseReading]) -> tuple[Agreement, ...]:
    """Agreement of all comparable readings: by condition, first within each reader, then each pair of readers, then all together.

    The film is the unit: several films of one patient count as several subjects. When a reader read a film several times, the first reading
    is compared with other readers, and with the reader's first repeat.

    Parameters
    ----------
    readings
        Completely read cases, in the order of reading.
    """
    by_condition: dict[str, list[CaseReading]] = {}
    for reading in readings:
        by_condition.setdefault(reading.session.plan.condition, []).append(reading)
    found: list[Agreement] = []
    for condition, those in sorted(by_condition.items()):
        first = _first(those)
        for reader in sorted(first):
            found += _compared(AgreementKind.INTRA, (reader,), condition, _repeats(those, reader))
        readers = sorted(first)
        groups = [*combinations(readers, 2), *([tuple(readers)] if len(readers) > 2 else [])]
        for group in groups:
            found += _compared(AgreementKind.INTER, group, condition, [first[r] for r in group])
    return tuple(found)


def _films(reading: CaseReading) -> Readings:
    return {(reading.key.patient_id, f.image): f for f in reading.films}


def _first(readings: Iterable[CaseReading]) -> dict[str, dict[Film, FilmReading]]:
    """Reader -> first reading of each film."""
    found: dict[str, dict[Film, FilmReading]] = {}
    for reading in readings:
        mine = found.setdefault(reading.session.reader, {})
        if reading.case.repeat_of is None:
            for film, read in _films(reading).items():
                mine.setdefault(film, read)
    return found


def _repeats(readings: Sequence[CaseReading], reader: str) -> list[Readings]:
    """First and second reading of each film of a repeated case."""
    cases = {(r.session.number, r.case.number): r for r in readings if r.session.reader == reader}
    pairs: list[dict[Film, FilmReading]] = [{}, {}]
    for (session, _), again in cases.items():
        before = None if again.case.repeat_of is None else cases.get((session, again.case.repeat_of))
        if before is not None:
            earlier, later = _films(before), _films(again)
            for film in earlier.keys() & later.keys():
                pairs[0].setdefault(film, earlier[film])
                pairs[1].setdefault(film, later[film])
    return [pairs[0], pairs[1]]


def _compared(kind: AgreementKind, readers: tuple[str, ...], condition: str, read: Sequence[Readings]) -> list[Agreement]:
    """One line per measurand."""
    common = sorted(set.intersection(*(set(r) for r in read)))
    if not common and kind is AgreementKind.INTRA:
        return []
    return [_agreement(kind, readers, condition, name, common, read) for name in READ_MEASURANDS]


def _agreement(
    kind: AgreementKind, readers: tuple[str, ...], condition: str, measurand: str, films: Sequence[Film], read: Sequence[Readings]
) -> Agreement:
    rows: dict[Film, list[float]] = {}
    for film in films:
        results = [r[film].totals.get(measurand) for r in read]
        values = [r.value for r in results if isinstance(r, Measurement)]
        if len(values) == len(results):
            rows[film] = values
    table = list(rows.values())
    notes = [] if len(rows) == len(films) else [f"{counted(len(films) - len(rows), 'film')} left out on which it is not measurable"]
    patients = len({patient for patient, _ in rows})
    if not table:
        why_none = notes or [NO_FILM]
        return Agreement(kind=kind, readers=readers, condition=condition, measurand=measurand, films=0, patients=0, notes=tuple(why_none))
    plain = repeatability(table)
    correlation, why = _icc(table)
    logs, why_not = _logs(table)
    limits = bland_altman(*zip(*table, strict=True)) if len(read) == 2 and len(table) > 2 else None
    return Agreement(
        kind=kind,
        readers=readers,
        condition=condition,
        measurand=measurand,
        films=len(rows),
        patients=patients,
        mean=float(np.mean(table)),
        sem=plain.sem,
        sdc=plain.sdc,
        wcv=None if logs is None else logs.wcv,
        icc=correlation,
        bias=None if limits is None else limits.bias.value,
        lower=None if limits is None else limits.lower.value,
        upper=None if limits is None else limits.upper.value,
        notes=(*notes, *why, *why_not),
    )


def _icc(table: Sequence[Sequence[float]]) -> tuple[Interval | None, tuple[str, ...]]:
    """Two-way, absolute agreement, of single readings, as Koo and Li recommend for readers and for repeats (J Chiropr Med 15:155, 2016)."""
    try:
        return icc(table, IccForm.AGREEMENT), ()
    except InvalidValueError as error:
        return None, (f"no intraclass correlation: {error}",)


def _logs(table: Sequence[Sequence[float]]) -> tuple[Repeatability | None, tuple[str, ...]]:
    """Repeatability of logarithms, from which the coefficient of variation follows."""
    if any(value <= 0 for row in table for value in row):
        return None, (f"no coefficient of variation: {ZERO_READ}",)
    return repeatability(table, log=True), ()
