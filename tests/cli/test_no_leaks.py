"""Every command, run on files with a marked name and birth date: neither is written or printed anywhere outside DICOM objects."""

from __future__ import annotations

import gzip
import re
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.main
from PIL import Image
from pydicom.config import disable_value_validation
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from typer.testing import CliRunner

from calcitrack.cli import app
from calcitrack.io.workspace import Workspace
from calcitrack.model.reading import READ_MEASURANDS, FilmReading
from calcitrack.reading import plan_reading

NAME, BIRTH = "Zzmarkername^Qqsecret", "19010203"
MARKS = ("zzmarker", "qqsecret", "19010203", "1901-02-03", "1901.02.03", "03.02.1901", "02/03/1901", "1901, 2, 3")
"""The parts of the name, and the date in each spelling that a program may give it."""
DAYS = ("20210308", "20210901")


@pytest.fixture(autouse=True)
def _small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of a size that is written quickly."""
    monkeypatch.setattr("calcitrack.figures.overlay.LONG_SIDE", 150)
    monkeypatch.setattr("calcitrack.figures.pair.LONG_SIDE", 150)
    monkeypatch.setattr("calcitrack.figures.page.DPI", 30)


def write_film(path: Path, visit: int, **changes: Any) -> Path:
    """A soft limb with a bone and a dense spot that grows, of a patient with a marked name and birth date."""
    rows, columns = np.mgrid[:200, :150]
    film = 500 + 300 * (abs(columns - 75) < 60) + 700 * (abs(columns - 75) < 12) + 500 * (np.hypot(rows - 90, columns - 110) < 4 + 2 * visit)
    film = (film + np.random.default_rng(visit).normal(0, 3, film.shape)).astype("<u2")
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    day = DAYS[visit - 1]
    header = {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1.1",
        "SOPInstanceUID": generate_uid(entropy_srcs=[path.name]),
        "StudyInstanceUID": f"1.2.826.0.1.3680043.9.1.{visit}",
        "SeriesInstanceUID": f"1.2.826.0.1.3680043.9.2.{visit}",
        "PatientName": NAME,
        "PatientID": "P1",
        "PatientBirthDate": BIRTH,
        "PatientSex": "F",
        "OtherPatientNames": NAME,
        "ReferringPhysicianName": NAME,
        "PatientComments": f"{NAME}, born {BIRTH}",
        "Modality": "DX",
        "PresentationIntentType": "FOR PROCESSING",
        "StudyDate": day,
        "StudyTime": "101500",
        "AcquisitionDate": day,
        "AcquisitionTime": "101500",
        "BodyPartExamined": "HAND",
        "ImageLaterality": "R",
        "ViewPosition": "PA",
        "PhotometricInterpretation": "MONOCHROME2",
        "SamplesPerPixel": 1,
        "Rows": film.shape[0],
        "Columns": film.shape[1],
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        "ImagerPixelSpacing": [0.2, 0.2],
        "PixelIntensityRelationship": "LOG",
        "PixelIntensityRelationshipSign": -1,
        "PixelData": film.tobytes(),
        **changes,
    }
    with disable_value_validation(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for keyword, value in header.items():
            setattr(dataset, keyword, value)
        dataset["PixelData"].VR = "OW"
        path.parent.mkdir(parents=True, exist_ok=True)
        dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two visits, and files that give cause for complaint: broken dates and names, another birth date, cut files, another kind of object."""
    folder = tmp_path_factory.mktemp("films")
    for visit in (1, 2):
        write_film(folder / f"visit{visit}.dcm", visit)
    odd = folder / "odd"
    write_film(odd / "birth.dcm", 1, PatientID="P2", PatientBirthDate=f"{BIRTH}x{NAME}")
    write_film(odd / "name.dcm", 2, PatientID="P2", PatientName="=".join([NAME] * 5), PatientBirthDate="19010204")
    write_film(odd / "long.dcm", 1, PatientID="P3", PatientName=f"{NAME * 8}\\{NAME}", PatientBirthDate="")
    write_film(odd / "other.dcm", 1, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", Modality="SR")
    write_film(odd / "size.dcm", 1, Rows=9000, PatientID="P4")
    whole = (folder / "visit1.dcm").read_bytes()
    (odd / "cut.dcm").write_bytes(whole[: len(whole) - 3000])
    (odd / "header.dcm").write_bytes(whole[:600])
    return folder


def call(*arguments: object) -> str:
    """All that one command printed; a crash is printed too."""
    done = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout + done.stderr


def texts_of(path: Path) -> Iterator[bytes]:
    """The bytes of a file; those inside archives and pictures' text parts; numbers of arrays are bytes as they are."""
    content = path.read_bytes()
    yield content
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(n) for n in archive.namelist())
    elif content.startswith(b"\x1f\x8b"):
        yield gzip.decompress(content)
    elif path.suffix == ".png":
        with Image.open(path) as picture:
            yield repr(picture.info).encode()
    elif path.suffix == ".parquet":
        import pandas as pd

        yield pd.read_parquet(path).to_csv().encode()


def leaks(printed: str, folders: list[Path]) -> list[str]:
    """Marks in what was printed or written, DICOM objects aside, in several encodings."""
    files = [p for f in folders for p in f.rglob("*") if p.is_file() and p.read_bytes()[128:132] != b"DICM"]
    assert files
    places = [("printed", printed.encode())] + [(str(p), t) for p in files for t in texts_of(p)]
    return [f"{mark} in {place}" for place, text in places for mark in MARKS for code in ("ascii", "utf-16-le") if mark.encode(code) in text.lower()]


def read_by_two(folder: Path) -> None:
    """Two readers agree with the program on every case of a workspace."""
    with Workspace.open(folder) as workspace:
        for reader in ("anna", "ben"):
            plan = plan_reading(workspace.sessions.cases(), reader)
            session = workspace.sessions.start(reader, plan)
            for case in plan.cases:
                images = workspace.assessment(case.assessment_id, digest=case.digest).images
                totals = [{n: r for n, r in i.totals.items() if n in READ_MEASURANDS} for i in images]
                films = [FilmReading(i.exposure.image_id, i.time_point, i.repeat, t) for i, t in zip(images, totals, strict=True)]
                workspace.sessions.finish(session, case, films)


@pytest.mark.slow
def test_no_command_writes_or_prints_a_name_or_a_birth_date(films: Path, tmp_path: Path) -> None:
    """Measuring, describing, workspaces and de-identification with all their outputs, and the commands that read no patient at all."""
    results, workspace, out = tmp_path / "R", tmp_path / "W", tmp_path / "D"
    common = ("-j", 1)
    printed = call("measure", films, "--out", results, "--workspace", workspace, "--parquet", *common)
    assert "2021-03-08" in printed
    printed += call("measure", films / "odd", "--out", tmp_path / "J", "--json", *common)
    for path in sorted(films.rglob("*.dcm")):
        printed += call("info", path) + call("info", path, "--json")
    printed += call("workspace", "check", workspace) + call("workspace", "history", workspace, "--json")
    printed += call("workspace", "import", workspace, *sorted(results.rglob("seg/*.dcm")), "--reader", "reader-1")
    printed += call("workspace", "export", workspace, "--out", tmp_path / "E", "--parquet")
    printed += call("workspace", "backup", workspace, tmp_path / "B")
    printed += call("workspace", "corrections", workspace)
    read_by_two(workspace)
    printed += call("agreement", workspace, "--out", tmp_path / "A") + call("agreement", workspace, "--json")
    assert "anna, ben" in printed
    printed += call("deidentify", films, out) + call("deidentify", films, tmp_path / "D2", "--json")
    folders = [results, *(tmp_path / n for n in "JEBA"), workspace, out, tmp_path / "D2"]
    assert leaks(printed, folders) == []
    assert all(mark.encode() not in p.read_bytes().lower() for p in out.rglob("*.dcm") for mark in MARKS)


def test_errors_of_commands_hold_no_name_either(films: Path, tmp_path: Path) -> None:
    """Inputs without a single usable file, a manifest, a map and a key that cannot be used."""
    odd, manifest = films / "odd", tmp_path / "manifest.csv"
    manifest.write_text("path,patient_id\nmissing.dcm,P9\n", encoding="utf-8")
    mapping = tmp_path / "map.csv"
    mapping.write_text("old,new\nP1,A\n", encoding="utf-8")
    printed = call("measure", odd / "cut.dcm", odd / "header.dcm", odd / "other.dcm", "--out", tmp_path / "R")
    printed += call("measure", films, "--out", tmp_path / "R2", "--manifest", manifest) + call(
        "measure", films, "--out", tmp_path / "R3", "--pseudonyms", mapping
    )
    printed += call("deidentify", films, tmp_path / "D", "--key", films / "visit1.dcm")
    assert "without a pseudonym" in printed
    assert "cannot be read as a key" in printed
    assert leaks(printed, [tmp_path]) == []


def test_with_a_map_the_patient_id_is_nowhere_either(tmp_path: Path) -> None:
    """`measure --pseudonyms` puts the pseudonym into tables, workspace, names of files and messages."""
    mapping = tmp_path / "map.csv"
    mapping.write_text("old,new\nXPID1,CHILD-A\n", encoding="utf-8")
    folder = tmp_path / "films"
    for visit in (1, 2):
        write_film(folder / f"visit{visit}.dcm", visit, PatientID="XPID1")
    (folder / "treatments.csv").write_text("patient_id,name,start\nXPID1,drug,2021-04-01\nXPID7,drug,2021-04-01\n", encoding="utf-8")
    arguments = ("--workspace", tmp_path / "W", "--pseudonyms", mapping, "-j", 1)
    printed = call("measure", folder, "--out", tmp_path / "R", *arguments)
    assert "CHILD-A / HAND / R / PA" in printed
    written = {str(p): t for f in ("R", "W") for p in (tmp_path / f).rglob("*") if p.is_file() and p.suffix != ".dcm" for t in texts_of(p)}
    assert [p for p, text in written.items() if re.search(rb"xpid\d", (text + p.encode()).lower())] == []
    assert not re.search(r"XPID\d", printed)
    assert any("drug" in text.decode("utf-8", "ignore") for p, text in written.items() if p.endswith(".csv"))


@pytest.mark.parametrize("protocol", ["web", "dimse"])
def test_a_pacs_is_asked_without_names(
    films: Path, orthanc: Any, pacs_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    """Sending, finding, fetching, and what goes wrong with each, on files with a marked name; passwords are not printed either."""
    monkeypatch.setenv("CALCITRACK_PACS_USER", pacs_server.USER)
    monkeypatch.setenv("CALCITRACK_PACS_PASSWORD", pacs_server.PASSWORD)
    monkeypatch.setattr("calcitrack.io.pacs.attempts.sleep", lambda _: None)
    server, nowhere = getattr(orthanc, protocol), (orthanc.web_at if protocol == "web" else orthanc.dimse_at)(pacs_server.free_port())
    printed = call("pacs", "send", server, films) + call("pacs", "send", server, films, "--json") + call("pacs", "send", nowhere, films)
    for level in ("study", "series"):
        printed += call("pacs", "find", server, "--patient-id", "P1", "--level", level) + call("pacs", "find", server, "--level", level, "--json")
    asked = ("--patient-id", "P*", "--out", tmp_path / "F")
    printed += call("pacs", "get", server, *asked) + call("pacs", "get", server, *asked, "--json") + call("pacs", "get", nowhere, *asked)
    monkeypatch.setenv("CALCITRACK_PACS_PASSWORD", "wrong-9c")
    printed += call("pacs", "find", server)
    assert "2021-03-08" in printed
    assert len(list((tmp_path / "F").rglob("*.dcm"))) >= 2
    (tmp_path / "F" / "names.txt").write_text("\n".join(str(p) for p in (tmp_path / "F").rglob("*")), encoding="utf-8")
    assert leaks(printed, [tmp_path]) == []
    assert pacs_server.PASSWORD not in printed
    assert "wrong-9c" not in printed


def test_the_tests_above_run_every_command() -> None:
    """A new command has to be added to one of them, or to this list with a reason."""
    text = Path(__file__).read_text(encoding="utf-8")
    group = typer.main.get_command(app)
    no_input = {"demo", "validate", "phantom"}  # they read only what the program brings or simulates
    for name, command in getattr(group, "commands").items():  # noqa: B009 - a group of commands has them
        for words in [(name, sub) for sub in getattr(command, "commands", {})] or [(name,)]:
            assert name in no_input or f"call({', '.join(repr(w).replace(chr(39), chr(34)) for w in words)}" in text, words
