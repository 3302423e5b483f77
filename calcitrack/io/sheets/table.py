"""A file of people -> its rows, by the columns of its kind, with all problems at once."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from calcitrack.errors import ExplainedError, InvalidValueError
from calcitrack.io.sheets.cells import EMPTY, MAX_BYTES, Cell, CellLine, CellLines, FileProblemError, Separator, column_name
from calcitrack.io.sheets.dates import DateOrder, PlacedCell, read_moments
from calcitrack.io.sheets.numbers import DecimalMark, decimal_mark, read_number, read_numbers
from calcitrack.io.sheets.text_file import read_text_file
from calcitrack.io.sheets.workbook import looks_like_workbook, read_workbook
from calcitrack.model.display import counted

MOST_TOLD = 100
"""Problems that a message lists; a table of another kind has one in each row."""
MAX_DIGITS = 15
"""Digits of a number that Excel keeps; further ones of a long Patient ID have become zeros."""

Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True)
class TableForm:
    """What a kind of table looks like.

    Parameters
    ----------
    columns
        Known columns.
    required
        Columns that have to be there, with something in each cell.
    each
        What a row stands for, as in *a row for each file*.
    error
        Makes the error of this kind of table.
    dates
        Columns of dates and times.
    numbers
        Columns of numbers, which decide between decimal point and comma.
    no_date
        Words, in lower case, that stand in a column of dates for no date.
    quotes
        Whether a message may quote a cell: False where cells tell who somebody is.
    """

    columns: tuple[str, ...]
    required: tuple[str, ...]
    each: str
    error: Callable[[str, str, str, str], ExplainedError]
    dates: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    no_date: tuple[str, ...] = ()
    quotes: bool = True

    @property
    def expected(self) -> str:
        """What would have been read."""
        return f"a CSV file in UTF-8 or an Excel workbook (.xlsx) with a header row of {', '.join(self.columns)}"


class Row:
    """One row of a table, read cell by cell; what is wrong with it is collected.

    Parameters
    ----------
    line
        Its number in the file, from 1.
    """

    def __init__(self, line: int, cells: Mapping[str, Cell], moments: Mapping[tuple[int, str], dt.datetime], decimal: DecimalMark) -> None:
        self.line = line
        self.problems: list[str] = []
        self._cells, self._moments, self._decimal = cells, moments, decimal

    @property
    def texts(self) -> tuple[str, ...]:
        """Texts of all cells: two rows with the same are the same row."""
        return tuple(c.text for c in self._cells.values())

    def is_empty(self, column: str) -> bool:
        """Whether a cell holds nothing, or the column is missing."""
        return not self._cells.get(column, EMPTY).text

    def wrong(self, words: str) -> None:
        """Say what is wrong with the row."""
        self.problems.append(words)

    def text(self, column: str) -> str:
        """Text of a cell; empty where the column is missing."""
        cell = self._cells.get(column, EMPTY)
        if isinstance(cell.value, dt.datetime):
            self.wrong(f"{column} is a date: a spreadsheet may have turned it into one; format the cell as text and type it again")
        elif isinstance(cell.value, float) and len(cell.text) > MAX_DIGITS:
            self.wrong(
                f"{column} is a number of more than {MAX_DIGITS} digits, of which Excel loses the last; format the cell as text and type it again"
            )
        return cell.text

    def shown(self, column: str) -> str:
        """A cell as a message shows it."""
        return self._cells.get(column, EMPTY).text

    def moment(self, column: str) -> dt.datetime | None:
        """Date and time of a cell, at midnight where no time is stated; ``None`` where it is empty, or no date, which is told."""
        return self._moments.get((self.line, column))

    def day(self, column: str) -> dt.date | None:
        """Date of a cell; ``None`` as `moment`."""
        moment = self.moment(column)
        return None if moment is None else moment.date()

    def number(self, column: str) -> float | None:
        """Number in a cell; ``None`` where it is empty, or none, which is told."""
        cell = self._cells.get(column, EMPTY)
        if not cell.text:
            return None
        value, words = read_number(cell, self._decimal)
        if words:
            self.wrong(f"{column} {cell.text!r} {words}")
        return value

    def numbers(self, column: str) -> list[float] | None:
        """Numbers of a cell that holds several, between spaces, ``x`` or backslashes; empty for an empty cell, ``None`` where one is none."""
        cell = self._cells.get(column, EMPTY)
        return [cell.value] if isinstance(cell.value, float) else read_numbers(several(cell.text), self._decimal)


def several(text: str) -> list[str]:
    """Parts of a cell with several numbers."""
    return text.replace("x", " ").replace("\u00d7", " ").replace("\\", " ").split()


def read_rows(path: Path, form: TableForm, parse: Callable[[Row], Parsed | None], order: DateOrder | None = None) -> list[Parsed]:
    """Rows of a table, in the order of the file.

    Parameters
    ----------
    path
        A CSV file (comma, semicolon or tab; UTF-8, or UTF-16 with its mark) or an Excel workbook, told apart by content.
    form
        Its kind.
    parse
        Makes a value of a row, or says what is wrong with it (`Row.wrong`; an `InvalidValueError` is told too).
    order
        What stands first in dates such as 04/05/2024; ``None`` where the file has to prove it.

    Raises
    ------
    ExplainedError
        Of ``form.error``, with every problem of the file, each on a line with its number.
    """
    try:
        lines = _cell_lines(path, form)
    except FileProblemError as error:
        raise form.error(str(path), error.found, form.expected, error.action) from error
    if not lines.lines:
        raise form.error(str(path), "an empty file", form.expected, f"write the header row and a row for each {form.each}")
    header, *body = lines.lines
    columns = [column_name(c.text) for c in header.cells]
    while columns and not columns[-1]:
        columns.pop()
    problems = [(header.number, words) for words in _header_problems(columns, form)]
    parsed: list[Parsed] = []
    if not problems:
        rows = list(_rows(columns, body, form, lines.separator, problems, order))
        for row in rows:
            _parse(row, form, parse, parsed)
            problems += [(row.line, words) for words in row.problems]
    if problems:
        raise form.error(str(path), _told(problems), form.expected, "correct these lines" if len(problems) > 1 else "correct this line")
    return parsed


def _parse(row: Row, form: TableForm, parse: Callable[[Row], Parsed | None], parsed: list[Parsed]) -> None:
    for column in form.required:
        if row.is_empty(column):
            row.wrong(f"no {column}")
    try:
        value = parse(row)
    except InvalidValueError as error:
        row.wrong(str(error))
        return
    row.problems[:] = dict.fromkeys(row.problems)
    if value is not None:
        parsed.append(value)


def _cell_lines(path: Path, form: TableForm) -> CellLines:
    try:
        if path.is_dir():
            raise FileProblemError("a folder", "name the file in it")
        if path.stat().st_size > MAX_BYTES:
            raise FileProblemError(f"more than {MAX_BYTES} bytes", "check that this is the right file")
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise FileProblemError("no such file", "check the path") from error
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise FileProblemError(f"a file that cannot be opened ({reason})", "check the path and its permissions") from error
    return (read_workbook if looks_like_workbook(content) else read_text_file)(content, form.columns)


def _header_problems(columns: Sequence[str], form: TableForm) -> Iterator[str]:
    for name in columns:
        if name not in form.columns:
            yield _unknown(name, form)
    for name in sorted({c for c in columns if c in form.columns and columns.count(c) > 1}):
        yield f"column {name!r} stands twice"
    for name in form.required:
        if name not in columns:
            yield f"no column {name!r}"


def _unknown(name: str, form: TableForm) -> str:
    if not form.quotes:
        return "another header row"
    if not name:
        return "a column without a name"
    near = difflib.get_close_matches(name, form.columns, n=1)
    return f"unknown column {name!r}" + (f"; is {near[0]!r} meant?" if near else "")


def _rows(
    columns: Sequence[str],
    body: Sequence[CellLine],
    form: TableForm,
    separator: Separator | None,
    problems: list[tuple[int, str]],
    order: DateOrder | None,
) -> Iterator[Row]:
    kept: list[tuple[int, dict[str, Cell]]] = []
    for line in body:
        cells = list(line.cells)
        while len(cells) > len(columns) and not cells[-1].text:
            cells.pop()
        if separator is None:
            cells += [EMPTY] * (len(columns) - len(cells))
        if len(cells) != len(columns):
            problems.append((line.number, _miscounted(len(cells), len(columns), separator)))
            continue
        problems += [(line.number, f"{name} holds {cell.doubt}") for name, cell in zip(columns, cells, strict=True) if cell.doubt]
        kept.append((line.number, dict(zip(columns, cells, strict=True))))
    stated = ((n, name, row[name]) for n, row in kept for name in form.dates if name in row)
    placed = [PlacedCell(n, name, cell) for n, name, cell in stated if cell.text and cell.text.lower() not in form.no_date]
    moments, wrong_dates = read_moments(placed, order)
    problems += wrong_dates
    texts = ((n, text) for n, row in kept for name in form.numbers if name in row and row[name].value is None for text in several(row[name].text))
    decimal = decimal_mark(texts, separator)
    for n, row in kept:
        yield Row(n, row, moments, decimal)


def _miscounted(there: int, due: int, separator: Separator | None) -> str:
    words = f"{counted(there, 'cell')} where {counted(due, 'is', 'are')} due"
    if there > due and separator is Separator.COMMA:
        return f"{words}; a comma inside a cell needs quotation marks around the cell, or semicolons between the cells"
    return words


def _told(problems: Sequence[tuple[int, str]]) -> str:
    """All problems in the order of the file: one in the sentence, several on a line each."""
    lines = [f"line {number}: {words}" for number, words in sorted(dict.fromkeys(problems), key=lambda p: p[0])]
    if len(lines) == 1:
        return lines[0]
    more = [f"and {len(lines) - MOST_TOLD} more"] if len(lines) > MOST_TOLD else []
    return "\n  ".join([f"{counted(len(lines), 'problem')}:", *lines[:MOST_TOLD], *more])
