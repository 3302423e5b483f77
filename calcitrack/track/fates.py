"""What became of each deposit at each time point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calcitrack.model.assessment import Alignment, Fate
from calcitrack.track.match import Track


@dataclass(frozen=True, slots=True)
class View:
    """What a fate needs to know of one image.

    Parameters
    ----------
    time_point
        1-based index.
    alignment
        Baseline onto this image; ``None`` on the image that the others are aligned to.
    shape
        (rows, columns) of the film.
    """

    time_point: int
    alignment: Alignment | None
    shape: tuple[int, int]

    @property
    def linked(self) -> bool:
        """Identities may be carried over to this image."""
        return self.alignment is None or self.alignment.ok


def decide_fates(track: Track, views: Sequence[View], time_points: Sequence[int], baseline_px: Mapping[int, tuple[float, float]]) -> dict[int, Fate]:
    """Fate of one deposit at each time point from its first sighting on.

    Parameters
    ----------
    track
        Sightings by image index.
    views
        All images, in the order of the indices.
    time_points
        All time points, in order; some may have no image.
    baseline_px
        Image index -> where the track was seen, as (row, column) of the baseline film.

    Returns
    -------
    Time point -> fate. A deposit that has resolved has no further fate until it is seen again.
    """
    fates: dict[int, Fate] = {}
    present = False
    for time_point in time_points:
        here = [k for k, v in enumerate(views) if v.time_point == time_point]
        seen = [k for k in here if k in track.sightings]
        if seen:
            fates[time_point] = _sighted(fates, time_point == time_points[0], any(views[k].linked for k in seen))
            present = True
        elif fates and present:
            last = baseline_px[max(k for k in baseline_px if views[k].time_point < time_point)]
            if any(views[k].linked and _covers(views[k], last) for k in here):
                fates[time_point] = Fate.RESOLVED
                present = False
            else:
                fates[time_point] = Fate.NOT_EVALUABLE
    return fates


def _sighted(earlier: Mapping[int, Fate], first: bool, linked: bool) -> Fate:
    if not linked:
        return Fate.NOT_EVALUABLE
    if first:
        return Fate.BASELINE
    return Fate.PERSISTENT if earlier else Fate.NEW


def _covers(view: View, baseline_px: tuple[float, float]) -> bool:
    """The place lies within this picture, and is known there."""
    row, column = baseline_px
    if view.alignment is not None:
        if not view.alignment.ok_at(baseline_px):
            return False
        row, column = view.alignment.to_image(baseline_px)
    return 0 <= row <= view.shape[0] - 1 and 0 <= column <= view.shape[1] - 1
