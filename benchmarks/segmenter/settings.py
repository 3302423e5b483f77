"""Settings that training, packing and calibration share."""

from __future__ import annotations

from pathlib import Path

FIRST_TRAINING_SEED, FIRST_CALIBRATION_SEED = 0, 900_000
"""Films of other seeds than these serve validation."""
PACKAGE = Path(__file__).parents[2] / "calcitrack" / "segment" / "data"
"""Folder of the network that the package ships."""
