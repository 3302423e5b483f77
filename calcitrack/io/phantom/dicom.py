"""A simulated film as a DICOM object: DX FOR PROCESSING, DX FOR PRESENTATION or CR."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless

from calcitrack.model.concepts import BODY_PARTS, VIEWS, Concept
from calcitrack.phantom.simulate import SimulatedFilm
from calcitrack.phantom.specs import BodyPart, Style

_SOP_CLASS = {
    Style.LIN: "1.2.840.10008.5.1.4.1.1.1.1.1",
    Style.LOG: "1.2.840.10008.5.1.4.1.1.1.1.1",
    Style.PRESENTATION: "1.2.840.10008.5.1.4.1.1.1.1",
    Style.CR: "1.2.840.10008.5.1.4.1.1.1",
}
"""Digital X-Ray Image Storage - For Processing, - For Presentation, Computed Radiography Image Storage."""

_TRANSFER = (JPEGLSLossless, JPEG2000Lossless, ExplicitVRLittleEndian)
"""Lossless forms, one for each patient in turn of their seed."""

_ANATOMY = {
    BodyPart.HAND: ("Hand", "HAND", "PA"),
    BodyPart.ELBOW: ("Elbow joint", "ELBOW", "AP"),
    BodyPart.KNEE: ("Knee", "KNEE", "AP"),
    BodyPart.FOOT: ("Foot", "FOOT", "AP"),
}
"""Meaning of the region's code (as CID 4009 words it), Body Part Examined, View Position."""


def phantom_dataset(film: SimulatedFilm) -> Dataset:
    """The film with header, file meta and compressed pixels; equal films give equal objects."""
    style = film.visit.detector.style
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(_SOP_CLASS[style])
    meta.MediaStorageSOPInstanceUID = _uid(film, "instance")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", Dataset(), file_meta=meta, preamble=b"\0" * 128)
    _identity(dataset, film)
    _exposure(dataset, film)
    _pixels(dataset, film)
    if style is not Style.CR:
        _dx(dataset, film)
    syntax = _TRANSFER[film.patient.seed % len(_TRANSFER)]
    if syntax != ExplicitVRLittleEndian:
        dataset.compress(syntax, encoding_plugin="pyjpegls" if syntax == JPEGLSLossless else "pylibjpeg", generate_instance_uid=False)
    return dataset


def _uid(film: SimulatedFilm, kind: str) -> UID:
    """A UID under 2.25 from the film's identity and, for an instance, its pixels: different objects never share one."""
    parts = [kind, film.patient.patient_id, str(film.patient.seed), film.patient.body_part.value]
    if kind != "patient":
        parts += [str(film.visit.date), str(film.visit.index)]
    if kind in ("series", "instance"):
        parts += [str(film.visit.repeat), str(film.visit.seed), film.visit.detector.style.value]
    if kind == "instance":
        parts.append(hashlib.sha256(np.ascontiguousarray(film.encoded.pixels, "<u2").tobytes()).hexdigest())
    number = int.from_bytes(hashlib.sha256("/".join(parts).encode()).digest()[:16], "big")
    return UID(f"2.25.{number}")


def _identity(dataset: Dataset, film: SimulatedFilm) -> None:
    """Set patient, study, series and instance attributes."""
    patient, visit = film.patient, film.visit
    day = visit.date.strftime("%Y%m%d")
    time = (dt.datetime.combine(visit.date, dt.time(10, 15)) + dt.timedelta(minutes=7 * visit.repeat)).strftime("%H%M%S")
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.ImageType = ["ORIGINAL", "PRIMARY"] if visit.detector.style in (Style.LIN, Style.LOG, Style.CR) else ["DERIVED", "PRIMARY"]
    dataset.SOPClassUID = _SOP_CLASS[visit.detector.style]
    dataset.SOPInstanceUID = _uid(film, "instance")
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = day
    dataset.StudyTime = "101500"
    dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = time
    dataset.AccessionNumber = ""
    dataset.Modality = "CR" if visit.detector.style is Style.CR else "DX"
    dataset.Manufacturer = "calcitrack phantom"
    dataset.ManufacturerModelName = f"simulated {visit.detector.style.value}"
    dataset.ReferringPhysicianName = ""
    dataset.PatientName = f"Phantom^{patient.patient_id}"
    dataset.PatientID = patient.patient_id
    dataset.PatientBirthDate = patient.birth_date.strftime("%Y%m%d")
    dataset.PatientSex = patient.sex
    dataset.StudyInstanceUID = _uid(film, "study")
    dataset.SeriesInstanceUID = _uid(film, "series")
    dataset.StudyID = str(visit.index)
    dataset.SeriesNumber = visit.repeat + 1
    dataset.InstanceNumber = 1
    dataset.BurnedInAnnotation = "NO"


def _exposure(dataset: Dataset, film: SimulatedFilm) -> None:
    """Set acquisition attributes and pixel size."""
    field, beam = film.visit.field, film.visit.beam
    _, part, view = _ANATOMY[film.patient.body_part]
    dataset.BodyPartExamined = part
    dataset.ViewPosition = view
    dataset.KVP = _ds(beam.kvp)
    dataset.DistanceSourceToDetector = _ds(field.sid_mm)
    dataset.ExposureTime = 10
    dataset.ExposureInuAs = max(1, round(beam.quanta_per_mm2 / 100))
    dataset.ImagerPixelSpacing = [_ds(field.pitch_mm), _ds(field.pitch_mm)]
    dataset.PatientOrientation = ["L", "F"]
    if film.visit.detector.style is Style.CR:
        dataset.Laterality = film.patient.laterality
    else:
        dataset.FilterMaterial = "ALUMINUM"
        dataset.FilterThicknessMinimum = dataset.FilterThicknessMaximum = _ds(beam.filter_mm_al)


def _ds(value: float) -> str:
    """A decimal string of at most 16 characters."""
    return f"{value:.6g}"


def _pixels(dataset: Dataset, film: SimulatedFilm) -> None:
    """Set pixel data, and how to read and display them."""
    encoded = film.encoded
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = encoded.photometric
    dataset.Rows, dataset.Columns = encoded.pixels.shape
    dataset.BitsAllocated = 16
    dataset.BitsStored = film.visit.detector.bits
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = 0
    if encoded.window is not None:
        dataset.WindowCenter, dataset.WindowWidth = (_ds(v) for v in encoded.window)
    dataset.PixelData = np.ascontiguousarray(encoded.pixels, "<u2").tobytes()
    dataset["PixelData"].VR = "OW"


def _dx(dataset: Dataset, film: SimulatedFilm) -> None:
    """Set the attributes that DX modules require beyond CR."""
    encoded, (meaning, part, view) = film.encoded, _ANATOMY[film.patient.body_part]
    processing = film.visit.detector.style is not Style.PRESENTATION
    dataset.PresentationIntentType = "FOR PROCESSING" if processing else "FOR PRESENTATION"
    dataset.PixelIntensityRelationship = encoded.relationship
    dataset.PixelIntensityRelationshipSign = encoded.sign
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"
    dataset.PresentationLUTShape = "INVERSE" if encoded.photometric == "MONOCHROME1" else "IDENTITY"
    dataset.LossyImageCompression = "00"
    dataset.ImageLaterality = film.patient.laterality
    dataset.DetectorType = "SCINTILLATOR"
    dataset.DetectorConfiguration = "AREA"
    dataset.PositionerType = "NONE"
    dataset.AnatomicRegionSequence = [_code(replace(BODY_PARTS[part], meaning=meaning))]
    dataset.ViewCodeSequence = [_code(VIEWS[view])]
    dataset.AcquisitionContextSequence = []


def _code(concept: Concept) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = concept.value, concept.scheme, concept.meaning
    return item
