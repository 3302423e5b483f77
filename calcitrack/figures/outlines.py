"""Outlines of deposits on films: just outside the deposit, dark under coloured, broken where the fate asks for it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.figures.label_places import Box
from calcitrack.figures.palette import FateMark, rgb

RgbImage = NDArray[np.uint8]
"""Shape (rows, columns, 3)."""
Points = NDArray[np.float64]
"""Shape (points, 2): (x, y) in pixels of the picture."""

CONTOUR_GAP_PX = 1.5
"""Contours run this far outside the deposit, in pixels of the picture: its edge stays visible."""
SUBPIXEL_BITS = 4
UNDER, OVER = 4, 2
"""Thickness of the dark line, so that the coloured one shows on bone and on air, and of the coloured one."""


def draw_outline(canvas: RgbImage, mask: NDArray[np.bool_], corner: tuple[int, int], mark: FateMark, scale: float = 1.0) -> Box:
    """Outline one deposit.

    Parameters
    ----------
    canvas
        The picture to draw on.
    mask, corner
        The deposit inside its bounding box, and (row, column) of the box's first pixel, in pixels of the image.
    scale
        Pixels of the canvas a pixel of the image.

    Returns
    -------
    Box
        Around the deposit, in pixels of the canvas.
    """
    top, left = corner
    height, width = mask.shape
    pad = int(np.ceil(CONTOUR_GAP_PX)) + 2
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    inner = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    outer = cv2.dilate(np.pad(inner, pad), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pad - 3, 2 * pad - 3)))
    outlines, _ = cv2.findContours(outer, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    shift = np.array([left * scale - pad, top * scale - pad])
    closed = [np.asarray(o.reshape(-1, 2) + shift, float) for o in outlines]
    lines = closed if mark.dash is None else [piece for o in closed for piece in _dashes(o, mark.dash)]
    fixed = [np.round(line * 2**SUBPIXEL_BITS).astype(np.int32)[:, None] for line in lines]
    for colour, thickness in (((0, 0, 0), UNDER), (rgb(mark.colour), OVER)):
        cv2.polylines(canvas, fixed, mark.dash is None, colour, thickness, cv2.LINE_AA, SUBPIXEL_BITS)
    return Box(left * scale - pad, top * scale - pad, (left + width) * scale + pad, (top + height) * scale + pad)


def _dashes(outline: Points, dash: tuple[float, float]) -> list[Points]:
    """The pieces of a closed outline that a broken line shows; at least one."""
    along = np.concatenate([outline, outline[:1]])
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(along, axis=0).T))])
    shown = way % sum(dash) < dash[0]
    cuts = np.flatnonzero(np.diff(shown.astype(np.int8))) + 1
    pieces = np.split(along, cuts)
    first = 0 if shown[0] else 1
    return [p for p in pieces[first::2] if len(p)]
