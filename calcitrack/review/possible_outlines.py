"""Possible deposits of a film under review: where each lies, and how they are drawn. Pure: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from calcitrack.measure.live import Window
from calcitrack.model.image import Mask
from calcitrack.model.possible import PossibleDeposit, possible_deposits
from calcitrack.model.segmentation import Labels, Segmentation
from calcitrack.model.spacing import Spacing


@dataclass(frozen=True, eq=False, slots=True)
class PossibleOutline:
    """One possible deposit with its pixels.

    Parameters
    ----------
    deposit
        Its facts.
    window
        Smallest window of the film around it.
    inside
        Its pixels in the window; read-only.
    """

    deposit: PossibleDeposit
    window: Window
    inside: Mask

    def __post_init__(self) -> None:
        inside = np.array(self.inside, bool)
        inside.setflags(write=False)
        object.__setattr__(self, "inside", inside)

    def holds(self, row: int, column: int) -> bool:
        """Whether a pixel of the film is one of its own."""
        rows, columns = self.window
        near = rows.start <= row < rows.stop and columns.start <= column < columns.stop
        return near and bool(self.inside[row - rows.start, column - columns.start])

    def touched_by(self, labels: Labels) -> bool:
        """Whether a deposit of the film, shape (rows, columns), lies on one of its pixels."""
        return bool(labels[self.window][self.inside].any())


def possible_outlines(segmentation: Segmentation, spacing: Spacing) -> Mapping[str, PossibleOutline]:
    """Name -> possible deposit of a film, by number.

    Examples
    --------
    >>> from calcitrack.phantom.small import small_radiograph, small_segmentation
    >>> found = small_segmentation().keeping([], possible=[1])
    >>> list(possible_outlines(found, small_radiograph().spacing))
    ['P1']
    """
    if segmentation.possible is None:
        return {}
    boxes = ndimage.find_objects(segmentation.possible)
    outlines = {}
    for deposit in possible_deposits(segmentation, spacing):
        window = boxes[deposit.number - 1]
        outlines[deposit.name] = PossibleOutline(deposit, window, segmentation.possible[window] == deposit.number)
    return outlines


def broken_lines(shape: tuple[int, int], outlines: Iterable[PossibleOutline], width_px: int) -> Labels:
    """Picture of the shape (rows, columns) with a broken line just outside of each: its number there, 0 elsewhere.

    Parameters
    ----------
    width_px
        Width of the lines; their dashes are twice as long.
    """
    picture = np.zeros(shape, np.uint16)
    for outline in outlines:
        rows, columns = (slice(max(0, w.start - width_px), min(n, w.stop + width_px)) for w, n in zip(outline.window, shape, strict=True))
        inside = np.zeros((rows.stop - rows.start, columns.stop - columns.start), bool)
        top, left = outline.window[0].start - rows.start, outline.window[1].start - columns.start
        inside[top : top + outline.inside.shape[0], left : left + outline.inside.shape[1]] = outline.inside
        line = ndimage.binary_dilation(inside, iterations=width_px) & ~inside
        row, column = np.ogrid[rows, columns]
        dashes = (row // (2 * width_px) + column // (2 * width_px)) % 2 == 0
        picture[rows, columns][line & dashes] = outline.deposit.number
    return picture
