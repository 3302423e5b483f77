"""Tables of a reader study: every reading with the patient and visit hidden from a blinded reader, and the agreement of readings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path

from calcitrack.errors import ResultsError
from calcitrack.io.results.table_files import write_csv
from calcitrack.model.measurement import NotMeasurable, value_of
from calcitrack.model.reading import READ_MEASURANDS, CaseReading, FilmReading
from calcitrack.reading import Agreement
from calcitrack.tables.cells import Cell, Row, frame, joined
from calcitrack.tables.read_cases import AGREEMENT, READINGS


def reading_rows(readings: Iterable[CaseReading]) -> Iterator[Row]:
    """Rows of ``readings.csv``, in the order in which cases were done."""
    for reading in readings:
        for film in reading.films:
            yield _row(reading, film)


def _row(reading: CaseReading, film: FilmReading) -> dict[str, Cell]:
    key, case, session = reading.key, reading.case, reading.session
    missing = [f"{name}: {r.reason}" for name in READ_MEASURANDS if isinstance(r := film.totals.get(name), NotMeasurable)]
    return {
        "patient_id": key.patient_id,
        "body_part": key.body_part,
        "laterality": key.laterality,
        "view": key.view,
        "assessment_id": case.assessment_id,
        "image": film.image,
        "time_point": film.time_point,
        "repeat": film.repeat,
        "reader": session.reader,
        "session": session.number,
        "condition": session.plan.condition,
        "case": case.number,
        "repeat_of": case.repeat_of,
        "done_at": reading.at,
        **{name: value_of(film.totals[name]) for name in READ_MEASURANDS if name in film.totals},
        "not_measurable": joined(missing),
    }


def agreement_rows(agreements: Iterable[Agreement]) -> Iterator[Row]:
    """Rows of ``agreement.csv``."""
    for a in agreements:
        yield {
            "kind": a.kind.value,
            "readers": joined(a.readers),
            "condition": a.condition,
            "measurand": a.measurand,
            "films": a.films,
            "patients": a.patients,
            "mean": a.mean,
            "icc": None if a.icc is None else a.icc.value,
            "icc_low": None if a.icc is None else a.icc.low,
            "icc_high": None if a.icc is None else a.icc.high,
            "wcv": a.wcv,
            "sem": a.sem,
            "sdc": a.sdc,
            "bias": a.bias,
            "limit_low": a.lower,
            "limit_high": a.upper,
            "notes": joined(a.notes),
        }


def write_agreement(folder: str | PathLike[str], readings: Iterable[CaseReading], agreements: Iterable[Agreement]) -> Path:
    """Write ``readings.csv`` and ``agreement.csv`` into a folder, which is created if missing; former files are replaced.

    Raises
    ------
    ResultsError
        The folder cannot be written.
    """
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
        for schema, rows in ((READINGS, reading_rows(readings)), (AGREEMENT, agreement_rows(agreements))):
            write_csv(frame(schema, rows), schema, place / f"{schema.name}.csv")
    except OSError as error:
        raise ResultsError(f"{place}: found a folder that cannot be written ({error}); expected a new one; choose another one") from error
    return place
