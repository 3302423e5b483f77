"""A patient: all timelines and assessments of one person, with the course of treatments and laboratory results."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import astuple, dataclass

from calcitrack.errors import InvalidValueError
from calcitrack.model.assessment import Assessment
from calcitrack.model.course import Courses, LabResult, PatientCourse, Treatment
from calcitrack.model.display import Card, Displayed, counted
from calcitrack.model.timeline import Timeline, TimelineKey


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Patient(Displayed):
    """Timelines, assessments and course of one person.

    Parameters
    ----------
    patient_id
        Patient ID as in the images or the manifest; empty where no image states one.
    course
        Treatments and laboratory results.
    timelines
        Of any body part, side, view and modality; one for each key. Kept in order of the key.
    assessments
        What was measured, one for each timeline at most; likewise in order of the key.

    Raises
    ------
    InvalidValueError
        Something belongs to another patient, or two timelines (or two assessments) have one key.

    Examples
    --------
    >>> patient = Patient("P1", PatientCourse("P1", (Treatment(patient_id="P1", name="prednisone", start=dt.date(2021, 3, 1)),)))
    >>> patient
    Patient(P1: 0 timelines, 0 assessments, 1 treatment, 0 laboratory results)
    >>> [treatment.name for treatment in patient.treatments]
    ['prednisone']
    """

    patient_id: str
    course: PatientCourse
    timelines: tuple[Timeline, ...] = ()
    assessments: tuple[Assessment, ...] = ()

    def __post_init__(self) -> None:
        others = sorted({self.course.patient_id, *(k.patient_id for k in self.keys)} - {self.patient_id})
        if others:
            raise InvalidValueError(f"patient {self.patient_id!r} has timelines, assessments and a course of their own; found those of {others}")
        for kind, keys in (("timelines", [t.key for t in self.timelines]), ("assessments", [a.key for a in self.assessments])):
            if len(set(keys)) < len(keys):
                raise InvalidValueError(f"patient {self.patient_id!r}: each of the {kind} has a key of its own; found {', '.join(map(str, keys))}")
        object.__setattr__(self, "timelines", tuple(sorted(self.timelines, key=lambda t: astuple(t.key))))
        object.__setattr__(self, "assessments", tuple(sorted(self.assessments, key=lambda a: astuple(a.key))))

    @property
    def keys(self) -> tuple[TimelineKey, ...]:
        """Keys of all timelines and assessments, each once, in order."""
        return tuple(sorted({t.key for t in self.timelines} | {a.key for a in self.assessments}, key=astuple))

    @property
    def body_parts(self) -> tuple[str, ...]:
        """Body parts of which there are images, in alphabetical order; one that is not stated is left out."""
        return _stated(k.body_part for k in self.keys)

    @property
    def lateralities(self) -> tuple[str, ...]:
        """Sides of which there are images; a side that is not stated is left out."""
        return _stated(k.laterality for k in self.keys)

    @property
    def views(self) -> tuple[str, ...]:
        """Views of which there are images; one that is not stated is left out."""
        return _stated(k.view for k in self.keys)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Modalities of which there are images; one that is not stated is left out."""
        return _stated(k.modality for k in self.keys)

    @property
    def visits(self) -> tuple[dt.date, ...]:
        """Days of which there are images, each once, earliest first."""
        days = {p.date for t in self.timelines for p in t.time_points} | {p.date for a in self.assessments for p in a.time_points}
        return tuple(sorted(day for day in days if day is not None))

    @property
    def first_date(self) -> dt.date | None:
        """Day of the first image; ``None`` where no image states a date."""
        return self.visits[0] if self.visits else None

    @property
    def last_date(self) -> dt.date | None:
        """Day of the last image; ``None`` where no image states a date."""
        return self.visits[-1] if self.visits else None

    @property
    def treatments(self) -> tuple[Treatment, ...]:
        """Treatments, by start."""
        return self.course.treatments

    @property
    def labs(self) -> tuple[LabResult, ...]:
        """Laboratory results, by date."""
        return self.course.labs

    def assessment_of(self, key: TimelineKey) -> Assessment | None:
        """The assessment of one timeline; ``None`` where it was not measured."""
        return next((a for a in self.assessments if a.key == key), None)

    def _card(self) -> Card:
        facts = (
            counted(len(self.keys), "timeline"),
            counted(len(self.assessments), "assessment"),
            counted(len(self.treatments), "treatment"),
            counted(len(self.labs), "laboratory result"),
        )
        rows = tuple((str(k), k.modality, "no" if self.assessment_of(k) is None else "yes") for k in self.keys)
        return Card("Patient", self.patient_id or "unknown patient", facts, ("timeline", "modality", "assessed"), rows)


def patients_of(content: Iterable[Timeline | Assessment], courses: Courses | None = None) -> tuple[Patient, ...]:
    """The patients to whom timelines and assessments belong.

    Parameters
    ----------
    content
        Such as ``cohort.timelines``, ``cohort_assessment.assessments``, or both.
    courses
        Treatments and laboratory results. Patients of whom there is nothing else are left out.

    Returns
    -------
    In order of the patient. Timelines without a Patient ID may be of different people: each becomes a patient of its own.

    Examples
    --------
    >>> from calcitrack.model.image import Acquisition
    >>> from calcitrack.model.timeline import Exposure, TimePoint
    >>> def timeline(patient, side):
    ...     exposure = Exposure(Acquisition(), load=None)
    ...     return Timeline(TimelineKey(patient, "HAND", side), (TimePoint(1, dt.date(2021, 3, 8), (exposure,)),))
    >>> for patient in patients_of([timeline("P2", "L"), timeline("P1", "R"), timeline("P1", "L")]):
    ...     print(patient.patient_id, patient.body_parts, patient.lateralities)
    P1 ('HAND',) ('L', 'R')
    P2 ('HAND',) ('L',)
    """
    courses = courses or Courses()
    groups: dict[tuple[str, ...], list[Timeline | Assessment]] = {}
    for item in content:
        groups.setdefault((item.key.patient_id,) if item.key.patient_id else astuple(item.key), []).append(item)
    return tuple(
        Patient(
            name,
            courses.of(name),
            tuple(i for i in items if isinstance(i, Timeline)),
            tuple(i for i in items if isinstance(i, Assessment)),
        )
        for (name, *_), items in sorted(groups.items(), key=lambda group: group[0])
    )


def _stated(terms: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(terms) - {""}))
