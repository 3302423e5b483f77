"""Files that contradict themselves: each gives a typed error that says what is wrong, or the right image with a finding."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from calcitrack.errors import CalcitrackError, DamagedFileError, ImageTooLargeError, ReadError, UnsupportedImageError
from calcitrack.io.cohort.scan import scan_file
from calcitrack.io.files.limits import ReadLimits
from calcitrack.io.files.sources import FileSource
from calcitrack.io.images.read import read_radiograph
from calcitrack.model.image import Radiograph
from calcitrack.model.spacing import SpacingBasis

Write = Callable[..., Path]

EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
RLE, JPEG, JPEG_LS, JPEG_2000, MPEG = (f"1.2.840.10008.1.2.{tail}" for tail in ("5", "4.50", "4.80", "4.90", "4.102"))
PIXELS = np.random.default_rng(6).integers(0, 4096, (64, 64)).astype(np.uint16)
EIGHT_BITS = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}


def labelled(path: Path, syntax: str) -> Path:
    """The file with another transfer syntax in its meta group, nothing else changed."""
    content = path.read_bytes()
    at = content.index(b"\x02\x00\x10\x00UI")
    (old,) = struct.unpack_from("<H", content, at + 6)
    new = syntax.encode() + b"\0" * (len(syntax) % 2)
    content = content[: at + 6] + struct.pack("<H", len(new)) + new + content[at + 8 + old :]
    group = content.index(b"\x02\x00\x00\x00UL\x04\x00") + 8
    (length,) = struct.unpack_from("<I", content, group)
    path.write_bytes(content[:group] + struct.pack("<I", length + len(new) - old) + content[group + 4 :])
    return path


def replaced(path: Path, old: bytes, new: bytes) -> Path:
    """The file with some bytes replaced by as many others."""
    content = path.read_bytes()
    assert len(old) == len(new)
    assert old in content
    path.write_bytes(content.replace(old, new))
    return path


def found(radiograph: Radiograph, words: str) -> bool:
    """Whether one of the findings holds these words."""
    return any(words in f for f in radiograph.findings)


@pytest.mark.parametrize(
    ("elements", "error", "words"),
    [
        ({"NumberOfFrames": 5}, UnsupportedImageError, "5 frames; expected a single frame"),
        ({"Rows": 0}, DamagedFileError, "Rows 0; expected 1 to 65535"),
        ({"Columns": 0}, DamagedFileError, "Columns 0; expected 1 to 65535"),
        ({"Rows": 65535, "Columns": 65535}, ImageTooLargeError, "65535 x 65535 pixels; expected at most"),
        ({"Rows": 65535}, DamagedFileError, "pixel data of 8192 bytes; expected 8388480 bytes"),
        ({"Rows": 32}, DamagedFileError, "pixel data of 8192 bytes; expected 4096 bytes, as Rows, Columns, BitsAllocated and NumberOfFrames state"),
        (EIGHT_BITS, DamagedFileError, "one of the four is wrong"),
        ({"BitsAllocated": 32, "BitsStored": 32, "HighBit": 31}, DamagedFileError, "expected 16384 bytes"),
        ({"BitsAllocated": 12}, UnsupportedImageError, "12 bits a pixel; expected 8, 16 or 32"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, UnsupportedImageError, r"a colour image \(PALETTE COLOR\)"),
        ({"PhotometricInterpretation": "YBR_FULL"}, UnsupportedImageError, r"a colour image \(YBR_FULL\)"),
        ({"PhotometricInterpretation": "MONOCHROME"}, UnsupportedImageError, "PhotometricInterpretation MONOCHROME, which DICOM does not know"),
        ({"SamplesPerPixel": 3}, UnsupportedImageError, "a colour image .3 samples a pixel, PhotometricInterpretation MONOCHROME2"),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "YBR_FULL_422"}, UnsupportedImageError, r"a colour image \(YBR_FULL_422\)"),
    ],
)
def test_a_header_that_cannot_be_true_is_refused(dicom: Write, elements: dict[str, Any], error: type[ReadError], words: str) -> None:
    """The message names the element, what it holds and what would be read."""
    with pytest.raises(error, match=words):
        read_radiograph(dicom(pixels=PIXELS, **elements))


CIRCLE = {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [8, 8], "RadiusOfCircularShutter": "1e300"}
POLYGON = {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": ["1", "1", "1", "9" * 30, "9" * 30, "9" * 30]}


@pytest.mark.parametrize("elements", [CIRCLE, POLYGON], ids=["circle", "polygon"])
def test_a_number_beyond_any_meaning_is_damage_of_that_file(dicom: Write, elements: dict[str, Any]) -> None:
    """One typed error, and no library's words."""
    with pytest.raises(DamagedFileError, match="found a number in the header beyond any meaning; expected positions and values of a picture"):
        read_radiograph(dicom(pixels=PIXELS, **elements))


def test_a_lookup_table_that_begins_beyond_any_value_is_damage_also_in_a_scan(dicom: Write, sequence_of: Callable[..., object]) -> None:
    """The header alone is read there."""
    table = sequence_of({"LUTDescriptor": [3, 0, 16], "LUTData": [1, 2, 10**20]})
    for item in table:  # type: ignore[attr-defined]
        item["LUTData"].VR = "DS"
    path = dicom(pixels=PIXELS, ModalityLUTSequence=table)
    assert "a number in the header beyond any meaning" in scan_file(FileSource(path), ReadLimits()).reason


@pytest.mark.parametrize(
    ("elements", "finding"),
    [
        ({"NumberOfFrames": 0}, "NumberOfFrames is 0; taken for 1"),
        ({"NumberOfFrames": -1}, "NumberOfFrames is -1; taken for 1"),
        ({"BitsStored": 20, "HighBit": 19}, "BitsStored is 20; taken for Bits Allocated, 16"),
        ({"PhotometricInterpretation": None}, "PhotometricInterpretation is missing; taken for MONOCHROME2"),
        ({"SamplesPerPixel": 0}, "SamplesPerPixel is 0; taken for 1"),
    ],
)
def test_a_header_that_leaves_no_doubt_is_read_with_a_finding(dicom: Write, elements: dict[str, Any], finding: str) -> None:
    """The stored values are those that were written."""
    radiograph = read_radiograph(dicom(pixels=PIXELS, **elements))
    np.testing.assert_array_equal(np.abs(radiograph.pixels), PIXELS)
    assert found(radiograph, finding)


@pytest.mark.parametrize(
    "spacing", [b"nan\\nan   ", b"-.15\\-.15 ", b".15\\-.15  ", b"0\\0       ", b"1e400\\1e400"[:10], b"150\\150   ", b"abc\\def   "]
)
def test_a_spacing_that_cannot_be_is_no_spacing(dicom: Write, spacing: bytes) -> None:
    """Not a number, negative, zero, infinite, metres: pixels are counted, and a finding says what was found."""
    radiograph = read_radiograph(replaced(dicom(pixels=PIXELS), b"0.15\\0.15 ", spacing))
    assert radiograph.spacing.basis is SpacingBasis.PIXELS
    assert found(radiograph, "ImagerPixelSpacing")
    assert found(radiograph, "nothing states the size of a pixel")


@pytest.mark.parametrize("made_as", [RLE, JPEG_LS, JPEG_2000])
def test_compressed_pixels_under_the_label_of_uncompressed_ones_are_decoded(dicom: Write, made_as: str) -> None:
    """Their bytes are never taken for grey values; the finding names the label."""
    radiograph = read_radiograph(labelled(dicom(pixels=PIXELS, syntax=made_as), EXPLICIT))
    np.testing.assert_array_equal(np.abs(radiograph.pixels), PIXELS)
    assert found(radiograph, "states Explicit VR Little Endian, but its pixel data are compressed")


@pytest.mark.parametrize("label", [RLE, JPEG, JPEG_2000, MPEG])
def test_uncompressed_pixels_under_the_label_of_compressed_ones_are_read(dicom: Write, label: str) -> None:
    """Where their number is that of the image exactly."""
    radiograph = read_radiograph(labelled(dicom(pixels=PIXELS), label))
    np.testing.assert_array_equal(np.abs(radiograph.pixels), PIXELS)
    assert found(radiograph, "but its pixel data are not compressed")


def test_pixels_that_are_neither_compressed_nor_whole_are_damage(dicom: Write) -> None:
    """A label of compression, no items, and another number of bytes than the image has."""
    with pytest.raises(DamagedFileError, match="labelled as compressed that begin with no item tag"):
        read_radiograph(labelled(dicom(pixels=PIXELS, Rows=60), JPEG_2000))


@pytest.mark.parametrize(("made_as", "label"), [(EXPLICIT, BIG_ENDIAN), (BIG_ENDIAN, EXPLICIT), (DEFLATED, EXPLICIT)])
def test_a_data_set_in_another_encoding_than_stated_is_said_to_make_no_sense(dicom: Write, made_as: str, label: str) -> None:
    """The scan and the reader agree: not 'without pixel data'."""
    path = labelled(dicom(pixels=PIXELS, syntax=made_as), label)
    words = "a data set whose elements make no sense; expected one written in the transfer syntax that the file states"
    assert words in scan_file(FileSource(path), ReadLimits()).reason
    with pytest.raises(DamagedFileError, match=words):
        read_radiograph(path)


def test_explicit_and_implicit_are_told_apart_whatever_the_label(dicom: Write) -> None:
    """The first elements show which it is."""
    for made_as, label in ((EXPLICIT, IMPLICIT), (IMPLICIT, EXPLICIT)):
        radiograph = read_radiograph(labelled(dicom(pixels=PIXELS, syntax=made_as), label))
        np.testing.assert_array_equal(np.abs(radiograph.pixels), PIXELS)


def jpeg_stream() -> bytes:
    """A smooth 8-bit picture as baseline JPEG."""
    rows, columns = np.mgrid[:64, :64]
    buffer = BytesIO()
    Image.fromarray((2 * rows + columns).astype(np.uint8)).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_jpeg_stream_that_breaks_off_is_damage(dicom: Write, share: float) -> None:
    """In a file that is whole, the stream is not filled up with grey."""
    stream = jpeg_stream()
    cut = stream[: int(len(stream) * share) // 2 * 2]
    with pytest.raises(DamagedFileError, match=r"JPEG Baseline|without the codec's own header"):
        read_radiograph(dicom(pixels=PIXELS.astype(np.uint8), syntax=JPEG, frame=cut, **EIGHT_BITS))


def test_a_jpeg_of_a_precision_that_its_standard_does_not_know_is_refused(dicom: Write) -> None:
    """Some programs write 16 bits into a lossy JPEG; decoders disagree on where its zero lies."""
    stream = bytearray(jpeg_stream())
    stream[stream.index(b"\xff\xc0") + 4] = 16
    with pytest.raises(DamagedFileError, match="a JPEG stream of 16 bits; expected 8 or 12 bits"):
        read_radiograph(dicom(pixels=PIXELS, syntax=JPEG, frame=bytes(stream) + b"\0" * (len(stream) % 2)))


def test_a_sample_film_with_any_byte_of_its_header_changed_is_read_or_refused_in_words(sample_data: Path, tmp_path: Path) -> None:
    """300 mutations of a real-sized header: an image or one of our errors, never another exception; the compressed pixels stay as they are."""
    content = min(sample_data.glob("radiographs/*/visit1.dcm")).read_bytes()
    pixels_at = content.rindex(b"\xe0\x7f\x10\x00OB")
    rng = np.random.default_rng(7)
    path = tmp_path / "mutated.dcm"
    refused = 0
    for at in rng.integers(128, pixels_at, 300):
        changed = bytearray(content[: pixels_at + 5000])  # most of the pixels are left out: the header is what is tested
        changed[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        assert not re.search("Traceback|Error:", scan_file(FileSource(path), ReadLimits()).reason)
        with pytest.raises(CalcitrackError) as caught:
            read_radiograph(path)
        refused += "break off" in str(caught.value)
    assert refused > 150
