"""Frontal and lateral view of one limb and day: deposits that both show get a volume from their shape."""

from calcitrack.biplane.combine import combine_views, combined
from calcitrack.biplane.pairing import Shadow, Shift, extent, orthogonal, pair, register

__all__ = ["Shadow", "Shift", "combine_views", "combined", "extent", "orthogonal", "pair", "register"]
