"""Publish a review: outlines and values become versions of the workspace, statements its reviews; results are written to a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path

from calcitrack.change.moved import what_moved
from calcitrack.errors import EditConflictError
from calcitrack.io.results.export import write_results
from calcitrack.io.workspace import SegmentationVersion, Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import CohortAssessment, FileRecord, FileStatus
from calcitrack.model.moved import Moves
from calcitrack.model.review import Review, ReviewKind
from calcitrack.model.review_steps import ALL_IMAGES, StatementField
from calcitrack.review.session import ReviewSession

ACCEPTED_AS_EDITED = "as outlined in the review"


@dataclass(frozen=True, eq=False, slots=True)
class Publication:
    """A review that is measured and can be recorded.

    Parameters
    ----------
    before, after
        The assessment that the reader started from, and as the reader left it.
    reader
        Whose review it is.
    reviews
        What the reader stated of the recorded deposits.
    """

    before: Assessment
    after: Assessment
    reader: str
    reviews: tuple[Review, ...]


def prepared(session: ReviewSession) -> Callable[[], Publication]:
    """Take what a review holds now.

    Returns
    -------
    Callable
        Measures it: every changed film anew, and all films together, which are read for it. It touches neither review nor workspace, and runs in any
        thread.
    """
    drawn, reader, reviews = session.drawn(), session.reader, tuple(_reviews(session))
    return lambda: Publication(drawn.assessment, drawn.measured(), reader, reviews)


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing a review changed.

    Parameters
    ----------
    versions
        The new versions of outlines.
    moves
        What moved against the version of the assessment that counted before, and why.
    """

    versions: tuple[SegmentationVersion, ...]
    moves: Moves


def publish(workspace: Workspace, session: ReviewSession) -> Published:
    """Make a review what counts: the outlines of each changed film, every statement, and the values that follow from them.

    Deposits that the reader added are no part of the recorded assessment. They are in the outlines, and statements about them are in the journal.
    The revised assessment becomes a version of its own in the workspace; the measured one, and every earlier revision, stay.

    Raises
    ------
    EditConflictError
        Another reader has published the same film. Nothing of that film is overwritten, no revision is recorded, and the review stays in the
        journal.
    """
    return record(workspace, prepared(session)())


def record(workspace: Workspace, publication: Publication) -> Published:
    """Record what `prepared` gives; `publish` says what becomes of it. In the thread of the workspace.

    Raises
    ------
    EditConflictError
        As for `publish`.
    """
    before, after, reader = publication.before, publication.after, publication.reader
    versions, blocked = [], []
    for image, revised in zip(before.images, after.images, strict=True):
        if revised.segmentation is image.segmentation:
            continue
        name = image.exposure.image_id
        head = workspace.head(name)
        if head.reader not in ("", reader):
            blocked.append(f"{name} (by {head.reader})")
            continue
        versions.append(workspace.edit(name, revised.segmentation, based_on=head, reader=reader, comment=ACCEPTED_AS_EDITED))
    known = {(r.kind.slot, r.deposit_id, r.image, r.time_point): r for r in workspace.reviews(before.assessment_id, reader=reader)}
    for review in publication.reviews:
        if known.get((review.kind.slot, review.deposit_id, review.image, review.time_point)) != review:
            workspace.review(review)
    if blocked:
        raise EditConflictError(
            f"assessment {before.assessment_id}",
            f"outlines of another reader that count already: {', '.join(blocked)}",
            "films that nobody else has published",
            "compare both readings; yours is kept in the journal, and nothing was overwritten",
        )
    return Published(tuple(versions), _revised(workspace, publication))


def _revised(workspace: Workspace, publication: Publication) -> Moves:
    """Record the revision, where there is one, and say what moved against what counted before."""
    earlier = workspace.revisions(publication.before.assessment_id)
    last = publication.before if not earlier else workspace.assessment(earlier[-1].revised.assessment_id, digest=earlier[-1].revised.digest)
    if earlier or publication.after is not publication.before:
        workspace.revise(publication.after, based_on=publication.before.assessment_id, reader=publication.reader)
    return what_moved(last, publication.after)


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
