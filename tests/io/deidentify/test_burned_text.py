"""Text in pictures: found where it is, and not found in anatomy, deposits or wedges."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from calcitrack.io.deidentify import BurnedIn, DeidentifyOptions, deidentify
from calcitrack.io.deidentify.burned_text import find_text
from calcitrack.io.images.read import read_radiograph

Picture = Callable[..., np.ndarray]


@pytest.mark.parametrize("at", [(30, 15), (385, 15), (30, 280), (385, 280)])
@pytest.mark.parametrize("scale", [0.4, 0.6, 1.0])
def test_a_line_in_any_corner_is_found_whole(text_picture: Picture, at: tuple[int, int], scale: float) -> None:
    """All white pixels of the text lie inside the boxes, and the boxes cover little else."""
    picture = text_picture("SMITH 1901", at=at, scale=scale)
    inside = np.zeros(picture.shape, bool)
    for row0, row1, column0, column1 in find_text(picture):
        inside[row0:row1, column0:column1] = True
    assert inside[picture == 4095].all()
    assert inside.mean() < 0.08


def test_black_text_on_a_bright_ground_is_found(text_picture: Picture) -> None:
    """Polarity does not matter."""
    assert len(find_text(4095 - text_picture("SMITH 1901"))) == 1


@pytest.mark.parametrize("text", ["", "R", "L."])
def test_a_side_marker_alone_is_not_text(text_picture: Picture, text: str) -> None:
    """One or two letters say which side it is, not who."""
    assert find_text(text_picture(text, scale=1.5)) == ()


@pytest.mark.parametrize("who", ["DEV03", "DEV04", "TREATED01"])
def test_nothing_is_found_on_films_without_text(sample_data: Path, who: str) -> None:
    """Bones, deposits and noise of the sample films are no text."""
    assert find_text(read_radiograph(sample_data / "radiographs" / who / "visit2.dcm").pixels.astype(np.int32)) == ()


@pytest.mark.shared
def test_nothing_is_found_on_films_with_a_wedge_or_a_marker(shared_dir: Path) -> None:
    """Step wedges, and a real hand with a side marker."""
    films = (
        shared_dir / "phantom/radiographs/DEV02/visit1.dcm",
        shared_dir / "phantom/radiographs/DEV05/visit1.dcm",
        shared_dir / "real/limbs/hand_right_adult_KODAK_J2K.dcm",
    )
    assert [find_text(read_radiograph(f).pixels.astype(np.int32)) for f in films] == [(), (), ()]


def test_text_is_covered_only_when_asked_for(film: Callable[..., Path], text_picture: Picture, tmp_path: Path) -> None:
    """Without the option the picture stays and says YES; with it the text goes, all else stays, and it says NO."""
    picture = text_picture("SMITH 1901").astype("<u2")
    film(pixels=picture)
    kept, covered = (deidentify([tmp_path / "in"], tmp_path / out, DeidentifyOptions(mask_text=out == "out2")) for out in ("out1", "out2"))
    assert (kept.files[0].burned_in, covered.files[0].burned_in) == (BurnedIn.FOUND, BurnedIn.COVERED)
    plain = pydicom.dcmread(tmp_path / "out1" / kept.files[0].written_as)
    assert (plain.BurnedInAnnotation, plain.PixelData) == ("YES", picture.tobytes())
    masked = pydicom.dcmread(tmp_path / "out2" / covered.files[0].written_as)
    assert masked.BurnedInAnnotation == "NO"
    assert "113101" in [c.CodeValue for c in masked.DeidentificationMethodCodeSequence]
    assert masked.pixel_array.max() < 3000
    ((row0, row1, column0, column1),) = covered.files[0].boxes
    outside = np.ones(picture.shape, bool)
    outside[row0:row1, column0:column1] = False
    assert (masked.pixel_array == picture)[outside].all()


def test_an_overlay_in_unused_bits_of_the_pixels_is_cleared(film: Callable[..., Path], tmp_path: Path) -> None:
    """Bits above the stored ones that hold an overlay (retired) are set to zero; the stored ones stay."""
    stored = (np.arange(64 * 48) % 4000).astype("<u2").reshape(64, 48)
    path = film(pixels=(stored | 0x8000).astype("<u2"))
    dataset = pydicom.dcmread(path)
    del dataset[0x60003000]
    dataset.add_new(0x60000100, "US", 16)
    dataset.add_new(0x60000102, "US", 15)
    dataset.save_as(path)
    (file,) = deidentify([tmp_path / "in"], tmp_path / "out").files
    assert file.overlay_bits
    assert pydicom.dcmread(tmp_path / "out" / file.written_as).PixelData == stored.tobytes()
