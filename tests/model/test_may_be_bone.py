"""What lies over bone and never changes is told apart from deposits."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from calcitrack import judge
from calcitrack.change import series_of
from calcitrack.measure.measurands import HA_MASS_JOINT_MG, JOINT
from calcitrack.model.assessment import Assessment
from calcitrack.model.joint import JointDeposit, JointSeries


def _family(values: list[float], over_bone: float, name: str = "D003", sd: float = 1.0) -> JointDeposit:
    n = len(values)
    series = {q.name: JointSeries(q, tuple(range(n)), tuple(values), tuple(map(tuple, (sd**2 * np.eye(n)).tolist()))) for q in JOINT}
    return JointDeposit((name,), tuple(range(n)), 5.0, over_bone, series, dict.fromkeys(range(n), (1.0,)))


@pytest.mark.parametrize(
    ("values", "over_bone", "said"),
    [
        ([20.0, 21.0, 20.5, 19.5], 1.0, True),
        ([20.0, 21.0, 20.5, 19.5], 0.5, False),
        ([20.0, 21.0, 20.5, 30.0], 1.0, False),
        ([20.0, 21.0], 1.0, False),
        ([0.2, -0.1, 0.1, 0.3], 1.0, False),
    ],
)
def test_bone_is_what_lies_over_bone_and_never_changes(values: list[float], over_bone: float, said: bool) -> None:
    """In soft tissue, with a change, at two visits, or where there is nothing, nothing is said."""
    assert _family(values, over_bone).may_be_bone is said


def _with_bone(made: ModuleType) -> Assessment:
    """The made assessment with a third family of 40 mg over bone that never changes."""
    assessment = replace(made.assessment(), joint=made.joint())
    name = HA_MASS_JOINT_MG.name
    grown, bone = _family([10.0, 11.0, 12.0, 13.0], 0.0, "D001"), _family([40.0, 41.0, 40.0, 41.0], 1.0)
    values = tuple(a + b for a, b in zip(grown.series[name].values, bone.series[name].values, strict=True))
    totals = {q.name: JointSeries(q, (0, 1, 2, 3), values, tuple(map(tuple, (2 * np.eye(4)).tolist()))) for q in JOINT}
    return replace(assessment, joint=replace(assessment.joint, deposits=(grown, bone), totals=totals))


def test_totals_of_change_leave_out_what_may_be_bone_and_say_so(made: ModuleType) -> None:
    """The change is that of the deposit, in percent too; the row, and the note of the trend, name what is missing."""
    assessment = _with_bone(made)
    total = series_of(assessment).total(HA_MASS_JOINT_MG.name)
    assert [p.mean for p in total.points] == pytest.approx([10.0, 11.0, 12.5])
    assert np.sqrt(total.covariance[0][0]) == pytest.approx(1.0)
    change = next(c for c in judge(assessment).changes if c.subject == "total" and c.measurand == HA_MASS_JOINT_MG.name)
    assert "D003 may be bone" in change.left_out
    assert assessment.joint.totals[HA_MASS_JOINT_MG.name].values[0] == 50.0, "what was measured stays as it is"


def test_where_all_may_be_bone_nothing_is_left_out(made: ModuleType) -> None:
    """A total of nothing would be no answer."""
    assessment = _with_bone(made)
    (_, bone), name = assessment.joint.deposits, HA_MASS_JOINT_MG.name
    alone = replace(assessment, joint=replace(assessment.joint, deposits=(bone,), totals=bone.series))
    total = series_of(alone).total(name)
    assert (total.left_out, total.points[0].mean) == ("", 40.0)
