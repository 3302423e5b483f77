"""The deposit list: one row a deposit on one film, sorted and filtered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from calcitrack.model.assessment import Fate
from calcitrack.model.measurement import Deposit, Measurement, Result

PATTERNS = ("stone", "popcorn", "plate", "net", "exoskeleton", "mousse")
"""Patterns of calcinosis on radiographs (Shahi et al., Semin Arthritis Rheum 45:341, 2015, and the pattern list of the project's domain notes)."""


class Verdict(StrEnum):
    """What a reader thinks of a deposit."""

    OPEN = ""
    ACCEPTED = "accept"
    REJECTED = "reject"


@dataclass(frozen=True, slots=True)
class Row:
    """A deposit on one film, or one that is not seen there any more.

    Parameters
    ----------
    deposit_id
        Identity over time.
    label
        Its label on the film; ``None`` where it is not seen.
    fate
        What became of it at this visit; ``None`` where nothing is known of it.
    verdict
        What the reader said of it here.
    deposit
        What was measured; ``None`` where it is not seen.
    previous
        What was measured of it at the visit before; ``None`` where it was not seen then.
    pattern, comment
        In the reader's words.
    """

    deposit_id: str
    label: int | None
    fate: Fate | None
    verdict: Verdict
    deposit: Deposit | None
    previous: Deposit | None
    pattern: str
    comment: str

    def value(self, name: str) -> Measurement | None:
        """A measurand here, where it is measurable."""
        return _measured(self.deposit, name)

    @property
    def burden(self) -> str:
        """The measurand by which it is compared over time: mass where both films have it, else area."""
        known = [d for d in (self.deposit, self.previous) if d is not None]
        return next((n for n in ("ha_mass_mg", "area_mm2") if known and all(_measured(d, n) for d in known)), "area_px")

    @property
    def change(self) -> float | None:
        """Share by which its burden changed since the visit before; ``None`` where there is nothing to compare."""
        before, now = _measured(self.previous, self.burden), _measured(self.deposit, self.burden)
        return now.value / before.value - 1 if before and now and before.value > 0 else None

    @property
    def confidence(self) -> float | None:
        """Estimated probability that it is real; ``None`` where it is not seen."""
        return None if self.deposit is None else self.deposit.confidence


def _measured(deposit: Deposit | None, name: str) -> Measurement | None:
    result: Result | None = None if deposit is None else deposit.measurements.get(name)
    return result if isinstance(result, Measurement) else None


Order = Callable[[Row], tuple[bool, float | str]]


def _by_value(name: str) -> Order:
    return lambda row: (row.value(name) is None, -(m.value if (m := row.value(name)) else 0.0))


ORDERS: dict[str, Order] = {
    "id": lambda row: (False, f"{len(row.deposit_id):04d}{row.deposit_id}"),
    "mass": _by_value("ha_mass_mg"),
    "area": _by_value("area_mm2"),
    "change": lambda row: (row.change is None, -abs(row.change or 0.0)),
    "least sure": lambda row: (row.confidence is None, row.confidence or 0.0),
}
"""Orders in which the list can be read; what has no value comes last."""

FILTERS: dict[str, Callable[[Row], bool]] = {
    "all": lambda _: True,
    "to do": lambda row: row.label is not None and row.verdict is Verdict.OPEN,
    "seen here": lambda row: row.label is not None,
    "new or gone": lambda row: row.fate in (Fate.NEW, Fate.RESOLVED, Fate.REAPPEARED, Fate.MERGED, Fate.SPLIT),
    "rejected": lambda row: row.verdict is Verdict.REJECTED,
}
"""Which rows are shown."""


def arranged(rows: Iterable[Row], order: str = "id", only: str = "all") -> tuple[Row, ...]:
    """Rows that pass a filter, in an order."""
    return tuple(sorted((r for r in rows if FILTERS[only](r)), key=lambda r: (*ORDERS[order](r), *ORDERS["id"](r))))


def with_sd(measured: Measurement | None) -> str:
    """A value with its 95 % half width, in as many digits as that allows; empty for none."""
    if measured is None:
        return ""
    if measured.sd is None:
        return f"{measured.value:.3g}"
    half = 1.96 * measured.sd
    digits = 0 if half >= 10 else 1 if half >= 0.5 else 2
    return f"{measured.value:.{digits}f} ± {half:.{digits}f}"
