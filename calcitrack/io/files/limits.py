"""How large a file or an image may be before it is refused."""

from __future__ import annotations

from dataclasses import dataclass

from calcitrack.errors import InvalidValueError


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Bounds that are checked against the header before memory is asked for.

    Parameters
    ----------
    max_pixels
        Rows times columns. The default, 100 million, is three times the largest single radiographs in use (a stitched leg of
        3000 x 10000, a mammogram of 4800 x 6000); such an image takes about 1.2 GB while it is read.
    max_file_bytes
        Bytes of a file, of a member of an archive, and of what a deflated file inflates to. The default, 512 MiB, holds
        the largest allowed image uncompressed at 32 bits with room for its header.
    """

    max_pixels: int = 100_000_000
    max_file_bytes: int = 512 * 1024**2

    def __post_init__(self) -> None:
        if self.max_pixels < 1 or self.max_file_bytes < 1:
            raise InvalidValueError(f"limits are positive; found {self.max_pixels} pixels and {self.max_file_bytes} bytes")


DEFAULT_LIMITS = ReadLimits()
