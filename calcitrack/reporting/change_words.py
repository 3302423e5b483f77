"""Sentences about the change from the first to the last time point, shared by figures and command line."""

from __future__ import annotations

import math
from collections.abc import Sequence

from calcitrack.model.assessment import Assessment, TimePointSummary
from calcitrack.model.display import MOST_PLACES, counted
from calcitrack.model.judgement import TOTAL, Estimate, JudgedChange, Judgement, SdcSource, Verdict
from calcitrack.model.measurement import Measurement

CHOICES = (("ha_mass_mg", "Hydroxyapatite mass", "mg"), ("area_mm2", "Deposit area", "mm²"), ("area_px", "Deposit area", "pixels"))
"""Measurand, words and unit, best first: the first one that every readable time point has is drawn and told."""
BURDEN_WORDS = {
    "ha_mass_mg": "hydroxyapatite mass",
    "area_mm2": "deposit area",
    "volume_mm3": "volume",
    "deposit_count": "number of deposits",
    "ha_mass_joint_mg": "hydroxyapatite mass on all images together",
    "contrast_joint_mm2": "contrast against bone on all images together",
    "area_joint_mm2": "deposit area on all images together",
}
UNIT_WORDS = {"mm2": "mm²", "mm3": "mm³"}
"""UCUM -> as it is printed."""
SOURCE_WORDS = {
    SdcSource.OWN_REPEATS: "own repeat exposures",
    SdcSource.PHANTOM_PROFILE: "simulated films",
    SdcSource.COVARIANCE: "all visits measured together",
}
"""What the repeatability comes from."""


def burden_choice(assessment: Assessment) -> tuple[str, str, str]:
    """The measurand that stands for the burden of a timeline: (name, words, unit)."""
    read = _read(assessment)
    for choice in CHOICES:
        if read and all(isinstance(p.totals.get(choice[0]), Measurement) for p in read):
            return choice
    return CHOICES[-1]


def change_sentences(judgement: Judgement) -> tuple[str, ...]:
    """The change of the burden from the first to the last visit at which it is known, with its 95 % interval, and whether it is detectable.

    Values and interval are those of the last row of ``changes.csv`` since baseline: figures and command line say nothing else of it.

    Examples
    --------
    >>> from calcitrack import assess, judge
    >>> from calcitrack.phantom.small import small_timeline
    >>> change_sentences(judge(assess(small_timeline((2.0,)))))
    ('One time point: there is no change to report yet.',)
    """
    change = last_change(judgement)
    if change is None:
        known = next((t.n_time_points for t in judgement.trends if t.subject == TOTAL and t.measurand == judgement.burden), 0)
        return ("One time point: there is no change to report yet." if known else "No change can be given: no time point has a burden.",)
    refused = tuple(f"Visit {c.to_time_point} is not compared with visit {c.from_time_point}: {c.reason}." for c in refused_changes(judgement))
    if change.absolute is None or change.earlier is None or change.later is None:
        return refused if len(refused) > 1 else (f"No change can be given: {change.reason}.",)
    unit = UNIT_WORDS.get(change.unit, change.unit)
    interval = "" if change.interval_days is None else f" in {counted(change.interval_days, 'day')}"
    values = f"{burden_words(judgement.burden)} {number(change.earlier)} → {number(change.later)} {unit}"
    said = f"Visit {change.from_time_point} to {change.to_time_point}{interval}: {values}, change {_with_interval(change, unit)}."
    over = f"{change.left_out[:1].upper()}{change.left_out[1:]}." if change.left_out else ""
    return tuple(s for s in (said, over, detectable_sentence(judgement), *refused) if s)


def burden_words(measurand: str) -> str:
    """A burden in words.

    Examples
    --------
    >>> burden_words("ha_mass_mg"), burden_words("volume_mm3")
    ('hydroxyapatite mass', 'volume')
    """
    return BURDEN_WORDS.get(measurand, measurand.replace("_", " "))


def burden_unit(measurand: str) -> str:
    """The unit of a burden, which ends its name; empty for a pure number.

    Examples
    --------
    >>> burden_unit("ha_mass_mg"), burden_unit("area_mm2"), burden_unit("deposit_count")
    ('mg', 'mm²', '')
    """
    last = measurand.rsplit("_", 1)[-1]
    return UNIT_WORDS.get(last, last if last == "mg" else "")


def last_change(judgement: Judgement) -> JudgedChange | None:
    """The change of the burden that the verdict is about, from baseline to the last visit that can be compared; ``None`` without a second visit."""
    mine = _since_baseline(judgement)
    return max(mine, key=lambda c: (c.absolute is not None, c.to_time_point), default=None)


def refused_changes(judgement: Judgement) -> tuple[JudgedChange, ...]:
    """Changes of the burden since baseline that have no value, in order of time; their reasons say why."""
    return tuple(sorted((c for c in _since_baseline(judgement) if c.absolute is None), key=lambda c: c.to_time_point))


def _since_baseline(judgement: Judgement) -> list[JudgedChange]:
    return [c for c in judgement.changes if c.subject == TOTAL and c.measurand == judgement.burden and c.since == "baseline"]


def detectable_sentence(judgement: Judgement) -> str:
    """What the interval of the last change says, the smallest detectable change that belongs to it, and how it stands to the verdict; else empty.

    The interval leaves out zero exactly where the change is beyond the smallest detectable one: that is one statement, about two visits. The verdict
    is about the rate over all visits.
    """
    change = last_change(judgement)
    if change is None or change.sdc is None or change.exceeds_sdc is None or change.absolute is None:
        return ""
    places = _places(change)
    down, up = (percent(x, places) for x in change.sdc)
    source = source_words(change.sdc_source, change.sdc_patients, judgement.key.patient_id)
    detectable = f"(smallest detectable change: {down} to {up}, from {source})"
    headline = judgement.headline
    if change.exceeds_sdc:
        less, more = ("less", "down") if change.absolute.value < 0 else ("more", "up")
        said = f"The interval leaves out zero: it is {less} than at visit {change.from_time_point}, surely {detectable}"
        unsettled = headline is not None and headline.verdict is Verdict.UNDETERMINED
        return f"{said}; how fast it goes {more} is another question, which the verdict leaves open." if unsettled else f"{said}."
    said = f"The interval holds zero: these two visits {{}}do not show a change {detectable}"
    if headline is not None and headline.verdict in (Verdict.PROGRESSING, Verdict.REGRESSING) and headline.n_time_points > 2:
        return f"{said.format('alone ')}; the verdict rests on {counted(headline.n_time_points, 'visit')}."
    return f"{said.format('')}."


def source_words(source: SdcSource | None, patients: Sequence[str] = (), patient_id: str = "") -> str:
    """Where repeatability comes from; of own repeats how many patients' they are, and whether this patient is one of them.

    Whose they are stands in ``sdc_patients`` of the tables and on the console. Pictures and reports are filed with a patient, and name no other one.

    Examples
    --------
    >>> source_words(SdcSource.OWN_REPEATS, ("P1", "P2", "P3"), "P2")
    'own repeat exposures of 3 patients, this one and 2 others'
    >>> source_words(SdcSource.OWN_REPEATS, ("P1", "P3"), "P2")
    'own repeat exposures of 2 other patients'
    >>> source_words(SdcSource.PHANTOM_PROFILE)
    'simulated films'
    """
    if source is None:
        return "source not stated"
    if not patients:
        return SOURCE_WORDS[source]
    others = len(set(patients) - {patient_id})
    if others == len(patients):
        return f"{SOURCE_WORDS[source]} of {counted(others, 'other patient')}"
    return f"{SOURCE_WORDS[source]} of {counted(len(patients), 'patient')}, this one and {counted(others, 'other')}"


def depends_on(judgement: Judgement) -> tuple[str, ...]:
    """The other patients whose repeat exposures decide about a timeline's change or verdict, in alphabetical order.

    Without their films in the run, the same films may be judged otherwise: by the profile, or by fewer patients.

    Examples
    --------
    >>> from calcitrack import assess, judge
    >>> from calcitrack.phantom.small import small_timeline
    >>> depends_on(judge(assess(small_timeline((2.0,)))))
    ()
    """
    said = [last_change(judgement), judgement.headline]
    return tuple(sorted({p for s in said if s is not None for p in s.sdc_patients} - {judgement.key.patient_id}))


def _with_interval(change: JudgedChange, unit: str) -> str:
    assert change.absolute is not None  # noqa: S101 - the caller looked
    absolute, relative = change.absolute, change.relative
    value, low, high = in_digits(absolute)
    said = f"{value} {unit}, 95 % interval {low} to {high} {unit}"
    if relative is not None:
        value, low, high = (percent(x, _places(change)) for x in (relative.value, relative.low, relative.high))
        said = f"{said} ({value}, {low} to {high})"
    return f"{said}; {change.note}" if change.note else said


def in_digits(estimate: Estimate) -> tuple[str, str, str]:
    """Value and ends of an interval with their signs, in as many digits as its width allows.

    Examples
    --------
    >>> in_digits(Estimate(3.6e-14, -0.4, 0.5))
    ('+0', '−0.4', '+0.5')
    """
    width = estimate.high - estimate.low
    places = 2 - math.floor(math.log10(width)) if width > 0 else 6
    value, low, high = (signed(round(x, places) + 0.0) for x in (estimate.value, estimate.low, estimate.high))
    return value, low, high


def signed(value: float) -> str:
    """A number with three digits and its sign.

    Examples
    --------
    >>> signed(0.25)
    '+0.25'
    """
    return f"{'+' if value >= 0 else ''}{number(value)}"


def number(value: float) -> str:
    """A number with three digits, or all digits of a large one, and a true minus sign."""
    return (f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}").replace("-", "−")  # noqa: RUF001 a minus sign is meant


def short_change(change: JudgedChange) -> tuple[str, str]:
    """A change in its unit, and its 95 % interval; both empty where there is none.

    Examples
    --------
    >>> change = JudgedChange(
    ...     subject=TOTAL, deposit_id="", measurand="ha_mass_mg", unit="mg", since="baseline", from_time_point=1, to_time_point=2, interval_days=300,
    ...     absolute=Estimate(12.3, -3.1, 30.2),
    ... )
    >>> short_change(change)
    ('+12.3 mg', '−3.1 to +30.2')
    """
    if change.absolute is None:
        return "", ""
    value, low, high = in_digits(change.absolute)
    return f"{value} {UNIT_WORDS.get(change.unit, change.unit)}", f"{low} to {high}"


def percent(share: float, places: int = 0) -> str:
    """A relative change in percent, with its sign.

    Examples
    --------
    >>> percent(0.25), percent(0.253, 1)
    ('+25 %', '+25.3 %')
    """
    return f"{100 * share:+.{places}f} %".replace("-", "−")  # noqa: RUF001 a minus sign is meant


def _places(change: JudgedChange) -> int:
    """Decimals of percents in which a change lies on its side of the smallest detectable one."""
    if change.sdc is None or change.relative is None:
        return 0
    value, ends = 100 * change.relative.value, [100 * x for x in change.sdc]
    return next((n for n in range(MOST_PLACES) if all(_same_side(value, end, n) for end in ends)), 0)


def _same_side(value: float, end: float, places: int) -> bool:
    rounded, limit = round(value, places), round(end, places)
    return (rounded > limit) == (value > end) and (rounded < limit) == (value < end)


def _read(assessment: Assessment) -> list[TimePointSummary]:
    return [p for p in assessment.time_points if p.n_exposures]
