"""The command `info`: what calcitrack understands of one file."""

from __future__ import annotations

import json
from pathlib import Path

from calcitrack.calibrate import CalibrateOptions, calibrate
from calcitrack.io.images.read import read_radiograph
from calcitrack.model.image import Acquisition, Radiograph
from calcitrack.model.spacing import Spacing

NOT_STATED = "not stated"


def describe(file: Path, options: CalibrateOptions | None = None, *, as_json: bool) -> str:
    """Describe a file, as lines of text or as JSON.

    Raises
    ------
    ReadError
        The file is no radiograph that can be read.
    """
    facts = _facts(calibrate(read_radiograph(file), options))
    if as_json:
        return json.dumps(facts, indent=1) + "\n"
    lines = []
    for name, value in facts.items():
        values = value if isinstance(value, list) else [value]
        for k, item in enumerate(values or ["none"]):
            lines.append(f"{name.replace('_', ' ') if k == 0 else '':20s} {NOT_STATED if item in (None, '') else item}".rstrip())
    return "\n".join(lines) + "\n"


def _date(header: Acquisition) -> str | None:
    taken = header.acquisition_time
    if taken is None:
        return None
    return taken.isoformat(" ", "seconds") if header.time_of_day_known else taken.date().isoformat()


def _facts(radiograph: Radiograph) -> dict[str, str | int | float | list[str] | None]:
    header, spacing, calibration = radiograph.acquisition, radiograph.spacing, radiograph.calibration
    return {
        "file": radiograph.source,
        "patient_id": header.patient_id,
        "date": _date(header),
        "body_part": header.body_part_examined,
        "laterality": header.laterality,
        "view": header.view_position,
        "modality": header.modality,
        "device": " ".join(p for p in (header.manufacturer, header.manufacturer_model_name) if p),
        "rows": radiograph.shape[0],
        "columns": radiograph.shape[1],
        "pixel_size": _size(spacing),
        "spacing_basis": spacing.basis.value,
        "spacing_source": spacing.source,
        "calibration_tier": calibration.tier.value,
        "calibration_reason": calibration.reason,
        "calibration_curve": calibration.curve_source,
        "intensity": calibration.relationship.value,
        "usable_fraction": round(float(radiograph.valid_mask.mean()), 4),
        "sop_instance_uid": header.sop_instance_uid,
        "findings": list(radiograph.findings),
    }


def _size(spacing: Spacing) -> str | None:
    if spacing.row_mm is None or spacing.column_mm is None:
        return None
    return f"{spacing.row_mm:g} x {spacing.column_mm:g} mm (row x column)"
