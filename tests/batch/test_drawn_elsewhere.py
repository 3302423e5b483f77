"""Values that follow from outlines that were drawn in another program."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from calcitrack.batch.drawn_elsewhere import revise_as_drawn
from calcitrack.errors import ReadError
from calcitrack.io.workspace import Workspace


def test_accepted_outlines_give_a_revision_and_what_moved(reviews: ModuleType, drawn: ModuleType, tmp_path: Path) -> None:
    """The larger outline moves all visits; the deposit keeps its id, a new label gets the next one; again, nothing; a film that is gone is said."""
    (tmp_path / "films").mkdir()
    films = reviews.write_films(tmp_path / "films", drawn)
    assessment = reviews.measured(films, drawn)
    with Workspace.open(reviews.recorded(tmp_path / "W", assessment)) as workspace:
        image = workspace.assessment(assessment.assessment_id).images[1]
        uid, label = image.exposure.image_id, image.deposits[0].deposit.label
        assert revise_as_drawn(workspace, assessment.assessment_id, "anna") is None
        labels = image.segmentation.labels.copy()
        rows, columns = (labels == label).nonzero()
        labels[rows.min() - 2 : rows.max() + 3, columns.min() - 2 : columns.max() + 3] = label
        labels[300:312, 220:232] = label + 1
        segmentation = type(image.segmentation)(labels=labels, limb=image.segmentation.limb, bone=image.segmentation.bone)
        workspace.edit(uid, segmentation, based_on=workspace.head(uid), reader="anna")
        moves = revise_as_drawn(workspace, assessment.assessment_id, "anna")
        assert moves is not None
        assert moves.reason == "anna changed outlines at visit 2"
        (revision,) = workspace.revisions(assessment.assessment_id)
        kept = workspace.assessment(revision.revised.assessment_id)
        assert [d.deposit_id for d in kept.images[1].deposits] == [image.deposits[0].deposit_id, "D004"]
        assert kept.joint is not None
        assert kept.joint.of("D004") is not None
        grown = next(v for v in moves.values if (v.deposit_id, v.measurand, v.time_point) == (image.deposits[0].deposit_id, "area_joint_mm2", 1))
        assert grown.difference is not None
        assert revise_as_drawn(workspace, assessment.assessment_id, "anna") is None
        workspace.edit(uid, image.segmentation.keeping(()), based_on=workspace.head(uid), reader="anna")
        (films / "film1.dcm").unlink()
        with pytest.raises(ReadError, match="film1"):
            revise_as_drawn(workspace, assessment.assessment_id, "anna")
        assert workspace.revisions() == (revision,)
