"""Detector signal -> stored values of a file: linear, logarithmic, or a vendor's picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.phantom.projection import FloatImage
from calcitrack.phantom.specs import DetectorSpec, Style

Stored = NDArray[np.uint16]


@dataclass(frozen=True, eq=False, slots=True)
class Encoded:
    """Stored values, with their description for the header.

    Parameters
    ----------
    pixels
        Shape (rows, columns).
    relationship
        Pixel Intensity Relationship: LIN, LOG or empty.
    sign
        Its sign: 1 when lower values are less beam, -1 when higher ones are.
    photometric
        MONOCHROME1 or MONOCHROME2.
    window
        (centre, width) of a picture FOR PRESENTATION; ``None`` for processing.
    """

    pixels: Stored
    relationship: str
    sign: int
    photometric: str
    window: tuple[float, float] | None


def encode(signal: FloatImage, spec: DetectorSpec, pitch_mm: float) -> Encoded:
    """Stored values of a signal that is 1 in the open field."""
    full = 2**spec.bits - 1
    if spec.style is Style.LIN:
        # LIN values are proportional to the beam, without an offset, so they are never inverted.
        return _raw(signal * np.float32(spec.open_level * full), full, "LIN", inverted=False)
    if spec.style is Style.LOG:
        values = np.float32(spec.open_level * full) + np.float32(spec.log_gain * full) * np.log10(signal)
        return _raw(values, full, "LOG", inverted=spec.inverted)
    picture = _vendor(signal, spec, pitch_mm)
    inverted = spec.style is Style.CR and spec.inverted
    values = np.clip((1 - picture if inverted else picture) * full, 0, full)
    low, high = (float(v) for v in np.percentile(values[::7, ::7], (0.5, 99.8)))
    window = ((low + high) / 2, max(1.0, high - low))
    relationship = "LOG" if spec.style is Style.PRESENTATION else ""
    return Encoded(np.round(values).astype(np.uint16), relationship, -1, "MONOCHROME1" if inverted else "MONOCHROME2", window)


def _raw(values: FloatImage, full: int, relationship: str, *, inverted: bool) -> Encoded:
    """FOR PROCESSING values: higher is more beam, or less beam when inverted."""
    stored = full - values if inverted else values
    pixels = np.round(np.clip(stored, 0, full)).astype(np.uint16)
    return Encoded(pixels, relationship, -1 if inverted else 1, "MONOCHROME2" if inverted else "MONOCHROME1", None)


def _vendor(signal: FloatImage, spec: DetectorSpec, pitch_mm: float) -> FloatImage:
    """A vendor's picture: a sigmoid over log attenuation and unsharp masking, 0 black to 1 white."""
    density = -np.log(signal)
    if spec.edge_gain > 0:
        soft = cv2.GaussianBlur(density, (0, 0), spec.edge_mm / pitch_mm)
        density = density + np.float32(spec.edge_gain) * (density - soft)
    return np.asarray(1 / (1 + np.exp(-np.float32(spec.curve_slope) * (density - np.float32(spec.curve_centre)))), np.float32)
