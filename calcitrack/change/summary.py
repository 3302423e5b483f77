"""The burden at each time point, its change, and the fate of each deposit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from calcitrack.change.burden import NOT_EVERYWHERE, total_series
from calcitrack.change.comparable import compared
from calcitrack.model.assessment import NOTHING_READ, Change, DepositTrack, Fate, ImageAssessment, TimePointSummary
from calcitrack.model.evaluable import evaluable_of
from calcitrack.model.judgement import BurdenSeries
from calcitrack.model.measurement import Measurand, Measurement, NotMeasurable, Result


def summarise(
    dates: Mapping[int, dt.date | None],
    images: Sequence[ImageAssessment],
    tracks: Sequence[DepositTrack],
    unread: Mapping[int, str] = MappingProxyType({}),
) -> tuple[TimePointSummary, ...]:
    """Sum up each time point and compare it with baseline and with the one before.

    Parameters
    ----------
    dates
        Time point index -> date, in order.
    images
        All measured exposures.
    tracks
        The deposits with their fates.
    unread
        Time point -> why it has no image (`calcitrack.model.assessment.unread_reasons`), where that is known.

    Returns
    -------
    One summary a time point. The totals are means over the exposures that stand for it, and changes are taken over what both time points show
    (`calcitrack.change.comparable`).
    """
    evaluable = evaluable_of(images, tracks)
    measurands = _measurands(images)
    series = {q.name: total_series(q.name, q.unit, dates, images, evaluable, unread) for q in measurands}
    measured = [index for index in dates if index in evaluable.exposures]
    summaries: list[TimePointSummary] = []
    for index, date in dates.items():
        here = [images[k] for k in evaluable.exposures.get(index, ())]
        every = [i for i in images if i.time_point == index]
        earlier = [k for k in measured if k < index]
        seen = {d.deposit_id for i in every for d in i.deposits}
        fates = [t.fates[index] for t in tracks if index in t.fates]
        first = next((k for k in earlier if k not in evaluable.unaligned), earlier[0] if earlier else 0)
        since = [_changes(measurands, series, dates, k, index) for k in (first, earlier[-1])] if earlier else [{}, {}]
        summaries.append(
            TimePointSummary(
                index=index,
                date=date,
                n_exposures=len(every),
                deposit_count=len(seen) if every else None,
                totals={q.name: _mean(q, here, unread.get(index, NOTHING_READ)) for q in measurands},
                from_baseline=since[0],
                from_previous=since[1],
                fates={fate: fates.count(fate) for fate in Fate},
                evaluable_fraction=evaluable.fraction(index),
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


def _mean(measurand: Measurand, images: Sequence[ImageAssessment], unread: str) -> Result:
    """Mean over the exposures of one day. Their uncertainties are mostly shared (beam, scatter, geometry), so they are averaged as well."""
    if not images:
        return NotMeasurable(measurand, unread)
    results = [i.totals.get(measurand.name, NotMeasurable(measurand, NOT_EVERYWHERE)) for i in images]
    for result in results:
        if isinstance(result, NotMeasurable):
            return result
    values = [r for r in results if isinstance(r, Measurement)]
    sds = [r.sd for r in values if r.sd is not None]
    sd = float(np.mean(sds)) if len(sds) == len(values) else None
    return Measurement(measurand, float(np.mean([r.value for r in values])), sd, values[0].model)


def _changes(
    measurands: Sequence[Measurand], series: Mapping[str, BurdenSeries], dates: Mapping[int, dt.date | None], earlier: int, later: int
) -> Mapping[str, Change]:
    start, end = dates[earlier], dates[later]
    days = (end - start).days if start is not None and end is not None else None
    return {q.name: _change(q, series[q.name], earlier, later, days) for q in measurands}


def _change(measurand: Measurand, series: BurdenSeries, earlier: int, later: int, days: int | None) -> Change:
    """Later minus earlier, over what both show, if both are measured in like units."""
    if measurand.name == "area_px":
        return Change(NotMeasurable(measurand, "pixels of two films need not be of the same size"), None, days)
    found = compared(series, (earlier, later))
    if isinstance(found, str):
        return Change(NotMeasurable(measurand, found), None, days)
    before, after = (p.mean for p in found.series.points)
    return Change(
        absolute=Measurement(measurand, after - before),
        relative=after / before - 1 if before > 0 else None,
        interval_days=days,
        earlier=before,
        later=after,
        compared_fraction=found.shared.fraction,
        left_out=found.shared.words,
    )
