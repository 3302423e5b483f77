"""Excel workbook (.xlsx) -> lines of cells, with the numbers and dates that it states."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

from calcitrack.io.files.library_warnings import collected_warnings
from calcitrack.io.sheets.cells import EMPTY, MAX_BYTES, Cell, CellLine, CellLines, FileProblemError, cell_text, column_name

ZIP_START = b"PK\x03\x04"
OLE_START = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Compound file: Excel's .xls, and an .xlsx that asks for a password (MS-CFB, 2.2)."""
CONTENT_TYPES = "[Content_Types].xml"
"""A member of every Office document (ECMA-376, part 2)."""
WORKBOOK_FOLDER = "xl/"
SAVE_AS_XLSX = "save it as an Excel workbook (.xlsx) without password, or as CSV in UTF-8"
_ZEROS = re.compile(r"0+")
"""Number format that shows leading zeros: 42 as 00042."""


def looks_like_workbook(content: bytes) -> bool:
    """Whether a file is of the kinds that Office programs write, whatever its name."""
    return content.startswith((ZIP_START, OLE_START))


def read_workbook(content: bytes, columns: Iterable[str]) -> CellLines:
    """Lines of the sheet that has the columns.

    Parameters
    ----------
    columns
        Known columns. Where several sheets hold something, the one whose header row has some of them is read.

    Raises
    ------
    FileProblemError
        It is another kind of file, broken, or several sheets have the columns.
    """
    import openpyxl  # imported on use: most runs read no workbook

    _check_kind(content)
    with collected_warnings():
        try:
            values, formulas = (openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=data_only) for data_only in (True, False))
            sheets = {s.title: tuple(_lines(s, formulas[s.title])) for s in values.worksheets}
        except Exception as error:  # openpyxl and its XML parser raise many kinds on broken files; all mean the same here
            raise FileProblemError(f"an Excel workbook that cannot be read ({type(error).__name__})", "open it in Excel and save it again") from error
    filled = {title: lines for title, lines in sheets.items() if lines}
    known = {column_name(c) for c in columns}
    fitting = [title for title, lines in filled.items() if known & {column_name(c.text) for c in lines[0].cells}]
    if len(fitting) > 1:
        raise FileProblemError(f"{len(fitting)} sheets that hold such a table", "keep one of them in the file")
    chosen = fitting[0] if fitting else next(iter(filled), None)
    return CellLines(() if chosen is None else filled[chosen], None)


def _check_kind(content: bytes) -> None:
    if content.startswith(OLE_START):
        raise FileProblemError("an Excel file of the old kind (.xls), or one with a password", SAVE_AS_XLSX)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise FileProblemError("a workbook or archive that breaks off", "fetch it again") from error
    names = {m.filename for m in members}
    if CONTENT_TYPES not in names or not any(n.startswith(WORKBOOK_FOLDER) for n in names):
        raise FileProblemError("an archive or a document that is no Excel workbook", SAVE_AS_XLSX)
    if sum(m.file_size for m in members) > MAX_BYTES:
        raise FileProblemError(f"a workbook that unpacks to more than {MAX_BYTES} bytes", "check that this is the right file")


def _lines(sheet: Any, formulas: Any) -> Iterator[CellLine]:
    """Lines that are not blank. Excel's own row numbers count, whatever size the sheet states."""
    sheet.reset_dimensions()
    formulas.reset_dimensions()
    for number, (row, written) in enumerate(zip(sheet.iter_rows(), formulas.iter_rows(), strict=True), start=1):
        line = CellLine(number, tuple(_cell(value, formula) for value, formula in zip(row, written, strict=True)))
        if not line.is_blank:
            yield line


def _cell(cell: Any, written: Any) -> Cell:
    value = cell.value
    if value is None:
        return Cell("", doubt="a formula without a result; open the file in Excel and save it again") if written.value is not None else EMPTY
    if cell.data_type == "e":
        return Cell(str(value), doubt=f"the error {value} of a formula")
    if isinstance(value, dt.datetime | dt.date):
        moment = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())
        return Cell((moment.date() if moment.time() == dt.time() else moment).isoformat(), moment)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value, str(cell.number_format))
    return Cell(" ".join(str(value).upper().split()) if isinstance(value, bool) else cell_text(str(value)))


def _number(value: float, shape: str) -> Cell:
    whole = float(value).is_integer()
    text = str(int(value)) if whole else repr(value)
    return Cell(text.zfill(len(shape)) if whole and _ZEROS.fullmatch(shape) and value >= 0 else text, float(value))
