"""Deposits on one radiograph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.calibrate.intensity import attenuation
from calcitrack.model.arguments import expect
from calcitrack.model.film_quality import Severity
from calcitrack.model.image import FloatImage, Mask, Radiograph
from calcitrack.model.pose import canonical_pose
from calcitrack.model.segmentation import Segmentation
from calcitrack.segment.deposit_confidence import Values
from calcitrack.segment.field import exposed_field
from calcitrack.segment.film_gate import cautious, film_doubts
from calcitrack.segment.grid import Grid, blur, dilate
from calcitrack.segment.learned import Learned, find_deposits
from calcitrack.segment.network import chances
from calcitrack.segment.options import SegmentOptions
from calcitrack.segment.overview import likely_size, overview
from calcitrack.segment.parts import OUTLINE_CHANCE

SMOOTHING_MM = 0.2
"""Gaussian smoothing before the exposed field is looked for: one search pixel, against grain."""
ASSUMED_LENGTH_MM = 220.0
"""Long side of a film without pixel size, before its bones are looked at: a hand, an elbow or a knee with its surroundings."""
WEDGE_MARGIN_MM = 1.0
"""Blurred edge of a step wedge, and the error of its found place: neither is searched."""


def segment(radiograph: Radiograph, options: SegmentOptions | None = None) -> Segmentation:
    """Find limb, bone and the deposits on one radiograph.

    Parameters
    ----------
    radiograph
        Pixels of the shape (rows, columns), larger = denser.
    options
        Settings; defaults when ``None``.

    Returns
    -------
    Labels 1 ... n from the largest deposit to the smallest, with limb, bone and a confidence for each deposit, all of the film's
    shape; and possible deposits, which are too unsure to be counted (`SegmentOptions.possible_confidence`).

    Notes
    -----
    Two small convolutional networks find the candidates, one that looks at millimetres and one that sees the whole limb; a third one says how
    likely each is a deposit (docs/explanation/model-card.md). A segmenter of the user's own (`SegmentOptions.method`) takes their place.

    Examples
    --------
    >>> from calcitrack import segment
    >>> from calcitrack.phantom.small import small_radiograph, small_segmentation
    >>> found = segment(small_radiograph())
    >>> found.label_values
    (1,)
    >>> bool(((found.labels > 0) & (small_segmentation().labels > 0)).sum() > 100)
    True
    """
    expect("segment", "radiograph", radiograph, Radiograph)
    expect("segment", "options", options, SegmentOptions, type(None))
    options = options or SegmentOptions()
    found = candidates(radiograph, options)
    return settled(found, sure(found, options), options)


def sure(found: Segmentation, options: SegmentOptions) -> frozenset[int]:
    """Labels of the candidates that this image alone shows.

    Examples
    --------
    >>> from calcitrack.phantom.small import small_segmentation
    >>> sure(small_segmentation(), SegmentOptions())
    frozenset({1})
    """
    return _at_least(found, options.sure_from, options.mass_from)


def settled(found: Segmentation, sure_labels: frozenset[int], options: SegmentOptions, confirmed: frozenset[int] = frozenset()) -> Segmentation:
    """The deposits of an image: candidates that are sure, likely enough ones that another exposure confirms, and possible ones, which do not count.

    Parameters
    ----------
    found
        All candidates of the image.
    sure_labels
        As `sure` gives them.
    confirmed
        Labels that another exposure confirms.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from calcitrack.phantom.small import small_segmentation
    >>> weak = replace(small_segmentation(), confidence={1: 0.6})
    >>> settled(weak, frozenset(), SegmentOptions())
    Segmentation(0 deposits, 1 possible one, 160 x 120 pixels)
    """
    supported = _at_least(found, options.supported_from, options.supported_from) & confirmed
    possible = _at_least(found, options.possible_from, options.possible_mass_from)
    return replace(found.keeping(sure_labels | supported, supported, possible), masses=frozenset())


def _at_least(found: Segmentation, confidence: float, of_masses: float) -> frozenset[int]:
    return frozenset(k for k in found.label_values if found.confidence.get(k, 1.0) >= (of_masses if k in found.masses else confidence))


def candidates(radiograph: Radiograph, options: SegmentOptions, values: FloatImage | None = None) -> Segmentation:
    """What `segment` finds, and less likely deposits that another exposure may confirm (`SegmentOptions.supported_confidence`), all as labels.

    Parameters
    ----------
    values
        Shape (rows, columns): the radiograph's `attenuation`, where it is known already.

    Examples
    --------
    >>> from calcitrack.phantom.small import small_radiograph
    >>> len(candidates(small_radiograph(), SegmentOptions()).label_values)
    1
    """
    if options.segmenter is not None:
        return options.segmenter(radiograph)
    pose = canonical_pose(radiograph)
    found = _upright(pose.radiograph(radiograph), options, pose.turned(attenuation(radiograph) if values is None else values))
    return replace(found, labels=pose.back(found.labels), limb=pose.back(found.limb), bone=pose.back(found.bone))


def _upright(radiograph: Radiograph, options: SegmentOptions, values: FloatImage) -> Segmentation:
    """The candidates of a film that lies in its canonical pose."""
    findings: list[str] = []
    grid = working_grid(radiograph, options, values)
    if radiograph.spacing.mean_mm is None:
        findings.append(f"no pixel size is stated: search scales assume {grid.row_mm:.2g} mm a pixel")
    image, field = searched(radiograph, grid, values)
    seen = overview(image, grid.down_mask(radiograph.valid_mask))
    doubts = film_doubts(radiograph, image, field, seen)
    if any(d.severity is Severity.REFUSED for d in doubts):
        nothing = np.zeros(radiograph.shape, bool)
        return Segmentation(labels=np.zeros(radiograph.shape, np.uint16), limb=nothing, bone=nothing, findings=tuple(findings), doubts=doubts)
    found = find_deposits(chances(image, field), seen, image, Values.of(radiograph))
    if not found.limb.any():
        nothing = np.zeros(radiograph.shape, bool)
        findings.append("no limb with bone stands out from the air: nothing was searched")
        return Segmentation(labels=np.zeros(radiograph.shape, np.uint16), limb=nothing, bone=nothing, findings=tuple(findings))
    valid = radiograph.valid_mask & grid.up_mask(field)
    likely = {k: p for k, p in found.confidence.items() if p >= min(options.supported_from, options.possible_from)}
    labels, numbers = _numbered_by_size(_drawn(found, grid), likely, valid, options.min_area_mm2 / (grid.row_mm * grid.column_mm))
    return Segmentation(
        labels=labels,
        limb=grid.up_mask(found.limb),
        bone=grid.up_mask(found.bone),
        confidence={label: cautious(found.confidence[number], (*radiograph.doubts, *doubts)) for label, number in numbers.items()},
        widening={label: found.widening[number] for label, number in numbers.items() if number in found.widening},
        masses=frozenset(label for label, number in numbers.items() if number in found.masses),
        findings=tuple(findings),
        doubts=doubts,
    )


def working_grid(radiograph: Radiograph, options: SegmentOptions, values: FloatImage) -> Grid:
    """The search grid of a film; where no pixel size is stated, with the assumed one or what its bones suggest.

    Parameters
    ----------
    values
        Shape (rows, columns): the radiograph's `attenuation`.
    """
    row_mm, column_mm = radiograph.spacing.row_mm, radiograph.spacing.column_mm
    if row_mm is None or column_mm is None:
        row_mm = column_mm = options.assumed_pixel_mm or _likely_pixel_mm(radiograph, values)
    return Grid(radiograph.shape, row_mm, column_mm)


def _likely_pixel_mm(radiograph: Radiograph, values: FloatImage) -> float:
    """Pixel size that the bones suggest."""
    assumed = ASSUMED_LENGTH_MM / max(radiograph.shape)
    grid = Grid(radiograph.shape, assumed, assumed)
    return assumed * likely_size(grid.down(values), grid.down_mask(radiograph.valid_mask))


def searched(radiograph: Radiograph, grid: Grid, values: FloatImage | None = None) -> tuple[FloatImage, Mask]:
    """Attenuation on the search grid, and where on it deposits are looked for: the exposed field without the step wedge.

    Parameters
    ----------
    values
        Shape (rows, columns): the radiograph's `attenuation`, where it is known already.
    """
    image = grid.down(attenuation(radiograph) if values is None else values)
    return image, exposed_field(blur(image, SMOOTHING_MM), grid.down_mask(radiograph.valid_mask)) & ~_wedge(radiograph, grid)


def _wedge(radiograph: Radiograph, grid: Grid) -> Mask:
    """Mask of the step wedge that calibrates the film, with its blurred edges."""
    scale = np.array(radiograph.shape) / np.array(grid.working_shape)
    drawn = np.zeros(grid.working_shape, np.uint8)
    if radiograph.calibration.wedge_corners:
        corners = np.array(radiograph.calibration.wedge_corners) / scale
        cv2.fillConvexPoly(drawn, np.round(corners[:, ::-1]).astype(np.int32), 1)
    return dilate(drawn > 0, WEDGE_MARGIN_MM)


def _drawn(found: Learned, grid: Grid) -> NDArray[np.int32]:
    """The numbers of the deposits, drawn at the film's own resolution."""
    return np.where(grid.up(found.chance) >= OUTLINE_CHANCE, _nearest(found.numbers, grid), 0).astype(np.int32)


def _nearest(numbers: NDArray[np.int32], grid: Grid) -> NDArray[np.int32]:
    """The numbers at the film's pixels, grown by one search pixel: an outline is drawn within them, at the film's own resolution."""
    grown = cv2.dilate(numbers.astype(np.float32), np.ones((3, 3), np.uint8)).astype(np.float32)
    return np.asarray(cv2.resize(grown, grid.shape[::-1], interpolation=cv2.INTER_NEAREST), dtype=np.int32)


def _numbered_by_size(
    drawn: NDArray[np.integer], confidence: Mapping[int, float], valid: Mask, min_pixels: float
) -> tuple[NDArray[np.uint16], dict[int, int]]:
    """Labels 1 ... n from the largest deposit to the smallest.

    Parameters
    ----------
    drawn
        Shape (rows, columns): 0 or the number of a deposit, in any order.
    confidence
        Number -> probability. Numbers without one are dropped.
    valid
        Outside it there is no deposit.
    min_pixels
        Deposits of fewer pixels of the film are dropped.

    Returns
    -------
    Labels, and which number each had.
    """
    there = np.asarray(valid & (drawn > 0), dtype=bool)
    found = drawn[there]
    area = np.bincount(found, minlength=max(confidence, default=0) + 1)
    order = sorted((k for k in confidence if area[k] and area[k] >= min_pixels), key=lambda k: (-int(area[k]), k))
    order = order[: np.iinfo(np.uint16).max]
    rename = np.zeros(area.size, np.uint16)
    rename[order] = np.arange(1, len(order) + 1)
    labels = np.zeros(drawn.shape, np.uint16)
    labels[there] = rename[found]
    return labels, dict(enumerate(order, start=1))
