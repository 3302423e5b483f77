from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from calcitrack.errors import NotFoundError, ResultsError
from calcitrack.io.cohort.course_files import find_course_files, read_courses
from calcitrack.io.phantom import samples
from calcitrack.io.phantom.samples import check_samples, sample_folder, sample_radiographs, sample_timelines
from calcitrack.model.course import LabFlag


def test_three_people_with_their_visits() -> None:
    """Two timelines of four time points with a repeat exposure at the last; one of seven, each exposed twice."""
    timelines = sample_timelines()
    assert [t.key.patient_id for t in timelines] == ["DEV03", "DEV04", "TREATED01"]
    assert [[len(p.exposures) for p in t.time_points] for t in timelines] == [[1, 1, 1, 2], [1, 1, 1, 2], [2] * 7]


def test_the_treated_patient_s_course_is_found_beside_the_films() -> None:
    """Two drugs and a steroid in three doses, begun after the third visit and after the fourth; the enzymes fall below their limits."""
    files = find_course_files([sample_radiographs()], None, None)
    course = read_courses(files, [t.key.patient_id for t in sample_timelines()]).of("TREATED01")
    dates = [p.date for p in sample_timelines()[-1].time_points]
    periods = {p.name: p for p in course.periods}
    assert {name: len(p.doses) for name, p in periods.items()} == {"methotrexate": 1, "prednisolone": 3, "abatacept": 1}
    assert dates[2] < periods["methotrexate"].start < dates[3] < periods["abatacept"].start < dates[4]
    assert [d.dose for d in periods["prednisolone"].doses] == [20, 10, 5]
    flags = {name: [r.flag for r in course.labs if r.name == name] for name in course.lab_names()}
    assert set(flags) == {"CK", "LDH", "aldolase"}
    assert all(f[:3] == [LabFlag.HIGH] * 3 and f[-1] is LabFlag.WITHIN for f in flags.values())


def test_the_shipped_files_are_what_the_manifest_says() -> None:
    """Every file has its hash."""
    assert check_samples() >= 10


def test_a_changed_file_is_named(tmp_path: Path) -> None:
    """A damaged copy is refused, and the message names the file."""
    shutil.copytree(sample_folder(), tmp_path / "copy")
    victim = tmp_path / "copy" / "radiographs" / "DEV03" / "visit1.dcm"
    victim.chmod(0o644)
    victim.write_bytes(victim.read_bytes()[:-1])
    with pytest.raises(ResultsError, match=r"missing or changed: radiographs/DEV03/visit1\.dcm; install"):
        check_samples(tmp_path / "copy")


def test_a_package_without_samples_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the data were left out, the error says what to install."""
    monkeypatch.setattr(samples, "_PLACES", (tmp_path,))
    with pytest.raises(NotFoundError, match="install calcitrack from a wheel"):
        sample_folder()
