"""Folder of fetched objects. It holds complete files under their final names, and nothing else."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.encaps import generate_fragments
from pydicom.uid import UID

from calcitrack.errors import PacsError
from calcitrack.io.files.library_warnings import collected_warnings
from calcitrack.io.files.names import safe_name
from calcitrack.io.pacs.found import StoredObject

PART = ".part"
"""Suffix of a file while it is written."""
UNDEFINED = 0xFFFFFFFF
HALF_COLOUR = 0.5
"""Least share of the samples that pictures with thinned-out colour hold (YBR_PARTIAL_420; YBR_FULL_422 holds two thirds)."""
PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


class KeptObjects:
    """A folder per study with one file per object, named by UIDs alone, which do not identify the patient.

    Parameters
    ----------
    folder
        Created when missing.

    Raises
    ------
    PacsError
        It cannot be created.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PacsError(
                str(folder), f"no folder that can be made ({error.strerror})", "a place that can be written", "name another one"
            ) from error

    def path_of(self, one: StoredObject) -> Path:
        """Path of an object, whether it is there or not."""
        return self.folder / safe_name(one.study_uid) / f"{safe_name(one.sop_instance_uid)}.dcm"

    def holds(self, one: StoredObject) -> bool:
        """True where the complete object is in the folder and need not be fetched."""
        path = self.path_of(one)
        try:
            with path.open("rb") as stream:
                return is_whole(stream, one.sop_instance_uid)
        except OSError:
            return False

    def keep(self, one: StoredObject, content: bytes) -> bool:
        """Write an object; it gets its name once it is complete and on the disk. Return False for an incomplete one, which is not kept.

        Raises
        ------
        PacsError
            The file cannot be written.
        """
        path = self.path_of(one)
        if not is_whole(BytesIO(content), one.sop_instance_uid):
            return False
        part = path.with_name(path.name + PART)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise PacsError(
                str(path), f"a disk that does not take it ({error.strerror})", "room, and leave to write", "name another folder"
            ) from error
        return True


def is_whole(stream: BinaryIO, sop_instance_uid: str) -> bool:
    """True for a DICOM file that is this object to its last byte: no element is shorter than it says, and an image has pixels."""
    with collected_warnings():
        try:
            dataset = pydicom.dcmread(stream)
            return str(dataset.SOPInstanceUID) == sop_instance_uid and _ends_whole(dataset)
        except Exception:  # pydicom raises many kinds on broken files
            return False


def _ends_whole(dataset: Dataset) -> bool:
    last: Any = dataset.get_item(max(dataset.keys()))
    cut = isinstance(last, RawDataElement) and last.length != UNDEFINED and len(last.value or b"") != last.length
    has_all = any(k in dataset for k in PIXELS) or not _has_pixels(dataset)
    return not cut and "SeriesInstanceUID" in dataset and has_all and _pixels_whole(dataset)


def _pixels_whole(dataset: Dataset) -> bool:
    """Whether pixel data are as long as the header says: whole frames where they are not compressed, else a frame in fragments for each.

    A file that was cut short and written again by a program on its way fits its own lengths, and not its picture.
    """
    if "PixelData" not in dataset or "Rows" not in dataset:
        return True
    frames = int(dataset.get("NumberOfFrames") or 1)
    if dataset["PixelData"].is_undefined_length:
        return len(list(generate_fragments(dataset.PixelData))) > frames  # the offset table is the first of them
    samples = int(dataset.get("SamplesPerPixel") or 1)
    bits = int(dataset.Rows) * int(dataset.Columns) * samples * frames * int(dataset.BitsAllocated)
    share = HALF_COLOUR if str(dataset.get("PhotometricInterpretation", "")).endswith(("_422", "_420")) else 1.0
    return len(dataset.PixelData) >= int(bits * share) // 8


def _has_pixels(dataset: Dataset) -> bool:
    """True for objects of a kind that has pixels, even where the file breaks off before it says how many."""
    kind = UID(str(dataset.get("SOPClassUID", ""))).name
    return "Rows" in dataset or "Image" in kind or "Segmentation" in kind
