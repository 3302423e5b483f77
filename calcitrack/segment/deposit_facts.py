"""Facts about a deposit candidate, from its probabilities, its shape and its surroundings; its confidence is computed from them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcitrack.model.image import FloatImage, Mask
from calcitrack.segment.grid import WORKING_PIXEL_MM, blur, dilate, erode
from calcitrack.segment.network import Chances
from calcitrack.segment.overview import Overview, agreement, log_odds

FACTS = (
    "best_odds",  # log odds of the network: 95th percentile within the deposit
    "mean_odds",
    "median_odds",
    "worst_odds",  # 10th percentile
    "odds_at_edge",  # mean within 0.3 mm outside the outline: a sure network lets them fall at once
    "odds_beside",  # ... from there to 0.7 mm
    "log_area",  # mm2
    "log_depth",  # mm: largest distance of a pixel from the outline
    "solidity",  # area over that of the convex hull
    "log_elongation",  # of the axes of the covariance
    "log_specks",
    "over_bone",  # share of the deposit
    "bone_chance",  # mean within
    "bone_chance_around",  # mean from 0.7 to 2 mm outside
    "bone_chance_nearest",  # greatest within 2 mm
    "air_around",  # share of the surroundings within 2 mm that is no limb
    "log_skin_distance",  # log(1 + mm)
    "contrast",  # attenuation, median against the median of the surroundings from 0.7 to 2 mm
    "contrast_in_spreads",  # ... over their robust standard deviation
    "contrast_of_bone",  # ... over the contrast of the film's dense bone against its soft tissue
    "log_spread",  # of the surroundings
    "log_edge_sharpness",  # mean gradient at the outline over that of the surroundings
    "gradient_within",  # over the contrast
    "curvature_within",  # mean Laplacian over the contrast
    "overview_odds",  # log odds of the overview: mean within
    "overview_best_odds",  # ... 95th percentile
    "overview_bone",  # mean of the overview's chance of bone within
    "overview_limb",  # ... of limb, within and to 2 mm outside
    "foreign_near",  # greatest chance of a foreign object within 2 mm
    "overview_doubt",  # how far the overview's views differ, mean within
    "anatomies_agree",  # overlap (Dice) of the two networks' bones on the film: low on films unlike those they have seen
)
"""Names of the facts, in order. Chosen on simulated films: with the first, the second, area and share over bone alone, more than twice as many
false deposits have to be taken along for the same share of real ones (`python -m benchmarks.segmenter --only-calibrate` prints both)."""

EDGE_MM, BESIDE_MM, AROUND_MM = 0.3, 0.7, 2.0
"""Ends of the rings outside the outline."""
SMOOTHED_MM, CURVED_MM = 0.2, 0.4
"""Standard deviations of the smoothing before the gradient and before the Laplacian."""
LEAST_CONTRAST = 0.01
"""Added to a contrast that divides."""


@dataclass(frozen=True, eq=False, slots=True)
class Scenery:
    """Images from which the facts of all deposits of a film are computed, on the search grid, shape (rows, columns) each.

    Parameters
    ----------
    odds
        Log odds of deposit.
    bone_chance
        Probability of bone.
    image
        Attenuation.
    gradient, curvature
        Of the attenuation.
    limb, bone
        Masks.
    skin_mm
        Distance to the nearest pixel outside the limb.
    bone_contrast
        Attenuation of dense bone against soft tissue.
    overview
        The overview of the film.
    overview_odds
        Its log odds of deposit.
    agreement
        Overlap (Dice) of the search network's bone with the overview's, 0 to 1.
    """

    odds: FloatImage
    bone_chance: FloatImage
    image: FloatImage
    gradient: FloatImage
    curvature: FloatImage
    limb: Mask
    bone: Mask
    skin_mm: FloatImage
    bone_contrast: float
    overview: Overview
    overview_odds: FloatImage
    agreement: float


def scenery(chances: Chances, overview: Overview, image: FloatImage, limb: Mask, bone: Mask) -> Scenery:
    """Prepare the images of a film once for all its deposits; the chances are the search network's own."""
    smooth = blur(image, SMOOTHED_MM)
    soft = limb & ~bone
    dense = float(np.percentile(image[bone], 90)) if bone.any() else 1.0
    return Scenery(
        odds=log_odds(chances.deposit),
        bone_chance=chances.bone,
        image=image,
        gradient=np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)),
        curvature=np.asarray(cv2.Laplacian(blur(image, CURVED_MM), cv2.CV_32F), np.float32),
        limb=limb,
        bone=bone,
        skin_mm=np.asarray(cv2.distanceTransform(limb.astype(np.uint8), cv2.DIST_L2, 5) * WORKING_PIXEL_MM, np.float32),
        bone_contrast=max(0.05, dense - (float(np.median(image[soft])) if soft.any() else 0.0)),
        overview=overview,
        overview_odds=log_odds(overview.deposit),
        agreement=agreement(chances.bone, overview),
    )


def deposit_facts(scene: Scenery, numbers: NDArray[np.int32], number: int, box: tuple[slice, slice]) -> NDArray[np.float64]:
    """Facts of one deposit, in the order of `FACTS`.

    Parameters
    ----------
    scene
        The film.
    numbers
        Shape (rows, columns): 0 or the number of a deposit.
    number, box
        The deposit and the rows and columns that hold it.
    """
    view = _widened(box, numbers.shape)
    inside, others = numbers[view] == number, (numbers[view] > 0) & (numbers[view] != number)
    near, beside, around = (dilate(inside, mm) for mm in (EDGE_MM, BESIDE_MM, AROUND_MM))
    at_edge, next_to = near & ~inside & ~others, beside & ~near & ~others
    surroundings = around & ~beside & ~others & scene.limb[view]
    if np.count_nonzero(surroundings) < 10:
        surroundings = around & ~beside
    odds, image, gradient, bone_chance = scene.odds[view], scene.image[view], scene.gradient[view], scene.bone_chance[view]
    level = _median(image, surroundings)
    spread = 1.4826 * _median(np.abs(image - level), surroundings) + 1e-4
    contrast = _median(image, inside) - level
    per_contrast = 1 / (abs(contrast) + LEAST_CONTRAST)
    outline = at_edge | (inside & ~erode(inside, EDGE_MM))
    worst, median, best = np.percentile(odds[inside], [10, 50, 95])
    return np.array(
        [
            best,
            _mean(odds, inside),
            median,
            worst,
            _mean(odds, at_edge),
            _mean(odds, next_to),
            *_shape(inside),
            _mean(scene.bone[view], inside),
            _mean(bone_chance, inside),
            _mean(bone_chance, surroundings),
            float(bone_chance[around].max()),
            1 - _mean(scene.limb[view], around),
            np.log1p(_median(scene.skin_mm[view], inside)),
            contrast,
            contrast / spread,
            contrast / scene.bone_contrast,
            np.log(spread),
            np.log(_mean(gradient, outline) / (_mean(gradient, surroundings) + 1e-4) + 1e-4),
            _mean(gradient, inside) * per_contrast,
            _mean(scene.curvature[view], inside) * per_contrast,
            *_overview_facts(scene, view, inside, around),
        ]
    )


def _overview_facts(scene: Scenery, view: tuple[slice, slice], inside: Mask, around: Mask) -> tuple[float, ...]:
    """What the overview says of a deposit's place."""
    odds = scene.overview_odds[view][inside]
    return (
        float(odds.mean()),
        float(np.percentile(odds, 95)),
        _mean(scene.overview.bone[view], inside),
        _mean(scene.overview.limb[view], around),
        float(scene.overview.foreign[view][around].max()),
        _mean(scene.overview.doubt[view], inside),
        scene.agreement,
    )


def _shape(inside: Mask) -> tuple[float, float, float, float, float]:
    """Log area, log depth, solidity, log elongation, log number of specks."""
    pixels = int(np.count_nonzero(inside))
    depth = float(cv2.distanceTransform(np.pad(inside, 1).astype(np.uint8), cv2.DIST_L2, 5).max()) * WORKING_PIXEL_MM
    at = np.argwhere(inside)[:, ::-1].astype(np.float32)
    hull = cv2.convexHull(at)
    filled = cv2.contourArea(hull) + len(hull) / 2 + 1
    axes = np.linalg.eigvalsh(np.cov(at.T) + 0.1 * np.eye(2)) if pixels > 1 else np.ones(2)
    specks = int(ndimage.label(inside)[1])
    return (
        float(np.log(pixels * WORKING_PIXEL_MM**2)),
        float(np.log(depth)),
        pixels / max(float(filled), pixels),
        0.5 * float(np.log(axes[1] / axes[0])),
        float(np.log(specks)),
    )


def _widened(box: tuple[slice, slice], shape: tuple[int, int]) -> tuple[slice, slice]:
    """The box, enlarged by the surroundings that the facts use."""
    margin = round(AROUND_MM / WORKING_PIXEL_MM) + 2
    rows, columns = (slice(max(0, s.start - margin), min(n, s.stop + margin)) for s, n in zip(box, shape, strict=True))
    return rows, columns


def _mean(values: FloatImage | Mask, where: Mask) -> float:
    return float(values[where].mean()) if where.any() else 0.0


def _median(values: FloatImage, where: Mask) -> float:
    return float(np.median(values[where])) if where.any() else 0.0
