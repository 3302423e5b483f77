"""DICOM files of hand-made images, and the independent DICOM programs that tests ask."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForProcessing, ExplicitVRLittleEndian

from calcitrack.model.assessment import Assessment, ImageAssessment
from calcitrack.model.timeline import Exposure


def header(image: ImageAssessment, sop_class: str = DigitalXRayImageStorageForProcessing) -> Dataset:
    """A radiograph's header with the facts of the image."""
    facts = image.exposure.acquisition
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, facts.sop_instance_uid
    ds.StudyInstanceUID, ds.SeriesInstanceUID = facts.study_instance_uid, facts.series_instance_uid
    ds.PatientID, ds.PatientName, ds.PatientBirthDate, ds.PatientSex = facts.patient_id, "Made^Person", "20120404", "F"
    ds.StudyDate, ds.StudyTime, ds.ContentDate, ds.ContentTime, ds.StudyID = "20210308", "101500", "20210308", "101501", "7"
    ds.AccessionNumber, ds.ReferringPhysicianName, ds.Modality, ds.PatientOrientation = "42", "", facts.modality, ["L", "F"]
    ds.Rows, ds.Columns, ds.ImagerPixelSpacing = facts.rows, facts.columns, [0.2, 0.2]
    return ds


def film(image: ImageAssessment) -> Dataset:
    """A whole file that states a plane, which programs for volumes ask of an image."""
    ds = header(image)
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.SeriesNumber, ds.InstanceNumber = 1, "MONOCHROME2", 1, 1
    ds.ImagePositionPatient, ds.ImageOrientationPatient, ds.PixelSpacing = [0, 0, 0], [1, 0, 0, 0, 1, 0], [0.2, 0.2]
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = "2.25.4", ""
    ds.PixelData = np.zeros((ds.Rows, ds.Columns), np.uint16).tobytes()
    return ds


def described(image: ImageAssessment, source: Path) -> ImageAssessment:
    """The image as if it had been read from this file."""
    facts = replace(image.exposure.acquisition, sop_class_uid=DigitalXRayImageStorageForProcessing)
    return replace(image, exposure=Exposure(facts, image.exposure.load, str(source)))


def on_disk(assessment: Assessment, folder: Path, *, whole: bool = False) -> Assessment:
    """The assessment as if its images had been read from files in this folder, which are written."""
    images = []
    for k, image in enumerate(assessment.images):
        path = folder / f"film{k}.dcm"
        (film(image) if whole else header(image)).save_as(path, enforce_file_format=True)
        images.append(described(image, path))
    return replace(assessment, images=tuple(images))


def program(name: str) -> str:
    """Path of a DICOM program: beside Python, where pip put it, or on the PATH. Where it is missing the test is left out."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def told_by(name: str, *arguments: object) -> str:
    """All that a program says; it has to end well."""
    done = subprocess.run([program(name), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 found above
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def errors_of(path: Path) -> list[str]:
    """What the validator finds wrong with a file; it has to know the kind of object."""
    done = subprocess.run([program("dciodvfy"), str(path)], capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 found above
    lines = (done.stdout + done.stderr).splitlines()
    assert any(line.startswith(("Segmentation", "LabelMap", "Comprehensive")) for line in lines), lines
    return [line for line in lines if line.startswith("Error")]


def voxels(path: Path) -> NDArray[np.int64]:
    """Values of an NRRD file of one slice, shape (rows, columns)."""
    head, _, data = path.read_bytes().partition(b"\n\n")
    said = dict(line.split(": ", 1) for line in head.decode("ascii").splitlines() if ": " in line)
    width, height, _ = map(int, said["sizes"].split())
    types = {"short": "<i2", "signed short": "<i2", "unsigned short": "<u2", "unsigned char": "u1", "uchar": "u1"}
    raw = gzip.decompress(data) if said["encoding"].startswith("gz") else data
    return np.frombuffer(raw, types[said["type"]]).reshape(height, width).astype(np.int64)


def write_voxels(path: Path, labels: NDArray[np.uint16], spacing_mm: float) -> None:
    """Write a label map of one slice as NRRD."""
    rows, columns = labels.shape
    said = {
        "type": "uint16",
        "dimension": 3,
        "space": "left-posterior-superior",
        "sizes": f"{columns} {rows} 1",
        "space directions": f"({spacing_mm},0,0) (0,{spacing_mm},0) (0,0,1)",
        "kinds": "domain domain domain",
        "endian": "little",
        "encoding": "raw",
        "space origin": "(0,0,0)",
    }
    head = "\n".join(["NRRD0004", *(f"{k}: {v}" for k, v in said.items())])
    path.write_bytes(head.encode("ascii") + b"\n\n" + labels.astype("<u2").tobytes())
