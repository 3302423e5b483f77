"""Random people: who they are, and what deposits they have."""

from __future__ import annotations

import numpy as np

from calcitrack.phantom.population import Population, plain_visit, random_patient
from calcitrack.phantom.simulate import simulate
from calcitrack.phantom.specs import BodyPart, Form


def test_tumoral_people_have_masses_of_centimetres() -> None:
    """One to three lobulated masses of 2 to 10 cm, which the film shows, with flesh around what bulges."""
    patient = random_patient(np.random.default_rng([4, 9]), Population(body_part=BodyPart.ELBOW, burden="tumoral"))
    assert 1 <= len(patient.deposits) <= 3
    assert all(d.form is Form.TUMORAL and 18 <= d.size_mm <= 100 for d in patient.deposits)
    film = simulate(patient, plain_visit(patient))
    largest = max(t.area_detector_mm2 for t in film.deposits)
    assert largest > 100
    assert (film.limb[film.labels > 0]).mean() > 0.95
