"""A run of `measure` as its workspace keeps it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from calcitrack.assess import AssessOptions
from calcitrack.batch import Outcome
from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import FileRecord


class RunRecord:
    """Keeps each outcome as soon as it is there, so that a run that is ended loses none.

    Parameters
    ----------
    workspace
        Open, and writable.
    options, inputs, files
        Settings, what was handed over, and what a scan made of it.
    """

    def __init__(self, workspace: Workspace, options: AssessOptions | None, inputs: Iterable[Path], files: Iterable[FileRecord]) -> None:
        for finding in workspace.findings:
            Console(stderr=True).print(f"calcitrack: {finding}", markup=False, highlight=False, soft_wrap=True)
        self._workspace = workspace
        self._run = workspace.start_run(options=options, inputs=tuple(map(str, inputs)), files=files)

    def keep(self, outcome: Outcome) -> None:
        """Keep an assessment, or that there is none and why."""
        if isinstance(outcome, Assessment):
            self._workspace.record(outcome, run=self._run)
        else:
            self._workspace.fail(outcome, run=self._run)

    def finish(self) -> None:
        """All timelines were reached."""
        self._workspace.finish_run(self._run)
