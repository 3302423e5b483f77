"""Simulated films as files: DICOM radiographs, and the truth of each as JSON, label map and bone mask."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import cv2
import numpy as np

from calcitrack.errors import InvalidValueError, ResultsError
from calcitrack.io.cohort.course_files import LABS, TREATMENTS, write_labs, write_treatments
from calcitrack.io.phantom.dicom import phantom_dataset
from calcitrack.model.course import PatientCourse
from calcitrack.phantom.course import DiseaseCourse, draw_plan
from calcitrack.phantom.planned_patient import planned_person
from calcitrack.phantom.population import ANY_FILM, ANYBODY, Exposures, Population, random_patient, random_visits
from calcitrack.phantom.simulate import DepositTruth, SimulatedFilm, simulate
from calcitrack.phantom.specs import PatientSpec, VisitSpec

_INDEX_COLUMNS = ("patient", "stem", "sop_instance_uid", "path")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhantomSetOptions:
    """Settings of a set of simulated patients.

    Parameters
    ----------
    patients
        People in the set, named by seed and number: PH1-001, PH1-002, ... for seed 1, so that people of two seeds stay apart.
    seed
        Decides everything; equal options give equal files.
    population, exposures
        Distributions of people and films.
    course
        Course of each patient's disease as a whole; ``None`` lets every deposit change independently.
    """

    patients: int = 5
    seed: int = 1
    population: Population = ANYBODY
    exposures: Exposures = ANY_FILM
    course: DiseaseCourse | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.patients <= 9999:
            raise InvalidValueError(f"a phantom set has 1 to 9999 patients; found {self.patients}")
        if self.seed < 0:
            raise InvalidValueError(f"a seed is not negative; found {self.seed}")
        if self.course is not None:
            draw_plan(np.random.default_rng(0), self.course, self.population.visits)  # raises for too few visits before anything is written


@dataclass(frozen=True, slots=True)
class WrittenFilm:
    """One film of a set: patient, name, UID and file."""

    patient: str
    stem: str
    sop_instance_uid: str
    path: Path


def write_phantom_set(
    folder: str | PathLike[str], options: PhantomSetOptions, progress: Callable[[int, int], None] | None = None
) -> tuple[WrittenFilm, ...]:
    """Simulate patients and write their films as ``PATIENT/VISIT.dcm`` and the truth below ``truth/``.

    Of patients who are treated, ``treatments.csv`` and ``labs.csv`` lie beside their folders.

    Parameters
    ----------
    folder
        New or empty; created when missing.
    options
        Settings of the set.
    progress
        Called after each patient with (patients done, patients in all).

    Returns
    -------
    tuple of WrittenFilm
        In the order of ``truth/index.csv``.

    Raises
    ------
    ResultsError
        The folder holds other files, or cannot be written.
    """
    target = Path(folder)
    _make_empty(target)
    written: list[WrittenFilm] = []
    courses: list[PatientCourse] = []
    for k in range(options.patients):
        patient, visits, course = _person(options, k)
        written.extend(write_phantom_film(target, simulate(patient, v)) for v in visits)
        courses.append(course)
        if progress is not None:
            progress(k + 1, options.patients)
    with (target / "truth" / "index.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(_INDEX_COLUMNS)
        writer.writerows((w.patient, w.stem, w.sop_instance_uid, w.path.relative_to(target).as_posix()) for w in written)
    if options.course is DiseaseCourse.TREATED:
        write_treatments(target / TREATMENTS, [t for c in courses for t in c.treatments])
        write_labs(target / LABS, [r for c in courses for r in c.labs])
    return tuple(written)


def _person(options: PhantomSetOptions, number: int) -> tuple[PatientSpec, tuple[VisitSpec, ...], PatientCourse]:
    """Person `number` (from 0) of a set, their exposures, and their treatments and laboratory results."""
    rng = np.random.default_rng([options.seed, number, 51])
    name = f"PH{options.seed}-{number + 1:03d}"
    if options.course is None:
        patient = random_patient(rng, options.population, name)
        return patient, random_visits(rng, patient, options.population.visits, options.exposures), PatientCourse(name)
    plan = draw_plan(rng, options.course, options.population.visits)
    patient, visits = planned_person(rng, plan, options.population, options.exposures, name)
    return patient, visits, PatientCourse(name, plan.treatments(name), plan.labs(rng, name))


def write_phantom_film(folder: Path, film: SimulatedFilm, truth_folder: Path | None = None) -> WrittenFilm:
    """Write one film below `folder`, and its truth below `truth_folder` (``truth`` in the same folder when ``None``)."""
    patient, stem = film.patient.patient_id, film.visit.stem
    path, truth = folder / patient / f"{stem}.dcm", (truth_folder or folder / "truth") / patient
    path.parent.mkdir(parents=True, exist_ok=True)
    truth.mkdir(parents=True, exist_ok=True)
    dataset = phantom_dataset(film)
    dataset.save_as(path, enforce_file_format=True)
    (truth / f"{stem}.json").write_text(json.dumps(truth_record(film), indent=1), encoding="utf-8")
    _write_png(truth / f"{stem}.label.png", film.labels)
    _write_png(truth / f"{stem}.bone.png", film.bone.astype(np.uint8) * np.uint8(255))
    return WrittenFilm(patient, stem, str(dataset.SOPInstanceUID), path)


def truth_record(film: SimulatedFilm) -> dict[str, object]:
    """The truth of a film, in the form of ``truth/PATIENT/VISIT.json``."""
    visit = film.visit
    wedge = [{"al_mm": s.al_mm, "rows": list(s.rows), "cols": list(s.columns)} for s in film.wedge] or None
    return {
        "patient": film.patient.patient_id,
        "visit": visit.index,
        "retest": visit.repeat > 0,
        "date": visit.date.strftime("%Y%m%d"),
        "style": visit.detector.style.value,
        "body_part": film.patient.body_part.value,
        "laterality": film.patient.laterality,
        "kvp": visit.beam.kvp,
        "pitch_mm": visit.field.pitch_mm,
        "sid_mm": visit.field.sid_mm,
        "wedge": wedge,
        "deposits": [_deposit_record(d) for d in film.deposits],
        "total_ha_mg": sum(d.ha_mg for d in film.deposits),
        "total_volume_mm3": sum(d.volume_mm3 for d in film.deposits),
    }


def _deposit_record(deposit: DepositTruth) -> dict[str, object]:
    return {
        "id": deposit.deposit_id,
        "kind": deposit.form.value,
        "course": deposit.course.value,
        "size_mm": deposit.size_mm,
        "conc_mg_cm3": deposit.conc_mg_cm3,
        "volume_mm3": deposit.volume_mm3,
        "ha_mg": deposit.ha_mg,
        "area_detector_mm2": deposit.area_detector_mm2,
        "magnification": deposit.magnification,
        "area_object_mm2": deposit.area_object_mm2,
        "over_bone": deposit.over_bone,
        "peak_mg_cm2": deposit.peak_mg_cm2,
        "segment": deposit.segment,
        "height_mm": deposit.height_mm,
        "touches": list(deposit.touches),
    }


def _make_empty(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        occupied = next(folder.iterdir(), None)
    except OSError as error:
        raise ResultsError(f"{folder}: cannot be written ({error.strerror}); name a folder that can be made") from error
    if occupied is not None:
        raise ResultsError(f"{folder}: found {occupied.name} in it; a phantom set goes into a new or empty folder; name another one or empty it")
    (folder / "truth").mkdir()


def _write_png(path: Path, image: np.ndarray) -> None:
    done, data = cv2.imencode(".png", image)
    if not done:
        raise ResultsError(f"{path}: the picture could not be encoded as PNG")
    path.write_bytes(data.tobytes())
