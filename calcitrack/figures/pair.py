"""Two successive visits: both films side by side, registered, and their difference, with deposits coloured by their fate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from calcitrack.figures.difference import FULL_SCALE, colour_bar, coloured, darkened, grey, hatch, relative_difference
from calcitrack.figures.label_places import Box
from calcitrack.figures.lettering import (
    BACKGROUND,
    BAR_MOST,
    INK,
    MARGIN,
    SMALL_TEXT_SIZE,
    STRIP,
    TEXT_SIZE,
    draw_bar,
    draw_ids,
    draw_legend,
    fitted_text,
    font,
)
from calcitrack.figures.outlines import RgbImage, draw_outline
from calcitrack.figures.overlay import BRIGHT_PERCENTILE, DARK_PERCENTILE
from calcitrack.figures.palette import fate_mark, title_of
from calcitrack.figures.registered import Grid, Sampled, Side, grid_of, on_scale_of, sample
from calcitrack.model.assessment import Assessment, Fate
from calcitrack.model.spacing import ASSUMED_PIXEL_MM, Spacing

LONG_SIDE = 1400
"""Pixels of the longer side of each film in the picture: two side by side fill a monitor, and print at 180 mm with 250 dots an inch."""
GAP = 12
"""Between two films."""
HEAD, LOW_HEAD = 38, 31
"""Above the films stand their heads; that of a single film below the words about its colours."""
COLOUR_BAR = (380, 22)
"""Width and height of the bar that explains the colours."""
REASON_CHARACTERS = 62
"""A line of the reason why films are not registered, in the least width."""
LEAST_WIDTH = 1200
"""Of a picture, so that legend and scale bar stand beside each other."""


@dataclass(frozen=True, eq=False, slots=True)
class PairPictures:
    """Pictures of two visits.

    Parameters
    ----------
    side_by_side
        Shape (rows, columns, 3): earlier film left, later film right, both in the baseline's coordinates.
    difference
        Shape (rows, columns, 3): later minus earlier.
    """

    side_by_side: RgbImage
    difference: RgbImage


@dataclass(frozen=True, slots=True)
class _Scale:
    """Size of a pixel of the picture, mm, and its basis; no size where none is stated."""

    pixel_mm: float | None
    spacing: Spacing


def pair_pictures(assessment: Assessment, earlier: Side, later: Side) -> PairPictures:
    """Compare the later film with the earlier one, side by side and as a difference.

    Deposits are outlined in the colour of their fate at the later visit; those that are gone appear on both sides, with a broken line. Where the
    registration is not reliable, the later film is hatched and the difference is not shown. Where it failed altogether, each film is shown as it
    was exposed and there is no difference; both pictures then say so, with the reason.

    Parameters
    ----------
    assessment
        Assessment of the timeline: gives fates, and the size of the baseline's pixels.
    earlier, later
        Two films of the timeline, with their pixels as measured.
    """
    failed = next((s for s in (later, earlier) if not s.registered), None)
    if failed is not None:
        return _unregistered(assessment, earlier, later, failed)
    grid = grid_of((earlier, later), LONG_SIDE)
    spacing = next((i.spacing for i in assessment.images if i.alignment is None), earlier.image.spacing)
    scale = _Scale(None if spacing.mean_mm is None else spacing.mean_mm * grid.step, spacing)
    before, after = sample(earlier, grid), sample(later, grid)
    matched, became, window = on_scale_of(before, after), _became(assessment, earlier, later), _window(before)
    left, right = grey(before.values, before.exposed, window), grey(matched, after.exposed, window)
    unsure = ~(before.trusted & after.trusted) & (before.limb | after.limb)
    hatch(right, unsure)
    mixed = coloured(relative_difference(before, after, matched, scale.pixel_mm or ASSUMED_PIXEL_MM * grid.step))
    darkened(mixed, ~(before.exposed & after.exposed))
    hatch(mixed, unsure)
    theirs, mine = _named(earlier, became), _named(later, became)
    gone = {label: word for label, word in theirs.items() if word[0] not in {i for i, _ in mine.values()}}
    panels = [_outlined(left, [(before.labels, theirs)]), _outlined(right, [(after.labels, mine), (before.labels, gone)])]
    drawn = _outlined(mixed, [(after.labels, mine), (before.labels, gone)])
    fates = [fate for _, fate in (*theirs.values(), *mine.values())]
    laid = "" if later.alignment is None else f", laid on the baseline{_residual(later)}"
    doubt = "; hatched where that is not sure" if unsure.any() else ""
    return PairPictures(
        _framed(assessment, [_when(earlier), f"{_when(later)}{laid}{doubt}"], panels, fates, scale),
        _framed(assessment, [f"{_when(later)} minus {_when(earlier)}{doubt}"], [drawn], fates, scale, colours=True),
    )


def _unregistered(assessment: Assessment, earlier: Side, later: Side, failed: Side) -> PairPictures:
    """Pictures of unregistered films, each as it was exposed; the reason replaces the difference."""
    reason = failed.alignment.reason if failed.alignment is not None else ""
    message = f"not registered: {reason or 'no reason stated'}"
    panels, heads, fates = [], [], []
    for side in (earlier, later):
        grid = _whole_film(side)
        alone = sample(Side(side.film, replace(side.image, alignment=None)), grid)
        named = {t.deposit.label: (t.deposit_id, t.fate) for t in side.image.deposits}
        panels.append(_outlined(grey(alone.values, alone.exposed, _window(alone)), [(alone.labels, named)]))
        heads.append(f"{_when(side)}, as exposed" + (", not registered" if side is failed else ""))
        fates += [fate for _, fate in named.values()]
    message = f"visit {failed.image.time_point} {message}"
    blank = Image.new("RGB", (LEAST_WIDTH - 2 * GAP, 4 * STRIP), BACKGROUND)
    words = "\n".join(wrap(message, REASON_CHARACTERS))
    ImageDraw.Draw(blank).multiline_text((MARGIN, STRIP), words, font=font(TEXT_SIZE, bold=True), fill=INK, spacing=12)
    return PairPictures(
        _framed(assessment, heads, panels, fates, None, note=message),
        _framed(assessment, [f"{_when(later)} minus {_when(earlier)}: no difference to show"], [blank], None, None),
    )


def _whole_film(side: Side) -> Grid:
    rows, columns = side.film.shape
    step = max(rows, columns) / LONG_SIDE
    return Grid((0.0, 0.0), step, (max(1, round(rows / step)), max(1, round(columns / step))))


def _became(assessment: Assessment, earlier: Side, later: Side) -> Mapping[str, Fate]:
    """Deposit id -> its fate at the later visit."""
    ids = {t.deposit_id for s in (earlier, later) for t in s.image.deposits}
    when = later.image.time_point
    return {t.deposit_id: t.fates[when] for t in assessment.tracks if t.deposit_id in ids and when in t.fates}


def _named(side: Side, became: Mapping[str, Fate]) -> dict[int, tuple[str, Fate]]:
    """Label -> (deposit id, fate at the later visit, or its own fate where the later visit has none)."""
    return {t.deposit.label: (t.deposit_id, became.get(t.deposit_id, t.fate)) for t in side.image.deposits}


def _window(film: Sampled) -> tuple[float, float]:
    """Grey window from air to dense bone."""
    exposed = film.exposed if film.exposed.any() else np.ones_like(film.exposed)
    inside = film.limb if film.limb.any() else exposed
    return float(np.percentile(film.values[exposed], DARK_PERCENTILE)), float(np.percentile(film.values[inside], BRIGHT_PERCENTILE))


def _outlined(canvas: RgbImage, layers: Sequence[tuple[NDArray[np.uint16], Mapping[int, tuple[str, Fate]]]]) -> Image.Image:
    """Outline the named deposits of each label map, and write their ids with the signs of their fates."""
    ids, fates, boxes = [], [], list[Box]()
    for labels, named in layers:
        places = ndimage.find_objects(labels)
        for label, (deposit_id, fate) in sorted(named.items()):
            place = places[label - 1] if 1 <= label <= len(places) else None
            if place is None:
                continue
            mark = fate_mark(fate)
            boxes.append(draw_outline(canvas, labels[place] == label, (place[0].start, place[1].start), mark))
            ids.append(f"{deposit_id} {mark.sign}".strip())
            fates.append(fate)
    picture = Image.fromarray(canvas)
    draw_ids(picture, ids, [fate_mark(f) for f in fates], boxes)
    return picture


def _when(side: Side) -> str:
    facts = side.image.exposure.acquisition
    day = facts.acquisition_time.date() if facts.acquisition_time else facts.study_date
    return f"visit {side.image.time_point}" + (f" ({day.isoformat()})" if day else "")


def _residual(side: Side) -> str:
    residual = side.alignment.residual_mm if side.alignment is not None else None
    return "" if residual is None else f" (residual {residual:.2f} mm)"


def _framed(
    assessment: Assessment,
    heads: Sequence[str],
    panels: Sequence[Image.Image],
    fates: Sequence[Fate] | None,
    scale: _Scale | None,
    *,
    colours: bool = False,
    note: str = "",
) -> RgbImage:
    """Place films side by side, below a title with a note and their headings, above legend and scale bar where there are any."""
    content = sum(p.width for p in panels) + GAP * (len(panels) - 1)
    width, height = max(content + 2 * GAP, LEAST_WIDTH), max(p.height for p in panels)
    framed = Image.new("RGB", (width, height + 2 * STRIP), BACKGROUND)
    draw = ImageDraw.Draw(framed)
    title = "  ·  ".join(t for t in (title_of(assessment.key), note) if t)
    fitted_text(draw, (MARGIN, 8), title, TEXT_SIZE, width - 2 * MARGIN, bold=True)
    x = (width - content) // 2
    for head, panel in zip(heads, panels, strict=True):
        framed.paste(panel, (x, STRIP))
        at, room = ((x, STRIP - HEAD), panel.width) if len(panels) > 1 else ((MARGIN, STRIP - LOW_HEAD), width - 2 * MARGIN)
        fitted_text(draw, at, head, SMALL_TEXT_SIZE, room)
        x += panel.width + GAP
    y = framed.height - STRIP
    if fates is not None:
        draw_legend(draw, fates, y, signs=True)
    if scale is not None:
        draw_bar(draw, scale.pixel_mm, scale.spacing.basis, width - MARGIN, BAR_MOST * width, y)
    if colours:
        _draw_colours(framed, draw, width)
    return np.asarray(framed)


def _draw_colours(framed: Image.Image, draw: ImageDraw.ImageDraw, width: int) -> None:
    """Draw the meaning of the colours at the right of the strip above."""
    bar, face = Image.fromarray(colour_bar(*COLOUR_BAR)), font(SMALL_TEXT_SIZE - 4)
    less, more = "less dense", "denser"
    right = width - MARGIN - draw.textlength(more, font=face) - 8
    left, top = int(right) - bar.width, 12
    framed.paste(bar, (left, top))
    draw.text((left - 8 - draw.textlength(less, font=face), top - 2), less, font=face, fill=INK)
    draw.text((left + bar.width + 8, top - 2), more, font=face, fill=INK)
    for words, part in ((f"−{100 * FULL_SCALE:.0f} %", 0.0), ("of bone contrast", 0.5), (f"+{100 * FULL_SCALE:.0f} %", 1.0)):  # noqa: RUF001
        draw.text((left + part * (bar.width - draw.textlength(words, font=face)), top + 26), words, font=face, fill=INK)
