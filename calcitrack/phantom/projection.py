"""The detector's pixel grid, and the projection of bodies onto it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcitrack.phantom.shapes import Frame, Vector
from calcitrack.phantom.specs import FieldSpec

FloatImage = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FilmWindow:
    """Rows and columns from `top`, `left` up to, not including, `bottom`, `right`."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def empty(self) -> bool:
        """True when it holds no pixel."""
        return self.bottom <= self.top or self.right <= self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        """For indexing an image."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.bottom - self.top, self.right - self.left


@dataclass(frozen=True, slots=True)
class Grid:
    """Detector pixels; the central ray meets the middle of the field.

    Parameters
    ----------
    pitch_mm
        Distance between pixel centres at the detector.
    side
        +1, or -1 to mirror the scene left to right (the other hand).
    lift_mm
        Added to every height, so that the body part rests on the detector.
    """

    rows: int
    columns: int
    pitch_mm: float
    sid_mm: float
    side: int = 1
    lift_mm: float = 0.0

    @classmethod
    def of(cls, spec: FieldSpec, side: int, lift_mm: float = 0.0) -> Grid:
        """The grid of a field."""
        return cls(spec.rows, spec.columns, spec.pitch_mm, spec.sid_mm, side, lift_mm)

    def coarser(self, factor: int) -> Grid:
        """The same field in pixels `factor` times as large, edges rounded outward."""
        return Grid(-(-self.rows // factor), -(-self.columns // factor), self.pitch_mm * factor, self.sid_mm, self.side, self.lift_mm)

    def magnification(self, height_mm: float) -> float:
        """Magnification of an object at a height."""
        return self.sid_mm / (self.sid_mm - max(height_mm + self.lift_mm, 0.0))

    def above_detector(self, heights_mm: Vector) -> Vector:
        """Heights in the room as heights above the detector, never below it."""
        return np.maximum(heights_mm + self.lift_mm, 0.0)

    def x_of(self, columns: Vector) -> Vector:
        """Right of the central ray, mm at the detector."""
        return np.asarray(self.side * (columns - (self.columns - 1) / 2) * self.pitch_mm)

    def y_of(self, rows: Vector) -> Vector:
        """Up from the central ray, mm at the detector."""
        return np.asarray(((self.rows - 1) / 2 - rows) * self.pitch_mm)

    def pixel_of(self, x: Vector, y: Vector) -> tuple[Vector, Vector]:
        """(row, column), fractional, of a place on the detector."""
        return (self.rows - 1) / 2 - y / self.pitch_mm, (self.columns - 1) / 2 + self.side * x / self.pitch_mm

    def project(self, points: Vector) -> tuple[Vector, Vector]:
        """(row, column), fractional, of points in the room, shape (n, 3)."""
        m = self.sid_mm / (self.sid_mm - self.above_detector(points[:, 2]))
        return self.pixel_of(points[:, 0] * m, points[:, 1] * m)

    def window(self, x: Vector, y: Vector, margin_mm: float) -> FilmWindow:
        """The pixels around places on the detector, cut at the field's edge."""
        row, column = self.pixel_of(x, y)
        pad = margin_mm / self.pitch_mm + 1
        return FilmWindow(
            max(0, int(row.min() - pad)),
            min(self.rows, int(row.max() + pad) + 2),
            max(0, int(column.min() - pad)),
            min(self.columns, int(column.max() + pad) + 2),
        )

    def whole(self) -> FilmWindow:
        """All pixels."""
        return FilmWindow(0, self.rows, 0, self.columns)


@dataclass(frozen=True, eq=False, slots=True)
class Footprint:
    """A body's local coordinates at the pixels of a window.

    Parameters
    ----------
    u, v
        Along and across, mm in the body itself, shape of the window.
    stretch
        How much longer rays run through the body because its axis is tilted.
    roll
        Turn of its cross-section against the film, radians.
    """

    window: FilmWindow
    u: FloatImage
    v: FloatImage
    stretch: float
    roll: float


def footprint(grid: Grid, frame: Frame, length_mm: float, half_mm: float, margin_mm: float = 0.0) -> Footprint:
    """Local coordinates of an elongated body; it is magnified as a whole by the height of its middle."""
    axis = frame.axes[:, 1]
    in_plane = float(np.hypot(axis[0], axis[1]))
    along = axis[:2] / in_plane
    across = np.array([along[1], -along[0]])
    m = grid.magnification(float(frame.at(u=length_mm / 2)[2]))
    start = frame.origin[:2] * m
    end = frame.at(u=length_mm)[:2] * m
    reach = (half_mm * 1.5 + margin_mm) * m
    window = grid.window(np.array([start[0], end[0]]), np.array([start[1], end[1]]), reach)
    x = (grid.x_of(np.arange(window.left, window.right, dtype=float)) - start[0])[None, :]
    y = (grid.y_of(np.arange(window.top, window.bottom, dtype=float)) - start[1])[:, None]
    u = ((x * along[0] + y * along[1]) / (m * in_plane)).astype(np.float32)
    v = ((x * across[0] + y * across[1]) / m).astype(np.float32)
    side = frame.axes[:, 0]
    roll = float(np.arctan2(side[2], side[:2] @ across))
    return Footprint(window, u, v, 1 / in_plane, roll)


def turned_ellipse(half_width: Vector, half_depth: Vector, roll: float) -> tuple[Vector, Vector]:
    """Half width and half depth, as the rays see them, of ellipses turned by `roll`; their area stays the same."""
    width = np.sqrt((half_width * np.cos(roll)) ** 2 + (half_depth * np.sin(roll)) ** 2)
    return np.asarray(width), np.asarray(half_width * half_depth / np.maximum(width, 1e-6))
