"""Dates as people write them: year first always; day or month first only where the file proves it, or the user says so."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from calcitrack.io.sheets.cells import Cell

LAST_MONTH = 12
YEAR_FIRST = "year first"
_TIME = r"(?:(?:T|,? +)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?)?"
_YEAR_FIRST = re.compile(rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<first>\d{{1,2}})(?P=mark)(?P<second_part>\d{{1,2}}){_TIME}", re.ASCII)
_YEAR_LAST = re.compile(rf"(?P<first>\d{{1,2}})(?P<mark>[-/.])(?P<second_part>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}){_TIME}", re.ASCII)


_SHORT_YEAR = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2}", re.ASCII)


class DateOrder(StrEnum):
    """What stands first in dates like 04/05/2024."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


SAY_WHICH = " or ".join(f"--dates {order}" for order in DateOrder)


@dataclass(frozen=True, slots=True)
class PlacedCell:
    """A cell of a date column that is not empty.

    Parameters
    ----------
    line, column
        Where it stands.
    """

    line: int
    column: str
    cell: Cell


def read_moments(cells: Sequence[PlacedCell], order: DateOrder | None) -> tuple[dict[tuple[int, str], dt.datetime], list[tuple[int, str]]]:
    """Moments of all date cells of a file.

    All dates of a file have to be written alike: a spreadsheet with another country's settings turns some and leaves others. Where the year
    stands last, a day above 12 shows what is first; without one only the user knows.

    Parameters
    ----------
    order
        What the user says; ``None`` where the file has to prove it.

    Returns
    -------
    tuple
        Moments by (line, column), at midnight where no time is stated; and problems as (line, words).
    """
    problems: list[tuple[int, str]] = []
    written = [(p, form) for p in cells if (form := _form(p, problems))]
    usual = Counter(form for _, form in written).most_common(1)[0][0] if written else ""
    example = next((p for p, form in written if form == usual), None)
    alike = []
    for placed, form in written:
        if form == usual or example is None:
            alike.append(placed)
        else:
            words = (
                f"{placed.column} {placed.cell.text!r} is written otherwise than {example.cell.text!r} in line {example.line}: a spreadsheet may "
                "have turned day and month in some rows; write all dates as 2024-05-31"
            )
            problems.append((placed.line, words))
    if usual != YEAR_FIRST:
        order = order or _proven_order(alike, problems)
    return _moments(alike, order, problems), problems


def _form(placed: PlacedCell, problems: list[tuple[int, str]]) -> str:
    """How a date is written: year first, or the mark between its parts; empty for what is no date, which is a problem."""
    cell = placed.cell
    if isinstance(cell.value, dt.datetime):
        return YEAR_FIRST
    if isinstance(cell.value, float):
        problems.append((placed.line, f"{placed.column} {cell.text} is a number, not a date; format the cell as a date"))
        return ""
    if _iso(cell.text) is not None or _YEAR_FIRST.fullmatch(cell.text):
        return YEAR_FIRST
    if match := _YEAR_LAST.fullmatch(cell.text):
        return match["mark"]
    problems.append((placed.line, not_a_date(placed)))
    return ""


def not_a_date(placed: PlacedCell) -> str:
    """What is said of a cell that is no date."""
    hint = "; write the year with four digits" if _SHORT_YEAR.fullmatch(placed.cell.text) else ""
    return f"{placed.column} {placed.cell.text!r} is not a date like 2024-05-31 or a time like 2024-05-31T10:15{hint}"


def _proven_order(cells: Sequence[PlacedCell], problems: list[tuple[int, str]]) -> DateOrder | None:
    """The only order in which all dates are dates; a problem where both or none would do."""
    days, months = ([p for p in cells if _moment(p.cell, o) and not _moment(p.cell, other)] for o, other in _BOTH_WAYS)
    if days and months:
        fewer, more, order = (months, days, DateOrder.DAY_FIRST) if len(months) <= len(days) else (days, months, DateOrder.MONTH_FIRST)
        for p in fewer:
            words = (
                f"{p.column} {p.cell.text!r} has its day in another place than {more[0].cell.text!r} in line {more[0].line}; write all as 2024-05-31"
            )
            problems.append((p.line, words))
        return order
    if days or months:
        return DateOrder.DAY_FIRST if days else DateOrder.MONTH_FIRST
    open_ones = [p for p in cells if _moment(p.cell, DateOrder.DAY_FIRST) != _moment(p.cell, DateOrder.MONTH_FIRST)]
    if not open_ones:
        return DateOrder.DAY_FIRST
    first = open_ones[0]
    readings = " or ".join(f"{m:%Y-%m-%d}" for o in DateOrder if (m := _moment(first.cell, o)))
    words = (
        f"{first.column} {first.cell.text!r} may be {readings}, and no date of the file has a day above {LAST_MONTH}, which would show it; "
        f"say which with {SAY_WHICH}"
    )
    problems.append((first.line, words))
    return None


_BOTH_WAYS = ((DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST), (DateOrder.MONTH_FIRST, DateOrder.DAY_FIRST))


def _moments(cells: Sequence[PlacedCell], order: DateOrder | None, problems: list[tuple[int, str]]) -> dict[tuple[int, str], dt.datetime]:
    moments = {}
    told = {line for line, _ in problems}
    for placed in cells:
        moment = _moment(placed.cell, order)
        if moment is not None:
            moments[placed.line, placed.column] = moment
        elif order is None and _moment(placed.cell, DateOrder.DAY_FIRST) is not None:
            continue  # told once for the file
        elif placed.line not in told:
            problems.append((placed.line, not_a_date(placed) + (f" ({order.value})" if order else "")))
    return moments


def _iso(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def _moment(cell: Cell, order: DateOrder | None) -> dt.datetime | None:
    """The moment of a cell; ``None`` where it is none, or the order of its parts is not known."""
    if isinstance(cell.value, dt.datetime):
        return cell.value
    if (iso := _iso(cell.text)) is not None:
        return iso
    match = _YEAR_FIRST.fullmatch(cell.text)
    month, day = ("first", "second_part") if match or order is DateOrder.MONTH_FIRST else ("second_part", "first")
    match = match or (_YEAR_LAST.fullmatch(cell.text) if order else None)
    if match is None:
        return None
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    try:
        return dt.datetime.combine(dt.date(int(match["year"]), int(match[month]), int(match[day])), dt.time(hour, minute, second))
    except ValueError:
        return None
