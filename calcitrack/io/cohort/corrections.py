"""``corrections.json``: what a reader states about films, read and written."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from calcitrack.errors import CorrectionError, InvalidValueError
from calcitrack.io.dicom.anatomy_codes import SIDES
from calcitrack.model.corrections import NO_CORRECTION, FilmCorrection, KnownLength
from calcitrack.model.image import Acquisition
from calcitrack.model.timeline import image_id_of

KEYS = ("film", "length", "wedge_box", "laterality", "view", "date", "exclude", "crop")
"""Of one film; `film` is required, each other one may be missing."""
LENGTH_KEYS = {"from", "to", "mm"}
MAX_BYTES = 64 * 1024**2
"""Hundreds of thousands of films; more is another kind of file."""
EXPECTED = f'a JSON object {{"films": [...]}}, each film an object with the keys {", ".join(KEYS)}'
_UID = re.compile(r"[0-9.]{3,64}( limb [12])?")

Corrections = Mapping[str, FilmCorrection]
"""SOP Instance UID, or path where a film has none -> its correction."""


def read_corrections(path: str | PathLike[str]) -> dict[str, FilmCorrection]:
    """What a file states about films, by SOP Instance UID or absolute path.

    Raises
    ------
    CorrectionError
        With every problem of the file, each with its film.
    """
    file = Path(path)
    try:
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise CorrectionError(str(file), f"{size} bytes", f"at most {MAX_BYTES}", "hand over the file of corrections")
        content = json.loads(file.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise CorrectionError(str(file), f"a file that cannot be read as JSON ({error})", EXPECTED, "correct it") from error
    if not isinstance(content, dict) or not isinstance(content.get("films"), list) or set(content) != {"films"}:
        raise CorrectionError(str(file), "no list of films", EXPECTED, "correct it")
    found: dict[str, FilmCorrection] = {}
    problems: list[str] = []
    for number, entry in enumerate(content["films"], start=1):
        try:
            name, correction = _film(entry, file.parent)
            if found.setdefault(name, correction) is not correction:
                problems.append(f"film {number}: {entry['film']} stands twice")
        except (InvalidValueError, TypeError, ValueError, KeyError) as error:
            problems.append(f"film {number}: {error}")
    if problems:
        raise CorrectionError(str(file), "; ".join(problems), EXPECTED, "correct these films")
    return found


def _film(entry: Any, folder: Path) -> tuple[str, FilmCorrection]:
    if not isinstance(entry, dict) or not isinstance(entry.get("film"), str) or not entry["film"].strip():
        raise InvalidValueError("no SOP Instance UID and no path under the key 'film'")
    unknown = [k for k in entry if k not in KEYS]
    if unknown:
        raise InvalidValueError(f"unknown key {', '.join(map(repr, unknown))}")
    name = entry["film"].strip()
    side = str(entry.get("laterality", "")).strip().upper()
    if side and side not in SIDES:
        raise InvalidValueError(f"laterality {side!r} is not L, R or B")
    correction = FilmCorrection(
        length=_length(entry["length"]) if "length" in entry else None,
        wedge_box=entry.get("wedge_box"),
        laterality=SIDES.get(side, ""),
        view=str(entry.get("view", "")),
        date=dt.date.fromisoformat(entry["date"]) if entry.get("date") else None,
        excluded=tuple(entry.get("exclude", ())),
        crop=entry.get("crop"),
    )
    return name if _UID.fullmatch(name) else str((folder / name).resolve()), correction


def _length(points: Any) -> KnownLength:
    if not isinstance(points, dict) or set(points) != LENGTH_KEYS:
        raise InvalidValueError(f'a length is {{"from": [row, column], "to": [row, column], "mm": number}}; found {points}')
    return KnownLength(points["from"], points["to"], points["mm"])


def corrections_json(corrections: Corrections) -> str:
    """The file that `read_corrections` reads; what is stated about nothing is left out."""
    films = [{"film": name, **_entries_of(correction)} for name, correction in corrections.items() if correction]
    return json.dumps({"films": films}, indent=1) + "\n"


def _entries_of(correction: FilmCorrection) -> dict[str, Any]:
    length = correction.length
    entries = {
        "length": None if length is None else {"from": list(length.start), "to": list(length.end), "mm": length.length_mm},
        "wedge_box": correction.wedge_box,
        "laterality": correction.laterality,
        "view": correction.view,
        "date": None if correction.date is None else correction.date.isoformat(),
        "exclude": correction.excluded,
        "crop": correction.crop,
    }
    return {name: value for name, value in entries.items() if value not in (None, "", ())}


def correction_of(acquisition: Acquisition, source: str, corrections: Corrections) -> FilmCorrection:
    """The correction of a film."""
    return corrections.get(image_id_of(acquisition.sop_instance_uid, source, acquisition.limb), NO_CORRECTION)


def laid_over(first: Corrections, second: Corrections) -> dict[str, FilmCorrection]:
    """Both, the first where they state the same thing about a film."""
    return {**second, **{name: correction.over(second.get(name, NO_CORRECTION)) for name, correction in first.items()}}
