"""What the values of all images together say of a deposit that an image does not outline: gone, or merely not outlined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from calcitrack.model.joint import COVERAGE, Joint, JointDeposit, JointSeries

TOLD_BY = ("ha_mass_joint_mg", "area_joint_mm2", "contrast_joint_mm2")
"""Measurands by which a deposit is told to be gone, the best first: as for the verdict, a mass, else an area before its contrast."""


@dataclass(frozen=True, slots=True)
class Presence:
    """One deposit that was measured on all images together, and the time points of these images.

    Parameters
    ----------
    deposit
        Of one member: how a family's value is shared out is no measurement.
    time_points
        Time point -> positions of its images in ``Assessment.images``, among those that were measured together.

    Examples
    --------
    >>> from calcitrack import assess
    >>> from calcitrack.phantom.small import small_timeline
    >>> assessment = assess(small_timeline((2.0, 2.0, 0.0)))
    >>> presence = Presence.of(assessment.joint, "D001", [i.time_point for i in assessment.images])
    >>> presence.gone(3, (2,)), presence.gone(2, (1,)), presence.gone(4, (1,))
    (True, False, None)
    """

    deposit: JointDeposit
    time_points: Mapping[int, tuple[int, ...]]

    @classmethod
    def of(cls, joint: Joint | None, deposit_id: str, time_points: Sequence[int]) -> Presence | None:
        """What is known of a deposit.

        Parameters
        ----------
        joint
            Of the timeline.
        time_points
            Of every image of the timeline.

        Returns
        -------
        ``None`` where the deposit was not measured on several images together by itself.
        """
        found = None if joint is None else joint.of(deposit_id)
        if found is None or len(found.deposit_ids) > 1 or not found.images:
            return None
        at: dict[int, tuple[int, ...]] = {}
        for k in found.images:
            at[time_points[k]] = (*at.get(time_points[k], ()), k)
        return cls(found, at)

    def gone(self, time_point: int, outlined: Sequence[int]) -> bool | None:
        """Whether its value shows that a deposit is not there at a time point.

        Parameters
        ----------
        outlined
            Other time points, at which it is outlined.

        Returns
        -------
        Whether the 95 % interval of the value reaches zero, and that of each difference from the values at the other time points does not. ``None``
        where a value is missing.
        """
        for name in TOLD_BY:
            series = self.deposit.series.get(name)
            groups = None if series is None else [self._with_value(series, t) for t in (time_point, *outlined)]
            if series is not None and groups and all(groups):
                return _gone(*series.combined(groups))
        return None

    def _with_value(self, series: JointSeries, time_point: int) -> tuple[int, ...]:
        return tuple(k for k in self.time_points.get(time_point, ()) if k in series.images)


def _gone(values: Sequence[float], covariance: Sequence[Sequence[float]]) -> bool:
    """Whether the first value is compatible with zero and surely below each of the others."""
    v, c = np.array(values), np.array(covariance)
    apart = np.sqrt(np.maximum(c[0, 0] + np.diag(c) - 2 * c[0], 0.0))
    return bool(v[0] <= COVERAGE * np.sqrt(c[0, 0]) and (v[1:] - v[0] > COVERAGE * apart[1:]).all())
