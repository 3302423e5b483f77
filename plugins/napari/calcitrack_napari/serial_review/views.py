"""Films side by side: which are shown, where a place of one lies on another, and what changed between two. Pure: no napari, no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from calcitrack.errors import InvalidValueError
from calcitrack.figures.difference import RgbImage, coloured, darkened, hatch, relative_difference
from calcitrack.figures.registered import Grid, Side, grid_of, on_scale_of, sample
from calcitrack.model.assessment import ImageAssessment
from calcitrack.model.spacing import ASSUMED_PIXEL_MM
from calcitrack.review.state import ReviewState

DIFFERENCE_LONG_SIDE_PX = 1200
"""Pixels of the longer side of a picture of the change."""

Place = tuple[float, float]
"""(row, column) in pixels of a film."""


class View(StrEnum):
    """Which films are shown."""

    PAIR = "this visit and the one before"
    ALL = "all visits"
    ONE = "this film alone"


def shown_films(images: Sequence[ImageAssessment], current: int, view: View, *, flickered: bool = False) -> list[int]:
    """Positions of the films that a view shows, left to right. Of a visit's repeats it shows the first, or the one that is looked at.

    Parameters
    ----------
    images
        Films of an assessment, in order of time.
    current
        Position of the film that is looked at.
    view
        Which films are shown.
    flickered
        `View.ONE` shows the visit before instead.
    """
    first = [k for k, image in enumerate(images) if image.repeat == 0 or k == current]
    if view is View.ALL:
        return first
    earlier = [k for k in first if images[k].time_point < images[current].time_point]
    if view is View.ONE:
        return [earlier[-1] if flickered and earlier else current]
    return [*earlier[-1:], current]


def corresponding(here: ImageAssessment, place: Place, there: ImageAssessment) -> Place | None:
    """Where a place of one film lies on another; ``None`` where the registration does not know, or where it lies outside the other film."""
    at = np.array([place], float)
    if here.alignment is not None:
        if not here.alignment.ok:
            return None
        at = here.alignment.to_baseline(at)
    if not all(a.ok_at(at).all() for a in (here.alignment, there.alignment) if a is not None):
        return None
    if there.alignment is not None:
        at = there.alignment.to_image(at)
    rows, columns = there.segmentation.labels.shape
    row, column = float(at[0, 0]), float(at[0, 1])
    return (row, column) if 0 <= row <= rows - 1 and 0 <= column <= columns - 1 else None


@dataclass(frozen=True, eq=False, slots=True)
class Difference:
    """A picture of what changed between two films.

    Parameters
    ----------
    picture
        Shape (rows, columns, 3).
    grid
        Where the picture lies on the baseline film.
    words
        Names of the two films.
    """

    picture: RgbImage
    grid: Grid
    words: str


def difference_of(state: ReviewState, earlier: int, later: int) -> Difference:
    """The later film minus the earlier one, registered: blue where it is less dense, orange where denser, hatched where it cannot be relied on.

    Raises
    ------
    InvalidValueError
        One of the films is not registered.
    """
    sides = [Side(state.radiograph(k), state.images[k]) for k in (earlier, later)]
    if not all(side.registered for side in sides):
        raise InvalidValueError("one of the films could not be registered; their difference would show nothing but that")
    grid = grid_of(sides, DIFFERENCE_LONG_SIDE_PX)
    before, after = (sample(side, grid) for side in sides)
    spacing = next((i.spacing for i in state.images if i.alignment is None), state.images[0].spacing)
    pixel_mm = (spacing.mean_mm or ASSUMED_PIXEL_MM) * grid.step
    picture = coloured(relative_difference(before, after, on_scale_of(before, after), pixel_mm))
    hatch(picture, before.exposed & after.exposed & ~(before.trusted & after.trusted))
    darkened(picture, ~(before.exposed & after.exposed))
    return Difference(picture, grid, f"{state.names.name(later)} less {state.names.name(earlier)}")
