"""Many files become timelines, and every file has exactly one record with its reason."""

from __future__ import annotations

import datetime as dt
import os
import pickle
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcitrack.errors import DamagedFileError, NotFoundError
from calcitrack.io.cohort import discover
from calcitrack.io.cohort.grouping import build_timelines
from calcitrack.io.cohort.read import read_cohort
from calcitrack.io.files.limits import ReadLimits
from calcitrack.model.cohort import Cohort, FileRecord, FileStatus
from calcitrack.model.image import Acquisition
from calcitrack.model.timeline import Exposure, Timeline

Write = Callable[..., Path]
DX_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def record_of(cohort: Cohort, name: str) -> FileRecord:
    """The one record whose source ends with this name."""
    (record,) = (r for r in cohort.files if r.source.endswith(name))
    return record


def days(timeline: Timeline) -> list[tuple[str, int]]:
    """Day and number of exposures of each time point."""
    return [(str(p.date), len(p.exposures)) for p in timeline.time_points]


def on(day: str, time: str = "101500") -> dict[str, str]:
    """Elements that date an exposure."""
    return {"StudyDate": day, "AcquisitionDate": day, "StudyTime": time, "AcquisitionTime": time, "StudyInstanceUID": f"1.2.{day}"}


def test_visits_are_ordered_by_date_and_repeats_by_time(dicom: Write, tmp_path: Path) -> None:
    """File names say nothing: b is the baseline, c and a are one day in order of their time."""
    dicom("a.dcm", **on("20240301", "120000"))
    dicom("b.dcm", **on("20230301"))
    dicom("c.dcm", **on("20240301", "110000"))
    (timeline,) = read_cohort(tmp_path).timelines
    assert days(timeline) == [("2023-03-01", 1), ("2024-03-01", 2)]
    assert [Path(e.source).name for e in timeline.time_points[1].exposures] == ["c.dcm", "a.dcm"]


def test_patient_part_side_and_view_make_the_timeline_and_cr_goes_with_dx(dicom: Write, tmp_path: Path) -> None:
    """Each difference is another timeline; the kind of detector is none."""
    dicom("1.dcm", **on("20230101"))
    dicom("2.dcm", **on("20240101"), SOPClassUID="1.2.840.10008.5.1.4.1.1.1", Modality="CR", PresentationIntentType=None)
    dicom("3.dcm", PatientID="P2")
    dicom("4.dcm", BodyPartExamined="ELBOW")
    dicom("5.dcm", ImageLaterality="L")
    dicom("6.dcm", ViewPosition="LL")
    timelines = read_cohort(tmp_path).timelines
    assert [str(t.key) for t in timelines] == [
        "P1 / ELBOW / R / PA",
        "P1 / HAND / L / PA",
        "P1 / HAND / R / LL",
        "P1 / HAND / R / PA",
        "P2 / HAND / R / PA",
    ]
    assert days(timelines[3]) == [("2023-01-01", 1), ("2024-01-01", 1)]
    assert any("presentation intents differ" in f for f in timelines[3].findings)


def test_a_missing_side_is_a_group_of_its_own_with_a_finding(dicom: Write, tmp_path: Path) -> None:
    """Never merged with a stated side."""
    dicom("1.dcm")
    dicom("2.dcm", ImageLaterality=None)
    unstated, right = read_cohort(tmp_path).timelines
    assert (unstated.key.laterality, right.key.laterality) == ("", "R")
    assert "no side is stated: the images may show different sides" in unstated.findings
    assert right.findings == ()


def test_images_without_patient_are_grouped_within_their_study_only(dicom: Write, tmp_path: Path) -> None:
    """Two anonymous studies may be two people."""
    for number, study in enumerate(["1.2.1", "1.2.1", "1.2.2"]):
        dicom(f"{number}.dcm", PatientID=None, StudyInstanceUID=study)
    timelines = read_cohort(tmp_path).timelines
    assert sorted(len(t.time_points[0].exposures) for t in timelines) == [1, 2]


def test_an_image_without_date_stands_alone(dicom: Write, tmp_path: Path) -> None:
    """It cannot be put in order."""
    dicom("1.dcm")
    dicom("2.dcm", StudyDate=None, AcquisitionDate=None)
    dated, undated = sorted(read_cohort(tmp_path).timelines, key=lambda t: t.time_points[0].date is None)
    assert days(dated) == [("2024-01-31", 1)]
    assert days(undated) == [("None", 1)]
    assert "no date is stated: the image stands alone" in undated.findings


def test_two_birth_dates_under_one_patient_id_are_a_finding(dicom: Write, tmp_path: Path) -> None:
    """Hospitals reuse numbers."""
    dicom("1.dcm", **on("20230101"), PatientBirthDate="20100101")
    dicom("2.dcm", **on("20240101"), PatientBirthDate="20110101")
    (timeline,) = read_cohort(tmp_path).timelines
    assert any("different birth dates" in f for f in timeline.findings)


def test_one_id_of_two_issuers_is_two_patients(dicom: Write, tmp_path: Path) -> None:
    """Each has its timeline, told by ID and issuer, in headers and in what is loaded; a film that names no issuer stands apart."""
    for number, issuer in enumerate(("HOSPITAL_A", "hospital_a ", "HOSPITAL_B", None)):
        dicom(f"{number}.dcm", IssuerOfPatientID=issuer, **on(f"202{number}0101"))
    cohort = read_cohort(tmp_path)
    assert [(t.key.patient_id, len(t.time_points)) for t in cohort.timelines] == [
        ("P1", 1),
        ("P1^^^HOSPITAL_A", 2),
        ("P1^^^HOSPITAL_B", 1),
    ]
    assert all("2 issuers" in record.attention[0] for record in cohort.files)
    assert cohort.timelines[2].time_points[0].exposures[0].radiograph().acquisition.patient_id == "P1^^^HOSPITAL_B"


def test_one_issuer_or_none_changes_nothing(dicom: Write, tmp_path: Path) -> None:
    """A Patient ID with one issuer is one patient, and films without an issuer are theirs."""
    dicom("a.dcm", IssuerOfPatientID="HOSPITAL_A", **on("20230101"))
    dicom("b.dcm", **on("20240101"))
    (timeline,) = read_cohort(tmp_path).timelines
    assert timeline.key.patient_id == "P1"
    assert timeline.findings == ()


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ({"PatientName": "Roe^Ann"}, {"PatientName": "Poe^Bob"}, "contradicting names"),
        ({"PatientName": "Roe^Ann"}, {"PatientName": "ROE^ANN MARIA^^Dr"}, ""),
        ({"PatientName": "Roe^Ann"}, {"PatientName": "Roe"}, ""),
        ({"PatientName": "Roe^Ann"}, {"PatientName": "Roe^Bob"}, "contradicting names"),
        ({"PatientSex": "F"}, {"PatientSex": "M"}, "both sexes"),
        ({"PatientSex": "F"}, {"PatientSex": "O"}, ""),
        ({"PatientBirthDate": "20100101"}, {"PatientBirthDate": "20110101"}, "2 birth dates"),
        ({"PatientID": "P2"}, {"StudyInstanceUID": "1.2.20230101"}, "one study with 2 Patient IDs"),
    ],
)
def test_what_contradicts_one_person_needs_attention(dicom: Write, tmp_path: Path, first: dict[str, str], second: dict[str, str], said: str) -> None:
    """It is a finding of every film of that person, for the console too, and quotes no name, date or ID."""
    dicom("a.dcm", **{**on("20230101"), **first})
    dicom("b.dcm", **{**on("20240101"), **second})
    for record in read_cohort(tmp_path).files:
        assert [said in words for words in record.attention] == ([True] if said else [])
        assert not any(value in words for words in record.attention for value in ("Roe", "Bob", "2010", "P2"))


def test_duplicates_are_skipped_and_name_the_first(dicom: Write, tmp_path: Path) -> None:
    """The same bytes, or other bytes under the same UID: both are said."""
    first = dicom("a.dcm", SOPInstanceUID="1.2.9")
    shutil.copy(first, tmp_path / "b.dcm")
    dicom("c.dcm", SOPInstanceUID="1.2.9", PatientComments="edited")
    cohort = read_cohort(tmp_path)
    assert len(cohort.timelines[0].time_points[0].exposures) == 1
    assert f"the SOP Instance UID of {first}, the same bytes" in record_of(cohort, "b.dcm").reason
    assert "other bytes" in record_of(cohort, "c.dcm").reason


@pytest.mark.parametrize("cut", ["a.dcm", "c.dcm"])
def test_of_a_whole_file_and_its_beginning_the_whole_one_is_kept(dicom: Write, tmp_path: Path, cut: str) -> None:
    """A copy that broke off does not take the place of the whole film, whichever name comes first."""
    whole = dicom("b.dcm", SOPInstanceUID="1.2.9")
    (tmp_path / cut).write_bytes(whole.read_bytes()[:-100])
    cohort = read_cohort(tmp_path)
    (exposure,) = cohort.timelines[0].time_points[0].exposures
    assert exposure.source == str(whole)
    assert f"the SOP Instance UID of {whole}" in record_of(cohort, cut).reason
    assert "cut short" in record_of(cohort, cut).reason


def test_the_display_version_of_a_raw_exposure_is_skipped(dicom: Write, tmp_path: Path) -> None:
    """Same study, part, side, view and time; another time is another exposure."""
    display = {"SOPClassUID": DX_PRESENTATION, "PresentationIntentType": "FOR PRESENTATION"}
    raw = dicom("z_raw.dcm")
    dicom("a_shown.dcm", **display)
    dicom("b_other.dcm", **display, AcquisitionTime="111111")
    cohort = read_cohort(tmp_path)
    assert record_of(cohort, "a_shown.dcm").status is FileStatus.SKIPPED
    assert f"display version of {raw}" in record_of(cohort, "a_shown.dcm").reason
    assert record_of(cohort, "b_other.dcm").status is FileStatus.READ


@pytest.mark.parametrize(
    ("raw", "shown", "measured"),
    [
        ("202403101015-0500", "202403101140-0500", 2),
        ("202403101015-0500", "20240310101500", 1),
        ("20240310-0500", "20240310-0500", 2),
        ("202403109999", "202403109999", 2),
    ],
)
def test_a_display_version_is_told_by_its_time_in_whatever_form(dicom: Write, tmp_path: Path, raw: str, shown: str, measured: int) -> None:
    """The same minute is the same exposure, another one is not, and two unknown times say nothing."""
    undated = {"AcquisitionDate": None, "AcquisitionTime": None}
    dicom("a.dcm", AcquisitionDateTime=raw, **undated)
    dicom("b.dcm", PresentationIntentType="FOR PRESENTATION", SOPClassUID="1.2.840.10008.5.1.4.1.1.1.1", AcquisitionDateTime=shown, **undated)
    cohort = read_cohort(tmp_path)
    assert sum(len(p.exposures) for t in cohort.timelines for p in t.time_points) == measured


def test_an_unknown_time_orders_nothing(dicom: Write, tmp_path: Path) -> None:
    """It is no midnight, which would come first: exposures of such a day stand by name, with a finding."""
    dicom("a.dcm", **on("20240131", "180000"))
    dicom("b.dcm", **on("20240131", "noon"))
    dicom("c.dcm", **on("20240131", "080000"))
    (timeline,) = read_cohort(tmp_path).timelines
    assert [Path(e.source).name for p in timeline.time_points for e in p.exposures] == ["a.dcm", "b.dcm", "c.dcm"]
    assert any("not all known" in f for f in timeline.findings)


def test_an_image_derived_from_one_that_is_there_is_skipped(dicom: Write, tmp_path: Path, sequence_of: Callable[..., object]) -> None:
    """A derived image whose source is elsewhere is kept: it is all there is."""
    source = sequence_of({"ReferencedSOPClassUID": DX_PRESENTATION, "ReferencedSOPInstanceUID": "1.2.77"})
    derived = {"ImageType": ["DERIVED", "SECONDARY"], "SourceImageSequence": source}
    dicom("copy.dcm", **derived)
    assert record_of(read_cohort(tmp_path), "copy.dcm").status is FileStatus.READ
    original = dicom("original.dcm", SOPInstanceUID="1.2.77")
    cohort = read_cohort(tmp_path)
    assert record_of(cohort, "copy.dcm").reason == f"derived from {original}, which is measured instead"


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"ConversionType": "WSD"}, "made at a workstation"),
        ({"BurnedInAnnotation": "YES"}, "text burned in"),
        ({"ImageType": ["DERIVED", "PRIMARY", "SCREEN SAVE"]}, "a screenshot"),
    ],
)
def test_screenshots_are_skipped(dicom: Write, tmp_path: Path, elements: dict[str, object], reason: str) -> None:
    """A secondary capture that was made on a screen is no radiograph; digitised film is."""
    capture = {"SOPClassUID": SECONDARY_CAPTURE, "Modality": "OT", "PresentationIntentType": None}
    dicom("shot.dcm", **capture, **elements)
    dicom("film.dcm", **capture, ConversionType="DF")
    cohort = read_cohort(tmp_path)
    assert reason in record_of(cohort, "shot.dcm").reason
    assert record_of(cohort, "film.dcm").status is FileStatus.READ


def test_each_file_has_one_record_with_its_reason(dicom: Write, tmp_path: Path) -> None:
    """Reports, other modalities, text, hidden files, our own results, broken and coloured files."""
    dicom("image.dcm")
    dicom("report.dcm", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", Modality="SR")
    dicom("cine.dcm", NumberOfFrames="7")
    dicom("results/seg.dcm")
    for name in ("results/images.csv", "results/provenance.json", "notes.txt", ".hidden", "__MACOSX/._image.dcm"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("text")
    cohort = read_cohort(tmp_path)
    verdicts = {Path(r.source).relative_to(tmp_path).as_posix(): (r.status.value, r.reason) for r in cohort.files}
    assert len(verdicts) == len(cohort.files) == 9
    assert verdicts["image.dcm"] == ("read", "")
    assert "Basic Text SR" in verdicts["report.dcm"][1]
    assert verdicts["cine.dcm"][0] == "failed"
    assert "7 frames" in verdicts["cine.dcm"][1]
    assert verdicts["results/seg.dcm"] == ("skipped", "part of a results folder of calcitrack")
    assert "no image header" in verdicts["notes.txt"][1]
    assert verdicts[".hidden"] == ("skipped", "a hidden file")
    assert verdicts["__MACOSX/._image.dcm"][0] == "skipped"


def test_files_reached_twice_are_listed_once(dicom: Write, tmp_path: Path) -> None:
    """A list may name a folder and a file in it; the order is that of the list."""
    path = dicom("image.dcm")
    assert len(read_cohort([tmp_path, path, str(path)]).files) == 1


def test_what_does_not_exist_among_others_is_a_failed_record(dicom: Write, tmp_path: Path) -> None:
    """A batch goes on."""
    _, record = read_cohort([dicom("image.dcm"), tmp_path / "missing"]).files
    assert record.status is FileStatus.FAILED
    assert "check the path" in record.reason


def test_nothing_at_all_is_an_error(tmp_path: Path) -> None:
    """A typing error in the only path is no cohort without timelines."""
    with pytest.raises(NotFoundError, match=r"missing: found nothing that can be opened; expected a folder, .*; check the path"):
        read_cohort(tmp_path / "missing")


@pytest.mark.skipif(os.name == "nt", reason="Windows lets only administrators make links")
def test_links_in_a_circle_end(dicom: Write, tmp_path: Path) -> None:
    """A link to the folder above is skipped and said so."""
    dicom("sub/image.dcm")
    (tmp_path / "sub" / "loop").symlink_to(tmp_path, target_is_directory=True)
    cohort = read_cohort(tmp_path)
    assert [r.status.value for r in cohort.files] == ["read", "skipped"]
    assert "a link to a folder that contains it" in cohort.files[1].reason


@pytest.mark.skipif(os.name == "nt", reason="Windows lets only administrators make links")
def test_a_web_of_links_is_walked_once(dicom: Write, tmp_path: Path) -> None:
    """Twenty folders, each with two links to the next: a million ways, and each folder is read once."""
    dicom("20/image.dcm")
    for k in range(20):
        (tmp_path / f"{k}").mkdir()
        for name in ("one", "other"):
            (tmp_path / f"{k}" / name).symlink_to(tmp_path / f"{k + 1}", target_is_directory=True)
    cohort = read_cohort(tmp_path)
    assert [r.status.value for r in cohort.files].count("read") == 1
    assert {r.reason for r in cohort.files if r.status.value == "skipped"} == {"a link to a folder that is read under another name; not followed"}
    assert len(cohort.files) <= 42


def test_folders_nested_too_deep_are_one_row(dicom: Write, tmp_path: Path) -> None:
    """What lies above is read; 1,500 folders are no error of Python's."""
    dicom("image.dcm")
    here = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(1500):
            os.mkdir("a", dir_fd=here)
            below = os.open("a", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
    finally:
        os.close(here)
    cohort = read_cohort(tmp_path)
    assert [(r.status.value, r.reason) for r in cohort.files if "image.dcm" not in r.source] == [
        ("failed", "a folder inside 101 others; at most 100 are opened")
    ]
    assert [r.status.value for r in cohort.files if "image.dcm" in r.source] == ["read"]
    assert len(read_cohort(tmp_path, limits=ReadLimits(max_depth=3)).files) == 2
    _remove_nested(tmp_path / "a")


def _remove_nested(folder: Path) -> None:
    """Shutil and pytest give up where a path is longer than the system allows."""
    aside = folder.with_name("aside")
    while folder.exists():
        if (folder / "a").exists():
            (folder / "a").rename(aside)
            folder.rmdir()
            aside.rename(folder)
        else:
            folder.rmdir()


def test_a_name_that_cannot_be_looked_at_is_told(dicom: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the system says of it."""
    dicom("closed.dcm")
    dicom("open.dcm")

    def is_dir(path: Path) -> bool:
        if path.name == "closed.dcm":
            raise PermissionError(13, "Permission denied")
        return stat.S_ISDIR(path.stat().st_mode)

    monkeypatch.setattr(Path, "is_dir", is_dir)
    rows = [(r.status.value, r.reason) for r in read_cohort(tmp_path).files]
    assert rows == [("failed", "a file or folder that cannot be looked at (Permission denied)"), ("read", "")]


def test_an_archive_that_inflates_beyond_measure_is_one_row(dicom: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some kilobytes that hold a thousand times as many; the rest of the folder is read."""
    monkeypatch.setattr(discover, "FREE_BYTES", 100_000)
    dicom("image.dcm")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for k in range(9):
            archive.writestr(f"{k}.dcm", bytes(1_000_000))
    bomb, image = read_cohort(tmp_path).files
    assert (bomb.status.value, image.status.value) == ("failed", "read")
    assert "whose members inflate to 9000000; at most 100 times its bytes are read" in bomb.reason


def test_an_archive_of_too_many_members_is_one_row(tmp_path: Path) -> None:
    """Its directory is counted before it is read."""
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for k in range(50):
            archive.writestr(f"{k}.dcm", b"")
    (record,) = read_cohort(tmp_path, limits=ReadLimits(max_members=20)).files
    assert (record.status.value, record.reason) == ("failed", "an archive of 50 members or more; at most 20 are read")


def test_an_archive_is_read_in_memory(dicom: Write, tmp_path: Path) -> None:
    """Members are listed as ARCHIVE!MEMBER; names that lead out of a folder stay names; an inner archive is not followed."""
    path = dicom("image.dcm")
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        out.write(path, "../../escape.dcm")
        out.writestr("inner.zip", b"PK\3\4")
        out.writestr("__MACOSX/._image.dcm", b"junk")
    cohort = read_cohort(archive)
    assert [(Path(r.source).name, r.status.value) for r in cohort.files if "!" in r.source] == [
        ("escape.dcm", "read"),
        ("._image.dcm", "skipped"),
        ("study.zip!inner.zip", "skipped"),
    ]
    image = cohort.timelines[0].time_points[0].exposures[0].load()
    assert image.shape == (8, 8)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["image.dcm", "study.zip"]


def test_broken_encrypted_and_oversized_archives_are_failed_records(dicom: Write, tmp_path: Path) -> None:
    """Each with its reason."""
    path = dicom("image.dcm")
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.write(path, "image.dcm")
    whole = archive.read_bytes()
    assert "at most 100 bytes" in record_of(read_cohort(archive, limits=ReadLimits(max_file_bytes=100)), "!image.dcm").reason
    directory = whole.index(b"PK\1\2")
    encrypted = bytearray(whole)
    encrypted[6] |= 1
    encrypted[directory + 8] |= 1
    archive.write_bytes(encrypted)
    assert "encrypted" in record_of(read_cohort(archive), "!image.dcm").reason
    archive.write_bytes(whole[:directory])
    assert "archive that cannot be read" in record_of(read_cohort(archive), "study.zip").reason


def test_a_dicomdir_names_its_files(dicom: Write, sequence_of: Callable[..., object]) -> None:
    """Referenced files are read, missing and outlying ones are failed records, and others in the folder are left alone."""
    dicom("medium/IMAGES/A")
    dicom("outside.dcm")
    dicom("medium/unnamed.dcm")
    named = [["IMAGES", "A"], ["IMAGES", "B"], ["..", "outside.dcm"]]
    records = sequence_of({"DirectoryRecordType": "PATIENT"}, *({"DirectoryRecordType": "IMAGE", "ReferencedFileID": n} for n in named))
    medium = dicom("medium/DICOMDIR", SOPClassUID="1.2.840.10008.1.3.10", Modality=None, PixelData=None, DirectoryRecordSequence=records)
    cohort = read_cohort(medium)
    assert [(Path(r.source).name, r.status.value) for r in cohort.files] == [
        ("DICOMDIR", "skipped"),
        ("A", "read"),
        ("B", "failed"),
        ("outside.dcm", "failed"),
    ]
    assert "no such file is there" in cohort.files[2].reason
    assert "names a file outside its folder: ../outside.dcm" in cohort.files[3].reason


def test_a_dicomdir_finds_names_in_other_case_and_with_endings(dicom: Write, sequence_of: Callable[..., object]) -> None:
    """Media are copied by systems that fold case and add endings: ``disc/DICOMDIR`` names IMG/A1, and there is img/a1.dcm."""
    dicom("disc/img/a1.dcm")
    dicom("disc/Img2/B.DCM", SOPInstanceUID="1.2.3.4.2")
    dicom("disc/Img2/b.img", SOPInstanceUID="1.2.3.4.3")
    named = [["IMG", "A1"], ["IMG2", "B.DCM"], ["IMG2", "B"], ["IMG", "X" * 300]]
    records = sequence_of(*({"DirectoryRecordType": "IMAGE", "ReferencedFileID": n} for n in named))
    medium = dicom("disc/dicomdir", SOPClassUID="1.2.840.10008.1.3.10", Modality=None, PixelData=None, DirectoryRecordSequence=records)
    cohort = read_cohort(medium)
    assert [(Path(r.source).name, r.status.value) for r in cohort.files] == [
        ("dicomdir", "skipped"),
        ("a1.dcm", "read"),
        ("B.DCM", "read"),
        ("B", "failed"),
        ("X" * 255, "failed"),
    ]
    assert "no such file is there" in cohort.files[3].reason  # two files could be meant
    assert "a name of more than 255 characters" in cohort.files[4].reason


def test_loads_are_picklable_and_raise_typed_errors(dicom: Write, tmp_path: Path) -> None:
    """A worker process gets the load, not the pixels."""
    path = dicom("image.dcm")
    (timeline,) = read_cohort(tmp_path).timelines
    load = pickle.loads(pickle.dumps(timeline.time_points[0].exposures[0].load))  # noqa: S301 - our own bytes
    assert load().source == str(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DamagedFileError):
        load()


def test_progress_counts_every_file(dicom: Write, tmp_path: Path) -> None:
    """From 1 to the number of files."""
    for number in range(5):
        dicom(f"{number}.dcm")
    calls: list[tuple[int, int]] = []
    read_cohort(tmp_path, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(n, 5) for n in range(1, 6)]


def test_the_result_does_not_depend_on_the_number_of_workers(dicom: Write, tmp_path: Path) -> None:
    """Same records in the same order."""
    for number in range(12):
        dicom(f"{number}.dcm", PatientID=f"P{number % 3}", PatientBirthDate="junk" if number % 2 else "20100101")
    assert read_cohort(tmp_path, workers=1).files == read_cohort(tmp_path, workers=8).files


def no_pixels() -> None:
    """Stands in for a load that the grouping never calls."""
    raise AssertionError("grouping reads no pixels")


@settings(max_examples=50)
@given(st.permutations(range(8)), st.lists(st.sampled_from(["2020-01-01", "2021-01-01", "2022-01-01", None]), min_size=8, max_size=8))
def test_timelines_do_not_depend_on_the_order_of_files(order: list[int], dates: list[str | None]) -> None:
    """Grouping and order come from the headers alone."""
    exposures = [
        Exposure(
            Acquisition(patient_id=f"P{n % 2}", study_instance_uid="1", acquisition_time=dt.datetime.fromisoformat(d) if d else None),
            no_pixels,  # type: ignore[arg-type]
            f"{n}.dcm",
        )
        for n, d in enumerate(dates)
    ]
    assert build_timelines(exposures) == build_timelines([exposures[n] for n in order])
    assert sum(len(p.exposures) for t in build_timelines(exposures) for p in t.time_points) == 8


def test_birth_dates_do_not_go_on_to_what_is_kept(dicom: Write, tmp_path: Path) -> None:
    """They are compared and then left out: neither timelines nor records of files hold one."""
    dicom("a.dcm", PatientBirthDate="20100304")
    cohort = read_cohort(tmp_path)
    held = [e.acquisition for t in cohort.timelines for p in t.time_points for e in p.exposures] + [f.acquisition for f in cohort.files]
    assert [a.patient_birth_date for a in held if a is not None] == [None, None]
