"""What deposits do between visits: grow, shrink, appear, vanish, stay."""

from __future__ import annotations

import numpy as np

from calcitrack.phantom.specs import Course

_SHARE = {Course.GROWING: 0.3, Course.REGRESSING: 0.22, Course.STABLE: 0.28, Course.NEW: 0.1, Course.RESOLVED: 0.1}
"""How often each course is drawn."""

_SMALLEST = 0.06
"""A resolving deposit's last volume factor before it is gone."""


def course_factors(rng: np.random.Generator, visits: int) -> tuple[Course, tuple[float, ...]]:
    """A course and the volume factor at each visit; the factor's greatest value is 1 at the visit where the deposit is largest.

    A person's only visit shows a deposit at full size, and its course is stable.
    """
    if visits == 1:
        return Course.STABLE, (1.0,)
    course = Course(str(rng.choice([c.value for c in _SHARE], p=list(_SHARE.values()))))
    k = np.arange(visits)
    if course is Course.STABLE:
        return course, (1.0,) * visits
    if course is Course.GROWING:
        factors = np.exp(rng.uniform(0.12, 0.6) * (k - visits + 1))
    elif course is Course.REGRESSING:
        factors = np.exp(-rng.uniform(0.12, 0.6) * k)
    elif course is Course.NEW:
        first = int(rng.integers(1, visits))
        factors = np.where(k >= first, np.exp(rng.uniform(0.1, 0.5) * (k - visits + 1)), 0.0)
    else:
        gone = int(rng.integers(1, visits))
        factors = np.where(k < gone, np.maximum(np.exp(-rng.uniform(0.3, 1.0) * k), _SMALLEST), 0.0)
    return course, tuple(float(f) for f in factors)
