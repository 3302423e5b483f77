"""Acceptance of a registration: each bone by itself and against its neighbours, then the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calcitrack.errors import InvalidValueError
from calcitrack.model.display import beside_limit, percent_beside_limit
from calcitrack.register.bones import Partition
from calcitrack.register.chain import Skeleton, opening_mm
from calcitrack.register.coarse import overlap, scale_of
from calcitrack.register.piece import MIN_SEEN, Fit
from calcitrack.register.scene import Matrix, Scene

SIZED_BONES = 8
"""Fewer bones say nothing of a person's proportions: posing foreshortens some."""
BRIDGE_MM = 1.5
"""A lost bone's place is known when its neighbours' maps agree on it to within this: the radius of a small deposit's search."""


@dataclass(frozen=True, slots=True)
class AlignOptions:
    """Settings of `align`.

    Parameters
    ----------
    min_overlap
        Least Dice overlap of the aligned limbs; below it the registration failed. Two hands of different posing reach 0.85.
    max_scale
        Largest believable ratio of sizes between two visits, either way: a child's hand grows by 10 % in two years.
    min_likeness
        Least correlation of a bone's picture on the two films.
    max_opening_mm
        Largest believable opening of a joint between two visits: bending one foreshortens it by less.
    max_residual_mm
        Largest median distance that may be left at a bone's edges: bones that are found leave 0.01 to 0.1 mm on simulated films, others 0.25 to 0.5.
    min_found
        Least share of the bone within the follow-up's picture, by area, that has to be found again for the whole to be believed.
    max_size_spread
        Largest believable interquartile range, by bone area, of the bones' growth (log) where there are at least `SIZED_BONES`: one person's
        bones keep their proportions to within 0.02 on simulated hands, posing included; those of two people differ by 0.02 to 0.13.

    Examples
    --------
    >>> from calcitrack.register import AlignOptions
    >>> AlignOptions(max_residual_mm=0.5).max_residual_mm
    0.5
    """

    min_overlap: float = 0.6
    max_scale: float = 1.25
    min_likeness: float = 0.7
    max_opening_mm: float = 3.0
    max_residual_mm: float = 0.25
    min_found: float = 0.5
    max_size_spread: float = 0.05

    def __post_init__(self) -> None:
        if not 0 < self.min_overlap < 1:
            raise InvalidValueError(f"min_overlap is a Dice overlap between 0 and 1; found {self.min_overlap}")
        if not self.max_scale > 1:
            raise InvalidValueError(f"max_scale is a ratio above 1; found {self.max_scale}")
        if not 0 < self.min_likeness < 1:
            raise InvalidValueError(f"min_likeness is a correlation between 0 and 1; found {self.min_likeness}")
        if not 0 <= self.min_found <= 1:
            raise InvalidValueError(f"min_found is a share between 0 and 1; found {self.min_found}")
        if not self.max_size_spread > 0:
            raise InvalidValueError(f"max_size_spread is positive; found {self.max_size_spread}")
        if not min(self.max_opening_mm, self.max_residual_mm) > 0:
            raise InvalidValueError(f"lengths are positive; found max_opening_mm {self.max_opening_mm}, max_residual_mm {self.max_residual_mm}")


@dataclass(frozen=True, eq=False, slots=True)
class FoundBones:
    """Fits of all bones and of the whole, before they become a map of film pixels."""

    parts: Partition
    bones: Skeleton
    fits: Sequence[Fit]
    reasons: Sequence[str]
    whole: Matrix

    @property
    def believed(self) -> list[int]:
        """Indices of the accepted bones, from 0."""
        return [k for k, reason in enumerate(self.reasons) if not reason]

    @property
    def likeness(self) -> float:
        """Correlation over the accepted bones, weighted by area and summed, mm2."""
        return sum(self.bones.area_mm2[k] * self.fits[k].likeness for k in self.believed)


def judged(bones: Skeleton, fits: Sequence[Fit], options: AlignOptions) -> list[str]:
    """Reason for each bone whose fit is rejected; empty where it is accepted."""
    usual = float(np.median([scale_of(f.matrix) for f in fits])) if fits else 1.0
    reasons = [_own_reason(f, usual, options) for f in fits]
    for k, found in enumerate(fits):
        beside = [opening_mm(joint, fits[n].matrix, found.matrix) for n, joint in bones.neighbours(k) if not reasons[n]]
        if not reasons[k] and beside and min(beside) > options.max_opening_mm:
            opening = beside_limit(min(beside), options.max_opening_mm, 1)
            reasons[k] = f"its joints would have opened by {opening} mm (at most {options.max_opening_mm:g} is believed)"
    return reasons


def _own_reason(found: Fit, usual_scale: float, options: AlignOptions) -> str:
    if found.seen < MIN_SEEN:
        return f"{found.seen:.0%} of it lie within the other picture"
    if found.likeness < options.min_likeness:
        return f"its picture correlates by {beside_limit(found.likeness, options.min_likeness, 2)} only (at least {options.min_likeness:g} needed)"
    if found.residual_mm > options.max_residual_mm:
        return (
            f"its edges are {beside_limit(found.residual_mm, options.max_residual_mm, 2)} mm apart (at most {options.max_residual_mm:g} is believed)"
        )
    growth = scale_of(found.matrix) / usual_scale
    if not 1 / options.max_scale <= growth <= options.max_scale:
        return f"it would have changed its size {_times(growth, options)} against the other bones"
    return ""


def _times(ratio: float, options: AlignOptions) -> str:
    """A ratio of sizes beside the limit that it is beyond, up or down."""
    if ratio > 1:
        return f"{beside_limit(ratio, options.max_scale, 2)} times (at most {options.max_scale:g} is believed)"
    least = round(1 / options.max_scale, 3)
    return f"{beside_limit(ratio, least, 2)} times (at least {least:g} is believed)"


def bridged(found: FoundBones, lost: int) -> bool:
    """Whether two or more accepted neighbours carry the lost bone's centre to the same place."""
    centre = found.bones.pieces[lost].centre
    matrices = [found.fits[n].matrix for n, _ in found.bones.neighbours(lost) if not found.reasons[n]]
    places = np.array([m[:, :2] @ centre + m[:, 2] for m in matrices])
    return len(places) > 1 and float(np.ptp(places, axis=0).max()) <= BRIDGE_MM


def whole_reason(fixed: Scene, moving: Scene, found: FoundBones, options: AlignOptions) -> str:
    """Reason why the whole registration is rejected; empty where it is accepted."""
    shared = overlap(fixed.limb, moving.limb, found.whole)
    if shared < options.min_overlap:
        return f"the aligned limbs overlap by {beside_limit(shared, options.min_overlap, 2)} only (Dice; at least {options.min_overlap:g} needed)"
    scale = scale_of(found.whole)
    if not 1 / options.max_scale <= scale <= options.max_scale:
        return f"the limb would have changed its size {_times(scale, options)}"
    in_view = [k for k, f in enumerate(found.fits) if f.seen >= MIN_SEEN]
    area = np.array(found.bones.area_mm2)
    share = float(area[found.believed].sum() / area[in_view].sum()) if in_view else 1.0
    if share < options.min_found:
        found_again = f"{percent_beside_limit(share, options.min_found)} of the bone was found again"
        return f"{found_again} (at least {100 * options.min_found:g} % needed): another person, another view or another part"
    spread = _size_spread(found)
    if spread > options.max_size_spread:
        differ = f"the bones' proportions differ by {percent_beside_limit(spread, options.max_size_spread)}"
        return f"{differ} (at most {100 * options.max_size_spread:g} % is believed): another person or another view"
    return ""


def _size_spread(found: FoundBones) -> float:
    """Interquartile range of the accepted bones' growth, weighted by area; 0 where they are few."""
    if len(found.believed) < SIZED_BONES:
        return 0.0
    growth = np.log([scale_of(found.fits[k].matrix) for k in found.believed])
    area = np.array([found.bones.area_mm2[k] for k in found.believed])
    order = np.argsort(growth, kind="stable")
    below = np.cumsum(area[order]) / area.sum()
    low, high = (float(growth[order][np.searchsorted(below, q)]) for q in (0.25, 0.75))
    return high - low
