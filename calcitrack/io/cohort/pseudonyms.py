"""``MAP.csv``: which pseudonym stands for which Patient ID."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from calcitrack.errors import PseudonymError
from calcitrack.model.display import counted

COLUMNS = ("old", "new")
MAX_BYTES = 64 * 1024**2
"""A million patients; more is another kind of file."""
MOST_NAMED = 10
"""Rows that a sentence names."""
MAX_CHARACTERS = 64
"""Of a Patient ID (VR LO)."""
EXPECTED = "a CSV file in UTF-8 with a header row of old,new and a row for each Patient ID"


def read_pseudonyms(path: Path) -> Mapping[str, str]:
    """Pseudonym by Patient ID. Several IDs may have one pseudonym: then they are one patient.

    Raises
    ------
    PseudonymError
        With every problem of the file, each with its line and without quoting an ID.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PseudonymError(str(path), f"more than {MAX_BYTES} bytes", EXPECTED, "check that this is the map")
        lines = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines(), strict=True))
    except (OSError, ValueError, csv.Error) as error:
        raise PseudonymError(str(path), "a file that cannot be read as text", EXPECTED, "save it as CSV in UTF-8") from error
    if not lines or tuple(c.strip().lower() for c in lines[0]) != COLUMNS:
        raise PseudonymError(str(path), "another header row", EXPECTED, "write old,new into the first line")
    pseudonyms: dict[str, str] = {}
    problems = [p for number, cells in enumerate(lines[1:], start=2) if any(cells) and (p := _add(pseudonyms, number, cells))]
    if problems:
        raise PseudonymError(str(path), "; ".join(problems), EXPECTED, "correct these lines")
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


def _add(pseudonyms: dict[str, str], number: int, cells: list[str]) -> str:
    """Add a row, or say what is wrong with it."""
    if len(cells) != len(COLUMNS):
        return f"line {number}: {counted(len(cells), 'cell')} where {len(COLUMNS)} are due"
    old, new = (c.strip() for c in cells)
    if not old or not new:
        return f"line {number}: an empty cell"
    if len(new) > MAX_CHARACTERS or "\\" in new or not new.isprintable():
        return f"line {number}: a pseudonym of more than {MAX_CHARACTERS} characters, or with a backslash or control character"
    if old in pseudonyms:
        return f"line {number}: an ID that stands above already"
    pseudonyms[old] = new
    return ""
