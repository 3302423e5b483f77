"""An assessment as a reader left it."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from calcitrack.assess import RevisedImage
from calcitrack.assess.revise import REDRAWN, revise
from calcitrack.errors import InvalidValueError
from calcitrack.model.assessment import Assessment, Fate
from calcitrack.model.joint import Joint
from calcitrack.model.measurement import ImageMeasurements
from calcitrack.model.provenance import Step


def without(made: ModuleType, assessment: Assessment, image: int, label: int) -> RevisedImage:
    """The image without one of its deposits."""
    held = assessment.images[image]
    kept = [d for d in held.deposits if d.deposit.label != label]
    segmentation = held.segmentation.keeping(held.segmentation.label_values)
    labels = np.where(held.segmentation.labels == label, 0, held.segmentation.labels)
    segmentation = type(segmentation)(labels=labels, limb=held.segmentation.limb, bone=held.segmentation.bone)
    measured = ImageMeasurements(tuple(d.deposit for d in kept), made.totals(len(kept)))
    return RevisedImage(segmentation, measured, {d.deposit.label: d.deposit_id for d in kept})


def test_nothing_changed_is_the_same_assessment(made: ModuleType) -> None:
    """Parity: the very object, with its id."""
    assessment = made.assessment()
    assert revise(assessment, {}) is assessment


def test_a_deposit_that_was_taken_off_every_film_is_gone(made: ModuleType) -> None:
    """No track, no count; the others keep their fates; the id is another one, and the provenance names the step."""
    assessment = made.assessment(repeat=False)
    revised = revise(assessment, {k: without(made, assessment, k, 2) for k in range(3)}, step=Step("review", {"reader": "anna"}))
    assert [t.deposit_id for t in revised.tracks] == ["D001", "D003"]
    assert revised.tracks[0] == assessment.tracks[0]
    assert [p.deposit_count for p in revised.time_points] == [1, 2, 1]
    assert revised.assessment_id != assessment.assessment_id
    assert revised.provenance.steps[-1].name == "review"
    assert revised.time_points[1].from_baseline["area_mm2"].absolute.value == pytest.approx(0.64)


def test_fates_follow_from_where_a_deposit_is_seen_now(made: ModuleType) -> None:
    """Taken off the last film, a persistent deposit has resolved there; taken off the first, it is new at the second."""
    assessment = made.assessment(repeat=False)
    fates = {k: dict(revise(assessment, {k: without(made, assessment, k, 1)}).tracks[0].fates) for k in (0, 2)}
    assert fates[2] == {1: Fate.BASELINE, 2: Fate.PERSISTENT, 3: Fate.RESOLVED}
    assert fates[0] == {2: Fate.NEW, 3: Fate.PERSISTENT}


def test_an_edit_drops_what_rested_on_all_images_and_says_so(made: ModuleType) -> None:
    """Other outlines: no joint values, with the reason. A stated fate, or the same outlines again, leaves them."""
    assessment = replace(made.assessment(), joint=made.joint())
    assert revise(assessment, {1: without(made, assessment, 1, 2)}).joint == Joint(reason=REDRAWN)
    assert revise(assessment, {}, {("D003", 2): Fate.SPLIT}).joint is assessment.joint
    assert revise(assessment, {1: without(made, assessment, 1, 9)}).joint is assessment.joint


def test_what_a_reader_states_of_a_fate_counts(made: ModuleType) -> None:
    """In the track, on the image, and in the counts of the time point."""
    assessment = made.assessment(repeat=False)
    revised = revise(assessment, {}, {("D003", 2): Fate.SPLIT})
    assert revised.tracks[2].fates[2] is Fate.SPLIT
    assert next(d for d in revised.images[1].deposits if d.deposit_id == "D003").fate is Fate.SPLIT
    assert (revised.time_points[1].fates[Fate.SPLIT], revised.time_points[1].fates[Fate.NEW]) == (1, 0)


def test_the_id_depends_on_what_was_changed(made: ModuleType) -> None:
    """Equal changes, equal ids; another outline, another fate, or a preview have others."""
    assessment = made.assessment(repeat=False)
    changed = [{0: without(made, assessment, 0, 1)}, {0: without(made, assessment, 0, 2)}, {1: without(made, assessment, 1, 1)}]
    ids = [revise(assessment, images).assessment_id for images in changed]
    assert revise(assessment, {0: without(made, assessment, 0, 1)}).assessment_id == ids[0]
    assert len({*ids, revise(assessment, {}, {("D003", 2): Fate.SPLIT}).assessment_id, assessment.assessment_id}) == 5


def test_two_deposits_of_one_film_are_never_one(made: ModuleType) -> None:
    """An identity that is given twice, or not at all, is refused."""
    held = without(made, made.assessment(), 1, 1)
    for identity in ({2: "D002", 3: "D002"}, {2: "D002"}):
        with pytest.raises(InvalidValueError, match="an id of its own"):
            RevisedImage(held.segmentation, held.measurements, identity)
