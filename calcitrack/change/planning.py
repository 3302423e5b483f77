"""How many more visits would settle an undetermined verdict: a planning figure from the patient's own precision."""

from __future__ import annotations

import numpy as np
from scipy import special

from calcitrack.change.fitted_line import FittedLine, contrast_of, design_of
from calcitrack.change.line_posterior import FloatArray
from calcitrack.reliability import Z95

POWER_95 = float(special.ndtri(0.8))
"""Standard deviations by which an estimate has to be beyond its limit so that four of five repetitions are."""
ONE_SIDED_95 = float(special.ndtri(0.95))
MOST_MORE_VISITS = 12
"""More visits than this are no plan: at two a year, six years."""
GAP_YEARS = (0.25, 1.0)
"""Shortest and longest time between planned visits; between them, the patient's own median is kept."""


def visits_to_settle(line: FittedLine, part: str, margin: float) -> tuple[int, float] | None:
    """Least number of further visits after which the verdict would be settled four times of five, and years from the last visit to the last of them.

    The course is thought to go on as estimated, and the visits to be as precise as the patient's were. Then either the slope's 95 % interval leaves
    out zero, or its 90 % interval lies within the margin.

    Returns
    -------
    tuple or None
        ``None`` where `MOST_MORE_VISITS` would not do.
    """
    years = line.observed.years
    gap = float(np.clip(np.median(np.diff(years)), *GAP_YEARS))
    variance = _own_variance(line.observed.covariance) + line.fit.process_sd**2
    contrast = np.array(contrast_of(part, bent=line.bend_years is not None))
    slope = abs(line.slope(part).quantile(0.5))
    for more in range(1, MOST_MORE_VISITS + 1):
        design = design_of(np.concatenate([years, years[-1] + gap * np.arange(1, more + 1)]), line.bend_years)
        sd = float(np.sqrt(variance * contrast @ np.linalg.inv(design.T @ design) @ contrast))
        if slope >= (Z95 + POWER_95) * sd or margin - slope >= (ONE_SIDED_95 + POWER_95) * sd:
            return more, more * gap
    return None


def _own_variance(covariance: FloatArray) -> float:
    """Variance of one visit's own error: half of that of a difference of two, in the median, so that what visits share does not count."""
    diagonal = np.diag(covariance)
    differences = diagonal[:, None] + diagonal[None, :] - 2 * covariance
    return float(np.median(differences[np.triu_indices(len(diagonal), 1)])) / 2
