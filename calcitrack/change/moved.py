"""What moved between two versions of one timeline's assessment: a visit was added, or a reader changed outlines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from calcitrack.change.series import JOINT_BURDENS
from calcitrack.change.visit_values import at_visit, exposures_of
from calcitrack.model.assessment import Assessment, TimePointSummary
from calcitrack.model.display import counted
from calcitrack.model.measurement import Measurement, Result
from calcitrack.model.moved import MovedValue, Moves

FILM_TOTALS = {"ha_mass_mg": "mg", "area_mm2": "mm2"}
"""Totals of each film alone that may move, and their units; the deposits are counted as well."""
ROUNDING = 1e-6
"""Share of a value below which it did not move: sums of the same numbers in another order differ by less than a millionth of it."""
REVIEW = "review"
"""Name of the step by which a reader's review enters the provenance."""
MEASURED_ANEW = "it was measured anew: with other settings, by another version, or with other statements about its films"
Values = dict[tuple[str, str, int], float | None]
"""(deposit id or nothing, measurand, time point) -> value."""


def what_moved(before: Assessment, after: Assessment) -> Moves:
    """Values of `after` that differ from what `before` said of the same visit, and why.

    Totals are those of ``timeline.csv``. Values of single deposits are compared only where a reader's review lies between the two: when images
    are measured anew, deposits may get other ids.

    Examples
    --------
    >>> from calcitrack import assess
    >>> from calcitrack.phantom.small import small_timeline
    >>> two, three = assess(small_timeline((2.0, 2.2))), assess(small_timeline((2.0, 2.2, 2.5)))
    >>> moves = what_moved(two, three)
    >>> moves.reason
    'visit 3 (2022-03-07) was added'
    >>> sorted({v.time_point for v in moves.values})
    [1, 2]
    >>> what_moved(two, two).values
    ()
    """
    visits = _same_visits(before, after)
    reviewed = _reviewed_between(before, after)
    old, new = (_values(a, deposits=reviewed) for a in (before, after))
    dates = {p.index: p.date for p in after.time_points}
    moved = []
    for deposit_id, name, t in dict.fromkeys((*new, *(key for key in old if key[0]))):  # where deposits are compared, visits have the same numbers
        if t not in visits:
            continue
        was, value = old.get((deposit_id, name, visits[t])), new.get((deposit_id, name, t))
        if not _same(was, value):
            moved.append(MovedValue(deposit_id, name, _UNITS[name], t, dates[t], was, value))
    return Moves(after.key, before.assessment_id, after.assessment_id, _reason(before, after), tuple(moved))


_UNITS = {**JOINT_BURDENS, **FILM_TOTALS, "deposit_count": "1"}


def _same(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    return math.isclose(a, b, rel_tol=ROUNDING, abs_tol=ROUNDING)


def _same_visits(before: Assessment, after: Assessment) -> Mapping[int, int]:
    """Time point of `after` -> the time point of `before` that shows one of its images."""
    was = {i.exposure.image_id: i.time_point for i in before.images}
    return {i.time_point: was[i.exposure.image_id] for i in reversed(after.images) if i.exposure.image_id in was}


def _values(assessment: Assessment, *, deposits: bool) -> Values:
    found: Values = {}
    images = {p.index: exposures_of(assessment, p.index) for p in assessment.time_points}
    for name in JOINT_BURDENS:
        for p in assessment.time_points:
            found["", name, p.index] = _joint_total(assessment, name, images[p.index])
    for name in (*FILM_TOTALS, "deposit_count"):
        for p in assessment.time_points:
            found["", name, p.index] = _film_total(p, name)
    if deposits:
        found.update(_of_deposits(assessment, images))
    return found


def _joint_total(assessment: Assessment, name: str, images: Sequence[int]) -> float | None:
    joint = assessment.joint
    return None if joint is None or name not in joint.totals else _number(at_visit(joint.totals[name], images))


def _film_total(point: TimePointSummary, name: str) -> float | None:
    if name == "deposit_count":
        return None if point.deposit_count is None else float(point.deposit_count)
    return _number(point.totals.get(name))


def _of_deposits(assessment: Assessment, images: Mapping[int, Sequence[int]]) -> Iterator[tuple[tuple[str, str, int], float | None]]:
    """What all images together give of each deposit: its share of its family, as ``deposits.csv`` has it, mean over the exposures of the visit."""
    joint = assessment.joint
    for track in assessment.tracks:
        family = None if joint is None else joint.of(track.deposit_id)
        for name in JOINT_BURDENS:
            for t, here in images.items():
                known = [] if family is None else [_number(family.result(name, track.deposit_id, k)) for k in here if k in family.series[name].images]
                values = [v for v in known if v is not None]
                yield (track.deposit_id, name, t), sum(values) / len(values) if values else None


def _number(result: Result | None) -> float | None:
    return result.value if isinstance(result, Measurement) else None


def _reviews(assessment: Assessment) -> tuple[object, ...]:
    return tuple(s for s in assessment.provenance.steps if s.name == REVIEW)


def _reviewed_between(before: Assessment, after: Assessment) -> bool:
    """Whether the two are of one measurement, and a reader's review lies between them."""
    same = [i.exposure.image_id for i in before.images] == [i.exposure.image_id for i in after.images]
    return same and _reviews(before) != _reviews(after)


def _reason(before: Assessment, after: Assessment) -> str:
    """Why values may have moved."""
    gained, lost = _only_in(after, before), _only_in(before, after)
    parts = [f"{words} {'was' if one else 'were'} added" for words, one in gained]
    parts += [f"{words} {'was' if one else 'were'} taken away" for words, one in lost]
    if not parts and _reviewed_between(before, after):
        return _review_words(before, after)
    given_up = [r for r in _readers(before) if r not in _readers(after)]
    if given_up:
        parts.append(f"changes of {_listed(given_up)} to outlines or identities are kept beside, and are no part of these values")
    return "; ".join(parts) or MEASURED_ANEW


def _only_in(assessment: Assessment, other: Assessment) -> list[tuple[str, bool]]:
    """(words, whether it is one) of the visits, and of single exposures, of which the other one has no image."""
    known = {i.exposure.image_id for i in other.images}
    new = [i for i in assessment.images if i.exposure.image_id not in known]
    old_visits = {i.time_point for i in assessment.images if i.exposure.image_id in known}
    dates = {p.index: p.date for p in assessment.time_points}
    visits = sorted({i.time_point for i in new} - old_visits)
    names = [f"{t}{'' if dates[t] is None else f' ({dates[t]})'}" for t in visits]
    found = [(f"visit{'s' * (len(names) > 1)} {_listed(names)}", len(names) == 1)] if names else []
    repeats = sum(i.time_point in old_visits for i in new)
    return found + ([(counted(repeats, "exposure"), repeats == 1)] if repeats else [])


def _review_words(before: Assessment, after: Assessment) -> str:
    """Who changed what at which visits."""
    readers = _readers(after)
    drawn = sorted(
        {
            b.time_point
            for a, b in zip(before.images, after.images, strict=True)
            if a.segmentation.labels is not b.segmentation.labels and not np.array_equal(a.segmentation.labels, b.segmentation.labels)
        }
    )
    if not readers:
        return f"what {_listed(_readers(before))} had changed was taken back"
    if not drawn:
        return f"{_listed(readers)} stated otherwise which deposits are one, or what became of them"
    return f"{_listed(readers)} changed outlines at visit{'s' * (len(drawn) > 1)} {_listed([str(t) for t in drawn])}"


def _readers(assessment: Assessment) -> list[str]:
    return list(dict.fromkeys(str(s.parameters.get("reader", "")) for s in assessment.provenance.steps if s.name == REVIEW))


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
