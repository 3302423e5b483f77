"""Confirmation: a weak candidate on one exposure counts as a deposit if another exposure surely shows a deposit at its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.model.alignment import Alignment
from calcitrack.model.segmentation import Segmentation

SAMPLES = 200
"""Pixels of a deposit that are carried onto the other exposure: enough to tell a fifth of it."""
TOLERANCE_MM = 1.0
"""A carried deposit may lie beside the candidate by this much: three times the median error of registration at deposits
(docs/explanation/registration.md), near its 95th percentile."""
LEAST_SHARE = 0.2
"""Share of the carried deposit, or of the candidate, that has to lie on the other."""


@dataclass(frozen=True, eq=False, slots=True)
class ExposureCandidates:
    """The candidates of one exposure, and which of them are sure.

    Parameters
    ----------
    found
        All candidates.
    sure
        Labels of the candidates that need no confirmation.
    alignment
        Baseline onto this image; ``None`` on the baseline image itself.
    pixel_mm
        Mean side of a pixel.
    """

    found: Segmentation
    sure: frozenset[int]
    alignment: Alignment | None
    pixel_mm: float


def confirmed_labels(exposures: Sequence[ExposureCandidates]) -> list[frozenset[int]]:
    """Labels of each exposure's unsure candidates that another exposure confirms with a sure deposit at their place.

    Confirmation requires a reliable registration of both exposures. The answer does not depend on the order of the exposures.
    """
    points = [_baseline_points(e) for e in exposures]
    answer: list[frozenset[int]] = []
    for k, exposure in enumerate(exposures):
        unsure = set(exposure.found.label_values) - exposure.sure
        confirmed: set[int] = set()
        if unsure and _linked(exposure):
            weak = np.where(np.isin(exposure.found.labels, list(unsure)), exposure.found.labels, 0).astype(np.uint16)
            reach = 2 * round(TOLERANCE_MM / exposure.pixel_mm) + 1
            near = cv2.dilate(weak, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
            area = np.bincount(weak.ravel())
            for i, others in enumerate(points):
                for place, pixels in others if i != k else ():
                    confirmed |= _hit(place, pixels, exposure, np.asarray(near, np.uint16), area)
        answer.append(frozenset(confirmed))
    return answer


def _linked(exposure: ExposureCandidates) -> bool:
    return exposure.alignment is None or exposure.alignment.ok


def _baseline_points(exposure: ExposureCandidates) -> list[tuple[NDArray[np.float64], float]]:
    """Sample points of each sure deposit in baseline's coordinates, and the area of its own film that a point stands for, mm2."""
    if not _linked(exposure):
        return []
    carried = []
    for label in sorted(exposure.sure):
        pixels = np.argwhere(exposure.found.labels == label)
        if not len(pixels):
            continue
        chosen = pixels[:: max(1, len(pixels) // SAMPLES)].astype(float)
        at = chosen if exposure.alignment is None else exposure.alignment.to_baseline(chosen)
        carried.append((at, len(pixels) / len(chosen) * exposure.pixel_mm**2))
    return carried


def _hit(
    place: NDArray[np.float64], mm2_a_point: float, exposure: ExposureCandidates, near: NDArray[np.uint16], area: NDArray[np.integer]
) -> set[int]:
    """Labels of candidates on which a deposit of another exposure lies."""
    at = place
    if exposure.alignment is not None:
        at = exposure.alignment.to_image(place)[exposure.alignment.ok_at(place)]
    rows, columns = np.round(at).astype(int).T if len(at) else np.empty((2, 0), int)
    inside = (rows >= 0) & (rows < near.shape[0]) & (columns >= 0) & (columns < near.shape[1])
    labels, counts = np.unique(near[rows[inside], columns[inside]], return_counts=True)
    of_candidate = counts * mm2_a_point / np.maximum(area[labels] * exposure.pixel_mm**2, 1e-9)
    enough = (counts >= LEAST_SHARE * len(place)) | (of_candidate >= LEAST_SHARE)
    return {int(k) for k in labels[enough] if k}
