"""Random training films: a person, a pose, a beam and a kind of file, all drawn from a seed."""

from __future__ import annotations

import numpy as np

from calcitrack.phantom.population import ANY_FILM, ANYBODY, Exposures, Population, random_patient, random_visits
from calcitrack.phantom.simulate import SimulatedFilm, simulate


def film(seed: int, population: Population = ANYBODY, exposures: Exposures = ANY_FILM) -> SimulatedFilm:
    """A random film and its truth.

    Parameters
    ----------
    seed
        Decides everything; equal seeds give equal films.
    population, exposures
        Distributions to draw from.

    Returns
    -------
    SimulatedFilm
        ``encoded.pixels`` are the stored values, ``signal`` the detector's signal, ``labels`` and ``bone`` the masks.
    """
    rng = np.random.default_rng([seed, 41])
    patient = random_patient(rng, population, f"PH{seed:06d}")
    visits = random_visits(rng, patient, population.visits, exposures)
    return simulate(patient, visits[int(rng.integers(len(visits)))])
