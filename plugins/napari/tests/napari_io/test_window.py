from __future__ import annotations

from pathlib import Path

from calcitrack import read_radiograph
from calcitrack.io.phantom.samples import sample_radiographs
from calcitrack_napari.napari_io.window import window_of


def test_the_window_of_a_film_for_the_eye_is_used(film_folder: Path) -> None:
    """DEV04 states one and is MONOCHROME1: bone, the low stored values, comes out bright. A film FOR PROCESSING states none for the eye."""
    film = read_radiograph(sample_radiographs() / "DEV04/visit1.dcm")
    assert film.calibration.polarity == -1
    assert window_of(film) == (-(544 - 0.5 + 450.5), -(544 - 0.5 - 450.5))
    assert window_of(read_radiograph(film_folder / "film0.dcm")) is None
