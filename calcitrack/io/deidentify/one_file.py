"""One file -> the bytes of its de-identified copy, or the reason why there is none."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from io import BytesIO

import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset

from calcitrack.errors import DamagedFileError, UnsupportedImageError
from calcitrack.io.deidentify.clean import Cleaner, CleaningCounts
from calcitrack.io.deidentify.elements import raw_value, tags_of, vr_of
from calcitrack.io.deidentify.identifier_search import SearchTerm, search_terms_of
from calcitrack.io.deidentify.identifiers import FoundIdentifiers, collect
from calcitrack.io.deidentify.marks import NATIVE, file_name, mark, renew_meta
from calcitrack.io.deidentify.patients import PatientPseudonym, Patients
from calcitrack.io.deidentify.pixels import PictureText, cut_surplus, pad_last_fragment, state_text, treat_picture
from calcitrack.io.deidentify.profile import PSEUDONYMS, tag_of
from calcitrack.io.deidentify.secret import Secret
from calcitrack.io.deidentify.stream_comments import clean_streams
from calcitrack.io.dicom.dicomdir import MEDIA_DIRECTORY_CLASS
from calcitrack.io.dicom.header import Header
from calcitrack.io.dicom.parse import OpenedDataset, open_dataset
from calcitrack.io.dicom.person import read_person
from calcitrack.io.dicom.sop_classes import class_uid
from calcitrack.io.files.library_warnings import collected_warnings
from calcitrack.io.files.limits import DEFAULT_LIMITS, ReadLimits
from calcitrack.io.files.sources import FileSource

ENCAPSULATED_CLASSES = "1.2.840.10008.5.1.4.1.1.104."
"""PDF, CDA, STL, OBJ and MTL documents (PS3.4, table B.5-1): their content cannot be cleaned by attributes."""
TEXT_VRS = ("SH", "LO", "ST", "LT", "UT", "UC", "UR", "CS", "AE", "PN", "AS")
FREE_TEXT_VRS = ("SH", "LO", "ST", "LT", "UT", "UC")
"""Texts that people and makers word freely; codes, ages and addresses hold short words of their own."""
SKIPPED_TAGS = frozenset(tag_of(k) for k in PSEUDONYMS)
"""Hold the pseudonym, which somebody may have chosen to be like the name."""


@dataclass(frozen=True, slots=True)
class Means:
    """Settings and state that all files of a run share."""

    secret: Secret
    patients: Patients
    mask_text: bool = False
    limits: ReadLimits = DEFAULT_LIMITS


@dataclass(frozen=True, slots=True, eq=False)
class Copy:
    """A de-identified copy, not yet on disk.

    Parameters
    ----------
    content
        The whole file.
    name
        Path below the output folder.
    own
        Search terms of the original's identifiers.
    left_out
        Number of values too short or too common for a search.
    emptied
        Number of elements that the profile keeps but that held an identifier.
    """

    content: bytes
    name: str
    patient: PatientPseudonym
    counts: CleaningCounts
    text: PictureText
    own: tuple[SearchTerm, ...]
    left_out: int
    emptied: int
    kind: str


def identifiers_of(source: FileSource, limits: ReadLimits) -> FoundIdentifiers:
    """Identifiers of a file; none where it cannot be read."""
    with collected_warnings():
        try:
            opened = open_dataset(source, limits, pixels=False)
            return _found(opened.dataset)
        except Exception:  # pydicom raises many kinds on broken files, which are refused later
            return FoundIdentifiers()


def patient_of(source: FileSource, limits: ReadLimits) -> tuple[str, str] | None:
    """Patient ID and issuer of a DICOM file, empty where it states none; ``None`` for other files, directories and files that cannot be read."""
    with collected_warnings():
        try:
            dataset = open_dataset(source, limits, pixels=False).dataset
        except Exception:  # as above
            return None
        header = Header(dataset)
        return None if is_media_directory(dataset) else (header.text("PatientID"), read_person(header).issuer)


def is_media_directory(dataset: Dataset) -> bool:
    """True for a DICOMDIR, which only lists other files."""
    return class_uid(Header(dataset)) == MEDIA_DIRECTORY_CLASS or "DirectoryRecordSequence" in dataset


def deidentified(source: FileSource, means: Means, number: int = 1) -> Copy:
    """De-identified copy of a file; its name begins with the file's number in the input.

    Raises
    ------
    ReadError
        It cannot be read, or is of a kind that cannot be cleaned.
    """
    with collected_warnings():
        opened = open_dataset(source, means.limits, pixels=True)
        _check_cleanable(opened, source)
        dataset = opened.dataset
        former = getattr(dataset, "file_meta", None) or FileMetaDataset()
        found, patient, kind = _found(dataset), means.patients.of(dataset), _kind(dataset)
        own = search_terms_of(found.telling())
        text = treat_picture(dataset, means.limits, mask_text=means.mask_text)
        clean_streams(dataset)
        pad_last_fragment(dataset)
        cut_surplus(dataset)
        counts = Cleaner(means.secret).clean(dataset, patient)
        emptied = _empty_what_tells(dataset, own, found.short)
        mark(dataset, pixels_cleaned=means.mask_text)
        state_text(dataset, text)
        fallback = means.secret.uids.new_uid(_original_uid(former, source, means.limits))
        renew_meta(dataset, former, fallback)
        name = file_name(dataset, patient, number)
        return Copy(_written(dataset, source), name, patient, counts, text, own, found.left_out, emptied, kind)


def _check_cleanable(opened: OpenedDataset, source: FileSource) -> None:
    dataset = opened.dataset
    if not class_uid(Header(dataset)):
        raise UnsupportedImageError(source.name, "no SOP class", "a DICOM object that says what it is", "export it again")
    if opened.cut_pixel_bytes is not None:
        raise DamagedFileError(source.name, "pixel data that break off", "a whole file", "fetch or copy it again")
    if class_uid(Header(dataset)).startswith(ENCAPSULATED_CLASSES) or "EncapsulatedDocument" in dataset:
        raise UnsupportedImageError(
            source.name, "a document inside a DICOM file (PDF or the like)", "an image, a segmentation or a structured report", "leave it out"
        )


def _found(dataset: Dataset) -> FoundIdentifiers:
    found = collect(dataset)
    meta = getattr(dataset, "file_meta", None)
    if meta is not None:
        found.add(collect(meta))
    return found


def _kind(dataset: Dataset) -> str:
    uid = class_uid(Header(dataset))
    return pydicom.uid.UID(uid).name if uid.startswith("1.2.840.10008.") else "other"


def _original_uid(former: Dataset, source: FileSource, limits: ReadLimits) -> str:
    """Media Storage SOP Instance UID, or else the digest of the file."""
    uid = Header(former).text("MediaStorageSOPInstanceUID")
    if uid:
        return uid
    with source.open(limits) as stream:
        return f"file {hashlib.sha256(stream.read()).hexdigest()}"


def _empty_what_tells(dataset: Dataset, own: tuple[SearchTerm, ...], short: Collection[str]) -> int:
    """Empty texts that hold an identifier of the file although the profile keeps their attribute."""
    emptied = 0
    for tag in tags_of(dataset):
        vr = vr_of(dataset, tag)
        if vr == "SQ":
            emptied += sum(_empty_what_tells(item, own, short) for item in dataset[tag].value or ())
        elif vr in TEXT_VRS and tag not in SKIPPED_TAGS:
            lowered = (raw_value(dataset, tag) or str(dataset[tag].value or "").encode()).lower()
            if any(n.in_text(lowered) for n in own) or (vr in FREE_TEXT_VRS and _holds_word(lowered, short)):
                dataset[tag] = DataElement(tag, vr, None)
                emptied += 1
    return emptied


def _holds_word(lowered: bytes, words: Collection[str]) -> bool:
    """Whether one of these stands in a text, with no letter or digit beside it."""
    text = lowered.decode("latin-1")
    return any(re.search(rf"(?<![0-9a-z]){re.escape(word)}(?![0-9a-z])", text) for word in words)


def _written(dataset: Dataset, source: FileSource) -> bytes:
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax in NATIVE and dataset.original_encoding != (syntax.is_implicit_VR, syntax.is_little_endian):
        for _ in dataset.iterall():  # elements not yet converted would keep the old encoding
            pass
    stream = BytesIO()
    try:
        pydicom.dcmwrite(stream, dataset, enforce_file_format=True)
    except Exception as error:  # pydicom raises many kinds on values that cannot be written
        raise DamagedFileError(source.name, "values that cannot be written again", "a file as the standard asks", "export it again") from error
    return stream.getvalue()
