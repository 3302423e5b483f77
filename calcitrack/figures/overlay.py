"""The deposits drawn onto their radiograph, for a reader to check at a glance."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from calcitrack.figures.label_places import Box, place_labels
from calcitrack.figures.palette import BASIS_WORDS, FATE_COLOUR, rgb, title_of
from calcitrack.model.assessment import Fate, ImageAssessment, TrackedDeposit
from calcitrack.model.calibration import Relationship
from calcitrack.model.image import Radiograph
from calcitrack.model.measurement import Measurement
from calcitrack.model.timeline import TimelineKey

RgbImage = NDArray[np.uint8]
"""Shape (rows, columns, 3)."""

LONG_SIDE = 1800
"""Pixels of the longer side of the radiograph in the picture: fills a reading monitor, and keeps a picture near 2 MB."""
TEXT_SIZE, SMALL_TEXT_SIZE, LABEL_SIZE = 30, 24, 22
STRIP = 92
"""Height of the strips above and below the radiograph, so that no text hides a pixel of it."""
MARGIN = 18
LABEL_GAP = 8.0
"""Between neighbouring ids; an id further than this from its deposit is joined to it by a line."""
BACKGROUND, INK, FAINT = (18, 18, 18), (240, 240, 240), (170, 170, 170)
DARK_PERCENTILE = 2.0
"""Of all exposed pixels: the air, which is black as on a light box, so that the skin line stands out also where the limb was not found well."""
BRIGHT_PERCENTILE = 99.7
"""Of the pixels inside the limb: dense bone; metal and burnt-in letters may saturate."""
CONTOUR_GAP_PX = 1.5
"""Contours run this far outside the deposit, in pixels of the picture: its edge stays visible."""
SUBPIXEL_BITS = 4
BAR_LENGTHS_MM = (1, 2, 5, 10, 20, 50, 100)
BAR_MOST = 0.25
"""The scale bar is the longest of these that takes at most a quarter of the width."""


def overlay_image(radiograph: Radiograph, image: ImageAssessment, key: TimelineKey) -> RgbImage:
    """The radiograph with bone in white, each deposit outlined in the colour of its fate with its id beside it, and a scale bar.

    Parameters
    ----------
    radiograph
        The image's pixels, as they were measured.
    image
        What was measured on it.
    key
        Named in the header line.

    Returns
    -------
    numpy.ndarray
        Shape (rows, columns, 3), uint8, red-green-blue. The radiograph is scaled so that its longer side has 1800 pixels.
    """
    scale = LONG_SIDE / max(radiograph.shape)
    canvas = np.ascontiguousarray(np.repeat(_shown(radiograph, image, scale)[:, :, None], 3, axis=2))
    ordered = sorted(image.deposits, key=lambda t: (len(t.deposit_id), t.deposit_id))
    boxes = _draw_contours(canvas, image.segmentation.labels, ordered, scale)
    picture = Image.fromarray(canvas)
    _draw_labels(picture, ordered, boxes)
    return np.asarray(_framed(picture, image, key, scale))


def _shown(radiograph: Radiograph, image: ImageAssessment, scale: float) -> NDArray[np.uint8]:
    """Grey values of the picture: attenuation where the values allow it, from air to dense bone."""
    values = radiograph.pixels
    if radiograph.calibration.relationship is Relationship.LIN and radiograph.calibration.polarity == -1:
        beam = np.maximum(-values, 1.0)  # the beam's intensity in detector units: its logarithm shows bone and skin at once
        values = -np.log(beam)
    exposed = radiograph.valid_mask if radiograph.valid_mask.any() else np.ones_like(radiograph.valid_mask)
    inside = image.segmentation.limb & exposed
    low = float(np.percentile(values[exposed], DARK_PERCENTILE))
    high = float(np.percentile(values[inside if inside.any() else exposed], BRIGHT_PERCENTILE))
    grey = np.clip((values - low) / max(high - low, 1e-6), 0, 1)
    grey[~radiograph.valid_mask] = 0
    size = (max(1, round(radiograph.shape[1] * scale)), max(1, round(radiograph.shape[0] * scale)))
    resized = cv2.resize((255 * grey).astype(np.uint8), size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    return np.asarray(resized, np.uint8)


def _draw_contour(canvas: RgbImage, mask: NDArray[np.bool_], corner: tuple[int, int], fate: Fate, scale: float) -> Box:
    """Outline one deposit, dark under coloured so that it shows on bone and on air.

    Parameters
    ----------
    canvas
        Drawn upon.
    mask, corner
        The deposit inside its bounding box, and (row, column) of the box's first pixel, in pixels of the image.

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
    fixed = [np.round((o + shift) * 2**SUBPIXEL_BITS).astype(np.int32) for o in outlines]
    for colour, thickness in (((0, 0, 0), 4), (rgb(FATE_COLOUR[fate]), 2)):
        cv2.polylines(canvas, fixed, True, colour, thickness, cv2.LINE_AA, SUBPIXEL_BITS)
    return Box(left * scale - pad, top * scale - pad, (left + width) * scale + pad, (top + height) * scale + pad)


def _draw_contours(canvas: RgbImage, labels: NDArray[np.uint16], deposits: Sequence[TrackedDeposit], scale: float) -> list[Box]:
    """Outline every deposit; their boxes in the same order. A deposit without a pixel has an empty box."""
    places = ndimage.find_objects(labels)
    boxes = []
    for tracked in deposits:
        label = tracked.deposit.label
        place = places[label - 1] if 1 <= label <= len(places) else None
        if place is None:
            boxes.append(Box(0, 0, 0, 0))
            continue
        boxes.append(_draw_contour(canvas, labels[place] == label, (place[0].start, place[1].start), tracked.fate, scale))
    return boxes


@functools.cache
def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / name), size)


def _draw_labels(picture: Image.Image, deposits: list[TrackedDeposit], boxes: list[Box]) -> None:
    draw, font = ImageDraw.Draw(picture), _font(LABEL_SIZE, bold=True)
    sizes = [draw.textbbox((0, 0), t.deposit_id, font=font)[2:] for t in deposits]
    places = place_labels(boxes, [(w + LABEL_GAP, float(h)) for w, h in sizes], (picture.width, picture.height))
    for tracked, box, place in zip(deposits, boxes, places, strict=True):
        colour = rgb(FATE_COLOUR[tracked.fate])
        if place.distance_to(box) > LABEL_GAP:
            draw.line([place.nearest(box), box.nearest(place)], fill=colour, width=1)
        draw.text((place.left, place.top), tracked.deposit_id, font=font, fill=colour, stroke_width=3, stroke_fill=(0, 0, 0))


def _framed(picture: Image.Image, image: ImageAssessment, key: TimelineKey, scale: float) -> Image.Image:
    width = max(picture.width, 900)
    framed = Image.new("RGB", (width, picture.height + 2 * STRIP), BACKGROUND)
    framed.paste(picture, ((width - picture.width) // 2, STRIP))
    draw = ImageDraw.Draw(framed)
    top, bottom = _header_lines(image, key)
    _fitted_text(draw, (MARGIN, 10), top, TEXT_SIZE, width, bold=True)
    _fitted_text(draw, (MARGIN, 52), bottom, SMALL_TEXT_SIZE, width)
    y = framed.height - STRIP
    _draw_legend(draw, image, y)
    _draw_bar(draw, image, scale, width, y)
    return framed


def _fitted_text(draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, width: int, *, bold: bool = False) -> None:
    """Text in the largest size up to `size` that fits the width."""
    while size > 12 and draw.textlength(text, font=_font(size, bold=bold)) > width - 2 * MARGIN:
        size -= 1
    draw.text(at, text, font=_font(size, bold=bold), fill=INK if bold else FAINT)


def _header_lines(image: ImageAssessment, key: TimelineKey) -> tuple[str, str]:
    facts = image.exposure.acquisition
    day = facts.acquisition_time.date() if facts.acquisition_time else facts.study_date
    when = day.isoformat() if day else "date not stated"
    repeat = f", repeat {image.repeat}" if image.repeat else ""
    mass = image.totals.get("ha_mass_mg")
    area = image.totals.get("area_mm2")
    parts = [f"time point {image.time_point}{repeat}", f"{len(image.deposits)} deposits", f"calibration tier {image.calibration.tier.value}"]
    if isinstance(area, Measurement):
        parts.append(f"{area.value:.1f} mm² {BASIS_WORDS[image.spacing.basis]}")
    if isinstance(mass, Measurement):
        parts.append(f"{mass.value:.1f} mg HA" if mass.sd is None else f"{mass.value:.1f} ± {mass.sd:.1f} mg HA")
    return f"{title_of(key)}  ·  {when}", "  ·  ".join(parts)


def _draw_legend(draw: ImageDraw.ImageDraw, image: ImageAssessment, y: int) -> None:
    fates = [f for f in (Fate.BASELINE, Fate.PERSISTENT, Fate.NEW) if any(t.fate is f for t in image.deposits)]
    x, font = float(MARGIN), _font(SMALL_TEXT_SIZE)
    if not fates:
        draw.text((x, y + 30), "no deposit found", font=font, fill=INK)
    for fate in fates:
        draw.rectangle((x, y + 36, x + 22, y + 54), outline=rgb(FATE_COLOUR[fate]), width=3)
        draw.text((x + 32, y + 30), fate.value, font=font, fill=INK)
        x += 32 + draw.textlength(fate.value, font=font) + 2 * MARGIN


def _draw_bar(draw: ImageDraw.ImageDraw, image: ImageAssessment, scale: float, width: int, y: int) -> None:
    font, pitch = _font(SMALL_TEXT_SIZE), image.spacing.column_mm
    if pitch is None:
        text = "no size stated: no scale bar"
        draw.text((width - MARGIN - draw.textlength(text, font=font), y + 30), text, font=font, fill=FAINT)
        return
    fitting = [mm for mm in BAR_LENGTHS_MM if mm / pitch * scale <= BAR_MOST * width] or [BAR_LENGTHS_MM[0]]
    length = fitting[-1] / pitch * scale
    right = width - MARGIN
    draw.line([(right - length, y + 66), (right, y + 66)], fill=INK, width=5)
    for x in (right - length, right):
        draw.line([(x, y + 56), (x, y + 76)], fill=INK, width=3)
    text = f"{fitting[-1]} mm {BASIS_WORDS[image.spacing.basis]}"
    draw.text((right - draw.textlength(text, font=font), y + 18), text, font=font, fill=INK)
