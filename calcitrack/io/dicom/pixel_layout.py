"""Pixel layout that the header states, checked before memory is allocated."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.datadict import dictionary_has_tag

from calcitrack.errors import DamagedFileError, ImageTooLargeError, UnsupportedImageError
from calcitrack.io.dicom.header import Header
from calcitrack.io.files.limits import ReadLimits

CONTAINER_BITS = (8, 16, 32)
"""Bits Allocated that fill whole bytes of an integer type."""
MAX_SIDE = 65535
"""Rows and Columns are 16-bit values (VR US)."""
GREY = ("MONOCHROME1", "MONOCHROME2")
COLOURS = ("PALETTE COLOR", "RGB", "YBR_", "HSV", "ARGB", "CMYK", "XYB")
"""How Photometric Interpretations of colour begin, retired ones included (PS3.3, C.7.6.3.1.2)."""


@dataclass(frozen=True, slots=True)
class PixelLayout:
    """Image Pixel Module (PS3.3 C.7.6.3), completed by its defaults."""

    rows: int
    columns: int
    frames: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool

    @property
    def frame_bytes(self) -> int:
        """Bytes of one uncompressed frame."""
        return self.rows * self.columns * self.bits_allocated // 8


def read_layout(header: Header, source: str, limits: ReadLimits) -> PixelLayout:
    """Layout of the pixel data of a grey image.

    Raises
    ------
    DamagedFileError
        No pixel data, or a missing or impossible size or depth.
    UnsupportedImageError
        Colour, floating point, or single bits.
    ImageTooLargeError
        More pixels than the limit.
    """
    _check_pixels_present(header, source)
    _check_one_sample(header, source)
    rows, columns = _side(header, "Rows", source), _side(header, "Columns", source)
    if rows * columns > limits.max_pixels:
        raise ImageTooLargeError(
            source,
            f"a header that states {rows} x {columns} pixels",
            f"at most {limits.max_pixels}",
            "check the file, or raise ReadLimits.max_pixels",
        )
    allocated = header.integer("BitsAllocated")
    if allocated is None:
        raise DamagedFileError(source, "pixel data without Bits Allocated", "a whole Image Pixel Module", "export the image again")
    if allocated not in CONTAINER_BITS:
        raise UnsupportedImageError(
            source, "single-bit pixels" if allocated == 1 else f"{allocated} bits a pixel", "8, 16 or 32", "export the original radiograph"
        )
    stored = _stored_bits(header, allocated)
    return PixelLayout(
        rows, columns, _frames(header), allocated, stored, _high_bit(header, allocated, stored), header.integer("PixelRepresentation") == 1
    )


def _check_one_sample(header: Header, source: str) -> None:
    samples, kind = header.integer("SamplesPerPixel"), header.code("PhotometricInterpretation")
    if samples is not None and samples < 1:
        header.note(f"SamplesPerPixel is {samples}; taken for 1")
    elif samples is not None and samples > 1:
        colour = kind if kind.startswith(COLOURS) else f"{samples} samples a pixel, PhotometricInterpretation {kind or 'missing'}"
        raise UnsupportedImageError(source, f"a colour image ({colour})", "a grey one", "export the original radiograph instead of a coloured copy")


def _check_pixels_present(header: Header, source: str) -> None:
    if header.has("FloatPixelData") or header.has("DoubleFloatPixelData"):
        raise UnsupportedImageError(source, "floating point pixel data", "stored integers", "export the original radiograph")
    if not header.has("PixelData"):
        raise without_pixels(header, source)


def without_pixels(header: Header, source: str) -> DamagedFileError:
    """Error for a file without pixel data; a header without any known element was read in the wrong encoding, and the error says so."""
    tags = list(header.dataset.keys())
    if tags and not any(dictionary_has_tag(tag) or tag.is_private_creator for tag in tags):
        expected = "one written in the transfer syntax that the file states"
        return DamagedFileError(
            source, "a data set whose elements make no sense", expected, "the file is mislabelled or broken; export the image again"
        )
    return DamagedFileError(source, "a header without pixel data", "an image", "fetch the file again, with its pixels")


def _side(header: Header, keyword: str, source: str) -> int:
    side = header.integer(keyword)
    if side is None or not 1 <= side <= MAX_SIDE:
        raise DamagedFileError(source, f"{keyword} {'missing' if side is None else side}", f"1 to {MAX_SIDE}", "export the image again")
    return side


def _frames(header: Header) -> int:
    frames = header.integer("NumberOfFrames")
    if frames is not None and frames < 1:
        header.note(f"NumberOfFrames is {frames}; taken for 1")
    return max(frames or 1, 1)


def _stored_bits(header: Header, allocated: int) -> int:
    stored = header.integer("BitsStored")
    if stored is None or not 1 <= stored <= allocated:
        header.note(f"BitsStored is {'missing' if stored is None else stored}; taken for Bits Allocated, {allocated}")
        return allocated
    return stored


def _high_bit(header: Header, allocated: int, stored: int) -> int:
    high = header.integer("HighBit")
    if high is None or not stored - 1 <= high < allocated:
        header.note(f"HighBit is {'missing' if high is None else high}; taken for Bits Stored - 1, {stored - 1}")
        return stored - 1
    return high
