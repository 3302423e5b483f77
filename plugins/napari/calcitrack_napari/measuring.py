"""Measuring opened images into a workspace, in the background, with progress and a way to stop. No Qt here: it runs in any thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from calcitrack import AssessOptions, assess, read_cohort
from calcitrack.batch import count_images
from calcitrack.errors import InvalidValueError
from calcitrack.io.workspace import Workspace
from calcitrack.model.cohort import Cohort, TimelineFailure
from calcitrack_napari.layers import METADATA

Tell = Callable[[int, int, str], None]
"""Called with (steps done, steps in all, what is being done)."""
STAGES = ("read", "calibrate", "segment", "align", "measure")
"""Stages of an image, as `calcitrack.assess` tells of them."""


class StoppedError(Exception):
    """The reader has stopped it; what was finished before is in the workspace."""


def opened_paths(layers: Iterable[Any]) -> tuple[str, ...]:
    """Files from which the layers of a viewer were read, each once, in their order."""
    told = (layer.metadata.get(METADATA, {}).get("path", "") for layer in layers if hasattr(layer, "metadata"))
    return tuple(dict.fromkeys(path for path in told if path))


def measure_into(
    folder: Path, paths: Sequence[str], tell: Tell, stopped: Callable[[], bool], options: AssessOptions | None = None
) -> tuple[str, ...]:
    """Measure files, and keep each timeline in a workspace as soon as it is done.

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
    cohort = read_cohort(list(paths))
    if not cohort.timelines:
        raise InvalidValueError(f"found no radiograph among {len(paths)} opened files; open DICOM files, or the samples in the File menu")
    made = []
    with Workspace.create(folder) as workspace:
        run = workspace.start_run(options=options, inputs=paths, files=cohort.files)
        for assessment in _assessed(cohort, tell, stopped, options):
            if isinstance(assessment, TimelineFailure):
                workspace.fail(assessment, run=run)
            else:
                made.append(workspace.record(assessment, run=run).assessment_id)
        workspace.finish_run(run)
    return tuple(made)


def _assessed(cohort: Cohort, tell: Tell, stopped: Callable[[], bool], options: AssessOptions | None):  # type: ignore[no-untyped-def]
    """Each timeline's outcome. One that fails unexpectedly is a failure, and the others go on, as in the batch."""
    total = len(STAGES) * sum(count_images(t) for t in cohort.timelines)
    done = 0

    def observe(stage: str, source: str) -> None:
        nonlocal done
        if stopped():
            raise StoppedError
        tell(min(done, total), total, f"{stage} {Path(source.rsplit('!', 1)[-1]).name}")
        done += 1

    for timeline in cohort.timelines:
        try:
            yield assess(timeline, options=options, observe=observe)
        except StoppedError:
            raise
        except Exception as error:
            sources = tuple(e.source for t in timeline.time_points for e in t.exposures)
            yield TimelineFailure(timeline.key, " ".join(str(error).split()) or type(error).__name__, sources)
    tell(total, total, "done")
