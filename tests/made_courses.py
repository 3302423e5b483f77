"""Burden series made by hand for the tests of change and trend."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

from calcitrack.change.precision import Precision, Spread
from calcitrack.model.judgement import BurdenPoint, BurdenSeries, SdcSource, TimelineSeries
from calcitrack.model.timeline import TimelineKey

AREA = "area_mm2"
FIRST = dt.date(2020, 1, 1)


def precision(log_sd: float = 0.09, bad_share: float = 0.03, repeats: int = 30, measurand: str = AREA) -> Precision:
    """A precision that does not depend on the size, known from repeats."""
    spread = Spread(log_sd, bad_share, 0.6, SdcSource.OWN_REPEATS, repeats)
    return Precision(stated={("total", measurand): spread, ("deposit", measurand): spread})


def series(days: Sequence[int], values: Sequence[float | tuple[float, ...]], **facts: object) -> BurdenSeries:
    """A total area at these days; several exposures of a day as a tuple."""
    points = tuple(
        BurdenPoint(k, FIRST + dt.timedelta(d), v if isinstance(v, tuple) else (v,), like="detector", calibration="A")
        for k, (d, v) in enumerate(zip(days, values, strict=True), start=1)
    )
    return BurdenSeries(
        str(facts.get("subject", "total")), str(facts.get("measurand", AREA)), "mm2", points, deposit_id=str(facts.get("deposit_id", ""))
    )


def exponential(days: Sequence[int], slope: float, level: float = 100.0) -> list[float]:
    """A burden that grows by a constant rate a year."""
    return [level * math.exp(slope * d / 365.25) for d in days]


def timeline(*all_series: BurdenSeries, patient: str = "P1") -> TimelineSeries:
    """A timeline of these series."""
    return TimelineSeries(TimelineKey(patient, "HAND", "R", "PA", "DX"), f"id-{patient}", all_series)
