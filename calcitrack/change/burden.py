"""Series of a timeline's totals, with the parts that they are the sum of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from calcitrack.change.shared_outlines import SharedOutlines, parts_of, shared_outlines
from calcitrack.model.assessment import NOTHING_READ, ImageAssessment
from calcitrack.model.evaluable import Evaluable, EvaluableFamily
from calcitrack.model.film_quality import FilmProblem
from calcitrack.model.judgement import DEPOSIT, TOTAL, BurdenPoint, BurdenSeries
from calcitrack.model.measurement import Measurement, NotMeasurable, Result

NOT_EVERYWHERE = "it was not measured on every exposure of this time point"
"""Of a measurand of the user's own, whose code is not at hand when a reader's edit is measured."""
SIZED_IN_PLANE = ("area_mm2", "feret_mm", "contrast_integral_mm2", "contrast_joint_mm2", "area_joint_mm2")
"""Totals whose millimetres hold in the plane of the spacing's basis: only like bases may be subtracted. Mass is corrected for magnification."""
COUNT = "deposit_count"

Dates = Mapping[int, dt.date | None]
"""Time point -> date, in order."""
Found = Result | float | None
"""A burden on an image: measured, a bare number, or not known of it."""
QUALITY: Mapping[FilmProblem, str] = MappingProxyType({FilmProblem.BURNT_OUT: "burnt out", FilmProblem.LOSSY: "heavily compressed"})
"""Doubts about a film that change outlines and values: such a film is compared only with one that has the same."""


def total_series(
    name: str, unit: str, dates: Dates, images: Sequence[ImageAssessment], evaluable: Evaluable, unread: Mapping[int, str]
) -> BurdenSeries:
    """The series of a total over all time points.

    Parameters
    ----------
    evaluable
        What each visit shows, of the same images.
    unread
        Time point -> why it has no image (`calcitrack.model.assessment.unread_reasons`), where that is known.
    """
    points: dict[int, BurdenPoint] = {}
    missing: dict[int, str] = {}
    for index, date in dates.items():
        here = [images[k] for k in evaluable.exposures.get(index, ())]
        found = burden_point(index, date, name, here, [_total(i, name) for i in here]) if here else unread.get(index, NOTHING_READ)
        if isinstance(found, str):
            missing[index] = found
        else:
            points[index] = found
    shared = shared_outlines(images)
    parts = {f.name: _part(f, name, unit, points, images, evaluable, shared) for f in evaluable.families}
    return BurdenSeries(TOTAL, name, unit, tuple(points.values()), missing, parts=parts, evaluable=evaluable)


def burden_point(index: int, date: dt.date | None, name: str, images: Sequence[ImageAssessment], results: Sequence[Found]) -> BurdenPoint | str:
    """A time point's burden from its exposures, one or more, or the reason why there is none."""
    for result in results:
        if result is None:
            return NOT_EVERYWHERE
        if isinstance(result, NotMeasurable):
            return result.reason
    measured = [r for r in results if isinstance(r, Measurement)]
    values = tuple(max(0.0, float(r)) for r in results if r is not None)
    models = sorted({r.model for r in measured}) if name == "volume_mm3" else []
    planes = sorted({i.spacing.basis.value for i in images}) if name in SIZED_IN_PLANE else []
    tiers = " ".join(sorted({i.calibration.tier.value for i in images}))
    sds = [r.sd if isinstance(r, Measurement) else 0.0 for r in results]
    sd = sum(s for s in sds if s is not None) / len(sds) if measured and None not in sds else None
    return BurdenPoint(index, date, values, sd, "; ".join((*planes, *models, *quality(images))), tiers)


def quality(images: Sequence[ImageAssessment]) -> list[str]:
    """What is wrong with films so that they are compared only with films of the same quality; nothing for good ones."""
    return sorted({QUALITY[d.problem] for i in images for d in i.doubts if d.problem in QUALITY})


def like_with(like: str, images: Sequence[ImageAssessment]) -> str:
    """Of what kind a value is on these films, where it would be of kind `like` on others.

    Examples
    --------
    >>> like_with("detector; burnt out", [])
    'detector'
    """
    return "; ".join((*(part for part in like.split("; ") if part and part not in QUALITY.values()), *quality(images)))


def _total(image: ImageAssessment, name: str) -> Found:
    return float(len(image.deposits)) if name == COUNT else image.totals.get(name)


def _part(
    family: EvaluableFamily,
    name: str,
    unit: str,
    totals: Mapping[int, BurdenPoint],
    images: Sequence[ImageAssessment],
    evaluable: Evaluable,
    shared: SharedOutlines,
) -> BurdenSeries:
    """A family's share of the total where it is known; nothing where its place is known to be empty."""
    points = []
    for index, total in totals.items():
        found = [of_family(k, images, name, family.members, shared) for k in evaluable.exposures[index]]
        if index in family.known and not any(f is None or isinstance(f, NotMeasurable) for f in found):
            sds = [(f.sd if isinstance(f, Measurement) else 0.0) for f in found]
            sd = sum(s for s in sds if s is not None) / len(sds) if None not in sds else None
            points.append(replace(total, values=tuple(max(0.0, float(f)) for f in found if f is not None), sd=sd))
    return BurdenSeries(DEPOSIT, name, unit, tuple(points), deposit_id=family.name)


def of_family(k: int, images: Sequence[ImageAssessment], name: str, members: Collection[str], shared: SharedOutlines) -> Found:
    """What a family has on an image; 0 where none of it is seen.

    Parameters
    ----------
    k
        Position of the image among all `images` of the timeline.
    shared
        Outlines that cover several deposits, of the same images: a family has its share of them.
    """
    if name == COUNT:
        return float(sum(d.deposit_id in members for d in images[k].deposits))
    found = [result for _, result in parts_of(k, images, members, name, shared)]
    if not found:
        return 0.0
    known = [r for r in found if r is not None]
    return sum_of(known) if len(known) == len(found) else None


def sum_of(results: Sequence[Result]) -> Result:
    """Sum over one exposure, of at least one result. Uncertainties add linearly, because beam and outline method are shared."""
    missing = next((r for r in results if isinstance(r, NotMeasurable)), None)
    if missing is not None or len(results) == 1:
        return missing or results[0]
    values = [r for r in results if isinstance(r, Measurement)]
    sds = [r.sd for r in values if r.sd is not None]
    sd = sum(sds) if len(sds) == len(values) else None
    return Measurement(values[0].measurand, sum(r.value for r in values), sd, "; ".join(sorted({r.model for r in values if r.model})))
