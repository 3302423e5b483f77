"""Header -> Acquisition: each fact is read from the attribute that DICOM defines for it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pydicom.uid import UID

from calcitrack.io.dicom.anatomy_codes import read_body_part, read_laterality, read_view
from calcitrack.io.dicom.header import Header, parse_date, parse_date_time, parse_time
from calcitrack.io.dicom.sop_classes import class_uid
from calcitrack.model.image import Acquisition

UAS_PER_MAS = 1000.0
DATE_KEYWORDS = (("AcquisitionDate", "AcquisitionTime"), ("ContentDate", "ContentTime"), ("StudyDate", "StudyTime"))
"""In this order: when the exposure was made, when its pixels were, when the study began."""
MAX_DATE_GAP_DAYS = 1
"""A study may run past midnight; a larger gap between exposure and study means that one of the dates was changed."""


def read_acquisition(header: Header) -> Acquisition:
    """Facts of one image; whatever is missing or unreadable is empty or ``None`` and, where it matters, a finding of ``header``."""
    study_date = header.date("StudyDate")
    moment = _moment(header, study_date)
    return Acquisition(
        patient_id=_patient_id(header),
        study_instance_uid=header.text("StudyInstanceUID"),
        series_instance_uid=header.text("SeriesInstanceUID"),
        sop_instance_uid=_instance_uid(header),
        sop_class_uid=class_uid(header),
        modality=header.code("Modality"),
        body_part_examined=read_body_part(header),
        laterality=read_laterality(header),
        view_position=read_view(header),
        study_date=study_date,
        acquisition_time=None if moment is None else moment.taken,
        time_of_day_known=moment is None or moment.time_known,
        patient_birth_date=header.date("PatientBirthDate"),
        image_type=tuple(t.upper() for t in header.texts("ImageType")),
        presentation_intent_type=_intent(header),
        photometric_interpretation=header.code("PhotometricInterpretation"),
        pixel_intensity_relationship=header.code("PixelIntensityRelationship"),
        pixel_intensity_relationship_sign=_sign(header),
        bits_stored=header.integer("BitsStored"),
        rows=header.integer("Rows") or 0,
        columns=header.integer("Columns") or 0,
        manufacturer=header.text("Manufacturer"),
        manufacturer_model_name=header.text("ManufacturerModelName"),
        kvp=header.positive("KVP"),
        exposure_uas=_exposure_uas(header),
        filter_material="\\".join(t for t in header.texts("FilterMaterial") if t).upper(),
        filter_thickness_mm=_filter_thickness_mm(header),
        grid="\\".join(t for t in header.texts("Grid") if t).upper(),
        distance_source_to_detector_mm=header.positive("DistanceSourceToDetector"),
        distance_source_to_patient_mm=header.positive("DistanceSourceToPatient"),
        estimated_magnification=header.positive("EstimatedRadiographicMagnificationFactor"),
    )


@dataclass(frozen=True, slots=True)
class _Moment:
    """When an exposure was made; midnight where the time of day is not known."""

    taken: dt.datetime
    time_known: bool

    @classmethod
    def of(cls, day: dt.date, time: dt.time | None) -> _Moment:
        return cls(dt.datetime.combine(day, time or dt.time()), time is not None)


def has_time_of_day(header: Header) -> bool:
    """Whether the acquisition's own time of day is stated and read, so that exposures of one day can be told apart by it."""
    moment = parse_date_time(header.text("AcquisitionDateTime"))
    return (moment is not None and moment[1] is not None) or parse_time(header.text("AcquisitionTime")) is not None


def _patient_id(header: Header) -> str:
    patient = header.text("PatientID")
    if not patient:
        header.note("the patient ID is not stated")
    return patient


def _instance_uid(header: Header) -> str:
    meta = getattr(header.dataset, "file_meta", None)
    uid = header.text("SOPInstanceUID") or (Header(meta).text("MediaStorageSOPInstanceUID") if meta is not None else "")
    if not uid:
        header.note("the image has no SOP Instance UID")
    return uid


def _intent(header: Header) -> str:
    """Presentation Intent Type, else what the SOP class says by itself (DX, MG and IO exist in two classes)."""
    intent = header.code("PresentationIntentType")
    if intent:
        return intent
    name = class_uid_name(header)
    return next((implied for implied in ("FOR PROCESSING", "FOR PRESENTATION") if implied in name), "")


def class_uid_name(header: Header) -> str:
    """Name of the SOP class in upper case."""
    return UID(class_uid(header)).name.upper()


def _sign(header: Header) -> int | None:
    sign = header.integer("PixelIntensityRelationshipSign")
    if sign is not None and sign not in (-1, 1):
        header.note(f"PixelIntensityRelationshipSign is {sign}; expected 1 or -1; ignored")
        return None
    return sign


def _exposure_uas(header: Header) -> float | None:
    fine = header.positive("ExposureInuAs")
    if fine is not None:
        return fine
    coarse = header.positive("Exposure")
    return None if coarse is None else coarse * UAS_PER_MAS


def _filter_thickness_mm(header: Header) -> float | None:
    """Thickness of the first filter: the mean of the stated minimum and maximum."""
    thicknesses = [t for k in ("FilterThicknessMinimum", "FilterThicknessMaximum") if (t := header.positive(k)) is not None]
    return sum(thicknesses) / len(thicknesses) if thicknesses else None


def _moment(header: Header, study_date: dt.date | None) -> _Moment | None:
    moment = _from_date_time(header) or _from_dates(header)
    if moment is None:
        header.note("no usable date: the image cannot be placed on a timeline")
        return None
    if study_date is not None and abs((moment.taken.date() - study_date).days) > MAX_DATE_GAP_DAYS:
        header.note(f"the exposure is dated {moment.taken.date()}, its study {study_date}; the exposure's date is used")
    return moment


def _from_date_time(header: Header) -> _Moment | None:
    """Acquisition DateTime (0008,002A); where it states no time of day that can be read, Acquisition Time of the same day does."""
    text = header.text("AcquisitionDateTime")
    if not text:
        return None
    moment = parse_date_time(text)
    if moment is None:
        header.note(f"AcquisitionDateTime holds {text[:26]!r}, which is no date; ignored")
        return None
    day, time = moment
    if time is None and parse_date(text) is None:
        header.note(f"AcquisitionDateTime holds {text[:26]!r}, whose time of day cannot be read; its date is used")
    if time is None and parse_date(header.text("AcquisitionDate")) in (day, None):
        time = header.time("AcquisitionTime")
    return _Moment.of(day, time)


def _from_dates(header: Header) -> _Moment | None:
    for date_keyword, time_keyword in DATE_KEYWORDS:
        day = header.date(date_keyword)
        if day is not None:
            if date_keyword != "AcquisitionDate":
                header.note(f"the date of the exposure is not stated; {date_keyword} {day} is used")
            return _Moment.of(day, header.time(time_keyword))
    return None
