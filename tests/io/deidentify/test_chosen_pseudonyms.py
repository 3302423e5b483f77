"""A map of pseudonyms names every patient, or nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from calcitrack import read_cohort
from calcitrack.errors import PseudonymError
from calcitrack.io.deidentify import DeidentifyOptions, deidentify

SPREADSHEET = {"12": "CHILD-A", "0013": "CHILD-B"}
"""A spreadsheet took the leading zeros of the first ID away."""


def test_a_patient_without_a_row_stops_the_run(film: Callable[..., Path], tmp_path: Path) -> None:
    """The row that fits nobody is named by its number, no ID is quoted, and no copy is there."""
    film("a.dcm", PatientID="0012")
    film("b.dcm", PatientID="0013")
    with pytest.raises(PseudonymError) as error:
        deidentify([tmp_path / "in"], tmp_path / "out", DeidentifyOptions(pseudonyms=SPREADSHEET))
    assert "a.dcm: found a Patient ID without a pseudonym; 1 row of the map (1) fits no patient" in str(error.value)
    assert "0012" not in str(error.value)
    assert not (tmp_path / "out").exists()
    with pytest.raises(PseudonymError, match=r"without a pseudonym; 1 row of the map \(1\) fits no patient: did a spreadsheet take"):
        read_cohort(tmp_path / "in", pseudonyms=SPREADSHEET)


def test_rows_that_fit_nobody_are_counted(film: Callable[..., Path], tmp_path: Path) -> None:
    """A map may hold more patients than the folder; the report says which rows were not used."""
    film("b.dcm", PatientID="0013")
    report = deidentify([tmp_path / "in"], tmp_path / "out", DeidentifyOptions(pseudonyms=SPREADSHEET))
    assert report.rows_of_nobody == (1,)
    assert [f.pseudonym for f in report.files] == ["CHILD-B"]


def test_one_id_of_two_issuers_is_two_people(film: Callable[..., Path], tmp_path: Path) -> None:
    """As for `read_cohort`; a film that names no issuer stands apart, and spellings of one issuer are one."""
    for name, issuer in (("a.dcm", "HOSPITAL_A"), ("b.dcm", "HOSPITAL_B"), ("c.dcm", "Hospital A"), ("d.dcm", None)):
        film(name, PatientID="1001", IssuerOfPatientID=issuer)
    report = deidentify([tmp_path / "in"], tmp_path / "out")
    a, b, c, d = (f.pseudonym for f in report.files)
    assert a == c
    assert len({a, b, d}) == 3
    pseudonyms = {"1001^^^HOSPITAL_A": "A", "1001^^^HOSPITAL_B": "B", "1001": "D"}
    report = deidentify([tmp_path / "in"], tmp_path / "mapped", DeidentifyOptions(pseudonyms=pseudonyms))
    assert [f.pseudonym for f in report.files] == ["A", "B", "A", "D"]
    with pytest.raises(PseudonymError, match="without a pseudonym"):
        deidentify([tmp_path / "in"], tmp_path / "none", DeidentifyOptions(pseudonyms={"1001": "D"}))


def test_a_key_knows_whose_an_id_was_before_another_issuer_came(film: Callable[..., Path], tmp_path: Path) -> None:
    """The first hospital's patient keeps the pseudonym; the other's gets one of their own, also where their films come alone."""
    options = DeidentifyOptions(key=tmp_path / "key.json")
    first = film("a.dcm", PatientID="1001", IssuerOfPatientID="HOSPITAL_A")
    (before,) = (f.pseudonym for f in deidentify([tmp_path / "in"], tmp_path / "out1", options).files)
    first.unlink()
    film("b.dcm", PatientID="1001", IssuerOfPatientID="HOSPITAL_B")
    (other,) = (f.pseudonym for f in deidentify([tmp_path / "in"], tmp_path / "out2", options).files)
    assert other != before
    film("a.dcm", PatientID="1001", IssuerOfPatientID="HOSPITAL_A")
    assert [f.pseudonym for f in deidentify([tmp_path / "in"], tmp_path / "out3", options).files] == [before, other]
