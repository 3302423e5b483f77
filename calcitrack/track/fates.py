"""Fate of each deposit at each time point: from where it is outlined, and from its values on all images together where there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calcitrack.model.assessment import Fate
from calcitrack.model.view import Place, View
from calcitrack.track.match import Join, Track
from calcitrack.track.presence import Presence


@dataclass(frozen=True, slots=True)
class Course:
    """Fate of one deposit at each time point at which it has one, and the deposits that it merged with or split from.

    Parameters
    ----------
    fates
        Time point -> fate.
    partners
        Time point -> number of the track that it merged into or split from.
    """

    fates: Mapping[int, Fate]
    partners: Mapping[int, int]


def decide_fates(
    track: Track, views: Sequence[View], time_points: Sequence[int], baseline_px: Mapping[int, Place], presence: Presence | None = None
) -> Course:
    """Fate of one deposit at each time point from its first detection on.

    Parameters
    ----------
    track
        Detections by image index, and where it merged or split.
    views
        All images, in the order of the indices.
    time_points
        All time points, in order; some may have no image.
    baseline_px
        Image index -> where the track was seen, on the baseline film.
    presence
        What its values on all images together say; where they say nothing, and for ``None``, a deposit without an outline is taken to be gone.

    Returns
    -------
    A deposit that has resolved or merged has no further fate until it is seen again; one that was only seen where the registration failed
    has none after that.
    """
    seen: dict[int, list[int]] = {}
    for k in sorted(track.detections):
        seen.setdefault(views[k].time_point, []).append(k)
    known = {t: images for t, images in seen.items() if any(views[k].knows(baseline_px[k]) for k in images)}
    if not known:
        return Course(dict.fromkeys(seen, Fate.NOT_EVALUABLE), {})
    places = {t: baseline_px[images[-1]] for t, images in seen.items()}
    return _Deciding(track, views, time_points, places, presence).course()


class _Deciding:
    """One deposit's course, from its places at the time points at which it was seen."""

    def __init__(
        self, track: Track, views: Sequence[View], time_points: Sequence[int], places: Mapping[int, Place], presence: Presence | None
    ) -> None:
        self._views, self._time_points, self._places, self._presence = views, time_points, places, presence
        self._merges = {j.time_point: j for j in track.joins if j.fate is Fate.MERGED}
        self._splits = {j.time_point: j for j in track.joins if j.fate is Fate.SPLIT}
        self._baseline = next((t for t in time_points if any(v.linked for v in views if v.time_point == t)), None)

    def course(self) -> Course:
        fates: dict[int, Fate] = {}
        partners: dict[int, int] = {}
        for t in self._time_points:
            seen_before = max((k for k in self._places if k < t), default=None)
            if t in self._places:
                fate, join = self._seen(t, seen_before)
            elif seen_before is None or any(fates.get(k) in (Fate.RESOLVED, Fate.MERGED) for k in self._between(seen_before, t)):
                continue
            else:
                fate, join = self._unseen(t)
            fates[t] = fate
            if join is not None:
                partners[t] = join.partner
        return Course(fates, partners)

    def _seen(self, t: int, seen_before: int | None) -> tuple[Fate, Join | None]:
        shown = [k for k in self._between(seen_before, t) if self._evaluable(k)]
        empty = [k for k in shown if self._gone(k)]
        if seen_before is not None and not empty:
            return Fate.PERSISTENT, None
        join = self._splits.get(t)
        if join is not None and empty and empty[-1] == join.since:
            return Fate.SPLIT, join
        if seen_before is not None:
            return Fate.REAPPEARED, None
        if t == self._baseline:
            return Fate.BASELINE, None
        return (Fate.NEW if empty else Fate.FIRST_OUTLINED if shown else Fate.NOT_EVALUABLE), None

    def _unseen(self, t: int) -> tuple[Fate, Join | None]:
        if not self._evaluable(t):
            return Fate.NOT_EVALUABLE, None
        join = self._merges.get(t)
        if join is not None:
            return Fate.MERGED, join
        return (Fate.RESOLVED if self._gone(t) else Fate.NOT_OUTLINED), None

    def _between(self, start: int | None, end: int) -> list[int]:
        return [k for k in self._time_points if (start is None or k > start) and k < end]

    def _around(self, t: int) -> tuple[int, ...]:
        """The time points before and after this one at which the deposit was seen last and is seen next."""
        return (*[k for k in self._places if k < t][-1:], *[k for k in self._places if k > t][:1])

    def _evaluable(self, t: int) -> bool:
        """Whether a time point at which the deposit was not seen shows its earlier and its later place."""
        return any(v.time_point == t and all(v.shows(self._places[k]) for k in self._around(t)) for v in self._views)

    def _gone(self, t: int) -> bool:
        """Whether nothing speaks against it that the deposit is not there at a time point that shows its place without an outline."""
        return self._presence is None or self._presence.gone(t, self._around(t)) is not False
