"""Read measurement reports: groups with their values, as calcitrack writes them; of other programs what TID 1500 defines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from calcitrack.errors import DamagedFileError, ReadError
from calcitrack.io.dicom.parse import open_dataset
from calcitrack.io.files.library_warnings import collected_warnings, impersonal_reason
from calcitrack.io.files.limits import DEFAULT_LIMITS
from calcitrack.io.files.sources import FileSource
from calcitrack.io.sr import codes as c

TEMPLATE = "1500"
MEASUREMENT_GROUP = Code("125007", "DCM", "Measurement Group")
TRACKING_ID, TRACKING_UID = Code("112039", "DCM", "Tracking Identifier"), Code("112040", "DCM", "Tracking Unique Identifier")
FINDING, FINDING_SITE = Code("121071", "DCM", "Finding"), Code("363698007", "SCT", "Finding Site")
LATERALITY = Code("272741003", "SCT", "Laterality")
REGIONS = (Code("121214", "DCM", "Referenced Segmentation Frame"), Code("121191", "DCM", "Referenced Segment"))
TIME_POINT_NUMBERS = (Code("126073", "DCM", "Time Point Order"), Code("128740", "DCM", "Longitudinal Temporal Offset from Event"))
MAX_DEPTH = 32
"""Levels of a content tree; a report has six, and a deeper one is not ours to follow."""


@dataclass(frozen=True, slots=True)
class ReportedValue:
    """One number of a report.

    Parameters
    ----------
    name
        Its concept.
    value
        ``None`` where the report says that it is not measurable.
    unit
        UCUM code; empty where there is no value.
    sd
        One standard deviation; ``None`` where it is not stated.
    low, high
        95 % interval; ``None`` where it is not stated.
    reason
        Reason for a missing value.
    """

    name: Code
    value: float | None
    unit: str
    sd: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReportedGroup:
    """One measurement group.

    Parameters
    ----------
    segmentation_uid, segment
        The segment that it describes; empty and ``None`` where it describes none.
    answers
        Concept of a question -> concept of the answer, both as ``scheme:value``.
    texts
        Concept, as ``scheme:value`` -> texts.
    """

    tracking_id: str
    tracking_uid: str
    finding: Code | None
    site: Code | None
    laterality: Code | None
    time_point: int | None
    segmentation_uid: str
    segment: int | None
    values: tuple[ReportedValue, ...]
    answers: Mapping[str, str]
    texts: Mapping[str, tuple[str, ...]]

    def value(self, measurand: str) -> ReportedValue | None:
        """The value of one of calcitrack's measurands."""
        return next((v for v in self.values if c.same(v.name, c.CONCEPTS[measurand].name)), None)

    @property
    def fate(self) -> str:
        """The deposit's fate; empty where none is stated."""
        code = self.answers.get(key_of(c.FATE), "")
        return next((fate.value for fate, known in c.FATES.items() if key_of(known) == code), "")


@dataclass(frozen=True, slots=True)
class MeasurementReport:
    """A measurement report.

    Parameters
    ----------
    verified_by
        Names of the verifying observers; empty for an unverified report.
    images
        SOP Instance UIDs that it names as evidence.
    """

    sop_instance_uid: str
    study_instance_uid: str
    patient_id: str
    verified_by: tuple[str, ...]
    images: tuple[str, ...]
    groups: tuple[ReportedGroup, ...]


def key_of(code: Code) -> str:
    """A concept as ``scheme:value``."""
    return f"{code.scheme_designator}:{code.value}"


def read_report(path: str | PathLike[str]) -> MeasurementReport:
    """Read a measurement report.

    Raises
    ------
    ReadError
        It is no DICOM file, no Structured Report of template TID 1500, or its content tree is damaged.
    """
    name = str(path)
    try:
        with collected_warnings():  # which quote values, and are told to nobody
            return _read(path, name)
    except ReadError:
        raise
    except Exception as error:  # pydicom converts on access, and raises many kinds on broken values; all mean the same here
        reason = impersonal_reason(error)
        raise DamagedFileError(
            name, f"a content tree that breaks off or contradicts itself ({reason})", "a whole report", "fetch it again"
        ) from error


def _read(path: str | PathLike[str], name: str) -> MeasurementReport:
    dataset = open_dataset(FileSource(Path(path)), DEFAULT_LIMITS, pixels=False).dataset
    template = _first(dataset, "ContentTemplateSequence")
    if template is None or str(template.get("TemplateIdentifier", "")) != TEMPLATE:
        kind = str(dataset.get("Modality", "")) or "an unknown kind"
        raise ReadError(name, f"a DICOM object of modality {kind} that is no TID {TEMPLATE} report", "a measurement report", "choose another file")
    return MeasurementReport(
        str(dataset.SOPInstanceUID),
        str(dataset.StudyInstanceUID),
        str(dataset.get("PatientID", "") or ""),
        tuple(str(v.VerifyingObserverName) for v in dataset.get("VerifyingObserverSequence", []) or []),
        tuple(_evidence(dataset)),
        tuple(_group(item) for item in _containers(dataset, MEASUREMENT_GROUP)),
    )


def _evidence(dataset: Dataset) -> Iterator[str]:
    for keyword in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence"):
        for study in dataset.get(keyword, []) or []:
            for series in study.ReferencedSeriesSequence:
                yield from (str(i.ReferencedSOPInstanceUID) for i in series.ReferencedSOPSequence)


def _containers(item: Dataset, wanted: Code, depth: int = 0) -> Iterator[Dataset]:
    """Containers of one concept at any depth; containers inside a match are not searched."""
    for child in _children(item) if depth < MAX_DEPTH else ():
        if child.get("ValueType") == "CONTAINER" and _is(child, wanted):
            yield child
        else:
            yield from _containers(child, wanted, depth + 1)


def _group(item: Dataset) -> ReportedGroup:
    children = list(_children(item))
    numbers = [i for i in children if i.get("ValueType") == "NUM"]
    order = next((_number(i) for i in numbers if _is(i, TIME_POINT_NUMBERS[0])), None)
    region = next((i for i in children if i.get("ValueType") == "IMAGE" and any(_is(i, r) for r in REGIONS)), None)
    reference = None if region is None else region.ReferencedSOPSequence[0]
    segments = None if reference is None else reference.get("ReferencedSegmentNumber")
    site = next((i for i in children if _is(i, FINDING_SITE)), None)
    side = None if site is None else next((i for i in _children(site) if _is(i, LATERALITY)), None)
    texts: dict[str, tuple[str, ...]] = {}
    for i in children:
        if i.get("ValueType") == "TEXT":
            texts[key_of(_name(i))] = (*texts.get(key_of(_name(i)), ()), str(i.TextValue))
    return ReportedGroup(
        tracking_id="".join(texts.get(key_of(TRACKING_ID), ())[:1]),
        tracking_uid=next((str(i.UID) for i in children if _is(i, TRACKING_UID)), ""),
        finding=_coded_value(next((i for i in children if _is(i, FINDING)), None)),
        site=_coded_value(site),
        laterality=_coded_value(side),
        time_point=None if order is None else int(order),
        segmentation_uid="" if reference is None else str(reference.ReferencedSOPInstanceUID),
        segment=None if segments is None else int(segments[0] if isinstance(segments, list) else segments),
        values=tuple(_value(i) for i in numbers if not any(_is(i, n) for n in TIME_POINT_NUMBERS)),
        answers={key_of(_name(i)): key_of(_code(i.ConceptCodeSequence[0])) for i in children if i.get("ValueType") == "CODE"},
        texts=texts,
    )


def _value(item: Dataset) -> ReportedValue:
    number = _number(item)
    reasons = [str(i.TextValue) for i in _children(item) if i.get("ValueType") == "TEXT" and _is(i, c.REASON)]
    if number is None:
        qualifier = _first(item, "NumericValueQualifierCodeSequence")
        meaning = str(qualifier.get("CodeMeaning", "")) if qualifier is not None else ""
        return ReportedValue(_name(item), None, "", reason=reasons[0] if reasons else meaning or "not stated")
    unit = str(item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue)
    sd, below, above = (_property(item, kind) for kind in (c.UNCERTAINTY, c.UNCERTAINTY_BELOW, c.UNCERTAINTY_ABOVE))
    low, high = (None if below is None else number - below), (None if above is None else number + above)
    return ReportedValue(_name(item), number, unit, sd, low, high)


def _property(item: Dataset, kind: Code) -> float | None:
    return next((_number(i) for i in _children(item) if _is(i, kind)), None)


def _number(item: Dataset) -> float | None:
    """The floating point value where there is one, else the decimal string."""
    measured = _first(item, "MeasuredValueSequence")
    if measured is None:
        return None
    exact = measured.get("FloatingPointValue")
    return float(measured.NumericValue if exact is None else exact)


def _children(item: Dataset) -> list[Dataset]:
    return list(item.get("ContentSequence", []) or [])


def _first(item: Dataset, keyword: str) -> Dataset | None:
    return next(iter(item.get(keyword, []) or []), None)


def _name(item: Dataset) -> Code:
    return _code(item.ConceptNameCodeSequence[0])


def _code(item: Dataset) -> Code:
    return Code(str(item.get("CodeValue") or item.get("LongCodeValue") or ""), str(item.CodingSchemeDesignator), str(item.get("CodeMeaning", "")))


def _coded_value(item: Dataset | None) -> Code | None:
    return None if item is None else _code(item.ConceptCodeSequence[0])


def _is(item: Dataset, wanted: Code) -> bool:
    name = _first(item, "ConceptNameCodeSequence")
    return name is not None and c.same(_code(name), wanted)
