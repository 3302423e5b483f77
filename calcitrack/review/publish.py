"""Publish a review: outlines become versions of the workspace, statements become its reviews, results are written to a folder."""

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
    """Make a review the version that counts: the outlines of each changed film, and every statement.

    Deposits that the reader added are no part of the recorded assessment. They are in the outlines, and statements about them are in the journal.

    Returns
    -------
    tuple of SegmentationVersion
        The new versions.

    Raises
    ------
    EditConflictError
        Another reader has published the same film. Nothing of that film is overwritten, and the review stays in the journal.
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
    for (name, k), text in session.state.stated(StatementField.VERDICT).items():
        image = "" if k == ALL_IMAGES else session.state.images[int(k)].exposure.image_id
        found.append(review(kind=ReviewKind(text), deposit_id=str(name), image=image))
    for (name, time_point), text in session.state.stated(StatementField.FATE).items():
        found.append(review(kind=ReviewKind.FATE, deposit_id=str(name), time_point=int(time_point), value=text))
    for (name,), text in session.state.stated(StatementField.PATTERN).items():
        found.append(review(kind=ReviewKind.PATTERN, deposit_id=str(name), value=text))
    for (name,), text in session.state.stated(StatementField.COMMENT).items():
        found.append(review(kind=ReviewKind.COMMENT, deposit_id=str(name), comment=text))
    return [r for r in found if r.deposit_id in recorded]


def export(assessment: Assessment, folder: str | PathLike[str]) -> Path:
    """Write a reviewed assessment as a results folder: tables, pictures, DICOM segmentations.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ResultsError
        The folder holds something else, or cannot be written.
    """
    files = tuple(FileRecord(i.exposure.source, FileStatus.READ, acquisition=i.exposure.acquisition) for i in assessment.images)
    unread = tuple(
        FileRecord(f.exposure.source, FileStatus.SKIPPED if f.is_copy else FileStatus.FAILED, str(f.error), f.exposure.acquisition)
        for f in assessment.failures
    )
    return write_results(CohortAssessment((assessment,), (), files + unread), folder).folder
