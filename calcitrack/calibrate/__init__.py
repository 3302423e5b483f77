"""Stored pixel values -> attenuation and hydroxyapatite."""

from calcitrack.calibrate.film import CalibrateOptions, calibrate

__all__ = ["CalibrateOptions", "calibrate"]
