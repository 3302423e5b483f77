"""What moved between two versions of a timeline's assessment, in words."""

from __future__ import annotations

from calcitrack.model.moved import MovedValue, Moves
from calcitrack.reporting.change_words import UNIT_WORDS, burden_words, number, signed

SAID_FIRST = ("ha_mass_joint_mg", "area_joint_mm2", "contrast_joint_mm2", "ha_mass_mg", "area_mm2", "deposit_count")
"""Measurands by which a timeline is told first: of the first one whose totals moved, every visit is told."""


def moved_words(value: MovedValue) -> str:
    """One value that moved, in words.

    Examples
    --------
    >>> moved_words(MovedValue("", "ha_mass_joint_mg", "mg", 1, None, 20.0, 20.5))
    'visit 1: 20 → 20.5 mg (+0.5 mg)'
    >>> moved_words(MovedValue("D002", "area_joint_mm2", "mm2", 2, None, None, 4.0))
    'D002, visit 2: no value → 4 mm²'
    """
    unit = "" if value.unit == "1" else f" {UNIT_WORDS.get(value.unit, value.unit)}"
    before, after = ("no value" if v is None else number(v) for v in (value.before, value.after))
    by = "" if value.difference is None else f" ({signed(value.difference)}{unit})"
    where = f"{value.deposit_id}, visit {value.time_point}" if value.deposit_id else f"visit {value.time_point}"
    return f"{where}: {before} → {after}{'' if value.after is None else unit}{by}"


def moved_sentence(moves: Moves) -> str:
    """What moved of a timeline's totals, and why; empty where no total did.

    Examples
    --------
    >>> from calcitrack.model.timeline import TimelineKey
    >>> values = (MovedValue("", "ha_mass_joint_mg", "mg", 1, None, 20.0, 20.5), MovedValue("", "area_joint_mm2", "mm2", 1, None, 7.0, 7.5))
    >>> moved_sentence(Moves(TimelineKey("P1"), "a", "b", "visit 2 was added", values))
    'visit 2 was added, and earlier values moved: hydroxyapatite mass on all images together at visit 1: 20 → 20.5 mg (+0.5 mg)'
    """
    totals = [v for v in moves.values if not v.deposit_id]
    first = next((name for name in SAID_FIRST if any(v.measurand == name for v in totals)), None)
    if first is None:
        return ""
    told = "; ".join(moved_words(v) for v in totals if v.measurand == first)
    return f"{moves.reason}, and earlier values moved: {burden_words(first)} at {told}"


def moved_deposits(moves: Moves, time_point: int) -> dict[str, str]:
    """Deposit id -> by how much its value on all images together moved at a visit, by the first of `SAID_FIRST` that did.

    Examples
    --------
    >>> from calcitrack.model.timeline import TimelineKey
    >>> values = (MovedValue("D001", "ha_mass_joint_mg", "mg", 1, None, 20.0, 20.5), MovedValue("D002", "area_joint_mm2", "mm2", 1, None, 7.0, None))
    >>> moved_deposits(Moves(TimelineKey("P1"), "a", "b", "anna changed outlines at visit 1", values), 1)
    {'D001': '+0.5 mg', 'D002': 'no value now'}
    """
    said: dict[str, str] = {}
    for name in SAID_FIRST:
        for value in moves.values:
            if value.deposit_id and (value.measurand, value.time_point) == (name, time_point):
                said.setdefault(value.deposit_id, _by(value))
    return said


def _by(value: MovedValue) -> str:
    if value.difference is None:
        return "no value now" if value.after is None else "no value before"
    return f"{signed(value.difference)} {UNIT_WORDS.get(value.unit, value.unit)}"
