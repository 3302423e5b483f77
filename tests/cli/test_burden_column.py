"""The table of a timeline on the console: its values and its changes."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from calcitrack import assess
from calcitrack.change import judge_cohort, series_of
from calcitrack.cli.measure import _line
from calcitrack.cli.summary import Summary, summary_text
from calcitrack.io.results.writer import Written
from calcitrack.model.assessment import Assessment
from calcitrack.model.judgement import TimelineSeries
from calcitrack.phantom.small import small_timeline

NUMBER = r"([+−]?[\d.]+)"  # noqa: RUF001 a minus sign is printed


@pytest.fixture(scope="module")
def grown() -> Assessment:
    """A deposit that grows over three visits."""
    return assess(small_timeline((1.5, 2.0, 2.5)))


def said(assessment: Assessment, width: int, series: TimelineSeries | None = None) -> str:
    """The console's text of a run with this timeline alone; the burden is that of `series`, where it is given."""
    used = series or series_of(assessment)
    line = replace(_line(assessment), series=used)
    return summary_text(Summary(Written(Path("R"), 3, 1, ()), (line,), (), (), judged=judge_cohort([used])), Console(width=width))


@pytest.mark.parametrize("width", [80, 120])
def test_changes_are_differences_of_the_column_beside_them(grown: Assessment, width: int) -> None:
    """What the verdict rests on is what the table shows, with its interval; the heading says that it is of all films."""
    text = said(grown, width)
    assert max(len(line) for line in text.splitlines() if "/" not in line) <= width
    assert all(word in text for word in ("HA mg,", "all films", "(95 %)"))
    assert "all films: all films of the timeline measured together" in " ".join(text.split())
    values = [float(v) for v in re.findall(rf"^ *20\d\d-\d\d-\d\d .*? {NUMBER} ± [\d.]+ ", text, re.MULTILINE)]
    changes = [float(v) for v in re.findall(rf"{NUMBER} mg +\d+ +\d+ +\d+$", text, re.MULTILINE)]
    assert len(values) == 3
    assert changes == pytest.approx([v - values[0] for v in values[1:]], abs=0.11)


def test_without_a_mass_the_area_of_all_films_stands_in_the_table(grown: Assessment) -> None:
    """With its interval, and the masses of single films beside it, which nothing rests on."""
    series = series_of(grown)
    kept = tuple(s for s in series.series if s.subject != "total" or s.measurand in ("area_mm2", "area_joint_mm2"))
    text = said(grown, 80, replace(series, series=kept))
    assert "area mm²," in text
    assert "masses are of each film alone" in " ".join(text.split())
    area = series.total("area_joint_mm2")
    for k, point in enumerate(area.points):
        assert f"{point.mean:.1f} ± {1.96 * area.covariance[k][k] ** 0.5:.1f}" in text


def test_films_alone_keep_their_own_columns() -> None:
    """One visit has nothing to be measured together with."""
    alone = assess(small_timeline((2.0,)))
    text = said(alone, 80)
    assert "all films" not in text
    assert f"{alone.time_points[0].totals['ha_mass_mg'].value:.1f} ± " in text
