"""Volume of a deposit from its shape in two orthogonal views: the biplane area-length ellipsoid of cardiology."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calcitrack.measure.measurands import VOLUME_MM3
from calcitrack.measure.size import OUTLINE_SD_MM
from calcitrack.model.image import Mask
from calcitrack.model.measurement import Measurement

MODEL = "area-length ellipsoid from two orthogonal views"
"""`volume_model` of such volumes."""
MODEL_UNCHECKED = f"{MODEL}, not checked by mass: too large where the deposit is a sheet"
"""The same without a mass in either view."""
MODEL_RELATIVE_SD = 0.4
"""How far deposits are from ellipsoids whose section lies square to the views: ellipsoid models of irregular bodies err by about 40 %. On simulated
limbs (benchmarks/two_views.py) nearly all intervals made of it hold the truth."""
UNCHECKED_RELATIVE_SD = 0.47
"""The same where no mass tells a filled deposit from a sheet: of 316 deposits 91 % were stones, 9 % plates and nets (Bartoli et al., 2016), of whose
ellipsoid calcium fills a tenth: sqrt(0.91 * 0.4**2 + 0.09 * 0.9**2)."""
MIN_FILL = 0.85
"""A shadow covers this share at least of the ellipse with its second moments. Simulated stones cover 0.9 to 1; nets and clusters less."""


@dataclass(frozen=True, slots=True)
class Silhouette:
    """A deposit in one view, in its own plane.

    Parameters
    ----------
    area_mm2
        Area of its shadow.
    length_mm
        Extent along the axis that both views share.
    relative_sd
        Relative standard uncertainty of lengths in that plane (magnification).
    fill
        Area over that of the ellipse with the shadow's second moments: 1 for an ellipse, less for nets and clusters.
    mass_mg
        Hydroxyapatite; ``None`` where it is not measurable.
    """

    area_mm2: float
    length_mm: float
    relative_sd: float
    fill: float = 1.0
    mass_mg: float | None = None


def fill_of(inside: Mask, row_mm: float, column_mm: float) -> float:
    """`Silhouette.fill` of a shadow's pixels; 1 for the smallest ones."""
    rows, columns = np.nonzero(inside)
    places = np.stack([rows * row_mm, columns * column_mm])
    within = np.diag([row_mm**2, column_mm**2]) / 12  # second moments of the pixels themselves
    moments = np.cov(places, bias=True) + within if rows.size > 1 else within
    ellipse = 4 * np.pi * float(np.sqrt(np.linalg.det(moments)))
    return min(1.0, rows.size * row_mm * column_mm / ellipse)


def ellipsoid_volume(area_a_mm2: float, area_b_mm2: float, length_mm: float) -> float:
    """``8 A1 A2 / (3 pi L)``, mm3: volume of an ellipsoid with shadows A1 and A2 in two orthogonal views, and the extent L along their shared axis.

    Exact for every ellipsoid whose section across the shared axis has its own axes along the views, however it is tilted along the shared axis;
    too large by ``1 / sqrt(1 - r**2)`` where the section lies askew with the correlation r (Dodge et al., Am Heart J 60:762, 1960).
    """
    return 8 * area_a_mm2 * area_b_mm2 / (3 * np.pi * length_mm)


def biplane_volume(a: Silhouette, b: Silhouette, ha_range_mg_cm3: tuple[float, float]) -> Measurement | None:
    """Volume of one deposit from both views.

    The shared extent is the mean of both. Its relative standard uncertainty combines in squares: the model's; the outlines' (a shift of the edge
    changes a sphere's volume by three times its share of the radius); both planes' magnification (lengths enter the volume three times); and half the
    relative difference of the two extents.

    Returns
    -------
    ``None`` where the deposit is no filled ellipsoid: a shadow is no ellipse, or (where a view is calibrated) the mass spread over the ellipsoid is a
    concentration outside the range, as with sheets.
    """
    if min(a.fill, b.fill) < MIN_FILL:
        return None
    length = (a.length_mm + b.length_mm) / 2
    volume = ellipsoid_volume(a.area_mm2, b.area_mm2, length)
    masses = [s.mass_mg for s in (a, b) if s.mass_mg is not None]
    if masses and not ha_range_mg_cm3[0] <= 1000 * float(np.mean(masses)) / volume <= ha_range_mg_cm3[1]:
        return None
    shape = MODEL_RELATIVE_SD if masses else UNCHECKED_RELATIVE_SD
    outline = 3 * OUTLINE_SD_MM / (length / 2)
    planes = 1.5 * float(np.hypot(a.relative_sd, b.relative_sd))
    lengths = abs(a.length_mm - b.length_mm) / (2 * length)
    relative = float(np.sqrt(shape**2 + outline**2 + planes**2 + lengths**2))
    return Measurement(VOLUME_MM3, volume, relative * volume, MODEL if masses else MODEL_UNCHECKED)
