"""Find text burned into a picture: lines of letters of one brightness, near its edge.

Annotations added to a radiograph after exposure are lines of small, equally high shapes at the end of the grey scale, with sharp edges, on
an even background, and almost always in the outer part of the picture. Anatomy, deposits and step wedges never have all these properties.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

TextBox = tuple[int, int, int, int]
"""First and last row + 1, first and last column + 1, pixels."""

EDGE_FRACTION = 0.3
"""A line of text begins or ends in the outer 30 % of the picture's height or width: annotations leave the middle free."""
LEVEL_FRACTIONS = (0.04, 0.3)
"""How far from the end of the grey scale a letter may be, of the whole scale: plain letters, and smoothed ones, whose thin strokes are paler."""
LEAST_HEIGHT_PX, MOST_HEIGHT_FRACTION = 6, 0.06
"""Height of a letter: legible, and no title page."""
LEAST_FILL, MOST_FILL = 0.12, 0.95
"""Share of its box that a letter fills; I and 1 almost fill it."""
MOST_WIDTH_TO_HEIGHT = 10
"""Ratio up to which a shape counts as letters: touching letters are one shape."""
LETTER_WIDTH_TO_HEIGHT = 0.8
LEAST_LETTERS, LEAST_BESIDE = 4, 2
"""Letters of a line, and of one right above or below another line. A side marker alone has one or two letters and identifies nobody."""
LEAST_SHAPES = 3
"""Shapes of a line that stands alone: one long shape is the edge of a bone."""
MOST_LINE_STEP = 2.5
"""Distance from one line of a block to the next, in heights."""
SAME_HEIGHT = 1.6
"""Ratio of heights of letters in a line: capitals, digits and small letters."""
MOST_GAP_HEIGHTS = 1.6
"""Gap between letters of a line, in heights: a space."""
LEAST_CONTRAST = 0.35
"""Step from the ground to the paler end of the letters, of the whole scale."""
LEAST_FLAT_GROUND, FLAT_GROUND = 0.9, 0.15
"""Part of the ground between the letters that differs by no more than this part of the scale: a noisy picture, a bone or a wedge is not so even."""
MARGIN_HEIGHTS = 0.4
"""Rim around a line that is covered as well, in heights."""
MOST_SHAPES = 20_000
"""Shapes at one end of the scale beyond which it is noise, not text."""
LEAST_VALUES = 3


@dataclass(frozen=True, slots=True)
class _Letter:
    row: int
    column: int
    height: int
    width: int

    @property
    def letters(self) -> int:
        return max(round(self.width / (LETTER_WIDTH_TO_HEIGHT * self.height)), 1)

    @property
    def middle(self) -> float:
        return self.row + self.height / 2


def find_text(values: NDArray[np.integer]) -> tuple[TextBox, ...]:
    """Boxes around lines of text in a picture, in reading order.

    Parameters
    ----------
    values
        Shape (rows, columns): stored values.
    """
    low, high = int(values.min()), int(values.max())
    if high - low < LEAST_VALUES:
        return ()
    grey = ((values.astype(np.float32) - low) / (high - low)).astype(np.float32)
    boxes = [box for bright in (grey, (1 - grey).astype(np.float32)) for level in LEVEL_FRACTIONS for box in _lines(bright, level)]
    return tuple(sorted(_merged(boxes)))


def _lines(bright: NDArray[np.float32], level: float) -> list[TextBox]:
    """Lines of letters within `level` of the upper end of the scale, and short ones above and below them."""
    shape = bright.shape
    written = [line for line in _grouped(_letters(bright, level)) if _length(line) >= LEAST_BESIDE and _is_written(line, bright, level)]
    sure = [line for line in written if len(line) >= LEAST_SHAPES and _length(line) >= LEAST_LETTERS and _near_edge(_box(line, shape), shape)]
    unsure = [line for line in written if line not in sure]
    for line in sure:  # the list grows: a block may have further lines
        beside = [other for other in unsure if _is_beside(line, other)]
        unsure = [other for other in unsure if other not in beside]
        sure.extend(beside)
    return [_box(line, shape) for line in sure]


def _length(line: list[_Letter]) -> int:
    return sum(x.letters for x in line)


def _is_beside(line: list[_Letter], other: list[_Letter]) -> bool:
    """True where a line lies directly above or below another one, or continues it, in letters of similar height."""
    height, height_other = (float(np.median([x.height for x in part])) for part in (line, other))
    if max(height, height_other) > SAME_HEIGHT * min(height, height_other):
        return False
    gap_columns = max(line[0].column, other[0].column) - min(line[-1].column + line[-1].width, other[-1].column + other[-1].width)
    return abs(line[0].middle - other[0].middle) <= MOST_LINE_STEP * height and gap_columns <= MOST_LINE_STEP * height


def _letters(bright: NDArray[np.float32], level: float) -> list[_Letter]:
    mask = (bright >= 1 - level).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count > MOST_SHAPES:
        return []
    left, top, width, height, area = stats[1:].T
    fill = area / (width * height)
    plausible = (height >= LEAST_HEIGHT_PX) & (height <= max(MOST_HEIGHT_FRACTION * bright.shape[0], 2 * LEAST_HEIGHT_PX))
    plausible &= (width <= MOST_WIDTH_TO_HEIGHT * height) & (fill >= LEAST_FILL) & ((fill <= MOST_FILL) | (width <= height / 2))
    return [
        _Letter(int(t), int(x), int(h), int(w))
        for x, t, w, h in zip(left[plausible], top[plausible], width[plausible], height[plausible], strict=True)
    ]


def _grouped(letters: list[_Letter]) -> list[list[_Letter]]:
    """Group neighbouring letters of similar height into lines; each letter belongs to one line."""
    lines: list[list[_Letter]] = []
    for letter in sorted(letters, key=lambda x: (x.column, x.row)):
        fitting = [line for line in lines if _follows(line[-1], letter)]
        if fitting:
            min(fitting, key=lambda line: letter.column - line[-1].column).append(letter)
        else:
            lines.append([letter])
    return lines


def _follows(last: _Letter, letter: _Letter) -> bool:
    taller, smaller = max(last.height, letter.height), min(last.height, letter.height)
    gap = letter.column - (last.column + last.width)
    return taller <= SAME_HEIGHT * smaller and -0.2 * taller <= gap <= MOST_GAP_HEIGHTS * taller and abs(last.middle - letter.middle) <= 0.35 * taller


def _is_written(line: list[_Letter], bright: NDArray[np.float32], end: float) -> bool:
    """True where the ground between the letters is even and far from their brightness."""
    row0, row1, column0, column1 = _box(line, bright.shape)
    part = bright[row0:row1, column0:column1]
    stroke = (part >= 1 - end).astype(np.uint8)
    ground = part[cv2.dilate(stroke, np.ones((3, 3), np.uint8), iterations=2) == 0]
    if ground.size < stroke.sum() / 4:
        return False
    level = float(np.median(ground))
    return 1 - end - level >= LEAST_CONTRAST and float(np.mean(np.abs(ground - level) <= FLAT_GROUND)) >= LEAST_FLAT_GROUND


def _box(line: list[_Letter], shape: tuple[int, ...]) -> TextBox:
    margin = round(MARGIN_HEIGHTS * max(x.height for x in line)) + 1
    return (
        max(min(x.row for x in line) - margin, 0),
        min(max(x.row + x.height for x in line) + margin, shape[0]),
        max(min(x.column for x in line) - margin, 0),
        min(max(x.column + x.width for x in line) + margin, shape[1]),
    )


def _near_edge(box: TextBox, shape: tuple[int, ...]) -> bool:
    rows, columns = EDGE_FRACTION * shape[0], EDGE_FRACTION * shape[1]
    return box[0] < rows or box[1] > shape[0] - rows or box[2] < columns or box[3] > shape[1] - columns


def _merged(boxes: list[TextBox]) -> list[TextBox]:
    """Merge boxes that overlap."""
    merged: list[TextBox] = []
    for box in boxes:
        apart = [b for b in merged if b[1] <= box[0] or box[1] <= b[0] or b[3] <= box[2] or box[3] <= b[2]]
        over = [box, *(b for b in merged if b not in apart)]
        merged = [*apart, (min(b[0] for b in over), max(b[1] for b in over), min(b[2] for b in over), max(b[3] for b in over))]
    return merged
