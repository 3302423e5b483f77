"""What a reader states about a film: drawings become statements, and statements drawings."""

from __future__ import annotations

import datetime as dt

import pytest

from calcitrack.errors import InvalidValueError
from calcitrack.model.corrections import NO_CORRECTION, FilmCorrection
from calcitrack.review.film_corrections import Tool, cleared, drawings, drawn, with_date, with_side, with_view

TRIANGLE = ((5.0, 5.0), (5.0, 30.0), (30.0, 5.0))


def test_drawings_become_statements_and_come_back() -> None:
    """Law: each tool's drawing is shown where it was drawn, and taking it back leaves nothing."""
    told_of, steps = NO_CORRECTION, []
    for tool, points in ((Tool.LENGTH, TRIANGLE[:2]), (Tool.WEDGE, TRIANGLE), (Tool.CROP, TRIANGLE), (Tool.REGION, TRIANGLE)):
        told_of, words = drawn(told_of, tool, points, 12.5)
        steps.append(words)
    assert steps == ["draw a length of 12.5 mm", "mark the step wedge", "crop the film", "exclude region 1"]
    shown = {d.tool: d.points for d in drawings(told_of)}
    assert shown[Tool.LENGTH] == TRIANGLE[:2]
    assert shown[Tool.REGION] == TRIANGLE
    assert told_of.crop == told_of.wedge_box == (5, 30, 5, 30)
    for tool in Tool:
        told_of, _ = cleared(told_of, tool)
    assert told_of == NO_CORRECTION


def test_side_view_and_date_are_left_to_the_file_again() -> None:
    """An empty one states nothing; what is no date is said."""
    stated = with_date(with_view(with_side(NO_CORRECTION, "R")[0], "lat")[0], "2024-05-31")[0]
    assert stated == FilmCorrection(laterality="R", view="LAT", date=dt.date(2024, 5, 31))
    assert with_date(with_view(with_side(stated, "")[0], " ")[0], "")[0] == NO_CORRECTION
    with pytest.raises(InvalidValueError, match="found '31/5/24'; expected a date like 2024-05-31"):
        with_date(stated, "31/5/24")
