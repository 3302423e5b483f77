"""Size of a pixel, and the plane in which that size holds (its basis)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from calcitrack.errors import InvalidValueError

ASSUMED_PIXEL_MM = 0.15
"""Pixel size, about that of most detectors, that sets scales of search and matching where none is stated; it never enters a result in mm."""


class SpacingBasis(StrEnum):
    """In which plane a millimetre of a radiograph holds. Only like bases may be subtracted.

    Examples
    --------
    >>> SpacingBasis("detector") is SpacingBasis.DETECTOR
    True
    """

    FIDUCIAL = "fiducial"
    """Measured on an object of known size in the picture (PixelSpacingCalibrationType FIDUCIAL)."""
    MAGNIFICATION_CORRECTED = "magnification_corrected"
    """Detector pitch divided by a stated magnification: ERMF, SID/SOD, or PixelSpacingCalibrationType GEOMETRY."""
    DETECTOR = "detector"
    """ImagerPixelSpacing: the pitch at the detector. An object above the detector appears larger by its magnification."""
    PATIENT = "patient"
    """In the patient: a scan's voxels, which no projection magnifies."""
    UNSPECIFIED = "unspecified"
    """A size in mm is stated (PixelSpacing alone, a sidecar) but not the plane in which it holds."""
    PIXELS = "pixels"
    """Nothing states a size: only pixels can be counted."""


@dataclass(frozen=True, slots=True)
class Spacing:
    """Distance between pixel centres.

    Parameters
    ----------
    row_mm, column_mm
        Distance between neighbouring rows and between neighbouring columns, mm; ``None`` for both when the basis is `PIXELS`.
    basis
        The plane in which the millimetres hold.
    source
        The attribute or file that states them, in the words of its standard.
    magnification
        Factor by which the object appears larger at the detector, when it was stated; already divided out of the spacing
        if the basis is `MAGNIFICATION_CORRECTED`.

    Examples
    --------
    >>> spacing = Spacing(0.2, 0.2, SpacingBasis.DETECTOR, "ImagerPixelSpacing")
    >>> str(spacing), round(spacing.pixel_area_mm2, 3)
    ('0.2 x 0.2 mm (detector)', 0.04)
    >>> Spacing(0.2, None, SpacingBasis.DETECTOR)
    Traceback (most recent call last):
    calcitrack.errors.InvalidValueError: pixel spacing must be two positive lengths in mm; found (0.2, None)
    """

    row_mm: float | None
    column_mm: float | None
    basis: SpacingBasis
    source: str = ""
    magnification: float | None = None

    def __post_init__(self) -> None:
        sizes = (self.row_mm, self.column_mm)
        if self.basis is SpacingBasis.PIXELS:
            if sizes != (None, None):
                raise InvalidValueError(f"spacing basis 'pixels' goes without millimetres; found {sizes}; state the plane they hold in")
            return
        if any(s is None or not math.isfinite(s) or s <= 0 for s in sizes):
            raise InvalidValueError(f"pixel spacing must be two positive lengths in mm; found {sizes}")
        if self.magnification is not None and not self.magnification >= 1:
            raise InvalidValueError(f"magnification is source-detector over source-object distance, so at least 1; found {self.magnification}")

    @classmethod
    def uncalibrated(cls) -> Spacing:
        """Nothing states the size of a pixel.

        Examples
        --------
        >>> Spacing.uncalibrated().mean_mm is None
        True
        """
        return cls(None, None, SpacingBasis.PIXELS, "no attribute states a size")

    def __str__(self) -> str:
        if self.row_mm is None or self.column_mm is None:
            return "size of a pixel not stated"
        return f"{self.row_mm:g} x {self.column_mm:g} mm ({self.basis.value})"

    @property
    def pixel_area_mm2(self) -> float | None:
        """Area of one pixel, mm2; ``None`` when uncalibrated."""
        if self.row_mm is None or self.column_mm is None:
            return None
        return self.row_mm * self.column_mm

    @property
    def mean_mm(self) -> float | None:
        """Geometric mean of the two distances, mm; ``None`` when uncalibrated."""
        area = self.pixel_area_mm2
        return None if area is None else math.sqrt(area)
