"""Comments inside compressed pictures, and bytes behind them: nobody sees them in a viewer, and anything may stand there."""

from __future__ import annotations

import re
import struct

from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_fragments

from calcitrack.io.dicom.codestream import J2K_START, JPEG_START
from calcitrack.io.dicom.header import Header

END = b"\xff\xd9"
"""EOI of a JPEG, EOC of a JPEG 2000 (ISO/IEC 10918-1, table B.1; 15444-1, table A.2)."""
SCAN = 0xDA
COMMENT, FIRST_APPLICATION, LAST_APPLICATION = 0xFE, 0xE0, 0xEF
"""Segments of a JPEG that hold what programs like: COM, APP0 to APP15 (ISO/IEC 10918-1, table B.1)."""
KEPT = (0xE0, 0xE8, 0xEE)
"""APP0 (JFIF), APP8 (SPIFF) and APP14 (Adobe), which decoders read for the colours; kept where they are no longer than `LONGEST_KEPT`."""
LONGEST_KEPT = 34
"""Bytes: JFIF without a small picture has 16, SPIFF 32, Adobe 14."""
OF_ENCODER = re.compile(rb"Created by OpenJPEG version [0-9.]+|Kakadu-v?[0-9.]+|Creator: JasPer Version [0-9.]+")
"""Comments that encoders of JPEG 2000 write of themselves; they stay, so that such pictures do byte for byte."""
J2K_COMMENT, J2K_TILE = 0x64, 0x90
"""COM and SOT of a JPEG 2000 (ISO/IEC 15444-1, table A.2)."""


def clean_streams(dataset: Dataset) -> int:
    """Take comments and trailing bytes out of JPEG, JPEG-LS and JPEG 2000 pictures; gives the number of frames that changed.

    Frames of several fragments, and those listed in an extended offset table, stay as they are: the search for identifiers covers them.
    """
    if "PixelData" not in dataset or not dataset["PixelData"].is_undefined_length or "ExtendedOffsetTable" in dataset:
        return 0
    content = bytes(dataset.PixelData)
    frames = max(Header(dataset).integer("NumberOfFrames") or 1, 1)
    fragments = list(generate_fragments(content))[1:]
    if frames == 1:
        fragments = [b"".join(fragments)]
    if len(fragments) != frames or not all(f.startswith((JPEG_START, J2K_START)) for f in fragments):
        return 0
    cleaned = [without_comments(f) for f in fragments]
    changed = sum(len(new) < len(old.rstrip(b"\0")) for new, old in zip(cleaned, fragments, strict=True))
    if changed:
        dataset.PixelData = encapsulate(cleaned)
        dataset["PixelData"].is_undefined_length = True
    return changed


def without_comments(frame: bytes) -> bytes:
    r"""A compressed frame without comments, segments of applications and what stands behind its end; unchanged where it is broken.

    Examples
    --------
    >>> without_comments(bytes.fromhex("ffd8 fffe0004 4142 ffda0002 01 ffd9") + b"NAME")
    b'\xff\xd8\xff\xda\x00\x02\x01\xff\xd9'
    """
    try:
        return _jpeg(frame) if frame.startswith(JPEG_START) else _jpeg_2000(frame)
    except (struct.error, ValueError, IndexError):
        return frame


def _jpeg(frame: bytes) -> bytes:
    """Segments up to the first scan; behind it, each scan with the tables between, up to the end mark."""
    kept, at, in_scan = [frame[:2]], 2, False
    while True:
        if in_scan:
            start, at = at, _next_marker(frame, at)
            kept.append(frame[start:at])
        while frame[at + 1] == 0xFF:
            at += 1
        marker = frame[at + 1]
        if frame[at] != 0xFF:
            raise ValueError("no marker where one is due")
        if marker == END[1]:
            return b"".join((*kept, END))
        size = 2 + int(struct.unpack_from(">H", frame, at + 2)[0])
        segment = frame[at : at + size]
        if len(segment) < size:
            raise ValueError("a segment that breaks off")
        if not _is_comment(marker, size):
            kept.append(segment)
        in_scan, at = marker == SCAN, at + size


def _is_comment(marker: int, size: int) -> bool:
    if marker in KEPT:
        return size > LONGEST_KEPT
    return marker == COMMENT or FIRST_APPLICATION <= marker <= LAST_APPLICATION


def _next_marker(frame: bytes, at: int) -> int:
    """Place of the next marker that ends entropy-coded data: no stuffed byte, no restart. In JPEG-LS a byte below 80 hex follows each FF of data."""
    while True:
        at = frame.index(b"\xff", at)
        following = frame[at + 1] if at + 1 < len(frame) else 0
        if following >= 0x80 and not 0xD0 <= following <= 0xD7 and following != 0xFF:
            return at
        at += 1


def _jpeg_2000(frame: bytes) -> bytes:
    """Main header without comments, then the tiles by their stated lengths, then the end mark."""
    kept, at = [frame[:2]], 2
    while frame[at + 1] != J2K_TILE:
        size = 2 + int(struct.unpack_from(">H", frame, at + 2)[0])
        if frame[at] != 0xFF or at + size > len(frame):
            raise ValueError("no marker where one is due")
        if frame[at + 1] != J2K_COMMENT or OF_ENCODER.fullmatch(frame, at + 6, at + size):
            kept.append(frame[at : at + size])
        at += size
    first = at
    while frame[at : at + 2] == bytes((0xFF, J2K_TILE)):
        (length,) = struct.unpack_from(">I", frame, at + 6)
        at = at + length if length else frame.rindex(END)
    if frame[at : at + 2] != END:
        raise ValueError("tiles that do not end at the end mark")
    return b"".join((*kept, frame[first:at], END))
