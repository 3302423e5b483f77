"""Scan, measure and write, with a progress bar; shared by `measure` and `demo`."""

from __future__ import annotations

import sys
import warnings
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TaskID

from calcitrack.assess import AssessOptions
from calcitrack.batch import iter_assessments, sensible_workers
from calcitrack.cli.bar import progress_bar
from calcitrack.cli.exit_codes import ExitCode
from calcitrack.cli.summary import Summary, TimelineLine, summary_json, summary_text
from calcitrack.io.cohort import read_cohort
from calcitrack.io.exports import ResultsWriter
from calcitrack.model.assessment import Assessment
from calcitrack.model.calibration import Tier
from calcitrack.model.cohort import Cohort
from calcitrack.tables.results import timeline_rows


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for; `workers` is ``None`` for one process a processor, `options` for the defaults of every verb."""

    inputs: tuple[Path, ...]
    out: Path
    manifest: Path | None
    workers: int | None
    parquet: bool
    options: AssessOptions | None = None


def run(request: Request, *, as_json: bool, quiet: bool) -> ExitCode:
    """Measure and write everything, print the summary, and give the exit code.

    Raises
    ------
    CalcitrackError
        The manifest or the results folder cannot be used. Nothing has been changed then.
    """
    warnings.simplefilter("ignore")  # what matters to the user comes as findings; libraries' warnings would break the progress bar
    with progress_bar(hidden=quiet or as_json) as bar:
        summary = _measure(request, bar)
    if as_json:
        sys.stdout.write(summary_json(summary))
    elif not quiet:
        sys.stdout.write(summary_text(summary, Console()))
    return summary.exit_code


def _measure(request: Request, bar: Progress) -> Summary:
    with ResultsWriter(request.out, parquet=request.parquet) as writer:
        scanning = bar.add_task("Reading headers", total=None)
        cohort = read_cohort(list(request.inputs), manifest=request.manifest, progress=lambda done, total: _show(bar, scanning, done, total))
        lines = _measure_all(cohort, request, writer, bar)
        finishing = bar.add_task("Writing tables", total=None)
        written = writer.finish(cohort.files)
        bar.remove_task(finishing)
    return Summary(written, lines, cohort.files, writer.failures)


def _measure_all(cohort: Cohort, request: Request, writer: ResultsWriter, bar: Progress) -> tuple[TimelineLine, ...]:
    measuring = bar.add_task("Measuring images", total=None)
    outcomes = iter_assessments(
        cohort,
        options=request.options,
        workers=request.workers or sensible_workers(cohort),
        progress=lambda done, total: _show(bar, measuring, done, total),
    )
    lines = []
    with closing(outcomes):
        for outcome in outcomes:
            if isinstance(outcome, Assessment):
                writer.add(outcome)
                lines.append(_line(outcome))
            else:
                writer.fail(outcome)
    return tuple(lines)


def _line(assessment: Assessment) -> TimelineLine:
    rows = list(timeline_rows(assessment))
    reasons = tuple(dict.fromkeys(gap.reason for _, gaps in rows for gap in gaps if gap.column == "ha_mass_mg"))
    exposures = [*(i.exposure for i in assessment.images), *(f.exposure for f in assessment.failures)]
    assumed = tuple(dict.fromkeys(i.calibration.reason for i in assessment.images if i.calibration.tier is Tier.B))
    first_source = exposures[0].source if exposures else ""
    return TimelineLine(assessment.key, tuple(row for row, _ in rows), assessment.failures, reasons, first_source, assumed)


def _show(bar: Progress, task: TaskID, done: int, total: int) -> None:
    bar.update(task, completed=done, total=total)
