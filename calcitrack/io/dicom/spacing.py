"""Header -> pixel size, with the plane in which it holds."""

from __future__ import annotations

from calcitrack.io.dicom.header import Header
from calcitrack.model.spacing import Spacing, SpacingBasis

MAX_SPACING_MM = 5.0
"""A radiograph with pixels above 5 mm would show a hand on 40 pixels: such a value is a mistake of unit."""
MIN_SPACING_MM = 0.001
"""A micrometre: below it the value is a mistake of unit (metres) or junk. The finest film scanners reach 0.01 mm."""
MAX_MAGNIFICATION = 5.0
"""Geometric magnification in use ends near 2 (mammography spot views); beyond 5 the distances are swapped or in other units."""
SAME_SPACING = 1e-3
"""Relative difference below which two stated spacings are the same one, written with other digits."""

Pair = tuple[float, float]


def read_spacing(header: Header) -> Spacing:
    """Pixel size and its basis, in the order FIDUCIAL, stated magnification, SID/SOD, GEOMETRY, detector, not specified, none.

    Impossible values are ignored, each with a finding in ``header``.

    References
    ----------
    DICOM PS3.3, sections 10.7.1.1 (Pixel Spacing Calibration), C.8.11.7 (DX Positioning) and 10.7.1.3 (order of values: rows first).
    """
    pixel_spacing, imager_spacing = _pair(header, "PixelSpacing"), _pair(header, "ImagerPixelSpacing")
    calibration = header.code("PixelSpacingCalibrationType")
    _note_aspect(header)
    if pixel_spacing and calibration == "FIDUCIAL":
        return Spacing(*pixel_spacing, SpacingBasis.FIDUCIAL, "PixelSpacing, PixelSpacingCalibrationType FIDUCIAL")
    magnification, words = _magnification(header)
    if imager_spacing and magnification:
        size = (imager_spacing[0] / magnification, imager_spacing[1] / magnification)
        return Spacing(*size, SpacingBasis.MAGNIFICATION_CORRECTED, f"ImagerPixelSpacing / {words}", magnification)
    if pixel_spacing and calibration == "GEOMETRY":
        return Spacing(*pixel_spacing, SpacingBasis.MAGNIFICATION_CORRECTED, "PixelSpacing, PixelSpacingCalibrationType GEOMETRY", magnification)
    if imager_spacing:
        if pixel_spacing and not _same(pixel_spacing, imager_spacing):
            header.note(
                f"PixelSpacing {_words(pixel_spacing)} mm differs from ImagerPixelSpacing {_words(imager_spacing)} mm without saying how it was "
                "calibrated; the size at the detector is used"
            )
        return Spacing(*imager_spacing, SpacingBasis.DETECTOR, "ImagerPixelSpacing")
    return _unspecified(header, pixel_spacing)


def _unspecified(header: Header, pixel_spacing: Pair | None) -> Spacing:
    if pixel_spacing:
        return Spacing(*pixel_spacing, SpacingBasis.UNSPECIFIED, "PixelSpacing without PixelSpacingCalibrationType")
    scanned = _pair(header, "NominalScannedPixelSpacing")
    if scanned:
        return Spacing(*scanned, SpacingBasis.UNSPECIFIED, "NominalScannedPixelSpacing: the pitch of the film scanner")
    header.note("nothing states the size of a pixel: lengths and areas are counted in pixels")
    return Spacing.uncalibrated()


def _pair(header: Header, keyword: str) -> Pair | None:
    """(row, column) spacing in mm; a single value stands for both."""
    values = header.numbers(keyword)
    if not values:
        return None
    if len(values) == 1:
        header.note(f"{keyword} holds one value where two are due; taken for rows and columns alike")
        values = (values[0], values[0])
    row, column = values[:2]
    if not all(MIN_SPACING_MM <= v <= MAX_SPACING_MM for v in (row, column)):
        header.note(f"{keyword} {_words((row, column))} mm cannot be the size of a radiograph's pixel; ignored")
        return None
    return row, column


def _magnification(header: Header) -> tuple[float | None, str]:
    """Stated magnification and its source in words; ``None`` where nothing usable is stated."""
    factor = header.positive("EstimatedRadiographicMagnificationFactor")
    if factor is not None:
        if 1 <= factor <= MAX_MAGNIFICATION:
            return factor, f"EstimatedRadiographicMagnificationFactor {factor:g}"
        header.note(f"EstimatedRadiographicMagnificationFactor {factor:g} is outside 1 to {MAX_MAGNIFICATION:g}; ignored")
    detector, patient = header.positive("DistanceSourceToDetector"), header.positive("DistanceSourceToPatient")
    if detector is None or patient is None:
        return None, ""
    ratio = detector / patient
    if 1 <= ratio <= MAX_MAGNIFICATION:
        return ratio, f"(DistanceSourceToDetector {detector:g} / DistanceSourceToPatient {patient:g})"
    header.note(f"DistanceSourceToDetector {detector:g} mm and DistanceSourceToPatient {patient:g} mm give a magnification of {ratio:.3g}; ignored")
    return None, ""


def _note_aspect(header: Header) -> None:
    aspect = header.numbers("PixelAspectRatio")
    if len(aspect) == 2 and aspect[0] != aspect[1]:
        header.note(f"PixelAspectRatio {aspect[0]:g}:{aspect[1]:g}: pixels are not square")


def _same(one: Pair, other: Pair) -> bool:
    return all(abs(a - b) <= SAME_SPACING * b for a, b in zip(one, other, strict=True))


def _words(pair: Pair) -> str:
    return f"{pair[0]:g} x {pair[1]:g}"
