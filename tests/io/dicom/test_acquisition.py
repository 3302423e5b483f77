"""Header facts come from where DICOM says they stand; what is missing or broken is a finding and never a guess."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataelem import DataElement

from calcitrack.io.dicom.header import parse_date, parse_date_time, parse_time
from calcitrack.io.images.read import read_radiograph
from calcitrack.model.image import Radiograph

Write = Callable[..., Path]
Items = Callable[..., Any]
at = dt.datetime.fromisoformat


@pytest.mark.parametrize(
    ("elements", "side"),
    [
        ({"ImageLaterality": "L", "Laterality": "R"}, "L"),
        ({"ImageLaterality": None, "Laterality": "R"}, "R"),
        ({"ImageLaterality": "LEFT"}, "L"),
        ({"ImageLaterality": "B"}, "B"),
        ({"ImageLaterality": "U"}, ""),
        ({"ImageLaterality": "X"}, ""),
        ({"ImageLaterality": None}, ""),
    ],
)
def test_the_side_is_image_laterality_before_laterality(dicom: Write, elements: dict[str, Any], side: str) -> None:
    """Unpaired, unknown or missing is no side."""
    image = read_radiograph(dicom(**elements))
    assert image.acquisition.laterality == side
    assert bool(image.findings) == (side == "" or elements == {"ImageLaterality": "L", "Laterality": "R"})


def test_the_side_of_frame_anatomy_counts_last(dicom: Write, sequence_of: Items) -> None:
    """Enhanced headers state the side in their functional groups."""
    groups = sequence_of({"FrameAnatomySequence": sequence_of({"FrameLaterality": "L"})})
    assert read_radiograph(dicom(ImageLaterality=None, SharedFunctionalGroupsSequence=groups)).acquisition.laterality == "L"


@pytest.mark.parametrize(
    ("code", "part"),
    [("85562004", "HAND"), ("T-D8700", "HAND"), ("16953009", "ELBOW"), ("30021000", "LEG"), ("72696002", "KNEE"), ("56459004", "FOOT"), ("1", "")],
)
def test_the_body_part_is_read_from_its_code_where_the_term_is_missing(dicom: Write, sequence_of: Items, code: str, part: str) -> None:
    """SNOMED CT and SNOMED-RT codes of PS3.16 CID 4031."""
    region = sequence_of({"CodeValue": code, "CodingSchemeDesignator": "SCT", "CodeMeaning": "some region"})
    assert read_radiograph(dicom(BodyPartExamined=None, AnatomicRegionSequence=region)).acquisition.body_part_examined == part


def test_the_term_wins_over_the_code(dicom: Write, sequence_of: Items) -> None:
    """Body Part Examined, in upper case."""
    region = sequence_of({"CodeValue": "85562004", "CodingSchemeDesignator": "SCT", "CodeMeaning": "Hand"})
    assert read_radiograph(dicom(BodyPartExamined="Elbow", AnatomicRegionSequence=region)).acquisition.body_part_examined == "ELBOW"


@pytest.mark.parametrize(
    ("code", "view"), [("399348003", "AP"), ("R-10206", "AP"), ("272479007", "PA"), ("399173006", "LL"), ("399198007", "RL"), ("0", "")]
)
def test_the_view_is_read_from_its_code_where_the_term_is_missing(dicom: Write, sequence_of: Items, code: str, view: str) -> None:
    """Codes of PS3.16 CID 4010."""
    item = sequence_of({"CodeValue": code, "CodingSchemeDesignator": "SCT", "CodeMeaning": "some view"})
    assert read_radiograph(dicom(ViewPosition=None, ViewCodeSequence=item)).acquisition.view_position == view


@pytest.mark.parametrize(
    ("elements", "moment"),
    [
        ({"AcquisitionDateTime": "20240203112233.5+0100"}, at("2024-02-03T11:22:33.500000")),
        ({"AcquisitionDateTime": "20240203"}, at("2024-02-03T00:00:00")),
        ({"AcquisitionDateTime": "junk"}, at("2024-01-31T10:15:00")),
        ({}, at("2024-01-31T10:15:00")),
        ({"AcquisitionDate": None, "ContentDate": "20240130", "ContentTime": "08"}, at("2024-01-30T08:00:00")),
        ({"AcquisitionDate": None}, at("2024-01-31T10:15:00")),
        ({"AcquisitionTime": "25:99"}, at("2024-01-31T00:00:00")),
        ({"AcquisitionDate": "20241399"}, at("2024-01-31T10:15:00")),
        ({"AcquisitionDate": None, "StudyDate": None}, None),
        ({"AcquisitionDateTime": "202402031122-0500"}, at("2024-02-03T11:22:00")),
        ({"AcquisitionDateTime": "2024-02-03T11:22:33Z"}, at("2024-02-03T11:22:33")),
        ({"AcquisitionDateTime": "20240131"}, at("2024-01-31T10:15:00")),
        ({"AcquisitionDateTime": "20240203-20240204"}, at("2024-01-31T10:15:00")),
    ],
)
def test_the_time_of_the_exposure(dicom: Write, elements: dict[str, Any], moment: dt.datetime | None) -> None:
    """Acquisition, else content, else study; broken dates are skipped."""
    assert read_radiograph(dicom(**elements)).acquisition.acquisition_time == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20240310", (dt.date(2024, 3, 10), None)),
        ("2024031011", (dt.date(2024, 3, 10), dt.time(11))),
        ("202403101015", (dt.date(2024, 3, 10), dt.time(10, 15))),
        ("202403101015-0500", (dt.date(2024, 3, 10), dt.time(10, 15))),
        ("202403101015+0530", (dt.date(2024, 3, 10), dt.time(10, 15))),
        ("20240310101530.25-0500", (dt.date(2024, 3, 10), dt.time(10, 15, 30, 250000))),
        ("20240310-0500", (dt.date(2024, 3, 10), None)),
        ("20240310101560", (dt.date(2024, 3, 10), dt.time(10, 15, 59))),
        ("2024-03-10T10:15:30+01:00", (dt.date(2024, 3, 10), dt.time(10, 15, 30))),
        ("2024-03-10 10:15", (dt.date(2024, 3, 10), dt.time(10, 15))),
        ("20240310T101530Z", (dt.date(2024, 3, 10), dt.time(10, 15, 30))),
        ("2024.03.10 10:15:30,5", (dt.date(2024, 3, 10), dt.time(10, 15, 30, 500000))),
        ("202403109999", (dt.date(2024, 3, 10), None)),
        ("20240310-20240311", None),
        ("20240310101500-20240311101500", None),
        ("-20240310", None),
        ("20240310-", None),
        ("2024", None),
        ("2024-0310", None),
        ("20241310", None),
        ("", None),
    ],
)
def test_moments(text: str, moment: tuple[dt.date, dt.time | None] | None) -> None:
    """Every legal form of DT, and ISO 8601; a range and a year alone are no day, and a time that cannot be read is unknown, not midnight."""
    assert parse_date_time(text) == moment


def test_a_time_that_cannot_be_read_is_not_known(dicom: Write) -> None:
    """Only its day counts, with a finding; a stated midnight is a time."""
    broken = read_radiograph(dicom("a.dcm", AcquisitionDateTime="202403109999"))
    assert not broken.acquisition.time_of_day_known
    assert any("whose time of day cannot be read" in f for f in broken.findings)
    assert not read_radiograph(dicom("b.dcm", AcquisitionTime="noon")).acquisition.time_of_day_known
    assert not read_radiograph(dicom("c.dcm", AcquisitionTime="1000-1200")).acquisition.time_of_day_known
    assert read_radiograph(dicom("d.dcm", AcquisitionTime="000000")).acquisition.time_of_day_known


def test_an_exposure_dated_long_before_its_study_is_a_finding(dicom: Write) -> None:
    """De-identification that shifts one date and forgets the other would move a visit."""
    image = read_radiograph(dicom(StudyDate="20200101"))
    assert image.acquisition.acquisition_time == at("2024-01-31T10:15:00")
    assert any("the exposure is dated 2024-01-31, its study 2020-01-01" in f for f in image.findings)


@pytest.mark.parametrize(
    ("text", "day"), [("20240229", dt.date(2024, 2, 29)), ("2024.02.29", dt.date(2024, 2, 29)), ("20230229", None), ("00010101", None), ("", None)]
)
def test_dates(text: str, day: dt.date | None) -> None:
    """DICOM and ACR-NEMA forms; days that are none, or before Röntgen, are not dates."""
    assert parse_date(text) == day


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("101530.25", dt.time(10, 15, 30, 250000)),
        ("10", dt.time(10)),
        ("10:15:30", dt.time(10, 15, 30)),
        ("235960", dt.time(23, 59, 59)),
        ("1015", dt.time(10, 15)),
        ("10:15:30,5", dt.time(10, 15, 30, 500000)),
        ("2460", None),
        ("101599", None),
        ("1000-1200", None),
        ("10153", None),
    ],
)
def test_times(text: str, time: dt.time | None) -> None:
    """Partial times, and a leap second."""
    assert parse_time(text) == time


IMPLICIT = "1.2.840.10008.1.2"
"""Without a VR in the file, a value is read as what the dictionary says: a text written in place of a number is junk."""
BROKEN = {
    "KVP": "sixty",
    "ExposureInuAs": "1e",
    "ImagerPixelSpacing": "wide",
    "RescaleSlope": "one",
    "WindowCenter": "?",
    "StudyDate": "yesterday",
    "AcquisitionTime": "noon",
    "PatientBirthDate": "19",
    "NumberOfFrames": "1A",
    "FilterThicknessMinimum": "thin\\thick",
    "PatientName": "M\xfcller^\udcff".encode("utf-8", "surrogatepass").decode("latin-1"),
    "SpecificCharacterSet": "ISO_IR 9999",
}


@pytest.mark.parametrize("keyword", BROKEN)
def test_a_broken_value_is_no_reason_to_lose_an_image(dicom: Write, keyword: str) -> None:
    """Junk in one element: the image is read, and nothing is printed or warned."""
    image = read_radiograph(dicom(syntax=IMPLICIT, **{keyword: DataElement(keyword, "LO", BROKEN[keyword])}))
    assert image.shape == (8, 8)


def test_numbers_that_are_none_are_findings(dicom: Write) -> None:
    """The finding quotes what was there."""
    image = read_radiograph(dicom(syntax=IMPLICIT, KVP=DataElement("KVP", "LO", "sixty")))
    assert image.acquisition.kvp is None
    assert any("sixty" in f for f in image.findings)


def facts(image: Radiograph) -> tuple[Any, ...]:
    """The beam's facts in a row."""
    a = image.acquisition
    return a.kvp, a.exposure_uas, a.filter_material, a.filter_thickness_mm, a.grid, a.distance_source_to_detector_mm


def test_the_beam(dicom: Write) -> None:
    """Exposure in mAs becomes uAs where the finer value is missing; the filter's thickness is the mean of its limits."""
    beam = {
        "KVP": 55,
        "Exposure": 4,
        "FilterMaterial": ["Aluminum", "COPPER"],
        "FilterThicknessMinimum": 2,
        "FilterThicknessMaximum": 3,
        "Grid": ["NONE"],
        "DistanceSourceToDetector": 1100,
    }
    assert facts(read_radiograph(dicom(**beam))) == (55, 4000, "ALUMINUM\\COPPER", 2.5, "NONE", 1100)


def test_a_sign_that_contradicts_the_photometric_interpretation_is_a_finding(dicom: Write) -> None:
    """The sign decides, and the reader learns that the header contradicts itself."""
    image = read_radiograph(dicom(PhotometricInterpretation="MONOCHROME1"))
    assert image.calibration.polarity == 1
    assert any("disagree on which end is dense" in f for f in image.findings)
