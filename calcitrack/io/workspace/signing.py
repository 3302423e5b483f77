"""What readers said about an assessment, as its measurement reports carry it, and whether one of them accounts for it."""

from __future__ import annotations

import datetime as dt

import numpy as np

from calcitrack.io.sr.write import Reviewed, Verification
from calcitrack.io.workspace.reviews import review_digest
from calcitrack.io.workspace.workspace import Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.model.review import Review, ReviewKind

_WORDS = {
    ReviewKind.ACCEPT: "accepted",
    ReviewKind.REJECT: "rejected",
    ReviewKind.FATE: "another fate",
    ReviewKind.PATTERN: "pattern",
    ReviewKind.COMMENT: "comment",
}


def reviewed_of(workspace: Workspace, assessment: Assessment) -> Reviewed:
    """Sentences about the whole and each deposit, and the verification.

    A report is verified where a reader accepted the assessment as a whole, nobody rejected it, and no reader has drawn other outlines since:
    then its numbers are not those of the accepted outlines.
    """
    reviews = workspace.reviews(assessment.assessment_id)
    notes: dict[str, tuple[str, ...]] = {}
    for review in reviews:
        notes[review.deposit_id] = (*notes.get(review.deposit_id, ()), _sentence(review))
    edited = _edited(workspace, assessment)
    if edited:
        notes[""] = (*notes.get("", ()), f"outlines drawn anew by {', '.join(edited)}: the measurements are those of the outlines before")
    whole = [r for r in reviews if (r.deposit_id, r.image) == ("", "") and r.kind in (ReviewKind.ACCEPT, ReviewKind.REJECT)]
    if edited or not whole or any(r.kind is ReviewKind.REJECT for r in whole):
        return Reviewed(None, notes)
    return Reviewed(Verification(whole[-1].reader, _moment(workspace, whole[-1])), notes)


def _sentence(review: Review) -> str:
    said = _WORDS[review.kind]
    if review.value:
        said = f"{said}: {review.value.replace('_', ' ')}"
    where = f" at time point {review.time_point}" if review.time_point is not None else ""
    image = " on one image" if review.image else ""
    comment = f" ({review.comment})" if review.comment else ""
    return f"{review.reader}: {said}{where}{image}{comment}"


def _edited(workspace: Workspace, assessment: Assessment) -> list[str]:
    """Readers whose outlines of an image are not those that were measured."""
    readers: dict[str, None] = {}
    for image in assessment.images:
        head = workspace.head(image.exposure.image_id)
        if head.reader and not np.array_equal(workspace.segmentation(head).labels, image.segmentation.labels):
            readers[head.reader] = None
    return list(readers)


def _moment(workspace: Workspace, review: Review) -> dt.datetime:
    """When a review was made, which the audit trail knows."""
    entries = workspace.history(f"assessment {review.assessment_id}", who=review.reader)
    last = [e for e in entries if e.after == review_digest(review)][-1]
    return dt.datetime.fromisoformat(last.at)
