"""Where a patient's treatments and laboratory values are found for a review."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from calcitrack.io.workspace import Workspace
from calcitrack.model.course import PatientCourse, Treatment
from calcitrack.review.patient_course import course_of
from calcitrack.review.session import ReviewSession


def test_a_course_is_read_from_the_file_beside_the_films(workspace: Workspace, session: ReviewSession, film_folder: Path) -> None:
    """Without a file there is no course."""
    assert course_of(workspace, session.assessment) is None
    file = film_folder / "treatments.csv"
    file.write_text("patient_id,name,start,stop,dose,unit,route\nDRAWN,diltiazem,2021-06-01,,60,mg/d,oral\n")
    try:
        course = course_of(workspace, session.assessment)
    finally:
        file.unlink()
    given = Treatment(patient_id="DRAWN", name="diltiazem", start=dt.date(2021, 6, 1), dose=60.0, unit="mg/d", route="oral")
    assert course == PatientCourse("DRAWN", (given,))
