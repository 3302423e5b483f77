"""Provenance of results as plain JSON values: time, libraries and steps."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import math
import platform
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from calcitrack.model.assessment import Assessment
from calcitrack.model.provenance import Step
from calcitrack.tables.cells import plain

LIBRARIES = ("numpy", "scipy", "scikit-image", "opencv-python-headless", "onnxruntime", "pydicom", "highdicom", "pandas", "matplotlib", "pillow")
"""Libraries whose version can change a result or a file."""
DRAWING = frozenset({"pandas", "matplotlib", "highdicom"})
"""Of these, those that write what was measured and take no part in measuring."""
DECODERS = ("pyjpegls", "pylibjpeg-openjpeg", "python-gdcm")
"""Libraries that decode compressed pixels."""

Json = Mapping[str, object]
Clock = Callable[[], dt.datetime]
"""Gives the present, with its time zone: the moment that is noted in what is written."""


def utc_now() -> dt.datetime:
    """The current time in UTC."""
    return dt.datetime.now(dt.UTC)


def library_versions() -> dict[str, str]:
    """Name -> version of the libraries that the results rest on, and of Python."""
    return {"python": platform.python_version(), **_versions(LIBRARIES)}


def measuring_libraries() -> dict[str, str]:
    """Name -> version of the libraries that take part in measuring; where one of them changed, an earlier assessment is not reused."""
    return _versions(name for name in (*LIBRARIES, *DECODERS) if name not in DRAWING)


def _versions(names: Iterable[str]) -> dict[str, str]:
    found = {}
    for name in names:
        with suppress(importlib.metadata.PackageNotFoundError):  # installed under another name, as OpenCV may be
            found[name] = importlib.metadata.version(name)
    return found


def _step(step: Step) -> Json:
    return {"name": step.name, "parameters": _flat(step.parameters), "outcome": _flat(step.outcome)}


def _flat(values: Mapping[str, str | int | float | bool | None]) -> Json:
    return {k: _value(v) for k, v in values.items()}


def _value(value: str | int | float | bool | None) -> str | int | float | bool | None:
    """A JSON value. JSON has neither infinity nor NaN, and texts may hold undecodable bytes."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return plain(value) if isinstance(value, str) else value


def assessment_json(assessment: Assessment, folder: str) -> Json:
    """Provenance of one timeline: its key, its folder, and every step with parameters and outcome.

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
