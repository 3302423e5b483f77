"""Facts about a candidate for the outline around a click; how well it fits is estimated from them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.segment.click_candidates import BRIDGES_PX, PICTURES, Candidate
from calcitrack.segment.click_view import SCALES

FACTS = (
    "log_area",  # mm2
    "log_pixels",  # of its scale
    "log_roundness",  # squared outline over area, 0 for a disk
    "solidity",  # area over that of the convex hull
    "edge",  # mean outward fall at the outline in usual slopes of the window
    "edge_low",  # 20th percentile of the fall over its mean
    "edge_share",  # share of the outline that falls
    "edge_in_range",  # mean fall in shares of the film's range
    "edge_within",  # mean slope within over that at the outline
    "step",  # inner rim against outer rim, in usual slopes
    "step_wide",  # inside against the surroundings, in shares of the film's range
    "spread",  # within, over the wide step
    "level",  # mean within, as a share of the film's range
    "level_of_bone",  # ... against the film's bone
    "odds",  # mean within
    "odds_beside",  # outer rim
    "odds_most",  # greatest
    "odds_share",  # share where the network thinks a deposit likelier than not
    "bone",  # mean probability within
    "bone_beside",
    "bone_step",  # inner rim against outer rim
    "limb",
    "limb_beside",
    "limb_step",
    "field_beside",
    "border",  # share of the outline at the window's border
    "depth",  # distance of the click from the outline over the radius of the disk of the same area
    "stability",
    *(f"picture_{name}" for name in PICTURES),
    *(f"cut_{n}" for n in range(1, len(BRIDGES_PX))),
    *(f"scale_{n}" for n in range(1, len(SCALES))),
)
"""Names of the facts, in order."""
WIDE_SHARE = 0.3
"""Width of the surroundings as a share of the candidate's radius."""
SMALL = 1e-3
"""Added to what divides, a share of the film's range."""
_CROSS = np.asarray(cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)), np.uint8)
_DISK = np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)), np.uint8)


def facts_of(candidates: Sequence[Candidate], bone_level: float) -> NDArray[np.float64]:
    """Facts of the candidates of one click, shape (candidates, facts).

    Parameters
    ----------
    bone_level
        Mean of the film's bone as a share of its range.
    """
    facts = [_facts(c, bone_level) for c in candidates]
    return np.array(facts, float).reshape(len(candidates), len(FACTS))


def _facts(candidate: Candidate, bone_level: float) -> NDArray[np.float64]:
    view, box = candidate.view, _box(candidate)
    inside = candidate.inside[box].astype(np.uint8)
    layers, odds, slope = view.layers[box], view.odds[box], view.slope[box]
    rim_in, rim_out = inside - cv2.erode(inside, _DISK), cv2.dilate(inside, _DISK) - inside
    inner, outer = inside - cv2.erode(inside, _CROSS), cv2.dilate(inside, _CROSS) - inside
    area, outline = float(cv2.countNonZero(inside)), float(cv2.countNonZero(inner))
    radius = float(np.sqrt(area / np.pi))
    width = 2 * (2 + int(WIDE_SHARE * radius)) + 1
    around = cv2.dilate(inside, cv2.getStructuringElement(cv2.MORPH_RECT, (width, width))) - inside - rim_out
    within, beside = cv2.mean(layers, inside), cv2.mean(layers, rim_out)
    at_rim = cv2.mean(layers, rim_in)
    edge_mask = inner + outer
    fall = _fall(candidate, box, edge_mask > 0)
    mean_fall = float(fall.mean()) if fall.size else 0.0
    wide = cv2.mean(layers, around)[0] if cv2.countNonZero(around) else beside[0]
    step_wide = within[0] - wide
    spread = float(cv2.meanStdDev(layers[..., 0], mask=inside)[1][0, 0])
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    at = (view.click[0] - box[0].start, view.click[1] - box[1].start)
    click_depth = float(depth[at]) if 0 <= at[0] < inside.shape[0] and 0 <= at[1] < inside.shape[1] else 0.0
    low_fall = float(np.partition(fall, fall.size // 5)[fall.size // 5]) if fall.size else 0.0
    return np.array(
        [
            np.log(area * view.pixel_mm**2),
            np.log(area),
            np.log(outline**2 / (area * 8) + 0.1),
            _solidity(inside, area),
            np.arcsinh(mean_fall / view.grain),
            min(3.0, max(-3.0, low_fall / (abs(mean_fall) + SMALL / 4))),
            float(np.count_nonzero(fall > 0)) / max(fall.size, 1),
            np.arcsinh(mean_fall / 0.01),
            np.log((cv2.mean(slope, inside - rim_in)[0] + SMALL) / (cv2.mean(slope, edge_mask)[0] + SMALL)),
            np.arcsinh((at_rim[0] - beside[0]) / view.grain),
            np.arcsinh(step_wide / 0.02),
            np.log((spread + SMALL) / (abs(step_wide) + SMALL)),
            within[0],
            within[0] - bone_level,
            within[1],
            beside[1],
            cv2.minMaxLoc(odds, inside)[1],
            cv2.mean((odds > 0).astype(np.uint8), inside)[0],
            within[2],
            beside[2],
            at_rim[2] - beside[2],
            within[3],
            beside[3],
            at_rim[3] - beside[3],
            cv2.mean(view.field[box], rim_out)[0],
            np.count_nonzero(candidate.inside & view.edges) / max(outline, 1),
            click_depth / max(radius, 1),
            min(candidate.stability, 3.0),
            *(float(candidate.picture == n) for n in range(len(PICTURES))),
            *(float(candidate.cut == n) for n in range(1, len(BRIDGES_PX))),
            *(float(view.scale == n) for n in range(1, len(SCALES))),
        ]
    )


def _box(candidate: Candidate) -> tuple[slice, slice]:
    """Rows and columns that hold a candidate and its surroundings."""
    inside = candidate.inside
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    margin = 5 + int(0.35 * float(np.sqrt(np.count_nonzero(inside) / np.pi)))
    tall, wide = (slice(max(0, int(v[0]) - margin), min(n, int(v[-1]) + margin + 1)) for v, n in zip((rows, columns), inside.shape, strict=True))
    return tall, wide


def _fall(candidate: Candidate, box: tuple[slice, slice], where: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Outward fall of the image at the outline: its slope along the inward normal."""
    soft = cv2.GaussianBlur(candidate.inside[box].astype(np.float32), (0, 0), 1.0)
    down, across = cv2.Sobel(soft, cv2.CV_32F, 0, 1), cv2.Sobel(soft, cv2.CV_32F, 1, 0)
    size = cv2.magnitude(down, across) + 1e-6
    slope_down, slope_across = (layer[box] for layer in candidate.view.gradient)
    return np.asarray(((down * slope_down + across * slope_across) / size)[where], np.float32)


def _solidity(inside: NDArray[np.uint8], area: float) -> float:
    outlines, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not outlines:
        return 1.0
    hull = cv2.convexHull(np.concatenate(outlines))
    return area / max(cv2.contourArea(hull) + cv2.arcLength(hull, closed=True) / 2 + 1, 1.0)
