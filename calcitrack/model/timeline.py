"""Serial images of one body part of one patient, in order of time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from calcitrack.errors import InvalidValueError, NotARadiographError
from calcitrack.model.arguments import expect
from calcitrack.model.corrections import NO_CORRECTION, FilmCorrection, corrected
from calcitrack.model.display import Card, Displayed, counted
from calcitrack.model.image import Acquisition, Image, Radiograph, Volume


def image_id_of(sop_instance_uid: str, source: str, limb: int | None = None) -> str:
    """The SOP Instance UID of an image, or its source where it has none; with the number of the limb where it is one of two in the picture.

    Bytes of a file name that are no text become escapes, so that every encoding, digest and database can hold the id.

    Examples
    --------
    >>> image_id_of("1.2.3", "visit1.dcm"), image_id_of("", "visit1.png"), image_id_of("1.2.3", "visit1.dcm", limb=2)
    ('1.2.3', 'visit1.png', '1.2.3 limb 2')
    """
    name = (sop_instance_uid or source).encode("utf-8", "backslashreplace").decode("utf-8")
    return name if limb is None else f"{name} limb {limb}"


@dataclass(frozen=True, slots=True, repr=False)
class Exposure(Displayed):
    """One image of a timeline: its header facts, and a callable that loads its pixels when they are needed.

    Parameters
    ----------
    acquisition
        Header facts.
    load
        Called without arguments; gives the image, with the correction, or raises a `calcitrack.errors.ReadError`.
    source
        The file, as the user knows it; of a volume, its series.
    findings
        Sentences about grouping: what the header did not state, what a manifest stated instead.
    correction
        What a reader states about the film; it is in `acquisition` and in what `load` gives already.
    parts
        The files that hold the image where they are several, as the slices of a volume do; empty where `source` is the one file.

    Examples
    --------
    >>> from calcitrack import Exposure
    >>> from calcitrack.phantom.small import small_radiograph
    >>> exposure = Exposure.of(small_radiograph())
    >>> exposure
    Exposure(in memory: DX HAND L, 2021-03-08 10:00)
    >>> exposure.load().shape, exposure.is_dicom
    ((160, 120), False)
    """

    acquisition: Acquisition
    load: Callable[[], Image]
    source: str = ""
    findings: tuple[str, ...] = ()
    correction: FilmCorrection = NO_CORRECTION
    parts: tuple[str, ...] = ()

    def _card(self) -> Card:
        facts = [" ".join(t for t in (self.acquisition.modality, self.acquisition.body_part_examined, self.acquisition.laterality) if t)]
        taken = self.acquisition.acquisition_time
        facts.append(taken.isoformat(" ", "minutes") if taken is not None else _day(self.acquisition.study_date))
        return Card("Exposure", self.source or "in memory", tuple(f for f in facts if f), ("finding",), tuple((f,) for f in self.findings))

    @property
    def image_id(self) -> str:
        """The name of the image in tables, workspaces and digests; see `image_id_of`.

        Examples
        --------
        >>> from calcitrack.model.image import Acquisition
        >>> Exposure(Acquisition(), load=None, source="films/visit1.png").image_id
        'films/visit1.png'
        """
        return image_id_of(self.acquisition.sop_instance_uid, self.source, self.acquisition.limb)

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that holds the image: one for a film, many for a volume."""
        return self.parts or (self.source,)

    def radiograph(self) -> Radiograph:
        """What `load` gives, for callers that work on projections only.

        Raises
        ------
        ReadError
            As `load` does, and a `NotARadiographError` where the image is a volume.
        """
        image = self.load()
        if not isinstance(image, Radiograph):
            raise NotARadiographError(self.source, f"a volume of {counted(image.shape[0], 'slice')}", "a radiograph", "use what works on volumes")
        return image

    @property
    def is_dicom(self) -> bool:
        """True when the image came with the UIDs that other DICOM objects need to refer to it; damaged and very old files lack some."""
        facts = self.acquisition
        return all((facts.sop_class_uid, facts.sop_instance_uid, facts.series_instance_uid, facts.study_instance_uid, facts.modality))

    @classmethod
    def of(cls, image: Image, correction: FilmCorrection | None = None) -> Exposure:
        """Wrap an image that is in memory already; its birth date is left out, because what is measured is kept in tables and workspaces.

        Raises
        ------
        InvalidValueError
            A correction that does not fit the film, or one of a volume.
        """
        expect("Exposure.of", "image", image, Radiograph, Volume)
        applied = correction or NO_CORRECTION
        if isinstance(image, Volume) and applied:
            raise InvalidValueError("corrections state facts of a film; found one for a volume")
        shown = corrected(image, applied) if isinstance(image, Radiograph) else image
        return cls(replace(shown.acquisition, patient_birth_date=None), partial(in_memory, shown), shown.source, applied.words, applied)


def in_memory(image: Image) -> Image:
    """What ``partial(in_memory, image)`` loads: the image itself. Unlike a lambda, it pickles, and the exposure with it.

    Examples
    --------
    >>> from calcitrack.phantom.small import small_radiograph
    >>> film = small_radiograph()
    >>> partial(in_memory, film)() is film
    True
    """
    return image


def _day(date: dt.date | None) -> str:
    return "no date" if date is None else date.isoformat()


@dataclass(frozen=True, slots=True)
class TimelineKey:
    """Facts that a timeline's images have in common; an empty text means not stated.

    Examples
    --------
    >>> from calcitrack import TimelineKey
    >>> str(TimelineKey("P1", "HAND", "L"))
    'P1 / HAND / L / view not stated'
    """

    patient_id: str
    body_part: str = ""
    laterality: str = ""
    view: str = ""
    modality: str = ""
    """Projection radiography is one modality here: ``DX`` stands for DX and CR alike, which are compared over time."""

    def __str__(self) -> str:
        parts = (
            self.patient_id or "unknown patient",
            self.body_part or "part not stated",
            self.laterality or "side not stated",
            self.view or "view not stated",
        )
        return " / ".join(parts)


@dataclass(frozen=True, slots=True, repr=False)
class TimePoint(Displayed):
    """All exposures of one day; the second and later ones are repeats.

    Parameters
    ----------
    index
        1 is the baseline.
    date
        Day of the exposures; ``None`` when no image states one (then it is the only time point).
    exposures
        In order of acquisition time; at least one.

    Examples
    --------
    >>> from calcitrack import Exposure, TimePoint
    >>> from calcitrack.phantom.small import BASELINE, small_radiograph
    >>> TimePoint(1, BASELINE, (Exposure.of(small_radiograph()),))
    TimePoint(1, 2021-03-08: 1 exposure)
      repeat  source
      0       in memory
    """

    index: int
    date: dt.date | None
    exposures: tuple[Exposure, ...]

    def __post_init__(self) -> None:
        if not self.exposures:
            raise InvalidValueError(f"time point {self.index} has no exposure; a time point needs at least one")

    def _card(self) -> Card:
        rows = tuple((str(k), e.source or "in memory") for k, e in enumerate(self.exposures))
        return Card("TimePoint", f"{self.index}, {_day(self.date)}", (counted(len(rows), "exposure"),), ("repeat", "source"), rows)


@dataclass(frozen=True, slots=True, repr=False)
class Timeline(Displayed):
    """Time points of one patient, body part, side and view, earliest first.

    Examples
    --------
    >>> import datetime as dt
    >>> from calcitrack import Exposure, Timeline, TimelineKey, TimePoint
    >>> from calcitrack.phantom.small import small_radiograph
    >>> exposure = Exposure.of(small_radiograph())
    >>> first, second = TimePoint(1, dt.date(2021, 3, 8), (exposure,)), TimePoint(2, dt.date(2021, 9, 6), (exposure,))
    >>> len(Timeline(TimelineKey("P1"), (first, second)).time_points)
    2
    >>> Timeline(TimelineKey("P1"), (second,))
    Traceback (most recent call last):
    calcitrack.errors.InvalidValueError: P1 / part not stated / side not stated / view not stated: time points are numbered 1, 2, ...; found [2]
    """

    key: TimelineKey
    time_points: tuple[TimePoint, ...]
    findings: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """Every file of every image, in order."""
        return tuple(f for t in self.time_points for e in t.exposures for f in e.files)

    def __post_init__(self) -> None:
        if not self.time_points:
            raise InvalidValueError(f"{self.key}: a timeline needs at least one time point")
        indices = [t.index for t in self.time_points]
        if indices != list(range(1, len(indices) + 1)):
            raise InvalidValueError(f"{self.key}: time points are numbered 1, 2, ...; found {indices}")
        dates = [t.date for t in self.time_points]
        known = [d for d in dates if d is not None]
        if len(known) < len(dates) and len(dates) > 1:
            raise InvalidValueError(f"{self.key}: images without a date cannot be put in order with others; found {dates}")
        if known != sorted(set(known)):
            raise InvalidValueError(f"{self.key}: time points have different dates, earliest first; found {known}")

    def _card(self) -> Card:
        rows = tuple((str(t.index), _day(t.date), str(len(t.exposures))) for t in self.time_points)
        facts = (counted(len(rows), "time point"), counted(sum(len(t.exposures) for t in self.time_points), "exposure"))
        return Card("Timeline", str(self.key), facts, ("time point", "date", "exposures"), rows)
