"""The grey scale that a file asks for: its window, where it was made for the eye."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from calcitrack.errors import ReadError
from calcitrack.io.dicom.header import Header
from calcitrack.io.dicom.parse import open_dataset
from calcitrack.io.files.sources import DEFAULT_LIMITS, FileSource
from calcitrack.model.image import FloatImage, Radiograph

FOR_PROCESSING = "FOR PROCESSING"
"""Presentation Intent Type (0008,0068) of images that are not made for the eye; a window in them says nothing."""
SAMPLED = 20_000
"""Pixels from which it is worked out what a stored value became on the screen."""


def window_of(radiograph: Radiograph) -> tuple[float, float] | None:
    """(darkest, brightest) value of ``Radiograph.pixels`` that the file's window shows apart; ``None`` where it states none, or is not for the eye.

    The window's ends are those of PS3.3 C.11.2.1.2.1: centre - 0.5 -+ (width - 1) / 2. Whichever end is denser comes out bright.
    """
    if radiograph.acquisition.presentation_intent_type == FOR_PROCESSING or not radiograph.acquisition.sop_class_uid:
        return None
    path, _, member = radiograph.source.partition("!")
    try:
        header = Header(open_dataset(FileSource(Path(path), member), DEFAULT_LIMITS, pixels=False).dataset)
    except ReadError:
        return None
    centres, widths = header.numbers("WindowCenter"), header.numbers("WindowWidth")
    if not centres or not widths or widths[0] <= 1:
        return None
    centre, width = centres[0], widths[0]  # the first of several is the one to begin with
    ends = (radiograph.calibration.polarity * (centre - 0.5 + sign * (width - 1) / 2) for sign in (-1, 1))
    low, high = sorted(ends)
    return low, high


def limits_from_file(radiograph: Radiograph, shown: FloatImage) -> tuple[float, float] | None:
    """The file's window in the values that are shown; ``None`` where it states none, or where it would leave the picture black or white.

    Parameters
    ----------
    shown
        Shape (rows, columns): what became of the pixels on the screen, denser being brighter.
    """
    window = window_of(radiograph)
    if window is None:
        return None
    valid = radiograph.valid_mask
    step = max(1, valid.size // SAMPLED)
    before, after = radiograph.pixels[valid][::step], shown[valid][::step]
    order = np.argsort(before, kind="stable")
    low, high = np.interp(window, before[order], after[order])
    return (float(low), float(high)) if high > low else None
