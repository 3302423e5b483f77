"""Files that lack what should stand around a data set, and files that hide gigabytes."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calcitrack.errors import DamagedFileError, ImageTooLargeError, NotAnImageFileError, NotARadiographError
from calcitrack.io.files.limits import ReadLimits
from calcitrack.io.images.read import read_radiograph

Write = Callable[..., Path]


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"])
def test_a_data_set_without_preamble_and_meta_group_is_read(dicom: Write, ramp_of: Callable[..., np.ndarray], syntax: str) -> None:
    """The encoding is inferred from the first elements, with a finding."""
    path = dicom(syntax=syntax)
    content = path.read_bytes()
    start = content.index(struct.pack(">HH" if syntax.endswith("1.2.2") else "<HH", 0x0008, 0x0016))
    path.write_bytes(content[start:])
    image = read_radiograph(path)
    np.testing.assert_array_equal(image.pixels, ramp_of())
    assert any("lacks the DICOM preamble" in f for f in image.findings)


def test_a_file_without_transfer_syntax_is_read(dicom: Write, ramp_of: Callable[..., np.ndarray]) -> None:
    """Its element is renamed, so that the meta group has none."""
    path = dicom()
    path.write_bytes(path.read_bytes().replace(b"\x02\x00\x10\x00UI", b"\x02\x00\x17\x00UI", 1))
    image = read_radiograph(path)
    np.testing.assert_array_equal(image.pixels, ramp_of())
    assert any("no transfer syntax" in f for f in image.findings)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_that_breaks_off_is_a_typed_error(dicom: Write, share: float) -> None:
    """Wherever it ends."""
    path = dicom(pixels=np.zeros((64, 64), np.uint16))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises((DamagedFileError, NotARadiographError, NotAnImageFileError)):
        read_radiograph(path)


COMPRESSED = {"RLE Lossless": "1.2.840.10008.1.2.5", "JPEG-LS": "1.2.840.10008.1.2.4.80", "JPEG 2000": "1.2.840.10008.1.2.4.90"}


@pytest.mark.parametrize("name", COMPRESSED)
@pytest.mark.parametrize("left", [0, 9, 2000, -9])
def test_a_file_that_ends_within_its_compressed_pixels_is_said_to_be_cut(dicom: Write, name: str, left: int) -> None:
    """The message names the transfer syntax and how much is left, down to a file that lacks its end mark and a byte: not 'without pixel data'."""
    path = dicom(pixels=np.random.default_rng(5).integers(0, 4096, (64, 64)).astype(np.uint16), syntax=COMPRESSED[name])
    content = path.read_bytes()
    start = content.rindex(b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff") + 12
    whole = len(content) - start
    path.write_bytes(content[: start + left] if left >= 0 else content[:left])
    there = left if left >= 0 else whole + left
    with pytest.raises(DamagedFileError, match=f"found {name}.* pixel data that break off after {there} bytes.*fetch or copy it again"):
        read_radiograph(path)


def test_an_object_that_is_no_radiograph_is_named_as_such_also_when_it_is_cut(dicom: Write) -> None:
    """What it is matters more than that it is broken."""
    path = dicom(pixels=np.zeros((64, 64), np.uint16), syntax=COMPRESSED["RLE Lossless"], SOPClassUID="1.2.840.10008.5.1.4.1.1.4", Modality="MR")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(NotARadiographError, match="MR Image Storage"):
        read_radiograph(path)


def test_a_header_without_pixels_is_said_to_be_one(dicom: Write) -> None:
    """Where nothing of the pixel data is there, nothing is said of a cut."""
    path = dicom(pixels=np.zeros((64, 64), np.uint16), syntax=COMPRESSED["RLE Lossless"])
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"\xe0\x7f\x10\x00OB")])
    with pytest.raises(DamagedFileError, match="a header without pixel data"):
        read_radiograph(path)


def test_a_deflated_file_that_inflates_beyond_the_limit_is_refused(dicom: Write) -> None:
    """A few kilobytes that hold 40 megabytes; the limit is on what they inflate to."""
    path = dicom(syntax="1.2.840.10008.1.2.1.99", PixelData=b"\0" * 40_000_000)
    assert path.stat().st_size < 100_000
    with pytest.raises(ImageTooLargeError, match="a deflated data set of more than 10000000 bytes"):
        read_radiograph(path, limits=ReadLimits(max_file_bytes=10_000_000))


def test_a_deflated_file_with_broken_data_is_damage(dicom: Write) -> None:
    """The deflate stream itself is checked."""
    path = dicom(syntax="1.2.840.10008.1.2.1.99")
    content = bytearray(path.read_bytes())
    (length,) = struct.unpack("<I", content[140:144])
    content[144 + length : 160 + length] = b"\xff" * 16
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match="deflated"):
        read_radiograph(path)


@pytest.mark.parametrize(
    ("uid", "modality", "words"),
    [
        ("1.2.840.10008.5.1.4.1.1.2", "CT", "CT Image Storage"),
        ("1.2.840.10008.5.1.4.1.1.4", "MR", "MR Image Storage"),
        ("1.2.840.10008.5.1.4.1.1.66.4", "SEG", "Segmentation Storage"),
        ("1.2.840.10008.5.1.4.1.1.88.33", "SR", "Comprehensive SR Storage"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "DOC", "Encapsulated PDF Storage"),
        ("1.2.840.10008.5.1.4.1.1.11.1", "PR", "Grayscale Softcopy Presentation State Storage"),
        ("1.2.840.10008.5.1.4.1.1.7", "CT", "a secondary capture of modality CT"),
    ],
)
def test_other_objects_are_named(dicom: Write, uid: str, modality: str, words: str) -> None:
    """The error says what the file is."""
    with pytest.raises(NotARadiographError, match=words):
        read_radiograph(dicom(SOPClassUID=uid, Modality=modality))


@pytest.mark.parametrize(
    ("uid", "modality", "limit"),
    [
        ("1.2.840.10008.5.1.4.1.1.7", "OT", "secondary capture"),
        ("1.2.840.10008.5.1.4.1.1.7.2", "CR", "secondary capture"),
        ("1.2.840.10008.5.1.4.1.1.12.1", "XA", "fluoroscopic frame"),
        ("1.2.840.10008.5.1.4.1.1.12.2", "RF", "fluoroscopic frame"),
        ("1.2.3.4.5", "DX", "is private"),
        (None, "CR", "SOP class is missing"),
    ],
)
def test_radiographs_of_lesser_kinds_are_read_with_their_limit_as_a_finding(dicom: Write, uid: Any, modality: str, limit: str) -> None:
    """Secondary captures, fluoroscopy, private and missing classes."""
    image = read_radiograph(dicom(SOPClassUID=uid, Modality=modality, PresentationIntentType=None))
    assert image.calibration.tier == "C"
    assert any(limit in f for f in image.findings)


def test_a_data_set_that_states_nothing_is_not_a_radiograph(dicom: Write) -> None:
    """No class, no modality: no guess."""
    with pytest.raises(NotARadiographError, match="neither SOP class nor modality"):
        read_radiograph(dicom(SOPClassUID=None, Modality=None))
