"""An analytic elbow and knee, seen from the front: ends of the long bones, growth plates, kneecap and fabella, and the flesh about them.

Widths are typical adult ones of osteology texts (epicondyles of the humerus 60 mm, of the femur 80 mm, tibial plateau 74 mm), drawn anew for
each person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calcitrack.phantom.longbone import shaft_end
from calcitrack.phantom.shapes import Anatomy, Bone, Crease, FleshPart, Frame, LumpBone, Plate, Site, SweptBone, rotation
from calcitrack.phantom.specs import PatientSpec, VisitSpec


@dataclass(frozen=True, slots=True)
class _Person:
    """Random proportions of a person, the same at each visit."""

    scale: float
    widths: np.ndarray
    carry_deg: float
    extra: np.ndarray

    @classmethod
    def of(cls, patient: PatientSpec) -> _Person:
        rng = np.random.default_rng([patient.seed, 13])
        return cls(patient.scale, rng.normal(1, 0.05, 6), float(rng.normal(1, 0.25)), rng.uniform(0, 1, 8))


def _condyles(
    name: str, frame: Frame, length: float, patient: PatientSpec, size: float, profile: tuple[tuple[float, float, float], ...], notch: float
) -> SweptBone:
    """A long bone that enters the film and ends in two condyles."""
    bone = shaft_end(name, frame, length, patient, size, profile, near_slope=0.0, near_bow=0.0, cortex=4.2)
    whole = bone.length_mm
    plates = tuple(Plate(whole - 1.9 * p.u_mm, p.gap_mm, -2.5 * size) for p in bone.plates)
    return SweptBone(
        name=name,
        frame=frame.child(u=length - whole),
        length_mm=whole,
        stations=tuple((1 - f, a, b) for f, a, b in reversed(bone.stations)),
        cortex_mm=tuple((1 - f, t) for f, t in reversed(bone.cortex_mm)),
        marrow=tuple((1 - f, m) for f, m in reversed(bone.marrow)),
        near_cap_mm=2.0,
        far_cap_mm=13.0 * size,
        far_power=2.6,
        notch_mm=notch * size,
        plates=plates,
        mineral=patient.mineral,
    )


def elbow(patient: PatientSpec, visit: VisitSpec) -> Anatomy:
    """The elbow of `patient` from the front, more or less stretched."""
    person, rng, field = _Person.of(patient), np.random.default_rng([visit.seed, 14]), visit.field
    s, w = person.scale, person.widths
    joint = Frame(np.array([field.centre_mm[0], field.centre_mm[1], 45.0 * s]), rotation(field.rotation_deg, rng.normal(0, 2), field.roll_deg))
    upper = joint.child(0, 120 * s, rng.normal(0, 2), turn=180.0)
    lower = joint.child(turn=180.0 - 10 * person.carry_deg + rng.normal(0, 2), tilt=rng.normal(3, 6))
    humerus = _condyles(
        "humerus",
        upper,
        120 * s,
        patient,
        s,
        ((0, 21 * w[0], 9), (0.1, 29 * w[0], 11), (0.18, 27 * w[0], 9), (0.36, 13.5, 9.5), (0.55, 11.5, 10.5), (1, 11, 11)),
        3.0,
    )
    radius = lower.child(12.0 * s, 3.0 * s, 3 * s, turn=1.5)
    ulna = lower.child(-7.0 * s, -17.0 * s, -9 * s, turn=2.5)
    bones: list[Bone] = [
        humerus,
        shaft_end(
            "radius",
            radius,
            125 * s,
            patient,
            s,
            ((0, 10.8 * w[1], 10.8), (0.07, 10.8 * w[1], 10.8), (0.12, 7.2, 7.2), (0.2, 8.0, 8.5), (0.3, 7.4, 7.0), (1, 7.8, 6.8)),
            near_slope=0.0,
            near_bow=1.0,
        ),
        shaft_end(
            "ulna",
            ulna,
            145 * s,
            patient,
            s,
            ((0, 10, 9), (0.1, 12 * w[2], 11), (0.25, 11 * w[2], 10), (0.4, 7.6, 8.2), (1, 6.4, 7.0)),
            near_slope=0.0,
            near_bow=-2.0,
        ),
    ]
    f = s * patient.flesh
    flesh = (
        FleshPart(upper.child(0, -15 * s, 0), 138 * s, ((0, 46 * f, 44 * f), (0.6, 42 * f, 36 * f), (1, 41 * f, 31 * f))),
        FleshPart(lower.child(2 * s, -12 * s, 0), 150 * s, ((0, 41 * f, 31 * f), (0.3, 43 * f, 32 * f), (1, 33 * f, 27 * f))),
    )
    sites = {
        "humerus": Site(
            frame=upper, length_mm=120 * s, bone_half_mm=(20 * s, 11 * s), flesh_half_mm=(39 * f, 32 * f), along=(0.25, 1.05), weight=1.2
        ),
        "radius": Site(frame=radius, length_mm=125 * s, bone_half_mm=(9 * s, 9 * s), flesh_half_mm=(27 * f, 27 * f), along=(0.0, 0.75), weight=1.0),
        "ulna": Site(frame=ulna, length_mm=145 * s, bone_half_mm=(10 * s, 9 * s), flesh_half_mm=(29 * f, 22 * f), along=(0.0, 0.7), weight=1.6),
    }
    creases = _folds(rng, joint, 38 * f, 30 * f)
    return Anatomy(bones=tuple(bones), flesh=flesh, sites=sites, creases=creases, blend_mm2=220 * s, extent_mm=(105 * s, 220 * s), fat=2.2)


def knee(patient: PatientSpec, visit: VisitSpec) -> Anatomy:
    """The knee of `patient` from the front."""
    person, rng, field = _Person.of(patient), np.random.default_rng([visit.seed, 15]), visit.field
    s, w = person.scale, person.widths
    joint = Frame(np.array([field.centre_mm[0], field.centre_mm[1], 62.0 * s]), rotation(field.rotation_deg * 0.5, rng.normal(0, 2), field.roll_deg))
    upper = joint.child(0, 153 * s, 0, turn=180.0)
    lower = joint.child(0, -3.0 * s, 0, turn=180.0 - 3 * person.carry_deg, tilt=rng.normal(0, 3))
    femur = _condyles(
        "femur",
        upper,
        150 * s,
        patient,
        s,
        ((0, 35 * w[0], 26), (0.1, 40 * w[0], 29), (0.22, 36 * w[0], 24), (0.45, 20, 17), (0.7, 16, 15.5), (1, 15, 15)),
        11.0,
    )
    tibia = shaft_end(
        "tibia",
        lower,
        150 * s,
        patient,
        s,
        ((0, 37 * w[1], 23), (0.07, 37.5 * w[1], 24), (0.16, 31 * w[1], 21), (0.4, 16.5, 17), (1, 13, 15)),
        near_slope=0.0,
        near_bow=0.8,
        cortex=4.0,
    )
    fibula_frame = lower.child(31 * s, 15 * s, -14 * s, turn=-2.0)
    fibula = shaft_end(
        "fibula", fibula_frame, 135 * s, patient, s, ((0, 9, 9), (0.08, 10.5, 10), (0.2, 7, 7), (1, 6.2, 6.5)), near_slope=-0.2, near_bow=-2.0
    )
    patella_frame = joint.child(2 * s * person.carry_deg, 26 * s + rng.normal(0, 4) * s, 36 * s, turn=rng.normal(0, 5))
    bones: list[Bone] = [femur, tibia, fibula]
    ossified = float(np.clip((patient.age_years - 2.5) / 7, 0, 1)) ** 0.6
    if ossified > 0.3:
        half = (22 * s * ossified * w[2], 21 * s * ossified, 9 * s * ossified)
        bones.append(
            LumpBone(
                name="patella",
                frame=patella_frame,
                half_mm=half,
                harmonics=((3, 0.06, -1.57), (2, 0.03, 1.0)),
                cortex_mm=1.0 * s,
                marrow_g_cm3=0.22,
                mineral=patient.mineral,
            )
        )
    if person.extra[0] < 0.25 and patient.growth_plate < 0.3:
        r = (2.5 + 2.5 * person.extra[1]) * s
        bones.append(
            LumpBone(name="fabella", frame=joint.child(24 * s, 22 * s, -34 * s), half_mm=(r, r * 1.2, r), cortex_mm=0.6, mineral=patient.mineral)
        )
    f = s * patient.flesh
    flesh = (
        FleshPart(upper.child(0, -20 * s, 0), 172 * s, ((0, 72 * f, 70 * f), (0.6, 60 * f, 60 * f), (1, 54 * f, 54 * f))),
        FleshPart(
            lower.child(0, -15 * s, -3 * s), 175 * s, ((0, 54 * f, 54 * f), (0.35, 52 * f, 50 * f), (0.8, 53 * f, 54 * f), (1, 50 * f, 50 * f))
        ),
    )
    sites = {
        "femur": Site(frame=upper, length_mm=150 * s, bone_half_mm=(30 * s, 24 * s), flesh_half_mm=(55 * f, 55 * f), along=(0.3, 1.0), weight=1.3),
        "tibia": Site(frame=lower, length_mm=150 * s, bone_half_mm=(25 * s, 20 * s), flesh_half_mm=(48 * f, 46 * f), along=(0.0, 0.8), weight=1.3),
        "fibula": Site(
            frame=fibula_frame, length_mm=135 * s, bone_half_mm=(8 * s, 8 * s), flesh_half_mm=(20 * f, 24 * f), along=(0.0, 0.8), weight=0.7
        ),
    }
    creases = _folds(rng, joint, 52 * f, 50 * f)
    return Anatomy(bones=tuple(bones), flesh=flesh, sites=sites, creases=creases, blend_mm2=400 * s, extent_mm=(135 * s, 260 * s), fat=3.5)


def _folds(rng: np.random.Generator, joint: Frame, half_width: float, half_depth: float) -> tuple[Crease, ...]:
    """Skin folds across a bent joint."""
    folds = []
    for _ in range(int(rng.integers(0, 5))):
        v = np.linspace(-1, 1, 20) * half_width * rng.uniform(0.5, 1.0)
        u = rng.uniform(-25, 25) + rng.normal(0, 6) * (v / half_width) ** 2 + rng.normal(0, 0.4, 20)
        points = joint.place(np.stack([v, u, np.full(20, half_depth)], 1))
        folds.append(Crease(points, float(rng.uniform(0.4, 1.2)), float(rng.uniform(-1.2, 0.8))))
    return tuple(folds)
