"""Dataset -> stored pixel values of its first frame, for any transfer syntax and modality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import generate_fragments, get_frame, parse_basic_offsets
from pydicom.filebase import DicomBytesIO
from pydicom.uid import UID

from calcitrack.errors import DamagedFileError, UnsupportedImageError
from calcitrack.io.dicom.codestream import Codec, Codestream, decoded_pixels, inspect
from calcitrack.io.dicom.header import Header
from calcitrack.io.dicom.pixel_decoders import DecodeError, decode_codestream, decode_rle, inflate_frame
from calcitrack.io.dicom.pixel_layout import PixelLayout, read_layout
from calcitrack.io.files.library_warnings import collected_warnings
from calcitrack.io.files.limits import DEFAULT_LIMITS, ReadLimits
from calcitrack.io.files.sources import too_much_work
from calcitrack.model.display import counted

StoredValues = NDArray[np.integer]
"""Shape (rows, columns): stored values with the sign the header states and nothing above the high bit."""

DEFLATED_FRAME_SYNTAX = "1.2.840.10008.1.2.8.1"
EXPLICIT_BIG_ENDIAN = "1.2.840.10008.1.2.2"
ITEM_TAG = b"\xfe\xff\x00\xe0"
"""Encapsulated pixel data begins with the item of its offset table (PS3.5, A.4)."""
PRECISIONS: dict[Codec, Sequence[int]] = {
    Codec.JPEG_LOSSY: (8, 12),
    Codec.JPEG_LOSSLESS: range(2, 17),
    Codec.JPEG_LS: range(2, 17),
    Codec.JPEG_2000: range(1, 33),
}
"""Bits of a sample that each codec's standard allows (ISO/IEC 10918-1, B.2.2; 14495-1, C.2.2); JPEG 2000 as far as a stored value can be."""
FETCH_AGAIN = "fetch or export the file again"


@dataclass(frozen=True, slots=True, eq=False)
class DecodedFrame:
    """Stored values, findings of the decoding, and the layout that holds for the values: a stream's own bits and sign, where it has others."""

    values: StoredValues
    findings: tuple[str, ...]
    layout: PixelLayout


def decode_frame(dataset: Dataset, source: str, limits: ReadLimits = DEFAULT_LIMITS, layout: PixelLayout | None = None) -> DecodedFrame:
    """Stored values of the first frame of any image with one sample a pixel.

    Sizes are checked before anything is decoded: the header's against ``limits``, the codestream's against the header's.

    Parameters
    ----------
    dataset
        With its pixel data.
    source
        Name for messages.
    limits
        See `ReadLimits`.
    layout
        What `read_layout` gave for the same dataset, where it was asked already; its findings are not repeated then.

    Raises
    ------
    DamagedFileError
        Pixel data missing, shorter than stated, or broken.
    UnsupportedImageError
        Colour, floating point or single-bit pixels, or a codec without a decoder.
    ImageTooLargeError
        More pixels than the limit.
    """
    header = Header(dataset)
    layout = layout or read_layout(header, source, limits)
    with collected_warnings() as notes:
        try:
            content = bytes(dataset["PixelData"].value or b"")
        except Exception as error:  # pydicom converts on access and raises many kinds
            raise DamagedFileError(source, f"pixel data that cannot be read ({error})", "an image", FETCH_AGAIN) from error
        if _is_encapsulated(dataset, content, layout, header):
            values, layout = _decode_encapsulated(dataset, content, layout, header, source, limits)
        else:
            values, layout = _decode_native(dataset, content, layout, header, source)
    return DecodedFrame(values, (*header.findings, *(f"pixel data: {n}" for n in notes)), layout)


def cut_off(dataset: Dataset, source: str, there: int) -> DamagedFileError:
    """Error for a file that ends within its compressed pixel data, of which `there` bytes are left."""
    name = UID(transfer_syntax(dataset)).name or "compressed"
    found = f"{name} pixel data that break off after {counted(there, 'byte')}: the file ends before their end mark"
    return DamagedFileError(source, found, "a whole file", "it was cut short on its way; fetch or copy it again from where it came")


def transfer_syntax(dataset: Dataset) -> str:
    """Transfer Syntax UID of the meta group; empty where it states none."""
    meta = getattr(dataset, "file_meta", None)
    return "" if meta is None else Header(meta).text("TransferSyntaxUID")


def _is_encapsulated(dataset: Dataset, content: bytes, layout: PixelLayout, header: Header) -> bool:
    """Whether pixel data are encapsulated: by the transfer syntax, or by the data themselves where they contradict it (a finding)."""
    syntax = UID(transfer_syntax(dataset))
    undefined_length = bool(dataset["PixelData"].is_undefined_length)
    if not syntax.is_transfer_syntax or syntax.is_private:
        return undefined_length or content.startswith(ITEM_TAG)
    if undefined_length and not syntax.is_encapsulated:
        header.note(f"the file states {syntax.name}, but its pixel data are compressed; they are read by their own header")
        return True
    whole = len(content) in (layout.frame_bytes, layout.frame_bytes + layout.frame_bytes % 2)
    if syntax.is_encapsulated and not undefined_length and not content.startswith(ITEM_TAG) and layout.frames == 1 and whole:
        header.note(f"the file states {syntax.name}, but its pixel data are not compressed; they are read as they are")
        return False
    return syntax.is_encapsulated


def _decode_native(dataset: Dataset, content: bytes, layout: PixelLayout, header: Header, source: str) -> tuple[StoredValues, PixelLayout]:
    expected = layout.frame_bytes * layout.frames
    if len(content) < expected:
        raise DamagedFileError(source, f"pixel data of {counted(len(content), 'byte')}", f"{expected} bytes, as the header states", FETCH_AGAIN)
    if len(content) >= 2 * expected:
        wanted = f"{expected} bytes, as Rows, Columns, BitsAllocated and NumberOfFrames state"
        raise DamagedFileError(source, f"pixel data of {counted(len(content), 'byte')}", wanted, "one of the four is wrong; export the image again")
    if len(content) > expected + 1:  # one byte of padding makes the length even
        more = len(content) - expected
        header.note(
            f"pixel data is {counted(more, 'byte')} longer than its image; the rest is ignored (if the picture looks slanted, Columns is wrong)"
        )
    big = transfer_syntax(dataset) == EXPLICIT_BIG_ENDIAN or getattr(dataset, "original_encoding", (None, True))[1] is False
    width = layout.bits_allocated // 8
    raw = np.frombuffer(content, f"{'>' if big else '<'}u{width}", layout.rows * layout.columns)
    if big and width == 1 and dataset["PixelData"].VR == "OW":
        raw = _swapped_bytes(content, layout)
    return settle_bits(raw.reshape(layout.rows, layout.columns), layout, header)


def _swapped_bytes(content: bytes, layout: PixelLayout) -> NDArray[np.uint8]:
    """Swap pairs of 8-bit pixels that were written as big-endian words (PS3.5, 8.1.1)."""
    size = layout.rows * layout.columns
    even = content[: size + size % 2].ljust(size + size % 2, b"\0")
    return np.frombuffer(even, ">u2").astype("<u2").view(np.uint8)[:size]


def _decode_encapsulated(
    dataset: Dataset, content: bytes, layout: PixelLayout, header: Header, source: str, limits: ReadLimits
) -> tuple[StoredValues, PixelLayout]:
    syntax = UID(transfer_syntax(dataset))
    frame = _first_frame(content, layout, source)
    try:
        stream = inspect(frame)
        if stream is not None:
            stream = replace(stream, rows=stream.rows or layout.rows)  # a JPEG of 0 lines states its height only at its end
            _check_codestream(stream, layout, source)
            asked = decoded_pixels(frame, stream.rows * stream.columns)
            if asked > limits.max_decoded_pixels:
                raise too_much_work(source, asked, limits)
            return _settle_precision(decode_codestream(frame, stream), stream, layout, header)
        if syntax == DEFLATED_FRAME_SYNTAX:
            return _decode_native_frame(inflate_frame(frame, layout), layout, header)
        if syntax.name == "RLE Lossless" or not syntax.is_transfer_syntax or not syntax.is_encapsulated:
            return settle_bits(decode_rle(frame, layout), layout, header)
    except DecodeError as error:
        raise DamagedFileError(source, f"{syntax.name} pixel data that no decoder reads ({error})", "a whole image", FETCH_AGAIN) from error
    if syntax.name.startswith(("JPEG", "High-Throughput JPEG")):
        raise DamagedFileError(source, f"{syntax.name} pixel data without the codec's own header", "a whole image", FETCH_AGAIN)
    raise UnsupportedImageError(source, f"transfer syntax {syntax.name}", "one with a decoder", "export the image uncompressed or as JPEG 2000")


def _decode_native_frame(content: bytes, layout: PixelLayout, header: Header) -> tuple[StoredValues, PixelLayout]:
    if len(content) < layout.frame_bytes:
        raise DecodeError(f"it inflates to {counted(len(content), 'byte')} where {layout.frame_bytes} are due")
    raw = np.frombuffer(content, f"<u{layout.bits_allocated // 8}", layout.rows * layout.columns)
    return settle_bits(raw.reshape(layout.rows, layout.columns), layout, header)


def _first_frame(content: bytes, layout: PixelLayout, source: str) -> bytes:
    """The first frame; for a single frame all fragments are joined and the offset table is ignored."""
    if not content.startswith(ITEM_TAG):
        raise DamagedFileError(source, "pixel data labelled as compressed that begin with no item tag", "fragments in items", FETCH_AGAIN)
    try:
        if layout.frames > 1:
            return get_frame(content, 0, number_of_frames=layout.frames)
        buffer = DicomBytesIO(content)
        buffer.is_little_endian = True
        parse_basic_offsets(buffer)
        frame = b"".join(generate_fragments(buffer))
    except Exception as error:  # pydicom and struct raise many kinds on broken items; all mean the same here
        raise DamagedFileError(source, f"encapsulated pixel data that breaks off ({error})", "whole fragments", FETCH_AGAIN) from error
    if not frame:
        raise DamagedFileError(source, "encapsulated pixel data without a fragment", "a compressed image", FETCH_AGAIN)
    return frame


def _check_codestream(stream: Codestream, layout: PixelLayout, source: str) -> None:
    if (stream.rows, stream.columns) != (layout.rows, layout.columns):
        raise DamagedFileError(
            source,
            f"a {stream.codec} stream of {stream.rows} x {stream.columns} pixels",
            f"{layout.rows} x {layout.columns} as in the header",
            FETCH_AGAIN,
        )
    if stream.components != 1:
        raise UnsupportedImageError(
            source, f"a {stream.codec} stream with {stream.components} colours", "a grey image", "export the original radiograph"
        )
    allowed = PRECISIONS[stream.codec]
    if stream.precision not in allowed:
        expected = " or ".join(str(n) for n in allowed) if len(allowed) == 2 else f"{allowed[0]} to {allowed[-1]}"
        raise DamagedFileError(source, f"a {stream.codec} stream of {stream.precision} bits", f"{expected} bits", "export the image again")


def _settle_precision(values: NDArray[np.generic], stream: Codestream, layout: PixelLayout, header: Header) -> tuple[StoredValues, PixelLayout]:
    """Apply the stream's own precision where it is narrower than Bits Stored, and its own sign where it states one: its coder used them."""
    own = layout
    if stream.precision < layout.bits_stored:
        header.note(f"the {stream.codec} stream has {stream.precision} bits, the header states {layout.bits_stored}; the stream's are used")
        own = _with_bits(layout, stream.precision, signed=layout.signed)
    if stream.signed is not None and stream.signed != layout.signed:
        said = ("unsigned", "signed")
        header.note(f"the {stream.codec} stream is {said[stream.signed]}, the header says {said[layout.signed]}; the stream's sign is used")
        own = _with_bits(layout, stream.precision, signed=stream.signed)
    return settle_bits(values, own, header)


def _with_bits(layout: PixelLayout, bits: int, *, signed: bool) -> PixelLayout:
    return replace(layout, bits_stored=bits, high_bit=bits - 1, signed=signed)


def settle_bits(raw: NDArray[np.generic], layout: PixelLayout, header: Header) -> tuple[StoredValues, PixelLayout]:
    """Extract Bits Stored up to High Bit with their sign.

    Bits above are dropped where they are an old overlay or garbage. Where they carry the values on, Bits Stored is too small, and they are used.

    Parameters
    ----------
    raw
        Shape (rows, columns), unsigned container values.

    Returns
    -------
    values
        Shape (rows, columns); an unsigned type, or a signed one of 32 or 64 bits where the header says signed.
    layout
        With the bits that hold for them.
    """
    values = raw.astype(raw.dtype.newbyteorder("="))
    low = layout.high_bit + 1 - layout.bits_stored
    container = values.dtype.itemsize * 8
    if low:
        values >>= values.dtype.type(low)
    if layout.bits_stored < container:
        mask = values.dtype.type((1 << layout.bits_stored) - 1)
        above = values & ~mask
        sign_bit = values.dtype.type(1 << (layout.bits_stored - 1))
        extension = np.where(values & sign_bit, ~mask & values.dtype.type((1 << (container - low)) - 1), 0) if layout.signed else 0
        stray = (above != 0) & (above != extension)
        bits = 0 if low or not stray.any() or _states_overlay(header, layout) else _bits_carried_on(values, layout)
        if bits:
            header.note(f"the values need {bits} bits, Bits Stored is {layout.bits_stored}: the bits above High Bit carry them on and are used")
            return settle_bits(values, _with_bits(layout, bits, signed=layout.signed), header)
        if stray.any():
            count = counted(int(np.count_nonzero(stray)), "pixel has", "pixels have")
            header.note(f"{count} bits set above High Bit (an embedded overlay or garbage); those bits are ignored")
        values &= mask
    if not layout.signed:
        return values, layout
    wide: NDArray[np.int64] = values.astype(np.int64)
    sign = np.int64(1 << (layout.bits_stored - 1))
    return ((wide ^ sign) - sign).astype(np.int64 if container > 16 else np.int32), layout


def _states_overlay(header: Header, layout: PixelLayout) -> bool:
    """Whether an overlay in unused bits is stated: Overlay Bit Position (60xx,0102, retired) above the stored bits."""
    tags = [(group, 0x0102) for group in range(0x6000, 0x6020, 2)]
    positions = [header.dataset[tag].value for tag in tags if tag in header.dataset]
    return any(isinstance(position, int) and position >= layout.bits_stored for position in positions)


def _bits_carried_on(values: NDArray[np.unsignedinteger], layout: PixelLayout) -> int:
    """Bits that the values really have, where those above High Bit belong to them; 0 where they are an overlay or garbage.

    An overlay is drawn over the picture: at its edge the stored value stays as it is, and the whole one jumps. A value that overflows does the
    reverse: the stored one falls by its full range where the next bit is set, and the whole one goes on as it was.
    """
    whole = values.astype(np.int64)
    if layout.signed:
        sign = np.int64(1 << (values.dtype.itemsize * 8 - 1))
        whole = (whole ^ sign) - sign
    above = whole >> layout.bits_stored
    stored = whole - (above << layout.bits_stored)
    changes = above[:, 1:] != above[:, :-1]
    if not changes.any():
        return 0
    steps_whole, steps_stored = (np.abs(np.diff(v, axis=1))[changes] for v in (whole, stored))
    if np.median(steps_whole) >= np.median(steps_stored):
        return 0
    return values.dtype.itemsize * 8 if layout.signed else int(whole.max()).bit_length()
