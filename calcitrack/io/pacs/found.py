"""Studies, series and objects as a PACS lists them, without names and birth dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from pydicom.dataset import Dataset

from calcitrack.io.dicom.header import Header, parse_date
from calcitrack.io.files.library_warnings import collected_warnings
from calcitrack.io.pacs.query import Query, is_uid

STUDY_KEYS = (
    "PatientID",
    "StudyDate",
    "AccessionNumber",
    "StudyInstanceUID",
    "ModalitiesInStudy",
    "NumberOfStudyRelatedSeries",
    "NumberOfStudyRelatedInstances",
)
"""Attributes that are requested for a study. Names and birth dates are not: they never travel."""
SERIES_KEYS = ("SeriesInstanceUID", "Modality", "BodyPartExamined", "Laterality", "NumberOfSeriesRelatedInstances")
OBJECT_KEYS = ("SOPInstanceUID", "SOPClassUID")


@dataclass(frozen=True, slots=True)
class Study:
    """A study of a patient.

    Parameters
    ----------
    day
        ``None`` where it is not stated or not valid.
    modalities
        Modalities of its series; empty where the server does not list them.
    n_series, n_objects
        ``None`` where the server does not return it.
    """

    study_uid: str
    patient_id: str
    day: dt.date | None
    accession_number: str
    modalities: tuple[str, ...]
    n_series: int | None
    n_objects: int | None


@dataclass(frozen=True, slots=True)
class Series:
    """A series, with the study that it belongs to.

    Parameters
    ----------
    body_part
        ``None`` where the server does not return it; empty where the series states none.
    n_objects
        ``None`` where the server does not return it.
    """

    study: Study
    series_uid: str
    modality: str
    body_part: str | None
    laterality: str
    n_objects: int | None


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One image, Segmentation or report in a PACS.

    Parameters
    ----------
    sop_class_uid
        Empty where the server does not return it.
    """

    study_uid: str
    series_uid: str
    sop_instance_uid: str
    sop_class_uid: str


def studies_of(answers: Iterable[Dataset], query: Query) -> tuple[Study, ...]:
    """Studies among a server's answers that match the query, each once: servers may answer with more."""
    found: dict[str, Study] = {}
    with collected_warnings():
        for header in map(Header, answers):
            study = _study(header)
            if study is not None and _is_asked(study, header, query):
                found.setdefault(study.study_uid, study)
    return tuple(found.values())


def series_of(answers: Iterable[Dataset], study: Study, query: Query) -> tuple[Series, ...]:
    """Series of a study that match the query, each once."""
    found: dict[str, Series] = {}
    with collected_warnings():
        for header in map(Header, answers):
            uid, modality = header.text("SeriesInstanceUID"), header.code("Modality")
            body_part = header.text("BodyPartExamined").upper() if header.has("BodyPartExamined") else None
            matches = is_uid(uid) and (not query.series_uid or query.series_uid == uid) and (not query.modalities or modality in query.modalities)
            if matches and query.matches_text(query.body_part.upper(), body_part):
                n_objects = _count(header, "NumberOfSeriesRelatedInstances")
                found.setdefault(uid, Series(study, uid, modality, body_part, header.code("Laterality"), n_objects))
    return tuple(found.values())


def objects_of(answers: Iterable[Dataset], series: Series) -> tuple[StoredObject, ...]:
    """Objects of a series, each once."""
    found: dict[str, StoredObject] = {}
    with collected_warnings():
        for header in map(Header, answers):
            uid, kind = header.text("SOPInstanceUID"), header.text("SOPClassUID")
            if is_uid(uid):
                found.setdefault(uid, StoredObject(series.study.study_uid, series.series_uid, uid, kind if is_uid(kind) else ""))
    return tuple(found.values())


def _is_asked(study: Study, header: Header, query: Query) -> bool:
    patient_id, accession_number = (header.text(k) if header.has(k) else None for k in ("PatientID", "AccessionNumber"))
    return (
        query.matches_text(query.patient_id, patient_id)
        and query.matches_text(query.accession_number, accession_number)
        and (not query.study_uid or query.study_uid == study.study_uid)
        and query.matches_day(study.day)
        and (not query.modalities or not study.modalities or bool(set(query.modalities) & set(study.modalities)))
    )


def _study(header: Header) -> Study | None:
    uid = header.text("StudyInstanceUID")
    if not is_uid(uid):
        return None
    return Study(
        uid,
        header.text("PatientID"),
        parse_date(header.text("StudyDate")),
        header.text("AccessionNumber"),
        tuple(sorted({m.upper() for m in header.texts("ModalitiesInStudy") if m})),
        _count(header, "NumberOfStudyRelatedSeries"),
        _count(header, "NumberOfStudyRelatedInstances"),
    )


def _count(header: Header, keyword: str) -> int | None:
    text = header.text(keyword)
    return int(text) if text.isdecimal() else None
