"""What values of all images together say of a deposit that no outline shows."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from calcitrack.measure.measurands import AREA_JOINT_MM2, HA_MASS_JOINT_MG
from calcitrack.model.assessment import Fate
from calcitrack.model.joint import Joint, JointDeposit, JointSeries
from calcitrack.track import Detection, Presence, Track, View, decide_fates


def presence(
    values: Sequence[float | None], sd: float = 1.0, *, ids: tuple[str, ...] = ("D001",), time_points: Sequence[int] = ()
) -> Presence | None:
    """Of a deposit with these masses, one an image and a visit unless stated otherwise; each with an error of its own."""
    known = [k for k, v in enumerate(values) if v is not None]
    covariance = tuple(tuple(sd**2 if a == b else 0.0 for b in known) for a in known)
    mass = JointSeries(HA_MASS_JOINT_MG, tuple(known), tuple(v for v in values if v is not None), covariance, {})
    every = tuple(range(len(values)))
    shares = {k: tuple(1 / len(ids) for _ in ids) for k in every}
    deposit = JointDeposit(ids, every, 10.0, 0.0, {mass.measurand.name: mass}, shares)
    return Presence.of(Joint((deposit,), {}), "D001", time_points or [k + 1 for k in every])


def fates(seen: list[int], of: Presence | None, visits: int = 3) -> dict[int, Fate]:
    """Of a deposit that is outlined on these images, each of which shows its place."""
    views = [View(t, None, (100, 100)) for t in range(1, visits + 1)]
    track = Track(1, {k: Detection(1, (5, 5), 1) for k in seen})
    return dict(decide_fates(track, views, range(1, visits + 1), dict.fromkeys(seen, (50.0, 50.0)), of).fates)


@pytest.mark.parametrize(
    ("seen", "masses", "expected"),
    [
        ([0], (20, 0.5, -1), {1: Fate.BASELINE, 2: Fate.RESOLVED}),
        ([0], (20, 18, 19), {1: Fate.BASELINE, 2: Fate.NOT_OUTLINED, 3: Fate.NOT_OUTLINED}),
        ([0], (20, 9, 0), {1: Fate.BASELINE, 2: Fate.NOT_OUTLINED, 3: Fate.RESOLVED}),
        ([0], (2, 0, 0), {1: Fate.BASELINE, 2: Fate.NOT_OUTLINED, 3: Fate.NOT_OUTLINED}),
        ([2], (0, 0.5, 20), {3: Fate.NEW}),
        ([2], (0, 12, 20), {3: Fate.NEW}),
        ([2], (19, 21, 20), {3: Fate.FIRST_OUTLINED}),
        ([1, 2], (1, 2.5, 3), {2: Fate.FIRST_OUTLINED, 3: Fate.PERSISTENT}),
        ([0, 2], (20, 0, 20), {1: Fate.BASELINE, 2: Fate.RESOLVED, 3: Fate.REAPPEARED}),
        ([0, 2], (20, 18, 20), {1: Fate.BASELINE, 2: Fate.NOT_OUTLINED, 3: Fate.PERSISTENT}),
        ([0, 2], (20, 0, 2), {1: Fate.BASELINE, 2: Fate.NOT_OUTLINED, 3: Fate.PERSISTENT}),
    ],
)
def test_coming_and_going_need_evidence(seen: list[int], masses: tuple[float, ...], expected: dict[int, Fate]) -> None:
    """Gone is what may be zero and is surely less than where it is outlined, before and after; else an outline is missing and nothing more."""
    assert fates(seen, presence(masses)) == expected


def test_without_values_outlines_decide() -> None:
    """A missing value says nothing, and neither does the share of a family."""
    gone = {1: Fate.BASELINE, 2: Fate.RESOLVED}
    assert fates([0], presence((20, None, None))) == gone
    assert presence((20, 18, 19), ids=("D001", "D002")) is None
    assert fates([0], None) == gone


def test_exposures_of_one_day_count_as_their_mean() -> None:
    """Two exposures say more than one: a mean of 2.1 with an error of 1 may be zero, of 0.7 it may not."""
    one, two = presence((20, 1.6)), presence((20, 1.6, 1.6), time_points=(1, 2, 2))
    assert one is not None
    assert two is not None
    assert (one.gone(2, (1,)), two.gone(2, (1,))) == (True, False)


def test_an_area_speaks_where_there_is_no_mass() -> None:
    """The best measurand that all of the compared visits have decides."""
    of = presence((20.0, None))
    assert of is not None
    area = JointSeries(AREA_JOINT_MM2, (0, 1), (9.0, 0.0), ((1.0, 0.0), (0.0, 1.0)), {})
    deposit = JointDeposit(("D001",), (0, 1), 10.0, 0.0, {**of.deposit.series, "area_joint_mm2": area}, {0: (1.0,), 1: (1.0,)})
    both = Presence.of(Joint((deposit,), {}), "D001", (1, 2))
    assert both is not None
    assert (of.gone(2, (1,)), both.gone(2, (1,))) == (None, True)
