"""A cell as a file holds it, and the lines of cells of a file."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from calcitrack.model.display import harmless

MAX_BYTES = 64 * 1024**2
"""Half a million rows; more is another kind of file. Also of what a workbook unpacks to."""


class FileProblemError(Exception):
    """A file as a whole cannot be read as a table; the caller makes the error of its kind of table from it.

    Parameters
    ----------
    found, action
        As in `calcitrack.errors.ExplainedError`.
    """

    def __init__(self, found: str, action: str) -> None:
        super().__init__(found, action)
        self.found = found
        self.action = action


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Parameters
    ----------
    text
        Without space around it. A number or date of a workbook is written out: ``12.5``, ``2024-05-31``.
    value
        The number or the moment that a workbook states; ``None`` for text, which is all that a CSV file has.
    doubt
        What is wrong with the cell whatever it is read as; empty where nothing is.
    """

    text: str
    value: float | dt.datetime | None = None
    doubt: str = ""


EMPTY = Cell("")


@dataclass(frozen=True, slots=True)
class CellLine:
    """Cells of one line, and its number in the file, from 1."""

    number: int
    cells: tuple[Cell, ...]

    @property
    def is_blank(self) -> bool:
        """Whether no cell holds anything."""
        return not any(c.text or c.doubt for c in self.cells)


class Separator(StrEnum):
    """What stands between the cells of a text file."""

    COMMA = ","
    SEMICOLON = ";"
    TAB = "\t"


@dataclass(frozen=True, slots=True)
class CellLines:
    """All lines of a file that are not blank; the first one is the header row.

    Parameters
    ----------
    separator
        ``None`` for a workbook.
    """

    lines: tuple[CellLine, ...]
    separator: Separator | None


def cell_text(written: str) -> str:
    """Text of a cell in one line, with control characters as escapes."""
    return harmless(" ".join(line.strip() for line in written.splitlines()).strip())


def column_name(text: str) -> str:
    """A column's name as it is compared: ``Patient ID`` is ``patient_id``."""
    return "_".join(text.replace("-", " ").replace("_", " ").lower().split())
