"""How fast a typical deposit grows: a mixed model over the deposits of one or several timelines of a patient."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from calcitrack.change.detectable import DAYS_A_YEAR
from calcitrack.change.trend import UNDATED, doubling_days
from calcitrack.change.variance_components import fit_variances
from calcitrack.model.display import counted
from calcitrack.model.judgement import DEPOSIT, BurdenSeries, Estimate, TimelineSeries, Trend

MIXED = "mixed model"
LEAST_DEPOSITS, LEAST_TIME_POINTS = 3, 3
"""Deposits, and visits of each, below which the spread between deposits or the error of a visit cannot be told from noise."""

Observation = tuple[float, dt.date, str, str]
"""Logarithm of the burden, day, deposit, visit."""


def deposit_trend(timelines: Sequence[TimelineSeries], measurand: str) -> Trend:
    """Common slope of the logarithms of all deposits; each deposit has a level and a rate of its own, and each visit an error of its own.

    Deposits take part that were measured at `LEAST_TIME_POINTS` dates or more; zeros (resolved deposits) do not, since a slope to nothing has no
    logarithm. The interval takes Student's quantile with two degrees of freedom less than there are visits or one less than deposits, whichever are
    fewer: what makes a film's outlines all too wide moves all deposits of a visit together, so that many deposits do not stand for many visits.

    Parameters
    ----------
    timelines
        One timeline, or several sites of one patient.
    """
    series = [(f"{k}/{s.deposit_id}", s) for k, t in enumerate(timelines) for s in t.series if s.subject == DEPOSIT and s.measurand == measurand]
    trend = Trend(subject=DEPOSIT, measurand=measurand, part="all", method=MIXED, n_time_points=0)
    if any(p.date is None for _, s in series for p in s.points):
        return replace(trend, reason=UNDATED)
    rows = [r for name, s in series for r in _rows(name, s)]
    deposits, visits = sorted({r[2] for r in rows}), sorted({r[3] for r in rows})
    days = [r[1] for r in rows]
    trend = replace(trend, n_time_points=len({r[1] for r in rows}), first_date=min(days, default=None), last_date=max(days, default=None))
    if len(deposits) < LEAST_DEPOSITS:
        return replace(
            trend,
            reason=f"a mixed model needs {LEAST_DEPOSITS} deposits seen at {LEAST_TIME_POINTS} time points each; found {len(deposits)}",
        )
    return _fitted(trend, rows, deposits, visits)


def _rows(name: str, series: BurdenSeries) -> list[Observation]:
    seen = [p for p in series.points if p.mean > 0 and p.date is not None]
    if len(seen) < LEAST_TIME_POINTS or len({p.like for p in seen}) > 1:
        return []
    site = name.split("/")[0]
    return [(math.log(p.mean), p.date, name, f"{site}/{p.date.isoformat()}") for p in seen if p.date is not None]


def _fitted(trend: Trend, rows: Sequence[Observation], deposits: Sequence[str], visits: Sequence[str]) -> Trend:
    values = np.array([r[0] for r in rows])
    first = min(r[1] for r in rows)
    years = np.array([(r[1] - first).days for r in rows]) / DAYS_A_YEAR
    centred = years - years.mean()
    of_deposit, of_visit = _membership([r[2] for r in rows], deposits), _membership([r[3] for r in rows], visits)
    design = np.column_stack([np.ones_like(years), centred])
    found = fit_variances(values, design, (of_deposit, of_deposit * centred[:, None], of_visit))
    if isinstance(found, str):
        return replace(trend, reason=found)
    slope, error = float(found.coefficients[1]), float(found.errors[1])
    dof = max(1, min(len(visits) - 2, len(deposits) - 1))
    half = float(special.stdtrit(dof, 0.975)) * error
    estimate = Estimate(slope, slope - half, slope + half)
    doubling, halving = doubling_days(estimate)
    growing = float(special.stdtr(dof, slope / error))
    note = f"{counted(len(deposits), 'deposit')} seen at {LEAST_TIME_POINTS} time points or more"
    return replace(trend, slope=estimate, p_growing=growing, doubling_days=doubling, halving_days=halving, note=note)


def _membership(of: Sequence[str], names: Sequence[str]) -> NDArray[np.float64]:
    """Membership matrix of shape (rows, names): 1 where a row belongs to a name."""
    return np.array([[float(o == n) for n in names] for o in of])
