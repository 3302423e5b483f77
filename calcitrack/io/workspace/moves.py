"""What moved of a timeline against the version of its assessment that counted before."""

from __future__ import annotations

from calcitrack.change.moved import what_moved
from calcitrack.io.workspace.workspace import Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.model.moved import Moves


def moved_since(workspace: Workspace, assessment: Assessment) -> Moves | None:
    """What an assessment says otherwise than what counted of its timeline before; ``None`` where nothing did.

    Parameters
    ----------
    assessment
        An assessment, or a revision of one, that the workspace holds.
    """
    before = workspace.said_before(assessment.key, assessment.assessment_id)
    return None if before is None else what_moved(workspace.assessment(before.assessment_id, digest=before.digest), assessment)


def last_moves(workspace: Workspace, assessment_id: str) -> Moves | None:
    """What moved when a timeline got the version that counts now; ``None`` where it is the first, or its assessment no longer counts.

    Parameters
    ----------
    assessment_id
        The last assessment of its timeline, as `Workspace.assessments` lists it.
    """
    recorded = next((r for r in workspace.assessments() if r.assessment_id == assessment_id), None)
    if recorded is None:
        return None
    counting = workspace.counting(recorded)
    return moved_since(workspace, workspace.assessment(counting.assessment_id, digest=counting.digest))
