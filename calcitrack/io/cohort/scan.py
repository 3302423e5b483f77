"""One file -> the facts of its header that place it on a timeline; small, picklable, no pixel decoded."""

from __future__ import annotations

from dataclasses import dataclass

from calcitrack.errors import NotAnImageFileError, NotARadiographError, ReadError, UnsupportedImageError
from calcitrack.io.dicom.acquisition import has_time_of_day
from calcitrack.io.dicom.anatomy_codes import read_two_limbs
from calcitrack.io.dicom.header import Header
from calcitrack.io.dicom.parse import META_SEARCH_BYTES, looks_like_dicom, not_an_image, open_dataset
from calcitrack.io.dicom.person import NOBODY, Person, read_person
from calcitrack.io.dicom.pixel_layout import without_pixels
from calcitrack.io.dicom.read import check_form, meaningful_numbers, read_facts
from calcitrack.io.dicom.sop_classes import SECONDARY_CAPTURE_CLASSES, class_uid
from calcitrack.io.files.library_warnings import collected_warnings
from calcitrack.io.files.limits import ReadLimits
from calcitrack.io.files.sources import FileSource
from calcitrack.io.images.picture import looks_like_picture, read_picture_facts
from calcitrack.io.images.sidecar import sidecar_of
from calcitrack.model.cohort import FileStatus
from calcitrack.model.image import Acquisition
from calcitrack.model.two_limbs import TwoLimbs

WORKSTATION_CONVERSIONS = ("WSD", "DRW", "SYN")
"""Conversion Type (0008,0064) of pictures made at a workstation, drawn, or synthesised; the others are scanned or captured radiographs."""
SCREENSHOT_WORDS = ("SCREEN", "SNAPSHOT")
"""Words in Image Type of a picture of a screen."""
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".PNG", ".JPG", ".JPEG", ".TIF", ".TIFF")
"""Names under which a sidecar's picture is looked for."""


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """Verdict on one file by its header alone.

    Parameters
    ----------
    source
        The file.
    status, reason
        READ unless something rules the file out.
    acquisition
        Header facts of a radiograph.
    findings
        What is missing or contradictory in the header.
    derived_from
        SOP Instance UIDs of the images it was made from.
    has_time
        Whether the time of day of the exposure is stated.
    lacks_sidecar
        True for a picture without a sidecar: only a manifest can place it on a timeline.
    attention
        Those of the findings that the console says too.
    person
        What the header states about the person, to be compared with other files.
    two_limbs
        What is stated of the sides of two limbs in one picture; ``None`` for a picture of one, and where nothing tells the sides.
    """

    source: FileSource
    status: FileStatus
    reason: str = ""
    acquisition: Acquisition | None = None
    findings: tuple[str, ...] = ()
    derived_from: tuple[str, ...] = ()
    has_time: bool = False
    lacks_sidecar: bool = False
    attention: tuple[str, ...] = ()
    person: Person = NOBODY
    two_limbs: TwoLimbs | None = None


def scan_file(source: FileSource, limits: ReadLimits) -> ScannedFile:
    """Read a file's header and say whether it belongs on a timeline; never raises for a bad file."""
    try:
        with source.open(limits) as stream:
            head = stream.read(META_SEARCH_BYTES)
        if looks_like_dicom(head):
            return _scan_dicom(source, limits)
        if looks_like_picture(head):
            return _scan_picture(source, limits)
        if source.suffix == ".json" and (picture := _picture_of(source)):
            return ScannedFile(source, FileStatus.SKIPPED, f"the sidecar of {picture.name}")
        raise not_an_image(source, head)
    except (NotARadiographError, NotAnImageFileError) as error:
        return ScannedFile(source, FileStatus.SKIPPED, _without_source(error))
    except ReadError as error:
        return ScannedFile(source, FileStatus.FAILED, _without_source(error))


def _without_source(error: ReadError) -> str:
    return f"found {error.found}; expected {error.expected}; {error.action}"


def _scan_dicom(source: FileSource, limits: ReadLimits) -> ScannedFile:
    opened = open_dataset(source, limits, pixels=False)
    header = Header(opened.dataset)
    with collected_warnings() as notes, meaningful_numbers(source.name):
        facts = read_facts(header, source.name)
        if opened.ends_with_header:
            raise without_pixels(header, source.name)
        acquisition = facts.acquisition
        capture = class_uid(header) in SECONDARY_CAPTURE_CLASSES
        skip = _capture_reason(header, acquisition) if capture else ""
        try:
            check_form(header, source.name)
        except UnsupportedImageError as error:
            if not capture:
                raise
            skip = skip or _without_source(error)
        derived_from = tuple(uid for item in header.items("SourceImageSequence") if (uid := item.text("ReferencedSOPInstanceUID")))
        has_time, person, both = has_time_of_day(header), read_person(header), read_two_limbs(header)
    return ScannedFile(
        source,
        FileStatus.SKIPPED if skip else FileStatus.READ,
        skip,
        acquisition,
        tuple(dict.fromkeys((*opened.findings, *header.findings, *(f"pydicom: {n}" for n in notes)))),
        derived_from,
        has_time,
        attention=tuple(header.attention),
        person=person,
        two_limbs=both,
    )


def _scan_picture(source: FileSource, limits: ReadLimits) -> ScannedFile:
    facts = read_picture_facts(source, limits)
    acquisition, both = facts.acquisition, facts.two_limbs
    missing = [w for w, there in (("patient_id", acquisition.patient_id), ("acquisition_date", acquisition.acquisition_time)) if not there]
    if not missing:
        return ScannedFile(source, FileStatus.READ, "", acquisition, facts.findings, attention=facts.attention, two_limbs=both)
    if facts.has_sidecar:
        reason = f"the sidecar does not state {' and '.join(missing)}: the picture cannot be placed on a timeline"
        return ScannedFile(
            source, FileStatus.FAILED, reason, acquisition, facts.findings, lacks_sidecar=True, attention=facts.attention, two_limbs=both
        )
    reason = f"a picture without sidecar: write {sidecar_of(source).name} to place it on a timeline"
    return ScannedFile(source, FileStatus.SKIPPED, reason, acquisition, facts.findings, lacks_sidecar=True, attention=facts.attention, two_limbs=both)


def _picture_of(sidecar: FileSource) -> FileSource | None:
    stem = (sidecar.member or sidecar.path.name).rsplit("/", 1)[-1][: -len(sidecar.suffix)]
    return next((p for s in PICTURE_SUFFIXES if (p := sidecar.sibling(stem + s)).exists()), None)


def _capture_reason(header: Header, acquisition: Acquisition) -> str:
    """Why a secondary capture is no radiograph to be measured; empty for scanned film and the like."""
    conversion = header.code("ConversionType")
    if conversion in WORKSTATION_CONVERSIONS:
        return f"a secondary capture made at a workstation (Conversion Type {conversion})"
    if header.code("BurnedInAnnotation") == "YES":
        return "a secondary capture with text burned in"
    if any(word in value for value in acquisition.image_type for word in SCREENSHOT_WORDS):
        return f"a screenshot (Image Type {'/'.join(acquisition.image_type)})"
    return ""
