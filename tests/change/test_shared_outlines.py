"""An outline that joins what another exposure of the day keeps apart is shared out; deposits sum up to the stated total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcitrack.change.series import BURDENS, series_of
from calcitrack.change.shared_outlines import shared_outlines
from calcitrack.model.alignment import Alignment
from calcitrack.model.assessment import Assessment, DepositTrack, Fate, ImageAssessment, TrackedDeposit
from calcitrack.model.judgement import BurdenSeries

SQUARES = {"D001": (slice(10, 14), slice(60, 64)), "D002": (slice(16, 20), slice(60, 64)), "D003": (slice(60, 64), slice(30, 34))}
MASS_PER_AREA = {"D001": 5.0, "D002": 1.0, "D003": 2.0}
"""Each deposit is as dense as it is, so that mass and area are shared out in different proportions."""

Outlines = Sequence[tuple[str, ...]]
"""Outlines of one exposure: the deposits that each covers."""
APART: Outlines = (("D001",), ("D002",), ("D003",))
JOINED: Outlines = (("D001", "D002"), ("D003",))
MISSED: Outlines = (("D001",), ("D003",))


def exposure(made: ModuleType, time_point: int, repeat: int, outlines: Outlines, areas: Sequence[float]) -> ImageAssessment:
    """An exposure with these outlines, each with the sum of areas and masses of what it covers, under the name of the first."""
    bare = made.image("P1", time_point, repeat, ())
    labels = np.zeros(made.SHAPE, np.uint16)
    found = []
    for label, (covers, area) in enumerate(zip(outlines, areas, strict=True), start=1):
        for name in covers:
            labels[SQUARES[name]] = label
        if len(covers) > 1:
            labels[10:20, 60:64] = label
        density = float(np.mean([MASS_PER_AREA[name] for name in covers]))
        values = {
            name: made.value(name, factor * area, 0.1 * area) for name, factor in (("area_mm2", 1), ("ha_mass_mg", density), ("volume_mm3", 0.5))
        }
        fate = Fate.BASELINE if time_point == 1 else Fate.PERSISTENT
        measured = replace(made.deposit(label), label=label, measurements=values, centroid=tuple(np.argwhere(labels == label).mean(axis=0)))
        found.append(TrackedDeposit(measured, covers[0], f"2.25.77{covers[0][-1]}", fate))
    sums = {name: made.value(name, sum(float(d.deposit.measurements[name]) for d in found), 1.0) for name in BURDENS}
    return replace(bare, segmentation=replace(bare.segmentation, labels=labels), deposits=tuple(found), totals=sums)


def assessment(made: ModuleType, images: Sequence[ImageAssessment]) -> Assessment:
    """An assessment of these images."""
    first = made.assessment(visits=max(i.time_point for i in images), repeat=False)
    fates = {p.index: Fate.BASELINE if p.index == 1 else Fate.PERSISTENT for p in first.time_points}
    tracks = tuple(DepositTrack(name, f"2.25.77{name[-1]}", fates) for name in SQUARES)
    return replace(first, images=tuple(images), tracks=tracks)


def of(found: Assessment, measurand: str) -> dict[str, BurdenSeries]:
    """Id of a deposit -> its series."""
    return {s.deposit_id: s for s in series_of(found).series if s.measurand == measurand and s.subject == "deposit"}


def test_an_outline_that_joins_two_deposits_is_shared_out(made: ModuleType) -> None:
    """One exposure shows areas of 10 and 20, the other one of 33 for both: 11 and 22 are theirs; masses by their own proportion."""
    images = [exposure(made, 1, 0, APART, (10, 20, 5)), exposure(made, 1, 1, JOINED, (33, 5))]
    areas, masses = (of(assessment(made, images), name) for name in ("area_mm2", "ha_mass_mg"))
    assert [areas[name].points[0].values for name in SQUARES] == [pytest.approx((10, 11)), pytest.approx((20, 22)), pytest.approx((5, 5))]
    whole = 33 * 3.0
    assert masses["D001"].points[0].values == pytest.approx((50, whole * 50 / 70))
    assert masses["D002"].points[0].values == pytest.approx((20, whole * 20 / 70))
    assert areas["D001"].points[0].sd == pytest.approx((1.0 + 3.3 / 3) / 2)


def test_neither_deposit_grows_by_its_neighbour(made: ModuleType) -> None:
    """Of two deposits that stand still, a repeat that joins them at the second visit makes neither grow nor vanish."""
    days = [(1, 0, APART, (10, 20, 5)), (2, 0, JOINED, (30, 5)), (2, 1, APART, (10, 20, 5))]
    areas = of(assessment(made, [exposure(made, *day) for day in days]), "area_mm2")
    assert [[p.mean for p in areas[name].points] for name in SQUARES] == [pytest.approx([10, 10]), pytest.approx([20, 20]), pytest.approx([5, 5])]


def test_who_is_covered_is_told_by_place_on_the_baseline(made: ModuleType) -> None:
    """Shifted by 12 pixels and registered so, the outline covers the same two; where it could not be aligned, nothing is told."""
    apart, joined = exposure(made, 1, 0, APART, (10, 20, 5)), exposure(made, 1, 1, JOINED, (33, 5))
    moved = replace(joined.segmentation, labels=np.roll(joined.segmentation.labels, 12, axis=0))
    shifted = replace(joined, segmentation=moved, alignment=Alignment(((1, 0, 12), (0, 1, 0)), 0.5))
    found = shared_outlines([apart, shifted])
    assert {key: (s.members, s.apart_on) for key, s in found.items()} == {(1, "D001"): (("D001", "D002"), (0,))}
    lost = replace(shifted, alignment=Alignment(((1, 0, 12), (0, 1, 0)), 0.5, ok=False, reason="inverted"))
    unmoved = replace(shifted, alignment=Alignment(((1, 0, 0), (0, 1, 0)), 0.5))
    assert shared_outlines([apart, lost]) == {}
    assert shared_outlines([apart, unmoved]) == {}


def test_another_day_shares_nothing_out(made: ModuleType) -> None:
    """What the next visit joins is a merge, which is told as such, and no exposure's whim."""
    assert shared_outlines([exposure(made, 1, 0, APART, (10, 20, 5)), exposure(made, 2, 0, JOINED, (33, 5))]) == {}


sizes = st.tuples(*[st.floats(0.5, 50)] * 3)
days = st.lists(st.lists(st.tuples(st.sampled_from([APART, JOINED, MISSED]), sizes), min_size=1, max_size=3), min_size=1, max_size=3)


@given(days)
def test_deposits_sum_up_to_the_total(made: ModuleType, visits: list[list[tuple[Outlines, tuple[float, ...]]]]) -> None:
    """Law: over images, days and exposures, whatever each outlines, joins or misses, deposits of a day have together what the total has."""
    images = [
        exposure(made, t, repeat, outlines, areas[: len(outlines)])
        for t, day in enumerate(visits, start=1)
        for repeat, (outlines, areas) in enumerate(day)
    ]
    found = assessment(made, images)
    series = series_of(found)
    for name in BURDENS:
        total, deposits = series.total(name), of(found, name).values()
        assert total is not None
        for point in total.points:
            here = [p.mean for s in deposits for p in s.points if p.time_point == point.time_point]
            parts = [p.mean for s in total.parts.values() for p in s.points if p.time_point == point.time_point]
            assert sum(here) == pytest.approx(point.mean)
            assert sum(parts) == pytest.approx(point.mean)
