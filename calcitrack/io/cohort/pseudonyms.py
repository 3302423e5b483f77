"""``MAP.csv``: which pseudonym stands for which Patient ID."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from calcitrack.errors import PseudonymError
from calcitrack.io.sheets.table import Row, TableForm, read_rows
from calcitrack.model.display import counted

COLUMNS = ("old", "new")
MOST_NAMED = 10
"""Rows that a sentence names."""
MAX_CHARACTERS = 64
"""Of a Patient ID (VR LO)."""
_FORM = TableForm(COLUMNS, COLUMNS, "Patient ID", PseudonymError, quotes=False)


def read_pseudonyms(path: Path) -> Mapping[str, str]:
    """Pseudonym by Patient ID. Several IDs may have one pseudonym: then they are one patient.

    Raises
    ------
    PseudonymError
        With every problem of the file, each with its line and without quoting an ID.
    """
    pseudonyms: dict[str, str] = {}
    read_rows(path, _FORM, lambda row: _add(pseudonyms, row))
    return pseudonyms


def rows_of_nobody(patients: Iterable[str], pseudonyms: Mapping[str, str]) -> tuple[int, ...]:
    """Numbers of the rows, from 1, whose ID none of these patients has."""
    there = set(patients)
    return tuple(number for number, old in enumerate(pseudonyms, start=1) if old not in there)


def nobody_sentence(rows: Sequence[int]) -> str:
    """What is said of rows that fit nobody, without an ID; empty where there are none."""
    named = ", ".join(map(str, rows[:MOST_NAMED])) + (" and others" if len(rows) > MOST_NAMED else "")
    return f"{counted(len(rows), 'row')} of the map ({named}) {'fits' if len(rows) == 1 else 'fit'} no patient" if rows else ""


def check_all_have_pseudonyms(patients: Sequence[tuple[str, str]], pseudonyms: Mapping[str, str]) -> None:
    """Return when the map has a row for each patient.

    Parameters
    ----------
    patients
        (file, Patient ID) of each file.

    Raises
    ------
    PseudonymError
        A patient has none. It names the first such file, how many more there are, and the rows that fit nobody: IDs whose leading zeros a
        spreadsheet took away are both.
    """
    left = [source for source, patient in patients if patient not in pseudonyms]
    if not left:
        return
    more = f", here and in {counted(len(left) - 1, 'more file')}" if len(left) > 1 else ""
    unused = nobody_sentence(rows_of_nobody((patient for _, patient in patients), pseudonyms))
    hint = f"; {unused}: did a spreadsheet take leading zeros away?" if unused else ""
    raise PseudonymError(
        left[0], f"a Patient ID without a pseudonym{more}{hint}", "one for each patient of the inputs", "add or correct rows of the map"
    )


def _add(pseudonyms: dict[str, str], row: Row) -> None:
    """Add a row, or say what is wrong with it."""
    old, new = row.text("old"), row.text("new")
    if len(new) > MAX_CHARACTERS or "\\" in new or not new.isprintable():
        row.wrong(f"a pseudonym of more than {MAX_CHARACTERS} characters, or with a backslash or control character")
    elif old in pseudonyms:
        row.wrong("an ID that stands above already")
    elif old and new:
        pseudonyms[old] = new
