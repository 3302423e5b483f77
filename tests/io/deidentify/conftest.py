"""Files full of marked identifiers: whatever says who it is has a word that stands nowhere else."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pydicom.config import disable_value_validation
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

ROOT = "1.2.826.0.1.3680043.9.9999"

MARKS: dict[str, Any] = {
    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1.1",
    "SOPInstanceUID": f"{ROOT}.3.1",
    "StudyInstanceUID": f"{ROOT}.1",
    "SeriesInstanceUID": f"{ROOT}.2",
    "FrameOfReferenceUID": f"{ROOT}.4",
    "Modality": "DX",
    "PresentationIntentType": "FOR PROCESSING",
    "PatientName": "Zzmarkername^Qqgiven",
    "PatientID": "XPID778899",
    "OtherPatientIDs": "XOTHER55",
    "PatientBirthDate": "19010203",
    "PatientSex": "F",
    "PatientAge": "043Y",
    "PatientAddress": "Wwstreet 5",
    "ReferringPhysicianName": "Vvdoctor^Yy",
    "OperatorsName": "Jjoperator",
    "InstitutionName": "Kkhospital of Nowhere",
    "StationName": "XSTATION7",
    "DeviceSerialNumber": "XSERIAL123",
    "AccessionNumber": "XACC4711",
    "StudyID": "XSTUDY9",
    "StudyDescription": "hand of Zzmarkername",
    "SeriesDescription": "PA, born 1901-02-03",
    "Manufacturer": "Maker",
    "ManufacturerModelName": "Model",
    "StudyDate": "20240131",
    "StudyTime": "101500",
    "SeriesDate": "20240131",
    "AcquisitionDate": "20240131",
    "AcquisitionTime": "101501.5",
    "AcquisitionDateTime": "20240131101501.5",
    "ContentDate": "20240131",
    "ContentTime": "101502",
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
WORDS = (
    "zzmarkername",
    "qqgiven",
    "xpid778899",
    "xother55",
    "19010203",
    "1901-02-03",
    "wwstreet",
    "vvdoctor",
    "jjoperator",
    "kkhospital",
    "xstation7",
)
WORDS += ("xserial123", "xacc4711", "xstudy9", ROOT)


def marked(**changes: Any) -> Dataset:
    """A data set with marked identifiers; ``None`` leaves an element out."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.preamble = b"Zzmarkername".ljust(128, b"\0")
    with disable_value_validation(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for keyword, value in {**MARKS, **changes}.items():
            if value is not None:
                setattr(dataset, keyword, value)
        dataset.file_meta.SourceApplicationEntityTitle = "XSTATION7"
    private = dataset.private_block(0x0099, "Zzmarkername", create=True)
    private.add_new(1, "LO", "Zzmarkername")
    dataset.add_new(0x60000010, "US", 8)
    dataset.add_new(0x60003000, "OW", b"Zzmarkername")
    dataset.add_new(0x60004000, "LT", "overlay of Zzmarkername")
    dataset.add_new(0x50002500, "LO", "curve of Zzmarkername")
    item = Dataset()
    item.ReferencedSOPClassUID = MARKS["SOPClassUID"]
    item.ReferencedSOPInstanceUID = f"{ROOT}.3.9"
    item.add_new(0x00100010, "PN", "Zzmarkername^Qqgiven")
    dataset.ReferencedImageSequence = Sequence([item])
    pixels = changes.get("PixelData") or (np.arange(64 * 48) % 4000).astype("<u2").reshape(64, 48)
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OW"
    return dataset


@pytest.fixture
def film(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file with marked identifiers into the folder `in` of the test."""

    def write(name: str = "a.dcm", pixels: np.ndarray | None = None, syntax: str = ExplicitVRLittleEndian, **changes: Any) -> Path:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with disable_value_validation(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = marked(**changes)
            if pixels is not None:
                dataset.Rows, dataset.Columns = pixels.shape
                dataset.PixelData = pixels.tobytes()
            dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            if syntax != ExplicitVRLittleEndian:
                from pydicom.uid import UID

                if UID(syntax).is_compressed and UID(syntax).is_encapsulated:
                    dataset.compress(syntax, generate_instance_uid=False, encoding_plugin="pydicom" if syntax == "1.2.840.10008.1.2.5" else "")
                else:
                    dataset.file_meta.TransferSyntaxUID = UID(syntax)
            dataset.save_as(path, enforce_file_format=True)
        return path

    return write


@pytest.fixture(scope="session")
def words() -> tuple[str, ...]:
    """What must not be found in a copy, in lower case."""
    return WORDS


def written_text(text: str, *, rows: int = 400, columns: int = 500, at: tuple[int, int] = (30, 15), scale: float = 0.6) -> np.ndarray:
    """A grey picture with a limb-like shape and white text, 12 bits."""
    picture = np.full((rows, columns), 300, np.uint16)
    cv2.ellipse(picture, (columns // 2, rows // 2), (60, 150), 10, 0, 360, 2000, -1)
    picture = cv2.GaussianBlur(picture, (0, 0), 4)
    noise = np.random.default_rng(1).normal(0, 12, picture.shape)
    picture = np.clip(picture + noise, 0, 4095).astype(np.uint16)
    mask = np.zeros(picture.shape, np.uint8)
    cv2.putText(mask, text, (at[1], at[0]), cv2.FONT_HERSHEY_SIMPLEX, scale, 255, 1, cv2.LINE_8)
    picture[mask > 0] = 4095
    return picture


@pytest.fixture(scope="session")
def text_picture() -> Callable[..., np.ndarray]:
    """A picture with text, as `written_text` draws it."""
    return written_text
