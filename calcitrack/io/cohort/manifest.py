"""``manifest.csv``: facts that the headers of the files do not state."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path, PurePosixPath

from calcitrack.errors import ManifestError
from calcitrack.io.dicom.anatomy_codes import SIDES
from calcitrack.io.dicom.spacing import MAX_SPACING_MM, MIN_SPACING_MM
from calcitrack.io.images.sidecar import BASES, PHOTOMETRICS
from calcitrack.io.sheets.dates import DateOrder
from calcitrack.io.sheets.table import Row, TableForm, read_rows
from calcitrack.model.cohort import FileRecord
from calcitrack.model.display import counted
from calcitrack.model.film_quality import MEASURE_ANYWAY, OVERRULABLE, FilmProblem, overrulable_of
from calcitrack.model.image import Acquisition
from calcitrack.model.provenance import STORED_WHEN_STATED
from calcitrack.model.spacing import Spacing, SpacingBasis
from calcitrack.model.two_limbs import BOTH, ONE_SIDE, STATED_AS, TwoLimbs, sides_of

DATES = ("acquisition_date", "study_date")
"""Columns of the exposure's day or time, of which the first that is filled counts."""
NAME = "manifest.csv"
"""What people call it, as the manual does."""
MOST_HEADER = 4096
"""Characters of a first line that are looked at: ten times the line of all columns."""
COLUMNS = (
    *("path", "patient_id", *DATES, "body_part", "laterality", "sides", "view"),
    *("spacing_mm", "spacing_basis", "photometric_interpretation", MEASURE_ANYWAY),
)
"""Known columns; ``path`` is required, every other one may be missing or have empty cells."""
_FORM = TableForm(COLUMNS, ("path",), "file or folder", ManifestError, dates=DATES, numbers=("spacing_mm",))


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """A manifest's statements about one file, or all files of a folder; empty or ``None`` where the header decides."""

    line: int
    patient_id: str = ""
    acquisition_time: dt.datetime | None = None
    body_part: str = ""
    laterality: str = ""
    view: str = ""
    spacing_mm: tuple[float, float] | None = None
    spacing_basis: str = ""
    photometric_interpretation: str = ""
    sides: str = ""
    """Of a picture of two limbs, one of `calcitrack.model.two_limbs.ORDERS`."""
    measure_anyway: frozenset[FilmProblem] = field(default=frozenset(), metadata=STORED_WHEN_STATED)
    """Refusals of the film-quality gate that are overruled."""

    def acquisition(self, header: Acquisition, *, name_patient: bool) -> tuple[Acquisition, tuple[str, ...]]:
        """The header's facts, replaced by the manifest's where it states them; each replacement is a finding.

        Parameters
        ----------
        header
            Facts of the header.
        name_patient
            Whether a finding may name the patient: False where pseudonyms are used.
        """
        facts = {
            "patient_id": self.patient_id,
            "acquisition_time": self._moment(header),
            "body_part_examined": self.body_part,
            "laterality": self.laterality,
            "view_position": self.view,
        }
        findings = []
        for name, value in facts.items():
            before = getattr(header, name)
            if not value or value == before or (name == "patient_id" and not name_patient):
                continue
            shown = "nothing" if not before else f"{before}"
            findings.append(f"the manifest states {name} {value}; the header states {shown}; the manifest is used")
        changes: dict[str, object] = {name: value for name, value in facts.items() if value}
        if changes.get("acquisition_time", header.acquisition_time) != header.acquisition_time:
            changes["time_of_day_known"] = _has_time(self.acquisition_time)
        return replace(header, **changes), tuple(findings)  # type: ignore[arg-type]

    def _moment(self, header: Acquisition) -> dt.datetime | None:
        """A date alone keeps the header's time of day when it names the header's day."""
        moment, before = self.acquisition_time, header.acquisition_time
        if moment is not None and before is not None and moment.time() == dt.time() and moment.date() == before.date():
            return before
        return moment

    @property
    def two_limbs(self) -> TwoLimbs | None:
        """What is stated of the sides of two limbs in one picture."""
        return TwoLimbs(self.sides, "the manifest") if self.sides else None

    @property
    def spacing(self) -> Spacing | None:
        """Stated size of a pixel, in the plane that is stated."""
        basis = SpacingBasis(self.spacing_basis or SpacingBasis.UNSPECIFIED)
        return None if self.spacing_mm is None else Spacing(*self.spacing_mm, basis, "manifest, spacing_mm")

    def over(self, wider: ManifestRow) -> ManifestRow:
        """The same row, with what it leaves open taken from the row of a folder around it."""
        mine = {f.name: getattr(self, f.name) or getattr(wider, f.name) for f in fields(self)}
        if self.laterality in ONE_SIDE:  # one limb, among pictures of two
            mine["sides"] = ""
        if self.sides:
            mine["laterality"] = BOTH
        return ManifestRow(**mine)


def _has_time(moment: dt.datetime | None) -> bool:
    """Whether a written moment has a time of day: midnight is what a date alone becomes."""
    return moment is None or moment.time() != dt.time()


@dataclass(frozen=True, slots=True)
class Manifest:
    """The rows of a manifest.

    Parameters
    ----------
    path
        The file.
    rows
        By the absolute path of the file or folder that they are about.
    """

    path: Path
    rows: Mapping[Path, ManifestRow]

    def row_of(self, file: Path) -> ManifestRow | None:
        """What is stated of a file: its own row over those of the folders that hold it, the nearest first; ``None`` where nothing is."""
        stated: ManifestRow | None = None
        for place in (file.absolute(), *file.absolute().parents):
            if (row := self.rows.get(place)) is not None:
                stated = row if stated is None else stated.over(row)
        return stated

    def check_used(self, files: Iterable[Path]) -> None:
        """Return when each row is about some of these files.

        Raises
        ------
        ManifestError
            With every row that is not.
        """
        places = {place for file in files for place in (file.absolute(), *file.absolute().parents)}
        lost = [f"line {row.line}: {path} is not among the input files" for path, row in self.rows.items() if path not in places]
        if lost:
            found = lost[0] if len(lost) == 1 else "\n  ".join([f"{counted(len(lost), 'problem')}:", *lost])
            raise ManifestError(str(self.path), found, "rows about files or folders of the inputs", "correct the paths, or hand over their folder")


def manifests_among(files: Iterable[FileRecord]) -> tuple[str, ...]:
    """Files that are called ``manifest.csv`` and have a column ``path`` in their first line, as a manifest of this program does.

    Parameters
    ----------
    files
        What a scan found; a file within an archive is none, since no manifest can be used there.
    """
    named = (f.source for f in files if Path(f.source).name.lower() == NAME)
    return tuple(source for source in named if "path" in _first_cells(Path(source)))


def _first_cells(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as lines:
            return [cell.strip().strip('"').lower() for cell in re.split(r"[,;\t]", lines.readline(MOST_HEADER))]
    except OSError:
        return []


def read_manifest(path: Path, dates: DateOrder | None = None) -> Manifest:
    """Read a manifest.

    Parameters
    ----------
    path
        A CSV file or an Excel workbook (`calcitrack.io.sheets.table.read_rows`).
    dates
        What stands first in dates such as 04/05/2024; ``None`` where the file has to prove it.

    Raises
    ------
    ManifestError
        With every problem of the file, each with its line.
    """
    rows: dict[Path, ManifestRow] = {}
    read_rows(path, _FORM, lambda row: _add(rows, path, row), dates)
    return Manifest(path, rows)


def _add(rows: dict[Path, ManifestRow], manifest: Path, row: Row) -> None:
    file = _file(manifest, row)
    size = _spacing(row)
    basis = _choice(row, "spacing_basis", BASES, str.lower)
    if basis and size is None:
        row.wrong("spacing_basis without spacing_mm")
    entry = ManifestRow(
        line=row.line,
        patient_id=row.text("patient_id"),
        acquisition_time=next((m for column in DATES if (m := row.moment(column)) is not None), None),
        body_part=row.text("body_part").upper(),
        laterality=_side(row) or (BOTH if sides_of(row.text("sides")) else ""),
        sides=_sides(row),
        measure_anyway=_anyway(row),
        view=row.text("view").upper(),
        spacing_mm=size,
        spacing_basis=basis,
        photometric_interpretation=_choice(row, "photometric_interpretation", PHOTOMETRICS, str.upper),
    )
    if file is not None and file in rows:
        row.wrong(f"{row.text('path')} is stated already in line {rows[file].line}")
    elif file is not None:
        rows[file] = entry


def _file(manifest: Path, row: Row) -> Path | None:
    """Absolute path of the row's file or folder; a manifest may only name what is in its own folder."""
    text = row.text("path")
    parts = PurePosixPath(text.replace("\\", "/"))
    if not text:
        return None
    if parts.is_absolute() or ".." in parts.parts or any(":" in p for p in parts.parts[:1]):
        row.wrong(f"path {text!r} is not a path inside the manifest's folder")
        return None
    return (manifest.parent / parts).absolute()


def _side(row: Row) -> str:
    text = row.text("laterality").upper()
    if text and text not in SIDES:
        row.wrong(f"laterality {row.text('laterality')!r} is not L, R or B")
    return SIDES.get(text, "")


def _sides(row: Row) -> str:
    """Sides of two limbs in one picture."""
    text = row.text("sides")
    order = sides_of(text)
    if text and not order:
        row.wrong(f"sides {text!r} is neither R L nor L R: the sides of two limbs, {STATED_AS}")
    elif order and _side_or_none(row) in ONE_SIDE:
        row.wrong(f"laterality {row.text('laterality')} with sides {text}: a picture of two limbs has no side of its own")
    return order


def _anyway(row: Row) -> frozenset[FilmProblem]:
    text = row.text(MEASURE_ANYWAY)
    found = overrulable_of(text)
    if found is None:
        row.wrong(f"{MEASURE_ANYWAY} {text!r} is none of the refusals that can be overruled: {', '.join(OVERRULABLE)}")
    return found or frozenset()


def _side_or_none(row: Row) -> str:
    return SIDES.get(row.text("laterality").upper(), "")


def _choice(row: Row, column: str, choices: tuple[str, ...], in_case: Callable[[str], str]) -> str:
    text = in_case(row.text(column))
    if text and text not in choices:
        row.wrong(f"{column} {row.text(column)!r} is none of {', '.join(choices)}")
        return ""
    return text


def _spacing(row: Row) -> tuple[float, float] | None:
    if row.is_empty("spacing_mm"):
        return None
    sizes = row.numbers("spacing_mm")
    if sizes is None or len(sizes) not in (1, 2) or not all(MIN_SPACING_MM <= s <= MAX_SPACING_MM for s in sizes):
        row.wrong(f"spacing_mm {row.shown('spacing_mm')!r} is not one length, or rows x columns, between {MIN_SPACING_MM} and {MAX_SPACING_MM:g} mm")
        return None
    return sizes[0], sizes[-1]
