"""What a reader states about a film: drawings become statements, and statements drawings and words. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from calcitrack.errors import InvalidValueError
from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment, ImageAssessment
from calcitrack.model.calibration import Tier
from calcitrack.model.corrections import NO_CORRECTION, SIDES, Box, FilmCorrection, KnownLength
from calcitrack.model.display import counted


class Tool(StrEnum):
    """What a reader draws on a film."""

    LENGTH = "length"
    WEDGE = "wedge"
    REGION = "region"
    CROP = "crop"


HINTS = {
    Tool.LENGTH: "Drag a line along the known length; how long it is stands in the box.",
    Tool.WEDGE: "Drag a box around the step wedge.",
    Tool.REGION: "Drag around what is no deposit.",
    Tool.CROP: "Drag a box around what is to be looked at.",
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing on a film, to be shown.

    Parameters
    ----------
    tool
        What it was drawn with.
    points
        (row, column) in pixels of the film, in order; a line has two.
    words
        The text beside it.
    """

    tool: Tool
    points: tuple[tuple[float, float], ...]
    words: str


def drawn(correction: FilmCorrection, tool: Tool, points: ArrayLike, length_mm: float = 0.0) -> tuple[FilmCorrection, str]:
    """What is stated after a drawing, and the step in words.

    Parameters
    ----------
    correction
        What was stated before.
    tool
        What was drawn with.
    points
        Shape (n, 2): (row, column) of the ends or corners, in pixels of the film.
    length_mm
        Length of a line.

    Raises
    ------
    InvalidValueError
        The drawing does not make sense.
    """
    places = tuple((float(row), float(column)) for row, column in np.asarray(points, float))
    if tool is Tool.LENGTH:
        return replace(correction, length=KnownLength(places[0], places[-1], length_mm)), f"draw a length of {length_mm:g} mm"
    if tool is Tool.WEDGE:
        return replace(correction, wedge_box=_box(places)), "mark the step wedge"
    if tool is Tool.CROP:
        return replace(correction, crop=_box(places)), "crop the film"
    return replace(correction, excluded=(*correction.excluded, places)), f"exclude region {len(correction.excluded) + 1}"


def cleared(correction: FilmCorrection, tool: Tool) -> tuple[FilmCorrection, str]:
    """What is stated after a drawing was taken back (of several regions the last one), and the step in words."""
    if tool is Tool.REGION:
        return replace(correction, excluded=correction.excluded[:-1]), f"take region {len(correction.excluded)} back"
    if tool is Tool.LENGTH:
        return replace(correction, length=None), "take the drawn length back"
    if tool is Tool.WEDGE:
        return replace(correction, wedge_box=None), "take the mark of the wedge back"
    return replace(correction, crop=None), "take the crop back"


def with_side(correction: FilmCorrection, side: str) -> tuple[FilmCorrection, str]:
    """What is stated with another side, and the step in words; an empty side leaves it to the file."""
    return replace(correction, laterality=side if side in SIDES else ""), f"state side {side}" if side in SIDES else "leave the side to the file"


def with_view(correction: FilmCorrection, view: str) -> tuple[FilmCorrection, str]:
    """What is stated with another view, and the step in words; an empty view leaves it to the file."""
    words = view.strip().upper()
    return replace(correction, view=words), f"state view {words}" if words else "leave the view to the file"


def with_date(correction: FilmCorrection, text: str) -> tuple[FilmCorrection, str]:
    """What is stated with another day (year-month-day), and the step in words; an empty text leaves it to the file.

    Raises
    ------
    InvalidValueError
        The text is no date.
    """
    if not text.strip():
        return replace(correction, date=None), "leave the date to the file"
    try:
        day = dt.date.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidValueError(f"found {text.strip()!r}; expected a date like 2024-05-31; correct it, or leave it empty") from error
    return replace(correction, date=day), f"state date {day}"


def _box(places: Iterable[tuple[float, float]]) -> Box:
    """First and last row, first and last column; cut at the top and left edge of the film."""
    rows, columns = zip(*places, strict=True)
    row0, row1, column0, column1 = (max(0, round(v)) for v in (min(rows), max(rows), min(columns), max(columns)))
    return row0, row1, column0, column1


def drawings(correction: FilmCorrection) -> tuple[Drawing, ...]:
    """Every drawing that is stated of a film."""
    found = []
    if correction.length is not None:
        length = correction.length
        found.append(Drawing(Tool.LENGTH, (length.start, length.end), f"{length.length_mm:g} mm"))
    for tool, box, words in ((Tool.WEDGE, correction.wedge_box, "wedge"), (Tool.CROP, correction.crop, "crop")):
        if box is not None:
            row0, row1, column0, column1 = box
            found.append(Drawing(tool, ((row0, column0), (row0, column1), (row1, column1), (row1, column0)), words))
    found += [Drawing(Tool.REGION, region, "excluded") for region in correction.excluded]
    return tuple(found)


def summary(correction: FilmCorrection, image: ImageAssessment) -> dict[Tool, str]:
    """What is stated or measured of a film, in a few words for each tool."""
    pixel = image.spacing
    size = "no size is stated" if pixel.mean_mm is None else f"{pixel.mean_mm:.3g} mm a pixel ({pixel.basis.value.replace('_', ' ')})"
    length, regions, tier = correction.length, len(correction.excluded), f"tier {image.calibration.tier.value}"
    measured = correction.wedge_box == image.exposure.correction.wedge_box
    return {
        Tool.LENGTH: size if length is None else f"{length.length_mm:g} mm over {length.length_px:.0f} pixels",
        Tool.WEDGE: (tier if correction.wedge_box is None else f"marked; {tier}") if measured else "not measured yet",
        Tool.REGION: "none" if not regions else f"{counted(regions, 'region')} without deposits",
        Tool.CROP: "the whole film" if correction.crop is None else "cropped",
    }


@dataclass(frozen=True, slots=True)
class RemeasuredFilm:
    """What measuring a film anew gave.

    Parameters
    ----------
    words
        One sentence.
    wrong
        Whether the film carries no mass although a wedge was marked on it.
    """

    words: str
    wrong: bool = False


def outcome(image: ImageAssessment) -> RemeasuredFilm:
    """What measuring a film with what is stated about it gave; where a marked wedge gave no mass, why."""
    marked = image.exposure.correction.wedge_box is not None
    if marked and image.calibration.tier is Tier.C:
        return RemeasuredFilm(f"Measured; {image.calibration.curve_source or image.calibration.reason}.", wrong=True)
    if marked and image.calibration.tier is Tier.A:
        return RemeasuredFilm("Measured. This film is calibrated by its header; the wedge is not needed.")
    return RemeasuredFilm("Measured with what you stated." if image.exposure.correction else "Measured as the file states it.")


def unmeasured(workspace: Workspace, assessment: Assessment) -> tuple[int, ...]:
    """Films about which readers state something else now than they were measured with; positions in ``Assessment.images``."""
    now = workspace.corrections()
    return tuple(k for k, i in enumerate(assessment.images) if now.get(i.exposure.image_id, NO_CORRECTION) != i.exposure.correction)
