"""The verdict on a timeline in words, with its probability."""

from __future__ import annotations

import datetime as dt
import math

from calcitrack.model.display import counted
from calcitrack.model.judgement import Estimate, Judgement, Trend, Verdict
from calcitrack.reporting.change_words import BURDEN_WORDS, SOURCE_WORDS, number


def judgement_sentences(judgement: Judgement) -> tuple[str, ...]:
    """Sentences about a timeline: the verdict with its probability, then what a reader should know about it.

    Examples
    --------
    >>> from calcitrack.model.judgement import Judgement
    >>> from calcitrack.model.timeline import TimelineKey
    >>> judgement_sentences(Judgement(TimelineKey("P1"), "", "area_mm2", (), (), (), reason="a trend needs 3 time points; found 1"))
    ('Verdict: undetermined. No trend of the deposit area: a trend needs 3 time points; found 1.',)
    """
    trend = judgement.headline
    burden = BURDEN_WORDS[judgement.burden]
    if trend is None or trend.slope is None or trend.verdict is None or trend.probability is None:
        return (f"Verdict: undetermined. No trend of the {burden}: {judgement.reason}.",)
    since = f"Since {trend.treatment} ({_day(trend.treatment_start)}): " if trend.treatment else "Verdict: "
    sentences = [f"{since}{_claim(trend)} ({burden}; {rate_words(trend.slope)}; {counted(trend.n_time_points, 'visit')}{_sides(trend)})."]
    before = next((t for t in judgement.trends if t.part == "before" and _same_start(t, trend)), None)
    bend = next((t for t in judgement.trends if t.part == "difference" and _same_start(t, trend)), None)
    if before is not None and before.slope is not None and bend is not None and bend.p_growing is not None:
        sentences.append(f"Before: {rate_words(before.slope)}. Slower since with probability {probability_words(1 - bend.p_growing)}.")
    if trend.suspect_time_point is not None:
        sentences.append(f"Visit {trend.suspect_time_point} does not fit the others: look at its overlay.")
    sentences += [f"{note[:1].upper()}{note[1:]}." for note in (trend.note,) if note]
    if trend.sdc_source is not None:
        sentences.append(f"Rests on repeatability from {SOURCE_WORDS[trend.sdc_source]}; before it is believed, look at the overlays.")
    return tuple(sentences)


def _claim(trend: Trend) -> str:
    sure = probability_words(trend.probability or 0.0)
    if trend.verdict is Verdict.UNDETERMINED:
        growing, within = trend.p_growing or 0.0, trend.p_within_margin or 0.0
        chances = f"growing with probability {probability_words(growing)}, standing still {probability_words(within)}"
        return f"undetermined, the visits do not suffice ({chances})"
    if trend.verdict is Verdict.HALTED:
        return f"halted to within {_percent(math.expm1(trend.margin or 0.0))} a year, probability {sure}"
    return f"{trend.verdict}, probability {sure}"


def _sides(trend: Trend) -> str:
    return " since then" if trend.treatment else ""


def _same_start(trend: Trend, other: Trend) -> bool:
    return (trend.treatment, trend.treatment_start, trend.measurand) == (other.treatment, other.treatment_start, other.measurand) and bool(
        other.treatment
    )


def rate_words(slope: Estimate) -> str:
    """A slope of the natural logarithm as a change a year, with its 95 % interval."""
    value, low, high = (_percent(math.expm1(x), signed=True) for x in (slope.value, slope.low, slope.high))
    return f"{value} a year, 95 % interval {low} to {high}"


def _percent(share: float, *, signed: bool = False) -> str:
    sign = "+" if signed and share >= 0 else ""
    return f"{sign}{number(round(100 * share, 0 if abs(share) >= 0.1 else 1))} %"


def probability_words(p: float) -> str:
    """A probability in two digits, never shown as certain."""
    return "> 0.99" if p > 0.995 else "< 0.01" if p < 0.005 else f"{p:.2f}"


def _day(day: dt.date | None) -> str:
    return "date not stated" if day is None else day.isoformat()
