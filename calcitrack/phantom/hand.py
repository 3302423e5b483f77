"""An analytic hand and wrist, palm down: 19 long bones, 8 carpals, radius, ulna, sesamoids, and the flesh about them.

Lengths of metacarpals and phalanges: means of Buryanov and Kotiuk, Int J Morphol 28:755 (2010). Widths, carpals and forearm: typical adult
proportions of osteology texts, rounded; they are drawn anew for each person, so only their order of size matters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calcitrack.phantom.longbone import distal_phalanx, metacarpal, phalanx, shaft_end
from calcitrack.phantom.shapes import Anatomy, Bone, Crease, FleshPart, Frame, LumpBone, Site, rotation
from calcitrack.phantom.specs import PatientSpec, VisitSpec

METACARPAL_MM = (46.2, 68.1, 64.6, 58.0, 53.7)
PROXIMAL_MM = (31.6, 39.8, 44.6, 41.4, 32.7)
MIDDLE_MM = (0.0, 22.4, 26.3, 25.7, 18.1)
DISTAL_MM = (21.7, 15.8, 17.4, 17.3, 16.0)
"""Mean lengths, thumb to little finger, mm."""

_WIDTH = (1.12, 1.0, 1.03, 0.95, 0.85)
"""Thickness of each ray against the index finger's."""

_BASE_MM = ((23.5, 25.5), (13.8, 33.0), (0.8, 34.8), (-11.2, 32.0), (-21.4, 28.6))
"""(towards the thumb, towards the fingers) of each metacarpal's base from the middle of the radiocarpal joint, mm."""

_FAN_DEG = (42.0, 7.0, 0.0, -7.5, -15.0)
"""Direction of each metacarpal, towards the thumb."""

_CARPALS = (
    # name, towards the thumb, towards the fingers, height, half axes across/along/depth, turn, age at which it is half grown
    ("scaphoid", 12.5, 9.5, 0.0, 5.6, 10.6, 6.0, -38.0, 6.0),
    ("lunate", 0.0, 5.5, -1.0, 6.8, 7.0, 7.5, -4.0, 5.0),
    ("triquetrum", -12.3, 10.0, -1.5, 6.3, 7.6, 6.0, 38.0, 4.0),
    ("pisiform", -13.5, 10.5, -9.0, 4.3, 5.2, 4.2, 10.0, 10.5),
    ("trapezium", 20.5, 19.0, -4.0, 7.0, 7.4, 5.5, 38.0, 6.5),
    ("trapezoid", 13.0, 26.2, 0.0, 5.6, 6.2, 6.5, 12.0, 6.5),
    ("capitate", 0.8, 22.6, 0.0, 6.6, 11.6, 7.8, -4.0, 1.5),
    ("hamate", -11.8, 22.0, -1.0, 7.2, 9.2, 7.0, 20.0, 1.8),
)


@dataclass(frozen=True, slots=True)
class _Person:
    """Random proportions of a person, the same at each visit."""

    scale: float
    width: float
    lengths: np.ndarray
    widths: np.ndarray
    carpal: np.ndarray
    harmonics: np.ndarray
    sesamoids: np.ndarray
    flesh: np.ndarray

    @classmethod
    def of(cls, patient: PatientSpec) -> _Person:
        rng = np.random.default_rng([patient.seed, 11])
        return cls(
            scale=patient.scale,
            width=patient.scale ** (0.9 if patient.growth_plate else 1.0) * rng.uniform(0.92, 1.08),
            lengths=rng.normal(1, 0.03, (4, 5)) * rng.normal(1, 0.02, 5),
            widths=rng.normal(1, 0.04, (4, 5)),
            carpal=rng.normal(0, 0.45, (8, 3)),
            harmonics=np.stack([rng.uniform(0.02, 0.07, (12, 3)), rng.uniform(0, 2 * np.pi, (12, 3))], -1),
            sesamoids=rng.uniform(0, 1, 8),
            flesh=rng.normal(1, 0.05, (5, 3)),
        )


def hand(patient: PatientSpec, visit: VisitSpec) -> Anatomy:
    """The hand of `patient` at `visit`: fingers spread, bent and turned slightly differently at each exposure."""
    person = _Person.of(patient)
    rng = np.random.default_rng([visit.seed, 12])
    s = person.scale
    field = visit.field
    wrist = Frame(
        np.array([field.centre_mm[0], field.centre_mm[1] - 70 * s, 21.0 * s]), rotation(field.rotation_deg, rng.normal(0, 1.5), field.roll_deg)
    )
    bones: list[Bone] = []
    flesh: list[FleshPart] = []
    sites: dict[str, Site] = {}
    creases: list[Crease] = []
    spread = rng.uniform(-1.5, 6.5)
    for ray in range(5):
        _ray(patient, person, rng, wrist, ray, spread, bones, flesh, sites, creases)
    bones += _carpals(patient, person, wrist)
    _forearm(patient, person, rng, wrist, bones, flesh, sites)
    _palm(patient, person, wrist, flesh, creases, rng)
    return Anatomy(bones=tuple(bones), flesh=tuple(flesh), sites=sites, creases=tuple(creases), blend_mm2=34.0 * s, extent_mm=(175 * s, 250 * s))


def _ray(
    patient: PatientSpec,
    person: _Person,
    rng: np.random.Generator,
    wrist: Frame,
    ray: int,
    spread: float,
    bones: list[Bone],
    flesh: list[FleshPart],
    sites: dict[str, Site],
    creases: list[Crease],
) -> None:
    """One metacarpal and its finger."""
    s, number = person.scale, ray + 1
    thumb = ray == 0
    x, y = _BASE_MM[ray]
    fan = _FAN_DEG[ray] + (rng.uniform(-14, 10) if thumb else 0.25 * spread * (2.2 - ray) + rng.normal(0, 1.0))
    drop = -5.0 if thumb else (-1.5, -1.0, -1.5, -3.0)[ray - 1]
    roll = (58.0 + rng.normal(0, 8)) if thumb else (8.0, 0.0, -6.0, -12.0)[ray - 1] + rng.normal(0, 3)
    base = wrist.child(x * s, y * s, drop * s, turn=fan, tilt=-8.0 if not thumb else rng.normal(-4, 4), roll=roll)
    gap = (1.4 + 1.3 * patient.growth_plate) * s**0.5
    width = person.width * _WIDTH[ray]
    kinds = [(metacarpal, METACARPAL_MM[ray], "mc"), (phalanx, PROXIMAL_MM[ray], "pp")]
    if not thumb:
        kinds.append((phalanx, MIDDLE_MM[ray], "mp"))
    kinds.append((distal_phalanx, DISTAL_MM[ray], "dp"))
    frame = base
    for k, (make, mean, code) in enumerate(kinds):
        length = mean * s * person.lengths[k, ray]
        size = width * person.widths[k, ray] * (1.0 if code in ("mc", "pp") else 0.86 if code == "mp" else 0.8)
        bone = make(f"{code}{number}", frame, length, size, patient, thumb=thumb)
        bones.append(bone)
        _finger_flesh(patient, person, ray, code, frame, length, flesh, sites)
        if code != "mc":
            creases += _joint_creases(rng, frame, width, number)
        turn = rng.normal(0, 2.0)
        if code == "mc" and not thumb:
            turn += spread * (2.2 - ray) * 0.9
        bend = abs(rng.normal(0, 4)) + (6 if code == "mc" and not thumb else 0)
        frame = Frame(frame.at(u=length + gap), frame.axes @ rotation(turn, bend if code == "mc" else -bend, -0.35 * roll if code == "mc" else 0))
    bones += _sesamoids(patient, person, ray, bones, len(kinds))


def _finger_flesh(
    patient: PatientSpec, person: _Person, ray: int, code: str, frame: Frame, length: float, flesh: list[FleshPart], sites: dict[str, Site]
) -> None:
    """Flesh of one segment of a ray, and the places for deposits in it."""
    s = person.width * patient.flesh * person.flesh[ray, min(2, ("mc", "pp", "mp", "dp").index(code))] * _WIDTH[ray]
    near, mid, far = {
        "mc": ((9.5, 11.0), (10.0, 11.5), (11.0, 11.0)),
        "pp": ((10.0, 9.6), (9.0, 8.6), (9.4, 8.6)),
        "mp": ((9.3, 8.4), (8.2, 7.5), (8.4, 7.4)),
        "dp": ((8.3, 7.2), (8.2, 7.0), (7.0, 5.6)),
    }[code]
    start, extra = (0.0, 0.0) if code != "dp" else (0.0, -1.5 * s)
    stations = tuple((f, a * s, b * s) for f, (a, b) in zip((0.0, 0.55, 1.0), (near, mid, far), strict=True))
    centre = frame.child(0.0, start, -0.8 * s)
    flesh.append(FleshPart(centre, length + extra, stations))
    bone = {"mc": (4.6, 4.6), "pp": (5.0, 4.2), "mp": (4.3, 3.6), "dp": (3.0, 2.6)}[code]
    along = {"mc": (0.25, 1.0), "pp": (0.0, 1.0), "mp": (0.0, 1.0), "dp": (0.05, 1.12)}[code]
    weight = {"mc": 0.7, "pp": 1.2, "mp": 1.2, "dp": 1.6}[code] * (1.4 if ray in (0, 1) else 1.0)
    sites[f"{code}{ray + 1}"] = Site(
        frame=frame,
        length_mm=length,
        bone_half_mm=(bone[0] * person.width * _WIDTH[ray], bone[1] * person.width * _WIDTH[ray]),
        flesh_half_mm=(mid[0] * s, mid[1] * s),
        along=along,
        weight=weight,
    )


def _joint_creases(rng: np.random.Generator, frame: Frame, width: float, number: int) -> list[Crease]:
    """Skin folds across a finger joint."""
    folds = []
    for _ in range(int(rng.integers(0, 3))):
        u = rng.uniform(-2.5, 2.5)
        v = np.linspace(-8, 8, 12) * width
        bow = rng.normal(0, 1.5) * (v / (8 * width)) ** 2 + rng.normal(0, 0.15, 12)
        points = frame.place(np.stack([v, u + bow, np.full(12, -5.0 + 0 * number)], 1))
        folds.append(Crease(points, float(rng.uniform(0.25, 0.7)), float(rng.uniform(-0.7, 0.4))))
    return folds


def _sesamoids(patient: PatientSpec, person: _Person, ray: int, bones: list[Bone], segments: int) -> list[Bone]:
    """Sesamoids: two under the thumb's metacarpal head; in some people also at the index and little finger."""
    if patient.growth_plate > 0.35:
        return []
    present = {0: ((-4.2, 1.0), (4.0, 1.0)), 1: ((4.5, 0.42),), 4: ((-4.5, 0.75),)}.get(ray, ())
    head = bones[-segments].frame
    length = bones[-segments].length_mm  # type: ignore[union-attr]
    sesamoids: list[Bone] = []
    for k, (v, chance) in enumerate(present):
        draw = person.sesamoids[ray + k]
        if draw > chance:
            continue
        r = (1.7 + 1.0 * person.sesamoids[7 - k]) * person.width
        frame = head.child(v * person.width, length - 4.5 * person.width, -7.5 * person.width)
        sesamoids.append(
            LumpBone(
                name=f"sesamoid{ray + 1}{k}",
                frame=frame,
                half_mm=(r, r * 1.25, r),
                cortex_mm=0.45,
                mineral=patient.mineral,
                harmonics=((2, 0.05, draw * 6),),
            )
        )
    return sesamoids


def _carpals(patient: PatientSpec, person: _Person, wrist: Frame) -> list[Bone]:
    """The eight carpals; in children those that have ossified, at the size they have reached."""
    carpals: list[Bone] = []
    for k, (name, x, y, z, a, b, c, turn, half_age) in enumerate(_CARPALS):
        grown = float(np.clip((patient.age_years - half_age + 4.5) / 9.0, 0, 1)) ** 0.6 if patient.growth_plate else 1.0
        if grown < 0.22:
            continue
        s = person.scale
        dx, dy, dt = person.carpal[k]
        frame = wrist.child((x + dx) * s, (y + dy) * s, z * s, turn=turn + 6 * dt)
        amplitude = 1.0 if grown > 0.8 else 0.4
        outline = tuple((n + 2, float(h * amplitude), float(p)) for n, (h, p) in enumerate(person.harmonics[k]))
        half = tuple(h * s * grown for h in (a, b, c))
        carpals.append(
            LumpBone(
                name=name,
                frame=frame,
                half_mm=(half[0], half[1], half[2]),
                harmonics=outline,
                cortex_mm=0.75 * patient.cortex * s**0.5,
                marrow_g_cm3=0.24,
                power=3.0,
                mineral=patient.mineral,
            )
        )
    return carpals


def _forearm(
    patient: PatientSpec, person: _Person, rng: np.random.Generator, wrist: Frame, bones: list[Bone], flesh: list[FleshPart], sites: dict[str, Site]
) -> None:
    """Ends of radius and ulna, and the forearm as far as a hand film shows it."""
    s = person.scale
    bend = rng.normal(0, 4.0)
    arm = wrist.child(turn=180.0 + bend, roll=0.0)
    radius = arm.child(-7.5 * s, 3.0 * s, 0.0, turn=1.0)
    ulna = arm.child(15.5 * s, 7.0 * s, 0.5 * s, turn=-1.0)
    bones.append(
        shaft_end(
            "radius",
            radius,
            110 * s,
            patient,
            s,
            ((0, 15.0, 9.5), (0.1, 15.5, 9.5), (0.25, 10.5, 7.5), (0.42, 7.4, 6.2), (1, 7.2, 6.4)),
            near_slope=-0.30,
            near_bow=1.5,
        )
    )
    bones.append(
        shaft_end("ulna", ulna, 106 * s, patient, s, ((0, 7.6, 7.4), (0.06, 8.2, 7.8), (0.2, 6.0, 6.2), (1, 6.6, 6.8)), near_slope=0.0, near_bow=-1.2)
    )
    if patient.growth_plate < 0.5:
        styloid = ulna.child(5.6 * s, 0.2 * s, 2.0 * s, turn=8.0)
        bones.append(LumpBone(name="styloid", frame=styloid, half_mm=(1.9 * s, 4.6 * s, 2.0 * s), cortex_mm=0.6, mineral=patient.mineral))
    f = s * patient.flesh
    axis = arm.child(2.5 * s, -12.0 * s, -1.0 * s)
    flesh.append(FleshPart(axis, 135 * s, ((0, 29 * f, 19 * f), (0.18, 28.5 * f, 19 * f), (0.5, 31 * f, 22 * f), (1, 38 * f, 29 * f))))
    for name, frame, half in (("radius", radius, 8.5), ("ulna", ulna, 7.0)):
        sites[name] = Site(
            frame=frame, length_mm=100 * s, bone_half_mm=(half * s, 7 * s), flesh_half_mm=(17 * s, 17 * f), along=(0.0, 0.75), weight=1.3
        )


def _palm(patient: PatientSpec, person: _Person, wrist: Frame, flesh: list[FleshPart], creases: list[Crease], rng: np.random.Generator) -> None:
    """Thenar and hypothenar muscle, the heel of the hand, creases of the palm."""
    f = person.scale * patient.flesh
    flesh.append(FleshPart(wrist.child(15 * f, 14 * f, -4 * f, turn=24), 34 * f, ((0, 12 * f, 13 * f), (0.5, 14 * f, 15 * f), (1, 9 * f, 11 * f))))
    flesh.append(
        FleshPart(wrist.child(-18 * f, 10 * f, -4 * f, turn=-6), 42 * f, ((0, 11 * f, 13 * f), (0.5, 12 * f, 14.5 * f), (1, 11 * f, 11 * f)))
    )
    flesh.append(FleshPart(wrist.child(-1 * f, 4 * f, -2 * f), 70 * f, ((0, 27 * f, 17 * f), (0.5, 30 * f, 14 * f), (1, 33 * f, 11 * f))))
    for _ in range(int(rng.integers(1, 5))):
        t = np.linspace(0, 1, 24)
        start, bow = rng.uniform(25, 75) * f, rng.uniform(-18, 18) * f
        line = np.stack([(28 - 56 * t) * f, start + bow * np.sin(np.pi * t) + rng.normal(0, 12) * f * t, np.full(24, -12 * f)], 1)
        creases.append(Crease(wrist.place(line), float(rng.uniform(0.3, 0.9)), float(rng.uniform(-0.9, 0.5))))
