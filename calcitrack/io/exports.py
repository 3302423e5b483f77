"""The results folder: tables, segmentations, pictures and provenance. Its contract is `docs/reference/results.md`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd

from calcitrack.errors import ResultsError
from calcitrack.figures import DrawnTimeline, cohort_figures, drawn_timeline, timeline_figure
from calcitrack.io.chatter import impersonal
from calcitrack.io.clock import Clock, utc_now
from calcitrack.io.dicom_output import DicomOutput
from calcitrack.io.dicom_seg import is_dicom, write_label_picture, write_segmentation
from calcitrack.io.dicom_sr import Reviewed, write_report
from calcitrack.io.file_names import NamesInUse
from calcitrack.io.growing_tables import GrowingTables
from calcitrack.io.pictures import Films, overlay_name, pair_names, shown_of_each_visit, write_figure, write_overlay, write_pair
from calcitrack.io.provenance_json import assessment_json, library_versions
from calcitrack.io.results_folder import StagedFolder, read_manifest
from calcitrack.io.sr_draft import ReportDraft, Told, drafts_of
from calcitrack.io.table_files import check_parquet, read_table
from calcitrack.model.assessment import Assessment, ImageAssessment
from calcitrack.model.cohort import CohortAssessment, FileRecord, TimelineFailure
from calcitrack.model.course import Courses
from calcitrack.model.judgement import CohortPoint, Judgement, TimelineSeries
from calcitrack.tables import CHANGES, COHORT, DEPOSITS, EVENTS, IMAGES, NOT_MEASURABLE, RESPONSES, SCHEMAS, TIMELINE, TRENDS, TableSchema
from calcitrack.tables.cells import Row, joined, plain
from calcitrack.tables.images import merged_image_rows, outcomes
from calcitrack.tables.judged import change_rows, cohort_rows, response_rows, trend_rows
from calcitrack.tables.results import deposit_rows, event_rows, gap_rows, timeline_rows
from calcitrack.track import RULES, JudgeOptions, cohort_points, judge, own_precision, series_of
from calcitrack.version import __version__

SEGMENTATION = "segmentation"
"""How findings name a missing segmentation."""
TIMELINES = "timelines"
"""Folder of the pictures below a results folder."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An output that could not be written; everything else was.

    Parameters
    ----------
    source
        The image as the user knows it, or the timeline.
    output
        Which output is missing.
    reason
        One sentence.
    """

    source: str
    output: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A report that waits for the judgement of its timeline."""

    draft: ReportDraft
    name: str
    timeline: int
    reviewed: Reviewed | None


@dataclass(frozen=True, slots=True)
class Written:
    """What a results folder holds now."""

    folder: Path
    n_timelines: int
    n_images: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Results:
    """A results folder read back: its tables with the types of their schemas, and its provenance."""

    deposits: pd.DataFrame
    timeline: pd.DataFrame
    events: pd.DataFrame
    images: pd.DataFrame
    not_measurable: pd.DataFrame
    changes: pd.DataFrame
    trends: pd.DataFrame
    responses: pd.DataFrame
    cohort: pd.DataFrame
    provenance: dict[str, Any]


class ResultsWriter:
    """Writes a results folder timeline by timeline, so that a large cohort never lies in memory as a whole.

    Use it in a ``with`` statement: `add` each assessment, then `finish`. Without `finish` nothing in the folder has changed.

    Parameters
    ----------
    folder
        Absent, empty, or former results of calcitrack, which are replaced; files that others put there stay.
    parquet
        Write each table as Parquet as well.
    dataset
        Write the tables as Parquet datasets as well, divided by body part (`calcitrack.io.growing_tables`).
    clock
        Gives the time that is noted in ``provenance.json``.
    dicom
        Which DICOM objects are written; defaults when ``None``.

    Raises
    ------
    ResultsError
        On entering: the folder holds something else or cannot be written, or Parquet is asked for without pyarrow.
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        *,
        parquet: bool = False,
        dataset: bool = False,
        clock: Clock = utc_now,
        dicom: DicomOutput | None = None,
    ) -> None:
        self._folder = StagedFolder(Path(folder))
        self._needs_pyarrow = parquet or dataset
        self._tables = GrowingTables(self._folder.path, parquet=parquet, dataset=dataset)
        self._clock = clock
        self._dicom = dicom or DicomOutput()
        self._waiting: list[_Waiting] = []
        self._series: list[TimelineSeries] = []
        self._drawn: list[tuple[DrawnTimeline, str]] = []
        self._judgements: tuple[Judgement, ...] = ()
        self._outcomes: dict[str, Row] = {}
        self._failures: list[TimelineFailure] = []
        self._timelines: list[object] = []
        self._problems: list[Problem] = []
        self._timeline_names, self._seg_names, self._report_names = NamesInUse(), NamesInUse(), NamesInUse()
        self._n_images = 0

    def __enter__(self) -> Self:
        if self._needs_pyarrow:
            check_parquet()
        self._folder.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._tables.close()
        self._folder.__exit__(kind, error, trace)

    def add(self, assessment: Assessment, *, reviewed: Reviewed | None = None) -> None:
        """Write the pictures and segmentations of one timeline, and keep its rows; `finish` writes its reports, with what readers said.

        A picture or segmentation that cannot be made becomes a finding of its image; the others go on. Where this is broken off (Ctrl-C, a
        full disk), nothing of the timeline stays.

        Raises
        ------
        ResultsError
            The disk is full or gone.
        """
        key = assessment.key
        parts = (key.patient_id or "unknown", key.body_part, key.laterality, key.view)
        folder = f"{TIMELINES}/{self._timeline_names.claim('_'.join(p for p in parts if p), repr(key))}"
        written = [folder]
        try:
            self._write_images(assessment, folder, written)
            rows = (
                (DEPOSITS, [row for row, _ in deposit_rows(assessment)]),
                (TIMELINE, [row for row, _ in timeline_rows(assessment)]),
                (EVENTS, list(event_rows(assessment))),
                (NOT_MEASURABLE, list(gap_rows(assessment))),
            )
            told, became = assessment_json(assessment, folder), outcomes(assessment)
            series, drawn = series_of(assessment), drawn_timeline(assessment)
            drafts = tuple(drafts_of(assessment)) if self._dicom.reports else ()
        except BaseException:
            for path in written:
                self._folder.discard(path)
            raise
        self._add_rows(rows)
        self._outcomes |= became
        self._waiting += [_Waiting(d, self._report_name(d), len(self._series), reviewed) for d in drafts]
        self._series.append(series)
        self._drawn.append((drawn, folder))
        self._timelines.append(told)
        self._n_images += len(assessment.images)

    def fail(self, failure: TimelineFailure) -> None:
        """Note a timeline that could not be assessed; its files become failed in ``images.csv``."""
        self._failures.append(failure)

    def include(self, schema: TableSchema, rows: Iterable[Row]) -> None:
        """Write a further table, beside those of every results folder.

        Parameters
        ----------
        schema, rows
            Its columns, and its cells.
        """
        self._add_rows([(schema, list(rows))])

    @property
    def replaces_results(self) -> bool:
        """Whether the folder holds results of a former run, which `finish` replaces."""
        return self._folder.holds_results

    @property
    def failures(self) -> tuple[TimelineFailure, ...]:
        """Timelines that were noted with `fail`."""
        return tuple(self._failures)

    @property
    def judgements(self) -> tuple[Judgement, ...]:
        """What `finish` made of the change of each timeline, in the order in which they were added."""
        return self._judgements

    def finish(self, files: Iterable[FileRecord], *, courses: Courses | None = None, judging: JudgeOptions | None = None) -> Written:
        """Write the tables and the provenance, and put everything into place.

        Parameters
        ----------
        files
            Every file that was handed over.
        courses
            Treatments of the patients: the tables about change look before and after each start.
        judging
            Settings of the verdicts; defaults when ``None``.

        Raises
        ------
        ResultsError
            A file cannot be written or replaced.
        """
        courses = courses or Courses()
        self._judge(courses, judging)
        for (drawn, folder), judgement in zip(self._drawn, self._judgements, strict=True):
            self._write_timeline(drawn, judgement, courses, folder)
        for waiting in self._waiting:
            self._write_report(waiting)
        images = [self._with_problems(row) for row in merged_image_rows(files, self._outcomes, self._failures)]
        self._add_rows([(IMAGES, images)])
        try:
            self._tables.finish()
        except OSError as error:
            raise _disk_error(error) from error
        self._folder.commit(self._provenance())
        return Written(self._folder.target, len(self._timelines), self._n_images, tuple(self._problems))

    def _judge(self, courses: Courses, judging: JudgeOptions | None) -> None:
        """Only now all repeat exposures of the cohort are known, which say how far a change can be detected."""
        precision = own_precision(self._series)
        self._judgements = tuple(judge(s, courses.of(s.key.patient_id), precision=precision, options=judging) for s in self._series)
        for schema, rows in ((CHANGES, change_rows), (TRENDS, trend_rows), (RESPONSES, response_rows)):
            self._add_rows([(schema, [row for j in self._judgements for row in rows(j)])])
        points = cohort_points(self._series, courses, precision=precision)
        self._add_rows([(COHORT, list(cohort_rows(points)))])
        self._attempt("all timelines", "cohort figures", lambda: self._write_cohort(points))

    def _write_cohort(self, points: Sequence[CohortPoint]) -> None:
        rule = RULES[0]  # the one that `cohort_points` counts progression by
        figures = cohort_figures(points, self._judgements, rule.name, (rule.improve, rule.progress))
        for name, figure in (("waterfall", figures.waterfall), ("spaghetti", figures.spaghetti), ("progression", figures.progression)):
            if figure is not None:
                write_figure(self._folder, f"cohort_{name}", figure)

    def _write_timeline(self, drawn: DrawnTimeline, judgement: Judgement, courses: Courses, folder: str) -> None:
        course, name = courses.of(drawn.key.patient_id), f"{folder}/timeline"
        self._attempt(str(drawn.key), "timeline.png", lambda: write_figure(self._folder, name, timeline_figure(drawn, judgement, course)))

    def _write_images(self, assessment: Assessment, folder: str, written: list[str]) -> None:
        """Overlay and segmentation of each image, and the pictures of each visit with the one before."""
        films, shown = Films(), shown_of_each_visit(assessment)
        before: ImageAssessment | None = None
        for image in assessment.images:
            overlay = f"{folder}/{overlay_name(image)}"
            self._attempt(image.exposure.source, "overlay.png", partial(write_overlay, self._folder, overlay, assessment, image, films))
            if any(image is s for s in shown):
                if before is not None:
                    pair, difference = (f"{folder}/{name}" for name in pair_names(before, image))
                    write = partial(write_pair, self._folder, (pair, difference), assessment, (before, image), films)
                    self._attempt(image.exposure.source, "pair.png", write)
                before = image
            written.append(self._segmentation_name(image))
            self._attempt(image.exposure.source, SEGMENTATION, partial(self._write_segmentation, assessment, image, written[-1]))

    def _segmentation_name(self, image: ImageAssessment) -> str:
        source, uid = image.exposure.source, image.exposure.acquisition.sop_instance_uid
        if is_dicom(image):
            return f"seg/{self._seg_names.claim(uid, source)}.dcm"
        stem = Path(source.replace("!", "/")).stem or "image"
        return f"seg/{self._seg_names.claim(stem, source)}.label.png"

    def _write_segmentation(self, assessment: Assessment, image: ImageAssessment, name: str) -> None:
        path = self._folder.path(name)
        if is_dicom(image):
            made_by = assessment.provenance
            kind = self._dicom.segmentation
            write_segmentation(path, image, assessment_id=assessment.assessment_id, program=made_by.program, version=made_by.version, kind=kind)
        else:
            write_label_picture(path, image)

    def _report_name(self, draft: ReportDraft) -> str:
        exposure = draft.images[0].exposure
        return f"sr/{self._report_names.claim(exposure.acquisition.sop_instance_uid, exposure.source)}.dcm"

    def _write_report(self, waiting: _Waiting) -> None:
        """The report of a study; images without a segmentation, to which it would refer, are left out and have their finding already."""
        lacking = {p.source for p in self._problems if p.output == SEGMENTATION}
        images = tuple(i for i in waiting.draft.images if i.exposure.source not in lacking)
        if images:
            draft, told = replace(waiting.draft, images=images), Told.of(self._judgements[waiting.timeline])
            write = partial(write_report, told=told, reviewed=waiting.reviewed, kind=self._dicom.segmentation)
            self._attempt(images[0].exposure.source, "measurement report", lambda: write(self._folder.path(waiting.name), draft))

    def _attempt(self, source: str, output: str, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            raise _disk_error(error) from error
        except Exception as error:  # one picture must not cost the others, whatever a library made of this image
            reason = impersonal(" ".join(str(error).split())) or type(error).__name__
            self._problems.append(Problem(source, output, reason.removeprefix(f"{source}: ")))

    def _with_problems(self, row: Row) -> Row:
        own = [f"no {p.output} was written: {p.reason}" for p in self._problems if p.source == row.get("path")]
        return {**row, "findings": joined([str(row.get("findings") or ""), *own])} if own else row

    def _add_rows(self, rows: Iterable[tuple[TableSchema, list[Row]]]) -> None:
        try:
            for schema, new in rows:
                self._tables.add(schema, new)
        except OSError as error:
            raise _disk_error(error) from error

    def _provenance(self) -> dict[str, object]:
        return {
            "version": __version__,
            "created": self._clock().isoformat(timespec="seconds"),
            "libraries": library_versions(),
            "timelines": self._timelines,
            "failures": [{"timeline": plain(str(f.key)), "reason": plain(f.reason)} for f in self._failures],
            "problems": [{"source": plain(p.source), "output": p.output, "reason": plain(p.reason)} for p in self._problems],
        }


def _disk_error(error: OSError) -> ResultsError:
    return ResultsError(
        f"{error.filename or 'the results folder'}: cannot be written ({error.strerror or error}); free the disk or choose another folder"
    )


def write_results(
    cohort: CohortAssessment,
    folder: str | PathLike[str],
    *,
    parquet: bool = False,
    dataset: bool = False,
    clock: Clock = utc_now,
    courses: Courses | None = None,
    judging: JudgeOptions | None = None,
    dicom: DicomOutput | None = None,
) -> Written:
    """Write a results folder for a whole cohort.

    Parameters
    ----------
    cohort
        What `calcitrack.assess_cohort` returned.
    folder, parquet, dataset, clock, dicom
        As for `ResultsWriter`.
    courses, judging
        As for `ResultsWriter.finish`.

    Returns
    -------
    Written
        The folder, and the outputs that could not be written.

    Raises
    ------
    ResultsError
        The folder holds something else, or cannot be written. It is then as it was before.
    """
    with ResultsWriter(folder, parquet=parquet, dataset=dataset, clock=clock, dicom=dicom) as writer:
        for assessment in cohort.assessments:
            writer.add(assessment)
        for failure in cohort.failures:
            writer.fail(failure)
        return writer.finish(cohort.files, courses=courses, judging=judging)


def read_results(folder: str | PathLike[str]) -> Results:
    """Read a results folder, with the column types that the contract states.

    Raises
    ------
    ResultsError
        It is no results folder, it was written by a newer version, its writing was interrupted, or a table was changed.
    """
    path = Path(folder)
    provenance = read_manifest(path)
    if not provenance.get("complete"):
        raise ResultsError(f"{path}: found results whose writing was interrupted; expected a finished folder; measure again into the same folder")
    tables = {schema.name: read_table(schema, path / f"{schema.name}.csv") for schema in SCHEMAS}
    return Results(**tables, provenance=provenance)
