"""The durable record of what was measured: opening a workspace, runs, assessments, and the trail of who changed what when."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Self

from calcitrack.errors import InvalidValueError
from calcitrack.io.results.provenance import Clock, library_versions, utc_now
from calcitrack.io.workspace import assessments, audit
from calcitrack.io.workspace.audit import AuditEntry
from calcitrack.io.workspace.backing_up import back_up
from calcitrack.io.workspace.checks import CheckReport, check
from calcitrack.io.workspace.codec import dumps, encode, storable
from calcitrack.io.workspace.database import Database
from calcitrack.io.workspace.document import assessment_of, document_digest, document_of
from calcitrack.io.workspace.label_files import LabelFiles
from calcitrack.io.workspace.measured import MeasuredBefore, MeasuredFrom, last_outcome, measured_before
from calcitrack.io.workspace.recorded import (
    RecordedAssessment,
    RecordedRun,
    recorded_assessments,
    recorded_failures,
    recorded_files,
    recorded_runs,
)
from calcitrack.io.workspace.recording import record_document
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import FileRecord, TimelineFailure
from calcitrack.model.timeline import TimelineKey
from calcitrack.version import __version__


def account() -> str:
    """Name of the account that runs the program; ``unknown`` where the system states none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may run under a number without a name
        return "unknown"


class Records:
    """What was measured, in an open workspace. Use it in a ``with`` statement, in one thread; other threads and processes open it for themselves.

    What a method has returned from is on the disk: it outlasts a killed process and a crash of the machine. Nothing that was written is ever
    changed or removed; each change is an entry of the audit trail.

    Parameters
    ----------
    database, files
        As `open` makes them.
    who
        Noted in the audit trail for what is no reader's doing.
    clock
        Stamps the entries.
    """

    def __init__(self, database: Database, files: LabelFiles, *, who: str, clock: Clock) -> None:
        self._database = database
        self._files = files
        self._who = who
        self._clock = clock

    @classmethod
    def open(cls, folder: str | PathLike[str], *, reading: bool = False, who: str | None = None, clock: Clock = utc_now) -> Self:
        """Open a workspace, and bring one of an older version up to date after a backup of its database.

        Parameters
        ----------
        folder
            Where it lies.
        reading
            Change nothing. A folder that cannot be written is opened so by itself, with a finding.
        who
            Noted in the audit trail; the account by default.
        clock
            Stamps the entries of the audit trail.

        Raises
        ------
        WorkspaceError
            There is none, it is of another program or of a newer version, or it cannot be opened.
        """
        return cls._opened(Database(Path(folder), reading=reading), Path(folder), who, clock)

    @classmethod
    def create(cls, folder: str | PathLike[str], *, who: str | None = None, clock: Clock = utc_now) -> Self:
        """Open a workspace, and make it where there is none; parameters and errors as for `open`."""
        return cls._opened(Database(Path(folder), create=True), Path(folder), who, clock)

    @classmethod
    def _opened(cls, database: Database, folder: Path, who: str | None, clock: Clock) -> Self:
        made = cls(database, LabelFiles(folder), who=who or account(), clock=clock)
        if database.migrated_from is not None:
            what = audit.MIGRATED if database.migrated_from else audit.CREATED
            detail = {"from": database.migrated_from, "to": database.version, "program": __version__}
            with database.writing():
                audit.append(database, clock, made._who, what, "workspace", detail=detail)
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close it; a second time does nothing."""
        self._database.close()

    @property
    def findings(self) -> tuple[str, ...]:
        """What a user should know about where it lies: read-only, or a network drive."""
        return self._database.findings

    @property
    def read_only(self) -> bool:
        """Whether nothing can be changed."""
        return self._database.read_only

    def start_run(
        self, *, options: object = None, inputs: Sequence[str] = (), files: Iterable[FileRecord] = (), made_by: Mapping[str, object] | None = None
    ) -> int:
        """Note that a measurement of many timelines begins.

        Parameters
        ----------
        options
            Its settings: a dataclass of the model or `calcitrack.AssessOptions`; ``None`` for the defaults.
        inputs
            What was handed over.
        files
            What a scan made of it.
        made_by
            What carries out the settings and can change an answer: version, weights, libraries.

        Returns
        -------
        int
            The number of the run, for `record`, `fail` and `finish_run`.
        """
        told = dumps(encode(options))
        with self._database.writing():
            entry = audit.append(self._database, self._clock, self._who, audit.RUN_STARTED, "run", detail={"options": encode(options)})
            run = self._database.insert(
                "runs",
                audit_id=entry.number,
                program="calcitrack",
                version=__version__,
                libraries=dumps(library_versions()),
                options=told,
                made_by=dumps(encode(made_by or {})),
                inputs=dumps(list(inputs)),
                started_at=entry.at,
            )
            rows = [(run, storable(f.source), f.status.value, dumps(encode(f))) for f in files]
            self._database.insert_all("files", ("run_id", "source", "status", "facts"), rows)
        return run

    def finish_run(self, run: int) -> None:
        """Note that a run came to its end; one that was ended before stays without."""
        with self._database.writing():
            entry = audit.append(self._database, self._clock, self._who, audit.RUN_FINISHED, f"run {run}")
            self._database.execute("UPDATE runs SET finished_at = ? WHERE id = ?", entry.at, run)

    def record(self, assessment: Assessment, *, run: int | None = None, measured_from: MeasuredFrom | None = None) -> RecordedAssessment:
        """Keep an assessment. The same one again changes nothing.

        Parameters
        ----------
        run
            The run that it belongs to.
        measured_from
            From which files and settings that run measured it, so that a later run can use it again; ``None`` where the run did not measure it.

        Raises
        ------
        InvalidValueError
            It was measured by no run.
        WorkspaceError
            Read-only, a full disk, or another process that does not stop writing. Nothing of the assessment is recorded then.
        """
        if measured_from is not None and run is None:
            raise InvalidValueError(
                f"{assessment.key}: what an assessment was measured from is kept with the run that measured it; start one with start_run"
            )
        digests = {k: self._files.save(image.segmentation) for k, image in enumerate(assessment.images)}
        document = document_of(assessment, digests)
        digest = document_digest(document)
        with self._database.writing():
            subject = f"timeline {assessment.key}"
            record_document(self._database, self._clock, self._who, subject, document, digest, run=run, measured_from=measured_from)
        return RecordedAssessment(assessment.assessment_id, assessment.key, digest)

    def fail(self, failure: TimelineFailure, *, run: int | None = None) -> None:
        """Keep that a timeline could not be assessed, and why."""
        key = encode(failure.key)
        with self._database.writing():
            timeline = assessments.timeline_row(self._database, key)
            detail = {"reason": failure.reason, "run": run}
            entry = audit.append(self._database, self._clock, self._who, audit.FAILED, f"timeline {failure.key}", detail=detail)
            self._database.insert(
                "outcomes",
                audit_id=entry.number,
                run_id=run,
                timeline_id=timeline,
                reason=storable(failure.reason),
                sources=dumps(list(failure.sources)),
            )

    def runs(self) -> tuple[RecordedRun, ...]:
        """Runs in their order, with what became of each timeline."""
        return recorded_runs(self._database)

    def assessments(self, *, run: int | None = None) -> tuple[RecordedAssessment, ...]:
        """The last assessment of each timeline, in the order in which they were made; of one run only where asked for."""
        return recorded_assessments(self._database, run)

    def failures(self, *, run: int | None = None) -> tuple[TimelineFailure, ...]:
        """Timelines that could not be assessed, and of which no assessment is on record."""
        return recorded_failures(self._database, run)

    def files(self, *, run: int | None = None) -> tuple[FileRecord, ...]:
        """Every file that was handed over to a run; of one run only where asked for."""
        return recorded_files(self._database, run)

    def measured_before(self, key: TimelineKey, request: str | None = None) -> Iterator[MeasuredBefore]:
        """From what a timeline was measured, the last time first; only with this request where one is given."""
        return measured_before(self._database, key, request)

    def last_outcome(self, key: TimelineKey) -> tuple[str, tuple[str, ...]] | None:
        """What became of a timeline the last time: why it failed (empty where it did not) and its files then; ``None`` where it was never tried."""
        return last_outcome(self._database, key)

    def assessment(self, assessment_id: str, *, digest: str | None = None) -> Assessment:
        """A recorded assessment, equal in every value to the one that was handed to `record`; pixels are read again from the image files.

        Parameters
        ----------
        digest
            Of its content, where it is not the last one of this id that is wanted.

        Raises
        ------
        InvalidValueError
            There is none of this id.
        WorkspaceDamagedError
            A segmentation file is gone or damaged.
        """
        return assessment_of(assessments.fetch(self._database, self._row(assessment_id, digest)), self._files.load)

    def assessment_with(self, image: str) -> Assessment | None:
        """The last recorded assessment of an image, by its SOP Instance UID, or its path where it has none; ``None`` where there is none."""
        assessment_id = assessments.last_with_image(self._database, image)
        return None if assessment_id is None else self.assessment(assessment_id)

    def _row(self, assessment_id: str, digest: str | None = None) -> int:
        row = assessments.find_assessment(self._database, assessment_id, digest)
        if row is None:
            raise InvalidValueError(f"found no assessment {assessment_id!r} in the workspace; expected one that `Workspace.assessments` lists")
        return row

    def history(self, subject: str | None = None, *, who: str | None = None) -> tuple[AuditEntry, ...]:
        """The audit trail, first entry first; of one subject, or by one person, only where asked for."""
        return audit.entries(self._database, subject=subject, who=who)

    def check(self) -> CheckReport:
        """Hold everything against the digests that were taken when it was written."""
        return check(self._database, self._files)

    def backup(self, folder: str | PathLike[str]) -> Path:
        """Copy the workspace into a new folder, while others may read and write; every segmentation is checked on the way.

        Raises
        ------
        WorkspaceError
            The folder is not empty, cannot be written, or a file of this workspace is damaged.
        """
        return back_up(self._database, self._files, Path(folder))
