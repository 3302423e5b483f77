"""Folders, archives, DICOMDIRs and lists -> every file in them, once and in a fixed order."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from os import PathLike
from pathlib import Path, PurePosixPath

from calcitrack.io.cohort.course_files import LABS, TREATMENTS, is_course_file
from calcitrack.io.dicom.dicomdir import is_dicomdir, referenced_files
from calcitrack.io.files.limits import FREE_BYTES, ReadLimits
from calcitrack.io.files.sources import FileSource, source_of
from calcitrack.model.display import counted

ZIP_START = b"PK\x03\x04"
ZIP_EMPTY = b"PK\x05\x06"
OFFICE_MEMBER = "[Content_Types].xml"
"""Every workbook and text document of Office has it (ECMA-376, part 2); they are zip archives."""
RESULTS_MARKS = ("images.csv", "provenance.json")
"""A folder that holds both was written by calcitrack."""
MEMBER_RECORD = b"PK\x01\x02"
"""Begins the record of a member in an archive's directory (APPNOTE 4.3.12)."""
MOST_DIRECTORY_BYTES = 64 * 1024**2
"""Bytes of an archive's directory: 200,000 members with names of 300 characters."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of the inputs, and the reason when it is not opened.

    Parameters
    ----------
    skip
        Reason to skip it; empty when its header is to be read.
    failure
        Reason why it cannot be read; empty when its header is to be read.
    """

    source: FileSource
    skip: str = ""
    failure: str = ""


Inputs = str | PathLike[str] | Sequence[str | PathLike[str]]


def find_files(inputs: Inputs, limits: ReadLimits) -> tuple[FoundFile, ...]:
    """Every file of the inputs, sorted by name within each input; a file reached twice is listed once."""
    several = [inputs] if isinstance(inputs, (str, PathLike)) else list(inputs)
    listed: set[tuple[str, str]] = set()
    found = []
    for one in several:
        for file in _files_of(source_of(one).path, limits):
            identity = (os.path.realpath(file.source.path), file.source.member)
            if identity not in listed:
                listed.add(identity)
                found.append(file)
    return tuple(found)


def _files_of(path: Path, limits: ReadLimits) -> Iterator[FoundFile]:
    if path.is_dir():
        yield from _folder(path, limits)
        return
    if is_dicomdir(path, limits):
        yield FoundFile(FileSource(path), skip="a DICOM directory; the files it names are read")
        for file, reason in referenced_files(path, limits):
            yield FoundFile(FileSource(file), failure=reason)
        return
    yield from _file(path, limits)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A name in a folder: how deep it lies, whether calcitrack wrote the folder or one above, and why it could not be looked at."""

    path: Path
    depth: int
    results: bool
    is_folder: bool
    failure: str = ""


def _folder(top: Path, limits: ReadLimits) -> Iterator[FoundFile]:
    """Depth first, by name; each folder once, by whatever links it is reached, and no deeper than the limit."""
    visited: set[str] = set()
    waiting = [_Entry(top, 0, results=False, is_folder=True)]
    while waiting:
        entry = waiting.pop()
        if not entry.is_folder:
            yield from (_marked(f, entry.results) for f in _of_entry(entry, limits))
            continue
        real = os.path.realpath(entry.path)
        refusal = _not_entered(entry, real, visited, limits)
        if refusal is not None:
            yield refusal
            continue
        visited.add(real)
        try:
            inside = sorted(entry.path.iterdir(), key=lambda p: p.name)
        except OSError as error:
            yield FoundFile(FileSource(entry.path), failure=f"a folder that cannot be opened ({error.strerror})")
            continue
        results = entry.results or {p.name for p in inside}.issuperset(RESULTS_MARKS)
        waiting += [_entry(path, entry.depth + 1, results=results) for path in reversed(inside)]


def _entry(path: Path, depth: int, *, results: bool) -> _Entry:
    try:
        return _Entry(path, depth, results, path.is_dir())
    except OSError as error:  # a folder that may be listed and not searched, or a name longer than the system allows
        return _Entry(path, depth, results, is_folder=False, failure=f"a file or folder that cannot be looked at ({error.strerror})")


def _not_entered(entry: _Entry, real: str, visited: AbstractSet[str], limits: ReadLimits) -> FoundFile | None:
    if real in visited:
        above = Path(os.path.realpath(entry.path.parent)).is_relative_to(real)
        return FoundFile(
            FileSource(entry.path),
            skip="a link to a folder that contains it; not followed" if above else "a link to a folder that is read under another name; not followed",
        )
    if entry.depth > limits.max_depth:
        return FoundFile(FileSource(entry.path), failure=f"a folder inside {entry.depth} others; at most {limits.max_depth} are opened")
    return None


def _of_entry(entry: _Entry, limits: ReadLimits) -> Iterator[FoundFile]:
    if entry.failure:
        yield FoundFile(FileSource(entry.path), failure=entry.failure)
    elif _is_hidden(entry.path.name):
        yield FoundFile(FileSource(entry.path), skip="a hidden file")
    elif entry.depth == 1 and any(is_course_file(entry.path, name) for name in (TREATMENTS, LABS)):
        yield FoundFile(FileSource(entry.path), skip="treatments or laboratory results, not an image")
    else:
        yield from _file(entry.path, limits)


def _marked(file: FoundFile, results: bool) -> FoundFile:
    return FoundFile(file.source, skip="part of a results folder of calcitrack") if results else file


def _is_hidden(name: str) -> bool:
    return (name.startswith(".") and name not in (".", "..")) or name in ("__MACOSX", "Thumbs.db", "desktop.ini")


def _file(path: Path, limits: ReadLimits) -> Iterator[FoundFile]:
    if _starts_like_zip(path):
        yield from _archive(path, limits)
    else:
        yield FoundFile(FileSource(path))


def _starts_like_zip(path: Path) -> bool:
    if not path.is_file():  # a pipe would wait for its writer
        return False
    try:
        with path.open("rb") as stream:
            return stream.read(4) in (ZIP_START, ZIP_EMPTY)
    except OSError:
        return False


def _archive(path: Path, limits: ReadLimits) -> Iterator[FoundFile]:
    """Members by name; they are read in memory, so their names never become paths on disk."""
    try:
        refusal = _too_many_members(path, limits)
        if refusal:
            yield FoundFile(FileSource(path), failure=refusal)
            return
        with zipfile.ZipFile(path) as archive:
            members = [i for i in archive.infolist() if not i.is_dir()]
        inflated, size = sum(i.file_size for i in members), path.stat().st_size
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        yield FoundFile(FileSource(path), failure=f"an archive that cannot be read ({error})")
        return
    names = sorted(i.filename for i in members)
    if inflated > max(FREE_BYTES, limits.max_inflation * size):
        said = f"an archive of {size} bytes whose members inflate to {inflated}; at most {limits.max_inflation} times its bytes are read"
        yield FoundFile(FileSource(path), failure=said)
        return
    if OFFICE_MEMBER in names:
        yield FoundFile(FileSource(path), skip="an Office document, not an image")
        return
    yield FoundFile(FileSource(path), skip=f"an archive of {counted(len(names), 'file')}, listed one by one")
    for name in dict.fromkeys(names):
        yield FoundFile(FileSource(path, name), skip=_member_skip(name))


def _too_many_members(path: Path, limits: ReadLimits) -> str:
    """Why an archive's directory is not read: its records are counted before each of them takes memory; empty where it can be."""
    with path.open("rb") as stream:
        end = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, end - MOST_DIRECTORY_BYTES))
        there = stream.read(MOST_DIRECTORY_BYTES).count(MEMBER_RECORD)
    return f"an archive of {there} members or more; at most {limits.max_members} are read" if there > limits.max_members else ""


def _member_skip(name: str) -> str:
    if any(_is_hidden(part) for part in PurePosixPath(name).parts):
        return "a hidden file"
    if name.lower().endswith(".zip"):
        return "an archive inside an archive; not followed"
    return ""
