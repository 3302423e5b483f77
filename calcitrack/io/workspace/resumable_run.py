"""A measurement of many timelines that a workspace records and that continues where an earlier one stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from calcitrack.io.workspace.codec import encode
from calcitrack.io.workspace.measured import MeasuredFrom
from calcitrack.io.workspace.moves import moved_since
from calcitrack.io.workspace.planning import Planner
from calcitrack.io.workspace.workspace import Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import FileRecord, TimelineFailure
from calcitrack.model.moved import Moves
from calcitrack.model.progress import Progress
from calcitrack.model.timeline import Timeline


class KeptRun:
    """Records each outcome of a run at once, and knows which timelines need not be measured again.

    A timeline is taken from the workspace where an earlier run, finished or not, measured it by the same version and weights and with the same
    settings, from files of the same paths and bytes, all of which it could read. `calcitrack.batch.keep_in` makes one.

    Parameters
    ----------
    workspace
        Open, and writable.
    timelines
        What is to be measured, in order.
    options
        Settings, all of them stated.
    made_by
        Everything that carries them out and can change a result: version, weights, libraries.
    inputs, files
        The inputs, and the result of their scan.
    again
        Measure all timelines, even those on record.
    progress
        Called with (timelines, of all) as they are compared with what is on record.

    Raises
    ------
    WorkspaceError
        It cannot be written.
    """

    def __init__(
        self,
        workspace: Workspace,
        timelines: Sequence[Timeline],
        *,
        options: object,
        made_by: Mapping[str, object],
        inputs: Iterable[str] = (),
        files: Iterable[FileRecord] = (),
        again: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self._workspace = workspace
        self._timelines = tuple(timelines)
        planner = Planner(workspace, encode(options), encode(made_by))
        looked_up = map(planner.asked, timelines) if again else planner.places(timelines, progress or (lambda _done, _total: None))
        self._places = tuple(looked_up)
        self._run = workspace.start_run(options=options, inputs=tuple(inputs), files=files, made_by=made_by)

    @property
    def on_record(self) -> int:
        """Timelines that are taken from the workspace."""
        return sum(p.known is not None for p in self._places)

    @property
    def left(self) -> tuple[Timeline, ...]:
        """Timelines that are measured, in order."""
        return tuple(t for t, p in zip(self._timelines, self._places, strict=True) if p.known is None)

    @property
    def reasons(self) -> Mapping[str, int]:
        """Why timelines that were measured before are measured again -> how many, most of them first."""
        return dict(Counter(p.reason for p in self._places if p.reason).most_common())

    def recall(self, number: int) -> Assessment | None:
        """The assessment of a timeline by itself, as an earlier run made it; ``None`` where it is to be measured.

        Raises
        ------
        WorkspaceDamagedError
            A file of the workspace is gone or damaged.
        """
        known = self._places[number].known
        if known is None:
            return None
        recorded = self._workspace.assessment(known.assessment_id, digest=known.digest)
        now = {(t.index, repeat): e for t in self._timelines[number].time_points for repeat, e in enumerate(t.exposures)}
        return replace(recorded, images=tuple(replace(i, exposure=now[i.time_point, i.repeat]) for i in recorded.images))

    def measured(self, number: int, outcome: Assessment | TimelineFailure) -> None:
        """Record a new measurement, before it is combined with another view of the limb; a failure waits for `keep`."""
        if isinstance(outcome, Assessment):
            self._workspace.record(outcome, run=self._run, measured_from=self._measured_from(number, outcome))

    def _measured_from(self, number: int, outcome: Assessment) -> MeasuredFrom | None:
        """Inputs of a measurement; ``None`` where they are unknown, or a file was written since the run began."""
        place = self._places[number]
        contents = place.contents()
        if contents is None or not all(f.untouched for f in place.files or ()):
            return None
        return MeasuredFrom(place.request, contents, len(outcome.failures))

    def keep(self, outcome: Assessment | TimelineFailure) -> None:
        """Record the final outcome of a timeline: an assessment, or a failure with its reason."""
        if isinstance(outcome, Assessment):
            self._workspace.record(outcome, run=self._run)
        else:
            self._workspace.fail(outcome, run=self._run)

    def moves(self, outcome: Assessment) -> Moves | None:
        """What a kept assessment says otherwise than what counted of its timeline before; ``None`` where nothing did."""
        return moved_since(self._workspace, outcome)

    def finish(self) -> None:
        """Record that all timelines were reached."""
        self._workspace.finish_run(self._run)
