"""PNG and TIFF pictures with a sidecar."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from calcitrack.errors import DamagedFileError, ImageTooLargeError, SidecarError, UnsupportedImageError
from calcitrack.io.files.limits import ReadLimits
from calcitrack.io.files.sources import source_of
from calcitrack.io.images.picture import read_picture_facts
from calcitrack.io.images.read import read_radiograph
from calcitrack.model.calibration import Tier
from calcitrack.model.spacing import SpacingBasis

GREY8 = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
GREY16 = np.arange(48, dtype=np.uint16).reshape(6, 8) * 1000


def saved(path: Path, values: np.ndarray, sidecar: dict[str, Any] | str | None = None, **options: Any) -> Path:
    """Write a picture and its sidecar."""
    Image.fromarray(values).save(path, **options)
    if sidecar is not None:
        path.with_suffix(".json").write_text(sidecar if isinstance(sidecar, str) else json.dumps(sidecar))
    return path


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("values", [GREY8, GREY16], ids=["8 bit", "16 bit"])
def test_grey_pictures_keep_their_values(tmp_path: Path, suffix: str, values: np.ndarray) -> None:
    """MONOCHROME2 is assumed; the tier is C, and why is stated."""
    image = read_radiograph(saved(tmp_path / f"hand{suffix}", values))
    np.testing.assert_array_equal(image.pixels, values)
    assert image.calibration.tier is Tier.C
    assert "without DICOM header" in image.calibration.reason
    assert image.spacing.basis is SpacingBasis.PIXELS
    assert any("no sidecar" in f for f in image.findings)


def test_the_sidecar_states_what_a_header_would(tmp_path: Path) -> None:
    """Every key."""
    stated = {
        "spacing_mm": [0.1, 0.2],
        "spacing_basis": "detector",
        "acquisition_date": "2024-05-31T10:15",
        "patient_id": 17,
        "body_part": "hand",
        "laterality": "left",
        "view": "pa",
        "photometric_interpretation": "MONOCHROME1",
    }
    image = read_radiograph(saved(tmp_path / "hand.png", GREY8, stated))
    facts = image.acquisition
    assert (image.spacing.row_mm, image.spacing.column_mm, image.spacing.basis) == (0.1, 0.2, SpacingBasis.DETECTOR)
    assert facts.acquisition_time == dt.datetime.fromisoformat("2024-05-31T10:15")
    assert (facts.patient_id, facts.body_part_examined, facts.laterality, facts.view_position) == ("17", "HAND", "L", "PA")
    np.testing.assert_array_equal(image.pixels, -GREY8.astype(np.float32))


def test_one_length_stands_for_rows_and_columns(tmp_path: Path) -> None:
    """The plane is not specified unless the sidecar names it."""
    spacing = read_radiograph(saved(tmp_path / "hand.png", GREY8, {"spacing_mm": 0.15})).spacing
    assert (spacing.row_mm, spacing.column_mm, spacing.basis) == (0.15, 0.15, SpacingBasis.UNSPECIFIED)


def test_all_problems_of_a_sidecar_are_told_at_once(tmp_path: Path) -> None:
    """One message, four problems."""
    wrong = {"spacing_mm": -1, "acquisition_date": "31.5.2024", "laterality": "up", "side": "L"}
    with pytest.raises(SidecarError) as caught:
        read_radiograph(saved(tmp_path / "hand.png", GREY8, wrong))
    assert all(word in str(caught.value) for word in ("spacing_mm", "acquisition_date", "laterality", "unknown key 'side'"))


@pytest.mark.parametrize("text", ["{", "[1, 2]", "[" * 100_000, '{"spacing_mm": NaN}', '{"spacing_mm": true}', '{"patient_id": {}}'])
def test_a_sidecar_that_is_no_sidecar_is_a_typed_error(tmp_path: Path, text: str) -> None:
    """Broken JSON, other JSON, deep nesting, values of the wrong kind."""
    with pytest.raises(SidecarError):
        read_radiograph(saved(tmp_path / "hand.png", GREY8, text))


def test_grey_stored_as_colour_is_read(tmp_path: Path) -> None:
    """Equal channels are grey; alpha is ignored with a finding."""
    rgba = np.dstack([GREY8, GREY8, GREY8, GREY8])
    image = read_radiograph(saved(tmp_path / "hand.png", rgba))
    np.testing.assert_array_equal(image.pixels, GREY8)
    assert {"the picture's alpha channel is ignored", "grey stored as colour; one channel is used"} <= set(image.findings)


def test_colour_is_unsupported(tmp_path: Path) -> None:
    """A photograph is no radiograph."""
    with pytest.raises(UnsupportedImageError, match="a colour picture"):
        read_radiograph(saved(tmp_path / "hand.png", np.dstack([GREY8, GREY8, 255 - GREY8])))


def test_single_bits_floats_and_several_pages_are_unsupported(tmp_path: Path) -> None:
    """Each with its reason."""
    with pytest.raises(UnsupportedImageError, match="'1'"):
        read_radiograph(saved(tmp_path / "a.png", GREY8 > 100))
    with pytest.raises(UnsupportedImageError, match="'F'"):
        read_radiograph(saved(tmp_path / "b.tif", GREY8.astype(np.float32)))
    page = Image.fromarray(GREY8)
    page.save(tmp_path / "c.tif", save_all=True, append_images=[page])
    with pytest.raises(UnsupportedImageError, match="more than one page"):
        read_radiograph(tmp_path / "c.tif")


def test_a_16_bit_tiff_where_white_is_zero_is_monochrome1(tmp_path: Path) -> None:
    """The tag says which end is white; bone is white."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[262] = 0
    image = read_radiograph(saved(tmp_path / "hand.tif", GREY16, tiffinfo=tags))
    np.testing.assert_array_equal(image.pixels, -GREY16.astype(np.float32))


def test_a_picture_that_breaks_off_is_damage(tmp_path: Path) -> None:
    """Half a file."""
    path = saved(tmp_path / "hand.png", np.random.default_rng(0).integers(0, 255, (99, 99)).astype(np.uint8))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DamagedFileError, match="breaks off"):
        read_radiograph(path)


def test_a_large_picture_is_refused_by_its_header(tmp_path: Path) -> None:
    """Before its pixels are unpacked, and also beyond the picture library's own limit."""
    path = saved(tmp_path / "hand.png", GREY8)
    with pytest.raises(ImageTooLargeError, match="6 x 8"):
        read_radiograph(path, limits=ReadLimits(max_pixels=47))
    content = bytearray(path.read_bytes())
    content[16:24] = b"\0\1\0\0\0\1\0\0"
    path.write_bytes(content)
    with pytest.raises((ImageTooLargeError, DamagedFileError)):
        read_radiograph(path)


def test_a_broken_header_names_the_file_once(tmp_path: Path) -> None:
    """The file's name stands before what was found, where it may be replaced; not again in the words of a library."""
    path = tmp_path / "hand.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(DamagedFileError, match="a picture with a broken header; expected a whole PNG, JPEG or TIFF") as told:
        read_radiograph(path)
    assert str(told.value).count("hand.png") == 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}], ids=["plain", "compressed"])
def test_a_picture_is_turned_as_its_orientation_asks(tmp_path: Path, orientation: int, suffix: str, options: dict[str, Any]) -> None:
    """By the table of the TIFF and Exif standards: where the stored first row and column belong. The header alone states the upright size too."""
    stored = np.zeros((16, 24), np.uint8)
    stored[:8, :16] = 240  # a block at the first row and column
    stored[8:, :8] = 120
    upright = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.T,
        6: stored.T[:, ::-1],
        7: stored.T[::-1, ::-1],
        8: stored.T[::-1],
    }[orientation]
    exif = Image.Exif()
    exif[274] = orientation
    how = {".tif": {"tiffinfo": {274: orientation}, **options}, ".jpg": {"exif": exif, "quality": 95}}.get(suffix, {"exif": exif})
    path = saved(tmp_path / f"hand{suffix}", stored, **how)
    image = read_radiograph(path)
    np.testing.assert_allclose(image.pixels, upright, atol=0 if suffix != ".jpg" else 3)
    assert image.shape == upright.shape
    facts = read_picture_facts(source_of(path), ReadLimits())
    assert (facts.acquisition.rows, facts.acquisition.columns) == upright.shape
    assert any("as its Orientation tag asks" in f for f in image.findings) == (orientation != 1)


def test_a_jpeg_is_a_lossy_picture_of_tier_c(tmp_path: Path) -> None:
    """Grey, and grey stored as colour; a TIFF that holds JPEG too. Colour is refused."""
    for name, values, options in (("a.jpg", GREY8, {}), ("b.JPEG", np.dstack([GREY8] * 3), {}), ("c.tif", GREY8, {"compression": "jpeg"})):
        image = read_radiograph(saved(tmp_path / name, values, {"patient_id": "P", "acquisition_date": "2024-01-01"}, **options))
        np.testing.assert_allclose(image.pixels, GREY8, atol=25)
        assert image.calibration.tier is Tier.C
        assert any(f.startswith("a lossy picture") for f in image.findings)
        assert image.acquisition.patient_id == "P"
    colours = np.dstack([GREY8, GREY8[::-1], GREY8[:, ::-1]])
    with pytest.raises(UnsupportedImageError, match="a colour picture"):
        read_radiograph(saved(tmp_path / "photo.jpg", colours))


def test_broken_orientation_and_cut_jpegs_do_no_harm(tmp_path: Path) -> None:
    """Exif that cannot be read asks for nothing; a JPEG that breaks off is told."""
    path = saved(tmp_path / "a.jpg", np.tile(GREY8, (20, 20)), exif=b"Exif\x00\x00broken")
    assert read_radiograph(path).shape == (120, 160)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DamagedFileError, match="breaks off"):
        read_radiograph(path)


@pytest.mark.parametrize("key", ["spacing_mm", "patient_id", "laterality"])
def test_a_number_beyond_any_meaning_is_a_problem_of_the_sidecar(tmp_path: Path, key: str) -> None:
    """Of 400 digits and of 5000, which Python does not write out; the message stays short."""
    for digits in (400, 4200):
        path = saved(tmp_path / "hand.png", GREY8, f'{{"{key}": 1{"0" * digits}}}')
        with pytest.raises(SidecarError) as told:
            read_radiograph(path)
        assert len(str(told.value)) < 500


def test_control_characters_of_a_sidecar_are_shown_escaped(tmp_path: Path) -> None:
    """A terminal would obey them, and half a character cannot be written."""
    image = read_radiograph(saved(tmp_path / "hand.png", GREY8, {"patient_id": "\x1b[31mRED\ud800"}))
    assert image.acquisition.patient_id == "\\x1b[31mRED\\ud800"


def test_a_jpeg_of_thousands_of_scans_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    """Each scan costs a pass over the picture."""
    path = saved(tmp_path / "hand.jpg", GREY8)
    path.write_bytes(path.read_bytes() + b"\xff\xda" * 200)
    with pytest.raises(ImageTooLargeError, match="more passes over it than any encoder writes"):
        read_radiograph(path, limits=ReadLimits(max_decoded_pixels=100 * GREY8.size))
