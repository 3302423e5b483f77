"""Files to send: every DICOM object below some paths, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pydicom
from pydicom.uid import UID, MediaStorageDirectoryStorage

from calcitrack.errors import NotFoundError
from calcitrack.io.dicom.header import Header
from calcitrack.io.dicom.parse import PREAMBLE_BYTES, PREFIX
from calcitrack.io.files.library_warnings import collected_warnings
from calcitrack.io.pacs.found import StoredObject
from calcitrack.io.pacs.query import is_uid
from calcitrack.io.pacs.server import OutgoingFile


def outgoing_files(inputs: Sequence[Path]) -> tuple[tuple[OutgoingFile, ...], int]:
    """DICOM files among the inputs, by name, each object once; and the number of other files.

    Parameters
    ----------
    inputs
        Files and folders, such as a results folder of `measure`.

    Raises
    ------
    NotFoundError
        An input does not exist.
    """
    found: dict[str, OutgoingFile] = {}
    others = 0
    for path in _files(inputs):
        file = _outgoing(path)
        if file is None:
            others += 1
        else:
            found.setdefault(file.stored.sop_instance_uid, file)
    return tuple(found.values()), others


def _files(inputs: Sequence[Path]) -> Iterator[Path]:
    for one in inputs:
        if one.is_dir():
            yield from sorted(p for p in one.rglob("*") if p.is_file())
        elif one.is_file():
            yield one
        else:
            raise NotFoundError(str(one), "nothing that can be opened", "a DICOM file or a folder", "check the path")


def _outgoing(path: Path) -> OutgoingFile | None:
    """File to send, with all that a server needs to file it; ``None`` for other files and for DICOMDIR."""
    with collected_warnings():
        try:
            with path.open("rb") as stream:
                if stream.read(PREAMBLE_BYTES + len(PREFIX))[PREAMBLE_BYTES:] != PREFIX:
                    return None
            dataset = pydicom.dcmread(path, stop_before_pixels=True)
            syntax = str(dataset.file_meta.get("TransferSyntaxUID", ""))
        except Exception:  # pydicom raises many kinds on broken files; these are not sent
            return None
        header = Header(dataset)
        study, series, uid, kind = (header.text(k) for k in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"))
    if not all(map(is_uid, (study, series, uid, kind, syntax))) or UID(kind) == MediaStorageDirectoryStorage:
        return None
    return OutgoingFile(path, StoredObject(study, series, uid, kind), syntax)
