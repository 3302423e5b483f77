"""``treatments.csv`` and ``labs.csv``: a patient's treatments and laboratory results."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

from calcitrack.errors import CourseError
from calcitrack.io.sheets.all_problems import all_problems
from calcitrack.io.sheets.dates import DateOrder
from calcitrack.io.sheets.table import Row, TableForm, read_rows
from calcitrack.model.course import Courses, LabResult, PatientCourse, Treatment
from calcitrack.model.display import counted

TREATMENTS, LABS = "treatments.csv", "labs.csv"
"""File names that are found automatically in the top of an input folder, also with the other endings; case does not count."""
ENDINGS = (".csv", ".xlsx")
"""A name with each of these, in this order, is looked for."""
TREATMENT_COLUMNS = ("patient_id", "name", "start", "stop", "dose", "unit", "route")
LAB_COLUMNS = ("patient_id", "date", "name", "value", "unit", "low", "high")
ONGOING = ("ongoing",)
"""Text for a treatment that continues, as an empty cell does too."""


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


def read_treatments(path: Path, dates: DateOrder | None = None) -> tuple[Treatment, ...]:
    """Rows of a ``treatments.csv`` or ``treatments.xlsx``, in the order of the file.

    An empty ``stop`` or ``ongoing`` means that it goes on. A tapered drug has one row a dose.

    Parameters
    ----------
    path
        A CSV file or an Excel workbook (`calcitrack.io.sheets.table.read_rows`).
    dates
        What stands first in dates such as 04/05/2024; ``None`` where the file has to prove it.

    Raises
    ------
    CourseError
        With every problem of the file, each with its line.
    """
    return _read(path, _TREATMENT, _treatment, dates)


def read_labs(path: Path, dates: DateOrder | None = None) -> tuple[LabResult, ...]:
    """Rows of a ``labs.csv`` or ``labs.xlsx``, in the order of the file.

    Parameters
    ----------
    path, dates
        As for `read_treatments`.

    Raises
    ------
    CourseError
        With every problem of the file, each with its line.
    """
    return _read(path, _LAB, _lab, dates)


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
    """The files that the user named; where none was named, those in the top of the input folders.

    Raises
    ------
    CourseError
        A folder has one of them as CSV and as a workbook: one would be out of date.
    """
    folders = [p for p in inputs if p.is_dir()]
    found, findings = [], []
    for named, name, option in ((treatments, TREATMENTS, "--treatments"), (labs, LABS, "--labs")):
        paths = [named] if named is not None else [p for f in folders if (p := course_file_in(f, name, option)) is not None]
        if named is None:
            findings += [f"{p} was found in the input folder" for p in paths]
        found.append(tuple(paths))
    return CourseFiles(found[0], found[1], tuple(findings))


def is_course_file(path: Path, name: str) -> bool:
    """Whether a path has this name, with any of the endings and in any case."""
    return path.name.lower() in {Path(name).with_suffix(ending).name for ending in ENDINGS}


def course_file_in(folder: Path, name: str, option: str = "") -> Path | None:
    """The file of this name in a folder, `is_course_file` by name; raises as `find_course_files`."""
    try:
        there = sorted(p for p in folder.iterdir() if is_course_file(p, name) and p.is_file())
    except OSError:
        return None
    if len(there) > 1:
        say = f"remove one of them, or name the other with {option}" if option else "remove one of them"
        raise CourseError(str(folder), f"both {' and '.join(p.name for p in there)}", "one file, so that none is out of date", say)
    return there[0] if there else None


@dataclass(frozen=True, slots=True)
class CourseRows:
    """All rows of a run's files, before it is known which patients have images."""

    files: CourseFiles
    treatments: tuple[Treatment, ...]
    labs: tuple[LabResult, ...]


def read_course_rows(files: CourseFiles, dates: DateOrder | None = None) -> CourseRows:
    """Read all files.

    Raises
    ------
    CourseError, TablesError
        With every problem of the file, or of all files that have some.
    """
    no_treatments: tuple[Treatment, ...] = ()
    no_labs: tuple[LabResult, ...] = ()
    with all_problems() as collect:
        treatments = [collect(partial(read_treatments, path, dates), no_treatments) for path in files.treatments]
        labs = [collect(partial(read_labs, path, dates), no_labs) for path in files.labs]
    return CourseRows(files, tuple(chain(*treatments)), tuple(chain(*labs)))


def courses_of(rows: CourseRows, known_patients: Iterable[str], pseudonyms: Mapping[str, str] | None = None) -> Courses:
    """The course of each patient.

    Parameters
    ----------
    known_patients
        Patient ids of the images; rows of other patients are left out, with a finding.
    pseudonyms
        Patient ID -> pseudonym, where the images go by pseudonyms; rows may name either.
    """
    treatments = [_renamed(row, pseudonyms) for row in rows.treatments]
    labs = [_renamed(row, pseudonyms) for row in rows.labs]
    known = sorted({p for p in known_patients if p})
    courses = tuple(
        PatientCourse(p, tuple(t for t in treatments if t.patient_id == p), tuple(r for r in labs if r.patient_id == p))
        for p in known
        if p in {t.patient_id for t in treatments} | {r.patient_id for r in labs}
    )
    findings = [*rows.files.findings]
    for paths, named in ((rows.files.treatments, {t.patient_id for t in treatments}), (rows.files.labs, {r.patient_id for r in labs})):
        unknown = sorted(named - set(known))
        if unknown:
            where = ", ".join(str(p) for p in paths)
            named_here = counted(len(unknown), "patient") if pseudonyms is not None else f"patient {', '.join(unknown)}"
            findings.append(f"{where}: no image of {named_here}; these rows are not used; patient ids are compared letter by letter")
    return Courses(courses, tuple(findings))


def read_courses(
    files: CourseFiles, known_patients: Iterable[str], pseudonyms: Mapping[str, str] | None = None, dates: DateOrder | None = None
) -> Courses:
    """The course of each patient, from files: `read_course_rows`, then `courses_of`; raises as the first."""
    return courses_of(read_course_rows(files, dates), known_patients, pseudonyms)


_Stated = TypeVar("_Stated", Treatment, LabResult)


def _renamed(row: _Stated, pseudonyms: Mapping[str, str] | None) -> _Stated:
    return row if not pseudonyms or row.patient_id not in pseudonyms else replace(row, patient_id=pseudonyms[row.patient_id])


def _read(path: Path, form: TableForm, parse: Callable[[Row], _Stated | None], dates: DateOrder | None) -> tuple[_Stated, ...]:
    lines: dict[tuple[str, ...], int] = {}

    def once(row: Row) -> _Stated | None:
        first = lines.setdefault(row.texts, row.line)
        if first != row.line:
            row.wrong(f"the same as line {first}")
        return parse(row)

    return tuple(read_rows(path, form, once, dates))


def _treatment(row: Row) -> Treatment | None:
    patient_id, name, start, stop, dose = row.text("patient_id"), row.text("name"), row.day("start"), row.day("stop"), row.number("dose")
    unit, route = row.text("unit"), row.text("route")
    if start is None or row.problems:
        return None
    return Treatment(patient_id=patient_id, name=name, start=start, stop=stop, dose=dose, unit=unit, route=route)


def _lab(row: Row) -> LabResult | None:
    date, value, low, high = row.day("date"), row.number("value"), row.number("low"), row.number("high")
    patient_id, name, unit = row.text("patient_id"), row.text("name"), row.text("unit")
    if date is None or value is None or row.problems:
        return None
    return LabResult(patient_id=patient_id, date=date, name=name, value=value, unit=unit, low=low, high=high)


_TREATMENT = TableForm(
    TREATMENT_COLUMNS, ("patient_id", "name", "start"), "treatment", CourseError, dates=("start", "stop"), numbers=("dose",), no_date=ONGOING
)
_LAB = TableForm(LAB_COLUMNS, ("patient_id", "date", "name", "value"), "result", CourseError, dates=("date",), numbers=("value", "low", "high"))
