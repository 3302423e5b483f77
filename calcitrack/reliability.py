"""Repeatability and agreement: within-subject variation, smallest detectable change, intraclass correlation, Bland-Altman limits, weighted kappa."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import special

from calcitrack.errors import InvalidValueError
from calcitrack.model.display import counted

FloatArray = NDArray[np.float64]

Z95 = float(special.ndtri(0.975))
"""Standard deviations to either side that hold 95 % of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Repeatability:
    """Variation of repeated measurements of one quantity.

    Parameters
    ----------
    sem
        Standard error of measurement: the within-subject standard deviation, in the unit of the values, or of their logarithms.
    dof
        Its degrees of freedom: measurements less subjects.
    subjects
        Subjects with two measurements or more.
    log
        True when the values are natural logarithms.

    Examples
    --------
    >>> repeated = Repeatability(sem=0.05, dof=10, subjects=10, log=True)
    >>> round(repeated.wcv, 4), round(repeated.sdc, 4)
    (0.05, 0.1386)
    """

    sem: float
    dof: int
    subjects: int
    log: bool

    @property
    def wcv(self) -> float | None:
        """Within-subject coefficient of variation, ``sqrt(exp(sem^2) - 1)`` (Bland and Altman 1996, BMJ 313:106); ``None`` on the plain scale."""
        return math.sqrt(math.expm1(self.sem**2)) if self.log else None

    @property
    def sdc(self) -> float:
        """Smallest detectable change, ``1.96 * sqrt(2) * SEM`` (Beckerman 2001, Qual Life Res 10:571), on the scale of `sem`."""
        return Z95 * math.sqrt(2) * self.sem

    @property
    def relative_sdc(self) -> tuple[float, float] | None:
        """The same as relative changes down and up, ``exp(-+sdc) - 1``; ``None`` on the plain scale."""
        return (math.expm1(-self.sdc), math.expm1(self.sdc)) if self.log else None


def repeatability(subjects: Sequence[Sequence[float]], *, log: bool = False) -> Repeatability:
    """Within-subject standard deviation from repeated measurements (Bland and Altman 1996, BMJ 313:744).

    Parameters
    ----------
    subjects
        The measurements of each subject; subjects with fewer than two are left out.
    log
        Take natural logarithms first, for values whose scatter grows with their size.

    Raises
    ------
    InvalidValueError
        No subject was measured twice, or a value is not positive where logarithms are asked for.

    Examples
    --------
    >>> repeatability([(10.0, 10.4), (20.0, 19.4), (5.0,)]).subjects
    2
    >>> round(repeatability([(10.0, 12.0), (20.0, 18.0)]).sem, 3)
    1.414
    """
    groups = [np.asarray(s, float) for s in subjects if len(s) > 1]
    if not groups:
        raise InvalidValueError("repeatability needs a subject that was measured twice; found none; expose some patients twice on a day")
    if log and any((g <= 0).any() for g in groups):
        raise InvalidValueError("logarithms are of positive values; found zero or less; leave these subjects out or use the plain scale")
    groups = [np.log(g) for g in groups] if log else groups
    dof = sum(len(g) - 1 for g in groups)
    squares = sum(float(((g - g.mean()) ** 2).sum()) for g in groups)
    return Repeatability(math.sqrt(squares / dof), dof, len(groups), log)


class IccForm(StrEnum):
    """Which intraclass correlation, named as by Shrout and Fleiss 1979 (Psychol Bull 86:420), of single ratings."""

    ONE_WAY = "ICC(1,1)"
    """Each subject rated by other raters."""
    AGREEMENT = "ICC(2,1)"
    """The same raters rate all subjects, drawn from many raters: absolute agreement."""
    CONSISTENCY = "ICC(3,1)"
    """The same raters rate all subjects, and they are the only ones of interest: consistency."""


def icc(ratings: Sequence[Sequence[float]], form: IccForm = IccForm.AGREEMENT) -> Interval:
    """Intraclass correlation with its 95 % interval (McGraw and Wong 1996, Psychol Methods 1:30, tables 4 and 7).

    Parameters
    ----------
    ratings
        Shape (subjects, raters), without gaps; at least two of each.
    form
        Which one.

    Raises
    ------
    InvalidValueError
        Fewer than two subjects or raters, a gap, or subjects that do not differ at all.

    Examples
    --------
    >>> round(icc([(1.0, 1.1), (2.0, 2.1), (3.0, 2.9)]).value, 2)
    0.99
    """
    table = np.array(ratings, float)
    if table.ndim != 2 or min(table.shape) < 2 or not np.isfinite(table).all():
        raise InvalidValueError(f"ratings are a table of two or more subjects by two or more raters without gaps; found the shape {table.shape}")
    n, k = table.shape
    total = table.mean()
    rows = k * float(((table.mean(axis=1) - total) ** 2).sum()) / (n - 1)
    columns = n * float(((table.mean(axis=0) - total) ** 2).sum()) / (k - 1)
    within = float(((table - table.mean(axis=1, keepdims=True)) ** 2).sum()) / (n * (k - 1))
    error = (within * n * (k - 1) - columns * (k - 1)) / ((n - 1) * (k - 1))
    if rows == 0:
        raise InvalidValueError("subjects that do not differ have no intraclass correlation; found equal means of all subjects")
    if form is IccForm.ONE_WAY:
        return _icc_by_f((rows - within) / (rows + (k - 1) * within), rows / within if within else math.inf, (n - 1, n * (k - 1)), k)
    if form is IccForm.CONSISTENCY:
        return _icc_by_f((rows - error) / (rows + (k - 1) * error), rows / error if error else math.inf, (n - 1, (n - 1) * (k - 1)), k)
    return _icc_agreement(rows, columns, error, n, k)


def _icc_by_f(value: float, ratio: float, dof: tuple[int, int], k: int) -> Interval:
    if math.isinf(ratio):
        return Interval(1.0, 1.0, 1.0)
    low = ratio / float(special.fdtri(*dof, 0.975))
    high = ratio * float(special.fdtri(dof[1], dof[0], 0.975))
    return Interval(value, (low - 1) / (low + k - 1), (high - 1) / (high + k - 1))


def _icc_agreement(rows: float, columns: float, error: float, n: int, k: int) -> Interval:
    """Two-way random effects, absolute agreement; degrees of freedom after Satterthwaite."""
    value = (rows - error) / (rows + (k - 1) * error + k * (columns - error) / n)
    if columns == error == 0:
        return Interval(1.0, 1.0, 1.0)
    a, b = k * value / (n * (1 - value)), 1 + k * value * (n - 1) / (n * (1 - value))
    dof = (a * columns + b * error) ** 2 / ((a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1)))
    f_low, f_high = float(special.fdtri(n - 1, dof, 0.975)), float(special.fdtri(dof, n - 1, 0.975))
    spread = k * columns + (k * n - k - n) * error
    low = n * (rows - f_low * error) / (f_low * spread + n * rows)
    high = n * (f_high * rows - error) / (spread + n * f_high * rows)
    return Interval(value, low, high)


@dataclass(frozen=True, slots=True)
class BlandAltman:
    """Agreement of two methods: mean difference and limits of agreement, each with its 95 % interval; second minus first."""

    bias: Interval
    lower: Interval
    upper: Interval
    sd: float
    pairs: int


def bland_altman(first: Sequence[float], second: Sequence[float]) -> BlandAltman:
    """Bias and limits of agreement, ``bias +- 1.96 sd``.

    The standard error of a limit is ``sd * sqrt(1/n + 1.96^2 / (2 (n - 1)))`` (Bland and Altman 1986, Lancet 1:307; 1999, Stat Methods Med Res
    8:135).

    Raises
    ------
    InvalidValueError
        Fewer than three pairs, or lists of different lengths.

    Examples
    --------
    >>> agreement = bland_altman([10.0, 20.0, 30.0], [11.0, 21.0, 31.5])
    >>> round(agreement.bias.value, 3)
    1.167
    """
    if len(first) != len(second) or len(first) < 3:
        raise InvalidValueError(f"agreement needs three or more pairs; found {len(first)} and {counted(len(second), 'value')}")
    difference = np.subtract(second, first).astype(float)
    n, mean, sd = len(difference), float(difference.mean()), float(difference.std(ddof=1))
    t = float(special.stdtrit(n - 1, 0.975))
    of_mean, of_limit = t * sd / math.sqrt(n), t * sd * math.sqrt(1 / n + Z95**2 / (2 * (n - 1)))
    low, high = mean - Z95 * sd, mean + Z95 * sd
    return BlandAltman(
        Interval(mean, mean - of_mean, mean + of_mean),
        Interval(low, low - of_limit, low + of_limit),
        Interval(high, high - of_limit, high + of_limit),
        sd,
        n,
    )


def weighted_kappa(first: Sequence[int], second: Sequence[int], grades: int, *, weights: str = "quadratic") -> Interval:
    """Cohen's weighted kappa of two readers with its large-sample 95 % interval, by statsmodels.

    Cohen 1968, Psychol Bull 70:213; Fleiss, Cohen and Everitt 1969, Psychol Bull 72:323.

    Parameters
    ----------
    first, second
        Grades 0 ... ``grades - 1`` that each reader gave to the same things.
    weights
        ``linear`` or ``quadratic``: how a disagreement grows with the distance of the grades.

    Raises
    ------
    InvalidValueError
        Lists of different lengths, or grades or weights out of range.

    Examples
    --------
    >>> weighted_kappa([0, 1, 2, 2], [0, 1, 2, 1], 3).value > 0.7
    True
    """
    if weights not in ("linear", "quadratic"):
        raise InvalidValueError(f"weights are linear or quadratic; found {weights!r}")
    if len(first) != len(second) or not first or not all(0 <= g < grades for g in (*first, *second)):
        raise InvalidValueError(f"two readers give the same number of grades from 0 to {grades - 1}; found {len(first)} and {len(second)}")
    from statsmodels.stats.inter_rater import cohens_kappa  # imported on use: the import takes a second

    table = np.zeros((grades, grades))
    np.add.at(table, (list(first), list(second)), 1)
    found = cohens_kappa(table, wt=weights)
    return Interval(float(found.kappa), float(found.kappa_low), float(found.kappa_upp))


__all__ = ["BlandAltman", "IccForm", "Interval", "Repeatability", "bland_altman", "icc", "repeatability", "weighted_kappa"]
