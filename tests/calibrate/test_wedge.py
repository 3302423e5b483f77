"""Aluminium step wedges in pictures for the eye."""

from __future__ import annotations

import re
from dataclasses import replace

import cv2
import numpy as np
import pytest

from calcitrack import CalibrateOptions, Radiograph, Segmentation, calibrate, measure
from calcitrack.calibrate.intensity import attenuation
from calcitrack.calibrate.wedge import find_wedge
from calcitrack.calibrate.wedge_check import doubt
from calcitrack.calibrate.wedge_curve import WedgeCurve
from calcitrack.calibrate.wedge_strip import Frame, Wedge
from calcitrack.errors import InvalidValueError
from calcitrack.model.calibration import Tier
from calcitrack.phantom.film import film
from calcitrack.phantom.population import Exposures, Population
from calcitrack.phantom.radiograph import as_radiograph
from calcitrack.phantom.simulate import SimulatedFilm
from calcitrack.phantom.specs import BodyPart, Style

PICTURE = Exposures(style=Style.PRESENTATION, pitch_mm=(0.15, 0.17), wedge=True)


@pytest.fixture(scope="module")
def picture() -> SimulatedFilm:
    """A presentation picture with marker, wedge and strong edge enhancement."""
    found = film(19, Population(burden="moderate"), PICTURE)
    assert len(found.wedge) >= 4
    return found


def _stated(picture: SimulatedFilm) -> CalibrateOptions:
    thin = sorted(step.al_mm for step in picture.wedge)
    return CalibrateOptions(wedge_first_mm=thin[0], wedge_step_mm=thin[1] - thin[0])


def _turned(radiograph: Radiograph, degrees: float) -> Radiograph:
    """The same picture turned about its middle on a wider canvas, corners filled with air."""
    rows, columns = radiograph.shape
    size = int(np.hypot(rows, columns))
    matrix = cv2.getRotationMatrix2D((columns / 2, rows / 2), degrees, 1.0)
    matrix[:, 2] += (size - columns) / 2, (size - rows) / 2
    air = float(np.percentile(radiograph.pixels, 10))
    turned = cv2.warpAffine(radiograph.pixels, matrix, (size, size), flags=cv2.INTER_CUBIC, borderValue=air)
    return replace(radiograph, pixels=turned, valid=None)


@pytest.mark.parametrize("degrees", [0.0, 4.0, -8.5, 90.0])
def test_wedge_is_found_however_it_lies(picture: SimulatedFilm, degrees: float) -> None:
    """Upright, lying or turned a little: all steps are counted, and their length is right."""
    radiograph = _turned(as_radiograph(picture), degrees)
    pitch = radiograph.spacing.row_mm
    first, second = sorted(picture.wedge, key=lambda s: s.al_mm)[:2]
    tread_mm = np.hypot(np.mean(second.rows) - np.mean(first.rows), np.mean(second.columns) - np.mean(first.columns)) * pitch
    wedge = find_wedge(radiograph.pixels, radiograph.valid_mask, (pitch, pitch))
    assert wedge.frame.steps == len(picture.wedge)
    assert wedge.frame.tread_mm == pytest.approx(tread_mm, rel=0.02)
    assert list(wedge.levels) == sorted(wedge.levels)


@pytest.mark.parametrize("seed", [3, 18, 21])
def test_no_wedge_is_found_where_there_is_none(seed: int) -> None:
    """Bones in a row, markers, rings and blades are no wedge."""
    radiograph = as_radiograph(film(seed, Population(), replace(PICTURE, wedge=False, distractors=3.0)))
    assert calibrate(radiograph).calibration.tier is Tier.C
    assert "no aluminium step wedge" in calibrate(radiograph).calibration.curve_source


@pytest.mark.parametrize(("blur_mm", "is_wedge"), [(0.5, True), (2.5, False)])
def test_a_slope_with_faint_steps_is_no_wedge(blur_mm: float, is_wedge: bool) -> None:
    """Six treads of 10 mm beside open field; blurred until the treads slope as flesh does, the same picture holds no wedge."""
    pixel_mm = 0.25
    rows = np.arange(round(140 / pixel_mm)) * pixel_mm
    stairs = np.clip(np.floor((rows - 40) / 10) + 1, 0, 6)
    stairs[rows >= 100] = 0
    profile = cv2.GaussianBlur(stairs.reshape(-1, 1), (1, 0), sigmaX=1e-3, sigmaY=blur_mm / pixel_mm).astype(np.float32)
    pixels = np.full((rows.size, round(90 / pixel_mm)), 100.0, np.float32)
    pixels[:, round(35 / pixel_mm) : round(55 / pixel_mm)] += 150 * profile
    pixels += np.random.default_rng(3).normal(0, 2, pixels.shape).astype(np.float32)
    assert (find_wedge(pixels, np.ones(pixels.shape, bool), (pixel_mm, pixel_mm)) is not None) is is_wedge


def test_the_wedge_leaves_its_corners_in_the_calibration(picture: SimulatedFilm) -> None:
    """The corners hold the middle of every true step, and their area is that of the steps within 15 %."""
    calibration = calibrate(as_radiograph(picture), _stated(picture)).calibration
    outline = np.array(calibration.wedge_corners, np.float32)
    for step in picture.wedge:
        assert cv2.pointPolygonTest(outline, (float(np.mean(step.rows)), float(np.mean(step.columns))), measureDist=False) > 0
    true_px = sum(np.ptp(step.rows) * np.ptp(step.columns) for step in picture.wedge)
    assert cv2.contourArea(outline) == pytest.approx(float(true_px), rel=0.15)


def test_curve_and_enhancement_of_the_picture_are_recovered(picture: SimulatedFilm) -> None:
    """The unsharp mask's gain within 0.15, its width within 15 %, and flesh's nepers against air within 10 %."""
    radiograph = calibrate(as_radiograph(picture), _stated(picture))
    gain, width_mm = radiograph.calibration.unsharp
    assert radiograph.calibration.tier is Tier.B
    assert gain == pytest.approx(picture.visit.detector.edge_gain, abs=0.15)
    assert width_mm == pytest.approx(picture.visit.detector.edge_mm, rel=0.15)
    nepers, truth = attenuation(radiograph), -np.log(picture.signal)
    inside = picture.limb & ~picture.bone & (picture.labels == 0) & (truth < 1.0)
    slope = np.polyfit(cv2.GaussianBlur(truth, (0, 0), 2)[inside], cv2.GaussianBlur(nepers, (0, 0), 2)[inside], 1)[0]
    assert slope == pytest.approx(1, abs=0.1)


def test_picture_with_a_wedge_has_mass(picture: SimulatedFilm) -> None:
    """Tier B: the soft-tissue deposits' median mass is within 20 %, and the assumed steps are named."""
    radiograph = calibrate(as_radiograph(picture), _stated(picture))
    deposits = measure(radiograph, Segmentation(labels=picture.labels, limb=picture.limb, bone=picture.bone)).deposits
    truth = {d.deposit_id: d for d in picture.deposits}
    clear = [d for d in deposits if truth[d.label].over_bone < 0.2 and truth[d.label].area_object_mm2 > 2 and truth[d.label].peak_mg_cm2 > 40]
    assert len(clear) >= 2
    errors = [d.measurements["ha_mass_mg"].value / truth[d.label].ha_mg - 1 for d in clear]
    assert np.median(np.abs(errors)) < 0.2
    assert "step wedge" in clear[0].measurements["ha_mass_mg"].model
    assert "assumed" in clear[0].measurements["ha_mass_mg"].model


def test_wedge_may_be_pointed_at(picture: SimulatedFilm) -> None:
    """A box around the wedge finds it; a box elsewhere finds none."""
    rows = [r for s in picture.wedge for r in s.rows]
    columns = [c for s in picture.wedge for c in s.columns]
    radiograph = as_radiograph(picture)
    there = replace(_stated(picture), wedge_box=(min(rows), max(rows), min(columns), max(columns)))
    elsewhere = replace(there, wedge_box=(0, 5, 0, 7))
    assert calibrate(radiograph, there).calibration.tier is Tier.B
    without = calibrate(radiograph, elsewhere)
    assert without.calibration.tier is Tier.C
    assert "between rows 0 and 5 and columns 0 and 7" in without.findings[-1]
    assert without.findings[-1] in without.calibration.curve_source


def test_a_box_finds_a_wedge_that_stronger_staircases_hide() -> None:
    """Thirty strong staircases and a faint one: the whole film's strongest leave the faint one out, the box finds it, and its corners lie there."""
    pixels = np.zeros((700, 700), np.float32)
    for k in range(30):
        _draw_steps(pixels, 10 + 130 * (k // 6), 12 + 110 * (k % 6), 8.0, 5)
    _draw_steps(pixels, 640, 300, 1.0, 5, along_columns=True)
    valid = np.ones(pixels.shape, bool)
    box = (630, 699, 290, 420)
    everywhere, there = find_wedge(pixels, valid, (0.25, 0.25)), find_wedge(pixels, valid, (0.25, 0.25), box)
    assert there.levels[0] == pytest.approx(1.0, abs=0.2)
    assert everywhere.levels[0] == pytest.approx(8.0, abs=0.5)
    corners = np.array(there.frame.corners((0.25, 0.25)))
    assert box[0] <= corners[:, 0].min() <= corners[:, 0].max() <= box[1]
    assert box[2] <= corners[:, 1].min() <= corners[:, 1].max() <= box[3]


def _draw_steps(pixels: np.ndarray, row: int, column: int, rise: float, steps: int, *, along_columns: bool = False) -> None:
    """A wedge of 5 mm steps and 10 mm width, at 0.25 mm a pixel, with its thin end at the top or the left."""
    for k in range(steps):
        where = (slice(row, row + 40), slice(column + 20 * k, column + 20 * (k + 1)))
        if not along_columns:
            where = (slice(row + 20 * k, row + 20 * (k + 1)), slice(column, column + 40))
        pixels[where] = rise * (k + 1)


def test_wedge_without_tube_voltage_is_refused(picture: SimulatedFilm) -> None:
    """Aluminium's attenuation needs the beam: without KVP the picture stays tier C and says why."""
    radiograph = as_radiograph(picture)
    unknown = replace(radiograph, acquisition=replace(radiograph.acquisition, kvp=None))
    assert "KVP" in calibrate(unknown).calibration.curve_source


def test_a_wedge_that_cannot_be_used_keeps_its_place(picture: SimulatedFilm) -> None:
    """Without KVP, and with thicknesses that it cannot have, its corners are those of the wedge that was used: it is no deposit either way."""
    radiograph, right = as_radiograph(picture), _stated(picture)
    used = calibrate(radiograph, right).calibration
    unknown = replace(radiograph, acquisition=replace(radiograph.acquisition, kvp=None))
    for refused in (calibrate(unknown, right), calibrate(radiograph, replace(right, wedge_first_mm=right.wedge_first_mm / 2))):
        assert refused.calibration.tier is Tier.C
        assert refused.calibration.wedge_corners == used.wedge_corners
    assert len(used.wedge_corners) == 4


@pytest.mark.parametrize(("options", "words"), [({"wedge_step_mm": 0.0}, "wedge_step_mm"), ({"wedge_box": (5, 2, 0, 9)}, "ascending")])
def test_impossible_options_are_refused(options, words: str) -> None:
    """Steps have a thickness, and a box has an extent."""
    with pytest.raises(InvalidValueError, match=words):
        CalibrateOptions(**options)


@pytest.mark.parametrize("factor", [0.5, 0.33, 2.0])
def test_first_step_of_another_thickness_is_refused(picture: SimulatedFilm, factor: float) -> None:
    """A first step stated as half, a third or twice of what it is: tier C, and the warning names what was found, what it reads as, and what to do."""
    right = _stated(picture)
    refused = calibrate(as_radiograph(picture), replace(right, wedge_first_mm=right.wedge_first_mm * factor))
    assert refused.calibration.tier is Tier.C
    warning = refused.findings[-1]
    assert warning in refused.calibration.curve_source
    reads = float(re.search(r"first one reads as ([\d.]+) mm", warning).group(1))
    assert reads == pytest.approx(right.wedge_first_mm, rel=0.25)
    assert f"{len(picture.wedge)} steps" in warning
    assert f"expected {right.wedge_first_mm * factor:g} mm" in warning
    assert "--wedge-first-mm" in warning


@pytest.mark.parametrize("seed", [3, 7, 12])
def test_true_thicknesses_are_not_doubted(seed: int) -> None:
    """Pictures of several vendors and body parts, thicknesses as they are: tier B, and no warning."""
    simulated = film(seed, Population(body_part=list(BodyPart)[seed % 4]), replace(PICTURE, pitch_mm=(0.18, 0.2)))
    found = calibrate(as_radiograph(simulated), _stated(simulated))
    assert found.calibration.tier is Tier.B
    assert not any("wedge" in finding for finding in found.findings)


def test_wedge_whose_steps_fall_and_rise_again_is_doubted(picture: SimulatedFilm) -> None:
    """Aluminium only gets thicker: a step below the one before it, with denser ones after it, is named."""
    radiograph = as_radiograph(picture)
    wedge = find_wedge(radiograph.pixels, radiograph.valid_mask, (radiograph.spacing.row_mm,) * 2)
    levels = list(wedge.levels)
    levels[2] = levels[1] - 0.05 * (levels[1] - levels[0])
    assert "step 3 is not denser" in doubt(replace(wedge, levels=tuple(levels)), None, 1.0, (0.0, 4095.0), logarithmic=False)


def test_logarithmic_values_must_be_straight_over_the_steps() -> None:
    """Values that follow the nepers pass; the same through a bent curve are doubted only where the header states LOG."""
    nepers = np.linspace(0, 1.4, 9)
    straight, bent = (WedgeCurve(((0.0, 0.0), (1.0, 1.0)), 0.0, 1.0, 0.1, 8, tuple(zip(v, nepers, strict=True))) for v in (nepers, nepers**1.6))
    wedge = Wedge(Frame(0, 0, 0, 5, 4, 8), np.zeros((2, 2), np.float32), np.ones((2, 2), bool), 0, 0, tuple(nepers[1:]), 0.0)
    limits = (-0.1, 1.8)
    assert doubt(wedge, straight, 1.0, limits, logarithmic=True) == ""
    assert "bend by" in doubt(wedge, bent, 1.0, limits, logarithmic=True)
    assert doubt(wedge, bent, 1.0, limits, logarithmic=False) == ""


def test_picture_unlike_its_model_is_doubted() -> None:
    """Residuals of more than half a step, and nothing to fit, are each said in words."""
    points = tuple((float(v), float(v)) for v in range(6))
    noisy = WedgeCurve(points, 0.0, 1.0, 0.7, 5, points)
    wedge = Wedge(Frame(0, 0, 0, 5, 4, 5), np.zeros((2, 2), np.float32), np.ones((2, 2), bool), 0, 0, tuple(float(v) for v in range(1, 6)), 0.0)
    assert "0.7 of a step" in doubt(wedge, noisy, 1.0, (-1, 6), logarithmic=False)
    assert "fewer than three" in doubt(wedge, None, 1.0, (-1, 6), logarithmic=False)
