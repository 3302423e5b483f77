"""Small files that ask for much work are refused before it is done, each with a typed error."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from calcitrack import read_radiograph
from calcitrack.errors import ImageTooLargeError, InvalidValueError
from calcitrack.io.deidentify import Status, deidentify
from calcitrack.io.dicom.codestream import PACKET_PIXELS, decoded_pixels
from calcitrack.io.files.limits import ReadLimits, stated_limits

FEW = ReadLimits(max_elements=1000)
ITEM, SEQUENCE_END = struct.pack("<HHI", 0xFFFE, 0xE000, 0), struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
MOST_CPU_S = 10.0
"""Processor time that a refusal may take on a slow and busy machine; reading a million items takes far longer."""


def element(group: int, number: int, vr: bytes, value: bytes, length: int | None = None) -> bytes:
    """An element in little endian with explicit VR."""
    value += b"\0" * (len(value) % 2)
    size = len(value) if length is None else length
    if vr in (b"OB", b"OW", b"SQ", b"UN"):
        return struct.pack("<HH2sHI", group, number, vr, 0, size) + value
    return struct.pack("<HH2sH", group, number, vr, size) + value


def dicom(body: bytes, syntax: bytes = b"1.2.840.10008.1.2.1") -> bytes:
    """A file with this data set behind the identifying elements."""
    stated = element(8, 0x16, b"UI", b"1.2.840.10008.5.1.4.1.1.1.1") + element(8, 0x60, b"CS", b"DX")
    meta = element(2, 0x10, b"UI", syntax)
    content = stated + body
    if syntax.endswith(b".99"):
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        content = packer.compress(content) + packer.flush()
    return b"\0" * 128 + b"DICM" + element(2, 0, b"UL", struct.pack("<I", len(meta))) + meta + content


def items_of_undefined_length(n: int) -> bytes:
    """A sequence of empty items that ends with a mark."""
    return dicom(element(8, 0x1140, b"SQ", n * ITEM + SEQUENCE_END, 0xFFFFFFFF))


def items_of_stated_length(n: int) -> bytes:
    """The same with its length, which pydicom reads when it is asked for."""
    return dicom(element(8, 0x1140, b"SQ", n * ITEM))


def items_in_an_unknown_element(n: int) -> bytes:
    """The same under the VR UN, as archives write what they do not know."""
    return dicom(element(9, 0x1001, b"UN", n * ITEM))


def elements_of_one_item(n: int) -> bytes:
    """One item with many empty elements."""
    inside = b"".join(element(9 + 2 * (k // 60000), k % 60000, b"LO", b"") for k in range(n))
    return dicom(element(8, 0x1140, b"SQ", struct.pack("<HHI", 0xFFFE, 0xE000, len(inside)) + inside))


def elements_of_the_header(n: int) -> bytes:
    """Many empty elements."""
    return dicom(b"".join(element(9 + 2 * (k // 60000), k % 60000, b"LO", b"") for k in range(n)))


def deflated(n: int) -> bytes:
    """Items in a deflated file, which is a thousandth as large."""
    return dicom(element(8, 0x1140, b"SQ", n * ITEM), b"1.2.840.10008.1.2.1.99")


def fragments(n: int) -> bytes:
    """Pixel data of many empty fragments."""
    return dicom(element(0x7FE0, 0x10, b"OB", n * ITEM + SEQUENCE_END, 0xFFFFFFFF), b"1.2.840.10008.1.2.4.90")


KINDS = (
    *(items_of_undefined_length, items_of_stated_length, items_in_an_unknown_element, elements_of_one_item, elements_of_the_header),
    *(deflated, fragments),
)


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_a_header_of_too_many_elements_is_refused(make: Callable[[int], bytes], tmp_path: Path) -> None:
    """By reading and by de-identification, however the elements are written; a few are no reason to refuse."""
    path = tmp_path / "film.dcm"
    path.write_bytes(make(5000))
    with pytest.raises(ImageTooLargeError, match="more than 1000 elements, items of sequences or fragments"):
        read_radiograph(path, limits=FEW)
    path.write_bytes(make(100))
    with pytest.raises(Exception) as caught:  # noqa: PT011 it is no whole film; any other reason will do
        read_radiograph(path, limits=FEW)
    assert not isinstance(caught.value, ImageTooLargeError)


@pytest.mark.parametrize("make", [items_of_undefined_length, items_of_stated_length, deflated], ids=lambda make: make.__name__)
def test_a_million_items_cost_little(make: Callable[[int], bytes], tmp_path: Path) -> None:
    """With the limits that hold by default; de-identification gives a row and goes on."""
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "bomb.dcm").write_bytes(make(1_000_000))
    before = time.process_time()
    with pytest.raises(ImageTooLargeError):
        read_radiograph(tmp_path / "films" / "bomb.dcm")
    once = time.process_time() - before
    assert once < MOST_CPU_S
    report = deidentify([tmp_path / "films"], tmp_path / "out")
    assert [(f.status, f.reason) for f in report.files] == [(Status.REFUSED, "larger than the limit")]


def test_a_jpeg_2000_of_many_packets_costs_what_it_announces() -> None:
    """Layers, tiles, levels and precincts, by the main header; each of them is a packet that may be empty."""
    size = struct.pack(">HHIIIIIIIIHBBB", 41, 0, 1000, 500, 0, 0, 100, 100, 0, 0, 1, 7, 1, 1)
    whole = b"\xff\x4f\xff\x51" + size + b"\xff\x52" + struct.pack(">HBBHBBBBBB", 12, 0, 0, 65535, 0, 5, 4, 4, 0, 0) + b"\xff\x90"
    assert decoded_pixels(whole, 500_000) == 500_000 + PACKET_PIXELS * 50 * 65535 * 6
    tiny = bytes([0x00] * 6)
    precincts = b"\xff\x4f\xff\x51" + size + b"\xff\x52" + struct.pack(">HBBHBBBBBB", 18, 1, 0, 1, 0, 5, 4, 4, 0, 0) + tiny + b"\xff\x90"
    assert decoded_pixels(precincts, 500_000) == 500_000 + PACKET_PIXELS * 50 * (100**2 + 50**2 + 25**2 + 12**2 + 6**2 + 3**2)
    assert decoded_pixels(whole[:50], 500_000) == 500_000


@pytest.mark.parametrize("value", ["0", "-5", "many", "1.5", "", "٣"])
def test_a_limit_is_a_whole_number(value: str) -> None:
    """What the environment states is named with its variable."""
    with pytest.raises(InvalidValueError, match="CALCITRACK_MAX_ELEMENTS is a whole number above zero"):
        stated_limits({"CALCITRACK_MAX_ELEMENTS": value})
