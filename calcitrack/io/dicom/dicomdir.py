"""DICOMDIR: lists the files that a medium's directory names; files outside its folder are refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from calcitrack.errors import ReadError
from calcitrack.io.dicom.header import Header
from calcitrack.io.dicom.parse import open_dataset
from calcitrack.io.dicom.sop_classes import class_uid
from calcitrack.io.files.library_warnings import collected_warnings
from calcitrack.io.files.limits import ReadLimits
from calcitrack.io.files.sources import FileSource

MEDIA_DIRECTORY_CLASS = "1.2.840.10008.1.3.10"
FILE_NAME = "DICOMDIR"
LONGEST_NAME = 255
"""Characters of a file's name that file systems hold; File IDs of media have 8 (PS3.10, 8.2)."""
ENDINGS = (".dcm", ".dic", ".dicom", ".ima", ".img")
"""Endings that programs add to the names of a medium, whose File IDs have none (PS3.10, 8.2)."""


def is_dicomdir(path: Path, limits: ReadLimits) -> bool:
    """Whether a file is a media storage directory."""
    if not path.is_file() or FILE_NAME not in path.name.upper():
        return False
    try:
        header = Header(open_dataset(FileSource(path), limits, pixels=False).dataset)
    except ReadError:
        return False
    return class_uid(header) == MEDIA_DIRECTORY_CLASS or header.has("DirectoryRecordSequence")


def referenced_files(path: Path, limits: ReadLimits) -> Iterator[tuple[Path, str]]:
    """Each file that the directory's records name, in their order, with the reason where it cannot be read.

    The records' offsets are not followed: each record with a Referenced File ID counts, wherever it stands.
    """
    with collected_warnings():
        records = Header(open_dataset(FileSource(path), limits, pixels=False).dataset).items("DirectoryRecordSequence")
        names = list(dict.fromkeys(n for r in records if (n := tuple(t for t in r.texts("ReferencedFileID") if t))))
    for parts in names:
        file = _resolve(path.parent, parts)
        if file is None:
            yield path.parent.joinpath(*(p.strip("/\\") or "_" for p in parts)), f"{path.name} names a file outside its folder: {'/'.join(parts)}"
        elif any(len(p) > LONGEST_NAME for p in parts):
            shown = Path(*(p[:LONGEST_NAME] for p in parts))
            yield path.parent / shown, f"{path.name} names a file with a name of more than {LONGEST_NAME} characters, which no disk holds"
        else:
            yield file, "" if file.is_file() else f"{path.name} names it, but no such file is there"


def _resolve(folder: Path, parts: tuple[str, ...]) -> Path | None:
    """The named file in the spelling found on disk; ``None`` when the name leads out of the folder."""
    if any(p in (".", "..") or "/" in p or "\\" in p or ":" in p or "\0" in p for p in parts):
        return None
    file = folder
    for part in parts:
        file = _spelled(file, part)
    try:
        return file if file.resolve().is_relative_to(folder.resolve()) else None
    except OSError:  # a name that is too long, or a circle of links
        return file


def _spelled(folder: Path, name: str) -> Path:
    """A name as it is on disk: as stated, in other case (media are copied by systems that fold it), or with the ending that an export added."""
    try:
        if (folder / name).exists():
            return folder / name
        there = sorted(folder.iterdir())
    except OSError:
        return folder / name
    wanted = name.lower().rstrip(".")
    folded = [p for p in there if p.name.lower().rstrip(".") == wanted]
    with_ending = [p for p in there if p.stem.lower() == wanted and p.suffix.lower() in ENDINGS]
    found = folded or with_ending
    return found[0] if len(found) == 1 else folder / name
