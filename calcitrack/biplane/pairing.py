"""Pairing of deposits between two orthogonal views of one limb.

Both views share the limb's long axis, and nothing across it. A deposit has the same extent along that axis, and the same mass, in both; where that
leaves more than one possibility, it has no partner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcitrack.model.measurement import LimbAxis

FloatArray = NDArray[np.float64]

FRONTAL = frozenset({"AP", "PA", "DP"})
"""View positions along the limb's front-to-back direction."""
LATERAL = frozenset({"LAT", "LATERAL", "LL", "RL", "ML", "LM"})
"""View positions across it."""
STEP_MM = 0.5
"""Step in which two profiles are moved against each other."""
MIN_OVERLAP_MM, MIN_OVERLAP_SHARE = 40.0, 0.6
"""Two profiles are compared over this length at least, and over this share of the shorter one."""
TRIM_MM = 5.0
"""Ends of a profile where a slanting edge cuts the limb."""
MIN_CORRELATION = 0.9
"""Profiles that agree less are not of one limb, or one of them is not whole. Chosen on simulated films."""
MIN_RELIEF = 0.02
"""A profile whose spread about a straight line is a smaller share of its mean has no features to go by."""
RIVAL_MM, RIVAL_LEAD = 6.0, 0.05
"""A shift further off than this must correlate worse by this much, else the shift is not known."""
FREE_END_MM = 12.0
"""Where both ends are free, the profiles' shift lies within this of the ends' own: fingers bend."""
PLACE_MM, PLACE_SHARE = 3.0, 0.25
"""Middles of one deposit in two views differ along the axis by this length and share of the deposit's at most: the shift is no more certain."""
LENGTH_MM, LENGTH_SHARE = 1.0, 0.25
"""Extents along the axis of one deposit differ by this at most."""
MASS_SDS = 2.0
"""Masses of one deposit differ by so many standard deviations of their difference at most."""
MASS_RATIO = 1.6
"""And they differ by this factor at most, however uncertain they are: what makes them uncertain is mostly the same on both films."""
RIVAL = 2.0
"""A deposit within so many times these limits (but the factor) could be meant as well."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Coordinate along the first view's axis = ``sense`` times that along the second's + ``offset_mm``, with the basis of this in words."""

    sense: int
    offset_mm: float
    source: str


@dataclass(frozen=True, slots=True)
class Shadow:
    """A deposit in one view.

    Parameters
    ----------
    label
        Its label on the image.
    first_mm, last_mm
        Extent along the limb's axis, in the limb's own plane.
    mass_mg, mass_sd_mg
        Hydroxyapatite; ``None`` where it is not measurable.
    """

    label: int
    first_mm: float
    last_mm: float
    mass_mg: float | None = None
    mass_sd_mg: float | None = None

    @property
    def length_mm(self) -> float:
        """Extent along the axis."""
        return self.last_mm - self.first_mm

    @property
    def middle_mm(self) -> float:
        """Middle of the extent."""
        return (self.first_mm + self.last_mm) / 2


def orthogonal(view: str, other: str) -> bool:
    """Whether one view is frontal and the other lateral."""
    pair = {view.strip().upper(), other.strip().upper()}
    return bool(pair & FRONTAL) and bool(pair & LATERAL)


def register(first: LimbAxis, second: LimbAxis) -> Shift | str:
    """Lay the axis of one view on that of the other.

    By the attenuation summed across the limb, which is the same from every side, where both views are calibrated; else by the limb's free end.

    Returns
    -------
    The shift, or the reason why it is not known.
    """
    ends = None
    if first.free_end_mm is not None and second.free_end_mm is not None:
        ends = Shift(1, first.free_end_mm - second.free_end_mm, "by the limb's free end")
    if first.profile is not None and second.profile is not None:
        found = _by_profile(first, second, ends)
        if found is not None:
            return found
    if ends is not None:
        return ends
    if first.profile is None or second.profile is None:
        return "both ends of the limb are cut off on a film, and a film's values are no attenuation: nothing says what lies at the same height"
    return "the attenuation along the limb does not agree between the two films: nothing says what lies at the same height"


def _by_profile(first: LimbAxis, second: LimbAxis, ends: Shift | None) -> Shift | None:
    """The shift, forwards or backwards, under which the profiles correlate best, if it is the only good one."""
    found = [c for sense in ((1,) if ends else (1, -1)) for c in _correlations(first, second, sense)]
    if ends is not None:
        found = [c for c in found if abs(c[1] - ends.offset_mm) <= FREE_END_MM]
    if not found:
        return None
    best, offset, sense = max(found)
    rivals = [c for c, o, s in found if s != sense or abs(o - offset) > RIVAL_MM]
    if best < MIN_CORRELATION or (rivals and max(rivals) > best - RIVAL_LEAD):
        return None
    return Shift(sense, offset, f"by the attenuation along the limb (correlation {best:.2f})")


def _correlations(first: LimbAxis, second: LimbAxis, sense: int) -> list[tuple[float, float, int]]:
    """(correlation, offset, sense) of each shift that leaves enough overlap."""
    (low_a, a), (low_b, b) = _resampled(first, 1), _resampled(second, sense)
    least = max(round(MIN_OVERLAP_MM / STEP_MM), round(MIN_OVERLAP_SHARE * min(len(a), len(b))))
    found = []
    for shift in range(least - len(b), len(a) - least + 1):  # b's first value lies on a's value number `shift`
        here, there = a[max(0, shift) : shift + len(b)], b[max(0, -shift) : len(a) - shift]
        x, y = _detrended(here), _detrended(there)
        plain = min(float(d.std()) / max(abs(float(v.mean())), 1e-9) for d, v in ((x, here), (y, there))) < MIN_RELIEF
        found.append((0.0 if plain else float(x @ y / np.sqrt((x @ x) * (y @ y))), low_a + shift * STEP_MM - low_b, sense))
    return found


def _resampled(axis: LimbAxis, sense: int) -> tuple[float, FloatArray]:
    """Coordinate of the first value, and the profile in steps of `STEP_MM` along the axis or against it, its ends left out."""
    values = np.array(axis.profile, float)
    at = sense * (axis.start_mm + axis.step_mm * np.arange(len(values)))
    order = np.argsort(at)
    low, high = at.min() + TRIM_MM, at.max() - TRIM_MM
    grid = np.arange(low, high, STEP_MM) if high > low else np.zeros(0)
    return float(low), np.interp(grid, at[order], values[order])


def _detrended(values: FloatArray) -> FloatArray:
    """Values minus their straight line, because a limb that widens evenly correlates at every shift."""
    x = np.arange(len(values)) - (len(values) - 1) / 2
    centred = values - values.mean()
    return np.asarray(centred - x * (x @ centred) / max(float(x @ x), 1e-9), float)


def extent(inside: NDArray[np.bool_], corner: tuple[int, int], pixel_mm: tuple[float, float], direction: tuple[float, float]) -> tuple[float, float]:
    """Extent of a deposit along an axis, mm, from outer edge to outer edge of its pixels.

    Parameters
    ----------
    inside
        The deposit's pixels in a window; at least one is True.
    corner
        Row and column of the window's first pixel.
    pixel_mm
        Size of a pixel along rows and columns.
    direction
        (row, column), a unit vector.
    """
    rows, columns = np.nonzero(inside)
    along = (rows + corner[0] + 0.5) * pixel_mm[0] * direction[0] + (columns + corner[1] + 0.5) * pixel_mm[1] * direction[1]
    half = (pixel_mm[0] * abs(direction[0]) ** 2 + pixel_mm[1] * abs(direction[1]) ** 2) / 2
    return float(along.min() - half), float(along.max() + half)


def pair(first: Sequence[Shadow], second: Sequence[Shadow], shift: Shift) -> tuple[tuple[int, int], ...]:
    """Labels of the deposits that have exactly one possible counterpart.

    Two shadows belong together when their extents overlap along the shared axis and their middles, lengths and (where both are known) masses agree,
    and when no other shadow of either view comes near to that.
    """
    moved = [_moved(s, shift) for s in second]
    near = np.array([[_agree(a, b, RIVAL) for b in moved] for a in first], bool).reshape(len(first), len(moved))
    found = []
    for i, j in np.argwhere(near):
        a, b = first[i], moved[j]
        alone = near[i].sum() == 1 and near[:, j].sum() == 1
        if alone and _agree(a, b, 1.0) and _alike(a, b) and min(a.last_mm, b.last_mm) > max(a.first_mm, b.first_mm):
            found.append((a.label, b.label))
    return tuple(found)


def _moved(shadow: Shadow, shift: Shift) -> Shadow:
    ends = sorted(shift.sense * x + shift.offset_mm for x in (shadow.first_mm, shadow.last_mm))
    return Shadow(shadow.label, ends[0], ends[1], shadow.mass_mg, shadow.mass_sd_mg)


def _agree(a: Shadow, b: Shadow, times: float) -> bool:
    """Whether middle, length and mass differ by at most `times` the limits."""
    longer = max(a.length_mm, b.length_mm)
    if abs(a.middle_mm - b.middle_mm) > times * (PLACE_MM + PLACE_SHARE * longer):
        return False
    if abs(a.length_mm - b.length_mm) > times * max(LENGTH_MM, LENGTH_SHARE * longer):
        return False
    if a.mass_mg is None or b.mass_mg is None:
        return True
    return abs(a.mass_mg - b.mass_mg) <= times * MASS_SDS * float(np.hypot(a.mass_sd_mg or 0.0, b.mass_sd_mg or 0.0))


def _alike(a: Shadow, b: Shadow) -> bool:
    """Whether both masses, where known, are positive and of similar size."""
    if a.mass_mg is None or b.mass_mg is None:
        return True
    less, more = sorted((a.mass_mg, b.mass_mg))
    return 0 < more <= MASS_RATIO * less
