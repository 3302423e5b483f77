"""Stored values -> values after the modality LUT or rescale, the only transform that precedes measuring."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calcitrack.calibrate.intensity import ValuePath
from calcitrack.errors import DamagedFileError
from calcitrack.io.dicom.header import Header
from calcitrack.io.dicom.pixel_data import EXPLICIT_BIG_ENDIAN, StoredValues, transfer_syntax
from calcitrack.model.display import counted
from calcitrack.model.image import FloatImage

MAX_LUT_ENTRIES = 65536
"""The first value of LUT Descriptor is 16 bits wide; 0 stands for this number (PS3.3 C.11.1.1)."""

OPTICAL_DENSITY = "OD"
"""Rescale Type and Modality LUT Type of thousandths of optical density (PS3.3 C.11.1.1.2)."""


def apply_modality_lut(stored: StoredValues, header: Header, source: str) -> FloatImage:
    """Modality LUT Sequence where there is one, else rescale slope and intercept, else the stored values.

    Parameters
    ----------
    stored
        Shape (rows, columns).
    header
        Gets a finding where a rescale is unusable.
    source
        Name for messages.

    Returns
    -------
    ndarray
        Shape (rows, columns), float32.

    Raises
    ------
    DamagedFileError
        A lookup table that contradicts itself.
    """
    tables = header.items("ModalityLUTSequence")
    if tables:
        header.note("a Modality LUT was applied to the stored values")
        big_endian = transfer_syntax(header.dataset) == EXPLICIT_BIG_ENDIAN
        return _look_up(stored, tables[0], source, big_endian=big_endian)
    slope, intercept = header.number("RescaleSlope"), header.number("RescaleIntercept")
    if slope == 0:
        header.note("RescaleSlope is 0, which would erase the image; the stored values are used")
        return stored.astype(np.float32)
    if slope is None and intercept is None:
        return stored.astype(np.float32)
    return (stored * np.float64(1.0 if slope is None else slope) + (intercept or 0.0)).astype(np.float32)


def read_value_path(header: Header) -> ValuePath:
    """What `apply_modality_lut` will do to the stored values, and what is stated of them; a broken table gives no path here."""
    bits, signed = header.integer("BitsStored"), header.integer("PixelRepresentation") == 1
    tables = header.items("ModalityLUTSequence")
    kind = (tables[0] if tables else header).code("ModalityLUTType" if tables else "RescaleType")
    stated = ValuePath(optical_density=kind == OPTICAL_DENSITY, lut_shape=header.code("PresentationLUTShape"), bits=bits, signed=signed)
    if tables:
        return _path_of_table(tables[0], header, stated)
    slope, intercept = header.number("RescaleSlope"), header.number("RescaleIntercept")
    if slope == 0:
        return replace(stated, optical_density=False)
    return replace(stated, slope=1.0 if slope is None else slope, intercept=intercept or 0.0)


def _path_of_table(table: Header, header: Header, stated: ValuePath) -> ValuePath:
    """Slope and intercept of a Modality LUT from the least to the greatest stored value that it maps apart."""
    big_endian = transfer_syntax(header.dataset) == EXPLICIT_BIG_ENDIAN
    least, greatest = _stored_range(stated)
    stored = np.arange(least, greatest + 1)
    try:
        mapped = _look_up(stored, table, "", big_endian=big_endian).astype(np.float64)
    except DamagedFileError:
        return stated
    slope = (mapped[-1] - mapped[0]) / (greatest - least)
    if slope == 0:
        return replace(stated, straight=False)
    intercept = mapped[0] - slope * least
    straight = bool(np.abs(mapped - (slope * stored + intercept)).max() <= 1)  # entries are whole numbers
    return replace(stated, slope=float(slope), intercept=float(intercept), straight=straight)


def _stored_range(path: ValuePath) -> tuple[int, int]:
    bits = min(path.bits or 16, 16)
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if path.signed else (0, (1 << bits) - 1)


def _look_up(stored: StoredValues, table: Header, source: str, *, big_endian: bool) -> FloatImage:
    descriptor, entries = table.numbers("LUTDescriptor"), _entries(table, big_endian=big_endian)
    if len(descriptor) != 3 or entries.size == 0:
        raise DamagedFileError(source, "a Modality LUT without descriptor or data", "a whole one", "export the image again")
    count, first, bits = (int(v) for v in descriptor)
    count = count or MAX_LUT_ENTRIES
    if first > np.iinfo(np.int16).max and np.issubdtype(stored.dtype, np.signedinteger):
        first -= 1 << 16  # the first value is signed where the pixels are; some writers store it unsigned
    if bits <= 8 and entries.size < count:
        entries = entries.astype("<u2").view(np.uint8)  # two entries packed into each word
    if entries.size < count:
        raise DamagedFileError(
            source, f"a Modality LUT of {counted(entries.size, 'entry', 'entries')}", f"{count}, as its descriptor states", "export the image again"
        )
    index = np.clip(stored.astype(np.int64) - first, 0, count - 1)
    return np.asarray(entries[:count], np.float32)[index]


def _entries(table: Header, *, big_endian: bool) -> np.ndarray[tuple[int], np.dtype[np.integer]]:
    values = table.values("LUTData")
    if len(values) == 1 and isinstance(values[0], bytes):
        return np.frombuffer(values[0][: len(values[0]) // 2 * 2], ">u2" if big_endian else "<u2")
    try:
        return np.asarray(values, np.int64) & 0xFFFF
    except (TypeError, ValueError):
        return np.empty(0, np.int64)
