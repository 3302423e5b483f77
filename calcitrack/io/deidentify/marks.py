"""De-identification attributes, file meta group and file name of a cleaned data set."""

from __future__ import annotations

import re

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    PYDICOM_IMPLEMENTATION_UID,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from calcitrack.io.deidentify.patients import PatientPseudonym
from calcitrack.io.deidentify.profile import CLEAN_PIXELS, METHODS
from calcitrack.io.dicom.header import Header
from calcitrack.version import __version__

TOKEN = 10
"""Digits of a new UID in a name: enough for a file to be found again by it."""
UNDATED, UNKNOWN_KIND = "undated", "OT"
NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)


def mark(dataset: Dataset, *, pixels_cleaned: bool) -> None:
    """State in the data set that and how identity was removed, and that dates were moved (PS3.15, E.1.1; PS3.3, C.12.1.1.3 and C.7.1.1)."""
    methods = (*METHODS, CLEAN_PIXELS) if pixels_cleaned else METHODS
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = [f"calcitrack {__version__}: DICOM PS3.15, Annex E", *(meaning for _, meaning in methods)]
    dataset.DeidentificationMethodCodeSequence = Sequence(_code(*method) for method in methods)
    dataset.LongitudinalTemporalInformationModified = "MODIFIED"


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item


def renew_meta(dataset: Dataset, former: Dataset, instance_uid: str) -> None:
    """Write a new meta group that keeps only class and transfer syntax of the old one, and an empty preamble."""
    header, before = Header(dataset), Header(former)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(header.text("SOPClassUID") or before.text("MediaStorageSOPClassUID"))
    meta.MediaStorageSOPInstanceUID = UID(header.text("SOPInstanceUID") or instance_uid)
    meta.TransferSyntaxUID = _syntax(dataset, UID(before.text("TransferSyntaxUID")))
    meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    meta.ImplementationVersionName = f"CALCITRACK {__version__}"[:16]
    dataset.file_meta = meta
    dataset.preamble = b"\0" * 128


def _syntax(dataset: Dataset, syntax: UID) -> UID:
    """The stated transfer syntax; the one used for reading where none is stated or it contradicts the file."""
    implicit, little = dataset.original_encoding
    if syntax and (syntax not in NATIVE or (syntax.is_implicit_VR, syntax.is_little_endian) == (implicit, little)):
        return syntax
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little is not False else ExplicitVRBigEndian


def file_name(dataset: Dataset, patient: PatientPseudonym, number: int) -> str:
    """Path below the output folder: patient, shifted date, number in the input, kind and image; nothing of the original name.

    The number keeps the order of files whose headers state the same time: exposures of one day are compared in that order.
    """
    header = Header(dataset)
    day = header.date("StudyDate")
    kind = re.sub(r"[^A-Z0-9]", "", header.code("Modality"))[:4] or UNKNOWN_KIND
    image = header.text("SOPInstanceUID") or str(dataset.file_meta.MediaStorageSOPInstanceUID)
    folder = re.sub(r"[^A-Za-z0-9_-]", "_", patient.pseudonym) or "patient"
    return f"{folder}/{f'{day:%Y%m%d}' if day else UNDATED}/{number:06d}-{kind}-{image[-TOKEN:]}.dcm"
