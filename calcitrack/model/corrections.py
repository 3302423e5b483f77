"""What a reader states about one film: a known length, the place of a wedge, side, view, date, regions without deposits, the part to look at."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from calcitrack.errors import InvalidValueError
from calcitrack.model.display import counted
from calcitrack.model.image import Acquisition, Mask, Radiograph
from calcitrack.model.spacing import Spacing, SpacingBasis

Point = tuple[float, float]
"""(row, column) in pixels of the film; whole numbers are the middles of pixels."""
Box = tuple[int, int, int, int]
"""(first row, last row, first column, last column), in pixels."""
SIDES = ("L", "R", "B")
"""Left, right, both: the values of Laterality (0020,0060) and, for both, of Image Laterality (0020,0062)."""
LEAST_LENGTH_PX = 10.0
"""A shorter line says little: each of its ends is known to about half a pixel, so that its length would be uncertain by 7 %."""
FARTHEST_PX = 100_000
"""Rows and columns from the first one; no film has so many (at 0.05 mm they would be 5 m), and what lies farther off is a slip of the pen."""
PIXEL_MM = (0.01, 5.0)
"""Sizes of a pixel that a radiograph can have, as for what files state; others are a slip of the pen."""


@dataclass(frozen=True, slots=True)
class KnownLength:
    """A line drawn along something of known size.

    Parameters
    ----------
    start, end
        (row, column) of its ends.
    length_mm
        How long that is, in the plane of the limb.
    """

    start: Point
    end: Point
    length_mm: float

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            object.__setattr__(self, name, _point(name, getattr(self, name)))
        object.__setattr__(self, "length_mm", float(self.length_mm))
        if not (math.isfinite(self.length_mm) and self.length_mm > 0):
            raise InvalidValueError(f"a known length is a positive number of mm; found {self.length_mm}")
        if self.length_px < LEAST_LENGTH_PX:
            raise InvalidValueError(f"a known length is a line of {LEAST_LENGTH_PX:g} pixels or more; found {self.length_px:.1f}; draw a longer one")

    @property
    def length_px(self) -> float:
        """Length in pixels, as if they were square."""
        return math.dist(self.start, self.end)

    def spacing(self, stated: Spacing) -> Spacing:
        """Pixel size that gives the line its known length; the aspect ratio of a pixel stays as the file states it.

        Raises
        ------
        InvalidValueError
            No radiograph has such pixels.
        """
        row, column = (stated.row_mm or 1.0, stated.column_mm or 1.0)
        drawn = math.hypot((self.end[0] - self.start[0]) * row, (self.end[1] - self.start[1]) * column)
        factor = self.length_mm / drawn
        sizes = (row * factor, column * factor)
        if not all(PIXEL_MM[0] <= s <= PIXEL_MM[1] for s in sizes):
            raise InvalidValueError(
                f"a line of {self.length_px:.0f} pixels cannot be {self.length_mm:g} mm long: a pixel would be {max(sizes):.3g} mm; "
                f"expected {PIXEL_MM[0]:g} to {PIXEL_MM[1]:g} mm; draw it again, or correct the length"
            )
        return Spacing(*sizes, SpacingBasis.FIDUCIAL, f"a line of {self.length_mm:g} mm that a reader drew")


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmCorrection:
    """What a reader states about one film; it wins over file and manifest. Empty or ``None`` where nothing is stated.

    Parameters
    ----------
    length
        Something of known size: sets the size of a pixel.
    wedge_box
        Box around the step wedge; it is looked for nowhere else. Of effect where the film needs one (`calcitrack.calibrate`).
    laterality
        ``L``, ``R`` or ``B`` (both).
    view
        View Position, such as ``PA``.
    date
        Day of the exposure.
    excluded
        Regions (a ring, a cannula) as polygons of (row, column), in which no deposit is reported.
    crop
        Box outside of which nothing is looked at.

    Examples
    --------
    >>> bool(FilmCorrection()), FilmCorrection(view=" pa ").view
    (False, 'PA')
    """

    length: KnownLength | None = None
    wedge_box: Box | None = None
    laterality: str = ""
    view: str = ""
    date: dt.date | None = None
    excluded: tuple[tuple[Point, ...], ...] = ()
    crop: Box | None = None

    def __post_init__(self) -> None:
        for name in ("wedge_box", "crop"):
            box = getattr(self, name)
            object.__setattr__(self, name, None if box is None else _box(name, box))
        if self.laterality and self.laterality not in SIDES:
            raise InvalidValueError(f"laterality is one of {', '.join(SIDES)}; found {self.laterality!r}")
        object.__setattr__(self, "view", self.view.strip().upper())
        regions = tuple(tuple(_point("excluded", p) for p in region) for region in self.excluded)
        if any(len(region) < 3 for region in regions):
            raise InvalidValueError("an excluded region is a polygon of 3 points or more; found fewer")
        object.__setattr__(self, "excluded", regions)

    def __bool__(self) -> bool:
        """Whether anything is stated."""
        return self != FilmCorrection()

    def over(self, other: FilmCorrection) -> FilmCorrection:
        """Merge two corrections; this one wins where both state the same thing."""
        own = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(other, **{name: value for name, value in own.items() if value not in (None, "", ())})

    @property
    def words(self) -> tuple[str, ...]:
        """What is stated, one sentence each."""
        length, regions = self.length, len(self.excluded)
        parts = (
            length is not None and f"a reader drew a line of {length.length_mm:g} mm, which sets the size of a pixel",
            self.wedge_box is not None and "a reader marked the step wedge",
            self.laterality and f"a reader states laterality {self.laterality}",
            self.view and f"a reader states view {self.view}",
            self.date is not None and f"a reader states the date {self.date}",
            regions and f"a reader excluded {counted(regions, 'region')}: no deposit is reported there",
            self.crop is not None and "a reader cropped the film: nothing is looked at outside",
        )
        return tuple(words for words in parts if isinstance(words, str) and words)

    def acquisition(self, stated: Acquisition) -> Acquisition:
        """Header facts of the film, overridden by the reader's; a date keeps the time of day."""
        facts = replace(stated, laterality=self.laterality or stated.laterality, view_position=self.view or stated.view_position)
        if self.date is None:
            return facts
        clock = dt.time() if stated.acquisition_time is None else stated.acquisition_time.time()
        known = stated.acquisition_time is not None and stated.time_of_day_known
        return replace(facts, acquisition_time=dt.datetime.combine(self.date, clock), time_of_day_known=known)


NO_CORRECTION = FilmCorrection()
"""Nothing is stated."""


def corrected(radiograph: Radiograph, correction: FilmCorrection) -> Radiograph:
    """The radiograph with what a reader states about it: size of a pixel, facts, and nothing valid outside the crop.

    The wedge and excluded regions are for those who calibrate and search. The same where nothing is stated.

    Raises
    ------
    InvalidValueError
        A known length that no radiograph has, or a crop outside the picture.
    """
    if not correction:
        return radiograph
    spacing = radiograph.spacing if correction.length is None else correction.length.spacing(radiograph.spacing)
    return replace(
        radiograph,
        spacing=spacing,
        acquisition=correction.acquisition(radiograph.acquisition),
        valid=cropped(radiograph.valid_mask, correction),
        findings=tuple(dict.fromkeys((*radiograph.findings, *correction.words))),
    )


def cropped(valid: Mask, correction: FilmCorrection) -> Mask:
    """Valid pixels inside the crop, shape (rows, columns).

    Raises
    ------
    InvalidValueError
        Nothing of it lies on the picture.
    """
    if correction.crop is None:
        return valid
    row0, row1, column0, column1 = correction.crop
    inside = np.zeros(valid.shape, bool)
    inside[row0 : row1 + 1, column0 : column1 + 1] = True
    if not inside.any():
        raise InvalidValueError(f"a crop lies on the picture of {valid.shape[0]} x {valid.shape[1]} pixels; found {correction.crop}; draw it again")
    return np.asarray(valid & inside)


def _point(name: str, point: Sequence[float]) -> Point:
    values = tuple(float(x) for x in point)
    if len(values) != 2 or not all(abs(x) <= FARTHEST_PX for x in values):
        raise InvalidValueError(f"{name}: a point is (row, column), two numbers of at most {FARTHEST_PX}; found {tuple(point)}")
    return values[0], values[1]


def _box(name: str, box: Sequence[int]) -> Box:
    known = len(box) == 4 and all(0 <= x <= FARTHEST_PX for x in box)
    values = tuple(int(x) for x in box) if known else (0, 0, 0, 0)
    if not (values[0] < values[1] and values[2] < values[3]):
        raise InvalidValueError(
            f"{name} is (first row, last row, first column, last column), ascending, not negative and at most {FARTHEST_PX}; found {tuple(box)}"
        )
    return values[0], values[1], values[2], values[3]
