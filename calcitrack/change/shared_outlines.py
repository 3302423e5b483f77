"""Outlines that cover several deposits which another exposure of the same day keeps apart, and how they are shared out among these.

One exposure may run two neighbours into one outline that the next exposure keeps apart. The outline is then no measurement of either: counted as the
larger of the two, it would lend it the other one's mass. Each of them gets its share, in the proportion in which the exposure that keeps them apart
shows them; together they have what was measured.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcitrack.model.assessment import ImageAssessment, TrackedDeposit
from calcitrack.model.measurement import Measurement, Result
from calcitrack.model.view import View

COVER = 0.5
"""Share of a deposit's outline from which on another exposure's outline covers it: that of a merge (`calcitrack.track.MatchOptions`)."""
PLACES = 40
"""Places that stand for an outline: enough to tell a twentieth of it."""
SIZES = ("area_mm2", "area_px")
"""Measurands that share an outline out where the one in question is not known on the other exposure."""


@dataclass(frozen=True, slots=True)
class SharedOutline:
    """An outline of one exposure that covers several deposits of another one of the same day.

    Parameters
    ----------
    members
        Ids of the deposits: first the one whose name the outline has on its own exposure, where it is one of them.
    apart_on
        Positions of the images of that day that show each of them by itself.
    """

    members: tuple[str, ...]
    apart_on: tuple[int, ...]

    def share(self, ids: Collection[str], measurand: str, images: Sequence[ImageAssessment]) -> float:
        """Share of these deposits in the outline, 0 to 1: of the measurand where each exposure that keeps them apart has it, else of area."""
        for name in (measurand, *SIZES):
            values = [[_value(images[k], m, name) for k in self.apart_on] for m in self.members]
            sums = [sum(v for v in own if v is not None) for own in values]
            if all(v is not None for own in values for v in own) and min(sums) >= 0 and sum(sums) > 0:
                return sum(s for s, m in zip(sums, self.members, strict=True) if m in ids) / sum(sums)
        return sum(m in ids for m in self.members) / len(self.members)


SharedOutlines = Mapping[tuple[int, str], SharedOutline]
"""(position of an image, id that the outline has there) -> the deposits that it covers."""


def shared_outlines(images: Sequence[ImageAssessment]) -> SharedOutlines:
    """The outlines that cover several deposits of another exposure of the same day; none on days with one exposure.

    Parameters
    ----------
    images
        All measured images of a timeline.

    Returns
    -------
    Where several exposures keep different deposits apart, those of the exposure that shows most of them count.
    """
    found: dict[tuple[int, str], SharedOutline] = {}
    for k, image in enumerate(images):
        others = [j for j, other in enumerate(images) if other.time_point == image.time_point and j != k]
        covered = {j: _covered(image, images[j]) for j in others}
        for outline in {name for by_name in covered.values() for name in by_name}:
            most = max((by_name.get(outline, ()) for by_name in covered.values()), key=len)  # of several, the earliest
            apart_on = tuple(j for j in others if covered[j].get(outline) == most)
            found[k, outline] = SharedOutline(most, apart_on)
    return found


def parts_of(
    k: int, images: Sequence[ImageAssessment], ids: Collection[str], measurand: str, shared: SharedOutlines
) -> Iterator[tuple[TrackedDeposit, Result | None]]:
    """What an image has of these deposits: each outline, and its value or the share of it that is theirs; ``None`` where it was not measured."""
    for seen in images[k].deposits:
        outline, result = shared.get((k, seen.deposit_id)), seen.deposit.measurements.get(measurand)
        if outline is None:
            if seen.deposit_id in ids:
                yield seen, result
        elif not set(outline.members).isdisjoint(ids):
            yield seen, _scaled(result, outline.share(ids, measurand, images)) if isinstance(result, Measurement) else result


def _scaled(result: Measurement, share: float) -> Measurement:
    return replace(result, value=result.value * share, sd=None if result.sd is None else result.sd * share)


def _value(image: ImageAssessment, deposit_id: str, measurand: str) -> float | None:
    results = [d.deposit.measurements.get(measurand) for d in image.deposits if d.deposit_id == deposit_id]
    return results[0].value if results and isinstance(results[0], Measurement) else None


def _covered(image: ImageAssessment, other: ImageAssessment) -> dict[str, tuple[str, ...]]:
    """Id of an outline -> the deposits that it covers of those that the other exposure keeps apart, its own first where that shows it.

    Only what covers two or more is told, where both exposures lie on the baseline.
    """
    views = [View(i.time_point, i.alignment, i.segmentation.labels.shape, i.exposure.correction) for i in (image, other)]
    here, there = ({d.deposit_id for d in i.deposits} for i in (image, other))
    if there <= here or not all(v.linked for v in views):
        return {}
    boxes = ndimage.find_objects(other.segmentation.labels.astype(np.int32))
    found: dict[str, list[str]] = {}
    for deposit in other.deposits:
        if deposit.deposit_id not in here and deposit.deposit.label <= len(boxes):
            places = _on_baseline(other, deposit, boxes[deposit.deposit.label - 1])
            middle = tuple(map(float, places.mean(axis=0)))
            if all(v.knows(middle) for v in views) and (by := _covering(image, places)):
                found.setdefault(by, []).append(deposit.deposit_id)
    all_of = {name: ((name,) if name in there else ()) + tuple(sorted(met)) for name, met in found.items()}
    return {name: met for name, met in all_of.items() if len(met) > 1}


def _on_baseline(image: ImageAssessment, deposit: TrackedDeposit, box: tuple[slice, ...]) -> NDArray[np.float64]:
    """Places spread over a deposit's outline, on the baseline image, shape (n, 2) or (n, 3), pixels."""
    pixels = np.argwhere(image.segmentation.labels[box] == deposit.deposit.label) + np.array([side.start for side in box])
    chosen = pixels[np.linspace(0, len(pixels) - 1, min(len(pixels), PLACES)).astype(int)].astype(float)
    return chosen if image.alignment is None else np.asarray(image.alignment.to_baseline(chosen))


def _covering(image: ImageAssessment, places: NDArray[np.float64]) -> str:
    """Id of the outline that covers at least `COVER` of these baseline places; empty where none does."""
    labels = image.segmentation.labels
    at = np.rint(places if image.alignment is None else image.alignment.to_image(places)).astype(int)
    inside = np.all((at >= 0) & (at < labels.shape), axis=1)
    hit = labels[tuple(at[inside].T)]
    by_label = {d.deposit.label: d.deposit_id for d in image.deposits}
    for label, count in zip(*np.unique(hit[hit > 0], return_counts=True), strict=True):
        if count >= COVER * len(places):
            return by_label.get(int(label), "")
    return ""
