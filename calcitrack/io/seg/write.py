"""Deposits of one image as a DICOM Segmentation, or as a label picture where the image is not DICOM or lacks the UIDs to refer to.

The object is of type BINARY, which every reader of Segmentations knows: one segment a deposit, one frame a segment; or, where the reader allows it,
a label map (DICOM Supplement 243): one frame, whose values are the numbers of the segments. Its UIDs and its bytes depend only on the image, the
assessment and the type, so the same run writes the same object (PS3.5 forbids one UID for two contents).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import highdicom
import numpy as np
from highdicom.seg import SegmentAlgorithmTypeValues, SegmentationTypeValues, SegmentDescription
from highdicom.seg import Segmentation as SegmentationObject
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEG2000Lossless, SegmentationStorage

from calcitrack.errors import ReadError, ResultsError
from calcitrack.io.dicom.codes import code_of
from calcitrack.io.dicom.header import without_people
from calcitrack.io.dicom.output_options import SegmentationKind
from calcitrack.io.dicom.parse import open_dataset
from calcitrack.io.files.library_warnings import collected_warnings
from calcitrack.io.files.limits import DEFAULT_LIMITS
from calcitrack.io.files.sources import FileSource
from calcitrack.model.assessment import ImageAssessment, TrackedDeposit, ordered
from calcitrack.model.concepts import ABNORMAL_STRUCTURE, CALCIFICATION
from calcitrack.model.segmentation import Labels
from calcitrack.model.spacing import Spacing
from calcitrack.model.timeline import Exposure
from calcitrack.model.uids import derived_uid

ALGORITHM_FAMILY = Code("123106", "DCM", "Multi-Scale/Resolution Filtering")
"""DICOM CID 7162."""
NO_DEPOSIT_LABEL = "no deposit found"
"""Label of the one empty segment of an image on which nothing was found: it was looked at, which a missing object would not say."""
SERIES_NUMBER = 900
"""Far above the numbers that devices give, so that the result stands at the end of a study."""
MAX_UNCOMPRESSED_BYTES = 32 * 1024 * 1024
"""Pixel data above this size are written as lossless JPEG 2000: hundreds of nearly empty frames shrink a hundredfold. Below it, they are
left uncompressed, which every reader of Segmentations decodes."""
MAX_DESCRIPTION = 64
"""Characters of a DICOM Long String (PS3.5, table 6.2-1)."""
EMPTY_IF_ABSENT = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
)
"""Patient and study attributes of type 2: present in every object, possibly empty. Damaged headers lack them."""
NEEDED = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "Rows", "Columns", "Modality")
LABELMAP_STORAGE = "1.2.840.10008.5.1.4.1.1.66.7"
"""SOP Class of label maps (DICOM Supplement 243), which pydicom 3.0 has no name for."""
NOMINAL_THICKNESS_MM = 1.0
"""A projection has no thickness, but what has a plane must state one (PS3.3, C.7.6.16.2.1); the value that readers assume where none is stated."""


@dataclass(frozen=True, slots=True)
class SegmentationReference:
    """UIDs by which another object refers to the Segmentation of an image."""

    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str


def segmentation_reference(exposure: Exposure, assessment_id: str, kind: SegmentationKind = SegmentationKind.BINARY) -> SegmentationReference:
    """UIDs of the Segmentation that `segmentation_object` makes of an image."""
    parts = (exposure.acquisition.sop_instance_uid, assessment_id, *([] if kind is SegmentationKind.BINARY else [kind.value]))
    sop_class = SegmentationStorage if kind is SegmentationKind.BINARY else LABELMAP_STORAGE
    return SegmentationReference(str(sop_class), derived_uid("segmentation", *parts), derived_uid("series", *parts))


def source_header(exposure: Exposure) -> Dataset:
    """Header of the image's own file, without its pixels.

    Raises
    ------
    ResultsError
        The file is missing, or was replaced by another one.
    """
    name = exposure.source
    try:
        header = open_dataset(_source(name), DEFAULT_LIMITS, pixels=False).dataset
    except ReadError as error:
        raise ResultsError(f"{name}: nothing written that refers to it, because its header could not be read again: {error.found}") from error
    expected = exposure.acquisition.sop_instance_uid
    if str(header.get("SOPInstanceUID", "")).strip() != expected:
        raise ResultsError(f"{name}: nothing written that refers to it, because the file is another one now; expected SOP Instance UID {expected}")
    return header


def _source(name: str) -> FileSource:
    """The source of a name shown to users; ``archive.zip!member`` is split where no file has that name."""
    if Path(name).is_file():
        return FileSource(Path(name))
    for at in (i for i, c in enumerate(name) if c == "!"):
        if Path(name[:at]).is_file():
            return FileSource(Path(name[:at]), name[at + 1 :])
    return FileSource(Path(name))


def segmentation_object(
    header: Dataset, image: ImageAssessment, *, assessment_id: str, program: str, version: str, kind: SegmentationKind = SegmentationKind.BINARY
) -> Dataset:
    """DICOM Segmentation of the deposits of one image.

    Parameters
    ----------
    header
        Header of the image; its patient and study are copied.
    image
        The deposits; their ids become segment labels and tracking ids.
    assessment_id
        Part of the object's UIDs, since other parameters or other visits may give other deposits or other ids.
    kind
        How segments are stored.

    Returns
    -------
    pydicom.Dataset
        One segment a deposit, by deposit id; one empty segment when there is none. Pixel spacing is that of the measurement,
        with its basis in the content description, also when the image states only ImagerPixelSpacing.

    Raises
    ------
    ResultsError
        The header lacks attributes that a Segmentation must refer to, or the object cannot be created.
    """
    missing = [k for k in NEEDED if not header.get(k)]
    if missing:
        raise ResultsError(f"{image.exposure.source}: no segmentation written, because the header does not state {', '.join(missing)}")
    deposits = ordered(image.deposits)
    frames = renumbered(image, [*range(1, len(deposits) + 1)], deposits)
    reference = segmentation_reference(image.exposure, assessment_id, kind)
    size = _uncompressed_bytes(frames.size, len(deposits), kind)
    try:
        with collected_warnings():
            segmentation = SegmentationObject(
                source_images=[_with_plane(completed(header), image.spacing)],
                pixel_array=frames,
                segmentation_type=SegmentationTypeValues[kind.name],
                segment_descriptions=_descriptions(deposits, program, version),
                series_instance_uid=UID(reference.series_instance_uid),
                series_number=SERIES_NUMBER,
                sop_instance_uid=UID(reference.sop_instance_uid),
                instance_number=1,
                manufacturer=program,
                manufacturer_model_name=program,
                software_versions=version,
                device_serial_number=assessment_id[:MAX_DESCRIPTION] or "0",
                content_label="DEPOSITS",
                content_description=_spacing_words(image.spacing),
                pixel_measures=_pixel_measures(image.spacing),
                omit_empty_frames=bool(deposits),
                transfer_syntax_uid=ExplicitVRLittleEndian if size <= MAX_UNCOMPRESSED_BYTES else JPEG2000Lossless,
                series_description=f"{program} deposits",
            )
            return _with_dimensions(without_moment(segmentation, header), header, reference)
    except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:  # raised by highdicom for unusual headers
        reason = without_people(" ".join(str(error).split()), header)
        raise ResultsError(f"{image.exposure.source}: no segmentation written, because its header does not allow one: {reason}") from error


def _uncompressed_bytes(pixels: int, deposits: int, kind: SegmentationKind) -> int:
    """Size of the pixel data: one bit per pixel and segment; for label maps one or two bytes per pixel."""
    if kind is SegmentationKind.BINARY:
        return pixels * max(1, deposits) // 8
    return pixels * (1 if deposits < 256 else 2)


def renumbered(image: ImageAssessment, numbers: Sequence[int], deposits: Sequence[TrackedDeposit]) -> NDArray[np.uint16]:
    """Label map of the image, shape (rows, columns), in which each of `deposits` has its number of `numbers`; the rest is 0."""
    labels = image.segmentation.labels
    table = np.zeros(int(labels.max(initial=0)) + 1, np.uint16)
    for number, tracked in zip(numbers, deposits, strict=True):
        if tracked.deposit.label < table.size:
            table[tracked.deposit.label] = number
    return table[labels]


def _descriptions(deposits: Sequence[TrackedDeposit], program: str, version: str) -> list[SegmentDescription]:
    algorithm = highdicom.AlgorithmIdentificationSequence(name=program, family=ALGORITHM_FAMILY, version=version)
    named: list[tuple[str, str | None, str | None]] = [(t.deposit_id, t.deposit_id, t.tracking_uid) for t in deposits]
    named = named or [(NO_DEPOSIT_LABEL, None, None)]
    return [
        SegmentDescription(
            segment_number=number,
            segment_label=label,
            segmented_property_category=code_of(ABNORMAL_STRUCTURE),
            segmented_property_type=code_of(CALCIFICATION),
            algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
            algorithm_identification=algorithm,
            tracking_id=tracking_id,
            tracking_uid=None if tracking_uid is None else UID(tracking_uid),
        )
        for number, (label, tracking_id, tracking_uid) in enumerate(named, start=1)
    ]


def completed(header: Dataset) -> Dataset:
    """A copy with the type 2 attributes that highdicom reads, and without a frame of reference that has no position."""
    completed = copy.deepcopy(header)
    for keyword in EMPTY_IF_ABSENT:
        if keyword not in completed:
            setattr(completed, keyword, None)
    if "FrameOfReferenceUID" in completed and "ImagePositionPatient" not in completed:
        del completed.FrameOfReferenceUID
    return completed


def _with_plane(header: Dataset, spacing: Spacing) -> Dataset:
    """A header with an image plane: readers of Segmentations (dcmqi, 3D Slicer, OHIF) need one, and radiographs have none.

    It is the one that these readers assume for an image without: rows and columns along the first two axes, from the centre of the first
    pixel. Its frame of reference belongs to this image alone, so that it says nothing about the patient or about other images.
    """
    if "FrameOfReferenceUID" not in header and spacing.row_mm is not None:
        header.FrameOfReferenceUID = derived_uid("film plane", str(header.SOPInstanceUID))
        header.ImagePositionPatient, header.ImageOrientationPatient = [0, 0, 0], [1, 0, 0, 0, 1, 0]
        header.PositionReferenceIndicator, header.PixelSpacing = "", [spacing.row_mm, spacing.column_mm]
    if "FrameOfReferenceUID" in header and not header.get("SliceThickness"):
        header.SliceThickness = NOMINAL_THICKNESS_MM
    return header


def _pixel_measures(spacing: Spacing) -> highdicom.PixelMeasuresSequence | None:
    if spacing.row_mm is None or spacing.column_mm is None:
        return None
    return highdicom.PixelMeasuresSequence(pixel_spacing=(spacing.row_mm, spacing.column_mm), slice_thickness=NOMINAL_THICKNESS_MM)


def _spacing_words(spacing: Spacing) -> str:
    if spacing.row_mm is None:
        return "no pixel size stated"
    return f"pixel spacing basis: {spacing.basis.value} ({spacing.source})"[:MAX_DESCRIPTION]


def without_moment(dataset: Dataset, header: Dataset) -> Dataset:
    """Replace attributes that depend on the time of writing: the content's date is that of the image."""
    content_date = header.get("ContentDate") or header.get("StudyDate")
    dataset.ContentDate = content_date or "19000101"
    dataset.ContentTime = (header.get("ContentTime") or header.get("StudyTime") or "000000") if content_date else "000000"
    for keyword in ("InstanceCreationDate", "InstanceCreationTime"):
        if keyword in dataset:
            delattr(dataset, keyword)
    for equipment in dataset.get("ContributingEquipmentSequence", []):
        if "ContributionDateTime" in equipment:
            del equipment.ContributionDateTime
    return dataset


def _with_dimensions(segmentation: Dataset, header: Dataset, reference: SegmentationReference) -> Dataset:
    """Add dimensions with reproducible UIDs, and the orientation, which the General Image module requires without a position."""
    dimensions = UID(derived_uid("dimensions", reference.sop_instance_uid))
    for item in (*segmentation.DimensionOrganizationSequence, *segmentation.get("DimensionIndexSequence", [])):
        item.DimensionOrganizationUID = dimensions
    segmentation.PatientOrientation = header.get("PatientOrientation")
    return segmentation


def write_segmentation(
    path: Path, image: ImageAssessment, *, assessment_id: str, program: str, version: str, kind: SegmentationKind = SegmentationKind.BINARY
) -> None:
    """Write the Segmentation of one DICOM image; errors as in `source_header` and `segmentation_object`."""
    segmentation = segmentation_object(source_header(image.exposure), image, assessment_id=assessment_id, program=program, version=version, kind=kind)
    with collected_warnings():
        segmentation.save_as(path, enforce_file_format=True)


def write_label_picture(path: Path, image: ImageAssessment) -> None:
    """Write the deposits of an image that no Segmentation can refer to as a 16-bit PNG: 0 is no deposit, 7 is ``D007``."""
    deposits = ordered(image.deposits)
    numbers = [int("".join(c for c in t.deposit_id if c.isdigit()) or 0) for t in deposits]
    Image.fromarray(renumbered(image, numbers, deposits)).save(path, format="PNG")


def write_possible_picture(path: Path, possible: Labels) -> None:
    """Write the possible deposits of an image (`calcitrack.model.segmentation.Segmentation.possible`) as a 16-bit PNG: 0 is none, 7 is ``P7``."""
    Image.fromarray(possible).save(path, format="PNG")
