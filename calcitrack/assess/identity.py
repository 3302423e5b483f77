"""Which deposits of a timeline are the same, what became of them, and what they are called."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np

from calcitrack.assess.exposures import Measured
from calcitrack.assess.options import AssessOptions
from calcitrack.model.assessment import Alignment, DepositTrack, Fate, TrackedDeposit
from calcitrack.model.measurement import Deposit, Measurement
from calcitrack.model.spacing import ASSUMED_PIXEL_MM, Spacing
from calcitrack.model.timeline import Timeline
from calcitrack.track import (
    Sighting,
    Track,
    View,
    decide_fates,
    follow,
)

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://calcitrack/deposit")


def follow_all(measured: Sequence[Measured], reference: Spacing | None, options: AssessOptions) -> tuple[Track, ...]:
    """Identities over all images that could be aligned; deposits of the others each stand alone."""
    linked = [k for k, m in enumerate(measured) if m.alignment is None or m.alignment.ok]
    sightings = [
        [_sighting(d, measured[k], measured[k].alignment, reference or measured[k].spacing) for d in measured[k].measurements.deposits]
        for k in linked
    ]
    tracks = [Track(t.number, {linked[i]: s for i, s in t.sightings.items()}) for t in follow(sightings, options.match)]
    for k, m in enumerate(measured):
        if k not in linked:
            tracks += [Track(len(tracks) + n, {k: _sighting(d, m, None, m.spacing)}) for n, d in enumerate(m.measurements.deposits, start=1)]
    return tuple(tracks)


def _sighting(deposit: Deposit, image: Measured, alignment: Alignment | None, reference: Spacing) -> Sighting:
    """Where a deposit lies in baseline's millimetres, and how large it is."""
    row, column = _on_baseline(deposit.centroid, alignment)
    pixel_mm = image.spacing.mean_mm or ASSUMED_PIXEL_MM
    pixels = deposit.measurements["area_px"]
    radius = pixel_mm * float(np.sqrt(pixels.value / np.pi)) if isinstance(pixels, Measurement) else pixel_mm
    return Sighting(deposit.label, (row * (reference.row_mm or ASSUMED_PIXEL_MM), column * (reference.column_mm or ASSUMED_PIXEL_MM)), radius)


def _on_baseline(position: tuple[float, float], alignment: Alignment | None) -> tuple[float, float]:
    if alignment is None:
        return position
    row, column = alignment.to_baseline(position)
    return float(row), float(column)


class Identity:
    """Deposit ids, UIDs and fates of a timeline's tracks."""

    def __init__(self, timeline: Timeline, tracks: Sequence[Track], measured: Sequence[Measured], time_points: tuple[int, ...]) -> None:
        views = [View(m.time_point, m.alignment, m.segmentation.labels.shape) for m in measured]
        self._of: dict[tuple[int, int], DepositTrack] = {}
        listed = []
        for track in tracks:
            places = {k: _on_baseline(_centroid(measured[k], s.label), measured[k].alignment) for k, s in track.sightings.items()}
            fates = decide_fates(track, views, time_points, places)
            deposit_id = f"D{track.number:03d}"
            identified = DepositTrack(deposit_id, _uid(timeline, deposit_id), fates)
            listed.append(identified)
            self._of |= {(k, s.label): identified for k, s in track.sightings.items()}
        self.tracks = tuple(listed)

    def deposit(self, image: int, deposit: Deposit, time_point: int) -> TrackedDeposit:
        """A measured deposit with its identity."""
        track = self._of[image, deposit.label]
        return TrackedDeposit(deposit, track.deposit_id, track.tracking_uid, track.fates[time_point])

    def by_time_point(self) -> Mapping[int, Mapping[str, Fate]]:
        """Time point -> deposit id -> fate."""
        found: dict[int, dict[str, Fate]] = {}
        for track in self.tracks:
            for time_point, fate in track.fates.items():
                found.setdefault(time_point, {})[track.deposit_id] = fate
        return found


def _centroid(image: Measured, label: int) -> tuple[float, float]:
    return next(d.centroid for d in image.measurements.deposits if d.label == label)


def _uid(timeline: Timeline, deposit_id: str) -> str:
    """A UUID-derived UID (DICOM PS3.5 B.2) of patient, place, baseline image and deposit."""
    first = timeline.time_points[0].exposures[0]
    name = "/".join((*asdict(timeline.key).values(), first.acquisition.sop_instance_uid or first.source, deposit_id))
    return f"2.25.{uuid.uuid5(_NAMESPACE, name).int}"
