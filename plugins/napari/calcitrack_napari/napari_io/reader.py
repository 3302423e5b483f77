"""What napari opens: a DICOM file, a folder or archive of them, a results folder, a workspace, and the sample data of its menu."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from calcitrack import Timeline, read_cohort, read_radiograph
from calcitrack.errors import NotAnImageFileError
from calcitrack.io.phantom.samples import sample_radiographs
from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.review.film_names import film_name
from calcitrack_napari.napari_io.layers import LayerData, image_layer, labels_layer, numbers_of, possible_layer

Read = Callable[[str | Sequence[str]], list[LayerData]]
WORKSPACE_FILE, RESULTS_FILE = "workspace.sqlite", "provenance.json"


def get_reader(path: str | Sequence[str]) -> Read | None:
    """The function that reads these paths; ``None`` where one of them does not exist."""
    paths = [Path(path)] if isinstance(path, str) else [Path(p) for p in path]
    return read if paths and all(p.exists() for p in paths) else None


def read(path: str | Sequence[str]) -> list[LayerData]:
    """Layers of a file, a folder, a results folder or a workspace.

    Raises
    ------
    CalcitrackError
        Something cannot be read; the message says what to do.
    """
    paths = [Path(path)] if isinstance(path, str) else [Path(p) for p in path]
    layers: list[LayerData] = []
    for p in paths:
        folder = p.parent if p.name == WORKSPACE_FILE else p
        if (folder / WORKSPACE_FILE).is_file():
            layers += workspace_layers(folder)
        elif (p / RESULTS_FILE).is_file():
            layers += results_layers(p)
        elif p.is_dir() or p.suffix.lower() == ".zip" or p.name == "DICOMDIR":
            layers += folder_layers(p)
        else:
            layers.append(image_layer(read_radiograph(p), p.stem, origin={"path": str(p)}))
    return layers


def workspace_layers(folder: Path) -> list[LayerData]:
    """The first timeline of a workspace: each film and its deposits. The widget *Serial review* opens the others, and edits."""
    with Workspace.open(folder, reading=True) as workspace:
        recorded = workspace.assessments()
        if not recorded:
            return []
        assessment = workspace.assessment(recorded[0].assessment_id)
    return assessment_layers(assessment, {"workspace": str(folder), "assessment_id": assessment.assessment_id})


def assessment_layers(assessment: Assessment, origin: dict[str, object]) -> list[LayerData]:
    """Each film of an assessment, its deposits, and its possible ones where there are any."""
    layers = []
    for image in assessment.images:
        name = f"{assessment.key.patient_id} {film_name(image)}".strip()
        facts = {**origin, "path": image.exposure.source}
        layers.append(image_layer(image.exposure.radiograph(), name, image.segmentation.limb, facts))
        layers.append(labels_layer(numbers_of(image), f"deposits, {film_name(image)}", image.spacing, facts))
        if image.segmentation.possible is not None:
            layers.append(possible_layer(image.segmentation.possible, f"possible deposits, {film_name(image)}", image.spacing, facts))
    return layers


def results_layers(folder: Path) -> list[LayerData]:
    """The films of a results folder whose files are still in their places, and their outlines."""
    from calcitrack_napari.napari_io.results import read_outlines

    layers = []
    for film in read_outlines(folder):
        radiograph = read_radiograph(film.source)
        layers.append(image_layer(radiograph, film.name, origin={"path": film.source, "results": str(folder)}))
        origin = {"path": film.source, "results": str(folder)}
        layers.append(labels_layer(film.numbers, f"deposits, {film.name}", radiograph.spacing, origin))
        if film.possible is not None:
            layers.append(possible_layer(film.possible, f"possible deposits, {film.name}", radiograph.spacing, origin))
    return layers


def folder_layers(folder: Path) -> list[LayerData]:
    """Every radiograph of a folder or an archive, by patient and date."""
    timelines = read_cohort(folder).timelines
    if not timelines:
        raise NotAnImageFileError(str(folder), "no radiograph", "a folder, an archive or a DICOMDIR with radiographs", "choose another one")
    return [layer for timeline in timelines for layer in timeline_layers(timeline)]


def timeline_layers(timeline: Timeline) -> list[LayerData]:
    """Every film of a timeline."""
    layers = []
    for point in timeline.time_points:
        for repeat, exposure in enumerate(point.exposures):
            when = f"visit {point.index}{f', repeat {repeat}' if repeat else ''}, {point.date.isoformat() if point.date else 'no date'}"
            layers.append(image_layer(exposure.radiograph(), f"{timeline.key.patient_id} {when}".strip(), origin={"path": exposure.source}))
    return layers


def treated() -> list[LayerData]:
    """Sample data: a child's left hand over seven visits, each exposed twice; deposits grow over three visits, then are treated."""
    return folder_layers(sample_radiographs() / "TREATED01")


def growing() -> list[LayerData]:
    """Sample data: a child's right hand over four visits."""
    return folder_layers(sample_radiographs() / "DEV03")


def severe() -> list[LayerData]:
    """Sample data: severe disease of the left hand over four visits; MONOCHROME1."""
    return folder_layers(sample_radiographs() / "DEV04")
