"""Limits of what is read: sizes, and work that a small file may ask for. The one place of their values."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from calcitrack.errors import InvalidValueError

ENVIRONMENT = "CALCITRACK_"
"""Begins the name of the environment variable that sets a limit: ``CALCITRACK_MAX_PIXELS``."""
FREE_BYTES = 1024**3
"""What the members of an archive may inflate to, however small the archive is: an hour of radiographs."""


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Limits of size and work, checked before memory is allocated or time is spent.

    Parameters
    ----------
    max_pixels
        Rows times columns. The default, 100 million, is three times the largest single radiographs in use (a stitched leg of
        3000 x 10000, a mammogram of 4800 x 6000); such an image takes about 1.2 GB while it is read.
    max_file_bytes
        Bytes of a file, of a member of an archive, and of what a deflated file inflates to. The default, 512 MiB, holds
        the largest allowed image uncompressed at 32 bits with room for its header.
    max_decoded_pixels
        Pixels times the passes that a compressed picture asks for: each scan of a progressive JPEG goes over the whole picture, each packet of a
        JPEG 2000 counts as `PACKET_PIXELS`. Encoders write 10 scans at most; the default, 1000 million, is 10 scans of the largest picture.
    max_elements
        Elements of a header, items of its sequences and fragments of its pixel data. Objects of 10,000 frames have 150,000; pydicom reads
        100,000 a second.
    max_members
        Members of an archive; a study of serial radiographs has a few hundred.
    max_inflation
        Bytes that the members of an archive inflate to, for each byte of the archive, from 1 GiB on: radiographs shrink to a third, and a
        picture of nothing to a thousandth.
    max_depth
        Folders inside folders; media have 8 (PS3.10, 8.2).

    Examples
    --------
    >>> from calcitrack import read_radiograph
    >>> from calcitrack.errors import ImageTooLargeError
    >>> from calcitrack.io.phantom.samples import sample_timelines
    >>> film = sample_timelines()[0].time_points[0].exposures[0].source
    >>> try:
    ...     radiograph = read_radiograph(film, limits=ReadLimits(max_file_bytes=1000))
    ... except ImageTooLargeError as error:
    ...     print(error.expected)
    at most 1000 bytes
    """

    max_pixels: int = 100_000_000
    max_file_bytes: int = 512 * 1024**2
    max_decoded_pixels: int = 1_000_000_000
    max_elements: int = 200_000
    max_members: int = 200_000
    max_inflation: int = 100
    max_depth: int = 100

    def __post_init__(self) -> None:
        wrong = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) < 1}
        if wrong:
            raise InvalidValueError(f"limits are positive; found {', '.join(f'{name} {value}' for name, value in wrong.items())}")


def stated_limits(environment: Mapping[str, str]) -> ReadLimits:
    """The limits with those that the environment states.

    Raises
    ------
    InvalidValueError
        A value is no whole number above zero.

    Examples
    --------
    >>> stated_limits({"CALCITRACK_MAX_DEPTH": "20"}).max_depth
    20
    """
    stated = {f.name: environment[name] for f in fields(ReadLimits) if (name := variable_of(f.name)) in environment}
    for name, value in stated.items():
        if not (value.isascii() and value.isdecimal()) or int(value[:20]) < 1:
            raise InvalidValueError(f"{variable_of(name)} is a whole number above zero; found {value[:40]!r}")
    return ReadLimits(**{name: int(value[:20]) for name, value in stated.items()})


def variable_of(limit: str) -> str:
    """Name of the environment variable that sets a limit.

    Examples
    --------
    >>> variable_of("max_pixels")
    'CALCITRACK_MAX_PIXELS'
    """
    return f"{ENVIRONMENT}{limit.upper()}"


def _default_limits() -> ReadLimits:
    """Those of the environment; the built-in ones where it states nonsense, which every command refuses by itself."""
    try:
        return stated_limits(os.environ)
    except InvalidValueError:
        return ReadLimits()


DEFAULT_LIMITS = _default_limits()
"""What every command and function reads by, unless it is given others."""
