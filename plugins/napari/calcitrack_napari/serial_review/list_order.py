"""The deposit list: how it is sorted, filtered and written. Pure: no napari, no Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from calcitrack.model.assessment import COVERAGE_FACTOR, DepositId, Fate
from calcitrack.model.measurement import Measurement
from calcitrack.model.possible import possible_number
from calcitrack.reporting.change_words import percent, short_change
from calcitrack.review.deposit_list import DepositRow, ReaderVerdict

Order = Callable[[DepositRow], tuple[bool, float | str]]
"""Sort key of a row; rows without a value come last."""


def _by_value(name: str) -> Order:
    return lambda row: (row.value(name) is None, -(m.value if (m := row.value(name)) else 0.0))


ORDERS: dict[str, Order] = {
    "id": lambda row: (False, f"{_number(row):09d}"),
    "mass": _by_value("ha_mass_mg"),
    "area": _by_value("area_mm2"),
    "change": lambda row: (row.change is None, -_size(row)),
    "least sure": lambda row: (row.confidence is None, row.confidence or 0.0),
}
"""Name of an order -> its sort key."""

FILTERS: dict[str, Callable[[DepositRow], bool]] = {
    "all": lambda _: True,
    "to do": lambda row: row.to_do,
    "seen here": lambda row: row.possible or row.label is not None,
    "new or gone": lambda row: row.fate not in (None, Fate.BASELINE, Fate.PERSISTENT, Fate.NOT_EVALUABLE),
    "rejected": lambda row: row.verdict is ReaderVerdict.REJECTED,
}
"""Name of a filter -> whether it shows a row."""


def arranged(rows: Iterable[DepositRow], order: str = "id", only: str = "all") -> tuple[DepositRow, ...]:
    """Rows that pass the filter ``only`` (of `FILTERS`): possible deposits first, sorted by ``order`` (of `ORDERS`), then by id."""
    return tuple(sorted((r for r in rows if FILTERS[only](r)), key=lambda r: (not r.possible, *ORDERS[order](r), *ORDERS["id"](r))))


def _number(row: DepositRow) -> int:
    return DepositId.parse(row.deposit_id).number if not row.possible else possible_number(row.deposit_id) or 0


def _size(row: DepositRow) -> float:
    return abs(row.change.absolute.value) if row.change is not None and row.change.absolute is not None else 0.0


def change_words(row: DepositRow) -> str:
    """The change of a row in its unit with its 95 % interval, and the percentage where there is one; empty where there is no change."""
    if row.change is None:
        return ""
    value, interval = short_change(row.change)
    relative = "" if row.change.relative is None else f"; {percent(row.change.relative.value)}"
    return f"{value} ({interval}){relative}" if value else ""


def with_sd(measured: Measurement | None) -> str:
    """A value and the half width of its 95 % interval, in as many digits as that allows; empty for ``None``."""
    if measured is None:
        return ""
    if measured.sd is None:
        return f"{measured.value:.3g}"
    half = COVERAGE_FACTOR * measured.sd
    digits = 0 if half >= 10 else 1 if half >= 0.5 else 2
    return f"{measured.value:.{digits}f} ± {half:.{digits}f}"
