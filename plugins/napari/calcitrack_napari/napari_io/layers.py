"""Radiographs and outlines as layer data of napari: arrays with scale, contrast and colours. Pure: no napari, no Qt."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcitrack.calibrate.intensity import attenuation
from calcitrack.figures.overlay import BRIGHT_PERCENTILE, DARK_PERCENTILE
from calcitrack.figures.palette import BLUE, GREEN, ORANGE, POSSIBLE_MARK, PURPLE, SKY, VERMILLION, YELLOW, rgb
from calcitrack.model.alignment import Alignment
from calcitrack.model.assessment import DepositId, ImageAssessment
from calcitrack.model.image import FloatImage, Mask, Radiograph
from calcitrack.model.segmentation import Labels
from calcitrack.model.spacing import Spacing
from calcitrack_napari.napari_io.window import limits_from_file

LayerData = tuple[Any, dict[str, Any], str]
"""What napari expects of a reader: data, keywords of the layer, kind of layer."""
COLOURS = (ORANGE, SKY, YELLOW, GREEN, PURPLE, VERMILLION, BLUE)
"""Colours of deposits, in turn: those of Okabe and Ito (2008), told apart with any colour vision; the darkest comes last, as films are dark."""
METADATA = "calcitrack"
"""Key of a layer's metadata under which its origin is kept."""
OPACITY = 0.45
SAMPLED = 400_000
"""Pixels from which the grey scale is computed: enough for percentiles, and quick on a large film."""


def colour_of(number: int) -> tuple[float, float, float, float]:
    """Red, green, blue and opacity, 0 to 1, of the deposit with this number: the same on every film."""
    red, green, blue = rgb(COLOURS[(number - 1) % len(COLOURS)])
    return red / 255, green / 255, blue / 255, 1.0


def colours(numbers: range | tuple[int, ...]) -> dict[int | None, tuple[float, float, float, float]]:
    """Number of a deposit -> its colour; transparent for 0 and ``None``."""
    clear = (0.0, 0.0, 0.0, 0.0)
    return {None: clear, 0: clear, **{n: colour_of(n) for n in numbers}}


def scale_of(spacing: Spacing) -> tuple[float, float]:
    """Millimetres a pixel (row, column); 1 where no size is stated."""
    return spacing.row_mm or 1.0, spacing.column_mm or 1.0


def units_of(spacing: Spacing) -> str:
    """Unit of the scale."""
    return "mm" if spacing.row_mm else "pixel"


def shown_values(radiograph: Radiograph) -> FloatImage:
    """Values that rise with density, so that bone is white whatever the file says (MONOCHROME1 or 2): attenuation where it is known.

    Linear values are shown through their logarithm, as films are. Places that no beam reached are as dark as the darkest pixel.
    """
    values = attenuation(radiograph)
    return np.where(radiograph.valid_mask, values, values[radiograph.valid_mask].min() if radiograph.valid_mask.any() else values.min())


def contrast_limits(values: FloatImage, limb: Mask | None = None) -> tuple[float, float]:
    """From air to dense bone: a low percentile of all values, and a high one of those inside the limb where it is known."""
    step = max(1, int(np.sqrt(values.size / SAMPLED)))
    some = values[::step, ::step]
    inside = some if limb is None or not limb[::step, ::step].any() else some[limb[::step, ::step]]
    low, high = float(np.percentile(some, DARK_PERCENTILE)), float(np.percentile(inside, BRIGHT_PERCENTILE))
    return (low, high) if high > low else (low, low + 1.0)


def grey_scale(radiograph: Radiograph, values: FloatImage, limb: Mask | None = None) -> tuple[float, float]:
    """The file's window where the image was made for the eye, else `contrast_limits`.

    A window in which dense bone and deposits would be saturated is widened at its bright end.

    Parameters
    ----------
    values
        What is shown of the radiograph (`shown_values`).
    """
    own, from_file = contrast_limits(values, limb), limits_from_file(radiograph, values)
    return own if from_file is None else (from_file[0], max(from_file[1], own[1]))


def image_layer(radiograph: Radiograph, name: str, limb: Mask | None = None, origin: dict[str, Any] | None = None) -> LayerData:
    """A radiograph at true size, bone white."""
    values = shown_values(radiograph)
    keywords = {
        "name": name,
        "scale": scale_of(radiograph.spacing),
        "units": units_of(radiograph.spacing),
        "contrast_limits": grey_scale(radiograph, values, limb),
        "colormap": "gray",
        "metadata": {METADATA: {"source": radiograph.source, **(origin or {})}},
    }
    return values, keywords, "image"


def numbers_of(image: ImageAssessment) -> Labels:
    """Outlines with the number of the deposit in each pixel, 7 for D007, shape (rows, columns)."""
    table = np.zeros(int(image.segmentation.labels.max(initial=0)) + 1, np.uint16)
    for tracked in image.deposits:
        table[tracked.deposit.label] = DepositId.parse(tracked.deposit_id).number
    return np.asarray(table[image.segmentation.labels], np.uint16)


def labels_layer(numbers: Labels, name: str, spacing: Spacing, origin: dict[str, Any] | None = None) -> LayerData:
    """Deposits in the colours of their identities. The keyword ``colours`` is for `reader`, which makes a colour map of it."""
    present = tuple(int(v) for v in np.unique(numbers) if v)
    keywords = {
        "name": name,
        "scale": scale_of(spacing),
        "units": units_of(spacing),
        "opacity": OPACITY,
        "colormap": colours(present),
        "metadata": {METADATA: origin or {}},
    }
    return numbers, keywords, "labels"


def possible_layer(possible: Labels, name: str, spacing: Spacing, origin: dict[str, Any] | None = None) -> LayerData:
    """Possible deposits, all in the colour that they have on overlays."""
    red, green, blue = rgb(POSSIBLE_MARK.colour)
    present = tuple(int(v) for v in np.unique(possible) if v)
    colour = (red / 255, green / 255, blue / 255, 1.0)
    data, keywords, kind = labels_layer(np.array(possible), name, spacing, origin)
    return data, {**keywords, "colormap": {**colours(()), **dict.fromkeys(present, colour)}}, kind


def on_baseline_mm(image: ImageAssessment, baseline: Spacing) -> NDArray[np.float64]:
    """3 x 3 matrix from a film's pixels to millimetres of the baseline film: the similarity of its registration.

    A film that could not be registered lies by its own size. Bones that moved against each other, which the registration knows of, stay where they
    are on their film, so that what is painted is painted on the film's own pixels.
    """
    to_mm = np.diag([*scale_of(baseline), 1.0])
    alignment: Alignment | None = image.alignment
    if alignment is None:
        return to_mm
    if not alignment.ok:
        return np.diag([*scale_of(image.spacing), 1.0])
    return np.asarray(to_mm @ np.linalg.inv(np.vstack([np.array(alignment.matrix), [0.0, 0.0, 1.0]])))


def opened_paths(layers: Iterable[Any]) -> tuple[str, ...]:
    """Files from which the layers of a viewer were read, each once, in their order."""
    paths = (layer.metadata.get(METADATA, {}).get("path", "") for layer in layers if hasattr(layer, "metadata"))
    return tuple(dict.fromkeys(path for path in paths if path))
