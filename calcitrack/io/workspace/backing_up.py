"""A copy of a workspace in another folder, which is a workspace only when all of it is there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from calcitrack.errors import WorkspaceError
from calcitrack.io.workspace.database import FILE, Database
from calcitrack.io.workspace.failures import database_error, disk_error
from calcitrack.io.workspace.label_files import LabelFiles

UNFINISHED = f"{FILE}.unfinished"


def back_up(database: Database, files: LabelFiles, folder: Path) -> Path:
    """Copy the last committed state; files never change, so those that it lists are copied after it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = [p.name for p in folder.iterdir()]
    except OSError as error:
        raise disk_error(folder, error) from error
    if held:
        raise WorkspaceError(str(folder), f"a folder with {len(held)} files or folders", "a new or empty one", "choose another name")
    copy = folder / UNFINISHED
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
