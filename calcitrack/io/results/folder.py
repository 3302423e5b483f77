"""A results folder that is replaced as a whole or not at all, and that keeps files of others.

New files are written into a hidden folder inside the results folder (the same file system, also where the folder is a mount point) and
moved into place only when all are written. `provenance.json` lists every file of calcitrack, so a later run removes only those.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Self

from calcitrack.errors import ResultsError
from calcitrack.model.display import counted
from calcitrack.tables.schema import SCHEMA_VERSION

MANIFEST = "provenance.json"
PROGRAM = "calcitrack"
PARTIAL_PREFIX = ".calcitrack-partial-"
STALE_AFTER_S = 24 * 3600
"""A hidden folder that nobody has touched for a day belongs to a run that was killed."""
NOT_CONTENT = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""Files that operating systems put into folders that people look at."""


def read_manifest(folder: Path) -> dict[str, Any]:
    """`provenance.json` of a results folder.

    Raises
    ------
    ResultsError
        There is none, or it is not ours, or it was written by a newer version.
    """
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResultsError(f"{folder}: found no readable {MANIFEST}; expected a folder that `calcitrack measure` wrote") from error
    if not isinstance(content, dict) or content.get("program") != PROGRAM or not isinstance(content.get("schema_version"), int):
        raise ResultsError(f"{path}: found a file of another program; expected one that `calcitrack measure` wrote")
    if content["schema_version"] > SCHEMA_VERSION:
        raise ResultsError(
            f"{path}: found results contract version {content['schema_version']}; expected at most {SCHEMA_VERSION}; update calcitrack"
        )
    return content


def _former_outputs(folder: Path) -> list[PurePosixPath]:
    """Files that a former run wrote; only names that stay inside the folder."""
    listed = read_manifest(folder).get("outputs", []) if (folder / MANIFEST).exists() else []
    paths = [PurePosixPath(p) for p in listed if isinstance(p, str)]
    return [p for p in paths if not p.is_absolute() and ".." not in p.parts and p.parts]


class StagedFolder:
    """A results folder being written; leaving it without `commit` changes nothing.

    Parameters
    ----------
    target
        The results folder: absent, empty, or one that calcitrack wrote.

    Raises
    ------
    ResultsError
        On entering: it is a file, holds something else, or cannot be written to.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self._made: list[Path] = []
        self._staging: Path | None = None

    def __enter__(self) -> Self:
        try:
            self._check()
            self._make_target()
            self._staging = Path(tempfile.mkdtemp(prefix=PARTIAL_PREFIX, dir=self.target))
        except OSError as error:
            self._leave()
            raise ResultsError(
                f"{self.target}: cannot write there ({error.strerror or error}); choose another folder or change its permissions"
            ) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._leave()

    def _check(self) -> None:
        if not self.target.exists():
            return
        if not self.target.is_dir():
            raise ResultsError(f"{self.target}: found a file; expected a folder for the results; choose another name")
        for left in self.target.glob(f"{PARTIAL_PREFIX}*"):
            if time.time() - left.stat().st_mtime > STALE_AFTER_S:
                shutil.rmtree(left, ignore_errors=True)
        content = [p.name for p in self.target.iterdir() if p.name not in NOT_CONTENT and not p.name.startswith(PARTIAL_PREFIX)]
        if not content:
            return
        if MANIFEST not in content:
            foreign = counted(len(content), "file or folder", "files or folders")
            raise ResultsError(
                f"{self.target}: found {foreign} that calcitrack did not write, such as {min(content)}; "
                "expected an empty folder or former results; choose another folder"
            )
        read_manifest(self.target)

    def _make_target(self) -> None:
        missing = [p for p in (self.target, *self.target.parents) if not p.exists()]
        self.target.mkdir(parents=True, exist_ok=True)
        self._made = missing

    def _leave(self) -> None:
        if self._staging is not None:
            shutil.rmtree(self._staging, ignore_errors=True)
        for folder in self._made:
            with contextlib.suppress(OSError):  # not empty: it is wanted
                folder.rmdir()

    @property
    def holds_results(self) -> bool:
        """Whether the folder holds results of a former run."""
        return (self.target / MANIFEST).exists()

    def discard(self, name: str) -> None:
        """Remove a file or folder of the results being written."""
        path = self.path(name)
        shutil.rmtree(path, ignore_errors=True)
        path.unlink(missing_ok=True)

    def path(self, name: str) -> Path:
        """Where to write the file that will be called `name` (with ``/`` between folders) in the results."""
        if self._staging is None:
            raise ResultsError(f"{self.target}: found no results under way; enter the folder first")
        path = self._staging / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def commit(self, provenance: Mapping[str, object]) -> None:
        """Move everything into place, remove the files of a former run, and write `provenance.json` last.

        Parameters
        ----------
        provenance
            Content of `provenance.json`; schema version, program and the list of outputs are added.

        Raises
        ------
        ResultsError
            A file cannot be replaced, for instance because another program has it open. The message names it; running again repairs the folder.
        """
        root = self.path(".")
        new = sorted(PurePosixPath(p.relative_to(root).as_posix()) for p in root.rglob("*") if p.is_file())
        former = _former_outputs(self.target)
        try:
            self._write_manifest(provenance, [*new, *former], complete=False)
            for name in new:
                self._move(root / name, name, ours=name in former)
            for name in set(former) - set(new):
                self._remove(name)
            self._write_manifest(provenance, new, complete=True)
        except OSError as error:
            named = error.filename2 or error.filename or self.target
            raise ResultsError(f"{named}: cannot be replaced ({error.strerror}); close it in other programs and run again") from error

    def _move(self, source: Path, name: PurePosixPath, *, ours: bool) -> None:
        place = self.target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists() and not ours:
            place.replace(place.with_name(f"{place.name}.kept"))
        source.replace(place)

    def _remove(self, name: PurePosixPath) -> None:
        place = self.target / name
        place.unlink(missing_ok=True)
        for folder in list(place.relative_to(self.target).parents)[:-1]:
            with contextlib.suppress(OSError):  # not empty: others use it
                (self.target / folder).rmdir()

    def _write_manifest(self, provenance: Mapping[str, object], outputs: list[PurePosixPath], *, complete: bool) -> None:
        content = {
            "schema_version": SCHEMA_VERSION,
            "program": PROGRAM,
            "complete": complete,
            **provenance,
            "outputs": sorted({str(o) for o in outputs}),
        }
        path = self.path(".") / MANIFEST
        path.write_text(json.dumps(content, indent=1, ensure_ascii=True, allow_nan=False) + "\n", encoding="utf-8", newline="\n")
        path.replace(self.target / MANIFEST)
