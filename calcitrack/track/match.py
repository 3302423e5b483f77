"""Which deposit is which: identities over all visits at once, and which deposits merged or split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calcitrack.errors import InvalidValueError
from calcitrack.model.assessment import Fate
from calcitrack.model.display import counted
from calcitrack.track.detection import Detection, MatchOptions
from calcitrack.track.link import Spot, link, tie
from calcitrack.track.merges import MergeOrSplit, merges_and_splits


@dataclass(frozen=True, slots=True)
class Join:
    """A track merges into another one, or splits from it.

    Parameters
    ----------
    fate
        ``Fate.MERGED``: the track's last detection before lies at `since`, and at `time_point` the partner covers its place.
        ``Fate.SPLIT``: the partner covers
        its place at `since`, and the track is seen at `time_point`.
    since, time_point
        The two time points, in order.
    partner
        Number of the other track.
    """

    fate: Fate
    since: int
    time_point: int
    partner: int


@dataclass(frozen=True, slots=True)
class Track:
    """One deposit over the images: detections by the index of their image, earliest first, and where it merged or split."""

    number: int
    detections: Mapping[int, Detection]
    joins: tuple[Join, ...] = ()


def follow(images: Sequence[Sequence[Detection]], time_points: Sequence[int] | None = None, options: MatchOptions | None = None) -> tuple[Track, ...]:
    """Give each deposit an identity over all images.

    Parameters
    ----------
    images
        The detections of each image, in order of time, all in baseline's coordinates.
    time_points
        Time point of each image, ascending; images of one time point are exposures of one day. ``None``: each image is one of its own.
    options
        Settings; defaults when ``None``.

    Returns
    -------
    Tracks numbered from 1 in order of first detection. Each label of each image belongs to exactly one track, and a track holds at most
    one label of an image. All visits are decided together, so that the answer neither depends on the order of labels nor, but for the
    numbers, on the direction of time: a merge becomes a split.

    Raises
    ------
    InvalidValueError
        There is not one time point for each image, or they do not ascend.
    """
    options = options or MatchOptions()
    days = list(range(len(images))) if time_points is None else list(time_points)
    if len(days) != len(images) or days != sorted(days):
        raise InvalidValueError(f"expected one time point for each of {counted(len(images), 'image')}, ascending; found {days}")
    known = sorted(set(days))
    spots = tie(images, [known.index(d) for d in days], options)
    chains = sorted(link(spots, options), key=lambda chain: _first(spots[chain[0]]))
    owner = {spot: number for number, chain in enumerate(chains, start=1) for spot in chain}
    joins: dict[int, list[Join]] = {}
    for m in merges_and_splits(spots, chains, options):
        joins.setdefault(owner[m.spot], []).append(_join(m, spots, known, owner))
    return tuple(
        Track(
            number,
            dict(sorted((k, s) for spot in chain for k, s in spots[spot].detections.items())),
            tuple(sorted(joins.get(number, ()), key=lambda j: (j.time_point, j.since))),
        )
        for number, chain in enumerate(chains, start=1)
    )


def _first(spot: Spot) -> tuple[int, int]:
    """First detection of a spot: index of the image and label."""
    image = min(spot.detections)
    return image, spot.detections[image].label


def _join(event: MergeOrSplit, spots: Sequence[Spot], days: Sequence[int], owner: Mapping[int, int]) -> Join:
    since, then = sorted(days[spots[k].visit] for k in (event.spot, event.covering))
    return Join(event.fate, since, then, owner[event.covering])
