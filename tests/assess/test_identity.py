"""Identities and fates of a timeline's deposits, from what was measured on its images."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from types import ModuleType

import numpy as np

from calcitrack import AssessOptions, Timeline, TimelineKey, TimePoint
from calcitrack.assess.identity import Identity, follow_all
from calcitrack.assess.images import Measured
from calcitrack.assess.pipeline import Grid
from calcitrack.model.alignment import Alignment
from calcitrack.model.assessment import Fate
from calcitrack.model.measurement import ImageMeasurements
from calcitrack.model.warp import Warp

HERE = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))


def _measured(made: ModuleType, time_point: int, alignment: Alignment | None) -> Measured:
    """The made image with two deposits, at rows 11.5 and 31.5 of column 61.5."""
    image = made.image("P1", time_point, 0, (Fate.BASELINE, Fate.BASELINE))
    measurements = ImageMeasurements(tuple(d.deposit for d in image.deposits), image.totals)
    return Measured(
        image.exposure, time_point, 0, image.spacing, image.calibration, (), image.segmentation, measurements, alignment, Grid.of_film(image.spacing)
    )


def _identity(measured: list[Measured]) -> Identity:
    points = tuple(TimePoint(m.time_point, dt.date(2021, m.time_point, 1), (m.exposure,)) for m in measured)
    timeline = Timeline(TimelineKey("P1", "HAND", "R", "PA", "DX"), points)
    return Identity(timeline, follow_all(measured, measured[0].grid, AssessOptions()), measured, tuple(m.time_point for m in measured))


def test_where_the_map_cannot_be_relied_on_nothing_is_said(made: ModuleType) -> None:
    """The second deposit lies where the registration of the second visit failed: it neither persists, nor resolves, nor is another one new."""
    shift, trusted = np.zeros((20, 20, 2), np.float32), np.ones((20, 20), bool)
    trusted[3:6] = False
    torn = Alignment(HERE, 0.5, warp=Warp((10.0, 10.0), shift, trusted))
    identity = _identity([_measured(made, 1, None), _measured(made, 2, torn), _measured(made, 3, Alignment(HERE, 0.5))])
    assert [dict(t.fates) for t in identity.tracks] == [
        {1: Fate.BASELINE, 2: Fate.PERSISTENT, 3: Fate.PERSISTENT},
        {1: Fate.BASELINE, 2: Fate.NOT_EVALUABLE, 3: Fate.PERSISTENT},
        {2: Fate.NOT_EVALUABLE},
    ]


def test_outlines_are_carried_with_the_deposit(made: ModuleType) -> None:
    """On a film that is enlarged, turned and shifted, each deposit's outline lies on that of the baseline."""
    turned = Alignment(((0.0, -1.5, 150.0), (1.5, 0.0, 5.0)), 0.5)
    first = _measured(made, 1, None)
    labels = np.zeros((160, 80), np.uint16)
    for label in (1, 2):
        rows, columns = turned.to_image(np.argwhere(first.segmentation.labels == label)).round().astype(int).T
        labels[rows, columns] = label
    centroids = [tuple(np.argwhere(labels == label).mean(axis=0)) for label in (1, 2)]
    deposits = tuple(replace(d, centroid=c) for d, c in zip(first.measurements.deposits, centroids, strict=True))
    shown = replace(first.segmentation, labels=labels, limb=labels > 0, bone=labels < 0, confidence={})
    second = replace(first, time_point=2, segmentation=shown, measurements=replace(first.measurements, deposits=deposits), alignment=turned)
    tracks = follow_all([first, second], first.grid, AssessOptions())
    assert [sorted(t.detections) for t in tracks] == [[0, 1], [0, 1]]
    for track in tracks:
        here, there = (np.array(track.detections[k].footprint_mm) for k in (0, 1))
        assert np.abs(here.mean(axis=0) - there.mean(axis=0)).max() < 0.1
        assert np.abs(np.ptp(here, axis=0) - np.ptp(there, axis=0)).max() < 0.2
