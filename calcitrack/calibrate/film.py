"""Calibrate one film: whatever it carries that tells what its values mean."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from calcitrack.calibrate.noise_gain import noise_gain
from calcitrack.model.calibration import Calibration, Relationship, Tier
from calcitrack.model.image import Mask, Radiograph


@dataclass(frozen=True, slots=True)
class CalibrateOptions:
    """Settings of `calibrate`.

    Parameters
    ----------
    log_gain_from_noise
        Estimate the gain of logarithmic values, which no DICOM attribute states, from the film's quantum noise.
    """

    log_gain_from_noise: bool = True


def calibrate(radiograph: Radiograph, options: CalibrateOptions | None = None) -> Radiograph:
    """Improve on the calibration that the header alone allows.

    Parameters
    ----------
    radiograph
        As read.
    options
        Settings; defaults when ``None``.

    Returns
    -------
    The same film; its calibration has a curve to nepers where one can be had, else ``curve_source`` says why not. A film that has a curve
    already, or needs none, comes back as it is.
    """
    options = options or CalibrateOptions()
    calibration = radiograph.calibration
    if calibration.in_nepers:
        return radiograph
    if calibration.tier is Tier.A and calibration.relationship is Relationship.LOG and options.log_gain_from_noise:
        return replace(radiograph, calibration=_logarithmic(radiograph))
    return radiograph


def _logarithmic(radiograph: Radiograph) -> Calibration:
    """Two knots, from the gain that the noise gives."""
    calibration = radiograph.calibration
    beam = -radiograph.pixels
    gain = noise_gain(beam, radiograph.valid_mask & _between_ends(radiograph))
    if isinstance(gain, str):
        return replace(calibration, curve_source=gain)
    air = float(np.percentile(radiograph.pixels[radiograph.valid_mask][::17], 1))
    return replace(
        calibration,
        curve=((air, 0.0), (air + gain.per_neper, 1.0)),
        curve_relative_sd=gain.relative_sd,
        curve_source=f"{gain.per_neper:.4g} stored values per neper (+- {100 * gain.relative_sd:.1f} %) from the film's own quantum noise",
    )


def _between_ends(radiograph: Radiograph) -> Mask:
    """Neither the lowest nor the highest stored value: both may be clipped."""
    pixels = radiograph.pixels
    return np.asarray((pixels > pixels.min()) & (pixels < pixels.max()), bool)
