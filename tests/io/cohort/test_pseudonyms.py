"""The map of pseudonyms: what is read, and what is said of a bad one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from calcitrack.errors import PseudonymError
from calcitrack.io.cohort.pseudonyms import read_pseudonyms
from calcitrack.io.cohort.read import read_cohort


def test_a_map_is_read(tmp_path: Path) -> None:
    """Old to new, without spaces around; several IDs may be one patient."""
    path = tmp_path / "map.csv"
    path.write_text("old,new\n 17 ,A\n18,A\n\n", encoding="utf-8-sig")
    assert read_pseudonyms(path) == {"17": "A", "18": "A"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,name\n1,A\n", "another header row"),
        ("", "an empty file"),
        ("old,new\n1\n2,\n3,A\\B\n4,A\n4,B\n", r"line 2: 1 cell where 2 are due\n  line 3: no new\n  line 4: a pseudonym of more"),
        ("old,new\n4,A\n4,B\n", "line 3: an ID that stands above already"),
    ],
)
def test_every_problem_is_said_at_once(tmp_path: Path, text: str, said: str) -> None:
    """With its line, and without quoting an ID."""
    path = tmp_path / "map.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PseudonymError, match=said):
        read_pseudonyms(path)


def test_images_go_by_their_pseudonyms(dicom: Callable[..., Path], tmp_path: Path) -> None:
    """In headers and in loaded images, without birth date; an ID without pseudonym is refused before anything is measured."""
    dicom("films/a.dcm", PatientID="SECRET", PatientBirthDate="19010203")
    cohort = read_cohort(tmp_path / "films", pseudonyms={"SECRET": "A"})
    (timeline,) = cohort.timelines
    (exposure,) = timeline.time_points[0].exposures
    for facts in (exposure.acquisition, exposure.load().acquisition, cohort.files[0].acquisition):
        assert facts is not None
        assert (facts.patient_id, facts.patient_birth_date) == ("A", None)
    with pytest.raises(PseudonymError, match=r"a\.dcm: found a Patient ID without a pseudonym"):
        read_cohort(tmp_path / "films", pseudonyms={"OTHER": "A"})


def test_no_finding_about_a_manifest_names_the_patient(dicom: Callable[..., Path], tmp_path: Path) -> None:
    """Where pseudonyms are used; findings about the manifest's other columns stay."""
    dicom("films/a.dcm", PatientID="OLD", ImageLaterality="L")
    manifest = tmp_path / "films" / "manifest.csv"
    manifest.write_text("path,patient_id,laterality\na.dcm,SECRET,R\n", encoding="utf-8")
    cohort = read_cohort(tmp_path / "films", manifest=manifest, pseudonyms={"SECRET": "A"})
    (exposure,) = cohort.timelines[0].time_points[0].exposures
    findings = (*exposure.findings, *exposure.load().findings, *(f for file in cohort.files for f in file.findings))
    assert any("the manifest states laterality R" in f for f in findings)
    assert not any("SECRET" in f or "OLD" in f for f in findings)
