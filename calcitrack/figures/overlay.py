"""The deposits drawn onto their radiograph, for a reader to check at a glance."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from calcitrack.calibrate.intensity import attenuation
from calcitrack.figures.label_places import Box
from calcitrack.figures.lettering import (
    BACKGROUND,
    BAR_MOST,
    MARGIN,
    SMALL_TEXT_SIZE,
    STRIP,
    TEXT_SIZE,
    draw_bar,
    draw_ids,
    draw_legend,
    fitted_text,
)
from calcitrack.figures.outlines import RgbImage, draw_outline
from calcitrack.figures.palette import BASIS_WORDS, POSSIBLE_MARK, FateMark, fate_mark, title_of
from calcitrack.model.assessment import COVERAGE_FACTOR, DepositId, ImageAssessment
from calcitrack.model.display import counted
from calcitrack.model.image import Radiograph
from calcitrack.model.measurement import Measurement
from calcitrack.model.possible import possible_name
from calcitrack.model.timeline import TimelineKey

LONG_SIDE = 1800
"""Pixels of the longer side of the radiograph in the picture: fills a reading monitor, and keeps a picture near 2 MB."""
DARK_PERCENTILE = 2.0
"""Of all exposed pixels: the air, which is black as on a light box, so that the skin line stands out also where the limb was not found well."""
BRIGHT_PERCENTILE = 99.7
"""Of the pixels inside the limb: dense bone; metal and burnt-in letters may saturate."""


def overlay_image(radiograph: Radiograph, image: ImageAssessment, key: TimelineKey) -> RgbImage:
    """The radiograph with bone in white, each deposit outlined in the colour of its fate with its id beside it, and a scale bar.

    Possible deposits have dotted outlines.

    Parameters
    ----------
    radiograph
        The image's pixels, as they were measured.
    image
        The measured deposits of the image.
    key
        Key of the timeline, for the header line.

    Returns
    -------
    numpy.ndarray
        Shape (rows, columns, 3), uint8, red-green-blue. The radiograph is scaled so that its longer side has 1800 pixels.

    Examples
    --------
    >>> from calcitrack import assess
    >>> from calcitrack.phantom.small import small_timeline
    >>> assessment = assess(small_timeline((2.0,)))
    >>> image = assessment.images[0]
    >>> overlay = overlay_image(image.exposure.load(), image, assessment.key)
    >>> overlay.ndim, overlay.dtype.name
    (3, 'uint8')
    """
    scale = LONG_SIDE / max(radiograph.shape)
    canvas = np.ascontiguousarray(np.repeat(_shown(radiograph, image, scale)[:, :, None], 3, axis=2))
    ordered = sorted(image.deposits, key=lambda t: DepositId.parse(t.deposit_id))
    outlined = [(t.deposit.label, fate_mark(t.fate)) for t in ordered]
    boxes = _draw_contours(canvas, image.segmentation.labels, outlined, scale)
    names, marks = [t.deposit_id for t in ordered], [mark for _, mark in outlined]
    if image.segmentation.possible is not None:
        possible = image.segmentation.possible_values
        boxes += _draw_contours(canvas, image.segmentation.possible, [(number, POSSIBLE_MARK) for number in possible], scale)
        names += [possible_name(number) for number in possible]
        marks += [POSSIBLE_MARK] * len(possible)
    picture = Image.fromarray(canvas)
    draw_ids(picture, names, marks, boxes)
    return np.asarray(_framed(picture, image, key, scale))


def _shown(radiograph: Radiograph, image: ImageAssessment, scale: float) -> NDArray[np.uint8]:
    """Grey values of the picture: attenuation where the values allow it, from air to dense bone."""
    values = attenuation(radiograph)  # the logarithm of the beam's intensity shows bone and skin at once
    exposed = radiograph.valid_mask if radiograph.valid_mask.any() else np.ones_like(radiograph.valid_mask)
    inside = image.segmentation.limb & exposed
    low = float(np.percentile(values[exposed], DARK_PERCENTILE))
    high = float(np.percentile(values[inside if inside.any() else exposed], BRIGHT_PERCENTILE))
    grey = np.clip((values - low) / max(high - low, 1e-6), 0, 1)
    grey[~radiograph.valid_mask] = 0
    size = (max(1, round(radiograph.shape[1] * scale)), max(1, round(radiograph.shape[0] * scale)))
    resized = cv2.resize((255 * grey).astype(np.uint8), size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    return np.asarray(resized, np.uint8)


def _draw_contours(canvas: RgbImage, labels: NDArray[np.uint16], outlined: Sequence[tuple[int, FateMark]], scale: float) -> list[Box]:
    """Outline each of these labels with its mark; return their boxes in the same order. A label without a pixel has an empty box."""
    places = ndimage.find_objects(labels)
    boxes = []
    for label, mark in outlined:
        place = places[label - 1] if 1 <= label <= len(places) else None
        if place is None:
            boxes.append(Box(0, 0, 0, 0))
            continue
        corner = (place[0].start, place[1].start)
        boxes.append(draw_outline(canvas, labels[place] == label, corner, mark, scale))
    return boxes


def _framed(picture: Image.Image, image: ImageAssessment, key: TimelineKey, scale: float) -> Image.Image:
    width = max(picture.width, 900)
    framed = Image.new("RGB", (width, picture.height + 2 * STRIP), BACKGROUND)
    framed.paste(picture, ((width - picture.width) // 2, STRIP))
    draw = ImageDraw.Draw(framed)
    top, bottom = _header_lines(image, key)
    fitted_text(draw, (MARGIN, 10), top, TEXT_SIZE, width - 2 * MARGIN, bold=True)
    fitted_text(draw, (MARGIN, 52), bottom, SMALL_TEXT_SIZE, width - 2 * MARGIN)
    y = framed.height - STRIP
    draw_legend(draw, [t.fate for t in image.deposits], y, dotted=None if image.segmentation.possible is None else POSSIBLE_MARK)
    pitch = image.spacing.column_mm
    draw_bar(draw, None if pitch is None else pitch / scale, image.spacing.basis, width - MARGIN, BAR_MOST * width, y)
    return framed


def _header_lines(image: ImageAssessment, key: TimelineKey) -> tuple[str, str]:
    facts = image.exposure.acquisition
    day = facts.acquisition_time.date() if facts.acquisition_time else facts.study_date
    when = day.isoformat() if day else "date not stated"
    repeat = f", repeat {image.repeat}" if image.repeat else ""
    mass = image.totals.get("ha_mass_mg")
    area = image.totals.get("area_mm2")
    parts = [f"time point {image.time_point}{repeat}", counted(len(image.deposits), "deposit"), f"calibration tier {image.calibration.tier.value}"]
    if isinstance(area, Measurement):
        parts.append(f"{area.value:.1f} mm² {BASIS_WORDS[image.spacing.basis]}")
    if isinstance(mass, Measurement):
        parts.append(f"{mass.value:.1f} mg HA" if mass.sd is None else f"{mass.value:.1f} ± {COVERAGE_FACTOR * mass.sd:.1f} mg HA (95 %)")
    return f"{title_of(key)}  ·  {when}", "  ·  ".join(parts)
