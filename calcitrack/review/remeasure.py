"""Measuring films into a workspace, in the background, with progress and a way to stop. No Qt here: it runs in any thread."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path

from calcitrack.assess import AssessOptions, assess
from calcitrack.assess.options import unflat
from calcitrack.batch import count_images, keep_in
from calcitrack.batch.one import Outcome
from calcitrack.batch.resume import going_on
from calcitrack.biplane.combine import combined
from calcitrack.errors import InvalidValueError
from calcitrack.io.cohort.corrections import Corrections
from calcitrack.io.cohort.read import read_cohort
from calcitrack.io.workspace import KeptRun, Workspace
from calcitrack.io.workspace.database import FILE
from calcitrack.io.workspace.document import identity
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import Cohort, TimelineFailure
from calcitrack.model.image import Acquisition
from calcitrack.model.progress import Stage
from calcitrack.model.timeline import Exposure, Timeline

Tell = Callable[[int, int, str], None]
"""Called with (steps done, steps in all, what is being done)."""


class StoppedError(Exception):
    """The reader has stopped it; what was finished before is in the workspace."""


def measure_into(
    folder: Path, paths: Sequence[str], tell: Tell, stopped: Callable[[], bool], options: AssessOptions | None = None
) -> tuple[str, ...]:
    """Measure files, and keep each timeline in a workspace as soon as it is done; what readers stated there of their films is honoured.

    Parameters
    ----------
    folder
        Of the workspace, which is made where there is none.
    paths
        Files, folders, archives.
    tell
        Progress.
    stopped
        Asked between stages; once it says yes, the timeline under way is let go.

    Returns
    -------
    Ids of the assessments.

    Raises
    ------
    InvalidValueError
        No radiograph among the files.
    StoppedError
        It was stopped.
    CalcitrackError
        A file or the workspace cannot be used.
    """
    cohort = read_cohort(list(paths), recorded=_recorded(folder))
    if not cohort.timelines:
        raise InvalidValueError(f"found no radiograph among {len(paths)} opened files; open DICOM files, or the samples in the File menu")
    with Workspace.create(folder) as workspace:
        return tuple(a.assessment_id for a in _kept(workspace, cohort, paths, tell, stopped, options))


def _recorded(folder: Path) -> Corrections:
    if not (folder / FILE).is_file():
        return {}
    with Workspace.open(folder, reading=True) as workspace:
        return workspace.corrections()


def measure_again(folder: Path, assessment_id: str, image: str, tell: Tell, stopped: Callable[[], bool]) -> str:
    """Measure the films of a patient again, with what readers state of them now and otherwise as before; what did not change is not measured.

    Parameters
    ----------
    assessment_id, image
        A recorded assessment, and one of its films (`identity`).
    tell, stopped
        As for `measure_into`.

    Returns
    -------
    Id of the assessment in which the film is now: a side, view or date that a reader states puts it on another timeline.

    Raises
    ------
    InvalidValueError
        The files are not what they were, or the film could not be measured.
    StoppedError
        It was stopped.
    CalcitrackError
        A file or the workspace cannot be used.
    """
    with Workspace.open(folder) as workspace:
        was = workspace.assessment(assessment_id)
        known = _films_of_the_patient(workspace, was)
        cohort = _cohort(known, workspace.corrections())
        told = next((s.parameters for s in was.provenance.steps if s.name == "assess"), {})
        made = _kept(workspace, cohort, [*cohort_paths(known)], tell, stopped, unflat(told))
        found = next((a.assessment_id for a in made if any(identity(i.exposure) == image for i in a.images)), None)
        if found is None:
            lost = [f.reason for f in workspace.failures()] + [str(f.error) for a in made for f in a.failures if identity(f.exposure) == image]
            raise InvalidValueError(f"the film could not be measured with what is stated of it ({'; '.join(lost) or 'no reason known'}); undo it")
    return found


def _films_of_the_patient(workspace: Workspace, assessment: Assessment) -> dict[str, Exposure]:
    """Path -> every film of the patient that is on record; of the assessment alone where no patient is stated."""
    patient = assessment.key.patient_id
    others = [r.assessment_id for r in workspace.assessments() if patient and r.key.patient_id == patient]
    held = [assessment, *(workspace.assessment(name) for name in others if name != assessment.assessment_id)]
    exposures = [*(i.exposure for a in held for i in a.images), *(f.exposure for a in held for f in a.failures)]
    return {e.source: e for e in exposures}


def cohort_paths(sources: Iterable[str]) -> tuple[str, ...]:
    """Files and archives in which films lie, each once."""
    return tuple(dict.fromkeys(s if Path(s).is_file() else s.split("!", 1)[0] for s in sources))


def _cohort(known: dict[str, Exposure], corrections: Corrections) -> Cohort:
    """The films as their files tell of them now, with what readers state.

    Raises
    ------
    InvalidValueError
        A file tells otherwise than when it was measured, because a manifest or pseudonyms were used then.
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


def _kept(
    workspace: Workspace, cohort: Cohort, paths: Iterable[str], tell: Tell, stopped: Callable[[], bool], options: AssessOptions | None
) -> list[Assessment]:
    """The assessments of a run that the workspace keeps, composed as the batch composes them."""
    kept = keep_in(workspace, cohort, options=options, inputs=paths)
    alone = going_on(cohort.timelines, kept, lambda left: _assessed(left, tell, stopped, options))
    return _outcomes(alone, cohort, kept, options)


def _outcomes(alone: Iterable[Outcome], cohort: Cohort, kept: KeptRun, options: AssessOptions | None) -> list[Assessment]:
    made = []
    for outcome in combined(alone, options=options.measure if options else None, coming=(t.key for t in cohort.timelines)):
        kept.keep(outcome)
        if isinstance(outcome, Assessment):
            made.append(outcome)
    kept.finish()
    return made


def _assessed(timelines: Sequence[Timeline], tell: Tell, stopped: Callable[[], bool], options: AssessOptions | None) -> Generator[Outcome]:
    """Each timeline's outcome. One that fails unexpectedly is a failure, and the others go on, as in the batch."""
    total = len(Stage) * sum(count_images(t) for t in timelines)
    done = 0

    def observe(stage: Stage, source: str) -> None:
        nonlocal done
        if stopped():
            raise StoppedError
        tell(min(done, total), total, f"{stage} {Path(source.rsplit('!', 1)[-1]).name}")
        done += 1

    for timeline in timelines:
        try:
            yield assess(timeline, options=options, observe=observe)
        except StoppedError:
            raise
        except Exception as error:
            sources = tuple(e.source for t in timeline.time_points for e in t.exposures)
            yield TimelineFailure(timeline.key, " ".join(str(error).split()) or type(error).__name__, sources)
    tell(total, total, "done")
