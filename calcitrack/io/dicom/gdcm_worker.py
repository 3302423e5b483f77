"""Stand-alone program: reads one compressed frame from stdin, decodes it with GDCM, writes its pixels to stdout.

GDCM aborts its whole process on some broken streams, prints to stderr, and has no time limit of its own. Therefore
`calcitrack.io.dicom.gdcm_process` starts this file, sets a time limit and reads the output. It imports nothing of calcitrack, so
that it starts quickly.
"""

from __future__ import annotations

import contextlib
import sys

MAX_ADDRESS_SPACE_BYTES = 8 * 1024**3
"""Room for the largest allowed image several times over; a stream that makes GDCM ask for more is broken."""


def limit_memory() -> None:
    """Limit the memory of this process where the system supports it."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESS_SPACE_BYTES, MAX_ADDRESS_SPACE_BYTES))


def decode(frame: bytes, syntax: str, rows: int, columns: int, allocated: int, precision: int) -> bytes | None:
    """Pixels of a grey frame, little endian, ``allocated`` bits each; ``None`` where GDCM gives nothing."""
    import gdcm

    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(frame)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((columns, rows, 1))
    image.SetDataElement(element)
    grey = gdcm.PhotometricInterpretation.GetPIType("MONOCHROME2")
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(grey))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(syntax)))
    image.SetPixelFormat(gdcm.PixelFormat(1, allocated, precision, precision - 1, 0))
    text: str | None = image.GetBuffer()
    return None if text is None else text.encode("utf-8", "surrogateescape")


def main() -> int:
    """Decode stdin to stdout. Arguments: transfer syntax, rows, columns, bits allocated, precision. Exit status 1 when GDCM fails."""
    syntax, *numbers = sys.argv[1:]
    limit_memory()
    pixels = decode(sys.stdin.buffer.read(), syntax, *(int(n) for n in numbers))
    if pixels is None:
        return 1
    sys.stdout.buffer.write(pixels)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
