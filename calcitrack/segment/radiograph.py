"""Deposits on one radiograph."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.calibrate.intensity import attenuation
from calcitrack.model.image import Radiograph
from calcitrack.model.segmentation import Segmentation
from calcitrack.segment.anatomy import find_anatomy
from calcitrack.segment.candidates import Candidates, find_candidates
from calcitrack.segment.cleanup import finish
from calcitrack.segment.confidence import confidence
from calcitrack.segment.field import exposed_field
from calcitrack.segment.grid import Grid, blur
from calcitrack.segment.options import SegmentOptions

SMOOTHING_MM = 0.2
"""Gaussian smoothing before the search: one search pixel, against grain."""


def segment(radiograph: Radiograph, options: SegmentOptions | None = None) -> Segmentation:
    """Find limb, bone and the deposits in soft tissue on one radiograph.

    Parameters
    ----------
    radiograph
        Pixels of the shape (rows, columns), larger = denser.
    options
        Settings; defaults when ``None``.

    Returns
    -------
    Labels 1 ... n from the largest deposit to the smallest, with limb, bone and a confidence for each deposit, all of the film's
    shape. Deposits whose shadow lies wholly over bone are not searched for.

    Notes
    -----
    Soft tissue is fitted as a smooth surface; what stands above it in bone-contrast and noise units is a candidate, and a logistic
    model of its outline, contrast and surroundings says how likely it is a deposit.
    """
    options = options or SegmentOptions()
    findings: list[str] = []
    grid = _grid(radiograph, options, findings)
    image = blur(grid.down(attenuation(radiograph)), SMOOTHING_MM)
    field = exposed_field(image, grid.down_mask(radiograph.valid_mask))
    anatomy = find_anatomy(image, field)
    if anatomy is None:
        nothing = np.zeros(radiograph.shape, bool)
        return Segmentation(
            labels=np.zeros(radiograph.shape, np.uint16),
            limb=nothing,
            bone=nothing,
            findings=(*findings, "no limb with bone stands out from the air: nothing was searched"),
        )
    found = find_candidates(image, anatomy, options.min_area_mm2)
    chances = {k: confidence(features) for k, features in enumerate(found.features, start=1)}
    likely = {k: p for k, p in chances.items() if p >= options.min_confidence}
    labels, kept = finish(_draw(found, likely, grid), likely, radiograph.valid_mask, options.min_area_mm2 / (grid.row_mm * grid.column_mm))
    return Segmentation(
        labels=labels,
        limb=grid.up_mask(anatomy.limb),
        bone=grid.up_mask(anatomy.bone),
        confidence=kept,
        findings=tuple(findings),
    )


def _grid(radiograph: Radiograph, options: SegmentOptions, findings: list[str]) -> Grid:
    row_mm, column_mm = radiograph.spacing.row_mm, radiograph.spacing.column_mm
    if row_mm is None or column_mm is None:
        findings.append(f"no pixel size is stated: search scales assume {options.assumed_pixel_mm} mm a pixel")
        row_mm = column_mm = options.assumed_pixel_mm
    return Grid(radiograph.shape, row_mm, column_mm)


def _draw(found: Candidates, likely: Mapping[int, float], grid: Grid) -> NDArray[np.int32]:
    """Draw the likely candidates on the film's own pixels, each outlined at its own level."""
    near = cv2.dilate(found.labels.astype(np.float32), np.ones((3, 3), np.uint8)).astype(np.float32)
    index = cv2.resize(near, grid.shape[::-1], interpolation=cv2.INTER_NEAREST).astype(np.int32)
    level = np.full(len(found.features) + 1, np.inf, np.float32)
    for k in likely:
        level[k] = found.outline[k - 1]
    return np.asarray(np.where(grid.up(found.residual) > level[index], index, 0), dtype=np.int32)
