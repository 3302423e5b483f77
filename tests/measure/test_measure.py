"""Measurands of deposits."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from scipy import ndimage

from calcitrack import MeasureOptions, NotMeasurable, Segmentation, measure
from calcitrack.calibrate.intensity import attenuation
from calcitrack.errors import InvalidValueError
from calcitrack.measure import MEASURANDS
from calcitrack.measure.background import neighbourhood
from calcitrack.measure.mass import deposit_mass, mass_model
from calcitrack.measure.size import DELINEATION_SOFT, feret_diameter
from calcitrack.model.calibration import Calibration, Relationship, Tier
from calcitrack.model.spacing import Spacing


@pytest.fixture(scope="module")
def discs(drawn: ModuleType):
    """A thin and a dense deposit in soft tissue."""
    return drawn.Disc(40, 24, 2.5, 80.0), drawn.Disc(70, 56, 2.0, 400.0)


def test_mass_of_drawn_deposits_is_recovered(drawn: ModuleType, discs) -> None:
    """Scatter removed and beam hardening inverted, the mass is the drawn one within 8 %, and within 2 standard uncertainties."""
    film = drawn.draw(discs)
    for disc, deposit in zip(discs, measure(film, drawn.segmented(film, discs)).deposits, strict=True):
        mass = deposit.measurements["ha_mass_mg"]
        assert mass.value == pytest.approx(disc.ha_mg, rel=0.08)
        assert abs(mass.value - disc.ha_mg) < 2 * mass.sd


@pytest.mark.parametrize("gain", [0.25, 4.0])
def test_mass_does_not_depend_on_the_exposure(drawn: ModuleType, discs, gain: float) -> None:
    """Law: all values times a constant, the same mass."""
    plain, scaled = drawn.draw(discs), drawn.draw(discs, gain=gain)
    a, b = (measure(f, drawn.segmented(f, discs)).totals["ha_mass_mg"].value for f in (plain, scaled))
    assert a == pytest.approx(b, rel=1e-3)


def test_area_counts_pixels_in_the_plane_of_the_spacing(drawn: ModuleType, discs) -> None:
    """Law: twice the pixel size, four times the area and twice the Feret diameter, the same pixel count."""
    film = drawn.draw(discs)
    double = replace(film, spacing=replace(film.spacing, row_mm=0.4, column_mm=0.4))
    small, large = (measure(f, drawn.segmented(film, discs)).deposits[0].measurements for f in (film, double))
    assert large["area_mm2"].value == pytest.approx(4 * small["area_mm2"].value)
    assert large["feret_mm"].value == pytest.approx(2 * small["feret_mm"].value)
    assert large["area_px"].value == small["area_px"].value


def test_area_states_how_far_its_outline_may_be_off(drawn: ModuleType, discs) -> None:
    """A disc of radius 2.5 mm: 2 pi r x 0.15 mm, within a tenth for its pixels. In a total they add in full: outlines are too wide together."""
    film = drawn.draw(discs)
    measured = measure(film, drawn.segmented(film, discs))
    areas = [d.measurements["area_mm2"] for d in measured.deposits]
    assert max(a.sd for a in areas) == pytest.approx(2 * np.pi * 2.5 * 0.15, rel=0.1)
    assert measured.totals["area_mm2"].sd == pytest.approx(sum(a.sd for a in areas))
    pixels = measured.totals["area_px"]
    assert pixels.sd / pixels.value == pytest.approx(measured.totals["area_mm2"].sd / measured.totals["area_mm2"].value)


def test_a_deposit_that_might_be_larger_is_less_certain(drawn: ModuleType, discs) -> None:
    """Half again as large in soft tissue: the factor times 0.5 squared, in squares with the rest; in the total only that deposit's."""
    share = DELINEATION_SOFT * 0.5**2
    film = drawn.draw(discs)
    truth = drawn.segmented(film, discs)
    sure, unsure = measure(film, truth), measure(film, replace(truth, widening={1: 1.5}))
    for name in ("area_mm2", "ha_mass_mg"):
        before, after = (f.deposits[0].measurements[name] for f in (sure, unsure))
        assert after.value == before.value
        assert np.sqrt(after.sd**2 - before.sd**2) == pytest.approx(share * before.value)
        assert unsure.deposits[1] == sure.deposits[1]
        totals = [f.totals[name] for f in (sure, unsure)]
        assert np.sqrt(totals[1].sd ** 2 - totals[0].sd ** 2) == pytest.approx(share * before.value)


def test_tier_c_refuses_mass_with_the_reason(drawn: ModuleType, discs) -> None:
    """Without a stated relationship there is no mass and no absolute contrast, but area and relative brightness."""
    film = drawn.draw(discs, relationship="")
    measured = measure(film, drawn.segmented(film, discs))
    for name in ("ha_mass_mg", "contrast_mean", "contrast_integral_mm2", "volume_mm3"):
        result = measured.deposits[0].measurements[name]
        assert isinstance(result, NotMeasurable)
        assert "tier C" in result.reason
    assert measured.deposits[0].measurements["area_mm2"].value > 0
    assert measured.deposits[1].measurements["relative_brightness"].value > 0.1


def test_film_without_pixel_size_is_counted_in_pixels(drawn: ModuleType, discs) -> None:
    """No size stated: area in pixels only, everything in mm refused."""
    film = replace(drawn.draw(discs), spacing=Spacing.uncalibrated())
    deposit = measure(film, drawn.segmented(drawn.draw(discs), discs)).deposits[0]
    assert deposit.measurements["area_px"].value > 100
    assert isinstance(deposit.measurements["area_mm2"], NotMeasurable)
    assert isinstance(deposit.measurements["feret_mm"], NotMeasurable)
    assert "no pixel size" in deposit.measurements["ha_mass_mg"].reason


def test_every_deposit_has_every_measurand(drawn: ModuleType, discs) -> None:
    """The registry is complete: each measurand is a value or a reason on each deposit."""
    film = drawn.draw(discs)
    for deposit in measure(film, drawn.segmented(film, discs)).deposits:
        assert tuple(deposit.measurements) == tuple(q.name for q in MEASURANDS)


@pytest.fixture(scope="module")
def dense(drawn: ModuleType, discs):
    """Measures the dense deposit with given options."""
    film = drawn.draw(discs)
    truth = drawn.segmented(film, discs)
    return lambda options=None: measure(film, truth, options).deposits[1].measurements


def test_assumed_concentration_gives_a_volume_and_says_so(dense) -> None:
    """Volume is mass over the assumed concentration, and its model names the concentration and its range."""
    measured = dense(MeasureOptions(ha_concentration_mg_cm3=500))
    assert measured["volume_mm3"].value == pytest.approx(measured["ha_mass_mg"].value * 2)
    assert "500 mg/cm3 (167 to 1500)" in measured["volume_mm3"].model


def test_default_concentration_is_a_wide_range(dense) -> None:
    """Without a word from the user the volume carries the range of 133 to 1200 mg/cm3: ln 9 / sqrt 12, with the mass's own uncertainty in squares."""
    mass, volume = (dense()[n] for n in ("ha_mass_mg", "volume_mm3"))
    assert volume.value == pytest.approx(mass.value / 0.4)
    assert "400 mg/cm3 (133 to 1200)" in volume.model
    assert volume.sd / volume.value == pytest.approx(np.hypot(np.log(9) / np.sqrt(12), mass.sd / mass.value))


def test_stated_concentration_with_its_uncertainty_replaces_the_range(dense) -> None:
    """Known from CT, say: 10 % of the concentration is 10 % of the volume; exactly known, the mass's uncertainty is all."""
    for sd in (40.0, 0.0):
        measured = dense(MeasureOptions(ha_concentration_mg_cm3=400, ha_concentration_sd_mg_cm3=sd))
        mass, volume = measured["ha_mass_mg"], measured["volume_mm3"]
        assert volume.sd / volume.value == pytest.approx(np.hypot(sd / 400, mass.sd / mass.value))
        assert f"standard uncertainty {sd:g}" in volume.model


def test_volume_may_be_declined(dense) -> None:
    """With no concentration there is no volume, and the reason names the option."""
    volume = dense(MeasureOptions(ha_concentration_mg_cm3=None))["volume_mm3"]
    assert isinstance(volume, NotMeasurable)
    assert "ha_concentration_mg_cm3" in volume.reason


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ha_concentration_mg_cm3": 4000.0}, "solid hydroxyapatite"),
        ({"ha_concentration_mg_cm3": 0.0}, "between 0"),
        ({"ha_concentration_sd_mg_cm3": 500.0}, "400"),
        ({"ha_concentration_mg_cm3": None, "ha_concentration_sd_mg_cm3": 5.0}, "None"),
    ],
)
def test_impossible_concentrations_are_refused(options, words: str) -> None:
    """More than solid, none, or an uncertainty as large as the value."""
    with pytest.raises(InvalidValueError, match=words):
        MeasureOptions(**options)


def test_mass_over_bone_is_less_certain(drawn: ModuleType) -> None:
    """The same deposit and background: all of it over bone adds 7 % of the mass in squares to what is shared, half of it half of that."""
    disc = drawn.Disc(50, 20, 2.0, 300.0)
    film = drawn.draw([disc])
    truth = drawn.segmented(film, [disc])
    place = neighbourhood(attenuation(film), truth, 1, ndimage.find_objects(truth.labels.astype(int))[0], film.spacing.mean_mm)
    model = mass_model(film, 0.0, 1.0, MeasureOptions())
    free, half, whole = (deposit_mass(place, model, share).ha_mg for share in (0.0, 0.5, 1.0))
    assert free.value == half.value == whole.value
    assert np.sqrt(whole.shared_sd**2 - free.shared_sd**2) == pytest.approx(0.07 * free.value)
    assert np.sqrt(half.shared_sd**2 - free.shared_sd**2) == pytest.approx(0.035 * free.value)


def test_a_limb_far_beyond_the_wedge_has_no_mass(drawn: ModuleType, discs) -> None:
    """A wedge whose curve ends below the limb's flesh says nothing of it; one whose curve reaches it does."""
    film = drawn.draw(discs)
    segmentation = drawn.segmented(film, discs)
    image = attenuation(film)
    air, flesh = (float(np.median(image[m])) for m in (~segmentation.limb, segmentation.limb & ~segmentation.bone & (segmentation.labels == 0)))
    for end, measurable in ((air + 0.5 * (flesh - air), False), (flesh + 0.1, True)):
        curve = tuple((float(e), float(e) - air) for e in np.linspace(air, end, 5))
        calibrated = Calibration(Tier.B, Relationship.UNKNOWN, 1, "a wedge", curve=curve, curve_source="a wedge")
        total = measure(replace(film, pixels=image, calibration=calibrated), segmentation).totals["ha_mass_mg"]
        assert isinstance(total, NotMeasurable) is not measurable
        if not measurable:
            assert "the step wedge's curve ends at" in total.reason


@pytest.mark.parametrize("part", ["CHEST", "PELVIS", "LSPINE", "LUMBAR SPINE", "CHEST ABDOMEN"])
def test_the_trunk_has_no_absolute_mass(drawn: ModuleType, discs, part: str) -> None:
    """Mass and volume are refused with the part's name; area and relative brightness stay."""
    film = drawn.draw(discs)
    trunk = replace(film, acquisition=replace(film.acquisition, body_part_examined=part))
    measured = measure(trunk, drawn.segmented(film, discs))
    for name in ("ha_mass_mg", "volume_mm3"):
        assert f"body part {part}: behind so much tissue scatter" in measured.deposits[0].measurements[name].reason
        assert isinstance(measured.totals[name], NotMeasurable)
    assert measured.deposits[0].measurements["area_mm2"].value > 0
    assert measured.deposits[0].measurements["relative_brightness"].value > 0


def test_relative_brightness_is_against_the_cortex(drawn: ModuleType) -> None:
    """Marrow with a cortex twice as bright on a fifth of its width: a deposit as bright as the cortex has 1, not 2 as against most of the bone."""
    film = drawn.draw(relationship="", noise=0.0)
    truth = drawn.segmented(film, [drawn.Disc(50, 20, 2.0, 1.0)])
    columns = np.flatnonzero(truth.bone.any(axis=0))
    pixels = np.where(truth.limb, 100.0, 0.0)
    pixels[:, columns] = 150.0
    pixels[:, [*columns[: columns.size // 10], *columns[-columns.size // 10 :]]] = 200.0
    pixels[truth.labels > 0] = 200.0
    flat = replace(film, pixels=pixels.astype(np.float32))
    assert measure(flat, truth).deposits[0].measurements["relative_brightness"].value == pytest.approx(1.0, abs=0.02)


def test_deposit_over_bone_is_flagged(drawn: ModuleType) -> None:
    """The share of a deposit's pixels on bone is reported."""
    disc = drawn.Disc(50, 40, 2.0, 300.0)
    film = drawn.draw([disc])
    assert measure(film, drawn.segmented(film, [disc])).deposits[0].measurements["over_bone_fraction"].value == 1.0


def test_no_deposit_is_a_total_of_zero(drawn: ModuleType) -> None:
    """A film without deposits has a burden of zero, not a missing one."""
    film = drawn.draw()
    totals = measure(film, drawn.segmented(film, [])).totals
    assert [totals[n].value for n in ("deposit_count", "area_mm2", "ha_mass_mg", "contrast_integral_mm2")] == [0, 0, 0, 0]


def test_segmentation_of_another_shape_is_refused(drawn: ModuleType) -> None:
    """Labels of another film are an error that names both shapes."""
    film = drawn.draw()
    other = np.zeros((3, 4), bool)
    with pytest.raises(InvalidValueError, match=r"\(3, 4\)"):
        measure(film, Segmentation(labels=other.astype(np.uint16), limb=other, bone=other))


def test_feret_diameter_of_a_rectangle_is_its_diagonal() -> None:
    """3 rows of 1 mm by 4 columns of 1 mm: 5 mm."""
    inside = np.zeros((10, 10), bool)
    inside[2:5, 3:7] = True
    assert feret_diameter(inside, 1.0, 1.0) == pytest.approx(5.0)
    assert feret_diameter(inside, 2.0, 0.5) == pytest.approx(np.hypot(6, 2))
