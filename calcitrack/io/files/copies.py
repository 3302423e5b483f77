"""What two files with one identity have to do with each other."""

from __future__ import annotations

from enum import Enum, auto

from calcitrack.errors import ReadError
from calcitrack.io.files.limits import ReadLimits
from calcitrack.io.files.sources import FileSource

STEP_BYTES = 1 << 20
"""Files are compared in pieces of this size."""


class Copy(Enum):
    """The second of two files, seen from the first."""

    SAME = auto()
    """The same bytes."""
    SHORTER = auto()
    """The beginning of the first: it was cut short on its way."""
    LONGER = auto()
    """It goes on where the first ends: the first was cut short."""
    OTHER = auto()
    """Other bytes, or bytes that cannot be read."""


def compare_bytes(one: FileSource, other: FileSource, limits: ReadLimits) -> Copy:
    """Read both files until they differ or one of them ends."""
    try:
        with one.open(limits) as first, other.open(limits) as second:
            while True:
                here, there = first.read(STEP_BYTES), second.read(STEP_BYTES)
                if here == there:
                    if not here:
                        return Copy.SAME
                    continue
                if here.startswith(there):
                    return Copy.SHORTER
                return Copy.LONGER if there.startswith(here) else Copy.OTHER
    except ReadError:
        return Copy.OTHER
