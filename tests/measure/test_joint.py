"""Laws of a deposit measured on all visits together, on surroundings drawn from formulas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from calcitrack.measure.joint import (
    APART,
    LESS_SURE,
    OWN,
    SHARED_SCALE_SD,
    FamilyValues,
    Patch,
    Values,
    better_alone,
    bone_contrasts,
    common,
    measure_joint,
)

SIDE, STEP_MM = 80, 0.2
"""A patch of 16 x 16 mm."""
RADIUS_MM, HEIGHT = 1.5, 0.3
DOME_MM2 = HEIGHT * np.pi * RADIUS_MM**2 / 2
"""Integral of the drawn deposit over its disc, attenuation times mm2."""
NOISE = 0.003


def _away_mm() -> NDArray[np.float64]:
    row, column = (np.mgrid[:SIDE, :SIDE] - SIDE / 2) * STEP_MM
    return np.hypot(row, column)


REGION = _away_mm() <= RADIUS_MM


def _patches(heights: list[float], *, gains: list[float] | None = None) -> list[Patch]:
    """Visits of one anatomy: a slope that differs a little from visit to visit, and a deposit of these heights, a paraboloid."""
    rng = np.random.default_rng(11)
    dome = np.clip(1 - (_away_mm() / RADIUS_MM) ** 2, 0, None)
    slope = np.linspace(0, 0.1, SIDE)[:, None] * np.ones(SIDE)
    all_true, no_bone = np.ones((SIDE, SIDE), bool), np.zeros((SIDE, SIDE), bool)
    patches = []
    for k, (height, gain) in enumerate(zip(heights, gains or [1.0] * len(heights), strict=True)):
        values = gain * (0.5 + (1 + 0.1 * k) * slope + height * dome + rng.normal(0, NOISE, dome.shape))
        patches.append(Patch(values, all_true, no_bone, all_true, STEP_MM**2, "no mass on this film", gain))
    return patches


def _measured(heights: list[float], *, gains: list[float] | None = None) -> FamilyValues:
    outlined = [REGION if height > 0 else None for height in heights]
    measured = measure_joint(_patches(heights, gains=gains), REGION, REGION, outlined, STEP_MM)
    assert isinstance(measured, FamilyValues)
    return measured


def _change(values: Values) -> tuple[float, float]:
    """Change from the first image to the last, and its standard uncertainty."""
    c = values.covariance
    return float(values.values[-1] - values.values[0]), float(np.sqrt(c[0, 0] + c[-1, -1] - 2 * c[0, -1]))


def test_contrast_is_that_of_the_drawn_deposit_at_every_visit() -> None:
    """Half, once and twice the height give half, once and twice the integral, although the film slopes otherwise at each visit."""
    heights = [HEIGHT, 2 * HEIGHT, HEIGHT / 2]
    measured = _measured(heights)
    np.testing.assert_allclose(measured.contrast_mm2.values, np.array(heights) / HEIGHT * DOME_MM2, rtol=0.05)
    assert measured.region_mm2 == pytest.approx(np.pi * RADIUS_MM**2, rel=0.03)
    assert measured.over_bone == 0
    assert measured.mass_mg is None  # the film has no model of it


def test_a_deposit_that_never_changes_has_a_change_of_zero_within_its_interval() -> None:
    """What all visits share cancels: the change is zero within an interval much narrower than the value."""
    measured = _measured([HEIGHT] * 4)
    for values in (measured.contrast_mm2, measured.area_mm2):
        assert values is not None
        change, sd = _change(values)
        assert abs(change) < 1.96 * sd
        assert sd < 0.25 * values.values[0]


def test_a_resolved_deposit_has_a_value_near_zero_whose_interval_holds_zero() -> None:
    """Its place has a value, although that film outlines nothing, and its change stands out of its interval."""
    measured = _measured([HEIGHT, HEIGHT, 0.0])
    contrast = measured.contrast_mm2
    assert contrast is not None
    assert abs(contrast.values[2]) < 0.05 * contrast.values[0]
    assert abs(contrast.values[2]) < 1.96 * np.sqrt(contrast.covariance[2, 2])
    assert measured.area_mm2.values[2] < 0.1 * measured.area_mm2.values[0]
    change, sd = _change(contrast)
    assert change < -1.96 * sd


def test_contrast_does_not_depend_on_the_gain_of_a_film() -> None:
    """Films of any gain are compared in units of the contrast of bone."""
    alike, scaled = _measured([HEIGHT] * 3), _measured([HEIGHT] * 3, gains=[1.0, 1.7, 0.6])
    np.testing.assert_allclose(scaled.contrast_mm2.values, alike.contrast_mm2.values, rtol=1e-6)
    np.testing.assert_allclose(scaled.area_mm2.values, alike.area_mm2.values, rtol=1e-6)


@pytest.mark.parametrize("heights", [[HEIGHT, HEIGHT], [HEIGHT, 0.0, 2 * HEIGHT], [HEIGHT] * 5])
def test_covariance_is_symmetric_and_positive_semidefinite(heights: list[float]) -> None:
    """No combination of visits has a negative variance."""
    measured = _measured(heights)
    for values in (measured.contrast_mm2, measured.area_mm2):
        np.testing.assert_allclose(values.covariance, values.covariance.T)
        assert np.linalg.eigvalsh(values.covariance).min() >= -1e-12


def _grainy(seed: int, smoothed_mm: float) -> FamilyValues:
    """Four visits at which nothing changes, each with a structure of its own of the same strength that stays alike over about this distance."""
    rng = np.random.default_rng(seed)
    patches = []
    for patch in _patches([HEIGHT] * 4):
        own = ndimage.gaussian_filter(rng.normal(0, 1, (SIDE, SIDE)), smoothed_mm / STEP_MM)
        patches.append(replace(patch, values=patch.values + 0.01 * own / own.std()))
    measured = measure_joint(patches, REGION, REGION, [REGION] * 4, STEP_MM)
    assert isinstance(measured, FamilyValues)
    return measured


def test_what_stays_alike_over_a_shorter_distance_leaves_less_unsure() -> None:
    """Structures of one strength: those of 0.1 mm average out over the deposit, those of 0.5 mm less so."""
    fine, coarse = (float(np.sqrt(_grainy(5, mm).contrast_mm2.terms[OWN][0, 0])) for mm in (0.1, 0.5))
    assert 1.8 * fine < coarse


@pytest.mark.parametrize("smoothed_mm", [0.3, 1.0, 2.0])
def test_intervals_of_a_change_hold_zero_where_nothing_changes(smoothed_mm: float) -> None:
    """Whatever structure each film has of its own: of 60 changes at least 0.93 lie within their 95 % interval."""
    changes = []
    for seed in range(20):
        contrast = _grainy(seed, smoothed_mm).contrast_mm2
        c, v = contrast.covariance, contrast.values
        changes += [abs(v[k] - v[0]) / np.sqrt(c[0, 0] + c[k, k] - 2 * c[0, k]) for k in (1, 2, 3)]
    assert np.mean(np.array(changes) <= 1.96) >= 0.93


def test_the_covariance_is_the_sum_of_its_named_terms() -> None:
    """And of the scale that all visits share."""
    contrast = _measured([HEIGHT] * 3).contrast_mm2
    assert contrast is not None
    shared = contrast.covariance - sum(contrast.terms.values())
    np.testing.assert_allclose(shared, SHARED_SCALE_SD**2 * np.outer(contrast.values, contrast.values), atol=1e-12)


def test_in_the_air_beside_the_limb_there_is_no_deposit() -> None:
    """A visit whose limb ends within the region has nothing beyond its skin: air darker than any tissue takes nothing off."""
    patches = _patches([HEIGHT] * 3)
    limb = np.ones((SIDE, SIDE), bool)
    limb[:, SIDE // 2 + 4 :] = False
    dark = np.where(limb, patches[0].values, -2.0)
    patches[0] = replace(patches[0], limb=limb, values=dark)
    measured = measure_joint(patches, REGION, REGION, [REGION & limb, REGION, REGION], STEP_MM)
    assert isinstance(measured, FamilyValues)
    assert measured.contrast_mm2 is not None
    assert 0.6 * DOME_MM2 < measured.contrast_mm2.values[0] < DOME_MM2


def test_too_little_tissue_in_common_is_a_reason() -> None:
    """Where every place belongs to some deposit there is no background."""
    patches = _patches([HEIGHT, HEIGHT])
    assert "too little tissue" in str(measure_joint(patches, REGION, ~np.zeros_like(REGION), [REGION, REGION], STEP_MM))


def test_surroundings_that_no_film_shows_are_nobodys_background() -> None:
    """Where one film's picture ends there is air on the other: limb and picture are each common there, and yet no film shows the limb."""
    edge = np.zeros((SIDE, SIDE), bool)
    edge[:20] = True
    first, second = _patches([HEIGHT, 2 * HEIGHT])
    measured = measure_joint([replace(first, seen=~edge), replace(second, limb=~edge)], REGION, REGION, [REGION, REGION], STEP_MM)
    assert isinstance(measured, FamilyValues)
    np.testing.assert_allclose(measured.contrast_mm2.values, np.array([1, 2]) * DOME_MM2, rtol=0.1)


def test_common_is_what_at_least_half_of_the_images_show() -> None:
    """A tie belongs to it."""
    masks = [np.array([True, True, False, False]), np.array([True, False, False, True]), np.array([True, True, False, False])]
    assert common(masks).tolist() == [True, True, False, False]
    assert common(masks[:2]).tolist() == [True, True, False, True]


def test_contrast_of_bone_follows_the_gain_of_a_film_and_is_zero_where_nothing_is_to_compare() -> None:
    """A film of twice the gain shows twice the contrast; all bone or no bone is nothing to compare."""
    bone = np.arange(200) % 2 == 0
    picture = np.where(bone, 1.3, 0.5) + np.random.default_rng(3).normal(0, 0.01, 200)
    steps = bone_contrasts([picture, 2 * picture + 0.7], bone)
    assert steps[1] / steps[0] == pytest.approx(2.0)
    assert steps.mean() == pytest.approx(1.5 * 0.8, rel=0.02)
    assert bone_contrasts([picture], ~np.zeros(200, bool)).tolist() == [0.0]


BULGE_MM, COVER_MM = 5.0, 1.2
"""Radius of a mass that bulges out of the limb, and of the thin tissue around it."""


def _bulging() -> Values:
    """Contrast of a mass that bulges out of the limb at three visits: thin tissue covers it, and the limb beside it gets thicker with depth."""
    rng = np.random.default_rng(7)
    row, column = np.mgrid[:SIDE, :SIDE] * STEP_MM
    away = np.hypot(row - 8.0, column - 7.0)
    limb = (away <= BULGE_MM + COVER_MM) | (column >= 9.0)
    thickness = np.where(limb, 0.1 + 0.5 * np.sqrt(np.clip(column - 9.0, 0, None)), 0.0)
    region, no_bone, seen = away <= BULGE_MM, np.zeros((SIDE, SIDE), bool), np.ones((SIDE, SIDE), bool)
    values = [thickness + HEIGHT * region + rng.normal(0, NOISE, limb.shape) for _ in range(3)]
    measured = measure_joint([Patch(v, limb, no_bone, seen, STEP_MM**2, "no mass") for v in values], region, region, [region] * 3, STEP_MM)
    assert isinstance(measured, FamilyValues)
    assert measured.contrast_mm2 is not None
    return measured.contrast_mm2


def test_of_a_mass_whose_ring_is_thin_tissue_near_the_skin_no_wrong_value_is_stated() -> None:
    """The background is carried to a depth that the ring does not have: no value is surely below zero, and the films by themselves count."""
    contrast = _bulging()
    true = HEIGHT * np.pi * BULGE_MM**2
    assert (contrast.values < 0.5 * true).all()  # what the repair is about
    assert (contrast.values + 1.96 * np.sqrt(np.diag(contrast.covariance)) >= 0).all()
    assert better_alone(contrast, [(true, 0.2 * true)] * 3) in {APART, LESS_SURE}


def test_no_value_is_surely_below_zero() -> None:
    """A place darker than its surroundings shows how unlike them it is: its interval reaches zero, and that of the other visit grows too."""
    flat, dark = (_measured([HEIGHT, other]).contrast_mm2 for other in (0.0, -HEIGHT / 3))
    assert flat is not None
    assert dark is not None
    assert dark.values[1] < -0.3 * DOME_MM2
    assert dark.values[1] + 1.96 * np.sqrt(dark.covariance[1, 1]) >= 0
    assert dark.covariance[0, 0] > 1.5 * flat.covariance[0, 0]


def test_a_deposit_that_its_ring_surrounds_is_measured_together() -> None:
    """Films by themselves say the same with wider intervals: nothing speaks against all of them together."""
    contrast = _measured([HEIGHT] * 3).contrast_mm2
    assert contrast is not None
    assert better_alone(contrast, [(DOME_MM2, 0.3 * DOME_MM2)] * 3) == ""


def test_intervals_that_do_not_meet_speak_for_each_film_by_itself_and_a_film_that_outlines_nothing_for_all_together() -> None:
    """One film whose own interval lies apart is enough; where one film has no value of its own, an unsure one is better than none."""
    unsure = Values(np.array([2.0, 30.0]), {OWN: np.diag([4.0, 400.0])})
    assert better_alone(unsure, [(20.0, 2.0), (30.0, 2.0)]) == APART
    assert better_alone(unsure, [(5.0, 2.0), (30.0, 2.0)]) == LESS_SURE
    assert better_alone(unsure, [(5.0, 2.0), None]) == ""
    assert better_alone(unsure, [None, None]) == ""
