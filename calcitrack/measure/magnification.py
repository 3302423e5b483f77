"""Magnification of deposits on a film, relative to their own plane."""

from __future__ import annotations

from dataclasses import dataclass

from calcitrack.measure.options import MeasureOptions
from calcitrack.model.image import Acquisition
from calcitrack.model.spacing import Spacing, SpacingBasis

CORRECTED_SD = 0.01
"""Standard uncertainty of the magnification where the film's spacing holds in the limb already: half a hand's thickness at 1 m."""
ASSUMED_DISTANCE_MM = 1000.0
"""Distance of source and detector where none is stated: the usual one for limbs."""


@dataclass(frozen=True, slots=True)
class Magnification:
    """Length on the film, in millimetres of its spacing, over length in the deposit's own plane.

    Parameters
    ----------
    value, sd
        The ratio and its standard uncertainty.
    assumptions
        Assumptions, in words.
    """

    value: float
    sd: float
    assumptions: tuple[str, ...] = ()


def magnification(acquisition: Acquisition, spacing: Spacing, options: MeasureOptions) -> Magnification:
    """Magnification that the pixel spacing still contains.

    Examples
    --------
    >>> from calcitrack import MeasureOptions
    >>> from calcitrack.phantom.small import small_radiograph
    >>> film = small_radiograph()
    >>> 1.0 < magnification(film.acquisition, film.spacing, MeasureOptions()).value < 1.1
    True
    """
    if spacing.basis in (SpacingBasis.FIDUCIAL, SpacingBasis.MAGNIFICATION_CORRECTED):
        return Magnification(1.0, CORRECTED_SD)
    assumptions: list[str] = []
    distance = acquisition.distance_source_to_detector_mm
    if distance is None or distance <= options.object_height_mm * 2:
        distance = ASSUMED_DISTANCE_MM
        assumptions.append(f"source-detector distance of {distance:g} mm assumed")
    assumptions.append(f"deposits assumed {options.object_height_mm:g} mm above the detector")
    value = distance / (distance - options.object_height_mm)
    return Magnification(value, value**2 * options.object_height_sd_mm / distance, tuple(assumptions))
