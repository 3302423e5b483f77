"""The durable record of a project: assessments, and the readers' edits, reviews and corrections."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Self

from calcitrack.errors import InvalidValueError, WorkspaceError
from calcitrack.io.results.provenance import Clock, utc_now
from calcitrack.io.workspace import assessments, audit, corrections, journal, reviews, revisions, runs, versions
from calcitrack.io.workspace.audit import AuditEntry
from calcitrack.io.workspace.checks import CheckReport, check
from calcitrack.io.workspace.corrections import CorrectionStep
from calcitrack.io.workspace.database import FILE, Database
from calcitrack.io.workspace.document import assessment_of
from calcitrack.io.workspace.failures import database_error, disk_error
from calcitrack.io.workspace.journal import JournalEntry
from calcitrack.io.workspace.label_files import LabelFiles
from calcitrack.io.workspace.measured import LastOutcome, MeasuredBefore, MeasuredFrom, last_outcome, measured_before
from calcitrack.io.workspace.review_steps import step_json
from calcitrack.io.workspace.revisions import RecordedRevision
from calcitrack.io.workspace.runs import RecordedAssessment, RecordedRun, RunLog
from calcitrack.io.workspace.sessions import Sessions
from calcitrack.io.workspace.versions import SegmentationVersion, Versions
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import FileRecord, TimelineFailure
from calcitrack.model.corrections import FilmCorrection
from calcitrack.model.display import counted
from calcitrack.model.review import MadeReview, Review
from calcitrack.model.review_steps import HistoryMove, ReviewStep
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.timeline import TimelineKey
from calcitrack.version import __version__

UNFINISHED_BACKUP = f"{FILE}.unfinished"
"""Database of a backup whose segmentation files are still being copied; the folder is no workspace until it gets its name."""


class Workspace:
    """An open workspace: assessments, and the readers' edits, reviews and corrections.

    Use it in a ``with`` statement, in one thread; other threads and processes open it for themselves.

    When a method returns, its changes are on the disk: they survive a killed process and a crash of the machine. No record is ever
    changed or removed; each change is an entry of the audit trail.

    Parameters
    ----------
    database, files
        As `open` makes them.
    who
        Recorded in the audit trail for changes that no reader makes.
    clock
        Stamps the entries.
    """

    def __init__(self, database: Database, files: LabelFiles, *, who: str, clock: Clock) -> None:
        self._database, self._files, self._clock, self._who = database, files, clock, who
        self._runs = RunLog(database, files, clock, who)
        self._versions = Versions(database, files, clock)
        self._sessions = Sessions(database, clock)

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
        workspace = cls(database, LabelFiles(folder), who=who or audit.account(), clock=clock)
        if database.migrated_from is not None:
            what = audit.MIGRATED if database.migrated_from else audit.CREATED
            detail = {"from": database.migrated_from, "to": database.version, "program": __version__}
            with database.writing():
                audit.append(database, clock, workspace._who, what, "workspace", detail=detail)
        return workspace

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close it; a second time does nothing."""
        self._database.close()

    @property
    def findings(self) -> tuple[str, ...]:
        """Findings about the workspace's location: read-only, or on a network drive."""
        return self._database.findings

    @property
    def read_only(self) -> bool:
        """Whether nothing can be changed."""
        return self._database.read_only

    def start_run(
        self, *, options: object = None, inputs: Sequence[str] = (), files: Iterable[FileRecord] = (), made_by: Mapping[str, object] | None = None
    ) -> int:
        """Record the start of a measurement of many timelines.

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
        return self._runs.start(options, inputs, files, made_by or {})

    def finish_run(self, run: int) -> None:
        """Record the end of a run; an interrupted run has none."""
        self._runs.finish(run)

    def record(self, assessment: Assessment, *, run: int | None = None, measured_from: MeasuredFrom | None = None) -> RecordedAssessment:
        """Record an assessment. Recording the same one again changes nothing.

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
        return self._runs.record(assessment, run, measured_from)

    def fail(self, failure: TimelineFailure, *, run: int | None = None) -> None:
        """Record that a timeline could not be assessed, and why."""
        self._runs.fail(failure, run)

    def runs(self) -> tuple[RecordedRun, ...]:
        """Runs in order, with the outcome of each timeline."""
        return runs.recorded_runs(self._database)

    def assessments(self, *, run: int | None = None) -> tuple[RecordedAssessment, ...]:
        """The last assessment of each timeline, in the order in which they were made; of one run only where asked for."""
        return runs.recorded_assessments(self._database, run)

    def failures(self, *, run: int | None = None) -> tuple[TimelineFailure, ...]:
        """Timelines that could not be assessed, and of which no assessment is on record."""
        return runs.recorded_failures(self._database, run)

    def files(self, *, run: int | None = None) -> tuple[FileRecord, ...]:
        """Every file that was handed over to a run; of one run only where asked for."""
        return runs.recorded_files(self._database, run)

    def measured_before(self, key: TimelineKey, request: str | None = None) -> Iterator[MeasuredBefore]:
        """Inputs of a timeline's earlier measurements, the latest first; only those with this request where one is given."""
        return measured_before(self._database, key, request)

    def last_outcome(self, key: TimelineKey) -> LastOutcome | None:
        """Outcome of a timeline's most recent measurement; ``None`` where there was none."""
        return last_outcome(self._database, key)

    def assessment(self, assessment_id: str, *, digest: str | None = None) -> Assessment:
        """A recorded assessment, equal in every value to the one that was handed to `record`; pixels are read again from the image files.

        Parameters
        ----------
        digest
            Digest of its content; selects another assessment than the last one of this id.

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

    def revise(self, assessment: Assessment, *, based_on: str, reader: str) -> RecordedRevision:
        """Record an assessment as a reader left it, beside the one that was measured, which stays. Recording the same one again changes nothing.

        Parameters
        ----------
        assessment
            What `calcitrack.review.session.ReviewSession.revised` gives.
        based_on
            Id of the assessment that the reader started from.

        Raises
        ------
        InvalidValueError
            No reader, or the assessment that it is based on is not on record.
        """
        if not reader.strip():
            raise InvalidValueError("a revision names its reader; found an empty name")
        return revisions.add_revision(self._database, self._files, self._clock, assessment, self._row(based_on), reader.strip())

    def revisions(self, assessment_id: str | None = None) -> tuple[RecordedRevision, ...]:
        """Assessments as readers left them, in the order in which they were made; of one assessment only where asked for. The last one counts."""
        return revisions.revisions_of(self._database, assessment_id)

    def counting(self, recorded: RecordedAssessment) -> RecordedAssessment:
        """What counts of a recorded assessment: the last revision of it, else itself."""
        last = revisions.last_revision(self._database, recorded.assessment_id)
        return recorded if last is None else last.revised

    def said_before(self, key: TimelineKey, assessment_id: str) -> RecordedAssessment | None:
        """What counted of a timeline before this assessment or revision of it did; ``None`` where nothing did."""
        chain = revisions.followed_each_other(self._database, key)
        at = max((n for n, r in enumerate(chain) if r.assessment_id == assessment_id), default=0)
        return chain[at - 1] if at else None

    def versions(self, image: str) -> tuple[SegmentationVersion, ...]:
        """All versions of the segmentation of an image, first to last.

        Parameters
        ----------
        image
            Its SOP Instance UID, or its path where it has none.
        """
        return versions.versions_of(self._database, image)

    def head(self, image: str) -> SegmentationVersion:
        """The version that counts: the last one of a reader, else the last one of the program.

        Raises
        ------
        InvalidValueError
            Nothing of this image is on record.
        """
        return self._versions.head(image)

    def segmentation(self, version: SegmentationVersion) -> Segmentation:
        """The segmentation of a version.

        Raises
        ------
        WorkspaceDamagedError
            Its file is gone or damaged.
        """
        return self._versions.load(version)

    def edit(self, image: str, segmentation: Segmentation, *, based_on: SegmentationVersion, reader: str, comment: str = "") -> SegmentationVersion:
        """Accept a reader's segmentation of an image as its next version.

        Parameters
        ----------
        based_on
            The version that the reader started from.

        Returns
        -------
        SegmentationVersion
            The new version; `based_on` itself where nothing was changed.

        Raises
        ------
        EditConflictError
            Another edit came in between. Both versions are kept: look at `head` and edit that.
        InvalidValueError
            No reader, an unknown image, or a grid of another shape.
        """
        return self._versions.edit(image, segmentation, based_on, reader, comment)

    def review(self, review: Review) -> None:
        """Record a reader's review. Each reader has separate reviews.

        Raises
        ------
        InvalidValueError
            The assessment, or the deposit, image or time point in it, is not on record.
        """
        with self._database.writing():
            reviews.add(self._database, self._clock, self._row(review.assessment_id), review)

    def reviews(self, assessment_id: str | None = None, *, reader: str | None = None, superseded: bool = False) -> tuple[Review, ...]:
        """Reviews in chronological order.

        Parameters
        ----------
        assessment_id, reader
            Only those.
        superseded
            Include reviews that the same reader later replaced.
        """
        accepted = reviews.reviews_of(self._database, assessment_id=assessment_id, reader=reader, superseded=superseded)
        return tuple(a.review for a in accepted)

    def made_reviews(self) -> tuple[MadeReview, ...]:
        """Reviews in force, each with its timeline and time, in chronological order."""
        return reviews.reviews_of(self._database, assessment_id=None, reader=None, superseded=False)

    def note(self, assessment_id: str, words: str, step: ReviewStep, *, reader: str, after: int, reading: str = "") -> JournalEntry:
        """Keep one step of a reader's review. Each reader has a journal of their own for each assessment.

        Parameters
        ----------
        words
            What was done.
        step
            The step itself, so that it can be applied again and undone.
        after
            Position of the reader's last step that the caller knows of; 0 for none.
        reading
            Which of the reader's readings it belongs to; empty for the reader's own review.

        Raises
        ------
        EditConflictError
            The same reader has gone on with the same assessment elsewhere.
        InvalidValueError
            No reader, or the assessment is not on record.
        """
        if not reader.strip():
            raise InvalidValueError("a step of a review names its reader; found an empty name")
        with self._database.writing():
            entry = JournalEntry(after + 1, reader, assessment_id, words, step_json(step), "", "", reading)
            return journal.append(self._database, self._clock, self._row(assessment_id), entry)

    def journal(self, assessment_id: str, *, reader: str | None = None) -> tuple[JournalEntry, ...]:
        """Steps of reviews of an assessment in their order; of one reader only where asked for."""
        return journal.entries(self._database, assessment_id, reader)

    @property
    def sessions(self) -> Sessions:
        """Reading sessions: plans, progress and readings."""
        return self._sessions

    def correct(self, image: str, correction: FilmCorrection, step: str, *, reader: str, after: int | None = None) -> CorrectionStep:
        """Record a reader's correction of a film, for all readers: the next measurement of its timeline uses it.

        Parameters
        ----------
        image
            Its SOP Instance UID, or its path where it has none.
        correction
            All that holds of the film from now on.
        step
            What was done, in words.
        after
            Position of the film's last step that the reader knows of; ``None`` for whichever it is.

        Raises
        ------
        InvalidValueError
            No reader, or nothing of the film is on record.
        EditConflictError
            Somebody else's step has come in between.
        """
        return self._correct(corrections.new_step(image, reader, corrections.CorrectionKind.SET, step, correction), after)

    def correct_again(self, image: str, move: HistoryMove, *, reader: str) -> CorrectionStep | None:
        """Undo the last step of a film that holds, also one of another day, or redo the last undone one; ``None`` where there is none."""
        outcome = corrections.again(self.correction_steps(image), move)
        kind = corrections.CorrectionKind(move.value)
        return None if outcome is None else self._correct(corrections.new_step(image, reader, kind, *outcome), None)

    def _correct(self, step: CorrectionStep, after: int | None) -> CorrectionStep:
        if not step.reader.strip():
            raise InvalidValueError("a correction names its reader; found an empty name")
        with self._database.writing():
            return corrections.append(self._database, self._clock, step, after)

    def corrections(self) -> dict[str, FilmCorrection]:
        """Film -> correction in force, by SOP Instance UID, or path where it has none."""
        return corrections.in_force(self._database)

    def correction_steps(self, image: str) -> tuple[CorrectionStep, ...]:
        """Steps in the history of a film's corrections, in order."""
        return corrections.steps_of(self._database, image)

    def history(self, subject: str | None = None, *, who: str | None = None) -> tuple[AuditEntry, ...]:
        """The audit trail in order; optionally only entries of one subject or by one person."""
        return audit.entries(self._database, subject=subject, who=who)

    def check(self) -> CheckReport:
        """Compare every record with the digest taken when it was written."""
        return check(self._database, self._files)

    def backup(self, folder: str | PathLike[str]) -> Path:
        """Copy the workspace into a new folder, while others may read and write; every segmentation is checked on the way.

        Raises
        ------
        WorkspaceError
            The folder is not empty, cannot be written, or a file of this workspace is damaged.
        """
        return _back_up(self._database, self._files, Path(folder))

    def _row(self, assessment_id: str, digest: str | None = None) -> int:
        row = assessments.find_assessment(self._database, assessment_id, digest)
        if row is None:
            raise InvalidValueError(f"found no assessment {assessment_id!r} in the workspace; expected one that `Workspace.assessments` lists")
        return row


def _back_up(database: Database, files: LabelFiles, folder: Path) -> Path:
    """Copy the last committed state, then the files that it lists, which never change."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        content = [p.name for p in folder.iterdir()]
    except OSError as error:
        raise disk_error(folder, error) from error
    if content:
        there = counted(len(content), "file or folder", "files or folders")
        raise WorkspaceError(str(folder), f"a folder with {there}", "a new or empty one", "choose another name")
    copy = folder / UNFINISHED_BACKUP
    database.backup(copy)
    try:
        with closing(sqlite3.connect(copy)) as copied:
            digests = [row[0] for row in copied.execute("SELECT DISTINCT digest FROM segmentations ORDER BY digest")]
    except sqlite3.Error as error:
        raise database_error(copy, error) from error
    target = LabelFiles(folder)
    for digest in digests:
        target.save(files.load(digest))
    try:
        copy.replace(folder / FILE)
    except OSError as error:
        raise disk_error(folder, error) from error
    return folder
