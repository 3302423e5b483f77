"""What moved between two versions of a timeline's assessment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calcitrack import assess
from calcitrack.change.moved import MEASURED_ANEW, REVIEW, what_moved
from calcitrack.model.assessment import Assessment
from calcitrack.model.joint import Joint
from calcitrack.model.moved import MovedValue
from calcitrack.model.provenance import Step
from calcitrack.phantom.small import small_timeline
from calcitrack.reporting.moved_words import moved_sentence

RADII = (2.0, 2.2, 2.5)


@pytest.fixture(scope="module")
def two() -> Assessment:
    """Two visits."""
    return assess(small_timeline(RADII[:2]))


@pytest.fixture(scope="module")
def three() -> Assessment:
    """The same, and a third one."""
    return assess(small_timeline(RADII))


def test_the_same_assessment_moves_by_nothing(three: Assessment) -> None:
    """Law."""
    assert what_moved(three, three).values == ()
    assert moved_sentence(what_moved(three, three)) == ""


def test_a_visit_that_was_added_moves_earlier_values_and_is_the_reason(two: Assessment, three: Assessment) -> None:
    """Only values that both have, each by what all images together say now less what they said; what films say by themselves stays."""
    moves = what_moved(two, three)
    assert moves.reason == f"visit 3 ({three.time_points[2].date}) was added"
    assert {v.time_point for v in moves.values} == {1, 2}
    assert {"ha_mass_joint_mg"} <= {v.measurand for v in moves.values} <= {"ha_mass_joint_mg", "contrast_joint_mm2", "area_joint_mm2"}
    assert not any(v.deposit_id for v in moves.values)
    mass = next(v for v in moves.values if v.measurand == "ha_mass_joint_mg" and v.time_point == 1)
    assert two.joint is not None
    assert three.joint is not None
    was, now = (a.joint.totals["ha_mass_joint_mg"].result(0).value for a in (two, three))
    assert mass == MovedValue("", "ha_mass_joint_mg", "mg", 1, two.time_points[0].date, was, now)


def test_there_and_back_is_the_opposite(two: Assessment, three: Assessment) -> None:
    """Law: the other way round, each difference has the other sign, and the visit was taken away."""
    there, back = what_moved(two, three), what_moved(three, two)
    assert back.reason == there.reason.replace("added", "taken away")
    assert [v.difference for v in back.values] == pytest.approx([-v.difference for v in there.values])


def test_visits_are_told_by_their_films_not_by_their_numbers(three: Assessment) -> None:
    """A visit that is found before the others moves their numbers, and no value is held against that of another visit."""
    later = small_timeline(RADII).time_points[1:]
    last_two = assess(replace(small_timeline(RADII), time_points=tuple(replace(t, index=n) for n, t in enumerate(later, start=1))))
    moves = what_moved(last_two, three)
    assert moves.reason.startswith("visit 1 (")
    assert {v.time_point for v in moves.values} == {2, 3}
    assert all(abs(v.difference) < 0.2 * v.before for v in moves.values if v.measurand == "ha_mass_joint_mg")


def test_a_readers_review_is_the_reason_and_its_deposits_are_told(three: Assessment) -> None:
    """Who, at which visits; a deposit keeps its id in a review, so that each is compared as well. Taken back, it says that."""
    labels = 0 * three.images[1].segmentation.labels
    images = (three.images[0], replace(three.images[1], segmentation=replace(three.images[1].segmentation, labels=labels)), three.images[2])
    reviewed = replace(
        three,
        assessment_id="reviewed",
        images=images,
        provenance=three.provenance.then(Step(REVIEW, {"reader": "anna", "steps": 1})),
        joint=Joint(reason="none"),
    )
    moves = what_moved(three, reviewed)
    assert moves.reason == "anna changed outlines at visit 2"
    assert {v.deposit_id for v in moves.values} == {"", "D001"}
    assert {v.after for v in moves.values} == {None}
    assert "no value" in moved_sentence(moves)
    assert what_moved(reviewed, three).reason == "what anna had changed was taken back"
    same_outlines = replace(reviewed, images=three.images)
    assert what_moved(three, same_outlines).reason == "anna stated otherwise which deposits are one, or what became of them"


def test_other_settings_are_the_reason_where_nothing_else_is(three: Assessment) -> None:
    """Totals are compared; deposits are not, since another measurement may number them otherwise."""
    other = replace(three, joint=Joint(reason="none"), assessment_id="other")
    moves = what_moved(three, other)
    assert moves.reason == MEASURED_ANEW
    assert {v.deposit_id for v in moves.values} == {""}


def test_a_visit_added_after_a_review_says_what_became_of_the_review(two: Assessment, three: Assessment) -> None:
    """The reader's changes are no part of what was measured anew."""
    reviewed = replace(two, provenance=two.provenance.then(Step(REVIEW, {"reader": "anna", "steps": 1})))
    assert what_moved(reviewed, three).reason.endswith(
        "was added; changes of anna to outlines or identities are kept beside, and are no part of these values"
    )
