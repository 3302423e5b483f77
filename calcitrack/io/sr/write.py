"""Measurements of one study of a timeline as a DICOM Structured Report, template TID 1500, in the study of its images.

`docs/reference/measurement-report.md` lists its content row by row. The same content gives the same bytes; the UID is derived from the content,
because the same images judged within another cohort may give another report (PS3.5 forbids one UID for two contents).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from highdicom.sr import (
    CodeContentItem,
    CodedConcept,
    ComprehensiveSR,
    ContainerContentItem,
    ContentSequence,
    DeviceObserverIdentifyingAttributes,
    ImageContentItem,
    MeasurementReport,
    NumContentItem,
    ObservationContext,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
)
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from calcitrack.errors import ResultsError
from calcitrack.io.dicom.output_options import SegmentationKind
from calcitrack.io.files.library_warnings import collected_warnings
from calcitrack.io.seg.write import (
    NEEDED,
    SERIES_NUMBER,
    SegmentationReference,
    completed,
    segmentation_reference,
    source_header,
    without_moment,
)
from calcitrack.io.sr import codes as c
from calcitrack.io.sr.groups import Group, Groups
from calcitrack.io.sr.values import CONTAINS
from calcitrack.model.uids import derived_uid
from calcitrack.reporting.report_content import JudgedFacts, ReportDraft

NOT_STATED = "not stated"
UID_LENGTH = 44
"""Characters of ``2.25.`` and a UUID as an integer of 39 digits, as 70 % of them are: of one length, so that one can take another's place."""
PLACEHOLDER_UID = "2.25." + "1" * 39
MAX_NAME = 64
"""Characters of one component group of a Person Name, and of a Long String (PS3.5, table 6.2-1)."""


@dataclass(frozen=True, slots=True)
class Verification:
    """Verification of a report by the person who accepted its results.

    Parameters
    ----------
    reader
        Their name.
    at
        When they accepted the results.
    organization
        Their organization; DICOM requires it.
    """

    reader: str
    at: dt.datetime
    organization: str = NOT_STATED


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Readers' verification and comments of an assessment.

    Parameters
    ----------
    verification
        ``None`` until a reader has accepted the assessment as a whole.
    notes
        Deposit id -> sentences about it; the empty id stands for the whole.
    """

    verification: Verification | None = None
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def report_bytes(
    draft: ReportDraft,
    headers: Sequence[Dataset],
    *,
    facts: JudgedFacts | None = None,
    reviewed: Reviewed | None = None,
    kind: SegmentationKind = SegmentationKind.BINARY,
) -> bytes:
    """File of a DICOM Comprehensive SR of one study and time point.

    Parameters
    ----------
    draft
        Content of the report.
    headers
        Header of each image of the draft, in the same order; patient and study are copied from the first.
    facts
        Changes and verdict of the timeline; left out when ``None``.
    reviewed
        Readers' comments; the report is verified when one of them accepted the whole.
    kind
        Kind of the Segmentations that it refers to.

    Raises
    ------
    ResultsError
        A header lacks attributes that a report must refer to, or the object cannot be created.
    """
    name = draft.images[0].exposure.source
    for image, header in zip(draft.images, headers, strict=True):
        missing = [k for k in NEEDED if not header.get(k)]
        if missing:
            raise ResultsError(f"{image.exposure.source}: no report written, because the header does not state {', '.join(missing)}")
    facts, reviewed = facts or JudgedFacts(), reviewed or Reviewed()
    references = [segmentation_reference(i.exposure, draft.assessment_id, kind) for i in draft.images]
    try:
        with collected_warnings():
            stream = BytesIO()
            _document(draft, headers, references, facts, reviewed).save_as(stream, enforce_file_format=True)
            return _with_uid_of_content(stream.getvalue())
    except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:  # raised by highdicom for unusual headers
        raise ResultsError(f"{name}: no report written, because its header does not allow one: {' '.join(str(error).split())}") from error


def _document(
    draft: ReportDraft, headers: Sequence[Dataset], references: Sequence[SegmentationReference], facts: JudgedFacts, reviewed: Reviewed
) -> Dataset:
    report = MeasurementReport(
        observation_context=_observers(draft, reviewed.verification),
        procedure_reported=CodedConcept.from_code(c.RADIOGRAPHY),
        imaging_measurements=_groups(draft, references, facts, reviewed),
    )
    _add_image_library(report[0], headers)
    root = ContainerContentItem(report[0].name, template_id="1500")  # highdicom copies and searches its argument: the content is added later
    root.ContentSequence = ContentSequence()
    verified = reviewed.verification
    document = ComprehensiveSR(
        evidence=[*(completed(h) for h in headers), *(_evidence(r, headers[0]) for r in references)],
        content=root,
        series_instance_uid=derived_uid("report series", str(headers[0].StudyInstanceUID), draft.assessment_id),
        series_number=SERIES_NUMBER + 1,
        sop_instance_uid=PLACEHOLDER_UID,
        instance_number=1,
        manufacturer=draft.program,
        is_complete=True,
        is_final=verified is not None,
        is_verified=verified is not None,
        verifying_observer_name=None if verified is None else person_name(verified.reader),
        verifying_organization=None if verified is None else verified.organization[:MAX_NAME] or NOT_STATED,
        series_description=f"{draft.program} measurements",
        manufacturer_model_name=draft.program,
        software_versions=draft.version,
        device_serial_number=draft.assessment_id[:MAX_NAME] or "0",
    )
    document.ContentSequence = report[0].ContentSequence
    if verified is not None:
        document.VerifyingObserverSequence[0].VerificationDateTime = verified.at.strftime("%Y%m%d%H%M%S.%f%z")
    document.CodingSchemeIdentificationSequence = [_own_scheme(draft.program)]
    return without_moment(document, headers[0])


def _groups(draft: ReportDraft, references: Sequence[SegmentationReference], facts: JudgedFacts, reviewed: Reviewed) -> list[Group]:
    make = Groups(draft, dict(reviewed.notes))
    groups = [make.burden(facts.headline)]
    for image, reference in zip(draft.images, references, strict=True):
        groups += [make.exposure(image)] if draft.time_point.n_exposures > 1 else []
        groups += [make.deposit(image, tracked, reference) for tracked in image.deposits]
    groups += [make.gone(deposit) for deposit in draft.absent]
    return groups + [make.change(x) for x in facts.changes if x.to_time_point == draft.time_point.index and x.measurand in c.CONCEPTS]


def _observers(draft: ReportDraft, verified: Verification | None) -> ObservationContext:
    """Observers: the program as a device, and the reader who accepted the results (TID 1002 to 1004)."""
    device = DeviceObserverIdentifyingAttributes(
        uid=derived_uid("device", draft.program, draft.version), name=draft.program, manufacturer_name=draft.program, model_name=draft.version
    )
    kinds = {"person": Code("121006", "DCM", "Person"), "device": Code("121007", "DCM", "Device")}
    context = ObserverContext(CodedConcept.from_code(kinds["device"]), device)
    if verified is None:
        return ObservationContext(observer_device_context=context)
    person = PersonObserverIdentifyingAttributes(name=person_name(verified.reader), organization_name=verified.organization or NOT_STATED)
    return ObservationContext(
        observer_person_context=ObserverContext(CodedConcept.from_code(kinds["person"]), person), observer_device_context=context
    )


def person_name(reader: str) -> str:
    """A reader's name as a DICOM Person Name: "Anna Schmidt" becomes ``Schmidt^Anna``; characters with a special meaning become spaces."""
    if "^" in reader:
        return "".join(ch if ch.isprintable() and ch not in "\\=" else " " for ch in reader)[:MAX_NAME]
    words = "".join(ch if ch.isprintable() and ch not in "\\=" else " " for ch in reader).split()
    return f"{words[-1]}^{' '.join(words[:-1])}"[:MAX_NAME].rstrip() if words else "unknown^"


def _add_image_library(root: Dataset, headers: Sequence[Dataset]) -> None:
    """Source images with the descriptors that every radiograph has (TID 1600 to 1602), before the measurements."""
    library = _container(c.IMAGE_LIBRARY)
    group = _container(c.IMAGE_LIBRARY_GROUP)
    for header in headers:
        item = ImageContentItem(
            CodedConcept("260753009", "SCT", "Source"), str(header.SOPClassUID), str(header.SOPInstanceUID), relationship_type=CONTAINS
        )
        modality = c.MODALITY_CODES.get(str(header.Modality))
        item.ContentSequence = ContentSequence()
        if modality is not None:
            item.ContentSequence.append(CodeContentItem(_coded(c.MODALITY), _coded(modality), "HAS ACQ CONTEXT"))
        for name, size in ((c.ROWS, header.Rows), (c.COLUMNS, header.Columns)):
            item.ContentSequence.append(NumContentItem(_coded(name), int(size), _coded(c.PIXELS), relationship_type="HAS ACQ CONTEXT"))
        group.ContentSequence.append(item)
    library.ContentSequence.append(group)
    root.ContentSequence.insert(len(root.ContentSequence) - 1, library)


def _container(name: Code) -> ContainerContentItem:
    item = ContainerContentItem(_coded(name), relationship_type=CONTAINS)
    item.ContentSequence = ContentSequence()
    return item


def _coded(code: Code) -> CodedConcept:
    return CodedConcept.from_code(code)


def _evidence(reference: SegmentationReference, header: Dataset) -> Dataset:
    """The attributes of a Segmentation that the evidence list names."""
    named = Dataset()
    named.StudyInstanceUID = header.StudyInstanceUID
    named.SeriesInstanceUID = reference.series_instance_uid
    named.SOPClassUID = reference.sop_class_uid
    named.SOPInstanceUID = reference.sop_instance_uid
    return named


def _own_scheme(program: str) -> Dataset:
    """Identification of the private coding scheme, which begins with 99 (PS3.3, C.12.1)."""
    scheme = Dataset()
    scheme.CodingSchemeDesignator = c.SCHEME
    scheme.CodingSchemeName = c.SCHEME_NAME
    scheme.CodingSchemeResponsibleOrganization = program
    return scheme


def _with_uid_of_content(file: bytes) -> bytes:
    """The file with a UID derived from the rest of its content, in the meta group and in the object."""
    digest, tries = hashlib.sha256(file).hexdigest(), 0
    while len(uid := derived_uid("report", digest, str(tries))) != UID_LENGTH:
        tries += 1
    return file.replace(PLACEHOLDER_UID.encode("ascii"), uid.encode("ascii"))


def write_report(
    path: Path,
    draft: ReportDraft,
    *,
    facts: JudgedFacts | None = None,
    reviewed: Reviewed | None = None,
    kind: SegmentationKind = SegmentationKind.BINARY,
) -> None:
    """Write the report of a draft; the images' headers are read again. Parameters and errors as for `report_bytes`."""
    headers = [source_header(i.exposure) for i in draft.images]
    path.write_bytes(report_bytes(draft, headers, facts=facts, reviewed=reviewed, kind=kind))
