"""Which measurand a verdict rests on: what all images together give, where it can be compared at the same visits."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from calcitrack import assess, judge
from calcitrack.change import series_of
from calcitrack.change.judge import burden_of
from calcitrack.figures.burden_panel import drawn_trends
from calcitrack.figures.drawn import drawn_timeline
from calcitrack.model.assessment import Assessment
from calcitrack.model.judgement import BurdenSeries, SdcSource
from calcitrack.phantom.small import small_timeline
from calcitrack.reporting.verdict_words import judgement_sentences

DAYS = [0, 300, 600]


def _series(courses: ModuleType, measurand: str, values: list[float], days: list[int] | None = None) -> BurdenSeries:
    made = courses.series(days or DAYS, values, measurand=measurand)
    return replace(made, covariance=tuple(map(tuple, np.eye(len(values)).tolist()))) if "_joint_" in measurand else made


@pytest.mark.parametrize(
    ("measurands", "burden"),
    [
        (["ha_mass_mg", "area_mm2"], "ha_mass_mg"),
        (["ha_mass_mg", "area_mm2", "ha_mass_joint_mg", "contrast_joint_mm2"], "ha_mass_joint_mg"),
        (["area_mm2", "area_joint_mm2", "contrast_joint_mm2"], "area_joint_mm2"),
        (["area_mm2", "contrast_joint_mm2"], "contrast_joint_mm2"),
        (["ha_mass_mg", "area_mm2", "area_joint_mm2"], "ha_mass_mg"),
    ],
)
def test_the_verdict_rests_on_all_images_together_where_they_give_its_burden(courses: ModuleType, measurands: list[str], burden: str) -> None:
    """Mass by mass, area by area, or else by contrast; films alone where there is nothing."""
    series = courses.timeline(*(_series(courses, name, [10, 40, 160]) for name in measurands))
    assert burden_of(series) == burden
    judged = judge(series)
    assert (judged.burden, judged.headline.measurand) == (burden, burden)
    assert burden in {r.measurand for r in judged.responses}


def test_a_visit_that_only_its_film_gives_keeps_the_verdict_on_films(courses: ModuleType) -> None:
    """Two of three visits together are not the course of three."""
    alone, together = _series(courses, "area_mm2", [10, 40, 160]), _series(courses, "contrast_joint_mm2", [10, 40], DAYS[:2])
    assert burden_of(courses.timeline(alone, together)) == "area_mm2"


@pytest.fixture(scope="module")
def grown() -> Assessment:
    """A deposit that grows over three visits."""
    return assess(small_timeline((1.5, 2.0, 2.5)))


def test_verdict_figure_and_changes_are_of_one_burden(grown: Assessment) -> None:
    """The sentence names what it rests on; the figure draws the values that changes are about, and the verdict's line through them."""
    judged = judge(grown)
    assert "hydroxyapatite mass on all images together" in judgement_sentences(judged)[0]
    assert judged.headline.sdc_source is SdcSource.COVARIANCE
    drawn = drawn_timeline(grown)
    changes = [c for c in judged.changes if c.subject == "total" and c.measurand == judged.burden and c.since == "baseline"]
    assert drawn.burden == judged.burden
    assert [p.value for p in drawn.points] == pytest.approx([changes[0].earlier, *(c.later for c in changes)])
    assert drawn_trends(drawn, judged)


def test_films_that_were_each_measured_alone_have_no_values_together(grown: Assessment) -> None:
    """Where no deposit was measured on several films, films are judged alone, by how well they repeat."""
    alone = tuple(replace(d, images=(), reason="made") for d in grown.joint.deposits)
    apart = replace(grown, joint=replace(grown.joint, deposits=alone))
    assert burden_of(series_of(apart)) == "ha_mass_mg"
    assert drawn_timeline(apart).burden == "ha_mass_mg"
