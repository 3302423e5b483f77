"""A picture of two limbs becomes two images where their sides are stated, each on the timeline of its side."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from calcitrack.errors import ManifestError, SidecarError
from calcitrack.io.cohort.read import read_cohort
from calcitrack.io.images.read import read_radiograph
from calcitrack.model.cohort import Cohort
from calcitrack.model.corrections import FilmCorrection

Write = Callable[..., Path]
UID = "1.2.840.99.7"


def images_of(cohort: Cohort) -> list[tuple[str, str]]:
    """Side of the timeline and id of each image."""
    return [(t.key.laterality, e.image_id) for t in cohort.timelines for p in t.time_points for e in p.exposures]


def test_a_manifest_splits_a_film(dicom: Write, tmp_path: Path) -> None:
    """Two timelines, two ids, a finding on each that says whose statement it is, and one record that asks the reader to look."""
    dicom("both.dcm", SOPInstanceUID=UID, ImageLaterality="R")
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("path,sides\nboth.dcm,right left\n")
    cohort = read_cohort(tmp_path, manifest=manifest)
    assert images_of(cohort) == [("L", f"{UID} limb 2"), ("R", f"{UID} limb 1")]
    exposures = [t.time_points[0].exposures[0] for t in cohort.timelines]
    assert all("the manifest states sides R L" in e.findings[-1] for e in exposures)
    assert [(e.load.limb, e.load.both.sides) for e in exposures] == [(2, "RL"), (1, "RL")]
    (record,) = [f for f in cohort.files if f.source.endswith("both.dcm")]
    assert "two limbs in one picture, each followed by itself" in record.attention[0]


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"ImageLaterality": "B", "PatientOrientation": ["L", "F"]}, {"R": 1, "L": 2}),
        ({"ImageLaterality": "B", "PatientOrientation": ["R", "F"]}, {"L": 1, "R": 2}),
        ({"ImageLaterality": "B", "PatientOrientation": ["F", "RP"]}, {"L": 1, "R": 2}),
        ({"ImageLaterality": "B", "PatientOrientation": ["H", "P"]}, {"B": None}),
        ({"ImageLaterality": "B"}, {"B": None}),
        ({"ImageLaterality": "L", "PatientOrientation": ["L", "F"]}, {"L": None}),
        ({"ImageLaterality": "B", "PatientOrientation": ["L", "F"], "BodyPartExamined": "PELVIS"}, {"B": None}),
    ],
)
def test_patient_orientation_tells_the_sides(dicom: Write, tmp_path: Path, stated: dict[str, object], expected: dict[str, int | None]) -> None:
    """Only where the header states both sides of a limb: a row towards the patient's left begins at the right limb."""
    dicom("film.dcm", **stated)
    cohort = read_cohort(tmp_path)
    assert {t.key.laterality: t.time_points[0].exposures[0].acquisition.limb for t in cohort.timelines} == expected


def test_a_side_in_the_manifest_or_by_a_reader_means_one_limb(dicom: Write, tmp_path: Path) -> None:
    """A film of one limb lies in the folder whose row states sides; a reader states another's side."""
    dicom("both.dcm", SOPInstanceUID=UID, ImageLaterality=None)
    dicom("one.dcm", SOPInstanceUID=f"{UID}.1", ImageLaterality=None)
    dicom("cropped.dcm", SOPInstanceUID=f"{UID}.2", ImageLaterality=None)
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("path,sides,laterality\n.,L R,\none.dcm,,L\n")
    cohort = read_cohort(tmp_path, manifest=manifest, corrections={f"{UID}.2": FilmCorrection(laterality="R", crop=(0, 5, 0, 3))})
    assert sorted(images_of(cohort)) == [("L", f"{UID} limb 1"), ("L", f"{UID}.1"), ("R", f"{UID} limb 2"), ("R", f"{UID}.2")]


def test_corrections_reach_the_whole_picture_or_one_limb(dicom: Write, tmp_path: Path) -> None:
    """What is stated of the picture holds for both; what is stated of one limb wins there, and cannot change its side."""
    dicom("both.dcm", SOPInstanceUID=UID, ImageLaterality=None)
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("path,sides\nboth.dcm,L R\n")
    stated = {UID: FilmCorrection(view="AP"), f"{UID} limb 2": FilmCorrection(view="LAT", laterality="L")}
    cohort = read_cohort(tmp_path, manifest=manifest, corrections=stated)
    assert {(t.key.laterality, t.key.view) for t in cohort.timelines} == {("L", "AP"), ("R", "LAT")}


def test_what_contradicts_itself_is_told(dicom: Write, tmp_path: Path) -> None:
    """Sides that are none, and sides beside one side, in a manifest and in a sidecar."""
    dicom("a.dcm")
    dicom("b.dcm")
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("path,sides,laterality\na.dcm,R R,\nb.dcm,R L,L\n")
    with pytest.raises(ManifestError) as told:
        read_cohort(tmp_path, manifest=manifest)
    assert "sides 'R R' is neither R L nor L R" in told.value.found
    assert "line 3: laterality L with sides R L" in told.value.found
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "c.png")
    (tmp_path / "c.json").write_text(json.dumps({"sides": "R L", "laterality": "R"}))
    with pytest.raises(SidecarError, match="laterality R with sides RL"):
        read_radiograph(tmp_path / "c.png")


def test_a_sidecar_splits_a_picture(tmp_path: Path) -> None:
    """As a manifest does; read as one picture, it shows both."""
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "both.png")
    stated = {"patient_id": "P", "acquisition_date": "2023-01-01", "sides": "L R", "body_part": "HAND"}
    (tmp_path / "both.json").write_text(json.dumps(stated))
    path = tmp_path / "both.png"
    assert images_of(read_cohort(tmp_path)) == [("L", f"{path} limb 1"), ("R", f"{path} limb 2")]
    assert read_radiograph(path).acquisition.laterality == "B"
