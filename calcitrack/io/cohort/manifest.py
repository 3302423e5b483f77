"""``manifest.csv``: facts that the headers of the files do not state."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from calcitrack.errors import ManifestError
from calcitrack.io.dicom.anatomy_codes import SIDES
from calcitrack.io.dicom.spacing import MAX_SPACING_MM, MIN_SPACING_MM
from calcitrack.model.display import counted
from calcitrack.model.image import Acquisition
from calcitrack.model.spacing import Spacing, SpacingBasis

COLUMNS = ("path", "patient_id", "acquisition_date", "study_date", "body_part", "laterality", "view", "spacing_mm")
"""Known columns; ``path`` is required, every other one may be missing or have empty cells."""
MAX_MANIFEST_BYTES = 64 * 1024**2
"""Half a million rows; more is another kind of file."""
EXPECTED = f"a CSV file with a header row of {', '.join(COLUMNS)}"


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """A manifest's statements about one file; empty or ``None`` where the header decides."""

    line: int
    patient_id: str = ""
    acquisition_time: dt.datetime | None = None
    body_part: str = ""
    laterality: str = ""
    view: str = ""
    spacing_mm: tuple[float, float] | None = None

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
    def spacing(self) -> Spacing | None:
        """Stated size of a pixel; the plane in which it holds is not stated."""
        return None if self.spacing_mm is None else Spacing(*self.spacing_mm, SpacingBasis.UNSPECIFIED, "manifest, spacing_mm")


def _has_time(moment: dt.datetime | None) -> bool:
    """Whether a written moment has a time of day: midnight is what a date alone becomes."""
    return moment is None or moment.time() != dt.time()


def read_manifest(path: Path) -> Mapping[Path, ManifestRow]:
    """Rows by the absolute path of their file.

    Raises
    ------
    ManifestError
        With every problem of the file, each with its line.
    """
    lines = _lines(path)
    columns = [c.strip().lower() for c in lines[0]]
    problems = _header_problems(columns)
    rows: dict[Path, ManifestRow] = {}
    if not problems:
        for number, cells in enumerate(lines[1:], start=2):
            if any(c.strip() for c in cells):
                _add_row(rows, path, number, columns, cells, problems)
    if problems:
        raise ManifestError(str(path), "; ".join(problems), EXPECTED, "correct these lines")
    return rows


def _lines(path: Path) -> list[list[str]]:
    try:
        if path.stat().st_size > MAX_MANIFEST_BYTES:
            raise ManifestError(str(path), f"more than {MAX_MANIFEST_BYTES} bytes", EXPECTED, "check that this is the manifest")
        text = path.read_text(encoding="utf-8-sig")
        lines = list(csv.reader(text.splitlines(), strict=True))
    except (OSError, ValueError, csv.Error) as error:
        raise ManifestError(str(path), f"a file that cannot be read as text ({error})", EXPECTED, "save it as CSV in UTF-8") from error
    if not lines:
        raise ManifestError(str(path), "an empty file", EXPECTED, "write the header row and a row for each file")
    return lines


def _header_problems(columns: list[str]) -> list[str]:
    problems = [f"line 1: unknown column {c!r}" for c in columns if c not in COLUMNS]
    problems += [f"line 1: column {c!r} stands twice" for c in sorted({c for c in columns if columns.count(c) > 1})]
    if "path" not in columns:
        problems.append("line 1: no column 'path'")
    return problems


def _add_row(rows: dict[Path, ManifestRow], manifest: Path, number: int, columns: list[str], cells: list[str], problems: list[str]) -> None:
    if len(cells) != len(columns):
        problems.append(f"line {number}: {counted(len(cells), 'cell')} where {counted(len(columns), 'is', 'are')} due")
        return
    row = dict(zip(columns, (c.strip() for c in cells), strict=True))
    wrong: list[str] = []
    file = _file(manifest, row["path"], wrong)
    entry = ManifestRow(
        line=number,
        patient_id=row.get("patient_id", ""),
        acquisition_time=_moment(row, wrong),
        body_part=row.get("body_part", "").upper(),
        laterality=_side(row.get("laterality", ""), wrong),
        view=row.get("view", "").upper(),
        spacing_mm=_spacing(row.get("spacing_mm", ""), wrong),
    )
    if file is not None and file in rows:
        wrong.append(f"{row['path']} is stated already in line {rows[file].line}")
    problems += [f"line {number}: {w}" for w in wrong]
    if file is not None:
        rows.setdefault(file, entry)


def _file(manifest: Path, text: str, wrong: list[str]) -> Path | None:
    """Absolute path of the row's file; a manifest may only name files of its own folder."""
    parts = PurePosixPath(text.replace("\\", "/"))
    if not text or parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0]:
        wrong.append(f"path {text!r} is not a path inside the manifest's folder")
        return None
    return (manifest.parent / parts).absolute()


def _moment(row: Mapping[str, str], wrong: list[str]) -> dt.datetime | None:
    for column in ("acquisition_date", "study_date"):
        text = row.get(column, "")
        if not text:
            continue
        try:
            return dt.datetime.fromisoformat(text).replace(tzinfo=None)
        except ValueError:
            wrong.append(f"{column} {text!r} is not a date like 2024-05-31 or a time like 2024-05-31T10:15")
    return None


def _side(text: str, wrong: list[str]) -> str:
    if text and text.upper() not in SIDES:
        wrong.append(f"laterality {text!r} is not L, R or B")
    return SIDES.get(text.upper(), "")


def _spacing(text: str, wrong: list[str]) -> tuple[float, float] | None:
    if not text:
        return None
    try:
        sizes = [float(t) for t in text.replace("x", " ").replace("\\", " ").split()]
    except ValueError:
        sizes = []
    if len(sizes) not in (1, 2) or not all(MIN_SPACING_MM <= s <= MAX_SPACING_MM for s in sizes):
        wrong.append(f"spacing_mm {text!r} is not one length, or rows x columns, between {MIN_SPACING_MM} and {MAX_SPACING_MM:g} mm")
        return None
    return sizes[0], sizes[-1]
