"""The grey scale that a file states: its window, where the image was made for the eye."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from calcitrack.errors import ReadError
from calcitrack.io.dicom.header import Header
from calcitrack.io.dicom.parse import open_dataset
from calcitrack.io.files.limits import DEFAULT_LIMITS
from calcitrack.io.files.sources import FileSource
from calcitrack.model.image import FloatImage, Radiograph

FOR_PROCESSING = "FOR PROCESSING"
"""Presentation Intent Type (0008,0068) of images that are not made for the eye; their window means nothing."""
SAMPLED = 20_000
"""Pixels from which the mapping of stored values to shown values is estimated."""


def window_of(radiograph: Radiograph) -> tuple[float, float] | None:
    """Ends of the file's window in values of ``Radiograph.pixels``; ``None`` where the file states no window, or was not made for the eye.

    The ends follow PS3.3 C.11.2.1.2.1: centre - 0.5 -+ (width - 1) / 2. The denser end is bright.
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
    centre, width = centres[0], widths[0]  # viewers begin with the first of several windows
    ends = (radiograph.calibration.polarity * (centre - 0.5 + sign * (width - 1) / 2) for sign in (-1, 1))
    low, high = sorted(ends)
    return low, high


def limits_from_file(radiograph: Radiograph, shown: FloatImage) -> tuple[float, float] | None:
    """The file's window in shown values; ``None`` where the file states none, or where the picture would be all black or white.

    Parameters
    ----------
    radiograph
        The image as read.
    shown
        Shape (rows, columns): the values that are shown for its pixels, larger is denser.
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
