"""Phantom sets on disk: valid files, and truth in the form that the evaluation reads."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from calcitrack.errors import InvalidValueError, ResultsError
from calcitrack.io.cohort.course_files import find_course_files, read_courses
from calcitrack.io.cohort.read import read_cohort
from calcitrack.io.images.read import read_radiograph
from calcitrack.io.phantom.files import PhantomSetOptions, WrittenFilm, write_phantom_set
from calcitrack.model.calibration import Relationship, Tier
from calcitrack.phantom.course import DiseaseCourse
from calcitrack.phantom.population import Exposures, Population
from calcitrack.phantom.specs import BodyPart, Style

PITCH_MM = (0.5, 0.5)


def small_set(
    folder: Path, style: Style, *, part: BodyPart = BodyPart.HAND, patients: int = 1, visits: int = 1, seed: int = 4
) -> tuple[WrittenFilm, ...]:
    """Films of 0.5 mm pixels."""
    population = Population(body_part=part, burden="moderate", visits=visits)
    exposures = Exposures(style=style, pitch_mm=PITCH_MM, repeat_last=visits > 1, wedge=style is Style.PRESENTATION, cut=0.0)
    return write_phantom_set(folder, PhantomSetOptions(patients=patients, seed=seed, population=population, exposures=exposures))


@pytest.mark.parametrize("style", list(Style))
def test_files_are_read_back_with_their_meaning(tmp_path: Path, style: Style) -> None:
    """LIN and LOG films come back as tier A with their relationship, the others as tier C; larger is denser in each."""
    (film,) = small_set(tmp_path / "set", style)
    radiograph = read_radiograph(film.path)
    expected = {Style.LIN: Relationship.LIN, Style.LOG: Relationship.LOG}.get(style, Relationship.UNKNOWN)
    assert radiograph.calibration.relationship is expected
    assert (radiograph.calibration.tier is Tier.A) is (style in (Style.LIN, Style.LOG))
    bone = cv2.imread(str(tmp_path / "set/truth/PH4-001/visit1.bone.png"), cv2.IMREAD_UNCHANGED) > 0
    assert bone.shape == radiograph.shape
    assert np.median(radiograph.pixels[bone]) > np.median(radiograph.pixels[~bone])


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy is not installed")
@pytest.mark.parametrize("part", list(BodyPart))
@pytest.mark.parametrize("style", list(Style))
def test_files_pass_the_dicom_validator(tmp_path: Path, style: Style, part: BodyPart) -> None:
    """Dciodvfy finds no error in any kind of file of any body part."""
    (film,) = small_set(tmp_path / "set", style, part=part)
    report = subprocess.run(["dciodvfy", str(film.path)], capture_output=True, text=True, check=False)  # noqa: S603, S607  # the validator on our own file
    assert "Error" not in report.stderr + report.stdout


def test_truth_matches_the_label_map(tmp_path: Path) -> None:
    """Every deposit of the JSON has its pixels in the label map, as many as its area states unless another one lies over it."""
    small_set(tmp_path / "set", Style.PRESENTATION)
    truth = json.loads((tmp_path / "set/truth/PH4-001/visit1.json").read_text())
    labels = cv2.imread(str(tmp_path / "set/truth/PH4-001/visit1.label.png"), cv2.IMREAD_UNCHANGED)
    assert labels.dtype == np.uint16
    assert truth["deposits"]
    assert set(np.unique(labels)) - {0} <= {d["id"] for d in truth["deposits"]}
    for d in truth["deposits"]:
        assert (labels == d["id"]).sum() * truth["pitch_mm"] ** 2 <= d["area_detector_mm2"] * 1.0001
    assert truth["total_ha_mg"] == pytest.approx(sum(d["ha_mg"] for d in truth["deposits"]))
    assert [s["al_mm"] for s in truth["wedge"]]


def test_films_that_differ_never_share_a_uid(tmp_path: Path) -> None:
    """The same seed on another kind of file or body part gives other SOP Instance UIDs; the same options give the same one."""
    uids = [small_set(tmp_path / s, s)[0].sop_instance_uid for s in Style]
    uids.append(small_set(tmp_path / "foot", Style.CR, part=BodyPart.FOOT)[0].sop_instance_uid)
    assert len(set(uids)) == len(uids)
    assert small_set(tmp_path / "again", Style.CR)[0].sop_instance_uid == uids[list(Style).index(Style.CR)]


def test_index_names_every_film_and_its_uid(tmp_path: Path) -> None:
    """index.csv has one row for each film, repeats included, with the UID of the file."""
    films = small_set(tmp_path / "set", Style.LIN, patients=2, visits=2)
    with (tmp_path / "set/truth/index.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [r["stem"] for r in rows] == ["visit1", "visit2", "visit2-retest"] * 2
    for row, film in zip(rows, films, strict=True):
        assert read_radiograph(tmp_path / "set" / row["path"]).acquisition.sop_instance_uid == row["sop_instance_uid"] == film.sop_instance_uid


def test_people_of_different_seeds_are_different_patients(tmp_path: Path) -> None:
    """Sets of two seeds in one folder are as many timelines as people, each named by seed and number."""
    for seed in (4, 5):
        small_set(tmp_path / f"seed{seed}", Style.LOG, patients=2, seed=seed)
    timelines = read_cohort(tmp_path).timelines
    assert [t.key.patient_id for t in timelines] == ["PH4-001", "PH4-002", "PH5-001", "PH5-002"]
    assert [len(t.time_points) for t in timelines] == [1] * 4


def test_equal_options_give_equal_files(tmp_path: Path) -> None:
    """Two sets of the same options are the same, byte by byte."""
    one, two = small_set(tmp_path / "one", Style.LOG), small_set(tmp_path / "two", Style.LOG)
    assert one[0].path.read_bytes() == two[0].path.read_bytes()


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    """A folder that holds something is refused, by the name of what is in it."""
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ResultsError, match=r"found notes\.txt in it; a phantom set goes into a new or empty folder"):
        small_set(tmp_path, Style.LIN)


def test_a_treated_set_holds_what_was_given_and_measured(tmp_path: Path) -> None:
    """Films on the plan's dates; treatments begin after the second of four visits; a value of each enzyme a visit; the truth grows, then does not."""
    population = Population(burden="moderate", visits=4)
    exposures = Exposures(style=Style.LIN, pitch_mm=PITCH_MM, cut=0.0)
    write_phantom_set(
        tmp_path / "set", PhantomSetOptions(patients=1, seed=4, population=population, exposures=exposures, course=DiseaseCourse.TREATED)
    )
    (timeline,) = read_cohort(tmp_path / "set").timelines
    course = read_courses(find_course_files([tmp_path / "set"], None, None), ["PH4-001"]).of("PH4-001")
    dates = [p.date for p in timeline.time_points]
    assert all(dates[1] < p.start < dates[2] for p in course.periods)
    assert sorted({r.date for r in course.labs}) == dates
    truth = [json.loads((tmp_path / f"set/truth/PH4-001/visit{k}.json").read_text()) for k in range(1, 5)]
    assert truth[1]["total_volume_mm3"] > 1.02 * truth[0]["total_volume_mm3"]
    assert all("touches" in d for t in truth for d in t["deposits"])


def test_other_courses_have_no_treatments(tmp_path: Path) -> None:
    """A stable set is films and truth alone."""
    population, exposures = Population(burden="moderate", visits=2), Exposures(style=Style.LIN, pitch_mm=PITCH_MM, cut=0.0)
    write_phantom_set(
        tmp_path / "set", PhantomSetOptions(patients=1, seed=4, population=population, exposures=exposures, course=DiseaseCourse.STABLE)
    )
    assert sorted(p.name for p in (tmp_path / "set").iterdir()) == ["PH4-001", "truth"]
    first, second = (json.loads((tmp_path / f"set/truth/PH4-001/visit{k}.json").read_text()) for k in (1, 2))
    assert [d["volume_mm3"] for d in first["deposits"]] == [d["volume_mm3"] for d in second["deposits"]]


def test_too_few_visits_for_a_treatment_are_refused() -> None:
    """Before anything is written, with what is needed."""
    with pytest.raises(InvalidValueError, match="a treated course has at least 4 visits; found 3"):
        PhantomSetOptions(population=Population(visits=3), course=DiseaseCourse.TREATED)


def test_no_patients_is_refused() -> None:
    """A set without patients is an error that states the range."""
    with pytest.raises(InvalidValueError, match="1 to 9999 patients; found 0"):
        PhantomSetOptions(patients=0)
