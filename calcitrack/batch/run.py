"""Measure a cohort: in this process, in several local ones, or on a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import closing
from os import PathLike
from typing import TYPE_CHECKING

from calcitrack.assess import AssessOptions
from calcitrack.batch.local import in_processes
from calcitrack.batch.one import TIME_LIMIT_S, Outcome, assess_one, check_travels
from calcitrack.batch.progress import Observe, RunMonitor, Stopped
from calcitrack.batch.resume import going_on, keep_in, opened
from calcitrack.biplane.combine import combined
from calcitrack.errors import InvalidValueError
from calcitrack.io.cohort.corrections import Corrections
from calcitrack.io.cohort.read import read_cohort
from calcitrack.io.workspace import KeptRun, Workspace
from calcitrack.model.arguments import expect, expect_paths
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import Cohort, CohortAssessment, TimelineFailure
from calcitrack.model.progress import Progress
from calcitrack.model.timeline import Timeline

if TYPE_CHECKING:
    from distributed import Client


def assess_cohort(
    inputs: Cohort | str | PathLike[str] | Sequence[str | PathLike[str]],
    *,
    manifest: str | PathLike[str] | None = None,
    corrections: Corrections | str | PathLike[str] | None = None,
    options: AssessOptions | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    client: Client | None = None,
    time_limit_s: float | None = TIME_LIMIT_S,
    workspace: Workspace | str | PathLike[str] | None = None,
    again: bool = False,
) -> CohortAssessment:
    """Find the radiographs among files, and measure and follow every timeline.

    Parameters
    ----------
    inputs
        A folder, file, zip archive or DICOMDIR, or several of them, or a `Cohort` that was read before.
    manifest
        A CSV file that states what headers do not; see `calcitrack.read_cohort`.
    corrections
        What a reader states about films, or the JSON file that says so; see `calcitrack.read_cohort`. Laid over what the workspace holds.
    options
        Settings of the verbs; defaults when ``None``.
    workers
        Processes that measure, so that a file on which a library breaks down costs its own timeline only. ``None``, the default, measures in this
        process. A script that asks for some has its own calls under ``if __name__ == "__main__":``, since each process imports it.
    progress
        Called with (images done, images in all) that are measured.
    client
        A `distributed.Client`, whose cluster measures instead: its workers need calcitrack in this version, and the files under the same paths.
    time_limit_s
        A timeline is given up where one step on one film (reading it, searching it, ...) takes longer, s; ``None`` waits. Not in this process.
    workspace
        A workspace, open or the folder of one, which is made where there is none. It keeps each outcome as soon as it is there, and timelines that
        it holds from the same files, settings and version are taken from it: a run that was ended goes on where it stopped.
    again
        Measure all timelines, also those that the workspace holds.

    Returns
    -------
    CohortAssessment
        In the order of the cohort, the same with any number of workers and on any cluster. A timeline that fails unexpectedly is a `TimelineFailure`.

    Raises
    ------
    ManifestError
        The manifest cannot be used.
    InvalidValueError
        A manifest or corrections together with a cohort that was read already, less than one worker, workers together with a client, or no time.
    ClusterError
        The cluster cannot be used, or its scheduler was lost.
    WorkspaceError
        The workspace cannot be opened or written.

    Examples
    --------
    >>> from calcitrack import Cohort, assess_cohort
    >>> from calcitrack.phantom.small import small_timeline
    >>> outcome = assess_cohort(Cohort((small_timeline((2.0,)),), ()))
    >>> outcome
    CohortAssessment(1 assessment, 0 failures)
      timeline               time points  images  deposits  failure
      small / HAND / L / PA  1            1       1
    """
    if not isinstance(inputs, Cohort):
        expect_paths("assess_cohort", "inputs", inputs, Cohort)
    expect("assess_cohort", "options", options, AssessOptions, type(None))
    with opened(workspace) as record:
        if isinstance(inputs, Cohort):
            if manifest is not None or corrections is not None:
                raise InvalidValueError(
                    "manifest and corrections are used when files are read, and this cohort was read already; hand the manifest to read_cohort"
                )
            cohort = inputs
        else:
            cohort = read_cohort(inputs, manifest=manifest, corrections=corrections, recorded=record.corrections() if record else None)
        given = () if isinstance(inputs, Cohort) else (inputs,) if isinstance(inputs, str | PathLike) else inputs
        kept = None if record is None else keep_in(record, cohort, options=options, inputs=given, again=again)
        outcomes = list(
            iter_assessments(cohort, options=options, workers=workers, progress=progress, client=client, time_limit_s=time_limit_s, kept=kept)
        )
    return CohortAssessment(
        tuple(o for o in outcomes if isinstance(o, Assessment)), tuple(o for o in outcomes if isinstance(o, TimelineFailure)), cohort.files
    )


def iter_assessments(
    cohort: Cohort,
    *,
    options: AssessOptions | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    client: Client | None = None,
    time_limit_s: float | None = TIME_LIMIT_S,
    kept: KeptRun | None = None,
    observe: Observe | None = None,
    stopped: Stopped | None = None,
) -> Generator[Outcome]:
    """The outcome of each timeline as soon as it and all before it are done, in the cohort's order, so that few are in memory at a time.

    Two orthogonal views of one limb are combined (`combine_views`), and so given together. Close the iterator to end its processes early; when
    `close` returns, they are gone.

    Parameters
    ----------
    cohort, options, workers, progress, client, time_limit_s
        As for `assess_cohort`.
    kept
        What `keep_in` made of the same cohort and options: outcomes are kept in a workspace, and those on record are not measured again.
    observe
        Called with (key of a timeline, stage, source) as a stage of an image begins. Worker processes tell of their stages, too; a cluster does
        not. It is called in the thread that iterates, which may be half a second later.
    stopped
        Asked between stages, and at least once in half a second where other processes measure. As soon as it answers true, the run ends and its
        processes are killed, in the middle of their work.

    Raises
    ------
    StoppedError
        ``stopped`` answered true. What was finished before is in the workspace.
    InvalidValueError, ClusterError, WorkspaceError
        As for `assess_cohort`.
    """
    if workers is not None and workers < 1:
        raise InvalidValueError(f"at least one worker measures; found {workers}")
    if workers is not None and client is not None:
        raise InvalidValueError("workers are processes of this computer, and a cluster has its own; hand over workers or a client")
    if client is not None and client.asynchronous:
        raise InvalidValueError("found a client for coroutines; expected one that waits for its answers: Client(..., asynchronous=False)")
    if time_limit_s is not None and time_limit_s <= 0:
        raise InvalidValueError(f"a time limit is more than 0 s, or None for no limit; found {time_limit_s}")
    if workers is not None or client is not None:
        check_travels(options)
    settings = options.measure if options else None

    def measured(timelines: Sequence[Timeline]) -> Generator[Outcome]:
        return _one_by_one(timelines, options, workers, client, time_limit_s, RunMonitor(timelines, progress, observe, stopped))

    alone = measured(cohort.timelines) if kept is None else going_on(cohort.timelines, kept, measured)
    with closing(alone) as outcomes:
        for outcome in combined(outcomes, options=settings, coming=(t.key for t in cohort.timelines)):
            if kept is not None:
                kept.keep(outcome)
            yield outcome
    if kept is not None:
        kept.finish()


def _one_by_one(
    timelines: Sequence[Timeline],
    options: AssessOptions | None,
    workers: int | None,
    client: Client | None,
    limit_s: float | None,
    monitor: RunMonitor,
) -> Generator[Outcome]:
    """The outcome of each timeline, before views are combined."""
    if client is not None:
        from calcitrack.batch.cluster import in_cluster

        return in_cluster(timelines, options, client, limit_s, monitor)
    if workers is not None:
        return in_processes(timelines, options, max(1, min(workers, len(timelines))), limit_s, monitor)
    return _in_this_process(timelines, options, monitor)


def _in_this_process(timelines: Sequence[Timeline], options: AssessOptions | None, monitor: RunMonitor) -> Generator[Outcome]:
    for number, timeline in enumerate(timelines):
        monitor.check()
        outcome = assess_one(timeline, options, monitor.checking_observer(number))
        monitor.finish(number)
        monitor.report()
        yield outcome


def sensible_workers(cohort: Cohort) -> int:
    """One process for each processor that this program may use, and at most one for each timeline."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(usable, len(cohort.timelines)))
