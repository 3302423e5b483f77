"""Text, legend and scale bar around a film, for the overlay and the pictures of two visits."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib as mpl
from PIL import Image, ImageDraw, ImageFont

from calcitrack.figures.label_places import Box, place_labels
from calcitrack.figures.palette import BASIS_WORDS, FateMark, fate_mark, in_order, rgb
from calcitrack.model.assessment import Fate
from calcitrack.model.spacing import SpacingBasis

TEXT_SIZE, SMALL_TEXT_SIZE, LABEL_SIZE = 30, 24, 22
LEAST_TEXT_SIZE = 12
STRIP = 92
"""Height of the strips above and below a film, so that no text hides a pixel of it."""
MARGIN = 18
LABEL_GAP = 8.0
"""Between neighbouring ids; an id further than this from its deposit is joined to it by a line."""
BACKGROUND, INK, FAINT = (18, 18, 18), (240, 240, 240), (170, 170, 170)
DOTS, DOT = 4, 1.5
"""Gaps between the dots on a side of a box of the legend, and their radius in pixels."""
BAR_LENGTHS_MM = (1, 2, 5, 10, 20, 50, 100)
BAR_MOST = 0.25
"""The scale bar is the longest of these that takes at most a quarter of the width."""


@functools.cache
def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which matplotlib ships."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / name), size)


def fitted_text(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, width: float, *, bold: bool = False) -> None:
    """Text in the largest size up to `size` that fits the width."""
    while size > LEAST_TEXT_SIZE and draw.textlength(text, font=font(size, bold=bold)) > width:
        size -= 1
    draw.text(at, text, font=font(size, bold=bold), fill=INK if bold else FAINT)


def draw_ids(picture: Image.Image, ids: Sequence[str], marks: Sequence[FateMark], boxes: Sequence[Box]) -> None:
    """Write each id beside its deposit's box, in the colour of its mark."""
    draw, face = ImageDraw.Draw(picture), font(LABEL_SIZE, bold=True)
    sizes = [draw.textbbox((0, 0), i, font=face)[2:] for i in ids]
    places = place_labels(boxes, [(w + LABEL_GAP, float(h)) for w, h in sizes], (picture.width, picture.height))
    for words, mark, box, place in zip(ids, marks, boxes, places, strict=True):
        colour = rgb(mark.colour)
        if place.distance_to(box) > LABEL_GAP:
            draw.line([place.nearest(box), box.nearest(place)], fill=colour, width=1)
        draw.text((place.left, place.top), words, font=face, fill=colour, stroke_width=3, stroke_fill=(0, 0, 0))


def draw_legend(draw: ImageDraw.ImageDraw, fates: Iterable[Fate], y: int, *, signs: bool = False, dotted: FateMark | None = None) -> float:
    """Draw boxes in the colours of the fates with their names, at the left of a strip; return where they end.

    Parameters
    ----------
    signs
        Write the sign of each fate as well, where ids carry it.
    dotted
        A further mark at the end, with a dotted box.
    """
    ordered = in_order(fates)
    x, face = float(MARGIN), font(SMALL_TEXT_SIZE)
    if not ordered:
        draw.text((x, y + 30), "no deposit found", font=face, fill=INK)
        x += draw.textlength("no deposit found", font=face)
    for fate in ordered:
        mark = fate_mark(fate)
        words = f"{mark.words} {mark.sign}".strip() if signs else mark.words
        draw.rectangle((x, y + 36, x + 22, y + 54), outline=rgb(mark.colour), width=3)
        draw.text((x + 32, y + 30), words, font=face, fill=INK)
        x += 32 + draw.textlength(words, font=face) + 2 * MARGIN
    if dotted is not None:
        x += 0 if ordered else 2 * MARGIN
        _dotted_box(draw, (x, y + 36, x + 22, y + 54), rgb(dotted.colour))
        draw.text((x + 32, y + 30), dotted.words, font=face, fill=INK)
        x += 32 + draw.textlength(dotted.words, font=face) + 2 * MARGIN
    return x


def _dotted_box(draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], colour: tuple[int, int, int]) -> None:
    left, top, right, bottom = box
    across, down = (right - left) / DOTS, (bottom - top) / DOTS
    along = range(DOTS + 1)
    places = {(left + k * across, y) for k in along for y in (top, bottom)} | {(x, top + k * down) for k in along for x in (left, right)}
    for x, y in places:
        draw.ellipse((x - DOT, y - DOT, x + DOT, y + DOT), fill=colour)


def draw_bar(draw: ImageDraw.ImageDraw, pixel_mm: float | None, basis: SpacingBasis, right: float, most: float, y: int) -> None:
    """Draw a scale bar that ends at `right` and is at most `most` wide, or the note that no size is stated.

    Parameters
    ----------
    pixel_mm
        Width of a pixel of the picture, mm; ``None`` where no size is stated.
    """
    face = font(SMALL_TEXT_SIZE)
    if pixel_mm is None:
        text = "no size stated: no scale bar"
        draw.text((right - draw.textlength(text, font=face), y + 30), text, font=face, fill=FAINT)
        return
    fitting = [mm for mm in BAR_LENGTHS_MM if mm / pixel_mm <= most] or [BAR_LENGTHS_MM[0]]
    length = fitting[-1] / pixel_mm
    draw.line([(right - length, y + 66), (right, y + 66)], fill=INK, width=5)
    for x in (right - length, right):
        draw.line([(x, y + 56), (x, y + 76)], fill=INK, width=3)
    text = f"{fitting[-1]} mm ({BASIS_WORDS[basis]})"
    draw.text((right - draw.textlength(text, font=face), y + 18), text, font=face, fill=INK)
