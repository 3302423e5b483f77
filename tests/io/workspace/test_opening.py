from __future__ import annotations

import datetime as dt
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from calcitrack.errors import (
    WorkspaceDamagedError,
    WorkspaceError,
    WorkspaceFullError,
    WorkspaceLockedError,
    WorkspaceReadOnlyError,
    WorkspaceVersionError,
)
from calcitrack.io.workspace import Workspace, database, schema
from calcitrack.io.workspace.database import on_network_drive
from calcitrack.io.workspace.journal_check import JournalFault

NOBODY = 65534
"""User id without rights, on Linux and macOS (Linux Standard Base)."""
EARLIER = Path(__file__).with_name("earlier")
"""Workspaces as earlier versions of the program wrote them: `schema-N.sql` and their segmentation files.
Below `retired` lies one that names a method that is gone."""

STAND_INS = [("", 1, JournalFault.UNREADABLE), ("session 1, case 1", 2, JournalFault.UNREADABLE)]
"""Steps in the journals of `EARLIER`: ``{}``, which no review ever wrote; one since version 3, and another one since version 4."""


@pytest.fixture
def folder(made: ModuleType, tmp_path: Path) -> Path:
    """A workspace with one assessment, closed."""
    with Workspace.create(tmp_path / "W") as workspace:
        workspace.record(made.assessment("P1"))
    return tmp_path / "W"


@contextmanager
def without_rights(folder: Path) -> Iterator[None]:
    """The folder and what is in it can only be read; the tests may run as root, who may write anywhere, and act as nobody then."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    for parent in folder.parents:
        if os.getuid() == 0 and parent.stat().st_uid == 0 and "pytest" in str(parent):
            parent.chmod(0o755)
    if os.getuid() == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_no_workspace_is_said_and_none_is_made(tmp_path: Path) -> None:
    """Opening is not making: the folder stays as it was."""
    with pytest.raises(WorkspaceError, match=r"found no workspace; expected a folder with the file workspace\.sqlite"):
        Workspace.open(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_making_one_twice_opens_it(folder: Path) -> None:
    """`create` on a workspace opens it, and adds nothing."""
    with Workspace.create(folder) as workspace:
        assert len(workspace.assessments()) == 1
        assert [e.what for e in workspace.history()].count("workspace created") == 1


def test_another_database_is_refused(tmp_path: Path) -> None:
    """A database of another program is not touched."""
    with closing(sqlite3.connect(tmp_path / database.FILE)) as other:
        other.execute("CREATE TABLE notes (words TEXT)")
    before = (tmp_path / database.FILE).read_bytes()
    with pytest.raises(WorkspaceError, match="a database of another program"):
        Workspace.create(tmp_path)
    assert (tmp_path / database.FILE).read_bytes() == before


def test_a_newer_workspace_is_refused_and_left_alone(folder: Path) -> None:
    """The message names both versions, and says what to do."""
    with closing(sqlite3.connect(folder / database.FILE)) as raw:
        raw.execute(f"PRAGMA user_version = {schema.SCHEMA_VERSION + 1}")
    for reading in (False, True):
        with pytest.raises(WorkspaceVersionError, match=f"version {schema.SCHEMA_VERSION + 1}, of a newer calcitrack.*at most.*update calcitrack"):
            Workspace.open(folder, reading=reading)


def test_an_accepted_change_is_flushed_to_the_disk(folder: Path) -> None:
    """WAL, full synchronisation and foreign keys are on: what the promises rest on."""
    with closing(database.Database(folder)) as opened:
        assert opened.journal_mode == "wal"
        assert opened.row("PRAGMA synchronous") == (2,)
        assert opened.row("PRAGMA foreign_keys") == (1,)
        assert opened.findings == ()


@pytest.mark.parametrize("version", range(1, schema.SCHEMA_VERSION + 1))
def test_a_workspace_of_each_version_opens(version: int, tmp_path: Path) -> None:
    """What a version wrote is brought up to date; all of it is there, and nothing but the stand-ins for review steps is found wanting."""
    with closing(sqlite3.connect(tmp_path / database.FILE)) as raw:
        raw.executescript((EARLIER / f"schema-{version}.sql").read_text(encoding="utf-8"))
    shutil.copytree(EARLIER / "segmentations", tmp_path / "segmentations")
    with Workspace.open(tmp_path) as workspace:
        report = workspace.check()
        assert report.problems == tuple(p.sentence for p in report.journals)
        assert [(p.reading, p.position, p.fault) for p in report.journals] == STAND_INS[: max(0, min(version - 2, 2))]
        assert [(a.assessment_id, a.key.patient_id) for a in workspace.assessments()] == [("00000081", "P1")]
        assert [v.reader for v in workspace.versions("2.25.129103")] == ["", "anna"]
        assert [r.comment for r in workspace.reviews()] == ["as in the chart"]
        assert len(workspace.assessment("00000081").images) == 2
        assert [(r.revised.assessment_id, r.reader) for r in workspace.revisions("00000081")] == [("0000rev1", "anna")] * (version >= 6)
    assert (tmp_path / f"{database.FILE}.schema-{version}.backup").exists() == (version < schema.SCHEMA_VERSION)


def test_a_workspace_that_names_a_retired_method_opens(tmp_path: Path) -> None:
    """What the method transparent measured, written by the last version that had it: all of it is there, and says what found it."""
    with closing(sqlite3.connect(tmp_path / database.FILE)) as raw:
        raw.executescript((EARLIER / "retired" / "workspace.sql").read_text(encoding="utf-8"))
    shutil.copytree(EARLIER / "retired" / "segmentations", tmp_path / "segmentations")
    with Workspace.open(tmp_path) as workspace:
        assert workspace.check().clean
        (row,) = workspace.assessments()
        was = workspace.assessment(row.assessment_id)
    (image,) = was.images
    assert {s.name: s.parameters for s in image.steps}["segment"]["method"] == "transparent"
    assert was.provenance.steps[0].parameters["segment.method"] == "transparent"
    assert [d.deposit_id for d in image.deposits] == ["D001"]
    assert image.totals["area_mm2"].value == 13.5
    assert np.count_nonzero(image.segmentation.labels) == 216


STEP = ("ALTER TABLE runs ADD COLUMN note TEXT NOT NULL DEFAULT ''",)
BAD_STEP = ("ALTER TABLE runs ADD COLUMN note TEXT", "CREATE TABLE runs (id INTEGER)")


def next_version(monkeypatch: pytest.MonkeyPatch, step: tuple[str, ...]) -> None:
    """A program whose schema is one step further."""
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, step))
    monkeypatch.setattr(schema, "SCHEMA_VERSION", len(schema.STEPS))


def test_a_migration_leaves_a_backup_and_a_trace(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database as it was lies beside; the audit trail tells; a second opening has nothing to do."""
    old = schema.SCHEMA_VERSION
    next_version(monkeypatch, STEP)
    for _ in range(2):
        with Workspace.open(folder) as workspace:
            assert workspace.check().clean
            assert [(e.what, e.detail.split(',"program')[0]) for e in workspace.history()][-1:] == [
                ("schema brought up to date", f'{{"from":{old},"to":{old + 1}')
            ]
            assert workspace.assessment("00000081").key.patient_id == "P1"
    with closing(sqlite3.connect(folder / f"{database.FILE}.schema-{old}.backup")) as backup:
        assert backup.execute("PRAGMA user_version").fetchone() == (old,)
        assert backup.execute("SELECT count(*) FROM assessments").fetchone() == (1,)


def test_a_migration_that_fails_changes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All statements of a step, or none."""
    with monkeypatch.context() as patched:
        next_version(patched, BAD_STEP)
        with pytest.raises(WorkspaceError, match="table runs already exists"):
            Workspace.open(folder)
    with Workspace.open(folder) as workspace:
        assert workspace.check().clean


def test_an_older_workspace_is_not_read_where_it_cannot_be_brought_up_to_date(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading would need a migration, and that writes."""
    next_version(monkeypatch, STEP)
    with pytest.raises(WorkspaceVersionError, match="open it once"):
        Workspace.open(folder, reading=True)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="Windows has no other user to act as")
def test_a_read_only_folder_is_read_and_says_so(made: ModuleType, folder: Path) -> None:
    """Everything can be looked at and checked; a change is refused with what to do; nothing in the folder was touched."""
    before = sorted(p.name for p in folder.rglob("*"))
    with without_rights(folder):
        with Workspace.open(folder) as workspace:
            assert workspace.read_only
            assert workspace.findings == (database.READ_ONLY_FINDING,)
            assert workspace.check().clean
            assert workspace.assessment("00000081").key.patient_id == "P1"
            with pytest.raises(WorkspaceReadOnlyError, match="change the permissions"):
                workspace.record(made.assessment("P2"))
            with pytest.raises(WorkspaceReadOnlyError, match="can only be read"):
                workspace.start_run()
        with pytest.raises(WorkspaceReadOnlyError):
            Workspace.create(folder / "below")
    assert sorted(p.name for p in folder.rglob("*")) == before


def test_several_read_while_one_writes(made: ModuleType, folder: Path) -> None:
    """A reader is not held up by a writer in the middle of a change, and sees what was accepted before."""
    with Workspace.open(folder) as writer, Workspace.open(folder, reading=True) as reader:
        with writer._database.writing():
            writer._database.execute("INSERT INTO measurands (name, unit, definition, reference) VALUES ('x', '', '', '')")
            assert len(reader.assessments()) == 1
            assert reader.check().clean
        writer.record(made.assessment("P2"))
        assert len(reader.assessments()) == 2


def test_a_writer_that_gets_no_turn_says_so(made: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time that a writer waits; nothing of its change is recorded."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    with Workspace.open(folder) as first, Workspace.open(folder) as second:
        with first._database.writing(), pytest.raises(WorkspaceLockedError, match=r"another process that has been writing.*was not made"):
            second.record(made.assessment("P2"))
        second.record(made.assessment("P2"))
        assert len(first.assessments()) == 2


def record_all(workspace: Workspace, made: ModuleType, patients: int) -> None:
    """Many assessments, one after the other."""
    for k in range(patients):
        workspace.record(made.assessment(f"Q{k}"))


def test_a_full_database_loses_nothing(made: ModuleType, folder: Path) -> None:
    """SQLite gets no further page, as on a full disk: a clear error, and what was accepted before is there; with room it goes on."""
    with Workspace.open(folder) as workspace:
        (pages,) = workspace._database.row("PRAGMA page_count")
        workspace._database.row(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(WorkspaceFullError, match=r"workspace\.sqlite: found a full disk.*free some.*what was accepted before is safe"):
            record_all(workspace, made, 9)
        assert workspace.check().clean
        assert "P1" in {a.key.patient_id for a in workspace.assessments()}
        workspace._database.row("PRAGMA max_page_count = 100000")
        workspace.record(made.assessment("Q9"))
        assert workspace.check().clean


FILE_TOO_LARGE = """
import resource, signal, sys
import numpy as np
from calcitrack.errors import WorkspaceFullError
from calcitrack.io.workspace import Workspace
from calcitrack.model.segmentation import Segmentation

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Workspace.open(sys.argv[1]) as workspace:
    base = workspace.head("2.25.129103")
    held = workspace.segmentation(base)
    noise = np.random.default_rng(1).integers(0, 9, held.labels.shape)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
    try:
        workspace.edit("2.25.129103", Segmentation(labels=noise, limb=held.limb, bone=held.bone), based_on=base, reader="anna")
    except WorkspaceFullError as error:
        print(error)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no limit of a file's size")
def test_a_segmentation_that_does_not_fit_leaves_nothing(folder: Path) -> None:
    """The system refuses to write more than 2,000 bytes: a clear error, no half file, no version."""
    before = sorted(folder.rglob("*.npz"))
    command = [sys.executable, "-c", FILE_TOO_LARGE, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)  # noqa: S603 this interpreter, without a shell
    assert "found a full disk or quota" in done.stdout
    with Workspace.open(folder) as workspace:
        assert workspace.check().clean
        assert workspace.check().notes == ()
        assert len(workspace.versions("2.25.129103")) == 1
    assert sorted(folder.rglob("*.npz")) == before


def test_a_network_drive_gets_a_rollback_journal(made: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No write-ahead log between machines, a line that says so, and all the same otherwise; back on a local disk, the log is used again."""
    with monkeypatch.context() as patched:
        patched.setattr(database, "on_network_drive", lambda _: True)
        with Workspace.open(folder) as workspace:
            assert workspace.findings == (database.NETWORK_FINDING,)
            assert workspace._database.journal_mode == "delete"
            workspace.record(made.assessment("P2"))
            assert workspace.check().clean
    with Workspace.open(folder) as workspace:
        assert workspace._database.journal_mode == "wal"
        assert len(workspace.assessments()) == 2


def test_network_drives_are_known_by_their_mount(tmp_path: Path) -> None:
    """The nearest mount above the folder decides."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"none / ext4 rw 0 0\nhost:/x {tmp_path}/my\\040share nfs4 rw 0 0\nnone {tmp_path}/my\\040share/local ext4 rw 0 0\n")
    assert on_network_drive(tmp_path / "my share" / "project", mounts)
    assert not on_network_drive(tmp_path / "my share" / "local" / "project", mounts)
    assert not on_network_drive(tmp_path, mounts)
    assert not on_network_drive(tmp_path, tmp_path / "no such file")


def test_a_backup_is_a_workspace(made: ModuleType, folder: Path, tmp_path: Path) -> None:
    """Made while another one has it open; complete, clean, and independent of the first."""
    with Workspace.open(folder) as workspace:
        place = workspace.backup(tmp_path / "B")
        workspace.record(made.assessment("P2"))
        with pytest.raises(WorkspaceError, match="a new or empty one"):
            workspace.backup(tmp_path / "B")
    with Workspace.open(place) as copy:
        assert copy.check().clean
        assert [a.key.patient_id for a in copy.assessments()] == ["P1"]
        assert copy.assessment("00000081").images[0].segmentation.label_values == (1, 2)


def test_a_backup_of_a_damaged_workspace_is_none(folder: Path, tmp_path: Path) -> None:
    """A copy that could not be completed is no workspace."""
    sorted(folder.rglob("*.npz"))[0].unlink()
    with Workspace.open(folder) as workspace, pytest.raises(WorkspaceError, match="no file"):
        workspace.backup(tmp_path / "B")
    with pytest.raises(WorkspaceError, match="no workspace"):
        Workspace.open(tmp_path / "B")


def test_entries_are_stamped_by_the_clock_and_the_account(tmp_path: Path) -> None:
    """Both can be set, for a service that works on behalf of somebody."""
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    with Workspace.create(tmp_path, who="service", clock=lambda: moment) as workspace:
        (entry,) = workspace.history()
    assert (entry.at, entry.who, entry.what) == ("2026-01-02T03:04:05.000+00:00", "service", "workspace created")


def test_an_empty_database_beside_segmentations_is_damage(tmp_path: Path) -> None:
    """It would pass for a new workspace, and what the files hold would be lost to sight; nothing is written."""
    (tmp_path / "segmentations" / "0e").mkdir(parents=True)
    (tmp_path / "segmentations" / "0e" / "0e1.npz").write_bytes(b"")
    (tmp_path / database.FILE).write_bytes(b"")
    for reading in (True, False):
        with pytest.raises(WorkspaceDamagedError, match=r"an empty database beside 1 file of segmentations; .* put workspace\.sqlite of a backup"):
            Workspace.open(tmp_path, reading=reading)
    assert (tmp_path / database.FILE).read_bytes() == b""


def test_text_of_a_database_that_is_none_is_damage(tmp_path: Path) -> None:
    """A flipped byte in the statement of a table is no traceback."""
    Workspace.create(tmp_path).close()
    path = tmp_path / database.FILE
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE", b"CREATE\xd4TABLE"))
    with pytest.raises(WorkspaceDamagedError, match="a damaged file"):
        Workspace.open(tmp_path, reading=True)
