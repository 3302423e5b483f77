"""A results folder made from what is on record, by the same writer as after measuring."""

from __future__ import annotations

from os import PathLike

from calcitrack.change import JudgeOptions, judge_cohort, series_of
from calcitrack.errors import InvalidValueError
from calcitrack.io.dicom.output_options import DicomOutput
from calcitrack.io.results.provenance import Clock, utc_now
from calcitrack.io.results.writer import ResultsWriter, Written
from calcitrack.io.workspace.signing import reviewed_of
from calcitrack.io.workspace.workspace import Workspace
from calcitrack.model.course import Courses
from calcitrack.tables.reviewed import REVIEWS, made_review_rows


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

    Tables and segmentations are those that were written after measuring. Pictures need the image files where they were: a picture whose
    film is gone becomes a finding. Where readers reviewed these timelines, ``reviews.csv`` holds what they said; measurement reports carry it too,
    and are verified where one of them accepted the assessment.

    Parameters
    ----------
    run
        Only what this run measured; everything when ``None``.
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
        exported, series = workspace.assessments(run=run), []
        for recorded in exported:
            assessment = workspace.assessment(recorded.assessment_id, digest=recorded.digest)
            writer.add(assessment, reviewed=reviewed_of(workspace, assessment))
            series.append(series_of(assessment))
        timelines, ids = {r.key for r in exported}, {r.assessment_id for r in exported}
        reviews = [m for m in workspace.made_reviews() if m.key in timelines]
        if reviews:
            writer.include(REVIEWS, made_review_rows(reviews, ids))
        for failure in workspace.failures(run=run):
            writer.fail(failure)
        return writer.finish(workspace.files(run=run), judge_cohort(series, courses, options=judging))
