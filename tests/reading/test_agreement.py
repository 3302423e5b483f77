from __future__ import annotations

from collections.abc import Sequence

import pytest

from calcitrack.io.results.agreement import write_agreement
from calcitrack.io.results.table_files import read_table
from calcitrack.model.measurement import Measurand, Measurement, NotMeasurable
from calcitrack.model.reading import READ_MEASURANDS, CaseReading, FilmReading, PlannedCase, ReadingPlan, ReadingSession
from calcitrack.model.timeline import TimelineKey
from calcitrack.reading import Agreement, AgreementKind, agreements
from calcitrack.reliability import icc, repeatability
from calcitrack.tables.read_cases import AGREEMENT, READINGS

RATINGS = ((9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7))
"""Four judges on six targets, of Shrout and Fleiss 1979, table 2, whose ICC(2,1) is 0.29."""


def read(session: ReadingSession, number: int, area: float | None, mass: float | None = None) -> CaseReading:
    """A case with one film of the patient that its assessment is called after."""
    case = session.plan.cases[number - 1]
    values = {"deposit_count": 1.0, "area_mm2": area, "ha_mass_mg": mass}
    named = {n: Measurand(n, "1", "made", "made") for n in READ_MEASURANDS}
    totals = {n: NotMeasurable(named[n], "made so") if v is None else Measurement(named[n], v) for n, v in values.items()}
    return CaseReading(session, case, TimelineKey(case.assessment_id), "2026-01-01", (FilmReading(f"image of {case.assessment_id}", 1, 0, totals),))


def session(number: int, reader: str, repeats: int = 0, *, blinded: bool = True) -> ReadingSession:
    """Six cases, of which the first ones are shown again."""
    cases = [PlannedCase(k + 1, f"P{k}", "d", (0,)) for k in range(6)]
    cases += [PlannedCase(7 + k, f"P{k}", "d", (0,), k + 1) for k in range(repeats)]
    return ReadingSession(number, reader, ReadingPlan(cases=tuple(cases), blinded=blinded))


def of(found: Sequence[Agreement], kind: AgreementKind, readers: tuple[str, ...], measurand: str = "area_mm2") -> Agreement:
    """The line of one comparison."""
    (line,) = [a for a in found if (a.kind, a.readers, a.measurand) == (kind, readers, measurand)]
    return line


def test_readers_are_compared_as_published() -> None:
    """The judges of Shrout and Fleiss as readers: ICC(2,1) 0.29 of all four, and each two of them."""
    sessions = [session(n, f"judge {n}") for n in (1, 2, 3, 4)]
    found = agreements([read(s, k + 1, float(RATINGS[k][j])) for j, s in enumerate(sessions) for k in range(6)])
    everyone = of(found, AgreementKind.INTER, tuple(s.reader for s in sessions))
    assert (everyone.films, everyone.patients) == (6, 6)
    assert everyone.icc is not None
    assert everyone.icc.value == pytest.approx(0.29, abs=0.005)
    assert everyone.bias is None
    pair = of(found, AgreementKind.INTER, ("judge 1", "judge 2"))
    assert pair.bias == pytest.approx(sum(b - a for a, b, *_ in RATINGS) / 6)
    assert not [a for a in found if a.kind is AgreementKind.INTRA]


def test_a_reader_is_compared_with_themselves_on_repeats_alone() -> None:
    """Only cases that were shown again count, first against second; the values are those of `calcitrack.reliability`."""
    anna = session(1, "anna", repeats=4)
    first, second = (1.0, 2.0, 4.0, 8.0), (1.2, 1.9, 4.4, 7.6)
    readings = [read(anna, k + 1, (*first, 100.0, 200.0)[k]) for k in range(6)] + [read(anna, 7 + k, second[k]) for k in range(4)]
    found = agreements(readings)
    area = of(found, AgreementKind.INTRA, ("anna",))
    pairs = list(zip(first, second, strict=True))
    assert area.films == 4
    assert area.icc == icc(pairs)
    assert area.wcv == repeatability(pairs, log=True).wcv
    assert area.sem == repeatability(pairs).sem
    assert area.bias == pytest.approx(sum(b - a for a, b in pairs) / 4)
    mass = of(found, AgreementKind.INTRA, ("anna",), "ha_mass_mg")
    assert (mass.films, mass.notes) == (0, ("4 films left out on which it is not measurable",))
    count = of(found, AgreementKind.INTRA, ("anna",), "deposit_count")
    assert count.icc is None
    assert "do not differ" in count.notes[0]


def test_unlike_conditions_are_not_compared() -> None:
    """A blinded reading and an open one of the same films are two things; a zero leaves the coefficient of variation empty, and says so."""
    anna, ben = session(1, "anna"), session(2, "ben", blinded=False)
    assert agreements([read(s, k, 1.0) for s in (anna, ben) for k in (1, 2)]) == ()
    cleo = session(3, "cleo")
    found = agreements([*(read(anna, k, k - 1.0) for k in (1, 2, 3)), *(read(cleo, k, float(k)) for k in (1, 2, 3))])
    area = of(found, AgreementKind.INTER, ("anna", "cleo"))
    assert area.wcv is None
    assert "no coefficient of variation: a reading is zero" in area.notes[0]
    assert area.bias == pytest.approx(1.0)


def test_the_tables_name_what_the_reader_did_not_know(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Every reading with its patient, condition and repeat; every comparison; as their schemas say."""
    anna = session(1, "anna", repeats=3)
    readings = [read(anna, k, float(k), 0.5 * k) for k in range(1, 7)] + [read(anna, 7 + k, k + 1.1, None) for k in range(3)]
    place = write_agreement(tmp_path / "out", readings, agreements(readings))
    table = read_table(READINGS, place / "readings.csv")
    assert list(table.patient_id) == ["P0", "P1", "P2", "P3", "P4", "P5", "P0", "P1", "P2"]
    assert list(table.repeat_of.dropna()) == [1, 2, 3]
    assert list(table.area_mm2) == [1, 2, 3, 4, 5, 6, 1.1, 2.1, 3.1]
    assert list(table.not_measurable)[-1] == "ha_mass_mg: made so"
    agreed = read_table(AGREEMENT, place / "agreement.csv")
    assert list(agreed.measurand) == list(READ_MEASURANDS)
    assert list(agreed.films) == [3, 3, 0]
    assert agreed.icc[1] == pytest.approx(icc([(1, 1.1), (2, 2.1), (3, 3.1)]).value, abs=1e-4)
