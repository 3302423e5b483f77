"""A film around a click, at three scales: what the candidates for an outline are cut from and judged by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.model.image import FloatImage, Mask
from calcitrack.segment.grid import WORKING_PIXEL_MM, resize
from calcitrack.segment.network import Chances

SCALES = (1, 2, 4)
"""Search pixels a side that one pixel of a scale holds: 0.2, 0.4 and 0.8 mm. Each scale sees deposits of 8 to 100 of its pixels."""
REACH_PX = (52, 64, 92)
"""Farthest that a scale looks from the click, in its own pixels: 10, 26 and 74 mm. The last holds a mass of 8 cm that is clicked off its middle."""
SMOOTHED_PX = 0.8
"""Standard deviation of the smoothing against grain, in pixels of the scale."""
RANGE_PERCENT = (1.0, 99.5)
"""Percentiles that stand for the film's range."""
SURE_ODDS = 7.0
"""Log odds of the network are cut here."""


@dataclass(frozen=True, eq=False, slots=True)
class Scale:
    """One scale of a film, shape (rows, columns) each.

    Parameters
    ----------
    pixel_mm
        Size of its pixels.
    image
        Smoothed attenuation, as a share of the film's range.
    odds
        Log odds of the network for a deposit.
    bone, limb
        Probabilities of the network.
    field
        1 where the beam reached the detector.
    """

    pixel_mm: float
    image: FloatImage
    odds: FloatImage
    bone: FloatImage
    limb: FloatImage
    field: FloatImage


def scales_of(image: FloatImage, field: Mask, chances: Chances) -> tuple[Scale, ...]:
    """The scales of a film.

    Parameters
    ----------
    image
        Attenuation on the search grid.
    field
        Where on it the beam reached the detector.
    chances
        Of the network.
    """
    values = image[field] if field.any() else image.ravel()
    low, high = (float(v) for v in np.percentile(values[::3], RANGE_PERCENT))
    shown = np.clip((np.where(field, image, low) - low) / max(high - low, 1e-6), -0.2, 1.5).astype(np.float32)
    chance = np.clip(chances.deposit, 1e-4, 1 - 1e-4)
    odds = np.clip(np.log(chance / (1 - chance)), -SURE_ODDS, SURE_ODDS).astype(np.float32)
    layers = (odds, chances.bone, chances.limb, field.astype(np.float32))
    made = []
    for scale in SCALES:
        shape = (max(1, round(image.shape[0] / scale)), max(1, round(image.shape[1] / scale)))
        smaller = [resize(np.asarray(layer, np.float32), shape) for layer in (shown, *layers)]
        smooth = np.asarray(cv2.GaussianBlur(smaller[0], (0, 0), SMOOTHED_PX), np.float32)
        made.append(Scale(scale * WORKING_PIXEL_MM, smooth, *smaller[1:]))
    return tuple(made)


@dataclass(frozen=True, eq=False)
class View:
    """The window of a scale around a click.

    Parameters
    ----------
    scale
        Position in `SCALES`.
    window
        Rows and columns of the scale.
    click
        (row, column) within the window.
    pixel_mm, image, odds, bone, limb, field
        As in `Scale`, within the window.
    """

    scale: int
    window: tuple[slice, slice]
    click: tuple[int, int]
    pixel_mm: float
    image: FloatImage
    odds: FloatImage
    bone: FloatImage
    limb: FloatImage
    field: FloatImage

    @classmethod
    def around(cls, scales: tuple[Scale, ...], k: int, place: tuple[float, float]) -> View:
        """The window of a scale around a place, given as shares of the film's height and width."""
        of = scales[k]
        at = [min(n - 1, max(0, int(share * n))) for share, n in zip(place, of.image.shape, strict=True)]
        rows, columns = (slice(max(0, p - REACH_PX[k]), min(n, p + REACH_PX[k] + 1)) for p, n in zip(at, of.image.shape, strict=True))
        click = (at[0] - rows.start, at[1] - columns.start)
        layers = [layer[rows, columns] for layer in (of.image, of.odds, of.bone, of.limb, of.field)]
        return cls(k, (rows, columns), click, of.pixel_mm, *layers)

    @cached_property
    def layers(self) -> FloatImage:
        """Image, log odds, bone and limb, shape (rows, columns, 4)."""
        return np.ascontiguousarray(np.dstack([self.image, self.odds, self.bone, self.limb]))

    @cached_property
    def gradient(self) -> tuple[FloatImage, FloatImage]:
        """Slope of the image down and across, a pixel."""
        return tuple(np.asarray(cv2.Sobel(self.image, cv2.CV_32F, *way, ksize=3, scale=1 / 8), np.float32) for way in ((0, 1), (1, 0)))  # type: ignore[return-value]

    @cached_property
    def slope(self) -> FloatImage:
        """Size of the gradient."""
        down, across = self.gradient
        return np.asarray(cv2.magnitude(down, across), np.float32)

    @cached_property
    def grain(self) -> float:
        """Usual slope of the window: what an edge must exceed."""
        return max(float(np.median(self.slope[self.limb > 0.5])) if (self.limb > 0.5).any() else float(np.median(self.slope)), 2e-4)

    @cached_property
    def edges(self) -> NDArray[np.bool_]:
        """Pixels at the window's border that lie within the film: a region that reaches them goes on beyond."""
        border = np.zeros(self.image.shape, bool)
        border[[0, -1]] = border[:, [0, -1]] = True
        return border
