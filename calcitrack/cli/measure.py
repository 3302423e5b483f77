"""The commands `measure` and `demo`: scan, measure and write, with a progress bar."""

from __future__ import annotations

import logging
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, TaskID

from calcitrack.assess import AssessOptions
from calcitrack.batch import TIME_LIMIT_S, iter_assessments, keep_in, sensible_workers
from calcitrack.batch.cluster import connected
from calcitrack.change import judge_cohort, series_of
from calcitrack.cli.console import progress_bar, tell
from calcitrack.cli.exits import ExitCode
from calcitrack.cli.resume import kept_json, kept_sentences, using_manifest
from calcitrack.cli.summary import Summary, summary_json, summary_text
from calcitrack.cli.timeline_line import TimelineLine
from calcitrack.errors import ClusterError, InvalidValueError
from calcitrack.io.cohort.course_files import CourseFiles, CourseRows, courses_of, find_course_files, read_course_rows
from calcitrack.io.cohort.joining import join_hints
from calcitrack.io.cohort.manifest import Manifest, manifests_among, read_manifest
from calcitrack.io.cohort.pseudonyms import read_pseudonyms
from calcitrack.io.cohort.read import read_cohort
from calcitrack.io.dicom.output_options import DicomOutput
from calcitrack.io.results.writer import ResultsWriter
from calcitrack.io.sheets.all_problems import all_problems
from calcitrack.io.sheets.dates import DateOrder
from calcitrack.io.workspace import KeptRun, Workspace
from calcitrack.measure import MeasureOptions
from calcitrack.model.assessment import Assessment
from calcitrack.model.calibration import Tier
from calcitrack.model.cohort import Cohort, TimelineFailure
from calcitrack.model.display import counted
from calcitrack.model.timeline import Timeline
from calcitrack.reporting.placement_words import placement_sentences
from calcitrack.reporting.same_pixels import FilmPixels
from calcitrack.tables.results import timeline_rows

NOT_REACHED = "the run was interrupted before it was finished; measure again"
"""Reason for each timeline that Ctrl-C left out."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for.

    Parameters
    ----------
    workers
        ``None`` for one process a processor.
    options
        ``None`` for the defaults of every verb.
    again
        Measure also what the workspace holds.
    command
        What to type to go on where this run stops.
    scheduler
        Address of a Dask cluster that measures instead.
    time_limit_s
        What `iter_assessments` says, 0 for none.
    dates
        What stands first in dates of the tables; ``None`` where each table has to prove it.
    """

    inputs: tuple[Path, ...]
    out: Path
    manifest: Path | None
    workers: int | None
    parquet: bool
    options: AssessOptions | None = None
    treatments: Path | None = None
    labs: Path | None = None
    workspace: Path | None = None
    again: bool = False
    command: str = ""
    dicom: DicomOutput | None = None
    pseudonyms: Path | None = None
    scheduler: str | None = None
    time_limit_s: float = TIME_LIMIT_S
    dataset: bool = False
    corrections: Path | None = None
    dates: DateOrder | None = None

    def __post_init__(self) -> None:
        if self.scheduler is not None and self.workers is not None:
            raise InvalidValueError("workers are processes of this computer, and a cluster has its own; give --workers or --scheduler")


def measure_options(ha_concentration: float | None, ha_concentration_sd: float | None) -> MeasureOptions:
    """Settings of `measure`; ``None`` keeps the default."""
    if ha_concentration is None:
        return MeasureOptions(ha_concentration_sd_mg_cm3=ha_concentration_sd)
    return MeasureOptions(ha_concentration_mg_cm3=ha_concentration, ha_concentration_sd_mg_cm3=ha_concentration_sd)


def run(request: Request, *, as_json: bool, quiet: bool) -> ExitCode:
    """Measure and write everything, print the summary, and give the exit code.

    Ctrl-C ends it at once. What was finished by then is written, unless the folder holds the results of a former run: those stay.

    Raises
    ------
    CalcitrackError
        The manifest or the results folder cannot be used. Nothing has been changed then.
    """
    warnings.simplefilter("ignore")  # what matters to the user comes as findings; libraries' warnings would break the progress bar
    try:
        with progress_bar(hidden=quiet or as_json) as bar:
            summary = _measure(request, bar, say=lambda text: None if quiet or as_json else tell(text, bar.console))
    except KeyboardInterrupt:
        return _interrupted(f"nothing was written; {request.out} is as it was before", request)
    finished, wanted = len(summary.timelines), len(summary.timelines) + len(summary.lost)
    if summary.interrupted:
        return _interrupted(
            f"{finished} of {counted(wanted, 'timeline')} finished: their results are in {request.out}, the files of the others are listed as failed "
            "in images.csv; measure again into the same folder to have all",
            request,
        )
    if as_json:
        sys.stdout.write(summary_json(summary))
    elif not quiet:
        sys.stdout.write(summary_text(summary, Console()))
    return summary.exit_code


def _interrupted(outcome: str, request: Request) -> ExitCode:
    tell(f"interrupted; {outcome}")
    if request.workspace is not None and request.command:
        tell(f"every timeline that was measured is kept in {request.workspace}; to go on there: {request.command}")
    return ExitCode.INTERRUPTED


def _measure(request: Request, bar: Progress, say: Callable[[str], None]) -> Summary:
    with ExitStack() as stack:
        writer = stack.enter_context(ResultsWriter(request.out, parquet=request.parquet, dataset=request.dataset, dicom=request.dicom))
        client = None if request.scheduler is None else stack.enter_context(_cluster(request.scheduler))
        workspace = None if request.workspace is None else stack.enter_context(Workspace.create(request.workspace))
        scanning = bar.add_task("Reading headers", total=None)
        tables = _tables(request)
        cohort = read_cohort(
            list(request.inputs),
            manifest=tables.manifest,
            corrections=request.corrections,
            recorded=None if workspace is None else workspace.corrections(),
            pseudonyms=tables.pseudonyms,
            progress=lambda done, total: _show(bar, scanning, done, total),
        )
        courses = courses_of(tables.courses, {t.key.patient_id for t in cohort.timelines}, tables.pseudonyms)
        kept = None if workspace is None else _kept(workspace, cohort, request, bar)
        for line in kept_sentences(kept, len(cohort.timelines)) if kept else ():
            say(line)
        lines: list[TimelineLine] = []
        try:
            _measure_all(cohort, request, client, writer, bar, lines, kept)
        except (KeyboardInterrupt, ClusterError) as error:
            if not writer.n_timelines or writer.replaces_results:
                raise
            with _undisturbed():
                finished = tuple(lines[: writer.n_timelines])  # the line of a timeline comes before its files, which may have been broken off
                _give_up(cohort.timelines[len(finished) + len(writer.failures) :], writer)
                judged = judge_cohort([line.series for line in finished], courses)
                written = writer.finish(cohort.files, judged)
                if isinstance(error, ClusterError):
                    raise
                return Summary(written, finished, cohort.files, writer.failures, True, judged)
        finishing = bar.add_task("Writing tables", total=None)
        with _undisturbed():
            judged = judge_cohort([line.series for line in lines], courses)
            written = writer.finish(cohort.files, judged)
        bar.remove_task(finishing)
        record = None if kept is None else kept_json(kept, request.workspace)
    hints = join_hints(cohort.timelines, name_patients=request.pseudonyms is None)
    unused = {} if request.manifest is not None else {path: using_manifest(request.command, path) for path in manifests_among(cohort.files)}
    return Summary(written, tuple(lines), cohort.files, writer.failures, False, judged, record, hints, unused)


@dataclass(frozen=True, slots=True)
class _Tables:
    """What the user's tables state."""

    manifest: Manifest | None
    pseudonyms: Mapping[str, str] | None
    courses: CourseRows


def _tables(request: Request) -> _Tables:
    """Read all tables before anything else; raises with all problems of all of them."""
    with all_problems() as collect:
        manifest = None if request.manifest is None else collect(partial(read_manifest, request.manifest, request.dates), None)
        pseudonyms = None if request.pseudonyms is None else collect(partial(read_pseudonyms, request.pseudonyms), None)
        files = collect(partial(find_course_files, request.inputs, request.treatments, request.labs), CourseFiles())
        courses = collect(partial(read_course_rows, files, request.dates), CourseRows(CourseFiles(), (), ()))
    return _Tables(manifest, pseudonyms, courses)


def _kept(workspace: Workspace, cohort: Cohort, request: Request, bar: Progress) -> KeptRun:
    """Open the run in the workspace, and print what the user should know about its place."""
    for finding in workspace.findings:
        tell(finding, bar.console)
    comparing = bar.add_task("Comparing with the workspace", total=None)
    begun = keep_in(
        workspace,
        cohort,
        options=request.options,
        inputs=request.inputs,
        again=request.again,
        progress=lambda done, total: _show(bar, comparing, done, total),
    )
    bar.remove_task(comparing)
    return begun


@contextmanager
def _cluster(address: str) -> Iterator[Any]:
    """Client of a Dask cluster. Its log is silenced, since it would run into the progress bar; errors and rows tell what matters."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with connected(address) as client:
        threads = sum(client.nthreads().values())
        there = counted(threads, "thread measures", "threads measure") if threads else "no worker is there yet; measuring begins when one comes"
        Console(stderr=True).print(f"calcitrack: {address}: {there}", markup=False, emoji=False, highlight=False, soft_wrap=True)
        yield client


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ignore Ctrl-C while results are put into place: it takes a moment, and a half-replaced folder would have to be measured again."""
    if threading.current_thread() is not threading.main_thread():  # only there does Python hear it
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def _measure_all(
    cohort: Cohort,
    request: Request,
    client: Any,
    writer: ResultsWriter,
    bar: Progress,
    lines: list[TimelineLine],
    kept: KeptRun | None,
) -> None:
    """Measure all timelines in order. Add each one to `lines` and to the writer, or to the writer's failures."""
    writing = bar.add_task("Writing timelines", total=len(cohort.timelines)) if kept is not None and kept.on_record else None
    measuring = bar.add_task("Measuring images", total=None, visible=kept is None or bool(kept.left))
    measured = iter_assessments(
        cohort,
        options=request.options,
        workers=None if client is not None else request.workers or sensible_workers(cohort),
        client=client,
        time_limit_s=request.time_limit_s or None,
        progress=lambda done, total: _show(bar, measuring, done, total),
        kept=kept,
    )
    with closing(measured):
        for outcome in measured:
            if isinstance(outcome, Assessment):
                lines.append(_line(outcome))
                writer.add(outcome)
                moves = None if kept is None else kept.moves(outcome)
                if moves is not None:
                    writer.moved(moves)
            else:
                writer.fail(outcome)
            if writing is not None:
                bar.advance(writing)


def _give_up(timelines: Sequence[Timeline], writer: ResultsWriter) -> None:
    """Record the timelines that were not reached: outcomes come in the cohort's order, so these are the last ones."""
    for timeline in timelines:
        writer.fail(TimelineFailure(timeline.key, NOT_REACHED, timeline.files))


def _line(assessment: Assessment) -> TimelineLine:
    rows = list(timeline_rows(assessment))
    without_mass: dict[str, list[int]] = {}
    for point, (_, gaps) in zip(assessment.time_points, rows, strict=True):
        for reason in dict.fromkeys(gap.reason for gap in gaps if gap.column == "ha_mass_mg"):
            without_mass.setdefault(reason, []).append(point.index)
    exposures = [*(i.exposure for i in assessment.images), *(f.exposure for f in assessment.failures)]
    assumed = tuple(dict.fromkeys(i.calibration.reason for i in assessment.images if i.calibration.tier is Tier.B))
    first_source = exposures[0].source if exposures else ""
    return TimelineLine(
        assessment.key,
        tuple(row for row, _ in rows),
        assessment.failures,
        tuple((reason, tuple(points)) for reason, points in without_mass.items()),
        series_of(assessment),
        first_source,
        assumed,
        tuple(len(image.segmentation.possible_values) for image in assessment.images),
        tuple((image.exposure.source, doubt) for image in assessment.images for doubt in image.doubts),
        tuple(
            (image.exposure.source, words) for image, said in zip(assessment.images, placement_sentences(assessment), strict=True) for words in said
        ),
        tuple(FilmPixels.of(image, assessment.key) for image in assessment.images),
    )


def _show(bar: Progress, task: TaskID, done: int, total: int) -> None:
    bar.update(task, completed=done, total=total)
