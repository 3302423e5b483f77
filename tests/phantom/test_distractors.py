"""Step wedges that were laid down by hand, and the two signs of stored values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcitrack import CalibrateOptions, calibrate
from calcitrack.errors import InvalidValueError
from calcitrack.model.calibration import Tier
from calcitrack.phantom.encode import encode
from calcitrack.phantom.film import film
from calcitrack.phantom.population import WEDGE_TURN_DEG, WEDGE_UNEVEN, Exposures, Population
from calcitrack.phantom.radiograph import as_radiograph
from calcitrack.phantom.simulate import SimulatedFilm
from calcitrack.phantom.specs import DetectorSpec, DistractorSpec, Style

STRAIGHT = Exposures(style=Style.PRESENTATION, pitch_mm=(0.2, 0.22), wedge=True, cut=0.0)
BY_HAND = replace(STRAIGHT, wedge_turn_deg=WEDGE_TURN_DEG, wedge_uneven=WEDGE_UNEVEN)
SEED = 8
"""Its wedge is turned by more than 3 degrees."""


@pytest.fixture(scope="module")
def by_hand() -> SimulatedFilm:
    """A hand with a wedge that lies askew and has uneven steps."""
    return film(SEED, Population(burden="moderate"), BY_HAND)


def test_a_wedge_laid_down_by_hand_changes_nothing_else(by_hand: SimulatedFilm) -> None:
    """Person, pose, beam and objects are those of the straight wedge's film, and so is the truth of the deposits."""
    straight = film(SEED, Population(burden="moderate"), STRAIGHT)
    assert by_hand.patient == straight.patient
    bare = replace(by_hand.visit.distractors, wedge_runs=(), wedge_turn_deg=0.0)
    assert replace(by_hand.visit, distractors=bare) == straight.visit
    assert by_hand.deposits == straight.deposits
    assert np.array_equal(by_hand.labels, straight.labels)


def test_its_steps_are_uneven_turned_and_where_the_truth_says(by_hand: SimulatedFilm) -> None:
    """Lengths differ by up to 10 %; the middles lie on a line at the stated turn; the signal at each falls as the steps thicken."""
    wedge, objects = by_hand.wedge, by_hand.visit.distractors
    upright = np.ptp([np.mean(s.rows) for s in wedge]) > np.ptp([np.mean(s.columns) for s in wedge])
    lengths = np.array([np.ptp(s.rows if upright else s.columns) for s in wedge])
    assert 0.05 < np.ptp(lengths) / lengths.mean() < 0.25
    middles = np.array([(np.mean(s.rows), np.mean(s.columns)) for s in wedge])
    along, across = (middles[-1] - middles[0])[[0, 1] if upright else [1, 0]]
    assert abs(objects.wedge_turn_deg) > 3
    assert abs(np.rad2deg(np.arctan(across / along))) == pytest.approx(abs(objects.wedge_turn_deg), abs=0.7)
    signal = [by_hand.signal[int(r) - 3 : int(r) + 4, int(c) - 3 : int(c) + 4].mean() for r, c in middles]
    assert [s for _, s in sorted(zip([w.al_mm for w in wedge], signal, strict=True))] == sorted(signal, reverse=True)


def test_such_a_wedge_is_still_found(by_hand: SimulatedFilm) -> None:
    """The film is tier B."""
    thin = sorted(s.al_mm for s in by_hand.wedge)
    options = CalibrateOptions(wedge_first_mm=thin[0], wedge_step_mm=thin[1] - thin[0])
    assert calibrate(as_radiograph(by_hand), options).calibration.tier is Tier.B


def test_runs_without_a_step_are_refused() -> None:
    """Each step has a length, and the turn has limits."""
    with pytest.raises(InvalidValueError, match="one positive run a step"):
        DistractorSpec(wedge_mm_al=(1.0, 2.0), wedge_runs=(1.0,))
    with pytest.raises(InvalidValueError, match="0 to 45 degrees"):
        Exposures(wedge_turn_deg=60.0)


@pytest.mark.parametrize(("inverted", "sign", "photometric"), [(False, 1, "MONOCHROME1"), (True, -1, "MONOCHROME2")])
def test_both_signs_of_logarithmic_values(inverted: bool, sign: int, photometric: str) -> None:
    """Sign 1: lower values are less beam; sign -1: higher ones are (DICOM PS3.3 C.8.11.3)."""
    signal = np.array([[1.0, 0.5, 0.1]], np.float32)
    encoded = encode(signal, DetectorSpec(style=Style.LOG, inverted=inverted), 0.2)
    assert (encoded.sign, encoded.photometric) == (sign, photometric)
    assert (np.sign(np.diff(encoded.pixels.astype(int))) == -sign).all()
