"""What changed between two films, as calcitrack's own picture of it, for the viewer."""

from __future__ import annotations

from dataclasses import dataclass

from calcitrack.errors import InvalidValueError
from calcitrack.figures.difference import RgbImage, coloured, darkened, hatch, relative_difference
from calcitrack.figures.registered import Grid, Side, grid_of, on_scale_of, sample
from calcitrack.model.spacing import ASSUMED_PIXEL_MM
from calcitrack.review.session import ReviewSession

LONG_SIDE = 1200
"""Pixels of the longer side of the picture."""


@dataclass(frozen=True, eq=False, slots=True)
class Difference:
    """A picture of the change, and where it lies on the baseline film."""

    picture: RgbImage
    grid: Grid
    words: str


def difference_of(session: ReviewSession, earlier: int, later: int) -> Difference:
    """The later film minus the earlier one, registered: blue where it is less dense, orange where it is denser, hatched where it cannot be relied on.

    Raises
    ------
    InvalidValueError
        One of the films is not registered.
    """
    sides = [Side(session.radiograph(k), session.images[k]) for k in (earlier, later)]
    if not all(side.registered for side in sides):
        raise InvalidValueError("one of the films could not be registered; their difference would show nothing but that")
    grid = grid_of(sides, LONG_SIDE)
    before, after = (sample(side, grid) for side in sides)
    spacing = next((i.spacing for i in session.images if i.alignment is None), session.images[0].spacing)
    pixel_mm = (spacing.mean_mm or ASSUMED_PIXEL_MM) * grid.step
    picture = coloured(relative_difference(before, after, on_scale_of(before, after), pixel_mm))
    hatch(picture, before.exposed & after.exposed & ~(before.trusted & after.trusted))
    darkened(picture, ~(before.exposed & after.exposed))
    return Difference(picture, grid, f"{session.film_name(later)} less {session.film_name(earlier)}")
