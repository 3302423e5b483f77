"""What a manifest and sidecars state goes to the timelines, and every mistake in it is told."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from calcitrack.errors import ManifestError
from calcitrack.io.cohort.read import read_cohort
from calcitrack.model.cohort import Cohort, FileRecord, FileStatus
from calcitrack.model.spacing import SpacingBasis

Write = Callable[..., Path]


def record_of(cohort: Cohort, name: str) -> FileRecord:
    """The one record whose source ends with this name."""
    (record,) = (r for r in cohort.files if r.source.endswith(name))
    return record


def test_a_manifest_states_what_headers_do_not(dicom: Write, tmp_path: Path) -> None:
    """Its values win, each with a finding, in the scan and when the image is loaded."""
    dicom("a/image.dcm", ImageLaterality=None, ViewPosition="AP", ImagerPixelSpacing=None)
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("path,patient_id,acquisition_date,laterality,view,spacing_mm\na/image.dcm,X7,2020-02-03,L,PA,0.1 0.2\n")
    cohort = read_cohort(tmp_path, manifest=manifest)
    (timeline,) = cohort.timelines
    assert str(timeline.key) == "X7 / HAND / L / PA"
    assert timeline.time_points[0].date == dt.date(2020, 2, 3)
    exposure = timeline.time_points[0].exposures[0]
    assert any("manifest states view_position PA; the header states AP" in f for f in exposure.findings)
    image = exposure.load()
    assert image.acquisition == exposure.acquisition
    assert (image.spacing.row_mm, image.spacing.column_mm, image.spacing.basis) == (0.1, 0.2, SpacingBasis.UNSPECIFIED)
    assert record_of(cohort, "manifest.csv").reason == "the manifest"


def test_a_manifest_places_pictures_without_sidecar(tmp_path: Path) -> None:
    """Without it they are skipped, with it they are read."""
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "hand.png")
    assert record_of(read_cohort(tmp_path), "hand.png").status is FileStatus.SKIPPED
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("path,patient_id,acquisition_date\nhand.png,P1,2024-01-01\n")
    cohort = read_cohort(tmp_path, manifest=manifest)
    assert record_of(cohort, "hand.png").status is FileStatus.READ
    assert cohort.timelines[0].time_points[0].exposures[0].load().acquisition.patient_id == "P1"


def test_pictures_with_sidecars_are_a_timeline(tmp_path: Path) -> None:
    """Their sidecars are listed as such; one that lacks the patient is a failure."""
    for name, stated in {
        "1": {"patient_id": "P", "acquisition_date": "2023-01-01"},
        "2": {"patient_id": "P", "acquisition_date": "2024-01-01"},
        "3": {"acquisition_date": "2024-01-01"},
    }.items():
        Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / f"{name}.png")
        (tmp_path / f"{name}.json").write_text(json.dumps(stated))
    cohort = read_cohort(tmp_path)
    assert [(str(p.date), len(p.exposures)) for p in cohort.timelines[0].time_points] == [("2023-01-01", 1), ("2024-01-01", 1)]
    assert record_of(cohort, "1.json").reason == f"the sidecar of {tmp_path / '1.png'}"
    assert record_of(cohort, "3.png").status is FileStatus.FAILED


def test_a_manifest_tells_all_its_problems_at_once(dicom: Write, tmp_path: Path) -> None:
    """Paths that lead out, bad dates, sides, sizes, doubles and short rows, each with its line."""
    dicom("image.dcm")
    manifest = tmp_path / "manifest.csv"
    rows = ["path,acquisition_date,laterality,spacing_mm", "../x.dcm,,,", "image.dcm,31.5.24,Q,-1", "image.dcm,,,", "short", "/etc/x,,,"]
    manifest.write_text("\n".join(rows))
    with pytest.raises(ManifestError) as caught:
        read_cohort(tmp_path, manifest=manifest)
    text = str(caught.value)
    for words in (
        "line 2: path '../x.dcm'",
        "line 3: acquisition_date",
        "line 3: laterality",
        "line 3: spacing_mm",
        "line 4: image.dcm is stated already in line 3",
    ):
        assert words in text
    assert "line 5: 1 cell where 4 are due" in text
    assert "line 6: path '/etc/x'" in text


def test_manifest_columns_and_files_must_be_known(dicom: Write, tmp_path: Path) -> None:
    """A misspelt column or path would silently do nothing."""
    dicom("image.dcm")
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("file,side\nimage.dcm,L\n")
    with pytest.raises(ManifestError, match=r"(?s)unknown column 'file'.*no column 'path'"):
        read_cohort(tmp_path, manifest=manifest)
    manifest.write_text("path\nimagee.dcm\n")
    with pytest.raises(ManifestError, match="is not among the input files"):
        read_cohort(tmp_path, manifest=manifest)


def test_one_row_states_the_facts_of_a_folder(tmp_path: Path) -> None:
    """A manifest does what a sidecar beside each picture would; the nearest row wins cell by cell, and MONOCHROME1 turns the picture."""
    for name in ("a/1.png", "a/2.png"):
        (tmp_path / "anna" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.arange(16, dtype=np.uint8).reshape(4, 4)).save(tmp_path / "anna" / name)
    manifest = tmp_path / "manifest.csv"
    manifest.write_text(
        "path;patient_id;acquisition_date;body_part;laterality;spacing_mm;spacing_basis;photometric_interpretation\n"
        "anna;anna;31.05.2023;hand;L;0,2;;monochrome1\n"
        "anna/a/2.png;;01.06.2024;;;0,1 x 0,2;fiducial;MONOCHROME2\n",
        encoding="utf-8",
    )
    cohort = read_cohort(tmp_path, manifest=manifest)
    (timeline,) = cohort.timelines
    assert (timeline.key.patient_id, timeline.key.body_part, timeline.key.laterality) == ("anna", "HAND", "L")
    assert [str(p.date) for p in timeline.time_points] == ["2023-05-31", "2024-06-01"]
    first, second = (p.exposures[0].load() for p in timeline.time_points)
    assert [str(first.spacing), str(second.spacing)] == ["0.2 x 0.2 mm (unspecified)", "0.1 x 0.2 mm (fiducial)"]
    assert (first.pixels == -second.pixels).all()
    assert first.acquisition.photometric_interpretation == "MONOCHROME1"


def test_a_folder_without_films_and_a_basis_without_size_are_told(tmp_path: Path) -> None:
    """A row about nothing would silently do nothing."""
    (tmp_path / "empty").mkdir()
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("path,spacing_basis\nempty,\nnowhere,\n")
    with pytest.raises(ManifestError, match=r"(?s)2 problems:\n  line 2: .*empty is not among the input files\n  line 3: "):
        read_cohort(tmp_path, manifest=manifest)
    manifest.write_text("path,spacing_basis\nempty,plate\n")
    with pytest.raises(ManifestError, match="line 2: spacing_basis 'plate' is none of"):
        read_cohort(tmp_path, manifest=manifest)


def test_a_manifest_cannot_turn_a_dicom_image(dicom: Write, tmp_path: Path) -> None:
    """Its header says which end is dense; the manifest's word is a finding."""
    dicom("image.dcm", PhotometricInterpretation="MONOCHROME2")
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("path,photometric_interpretation\nimage.dcm,MONOCHROME1\n")
    film = read_cohort(tmp_path, manifest=manifest).timelines[0].time_points[0].exposures[0].load()
    assert film.acquisition.photometric_interpretation == "MONOCHROME2"
    assert any("it counts for pictures" in f for f in film.findings)
