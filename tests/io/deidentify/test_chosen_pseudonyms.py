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
