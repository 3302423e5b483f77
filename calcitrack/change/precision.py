"""How well a burden repeats: from the user's own repeat exposures where there are enough, else from the profile measured on phantoms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy import stats

from calcitrack.change.precision_profile import PROFILE, ProfileRow
from calcitrack.errors import InvalidValueError
from calcitrack.model.judgement import BurdenPoint, BurdenSeries, SdcSource, TimelineSeries
from calcitrack.reliability import Z95, repeatability

MIN_REPEATS = 8
"""Degrees of freedom from which the user's own repeats are used. A standard deviation from 8 pairs costs a Student quantile of 2.31 for 1.96,
18 % on top; from 4 it would be 42 %, and its own 95 % interval would reach to three times its value."""

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
        Degrees of freedom that it rests on.
    """

    log_sd: float
    bad_share: float
    bad_log_sd: float
    source: SdcSource
    repeats: int

    @property
    def sem(self) -> float:
        """Standard error of measurement of the logarithm, ordinary and bad exposures together; the user's own repeats hold both already."""
        if self.source is SdcSource.OWN_REPEATS:
            return self.log_sd
        return math.sqrt(self.log_sd**2 + self.bad_share * self.bad_log_sd**2)

    @property
    def quantile(self) -> float:
        """97.5 % quantile: 1.96, or Student's for the user's own repeats, because a few repeats estimate a standard deviation poorly."""
        return float(stats.t.ppf(0.975, self.repeats)) if self.source is SdcSource.OWN_REPEATS else Z95


@dataclass(frozen=True, slots=True)
class Precision:
    """Spreads by subject and measurand.

    Parameters
    ----------
    own
        (subject, measurand) -> spread from the user's own repeats; missing ones come from `profile`.
    profile
        (subject, measurand) -> the program's precision profile.

    Examples
    --------
    >>> from calcitrack.change import Precision
    >>> small, large = (Precision().spread("total", "area_mm2", size).sem for size in (5.0, 500.0))
    >>> small > large
    True
    """

    own: Mapping[tuple[str, str], Spread] = field(default_factory=dict)
    profile: Mapping[tuple[str, str], ProfileRow] = field(default_factory=lambda: PROFILE)

    def spread(self, subject: str, measurand: str, size: float) -> Spread:
        """The spread of one exposure of a burden of this size.

        Raises
        ------
        InvalidValueError
            Neither the repeats nor the profile have the measurand.
        """
        own = self.own.get((subject, measurand))
        if own is not None:
            return own
        row = self.profile.get((subject, measurand))
        if row is None:
            known = ", ".join(sorted(f"{s} {m}" for s, m in self.profile))
            raise InvalidValueError(f"no precision is known of {subject} {measurand}; expected one of {known}; measure its profile first")
        log_sd, bad_share = (float(np.interp(math.log(max(size, row.sizes[0])), np.log(row.sizes), x)) for x in (row.log_sds, row.bad_shares))
        return Spread(log_sd, bad_share, row.bad_log_sd, SdcSource.PHANTOM_PROFILE, row.pairs)


def own_precision(cohort: Iterable[TimelineSeries]) -> Precision:
    """Precision from all exposures that a cohort repeats on one day; the profile where they are fewer than `MIN_REPEATS` (degrees of freedom).

    Repeats with equal values are one film given twice, and repeats without a burden have no logarithm: neither counts. How often an exposure
    goes wrong cannot be estimated from a few repeats, so that share comes from the profile.
    """
    groups: dict[tuple[str, str], list[tuple[float, ...]]] = {}
    for timeline in cohort:
        for series in timeline.series:
            groups.setdefault((series.subject, series.measurand), []).extend(p.values for p in series.points if _repeats(p, series))
    own = {}
    for kind, values in groups.items():
        row = PROFILE.get(kind)
        if row is None or sum(len(v) - 1 for v in values) < MIN_REPEATS:
            continue
        repeats = repeatability(values, log=True)
        own[kind] = Spread(repeats.sem, min(row.bad_shares), row.bad_log_sd, SdcSource.OWN_REPEATS, repeats.dof)
    return Precision(own)


def _repeats(point: BurdenPoint, series: BurdenSeries) -> bool:
    copies = series.measurand != "deposit_count" and len(set(point.values)) == 1
    return len(point.values) > 1 and min(point.values) > 0 and not copies


def log_burden(value: float, limit: float) -> tuple[float, float]:
    """Natural logarithm of a burden, and the standard deviation that a burden of zero adds.

    Nothing found means a burden anywhere below the detection limit L, `limit`. Were all of these equally likely, its logarithm would have the mean
    ``ln L - 1`` and the standard deviation 1; that is what a zero counts as.
    """
    if value > 0:
        return math.log(value), 0.0
    return math.log(limit) - 1.0, 1.0
