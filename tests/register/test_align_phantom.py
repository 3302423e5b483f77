"""Registration of simulated hands, whose deposits tell where tissue went."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from calcitrack.calibrate.intensity import attenuation
from calcitrack.model.segmentation import Segmentation
from calcitrack.phantom.population import Exposures, Population, random_patient, random_visits
from calcitrack.phantom.radiograph import as_radiograph
from calcitrack.phantom.simulate import SimulatedFilm, simulate
from calcitrack.phantom.specs import Style
from calcitrack.register import Scene, see
from calcitrack.register.align import align

FILMS = Exposures(style=Style.LIN, pitch_mm=(0.2, 0.2), distractors=0.0, cut=0.0)
UNCHANGED = 0.1
"""Relative change of area below which a centroid is one place of its tissue."""


@cache
def _visits(seed: int) -> tuple[SimulatedFilm, SimulatedFilm]:
    """One adult's hand at two visits, posed and placed anew."""
    rng = np.random.default_rng([seed, 11])
    patient = random_patient(rng, Population(burden="moderate", age_years=(20.0, 70.0), visits=2), f"R{seed}")
    first, second = random_visits(rng, patient, 2, FILMS)
    return simulate(patient, first), simulate(patient, second)


def _scene(film: SimulatedFilm) -> Scene:
    radiograph = as_radiograph(film)
    truth = Segmentation(labels=film.labels, limb=film.limb, bone=film.bone & (film.labels == 0))
    return see(truth, radiograph.spacing, attenuation(radiograph), radiograph.valid_mask)


def _places(film: SimulatedFilm) -> dict[int, tuple[np.ndarray, int]]:
    """Deposit -> centroid and pixels of its shadow."""
    return {int(k): (np.argwhere(film.labels == k).mean(axis=0), int((film.labels == k).sum())) for k in np.unique(film.labels[film.labels > 0])}


@pytest.mark.parametrize("seed", [1, 2])
def test_deposits_are_found_where_their_tissue_went(seed: int) -> None:
    """Half of the deposits that kept their size are met to within 0.5 mm, and none is missed by more than 2 mm."""
    before, after = _visits(seed)
    found = align(_scene(before), _scene(after))
    assert found.ok, found.reason
    then, now = _places(before), _places(after)
    kept = [k for k in then if k in now and abs(now[k][1] / then[k][1] - 1) < UNCHANGED]
    errors = [float(np.hypot(*(found.to_image(then[k][0]) - now[k][0]))) * 0.2 for k in kept if found.ok_at(then[k][0])]
    assert errors
    assert np.median(errors) < 0.5
    assert max(errors) < 2.0


def test_most_bones_of_one_person_are_found_again() -> None:
    """Bones that were found again hold nine tenths of those in the picture, at an edge distance under 0.1 mm."""
    before, after = _visits(1)
    found = align(_scene(before), _scene(after))
    assert sum(b.ok for b in found.bones) >= 0.9 * len(found.bones)
    assert found.residual_mm is not None
    assert found.residual_mm < 0.1


def test_another_person_is_recognised_by_the_proportions() -> None:
    """Hands of two people whose bones differ in their proportions do not lie on each other."""
    found = align(_scene(_visits(1)[0]), _scene(_visits(2)[0]))
    assert not found.ok
    assert "another person" in found.reason
