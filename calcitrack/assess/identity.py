"""Which deposits of a timeline are the same, what became of them, and what they are called."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcitrack.assess.images import Measured
from calcitrack.assess.options import AssessOptions
from calcitrack.assess.pipeline import Grid
from calcitrack.model.assessment import DepositId, DepositTrack, TrackedDeposit
from calcitrack.model.joint import Joint
from calcitrack.model.measurement import Deposit, Measurement
from calcitrack.model.timeline import Exposure, Timeline, TimelineKey
from calcitrack.model.view import Place
from calcitrack.track import (
    Course,
    Detection,
    Presence,
    Track,
    View,
    decide_fates,
    follow,
)

FOOTPRINT_POINTS = 40
"""Places that stand for a deposit's outline: enough to tell a twentieth of it."""
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://calcitrack/deposit")


def follow_all(measured: Sequence[Measured], reference: Grid | None, options: AssessOptions) -> tuple[Track, ...]:
    """Identities over all images, where they could be aligned; deposits at other places each stand alone."""
    found = [_detections(m, reference or m.grid) for m in measured]
    tracks = list(follow([known for known, _ in found], [m.time_point for m in measured], options.match))
    for k, (_, strays) in enumerate(found):
        tracks += [Track(len(tracks) + n, {k: s}) for n, s in enumerate(strays, start=1)]
    return tuple(tracks)


def _detections(image: Measured, reference: Grid) -> tuple[list[Detection], list[Detection]]:
    """An image's deposits on the baseline image: those at places that are known there, and the others."""
    known: list[Detection] = []
    strays: list[Detection] = []
    places, boxes = _places(image), ndimage.find_objects(image.segmentation.labels)
    for deposit in image.measurements.deposits:
        place = places[deposit.label]
        box, mass = boxes[deposit.label - 1], deposit.measurements.get("ha_mass_mg")
        pixels = np.argwhere(image.segmentation.labels[box] == deposit.label) + np.array([side.start for side in box])
        detection = Detection(
            deposit.label,
            tuple(map(float, reference.to_mm @ np.array(place))),
            image.grid.pixel_mm * _radius(len(pixels), len(place)),
            mass.value if isinstance(mass, Measurement) else None,
            tuple(tuple(map(float, at)) for at in _spread(image, deposit, place, pixels) @ reference.to_mm.T),
        )
        (known if image.alignment is None or image.alignment.ok_at(place) else strays).append(detection)
    return known, strays


def _radius(pixels: int, dimensions: int) -> float:
    """Radius of the circle or ball of so many pixels or voxels, in their mean side."""
    return float(np.sqrt(pixels / np.pi)) if dimensions == 2 else float(np.cbrt(pixels * 3 / (4 * np.pi)))


def _spread(image: Measured, deposit: Deposit, place: Place, pixels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Places on the baseline image that are spread evenly over a deposit, shape (n, 2) or (n, 3), pixels; the map is taken as linear across it."""
    chosen: NDArray[np.float64] = pixels[np.linspace(0, len(pixels) - 1, min(len(pixels), FOOTPRINT_POINTS)).astype(int)].astype(float)
    if image.alignment is None:
        return chosen
    reach = max(1.0, _radius(len(pixels), len(place)))
    ahead, behind = (image.alignment.to_image(np.array(place) + sign * reach * np.eye(len(place))) for sign in (1, -1))
    slope = (ahead - behind).T / (2 * reach)
    return np.asarray(np.array(place) + (chosen - np.array(deposit.centroid)) @ np.linalg.pinv(slope).T)


def _places(image: Measured) -> dict[int, Place]:
    """Label -> centroid of the deposit on the baseline image."""
    deposits = image.measurements.deposits
    at = np.array([d.centroid for d in deposits]).reshape(-1, image.segmentation.labels.ndim)
    if image.alignment is not None and len(at):
        at = image.alignment.to_baseline(at)
    return {d.label: tuple(map(float, place)) for d, place in zip(deposits, at, strict=True)}


class Identity:
    """Deposit ids, UIDs and fates of a timeline's tracks."""

    def __init__(
        self, timeline: Timeline, tracks: Sequence[Track], measured: Sequence[Measured], time_points: tuple[int, ...], joint: Joint | None = None
    ) -> None:
        on_baseline = [_places(m) for m in measured]
        views = [View(m.time_point, m.alignment, m.segmentation.labels.shape, m.exposure.correction) for m in measured]
        when = [m.time_point for m in measured]
        courses: dict[int, Course] = {}
        for track in tracks:
            places = {k: on_baseline[k][s.label] for k, s in track.detections.items()}
            courses[track.number] = decide_fates(track, views, time_points, places, Presence.of(joint, str(DepositId(track.number)), when))
        partners = _partners(courses)
        first = timeline.time_points[0].exposures[0]
        ids = {number: str(DepositId(number)) for number in courses}
        listed = {
            n: DepositTrack(ids[n], deposit_uid(timeline.key, first, ids[n]), course.fates, partners.get(n, {})) for n, course in courses.items()
        }
        self._of = {(k, s.label): listed[track.number] for track in tracks for k, s in track.detections.items()}
        self.tracks = tuple(listed.values())

    def deposit(self, image: int, deposit: Deposit, time_point: int) -> TrackedDeposit:
        """A measured deposit with its identity."""
        track = self._of[image, deposit.label]
        return TrackedDeposit(deposit, track.deposit_id, track.tracking_uid, track.fates[time_point])


def _partners(courses: Mapping[int, Course]) -> dict[int, dict[int, tuple[str, ...]]]:
    """Number of a track -> time point -> ids of the deposits that it merged or split with: both know of it."""
    met: dict[int, dict[int, set[int]]] = {}
    for number, course in courses.items():
        for time_point, partner in course.partners.items():
            met.setdefault(number, {}).setdefault(time_point, set()).add(partner)
            met.setdefault(partner, {}).setdefault(time_point, set()).add(number)
    return {n: {t: tuple(str(DepositId(other)) for other in sorted(others)) for t, others in sorted(by_time.items())} for n, by_time in met.items()}


def deposit_uid(key: TimelineKey, first: Exposure, deposit_id: str) -> str:
    """A UUID-derived UID (DICOM PS3.5 B.2) of patient, place, baseline image and deposit.

    Parameters
    ----------
    first
        The first exposure of the first time point.
    """
    name = "/".join((*asdict(key).values(), first.image_id, deposit_id))
    return f"2.25.{uuid.uuid5(_NAMESPACE, name).int}"
