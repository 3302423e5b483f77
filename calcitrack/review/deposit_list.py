"""The deposit list: one row for each deposit on one film, possible ones first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Self

from calcitrack.change.detectable import judged_change
from calcitrack.change.precision import Precision
from calcitrack.measure.measurands import AREA_MM2, AREA_PX
from calcitrack.model.assessment import Fate
from calcitrack.model.judgement import DEPOSIT, BurdenPoint, BurdenSeries, JudgedChange
from calcitrack.model.measurement import Deposit, Measurement, Result
from calcitrack.model.possible import PossibleDeposit

PATTERNS = ("stone", "popcorn", "plate", "net", "exoskeleton", "mousse")
"""Patterns of calcinosis on radiographs (Shahi et al., Semin Arthritis Rheum 45:341, 2015, and the pattern list of the project's domain notes)."""


class ReaderVerdict(StrEnum):
    """A reader's verdict on a deposit."""

    OPEN = ""
    ACCEPTED = "accept"
    REJECTED = "reject"


@dataclass(frozen=True, slots=True)
class DepositRow:
    """A deposit on one film, one that is no longer seen there, or a possible one.

    Parameters
    ----------
    deposit_id
        Identity over time.
    label
        Label on the film; ``None`` where it is not seen.
    fate
        What became of it at this visit; ``None`` where that is not known.
    verdict
        The reader's verdict on this film.
    deposit
        Measurements on this film; ``None`` where it is not seen.
    previous
        Measurements at the visit before; ``None`` where it was not seen then.
    pattern, comment
        As the reader states them; empty for none.
    possible
        Whether it is a possible deposit, which is not counted and has neither identity nor label: its id is the name that it has on this film.
    """

    deposit_id: str
    label: int | None
    fate: Fate | None
    verdict: ReaderVerdict
    deposit: Deposit | None
    previous: Deposit | None
    pattern: str
    comment: str
    possible: bool = False

    @classmethod
    def of_possible(cls, possible: PossibleDeposit) -> Self:
        """The row of a possible deposit that the reader has not decided; its area and confidence are known."""
        area = {AREA_PX.name: Measurement(AREA_PX, possible.area_px)}
        if possible.area_mm2 is not None:
            area[AREA_MM2.name] = Measurement(AREA_MM2, possible.area_mm2)
        deposit = Deposit(possible.number, possible.confidence, possible.centroid, area)
        return cls(possible.name, None, None, ReaderVerdict.OPEN, deposit, None, "", "", possible=True)

    @property
    def to_do(self) -> bool:
        """Whether the reader has still to decide: it is possible, or seen here and neither accepted nor rejected."""
        return self.possible or (self.label is not None and self.verdict is ReaderVerdict.OPEN)

    def value(self, name: str) -> Measurement | None:
        """A measurand on this film; ``None`` where it is not measurable."""
        return _measured(self.deposit, name)

    @property
    def burden(self) -> str:
        """The measurand that is compared over time: mass where both visits have one, else area."""
        known = [d for d in (self.deposit, self.previous) if d is not None]
        return next((n for n in ("ha_mass_mg", "area_mm2") if known and all(_measured(d, n) for d in known)), "area_px")

    @property
    def change(self) -> JudgedChange | None:
        """Change of the burden since the visit before, with its 95 % interval; ``None`` where there is nothing to compare.

        Pixels of two films need not be of the same size, so that their numbers have no change.
        """
        before, now = _measured(self.previous, self.burden), _measured(self.deposit, self.burden)
        if before is None or now is None or self.burden == AREA_PX.name:
            return None
        return _change_between(now.measurand.name, now.measurand.unit, (before.value, before.sd), (now.value, now.sd))

    @property
    def confidence(self) -> float | None:
        """Estimated probability that it is a deposit; ``None`` where it is not seen."""
        return None if self.deposit is None else self.deposit.confidence


@lru_cache(maxsize=1024)
def _change_between(measurand: str, unit: str, before: tuple[float, float | None], now: tuple[float, float | None]) -> JudgedChange:
    """The change from one film to another, held against the program's precision profile: a list that is drawn anew works each out once."""
    earlier, later = (BurdenPoint(k, None, (max(value, 0.0),), sd) for k, (value, sd) in enumerate((before, now), start=1))
    return judged_change(BurdenSeries(DEPOSIT, measurand, unit, (earlier, later)), earlier, later, "previous", Precision())


def _measured(deposit: Deposit | None, name: str) -> Measurement | None:
    result: Result | None = None if deposit is None else deposit.measurements.get(name)
    return result if isinstance(result, Measurement) else None
