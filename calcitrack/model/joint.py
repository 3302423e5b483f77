"""Values of deposits that were measured on all images of a timeline together, with their covariance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from calcitrack.errors import InvalidValueError
from calcitrack.model.measurement import Measurand, Measurement, NotMeasurable, Result
from calcitrack.model.provenance import STORED_WHEN_STATED
from calcitrack.model.read_only import FrozenMapping

SHARES_SUM = 1e-6
"""How far the shares of a family's deposits may be from one together: what rounding leaves."""
NOT_SAID = "it was not measured together with other images"
COVERAGE = 1.96
"""Half width of a 95 % interval, in standard deviations of a normal distribution."""
OVER_BONE = 0.9
"""Share of a region over bone from which a deposit may be bone itself: false finds over bone recur at one place of the anatomy."""
NEVER_CHANGED, LEAST_TO_TELL = 0.25, 3
"""Share of its mean by which what may be bone differs between any two images, at most: errors by themselves over bone are a fifth at each image
(`calcitrack.measure.joint.BONE_SCALE_SD`). And images that it takes to say so: two are alike by chance."""


@dataclass(frozen=True, slots=True)
class JointSeries:
    """One measurand of a deposit, or of all, on the images of a timeline, with the covariance of the errors.

    Parameters
    ----------
    measurand
        What was measured.
    images
        Positions in ``Assessment.images`` that have a value, ascending.
    values
        One for each of them, in the measurand's unit. A deposit that is gone has a value near zero, which may be negative.
    covariance
        Of the errors of the values, in the unit squared: what images share is off the diagonal, and cancels in a change.
    missing
        Position of an image -> why it has no value there.

    Raises
    ------
    InvalidValueError
        The images do not ascend, a value is not finite, or the covariance is not a symmetric matrix with positive variances.

    Examples
    --------
    >>> from calcitrack.measure.measurands import HA_MASS_JOINT_MG
    >>> mass = JointSeries(HA_MASS_JOINT_MG, (0, 1), (10.0, 14.0), ((1.0, 0.75), (0.75, 1.0)))
    >>> mass.result(1)
    Measurement(ha_mass_joint_mg = 14 ± 2 mg (95 %))
    >>> values, covariance = mass.combined([(0,), (1,)])
    >>> round((covariance[0][0] + covariance[1][1] - 2 * covariance[0][1]) ** 0.5, 2)
    0.71
    """

    measurand: Measurand
    images: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
    covariance: tuple[tuple[float, ...], ...] = ()
    missing: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "missing", FrozenMapping(self.missing))
        name, n = self.measurand.name, len(self.images)
        if list(self.images) != sorted(set(self.images)) or len(self.values) != n or not all(map(math.isfinite, self.values)):
            raise InvalidValueError(f"{name}: each image has one finite value, in order; found {self.images} with {self.values}")
        if len(self.covariance) != n or any(len(row) != n for row in self.covariance):
            found = [len(r) for r in self.covariance]
            raise InvalidValueError(f"{name}: a covariance has a row and a column for each image, of {n}; found {found}")
        c = np.array(self.covariance).reshape(n, n)
        if not np.isfinite(c).all() or not np.allclose(c, c.T, rtol=1e-6, atol=1e-12) or (np.diag(c) <= 0).any():
            raise InvalidValueError(f"{name}: a covariance is finite and symmetric, with positive variances; found {self.covariance}")

    def result(self, image: int) -> Result:
        """The value at an image with its standard uncertainty, or the reason why there is none."""
        if image in self.images:
            k = self.images.index(image)
            return Measurement(self.measurand, self.values[k], math.sqrt(self.covariance[k][k]))
        return NotMeasurable(self.measurand, self.missing.get(image, NOT_SAID))

    def combined(self, groups: Sequence[Sequence[int]]) -> tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]:
        """Means over groups of images, such as the exposures of one day, and the covariance of these means.

        Parameters
        ----------
        groups
            Positions of images, all of which have a value.
        """
        mean = np.zeros((len(groups), len(self.images)))
        for k, group in enumerate(groups):
            mean[k, [self.images.index(i) for i in group]] = 1 / len(group)
        covariance = mean @ np.array(self.covariance).reshape(len(self.images), len(self.images)) @ mean.T
        return tuple((mean @ np.array(self.values)).tolist()), tuple(map(tuple, ((covariance + covariance.T) / 2).tolist()))


@dataclass(frozen=True, slots=True)
class JointDeposit:
    """A deposit, or a family of deposits that merged or split, which is measured as one.

    Parameters
    ----------
    deposit_ids
        Its members, in order of their numbers.
    images
        Positions in ``Assessment.images`` that were measured together; two or more, or none with a `reason`.
    region_mm2
        Area of the common region in the plane of the baseline's spacing; ``None`` where nothing was measured together.
    over_bone
        Share of the region that lies over bone.
    series
        Name of a measurand -> its values: at the `images`, and at those that outline the deposit without being among them what the film alone gives.
    shares
        Position of an image -> share of each member in the family's value there, in order of `deposit_ids`; together one. A share is a way of
        writing the family's value down, not a measurement.
    alone
        Position of an image -> why the film alone was measured there, or nothing.
    reason
        Why nothing was measured together; empty where it was.
    by_image
        Which measurands each image gives by itself although its place was measured together, and why; empty where there is none.

    Raises
    ------
    InvalidValueError
        There is no member, or the shares of an image do not sum to one.
    """

    deposit_ids: tuple[str, ...]
    images: tuple[int, ...]
    region_mm2: float | None
    over_bone: float | None
    series: Mapping[str, JointSeries]
    shares: Mapping[int, tuple[float, ...]]
    alone: Mapping[int, str] = field(default_factory=dict)
    reason: str = ""
    by_image: str = field(default="", metadata=STORED_WHEN_STATED)

    def __post_init__(self) -> None:
        for name in ("series", "shares", "alone"):
            object.__setattr__(self, name, FrozenMapping(getattr(self, name)))
        if not self.deposit_ids:
            raise InvalidValueError("a family has one or more deposits; found none")
        if any(len(s) != len(self.deposit_ids) or abs(sum(s) - 1) > SHARES_SUM for s in self.shares.values()):
            raise InvalidValueError(f"{' '.join(self.deposit_ids)}: the shares of all members sum to one on each image; found {dict(self.shares)}")

    @property
    def may_be_bone(self) -> bool:
        """Whether it lies over bone and never changed: no evidence that it is a deposit, and nothing that a change could rest on."""
        if self.over_bone is None or self.over_bone < OVER_BONE or len(self.images) < LEAST_TO_TELL:
            return False
        measured = [s for s in self.series.values() if len(set(s.images) & set(self.images)) >= LEAST_TO_TELL]
        return bool(measured) and all(_never_changed(s) for s in measured)

    def result(self, measurand: str, deposit_id: str, image: int) -> Result:
        """A member's share of the family's value at an image, or the reason why there is none."""
        whole = self.series[measurand].result(image)
        if isinstance(whole, NotMeasurable):
            return whole
        share = self.shares[image][self.deposit_ids.index(deposit_id)]
        return Measurement(whole.measurand, whole.value * share, None if whole.sd is None else whole.sd * share)


def _never_changed(series: JointSeries) -> bool:
    """Whether its values differ by little, and no two of them by more than their interval."""
    values, c = np.array(series.values), np.array(series.covariance)
    apart = np.abs(values[:, None] - values)
    sds = np.sqrt(np.maximum(np.diag(c)[:, None] + np.diag(c) - 2 * c, 0.0))
    return bool((apart <= NEVER_CHANGED * values.mean()).all() and (apart <= COVERAGE * sds).all())


@dataclass(frozen=True, slots=True)
class Joint:
    """What was measured on all images of a timeline together.

    Parameters
    ----------
    deposits
        The families; each deposit of the timeline is in one of them.
    totals
        Name of a measurand -> the sum over the families at each image.
    reason
        Why there is nothing: a reader's edit took away what it rested on. Empty otherwise.

    Examples
    --------
    >>> from calcitrack import assess
    >>> from calcitrack.phantom.small import small_timeline
    >>> joint = assess(small_timeline((1.5, 2.0, 2.5))).joint
    >>> joint.deposits[0].deposit_ids, joint.deposits[0].images
    (('D001',), (0, 1, 2))
    >>> mass = joint.totals["ha_mass_joint_mg"]
    >>> [round(mass.result(k).value) for k in mass.images]
    [11, 20, 32]
    """

    deposits: tuple[JointDeposit, ...] = ()
    totals: Mapping[str, JointSeries] = field(default_factory=dict)
    reason: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "totals", FrozenMapping(self.totals))

    def of(self, deposit_id: str) -> JointDeposit | None:
        """The family of a deposit."""
        return next((d for d in self.deposits if deposit_id in d.deposit_ids), None)
