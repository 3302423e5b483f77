"""Compressed frame -> array, by decoders with a permissive licence only.

===============  ================================  ==========================
codec            first choice                      when that fails
===============  ================================  ==========================
JPEG, 8 bit      Pillow (libjpeg-turbo)            GDCM
JPEG, 12 bit     GDCM
JPEG lossless    GDCM
JPEG-LS          pyjpegls (CharLS)                 GDCM
JPEG 2000, HT    pylibjpeg-openjpeg (OpenJPEG)     GDCM
RLE              Pillow (PackBits)
deflated frame   zlib
===============  ================================  ==========================

GDCM runs in a separate process (`calcitrack.io.dicom.gdcm_process`), because it aborts on some broken streams.

The decoders are listed explicitly: pydicom would choose a GPL decoder where one is installed.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from calcitrack.io.dicom.codestream import Codec, Codestream
from calcitrack.io.dicom.gdcm_process import decode_with_gdcm
from calcitrack.io.dicom.pixel_layout import PixelLayout
from calcitrack.model.display import counted

Stored = NDArray[np.generic]
"""Shape (rows, columns), integers as the codec gives them."""
Decoder = Callable[[bytes, Codestream], Stored]

RLE_HEADER_BYTES = 64


class DecodeError(Exception):
    """A decoder could not read a frame; the message is the decoder's."""


def decode_codestream(frame: bytes, stream: Codestream) -> Stored:
    """Decode with the first decoder that can.

    Raises
    ------
    DecodeError
        None can; the message joins theirs.
    """
    complaints = []
    for decoder in _DECODERS[stream.codec]:
        try:
            values = decoder(frame, stream)
        except Exception as error:  # each library raises its own kinds; the next decoder is tried
            complaints.append(" ".join(str(error).split()) or type(error).__name__)
            continue
        if values.shape == (stream.rows, stream.columns):
            return values
        complaints.append(f"the decoder gave {values.shape} where {(stream.rows, stream.columns)} was announced")
    raise DecodeError("; ".join(complaints))


def _container(stream: Codestream) -> str:
    """Smallest little-endian unsigned type that holds the precision."""
    return "u1" if stream.precision <= 8 else "<u2" if stream.precision <= 16 else "<u4"


def _shaped(buffer: bytes | bytearray, stream: Codestream) -> Stored:
    return np.frombuffer(buffer, _container(stream)).reshape(stream.rows, stream.columns)


def _by_pillow(frame: bytes, stream: Codestream) -> Stored:
    if stream.precision != 8:
        raise DecodeError("Pillow reads JPEG of 8 bits only")
    with Image.open(BytesIO(frame), formats=("JPEG",)) as image:
        if image.size != (stream.columns, stream.rows):
            raise DecodeError(f"size {image.size} differs from the announced one")
        return np.asarray(image.convert("L"))


def _by_openjpeg(frame: bytes, stream: Codestream) -> Stored:
    from openjpeg.utils import decode_pixel_data

    return _shaped(bytes(decode_pixel_data(frame, version=2)), stream)


def _by_charls(frame: bytes, stream: Codestream) -> Stored:
    import jpeg_ls

    buffer, _ = jpeg_ls.decode_buffer(frame)
    return _shaped(buffer, stream)


def _by_gdcm(frame: bytes, stream: Codestream) -> Stored:
    buffer = decode_with_gdcm(frame, stream, 8 * np.dtype(_container(stream)).itemsize)
    if buffer is None:
        raise DecodeError("GDCM cannot decode it")
    return _shaped(buffer, stream)


_DECODERS: dict[Codec, tuple[Decoder, ...]] = {
    Codec.JPEG_LOSSY: (_by_pillow, _by_gdcm),
    Codec.JPEG_LOSSLESS: (_by_gdcm,),
    Codec.JPEG_LS: (_by_charls, _by_gdcm),
    Codec.JPEG_2000: (_by_openjpeg, _by_gdcm),
}


def decode_rle(frame: bytes, layout: PixelLayout) -> Stored:
    """RLE Lossless (PS3.5, annex G): one PackBits segment for each byte of a pixel, most significant first.

    Raises
    ------
    DecodeError
        The segments do not fill the image.
    """
    planes = layout.bits_allocated // 8
    size = layout.rows * layout.columns
    if len(frame) < RLE_HEADER_BYTES:
        raise DecodeError("the RLE header is cut off")
    count, *offsets = struct.unpack_from("<16I", frame)
    if count != planes:
        raise DecodeError(f"{counted(count, 'RLE segment')} where {counted(planes, 'is', 'are')} due")
    bounds = [*offsets[:count], len(frame)]
    values = np.empty((size, planes), np.uint8)
    for plane, (start, end) in enumerate(pairwise(bounds)):
        if not RLE_HEADER_BYTES <= start < end <= len(frame):
            raise DecodeError("an RLE segment lies outside the frame")
        values[:, planes - 1 - plane] = _unpack_bits(frame[start:end], size)
    return values.view(f"<u{planes}").reshape(layout.rows, layout.columns)


def _unpack_bits(segment: bytes, size: int) -> NDArray[np.uint8]:
    """Decode PackBits with Pillow's C code; the segment is passed as one line, so that runs across rows are accepted."""
    try:
        return np.asarray(Image.frombytes("L", (size, 1), segment, "packbits", "L")).reshape(-1)
    except (ValueError, OSError) as error:
        raise DecodeError(f"an RLE segment breaks off ({error})") from error


def inflate_frame(frame: bytes, layout: PixelLayout) -> bytes:
    """Decode Deflated Image Frame Compression (PS3.5, A.4.14), at most the bytes of one frame.

    Raises
    ------
    DecodeError
        It does not inflate.
    """
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(frame, layout.frame_bytes)
    except zlib.error as error:
        raise DecodeError(str(error)) from error
