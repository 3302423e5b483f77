"""A run that a workspace keeps, so that a later run goes on where this one ended."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from os import PathLike

from calcitrack.assess import AssessOptions
from calcitrack.batch.one import Outcome
from calcitrack.io.results.provenance import measuring_libraries
from calcitrack.io.workspace import KeptRun, Workspace
from calcitrack.model.cohort import Cohort
from calcitrack.model.progress import Progress
from calcitrack.model.timeline import Timeline
from calcitrack.segment.recipe import recipe
from calcitrack.version import __version__


def opened(workspace: Workspace | str | PathLike[str] | None) -> AbstractContextManager[Workspace | None]:
    """Open a workspace for a ``with`` block, which closes it at its end unless it was open before."""
    return nullcontext(workspace) if workspace is None or isinstance(workspace, Workspace) else Workspace.create(workspace)


def keep_in(
    workspace: Workspace,
    cohort: Cohort,
    *,
    options: AssessOptions | None = None,
    inputs: Iterable[str | PathLike[str]] = (),
    again: bool = False,
    progress: Progress | None = None,
) -> KeptRun:
    """Begin a run that a workspace keeps, for `iter_assessments`, and compare the cohort with what is on record.

    Parameters
    ----------
    workspace
        Open, and writable.
    options, again
        As for `assess_cohort`.
    inputs
        What the cohort was read from, for the record.
    progress
        Called with (timelines compared, timelines in all).
    """
    settings = options or AssessOptions()
    made_by = {"version": __version__, **recipe(settings.segment), "libraries": measuring_libraries()}
    paths = [os.fspath(i) for i in inputs]
    return KeptRun(workspace, cohort.timelines, options=settings, made_by=made_by, inputs=paths, files=cohort.files, again=again, progress=progress)


def going_on(timelines: Sequence[Timeline], kept: KeptRun, measure: Callable[[Sequence[Timeline]], Generator[Outcome]]) -> Generator[Outcome]:
    """The outcome of each timeline, before views are combined: from the record where it is there, else measured and kept at once."""
    with closing(measure(kept.left)) as measured:
        for number in range(len(timelines)):
            outcome: Outcome | None = kept.recall(number)
            if outcome is None:
                outcome = next(measured)
                kept.measured(number, outcome)
            yield outcome
        next(measured, None)  # reports that the last one is done
