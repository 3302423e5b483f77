"""What a film tells of its own values."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import cv2
import numpy as np
import pytest

from calcitrack import CalibrateOptions, NotMeasurable, Segmentation, calibrate, measure
from calcitrack.calibrate.intensity import attenuation
from calcitrack.model.calibration import Tier
from calcitrack.phantom.encode import encode
from calcitrack.phantom.film import film
from calcitrack.phantom.population import Exposures, Population
from calcitrack.phantom.radiograph import as_radiograph
from calcitrack.phantom.simulate import SimulatedFilm
from calcitrack.phantom.specs import Style


@pytest.fixture(scope="module")
def logarithmic() -> SimulatedFilm:
    """A simulated hand in logarithmic values."""
    return film(4, Population(burden="moderate"), Exposures(style=Style.LOG, pitch_mm=(0.15, 0.16), distractors=0.0))


def _segmented(simulated: SimulatedFilm) -> Segmentation:
    return Segmentation(labels=simulated.labels, limb=simulated.limb, bone=simulated.bone)


def test_linear_film_comes_back_as_it_is(drawn: ModuleType) -> None:
    """Linear values need no curve."""
    radiograph = drawn.draw()
    assert calibrate(radiograph) is radiograph


def test_logarithmic_film_gets_its_gain_from_noise(logarithmic: SimulatedFilm) -> None:
    """Stored values per neper within 8 % of the simulated detector's, and its nepers between air and flesh."""
    radiograph = calibrate(as_radiograph(logarithmic))
    detector = logarithmic.visit.detector
    (value0, nepers0), (value1, nepers1) = radiograph.calibration.curve
    assert (value1 - value0) / (nepers1 - nepers0) == pytest.approx(detector.log_gain * (2**detector.bits - 1) / np.log(10), rel=0.08)
    inside = logarithmic.limb & ~logarithmic.bone
    truth = -np.log(np.median(logarithmic.signal[inside]) / np.median(logarithmic.signal[~logarithmic.limb]))
    nepers = attenuation(radiograph)
    assert np.median(nepers[inside]) - np.median(nepers[~logarithmic.limb]) == pytest.approx(truth, rel=0.08)


def test_logarithmic_film_has_mass_after_calibration_only(logarithmic: SimulatedFilm) -> None:
    """Before, mass is refused with the reason; after, it is there, and its model names the gain's origin."""
    radiograph = as_radiograph(logarithmic)
    before = measure(radiograph, _segmented(logarithmic)).totals["ha_mass_mg"]
    after = measure(calibrate(radiograph), _segmented(logarithmic)).totals["ha_mass_mg"]
    assert isinstance(before, NotMeasurable)
    assert "how many stored values" in before.reason
    assert "quantum noise" in after.model
    linear = replace(logarithmic.visit, detector=replace(logarithmic.visit.detector, style=Style.LIN))
    twin = replace(logarithmic, visit=linear, encoded=encode(logarithmic.signal, linear.detector, linear.field.pitch_mm))
    assert after.value == pytest.approx(measure(as_radiograph(twin), _segmented(twin)).totals["ha_mass_mg"].value, rel=0.1)


def test_gain_may_be_left_alone(logarithmic: SimulatedFilm) -> None:
    """With the estimate switched off, a logarithmic film stays without a curve."""
    assert calibrate(as_radiograph(logarithmic), CalibrateOptions(log_gain_from_noise=False)).calibration.curve is None


def test_film_whose_noise_was_removed_says_so(logarithmic: SimulatedFilm) -> None:
    """Without usable noise there is no curve, and the mass's reason names the noise."""
    radiograph = as_radiograph(logarithmic)
    flat = replace(radiograph, pixels=np.round(cv2.GaussianBlur(radiograph.pixels / 16, (0, 0), 3)))
    calibrated = calibrate(flat)
    assert calibrated.calibration.curve is None
    assert "noise" in measure(calibrated, _segmented(logarithmic)).totals["ha_mass_mg"].reason


def test_whole_and_broken_values_go_through_one_curve(logarithmic: SimulatedFilm) -> None:
    """Law: whole stored values, which are looked up, get what they get among broken ones, which are interpolated; also beyond the curve's ends."""
    curve = ((10.0, 0.0), (20.0, 0.4), (40.0, 1.9), (60.0, 2.1))
    shown = as_radiograph(logarithmic)
    calibration = replace(shown.calibration, tier=Tier.B, curve=curve, curve_source="drawn")
    whole = np.tile(np.arange(-5, 75, dtype=np.float32), (2, 1))
    broken = whole.copy()
    broken[1] += 0.5
    films = (replace(shown, pixels=p, valid=None, calibration=calibration) for p in (whole, broken))
    looked_up, interpolated = (attenuation(f) for f in films)
    np.testing.assert_array_equal(looked_up[0], interpolated[0])
    assert (interpolated[1] > looked_up[1]).all()
