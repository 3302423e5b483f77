"""Tests of the patient."""

from __future__ import annotations

import datetime as dt
import pickle
from itertools import permutations
from types import ModuleType

import pytest

from calcitrack.errors import InvalidValueError
from calcitrack.model.course import Courses, LabResult, PatientCourse, Treatment
from calcitrack.model.image import Acquisition
from calcitrack.model.patient import Patient, patients_of
from calcitrack.model.timeline import Exposure, Timeline, TimelineKey, TimePoint

DAY = dt.date(2021, 3, 8)
PREDNISONE = Treatment(patient_id="P1", name="prednisone", start=DAY)
LDH = LabResult(patient_id="P1", date=DAY, name="LDH", value=300.0)


def _nothing() -> None:
    raise AssertionError("no image is loaded here")


def _timeline(patient: str, side: str = "L", part: str = "HAND", modality: str = "DX", days: tuple[int, ...] = (0,)) -> Timeline:
    exposure = Exposure(Acquisition(), _nothing)  # type: ignore[arg-type]
    points = tuple(TimePoint(n, DAY + dt.timedelta(days=d), (exposure,)) for n, d in enumerate(days, start=1))
    return Timeline(TimelineKey(patient, part, side, "PA", modality), points)


def test_timelines_of_one_patient_come_together_in_any_order() -> None:
    """Law: the order in which timelines are handed over does not matter."""
    timelines = [_timeline("P1", "R"), _timeline("P1", "L"), _timeline("P2"), _timeline("P1", "", "KNEE", "CT")]
    first = patients_of(timelines)
    assert [(p.patient_id, len(p.timelines)) for p in first] == [("P1", 3), ("P2", 1)]
    for order in permutations(timelines):
        again = patients_of(order)
        assert [(p.patient_id, p.timelines) for p in again] == [(p.patient_id, p.timelines) for p in first]


def test_a_patient_says_what_there_are_images_of() -> None:
    """Parts, sides and modalities are listed once; what is not stated is no entry."""
    (patient,) = patients_of([_timeline("P1", "R"), _timeline("P1", "L"), _timeline("P1", "", "KNEE", "CT")])
    assert (patient.body_parts, patient.lateralities, patient.views, patient.modalities) == (("HAND", "KNEE"), ("L", "R"), ("PA",), ("CT", "DX"))


def test_visits_are_the_days_of_all_timelines() -> None:
    """Days that two timelines share count once; first and last are over all of them."""
    (patient,) = patients_of([_timeline("P1", "R", days=(30, 60)), _timeline("P1", "L", days=(0, 30))])
    assert [(d - DAY).days for d in patient.visits] == [0, 30, 60]
    assert (patient.first_date, patient.last_date) == (DAY, DAY + dt.timedelta(days=60))


def test_a_patient_without_dates_has_no_first_day() -> None:
    """No date is stated, so none is made up."""
    timeline = Timeline(TimelineKey("P1"), (TimePoint(1, None, (Exposure(Acquisition(), _nothing),)),))  # type: ignore[arg-type]
    (patient,) = patients_of([timeline])
    assert (patient.visits, patient.first_date, patient.last_date) == ((), None, None)


def test_each_patient_has_the_own_course() -> None:
    """Treatments and laboratory results are found by Patient ID; a patient of whom there is no image is left out."""
    courses = Courses((PatientCourse("P1", (PREDNISONE,), (LDH,)), PatientCourse("P3")))
    first, second = patients_of([_timeline("P2"), _timeline("P1")], courses)
    assert (first.treatments, first.labs) == ((PREDNISONE,), (LDH,))
    assert (second.patient_id, second.treatments, second.labs) == ("P2", (), ())


def test_assessments_are_found_by_the_key_of_their_timeline(made: ModuleType) -> None:
    """Measured and unmeasured timelines of a patient stand beside each other."""
    assessment = made.assessment("P1")
    (patient,) = patients_of([_timeline("P1", "", "KNEE", "CT"), assessment])
    assert patient.assessment_of(assessment.key) is assessment
    assert patient.assessment_of(patient.timelines[0].key) is None
    assert len(patient.keys) == 2
    assert patient.first_date == min(p.date for p in (*assessment.time_points, *patient.timelines[0].time_points))


def test_images_without_a_patient_id_are_not_taken_for_one_person() -> None:
    """Nothing says that two of them show the same patient."""
    patients = patients_of([_timeline("", "R"), _timeline("", "L"), _timeline("P1")])
    assert [p.patient_id for p in patients] == ["", "", "P1"]


def test_what_belongs_to_another_patient_is_refused() -> None:
    """The message names whose it is."""
    with pytest.raises(InvalidValueError, match=r"patient 'P1' has .* of their own; found those of \['P2'\]"):
        Patient("P1", PatientCourse("P1"), (_timeline("P2"),))
    with pytest.raises(InvalidValueError, match=r"found those of \['P2'\]"):
        Patient("P1", PatientCourse("P2"))


def test_two_timelines_of_one_key_are_refused() -> None:
    """They would be counted twice."""
    with pytest.raises(InvalidValueError, match="each of the timelines has a key of its own; found P1 / HAND / L / PA, P1 / HAND / L / PA"):
        patients_of([_timeline("P1"), _timeline("P1")])


def test_a_patient_shows_itself_and_pickles() -> None:
    """A prompt shows what there is; a copy from another process shows the same."""
    (patient,) = patients_of([_timeline("P1")])
    assert repr(patient).splitlines()[0] == "Patient(P1: 1 timeline, 0 assessments, 0 treatments, 0 laboratory results)"
    assert repr(pickle.loads(pickle.dumps(patient))) == repr(patient)  # noqa: S301 our own bytes
