"""``deidentified.csv`` and ``deidentification.json``: a record of the run that holds nothing of the originals."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from calcitrack.io.deidentify.outcomes import DeidentifyReport, FileOutcome, Status
from calcitrack.io.deidentify.pixels import BurnedIn
from calcitrack.io.deidentify.profile import CLEAN_PIXELS, METHODS, Action
from calcitrack.version import __version__

TABLE, SUMMARY = "deidentified.csv", "deidentification.json"
COLUMNS = (
    "number",
    "status",
    "reason",
    "written_as",
    "patient",
    "kind",
    "elements_removed",
    "private_removed",
    "graphics_removed",
    "elements_emptied",
    "dummies",
    "uids_replaced",
    "dates_moved",
    "identifiers_found_elsewhere",
    "burned_in_text",
    "text_boxes",
    "overlay_bits_cleared",
    "strings_searched",
    "strings_left_out",
)
EDITION = "DICOM PS3.15 2026c, Annex E"


def write_report(out: Path, report: DeidentifyReport) -> None:
    """Write both files into the output folder."""
    with (out / TABLE).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_row(f) for f in report.files)
    content = {
        "program": "calcitrack",
        "version": __version__,
        "profile": EDITION,
        "methods": [{"code": code, "meaning": meaning} for code, meaning in (*METHODS, *((CLEAN_PIXELS,) if report.mask_text else ()))],
        "key_kept": report.with_key,
        "patients": report.patients,
        "files": {str(s): report.counts[s] for s in Status},
        "pictures_with_text": {str(s): len(report.with_text(s)) for s in BurnedIn},
        "warning": "Automatic de-identification is no guarantee: look at pictures and free text before you hand files on.",
    }
    (out / SUMMARY).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _row(file: FileOutcome) -> tuple[object, ...]:
    actions = file.counts.actions
    boxes = " ".join(f"{a}:{b},{c}:{d}" for a, b, c, d in file.boxes)
    dummies = actions[Action.DUMMY] + actions[Action.PSEUDONYM]
    return (
        file.number,
        str(file.status),
        file.reason,
        file.written_as,
        file.pseudonym,
        file.kind,
        actions[Action.REMOVE] + file.counts.unreadable,
        file.counts.private,
        file.counts.graphics,
        actions[Action.EMPTY],
        dummies,
        actions[Action.UID],
        actions[Action.SHIFT],
        file.emptied,
        str(file.burned_in),
        boxes,
        file.overlay_bits,
        file.searched,
        file.left_out,
    )
