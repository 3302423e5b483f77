"""One file becomes a radiograph whose larger values are denser, or a typed error."""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataelem import DataElement

from calcitrack.errors import DamagedFileError, ImageTooLargeError, NotAnImageFileError, NotFoundError, UnsupportedImageError
from calcitrack.io.files.limits import ReadLimits
from calcitrack.io.images.read import read_radiograph
from calcitrack.model.calibration import Relationship, Tier

Write = Callable[..., Path]


def test_a_raw_logarithmic_image_is_tier_a_and_keeps_its_values(dicom: Write, ramp_of: Callable[..., np.ndarray]) -> None:
    """FOR PROCESSING, LOG, sign -1: higher values are less beam, so the stored values are handed on as they are."""
    image = read_radiograph(dicom())
    assert image.calibration.tier is Tier.A
    assert image.calibration.relationship is Relationship.LOG
    assert image.pixels.dtype == np.float32
    np.testing.assert_array_equal(image.pixels, ramp_of())
    assert image.valid_mask.all()
    assert image.findings == ()


def test_a_sign_of_plus_one_turns_the_values_over(dicom: Write, ramp_of: Callable[..., np.ndarray]) -> None:
    """Pixel Intensity Relationship Sign 1 means that lower values are less beam: the pixels are the negated stored values."""
    image = read_radiograph(dicom(PixelIntensityRelationship="LIN", PixelIntensityRelationshipSign=1, PhotometricInterpretation="MONOCHROME1"))
    np.testing.assert_array_equal(image.pixels, -ramp_of().astype(np.float32))
    assert image.calibration.polarity == -1


@settings(max_examples=25, deadline=None)
@given(pixels=hnp.arrays(np.uint16, hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=6), elements=st.integers(0, 4095)))
def test_monochrome1_of_the_inverted_image_is_the_same_image(write_dicom_file: Write, pixels: np.ndarray) -> None:
    """A picture and its photographic negative, each labelled as it is shown, differ only by an offset."""
    unstated: dict[str, Any] = {"PixelIntensityRelationship": None, "PixelIntensityRelationshipSign": None}
    with tempfile.TemporaryDirectory() as folder:
        positive = read_radiograph(write_dicom_file(Path(folder) / "a.dcm", pixels, PhotometricInterpretation="MONOCHROME2", **unstated))
        negative = read_radiograph(write_dicom_file(Path(folder) / "b.dcm", 4095 - pixels, PhotometricInterpretation="MONOCHROME1", **unstated))
    np.testing.assert_array_equal(positive.pixels, negative.pixels + 4095)


def test_the_rescale_belongs_to_the_values(dicom: Write, ramp_of: Callable[..., np.ndarray]) -> None:
    """Slope and intercept are applied before the polarity."""
    image = read_radiograph(dicom(RescaleSlope="0.5", RescaleIntercept="-100"))
    np.testing.assert_allclose(image.pixels, ramp_of() * 0.5 - 100)


def test_a_rescale_slope_of_zero_is_ignored_with_a_finding(dicom: Write, ramp_of: Callable[..., np.ndarray]) -> None:
    """A slope that would erase the image cannot be meant."""
    image = read_radiograph(dicom(RescaleSlope="0", RescaleIntercept="0"))
    np.testing.assert_array_equal(image.pixels, ramp_of())
    assert any("RescaleSlope is 0" in f for f in image.findings)


def test_a_modality_lut_replaces_each_value_by_its_entry(dicom: Write, sequence_of: Callable[..., Any]) -> None:
    """Values below the first mapped one take the first entry, values above the last one take the last."""
    table = sequence_of({"LUTDescriptor": [3, 10, 16], "LUTData": struct.pack("<3H", 100, 200, 300), "ModalityLUTType": "US"})
    pixels = np.array([[0, 10], [11, 12], [13, 4000]], np.uint16)
    image = read_radiograph(dicom(pixels=pixels, ModalityLUTSequence=table))
    np.testing.assert_array_equal(image.pixels, [[100, 100], [200, 300], [300, 300]])


def test_a_modality_lut_shorter_than_its_descriptor_is_damage(dicom: Write, sequence_of: Callable[..., Any]) -> None:
    """A lookup beyond the table would be a guess."""
    table = sequence_of({"LUTDescriptor": [300, 0, 16], "LUTData": struct.pack("<3H", 1, 2, 3), "ModalityLUTType": "US"})
    with pytest.raises(DamagedFileError, match=r"3 entries; expected 300"):
        read_radiograph(dicom(ModalityLUTSequence=table))


def test_windows_and_voi_tables_are_never_applied(dicom: Write, sequence_of: Callable[..., Any], ramp_of: Callable[..., np.ndarray]) -> None:
    """A VOI LUT is a choice of display: the values handed on are those before it."""
    voi = sequence_of({"LUTDescriptor": [2, 0, 8], "LUTData": struct.pack("<2H", 0, 255)})
    plain = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1", "PresentationIntentType": "FOR PRESENTATION"}
    image = read_radiograph(dicom(WindowCenter="10", WindowWidth="5", VOILUTSequence=voi, **plain))
    np.testing.assert_array_equal(image.pixels, ramp_of())
    assert image.calibration.tier is Tier.C


def test_padding_is_masked_and_filled_with_the_least_dense_value(dicom: Write) -> None:
    """A padding range, given in either order, is not valid and does not stretch the range of values."""
    pixels = np.array([[0, 1, 2], [500, 600, 700]], np.uint16)
    image = read_radiograph(dicom(pixels=pixels, PixelPaddingValue=2, PixelPaddingRangeLimit=0))
    np.testing.assert_array_equal(image.valid_mask, [[False] * 3, [True] * 3])
    np.testing.assert_array_equal(image.pixels[0], [500, 500, 500])


def test_padding_of_signed_pixels_may_be_written_unsigned(dicom: Write) -> None:
    """-2000 written as 63536 (the usual slip) is still -2000."""
    pixels = np.array([[-2000, -1000], [0, 1000]], np.int16)
    image = read_radiograph(
        dicom(pixels=pixels, BitsStored=16, HighBit=15, PixelRepresentation=1, PixelPaddingValue=DataElement(0x00280120, "US", 63536))
    )
    np.testing.assert_array_equal(image.valid_mask, [[False, True], [True, True]])
    assert image.pixels[0, 0] == -1000


def test_an_image_of_nothing_but_padding_is_damage(dicom: Write) -> None:
    """There is no picture in it."""
    with pytest.raises(DamagedFileError, match="every pixel is padding"):
        read_radiograph(dicom(pixels=np.zeros((4, 4), np.uint16), PixelPaddingValue=0))


def test_a_rectangular_shutter_and_collimator_bound_the_valid_pixels(dicom: Write) -> None:
    """Edges count from 1 and are inside; both apertures hold together."""
    image = read_radiograph(
        dicom(
            ShutterShape="RECTANGULAR",
            ShutterLeftVerticalEdge=2,
            ShutterRightVerticalEdge=7,
            ShutterUpperHorizontalEdge=1,
            ShutterLowerHorizontalEdge=8,
            CollimatorShape="RECTANGULAR",
            CollimatorLeftVerticalEdge=1,
            CollimatorRightVerticalEdge=8,
            CollimatorUpperHorizontalEdge=3,
            CollimatorLowerHorizontalEdge=4,
        )
    )
    expected = np.zeros((8, 8), bool)
    expected[2:4, 1:7] = True
    np.testing.assert_array_equal(image.valid_mask, expected)


def test_a_circular_shutter_keeps_a_disc(dicom: Write) -> None:
    """Radius 1 around row 4, column 5 (from 1) is the pixel and its four neighbours."""
    image = read_radiograph(dicom(ShutterShape="CIRCULAR", CenterOfCircularShutter=[4, 5], RadiusOfCircularShutter=1))
    assert sorted(map(tuple, np.argwhere(image.valid_mask).tolist())) == [(2, 4), (3, 3), (3, 4), (3, 5), (4, 4)]


def test_a_polygonal_collimator_keeps_its_inside(dicom: Write) -> None:
    """The vertices are row and column in turn, counted from 1."""
    image = read_radiograph(dicom(CollimatorShape="POLYGONAL", VerticesOfThePolygonalCollimator=[2, 2, 2, 7, 7, 7, 7, 2]))
    assert image.valid_mask[3:6, 3:6].all()
    assert not image.valid_mask[0].any()
    assert not image.valid_mask[:, 7].any()


def test_an_aperture_that_leaves_nothing_is_ignored_with_a_finding(dicom: Write) -> None:
    """Swapped edges are a mistake of the header, not an empty picture."""
    edges = {"ShutterLeftVerticalEdge": 7, "ShutterRightVerticalEdge": 2, "ShutterUpperHorizontalEdge": 1, "ShutterLowerHorizontalEdge": 8}
    image = read_radiograph(dicom(ShutterShape="RECTANGULAR", **edges))
    assert image.valid_mask.all()
    assert "Shutter RECTANGULAR leaves no pixel; ignored" in image.findings


def test_several_frames_are_unsupported(dicom: Write) -> None:
    """Which frame would be measured is not for the program to choose."""
    with pytest.raises(UnsupportedImageError, match="found 2 frames; expected a single frame"):
        read_radiograph(dicom(NumberOfFrames="2", PixelData=b"\0" * 256))


def test_colour_is_unsupported(dicom: Write) -> None:
    """The message names the photometric interpretation."""
    with pytest.raises(UnsupportedImageError, match="colour image \\(RGB\\)"):
        read_radiograph(dicom(SamplesPerPixel=3, PhotometricInterpretation="RGB", BitsAllocated=8, BitsStored=8, HighBit=7, PixelData=b"\0" * 192))


def test_a_header_that_claims_four_billion_pixels_is_refused_before_memory_is_asked_for(dicom: Write) -> None:
    """The limit is checked against the header."""
    with pytest.raises(ImageTooLargeError, match="65535 x 65535"):
        read_radiograph(dicom(Rows=65535, Columns=65535))


def test_limits_are_the_callers(dicom: Write) -> None:
    """Both limits can be lowered."""
    path = dicom()
    with pytest.raises(ImageTooLargeError, match="8 x 8 pixels; expected at most 63"):
        read_radiograph(path, limits=ReadLimits(max_pixels=63))
    with pytest.raises(ImageTooLargeError, match="at most 100 bytes"):
        read_radiograph(path, limits=ReadLimits(max_file_bytes=100))


def test_what_is_no_image_file_says_so(tmp_path: Path) -> None:
    """Text, an empty file, a folder and a missing file are told apart."""
    text, empty = tmp_path / "a.txt", tmp_path / "b.dcm"
    text.write_text("patient list " * 50)
    empty.write_bytes(b"")
    with pytest.raises(NotAnImageFileError, match="no image header"):
        read_radiograph(text)
    with pytest.raises(NotAnImageFileError, match="an empty file"):
        read_radiograph(empty)
    with pytest.raises(NotAnImageFileError, match="a folder"):
        read_radiograph(tmp_path)
    with pytest.raises(NotFoundError, match="check the path"):
        read_radiograph(tmp_path / "missing.dcm")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    """Opening a pipe without a writer would never return."""
    pipe = tmp_path / "image.dcm"
    os.mkfifo(pipe)
    with pytest.raises(NotAnImageFileError, match="pipe"):
        read_radiograph(pipe)


def test_reading_prints_nothing(dicom: Write, capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever libraries think of a sloppy header becomes a finding."""
    read_radiograph(dicom(StudyDate="31.01.2024", PatientBirthDate="unknown"))
    assert capfd.readouterr() == ("", "")
