"""Sentences about the change from the first to the last time point, shared by figures and command line."""

from __future__ import annotations

from calcitrack.model.assessment import COVERAGE_FACTOR, Assessment, Change, TimePointSummary
from calcitrack.model.display import counted
from calcitrack.model.measurement import Measurement, value_of

CHOICES = (("ha_mass_mg", "Hydroxyapatite mass", "mg"), ("area_mm2", "Deposit area", "mm²"), ("area_px", "Deposit area", "pixels"))
"""Measurand, words and unit, best first: the first one that every readable time point has is drawn and told."""
NOT_COVERED = "deposits missed, joined or falsely found"
"""What no stated uncertainty of a total covers (docs/explanation/limits.md)."""


def burden_choice(assessment: Assessment) -> tuple[str, str, str]:
    """The measurand that stands for the burden of a timeline: (name, words, unit)."""
    read = _read(assessment)
    for choice in CHOICES:
        if read and all(isinstance(p.totals.get(choice[0]), Measurement) for p in read):
            return choice
    return CHOICES[-1]


def change_sentence(assessment: Assessment) -> str:
    """The burden at the first and the last readable time point and its change, or why that cannot be said.

    Examples
    --------
    >>> from calcitrack import assess
    >>> from calcitrack.phantom.small import small_timeline
    >>> change_sentence(assess(small_timeline((2.0,))))
    'One time point: there is no change to report yet.'
    """
    read = _read(assessment)
    if len(read) < 2:
        return "One time point: there is no change to report yet." if read else "No time point could be read."
    name, words, unit = burden_choice(assessment)
    before, after = (value_of(p.totals[name]) if name in p.totals else None for p in (read[0], read[-1]))
    change = read[-1].from_baseline.get(name)
    if change is None or before is None or after is None:
        return "First and last time point cannot be compared."
    if not isinstance(change.absolute, Measurement):
        return f"No change can be given: {change.absolute.reason}"
    all_read = len(read) == len(assessment.time_points)
    interval = "" if change.interval_days is None else f" in {counted(change.interval_days, 'day')}"
    values = f"{words.lower()} {number(before)} → {number(after)} {unit}, change {_change(change, change.absolute, unit)}"
    return f"First to last{'' if all_read else ' readable time point'}{interval}: {values}"


def verdict_sentence(assessment: Assessment) -> str:
    """Whether the change that `change_sentence` tells is beyond the uncertainties stated for both totals; empty where there is no change to judge.

    The rule is that of `calcitrack.model.assessment.Change.exceeds_uncertainty`. It is no smallest detectable change: how well repeat
    exposures agree does not enter.
    """
    read = _read(assessment)
    name, _, unit = burden_choice(assessment)
    change = read[-1].from_baseline.get(name) if len(read) > 1 else None
    if change is None or not isinstance(change.absolute, Measurement):
        return ""
    if change.exceeds_uncertainty is None:
        return "No uncertainty is stated for it: whether this is more than noise cannot be said."
    bound = f"the stated uncertainty (± {number(COVERAGE_FACTOR * (change.absolute.sd or 0.0))} {unit} at 95 %)"
    if change.exceeds_uncertainty:
        return f"Beyond {bound}, which does not cover {NOT_COVERED}."
    return f"Within {bound}: it may be no change at all."


def number(value: float) -> str:
    """A number with three digits, or all digits of a large one, and a true minus sign."""
    return (f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}").replace("-", "−")  # noqa: RUF001 a minus sign is meant


def percent(share: float) -> str:
    """A relative change in whole percent, with its sign.

    Examples
    --------
    >>> percent(0.25)
    '+25 %'
    """
    return f"{100 * share:+.0f} %".replace("-", "−")  # noqa: RUF001 a minus sign is meant


def _read(assessment: Assessment) -> list[TimePointSummary]:
    return [p for p in assessment.time_points if p.n_exposures]


def _change(change: Change, absolute: Measurement, unit: str) -> str:
    sd = "" if absolute.sd is None else f" ± {number(absolute.sd)}"
    relative = "" if change.relative is None else f" ({percent(change.relative)})"
    return f"{'+' if absolute.value >= 0 else ''}{number(absolute.value)}{sd} {unit}{relative}"
