"""What visits may be compared over, as burdens: the one door through which changes, trends, categories and cohorts get their values.

`calcitrack.model.evaluable` decides which deposits several visits have in common. Here the burden of those is summed up, and what cannot be compared
gets its reason: films that could not be aligned, that show too little of what others show, or that are of another kind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from calcitrack.change.burden import QUALITY
from calcitrack.model.evaluable import Evaluable, Shared, apart
from calcitrack.model.judgement import BurdenPoint, BurdenSeries
from calcitrack.model.spacing import SpacingBasis

UNLIKE = "values of different kinds cannot be subtracted"
PLANES: Mapping[str, str] = MappingProxyType(
    {
        SpacingBasis.FIDUCIAL.value: "sizes at an object of known size",
        SpacingBasis.MAGNIFICATION_CORRECTED.value: "sizes corrected for magnification",
        SpacingBasis.DETECTOR.value: "sizes at the detector",
        SpacingBasis.PATIENT.value: "sizes in the patient",
        SpacingBasis.UNSPECIFIED.value: "sizes in no stated plane",
        SpacingBasis.PIXELS.value: "sizes in pixels",
    }
)
"""Basis of a spacing -> what it means for the values of a visit."""
OTHER_FILM = "a film as the detector gave it and a processed one show outlines of different width"
PROCESSED = ("B", "C")
"""Calibration tiers of films whose look a vendor's curve decided, or nobody knows what: a wedge in the picture tells the mass, no outline."""
OWN_UNCERTAINTY = ("ha_mass_mg", "al_equivalent_mm3", "volume_mm3")
"""Measurands whose stated uncertainty holds what a change of the calibration leaves unsure, so that they are compared from tier A to tier B. Areas
and counts follow the look of the film: 2.5 times the true area on a lossy picture."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A total at some of its visits, summed over what all of them show.

    Parameters
    ----------
    series
        Its points at these visits.
    shared
        What they have in common.
    left
        Sentences about visits that were left out, without full stops.
    """

    series: BurdenSeries
    shared: Shared
    left: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """What was left out: visits, and deposits of those that remain."""
        return (*self.left, *self.left_out)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Deposits that were left out of the visits that remain."""
        return tuple(words for words in (self.shared.words, self.series.left_out) if words)


def compared(series: BurdenSeries, time_points: Collection[int]) -> Compared | str:
    """A burden at these time points over what all of them show, or why it cannot be compared there.

    Examples
    --------
    >>> points = tuple(BurdenPoint(k, None, (10.0 * k,), like=like) for k, like in ((1, "detector"), (2, "fiducial")))
    >>> compared(BurdenSeries("total", "area_mm2", "mm2", points), (1, 2))
    'values of different kinds cannot be subtracted: sizes at the detector on visit 1, sizes at an object of known size on visit 2'
    """
    chosen = replace(series.at(time_points), parts={}, evaluable=None)  # settled: nothing is left to be compared anew
    known = {p.time_point for p in chosen.points}
    for t in sorted(time_points):
        if t not in known:
            return series.missing.get(t, f"visit {t} has no value")
    unlike = _unlike(chosen)
    if unlike:
        return unlike
    if series.evaluable is None:
        return Compared(chosen, Shared(frozenset(), 1.0))
    refusal = series.evaluable.refusal(time_points)
    if refusal:
        return refusal
    shared = series.evaluable.shared(time_points)
    if not shared.left_out:
        return Compared(chosen, shared)
    members = {m for f in series.evaluable.families if f.name in shared.families for m in f.members}
    return Compared(_summed(chosen, [series.parts[name].at(time_points) for name in sorted(members) if name in series.parts]), shared)


def baseline_of(series: BurdenSeries) -> BurdenPoint:
    """The point since which changes are counted: the first one that lies on the image on which the others do; where none does, the first."""
    unaligned = series.evaluable.unaligned if series.evaluable is not None else {}
    return next((p for p in series.points if p.time_point not in unaligned), series.points[0])


def comparable(series: BurdenSeries) -> Compared:
    """As many visits of a total as can be compared with each other, over what all of them show.

    Visits that could not be aligned leave first, then those that are of another kind than most, then, while visits have too little in common, the
    one without which the others have most. Each leaves with its reason.
    """
    left: dict[int, str] = dict(series.missing) if series.points else {}
    kept = [p.time_point for p in series.points]
    if series.evaluable is not None:
        unaligned = [t for t in kept if t in series.evaluable.unaligned]
        left |= {t: apart(series.evaluable.unaligned[t]) for t in unaligned}
        kept = [t for t in kept if t not in left]
    alike = _most_alike(series.at(kept))
    left |= {t: _unlike(series.at((t, alike[-1]))) for t in kept if t not in alike}
    kept = list(alike)
    while len(kept) > 1 and series.evaluable is not None and series.evaluable.refusal(kept):
        worst = _worst(series.evaluable, kept)
        left[worst] = "too little of what the others show can be evaluated there"
        kept.remove(worst)
    found = compared(series, kept)
    assert not isinstance(found, str)  # noqa: S101 - what could be said against these visits has been met above
    return replace(found, left=tuple(f"visit {t} takes no part: {reason.replace('; ', ', ')}" for t, reason in sorted(left.items())))


def _worst(evaluable: Evaluable, kept: Sequence[int]) -> int:
    """The visit without which the others have most in common; of several, the latest."""
    return max(reversed(kept), key=lambda t: evaluable.shared([k for k in kept if k != t]).fraction)


def _most_alike(series: BurdenSeries) -> tuple[int, ...]:
    """Time points of the kind that most visits are of; of several kinds, that of the latest visit."""
    kinds: dict[tuple[str, str], list[int]] = {}
    for p in series.points:
        kinds.setdefault(_kind(series, p), []).append(p.time_point)
    most = max(kinds.values(), key=lambda times: (len(times), times), default=[])
    return tuple(most)


def _kind(series: BurdenSeries, point: BurdenPoint) -> tuple[str, str]:
    own = series.covariance is not None or series.measurand in OWN_UNCERTAINTY
    look = {"processed" if tier in PROCESSED else "as detected" for tier in point.calibration.split()}
    return (point.like, "" if own else " and ".join(sorted(look)))


def _unlike(series: BurdenSeries) -> str:
    """Why points cannot be subtracted from each other; empty where they can."""
    if len({p.like for p in series.points}) > 1:
        return f"{UNLIKE}: {', '.join(_differences(series.points))}"
    kinds = {_kind(series, p)[1] for p in series.points}
    if len(kinds) < 2:
        return ""
    tiers: dict[str, list[int]] = {}
    for p in series.points:
        tiers.setdefault(p.calibration, []).append(p.time_point)
    return f"{OTHER_FILM} ({', '.join(f'calibration tier {tier} on {_visits(times)}' for tier, times in tiers.items())})"


def _differences(points: Sequence[BurdenPoint]) -> Iterator[str]:
    """What is true of some visits only, and of which; where films are spoilt, that alone."""
    parts = {p.time_point: [part for part in p.like.split("; ") if part] for p in points}
    differ = [part for part in dict.fromkeys(part for own in parts.values() for part in own) if any(part not in own for own in parts.values())]
    spoilt = [part for part in differ if part in QUALITY.values()]
    for part in spoilt or differ:
        where = _visits(t for t, own in parts.items() if part in own)
        others = _visits(t for t, own in parts.items() if part not in own)
        yield f"the film of {where} is {part}, that of {others} is not" if spoilt else f"{PLANES.get(part, part)} on {where}"


def _visits(times: Iterable[int]) -> str:
    """Visits in words.

    Examples
    --------
    >>> _visits([1]), _visits([1, 3])
    ('visit 1', 'visits 1, 3')
    """
    named = [str(t) for t in times]
    return f"visit{'s' if len(named) > 1 else ''} {', '.join(named)}"


def _summed(series: BurdenSeries, parts: Sequence[BurdenSeries]) -> BurdenSeries:
    """The series with the sums of these parts as its points; parts that have no value at one of them do not take part."""
    times = [p.time_point for p in series.points]
    whole = [p for p in parts if [x.time_point for x in p.points] == times]
    points = tuple(_sum(point, [p.points[k] for p in whole]) for k, point in enumerate(series.points))
    return replace(series, points=points, covariance=_covariance(whole, len(times)) if series.covariance is not None else None)


def _sum(point: BurdenPoint, parts: Sequence[BurdenPoint]) -> BurdenPoint:
    """Sum at one time point, exposure by exposure where all parts have the same ones. Uncertainties add linearly: beam and outlines are shared."""
    if {len(p.values) for p in parts} == {len(point.values)}:
        values = tuple(sum(v) for v in zip(*(p.values for p in parts), strict=True))
    else:
        values = (sum(p.mean for p in parts),)
    sds = [p.sd for p in parts if p.sd is not None]
    return replace(point, values=values, sd=sum(sds) if len(sds) == len(parts) and point.sd is not None else None)


def _covariance(parts: Sequence[BurdenSeries], n: int) -> tuple[tuple[float, ...], ...] | None:
    """Covariance of the sum of families, which have no errors in common; ``None`` where one of them states none."""
    own = [p.covariance for p in parts]
    if not own or any(c is None for c in own):
        return None
    return tuple(tuple(sum(c[i][j] for c in own if c is not None) for j in range(n)) for i in range(n))
