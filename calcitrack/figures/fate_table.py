"""Table below the figure: date, number of deposits and their fates at each visit, with the marks of the fates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from calcitrack.figures.drawn import DrawnPoint
from calcitrack.figures.page import RULE_COLOUR, TEXT_POINTS, spread
from calcitrack.figures.palette import FateMark, fate_mark, in_order
from calcitrack.model.assessment import Fate

ROW_MM = 4.3
LEADER_MM = 3.0
"""Height of the lines that lead from a visit's true date to its column."""
DATE_MM = 15.5
"""Width of a date such as 2021-03-08 at 7 points, and a gap."""
UPRIGHT_MM = 6.6
"""Distance of columns whose dates stand upright: a mark and a number of two digits."""
MARK_MM, NUMBER_MM = 2.1, 0.5
"""A mark stands this far left of its column's middle, and its number begins this far left of it."""


@dataclass(frozen=True, slots=True)
class FateRow:
    """A row: fates that share a mark, with the number of deposits at each time point."""

    mark: FateMark
    words: str
    fates: tuple[Fate, ...]


def fate_rows(points: Sequence[DrawnPoint]) -> list[FateRow]:
    """Rows for the fates that occur."""
    occurring = in_order(f for p in points for f, n in p.fates.items() if n)
    calm = tuple(f for f in occurring if f in (Fate.BASELINE, Fate.PERSISTENT))
    rows = [FateRow(fate_mark(Fate.PERSISTENT), ", ".join(f.value for f in calm), calm)] if calm else []
    return rows + [FateRow(fate_mark(f), fate_mark(f).words, (f,)) for f in occurring if f not in calm]


def upright(n: int, width_mm: float) -> bool:
    """Whether dates must be vertical for `n` columns to fit."""
    return n * DATE_MM > width_mm


def table_height(points: Sequence[DrawnPoint], width_mm: float) -> float:
    """Millimetres that the table takes."""
    return LEADER_MM + (DATE_MM + 1.0 if upright(len(points), width_mm) else ROW_MM) + ROW_MM * (1 + len(fate_rows(points))) + 1.0


def draw_fates(axes: Axes, points: Sequence[DrawnPoint], places: Sequence[float], left: float, right: float) -> None:
    """Draw the table; the axes are in millimetres of the page, rows counted downwards.

    Parameters
    ----------
    places
        Position of each visit in the panels above, millimetres from the page's left edge.
    left, right
        Ends of the panels above.
    """
    standing = upright(len(points), right - left)
    half = (UPRIGHT_MM if standing else DATE_MM) / 2
    columns = spread(places, 2 * half, left + min(half, 5.0), right - half + 6.0)
    y = LEADER_MM
    for x, column, p in zip(places, columns, points, strict=True):
        axes.plot([x, x, column], [0, 0.8, LEADER_MM], color=RULE_COLOUR, lw=0.5, gid="leader")
        date = p.date.isoformat() if p.date else "date not stated"
        axes.text(column, y + 0.5, date, rotation=90 if standing else 0, ha="center", va="top", fontsize=TEXT_POINTS, gid="date")
    axes.text(left - 3, y + 0.5, "visit", ha="right", va="top", fontsize=TEXT_POINTS)
    y += DATE_MM + 1.0 if standing else ROW_MM
    _row(axes, y, "deposits", columns, ["not read" if p.deposit_count is None else str(p.deposit_count) for p in points], left, bold=True)
    for row in fate_rows(points):
        y += ROW_MM
        counts = [sum(p.fates.get(f, 0) for f in row.fates) for p in points]
        cells = ["" if p.deposit_count is None else str(n or "–") for n, p in zip(counts, points, strict=True)]  # noqa: RUF001 a dash is meant
        _row(axes, y, row.words, columns, cells, left, mark=row.mark)


def _row(
    axes: Axes, y: float, words: str, columns: Sequence[float], cells: Sequence[str], left: float, *, mark: FateMark | None = None, bold: bool = False
) -> None:
    middle, weight = y + ROW_MM / 2, "bold" if bold else "normal"
    axes.text(left - (6.0 if mark else 3.0), middle, words, ha="right", va="center", fontsize=TEXT_POINTS, fontweight=weight)
    marks = [left - 3.6] if mark else []
    for column, cell in zip(columns, cells, strict=True):
        counted = mark is not None and cell.isdigit()
        x, side = (column - NUMBER_MM, "left") if counted else (column, "center")
        colour = "black" if cell.isdigit() else RULE_COLOUR
        axes.text(x, middle, cell, ha=side, va="center", fontsize=TEXT_POINTS, fontweight=weight, color=colour, gid=f"count {words}")
        if counted:
            marks.append(column - MARK_MM)
    if mark is not None:
        axes.plot(
            marks, [middle] * len(marks), mark.marker, ls="", ms=4.2, mfc=mark.colour, mec="black", mew=0.5, clip_on=False, gid=f"mark {mark.words}"
        )
