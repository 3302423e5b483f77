"""The synchronised cursor: where the place under the pointer lies on the other visits, through the registration with all that it knows."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Points

from calcitrack.figures.palette import YELLOW
from calcitrack.model.assessment import ImageAssessment

CROSS_MM = 4.0
"""Size of the cross: a small deposit is seen beside it, not beneath."""

Place = tuple[float, float]
"""(row, column) in pixels of a film."""


def corresponding(here: ImageAssessment, place: Place, there: ImageAssessment) -> Place | None:
    """Where a place of one film lies on another; ``None`` where the registration does not know, or it lies outside the film."""
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


def cross_layer(name: str, pixel_mm: float, common: dict[str, Any]) -> Points:
    """The layer in which a film shows its cross; empty and hidden."""
    layer = Points(
        np.empty((0, 2)),
        name=f"cursor, {name}",
        size=CROSS_MM / pixel_mm,
        symbol="cross",
        face_color="transparent",
        border_color=YELLOW,
        border_width=0.06,
        **common,
    )
    layer.editable = False
    return layer


def put(layer: Points, place: Place | None) -> None:
    """Show the cross at a place; nowhere for ``None``. The layer stays visible: hiding it would lay the whole grid out anew."""
    if place is not None or len(layer.data):
        layer.data = np.empty((0, 2)) if place is None else np.array([place])
