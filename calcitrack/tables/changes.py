"""Judgements as rows of ``changes.csv``, ``trends.csv``, ``responses.csv`` and ``cohort.csv``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import pandas as pd

from calcitrack.model.judgement import CohortPoint, Estimate, JudgedChange, Judgement, Response, Trend
from calcitrack.tables.cells import Cell, Row, frame, joined
from calcitrack.tables.changes_schema import CHANGES, COHORT, NO, RESPONSES, TRENDS, YES


def _key(judgement: Judgement) -> dict[str, Cell]:
    key = judgement.key
    return {
        "patient_id": key.patient_id,
        "body_part": key.body_part,
        "laterality": key.laterality,
        "view": key.view,
        "assessment_id": judgement.assessment_id,
    }


def _cells(name: str, estimate: Estimate | None) -> dict[str, Cell]:
    return {} if estimate is None else {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _truth(value: bool | None) -> Cell:
    return None if value is None else YES if value else NO


def change_rows(judgement: Judgement) -> Iterator[Row]:
    """Rows of ``changes.csv`` for one timeline: totals, then deposits, each by measurand and time."""
    for change in judgement.changes:
        yield {**_key(judgement), **_change(change)}


def _change(change: JudgedChange) -> dict[str, Cell]:
    down, up = change.sdc or (None, None)
    return {
        "subject": change.subject,
        "deposit_id": change.deposit_id,
        "measurand": change.measurand,
        "unit": change.unit,
        "since": change.since,
        "from_time_point": change.from_time_point,
        "to_time_point": change.to_time_point,
        "interval_days": change.interval_days,
        "earlier": change.earlier,
        "later": change.later,
        **_cells("absolute", change.absolute),
        "absolute_sd": change.absolute_sd,
        **_cells("relative", change.relative),
        **_cells("annual", change.annual),
        "sdc_down": down,
        "sdc_up": up,
        "exceeds_sdc": _truth(change.exceeds_sdc),
        "sdc_source": change.sdc_source,
        "sdc_repeats": change.sdc_repeats if change.sdc_source else None,
        "reason": change.reason,
        "compared_fraction": change.compared_fraction,
        "left_out": change.left_out,
        "sdc_patients": joined(change.sdc_patients),
        "note": change.note,
    }


def trend_rows(judgement: Judgement) -> Iterator[Row]:
    """Rows of ``trends.csv`` for one timeline."""
    for trend in judgement.trends:
        yield {**_key(judgement), **_trend(trend), "headline": YES if trend == judgement.headline else NO}


def _trend(trend: Trend) -> dict[str, Cell]:
    slope = trend.slope
    annual = None if slope is None else Estimate(*(math.expm1(x) for x in (slope.value, slope.low, slope.high)))
    return {
        "subject": trend.subject,
        "measurand": trend.measurand,
        "method": trend.method,
        "part": trend.part,
        "treatment": trend.treatment,
        "treatment_start": trend.treatment_start,
        "bend": trend.bend,
        "n_time_points": trend.n_time_points,
        "first_date": trend.first_date,
        "last_date": trend.last_date,
        **_cells("slope", slope),
        **_cells("annual", annual),
        "level": trend.level,
        **_cells("rate", trend.rate),
        "p_growing": trend.p_growing,
        "p_above_margin": trend.p_above_margin,
        "p_within_margin": trend.p_within_margin,
        "p_below_margin": trend.p_below_margin,
        "margin": trend.margin,
        "margin_rate": None if trend.level is None or trend.margin is None else trend.level * math.expm1(trend.margin),
        "verdict": trend.verdict,
        "probability": trend.probability,
        **_cells("doubling_days", trend.doubling_days),
        **_cells("halving_days", trend.halving_days),
        "process_sd": trend.process_sd,
        "p_fit": trend.p_fit,
        "more_visits": trend.more_visits,
        "settled_by": trend.settled_by,
        "suspect_time_point": trend.suspect_time_point,
        "sdc_source": trend.sdc_source,
        "note": trend.note,
        "reason": trend.reason,
        "compared_fraction": trend.compared_fraction if trend.slope is not None else None,
        "sdc_patients": joined(trend.sdc_patients),
    }


def response_rows(judgement: Judgement) -> Iterator[Row]:
    """Rows of ``responses.csv`` for one timeline."""
    for response in judgement.responses:
        yield {**_key(judgement), **_response(response)}


def _response(response: Response) -> dict[str, Cell]:
    known = response.best is not None
    return {
        "measurand": response.measurand,
        "rule": response.rule,
        "best": response.best,
        "last": response.last,
        "best_change": response.best_change,
        "last_change": response.last_change,
        "progressed": _truth(response.progressed) if known else None,
        "days_to_progression": response.days_to_progression,
        "reason": response.reason,
        "sdc_patients": joined(response.sdc_patients),
    }


def cohort_rows(points: Iterable[CohortPoint]) -> Iterator[Row]:
    """Rows of ``cohort.csv``."""
    for point in points:
        yield {
            "group": point.group,
            "measurand": point.measurand,
            "kind": point.kind,
            "order": point.order,
            "patient_id": point.patient_id,
            "assessment_id": point.assessment_id,
            "days": point.days,
            "value": point.value,
            "value_low": point.low,
            "value_high": point.high,
            "at_risk": point.at_risk,
        }


def changes_table(judgements: Iterable[Judgement]) -> pd.DataFrame:
    """One row per change, with the columns of `calcitrack.tables.CHANGES`."""
    return frame(CHANGES, (row for j in judgements for row in change_rows(j)))


def trends_table(judgements: Iterable[Judgement]) -> pd.DataFrame:
    """One row per rate of change, with the columns of `calcitrack.tables.TRENDS`."""
    return frame(TRENDS, (row for j in judgements for row in trend_rows(j)))


def responses_table(judgements: Iterable[Judgement]) -> pd.DataFrame:
    """One row per rule and measurand, with the columns of `calcitrack.tables.RESPONSES`."""
    return frame(RESPONSES, (row for j in judgements for row in response_rows(j)))


def cohort_table(points: Iterable[CohortPoint]) -> pd.DataFrame:
    """One row per point, with the columns of `calcitrack.tables.COHORT`."""
    return frame(COHORT, cohort_rows(points))
