"""Two films of one timeline on one grid: in the baseline's coordinates, with comparable values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcitrack.calibrate.intensity import attenuation
from calcitrack.model.alignment import Alignment
from calcitrack.model.assessment import ImageAssessment
from calcitrack.model.image import FloatImage, Mask, Radiograph

MARGIN_SHARE = 0.03
"""Room around the limb, of its longer side."""
MOST_BEYOND = 0.5
"""The grid reaches at most this share of the baseline film's size beyond its edges, where only the other film shows something."""
PERCENTILES = np.linspace(1.0, 99.0, 99)
TAIL = 20
"""Values beyond the outermost percentile go on in the straight line from this many percentiles inside it: deposits are denser than all else."""
NODE_PX = 4
"""The map between films is smooth: it is evaluated at every fourth pixel of the picture, a sixteenth of the work."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Grid of a picture on the baseline image.

    Parameters
    ----------
    origin
        (row, column) of the picture's first pixel, in pixels of the baseline image.
    step
        Pixels of the baseline image per pixel of the picture.
    shape
        (rows, columns) of the picture.
    """

    origin: tuple[float, float]
    step: float
    shape: tuple[int, int]

    def nodes(self) -> NDArray[np.float64]:
        """Baseline positions of about every `NODE_PX`-th pixel, the outermost ones included, shape (rows, columns, 2)."""
        axes = [np.linspace(o, o + self.step * (n - 1), 2 + (n - 1) // NODE_PX) for o, n in zip(self.origin, self.shape, strict=True)]
        return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)

    def filled(self, at_nodes: NDArray[np.float64]) -> NDArray[np.float32]:
        """Values at the nodes, shape (rows, columns), interpolated linearly to every pixel of the picture."""
        factors = [n / m for n, m in zip(self.shape, at_nodes.shape, strict=True)]
        return np.asarray(ndimage.zoom(at_nodes.astype(np.float32), factors, order=1, mode="nearest"), np.float32)


@dataclass(frozen=True, eq=False, slots=True)
class Side:
    """One of two compared films: its pixels as measured, and its measured deposits."""

    film: Radiograph
    image: ImageAssessment

    @property
    def alignment(self) -> Alignment | None:
        """Alignment of the baseline with this film; ``None`` on the baseline itself."""
        return self.image.alignment

    @property
    def registered(self) -> bool:
        """Whether the film is registered to the baseline."""
        return self.alignment is None or self.alignment.ok


@dataclass(frozen=True, eq=False, slots=True)
class Sampled:
    """A film on the grid.

    Parameters
    ----------
    values
        Shape (rows, columns): attenuation on the best scale that the calibration allows.
    exposed
        Mask of pixels on the film that the beam reached.
    trusted
        Mask of reliable registration.
    limb
        The limb; everything exposed where none was found.
    labels
        Labels of the deposits, 0 elsewhere.
    """

    values: FloatImage
    exposed: Mask
    trusted: Mask
    limb: Mask
    labels: NDArray[np.uint16]


def grid_of(sides: Sequence[Side], long_side: int) -> Grid:
    """A grid around the limbs of all films, whose longer side has this many pixels; it reaches beyond the baseline where another film does."""
    boxes = np.array([_limb_box(s) for s in sides])
    low, high = boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)
    room = MARGIN_SHARE * float((high - low).max())
    baseline = next((s.film.shape for s in sides if s.alignment is None), None)
    if baseline is not None:
        size = np.array(baseline, float)
        low, high = np.maximum(low - room, -MOST_BEYOND * size), np.minimum(high + room, (1 + MOST_BEYOND) * size - 1)
    extent = np.maximum(high - low, 1.0)
    step = float(extent.max()) / (long_side - 1)
    rows, columns = (round(float(e) / step) + 1 for e in extent)
    return Grid((float(low[0]), float(low[1])), step, (rows, columns))


def _limb_box(side: Side) -> NDArray[np.float64]:
    """First and last (row, column) of the film's limb, or of the film, in baseline pixels by the similarity of the whole: shape (2, 2)."""
    limb = side.image.segmentation.limb
    rows, columns = (np.flatnonzero(limb.any(axis=a)) for a in (1, 0)) if limb.any() else (np.array([0, n - 1]) for n in side.film.shape)
    corners = np.array([(r, c) for r in (rows[0], rows[-1]) for c in (columns[0], columns[-1])], float)
    if side.alignment is not None:
        matrix = np.array(side.alignment.matrix)
        corners = np.linalg.solve(matrix[:, :2], (corners - matrix[:, 2]).T).T
    return np.array([corners.min(axis=0), corners.max(axis=0)])


def sample(side: Side, grid: Grid) -> Sampled:
    """A film's values and deposits at the grid's positions."""
    nodes = grid.nodes()
    positions = nodes if side.alignment is None else side.alignment.to_image(nodes)
    rows, columns = (grid.filled(positions[..., k]) for k in (0, 1))
    values = attenuation(replace(side.film, calibration=side.image.calibration))
    if grid.step > 1:  # pixels between those of the grid are averaged, not skipped
        values = np.asarray(cv2.GaussianBlur(values, (0, 0), 0.4 * grid.step), np.float32)
    exposed = _nearest(side.film.valid_mask.astype(np.uint8), rows, columns) > 0
    limb = side.image.segmentation.limb
    return Sampled(
        values=np.asarray(cv2.remap(values, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32),
        exposed=exposed,
        trusted=np.ones(grid.shape, bool) if side.alignment is None else grid.filled(side.alignment.ok_at(nodes).astype(float)) > 0.5,
        limb=exposed & (_nearest(limb.astype(np.uint8), rows, columns) > 0) if limb.any() else exposed,
        labels=_nearest(side.image.segmentation.labels, rows, columns),
    )


def _nearest(values: NDArray[np.uint8] | NDArray[np.uint16], rows: NDArray[np.float32], columns: NDArray[np.float32]) -> NDArray[np.uint16]:
    return np.asarray(cv2.remap(values, columns, rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=0), np.uint16)


def common_tissue(earlier: Sampled, later: Sampled) -> Mask:
    """Mask where both films show the limb and no deposit, and registration is reliable: tissue that should not differ."""
    shared = earlier.limb & later.limb & earlier.trusted & later.trusted
    plain = shared & (earlier.labels == 0) & (later.labels == 0)
    return plain if plain.any() else shared


def on_scale_of(earlier: Sampled, later: Sampled) -> FloatImage:
    """Map the later film's values to the earlier one's scale: equal ranks within their common tissue get equal values.

    Ranks do not depend on dose, tube voltage, gain and a vendor's curve, all of which change between visits. Beyond the outermost percentiles, where
    deposits lie, the map continues in a straight line. Where the films share no tissue, the values are returned unchanged.
    """
    tissue = common_tissue(earlier, later)
    if not tissue.any():
        return later.values
    later_ranks, earlier_ranks = (np.percentile(s.values[tissue], PERCENTILES) for s in (later, earlier))
    later_ranks = np.maximum.accumulate(
        later_ranks + np.arange(len(later_ranks)) * 1e-6 * max(float(np.ptp(later_ranks)), 1e-6)
    )  # ascending, also where values repeat
    mapped = np.interp(later.values, later_ranks, earlier_ranks)
    for end, inner in ((0, TAIL), (-1, -1 - TAIL)):
        slope = (earlier_ranks[end] - earlier_ranks[inner]) / (later_ranks[end] - later_ranks[inner])
        beyond = later.values < later_ranks[0] if end == 0 else later.values > later_ranks[-1]
        mapped[beyond] = earlier_ranks[end] + slope * (later.values[beyond] - later_ranks[end])
    return mapped.astype(np.float32)
