"""``NAME.json`` beside ``NAME.png``: the facts that a DICOM header would state."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from calcitrack.errors import SidecarError
from calcitrack.io.dicom.anatomy_codes import SIDES
from calcitrack.io.dicom.spacing import MAX_SPACING_MM, MIN_SPACING_MM
from calcitrack.io.files.limits import ReadLimits
from calcitrack.io.files.sources import FileSource
from calcitrack.model.display import harmless
from calcitrack.model.film_quality import MEASURE_ANYWAY, OVERRULABLE, FilmProblem, overrulable_of
from calcitrack.model.spacing import Spacing, SpacingBasis
from calcitrack.model.two_limbs import BOTH, ONE_SIDE, STATED_AS, TwoLimbs, sides_of

KEYS = (
    *("spacing_mm", "spacing_basis", "acquisition_date", "patient_id", "body_part", "laterality", "sides", "view"),
    *("photometric_interpretation", MEASURE_ANYWAY),
)
"""Known keys; each may be missing."""
LARGEST_NUMBER = 10**64
"""Patient IDs have up to 64 characters (VR LO); Python refuses to write out integers of thousands of digits."""
MAX_QUOTED = 40
"""Characters of a value that a message quotes."""
BASES = tuple(b.value for b in SpacingBasis if b not in (SpacingBasis.PIXELS, SpacingBasis.PATIENT))
PHOTOMETRICS = ("MONOCHROME1", "MONOCHROME2")
MAX_SIDECAR_BYTES = 1_000_000
"""Ten short values; a megabyte is another kind of file."""
EXPECTED = f"a JSON object with the keys {', '.join(KEYS)}"


@dataclass(frozen=True, slots=True)
class Sidecar:
    """Facts of a sidecar; empty or ``None`` where it states nothing."""

    spacing: Spacing | None = None
    acquisition_time: dt.datetime | None = None
    patient_id: str = ""
    body_part: str = ""
    laterality: str = ""
    view: str = ""
    photometric_interpretation: str = ""
    two_limbs: TwoLimbs | None = None
    measure_anyway: frozenset[FilmProblem] = frozenset()


def sidecar_of(picture: FileSource) -> FileSource:
    """Source of a picture's sidecar: the same name with the extension ``.json``."""
    name = (picture.member or picture.path.name).rsplit("/", 1)[-1]
    return picture.sibling(name[: len(name) - len(picture.suffix)] + ".json")


def read_sidecar(picture: FileSource, limits: ReadLimits) -> Sidecar | None:
    """The picture's sidecar, or ``None`` where there is none.

    Raises
    ------
    SidecarError
        With every problem of it.
    """
    source = sidecar_of(picture)
    if not source.exists():
        return None
    with source.open(limits) as stream:
        content = stream.read(MAX_SIDECAR_BYTES + 1)
    try:
        fields = json.loads(content.decode("utf-8-sig")) if len(content) <= MAX_SIDECAR_BYTES else None
    except (ValueError, RecursionError) as error:
        raise SidecarError(source.name, f"text that is not JSON ({error})", EXPECTED, "correct it") from error
    if not isinstance(fields, dict):
        raise SidecarError(source.name, "no JSON object", EXPECTED, "correct it")
    problems = [f"unknown key {k!r}" for k in fields if k not in KEYS]
    two_limbs = _two_limbs(fields, problems)
    side = SIDES.get(_choice(fields, "laterality", tuple(SIDES), problems), "")
    if two_limbs is not None and side in ONE_SIDE:
        problems.append(f"laterality {side} with sides {two_limbs.sides}: a picture of two limbs has no side of its own")
    sidecar = Sidecar(
        spacing=_spacing(fields, problems),
        acquisition_time=_moment(fields, problems),
        patient_id=_text(fields, "patient_id", problems),
        body_part=_text(fields, "body_part", problems).upper(),
        laterality=side if two_limbs is None else BOTH,
        view=_text(fields, "view", problems).upper(),
        photometric_interpretation=_choice(fields, "photometric_interpretation", PHOTOMETRICS, problems),
        two_limbs=two_limbs,
        measure_anyway=_anyway(fields, problems),
    )
    if problems:
        raise SidecarError(source.name, "; ".join(problems), EXPECTED, "correct these keys")
    return sidecar


def _text(fields: Mapping[str, Any], key: str, problems: list[str]) -> str:
    value = fields.get(key)
    if value is None or isinstance(value, str):
        return harmless((value or "").strip())
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST_NUMBER:
        return str(value)  # patient numbers are often written without quotes
    problems.append(f"{key} {_quoted(value)} is not text")
    return ""


def _choice(fields: Mapping[str, Any], key: str, choices: tuple[str, ...], problems: list[str]) -> str:
    text = _text(fields, key, problems).upper()
    if text and text not in choices:
        problems.append(f"{key} {text!r} is none of {', '.join(choices)}")
        return ""
    return text


def _two_limbs(fields: Mapping[str, Any], problems: list[str]) -> TwoLimbs | None:
    text = _text(fields, "sides", problems)
    order = sides_of(text)
    if text and not order:
        problems.append(f"sides {text!r} is neither R L nor L R: the sides of two limbs, {STATED_AS}")
    return TwoLimbs(order, "the sidecar") if order else None


def _anyway(fields: Mapping[str, Any], problems: list[str]) -> frozenset[FilmProblem]:
    text = _text(fields, MEASURE_ANYWAY, problems)
    found = overrulable_of(text)
    if found is None:
        problems.append(f"{MEASURE_ANYWAY} {text!r} is none of the refusals that can be overruled: {', '.join(OVERRULABLE)}")
    return found or frozenset()


def _moment(fields: Mapping[str, Any], problems: list[str]) -> dt.datetime | None:
    text = _text(fields, "acquisition_date", problems)
    if not text:
        return None
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        problems.append(f"acquisition_date {text!r} is not a date like 2024-05-31 or a time like 2024-05-31T10:15")
        return None


def _spacing(fields: Mapping[str, Any], problems: list[str]) -> Spacing | None:
    value = fields.get("spacing_mm")
    basis = _text(fields, "spacing_basis", problems).lower() or SpacingBasis.UNSPECIFIED.value
    if basis not in BASES:
        problems.append(f"spacing_basis {basis!r} is none of {', '.join(BASES)}")
        return None
    if value is None:
        return None
    sizes = value if isinstance(value, list) else [value, value]
    if len(sizes) != 2 or not all(_is_length(s) for s in sizes):
        problems.append(f"spacing_mm {_quoted(value)} is not one length, or [row, column], between {MIN_SPACING_MM} and {MAX_SPACING_MM:g} mm")
        return None
    return Spacing(float(sizes[0]), float(sizes[1]), SpacingBasis(basis), "sidecar, spacing_mm")


def _quoted(value: object) -> str:
    """A value as a message shows it, shortened."""
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python writes out
        return "a number of thousands of digits"
    return text if len(text) <= MAX_QUOTED else f"{text[:MAX_QUOTED]}..."


def _is_length(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and MIN_SPACING_MM <= value <= MAX_SPACING_MM
