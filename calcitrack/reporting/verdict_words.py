"""The verdict on a timeline in words, with its probability."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

from calcitrack.model.display import counted
from calcitrack.model.judgement import Judgement, Trend, Verdict
from calcitrack.reporting.change_words import burden_unit, burden_words, in_digits, number, source_words


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
    burden = burden_words(judgement.burden)
    if trend is None or trend.slope is None or trend.verdict is None or trend.probability is None:
        return (f"Verdict: undetermined. No trend of the {burden}: {judgement.reason}.",)
    visits = f"{counted(trend.n_time_points, 'visit')}{'' if trend.part == 'all' else ' since then'}"
    sentences = [f"{_since(trend)}: {claim(trend)} ({burden}; {rate_words(trend)}; {visits})."]
    before = next((t for t in judgement.trends if t.part == "before" and _same_start(t, trend)), None)
    bend = next((t for t in judgement.trends if t.part == "difference" and _same_start(t, trend)), None)
    if before is not None and before.slope is not None and bend is not None and bend.p_growing is not None:
        sentences.append(f"Before: {rate_words(before)}. Slower since with probability {probability_words(1 - bend.p_growing)}.")
    if trend.more_visits is not None:
        sentences.append(_plan(trend, trend.more_visits))
    if trend.suspect_time_point is not None:
        sentences.append(f"Visit {trend.suspect_time_point} does not fit the others: look at its overlay.")
    sentences += [f"{note[:1].upper()}{note[1:]}." for note in trend.note.split("; ") if note]
    if trend.sdc_source is not None:
        source = source_words(trend.sdc_source, trend.sdc_patients, judgement.key.patient_id)
        sentences.append(f"Rests on repeatability from {source}; before it is believed, look at the overlays.")
    return tuple(sentences)


def _since(trend: Trend) -> str:
    if trend.treatment:
        return f"Since {trend.treatment} ({_day(trend.treatment_start)})"
    return "Verdict" if trend.bend is None else f"Since {_day(trend.bend)}, where the visits show a bend"


def claim(trend: Trend) -> str:
    """The verdict with its probability; of an undetermined one the probabilities of the three cases, which together are one."""
    if trend.verdict is Verdict.UNDETERMINED:
        down, up = (_percent(math.expm1(side * (trend.margin or 0.0)), with_sign=True) for side in (-1, 1))
        above, within, below = shares((trend.p_above_margin or 0.0, trend.p_within_margin or 0.0, trend.p_below_margin or 0.0))
        chances = f"rate above {up} a year: probability {above}, from {down} to {up}: {within}, below {down}: {below}"
        why = "the visits do not suffice" if trend.follows_line else "the visits do not follow a line"
        return f"undetermined, {why} ({chances})"
    sure = probability_words(trend.probability or 0.0)
    if trend.verdict is Verdict.HALTED:
        growth = math.expm1(trend.margin or 0.0)
        margin = f"{_percent(growth)} a year" + ("" if trend.level is None else f" ({number(trend.level * growth)}{_unit(trend)} a year)")
        return f"halted to within {margin}, probability {sure}"
    return f"{trend.verdict.words if trend.verdict else ''}, probability {sure}"


def shares(chances: Sequence[float]) -> tuple[str, ...]:
    """Probabilities that exclude each other, in hundredths that sum to one as they do (largest remainders).

    Examples
    --------
    >>> shares((0.336, 0.335, 0.329))
    ('0.34', '0.33', '0.33')
    """
    hundredths = [math.floor(100 * p + 1e-9) for p in chances]
    order = sorted(range(len(chances)), key=lambda k: hundredths[k] - 100 * chances[k])
    for k in order[: 100 - sum(hundredths)]:
        hundredths[k] += 1
    return tuple(f"{n / 100:.2f}" for n in hundredths)


def _plan(trend: Trend, more: int) -> str:
    """How many further visits would settle the verdict."""
    if trend.settled_by is None:
        return f"Fewer than {counted(more, 'more visit')} of this precision would not settle it."
    last = f"{'on' if more == 1 else 'the last on'} {_day(trend.settled_by)}"
    return f"About {counted(more, 'more visit')}, {last}, would settle it four times of five, if the course goes on as estimated."


def _same_start(trend: Trend, other: Trend) -> bool:
    mine, its = ((t.treatment, t.treatment_start, t.bend, t.measurand) for t in (trend, other))
    return mine == its and bool(other.treatment or other.bend)


def rate_words(trend: Trend) -> str:
    """A slope as a relative change and as a change in the burden's unit a year, each with its 95 % interval; empty without a slope."""
    if trend.slope is None:
        return ""
    value, low, high = (_percent(math.expm1(x), with_sign=True) for x in (trend.slope.value, trend.slope.low, trend.slope.high))
    relative = f"{value} a year, 95 % interval {low} to {high}"
    if trend.rate is None:
        return relative
    unit, (value, low, high) = _unit(trend), in_digits(trend.rate)
    return f"{relative}; {value}{unit} a year, {low} to {high}{unit}"


def _unit(trend: Trend) -> str:
    unit = burden_unit(trend.measurand)
    return f" {unit}" if unit else ""


def _percent(share: float, *, with_sign: bool = False) -> str:
    sign = "+" if with_sign and share >= 0 else ""
    return f"{sign}{number(round(100 * share, 0 if abs(share) >= 0.1 else 1))} %"


def probability_words(p: float) -> str:
    """A probability in two digits, never shown as certain."""
    return "> 0.99" if p > 0.995 else "< 0.01" if p < 0.005 else f"{p:.2f}"


def _day(day: dt.date | None) -> str:
    return "date not stated" if day is None else day.isoformat()
