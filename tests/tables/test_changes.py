from __future__ import annotations

import math
from types import ModuleType

import pandas as pd
import pytest

from calcitrack.change import cohort_points, series_of
from calcitrack.change.judge import judge
from calcitrack.tables import CHANGES, COHORT, JUDGED, RESPONSES, TRENDS, changes_table, cohort_table, responses_table, trends_table

DAYS = [150 * k for k in range(6)]


def test_a_change_row_says_what_it_is_held_against(courses: ModuleType) -> None:
    """Values, relative change with interval, SDC, whether beyond it, its source and number."""
    judgement = judge(courses.timeline(courses.series([0, 400], [100, 150])), precision=courses.precision())
    row = changes_table([judgement]).iloc[0]
    assert (row.patient_id, row.subject, row.deposit_id, row.measurand, row.unit, row.since) == ("P1", "total", "", "area_mm2", "mm2", "baseline")
    assert (row.earlier, row.later, row.absolute, row.relative, row.interval_days) == (100, 150, 50, pytest.approx(0.5), 400)
    assert row.relative_low < row.relative < row.relative_high
    assert (row.exceeds_sdc, row.sdc_source, row.sdc_repeats) == ("yes", "own_repeats", 30)
    assert row.sdc_up == pytest.approx(math.exp(2.0423 * math.sqrt(2) * 0.09) - 1, rel=1e-3)


def test_exactly_one_row_carries_the_verdict(courses: ModuleType) -> None:
    """The headline of a timeline is marked, and its slope is given per year as a logarithm and as a relative change."""
    judgement = judge(courses.timeline(courses.series(DAYS, courses.exponential(DAYS, 0.4))), precision=courses.precision())
    table = trends_table([judgement])
    assert table.headline.tolist().count("yes") == 1
    row = table[table.headline == "yes"].iloc[0]
    assert (row.measurand, row.part, row.verdict, row.n_time_points) == ("area_mm2", "all", "progressing", 6)
    assert row.annual == pytest.approx(math.exp(row.slope) - 1)
    assert row.doubling_days == pytest.approx(math.log(2) / row.slope * 365.25)
    assert pd.isna(row.halving_days)


def test_a_response_row_holds_category_and_time(courses: ModuleType) -> None:
    """Each rule has its row; a timeline with one visit has reasons instead."""
    judgement = judge(courses.timeline(courses.series([0, 400], [100, 150])), precision=courses.precision())
    row = responses_table([judgement]).set_index("rule").loc["sctc_25"]
    assert (row.best, row["last"], row.progressed, row.days_to_progression) == ("progressed", "progressed", "yes", 400)
    alone = responses_table([judge(courses.timeline(courses.series([0], [100])), precision=courses.precision())])
    assert (alone.reason != "").all()
    assert (alone.progressed == "").all()


def test_every_empty_trend_has_its_reason(made: ModuleType) -> None:
    """Where a trend has no slope, or a change no value, the row says why."""
    judgements = [judge(made.assessment("P1")), judge(made.assessment("P2", mass=False, sized=False))]
    trends, changes = trends_table(judgements), changes_table(judgements)
    assert (trends.slope.isna() == (trends.reason != "")).all()
    assert (changes.reason[changes.absolute.isna()] != "").all()
    assert trends.slope.isna().any()


def test_the_types_do_not_depend_on_the_rows(made: ModuleType) -> None:
    """Empty tables have the columns and types of full ones."""
    series = series_of(made.assessment())
    full = (changes_table([judge(series)]), trends_table([judge(series)]), responses_table([judge(series)]), cohort_table(cohort_points([series])))
    empty = (changes_table([]), trends_table([]), responses_table([]), cohort_table([]))
    for schema, one, other in zip((CHANGES, TRENDS, RESPONSES, COHORT), full, empty, strict=True):
        assert tuple(one.columns) == schema.names
        assert dict(one.dtypes) == dict(other.dtypes)
    assert JUDGED == (CHANGES, TRENDS, RESPONSES, COHORT)
