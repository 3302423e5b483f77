"""How the results came to be, as plain JSON values."""

from __future__ import annotations

import importlib.metadata
import math
import platform
from collections.abc import Mapping

from calcitrack.model.assessment import Assessment
from calcitrack.model.provenance import Step
from calcitrack.tables.cells import plain

LIBRARIES = ("numpy", "scipy", "scikit-image", "opencv-python-headless", "onnxruntime", "pydicom", "highdicom", "pandas", "matplotlib", "pillow")
"""Libraries whose version can change a result or a file."""

Json = Mapping[str, object]


def library_versions() -> dict[str, str]:
    """Name -> version of the libraries that the results rest on, and of Python."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:  # installed under another name, as OpenCV may be
            continue
    return found


def _step(step: Step) -> Json:
    return {"name": step.name, "parameters": _flat(step.parameters), "outcome": _flat(step.outcome)}


def _flat(values: Mapping[str, str | int | float | bool | None]) -> Json:
    return {k: _value(v) for k, v in values.items()}


def _value(value: str | int | float | bool | None) -> str | int | float | bool | None:
    """JSON knows neither infinity nor NaN, and texts may hold bytes that no encoding explains."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return plain(value) if isinstance(value, str) else value


def assessment_json(assessment: Assessment, folder: str) -> Json:
    """One timeline: who, where its pictures lie, and every step with its parameters and outcome.

    Parameters
    ----------
    folder
        The timeline's folder inside the results folder.
    """
    key = assessment.key
    return {
        "assessment_id": assessment.assessment_id,
        "patient_id": plain(key.patient_id),
        "body_part": plain(key.body_part),
        "laterality": key.laterality,
        "view": plain(key.view),
        "modality": key.modality,
        "folder": folder,
        "program": assessment.provenance.program,
        "version": assessment.provenance.version,
        "findings": [plain(f) for f in assessment.findings],
        "steps": [_step(s) for s in assessment.provenance.steps],
        "images": [
            {
                "path": plain(i.exposure.source),
                "sop_instance_uid": i.exposure.acquisition.sop_instance_uid,
                "time_point": i.time_point,
                "repeat": i.repeat,
                "steps": [_step(s) for s in i.steps],
            }
            for i in assessment.images
        ],
    }
