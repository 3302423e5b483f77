"""Bytes -> pydicom dataset, also without preamble, meta group or transfer syntax."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from typing import BinaryIO, cast

import pydicom
from pydicom.dataset import Dataset

from calcitrack.errors import DamagedFileError, ImageTooLargeError, NotAnImageFileError
from calcitrack.io.files.library_warnings import collected_warnings, impersonal_reason
from calcitrack.io.files.limits import ReadLimits
from calcitrack.io.files.sources import EXPECTED, FileSource

PREAMBLE_BYTES = 128
PREFIX = b"DICM"
DEFLATED_UID = b"1.2.840.10008.1.2.1.99"
META_SEARCH_BYTES = 4096
"""The meta group is a few hundred bytes; its transfer syntax is looked for no further than this."""
META_GROUP_LENGTH_AT = PREAMBLE_BYTES + len(PREFIX)
META_GROUP_LENGTH_BYTES = 12
"""Tag, VR, length and value of (0002,0000), which the group length does not count (PS3.10, 7.1)."""
PIXEL_DATA_TAG = b"\xe0\x7f\x10\x00"
UNDEFINED_LENGTH = b"\xff\xff\xff\xff"
EXPLICIT_HEADER_BYTES = 12
"""Tag, VR, two reserved bytes and length of an OB element; compressed pixel data are always little endian with explicit VR (PS3.5, A.4)."""
PIXEL_DATA = 0x7FE00010
ITEM = b"\xfe\xff\x00\xe0"
UNDEFINED = 0xFFFFFFFF
DELIMITERS = 0xFFFE
"""Group of items and of the ends of items and sequences (PS3.5, 7.5)."""
MARK_BYTES = 8
"""Tag and length of an item (PS3.5, 7.5); no element is shorter."""
LONG_VRS = (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
"""Value representations with four bytes of length after two reserved ones (PS3.5, table 7.1-1)."""
READS_OF_ELEMENT = 3
"""Times that pydicom reads of the stream for an item of undefined length, or for an element."""
INFLATE_STEP_BYTES = 1 << 20
FIRST_GROUPS = (0x0002, 0x0004, 0x0008)
"""A data set begins with the meta, directory or identifying group."""
TELLING_KEYWORDS = ("SOPClassUID", "MediaStorageSOPClassUID", "Modality", "Rows", "StudyInstanceUID", "PatientID")
"""Elements of which a file without the DICOM prefix must hold one to be believed."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenedDataset:
    """A dataset, and what reading it showed about the file.

    Parameters
    ----------
    ends_with_header
        True when only the header was read and the file ends with it: there is no pixel data.
    cut_pixel_bytes
        Bytes of compressed pixel data in a file that ends before they are complete; ``None`` for a complete file.
    """

    dataset: Dataset
    findings: tuple[str, ...]
    ends_with_header: bool = False
    cut_pixel_bytes: int | None = None


def looks_like_dicom(head: bytes) -> bool:
    """Whether a file that begins with these bytes (at least 132) may be DICOM, with or without preamble."""
    return head[PREAMBLE_BYTES : PREAMBLE_BYTES + 4] == PREFIX or head[:4] == PREFIX or _begins_like_a_dataset(head)


def _begins_like_a_dataset(head: bytes) -> bool:
    """A first element with a plausible group, and either a VR of two letters or a short length."""
    if len(head) < 8:
        return False
    for order in ("<", ">"):
        group, element = struct.unpack(f"{order}HH", head[:4])
        if group not in FIRST_GROUPS or element > 0x1000:
            continue
        vr = head[4:6]
        if vr.isalpha() and vr.isupper():
            return True
        (length,) = struct.unpack(f"{order}I", head[4:8])
        if order == "<" and length <= META_SEARCH_BYTES:
            return True
    return False


def open_dataset(source: FileSource, limits: ReadLimits, *, pixels: bool) -> OpenedDataset:
    """Read a DICOM file, or its header only.

    Parameters
    ----------
    source
        The file.
    limits
        Checked before reading, and against what a deflated file inflates to.
    pixels
        False stops before the pixel data.

    Raises
    ------
    NotFoundError, ImageTooLargeError
        See `FileSource.open`.
    NotAnImageFileError
        No DICOM elements at the start.
    DamagedFileError
        It begins like DICOM and then breaks.
    """
    with source.open(limits) as stream:
        head = stream.read(META_SEARCH_BYTES)
        if not looks_like_dicom(head):
            raise not_an_image(source, head)
        if DEFLATED_UID in head:
            _check_inflated_size(stream, head, source, limits)
        stream.seek(0)
        with collected_warnings() as notes:
            counted = _Counted(stream, limits)
            try:
                dataset = _parse(cast("BinaryIO", counted), source, pixels=pixels)
            except DamagedFileError as error:
                raise (too_many_elements(source, limits) if counted.exhausted else error) from error
            _check_plausible(dataset, source)
            check_elements(dataset, source, limits)
        ends_with_header = not pixels and DEFLATED_UID not in head and not stream.read(1)
        cut = _cut_pixel_bytes(stream, source) if pixels and "PixelData" not in dataset else None
    findings = [f"pydicom: {n}" for n in notes]
    if head[PREAMBLE_BYTES : PREAMBLE_BYTES + 4] != PREFIX:
        findings.append("the file lacks the DICOM preamble; its encoding was inferred from its first elements")
    elif not _transfer_syntax(dataset):
        findings.append("the file states no transfer syntax; its encoding was inferred from its first elements")
    return OpenedDataset(dataset, tuple(findings), ends_with_header, cut)


def _cut_pixel_bytes(stream: BinaryIO, source: FileSource) -> int | None:
    """Bytes of pixel data of undefined length without an end mark: pydicom drops such an element."""
    stream.seek(0)
    with collected_warnings():
        _parse(stream, source, pixels=False)  # leaves the stream where the pixel data begin
    start = stream.read(EXPLICIT_HEADER_BYTES)
    if not start.startswith(PIXEL_DATA_TAG) or not start.endswith(UNDEFINED_LENGTH):
        return None
    position = stream.tell()
    return stream.seek(0, io.SEEK_END) - position


def not_an_image(source: FileSource, head: bytes) -> NotAnImageFileError:
    """Error for a file whose first bytes match no known kind; for an empty file, the message says so."""
    return NotAnImageFileError(source.name, "no image header" if head else "an empty file", EXPECTED, "leave it out, or export the image again")


def _transfer_syntax(dataset: Dataset) -> str:
    return str(getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", "") or "")


def _parse(stream: BinaryIO, source: FileSource, *, pixels: bool) -> Dataset:
    try:
        return pydicom.dcmread(stream, stop_before_pixels=not pixels, force=True)
    except MemoryError as error:
        raise DamagedFileError(source.name, "an element longer than memory", "a whole DICOM file", "fetch the file again") from error
    except Exception as error:  # pydicom raises many kinds on broken files; all mean the same here
        reason = impersonal_reason(error)
        raise DamagedFileError(
            source.name, f"a DICOM header that breaks off or contradicts itself ({reason})", "a whole DICOM file", "fetch the file again"
        ) from error


class _Counted(io.RawIOBase):
    """A stream that counts how often pydicom reads of it: up to three times for an element or an item."""

    def __init__(self, stream: BinaryIO, limits: ReadLimits) -> None:
        super().__init__()
        self._stream, self._left = stream, READS_OF_ELEMENT * limits.max_elements

    @property
    def exhausted(self) -> bool:
        """Whether it was read of more often than the limit allows."""
        return self._left < 0

    def read(self, size: int | None = -1) -> bytes:
        """Read on; a broken stream once the limit is reached, whatever pydicom makes of that."""
        self._left -= 1
        if self.exhausted:
            raise OSError("too many elements")
        return self._stream.read(-1 if size is None else size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to another place."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Where the stream is."""
        return self._stream.tell()


def too_many_elements(source: FileSource, limits: ReadLimits) -> ImageTooLargeError:
    """Error for a file whose header would take too long to read."""
    return ImageTooLargeError(
        source.name,
        f"more than {limits.max_elements} elements, items of sequences or fragments",
        f"at most {limits.max_elements}",
        "check that this is one image, or raise ReadLimits.max_elements",
    )


def check_elements(dataset: Dataset, source: FileSource, limits: ReadLimits) -> None:
    """Return where what pydicom has left unread, sequences of stated length and fragments of pixel data, holds few enough elements.

    Raises
    ------
    ImageTooLargeError
        More than ``limits.max_elements``.
    """
    most = limits.max_elements
    for tag in list(dataset.keys()):
        element = dataset.get_item(tag)
        if not isinstance(element.value, bytes) or len(element.value) < MARK_BYTES * most:
            continue
        if tag == PIXEL_DATA:
            undefined = getattr(element, "length", None) == UNDEFINED or getattr(element, "is_undefined_length", False)
            count = element.value.count(ITEM) if undefined else 0
        elif element.VR in ("SQ", "UN", None):
            little, implicit = getattr(element, "is_little_endian", True), getattr(element, "is_implicit_VR", False)
            count = count_elements(element.value, little=little, implicit=implicit, most=most)
        else:
            count = 0
        if count > most:
            raise too_many_elements(source, limits)


def count_elements(content: bytes, *, little: bool, implicit: bool, most: int) -> int:
    """Number of elements and items in the bytes of a data set or of a sequence, nested ones too; counting ends beyond `most`.

    Examples
    --------
    >>> item = bytes.fromhex("feff00e0 00000000")
    >>> count_elements(3 * item, little=True, implicit=False, most=10), count_elements(99 * item, little=True, implicit=False, most=10)
    (3, 11)
    """
    order = "<" if little else ">"
    head, short, long = struct.Struct(f"{order}HH"), struct.Struct(f"{order}H"), struct.Struct(f"{order}I")
    at, count = 0, 0
    while at + MARK_BYTES <= len(content) and count <= most:
        count += 1
        group, _ = head.unpack_from(content, at)
        vr = content[at + 4 : at + 6]
        if group == DELIMITERS:
            at += MARK_BYTES  # an item's content follows
        elif implicit:
            (length,) = long.unpack_from(content, at + 4)
            inside = length == UNDEFINED or head.unpack_from(content.ljust(at + 12, b"\0"), at + 8)[0] == DELIMITERS
            at += MARK_BYTES + (0 if inside else length)
        elif vr in LONG_VRS and at + EXPLICIT_HEADER_BYTES <= len(content):
            (length,) = long.unpack_from(content, at + MARK_BYTES)
            at += EXPLICIT_HEADER_BYTES + (0 if vr == b"SQ" or length == UNDEFINED else length)
        else:
            at += MARK_BYTES + int(short.unpack_from(content, at + 6)[0])
    return count


def _check_plausible(dataset: Dataset, source: FileSource) -> None:
    meta = getattr(dataset, "file_meta", None)
    if not any(k in dataset or (meta is not None and k in meta) for k in TELLING_KEYWORDS):
        raise NotAnImageFileError(
            source.name, "no element that names an image, a study or a patient", EXPECTED, "leave it out, or export the image again"
        )


def _check_inflated_size(stream: BinaryIO, head: bytes, source: FileSource, limits: ReadLimits) -> None:
    """Inflate in small steps and throw the result away: a deflated file of a few kilobytes can hold gigabytes, or a million elements."""
    at = META_GROUP_LENGTH_AT
    tag = head[at : at + 4]
    if tag != b"\x02\x00\x00\x00" or len(head) < at + META_GROUP_LENGTH_BYTES:
        raise DamagedFileError(source.name, "a deflated file without meta group length", "(0002,0000) first", "export the image again")
    (length,) = struct.unpack("<I", head[at + 8 : at + 12])
    stream.seek(at + META_GROUP_LENGTH_BYTES + length)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    total, pending, inflated = 0, b"", []
    while not inflater.eof:
        pending = pending or stream.read(INFLATE_STEP_BYTES)
        if not pending:
            break
        try:
            inflated.append(inflater.decompress(pending, INFLATE_STEP_BYTES))
            total += len(inflated[-1])
        except zlib.error as error:
            raise DamagedFileError(
                source.name, f"a deflated data set that does not inflate ({error})", "a whole file", "fetch the file again"
            ) from error
        pending = inflater.unconsumed_tail
        if total > limits.max_file_bytes:
            raise ImageTooLargeError(
                source.name, f"a deflated data set of more than {limits.max_file_bytes} bytes", "a smaller one", "raise ReadLimits.max_file_bytes"
            )
    if count_elements(b"".join(inflated), little=True, implicit=False, most=limits.max_elements) > limits.max_elements:
        raise too_many_elements(source, limits)
