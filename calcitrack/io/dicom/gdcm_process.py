"""Run GDCM in a separate process, so that a broken stream can crash or stall only that process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from calcitrack.io.dicom.codestream import Codec, Codestream

WORKER = Path(__file__).with_name("gdcm_worker.py")
TIME_LIMIT_S = 120.0
"""GDCM needs 0.1 s for a million pixels; the largest allowed image takes 10 s on a slow machine."""
SYNTAXES = {
    Codec.JPEG_LOSSY: "1.2.840.10008.1.2.4.51",
    Codec.JPEG_LOSSLESS: "1.2.840.10008.1.2.4.57",
    Codec.JPEG_LS: "1.2.840.10008.1.2.4.80",
    Codec.JPEG_2000: "1.2.840.10008.1.2.4.91",
}
"""GDCM chooses its codec by transfer syntax; these are the general ones of each family, whatever the file's own label says."""


def decode_with_gdcm(frame: bytes, stream: Codestream, allocated: int) -> bytes | None:
    """Pixels of a grey frame, little endian, ``allocated`` bits each; ``None`` where GDCM gives up, breaks down or takes too long.

    Raises
    ------
    OSError
        The process cannot be started.
    """
    facts = (SYNTAXES[stream.codec], *(str(n) for n in (stream.rows, stream.columns, allocated, stream.precision)))
    try:
        # -P: modules in the worker's folder must not hide others of the same name
        done = subprocess.run(
            [sys.executable, "-P", str(WORKER), *facts],
            input=frame,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=TIME_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    return done.stdout if done.returncode == 0 else None
