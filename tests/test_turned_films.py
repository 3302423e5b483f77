"""Law: the same pixels turned by quarters give the same deposits, turned, and the same masses."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from calcitrack import Radiograph, Segmentation, calibrate, measure, segment
from calcitrack.measure.live import LiveFilm
from calcitrack.model.measurement import ImageMeasurements, Measurement
from calcitrack.model.spacing import Spacing
from calcitrack.phantom.film import film as simulate_film
from calcitrack.phantom.population import Exposures, Population
from calcitrack.phantom.radiograph import as_radiograph
from calcitrack.phantom.small import small_radiograph
from calcitrack.phantom.specs import BodyPart, Style
from calcitrack.segment.region import ClickFilm, Outlines

ROUNDING = 1e-9
"""Relative difference that another order of summing makes in double precision, with room."""


def _turned(film: Radiograph, turns: int) -> Radiograph:
    """The film as it is read when it was laid down with some quarter turns more."""
    row_mm, column_mm = film.spacing.row_mm, film.spacing.column_mm
    sides = (column_mm, row_mm) if turns % 2 else (row_mm, column_mm)
    spacing: Spacing = replace(film.spacing, row_mm=sides[0], column_mm=sides[1])
    return replace(film, pixels=np.rot90(film.pixels, turns), valid=np.rot90(film.valid_mask, turns), spacing=spacing)


def _outcome(film: Radiograph) -> tuple[Segmentation, ImageMeasurements]:
    calibrated = calibrate(film)
    found = segment(calibrated)
    return found, measure(calibrated, found)


@cache
def _simulated(style: Style) -> Radiograph:
    """A child's elbow of pixels that are not square, with odd and even sides; a picture for the eye has a wedge."""
    population = Population(body_part=BodyPart.ELBOW, burden="moderate", age_years=(3.0, 4.0))
    film = as_radiograph(simulate_film(4, population, Exposures(style=style, pitch_mm=(0.25, 0.25), wedge=style is Style.PRESENTATION)))
    rows, columns = film.shape
    spacing = replace(film.spacing, row_mm=0.25, column_mm=0.26)
    return replace(film, pixels=film.pixels[: rows - 1 + rows % 2, : columns - columns % 2], valid=None, spacing=spacing)


@cache
def _as_it_lies(style: Style) -> tuple[Segmentation, ImageMeasurements]:
    return _outcome(_simulated(style))


@pytest.mark.parametrize("style", [Style.LIN, Style.LOG, Style.PRESENTATION])
@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_film_gives_the_same_deposits_and_masses(style: Style, turns: int) -> None:
    """Whatever calibrates it (the header, its noise, a wedge): labels, limb and bone pixel for pixel; every number to within rounding."""
    (before, measured), (after, again) = _as_it_lies(style), _outcome(_turned(_simulated(style), turns))
    assert measured.deposits
    for name in ("labels", "limb", "bone"):
        assert np.array_equal(np.rot90(getattr(before, name), turns), getattr(after, name)), name
    assert after.confidence == before.confidence
    for one, other in zip(measured.deposits, again.deposits, strict=True):
        for name, result in one.measurements.items():
            if isinstance(result, Measurement):
                assert float(other.measurements[name]) == pytest.approx(float(result), rel=ROUNDING), name
                assert other.measurements[name].sd == (None if result.sd is None else pytest.approx(result.sd, rel=1e-6)), name


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_an_edited_film_is_measured_as_if_it_were_not_turned(turns: int) -> None:
    """What a reader's edit measures again agrees with the film as it lies."""
    film = small_radiograph()
    found, measured = _outcome(film)
    live = LiveFilm(_turned(film, turns), replace(found, **{n: np.rot90(getattr(found, n), turns) for n in ("labels", "limb", "bone")}))
    assert float(live.totals()["ha_mass_mg"]) == pytest.approx(float(measured.totals["ha_mass_mg"]), rel=ROUNDING)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_click_on_a_turned_film_gives_the_same_outlines(turns: int) -> None:
    """The ladder of outlines under a click turns with the film."""
    film = small_radiograph()
    row, column = 80, 75
    turned = _turned(film, turns)
    marked = np.zeros(film.shape, bool)
    marked[row, column] = True
    there = np.argwhere(np.rot90(marked, turns))[0]
    before, after = ClickFilm.of(film).outlines(row, column), ClickFilm.of(turned).outlines(int(there[0]), int(there[1]))
    assert isinstance(before, Outlines)
    assert isinstance(after, Outlines)
    for one, other in zip(before.ladder, after.ladder, strict=True):
        drawn, again = np.zeros(film.shape, bool), np.zeros(turned.shape, bool)
        drawn[one.window], again[other.window] = one.inside, other.inside
        assert np.array_equal(np.rot90(drawn, turns), again)
