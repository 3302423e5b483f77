"""Errors of the operating system and SQLite, translated into plain words."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from calcitrack.errors import (
    WorkspaceDamagedError,
    WorkspaceError,
    WorkspaceFullError,
    WorkspaceLockedError,
    WorkspaceReadOnlyError,
)

FULL = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
KEPT = "what was accepted before is safe, and this change was not made"


def read_only(path: Path) -> WorkspaceReadOnlyError:
    """Error for a workspace that cannot be written."""
    action = "change the permissions of the folder, or work in a backup that `calcitrack workspace backup` makes elsewhere"
    return WorkspaceReadOnlyError(str(path), "a workspace that can only be read", "one that can be written", action)


def disk_error(path: Path, error: OSError) -> WorkspaceError:
    """Error for a file that could not be written."""
    if error.errno in FULL:
        return WorkspaceFullError(str(path), "a full disk or quota", "room for the change", f"free some and try again; {KEPT}")
    if error.errno in READ_ONLY:
        return read_only(path)
    reason = error.strerror or str(error)
    return WorkspaceError(
        str(path), f"an error of the disk or network ({reason})", "a write that succeeds", f"look at the drive and try again; {KEPT}"
    )


def damaged(path: Path, why: str) -> WorkspaceDamagedError:
    """Error for a database whose bytes are not those that were written."""
    action = "keep the folder as it is, and restore the database from a backup"
    return WorkspaceDamagedError(str(path), f"a damaged file ({why})", "a database of calcitrack", action)


def database_error(path: Path, error: sqlite3.Error) -> WorkspaceError:
    """Error for a failure of SQLite (https://www.sqlite.org/rescode.html)."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        action = f"wait until the other process has finished, or end it, and try again; {KEPT}"
        return WorkspaceLockedError(str(path), "another process that has been writing all the time", "a turn to write", action)
    if code == sqlite3.SQLITE_FULL:
        return WorkspaceFullError(str(path), "a full disk or quota", "room for the change", f"free some and try again; {KEPT}")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return read_only(path)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(path, str(error))
    action = f"look at the drive and at the permissions of the folder, and try again; {KEPT}"
    return WorkspaceError(str(path), f"an error of the database ({error})", "a statement that succeeds", action)
