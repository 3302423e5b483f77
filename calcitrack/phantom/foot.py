"""An analytic foot seen from above: metatarsals, toes, tarsus, sesamoids, and the flesh about them.

Lengths are typical adult means of osteology texts, rounded (metatarsals 60-74 mm, hallux phalanges 31 and 22 mm), and drawn anew for each person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calcitrack.phantom.longbone import distal_phalanx, metacarpal, phalanx, shaft_end
from calcitrack.phantom.shapes import Anatomy, Bone, Crease, FleshPart, Frame, LumpBone, Site, rotation
from calcitrack.phantom.specs import PatientSpec, VisitSpec

METATARSAL_MM = (61.0, 73.0, 69.0, 67.0, 64.0)
PROXIMAL_MM = (31.0, 27.0, 25.0, 23.5, 21.5)
MIDDLE_MM = (0.0, 12.5, 10.5, 8.5, 7.5)
DISTAL_MM = (22.0, 9.5, 9.5, 9.0, 8.5)
"""Mean lengths, big toe to little toe, mm."""

_WIDTH = (1.5, 0.92, 0.88, 0.88, 0.9)
"""Thickness of each ray against a finger's."""

_BASE_MM = ((14.0, 0.0), (1.0, 4.0), (-10.5, 0.5), (-20.5, -4.0), (-30.0, -10.0))
"""(towards the big toe, towards the toes) of each metatarsal's base from the middle of the tarsometatarsal joints, mm."""

_FAN_DEG = (6.0, 1.0, -3.5, -8.0, -12.5)

_TARSALS = (
    # name, towards the big toe, towards the toes, height, half axes across/along/depth, turn, age at which it is half grown
    ("medial cuneiform", 14.0, -12.0, 2.0, 9.0, 11.5, 13.0, 4.0, 4.0),
    ("middle cuneiform", 1.5, -6.5, 4.0, 6.6, 8.5, 9.0, 0.0, 4.0),
    ("lateral cuneiform", -9.5, -9.5, 3.0, 7.0, 11.0, 9.0, -4.0, 2.5),
    ("cuboid", -22.5, -20.0, -2.0, 10.5, 15.0, 12.0, -14.0, 1.5),
    ("navicular", 5.0, -28.0, 6.0, 18.0, 7.5, 12.0, -14.0, 4.0),
    ("talus", 6.0, -55.0, 14.0, 17.0, 25.0, 15.0, 8.0, 0.0),
    ("calcaneus", -8.0, -72.0, -6.0, 17.0, 40.0, 20.0, -6.0, 0.0),
)


@dataclass(frozen=True, slots=True)
class _Person:
    """Random proportions of a person, the same at each visit."""

    scale: float
    lengths: np.ndarray
    widths: np.ndarray
    shift: np.ndarray
    harmonics: np.ndarray
    hallux_deg: float

    @classmethod
    def of(cls, patient: PatientSpec) -> _Person:
        rng = np.random.default_rng([patient.seed, 16])
        return cls(
            patient.scale,
            rng.normal(1, 0.04, (4, 5)),
            rng.normal(1, 0.05, (4, 5)),
            rng.normal(0, 0.5, (7, 2)),
            np.stack([rng.uniform(0.02, 0.06, (7, 3)), rng.uniform(0, 2 * np.pi, (7, 3))], -1),
            float(np.clip(rng.normal(9, 6), -2, 28)),
        )


def foot(patient: PatientSpec, visit: VisitSpec) -> Anatomy:
    """The foot of `patient` standing on the detector."""
    person, rng, field = _Person.of(patient), np.random.default_rng([visit.seed, 17]), visit.field
    s = person.scale
    middle = Frame(
        np.array([field.centre_mm[0] + 4 * s, field.centre_mm[1] - 22 * s, 28.0 * s]), rotation(field.rotation_deg, 0.0, 0.5 * field.roll_deg)
    )
    bones: list[Bone] = []
    flesh: list[FleshPart] = []
    sites: dict[str, Site] = {}
    for ray in range(5):
        _ray(patient, person, rng, middle, ray, bones, flesh, sites)
    for k, (name, x, y, z, a, b, c, turn, half_age) in enumerate(_TARSALS):
        grown = float(np.clip((patient.age_years - half_age + 4.5) / 9.0, 0, 1)) ** 0.5 if patient.growth_plate else 1.0
        if grown < 0.25:
            continue
        frame = middle.child((x + person.shift[k, 0]) * s, (y + person.shift[k, 1]) * s, z * s, turn=turn)
        outline = tuple((n + 2, float(h), float(p)) for n, (h, p) in enumerate(person.harmonics[k]))
        bones.append(
            LumpBone(
                name=name,
                frame=frame,
                half_mm=(a * s * grown, b * s * grown, c * s * grown),
                harmonics=outline,
                cortex_mm=0.8 * patient.cortex,
                marrow_g_cm3=0.16,
                power=3.0,
                mineral=patient.mineral,
            )
        )
    leg = middle.child(3 * s, -78 * s, 30 * s, turn=180.0)
    bones.append(shaft_end("tibia", leg, 70 * s, patient, s, ((0, 17, 15), (1, 15, 13)), near_slope=0.0, near_bow=0.0, cortex=1.2))
    f = s * patient.flesh
    flesh += [
        FleshPart(middle.child(-8 * f, -30 * f, -3 * f), 88 * f, ((0, 32 * f, 30 * f), (0.4, 38 * f, 25 * f), (1, 43 * f, 14 * f))),
        FleshPart(middle.child(-2 * f, -105 * f, 0), 85 * f, ((0, 29 * f, 34 * f), (1, 32 * f, 32 * f))),
    ]
    sites["calcaneus"] = Site(
        frame=middle.child(-8 * s, -100 * s, -6 * s), length_mm=60 * s, bone_half_mm=(16 * s, 18 * s), flesh_half_mm=(29 * f, 30 * f), weight=0.8
    )
    v = np.linspace(-28, 32, 14) * s
    creases = tuple(
        Crease(
            middle.place(np.stack([v, np.full(14, rng.uniform(50, 75) * s) + rng.normal(0, 0.3, 14), np.full(14, -15.0)], 1)),
            0.5,
            float(rng.uniform(-0.6, 0.6)),
        )
        for _ in range(int(rng.integers(0, 3)))
    )
    return Anatomy(bones=tuple(bones), flesh=tuple(flesh), sites=sites, creases=creases, blend_mm2=50 * s, extent_mm=(112 * s, 265 * s), fat=1.3)


def _ray(
    patient: PatientSpec,
    person: _Person,
    rng: np.random.Generator,
    middle: Frame,
    ray: int,
    bones: list[Bone],
    flesh: list[FleshPart],
    sites: dict[str, Site],
) -> None:
    """One metatarsal and its toe."""
    s, number, big = person.scale, ray + 1, ray == 0
    x, y = _BASE_MM[ray]
    frame = middle.child(x * s, y * s, (-2 + 2 * (2 - abs(ray - 1))) * s, turn=_FAN_DEG[ray] + rng.normal(0, 0.6), tilt=-12.0 + 2 * ray)
    kinds = [
        (metacarpal, METATARSAL_MM[ray], "mt"),
        (phalanx, PROXIMAL_MM[ray], "pp"),
        (phalanx, MIDDLE_MM[ray], "mp"),
        (distal_phalanx, DISTAL_MM[ray], "dp"),
    ]
    for k, (make, mean, code) in enumerate(kinds):
        if mean == 0:
            continue
        length = mean * s * person.lengths[k, ray]
        size = s * _WIDTH[ray] * person.widths[k, ray] * {"mt": 0.95, "pp": 0.86, "mp": 0.7, "dp": 0.8}[code] * (1.0 if big or code == "mt" else 0.86)
        bones.append(make(f"{code}{number}", frame, length, size, patient, thumb=big))
        wide = {"mt": 9.5, "pp": 9.0, "mp": 8.3, "dp": 7.6}[code] * s * patient.flesh * (1.55 if big else 0.98)
        flesh.append(FleshPart(frame.child(0, 0, -1.5 * s), length, ((0, wide, wide * 0.95), (1, wide * 0.93, wide * 0.85))))
        sites[f"{code}{number}"] = Site(
            frame=frame,
            length_mm=length,
            bone_half_mm=(4.6 * size, 4.2 * size),
            flesh_half_mm=(wide, wide * 0.95),
            weight={"mt": 1.0, "pp": 0.8, "mp": 0.4, "dp": 0.7}[code] * (1.6 if big else 1.0),
        )
        if big and code == "mt" and patient.age_years > 11:
            for side in (-6.0, 6.5):
                spot = frame.child(side * s, length - 8 * s, -11 * s)
                bones.append(
                    LumpBone(name=f"sesamoid{side:+.0f}", frame=spot, half_mm=(4.2 * s, 6.0 * s, 3.8 * s), cortex_mm=0.6, mineral=patient.mineral)
                )
        turn = {"mt": -person.hallux_deg if big else 3.0 - ray, "pp": -0.4 * person.hallux_deg if big else 0.0}.get(code, 0.0) + rng.normal(0, 2.0)
        bend = {"mt": 14.0, "pp": -14.0 if not big else -4.0, "mp": -12.0}.get(code, 0.0) + rng.normal(0, 4)
        gap = (1.5 + 1.0 * patient.growth_plate) * s**0.5
        frame = Frame(frame.at(u=length + gap), frame.axes @ rotation(turn, bend))
