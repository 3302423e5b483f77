"""``treatments.csv`` and ``labs.csv``: a patient's treatments and laboratory results."""

from __future__ import annotations

import csv
import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from calcitrack.errors import CourseError, InvalidValueError
from calcitrack.model.course import Courses, LabResult, PatientCourse, Treatment
from calcitrack.model.display import counted

TREATMENTS, LABS = "treatments.csv", "labs.csv"
"""File names that are found automatically in the top of an input folder."""
TREATMENT_COLUMNS = ("patient_id", "name", "start", "stop", "dose", "unit", "route")
LAB_COLUMNS = ("patient_id", "date", "name", "value", "unit", "low", "high")
ONGOING = ("", "ongoing")
"""Text for a treatment that continues."""
MAX_BYTES = 64 * 1024**2
"""Half a million rows; more is another kind of file."""

CsvRow = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Sort:
    """Format of one of the two files: its columns, its required columns, and how a row is parsed."""

    columns: tuple[str, ...]
    required: tuple[str, ...]
    read: Callable[[CsvRow, list[str]], Treatment | LabResult | None]

    @property
    def expected(self) -> str:
        return f"a CSV file in UTF-8 with a header row of {', '.join(self.columns)}"


@dataclass(frozen=True, slots=True)
class CourseFiles:
    """Files with treatments and laboratory results of one run.

    Parameters
    ----------
    treatments, labs
        Files to read.
    findings
        Sentences about files that were found in the input folders.
    """

    treatments: tuple[Path, ...] = ()
    labs: tuple[Path, ...] = ()
    findings: tuple[str, ...] = ()


def read_treatments(path: Path) -> tuple[Treatment, ...]:
    """Rows of a ``treatments.csv``, in the order of the file.

    Dates are ISO 8601 (year-month-day); an empty ``stop`` or ``ongoing`` means that it goes on. A tapered drug has one row a dose.

    Raises
    ------
    CourseError
        With every problem of the file, each with its line.
    """
    return tuple(r for r in _read(path, _TREATMENT) if isinstance(r, Treatment))


def read_labs(path: Path) -> tuple[LabResult, ...]:
    """Rows of a ``labs.csv``, in the order of the file.

    Raises
    ------
    CourseError
        With every problem of the file, each with its line.
    """
    return tuple(r for r in _read(path, _LAB) if isinstance(r, LabResult))


def write_treatments(path: Path, rows: Iterable[Treatment]) -> None:
    """Write a ``treatments.csv`` that `read_treatments` reads back as the same rows."""
    _write(path, TREATMENT_COLUMNS, ((t.patient_id, t.name, t.start, t.stop, t.dose, t.unit, t.route) for t in rows))


def write_labs(path: Path, rows: Iterable[LabResult]) -> None:
    """Write a ``labs.csv`` that `read_labs` reads back as the same rows."""
    _write(path, LAB_COLUMNS, ((r.patient_id, r.date, r.name, r.value, r.unit, r.low, r.high) for r in rows))


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(["" if v is None else f"{v:g}" if isinstance(v, float) and float(f"{v:g}") == v else v for v in row] for row in rows)


def find_course_files(inputs: Iterable[Path], treatments: Path | None, labs: Path | None) -> CourseFiles:
    """The files that the user named; where none was named, those in the top of the input folders."""
    folders = [p for p in inputs if p.is_dir()]
    found, findings = [], []
    for named, name in ((treatments, TREATMENTS), (labs, LABS)):
        paths = [named] if named is not None else [f / name for f in folders if (f / name).is_file()]
        if named is None:
            findings += [f"{p} was found in the input folder" for p in paths]
        found.append(tuple(paths))
    return CourseFiles(found[0], found[1], tuple(findings))


def read_courses(files: CourseFiles, known_patients: Iterable[str], pseudonyms: Mapping[str, str] | None = None) -> Courses:
    """The course of each patient.

    Parameters
    ----------
    known_patients
        Patient ids of the images; rows of other patients are left out, with a finding.
    pseudonyms
        Patient ID -> pseudonym, where the images go by pseudonyms; rows may name either.

    Raises
    ------
    CourseError
        With every problem of the first file that has some.
    """
    treatments = [_renamed(row, pseudonyms) for path in files.treatments for row in read_treatments(path)]
    labs = [_renamed(row, pseudonyms) for path in files.labs for row in read_labs(path)]
    known = sorted({p for p in known_patients if p})
    courses = tuple(
        PatientCourse(p, tuple(t for t in treatments if t.patient_id == p), tuple(r for r in labs if r.patient_id == p))
        for p in known
        if p in {t.patient_id for t in treatments} | {r.patient_id for r in labs}
    )
    findings = [*files.findings]
    for paths, named in ((files.treatments, {t.patient_id for t in treatments}), (files.labs, {r.patient_id for r in labs})):
        unknown = sorted(named - set(known))
        if unknown:
            where = ", ".join(str(p) for p in paths)
            named_here = counted(len(unknown), "patient") if pseudonyms is not None else f"patient {', '.join(unknown)}"
            findings.append(f"{where}: no image of {named_here}; these rows are not used; patient ids are compared letter by letter")
    return Courses(courses, tuple(findings))


_Stated = TypeVar("_Stated", Treatment, LabResult)


def _renamed(row: _Stated, pseudonyms: Mapping[str, str] | None) -> _Stated:
    return row if not pseudonyms or row.patient_id not in pseudonyms else replace(row, patient_id=pseudonyms[row.patient_id])


def _read(path: Path, sort: _Sort) -> list[Treatment | LabResult]:
    lines = _lines(path, sort)
    columns = [c.strip().lower() for c in lines[0]]
    problems = _header_problems(columns, sort)
    rows: list[Treatment | LabResult] = []
    first_lines: dict[tuple[str, ...], int] = {}
    if not problems:
        for number, cells in enumerate(lines[1:], start=2):
            if any(c.strip() for c in cells):
                rows += _row(number, columns, cells, sort, problems)
                first = first_lines.setdefault(tuple(c.strip() for c in cells), number)
                if first != number:
                    problems.append(f"line {number}: the same as line {first}")
    if problems:
        raise CourseError(str(path), "; ".join(problems), sort.expected, "correct these lines")
    return rows


def _lines(path: Path, sort: _Sort) -> list[list[str]]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CourseError(str(path), f"more than {MAX_BYTES} bytes", sort.expected, "check that this is the right file")
        lines = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines(), strict=True))
    except (OSError, ValueError, csv.Error) as error:
        raise CourseError(str(path), f"a file that cannot be read as text ({error})", sort.expected, "save it as CSV in UTF-8") from error
    if not lines:
        raise CourseError(str(path), "an empty file", sort.expected, "write the header row and a row for each entry")
    return lines


def _header_problems(columns: Sequence[str], sort: _Sort) -> list[str]:
    problems = [f"line 1: unknown column {c!r}" for c in columns if c not in sort.columns]
    problems += [f"line 1: column {c!r} stands twice" for c in sorted({c for c in columns if columns.count(c) > 1})]
    return problems + [f"line 1: no column {c!r}" for c in sort.required if c not in columns]


def _row(number: int, columns: Sequence[str], cells: Sequence[str], sort: _Sort, problems: list[str]) -> list[Treatment | LabResult]:
    if len(cells) != len(columns):
        problems.append(f"line {number}: {counted(len(cells), 'cell')} where {counted(len(columns), 'is', 'are')} due")
        return []
    row = dict(zip(columns, (c.strip() for c in cells), strict=True))
    wrong = [f"no {c}" for c in sort.required if not row[c]]
    read: Treatment | LabResult | None = None
    try:
        read = sort.read(row, wrong)
    except InvalidValueError as error:
        wrong.append(str(error))
    problems += [f"line {number}: {w}" for w in wrong]
    return [] if read is None or wrong else [read]


def _treatment(row: CsvRow, wrong: list[str]) -> Treatment | None:
    start = _day(row, "start", wrong)
    stop = None if row.get("stop", "").lower() in ONGOING else _day(row, "stop", wrong)
    dose = _number(row, "dose", wrong)
    if start is None or wrong:
        return None
    return Treatment(
        patient_id=row["patient_id"], name=row["name"], start=start, stop=stop, dose=dose, unit=row.get("unit", ""), route=row.get("route", "")
    )


def _lab(row: CsvRow, wrong: list[str]) -> LabResult | None:
    date, value, low, high = _day(row, "date", wrong), _number(row, "value", wrong), _number(row, "low", wrong), _number(row, "high", wrong)
    if date is None or value is None or wrong:
        return None
    return LabResult(patient_id=row["patient_id"], date=date, name=row["name"], value=value, unit=row.get("unit", ""), low=low, high=high)


def _day(row: CsvRow, column: str, wrong: list[str]) -> dt.date | None:
    text = row.get(column, "")
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        wrong.append(f"{column} {text!r} is not a date like 2024-05-31")
        return None


def _number(row: CsvRow, column: str, wrong: list[str]) -> float | None:
    text = row.get(column, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        hint = "; write the limit itself for a value beyond it" if text[:1] in "<>" else ""
        wrong.append(f"{column} {text!r} is not a number like 12.5{hint}")
        return None
    return value


_TREATMENT = _Sort(TREATMENT_COLUMNS, ("patient_id", "name", "start"), _treatment)
_LAB = _Sort(LAB_COLUMNS, ("patient_id", "date", "name", "value"), _lab)
