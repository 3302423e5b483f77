"""Growth of deposits between visits: they grow, shrink, appear, vanish or stay, each at random or all by a patient's plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calcitrack.phantom.course import CoursePlan
from calcitrack.phantom.neighbours import beside
from calcitrack.phantom.specs import Course, DepositSpec, Form, PatientSpec

_SHARE = {Course.GROWING: 0.3, Course.REGRESSING: 0.22, Course.STABLE: 0.28, Course.NEW: 0.1, Course.RESOLVED: 0.1}
"""Probability of each course."""

_SMALLEST = 0.06
"""A resolving deposit's last volume factor before it is gone."""

_OWN_RATE_SD = 0.2
"""Scatter of the logarithm of a deposit's own rate about the plan's: deposits of one patient go the same way, not equally fast."""

_EVENTFUL = 4
"""Deposits from which on one of them appears, one resolves and one has a neighbour: fewer would leave nothing that simply persists."""

_CLEAR = 0.1
"""Change of the logarithm of the volume that counts as growth or shrinkage of a deposit, and from which deposits appear or resolve."""

_JOINING = 0.4
"""Least range of the logarithm of the volume over a course for two deposits that grow together: the gap closes by a twentieth of their size."""

_LEAST_MM = 3.0
"""Least size of the larger of them: below, the gap is narrower than a pixel or two at every visit."""


def volume_factors(log_volumes: np.ndarray, there: np.ndarray | bool = True, least: float = 0.0) -> tuple[float, ...]:
    """Volume factors of a deposit: the greatest is 1, none is below `least`, and they are 0 where it does not exist.

    Parameters
    ----------
    log_volumes
        Shape (visits,): natural logarithms of the volume, in any unit.
    there
        Shape (visits,): whether it exists.
    """
    factors = np.where(there, np.maximum(np.exp(log_volumes - log_volumes[np.broadcast_to(there, log_volumes.shape)].max()), least), 0.0)
    return tuple(float(f) for f in factors)


def course_factors(rng: np.random.Generator, visits: int) -> tuple[Course, tuple[float, ...]]:
    """A course at random and the volume factor at each visit; the factor's greatest value is 1 at the visit where the deposit is largest.

    With a single visit, a deposit has full size and its course is stable.
    """
    if visits == 1:
        return Course.STABLE, (1.0,)
    course = Course(str(rng.choice([c.value for c in _SHARE], p=list(_SHARE.values()))))
    k = np.arange(visits)
    if course is Course.STABLE:
        return course, volume_factors(np.zeros(visits))
    if course is Course.GROWING:
        return course, volume_factors(rng.uniform(0.12, 0.6) * (k - visits + 1))
    if course is Course.REGRESSING:
        return course, volume_factors(-rng.uniform(0.12, 0.6) * k)
    if course is Course.NEW:
        first = int(rng.integers(1, visits))
        return course, volume_factors(rng.uniform(0.1, 0.5) * (k - visits + 1), k >= first)
    gone = int(rng.integers(1, visits))
    return course, volume_factors(-rng.uniform(0.3, 1.0) * k, k < gone, _SMALLEST)


def follow(rng: np.random.Generator, patient: PatientSpec, plan: CoursePlan) -> PatientSpec:
    """The patient with deposits that follow a plan.

    Each deposit has a rate of its own near the plan's. Of four deposits or more, the second smallest appears while the disease grows, the smallest
    resolves while it shrinks, and a stone gets a neighbour: the two touch while both are large, so that they merge as they grow and split as
    they shrink.
    """
    logs = plan.log_volumes()
    by_size = sorted(patient.deposits, key=lambda d: (d.size_mm, d.deposit_id))
    peak, visits = int(np.argmax(logs)), len(logs)
    eventful = len(by_size) >= _EVENTFUL
    exists = {d.deposit_id: np.ones(visits, bool) for d in by_size}
    if eventful and peak > 0 and logs[peak] > _CLEAR:
        exists[by_size[1].deposit_id] = np.arange(visits) >= int(rng.integers(1, peak + 1))
    if eventful and logs[-1] < logs[peak] - _CLEAR:
        exists[by_size[0].deposit_id] = np.arange(visits) < int(rng.integers(peak + 1, visits))
    deposits = [_planned(d, logs * float(np.exp(rng.normal(0, _OWN_RATE_SD))), exists[d.deposit_id]) for d in patient.deposits]
    if eventful and np.ptp(logs) >= _JOINING:
        stones = [d for d in reversed(by_size[2:]) if d.form is Form.STONE and d.size_mm >= _LEAST_MM]
        deposits += next((pair for s in stones if (pair := _neighbour(rng, s.deposit_id, deposits))), [])
    return replace(patient, deposits=tuple(deposits))


def _planned(deposit: DepositSpec, logs: np.ndarray, exists: np.ndarray) -> DepositSpec:
    if not exists[0]:
        course = Course.NEW
    elif not exists[-1]:
        course = Course.RESOLVED
    else:
        course = Course.GROWING if logs[-1] > _CLEAR else Course.REGRESSING if logs[-1] < -_CLEAR else Course.STABLE
    return replace(deposit, course=course, volume_factors=volume_factors(logs, exists))


def _neighbour(rng: np.random.Generator, deposit_id: int, deposits: list[DepositSpec]) -> list[DepositSpec]:
    """The neighbour of a deposit in a list, or nothing where it has no room."""
    near = next(d for d in deposits if d.deposit_id == deposit_id)
    new = replace(near, deposit_id=max(d.deposit_id for d in deposits) + 1, seed=int(rng.integers(2**31)), size_mm=0.8 * near.size_mm)
    placed = beside(near, new, [d for d in deposits if d is not near])
    return [] if placed is None else [placed]
