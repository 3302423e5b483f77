"""What all images give together, measured again from an assessment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calcitrack import assess, measure
from calcitrack.assess.joint_again import joint_again, stated_in, tracks_of, with_joint
from calcitrack.assess.revise import REDRAWN, Fates, RevisedImage, revise
from calcitrack.assess.together import NOT_READ
from calcitrack.errors import ReadError
from calcitrack.model.assessment import Assessment, DepositTrack, Fate
from calcitrack.model.image import Radiograph
from calcitrack.phantom.small import small_segmentation, small_timeline
from calcitrack.track.regions import families


def redrawn(assessment: Assessment, image: int, radius_mm: float) -> Assessment:
    """The assessment with a reader's outline of another radius on an image."""
    outlines = small_segmentation(radius_mm)
    measured = measure(assessment.images[image].exposure.radiograph(), outlines)
    return revise(assessment, {image: RevisedImage(outlines, measured, {1: "D001"})})


def test_nothing_changed_gives_the_same_to_the_last_digit() -> None:
    """Law: one function makes the values at measuring and afterwards."""
    assessment = assess(small_timeline((2.0, 1.5, 2.5)))
    assert assessment.joint is not None
    assert assessment.joint.deposits[0].images == (0, 1, 2)
    assert joint_again(assessment) == assessment.joint
    assert with_joint(assessment) is assessment


def test_an_outline_that_was_redrawn_moves_the_values_of_all_visits() -> None:
    """The region is common to all films: a larger outline at one visit makes it larger at each; the film by itself moves only where it was drawn."""
    assessment = assess(small_timeline((2.0, 2.0, 2.0)))
    revised = redrawn(assessment, 1, 2.8)
    assert revised.joint is not None
    assert revised.joint.reason == REDRAWN
    whole = with_joint(revised)
    assert whole.joint is not None
    assert assessment.joint is not None
    before, after = assessment.joint.deposits[0], whole.joint.deposits[0]
    assert after.region_mm2 > 1.2 * before.region_mm2
    assert (whole.joint.reason, after.images) == ("", (0, 1, 2))
    assert all(b.totals == a.totals for k, (a, b) in enumerate(zip(assessment.images, whole.images, strict=True)) if k != 1)
    assert whole.assessment_id == revised.assessment_id != assessment.assessment_id
    assert with_joint(whole) is whole


def test_a_film_that_is_gone_takes_no_part() -> None:
    """The others are measured together; the reason says it."""
    assessment = assess(small_timeline((2.0, 2.0, 2.0)))

    def gone() -> Radiograph:
        raise ReadError("visit3.dcm", "no file", "the film", "put it back")

    last = assessment.images[2]
    images = (*assessment.images[:2], replace(last, exposure=replace(last.exposure, load=gone)))
    joint = joint_again(replace(assessment, images=images))
    assert joint is not None
    assert joint.deposits[0].images == (0, 1)
    assert dict(joint.deposits[0].alone) == {2: NOT_READ}


def test_an_older_assessment_gets_none() -> None:
    """What was measured before there were such values is not measured anew behind the reader's back."""
    older = replace(assess(small_timeline((2.0, 2.0))), joint=None)
    assert with_joint(redrawn(older, 1, 1.5)).joint is None


def test_deposits_that_merged_are_one_family_again() -> None:
    """Partners tell the family, whichever of the two names the other."""
    assessment = assess(small_timeline((2.0, 2.0)))
    (track,) = assessment.tracks
    merged = DepositTrack("D002", "2.25.2", {1: Fate.BASELINE, 2: Fate.MERGED}, {2: ("D001",)})
    grouped = families(tracks_of(replace(assessment, tracks=(merged, track))))
    assert [[t.number for t in group] for group in grouped] == [[1, 2]]


def without_outline(assessment: Assessment, image: int, fates: Fates | None = None) -> Assessment:
    """The assessment with a reader's empty film."""
    labels = assessment.images[image].segmentation
    empty = replace(labels, labels=np.zeros_like(labels.labels))
    measured = measure(assessment.images[image].exposure.radiograph(), empty)
    return revise(assessment, {image: RevisedImage(empty, measured, {})}, fates)


def test_a_deposit_that_is_there_without_an_outline_has_not_resolved() -> None:
    """Its value on all films decides, not the outline; a reader's word goes before both, and is told apart from what follows."""
    assessment = assess(small_timeline((2.0, 2.0, 2.0)))
    revised = without_outline(assessment, 2)
    assert revised.tracks[0].fates[3] is Fate.RESOLVED  # until all films are measured again, outlines are all there is
    whole = with_joint(revised)
    assert whole.tracks[0].fates[3] is Fate.NOT_OUTLINED
    assert (whole.time_points[2].fates[Fate.NOT_OUTLINED], whole.time_points[2].fates[Fate.RESOLVED]) == (1, 0)
    assert stated_in(whole) == {}
    said = {("D001", 3): Fate.RESOLVED}
    by_reader = with_joint(without_outline(assessment, 2, said), stated=said)
    assert by_reader.tracks[0].fates[3] is Fate.RESOLVED
    assert stated_in(by_reader) == said


def test_a_deposit_that_was_there_before_its_first_outline_is_not_new() -> None:
    """The fate of the film that outlines it says so too."""
    whole = with_joint(without_outline(assess(small_timeline((2.0, 2.0, 2.0))), 0))
    assert whole.tracks[0].fates == {2: Fate.FIRST_OUTLINED, 3: Fate.PERSISTENT}
    assert whole.images[1].deposits[0].fate is Fate.FIRST_OUTLINED


def test_what_is_gone_has_resolved_and_what_came_is_new() -> None:
    """From the films: small values near zero, with intervals."""
    fates = [{t: f for track in assess(small_timeline(radii)).tracks for t, f in track.fates.items()} for radii in ((2.0, 2.0, 0.0), (0.0, 2.0, 2.0))]
    assert fates == [{1: Fate.BASELINE, 2: Fate.PERSISTENT, 3: Fate.RESOLVED}, {2: Fate.NEW, 3: Fate.PERSISTENT}]
