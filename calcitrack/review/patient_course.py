"""What a patient was given and what the laboratory found, from files near the films, to be shown beside a review."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from calcitrack.io.cohort.course_files import LABS, TREATMENTS, CourseFiles, course_file_in, read_courses
from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.model.course import PatientCourse


def course_of(workspace: Workspace, assessment: Assessment) -> PatientCourse | None:
    """The course of an assessment's patient; ``None`` where no file states one.

    The files are ``treatments.csv`` and ``labs.csv``, or Excel workbooks of these names. They are looked for in the folders that were measured
    into the workspace, beside the films, and one folder above the films.

    Raises
    ------
    CourseError
        With every problem of the file.
    TablesError
        With every problem of both.
    """
    folders = tuple(dict.fromkeys(_folders(workspace, assessment)))
    return course_in(folders, assessment.key.patient_id)


def course_in(folders: tuple[Path, ...], patient_id: str) -> PatientCourse | None:
    """The course of a patient. Of each kind of file the first that lies in one of the folders is used; raises as `course_of`."""
    treatments, labs = (tuple(p for f in folders if (p := course_file_in(f, name)) is not None)[:1] for name in (TREATMENTS, LABS))
    found = read_courses(CourseFiles(treatments, labs), [patient_id]).of(patient_id)
    return found if found.treatments or found.labs else None


def _folders(workspace: Workspace, assessment: Assessment) -> Iterator[Path]:
    for run in reversed(workspace.runs()):
        yield from (Path(i) for i in run.inputs if Path(i).is_dir())
    for image in assessment.images:
        beside = Path(image.exposure.source.split("!", 1)[0]).parent
        yield from (beside, beside.parent)
