"""Which films are shown side by side. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from calcitrack.model.assessment import ImageAssessment


class View(StrEnum):
    """Which films are shown."""

    PAIR = "this visit and the one before"
    ALL = "all visits"
    ONE = "this film alone"


def shown_films(images: Sequence[ImageAssessment], current: int, view: View, *, flickered: bool = False) -> list[int]:
    """Positions of the films that are shown, left to right; of a visit's repeats only the one that is looked at."""
    first = [k for k, image in enumerate(images) if image.repeat == 0 or k == current]
    if view is View.ALL:
        return first
    earlier = [k for k in first if images[k].time_point < images[current].time_point]
    if view is View.ONE:
        return [earlier[-1] if flickered and earlier else current]
    return [*earlier[-1:], current]
