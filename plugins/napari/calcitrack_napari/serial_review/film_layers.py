"""The layers of one film: its picture, limb and bone, the cursor of the other visits, and its deposits, which are edited."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Points
from napari.utils.colormaps import DirectLabelColormap

from calcitrack.model.assessment import ImageAssessment
from calcitrack.model.image import Radiograph
from calcitrack.model.segmentation import Labels as LabelArray
from calcitrack_napari.napari_io.layers import colours, grey_scale, shown_values
from calcitrack_napari.serial_review.anatomy import anatomy_layer
from calcitrack_napari.serial_review.cursor import cross_layer

REJECTED = 30_000
"""Added to the number of a rejected deposit: it is drawn grey, whatever its colour was."""
REJECTED_COLOUR = (0.55, 0.55, 0.55, 0.55)
MOST_NUMBERS = 1000
"""Deposits that have a colour of their own."""
CONTOUR_PX = 2
OTHERS = DirectLabelColormap(color_dict=defaultdict(lambda: np.array((1.0, 1.0, 1.0, 0.9)), {None: np.zeros(4), 0: np.zeros(4)}))
"""Outlines of other readers: white, which no identity has."""
BRUSH_MM = 1.0
"""Width of the brush to begin with: that of a small deposit."""


@dataclass(frozen=True, eq=False, slots=True)
class FilmLayers:
    """In the order in which they lie on each other."""

    film: Image
    anatomy: Labels
    cross: Points
    drawn: Labels


def film_layers(
    name: str,
    image: ImageAssessment,
    radiograph: Radiograph,
    numbers: LabelArray,
    pixel_mm: float,
    palette: DirectLabelColormap,
    common: dict[str, Any],
) -> FilmLayers:
    """The layers of a film.

    Parameters
    ----------
    name
        What the film is called on the screen.
    numbers
        Shape (rows, columns): the number of the deposit in each pixel.
    palette
        Number -> colour.
    common
        Keywords that all of them have: where they lie, whether they are visible.
    """
    values = shown_values(radiograph)
    film = Image(values, name=name, contrast_limits=grey_scale(radiograph, values, image.segmentation.limb), colormap="gray", **common)
    drawn = Labels(numbers, name=f"deposits, {name}", colormap=palette, opacity=0.9, **common)
    drawn.contour = CONTOUR_PX
    drawn.preserve_labels = True
    drawn.brush_size = max(2, round(BRUSH_MM / pixel_mm))
    return FilmLayers(film, anatomy_layer(image.segmentation, name, common), cross_layer(name, pixel_mm, common), drawn)


def others_layer(name: str, marks: LabelArray, common: dict[str, Any]) -> Labels:
    """Outlines of other readers on a film, which cannot be edited; ``marks`` has the shape (rows, columns)."""
    layer = Labels(marks, name=f"other readers, {name}", colormap=OTHERS, **common)
    layer.contour = CONTOUR_PX
    return layer


def palette() -> DirectLabelColormap:
    """Number of a deposit -> its colour; grey for rejected ones."""
    drawn: dict[int | None, Any] = {number: np.array(rgba) for number, rgba in colours(range(1, MOST_NUMBERS)).items()}
    drawn[None] = np.array(REJECTED_COLOUR)
    return DirectLabelColormap(color_dict=defaultdict(lambda: np.array(REJECTED_COLOUR), drawn))
