"""DICOMDIR: lists the files that a medium's directory names; files outside its folder are refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from calcitrack.errors import ReadError
from calcitrack.io.dicom.header import Header
from calcitrack.io.dicom.parse import open_dataset
from calcitrack.io.dicom.sop_classes import class_uid
from calcitrack.io.files.library_warnings import collected_warnings
from calcitrack.io.files.sources import FileSource, ReadLimits

MEDIA_DIRECTORY_CLASS = "1.2.840.10008.1.3.10"
FILE_NAME = "DICOMDIR"


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
        else:
            yield file, "" if file.is_file() else f"{path.name} names it, but no such file is there"


def _resolve(folder: Path, parts: tuple[str, ...]) -> Path | None:
    """The named file in the spelling found on disk; ``None`` when the name leads out of the folder."""
    if any(p in (".", "..") or "/" in p or "\\" in p or ":" in p for p in parts):
        return None
    exact = folder.joinpath(*parts)
    lower = folder.joinpath(*(p.lower() for p in parts))
    file = exact if exact.exists() or not lower.exists() else lower
    return file if file.resolve().is_relative_to(folder.resolve()) else None
