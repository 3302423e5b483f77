"""Analytic bodies: swept bones, short bones, soft tissue; their places and thicknesses. Lengths in mm, densities in g/cm3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

CORTICAL_HA_G_CM3 = 1.12
"""HA of compact bone: 58 % of 1.92 g/cm3 (ICRU report 44)."""


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """A place and three directions: across (v), along (u) and towards the tube (w).

    Parameters
    ----------
    origin
        Shape (3,): right, up the film, above the detector; mm.
    axes
        Shape (3, 3): the columns are the directions v, u and w.
    """

    origin: Vector
    axes: Vector

    def at(self, v: float = 0.0, u: float = 0.0, w: float = 0.0) -> Vector:
        """A local point in the room."""
        return np.asarray(self.origin + self.axes @ np.array([v, u, w]))

    def place(self, points: Vector) -> Vector:
        """Local points, shape (n, 3) as (v, u, w), in the room."""
        return np.asarray(self.origin + points @ self.axes.T)

    def child(self, v: float = 0.0, u: float = 0.0, w: float = 0.0, *, turn: float = 0.0, tilt: float = 0.0, roll: float = 0.0) -> Frame:
        """A frame relative to this one; the angles, in degrees, turn it in plane (towards v), lift its far end, roll it about its axis."""
        return Frame(self.at(v, u, w), self.axes @ rotation(turn, tilt, roll))


def rotation(turn: float, tilt: float = 0.0, roll: float = 0.0) -> Vector:
    """Rotation matrix for (v, u, w) from degrees: first roll about u, then tilt of u towards w, then turn of u towards v."""
    a, b, c = np.deg2rad([turn, tilt, roll])
    in_plane = np.array([[np.cos(a), np.sin(a), 0], [-np.sin(a), np.cos(a), 0], [0, 0, 1]])
    lift = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    spin = np.array([[np.cos(c), 0, np.sin(c)], [0, 1, 0], [-np.sin(c), 0, np.cos(c)]])
    return np.asarray(in_plane @ lift @ spin)


@dataclass(frozen=True, slots=True)
class Plate:
    """A growth plate: a gap across a bone.

    Parameters
    ----------
    u_mm
        Position along the bone.
    gap_mm
        Width of the gap.
    bow_mm
        Offset of the plate's middle from its edges, along the bone.
    ossified
        Size of the bony nucleus beyond it relative to the grown epiphysis; 0 for cartilage only, which looks like soft tissue.
    """

    u_mm: float
    gap_mm: float
    bow_mm: float
    ossified: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptBone:
    """A long bone: an ellipse swept along an axis, with a cortex and joint faces.

    Parameters
    ----------
    stations
        (fraction of the length, half width mm, half depth mm), ascending.
    near_cap_mm, far_cap_mm
        Length of the rounded end.
    near_power, far_power
        Squareness of that rounding: 2 is an ellipse.
    near_bow_mm, far_bow_mm
        How far the edges of a joint face reach beyond its middle (negative: the middle leads).
    near_slope, far_slope
        Slant of the joint face, mm along for 1 mm across.
    notch_mm
        Depth of the groove between two condyles at the far end.
    shift
        (fraction, mm across) bend of the axis.
    cortex_mm
        (fraction, thickness).
    marrow
        (fraction, HA g/cm3 of trabecular bone).
    plates
        Growth plates.
    """

    name: str
    frame: Frame
    length_mm: float
    stations: tuple[tuple[float, float, float], ...]
    cortex_mm: tuple[tuple[float, float], ...]
    marrow: tuple[tuple[float, float], ...]
    near_cap_mm: float
    far_cap_mm: float
    near_power: float = 3.0
    far_power: float = 2.5
    near_bow_mm: float = 0.0
    far_bow_mm: float = 0.0
    near_slope: float = 0.0
    far_slope: float = 0.0
    notch_mm: float = 0.0
    shift: tuple[tuple[float, float], ...] = ((0.0, 0.0), (1.0, 0.0))
    plates: tuple[Plate, ...] = ()
    mineral: float = 1.0
    texture: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class LumpBone:
    """A short bone: a superellipsoid with an uneven outline and a thin cortex.

    Parameters
    ----------
    half_mm
        Half axes (v, u, w).
    harmonics
        (order, amplitude, phase in radians) of the outline.
    power
        Squareness of its profile in depth.
    """

    name: str
    frame: Frame
    half_mm: tuple[float, float, float]
    harmonics: tuple[tuple[int, float, float], ...] = ()
    cortex_mm: float = 0.7
    marrow_g_cm3: float = 0.25
    power: float = 2.6
    mineral: float = 1.0
    texture: float = 0.2


Bone = SweptBone | LumpBone


@dataclass(frozen=True, slots=True)
class FleshPart:
    """Soft tissue along an axis: ellipses of given half width and half depth, with rounded ends.

    Parameters
    ----------
    stations
        (fraction of the length, half width mm, half depth mm), ascending.
    """

    frame: Frame
    length_mm: float
    stations: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site of deposits: a segment of the limb, in the frame of its bone.

    Parameters
    ----------
    bone_half_mm
        (half width, half depth) of the bone.
    flesh_half_mm
        (half width, half depth) of the soft tissue about the bone's axis.
    along
        (from, to) in fractions of the length.
    weight
        Frequency of deposits here, relative to the other sites.
    """

    frame: Frame
    length_mm: float
    bone_half_mm: tuple[float, float]
    flesh_half_mm: tuple[float, float]
    along: tuple[float, float] = (0.0, 1.0)
    weight: float = 1.0


@dataclass(frozen=True, eq=False, slots=True)
class Crease:
    """A skin fold or a tendon: a curved line along which the soft tissue is thicker or thinner.

    Parameters
    ----------
    points
        Shape (n, 3), in the room.
    width_mm, depth_mm
        Standard deviation across, and the change of thickness.
    """

    points: Vector
    width_mm: float
    depth_mm: float


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Anatomy:
    """A posed body part."""

    bones: tuple[Bone, ...]
    flesh: tuple[FleshPart, ...]
    sites: Mapping[str, Site]
    creases: tuple[Crease, ...] = ()
    blend_mm2: float = 30.0
    """How softly flesh parts merge, mm2 of squared thickness."""
    fat: float = 1.0
    """Thickness of the subcutaneous fat against the hand's."""
    extent_mm: tuple[float, float] = field(default=(180.0, 250.0))
    """(width, height) of the part lying straight: chooses a field size."""

    @property
    def lowest_mm(self) -> float:
        """Height in the room of the skin that lies lowest."""
        return min(float(p.frame.at(u=f * p.length_mm)[2]) - depth for p in self.flesh for f, _, depth in p.stations)
