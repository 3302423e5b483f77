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

The decoders are named one by one: pydicom's own choice would take a GPL decoder where one happens to be installed.
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

from calcitrack.io.chatter import muted_stderr
from calcitrack.io.codestream import Codec, Codestream
from calcitrack.io.pixel_layout import PixelLayout

Stored = NDArray[np.generic]
"""Shape (rows, columns), integers as the codec gives them."""
Decoder = Callable[[bytes, Codestream], Stored]

RLE_HEADER_BYTES = 64
MAX_RLE_SEGMENTS = 15
GDCM_SYNTAXES = {
    Codec.JPEG_LOSSY: "1.2.840.10008.1.2.4.51",
    Codec.JPEG_LOSSLESS: "1.2.840.10008.1.2.4.57",
    Codec.JPEG_LS: "1.2.840.10008.1.2.4.80",
    Codec.JPEG_2000: "1.2.840.10008.1.2.4.91",
}
"""GDCM chooses its codec by transfer syntax; these are the general ones of each family, whatever the file's own label says."""


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
    """GDCM through its image class, which wants a data element and says what it thinks on stderr."""
    import gdcm

    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(frame)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((stream.columns, stream.rows, 1))
    image.SetDataElement(element)
    grey = gdcm.PhotometricInterpretation.GetPIType("MONOCHROME2")
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(grey))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(GDCM_SYNTAXES[stream.codec])))
    allocated = np.dtype(_container(stream)).itemsize * 8
    image.SetPixelFormat(gdcm.PixelFormat(1, allocated, stream.precision, stream.precision - 1, 0))
    with muted_stderr():
        text = image.GetBuffer()
    if text is None:
        raise DecodeError("GDCM cannot decode it")
    return _shaped(text.encode("utf-8", "surrogateescape"), stream)


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
        raise DecodeError(f"{count} RLE segments where {planes} are due")
    bounds = [*offsets[:count], len(frame)]
    values = np.empty((size, planes), np.uint8)
    for plane, (start, end) in enumerate(pairwise(bounds)):
        if not RLE_HEADER_BYTES <= start < end <= len(frame):
            raise DecodeError("an RLE segment lies outside the frame")
        values[:, planes - 1 - plane] = _unpack_bits(frame[start:end], size)
    return values.view(f"<u{planes}").reshape(layout.rows, layout.columns)


def _unpack_bits(segment: bytes, size: int) -> NDArray[np.uint8]:
    """PackBits by Pillow's C code; the segment is handed over as one line, so that runs across rows are accepted as well."""
    try:
        return np.asarray(Image.frombytes("L", (size, 1), segment, "packbits", "L")).reshape(-1)
    except (ValueError, OSError) as error:
        raise DecodeError(f"an RLE segment breaks off ({error})") from error


def inflate_frame(frame: bytes, layout: PixelLayout) -> bytes:
    """Deflated Image Frame Compression (PS3.5, A.4.14), never more than one frame's bytes.

    Raises
    ------
    DecodeError
        It does not inflate.
    """
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(frame, layout.frame_bytes)
    except zlib.error as error:
        raise DecodeError(str(error)) from error
