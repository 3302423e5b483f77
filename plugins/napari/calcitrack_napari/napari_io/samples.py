"""Sample data of calcitrack in napari's menu: simulated people, with nobody's data in them."""

from __future__ import annotations

from calcitrack.io.phantom.samples import sample_radiographs
from calcitrack_napari.napari_io.layers import LayerData
from calcitrack_napari.napari_io.reader import folder_layers


def treated() -> list[LayerData]:
    """A child's left hand over seven visits, each exposed twice: it grows over three, then is treated."""
    return folder_layers(sample_radiographs() / "TREATED01")


def growing() -> list[LayerData]:
    """A child's right hand over four visits."""
    return folder_layers(sample_radiographs() / "DEV03")


def severe() -> list[LayerData]:
    """Severe disease of the left hand over four visits; MONOCHROME1."""
    return folder_layers(sample_radiographs() / "DEV04")
