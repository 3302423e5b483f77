"""Codec, size and precision of a compressed frame, read from its first markers before anything is decoded."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import StrEnum


class Codec(StrEnum):
    """Families that need different decoders."""

    JPEG_LOSSY = "JPEG"
    JPEG_LOSSLESS = "JPEG lossless"
    JPEG_LS = "JPEG-LS"
    JPEG_2000 = "JPEG 2000"


@dataclass(frozen=True, slots=True)
class Codestream:
    """Facts from the frame header (SOFn or SIZ)."""

    codec: Codec
    rows: int
    columns: int
    components: int
    precision: int
    signed: bool | None = None
    """By the stream's own header; ``None`` for codecs that state no sign (JPEG, JPEG-LS), where the DICOM header says it."""


J2K_START = b"\xff\x4f\xff\x51"
"""SOC followed by SIZ (ISO/IEC 15444-1, A.4.1, A.5.1); a JP2 file holds the same after its boxes."""
JP2_START = b"\x00\x00\x00\x0cjP"
JPEG_START = b"\xff\xd8"
_SIZ = struct.Struct(">HHIIIIIIIIHB")
_SOF = struct.Struct(">BHHB")
_NOT_SOF = (0xC4, 0xC8, 0xCC)
"""DHT, JPG and DAC share the range of the SOFn markers (ISO/IEC 10918-1, table B.1)."""
_LOSSLESS_SOF = (0xC3, 0xC7, 0xCB, 0xCF)
_JPEG_LS_SOF = 0xF7
_WITHOUT_LENGTH = (0x01, *range(0xD0, 0xDA))


PACKET_PIXELS = 100
"""Pixels whose decoding takes as long as a packet of a JPEG 2000, which may be empty."""
_SCAN = b"\xff\xda"
"""SOS; it cannot stand inside entropy-coded data, where 00 follows each FF (ISO/IEC 10918-1, B.1.1.5)."""
_COD, _SOT = 0xFF52, 0xFF90
"""Coding style, and the start of the first tile, which ends the main header (ISO/IEC 15444-1, A.4.2, A.6.1)."""
_COD_FIXED = struct.Struct(">BBHBB")


def decoded_pixels(frame: bytes, pixels: int) -> int:
    r"""Pixels that a decoder goes over, with each scan of a JPEG and each packet of a JPEG 2000: what a frame costs.

    Parameters
    ----------
    frame
        Compressed.
    pixels
        Rows times columns.

    Examples
    --------
    >>> decoded_pixels(JPEG_START + 3 * b"\xff\xda\x00", 1000)
    3000
    """
    if frame.startswith(JPEG_START):
        return pixels * max(1, frame.count(_SCAN))
    return pixels + PACKET_PIXELS * _packets(frame) if frame.startswith((J2K_START, JP2_START)) else pixels


def _packets(frame: bytes) -> int:
    """Packets that the main header of a JPEG 2000 announces: layers, resolutions and precincts of each tile; 0 where it is broken."""
    start = frame.find(J2K_START)
    try:
        _, _, width, height, left, top, tile_width, tile_height, *_ = _SIZ.unpack_from(frame, start + 4)
        at = start + 4 + int(struct.unpack_from(">H", frame, start + 4)[0])
        while (marker := struct.unpack_from(">H", frame, at)[0]) not in (_COD, _SOT):
            at += 2 + int(struct.unpack_from(">H", frame, at + 2)[0])
        if marker == _SOT:
            return 0
        style, _, layers, _, levels = _COD_FIXED.unpack_from(frame, at + 4)
        sizes = frame[at + 13 : at + 14 + levels] if style & 1 else b""
        tiles = -(-(width - left) // tile_width) * -(-(height - top) // tile_height)
        across, down = min(tile_width, width - left), min(tile_height, height - top)
        precincts = sum(_precincts(across >> (levels - r), down >> (levels - r), sizes[r] if r < len(sizes) else 0xFF) for r in range(levels + 1))
    except (struct.error, ZeroDivisionError, IndexError):
        return 0
    return int(tiles * layers * precincts)


def _precincts(across: int, down: int, exponents: int) -> int:
    """Precincts of a resolution of this many pixels."""
    wide, high = exponents & 15, exponents >> 4
    return max(1, -(-across >> wide)) * max(1, -(-down >> high))


def inspect(frame: bytes) -> Codestream | None:
    """Codec and size of a compressed frame; ``None`` unless it begins with the header of a known codec."""
    if frame.startswith((J2K_START, JP2_START)):
        return _inspect_j2k(frame)
    if frame.startswith(JPEG_START):
        return _inspect_jpeg(frame)
    return None


def _inspect_j2k(frame: bytes) -> Codestream | None:
    at = frame.find(J2K_START)
    if at < 0 or len(frame) < at + 4 + _SIZ.size:
        return None
    _, _, width, height, left, top, _, _, _, _, components, depth = _SIZ.unpack_from(frame, at + 4)
    return Codestream(Codec.JPEG_2000, height - top, width - left, components, (depth & 0x7F) + 1, bool(depth & 0x80))


def _inspect_jpeg(frame: bytes) -> Codestream | None:
    at = 2
    while at + 4 <= len(frame):
        if frame[at] != 0xFF:
            return None
        marker = frame[at + 1]
        if marker == 0xFF or marker in _WITHOUT_LENGTH:
            at += 1 if marker == 0xFF else 2
            continue
        if (0xC0 <= marker <= 0xCF and marker not in _NOT_SOF) or marker == _JPEG_LS_SOF:
            if at + 4 + _SOF.size > len(frame):
                return None
            precision, rows, columns, components = _SOF.unpack_from(frame, at + 4)
            codec = Codec.JPEG_LS if marker == _JPEG_LS_SOF else Codec.JPEG_LOSSLESS if marker in _LOSSLESS_SOF else Codec.JPEG_LOSSY
            return Codestream(codec, rows, columns, components, precision)
        at += 2 + int(struct.unpack_from(">H", frame, at + 2)[0])
    return None
