"""Burned-in text of a picture: found and, on request, covered. All other pixels stay bit for bit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from calcitrack.errors import DamagedFileError, ReadError, UnsupportedImageError
from calcitrack.io.deidentify.burned_text import TextBox, find_text
from calcitrack.io.dicom.header import Header
from calcitrack.io.dicom.pixel_data import DecodedFrame, StoredValues, decode_frame
from calcitrack.io.dicom.pixel_layout import PixelLayout
from calcitrack.io.dicom.sop_classes import SECONDARY_CAPTURE_CLASSES, check_radiograph
from calcitrack.io.files.limits import ReadLimits

GROUND_RIM_PX = 2
"""Rim of a box from which the grey value that covers it is taken."""
ITEM_HEADER_BYTES = 8
"""Tag and length of a fragment (PS3.5, A.4)."""
HALF_COLOUR = "_422"
"""End of photometric interpretations whose pixels share their colour, two by two: fewer bytes than values (PS3.3, C.7.6.3.1.2)."""
NO, YES = "NO", "YES"


class BurnedIn(StrEnum):
    """State of text in a picture."""

    NO_PICTURE = "no picture"
    NOT_SEARCHED = "not searched"
    """Several frames, colour, or a kind of picture that is no radiograph: look at it yourself."""
    NONE_FOUND = "none found"
    FOUND = "found"
    COVERED = "covered"


@dataclass(frozen=True, slots=True)
class PictureText:
    """Text found in a picture.

    Parameters
    ----------
    boxes
        Boxes around the lines of text.
    overlay_bits
        True when unused bits of the pixels held an overlay, which was cleared.
    """

    state: BurnedIn
    boxes: tuple[TextBox, ...] = ()
    overlay_bits: bool = False


def treat_picture(dataset: Dataset, limits: ReadLimits, *, mask_text: bool) -> PictureText:
    """Look for text in a radiograph's picture, and cover it on request.

    A covered picture is stored uncompressed; any other stays unchanged, except that an overlay in unused bits is cleared.
    Call this before the header is cleaned: it needs the overlay's description.

    Raises
    ------
    ReadError
        Text is to be covered, or an overlay to be cleared, in a picture that cannot be decoded.
    """
    if "PixelData" not in dataset:
        return PictureText(BurnedIn.NO_PICTURE)
    overlay = _overlay_in_pixels(dataset)
    if overlay:
        _clear_unused_bits(dataset, limits)
    if not _is_searched(dataset):
        return PictureText(BurnedIn.NOT_SEARCHED, overlay_bits=overlay)
    try:
        frame = decode_frame(dataset, "the picture", limits)
    except ReadError:
        if mask_text:
            raise
        return PictureText(BurnedIn.NOT_SEARCHED, overlay_bits=overlay)
    boxes = find_text(frame.values)
    if not boxes:
        return PictureText(BurnedIn.NONE_FOUND, overlay_bits=overlay)
    if not mask_text:
        return PictureText(BurnedIn.FOUND, boxes, overlay)
    _cover(dataset, frame, boxes)
    return PictureText(BurnedIn.COVERED, boxes, overlay)


def pad_last_fragment(dataset: Dataset) -> None:
    """Pad compressed pixel data of odd length inside the last fragment (PS3.5, A.4); a byte after the fragment would break the file.

    Raises
    ------
    DamagedFileError
        The fragments do not end where the pixel data do.
    """
    if "PixelData" not in dataset or not dataset["PixelData"].is_undefined_length or len(dataset.PixelData) % 2 == 0:
        return
    content, at, last = bytes(dataset.PixelData), 0, 0
    while at + ITEM_HEADER_BYTES <= len(content):
        last, at = at, at + ITEM_HEADER_BYTES + int.from_bytes(content[at + 4 : at + 8], "little")
    if at != len(content):
        raise DamagedFileError("the picture", "fragments of pixel data that do not fit together", "whole fragments", "fetch the file again")
    length = at - last - ITEM_HEADER_BYTES + 1
    dataset["PixelData"].value = content[: last + 4] + length.to_bytes(4, "little") + content[last + ITEM_HEADER_BYTES :] + b"\0"


def cut_surplus(dataset: Dataset) -> None:
    """Cut off what stands behind the last pixel of uncompressed pixel data: nobody sees it, and anything may stand there."""
    if "PixelData" not in dataset or dataset["PixelData"].is_undefined_length:
        return
    header = Header(dataset)
    counts = [header.integer(k) for k in ("Rows", "Columns", "BitsAllocated")]
    photometric = header.code("PhotometricInterpretation")
    if any(not c or c < 1 for c in counts) or photometric.endswith(HALF_COLOUR):
        return
    rows, columns, bits = (int(c or 0) for c in counts)
    values = rows * columns * max(header.integer("SamplesPerPixel") or 1, 1) * max(header.integer("NumberOfFrames") or 1, 1)
    needed = (values * bits + 7) // 8
    content = bytes(dataset.PixelData)
    if len(content) > needed:
        dataset["PixelData"].value = content[:needed] + b"\0" * (needed % 2)


def state_text(dataset: Dataset, text: PictureText) -> None:
    """Burned In Annotation (0028,0301): YES where text stays, NO where it was covered; else what the file stated stays."""
    if text.state in (BurnedIn.FOUND, BurnedIn.COVERED):
        dataset.BurnedInAnnotation = YES if text.state is BurnedIn.FOUND else NO


def _is_searched(dataset: Dataset) -> bool:
    header = Header(dataset)
    if (header.integer("NumberOfFrames") or 1) > 1 or (header.integer("SamplesPerPixel") or 1) > 1:
        return False
    if header.text("SOPClassUID") in SECONDARY_CAPTURE_CLASSES:
        return True
    try:
        check_radiograph(header, "")
    except ReadError:
        return False
    return True


def _overlay_in_pixels(dataset: Dataset) -> bool:
    """Whether an overlay is stored in bits of the pixels that they do not use (retired, PS3.3-2004, C.9.2)."""
    header = Header(dataset)
    stored = header.integer("BitsStored") or 0
    for tag in list(dataset.keys()):
        if tag.group & 0xFF00 == 0x6000 and tag.element == 0x0102 and (tag.group << 16) | 0x3000 not in dataset:
            position = dataset[tag].value
            return isinstance(position, int) and 0 < stored <= position
    return False


def _clear_unused_bits(dataset: Dataset, limits: ReadLimits) -> None:
    """Clear all but the stored bits; this decodes the picture and stores it uncompressed."""
    frames = Header(dataset).integer("NumberOfFrames") or 1
    if frames > 1:
        raise UnsupportedImageError("the picture", f"an overlay in unused bits of {frames} frames", "one frame", "leave it out")
    frame = decode_frame(dataset, "the picture", limits)
    _store(dataset, frame.values, frame.layout)


def _cover(dataset: Dataset, frame: DecodedFrame, boxes: tuple[TextBox, ...]) -> None:
    values, covered = frame.values, frame.values.copy()
    for row0, row1, column0, column1 in boxes:
        part = values[row0:row1, column0:column1]
        sides = (part[:GROUND_RIM_PX], part[-GROUND_RIM_PX:], part[:, :GROUND_RIM_PX], part[:, -GROUND_RIM_PX:])
        rim = np.concatenate([side.ravel() for side in sides])
        covered[row0:row1, column0:column1] = np.sort(rim)[rim.size // 2]
    _store(dataset, covered, frame.layout)


def _store(dataset: Dataset, values: StoredValues, layout: PixelLayout) -> None:
    """Replace the picture of a single grey frame, uncompressed, with the bits and the sign that its values have."""
    bits, signed = layout.bits_allocated, layout.signed
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = layout.bits_stored, layout.bits_stored - 1, int(signed)
    dataset.PixelData = values.astype(f"<{'i' if signed else 'u'}{bits // 8}").tobytes().ljust((values.size * bits // 8 + 1) // 2 * 2, b"\0")
    dataset["PixelData"].VR = "OW" if bits > 8 else "OB"
    dataset["PixelData"].is_undefined_length = False
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
