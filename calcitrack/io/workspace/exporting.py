"""Export of a results folder from a workspace, with the same writer as after measuring."""

from __future__ import annotations

import datetime as dt
from os import PathLike

import numpy as np

from calcitrack.change import JudgeOptions, judge_cohort, series_of
from calcitrack.errors import InvalidValueError
from calcitrack.io.dicom.output_options import DicomOutput
from calcitrack.io.results.provenance import Clock, utc_now
from calcitrack.io.results.writer import ResultsWriter, Written
from calcitrack.io.sr.write import Reviewed, Verification
from calcitrack.io.workspace.audit import REVISED, AuditEntry
from calcitrack.io.workspace.moves import moved_since
from calcitrack.io.workspace.reviews import review_digest
from calcitrack.io.workspace.runs import RecordedAssessment
from calcitrack.io.workspace.workspace import Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.model.course import Courses
from calcitrack.model.review import Review, ReviewKind
from calcitrack.tables.reviewed import REVIEWS, made_review_rows

_WORDS = {
    ReviewKind.ACCEPT: "accepted",
    ReviewKind.REJECT: "rejected",
    ReviewKind.FATE: "another fate",
    ReviewKind.PATTERN: "pattern",
    ReviewKind.COMMENT: "comment",
}
"""How a report says what a review says."""


def export_results(
    workspace: Workspace,
    folder: str | PathLike[str],
    *,
    run: int | None = None,
    parquet: bool = False,
    dataset: bool = False,
    courses: Courses | None = None,
    judging: JudgeOptions | None = None,
    clock: Clock = utc_now,
    dicom: DicomOutput | None = None,
) -> Written:
    """Write a results folder from a workspace: the last assessment of each timeline, without measuring anything again.

    Where a reader published a review of it, its last revision is written in its place, with the reader's outlines and the values that follow from
    them. What moved against the version that counted before is in ``moved.csv``.

    Tables and segmentations are those that were written after measuring. Pictures need the image files where they were: a picture whose
    film is gone becomes a finding. Where readers reviewed these timelines, ``reviews.csv`` holds what they said; measurement reports carry it too,
    and are verified where one of them accepted the assessment.

    Parameters
    ----------
    run
        Only timelines that this run measured, as it measured them; all when ``None``.
    folder, parquet, dataset, clock, dicom
        As for `calcitrack.io.results.writer.ResultsWriter`.
    courses, judging
        As for `calcitrack.write_results`.

    Raises
    ------
    InvalidValueError
        There is no such run.
    ResultsError
        The results folder holds something else, or cannot be written.
    WorkspaceDamagedError
        A file of the workspace is damaged.
    """
    if run is not None and run not in {r.number for r in workspace.runs()}:
        raise InvalidValueError(f"found no run {run} in the workspace; expected one of {[r.number for r in workspace.runs()]}")
    with ResultsWriter(folder, parquet=parquet, dataset=dataset, clock=clock, dicom=dicom) as writer:
        exported, series, ids = workspace.assessments(run=run), [], set()
        for recorded in exported:
            counting = recorded if run is not None else workspace.counting(recorded)
            assessment = workspace.assessment(counting.assessment_id, digest=counting.digest)
            writer.add(assessment, reviewed=reviewed_of(workspace, assessment, recorded, counting))
            moves = moved_since(workspace, assessment)
            if moves is not None:
                writer.moved(moves)
            series.append(series_of(assessment))
            ids |= {recorded.assessment_id, counting.assessment_id}
        timelines = {r.key for r in exported}
        reviews = [m for m in workspace.made_reviews() if m.key in timelines]
        if reviews:
            writer.include(REVIEWS, made_review_rows(reviews, ids))
        for failure in workspace.failures(run=run):
            writer.fail(failure)
        return writer.finish(workspace.files(run=run), judge_cohort(series, courses, options=judging))


def reviewed_of(workspace: Workspace, assessment: Assessment, recorded: RecordedAssessment, counting: RecordedAssessment) -> Reviewed:
    """Sentences about the whole and each deposit, and the verification.

    A report is verified where a reader accepted the assessment as a whole, nobody rejected it, and no reader has drawn other outlines since:
    then its numbers are not those of the accepted outlines. A revision is verified by an acceptance that came after it, not by one of what was
    there before.

    Parameters
    ----------
    assessment
        Whose measurements the report holds.
    recorded, counting
        The assessment that readers reviewed, and what `assessment` is: the same, or the revision of it that counts.
    """
    reviews = workspace.reviews(recorded.assessment_id)
    notes: dict[str, tuple[str, ...]] = {}
    for review in reviews:
        notes[review.deposit_id] = (*notes.get(review.deposit_id, ()), _sentence(review))
    edited = _edited(workspace, assessment)
    if edited:
        notes[""] = (*notes.get("", ()), f"outlines drawn anew by {', '.join(edited)}: the measurements are those of the outlines before")
    whole = [r for r in reviews if (r.deposit_id, r.image) == ("", "") and r.kind in (ReviewKind.ACCEPT, ReviewKind.REJECT)]
    if edited or not whole or any(r.kind is ReviewKind.REJECT for r in whole):
        return Reviewed(None, notes)
    accepted = _entry(workspace, whole[-1])
    if accepted.number < _revised_by(workspace, recorded, counting):
        return Reviewed(None, notes)
    return Reviewed(Verification(whole[-1].reader, dt.datetime.fromisoformat(accepted.at)), notes)


def _revised_by(workspace: Workspace, recorded: RecordedAssessment, counting: RecordedAssessment) -> int:
    """Number of the entry of the audit trail that made a revision; 0 for an assessment as it was measured."""
    if counting == recorded:
        return 0
    return max(e.number for e in workspace.history(f"timeline {recorded.key}") if (e.what, e.after) == (REVISED, counting.digest))


def _sentence(review: Review) -> str:
    verdict = _WORDS[review.kind]
    if review.value:
        verdict = f"{verdict}: {review.value.replace('_', ' ')}"
    where = f" at time point {review.time_point}" if review.time_point is not None else ""
    image = " on one image" if review.image else ""
    comment = f" ({review.comment})" if review.comment else ""
    return f"{review.reader}: {verdict}{where}{image}{comment}"


def _edited(workspace: Workspace, assessment: Assessment) -> list[str]:
    """Readers whose outlines of an image are not those that were measured."""
    readers: dict[str, None] = {}
    for image in assessment.images:
        head = workspace.head(image.exposure.image_id)
        if head.reader and not np.array_equal(workspace.segmentation(head).labels, image.segmentation.labels):
            readers[head.reader] = None
    return list(readers)


def _entry(workspace: Workspace, review: Review) -> AuditEntry:
    """The entry of the audit trail that made a review."""
    entries = workspace.history(f"assessment {review.assessment_id}", who=review.reader)
    return [e for e in entries if e.after == review_digest(review)][-1]
