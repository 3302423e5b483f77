"""Meaning of pixel values: calibration tier, polarity, and attenuation from linear or logarithmic values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calcitrack.calibrate import unsharp
from calcitrack.model.calibration import Calibration, Relationship, Tier
from calcitrack.model.image import Acquisition, FloatImage, Radiograph
from calcitrack.model.pose import canonical_pose
from calcitrack.model.spacing import ASSUMED_PIXEL_MM

LEAST_COUNT = 1.0
"""Stored intensity below which a linear value is taken as this: one count is the least that an integer detector distinguishes from zero."""
EXACT_BELOW = 2**24
"""Whole numbers below this are exact in single precision (IEEE 754-2019, table 3.5: 24 bits)."""


def polarity(acquisition: Acquisition) -> int:
    """+1 when a higher value after the modality LUT is denser (less beam), -1 when a lower one is.

    Pixel Intensity Relationship Sign (0028,1041) decides where it is stated: 1 means that lower values are less beam, -1 that higher
    values are. Elsewhere the photometric interpretation does: radiographs are shown with bone white, so MONOCHROME2 is +1
    and MONOCHROME1 is -1 (DICOM PS3.3 C.8.11.3.1.2 and C.7.6.3.1.2).

    Examples
    --------
    >>> from calcitrack.model.image import Acquisition
    >>> polarity(Acquisition(photometric_interpretation="MONOCHROME1"))
    -1
    """
    sign = acquisition.pixel_intensity_relationship_sign
    if sign in (-1, 1):
        return -sign
    return -1 if acquisition.photometric_interpretation == "MONOCHROME1" else 1


def classify(acquisition: Acquisition) -> Calibration:
    """Decide the calibration tier from header facts alone.

    Tier A asks for FOR PROCESSING with LIN or LOG stated: only then are log ratios attenuation. A picture FOR PRESENTATION went
    through a vendor's curve, whatever relationship its header still states.

    Examples
    --------
    >>> from calcitrack.model.image import Acquisition
    >>> raw = Acquisition(presentation_intent_type="FOR PROCESSING", pixel_intensity_relationship="LIN", pixel_intensity_relationship_sign=1)
    >>> classify(raw).tier.value, classify(Acquisition()).tier.value
    ('A', 'C')
    """
    sign = polarity(acquisition)
    intent = acquisition.presentation_intent_type.strip().upper()
    relationship_text = acquisition.pixel_intensity_relationship.strip().upper()
    relationship = Relationship(relationship_text) if relationship_text in ("LIN", "LOG") else Relationship.UNKNOWN

    def tier_c(reason: str) -> Calibration:
        return Calibration(Tier.C, Relationship.UNKNOWN, sign, reason)

    if intent == "FOR PROCESSING" and relationship is not Relationship.UNKNOWN:
        if acquisition.pixel_intensity_relationship_sign not in (-1, 1):
            return tier_c(f"FOR PROCESSING, {relationship_text}, but its sign (0028,1041) is missing: which end is dense is not stated")
        return Calibration(
            Tier.A, relationship, sign, f"FOR PROCESSING with Pixel Intensity Relationship {relationship_text} stated: log ratios are attenuation"
        )
    if intent == "FOR PRESENTATION":
        return tier_c("FOR PRESENTATION: a vendor's curve and edge enhancement stand between the beam and these values")
    if not acquisition.modality:
        return tier_c("a picture without DICOM header: the relationship of its values to the beam is unknown")
    if not intent:
        return tier_c(f"{acquisition.modality} without a Presentation Intent Type: the relationship of its values to the beam is not stated")
    return tier_c(f"{intent} without a Pixel Intensity Relationship of LIN or LOG (found {relationship_text or 'none'})")


def attenuation(radiograph: Radiograph) -> FloatImage:
    """Values that rise with attenuation, on the best scale the calibration allows.

    Returns
    -------
    Shape (rows, columns), float32. With a calibration curve: nepers, edge enhancement undone. LIN: ``-ln(I)``, nepers up to an additive
    constant; intensities below one count are taken as one. LOG without a curve: the stored values, nepers times an unknown gain, up to an
    additive constant. Otherwise: the ordered values, a monotonic but unknown function of attenuation.

    Examples
    --------
    >>> from calcitrack.phantom.small import LIMB_NEPERS, small_radiograph
    >>> nepers = attenuation(small_radiograph())
    >>> bool(abs(nepers[80, 60] - nepers[80, 0] - LIMB_NEPERS) < 0.05)
    True
    """
    calibration = radiograph.calibration
    if calibration.curve is not None:
        nepers = _through(calibration.curve, radiograph.pixels)
        if calibration.unsharp is None:
            return nepers
        gain, width_mm = calibration.unsharp
        pose = canonical_pose(radiograph)
        return pose.back(unsharp.undo(pose.turned(nepers), gain, width_mm / (radiograph.spacing.mean_mm or ASSUMED_PIXEL_MM)))
    if calibration.relationship is not Relationship.LIN:
        return radiograph.pixels
    intensity = calibration.polarity * radiograph.pixels
    return -np.log(np.maximum(intensity, LEAST_COUNT)).astype(np.float32)


def _through(curve: tuple[tuple[float, float], ...], pixels: FloatImage) -> FloatImage:
    """Linear between the knots and, with the slope of the outermost pair, beyond them."""
    values, nepers = (np.array(side) for side in zip(*curve, strict=True))
    if len(curve) == 2:
        slope = (nepers[1] - nepers[0]) / (values[1] - values[0])
        return np.asarray((pixels - np.float32(values[0])) * np.float32(slope) + np.float32(nepers[0]), np.float32)
    low, high = float(pixels.min()), float(pixels.max())
    if max(-low, high) < EXACT_BELOW and high - low < pixels.size:
        counts = pixels.astype(np.int32)
        if np.array_equal(counts, pixels):  # integer stored values: each is looked up once
            return _between(values, nepers, np.arange(int(low), int(high) + 1, dtype=np.float32))[counts - int(low)]
    return _between(values, nepers, pixels)


def _between(values: NDArray[np.float64], nepers: NDArray[np.float64], pixels: FloatImage) -> FloatImage:
    """Linear between the knots and, with the slope of the outermost pair, beyond them."""
    result = np.interp(pixels, values, nepers)
    below, above = pixels < values[0], pixels > values[-1]
    result[below] = nepers[0] + (pixels[below] - values[0]) * (nepers[1] - nepers[0]) / (values[1] - values[0])
    result[above] = nepers[-1] + (pixels[above] - values[-1]) * (nepers[-1] - nepers[-2]) / (values[-1] - values[-2])
    return np.asarray(result, np.float32)
