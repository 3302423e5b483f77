from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from calcitrack.errors import (
    WorkspaceDamagedError,
    WorkspaceError,
    WorkspaceFullError,
    WorkspaceLockedError,
    WorkspaceReadOnlyError,
)
from calcitrack.io.workspace.failures import database_error, disk_error

PLACE = Path("project") / "workspace.sqlite"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_BUSY, WorkspaceLockedError),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, WorkspaceLockedError),
        (sqlite3.SQLITE_FULL, WorkspaceFullError),
        (sqlite3.SQLITE_READONLY_DIRECTORY, WorkspaceReadOnlyError),
        (sqlite3.SQLITE_CORRUPT, WorkspaceDamagedError),
        (sqlite3.SQLITE_NOTADB, WorkspaceDamagedError),
        (sqlite3.SQLITE_IOERR_FSYNC, WorkspaceError),
        (sqlite3.SQLITE_CANTOPEN, WorkspaceError),
    ],
)
def test_what_sqlite_says_becomes_an_error_of_its_kind(code: int, kind: type[WorkspaceError]) -> None:
    """Also extended codes, and a drive that is gone for a moment; the message names the file and what to do."""
    said = sqlite3.OperationalError("what SQLite said")
    said.sqlite_errorcode = code
    told = database_error(PLACE, said)
    assert type(told) is kind
    assert str(told).startswith(f"{PLACE}: found ")
    assert told.action


@pytest.mark.parametrize(
    ("code", "kind"),
    [(errno.ENOSPC, WorkspaceFullError), (errno.EFBIG, WorkspaceFullError), (errno.EROFS, WorkspaceReadOnlyError), (errno.EIO, WorkspaceError)],
)
def test_what_the_system_says_becomes_an_error_of_its_kind(code: int, kind: type[WorkspaceError]) -> None:
    """A full disk, a read-only one, and a network that hiccups."""
    told = disk_error(PLACE, OSError(code, "what the system said"))
    assert type(told) is kind
    assert told.source == str(PLACE)
