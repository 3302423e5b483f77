"""Plan the order in which a reader sees cases and films: drawn from a seed, with some cases shown again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calcitrack.errors import InvalidValueError
from calcitrack.model.reading import PlannedCase, ReadingPlan

REPEATED_SHARE = 0.15
"""Share of cases that are shown again in a blinded session by default: between the tenth and the fifth that reader studies repeat, so that twenty
cases give three repeats and a hundred give fifteen."""
GAP_SHARE = 0.25
"""Least distance of a repeat from its first showing, as a share of all cases, so that the reader does not remember it; at least one case lies
between the two where there are three or more."""


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """Facts of a timeline for planning.

    Parameters
    ----------
    assessment_id, digest
        Of the recorded assessment.
    time_points
        Time point of each film, in the order of ``Assessment.images``.
    """

    assessment_id: str
    digest: str
    time_points: tuple[int, ...]


def plan_reading(
    cases: Sequence[CaseFacts],
    reader: str,
    *,
    seed: int = 0,
    blinded: bool = False,
    show_suggestion: bool = True,
    show_others: bool = False,
    repeated: float = 0.0,
) -> ReadingPlan:
    """Plan a session. Each reader gets an individual order, which the seed reproduces with the same version of the program.

    Parameters
    ----------
    cases
        Cases in the order of the workspace, which an unblinded session keeps.
    reader
        Name of the reader.
    seed
        Seed of order and repeats.
    blinded, show_suggestion, show_others
        As in `ReadingPlan`. Blinded, cases, and the visits of each, are shuffled.
    repeated
        Share of cases that are shown again later, from 0 to 1; rounded up to one case where it is not 0.

    Raises
    ------
    InvalidValueError
        No reader, no case, or a share out of range.
    """
    if not reader.strip():
        raise InvalidValueError("a session names its reader; found an empty name; write your name or initials")
    if not 0 <= repeated <= 1:
        raise InvalidValueError(f"the share of cases that are shown again lies between 0 and 1; found {repeated}")
    rng = np.random.default_rng(np.frombuffer(hashlib.sha256(f"{seed}/{reader.strip()}".encode()).digest(), np.uint32))
    first = [int(k) for k in rng.permutation(len(cases))] if blinded else list(range(len(cases)))
    planned: list[PlannedCase] = []
    number_of: dict[int, int] = {}
    for number, k in enumerate(_with_repeats(first, repeated, rng), start=1):
        order = _shuffled(cases[k].time_points, rng) if blinded else tuple(range(len(cases[k].time_points)))
        planned.append(PlannedCase(number, cases[k].assessment_id, cases[k].digest, order, number_of.get(k)))
        number_of.setdefault(k, number)
    return ReadingPlan(cases=tuple(planned), seed=seed, blinded=blinded, show_suggestion=show_suggestion, show_others=show_others)


def _with_repeats(first: Sequence[int], share: float, rng: np.random.Generator) -> list[int]:
    """Insert repeats between and after the cases, each at least the gap after its first showing."""
    n = len(first)
    gap = max(min(2, n - 1), round(GAP_SHARE * n))
    early = [p for p in range(n) if p + gap <= n]
    wanted = min(max(1, round(share * n)) if share > 0 and n > 1 else 0, len(early))
    slots: dict[int, list[int]] = {}
    for p in sorted(int(p) for p in rng.choice(early, wanted, replace=False)) if wanted else ():
        slots.setdefault(int(rng.integers(p + gap, n + 1)), []).append(first[p])  # number of first showings before the repeat
    return [k for p in range(n + 1) for k in (*slots.get(p, ()), *first[p : p + 1])]


def _shuffled(time_points: Sequence[int], rng: np.random.Generator) -> tuple[int, ...]:
    """Positions of films with the visits in another order; exposures of one day stay together."""
    visits = [int(v) for v in rng.permutation(sorted(set(time_points)))]
    return tuple(k for visit in visits for k, t in enumerate(time_points) if t == visit)
