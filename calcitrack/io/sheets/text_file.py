"""CSV text -> lines of cells: encoding by its marks, separator by the header row."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator

from calcitrack.io.sheets.cells import Cell, CellLine, CellLines, FileProblemError, Separator, cell_text, column_name

SEPARATOR_LINE = "sep="
"""Begins a first line in which Excel names the separator."""
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""Excel's "Unicode text" is UTF-16 with tabs."""
SAVE_AS_UTF_8 = "save it as CSV in UTF-8 (in Excel: 'CSV UTF-8') or as an Excel workbook (.xlsx)"


def read_text_file(content: bytes, columns: Iterable[str]) -> CellLines:
    """Lines of a CSV file.

    Parameters
    ----------
    columns
        Known columns: the separator is the one that shows most of them in the header row.

    Raises
    ------
    FileProblemError
        The bytes are no text, or a quotation mark does not close.
    """
    text = _decoded(content)
    stated, text, skipped = _stated_separator(text)
    separator = stated or _separator(text, {column_name(c) for c in columns})
    return CellLines(tuple(line for line in _lines(text, separator, skipped) if not line.is_blank), separator)


def _decoded(content: bytes) -> str:
    try:
        text = content.decode("utf-16" if content.startswith(UTF_16_MARKS) else "utf-8-sig")
    except UnicodeDecodeError as error:
        if content.startswith(UTF_16_MARKS):
            raise FileProblemError("text that begins as UTF-16 and breaks off", SAVE_AS_UTF_8) from error
        if b"\0" in content:
            raise FileProblemError("binary data, which cannot be read as text", SAVE_AS_UTF_8) from error
        line, byte = content.count(b"\n", 0, error.start) + 1, content[error.start]
        found = f"text in another encoding than UTF-8 (line {line}: byte 0x{byte:02X}), perhaps that of Excel's plain 'CSV' on Windows"
        raise FileProblemError(found, SAVE_AS_UTF_8) from error
    if "\0" in text:
        raise FileProblemError("binary data, which cannot be read as text", SAVE_AS_UTF_8)
    return text


def _stated_separator(text: str) -> tuple[Separator | None, str, int]:
    """The separator of a line ``sep=;``, the text behind it, and how many lines that skips."""
    first, mark, rest = text.partition("\n")
    stated = first.rstrip("\r").lower().removeprefix(SEPARATOR_LINE)
    if first[: len(SEPARATOR_LINE)].lower() == SEPARATOR_LINE and stated in set(Separator):
        return Separator(stated), rest if mark else "", 1
    return None, text, 0


def _separator(text: str, known: set[str]) -> Separator:
    header = next((line for line in text.splitlines() if line.strip(" \t,;")), "")

    def shown(separator: Separator) -> tuple[int, int]:
        cells = header.split(separator)
        return sum(column_name(c.strip().strip('"')) in known for c in cells), len(cells)

    return max(Separator, key=shown)


def _lines(text: str, separator: Separator, skipped: int) -> Iterator[CellLine]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 1
    try:
        for cells in reader:
            yield CellLine(number + skipped, tuple(Cell(cell_text(c)) for c in cells))
            number = reader.line_num + 1
    except csv.Error as error:
        raise FileProblemError(f"line {number + skipped}: a cell that cannot be read ({error})", "close its quotation marks") from error
