"""What all images of a timeline give together, as cells of ``deposits.csv`` and ``timeline.csv``."""

from __future__ import annotations

from collections.abc import Iterator

from calcitrack.change.visit_values import at_visit, exposures_of
from calcitrack.model.assessment import NOTHING_READ, Assessment, TimePointSummary, unread_reasons
from calcitrack.model.joint import NOT_SAID, JointDeposit
from calcitrack.model.measurement import Measurement, Result
from calcitrack.tables.cells import Cell, Gap
from calcitrack.tables.changes_schema import NO, YES

NAMES = ("ha_mass_joint_mg", "contrast_joint_mm2", "area_joint_mm2")
"""Measurands of all images together."""
MAY_BE_BONE = "it may be bone: it lies over bone and never changed; it is no part of totals whose change is judged"
NOT_OUTLINED = "the image does not outline the deposit: its place was measured together with other images"


def sd_name(name: str) -> str:
    """Column of the standard uncertainty: the unit stays last.

    Examples
    --------
    >>> sd_name("ha_mass_joint_mg")
    'ha_mass_joint_sd_mg'
    """
    stem, _, unit = name.rpartition("_")
    return f"{stem}_sd_{unit}"


def places(assessment: Assessment, image: int) -> Iterator[str]:
    """Deposits that an image does not outline, and whose place was measured on it together with other images."""
    here = {d.deposit_id for d in assessment.images[image].deposits}
    if assessment.joint is not None:
        for family in assessment.joint.deposits:
            yield from (d for d in family.deposit_ids if image in family.images and d not in here)


def deposit_cells(assessment: Assessment, image: int, deposit_id: str) -> tuple[dict[str, Cell], list[Gap]]:
    """Cells of a deposit on an image, and the reasons for the empty ones."""
    family = None if assessment.joint is None else assessment.joint.of(deposit_id)
    outlined = any(d.deposit_id == deposit_id for d in assessment.images[image].deposits)
    told: dict[str, Cell] = {"outlined_here": YES if outlined else NO}
    if family is None:
        reason = NOT_SAID if assessment.joint is None else assessment.joint.reason or NOT_SAID
        return told | {"joint_images": 0, "joint_reason": reason}, [Gap(c, reason) for c in _columns(sds=("ha_mass_joint_mg",))]
    cells, gaps = _cells({name: family.result(name, deposit_id, image) for name in NAMES}, sds=("ha_mass_joint_mg",))
    return told | cells | _of_family(family, image), gaps


def _of_family(family: JointDeposit, image: int) -> dict[str, Cell]:
    together = [*([MAY_BE_BONE] if family.may_be_bone else []), *([family.by_image] if family.by_image else [])]
    return {
        "joint_region_mm2": family.region_mm2,
        "joint_images": len(family.images) if image in family.images else 0,
        "joint_reason": "; ".join(together) if image in family.images else family.alone.get(image, family.reason),
    }


def total_cells(assessment: Assessment, point: TimePointSummary) -> tuple[dict[str, Cell], list[Gap]]:
    """Cells of a time point's totals, and the reasons for the empty ones."""
    joint = assessment.joint
    if joint is None or not joint.totals:
        reason = NOT_SAID if joint is None else joint.reason or NOT_SAID
        return {}, [Gap(c, reason) for c in _columns(sds=NAMES)]
    images = exposures_of(assessment, point.index)
    unread = unread_reasons(assessment.failures).get(point.index, NOTHING_READ)
    return _cells({name: at_visit(joint.totals[name], images, unread) for name in NAMES}, sds=NAMES)


def _columns(sds: tuple[str, ...]) -> list[str]:
    return [c for name in NAMES for c in (name, *((sd_name(name),) if name in sds else ()))]


def _cells(results: dict[str, Result], sds: tuple[str, ...]) -> tuple[dict[str, Cell], list[Gap]]:
    cells: dict[str, Cell] = {}
    gaps: list[Gap] = []
    for name, result in results.items():
        columns = (name, sd_name(name)) if name in sds else (name,)
        if isinstance(result, Measurement):
            cells.update(zip(columns, (result.value, result.sd), strict=False))
        else:
            gaps += [Gap(c, result.reason) for c in columns]
    return cells, gaps
