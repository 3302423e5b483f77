"""Masks of the pixels that the beam reached: inside shutters and collimator, and not padding."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from skimage.draw import polygon2mask

from calcitrack.io.dicom.header import Header
from calcitrack.io.dicom.pixel_data import StoredValues
from calcitrack.model.image import Mask

APERTURES = ("Shutter", "Collimator")
"""Display Shutter (0018,1600 ff.) and X-Ray Collimator (0018,1700 ff.) modules use the same words (PS3.3 C.7.6.11, C.8.7.3)."""


FARTHEST_POSITION = 2**31
"""Pixels from the origin; Rows and Columns have 16 bits, and an opening may lie around the picture."""


def aperture_mask(header: Header, shape: tuple[int, int]) -> Mask:
    """True inside every stated shutter and collimator; a shape that leaves nothing is ignored with a finding.

    Positions in the header count rows and columns from 1; the stated edge itself is inside.

    Raises
    ------
    OverflowError
        A position is beyond any picture.
    """
    inside = np.ones(shape, bool)
    for kind in APERTURES:
        for form in header.texts(f"{kind}Shape"):
            opening = _opening(header, kind, form.upper(), shape)
            if opening is None:
                continue
            if not (inside & opening).any():
                header.note(f"{kind} {form} leaves no pixel; ignored")
                continue
            inside &= opening
    if not inside.all():
        header.note(f"{np.mean(~inside):.0%} of the picture lies outside the stated shutter or collimator and is masked")
    return inside


def _opening(header: Header, kind: str, form: str, shape: tuple[int, int]) -> Mask | None:
    openings = {"RECTANGULAR": _rectangle, "CIRCULAR": _circle, "POLYGONAL": _polygon}
    if form not in openings:
        if form:
            header.note(f"{kind}Shape {form[:16]!r} is not used; known are {', '.join(openings)}")
        return None
    opening = openings[form](header, kind, shape)
    if opening is None:
        header.note(f"{kind} {form} lacks its position; ignored")
    return opening


def _rectangle(header: Header, kind: str, shape: tuple[int, int]) -> Mask | None:
    edges = [header.integer(f"{kind}{edge}Edge") for edge in ("UpperHorizontal", "LowerHorizontal", "LeftVertical", "RightVertical")]
    if any(e is None for e in edges):
        return None
    upper, lower, left, right = (e for e in edges if e is not None)
    opening = np.zeros(shape, bool)
    opening[max(upper - 1, 0) : max(lower, 0), max(left - 1, 0) : max(right, 0)] = True
    return opening


def _circle(header: Header, kind: str, shape: tuple[int, int]) -> Mask | None:
    centre, radius = header.numbers(f"CenterOfCircular{kind}"), header.number(f"RadiusOfCircular{kind}")
    if len(centre) != 2 or radius is None or radius <= 0:
        return None
    _check_positions((*centre, radius))
    rows = np.arange(1, shape[0] + 1)[:, None] - centre[0]
    columns = np.arange(1, shape[1] + 1)[None, :] - centre[1]
    return np.asarray(rows**2 + columns**2 <= radius**2)


def _polygon(header: Header, kind: str, shape: tuple[int, int]) -> Mask | None:
    corners = header.numbers(f"VerticesOfThePolygonal{kind}")
    if len(corners) < 6 or len(corners) % 2:
        return None
    _check_positions(corners)
    return np.asarray(polygon2mask(shape, np.reshape(corners, (-1, 2)) - 1))


def _check_positions(positions: Iterable[float]) -> None:
    """Return when each number may be a position, in pixels; its square has to be a number too.

    Raises
    ------
    OverflowError
        One is beyond any picture.
    """
    if any(abs(p) > FARTHEST_POSITION for p in positions):
        raise OverflowError("a position beyond any picture")


def padding_mask(stored: StoredValues, header: Header, *, signed: bool, bits_allocated: int) -> Mask | None:
    """True where a stored value is Pixel Padding Value, or lies between it and Pixel Padding Range Limit; ``None`` without padding.

    Either may be the larger one (PS3.3 C.7.5.1.1.2). A value written with the other sign is read by the sign of the pixels.
    """
    first = header.integer("PixelPaddingValue")
    if first is None:
        return None
    last = header.integer("PixelPaddingRangeLimit")
    low, high = sorted(_with_sign(v, signed=signed, bits=bits_allocated) for v in (first, first if last is None else last))
    padding = np.asarray((stored >= low) & (stored <= high))
    if padding.any():
        header.note(f"{np.mean(padding):.0%} of the picture is padding (stored value {low}{f' to {high}' if high != low else ''}) and is masked")
    return padding


def _with_sign(value: int, *, signed: bool, bits: int) -> int:
    value %= 1 << bits
    return value - (1 << bits) if signed and value >= 1 << (bits - 1) else value
