"""Measure films into a workspace, with progress and a way to stop. It runs in any thread, and measures in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path

from calcitrack.assess import AssessOptions
from calcitrack.assess.options import unflat
from calcitrack.batch import Stopped, count_images, iter_assessments, keep_in
from calcitrack.errors import InvalidValueError
from calcitrack.io.cohort.corrections import Corrections
from calcitrack.io.cohort.read import read_cohort
from calcitrack.io.workspace import Workspace
from calcitrack.io.workspace.database import FILE
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import Cohort
from calcitrack.model.display import counted
from calcitrack.model.image import Acquisition
from calcitrack.model.progress import Stage
from calcitrack.model.timeline import Exposure, TimelineKey

Tell = Callable[[int, int, str], None]
"""Called with (steps done, steps in all, what is being done)."""
WORKERS = 1
"""Processes that measure: one, so that the reader's program stays quick."""


def measure_into(folder: Path, paths: Sequence[str], tell: Tell, stopped: Stopped, options: AssessOptions | None = None) -> tuple[str, ...]:
    """Measure files with what readers stated of them in a workspace, and keep each timeline there as soon as it is done.

    Parameters
    ----------
    folder
        Folder of the workspace, which is made where there is none.
    paths
        Files, folders, archives.
    tell
        Called with the progress.
    stopped
        Asked at least once in half a second. As soon as it answers true, the measuring process is killed.
    options
        Settings of the verbs; defaults when ``None``.

    Returns
    -------
    Ids of the assessments.

    Raises
    ------
    InvalidValueError
        There is no radiograph among the files.
    StoppedError
        ``stopped`` answered true. What was finished before is in the workspace.
    CalcitrackError
        A file or the workspace cannot be used.
    """
    cohort = read_cohort(list(paths), recorded=_recorded(folder))
    if not cohort.timelines:
        raise InvalidValueError(f"found no radiograph among {counted(len(paths), 'opened file')}; open DICOM files, or the samples in the File menu")
    with Workspace.create(folder) as workspace:
        return tuple(a.assessment_id for a in _measured(workspace, cohort, paths, tell, stopped, options))


def _recorded(folder: Path) -> Corrections:
    if not (folder / FILE).is_file():
        return {}
    with Workspace.open(folder, reading=True) as workspace:
        return workspace.corrections()


def measure_again(folder: Path, assessment_id: str, image: str, tell: Tell, stopped: Stopped) -> str:
    """Measure the films of a patient again, with what readers state of them now and otherwise with the settings of before.

    Timelines that did not change are not measured.

    Parameters
    ----------
    folder
        Folder of the workspace.
    assessment_id, image
        A recorded assessment, and one of its films (its `Exposure.image_id`).
    tell, stopped
        As for `measure_into`.

    Returns
    -------
    Id of the assessment in which the film is now: a side, view or date that a reader states puts it on another timeline.

    Raises
    ------
    InvalidValueError
        The settings of before cannot be had again, the files are not what they were, or the film could not be measured.
    StoppedError
        As for `measure_into`.
    CalcitrackError
        A file or the workspace cannot be used.
    """
    with Workspace.open(folder) as workspace:
        was = workspace.assessment(assessment_id)
        options = unflat(next((s.parameters for s in was.provenance.steps if s.name == "assess"), {}))
        known = _films_of_the_patient(workspace, was)
        cohort = _cohort(known, workspace.corrections())
        assessments = _measured(workspace, cohort, cohort_paths(known), tell, stopped, options)
        found = next((a.assessment_id for a in assessments if any(i.exposure.image_id == image for i in a.images)), None)
        if found is None:
            unread = [str(f.error) for a in assessments for f in a.failures if f.exposure.image_id == image]
            reasons = "; ".join([*(f.reason for f in workspace.failures()), *unread])
            raise InvalidValueError(f"the film could not be measured with what is stated of it ({reasons or 'no reason known'}); undo it")
    return found


def _films_of_the_patient(workspace: Workspace, assessment: Assessment) -> dict[str, Exposure]:
    """Path -> film, for every film of the patient on record; only for the films of the assessment where no patient is stated."""
    patient = assessment.key.patient_id
    others = [r.assessment_id for r in workspace.assessments() if patient and r.key.patient_id == patient]
    assessments = [assessment, *(workspace.assessment(name) for name in others if name != assessment.assessment_id)]
    exposures = [*(i.exposure for a in assessments for i in a.images), *(f.exposure for a in assessments for f in a.failures)]
    return {e.source: e for e in exposures}


def cohort_paths(sources: Iterable[str]) -> tuple[str, ...]:
    """Files and archives in which films lie, each once."""
    return tuple(dict.fromkeys(s if Path(s).is_file() else s.split("!", 1)[0] for s in sources))


def _cohort(known: dict[str, Exposure], corrections: Corrections) -> Cohort:
    """The films as their files state them now, with what readers state.

    Raises
    ------
    InvalidValueError
        A file states something else than when it was measured, because a manifest or pseudonyms were used then.
    """
    cohort = read_cohort(list(cohort_paths(known)), recorded=corrections)
    timelines = tuple(t for t in cohort.timelines if any(e.source in known for p in t.time_points for e in p.exposures))
    for exposure in (e for t in timelines for p in t.time_points for e in p.exposures if e.source in known):
        was = known[exposure.source]
        before = {name: value for name, value in _facts(was.acquisition).items() if not _stated(was, exposure, name)}
        if any(_facts(exposure.acquisition)[name] != value for name, value in before.items()):
            raise InvalidValueError(
                f"{exposure.source}: the file tells otherwise than when it was measured, perhaps with a manifest or pseudonyms; what you stated is "
                "kept: measure the folder again with `calcitrack measure`, the same options and this workspace"
            )
    return Cohort(timelines, cohort.files)


def _facts(acquisition: Acquisition) -> dict[str, object]:
    return {
        "patient_id": acquisition.patient_id,
        "body_part": acquisition.body_part_examined,
        "laterality": acquisition.laterality,
        "view": acquisition.view_position,
        "date": acquisition.acquisition_time,
    }


def _stated(was: Exposure, now: Exposure, name: str) -> bool:
    """Whether a reader stated it, then or now."""
    return bool(getattr(was.correction, name, None) or getattr(now.correction, name, None))


def _measured(
    workspace: Workspace, cohort: Cohort, paths: Iterable[str], tell: Tell, stopped: Stopped, options: AssessOptions | None
) -> list[Assessment]:
    """Measure in a worker process, as the batch does; a film whose decoder crashes costs its timeline, and never this process."""
    kept = keep_in(workspace, cohort, options=options, inputs=paths)
    steps = len(Stage) * sum(count_images(t) for t in kept.left)
    begun = count()

    def observe(_timeline: TimelineKey, stage: Stage, source: str) -> None:
        tell(min(next(begun), steps), steps, f"{stage} {Path(source.rsplit('!', 1)[-1]).name}")

    outcomes = iter_assessments(cohort, options=options, workers=WORKERS, kept=kept, observe=observe, stopped=stopped)
    with closing(outcomes):
        assessments = [outcome for outcome in outcomes if isinstance(outcome, Assessment)]
    tell(steps, steps, "done")
    return assessments
