"""How well a burden repeats: from the user's own repeat exposures of enough comparable patients, else from the profile measured on phantoms."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

import numpy as np
from scipy import special

from calcitrack.change.precision_profile import PROFILE, ProfileRow
from calcitrack.errors import InvalidValueError
from calcitrack.model.judgement import BurdenPoint, BurdenSeries, SdcSource, TimelineSeries
from calcitrack.reliability import Z95

MIN_PATIENTS = 8
"""Patients from which the user's own repeats are used. A standard deviation from 8 patients costs a Student quantile of 2.31 for 1.96, 18 % on top;
from 4 it would be 42 %, and its own 95 % interval would reach to three times its value."""
LIKE_BURDEN = 4.0
"""Factor within which the burden of a repeat counts as comparable. Over it the profile's standard deviation of an area or a mass changes by a quarter
at most (`PROFILE`); over a factor of 16 by a half."""

DETECTION_LIMIT = {"area_mm2": 0.6, "ha_mass_mg": 0.1, "volume_mm3": 0.25, "deposit_count": 1.0}
"""Smallest burden that is reported: the least area of a deposit (`SegmentOptions.min_area_mm2`), a mass of about 17 mg/cm2 over that area, twice the
background noise of a finger, the volume of that mass at 400 mg/cm3, and one deposit."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Scatter of the natural logarithm of a burden between two exposures of an unchanged limb.

    Parameters
    ----------
    log_sd
        Standard deviation of an ordinary exposure.
    bad_share, bad_log_sd
        How often an exposure goes wrong (a large deposit missed or joined with another), and the standard deviation that this adds.
    source
        Where it comes from.
    repeats
        Repeated exposures that it rests on, each beside the first of its day.
    patients
        Whose repeats these are, in alphabetical order; empty for the profile, and for a spread that is stated.
    """

    log_sd: float
    bad_share: float
    bad_log_sd: float
    source: SdcSource
    repeats: int
    patients: tuple[str, ...] = ()

    @property
    def sem(self) -> float:
        """Standard error of measurement of the logarithm, ordinary and bad exposures together; the user's own repeats hold both already."""
        if self.source is SdcSource.OWN_REPEATS:
            return self.log_sd
        return math.sqrt(self.log_sd**2 + self.bad_share * self.bad_log_sd**2)

    @property
    def quantile(self) -> float:
        """97.5 % quantile: 1.96, or Student's for the user's own repeats, because a few patients estimate a standard deviation poorly.

        Each patient is one degree of freedom, however many repeats there are: patients differ in how well they repeat.
        """
        return float(special.stdtrit(len(self.patients) or self.repeats, 0.975)) if self.source is SdcSource.OWN_REPEATS else Z95


@dataclass(frozen=True, slots=True, order=True)
class Repeat:
    """Exposures of one burden on one day.

    Parameters
    ----------
    size
        Their geometric mean, in the measurand's unit.
    patient
        Whose it is.
    squares
        Sum of the squared deviations of their natural logarithms from the mean of these.
    dof
        Their degrees of freedom: exposures less one.
    """

    size: float
    patient: str
    squares: float
    dof: int


Kind = tuple[str, str, str]
"""Subject, measurand and calibration tiers: repeats of one kind may be comparable, those of different kinds are not."""


@dataclass(frozen=True, slots=True)
class Precision:
    """How well each burden repeats.

    A burden is held against the repeats of patients that are like it: of the same calibration tier, and within a factor of `LIKE_BURDEN` of its size.
    Where these are `MIN_PATIENTS` or more, their spread counts; else the profile's. A patient who is unlike changes nothing.

    Parameters
    ----------
    stated
        (subject, measurand) -> a spread that is known beforehand, at every size and tier: of a repeatability study of your own. It comes first.
    repeats
        Kind -> the repeats of a cohort (`own_precision`), smallest burden first.
    profile
        (subject, measurand) -> the program's precision profile.

    Examples
    --------
    >>> from calcitrack.change import Precision
    >>> small, large = (Precision().spread("total", "area_mm2", size).sem for size in (5.0, 500.0))
    >>> small > large
    True
    """

    stated: Mapping[tuple[str, str], Spread] = field(default_factory=dict)
    repeats: Mapping[Kind, tuple[Repeat, ...]] = field(default_factory=dict)
    profile: Mapping[tuple[str, str], ProfileRow] = field(default_factory=lambda: PROFILE)

    def spread(self, subject: str, measurand: str, size: float, calibrations: Iterable[str] = ("",)) -> Spread:
        """The spread of one exposure of a burden of this size.

        Parameters
        ----------
        subject, measurand
            As in `BurdenSeries`.
        size
            The burden, in the measurand's unit.
        calibrations
            Calibration tiers of its visits (`BurdenPoint.calibration`). Where they differ, no patient's repeats are like them.

        Raises
        ------
        InvalidValueError
            Neither the repeats nor the profile have the measurand.
        """
        stated = self.stated.get((subject, measurand))
        if stated is not None:
            return stated
        row = self.profile.get((subject, measurand))
        tiers = set(calibrations)
        comparable = self.repeats.get((subject, measurand, tiers.pop()), ()) if len(tiers) == 1 else ()
        own = _own_spread(_like(comparable, size), row) if row is not None else None
        if own is not None:
            return own
        if row is None:
            known = ", ".join(sorted(f"{s} {m}" for s, m in self.profile))
            raise InvalidValueError(f"no precision is known of {subject} {measurand}; expected one of {known}; measure its profile first")
        log_sd, bad_share = (float(np.interp(math.log(max(size, row.sizes[0])), np.log(row.sizes), x)) for x in (row.log_sds, row.bad_shares))
        return Spread(log_sd, bad_share, row.bad_log_sd, SdcSource.PHANTOM_PROFILE, row.pairs)


def own_precision(cohort: Iterable[TimelineSeries]) -> Precision:
    """Precision from all exposures that a cohort repeats on one day.

    Repeats with equal values are one film given twice, and repeats without a burden have no logarithm: neither counts. Those of a timeline without a
    Patient ID do not count either, because nobody knows how many people they are of.

    Examples
    --------
    >>> import datetime as dt
    >>> from calcitrack.model.judgement import BurdenPoint, BurdenSeries, TimelineSeries
    >>> from calcitrack.model.timeline import TimelineKey
    >>> def exposed_twice(patient):
    ...     point = BurdenPoint(1, dt.date(2021, 3, 8), (100.0, 110.0), calibration="C")
    ...     return TimelineSeries(TimelineKey(patient), patient, (BurdenSeries("total", "area_mm2", "mm2", (point,)),))
    >>> precision = own_precision([exposed_twice(f"P{k}") for k in range(1, 9)])
    >>> spread = precision.spread("total", "area_mm2", 200.0, ["C"])
    >>> spread.source.value, len(spread.patients), round(spread.sem, 3)
    ('own_repeats', 8, 0.067)
    >>> precision.spread("total", "area_mm2", 600.0, ["C"]).source.value
    'phantom_profile'
    """
    found: dict[Kind, list[Repeat]] = {}
    for timeline in cohort:
        for series in timeline.series if timeline.key.patient_id else ():
            for point in series.points:
                if _repeats(point, series):
                    kind = (series.subject, series.measurand, point.calibration)
                    found.setdefault(kind, []).append(_repeat(point.values, timeline.key.patient_id))
    return Precision(repeats={kind: tuple(sorted(repeats)) for kind, repeats in sorted(found.items())})


def _repeats(point: BurdenPoint, series: BurdenSeries) -> bool:
    copies = series.measurand != "deposit_count" and len(set(point.values)) == 1
    return len(point.values) > 1 and min(point.values) > 0 and not copies


def _repeat(values: Sequence[float], patient: str) -> Repeat:
    logs = np.log(sorted(values))
    return Repeat(math.exp(float(logs.mean())), patient, float(((logs - logs.mean()) ** 2).sum()), len(values) - 1)


def _like(repeats: Sequence[Repeat], size: float) -> Sequence[Repeat]:
    """The repeats, smallest first, of burdens within a factor of `LIKE_BURDEN` of this size."""
    of_size = attrgetter("size")
    return repeats[bisect_left(repeats, size / LIKE_BURDEN, key=of_size) : bisect_right(repeats, size * LIKE_BURDEN, key=of_size)]


def _own_spread(repeats: Sequence[Repeat], row: ProfileRow) -> Spread | None:
    """The spread of these repeats, ``None`` where they are of too few patients.

    Each patient counts once, with the mean variance of all of that patient's repeats: nobody who is exposed twice often carries the estimate.
    How often an exposure goes wrong cannot be estimated from a few repeats, so that share comes from the profile.
    """
    by_patient: dict[str, list[Repeat]] = {}
    for repeat in repeats:
        by_patient.setdefault(repeat.patient, []).append(repeat)
    if len(by_patient) < MIN_PATIENTS:
        return None
    variances = [math.fsum(r.squares for r in own) / sum(r.dof for r in own) for own in by_patient.values()]
    log_sd = math.sqrt(math.fsum(variances) / len(variances))
    count = sum(r.dof for r in repeats)
    return Spread(log_sd, min(row.bad_shares), row.bad_log_sd, SdcSource.OWN_REPEATS, count, tuple(sorted(by_patient)))


def log_burden(value: float, limit: float) -> tuple[float, float]:
    """Natural logarithm of a burden, and the standard deviation that a burden of zero adds.

    Nothing found means a burden anywhere below the detection limit L, `limit`. Were all of these equally likely, its logarithm would have the mean
    ``ln L - 1`` and the standard deviation 1; that is what a zero counts as.
    """
    if value > 0:
        return math.log(value), 0.0
    return math.log(limit) - 1.0, 1.0
