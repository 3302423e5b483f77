"""Self-made DICOM files: each test states only the elements that it is about."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.config import disable_value_validation
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
    generate_uid,
)

DX_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"
NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)

DEFAULTS: dict[str, Any] = {
    "SOPClassUID": DX_PROCESSING,
    "Modality": "DX",
    "PresentationIntentType": "FOR PROCESSING",
    "PatientID": "P1",
    "StudyInstanceUID": "1.2.3",
    "SeriesInstanceUID": "1.2.3.4",
    "StudyDate": "20240131",
    "StudyTime": "101500",
    "AcquisitionDate": "20240131",
    "AcquisitionTime": "101500",
    "BodyPartExamined": "HAND",
    "ImageLaterality": "R",
    "ViewPosition": "PA",
    "PhotometricInterpretation": "MONOCHROME2",
    "SamplesPerPixel": 1,
    "BitsAllocated": 16,
    "BitsStored": 12,
    "HighBit": 11,
    "PixelRepresentation": 0,
    "ImagerPixelSpacing": [0.15, 0.15],
    "PixelIntensityRelationship": "LOG",
    "PixelIntensityRelationshipSign": -1,
}


def items(*contents: dict[str, Any]) -> Sequence:
    """A DICOM sequence of items with these elements."""
    sequence = Sequence()
    with disable_value_validation(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for content in contents:
            item = Dataset()
            for keyword, value in content.items():
                setattr(item, keyword, value)
            sequence.append(item)
    return sequence


def ramp(rows: int = 8, columns: int = 8, step: int = 60) -> np.ndarray:
    """Values 0, step, 2 step, ... along the rows."""
    return (np.arange(rows * columns).reshape(rows, columns) * step).astype(np.uint16)


def write_dicom(path: Path, pixels: np.ndarray | None = None, **arguments: Any) -> Path:
    """`_write`, also with values that DICOM does not allow: broken headers are what is tested."""
    with disable_value_validation(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _write(path, pixels, **arguments)


def _write(
    path: Path, pixels: np.ndarray | None = None, *, syntax: str = ExplicitVRLittleEndian, frame: bytes | None = None, **elements: Any
) -> Path:
    """Write one DICOM file.

    Parameters
    ----------
    pixels
        Stored values, shape (rows, columns); a ramp where nothing is stated.
    syntax
        Transfer syntax; one that compresses is applied by pydicom, unless `frame` is given.
    frame
        Compressed frame that is written as it is.
    elements
        By keyword; ``None`` leaves a default out; a `DataElement` is taken with its own VR.
    """
    stored = ramp() if pixels is None else pixels
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = Dataset()
    dataset.file_meta = meta
    dataset.preamble = b"\0" * 128
    header = {**DEFAULTS, "SOPInstanceUID": generate_uid(), "Rows": stored.shape[0], "Columns": stored.shape[1], **elements}
    for keyword, value in header.items():
        if isinstance(value, DataElement):
            dataset.add(value)
        elif value is not None:
            setattr(dataset, keyword, value)
    meta.MediaStorageSOPClassUID = header["SOPClassUID"] or ""
    meta.MediaStorageSOPInstanceUID = header["SOPInstanceUID"] or "1.2"
    if "PixelData" not in elements:
        dataset.PixelData = stored.tobytes()
        dataset["PixelData"].VR = "OB" if stored.itemsize == 1 else "OW"
    if frame is not None:
        dataset.PixelData = encapsulate([frame])
        meta.TransferSyntaxUID = syntax
    elif syntax in NATIVE:
        meta.TransferSyntaxUID = syntax
        if syntax == ExplicitVRBigEndian and "PixelData" not in elements:
            dataset.PixelData = stored.astype(stored.dtype.newbyteorder(">")).tobytes()
    else:
        dataset.compress(syntax, generate_instance_uid=False, encoding_plugin="pydicom" if syntax == RLELossless else "")
    dataset.save_as(path, enforce_file_format=bool(header["SOPClassUID"]))
    return path


@pytest.fixture
def dicom(tmp_path: Path) -> Callable[..., Path]:
    """Writes a DICOM file into a folder of the test; takes a name, pixels and elements."""

    def write(name: str = "image.dcm", pixels: np.ndarray | None = None, **arguments: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return write_dicom(path, pixels, **arguments)

    return write


@pytest.fixture(scope="session")
def sequence_of() -> Callable[..., Sequence]:
    """Builds a DICOM sequence from dictionaries of elements."""
    return items


@pytest.fixture(scope="session")
def ramp_of() -> Callable[..., np.ndarray]:
    """Builds a ramp of stored values."""
    return ramp


@pytest.fixture(scope="session")
def write_dicom_file() -> Callable[..., Path]:
    """`write_dicom` itself, for tests that choose their own folder (Hypothesis runs many examples in one test)."""
    return write_dicom
