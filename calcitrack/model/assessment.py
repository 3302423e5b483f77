"""Result of `assess`: deposits measured on each image, their identity over time, and the change of the burden."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from calcitrack.errors import FilmRefusedError, InvalidValueError, ReadError, SamePixelsError
from calcitrack.model.alignment import Alignment as Alignment
from calcitrack.model.calibration import Calibration
from calcitrack.model.display import Card, Displayed, counted
from calcitrack.model.film_quality import FilmDoubt
from calcitrack.model.joint import Joint
from calcitrack.model.measurement import COVERAGE_FACTOR as COVERAGE_FACTOR
from calcitrack.model.measurement import Deposit, LimbAxis, Measurement, Result, cells, shown_measurands
from calcitrack.model.provenance import STORED_WHEN_STATED, Provenance, Step
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.spacing import Spacing
from calcitrack.model.timeline import Exposure, TimelineKey


@dataclass(frozen=True, order=True, slots=True)
class DepositId:
    """The number of a deposit in its timeline, and the text that stands for it: ``D007``.

    Tables, files and messages hold the text; ids are sorted and counted by number.

    Parameters
    ----------
    number
        From 1 on, unique in a timeline; in a picture of numbers, 0 is the background.

    Examples
    --------
    >>> str(DepositId(7)), DepositId.parse("D1000").number
    ('D007', 1000)
    >>> sorted(["D1000", "D999"], key=DepositId.parse)
    ['D999', 'D1000']
    """

    number: int

    def __str__(self) -> str:
        return f"D{self.number:03d}"

    @classmethod
    def parse(cls, text: str) -> DepositId:
        """The id that a text stands for.

        Raises
        ------
        InvalidValueError
            The text is not D and a number.
        """
        if not _DEPOSIT_ID.fullmatch(text):
            raise InvalidValueError(f"a deposit is called D and a number; found {text!r}")
        return cls(int(text[1:]))


_DEPOSIT_ID = re.compile(r"D[0-9]+")


class Fate(StrEnum):
    """Fate of a deposit at a time point.

    Examples
    --------
    >>> Fate("new") is Fate.NEW
    True
    """

    BASELINE = "baseline"
    """Present at the first time point of which an image could be read."""
    PERSISTENT = "persistent"
    """Present now and at an earlier time point, and not known to have been gone between the two."""
    NEW = "new"
    """Present now for the first time, and an earlier time point shows its place without it: no outline, and no value where one was measured."""
    RESOLVED = "resolved"
    """Present before, its place is in the picture now, and it is gone: no outline, and no value where one was measured."""
    NOT_EVALUABLE = "not_evaluable"
    """Nothing can be said: its place is outside the picture or not registered, now or, when it is first seen, at all earlier time points."""
    MERGED = "merged"
    """Present before as a deposit of its own, and another one that was beside it covers its place now."""
    SPLIT = "split"
    """Present now as a deposit of its own, and another one that is beside it now covered its place before."""
    REAPPEARED = "reappeared"
    """Present now again, after it had resolved or merged."""
    NOT_OUTLINED = "not_outlined"
    """Outlined before and not now, and its value on all images together does not show that it is gone."""
    FIRST_OUTLINED = "first_outlined"
    """Outlined now for the first time, and its values on all images together do not show that it was absent before."""


@dataclass(frozen=True, slots=True)
class TrackedDeposit:
    """One deposit on one image, with its identity over time.

    Parameters
    ----------
    deposit
        What was measured.
    deposit_id
        Identity over all time points of the timeline: ``D001``, ...
    tracking_uid
        The same identity as a DICOM UID, the same on every run.
    fate
        Its fate; a deposit that is seen is neither resolved, merged nor not outlined.
    """

    deposit: Deposit
    deposit_id: str
    tracking_uid: str
    fate: Fate


def ordered(deposits: Iterable[TrackedDeposit]) -> list[TrackedDeposit]:
    """Deposits in the order of their ids, which is that of the segments of a DICOM Segmentation."""
    return sorted(deposits, key=lambda t: DepositId.parse(t.deposit_id))


@dataclass(frozen=True, eq=False, slots=True, kw_only=True, repr=False)
class ImageAssessment(Displayed):
    """Measurements of one exposure.

    Parameters
    ----------
    time_point, repeat
        1-based index of the time point; 0 for the first exposure of that day, 1 for the first repeat, ...
    totals
        Measurand name -> total over the image's deposits, or the reason why there is none.
    alignment
        Baseline onto this image; ``None`` on the baseline image itself.
    limb_axis
        The limb's long axis, which two views of one limb share; ``None`` where it is not clear.
    doubts
        What may be wrong with the film as such, most serious first; their words are among the findings.
    """

    exposure: Exposure
    time_point: int
    repeat: int
    spacing: Spacing
    calibration: Calibration
    segmentation: Segmentation
    deposits: tuple[TrackedDeposit, ...]
    totals: Mapping[str, Result]
    alignment: Alignment | None = None
    findings: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    limb_axis: LimbAxis | None = None
    doubts: tuple[FilmDoubt, ...] = ()

    def _card(self) -> Card:
        names = shown_measurands([self.totals, *(d.deposit.measurements for d in self.deposits)])
        rows = tuple((d.deposit_id, d.fate.value, *cells(d.deposit.measurements, names)) for d in ordered(self.deposits))
        facts = (f"time point {self.time_point}", *((f"repeat {self.repeat}",) if self.repeat else ()), counted(len(rows), "deposit"))
        return Card("ImageAssessment", self.exposure.source or "in memory", facts, ("deposit", "fate", *names), rows)


@dataclass(frozen=True, slots=True)
class ImageFailure:
    """An exposure of the timeline that could not be read, or is the copy of another one; the rest of the timeline went on."""

    exposure: Exposure
    time_point: int
    repeat: int
    error: ReadError

    @property
    def is_copy(self) -> bool:
        """Whether it was left out because another image of the timeline has the same pixels."""
        return isinstance(self.error, SamePixelsError)


NOTHING_READ = "no image of this time point could be read and measured"


def unread_reasons(failures: Sequence[ImageFailure]) -> Mapping[int, str]:
    """Time point -> why it has no value if none of its images was measured; time points without a failure are left out.

    A visit that holds copies only was read well enough, and a film that was refused was read too.
    """
    found: dict[int, list[ImageFailure]] = {}
    for failure in failures:
        found.setdefault(failure.time_point, []).append(failure)
    return {t: _unread(mine) for t, mine in found.items()}


def _unread(failures: Sequence[ImageFailure]) -> str:
    if all(f.is_copy for f in failures):
        copies = " and ".join(f"{f.exposure.source} holds {f.error.found}" for f in failures)
        return f"its only image is a copy: {copies}" if len(failures) == 1 else f"its images are copies: {copies}"
    refused = next((f for f in failures if isinstance(f.error, FilmRefusedError)), None)
    return NOTHING_READ if refused is None else f"its film was not measured: found {refused.error.found}"


@dataclass(frozen=True, slots=True)
class DepositTrack:
    """One deposit over time.

    Parameters
    ----------
    fates
        Time point index -> its fate there, from the time point of its first detection on.
    partners
        Time point index -> ids of the deposits that it merged with or split from or into there.

    Examples
    --------
    >>> DepositTrack("D001", "2.25.1", {1: Fate.BASELINE, 2: Fate.RESOLVED}).fates[2].value
    'resolved'
    """

    deposit_id: str
    tracking_uid: str
    fates: Mapping[int, Fate]
    partners: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """Difference of a total between two time points.

    Parameters
    ----------
    absolute
        Later minus earlier, in the measurand's unit, or the reason why there is none. How sure it is depends on what is not known here, such
        as how well exposures repeat: `calcitrack.judge` gives it its interval.
    relative
        ``later / earlier - 1``; ``None`` when the earlier total is zero or not measurable.
    interval_days
        Days between the two time points.
    earlier, later
        What is compared: the totals over the deposits that both time points show; ``None`` where nothing is.
    compared_fraction
        Share of the deposits' area that both time points show; ``None`` where nothing is compared.
    left_out
        What was left out of both; empty where nothing was.

    Examples
    --------
    >>> from calcitrack.measure.measurands import AREA_MM2
    >>> from calcitrack.model.measurement import Measurement
    >>> Change(Measurement(AREA_MM2, 12.0), relative=1.2, interval_days=182).absolute.value
    12.0
    """

    absolute: Result
    relative: float | None
    interval_days: int | None
    earlier: float | None = field(default=None, metadata=STORED_WHEN_STATED)
    later: float | None = field(default=None, metadata=STORED_WHEN_STATED)
    compared_fraction: float | None = field(default=None, metadata=STORED_WHEN_STATED)
    left_out: str = field(default="", metadata=STORED_WHEN_STATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePointSummary:
    """The burden at one time point: the mean over the exposures that stand for it.

    Parameters
    ----------
    n_exposures
        Exposures that were measured.
    deposit_count
        Deposits seen on at least one of them; ``None`` when none could be read.
    totals
        Measurand name -> mean over the exposures that lie on the baseline and show as much as the others of that day, or the reason. It is the
        burden that the time point shows, also where it does not show all of it; changes compare what both time points show.
    from_baseline, from_previous
        Measurand name -> change; empty at baseline.
    fates
        Fate -> number of deposits.
    evaluable_fraction
        Share of the timeline's deposits, by their mean area, that can be evaluated here: they lie whole in the picture, or their place does, and
        the registration can be relied on there. ``None`` where no image could be read.
    """

    index: int
    date: dt.date | None
    n_exposures: int
    deposit_count: int | None
    totals: Mapping[str, Result]
    from_baseline: Mapping[str, Change]
    from_previous: Mapping[str, Change]
    fates: Mapping[Fate, int]
    evaluable_fraction: float | None = field(default=None, metadata=STORED_WHEN_STATED)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True, repr=False)
class Assessment(Displayed):
    """The answer for one timeline.

    Parameters
    ----------
    assessment_id
        Hexadecimal digest of the inputs, the parameters and the program's version: the same on every run.
    joint
        What was measured on all images together; ``None`` where it was not done: by versions before it, and for images of other kinds.

    Examples
    --------
    >>> from calcitrack import Assessment, assess
    >>> from calcitrack.phantom.small import small_timeline
    >>> assessment = assess(small_timeline((2.0,)))
    >>> isinstance(assessment, Assessment)
    True
    >>> assessment
    Assessment(small / HAND / L / PA: 1 time point, 1 image, 1 deposit)
      time point  date        deposits  area_mm2                ha_mass_mg             volume_mm3
      1           2021-03-08  1         12.33 ± 3.7 mm2 (95 %)  20.93 ± 5.7 mg (95 %)  52.32 ± 67 mm3 (95 %)
    """

    assessment_id: str
    key: TimelineKey
    images: tuple[ImageAssessment, ...]
    failures: tuple[ImageFailure, ...]
    tracks: tuple[DepositTrack, ...]
    time_points: tuple[TimePointSummary, ...]
    provenance: Provenance
    findings: tuple[str, ...] = ()
    joint: Joint | None = None

    def _card(self) -> Card:
        names = shown_measurands(p.totals for p in self.time_points)
        rows = tuple(_row(p, names) for p in self.time_points)
        facts = [counted(len(rows), "time point"), counted(len(self.images), "image"), counted(len(self.tracks), "deposit")]
        unread = sum(not f.is_copy for f in self.failures)
        if unread:
            facts.append(f"{counted(unread, 'image')} not read")
        burden = "ha_mass_mg" if "ha_mass_mg" in names else next(iter(names), "")
        header = ("time point", "date", "deposits", *names)
        return Card("Assessment", str(self.key), tuple(facts), header, rows, _course(self.time_points, burden), burden)


def _row(point: TimePointSummary, names: tuple[str, ...]) -> tuple[str, ...]:
    count = "-" if point.deposit_count is None else str(point.deposit_count)
    return (str(point.index), "no date" if point.date is None else point.date.isoformat(), count, *cells(point.totals, names))


def _course(points: tuple[TimePointSummary, ...], name: str) -> tuple[tuple[float, float], ...]:
    """(day, total) of the time points with a known total."""
    known = [(p, p.totals[name]) for p in points if name in p.totals]
    return tuple((float(p.date.toordinal() if p.date is not None else p.index), r.value) for p, r in known if isinstance(r, Measurement))
