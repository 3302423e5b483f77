"""Every transfer syntax gives the stored values; what lies about itself is told."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from openjpeg.utils import encode_array
from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import JPEG2000Lossless

from calcitrack.errors import DamagedFileError, UnsupportedImageError
from calcitrack.io.dicom.codestream import Codec, inspect
from calcitrack.io.dicom.parse import open_dataset
from calcitrack.io.dicom.pixel_data import DecodedFrame, decode_frame
from calcitrack.io.files.limits import ReadLimits
from calcitrack.io.files.sources import FileSource

Write = Callable[..., Path]

LOSSLESS_SYNTAXES = {
    "implicit little endian": "1.2.840.10008.1.2",
    "explicit little endian": "1.2.840.10008.1.2.1",
    "explicit big endian": "1.2.840.10008.1.2.2",
    "deflated": "1.2.840.10008.1.2.1.99",
    "RLE": "1.2.840.10008.1.2.5",
    "JPEG-LS": "1.2.840.10008.1.2.4.80",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
}

# 8 x 8 pixels of 0, 60, 120, ... encoded by imagecodecs 2026.3.6 (OpenJPH 0.26.3, liblj92, libjpeg-turbo 3): encoders that are not among our decoders
HTJ2K_RAMP = (
    "ff4fff5100294000000000080000000800000000000000000000000800000008000000000000000000010f0101ff50000800020000000aff52000c00020001000504044001ff5c"
    "00132088909090909090909090909090888888ff64001700014f70656e4a50482056657220302e32362e332eff90000a00000000005a0001ff93c000265ff6050774000000c0"
    "00134000130022fe020774001af103877400c00013400013800c0c018274006ee88600c35400c0002a20001560b66ddbaa70827500befbf6edfbc04201ecb600ffd9"
)
LOSSLESS_JPEG_RAMP = (
    "ffd8ffc4001700010101010000000000000000000000000809060cffc3000b0c0008000801001100ffda0008010000060000e7ff00de6f379bcde6f379781e0f0783c1e0f0785e"
    "0783c1e0f0783c1e1781e0f0783c1e0f0785e0783c1e0f0783c1e1781e0f0783c1e0f0785e0783c1e0f0783c1e1781e0f0783c1e0f0780ffd9"
)


def decode(path: Path, limits: ReadLimits | None = None) -> DecodedFrame:
    """Open and decode one file."""
    limits = limits or ReadLimits()
    return decode_frame(open_dataset(FileSource(path), limits, pixels=True).dataset, path.name, limits)


@pytest.mark.parametrize("syntax", LOSSLESS_SYNTAXES.values(), ids=LOSSLESS_SYNTAXES.keys())
def test_lossless_syntaxes_give_the_values_that_were_written(dicom: Write, syntax: str) -> None:
    """A random 12-bit image survives each lossless transfer syntax."""
    pixels = np.random.default_rng(1).integers(0, 4096, (65, 43)).astype(np.uint16)
    frame = decode(dicom(pixels=pixels, syntax=syntax))
    np.testing.assert_array_equal(frame.values, pixels)
    assert frame.findings == ()


@pytest.mark.parametrize("syntax", LOSSLESS_SYNTAXES.values(), ids=LOSSLESS_SYNTAXES.keys())
def test_signed_values_keep_their_sign(dicom: Write, syntax: str) -> None:
    """Pixel Representation 1 is two's complement in Bits Stored, in every syntax."""
    pixels = np.random.default_rng(2).integers(-32768, 32768, (64, 66)).astype(np.int16)
    frame = decode(dicom(pixels=pixels, syntax=syntax, BitsStored=16, HighBit=15, PixelRepresentation=1))
    np.testing.assert_array_equal(frame.values, pixels)


@pytest.mark.parametrize("syntax", LOSSLESS_SYNTAXES.values(), ids=LOSSLESS_SYNTAXES.keys())
def test_eight_bit_images_decode(dicom: Write, syntax: str) -> None:
    """One byte a pixel, odd size."""
    pixels = np.random.default_rng(3).integers(0, 256, (65, 43)).astype(np.uint8)
    frame = decode(dicom(pixels=pixels, syntax=syntax, BitsAllocated=8, BitsStored=8, HighBit=7))
    np.testing.assert_array_equal(frame.values, pixels)


@pytest.mark.parametrize(
    ("syntax", "stream"),
    [("1.2.840.10008.1.2.4.201", HTJ2K_RAMP), ("1.2.840.10008.1.2.4.57", LOSSLESS_JPEG_RAMP)],
    ids=["HTJ2K", "JPEG lossless"],
)
def test_streams_of_other_encoders_decode(dicom: Write, ramp_of: Callable[..., np.ndarray], syntax: str, stream: str) -> None:
    """The ramp 0, 60, 120, ... as other programs encode it without loss."""
    stored = 16 if stream == HTJ2K_RAMP else 12
    frame = decode(dicom(syntax=syntax, frame=bytes.fromhex(stream), BitsStored=stored, HighBit=stored - 1))
    np.testing.assert_array_equal(frame.values, ramp_of())


def test_a_stream_is_decoded_by_what_it_is_not_by_its_label(dicom: Write, ramp_of: Callable[..., np.ndarray]) -> None:
    """Lossless JPEG under the label of JPEG 2000 still decodes."""
    frame = decode(dicom(syntax="1.2.840.10008.1.2.4.90", frame=bytes.fromhex(LOSSLESS_JPEG_RAMP)))
    np.testing.assert_array_equal(frame.values, ramp_of())


def test_a_deflated_frame_inflates_to_its_pixels(dicom: Write, ramp_of: Callable[..., np.ndarray]) -> None:
    """Deflated Image Frame Compression holds raw deflate data of one frame."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(ramp_of().tobytes()) + packer.flush()
    path = dicom(syntax="1.2.840.10008.1.2.4.57", frame=packed + b"\0" * (len(packed) % 2))
    path.write_bytes(path.read_bytes().replace(b"1.2.840.10008.1.2.4.57", b"1.2.840.10008.1.2.8.1\0"))
    frame = decode(path)
    np.testing.assert_array_equal(frame.values, ramp_of())


def test_fragments_of_one_frame_are_joined(dicom: Write, ramp_of: Callable[..., np.ndarray]) -> None:
    """A frame in five fragments, without an offset table."""
    path = dicom()
    dataset = dcmread(path)
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.57"
    dataset.PixelData = encapsulate([bytes.fromhex(LOSSLESS_JPEG_RAMP)], fragments_per_frame=5, has_bot=False)
    dataset.save_as(path)
    np.testing.assert_array_equal(decode(path).values, ramp_of())


def test_bits_above_the_high_bit_are_masked_off(dicom: Write, ramp_of: Callable[..., np.ndarray]) -> None:
    """Old files keep an overlay in the upper bits; it is no density."""
    frame = decode(dicom(pixels=ramp_of() | 0xA000))
    np.testing.assert_array_equal(frame.values, ramp_of())
    assert any("above High Bit" in f for f in frame.findings)


def drawn_over(values: np.ndarray) -> np.ndarray:
    """A frame and a line in bit 12, as old overlays are."""
    mask = np.zeros(values.shape, bool)
    mask[2, :], mask[:, 3], mask[10:14, 20:30] = True, True, True
    return np.where(mask, values | 0x1000, values).astype(np.uint16)


def smooth() -> np.ndarray:
    """A picture of 12 bits that goes up and down."""
    rows, columns = np.mgrid[:48, :64]
    return np.round(1900 * (1 - np.cos(rows / 9) * np.cos(columns / 11))).astype(np.uint16) + 100


def test_bits_that_carry_the_values_on_are_no_overlay(dicom: Write) -> None:
    """Bits Stored 10 of values that need 12: all 12 are used, with a finding; signed ones too."""
    frame = decode(dicom("a.dcm", smooth(), BitsStored=10, HighBit=9))
    np.testing.assert_array_equal(frame.values, smooth())
    assert frame.layout.bits_stored == 12
    assert any("need 12 bits, Bits Stored is 10" in f for f in frame.findings)
    signed = smooth().astype(np.int16) - 2000
    np.testing.assert_array_equal(decode(dicom("b.dcm", signed, BitsStored=10, HighBit=9, PixelRepresentation=1)).values, signed)


def test_what_is_drawn_over_the_values_is_an_overlay(dicom: Write) -> None:
    """A line in the next bit leaves the stored values as they are; a stated overlay is one, whatever it looks like."""
    frame = decode(dicom("a.dcm", drawn_over(smooth())))
    np.testing.assert_array_equal(frame.values, smooth())
    assert any("overlay or garbage" in f for f in frame.findings)
    stated = DataElement(0x60000102, "US", 12)
    np.testing.assert_array_equal(decode(dicom("b.dcm", smooth() * 2, OverlayBitPosition=stated)).values, (smooth() * 2) & 0xFFF)


@pytest.mark.parametrize(("stream_signed", "header_signed"), [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize("stated", [10, 12, 16])
def test_a_stream_of_jpeg_2000_is_read_by_its_own_sign_and_bits(dicom: Write, stream_signed: bool, header_signed: bool, stated: int) -> None:
    """Its coder used them, whatever the header says; where they differ there is a finding."""
    values = smooth().astype(np.int16) - 2048 if stream_signed else smooth()
    stream = bytes(encode_array(values, bits_stored=12, photometric_interpretation=0))
    path = dicom(pixels=values, syntax=JPEG2000Lossless, frame=stream, BitsStored=stated, HighBit=stated - 1, PixelRepresentation=int(header_signed))
    frame = decode(path)
    np.testing.assert_array_equal(frame.values, values)
    assert frame.layout.signed == stream_signed
    assert any("sign is used" in f for f in frame.findings) == (stream_signed != header_signed)


def test_values_that_do_not_start_at_bit_0_are_moved_down(dicom: Write, ramp_of: Callable[..., np.ndarray]) -> None:
    """High Bit 15 with 12 bits stored: the lowest four bits are not part of the value."""
    frame = decode(dicom(pixels=(ramp_of() << 4) | 5, HighBit=15))
    np.testing.assert_array_equal(frame.values, ramp_of())


def test_sign_extension_is_not_taken_for_an_overlay(dicom: Write) -> None:
    """Signed 12-bit values are usually written with their sign in the upper four bits: no finding."""
    pixels = np.array([[-2048, -1], [0, 2047]], np.int16)
    frame = decode(dicom(pixels=pixels, PixelRepresentation=1))
    np.testing.assert_array_equal(frame.values, pixels)
    assert frame.findings == ()


def test_pixel_data_shorter_than_the_header_says_is_damage(dicom: Write) -> None:
    """Nothing is filled up."""
    with pytest.raises(DamagedFileError, match="pixel data of 100 bytes; expected 128 bytes"):
        decode(dicom(PixelData=b"\1" * 100))


def test_pixel_data_that_is_too_long_is_read_with_a_finding(dicom: Write) -> None:
    """The rest is ignored."""
    frame = decode(dicom(PixelData=b"\1" * 200))
    assert frame.values.shape == (8, 8)
    assert any("72 bytes longer" in f for f in frame.findings)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90"], ids=["RLE", "JPEG-LS", "JPEG 2000"])
def test_a_compressed_frame_that_breaks_off_is_damage(dicom: Write, syntax: str) -> None:
    """A stream without its last tenth, in a file that is otherwise whole, is refused and never filled up with zeros."""
    pixels = np.random.default_rng(4).integers(0, 4096, (64, 64)).astype(np.uint16)
    dataset = dcmread(dicom(pixels=pixels, syntax=syntax))
    frame = next(generate_frames(dataset.PixelData, number_of_frames=1))
    with pytest.raises(DamagedFileError, match="that no decoder reads"):
        decode(dicom("cut.dcm", pixels=pixels, syntax=syntax, frame=frame[: len(frame) * 9 // 10]))


def test_a_stream_of_another_size_than_the_header_is_damage(dicom: Write) -> None:
    """The codestream's size is read before it is decoded."""
    with pytest.raises(DamagedFileError, match="a JPEG 2000 stream of 8 x 8 pixels; expected 9 x 8 as in the header"):
        decode(dicom(syntax="1.2.840.10008.1.2.4.201", frame=bytes.fromhex(HTJ2K_RAMP), Rows=9))


def test_a_stream_that_claims_a_gigapixel_is_not_decoded(dicom: Write) -> None:
    """A patched SIZ marker of 65535 x 65535 is refused by its size alone."""
    stream = bytearray.fromhex(HTJ2K_RAMP)
    stream[8:16] = b"\0\0\xff\xff\0\0\xff\xff"
    with pytest.raises(DamagedFileError, match="65535 x 65535"):
        decode(dicom(syntax="1.2.840.10008.1.2.4.201", frame=bytes(stream)))


def test_garbage_in_place_of_a_stream_is_damage(dicom: Write) -> None:
    """The message names the transfer syntax."""
    with pytest.raises(DamagedFileError, match=r"JPEG Lossless.* without the codec's own header"):
        decode(dicom(syntax="1.2.840.10008.1.2.4.70", frame=b"\1\2\3\4" * 20))


def test_a_syntax_without_a_decoder_is_unsupported(dicom: Write) -> None:
    """MPEG-4 is no still image."""
    with pytest.raises(UnsupportedImageError, match="MPEG-4"):
        decode(dicom(syntax="1.2.840.10008.1.2.4.102", frame=b"\0\0\0\1" * 20))


def test_floating_point_and_single_bit_pixels_are_unsupported(dicom: Write) -> None:
    """Neither is a radiograph as it was exposed."""
    with pytest.raises(UnsupportedImageError, match="floating point"):
        decode(dicom(FloatPixelData=b"\0" * 256))
    with pytest.raises(UnsupportedImageError, match="single-bit"):
        decode(dicom(BitsAllocated=1, BitsStored=1, HighBit=0))


def test_missing_facts_about_the_pixels_are_damage(dicom: Write) -> None:
    """Rows, Bits Allocated and the pixels themselves cannot be guessed."""
    with pytest.raises(DamagedFileError, match="Rows missing"):
        decode(dicom(Rows=None))
    with pytest.raises(DamagedFileError, match="without Bits Allocated"):
        decode(dicom(BitsAllocated=None))
    path = dicom()
    dataset = dcmread(path)
    del dataset.PixelData
    dataset.save_as(path)
    with pytest.raises(DamagedFileError, match="without pixel data"):
        decode(path)


def test_impossible_bit_positions_fall_back_with_a_finding(dicom: Write, ramp_of: Callable[..., np.ndarray]) -> None:
    """Bits Stored 0 and High Bit 99 cannot be meant."""
    frame = decode(dicom(BitsStored=0, HighBit=99))
    np.testing.assert_array_equal(frame.values, ramp_of())
    assert len(frame.findings) == 2


def test_inspect_reads_codec_size_and_precision() -> None:
    """By the first markers alone."""
    lossless, wavelet = inspect(bytes.fromhex(LOSSLESS_JPEG_RAMP)), inspect(bytes.fromhex(HTJ2K_RAMP))
    assert lossless is not None
    assert wavelet is not None
    assert (lossless.codec, lossless.rows, lossless.columns, lossless.components, lossless.precision) == (Codec.JPEG_LOSSLESS, 8, 8, 1, 12)
    assert (wavelet.codec, wavelet.rows, wavelet.columns, wavelet.components, wavelet.precision) == (Codec.JPEG_2000, 8, 8, 1, 16)
    assert inspect(b"\xff\xd8\xff") is None
    assert inspect(b"no stream") is None
