"""Assessments as tables: deposits, timelines, events, and the reasons for missing values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

import pandas as pd

from calcitrack.model.assessment import (
    NOTHING_READ,
    Assessment,
    Change,
    DepositId,
    Fate,
    ImageAssessment,
    TimePointSummary,
    TrackedDeposit,
    ordered,
    unread_reasons,
)
from calcitrack.model.cohort import CohortAssessment
from calcitrack.model.image import Acquisition
from calcitrack.model.measurement import Measurement, NotMeasurable, Result, value_of
from calcitrack.model.possible import possible_deposits
from calcitrack.model.segmentation import Evidence
from calcitrack.model.timeline import TimelineKey
from calcitrack.tables import joint
from calcitrack.tables.cells import NOT_PRODUCED, Cell, Gap, Row, frame, joined, result_cells
from calcitrack.tables.images import image_gaps, image_rows
from calcitrack.tables.schema import DEPOSITS, EVENTS, IMAGES, NOT_MEASURABLE, OWN_MEASURANDS, POSSIBLE, TIMELINE

NO_RELATIVE = "the earlier total is zero, so there is no ratio"
AT_BASELINE = "the first time point has no earlier one to be compared with"
NONE_EARLIER = "no image of an earlier time point could be read and measured"

_WITH_COLUMN = frozenset((*DEPOSITS.names, *IMAGES.names, *TIMELINE.names))
"""All measurands that may have their own column."""
_CHANGES = {"area_mm2": ("area", "mm2"), "ha_mass_mg": ("ha_mass", "mg"), "al_equivalent_mm3": ("al_equivalent", "mm3")}


def key_cells(key: TimelineKey) -> dict[str, Cell]:
    """Cells of the timeline's key, without its modality, which an image may state more precisely."""
    return {"patient_id": key.patient_id, "body_part": key.body_part, "laterality": key.laterality, "view": key.view}


def _image_cells(assessment: Assessment, image: ImageAssessment) -> dict[str, Cell]:
    """Cells that say which image a row of ``deposits.csv`` is about."""
    acquisition = image.exposure.acquisition
    return {
        **key_cells(assessment.key),
        "study_date": _day(acquisition),
        "study_instance_uid": acquisition.study_instance_uid,
        "series_instance_uid": acquisition.series_instance_uid,
        "sop_instance_uid": acquisition.sop_instance_uid,
        "modality": acquisition.modality,
        "time_point": image.time_point,
        "repeat": image.repeat,
        "calibration_tier": image.calibration.tier.value,
        "spacing_basis": image.spacing.basis.value,
        "assessment_id": assessment.assessment_id,
    }


def _deposit_row(assessment: Assessment, index: int, tracked: TrackedDeposit) -> tuple[Row, list[Gap]]:
    image, deposit = assessment.images[index], tracked.deposit
    cells, gaps = result_cells(deposit.measurements, DEPOSITS)
    together, more = joint.deposit_cells(assessment, index, tracked.deposit_id)
    volume = deposit.measurements.get("volume_mm3")
    return {
        **_image_cells(assessment, image),
        "deposit_id": tracked.deposit_id,
        "status": tracked.fate.value,
        **cells,
        "volume_model": volume.model if isinstance(volume, Measurement) else "",
        "centroid_row": deposit.centroid[-2],
        "centroid_col": deposit.centroid[-1],
        "confidence": deposit.confidence,
        "evidence": image.segmentation.evidence(deposit.label).value,
        **together,
    }, [*gaps, *more]


def _place_row(assessment: Assessment, index: int, deposit_id: str) -> tuple[Row, list[Gap]]:
    """A deposit whose place an image shows without outlining it: gone, not there yet, or seen on another exposure of that day."""
    image = assessment.images[index]
    track = next(t for t in assessment.tracks if t.deposit_id == deposit_id)
    fate = track.fates.get(image.time_point)
    together, more = joint.deposit_cells(assessment, index, deposit_id)
    alone = [Gap(c, joint.NOT_OUTLINED) for c in DEPOSITS.measurands if "_joint_" not in c]
    row = {**_image_cells(assessment, image), "deposit_id": deposit_id, "status": "" if fate is None else fate.value, **together}
    return row, [*alone, *more]


def _day(acquisition: Acquisition) -> dt.date | None:
    return acquisition.study_date or (acquisition.acquisition_time.date() if acquisition.acquisition_time else None)


def deposit_rows(assessment: Assessment) -> Iterator[tuple[Row, list[Gap]]]:
    """Rows of ``deposits.csv`` for one timeline, by image and deposit id, each with its gaps.

    A deposit has a row on each image that outlines it, and on each that shows its place and was measured together with others.
    """
    for k, image in enumerate(assessment.images):
        rows = {t.deposit_id: partial(_deposit_row, assessment, k, t) for t in image.deposits}
        rows |= {name: partial(_place_row, assessment, k, name) for name in joint.places(assessment, k)}
        for name in sorted(rows, key=DepositId.parse):
            yield rows[name]()


def possible_rows(assessment: Assessment) -> Iterator[Row]:
    """Rows of ``possible.csv`` for one timeline, by image and number."""
    for image in assessment.images:
        for possible in possible_deposits(image.segmentation, image.spacing):
            yield {
                **key_cells(assessment.key),
                "time_point": image.time_point,
                "repeat": image.repeat,
                "date": _day(image.exposure.acquisition),
                "sop_instance_uid": image.exposure.acquisition.sop_instance_uid,
                "path": image.exposure.source,
                "number": possible.number,
                "centroid_row": possible.centroid[-2],
                "centroid_col": possible.centroid[-1],
                "area_mm2": possible.area_mm2,
                "area_px": possible.area_px,
                "confidence": possible.confidence,
                "assessment_id": assessment.assessment_id,
            }


def _change_cells(changes: Mapping[str, Change], since: str, *, first: bool) -> tuple[dict[str, Cell], list[Gap]]:
    cells: dict[str, Cell] = {}
    gaps: list[Gap] = []
    for measurand, (stem, unit) in _CHANGES.items():
        absolute, relative = f"{stem}_change_from_{since}_{unit}", f"{stem}_relative_change_from_{since}"
        change = changes.get(measurand)
        if change is None:
            reason = AT_BASELINE if first else NOT_PRODUCED if changes else NONE_EARLIER
            gaps += [Gap(absolute, reason), Gap(relative, reason)]
            continue
        result: Result = change.absolute
        reason = NO_RELATIVE
        if isinstance(result, Measurement):
            cells[absolute] = result.value
        else:
            reason = result.reason
            gaps.append(Gap(absolute, reason))
        cells[relative] = change.relative
        if change.relative is None:
            gaps.append(Gap(relative, reason))
    return cells, gaps


def _resolved(assessment: Assessment, index: int) -> list[str]:
    return [t.deposit_id for t in assessment.tracks if t.fates.get(index) is Fate.RESOLVED]


def _findings(assessment: Assessment, images: Iterable[ImageAssessment], index: int) -> str:
    own = [f for i in images for f in (*i.exposure.findings, *i.findings)]
    failed = [str(f.error) for f in assessment.failures if f.time_point == index]
    return joined([*(assessment.findings if index == 1 else ()), *own, *failed])


def _timeline_row(assessment: Assessment, point: TimePointSummary) -> tuple[Row, list[Gap]]:
    images = [i for i in assessment.images if i.time_point == point.index]
    baseline, first = assessment.time_points[0].date, point.index == assessment.time_points[0].index
    cells, gaps = result_cells(point.totals, TIMELINE)
    unread = unread_reasons(assessment.failures).get(point.index, NOTHING_READ)
    gaps = gaps if images else [Gap(gap.column, unread) for gap in gaps]
    for since, changes in (("baseline", point.from_baseline), ("previous", point.from_previous)):
        more, reasons = _change_cells(changes, since, first=first)
        cells.update(more)
        gaps += reasons
    together, reasons = joint.total_cells(assessment, point)
    cells.update(together)
    gaps += reasons
    return {
        **key_cells(assessment.key),
        "modality": assessment.key.modality,
        "time_point": point.index,
        "date": point.date,
        "days_from_baseline": (point.date - baseline).days if point.date and baseline else None,
        "n_exposures": point.n_exposures,
        "n_failed": sum(f.time_point == point.index and not f.is_copy for f in assessment.failures),
        "deposit_count": point.deposit_count,
        **cells,
        **{f"n_{fate.value}": point.fates.get(fate, 0) for fate in Fate},
        "resolved_ids": joined(_resolved(assessment, point.index)),
        "calibration_tiers": joined(sorted(i.calibration.tier.value for i in images)),
        "spacing_bases": joined(sorted(i.spacing.basis.value for i in images)),
        "findings": _findings(assessment, images, point.index),
        "assessment_id": assessment.assessment_id,
        "evaluable_fraction": point.evaluable_fraction,
        "compared_fraction_from_baseline": _fraction(point.from_baseline),
        "compared_fraction_from_previous": _fraction(point.from_previous),
        "not_compared": _not_compared(point.from_baseline),
    }, gaps


def _fraction(changes: Mapping[str, Change]) -> float | None:
    """Share of the deposits' area that a change is about; the same for all measurands that are compared."""
    return next((c.compared_fraction for c in changes.values() if c.compared_fraction is not None), None)


def _not_compared(changes: Mapping[str, Change]) -> str:
    """What the changes leave out, or why there is none; of the first measurand that can be compared, else of the first."""
    known = [changes[name] for name in _CHANGES if name in changes]
    compared = next((c for c in known if isinstance(c.absolute, Measurement)), None)
    if compared is not None:
        return compared.left_out
    return next((c.absolute.reason for c in known if isinstance(c.absolute, NotMeasurable)), "")


def timeline_rows(assessment: Assessment) -> Iterator[tuple[Row, list[Gap]]]:
    """Rows of ``timeline.csv`` for one timeline, earliest time point first, each with its gaps."""
    for point in assessment.time_points:
        yield _timeline_row(assessment, point)


def event_rows(assessment: Assessment) -> Iterator[Row]:
    """Rows of ``events.csv`` for one timeline, by deposit and time point."""
    dates = {p.index: p.date for p in assessment.time_points}
    evidence_of: dict[tuple[str, int], set[Evidence]] = {}
    for image in assessment.images:
        for tracked in image.deposits:
            evidence_of.setdefault((tracked.deposit_id, image.time_point), set()).add(image.segmentation.evidence(tracked.deposit.label))
    for track in sorted(assessment.tracks, key=lambda t: DepositId.parse(t.deposit_id)):
        for time_point, fate in track.fates.items():
            evidence = evidence_of.get((track.deposit_id, time_point), set())
            yield {
                **key_cells(assessment.key),
                "deposit_id": track.deposit_id,
                "time_point": time_point,
                "date": dates.get(time_point),
                "fate": fate.value,
                "partners": joined(track.partners.get(time_point, ())),
                "evidence": (Evidence.OWN if Evidence.OWN in evidence else Evidence.OTHER_EXPOSURES).value if evidence else "",
                "assessment_id": assessment.assessment_id,
            }


def gap_rows(assessment: Assessment) -> Iterator[Row]:
    """Rows of ``not_measurable.csv`` for one timeline: from the deposits, the images, then the time points."""
    tables = (("deposits", deposit_rows(assessment)), ("images", image_gaps(assessment)), ("timeline", timeline_rows(assessment)))
    shared = ("patient_id", "sop_instance_uid", "deposit_id", "time_point", "repeat", "assessment_id")
    for table, rows in tables:
        for row, gaps in rows:
            for gap in gaps:
                yield {**{c: row.get(c) for c in shared}, "measurand": gap.column, "reason": gap.reason, "table": table}


def own_rows(assessment: Assessment) -> Iterator[Row]:
    """Rows of ``own_measurands.csv``: every value of a measurand that has no column in the other tables, of deposits, images and time points."""
    shared = {**key_cells(assessment.key), "assessment_id": assessment.assessment_id}
    for image in assessment.images:
        place: dict[str, Cell] = {
            "time_point": image.time_point,
            "repeat": image.repeat,
            "sop_instance_uid": image.exposure.acquisition.sop_instance_uid,
        }
        for tracked in ordered(image.deposits):
            for cells in _own_cells(tracked.deposit.measurements):
                yield {**shared, **place, "table": "deposits", "deposit_id": tracked.deposit_id, **cells}
        for cells in _own_cells(image.totals):
            yield {**shared, **place, "table": "images", **cells}
    for point in assessment.time_points:
        for cells in _own_cells(point.totals):
            name = str(cells["measurand"])
            changes = {"change_from_baseline": point.from_baseline.get(name), "change_from_previous": point.from_previous.get(name)}
            values = {column: value_of(change.absolute) for column, change in changes.items() if change is not None}
            yield {**shared, "table": "timeline", "time_point": point.index, **cells, **values}


def _own_cells(results: Mapping[str, Result]) -> Iterator[dict[str, Cell]]:
    for name, result in results.items():
        if name not in _WITH_COLUMN:
            what = {"measurand": name, "unit": result.measurand.unit, "definition": result.measurand.definition}
            if isinstance(result, Measurement):
                yield {**what, "value": result.value, "sd": result.sd}
            else:
                yield {**what, "reason": result.reason}


def own_measurands_table(assessments: Iterable[Assessment]) -> pd.DataFrame:
    """One row a value of a measurand of the user's own, with the columns of `calcitrack.tables.OWN_MEASURANDS`."""
    return frame(OWN_MEASURANDS, (row for a in assessments for row in own_rows(a)))


def deposits_table(assessments: Iterable[Assessment]) -> pd.DataFrame:
    """One row per deposit and image, with the columns of `calcitrack.tables.DEPOSITS`.

    Examples
    --------
    >>> from calcitrack import assess
    >>> from calcitrack.phantom.small import small_timeline
    >>> deposits_table([assess(small_timeline((2.0,)))])["deposit_id"].tolist()
    ['D001']
    """
    return frame(DEPOSITS, (row for a in assessments for row, _ in deposit_rows(a)))


def timeline_table(assessments: Iterable[Assessment]) -> pd.DataFrame:
    """One row per timeline and time point, with the columns of `calcitrack.tables.TIMELINE`.

    Examples
    --------
    >>> timeline_table([]).columns[:4].tolist()
    ['patient_id', 'body_part', 'laterality', 'view']
    """
    return frame(TIMELINE, (row for a in assessments for row, _ in timeline_rows(a)))


def events_table(assessments: Iterable[Assessment]) -> pd.DataFrame:
    """One row per deposit and time point, with the columns of `calcitrack.tables.EVENTS`."""
    return frame(EVENTS, (row for a in assessments for row in event_rows(a)))


def possible_table(assessments: Iterable[Assessment]) -> pd.DataFrame:
    """One row per possible deposit and image, with the columns of `calcitrack.tables.POSSIBLE`."""
    return frame(POSSIBLE, (row for a in assessments for row in possible_rows(a)))


def images_table(cohort: CohortAssessment) -> pd.DataFrame:
    """One row per input file, with the columns of `calcitrack.tables.IMAGES`."""
    return frame(IMAGES, image_rows(cohort.files, cohort.assessments, cohort.failures))


def not_measurable_table(assessments: Iterable[Assessment]) -> pd.DataFrame:
    """One row per empty measurand cell of the other tables, with the reason; columns of `calcitrack.tables.NOT_MEASURABLE`."""
    return frame(NOT_MEASURABLE, (row for a in assessments for row in gap_rows(a)))
