"""Folders, archives, DICOMDIRs and lists -> every file in them, once and in a fixed order."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path, PurePosixPath

from calcitrack.io.cohort.course_files import LABS, TREATMENTS, is_course_file
from calcitrack.io.dicom.dicomdir import is_dicomdir, referenced_files
from calcitrack.io.files.sources import FileSource, ReadLimits, source_of
from calcitrack.model.display import counted

ZIP_START = b"PK\x03\x04"
ZIP_EMPTY = b"PK\x05\x06"
OFFICE_MEMBER = "[Content_Types].xml"
"""Every workbook and text document of Office has it (ECMA-376, part 2); they are zip archives."""
RESULTS_MARKS = ("images.csv", "provenance.json")
"""A folder that holds both was written by calcitrack."""
MAX_MEMBERS = 200_000
"""Members of an archive; a study of serial radiographs has a few hundred."""


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
        yield from _folder(path, limits, set())
        return
    if is_dicomdir(path, limits):
        yield FoundFile(FileSource(path), skip="a DICOM directory; the files it names are read")
        for file, reason in referenced_files(path, limits):
            yield FoundFile(FileSource(file), failure=reason)
        return
    yield from _file(path)


def _folder(folder: Path, limits: ReadLimits, above: set[str]) -> Iterator[FoundFile]:
    """Depth first, by name; a link back to a folder above is not followed."""
    real = os.path.realpath(folder)
    if real in above:
        yield FoundFile(FileSource(folder), skip="a link to a folder that contains it; not followed")
        return
    try:
        entries = sorted(folder.iterdir(), key=lambda p: p.name)
    except OSError as error:
        yield FoundFile(FileSource(folder), failure=f"a folder that cannot be opened ({error.strerror})")
        return
    results = {e.name for e in entries}.issuperset(RESULTS_MARKS)
    for entry in entries:
        if entry.is_dir():
            yield from (_marked(f, results) for f in _folder(entry, limits, above | {real}))
        elif _is_hidden(entry.name):
            yield FoundFile(FileSource(entry), skip="a hidden file")
        elif not above and any(is_course_file(entry, name) for name in (TREATMENTS, LABS)):
            yield FoundFile(FileSource(entry), skip="treatments or laboratory results, not an image")
        else:
            yield from (_marked(f, results) for f in _file(entry))


def _marked(file: FoundFile, results: bool) -> FoundFile:
    return FoundFile(file.source, skip="part of a results folder of calcitrack") if results else file


def _is_hidden(name: str) -> bool:
    return (name.startswith(".") and name not in (".", "..")) or name in ("__MACOSX", "Thumbs.db", "desktop.ini")


def _file(path: Path) -> Iterator[FoundFile]:
    if _starts_like_zip(path):
        yield from _archive(path)
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


def _archive(path: Path) -> Iterator[FoundFile]:
    """Members by name; they are read in memory, so their names never become paths on disk."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(i.filename for i in archive.infolist() if not i.is_dir())
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        yield FoundFile(FileSource(path), failure=f"an archive that cannot be read ({error})")
        return
    if len(names) > MAX_MEMBERS:
        yield FoundFile(FileSource(path), failure=f"an archive of {len(names)} members; at most {MAX_MEMBERS} are read")
        return
    if OFFICE_MEMBER in names:
        yield FoundFile(FileSource(path), skip="an Office document, not an image")
        return
    yield FoundFile(FileSource(path), skip=f"an archive of {counted(len(names), 'file')}, listed one by one")
    for name in dict.fromkeys(names):
        yield FoundFile(FileSource(path, name), skip=_member_skip(name))


def _member_skip(name: str) -> str:
    if any(_is_hidden(part) for part in PurePosixPath(name).parts):
        return "a hidden file"
    if name.lower().endswith(".zip"):
        return "an archive inside an archive; not followed"
    return ""
