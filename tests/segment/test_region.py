"""The outline under a click: discs of every size on drawn limbs, the same film under other curves, places where there is nothing."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from calcitrack import Radiograph
from calcitrack.model.calibration import Calibration, Relationship, Tier
from calcitrack.model.image import Acquisition, Mask
from calcitrack.model.spacing import Spacing
from calcitrack.segment import NoOutline, outline_at
from calcitrack.segment.region import Bare, ClickFilm, Outlines

PITCH_MM = 0.25
ROW_MM, COLUMN_MM = 55.0, 24.0
"""In the soft tissue of the drawn limb, 6 mm from its bone."""


def dice(one: Mask, other: Mask) -> float:
    """Dice coefficient of two masks."""
    return 2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other))


def drawn_disc(drawn: ModuleType, radius_mm: float, row_mm: float = ROW_MM, column_mm: float = COLUMN_MM) -> tuple[Radiograph, Mask, tuple[int, int]]:
    """A film with one disc of 200 mg/cm2, the disc, and a click beside its middle."""
    disc = drawn.Disc(row_mm, column_mm, radius_mm, 200.0)
    film = drawn.draw([disc], pitch_mm=PITCH_MM)
    click = (round((row_mm + 0.3 * radius_mm) / PITCH_MM), round(column_mm / PITCH_MM))
    return film, drawn.segmented(film, [disc]).labels > 0, click


def picture(film: Radiograph, power: float) -> Radiograph:
    """The film as a picture without a header and a pixel size, its grey values under a rising curve."""
    low, high = float(film.pixels.min()), float(film.pixels.max())
    grey = np.round(((film.pixels - low) / (high - low)) ** power * 255)
    calibration = Calibration(Tier.C, Relationship.UNKNOWN, 1, "a picture without a header")
    return Radiograph(pixels=grey, spacing=Spacing.uncalibrated(), acquisition=Acquisition(), calibration=calibration)


@pytest.mark.parametrize("radius_mm", [1.0, 2.0, 4.0])
def test_a_disc_is_outlined(drawn: ModuleType, radius_mm: float) -> None:
    """One click beside its middle gives it back, from a stone to a nodule, on a limb unlike those that the network has seen."""
    film, truth, click = drawn_disc(drawn, radius_mm)
    found = outline_at(film, *click)
    assert not isinstance(found, NoOutline)
    assert dice(found, truth) > 0.8


@pytest.mark.parametrize("power", [0.7, 1.5])
def test_grey_curve_and_pixel_size_are_not_needed(drawn: ModuleType, power: float) -> None:
    """A picture of the same film gives the same disc."""
    film, truth, click = drawn_disc(drawn, 4.0)
    found = outline_at(picture(film, power), *click)
    assert not isinstance(found, NoOutline)
    assert dice(found, truth) > 0.8


@pytest.mark.parametrize(("place", "reason"), [((200, 5), Bare.AIR), ((200, 90), Bare.SOFT), ((-1, 5), Bare.OUTSIDE)])
def test_a_click_on_nothing_says_what_lies_there(drawn: ModuleType, place: tuple[int, int], reason: Bare) -> None:
    """No region of the whole limb, but a reason."""
    assert outline_at(drawn.draw(pitch_mm=PITCH_MM), *place) == NoOutline(reason)


def test_larger_outlines_hold_the_smaller_ones(drawn: ModuleType) -> None:
    """The ladder rises; beyond its ends it stays; the window says where on the film the outline lies."""
    film, truth, click = drawn_disc(drawn, 4.0)
    found = ClickFilm.of(film).outlines(*click)
    assert isinstance(found, Outlines)
    areas = [np.count_nonzero(o.inside) for o in found.ladder]
    assert areas == sorted(areas)
    assert len(areas) > 1
    assert found.sized(99) is found.ladder[-1]
    assert found.sized(-99) is found.ladder[0]
    best = found.sized()
    assert best.inside.shape == tuple(side.stop - side.start for side in best.window)
    assert truth[best.window][best.inside].mean() > 0.9


def test_nothing_is_outlined_where_no_beam_was(drawn: ModuleType) -> None:
    """A pixel that the file calls invalid takes no part, neither as a click nor in an outline."""
    film, _, click = drawn_disc(drawn, 4.0)
    valid = np.ones(film.shape, bool)
    valid[: click[0] - 4] = False
    half = replace(ClickFilm.of(film), valid=valid)
    found = half.outlines(*click)
    assert isinstance(found, Outlines)
    best = found.sized()
    assert best.inside.any()
    assert not (best.inside & ~valid[best.window]).any()
    assert half.outlines(click[0] - 10, click[1]) == NoOutline(Bare.OUTSIDE)


def test_a_wrong_argument_is_refused() -> None:
    """The message names what was given."""
    with pytest.raises(TypeError, match=r"outline_at\(radiograph\)"):
        outline_at(np.zeros((4, 4)), 1, 1)
