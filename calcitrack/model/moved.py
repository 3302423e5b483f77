"""Values of one timeline that another version of its assessment gives otherwise: what was said before, and what is said now."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from calcitrack.model.timeline import TimelineKey


@dataclass(frozen=True, slots=True)
class MovedValue:
    """One value that moved.

    Parameters
    ----------
    deposit_id
        The deposit that it is of; empty for the total of the visit.
    measurand, unit
        What was measured.
    time_point, date
        The visit, as the later version counts them.
    before, after
        Both values; ``None`` where a version has none.

    Examples
    --------
    >>> MovedValue("", "ha_mass_joint_mg", "mg", 1, None, 20.0, 20.5).difference
    0.5
    >>> MovedValue("", "ha_mass_joint_mg", "mg", 1, None, None, 20.5).difference is None
    True
    """

    deposit_id: str
    measurand: str
    unit: str
    time_point: int
    date: dt.date | None
    before: float | None
    after: float | None

    @property
    def difference(self) -> float | None:
        """By how much it moved; ``None`` where a version has no value."""
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True, slots=True)
class Moves:
    """All values of a timeline that moved between two versions of its assessment.

    Parameters
    ----------
    before_id, after_id
        The two assessments.
    reason
        Why values moved, in words.
    values
        Totals first, each in order of the visits. A visit that only one version has is no value that moved; a deposit that a reader added or
        took away is.
    """

    key: TimelineKey
    before_id: str
    after_id: str
    reason: str
    values: tuple[MovedValue, ...]
