"""Scatter-to-primary ratio behind a limb, and the contrast without scatter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

THICKNESS_CM = (0.0, 1.5, 3.0, 8.0, 13.0)
"""Tissue in the beam: none, finger, palm, elbow, knee; thicknesses assumed for these parts."""
SCATTER_TO_PRIMARY = (0.0, 0.08, 0.20, 0.41, 0.75)
"""Scatter-to-primary ratio without grid at these thicknesses: computed for one geometry, not measured. The uncertainty for other geometries is
`calcitrack.measure.mass.SCATTER_RELATIVE_SD`."""
GRID_TRANSMISSION = 0.15
"""Assumed share of the scatter-to-primary ratio that remains behind an anti-scatter grid; hands and feet are exposed without one."""


def scatter_to_primary(thickness_cm: float, *, grid: bool = False) -> float:
    """Scatter-to-primary ratio behind soft tissue of this thickness, cm; the last value holds beyond the table."""
    ratio = float(np.interp(thickness_cm, THICKNESS_CM, SCATTER_TO_PRIMARY))
    return ratio * GRID_TRANSMISSION if grid else ratio


def primary_contrast(contrast: NDArray[np.floating], ratio: float) -> NDArray[np.float64]:
    """Log contrast of the primary beam from the measured one, where scatter adds the same to deposit and background.

    With background ``P (1 + s)`` and deposit ``P exp(-L) + P s``, the measured contrast is ``C = -ln[(exp(-L) + s)/(1 + s)]``, hence
    ``L = -ln[exp(-C)(1 + s) - s]``. Contrasts that no primary could give are taken at 1 % transmission.
    """
    transmitted = np.exp(-np.asarray(contrast, float)) * (1 + ratio) - ratio
    return np.asarray(-np.log(np.maximum(transmitted, 0.01)))
