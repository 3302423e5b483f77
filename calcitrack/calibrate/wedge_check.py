"""Check whether a staircase on a film can be the stated aluminium wedge.

The picture's curve is unknown, so that most of a wedge cannot be checked. What can be checked: its steps rise one after the other; the picture is a
function of the modelled wedge; the curve has no kink between the open field and the second step, which a wrong thickness of the first step makes;
and logarithmic values are a straight line over the steps' nepers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from calcitrack.calibrate.wedge_curve import LEAST_RISE, WedgeCurve
from calcitrack.calibrate.wedge_strip import Wedge
from calcitrack.model.display import beside_limit, counted

FloatArray = NDArray[np.float64]

MAX_MISFIT = 0.5
"""A picture that differs from the wedge's model by this share of a step has another object, or another processing, in it."""
MAX_KINK = 0.5
"""Logarithm by which the curve's first slope may differ from that predicted by the next two, on the smoother of two scales. On simulated pictures it
is below 0.16; a first step taken for half or twice its thickness gives 0.56 and more."""
MAX_BEND = 0.1
"""Logarithmic values leave the straight line over the steps' nepers by this share of their range at most."""
RISES_AGAIN = 0.2
"""A rise above this share of the greatest one cannot come from a saturated step."""


def doubt(wedge: Wedge, curve: WedgeCurve | None, first_mm: float, limits: tuple[float, float], *, logarithmic: bool) -> str:
    """Reason why the wedge is not plausible; empty when it is.

    Parameters
    ----------
    wedge
        The wedge as found.
    curve
        Fitted with the stated thicknesses; ``None`` when there was nothing to fit.
    first_mm
        Stated thickness of the first step, mm.
    limits
        Least and greatest value that the picture can hold.
    logarithmic
        The header states logarithmic values.
    """
    falls = _falls(wedge)
    if falls:
        return falls
    if curve is None:
        return "fewer than three of its steps can be told apart from the open field, from each other and from saturation"
    if curve.relative_misfit > MAX_MISFIT:
        misfit = beside_limit(curve.relative_misfit, MAX_MISFIT, 1)
        return f"the picture differs from a wedge with such steps by {misfit} of a step, {MAX_MISFIT:g} at most was expected"
    kink = _kink(curve, limits)
    if abs(kink) > MAX_KINK:
        return f"by the other steps its first one reads as {first_mm * np.exp(kink):.2g} mm"
    bend = _bend(curve)
    if logarithmic and bend > MAX_BEND:
        return f"the header states logarithmic values, but over such steps they bend by {100 * bend:.0f} % of their range"
    return ""


def described(wedge: Wedge, polarity: int) -> str:
    """Description of the wedge in words, with the values of the file."""
    levels = ", ".join(f"{polarity * v:.0f}" for v in wedge.levels)
    steps = counted(wedge.frame.steps, "step")
    return f"{steps} of {wedge.frame.tread_mm:.1f} mm length with the values {levels} beside a field of {polarity * wedge.side:.0f}"


def _falls(wedge: Wedge) -> str:
    """Whether steps rise again after one that does not: that is no saturation."""
    rises = np.diff([wedge.side, *wedge.levels])
    flat = np.flatnonzero(rises < LEAST_RISE * rises.max())
    if flat.size and (rises[flat[0] :] > RISES_AGAIN * rises.max()).any():
        return f"step {flat[0] + 1} is not denser than what comes before it, though later ones are"
    return ""


def _kink(curve: WedgeCurve, limits: tuple[float, float]) -> float:
    """Log ratio of the first slope to that predicted by the next two; the smaller one of values and logits (where a sigmoid is straight)."""
    values, nepers = np.array(curve.points).T
    share = np.clip((values - limits[0]) / (limits[1] - limits[0]), 1e-4, 1 - 1e-4)
    scales: tuple[Callable[[FloatArray], FloatArray], ...] = (lambda x: x, lambda x: np.log(x / (1 - x)))
    kinks = []
    for scale in scales:
        slope = np.maximum(np.diff(scale(share)) / np.diff(nepers), 1e-9)[:3]
        kinks.append(float(np.log(slope[0]) - 2 * np.log(slope[1]) + np.log(slope[2])))
    return min(kinks, key=abs)


def _bend(curve: WedgeCurve) -> float:
    """Greatest departure of the values from a straight line over nepers, over their range."""
    values, nepers = np.array(curve.points).T
    line = np.polyval(np.polyfit(nepers, values, 1), nepers)
    return float(np.abs(values - line).max() / np.ptp(values))
