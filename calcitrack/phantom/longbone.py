"""Profiles of long bones in the hand, the foot and the forearm: bases, shafts, heads, growth plates."""

from __future__ import annotations

from calcitrack.phantom.shapes import Frame, Plate, SweptBone
from calcitrack.phantom.specs import PatientSpec

RUN_ON = 1.7
"""Length of a shaft against the part of it that its profile describes: it leaves the film before it ends."""

Stations = tuple[tuple[float, float, float], ...]


def _plates(patient: PatientSpec, *where_mm: float) -> tuple[Plate, ...]:
    """Open growth plates of a child; none when they have closed."""
    if patient.growth_plate <= 0:
        return ()
    gap = 0.5 + 1.3 * patient.growth_plate
    return tuple(Plate(u, gap * patient.scale**0.3, 0.5, patient.ossified) for u in where_mm)


def _scaled(profile: Stations, size: float) -> Stations:
    return tuple((f, a * size, b * size) for f, a, b in profile)


def metacarpal(name: str, frame: Frame, length: float, size: float, patient: PatientSpec, *, thumb: bool) -> SweptBone:
    """A metacarpal: flared base, slender waist, round head; its growth plate lies under the head, the thumb's at the base."""
    profile = (
        (0.0, 6.3, 7.0),
        (0.07, 6.4, 7.4),
        (0.2, 4.9, 5.4),
        (0.45, 4.1, 4.5),
        (0.68, 4.6, 4.8),
        (0.84, 6.7, 6.4),
        (0.93, 7.4, 7.2),
        (1.0, 7.0, 7.0),
    )
    return SweptBone(
        name=name,
        frame=frame,
        length_mm=length,
        stations=_scaled(profile, size),
        cortex_mm=((0.0, 0.6), (0.15, 1.0 * patient.cortex), (0.45, 2.0 * size * patient.cortex), (0.75, 0.9 * patient.cortex), (1.0, 0.55)),
        marrow=((0.0, 0.26), (0.25, 0.12), (0.5, 0.05), (0.7, 0.12), (0.9, 0.26), (1.0, 0.28)),
        near_cap_mm=4.0 * size,
        far_cap_mm=7.5 * size,
        near_power=3.0,
        far_power=2.1,
        near_bow_mm=0.8 * size,
        plates=_plates(patient, 0.16 * length if thumb else 0.82 * length),
        mineral=patient.mineral,
    )


def phalanx(name: str, frame: Frame, length: float, size: float, patient: PatientSpec, *, thumb: bool) -> SweptBone:
    """A proximal or middle phalanx: broad hollow base, waisted shaft, two condyles; growth plate at the base."""
    profile = (
        (0.0, 7.3, 6.0),
        (0.08, 7.6, 6.2),
        (0.22, 5.6, 5.0),
        (0.5, 4.4 if not thumb else 4.7, 3.7),
        (0.72, 4.5, 3.5),
        (0.88, 5.7, 3.9),
        (0.95, 5.7, 4.0),
        (1.0, 5.4, 3.9),
    )
    return SweptBone(
        name=name,
        frame=frame,
        length_mm=length,
        stations=_scaled(profile, size),
        cortex_mm=((0.0, 0.55), (0.15, 0.9 * patient.cortex), (0.5, 1.6 * size * patient.cortex), (0.8, 0.9 * patient.cortex), (1.0, 0.5)),
        marrow=((0.0, 0.26), (0.25, 0.15), (0.5, 0.07), (0.75, 0.13), (1.0, 0.26)),
        near_cap_mm=2.6 * size,
        far_cap_mm=3.6 * size,
        near_power=3.4,
        far_power=2.4,
        near_bow_mm=1.1 * size,
        notch_mm=0.7 * size,
        plates=_plates(patient, 0.13 * length),
        mineral=patient.mineral,
    )


def distal_phalanx(name: str, frame: Frame, length: float, size: float, patient: PatientSpec, *, thumb: bool) -> SweptBone:
    """A distal phalanx: base, thin waist, tuft."""
    broad = 1.12 if thumb else 1.0
    profile = ((0.0, 6.6, 4.6), (0.1, 6.6, 4.6), (0.3, 4.2, 3.4), (0.62, 2.9, 2.5), (0.8, 3.7, 2.4), (0.92, 4.4, 2.2), (1.0, 3.8, 1.8))
    return SweptBone(
        name=name,
        frame=frame,
        length_mm=length,
        stations=_scaled(profile, size * broad),
        cortex_mm=((0.0, 0.5), (0.2, 0.7 * patient.cortex), (0.6, 1.1 * size * patient.cortex), (1.0, 0.5)),
        marrow=((0.0, 0.24), (0.5, 0.12), (0.85, 0.22), (1.0, 0.22)),
        near_cap_mm=2.2 * size,
        far_cap_mm=2.6 * size,
        near_power=3.0,
        far_power=2.2,
        near_bow_mm=0.5 * size,
        plates=_plates(patient, 0.17 * length),
        mineral=patient.mineral,
        texture=0.3,
    )


def shaft_end(
    name: str,
    frame: Frame,
    length: float,
    patient: PatientSpec,
    size: float,
    profile: Stations,
    *,
    near_slope: float,
    near_bow: float,
    cortex: float = 2.6,
) -> SweptBone:
    """A long bone of which the film shows one end: the joint end is near, the shaft continues past `length` beyond the film."""
    whole = length * RUN_ON
    return SweptBone(
        name=name,
        frame=frame,
        length_mm=whole,
        stations=(*_scaled(tuple((f / RUN_ON, a, b) for f, a, b in profile), size), (1.0, profile[-1][1] * size, profile[-1][2] * size)),
        cortex_mm=(
            (0.0, 0.7),
            (0.12 / RUN_ON, 0.9),
            (0.3 / RUN_ON, 0.6 * cortex * size * patient.cortex),
            (0.5 / RUN_ON, cortex * size * patient.cortex),
            (1.0, cortex * 1.1 * size * patient.cortex),
        ),
        marrow=((0.0, 0.24), (0.15 / RUN_ON, 0.2), (0.35 / RUN_ON, 0.1), (0.6 / RUN_ON, 0.05), (1.0, 0.04)),
        near_cap_mm=5.0 * size,
        far_cap_mm=2.0,
        near_power=3.2,
        near_bow_mm=near_bow * size,
        near_slope=near_slope,
        plates=_plates(patient, (8.0 + 4.0) * size),
        mineral=patient.mineral,
    )
