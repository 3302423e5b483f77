"""Transfer syntaxes in which objects travel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

PLAIN = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
"""One of these is what every server takes; they are turned into each other on the way."""
AS_STORED = (
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    JPEG2000Lossless,
    JPEG2000,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    HTJ2K,
    RLELossless,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
)
"""Each in a context of its own, so that a server need not decode what `read_radiograph` can."""
ALL_SYNTAXES = [*PLAIN, *AS_STORED]
MAX_CONTEXTS = 128
"""Of one association (PS3.8, 9.3.2.2)."""

T = TypeVar("T")


def in_groups(several: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Split a sequence into parts of at most this size."""
    for first in range(0, len(several), size):
        yield several[first : first + size]
