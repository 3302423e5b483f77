"""The outcome of every input file, as rows of ``images.csv``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from calcitrack.model.assessment import Assessment, ImageAssessment, ImageFailure
from calcitrack.model.cohort import FileRecord, FileStatus, TimelineFailure
from calcitrack.model.image import Acquisition
from calcitrack.model.measurement import Measurement
from calcitrack.model.timeline import TimelineKey
from calcitrack.tables.cells import Cell, Gap, Row, joined, result_cells
from calcitrack.tables.schema import IMAGES

ImageOfFile = tuple[str, int | None]
"""A file, and which limb of it where its picture shows two (`calcitrack.model.image.Acquisition.limb`)."""
LOST = "its timeline was not assessed"


def _header_cells(acquisition: Acquisition | None) -> dict[str, Cell]:
    if acquisition is None:
        return {}
    return {
        "patient_id": acquisition.patient_id,
        "study_instance_uid": acquisition.study_instance_uid,
        "series_instance_uid": acquisition.series_instance_uid,
        "sop_instance_uid": acquisition.sop_instance_uid,
        "modality": acquisition.modality,
        "body_part": acquisition.body_part_examined,
        "laterality": acquisition.laterality,
        "view": acquisition.view_position,
    }


def _key_cells(key: TimelineKey) -> dict[str, Cell]:
    return {"patient_id": key.patient_id, "body_part": key.body_part, "laterality": key.laterality, "view": key.view}


def _measured_row(assessment: Assessment, image: ImageAssessment) -> tuple[Row, list[Gap]]:
    cells, gaps = result_cells(image.totals, IMAGES)
    mass = image.totals.get("ha_mass_mg")
    return {
        "path": image.exposure.source,
        "status": FileStatus.READ.value,
        **_header_cells(image.exposure.acquisition),
        **_key_cells(assessment.key),
        "time_point": image.time_point,
        "repeat": image.repeat,
        "calibration_tier": image.calibration.tier.value,
        "calibration_reason": image.calibration.reason,
        "spacing_basis": image.spacing.basis.value,
        "row_spacing_mm": image.spacing.row_mm,
        "column_spacing_mm": image.spacing.column_mm,
        "spacing_source": image.spacing.source,
        "deposit_count": len(image.deposits),
        **cells,
        "findings": joined((*image.exposure.findings, *image.findings)),
        "assessment_id": assessment.assessment_id,
        "ha_mass_model": mass.model if isinstance(mass, Measurement) else "",
        "possible_count": len(image.segmentation.possible_values),
    }, gaps


def _failed_row(assessment: Assessment, failure: ImageFailure) -> Row:
    return {
        "path": failure.exposure.source,
        "status": FileStatus.SKIPPED.value if failure.is_copy else FileStatus.FAILED.value,
        "reason": str(failure.error),
        **_header_cells(failure.exposure.acquisition),
        **_key_cells(assessment.key),
        "time_point": failure.time_point,
        "repeat": failure.repeat,
        "findings": joined(failure.exposure.findings),
        "assessment_id": assessment.assessment_id,
    }


def image_gaps(assessment: Assessment) -> Iterator[tuple[Row, list[Gap]]]:
    """Rows of the measured images of one timeline, each with its gaps."""
    for image in assessment.images:
        yield _measured_row(assessment, image)


def outcomes(assessment: Assessment) -> dict[ImageOfFile, Row]:
    """Image of a file -> row, for every exposure of one timeline: what became of it once its pixels were needed."""
    rows = [(i.exposure, _measured_row(assessment, i)[0]) for i in assessment.images]
    rows += [(f.exposure, _failed_row(assessment, f)) for f in assessment.failures]
    return {(file, exposure.acquisition.limb): {**row, "path": file} for exposure, row in rows for file in exposure.files}


def _record_row(record: FileRecord, lost: Mapping[str, str]) -> Row:
    missing = record.status is FileStatus.READ
    status = FileStatus.FAILED if missing else record.status
    return {
        "path": record.source,
        "status": status.value,
        "reason": lost.get(record.source, LOST) if missing else record.reason,
        **_header_cells(record.acquisition),
        "findings": joined(record.findings),
    }


def merged_image_rows(files: Iterable[FileRecord], known: Mapping[ImageOfFile, Row], failures: Iterable[TimelineFailure]) -> Iterator[Row]:
    """One row per image: from its assessment where there is one, else from the scan.

    Parameters
    ----------
    files
        Every input file, in order.
    known
        Image -> row, from `outcomes`; images without a file record (made in memory) follow the files. Of a picture of two limbs each has a row.
    failures
        Timelines that could not be assessed: their files become failed, with the timeline's reason.
    """
    lost = {source: f"{LOST}: {f.reason}" for f in failures for source in f.sources}
    listed = set()
    for record in files:
        listed.add(record.source)
        rows = [known[image] for limb in (None, 1, 2) if (image := (record.source, limb)) in known]
        for row in rows:
            found = str(row.get("findings") or "")
            yield {**row, "findings": joined((*(f for f in record.findings if f not in found), found))}
        if not rows or (record.source in lost and (record.source, None) not in known):
            yield _record_row(record, lost)
    yield from (row for (source, _), row in known.items() if source not in listed)


def image_rows(files: Iterable[FileRecord], assessments: Iterable[Assessment], failures: Iterable[TimelineFailure]) -> Iterator[Row]:
    """Rows of ``images.csv`` for a whole cohort."""
    known: dict[ImageOfFile, Row] = {}
    for assessment in assessments:
        known |= outcomes(assessment)
    return merged_image_rows(files, known, failures)
