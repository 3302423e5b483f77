"""Aluminium equivalent: the unit of films that a step wedge calibrates."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from calcitrack import NotMeasurable, Radiograph, Segmentation, measure
from calcitrack.calibrate.intensity import attenuation
from calcitrack.calibrate.spectrum import aluminium_curve, aluminium_scale, contrast_curve
from calcitrack.model.calibration import Calibration, Relationship, Tier

CURVE_SD = 0.06


def _by_wedge(film: Radiograph, stated_kvp: float | None = None) -> Radiograph:
    """A linear film as a wedge would calibrate it: values are nepers through a curve; the steps' nepers are those of the stated voltage."""
    kvp, filter_mm = film.acquisition.kvp, film.acquisition.filter_thickness_mm
    stated = stated_kvp or kvp
    knots = tuple(zip(aluminium_curve(kvp, filter_mm)[1].tolist(), aluminium_curve(stated, filter_mm)[1].tolist(), strict=True))
    nepers = attenuation(film)
    open_field = float(np.median(nepers[:, :5]))
    below = ((knots[0][0] - 1.0, knots[0][1] - 1.0), *knots)
    calibration = Calibration(Tier.B, Relationship.UNKNOWN, 1, "made", curve=below, curve_relative_sd=CURVE_SD, curve_source="a made step wedge")
    return replace(film, pixels=nepers - open_field, calibration=calibration, acquisition=replace(film.acquisition, kvp=stated))


@pytest.fixture(scope="module")
def discs(drawn: ModuleType):
    """A thin and a dense deposit in soft tissue."""
    return drawn.Disc(40, 24, 2.5, 80.0), drawn.Disc(70, 56, 2.0, 400.0)


@pytest.fixture(scope="module")
def linear(drawn: ModuleType, discs) -> Radiograph:
    """The film with both."""
    return drawn.draw(discs)


@pytest.fixture(scope="module")
def truth(drawn: ModuleType, discs, linear: Radiograph) -> Segmentation:
    """The drawn discs, limb and bone."""
    return drawn.segmented(linear, discs)


def test_aluminium_of_drawn_deposits(drawn: ModuleType, discs, linear: Radiograph, truth: Segmentation) -> None:
    """Aluminium that adds the deposit's contrast to its tissue's, times its area: met within 8 %, and within 2 standard uncertainties."""
    scale = aluminium_scale(drawn.KVP, drawn.FILTER_MM_AL)
    for disc, deposit in zip(discs, measure(_by_wedge(linear), truth).deposits, strict=True):
        tissue_cm = drawn.LIMB_THICK_MM / 10 * np.sqrt(1 - ((disc.column_mm - 40) / (drawn.LIMB_WIDTH_MM / 2)) ** 2)
        contrast = contrast_curve(drawn.KVP, drawn.FILTER_MM_AL, tissue_cm).to_contrast(np.array(disc.mg_cm2))
        expected = float(scale.added_mm(contrast, 0.23 * tissue_cm)) * disc.area_mm2
        found = deposit.measurements["al_equivalent_mm3"]
        assert found.value == pytest.approx(expected, rel=0.08)
        assert abs(found.value - expected) < 2 * found.sd


def test_hydroxyapatite_follows_from_the_aluminium(linear: Radiograph, truth: Segmentation) -> None:
    """Through aluminium the mass is that of the linear film: one computation, in two units, 0.6 to 0.7 mm Al for 100 mg/cm2."""
    direct, wedge = measure(linear, truth).totals, measure(_by_wedge(linear), truth).totals
    assert wedge["ha_mass_mg"].value == pytest.approx(direct["ha_mass_mg"].value, rel=0.01)
    assert 0.6 < wedge["al_equivalent_mm3"].value / wedge["ha_mass_mg"].value < 0.7


def test_total_is_the_sum_with_shared_uncertainty_in_full(linear: Radiograph, truth: Segmentation) -> None:
    """The image's total adds up, and its uncertainty lies between adding in squares and adding in full."""
    measured = measure(_by_wedge(linear), truth)
    single, total = [d.measurements["al_equivalent_mm3"] for d in measured.deposits], measured.totals["al_equivalent_mm3"]
    assert total.value == pytest.approx(sum(a.value for a in single))
    assert np.hypot(*(a.sd for a in single)) < total.sd <= sum(a.sd for a in single)


def test_uncertainty_leaves_out_the_beam_alone(linear: Radiograph, truth: Segmentation) -> None:
    """Curve and scatter are in the aluminium's uncertainty; the beam's curve is added when it becomes hydroxyapatite."""
    totals = measure(_by_wedge(linear), truth).totals
    aluminium, mass = (totals[n].sd / totals[n].value for n in ("al_equivalent_mm3", "ha_mass_mg"))
    assert CURVE_SD < aluminium < mass < 0.2


@pytest.mark.parametrize("kvp", [50.0, 60.0])
def test_voltage_stated_wrong_by_5_kv_hardly_matters(linear: Radiograph, truth: Segmentation, kvp: float) -> None:
    """A wedge removes the beam: 5 kV off change the aluminium by less than 1 % and the mass by less than 4 %."""
    right, wrong = measure(_by_wedge(linear), truth).totals, measure(_by_wedge(linear, kvp), truth).totals
    assert wrong["al_equivalent_mm3"].value == pytest.approx(right["al_equivalent_mm3"].value, rel=0.01)
    assert wrong["ha_mass_mg"].value == pytest.approx(right["ha_mass_mg"].value, rel=0.04)


def test_film_without_wedge_has_no_aluminium(drawn: ModuleType, linear: Radiograph, truth: Segmentation) -> None:
    """Tier A and C: refused, on the deposits and in the total, with the reason of their own; no deposits on a wedge film are zero."""
    for measured, words in ((measure(linear, truth), "no aluminium step wedge"), (measure(drawn.draw(relationship=""), truth), "tier C")):
        for result in (measured.totals["al_equivalent_mm3"], *(d.measurements["al_equivalent_mm3"] for d in measured.deposits)):
            assert isinstance(result, NotMeasurable)
            assert words in result.reason
    none = replace(truth, labels=np.zeros_like(truth.labels), confidence={})
    assert measure(_by_wedge(linear), none).totals["al_equivalent_mm3"].value == 0


def test_scale_is_read_both_ways() -> None:
    """Aluminium to contrast and back gives the aluminium, also below nothing and past the thickest."""
    scale, added = aluminium_scale(55), np.array([-0.5, 0.0, 0.3, 5.0, 40.0])
    assert scale.added_mm(scale.to_contrast(added, 0.6), 0.6) == pytest.approx(added)


def test_aluminium_needs_little_of_the_beam() -> None:
    """From 45 to 80 kV the contrast of 100 mg/cm2 falls by more than half, its aluminium equivalent by about a tenth, from 0.6 to 0.7 mm."""
    contrast = {kvp: contrast_curve(kvp).to_contrast(np.array(100.0)) for kvp in (45, 57, 80)}
    aluminium = {kvp: float(aluminium_scale(kvp).added_mm(contrast[kvp], 0.13)) for kvp in contrast}
    assert contrast[80] < contrast[45] / 2
    assert aluminium[57] == pytest.approx(0.64, abs=0.03)
    assert 0.88 < aluminium[80] / aluminium[45] < 0.97
