"""All films of a timeline measured together, on small films whose values follow from a formula."""

from __future__ import annotations

import numpy as np
import pytest

from calcitrack.assess.together import ONE_IMAGE, FilmFamily, TogetherOnFilms
from calcitrack.calibrate.intensity import attenuation
from calcitrack.measure.deposits import film_of
from calcitrack.measure.joint import FamilyValues
from calcitrack.measure.options import MeasureOptions
from calcitrack.model.alignment import Alignment
from calcitrack.phantom.small import BASELINE, INTERVAL, PITCH_MM, small_radiograph, small_segmentation
from calcitrack.track.detection import Detection
from calcitrack.track.match import Track

IN_PLACE = Alignment(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), residual_px=0.1)
LOST = Alignment(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), residual_px=9.0, ok=False, reason="the films do not match")


def _together(radii_mm: list[float], alignments: list[Alignment | None]) -> FilmFamily:
    segmentations = [small_segmentation(r) for r in radii_mm]
    seen = {k: Detection(1, (0.0, 0.0), r) for k, r in enumerate(radii_mm) if r > 0}
    together = TogetherOnFilms([Track(1, seen)], segmentations, alignments, (PITCH_MM, PITCH_MM))
    for k, (radius, segmentation) in enumerate(zip(radii_mm, segmentations, strict=True)):
        film = small_radiograph(radius, day=BASELINE + k * INTERVAL)
        together.look(k, film_of(film, segmentation, MeasureOptions(), attenuation(film)))
    (family,) = together.measured()
    return family


def _values(family: FilmFamily) -> FamilyValues:
    assert isinstance(family.measured, FamilyValues)
    return family.measured


def test_mass_follows_the_deposit_that_grows() -> None:
    """The masses stand in the ratio of the drawn deposits."""
    family = _together([1.5, 2.0, 2.5], [None, IN_PLACE, IN_PLACE])
    mass = _values(family).mass_mg
    assert family.images == (0, 1, 2)
    assert mass is not None
    # A ball's shadow of one height at its middle holds mass in proportion to the square of its radius.
    np.testing.assert_allclose(mass.values / mass.values[1], np.square([1.5, 2.0, 2.5]) / 4, atol=0.1)


def test_a_deposit_that_is_gone_has_a_mass_whose_interval_holds_zero() -> None:
    """The third film outlines nothing and is measured at the place of the first two."""
    mass = _values(_together([2.0, 2.0, 0.0], [None, IN_PLACE, IN_PLACE])).mass_mg
    assert mass is not None
    assert abs(mass.values[2]) < 1.96 * np.sqrt(mass.covariance[2, 2])
    assert abs(mass.values[2]) < 0.1 * mass.values[0]


def test_a_film_that_could_not_be_aligned_takes_no_part() -> None:
    """Its map is not relied on."""
    assert _together([2.0, 2.0, 2.0], [None, LOST, IN_PLACE]).images == (0, 2)


def test_one_film_alone_is_no_measurement_together_and_says_so() -> None:
    """The reason stands in the place of the values."""
    family = _together([2.0, 2.0], [None, LOST])
    assert family.images == ()
    assert family.measured == ONE_IMAGE


@pytest.mark.parametrize("radii", [[2.0, 2.0], [2.0, 2.0, 2.0, 2.0]])
def test_the_same_deposit_at_every_visit_changes_by_nothing(radii: list[float]) -> None:
    """Two films or four: the change is zero within an interval narrower than half of the mass."""
    mass = _values(_together(radii, [None, *[IN_PLACE] * (len(radii) - 1)])).mass_mg
    assert mass is not None
    c = mass.covariance
    sd = float(np.sqrt(c[0, 0] + c[-1, -1] - 2 * c[0, -1]))
    assert abs(mass.values[-1] - mass.values[0]) < 1.96 * sd
    assert sd < 0.25 * mass.values[0]
