"""A person whose disease follows a plan, and the exposures on the plan's dates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calcitrack.phantom.course import CoursePlan
from calcitrack.phantom.growth import follow
from calcitrack.phantom.population import ANY_FILM, ANYBODY, Exposures, Population, random_patient, random_visits
from calcitrack.phantom.specs import PatientSpec, VisitSpec


def planned_person(
    rng: np.random.Generator, plan: CoursePlan, population: Population = ANYBODY, exposures: Exposures = ANY_FILM, patient_id: str = "PH000"
) -> tuple[PatientSpec, tuple[VisitSpec, ...]]:
    """A random person with deposits that follow a plan, exposed on its dates.

    Parameters
    ----------
    population
        Distribution of people; its number of visits is ignored, because the plan has its own.

    Returns
    -------
    tuple
        The person, and one exposure per visit (two with repeats in `exposures`).
    """
    person = random_patient(rng, replace(population, visits=1), patient_id)
    visits = random_visits(rng, person, len(plan.dates), exposures)
    return follow(rng, person, plan), tuple(replace(v, date=plan.dates[v.index - 1]) for v in visits)
