"""Scores over many films: the figures of merit of the program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np

from calcitrack.model.assessment import COVERAGE_FACTOR
from calcitrack.model.measurement import Measurement, Result
from calcitrack.phantom.specs import Style
from calcitrack.validation.compare import DepositComparison, FilmComparison, FoundDeposit

CONFIDENCE_EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Bins in which confidence is compared with the share of real deposits."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with its number of cases; its value is ``None`` without cases."""

    value: float | None
    n: int


@dataclass(frozen=True, slots=True)
class ConfidenceBin:
    """Found deposits whose confidence is at least `low` and below `high` (the last bin holds 1 too).

    Parameters
    ----------
    given
        Mean confidence.
    real
        Share of real ones.
    """

    low: float
    high: float
    n: int
    given: float | None
    real: float | None

    @property
    def span(self) -> str:
        """``0.8 to 1.0``."""
        return f"{self.low:.1f} to {self.high:.1f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The figures over a set of films; the page ``docs/explanation/accuracy.md`` defines each.

    Parameters
    ----------
    sensitivity_soft, sensitivity_bone
        Share of the visible deposits found; n is the number of visible deposits.
    false_per_film, false_per_empty_film
        Mean number; n is the number of films.
    dice_soft
        Median over films.
    mass_error, mass_bias
        Median relative error of found deposits in soft tissue, without and with its sign, by kind of file.
    area_bias
        Median relative error of the area against that in the deposit's plane.
    repeat_wcv_area, repeat_wcv_mass
        Within-subject coefficient of variation of the totals of two exposures on one day; n is the number of pairs.
    link_accuracy
        Share of consecutive detections of a true deposit with the same identity.
    coverage_mass, coverage_mass_bone, coverage_volume, coverage_area
        Share of found deposits whose truth lies within value ± 1.96 sd: mass in soft tissue, mass over bone and volume in soft tissue (of all
        true deposits within a found one), area at the detector in soft tissue.
    confidence
        Calibration of the confidence.
    confidence_error
        Expected calibration error: mean over the found deposits of how far their bin's mean confidence and its share of real ones lie apart
        (Naeini et al., AAAI 2015); n counts found deposits.
    seconds_per_film
        Mean.
    """

    people: int
    films: int
    sensitivity_soft: Figure
    sensitivity_bone: Figure
    false_per_film: Figure
    false_per_empty_film: Figure
    dice_soft: Figure
    mass_error: Mapping[Style, Figure]
    mass_bias: Mapping[Style, Figure]
    area_bias: Figure
    repeat_wcv_area: Figure
    repeat_wcv_mass: Figure
    link_accuracy: Figure
    coverage_mass: Figure
    coverage_mass_bone: Figure
    coverage_volume: Figure
    coverage_area: Figure
    confidence: tuple[ConfidenceBin, ...]
    confidence_error: Figure
    seconds_per_film: Figure


def score(films: Iterable[FilmComparison]) -> Scores:
    """Sum up the comparisons of many films, in any order."""
    listed = list(films)
    visible = [d for f in listed for d in f.deposits if d.visible]
    soft, bone = [d for d in visible if d.soft], [d for d in visible if not d.soft]
    by_style = {s: [d for f in listed if f.style is s for d in f.deposits if d.visible and d.soft] for s in Style}
    bins = _confidence([found for f in listed for found in f.found])
    mass_errors = {s: _relative_errors(deposits, _mass) for s, deposits in by_style.items()}
    return Scores(
        people=len({f.patient_id for f in listed}),
        films=len(listed),
        sensitivity_soft=_mean([d.hit for d in soft]),
        sensitivity_bone=_mean([d.hit for d in bone]),
        false_per_film=_mean([f.n_false for f in listed]),
        false_per_empty_film=_mean([f.n_false for f in listed if not f.n_true]),
        dice_soft=_median([f.dice for f in listed if f.dice is not None]),
        mass_error={s: _median([abs(e) for e in errors]) for s, errors in mass_errors.items()},
        mass_bias={s: _median(errors) for s, errors in mass_errors.items()},
        area_bias=_median(_relative_errors(soft, lambda d: (d.area, d.true_area_mm2))),
        repeat_wcv_area=_repeat_wcv(listed, lambda f: f.area_mm2),
        repeat_wcv_mass=_repeat_wcv(listed, lambda f: f.mass_mg),
        link_accuracy=_link_accuracy(listed),
        coverage_mass=_coverage(soft, _outlined_mass),
        coverage_mass_bone=_coverage(bone, _outlined_mass),
        coverage_volume=_coverage(soft, lambda d: (d.volume, d.outlined_volume_mm3)),
        coverage_area=_coverage(soft, lambda d: (d.area, d.shadow_area_mm2)),
        confidence=bins,
        confidence_error=_confidence_error(bins),
        seconds_per_film=_mean([f.seconds for f in listed]),
    )


Pair = tuple[Result | None, float]
"""(measured, true)."""


def _mass(deposit: DepositComparison) -> Pair:
    return deposit.mass, deposit.true_mass_mg


def _outlined_mass(deposit: DepositComparison) -> Pair:
    return deposit.mass, deposit.outlined_mass_mg


def _mean(values: Sequence[float]) -> Figure:
    return Figure(float(np.mean(values)) if values else None, len(values))


def _median(values: Sequence[float]) -> Figure:
    return Figure(float(median(values)) if values else None, len(values))


def _measured(deposits: Iterable[DepositComparison], pair: Callable[[DepositComparison], Pair]) -> list[tuple[Measurement, float]]:
    """(measured, true) of the found deposits whose measurand is measurable."""
    pairs = (pair(d) for d in deposits if d.hit)
    return [(result, true) for result, true in pairs if isinstance(result, Measurement)]


def _relative_errors(deposits: Iterable[DepositComparison], pair: Callable[[DepositComparison], Pair]) -> list[float]:
    return [result.value / true - 1 for result, true in _measured(deposits, pair)]


def _coverage(deposits: Iterable[DepositComparison], pair: Callable[[DepositComparison], Pair]) -> Figure:
    """Share of the intervals that hold the truth, among values that state their uncertainty."""
    intervals = [(r.value, r.sd, true) for r, true in _measured(deposits, pair) if r.sd is not None]
    return _mean([abs(value - true) <= COVERAGE_FACTOR * sd for value, sd, true in intervals])


def _repeat_wcv(films: Iterable[FilmComparison], total: Callable[[FilmComparison], float | None]) -> Figure:
    """Root mean square of the pairs' coefficients of variation; pairs of films that cut off a deposit are left out."""
    usable = {(f.patient_id, f.visit, f.repeat): total(f) for f in films if not f.n_cut}
    squares = []
    for (patient, visit, repeat), again in usable.items():
        first = usable.get((patient, visit, 0))
        if repeat and first is not None and again is not None and first + again > 0:
            squares.append(((again - first) / np.sqrt(2) / ((again + first) / 2)) ** 2)
    return Figure(float(np.sqrt(np.mean(squares))) if squares else None, len(squares))


def _link_accuracy(films: Iterable[FilmComparison]) -> Figure:
    detections: dict[tuple[str, int], list[str]] = {}
    for film in sorted((f for f in films if not f.repeat), key=lambda f: f.visit):
        for deposit in film.deposits:
            if deposit.hit:
                detections.setdefault((film.patient_id, deposit.deposit_id), []).append(deposit.identity)
    return _mean([before == after for identities in detections.values() for before, after in pairwise(identities)])


def _confidence(found: Sequence[FoundDeposit]) -> tuple[ConfidenceBin, ...]:
    bins = []
    for low, high in pairwise(CONFIDENCE_EDGES):
        inside = [f for f in found if low <= f.confidence < high or (f.confidence == high == CONFIDENCE_EDGES[-1])]
        confidence, real = _mean([f.confidence for f in inside]), _mean([f.real for f in inside])
        bins.append(ConfidenceBin(low, high, len(inside), confidence.value, real.value))
    return tuple(bins)


def _confidence_error(bins: Iterable[ConfidenceBin]) -> Figure:
    apart = [(b.n, abs(b.given - b.real)) for b in bins if b.given is not None and b.real is not None]
    n = sum(count for count, _ in apart)
    return Figure(sum(count * gap for count, gap in apart) / n if n else None, n)
