"""What may turn a measurement into its opposite is on the console, not only in images.csv."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from rich.console import Console

from calcitrack import read_cohort
from calcitrack.cli.summary import Summary, summary_json, summary_text
from calcitrack.io.results.writer import Written
from calcitrack.model.cohort import FileRecord

DX_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.1"


def write(path: Path, uid: str, **elements: object) -> None:
    """A small picture FOR PRESENTATION."""
    film = Dataset()
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.file_meta.MediaStorageSOPClassUID = DX_PRESENTATION
    film.file_meta.MediaStorageSOPInstanceUID = uid
    stated = {
        "SOPClassUID": DX_PRESENTATION,
        "SOPInstanceUID": uid,
        "StudyInstanceUID": f"{uid}.1",
        "Modality": "DX",
        "PatientID": "P1",
        "StudyDate": "20240310",
        "AcquisitionDate": "20240310",
        "AcquisitionTime": "101500",
        "BodyPartExamined": "HAND",
        "ImageLaterality": "R",
        "ViewPosition": "PA",
        "PhotometricInterpretation": "MONOCHROME2",
        "SamplesPerPixel": 1,
        "Rows": 8,
        "Columns": 8,
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        **elements,
    }
    for keyword, value in stated.items():
        setattr(film, keyword, value)
    film.PixelData = np.arange(64, dtype=np.uint16).tobytes()
    film["PixelData"].VR = "OW"
    film.save_as(path, enforce_file_format=True)


def said(files: Iterable[FileRecord], folder: Path) -> tuple[str, dict[str, object]]:
    """The summary of these files, as text and as JSON."""
    summary = Summary(Written(folder, 1, 1, ()), (), tuple(files), ())
    return " ".join(summary_text(summary, Console(width=200)).split()), json.loads(summary_json(summary))


def test_a_sign_that_contradicts_the_picture_is_at_the_end_of_the_summary(tmp_path: Path) -> None:
    """One line for each contradiction, with the first film that has it and how many more do; nothing where none is."""
    write(tmp_path / "a.dcm", "1.2.1", PixelIntensityRelationshipSign=1)
    write(tmp_path / "b.dcm", "1.2.2", PixelIntensityRelationshipSign=1)
    write(tmp_path / "c.dcm", "1.2.3", PixelIntensityRelationshipSign=-1)
    text, machine = said(read_cohort(tmp_path).files, tmp_path)
    assert text.endswith(
        f"Needs your attention {tmp_path / 'a.dcm'} and 1 more file: MONOCHROME2 and Pixel Intensity Relationship Sign 1 disagree on which end "
        "is dense; MONOCHROME2 is used"
    )
    assert [len(a["files"]) for a in machine["attention"]] == [2]
    text, machine = said(read_cohort(tmp_path / "c.dcm").files, tmp_path)
    assert "attention" not in text
    assert machine["attention"] == []


def test_another_picture_under_one_uid_is_told(tmp_path: Path) -> None:
    """It is skipped, and one of the two was altered; a copy of the same bytes needs nobody's attention."""
    write(tmp_path / "a.dcm", "1.2.1")
    write(tmp_path / "b.dcm", "1.2.1", Columns=4, Rows=16)
    (tmp_path / "c.dcm").write_bytes((tmp_path / "a.dcm").read_bytes())
    text, machine = said(read_cohort(tmp_path).files, tmp_path)
    (told,) = machine["attention"]
    assert told["files"] == [str(tmp_path / "b.dcm")]
    assert f"duplicate: the SOP Instance UID of {tmp_path / 'a.dcm'}, but other bytes: one of the two was altered" in text
