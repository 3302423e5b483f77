"""The burden at each time point, its change, and the fate of each deposit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np

from calcitrack.model.assessment import Change, Fate, ImageAssessment, TimePointSummary
from calcitrack.model.measurement import Measurand, Measurement, NotMeasurable, Result
from calcitrack.model.spacing import SpacingBasis

NOTHING_READ = "no exposure of this time point could be read"
NOT_EVERYWHERE = "it was not measured on every exposure of this time point"
"""Of a measurand of the user's own, whose code is not at hand when a reader's edit is measured."""
SIZED_IN_PLANE = ("area_mm2", "feret_mm", "contrast_integral_mm2")
"""Totals whose millimetres hold in the plane of the spacing's basis: only like bases may be subtracted. Mass is corrected for magnification."""


def summarise(
    dates: Mapping[int, dt.date | None], images: Sequence[ImageAssessment], fates: Mapping[int, Mapping[str, Fate]]
) -> tuple[TimePointSummary, ...]:
    """Sum up each time point and compare it with baseline and with the one before.

    Parameters
    ----------
    dates
        Time point index -> date, in order.
    images
        All measured exposures.
    fates
        Time point index -> deposit id -> fate.

    Returns
    -------
    One summary a time point. The totals are means over its exposures.
    """
    totals: dict[int, Mapping[str, Result]] = {}
    by_time: dict[int, list[ImageAssessment]] = {index: [i for i in images if i.time_point == index] for index in dates}
    names = _measurands(images)
    for index, here in by_time.items():
        totals[index] = {q.name: _mean(q, here) for q in names}
    summaries: list[TimePointSummary] = []
    measured = [index for index in dates if by_time[index]]
    for index, date in dates.items():
        earlier = [k for k in measured if k < index]
        counts = {fate: sum(f is fate for f in fates.get(index, {}).values()) for fate in Fate}
        seen = {d.deposit_id for i in by_time[index] for d in i.deposits}
        summaries.append(
            TimePointSummary(
                index=index,
                date=date,
                n_exposures=len(by_time[index]),
                deposit_count=len(seen) if by_time[index] else None,
                totals=totals[index],
                from_baseline=_changes(names, totals, by_time, dates, earlier[0], index) if earlier else {},
                from_previous=_changes(names, totals, by_time, dates, earlier[-1], index) if earlier else {},
                fates=counts,
            )
        )
    return tuple(summaries)


def _measurands(images: Sequence[ImageAssessment]) -> tuple[Measurand, ...]:
    """Measurands of the totals, in the order of the first image, and what only later images have."""
    measurands: dict[str, Measurand] = {}
    for image in images:
        for name, result in image.totals.items():
            measurands.setdefault(name, result.measurand)
    return tuple(measurands.values())


def _mean(measurand: Measurand, images: Sequence[ImageAssessment]) -> Result:
    """Mean over the exposures of one day. Their uncertainties are mostly shared (beam, scatter, geometry), so they are averaged as well."""
    if not images:
        return NotMeasurable(measurand, NOTHING_READ)
    results = [i.totals.get(measurand.name, NotMeasurable(measurand, NOT_EVERYWHERE)) for i in images]
    for result in results:
        if isinstance(result, NotMeasurable):
            return result
    values = [r for r in results if isinstance(r, Measurement)]
    sds = [r.sd for r in values if r.sd is not None]
    sd = float(np.mean(sds)) if len(sds) == len(values) else None
    return Measurement(measurand, float(np.mean([r.value for r in values])), sd, values[0].model)


def _changes(
    names: Sequence[Measurand],
    totals: Mapping[int, Mapping[str, Result]],
    by_time: Mapping[int, Sequence[ImageAssessment]],
    dates: Mapping[int, dt.date | None],
    earlier: int,
    later: int,
) -> Mapping[str, Change]:
    start, end = dates[earlier], dates[later]
    days = (end - start).days if start is not None and end is not None else None
    changes: dict[str, Change] = {}
    for q in names:
        before, after = totals[earlier][q.name], totals[later][q.name]
        difference = _difference(q, before, after, _bases(by_time[earlier]), _bases(by_time[later]))
        relative = None
        if isinstance(difference, Measurement) and isinstance(before, Measurement) and before.value > 0:
            relative = difference.value / before.value
        changes[q.name] = Change(difference, relative, days)
    return changes


def _bases(images: Sequence[ImageAssessment]) -> frozenset[SpacingBasis]:
    return frozenset(i.spacing.basis for i in images)


def _difference(measurand: Measurand, before: Result, after: Result, old: frozenset[SpacingBasis], new: frozenset[SpacingBasis]) -> Result:
    """Later minus earlier, if both are measured in like units."""
    for result in (before, after):
        if isinstance(result, NotMeasurable):
            return NotMeasurable(measurand, result.reason)
    if measurand.name in SIZED_IN_PLANE and (old != new or len(old) > 1):
        bases = ", ".join(sorted(old | new))
        return NotMeasurable(measurand, f"millimetres of different bases ({bases}) cannot be subtracted")
    if measurand.name == "volume_mm3" and isinstance(before, Measurement) and isinstance(after, Measurement) and before.model != after.model:
        return NotMeasurable(measurand, "volumes by different models cannot be subtracted")
    if measurand.name == "area_px":
        return NotMeasurable(measurand, "pixels of two films need not be of the same size")
    assert isinstance(before, Measurement)  # noqa: S101 - both were checked above
    assert isinstance(after, Measurement)  # noqa: S101
    return Measurement(measurand, after.value - before.value)
