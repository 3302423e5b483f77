"""Values that follow from outlines which a reader drew in another program and a workspace accepted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calcitrack.assess.joint_again import stated_in, with_joint
from calcitrack.assess.options import measured_with
from calcitrack.assess.revise import RevisedImage, revise
from calcitrack.change.moved import REVIEW, what_moved
from calcitrack.io.workspace import Workspace
from calcitrack.measure import measure
from calcitrack.model.assessment import Assessment, DepositId
from calcitrack.model.moved import Moves
from calcitrack.model.provenance import Step
from calcitrack.model.segmentation import Segmentation


def revise_as_drawn(workspace: Workspace, assessment_id: str, reader: str) -> Moves | None:
    """Measure an assessment with the outlines that count now, and keep what follows as a revision of it.

    Each film whose outlines differ from those of the version that counts is read and measured anew, then all films together. A deposit that keeps its
    label keeps its id; a label that is new on a film is a deposit of its own.

    Parameters
    ----------
    assessment_id
        The last assessment of its timeline.
    reader
        Whose outlines they are.

    Returns
    -------
    What moved against the version that counted before; ``None`` where no outline differs.

    Raises
    ------
    ReadError
        A film that was drawn on cannot be read; nothing is recorded then.
    """
    recorded = next((r for r in workspace.assessments() if r.assessment_id == assessment_id), None)
    if recorded is None:
        return None
    counting = workspace.counting(recorded)
    before = workspace.assessment(counting.assessment_id, digest=counting.digest)
    drawn = {k: s for k in range(len(before.images)) if (s := _drawn(workspace, before, k)) is not None}
    if not drawn:
        return None
    numbers = [DepositId.parse(t.deposit_id).number for t in before.tracks]
    names, options, images = _names(before, drawn, max(numbers, default=0)), measured_with(before.provenance), {}
    for k, segmentation in drawn.items():
        radiograph = replace(before.images[k].exposure.radiograph(), calibration=before.images[k].calibration)
        images[k] = RevisedImage(segmentation, measure(radiograph, segmentation, options), names[k])
    after = with_joint(revise(before, images, step=Step(REVIEW, {"reader": reader, "films": len(drawn)})), options, stated_in(before))
    workspace.revise(after, based_on=assessment_id, reader=reader)
    return what_moved(before, after)


def _drawn(workspace: Workspace, assessment: Assessment, k: int) -> Segmentation | None:
    """A reader's outlines of a film that are not those of the assessment."""
    head = workspace.head(assessment.images[k].exposure.image_id)
    if not head.reader:
        return None
    segmentation = workspace.segmentation(head)
    return None if np.array_equal(segmentation.labels, assessment.images[k].segmentation.labels) else segmentation


def _names(assessment: Assessment, drawn: dict[int, Segmentation], last: int) -> dict[int, dict[int, str]]:
    """Film -> label -> deposit id; numbers after the last one for labels that are new on their film."""
    names: dict[int, dict[int, str]] = {}
    for k, segmentation in drawn.items():
        known = {d.deposit.label: d.deposit_id for d in assessment.images[k].deposits}
        names[k] = {}
        for label in segmentation.label_values:
            if label not in known:
                last += 1
            names[k][label] = known.get(label) or str(DepositId(last))
    return names
