"""A finished review for everybody: outlines as versions of the workspace, what was said as its reviews, results as a folder."""

from __future__ import annotations

from functools import partial
from os import PathLike
from pathlib import Path

from calcitrack.errors import EditConflictError
from calcitrack.io.results.export import write_results
from calcitrack.io.workspace import SegmentationVersion, Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import CohortAssessment, FileRecord, FileStatus
from calcitrack.model.review import Review, ReviewKind
from calcitrack.model.review_steps import ALL_IMAGES, StatementField
from calcitrack.review.session import ReviewSession

ACCEPTED_AS_EDITED = "as outlined in the review"


def publish(workspace: Workspace, session: ReviewSession) -> tuple[SegmentationVersion, ...]:
    """Make a review the version that counts: each film whose outlines were changed, and everything that was said.

    Deposits that the reader added have no place in the recorded assessment: they are in the outlines, and what was said of them is in the journal.

    Returns
    -------
    The new versions.

    Raises
    ------
    EditConflictError
        Another reader's outlines of a film count already. Nothing of that film is overwritten, and the review stays in the journal.
    """
    versions, blocked = [], []
    revised = session.revised()
    for before, after in zip(session.state.images, revised.images, strict=True):
        if after.segmentation is before.segmentation:
            continue
        name = before.exposure.image_id
        head = workspace.head(name)
        if head.reader not in ("", session.reader):
            blocked.append(f"{name} (by {head.reader})")
            continue
        versions.append(workspace.edit(name, after.segmentation, based_on=head, reader=session.reader, comment=ACCEPTED_AS_EDITED))
    known = {
        (r.kind.slot, r.deposit_id, r.image, r.time_point): r for r in workspace.reviews(session.assessment.assessment_id, reader=session.reader)
    }
    for review in _reviews(session):
        if known.get((review.kind.slot, review.deposit_id, review.image, review.time_point)) != review:
            workspace.review(review)
    if blocked:
        raise EditConflictError(
            f"assessment {session.assessment.assessment_id}",
            f"outlines of another reader that count already: {', '.join(blocked)}",
            "films that nobody else has published",
            "compare both readings; yours is kept in the journal, and nothing was overwritten",
        )
    return tuple(versions)


def _reviews(session: ReviewSession) -> list[Review]:
    recorded = {t.deposit_id for t in session.assessment.tracks}
    review = partial(Review, reader=session.reader, assessment_id=session.assessment.assessment_id)
    found = []
    for (name, k), said in session.state.stated(StatementField.VERDICT).items():
        image = "" if k == ALL_IMAGES else session.state.images[int(k)].exposure.image_id
        found.append(review(kind=ReviewKind(said), deposit_id=str(name), image=image))
    for (name, time_point), said in session.state.stated(StatementField.FATE).items():
        found.append(review(kind=ReviewKind.FATE, deposit_id=str(name), time_point=int(time_point), value=said))
    for (name,), said in session.state.stated(StatementField.PATTERN).items():
        found.append(review(kind=ReviewKind.PATTERN, deposit_id=str(name), value=said))
    for (name,), said in session.state.stated(StatementField.COMMENT).items():
        found.append(review(kind=ReviewKind.COMMENT, deposit_id=str(name), comment=said))
    return [r for r in found if r.deposit_id in recorded]


def export(assessment: Assessment, folder: str | PathLike[str]) -> Path:
    """Write a results folder of one reviewed assessment: tables, pictures, DICOM segmentations.

    Raises
    ------
    ResultsError
        The folder holds something else, or cannot be written.
    """
    files = tuple(FileRecord(i.exposure.source, FileStatus.READ, acquisition=i.exposure.acquisition) for i in assessment.images)
    unread = tuple(FileRecord(f.exposure.source, FileStatus.FAILED, str(f.error), f.exposure.acquisition) for f in assessment.failures)
    return write_results(CohortAssessment((assessment,), (), files + unread), folder).folder
