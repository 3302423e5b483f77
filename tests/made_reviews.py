"""Small drawn films of one forearm, written as DICOM files, measured, and recorded in a workspace to be reviewed."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from calcitrack import AssessOptions, Radiograph, SegmentOptions, assess, read_cohort
from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment

FIRST = dt.date(2021, 3, 1)
OPTIONS = AssessOptions(segment=SegmentOptions(min_confidence=0.0))
"""Settings of which a record holds all, for films that are measured again. The network has seen no limb like the drawn ones: it outlines their
deposits roughly, and is unsure of them."""
DX_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"
"""Digital X-Ray Image Storage - For Processing (PS3.4 B.5)."""


def write_films(folder: Path, drawn: ModuleType) -> Path:
    """Write three visits, the last with a repeat exposure, as film0.dcm to film3.dcm with the SOP Instance UIDs 2.25.771 to 2.25.774.

    One deposit grows, one vanishes after baseline, one appears at the last visit.

    Parameters
    ----------
    folder
        Where they are written.
    drawn
        The module drawn_films.
    """
    growing = [drawn.Disc(40, 22, r, 150.0) for r in (1.5, 2.0, 2.5)]
    vanishing, appearing = drawn.Disc(75, 60, 2.0, 200.0), drawn.Disc(95, 24, 1.6, 250.0)
    visits = [[growing[0], vanishing], [growing[1]], [growing[2], appearing], [growing[2], appearing]]
    for k, discs in enumerate(visits):
        date = FIRST + dt.timedelta(days=200 * min(k, 2))
        _write(folder / f"film{k}.dcm", drawn.draw(discs, pitch_mm=0.25, seed=k + 1), date, k + 1)
    return folder


def measured(folder: Path, drawn: ModuleType) -> Assessment:
    """The assessment of the films: D001 vanishes, D002 grows, D003 appears, outlined as they were drawn."""
    (timeline,) = read_cohort(folder).timelines
    return assess(timeline, options=AssessOptions(segment=SegmentOptions(method=drawn.find)))


def measured_by_the_program(folder: Path) -> Assessment:
    """The same deposits as the program outlines them, which can be measured again from the record alone."""
    (timeline,) = read_cohort(folder).timelines
    return assess(timeline, options=OPTIONS)


def with_possible(assessment: Assessment) -> Assessment:
    """The assessment with two possible deposits beside the bone on the first film of the last visit: P1 of 12 x 12 pixels, and P2 of 6 x 6."""
    image = assessment.images[2]
    possible = np.zeros(image.segmentation.labels.shape, np.uint16)
    possible[300:312, 220:232], possible[120:126, 230:236] = 1, 2
    unsure = replace(image.segmentation, possible=possible, possible_confidence={1: 0.6, 2: 0.8})
    return replace(assessment, images=(*assessment.images[:2], replace(image, segmentation=unsure), *assessment.images[3:]))


def recorded(folder: Path, assessment: Assessment) -> Path:
    """Record an assessment in a new workspace."""
    with Workspace.create(folder) as workspace:
        workspace.record(assessment)
    return folder


def _write(path: Path, film: Radiograph, date: dt.date, number: int) -> None:
    """The film's stored values as a DX image FOR PROCESSING, linear in the beam."""
    stored = np.clip(-film.pixels, 0, 65535).round().astype("<u2")
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID = DX_PROCESSING
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID = f"2.25.77{number}"
    image.StudyInstanceUID, image.SeriesInstanceUID = f"2.25.78{number}", f"2.25.79{number}"
    image.PatientID, image.Modality, image.BodyPartExamined, image.ImageLaterality, image.ViewPosition = "DRAWN", "DX", "FOREARM", "L", "AP"
    image.PresentationIntentType, image.PhotometricInterpretation = "FOR PROCESSING", "MONOCHROME1"
    image.PixelIntensityRelationship, image.PixelIntensityRelationshipSign = "LIN", 1
    image.StudyDate = image.AcquisitionDate = date.strftime("%Y%m%d")
    image.StudyTime = image.AcquisitionTime = f"10{number % 60:02d}00"
    image.KVP, image.FilterMaterial, image.FilterThicknessMinimum, image.FilterThicknessMaximum = 55, "ALUMINUM", 3, 3
    image.ImagerPixelSpacing = [film.spacing.row_mm, film.spacing.column_mm]
    image.EstimatedRadiographicMagnificationFactor = 1.0
    image.Rows, image.Columns = stored.shape
    image.SamplesPerPixel, image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 1, 16, 16, 15, 0
    image.PixelData = stored.tobytes()
    image["PixelData"].VR = "OW"
    image.save_as(path, enforce_file_format=True)
