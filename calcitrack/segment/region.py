"""The outline of the deposit under a click, on the film's own pixels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.calibrate.intensity import attenuation
from calcitrack.model.arguments import expect
from calcitrack.model.image import FloatImage, Mask, Radiograph
from calcitrack.model.pose import Pose, canonical_pose
from calcitrack.segment.click_candidates import Candidate, candidates_of
from calcitrack.segment.click_facts import facts_of
from calcitrack.segment.click_score import click_score
from calcitrack.segment.click_view import SCALES, Scale, View, scales_of
from calcitrack.segment.network import chances
from calcitrack.segment.options import SegmentOptions
from calcitrack.segment.radiograph import searched, working_grid

LEAST_SCORE = 0.5
"""A best candidate that is thought to meet a deposit worse than this is none. Chosen on simulated films, where the outlines that it refuses have a
mean Dice coefficient of 0.23 (`python -m benchmarks.click` prints what it refuses)."""
LOOKS_LIKE = 0.5
"""Probability of the network from which a place is called bone or limb."""
BONE_LEVEL = 0.8
"""Level of bone as a share of the film's range where the network finds none."""
NEXT_SIZE = 1.2
"""A larger outline covers at least this many times the area of the one before."""
NESTED = 0.85
"""Share of the smaller of two outlines that the larger one holds."""
MOST_SIZES = 6
"""Larger and smaller outlines that are offered, each."""
SMOOTHED_PX = 0.6
"""Smoothing of a mask before it is drawn on finer pixels, in pixels of its scale: rounds the stairs."""


class Bare(StrEnum):
    """Why there is nothing to outline under a click."""

    OUTSIDE = "the place lies outside the exposed film"
    AIR = "nothing stands out there: the place lies in air"
    BONE = "nothing stands out from the bone there"
    SOFT = "nothing stands out from the soft tissue there"


@dataclass(frozen=True, slots=True)
class NoOutline:
    """No deposit lies under a click.

    Examples
    --------
    >>> print(NoOutline(Bare.AIR))
    nothing stands out there: the place lies in air
    """

    reason: Bare

    def __str__(self) -> str:
        return self.reason.value


@dataclass(frozen=True, eq=False, slots=True)
class Outline:
    """A deposit in the window that holds it.

    Parameters
    ----------
    window
        Rows and columns of the film.
    inside
        Shape of the window.
    score
        Expected Dice coefficient with the true outline.
    """

    window: tuple[slice, slice]
    inside: Mask
    score: float


@dataclass(frozen=True, eq=False, slots=True)
class Outlines:
    """The outline of a deposit, with smaller and larger ones around the same place.

    Parameters
    ----------
    ladder
        From the smallest to the largest; each holds most of the one before.
    best
        Position of the best one.
    """

    ladder: tuple[Outline, ...]
    best: int

    def sized(self, steps: int = 0) -> Outline:
        """The best outline, or one that is some steps larger (smaller where negative), as far as there are any."""
        return self.ladder[min(max(self.best + steps, 0), len(self.ladder) - 1)]


@dataclass(frozen=True, eq=False, slots=True)
class ClickFilm:
    """A film that is ready to be clicked; the network has seen it.

    Parameters
    ----------
    shape, valid
        The film's own, (rows, columns), and where the beam reached the detector.
    pose
        The film's canonical pose.
    scales
        The film at three scales, in that pose.
    bone_level
        Mean of the film's bone, as a share of its range.

    Examples
    --------
    >>> from calcitrack.phantom.small import small_radiograph
    >>> film = ClickFilm.of(small_radiograph())
    >>> film.outlines(0, 0)
    NoOutline(reason=<Bare.AIR: 'nothing stands out there: the place lies in air'>)
    """

    shape: tuple[int, int]
    valid: Mask
    pose: Pose
    scales: tuple[Scale, ...]
    bone_level: float

    @classmethod
    def of(cls, radiograph: Radiograph, options: SegmentOptions | None = None, values: FloatImage | None = None) -> ClickFilm:
        """Let the network see a film; the parameters are those of `outline_at`."""
        pose = canonical_pose(radiograph)
        upright, values = pose.radiograph(radiograph), pose.turned(attenuation(radiograph) if values is None else values)
        grid = working_grid(upright, options or SegmentOptions(), values)
        image, field = searched(upright, grid, values)
        scales = scales_of(image, field, chances(image, field))
        coarse = scales[-1]
        bone = coarse.bone > LOOKS_LIKE
        bone_level = float(coarse.image[bone].mean()) if bone.any() else BONE_LEVEL
        return cls(radiograph.shape, radiograph.valid_mask, pose, scales, bone_level)

    def outlines(self, row: int, column: int) -> Outlines | NoOutline:
        """Outlines around a pixel of the film."""
        rows, columns = self.shape
        if not (0 <= row < rows and 0 <= column < columns) or not self.valid[row, column]:
            return NoOutline(Bare.OUTSIDE)
        finest = self._views(row, column)[0]
        if finest.field[finest.click] < LOOKS_LIKE:
            return NoOutline(Bare.OUTSIDE)
        found, facts = self.candidates(row, column)
        scores = click_score()(facts)
        if not found or scores.max() < LEAST_SCORE:
            return self._bare(finest)
        best = int(scores.argmax())
        smaller, larger = _chain(found, scores, best, larger=False), _chain(found, scores, best, larger=True)
        chosen = [*reversed(smaller), best, *larger]
        return Outlines(tuple(self.drawn(found[k], float(scores[k])) for k in chosen), len(smaller))

    def candidates(self, row: int, column: int) -> tuple[list[Candidate], NDArray[np.float64]]:
        """Candidates around a pixel of the film, and their facts of the shape (candidates, facts)."""
        found = [c for view in self._views(row, column) for c in candidates_of(view)]
        return found, facts_of(found, self.bone_level)

    def _views(self, row: int, column: int) -> list[View]:
        at, shape = self.pose.place((row, column), self.shape), self.pose.shape(self.shape)
        place = ((at[0] + 0.5) / shape[0], (at[1] + 0.5) / shape[1])
        return [View.around(self.scales, k, place) for k in range(len(SCALES))]

    def _bare(self, view: View) -> NoOutline:
        """What lies under a click that meets no deposit."""
        if view.bone[view.click] > LOOKS_LIKE:
            return NoOutline(Bare.BONE)
        return NoOutline(Bare.SOFT if view.limb[view.click] > LOOKS_LIKE else Bare.AIR)

    def drawn(self, candidate: Candidate, score: float) -> Outline:
        """Draw a candidate on the film's own pixels."""
        scale_shape = self.scales[candidate.view.scale].image.shape
        shape = self.pose.shape(self.shape)
        step = [n / m for n, m in zip(shape, scale_shape, strict=True)]
        first = [side.start for side in candidate.view.window]
        at = [np.flatnonzero(candidate.inside.any(axis=1 - axis)) for axis in (0, 1)]
        window = tuple(
            slice(max(0, int((f + a[0] - 1) * s)), min(n, int(np.ceil((f + a[-1] + 2) * s))))
            for f, a, s, n in zip(first, at, step, shape, strict=True)
        )
        soft = cv2.GaussianBlur(candidate.inside.astype(np.float32), (0, 0), SMOOTHED_PX, borderType=cv2.BORDER_REPLICATE)
        rows, columns = ((np.arange(w.start, w.stop) + 0.5) / s - 0.5 - f for w, s, f in zip(window, step, first, strict=True))
        across, down = np.meshgrid(columns.astype(np.float32), rows.astype(np.float32))
        inside = cv2.remap(soft, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT) >= 0.5
        place = self.pose.window_back((window[0], window[1]), self.shape)
        return Outline(place, np.asarray(self.pose.back(inside) & self.valid[place], bool), score)


def outline_at(
    radiograph: Radiograph, row: int, column: int, options: SegmentOptions | None = None, values: FloatImage | None = None
) -> Mask | NoOutline:
    """Outline the deposit under a pixel.

    Parameters
    ----------
    radiograph
        Pixels of the shape (rows, columns), larger = denser.
    row, column
        A pixel within the deposit.
    options
        Settings; of these the pixel size that is assumed where none is stated. Defaults when ``None``.
    values
        Shape (rows, columns): the radiograph's `attenuation`, where it is known already.

    Returns
    -------
    Shape (rows, columns): the deposit, or `NoOutline` with the reason where none is seen. `ClickFilm` answers more clicks on the same film
    without asking the network again.

    Notes
    -----
    Candidates are level sets of the attenuation, of the same freed from its surroundings, of the network's log odds, and of the ease of
    the way from the click, at three scales, whole and cut at narrow bridges. A small network that was fitted on simulated films estimates
    from their edges, shape and surroundings how well each meets a deposit; the best one is taken.

    Examples
    --------
    >>> from calcitrack.phantom.small import small_radiograph, small_segmentation
    >>> truth = small_segmentation().labels > 0
    >>> row, column = (int(c.mean()) for c in truth.nonzero())
    >>> found = outline_at(small_radiograph(), row, column)
    >>> bool(2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.8)
    True
    >>> outline_at(small_radiograph(), 0, 0).reason
    <Bare.AIR: 'nothing stands out there: the place lies in air'>
    """
    expect("outline_at", "radiograph", radiograph, Radiograph)
    expect("outline_at", "options", options, SegmentOptions, type(None))
    found = ClickFilm.of(radiograph, options, values).outlines(row, column)
    if isinstance(found, NoOutline):
        return found
    best, mask = found.sized(), np.zeros(radiograph.shape, bool)
    mask[best.window] = best.inside
    return mask


def _chain(found: list[Candidate], scores: NDArray[np.float64], start: int, *, larger: bool) -> list[int]:
    """Positions of ever larger (or smaller) candidates, each the best that holds (or lies in) the one before."""
    areas = np.array([np.count_nonzero(c.inside) * c.view.pixel_mm**2 for c in found])
    chain, now = [], start
    for _ in range(MOST_SIZES):
        ratio = areas / areas[now] if larger else areas[now] / areas
        for most in (2 * NEXT_SIZE, np.inf):
            near = [int(k) for k in np.argsort(-scores) if NEXT_SIZE <= ratio[k] <= most]
            after = next((k for k in near if (_holds(found[k], found[now]) if larger else _holds(found[now], found[k]))), None)
            if after is not None:
                break
        if after is None:
            break
        chain.append(after)
        now = after
    return chain


def _holds(outer: Candidate, inner: Candidate) -> bool:
    """Whether one candidate holds most of another one, of any scale."""
    ratio = inner.view.pixel_mm / outer.view.pixel_mm
    points = np.argwhere(inner.inside)[:: max(1, int(np.count_nonzero(inner.inside) / 400))]
    origin = [(i.start + 0.5) * ratio - o.start for i, o in zip(inner.view.window, outer.view.window, strict=True)]
    at = np.floor(points * ratio + origin).astype(int)
    there = ((at >= 0) & (at < outer.inside.shape)).all(axis=1)
    return float(np.count_nonzero(outer.inside[tuple(at[there].T)])) >= NESTED * len(points)
