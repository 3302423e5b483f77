"""Data frames of assessments and judgements by one call: the tables of a results folder without the folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, get_args

import pandas as pd

from calcitrack.errors import InvalidValueError
from calcitrack.model.arguments import expect_each
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import CohortAssessment
from calcitrack.model.judgement import Judgement
from calcitrack.tables.changes import changes_table, responses_table, trends_table
from calcitrack.tables.results import deposits_table, events_table, not_measurable_table, possible_table, timeline_table

Assessed = Literal["deposits", "time_points", "events", "possible", "not_measurable"]
"""Tables of assessments."""
Judged = Literal["changes", "trends", "responses"]
"""Tables of judgements."""
_TABLES: Mapping[str, Callable[[Any], pd.DataFrame]] = {
    "deposits": deposits_table,
    "time_points": timeline_table,
    "events": events_table,
    "possible": possible_table,
    "not_measurable": not_measurable_table,
    "changes": changes_table,
    "trends": trends_table,
    "responses": responses_table,
}


def to_dataframe(results: Assessment | CohortAssessment | Judgement | Iterable[Assessment | Judgement], rows: Assessed | Judged) -> pd.DataFrame:
    """Make a data frame of assessments or judgements, with the columns and types of a results folder's tables.

    Parameters
    ----------
    results
        What `calcitrack.assess`, `calcitrack.assess_cohort` or `calcitrack.judge` returned, or several of them.
    rows
        What a row is. Of assessments: a deposit on an image (``"deposits"``), a time point (``"time_points"``), a deposit's fate at a time point
        (``"events"``), a possible deposit on an image (``"possible"``), or a value that is missing, with its reason (``"not_measurable"``). Of
        judgements: a change between two time points (``"changes"``), a rate of change (``"trends"``), or a rule of response (``"responses"``).

    Returns
    -------
    The columns are those that `calcitrack.tables` states for the table: ``DEPOSITS``, ``TIMELINE``, ``EVENTS``, ``CHANGES`` and so on.

    Raises
    ------
    InvalidValueError
        There are no such rows.
    TypeError
        Rows of assessments were asked of something else, or rows of judgements.

    Examples
    --------
    >>> from calcitrack import assess, judge, to_dataframe
    >>> from calcitrack.phantom.small import small_timeline
    >>> assessment = assess(small_timeline((2.0,)))
    >>> to_dataframe(assessment, "deposits")[["deposit_id", "time_point", "area_mm2", "ha_mass_mg", "status"]].round(1)
      deposit_id  time_point  area_mm2  ha_mass_mg    status
    0       D001           1      12.3        20.9  baseline
    >>> to_dataframe(judge(assessment), "trends")["part"].unique().tolist()
    ['all']
    """
    if rows not in tuple(_TABLES):
        raise InvalidValueError(f"to_dataframe(rows): found {rows!r}; expected one of {', '.join(_TABLES)}")
    kind = Assessment if rows in get_args(Assessed) else Judgement
    assessed: object = results.assessments if isinstance(results, CohortAssessment) and kind is Assessment else results
    items = (assessed,) if isinstance(assessed, kind) else assessed
    return _TABLES[rows](expect_each("to_dataframe", "results", items, kind))
