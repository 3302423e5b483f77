"""The writer of a results folder: tables, outputs beside them, and provenance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Self

from calcitrack.change import JudgedCohort
from calcitrack.errors import InvalidValueError
from calcitrack.figures import DrawnTimeline, drawn_timeline
from calcitrack.io.dicom.output_options import DicomOutput
from calcitrack.io.results.folder import StagedFolder
from calcitrack.io.results.outputs import Outputs, PlannedReport, Problem, disk_error
from calcitrack.io.results.provenance import Clock, Json, assessment_json, library_versions, utc_now
from calcitrack.io.results.table_files import check_parquet
from calcitrack.io.results.table_writer import GrowingTables
from calcitrack.io.sr.write import Reviewed
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import FileRecord, TimelineFailure
from calcitrack.model.display import counted
from calcitrack.model.moved import Moves
from calcitrack.tables import (
    CHANGES,
    COHORT,
    DEPOSITS,
    EVENTS,
    IMAGES,
    NOT_MEASURABLE,
    OWN_MEASURANDS,
    POSSIBLE,
    RESPONSES,
    TIMELINE,
    TRENDS,
    TableSchema,
)
from calcitrack.tables.cells import Row, plain
from calcitrack.tables.changes import change_rows, cohort_rows, response_rows, trend_rows
from calcitrack.tables.images import ImageOfFile, merged_image_rows, outcomes
from calcitrack.tables.moved import MOVED, moved_rows
from calcitrack.tables.results import deposit_rows, event_rows, gap_rows, own_rows, possible_rows, timeline_rows
from calcitrack.version import __version__


@dataclass(frozen=True, slots=True)
class Written:
    """Content of a results folder after writing.

    Parameters
    ----------
    moves
        What moved against the version that a workspace held before; one for each timeline of which something did.
    """

    folder: Path
    n_timelines: int
    n_images: int
    problems: tuple[Problem, ...]
    moves: tuple[Moves, ...] = ()


@dataclass(frozen=True, slots=True)
class _AddedTimeline:
    """Part of a timeline that is kept until its judgement is known.

    Parameters
    ----------
    folder
        Its folder inside the results folder.
    provenance
        Its part of ``provenance.json``.
    """

    assessment_id: str
    drawn: DrawnTimeline
    folder: str
    provenance: Json
    reports: tuple[PlannedReport, ...]
    n_images: int


class ResultsWriter:
    """Writes a results folder timeline by timeline, so that a large cohort is never in memory as a whole.

    Use it in a ``with`` statement: `add` each assessment and collect its series, judge the series (`calcitrack.change.judge_cohort`), then `finish`
    with what was judged. Without `finish` nothing in the folder has changed.

    Parameters
    ----------
    folder
        Absent, empty, or former results of calcitrack, which are replaced; files that others put there stay.
    parquet
        Write each table as Parquet as well.
    dataset
        Write the tables as Parquet datasets as well, divided by body part (`calcitrack.io.results.table_writer`).
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
        self._outputs = Outputs(self._folder, dicom or DicomOutput())
        self._added: list[_AddedTimeline] = []
        self._outcomes: dict[ImageOfFile, Row] = {}
        self._failures: list[TimelineFailure] = []
        self._moves: list[Moves] = []

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
        folder = self._outputs.claim(assessment.key)
        written = [folder]
        try:
            self._outputs.images(assessment, folder, written)
            rows = (
                (DEPOSITS, [row for row, _ in deposit_rows(assessment)]),
                (TIMELINE, [row for row, _ in timeline_rows(assessment)]),
                (EVENTS, list(event_rows(assessment))),
                (POSSIBLE, list(possible_rows(assessment))),
                (NOT_MEASURABLE, list(gap_rows(assessment))),
                *((OWN_MEASURANDS, [row]) for row in own_rows(assessment)),
            )
            outcome_of_image = outcomes(assessment)
            added = _AddedTimeline(
                assessment.assessment_id,
                drawn_timeline(assessment),
                folder,
                assessment_json(assessment, folder),
                tuple(self._outputs.planned_reports(assessment, reviewed)),
                len(assessment.images),
            )
        except BaseException:
            for path in written:
                self._folder.discard(path)
            raise
        self._add_rows(rows)
        self._outcomes |= outcome_of_image
        self._added.append(added)

    def fail(self, failure: TimelineFailure) -> None:
        """Record a timeline that could not be assessed; its files become failed in ``images.csv``."""
        self._failures.append(failure)

    def include(self, schema: TableSchema, rows: Iterable[Row]) -> None:
        """Write a further table, beside those of every results folder.

        Parameters
        ----------
        schema, rows
            Its columns, and its cells.
        """
        self._add_rows([(schema, list(rows))])

    def moved(self, moves: Moves) -> None:
        """Write what moved of a timeline that was added against the version before into ``moved.csv``; nothing where nothing did."""
        if moves.values:
            self._moves.append(moves)
            self._add_rows([(MOVED, list(moved_rows(moves)))])

    @property
    def replaces_results(self) -> bool:
        """Whether the folder holds results of a former run, which `finish` replaces."""
        return self._folder.holds_results

    @property
    def failures(self) -> tuple[TimelineFailure, ...]:
        """Timelines that were recorded with `fail`."""
        return tuple(self._failures)

    @property
    def n_timelines(self) -> int:
        """Timelines that were added."""
        return len(self._added)

    def finish(self, files: Iterable[FileRecord], judged: JudgedCohort) -> Written:
        """Write the tables, figures, reports and provenance, and put everything into place.

        Parameters
        ----------
        files
            Every file that was handed over.
        judged
            What `calcitrack.change.judge_cohort` made of the series of the timelines, in the order in which these were added.

        Raises
        ------
        InvalidValueError
            The judgements are those of other timelines.
        ResultsError
            A file cannot be written or replaced.
        """
        ids = [j.assessment_id for j in judged.judgements]
        if ids != [a.assessment_id for a in self._added]:
            found = counted(len(ids), "timeline")
            raise InvalidValueError(f"found judgements of {found}; expected those of all that were added ({len(self._added)}), in their order")
        for schema, rows in ((CHANGES, change_rows), (TRENDS, trend_rows), (RESPONSES, response_rows)):
            self._add_rows([(schema, [row for j in judged.judgements for row in rows(j)])])
        self._add_rows([(COHORT, list(cohort_rows(judged.points)))])
        self._outputs.cohort(judged)
        for added, judgement in zip(self._added, judged.judgements, strict=True):
            self._outputs.timeline(added.drawn, judgement, judged.courses.of(added.drawn.key.patient_id), added.folder)
        for added, judgement in zip(self._added, judged.judgements, strict=True):
            for report in added.reports:
                self._outputs.report(report, judgement)
        images = [self._outputs.with_problems(row) for row in merged_image_rows(files, self._outcomes, self._failures)]
        self._add_rows([(IMAGES, images)])
        try:
            self._tables.finish()
        except OSError as error:
            raise disk_error(error) from error
        self._folder.commit(self._provenance())
        return Written(self._folder.target, len(self._added), sum(a.n_images for a in self._added), tuple(self._outputs.problems), tuple(self._moves))

    def _add_rows(self, rows: Iterable[tuple[TableSchema, list[Row]]]) -> None:
        try:
            for schema, new in rows:
                self._tables.add(schema, new)
        except OSError as error:
            raise disk_error(error) from error

    def _provenance(self) -> dict[str, object]:
        return {
            "version": __version__,
            "created": self._clock().isoformat(timespec="seconds"),
            "libraries": library_versions(),
            "timelines": [a.provenance for a in self._added],
            "failures": [{"timeline": plain(str(f.key)), "reason": plain(f.reason)} for f in self._failures],
            "problems": [{"source": plain(p.source), "output": p.output, "reason": plain(p.reason)} for p in self._outputs.problems],
        }
