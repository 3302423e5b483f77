"""Numbers as people write them: decimal point or decimal comma, as the file shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from calcitrack.io.sheets.cells import Cell, Separator

NUMBER = re.compile(r"[+-]?(?P<whole>\d+)(?:(?P<mark>[.,])(?P<rest>\d+))?(?:[eE][+-]?\d+)?", re.ASCII)
GROUP = 3
"""Digits between two thousands separators: 1.234 may be 1234."""
MARK_NAMES = {".": "point", ",": "comma"}


@dataclass(frozen=True, slots=True)
class DecimalMark:
    """The decimal mark of a file, and the cell that shows it.

    Parameters
    ----------
    mark
        ``.`` or ``,``; empty where nothing shows which.
    shown_by, line
        Text and line of the first cell that shows it; empty and 0 where the separator does.
    """

    mark: str
    shown_by: str = ""
    line: int = 0


def decimal_mark(texts: Iterable[tuple[int, str]], separator: Separator | None) -> DecimalMark:
    """The decimal mark of a file.

    Parameters
    ----------
    texts
        (line, text) of each number that is written as text.
    separator
        Between cells: where it is a comma and nothing shows a decimal comma, the point is the decimal mark.
    """
    for line, text in texts:
        match = NUMBER.fullmatch(text)
        if match and match["mark"] and not _may_be_thousands(match):
            return DecimalMark(match["mark"], text, line)
    return DecimalMark("." if separator is Separator.COMMA else "")


def read_number(cell: Cell, decimal: DecimalMark) -> tuple[float | None, str]:
    """Value of a cell, and what is wrong with it.

    Returns
    -------
    tuple
        The value, or ``None`` with words that go on behind the cell's text.
    """
    if isinstance(cell.value, float):
        return cell.value, ""
    if cell.value is not None:
        return None, "is a date where a number is due: a spreadsheet may have turned it into one; format the cell as a number and type it again"
    match = NUMBER.fullmatch(cell.text)
    if match is None:
        return None, f"is not a number like 12.5{_hint(cell.text)}"
    mark = match["mark"]
    if mark and mark != decimal.mark:
        if decimal.mark:
            where = f" ({decimal.shown_by!r} in line {decimal.line})" if decimal.shown_by else ""
            return None, f"has a {MARK_NAMES[mark]}, and the file a decimal {MARK_NAMES[decimal.mark]}{where}; leave out thousands separators"
        whole, plain = f"{match['whole']}{match['rest']}", f"{match['whole']}.{match['rest']}0"
        return None, f"may be {whole} or {plain}; write which it is"
    return float(cell.text.replace(",", ".")), ""


def read_numbers(texts: Sequence[str], decimal: DecimalMark) -> list[float] | None:
    """Values of several numbers that stand in one cell; ``None`` where one is none."""
    values = [read_number(Cell(text), decimal)[0] for text in texts]
    return None if any(v is None for v in values) else [v for v in values if v is not None]


def _may_be_thousands(match: re.Match[str]) -> bool:
    return len(match["rest"]) == GROUP and len(match["whole"]) <= GROUP and match["whole"].lstrip("0") != ""


def _hint(text: str) -> str:
    if text[:1] in ("<", ">"):
        return "; write the limit itself for a value beyond it"
    return "; leave out thousands separators" if "." in text and "," in text else ""
