from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pydicom
import pytest
from pydicom.sr._concepts_dict import concepts
from pydicom.sr.coding import Code

from calcitrack.change import series_of
from calcitrack.change.judge import judge
from calcitrack.errors import NotAnImageFileError, ReadError, ResultsError
from calcitrack.io.seg.write import write_segmentation
from calcitrack.io.sr import codes as sr_codes
from calcitrack.io.sr import values as sr_values
from calcitrack.io.sr.read import MeasurementReport, ReportedGroup, key_of, read_report
from calcitrack.io.sr.write import Reviewed, Verification, person_name, write_report
from calcitrack.measure.measurands import MEASURANDS, TOTALS
from calcitrack.model.assessment import Assessment, Fate
from calcitrack.model.judgement import JudgedChange, Trend, Verdict
from calcitrack.model.measurement import Measurement
from calcitrack.reporting.report_content import JudgedFacts, ReportDraft, drafts_of

ANNA = Verification("Anna Schmidt", dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC), "Clinic")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the films and their reports lie."""
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def assessment(films: ModuleType, made: ModuleType, folder: Path) -> Assessment:
    """Three visits, of which the last lacks D003; its images lie on the disk as DICOM files."""
    return films.on_disk(made.assessment("P1"), folder)


@pytest.fixture(scope="module")
def found(assessment: Assessment, folder: Path) -> list[MeasurementReport]:
    """Its reports, read back."""
    return reports(assessment, folder)


def reports(assessment: Assessment, folder: Path, **more: object) -> list[MeasurementReport]:
    """The reports of all its studies, written and read back."""
    facts = JudgedFacts.of(judge(series_of(assessment)))
    paths = [folder / f"report{k}.dcm" for k, _ in enumerate(drafts_of(assessment))]
    for path, draft in zip(paths, drafts_of(assessment), strict=True):
        write_report(path, draft, **{"facts": facts, **more})
    return [read_report(p) for p in paths]


def of(report: MeasurementReport, tracking_id: str) -> ReportedGroup:
    """The group of this name."""
    (found,) = [g for g in report.groups if g.tracking_id == tracking_id]
    return found


def draft(assessment: Assessment, number: int = 0) -> ReportDraft:
    """One of its drafts."""
    return list(drafts_of(assessment))[number]


def test_every_value_comes_back(assessment: Assessment, found: list[MeasurementReport]) -> None:
    """Each deposit's measurements, uncertainties and reasons, and the totals of the time point, are those of the assessment, to the last bit."""
    for image, report in zip(assessment.images, found, strict=True):
        for tracked in image.deposits:
            group = of(report, tracked.deposit_id)
            for name, result in tracked.deposit.measurements.items():
                value = group.value(name)
                assert value is not None, name
                assert (value.value, value.sd) == (result.value, result.sd), name
            certainty = next(v for v in group.values if v.name.value == sr_codes.CERTAINTY.value)
            assert certainty.value == pytest.approx(100 * tracked.deposit.confidence)
        totals = assessment.time_points[image.time_point - 1].totals
        assert {n: of(report, "burden").value(n).value for n in totals} == {n: r.value for n, r in totals.items()}


def test_what_is_not_measurable_has_no_value_but_a_reason(films: ModuleType, made: ModuleType, tmp_path: Path) -> None:
    """A missing mass is a number without a value, with the qualifier of DICOM and the reason in words; area in pixels is there."""
    (report,) = reports(films.on_disk(made.assessment("P2", mass=False, sized=False, visits=1, repeat=False), tmp_path), tmp_path)
    mass = of(report, "D001").value("ha_mass_mg")
    assert (mass.value, mass.sd, mass.reason) == (None, None, made.NO_MASS)
    assert of(report, "D001").value("area_mm2").reason == made.NO_SIZE
    assert of(report, "D001").value("area_px").value == 16
    assert of(report, "burden").value("ha_mass_mg").reason == made.NO_MASS
    assert films.errors_of(tmp_path / "report0.dcm") == []
    films.told_by("tid1500reader", "--inputDICOM", tmp_path / "report0.dcm", "--outputMetadata", tmp_path / "read.json")
    read = json.loads((tmp_path / "read.json").read_text(encoding="utf-8"))["Measurements"][1]
    items = {i["quantity"]["CodeValue"]: i for i in read["measurementItems"]}
    assert float(items["area_px"]["value"]) == 16
    assert "118538004" not in items or not items["118538004"].get("value")


def test_a_deposit_keeps_its_identity_over_the_reports_of_its_visits(found: list[MeasurementReport]) -> None:
    """The same tracking UID in each report, with the fate of each time point; a deposit that is gone is named with its fate and no region."""
    assert [of(r, "D001").tracking_uid for r in found] == ["2.25.771"] * 4
    assert [of(r, "D001").fate for r in found] == ["baseline", "persistent", "persistent", "persistent"]
    assert of(found[1], "D003").fate == "new"
    gone = of(found[2], "D003")
    assert (gone.fate, gone.segment, gone.values) == ("resolved", None, ())
    assert len({of(r, "burden").tracking_uid for r in found}) == 1
    assert [of(r, "burden").time_point for r in found] == [1, 2, 3, 3]


def test_a_region_is_the_segment_of_the_segmentation(assessment: Assessment, found: list[MeasurementReport], tmp_path: Path) -> None:
    """A deposit's group refers to the segment whose tracking id is the deposit's, in the Segmentation that is written of the image."""
    image, report = assessment.images[1], found[1]
    write_segmentation(
        tmp_path / "seg.dcm",
        image,
        assessment_id=assessment.assessment_id,
        program=assessment.provenance.program,
        version=assessment.provenance.version,
    )
    seg = pydicom.dcmread(tmp_path / "seg.dcm")
    names = {int(s.SegmentNumber): s.TrackingID for s in seg.SegmentSequence}
    regions = [g for g in report.groups if g.segment is not None]
    assert [(g.tracking_id, g.segmentation_uid) for g in regions] == [(names[g.segment], seg.SOPInstanceUID) for g in regions]
    assert set(report.images) == {image.exposure.acquisition.sop_instance_uid, seg.SOPInstanceUID}


def test_finding_and_site_are_coded(found: list[MeasurementReport]) -> None:
    """Calcification, of the hand, on the right."""
    for group in found[0].groups:
        assert [key_of(c) for c in (group.finding, group.site, group.laterality)] == ["SCT:18115005", "SCT:85562004", "SCT:24028007"]


def test_patient_and_study_are_those_of_the_images(folder: Path) -> None:
    """The report is filed under the patient and the study of its images, in a series of its own, as one that nobody has verified."""
    made, film = pydicom.dcmread(folder / "report0.dcm"), pydicom.dcmread(folder / "film0.dcm")
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate", "StudyID", "AccessionNumber"):
        assert made[keyword].value == film[keyword].value, keyword
    assert made.SeriesInstanceUID != film.SeriesInstanceUID
    assert (made.VerificationFlag, made.CompletionFlag, made.PreliminaryFlag) == ("UNVERIFIED", "COMPLETE", "PRELIMINARY")
    assert "VerifyingObserverSequence" not in made


def test_a_change_is_held_against_what_can_be_detected(assessment: Assessment, found: list[MeasurementReport]) -> None:
    """Absolute and relative change, the smallest detectable change and whether it is exceeded are those of the judgement."""
    judged = judge(series_of(assessment))
    report = found[1]
    changes = [x for x in judged.changes if (x.subject, x.to_time_point, x.measurand) == ("total", 2, "ha_mass_mg")]
    assert changes
    for change in changes:
        since = "baseline" if change.since == "baseline" else "the previous time point"
        group = of(report, f"change of ha_mass_mg since {since}")
        values = {v.name.value: v for v in group.values}
        absolute = values["absolute_change"]
        assert (absolute.value, absolute.low, absolute.high) == pytest.approx(
            (change.absolute.value, change.absolute.low, change.absolute.high), rel=1e-4
        )
        relative = values["relative_change"]
        assert (relative.value, relative.low, relative.high) == pytest.approx(
            tuple(100 * v for v in (change.relative.value, change.relative.low, change.relative.high)), rel=1e-4
        )
        assert (values["detectable_decrease"].value, values["detectable_increase"].value) == pytest.approx(
            tuple(100 * v for v in change.sdc), rel=1e-5
        )
        wanted = {True: sr_codes.YES, False: sr_codes.NO, None: sr_codes.UNKNOWN}[change.exceeds_sdc]
        assert group.answers[key_of(sr_codes.EXCEEDS)] == key_of(wanted)
        assert group.answers[key_of(sr_codes.QUANTITY)] == "SCT:118538004"


def test_a_change_that_cannot_be_given_says_why(assessment: Assessment, tmp_path: Path) -> None:
    """Without a difference there is a number without a value, and the reason."""
    change = JudgedChange(
        subject="total",
        deposit_id="",
        measurand="area_mm2",
        unit="mm2",
        since="baseline",
        from_time_point=1,
        to_time_point=2,
        interval_days=9,
        reason="the millimetres hold in different planes",
    )
    group = of(reports(assessment, tmp_path, facts=JudgedFacts((change,)))[1], "change of area_mm2 since baseline")
    assert [(v.value, v.reason) for v in group.values] == [(None, "the millimetres hold in different planes")]


def test_the_verdict_stands_in_the_report_of_the_last_visit(assessment: Assessment, tmp_path: Path) -> None:
    """A verdict rests on all visits, so that an earlier one's report has none."""
    trend = Trend(
        subject="total", measurand="area_mm2", part="all", method="robust line", n_time_points=3, verdict=Verdict.REGRESSING, probability=0.9
    )
    verdicts = [of(r, "burden").answers.get(key_of(sr_codes.VERDICT)) for r in reports(assessment, tmp_path, facts=JudgedFacts((), trend))]
    assert verdicts == [None, None, "99CALCITRACK:verdict_regressing", "99CALCITRACK:verdict_regressing"]


def test_a_reader_who_accepted_the_results_verifies_the_report(films: ModuleType, assessment: Assessment, tmp_path: Path) -> None:
    """Flag, observer, organisation and time of the verification, the person as an observer, and what readers said."""
    reviewed = Reviewed(ANNA, {"": ("Anna Schmidt: accepted",), "D002": ("Ben: rejected (a bone)",)})
    write_report(tmp_path / "verified.dcm", draft(assessment), reviewed=reviewed)
    made, report = pydicom.dcmread(tmp_path / "verified.dcm"), read_report(tmp_path / "verified.dcm")
    assert films.errors_of(tmp_path / "verified.dcm") == []
    (observer,) = made.VerifyingObserverSequence
    assert (made.VerificationFlag, made.PreliminaryFlag) == ("VERIFIED", "FINAL")
    assert (str(observer.VerifyingObserverName), observer.VerifyingOrganization) == ("Schmidt^Anna", "Clinic")
    assert str(observer.VerificationDateTime).startswith("20260301093000")
    assert report.verified_by == ("Schmidt^Anna",)
    persons = [str(i.PersonName) for i in made.ContentSequence if i.ValueType == "PNAME"]
    assert persons == ["Schmidt^Anna"]
    assert of(report, "D002").texts[key_of(sr_codes.REVIEW)] == ("Ben: rejected (a bone)",)
    assert of(report, "burden").texts[key_of(sr_codes.REVIEW)] == ("Anna Schmidt: accepted",)
    assert key_of(sr_codes.REVIEW) not in of(report, "D001").texts


@pytest.mark.parametrize(
    ("reader", "name"), [("anna", "anna^"), ("Anna Maria Schmidt", "Schmidt^Anna Maria"), ("Schmidt^Anna", "Schmidt^Anna"), ("a\\b=c\n", "c^a b")]
)
def test_a_readers_name_becomes_a_person_name(reader: str, name: str) -> None:
    """Last word first; characters with a meaning in DICOM become spaces."""
    assert person_name(reader) == name


def test_the_same_content_gives_the_same_bytes_and_another_one_another_uid(assessment: Assessment, tmp_path: Path) -> None:
    """One UID never names two contents: what a cohort's repeats or a reader add changes the UID, a second run changes nothing."""
    facts = JudgedFacts.of(judge(series_of(assessment)))
    for name, more in (("a", {"facts": facts}), ("b", {"facts": facts}), ("c", {}), ("d", {"facts": facts, "reviewed": Reviewed(ANNA)})):
        write_report(tmp_path / name, draft(assessment, 1), **more)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert len({read_report(tmp_path / name).sop_instance_uid for name in "abcd"}) == 3


def test_several_exposures_of_one_study_are_one_report(films: ModuleType, made: ModuleType, tmp_path: Path) -> None:
    """A repeat in the same study has groups of its own in the same report, with the totals of each exposure."""
    whole = made.assessment("P1")
    first, repeat = whole.images[2:]
    facts = replace(repeat.exposure.acquisition, study_instance_uid=first.exposure.acquisition.study_instance_uid)
    repeat = replace(repeat, exposure=replace(repeat.exposure, acquisition=facts))
    report = reports(films.on_disk(replace(whole, images=(*whole.images[:2], first, repeat)), tmp_path), tmp_path)[2]
    assert [g.tracking_id for g in report.groups if g.segment or "exposure" in g.tracking_id] == [
        "burden of exposure 1",
        "D001",
        "D002",
        "burden of exposure 2",
        "D001",
        "D002",
    ]
    assert len({g.segmentation_uid for g in report.groups if g.segment}) == 2


def test_a_study_without_a_dicom_image_has_no_report(made: ModuleType) -> None:
    """Pictures belong to no study that a report could be filed in."""
    assert list(drafts_of(made.assessment("P1"))) == []


def test_a_header_that_lost_what_is_referred_to_is_refused(films: ModuleType, made: ModuleType, tmp_path: Path) -> None:
    """The message names the file and what is missing."""
    assessment = films.on_disk(made.assessment("P1"), tmp_path)
    header = films.header(assessment.images[0])
    del header.StudyInstanceUID
    header.save_as(tmp_path / "film0.dcm", enforce_file_format=True)
    with pytest.raises(ResultsError, match=r"film0\.dcm: no report written, because the header does not state StudyInstanceUID"):
        write_report(tmp_path / "report.dcm", draft(assessment))


def test_other_files_are_no_reports(assessment: Assessment, tmp_path: Path) -> None:
    """An image, or a text, is refused by name."""
    with pytest.raises(ReadError, match=r"found a DICOM object of modality DX that is no TID 1500 report; expected a measurement report"):
        read_report(assessment.images[0].exposure.source)
    (tmp_path / "notes.txt").write_text("no DICOM", encoding="utf-8")
    with pytest.raises(NotAnImageFileError):
        read_report(tmp_path / "notes.txt")


def test_standard_codes_are_those_of_the_standard() -> None:
    """Each code of DICOM and SNOMED CT that a report uses stands in the context groups of PS3.16 with the same meaning, but for its wording."""
    used = {c for c in (*vars(sr_codes).values(), *(x.name for x in sr_codes.CONCEPTS.values()), *sr_codes.SITES.values()) if isinstance(c, Code)} | {
        *sr_codes.SIDE_CODES.values(),
        *sr_codes.MODALITY_CODES.values(),
    }
    standard = [c for c in used if c.scheme_designator in ("SCT", "DCM", "UMLS", "LN")]
    assert len(standard) > 40
    wanted = {(c.scheme_designator, c.value): c for c in standard}
    known: dict[tuple[str, str], set[str]] = {}
    for scheme, keywords in concepts.items():
        for meanings in keywords.values():
            for value in meanings.keys() & {v for s, v in wanted if s == scheme}:
                known.setdefault((scheme, value), set()).update(meanings[value][0].lower().replace(",", " ").split())
    for key, code in wanted.items():
        assert known.get(key, set()) & set(code.meaning.lower().replace(",", " ").split()), (code, known.get(key))


def test_every_measurand_and_fate_has_a_concept() -> None:
    """Nothing that is measured is left out of a report, and concepts of our own are told apart."""
    assert set(sr_codes.CONCEPTS) == {m.name for m in (*MEASURANDS, *TOTALS)}
    assert set(sr_codes.FATES) == set(Fate)
    own = [c for c in vars(sr_codes).values() if isinstance(c, Code) and c.scheme_designator == sr_codes.SCHEME]
    assert len({c.value for c in own}) == len(own)
    assert all(len(c.meaning) < sr_codes.MAX_MEANING for c in own)


def test_dciodvfy_finds_no_error(films: ModuleType, found: list[MeasurementReport], folder: Path) -> None:
    """The independent validator accepts reports with values, changes and gone deposits."""
    assert len(found) == 4
    assert [(p.name, e) for p in sorted(folder.glob("report*.dcm")) for e in films.errors_of(p)] == []


def test_dcmqi_reads_the_same_values(films: ModuleType, assessment: Assessment, found: list[MeasurementReport], folder: Path, tmp_path: Path) -> None:
    """An independent reader of TID 1500 finds the same groups, identities, values and uncertainties."""
    report = found[1]
    films.told_by("tid1500reader", "--inputDICOM", folder / "report1.dcm", "--outputMetadata", tmp_path / "read.json")
    groups = json.loads((tmp_path / "read.json").read_text(encoding="utf-8"))["Measurements"]
    assert [(g["TrackingIdentifier"], g["TrackingUniqueIdentifier"]) for g in groups] == [(g.tracking_id, g.tracking_uid) for g in report.groups]
    names = {x.name.value: name for name, x in sr_codes.CONCEPTS.items()}
    for read in groups[1:4]:
        tracked = next(t for t in assessment.images[1].deposits if t.deposit_id == read["TrackingIdentifier"])
        items = {i["quantity"]["CodeValue"]: i for i in read["measurementItems"]}
        for code, name in names.items():
            result = tracked.deposit.measurements.get(name)
            if isinstance(result, Measurement):
                assert float(items[code]["value"]) == pytest.approx(result.value, abs=1e-12), name
                assert items[code]["units"]["CodeValue"] == sr_codes.CONCEPTS[name].unit.value
                if result.sd is not None:
                    assert float(items[code]["measurementNumProperties"][0]["numPropertyValue"]) == pytest.approx(result.sd, abs=1e-12), name


@pytest.mark.parametrize("value", [-0.00012345678901234567, -12345.678901234567, 1e-30, 1234567890.123])
def test_a_number_fits_into_a_decimal_string(value: float) -> None:
    """Sixteen characters with sign and exponent (PS3.5, 6.2), six digits of the value."""
    area = sr_codes.CONCEPTS["area_mm2"]
    item = sr_values.number(area.name, value, area.unit)
    written = item[0].MeasuredValueSequence[0]
    assert len(str(written.NumericValue)) <= 16
    assert float(written.NumericValue) == pytest.approx(value, rel=1e-5)


def test_possible_deposits_are_said_and_not_counted(films: ModuleType, made: ModuleType, tmp_path: Path) -> None:
    """One sentence with the burden of their time point; the groups and their numbers are those of a report without them."""
    with_possible, plain = (films.on_disk(one, tmp_path) for one in (made.assessment_with_possible(), made.assessment()))
    told, others = reports(with_possible, tmp_path), reports(plain, tmp_path)
    said = [of(r, "burden").texts.get(key_of(sr_codes.NOT_COUNTED), ()) for r in told]
    assert said[1] == ("2 possible deposits on 1 film are not counted",)
    assert said[0] == said[2] == ()
    for one, other in zip(told, others, strict=True):
        assert [(g.tracking_id, g.values) for g in one.groups] == [(g.tracking_id, g.values) for g in other.groups]
