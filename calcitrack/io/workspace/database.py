"""The database file: opening, migration, transactions, and failures in plain words."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

from calcitrack.errors import WorkspaceDamagedError, WorkspaceError, WorkspaceVersionError
from calcitrack.io.workspace import label_files, schema
from calcitrack.io.workspace.failures import damaged, database_error, disk_error, read_only
from calcitrack.model.display import counted

FILE = "workspace.sqlite"
BUSY_SECONDS = 30.0
"""How long a writer waits for its turn: recording a timeline takes well below a second, a backup holds up nobody."""

NETWORK_FINDING = (
    "the workspace lies on a network drive, where several machines cannot share SQLite's write-ahead log: it is written with a rollback journal, "
    "so that readers wait while somebody writes"
)
NO_WAL_FINDING = "the drive does not allow SQLite's write-ahead log: the workspace is written with a rollback journal, and readers wait while it is"
READ_ONLY_FINDING = "the workspace can only be read, for its folder cannot be written"

MOUNTS = Path("/proc/mounts")
NETWORK = frozenset({"nfs", "nfs4", "cifs", "smbfs", "smb3", "fuse.sshfs", "9p", "afs", "ceph", "fuse.ceph", "glusterfs", "fuse.glusterfs", "lustre"})
"""Types of file systems, as Linux names them, whose memory maps are not shared between machines, or not surely."""


class Database:
    """A connection to the database of one workspace; for one thread.

    Parameters
    ----------
    folder
        The workspace's folder.
    create
        Make the file where there is none.
    reading
        Only read, whatever the permissions are.

    Raises
    ------
    WorkspaceError
        There is no workspace, it is of another program or of a newer version, or it cannot be opened.
    """

    def __init__(self, folder: Path, *, create: bool = False, reading: bool = False) -> None:
        self.path = folder / FILE
        self.findings: tuple[str, ...] = ()
        self.migrated_from: int | None = None
        self._check_place(folder, create=create)
        self.read_only = reading or not self._writable(folder)
        if self.read_only and not reading:
            self.findings = (READ_ONLY_FINDING,)
        with self._explained_errors():
            self._connection = sqlite3.connect(self._address(), uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            with self._explained_errors():
                self._set_up(folder)
        except BaseException:
            self._connection.close()
            raise

    def _check_place(self, folder: Path, *, create: bool) -> None:
        if create:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise disk_error(folder, error) from error
        elif not self.path.is_file():
            action = "name the folder of a workspace, or make one with `calcitrack measure --workspace`"
            raise WorkspaceError(str(folder), "no workspace", f"a folder with the file {FILE}", action)

    def _writable(self, folder: Path) -> bool:
        effective = os.access in os.supports_effective_ids
        places = (folder, self.path) if self.path.exists() else (folder,)
        return all(os.access(p, os.W_OK, effective_ids=effective) for p in places)

    def _address(self) -> str:
        """URI of the file. In a read-only folder without a log, it is opened as immutable, because SQLite would have to create a log."""
        address = self.path.resolve().as_uri()
        if not self.read_only:
            return f"{address}?mode=rwc"
        log = self.path.with_name(f"{FILE}-wal")
        fixed = not log.exists() and not os.access(self.path.parent, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
        return f"{address}?mode=ro{'&immutable=1' if fixed else ''}"

    def _set_up(self, folder: Path) -> None:
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._check_kind()
        if self.read_only:
            if self.version < schema.SCHEMA_VERSION:
                action = "open it once with this version of calcitrack where it can be written, which brings it up to date"
                raise WorkspaceVersionError(str(self.path), f"schema version {self.version}", f"version {schema.SCHEMA_VERSION}", action)
            self._connection.execute("PRAGMA query_only = ON")
            return
        network = on_network_drive(folder)
        (mode,) = self._connection.execute(f"PRAGMA journal_mode = {'DELETE' if network else 'WAL'}").fetchone()
        if network or mode != "wal":
            self.findings = (*self.findings, NETWORK_FINDING if network else NO_WAL_FINDING)
        self._connection.execute("PRAGMA synchronous = FULL")  # a commit that returned is on the disk
        if self.version < schema.SCHEMA_VERSION:
            self._migrate()

    def _check_kind(self) -> None:
        (application,) = self._connection.execute("PRAGMA application_id").fetchone()
        (tables,) = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        lost = sum(1 for _ in (self.path.parent / label_files.FOLDER).glob("*/*.npz")) if not tables and not self.version else 0
        if lost:
            action = f"keep the folder as it is, and put {FILE} of a backup, or {FILE}.schema-N.backup beside it, in its place"
            found = f"an empty database beside {counted(lost, 'file')} of segmentations"
            raise WorkspaceDamagedError(str(self.path), found, "the database that lists them", action)
        if application != schema.APPLICATION_ID and (tables or self.version):
            raise WorkspaceError(str(self.path), "a database of another program", "a workspace of calcitrack", "choose another folder")
        if self.version > schema.SCHEMA_VERSION:
            action = "update calcitrack; nothing was changed"
            raise WorkspaceVersionError(
                str(self.path), f"schema version {self.version}, of a newer calcitrack", f"at most {schema.SCHEMA_VERSION}", action
            )

    @property
    def version(self) -> int:
        """Schema version of the file; 0 before its tables are made."""
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        return int(version)

    @property
    def journal_mode(self) -> str:
        """``wal``, or ``delete`` where the drive does not allow it."""
        (mode,) = self._connection.execute("PRAGMA journal_mode").fetchone()
        return str(mode)

    def _migrate(self) -> None:
        """Migrate the schema, each step in its own transaction, after a backup. A faster process goes first."""
        found = self.version
        while self.version < schema.SCHEMA_VERSION:
            with self.writing():
                version = self.version
                if version >= schema.SCHEMA_VERSION:
                    return
                if version and version == found:
                    self.backup(self.path.with_name(f"{FILE}.schema-{version}.backup"))
                for statement in schema.STEPS[version]:
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
                self._connection.execute(f"PRAGMA user_version = {version + 1}")
            self.migrated_from = version if self.migrated_from is None else self.migrated_from

    def backup(self, place: Path) -> None:
        """Copy the last committed state of the database to another file, which is replaced; other processes may write meanwhile.

        Raises
        ------
        WorkspaceError
            The copy cannot be written.
        """
        aside = place.with_name(f"{place.name}.partial")
        try:
            aside.unlink(missing_ok=True)
            with self._explained_errors(), closing(sqlite3.connect(self._address(), uri=True)) as source, closing(sqlite3.connect(aside)) as copy:
                source.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
            with aside.open("rb+") as stream:
                os.fsync(stream.fileno())
            aside.replace(place)
        except OSError as error:
            raise disk_error(place, error) from error

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Transaction: on leaving the block all of it is on the disk, or nothing of it where the block or the disk fails.

        Raises
        ------
        WorkspaceError
            Read-only, locked for longer than `BUSY_SECONDS`, full disk, or an error of the drive.
        """
        if self.read_only:
            raise read_only(self.path)
        with self._explained_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read transaction: every query in the block sees the same state."""
        with self._explained_errors():
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def rows(self, query: str, *values: object) -> list[Any]:
        """Rows of a query."""
        with self._explained_errors():
            return self._connection.execute(query, values).fetchall()

    def row(self, query: str, *values: object) -> Any:
        """The first row of a query, or ``None``."""
        with self._explained_errors():
            return self._connection.execute(query, values).fetchone()

    def insert(self, table: str, **cells: object) -> int:
        """Add a row, and return its id."""
        marks = ", ".join("?" * len(cells))
        with self._explained_errors():
            done = self._connection.execute(f"INSERT INTO {table} ({', '.join(cells)}) VALUES ({marks})", tuple(cells.values()))  # noqa: S608 names of ours
        return int(done.lastrowid or 0)

    def insert_all(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Add many rows."""
        with self._explained_errors():
            self._connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", rows)  # noqa: S608 as above

    def execute(self, statement: str, *values: object) -> None:
        """Execute a statement that returns no rows."""
        with self._explained_errors():
            self._connection.execute(statement, values)

    @contextmanager
    def _explained_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise database_error(self.path, error) from error
        except UnicodeDecodeError as error:  # text of the database that is none any more
            raise damaged(self.path, "text that cannot be read") from error

    def close(self) -> None:
        """Close the connection; the last one to close leaves the database as a single file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def on_network_drive(folder: Path, mounts: Path = MOUNTS) -> bool:
    """Whether a folder lies on a network drive, where SQLite's write-ahead log is not reliable (https://www.sqlite.org/wal.html).

    True for a UNC path of Windows, and for folders below a mount of a network type on Linux; elsewhere it is not known, and False.
    """
    place = folder.resolve()
    if str(place).startswith("\\\\"):
        return True
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    kinds = {Path(words[1].replace("\\040", " ")): words[2] for words in map(str.split, lines) if len(words) > 2}
    return next((kinds[p] in NETWORK for p in (place, *place.parents) if p in kinds), False)
