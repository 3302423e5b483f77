"""Meaning of pixel values: calibration tier, polarity, and attenuation from linear or logarithmic values."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class ValuePath:
    """The way from a film's stored values to the values that are measured, before the polarity: ``slope * stored + intercept``.

    Parameters
    ----------
    slope, intercept
        Of the rescale, or of the Modality LUT from its first to its last entry in use; the slope is not 0.
    straight
        False for a Modality LUT that is no straight line.
    optical_density
        The values are optical densities: Rescale Type or Modality LUT Type OD (PS3.3 C.11.1.1.2). A higher one is a darker film, thus more beam.
    lut_shape
        Presentation LUT Shape (2050,0020); empty where none is stated.
    bits, signed
        Of the stored values; ``None`` where their full scale is not known.
    """

    slope: float = 1.0
    intercept: float = 0.0
    straight: bool = True
    optical_density: bool = False
    lut_shape: str = ""
    bits: int | None = None
    signed: bool = False


AS_STORED = ValuePath()
"""Nothing stands between the stored values and the measured ones."""
SHAPE_OF = {"MONOCHROME1": "INVERSE", "MONOCHROME2": "IDENTITY"}
"""Presentation LUT Shape that says the same as a photometric interpretation (PS3.3 C.8.11.3)."""


@dataclass(frozen=True, slots=True)
class Polarity:
    """Which end of the measured values is dense, and which statements of the header say the opposite.

    Parameters
    ----------
    sign
        +1 when a higher value is denser (less beam), -1 when a lower one is.
    contradictions
        Sentences, one for each statement that disagrees with the one that decides.
    """

    sign: int
    contradictions: tuple[str, ...] = ()


def polarity(acquisition: Acquisition, path: ValuePath = AS_STORED) -> Polarity:
    """Follow each statement of the header to the values that are measured, and decide which end of them is dense.

    Three statements can be there. Pixel Intensity Relationship Sign (0028,1041) speaks of stored values: 1 means that lower ones are less beam, -1
    that higher ones are; a falling rescale or Modality LUT turns it (PS3.3 C.8.11.3.1.2). Optical densities are higher where more beam was.
    The photometric interpretation says which end of the values after the modality transform is shown white, as bone is (C.7.6.3.1.2). The sign
    decides, then optical density, then the photometric interpretation. In a picture FOR PRESENTATION the photometric interpretation decides before
    both: the sign there may be left over from the raw image.

    Examples
    --------
    >>> from calcitrack.model.image import Acquisition
    >>> polarity(Acquisition(photometric_interpretation="MONOCHROME1")).sign
    -1
    >>> falling = ValuePath(slope=-1.0, intercept=4095.0)
    >>> polarity(Acquisition(photometric_interpretation="MONOCHROME2", pixel_intensity_relationship_sign=1), falling)
    Polarity(sign=1, contradictions=())
    """
    stated: dict[str, int] = {}
    relationship_sign, photometric = acquisition.pixel_intensity_relationship_sign, acquisition.photometric_interpretation
    if relationship_sign in (-1, 1):
        turned = ", turned by a falling modality transform" if path.slope < 0 else ""
        stated[f"Pixel Intensity Relationship Sign {relationship_sign}{turned}"] = -relationship_sign * (-1 if path.slope < 0 else 1)
    if path.optical_density:
        stated["the rescale to optical density"] = -1
    shown = {photometric: 1 if photometric == "MONOCHROME2" else -1} if photometric in SHAPE_OF else {}
    stated = {**shown, **stated} if acquisition.presentation_intent_type.strip().upper() == "FOR PRESENTATION" else {**stated, **shown}
    if not stated:
        return Polarity(1)
    first, sign = next(iter(stated.items()))
    words = [f"{first} and {name} disagree on which end is dense; {first} is used" for name, other in stated.items() if other != sign]
    shape = path.lut_shape
    if shape in SHAPE_OF.values() and photometric in SHAPE_OF and shape != SHAPE_OF[photometric]:
        words.append(f"Presentation LUT Shape {shape} and {photometric} disagree on which end is shown white; {first} is used")
    return Polarity(sign, tuple(words))


def classify(acquisition: Acquisition, path: ValuePath = AS_STORED) -> Calibration:
    """Decide the calibration tier from header facts alone.

    Tier A asks for FOR PROCESSING with LIN or LOG stated, which speaks of stored values: only then, and only after a straight modality transform,
    are log ratios attenuation. A picture FOR PRESENTATION went through a vendor's curve, whatever relationship its header still states.

    Examples
    --------
    >>> from calcitrack.model.image import Acquisition
    >>> raw = Acquisition(presentation_intent_type="FOR PROCESSING", pixel_intensity_relationship="LIN", pixel_intensity_relationship_sign=1)
    >>> classify(raw).tier.value, classify(Acquisition()).tier.value
    ('A', 'C')
    """
    sign = polarity(acquisition, path).sign
    intent = acquisition.presentation_intent_type.strip().upper()
    relationship_text = acquisition.pixel_intensity_relationship.strip().upper()
    relationship = Relationship(relationship_text) if relationship_text in ("LIN", "LOG") else Relationship.UNKNOWN

    def tier_c(reason: str) -> Calibration:
        return Calibration(Tier.C, Relationship.UNKNOWN, sign, reason)

    if intent == "FOR PROCESSING" and relationship is not Relationship.UNKNOWN:
        return _raw(acquisition, path, relationship) or tier_c(_why_not_raw(acquisition, path, relationship))
    if intent == "FOR PRESENTATION":
        return tier_c("FOR PRESENTATION: a vendor's curve and edge enhancement stand between the beam and these values")
    if not acquisition.modality:
        return tier_c("a picture without DICOM header: the relationship of its values to the beam is unknown")
    if not intent:
        return tier_c(f"{acquisition.modality} without a Presentation Intent Type: the relationship of its values to the beam is not stated")
    return tier_c(f"{intent} without a Pixel Intensity Relationship of LIN or LOG (found {relationship_text or 'none'})")


def _raw(acquisition: Acquisition, path: ValuePath, relationship: Relationship) -> Calibration | None:
    """Tier A of values FOR PROCESSING; ``None`` where `_why_not_raw` says why not."""
    if _why_not_raw(acquisition, path, relationship):
        return None
    sign = polarity(acquisition, path).sign
    reason = f"FOR PROCESSING with Pixel Intensity Relationship {relationship} stated: log ratios are attenuation"
    if relationship is Relationship.LOG:
        return Calibration(Tier.A, relationship, sign, reason)
    stored = _stored_without_beam(acquisition, path)
    assert stored is not None  # noqa: S101 - `_why_not_raw` has seen to it
    return Calibration(Tier.A, relationship, sign, reason, no_beam=sign * (path.slope * stored + path.intercept), count=abs(path.slope))


def _why_not_raw(acquisition: Acquisition, path: ValuePath, relationship: Relationship) -> str:
    """Why log ratios of values FOR PROCESSING are no attenuation; empty where they are."""
    if acquisition.pixel_intensity_relationship_sign not in (-1, 1):
        return f"FOR PROCESSING, {relationship}, but its sign (0028,1041) is missing: which end is dense is not stated"
    if not path.straight:
        return f"FOR PROCESSING, {relationship}, but the Modality LUT is no straight line: the relationship holds for stored values only"
    if relationship is Relationship.LIN and _stored_without_beam(acquisition, path) is None:
        return "FOR PROCESSING, LIN with sign -1, but Bits Stored is not stated: which value stands for no beam is unknown"
    return ""


def _stored_without_beam(acquisition: Acquisition, path: ValuePath) -> int | None:
    """The stored value of a linear film where no beam arrives: 0, or the largest possible one where higher values are less beam.

    No attribute states it. A value proportional to the beam is 0 without beam; one that falls with it was subtracted from the full scale.
    """
    if acquisition.pixel_intensity_relationship_sign == 1:
        return 0
    bits = path.bits or acquisition.bits_stored
    return None if bits is None else (1 << (bits - 1 if path.signed else bits)) - 1


def attenuation(radiograph: Radiograph) -> FloatImage:
    """Values that rise with attenuation, on the best scale the calibration allows.

    Returns
    -------
    Shape (rows, columns), float32. With a calibration curve: nepers, edge enhancement undone. LIN: ``-ln(I)``, nepers up to an additive
    constant, where I is the distance from the value that stands for no beam; intensities below one count are taken as one. LOG without a
    curve: the stored values, nepers times an unknown gain, up to an additive constant. Otherwise: the ordered values, a monotonic but unknown
    function of attenuation.

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
    counts = (np.float32(calibration.no_beam) - radiograph.pixels) / np.float32(calibration.count)
    return np.asarray(-np.log(np.maximum(counts, LEAST_COUNT)), np.float32)


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
