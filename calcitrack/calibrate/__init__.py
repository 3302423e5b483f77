"""Stored pixel values -> attenuation and hydroxyapatite."""

from calcitrack.calibrate.film import CalibrateOptions, calibrate
from calcitrack.callable_package import make_callable

__all__ = ["CalibrateOptions", "calibrate"]

make_callable(__name__)
