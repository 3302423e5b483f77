"""Random people, deposits, courses and exposures, drawn from a seed before anything is simulated."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np

from calcitrack.errors import InvalidValueError
from calcitrack.phantom.growth import course_factors
from calcitrack.phantom.placement import place_deposit
from calcitrack.phantom.simulate import anatomy_of
from calcitrack.phantom.specs import (
    BeamSpec,
    BodyPart,
    DepositSpec,
    DetectorSpec,
    DistractorSpec,
    FieldSpec,
    Form,
    PatientSpec,
    Style,
    VisitSpec,
)

ADULT_YEARS = 17.0
"""Age at which growth plates of the limbs have closed and the limb is grown."""

_BURDEN = {"none": (0, 0), "mild": (1, 5), "moderate": (5, 13), "severe": (12, 28), "tumoral": (1, 3)}
"""Number of deposits, from and to. Tumoral calcinosis: one mass or a few."""

_DRAWN_BURDENS = {"none": 0.14, "mild": 0.36, "moderate": 0.32, "severe": 0.18}
"""How often each is drawn where none is stated: hands of juvenile dermatomyositis; tumoral masses are asked for."""

_FORM_SHARE = {Form.STONE: 0.42, Form.PUNCTATE: 0.26, Form.SHEET: 0.13, Form.NET: 0.11, Form.TUMORAL: 0.08}
"""How often each form is drawn; stones lead as in Bartoli et al., 2016, the rarer forms are drawn more often than they are seen."""

_SIZE_MM = {Form.STONE: (1.3, 9.0), Form.PUNCTATE: (1.0, 7.0), Form.SHEET: (7.0, 40.0), Form.NET: (6.0, 30.0), Form.TUMORAL: (9.0, 28.0)}
"""Longest extent, drawn log-uniformly."""

_TUMORAL_SIZE_MM, _TUMORAL_MG_CM3 = (20.0, 100.0), (90.0, 450.0)
"""Extent and HA concentration of tumoral masses, drawn log-uniformly: 2 to 10 cm (Olsen and Chew 2006, Radiographics 26:871), lobules in
fibrous tissue, so that the whole is less dense than a stone."""

_CONC_MG_CM3 = (180.0, 1050.0)
"""HA concentration, drawn log-uniformly: from chalky milk of calcium to stone."""

_KVP = {BodyPart.HAND: (45.0, 62.0), BodyPart.FOOT: (46.0, 62.0), BodyPart.ELBOW: (50.0, 65.0), BodyPart.KNEE: (57.0, 73.0)}
"""Tube voltages in use without a grid, kV."""

_CURVE_CENTRE = {BodyPart.HAND: (0.55, 1.5), BodyPart.FOOT: (0.7, 1.8), BodyPart.ELBOW: (1.5, 2.6), BodyPart.KNEE: (2.4, 3.6)}
"""Log attenuation that a vendor's curve puts in the middle of its grey scale: it follows the thickness of the part."""

WEDGE_TURN_DEG, WEDGE_UNEVEN = 5.0, 0.1
"""Turn of a wedge laid by hand, and differences of the step lengths of a filed one: the values in sets written for users."""

_FIRST_VISIT = dt.date(2020, 2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Distribution of random people.

    Parameters
    ----------
    burden
        none, mild, moderate, severe, or tumoral (one to three masses of 2 to 10 cm); ``None`` draws one of the first four (none for one
        person in seven).
    age_years
        (from, to).
    visits
        Visits of each person.
    """

    body_part: BodyPart = BodyPart.HAND
    burden: str | None = None
    age_years: tuple[float, float] = (3.0, 75.0)
    visits: int = 1

    def __post_init__(self) -> None:
        if self.burden is not None and self.burden not in _BURDEN:
            raise InvalidValueError(f"a burden is one of {', '.join(_BURDEN)}; found {self.burden!r}")
        if self.visits < 1:
            raise InvalidValueError(f"a simulated patient has at least one visit; found {self.visits}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposures:
    """Distribution of random films; ``None`` draws a value for each patient (style, pitch) or film (the others).

    Parameters
    ----------
    pitch_mm
        (from, to).
    kvp
        (from, to), kV; ``None`` takes the body part's usual range.
    distractors
        Probability of each kind of distractor on a film relative to the usual one; 0 leaves all out.
    cut
        Probability that a film cuts off part of the limb.
    repeat_last, repeat_each
        Expose the last visit twice; expose every visit twice.
    steady
        The limb lies flat at every visit: its roll has the usual scatter of 5 degrees; otherwise one film in seven is far beyond it.
    wedge_rise_mm
        Thickness of a wedge's thinnest step, and of each further one more, mm of aluminium; ``None`` draws 0.5, 1 or 1.5. Nothing else of a film
        depends on it.
    wedge_turn_deg, wedge_uneven
        Greatest turn of a wedge, and greatest difference of its steps' lengths from their mean (a fraction). Drawn from a random stream of their
        own, so that nothing else of a film depends on them.
    """

    style: Style | None = None
    pitch_mm: tuple[float, float] = (0.1, 0.2)
    kvp: tuple[float, float] | None = None
    rotation_deg: float = 25.0
    distractors: float = 1.0
    wedge: bool | None = None
    wedge_rise_mm: float | None = None
    cut: float = 0.1
    repeat_last: bool = False
    repeat_each: bool = False
    steady: bool = False
    wedge_turn_deg: float = 0.0
    wedge_uneven: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.wedge_turn_deg <= 45 and 0 <= self.wedge_uneven < 1):
            raise InvalidValueError(
                f"a wedge turns by 0 to 45 degrees, its steps differ by less than their length; found {self.wedge_turn_deg}, {self.wedge_uneven}"
            )
        if self.wedge_rise_mm is not None and not self.wedge_rise_mm > 0:
            raise InvalidValueError(f"a wedge's steps rise by more than 0 mm; found {self.wedge_rise_mm}")


ANYBODY = Population()
"""A hand of anyone between 3 and 75 years, with any burden, once."""

ANY_FILM = Exposures()
"""Any kind of file, pitch and beam of the usual ranges."""


def random_patient(rng: np.random.Generator, population: Population = ANYBODY, patient_id: str = "PH000") -> PatientSpec:
    """A person with deposits for all visits."""
    # Half of the people are children: the target disease is juvenile dermatomyositis.
    low, high = population.age_years
    age = float(
        rng.uniform(low, min(ADULT_YEARS, high)) if rng.random() < 0.45 and low < ADULT_YEARS else rng.uniform(min(max(low, ADULT_YEARS), high), high)
    )
    grown = float(np.clip((age - 3) / (ADULT_YEARS - 3), 0, 1))
    infant = max(0.0, 3 - age) / 3
    sex = "F" if rng.random() < 0.6 else "M"
    scale = (0.58 + 0.42 * grown**0.85 - 0.14 * infant) * float(rng.normal(1, 0.05)) * (0.96 if sex == "F" else 1.04)
    old = max(0.0, (age - 50) / 25)
    bare = PatientSpec(
        patient_id=patient_id,
        seed=int(rng.integers(2**31)),
        body_part=population.body_part,
        age_years=age,
        birth_date=_FIRST_VISIT - dt.timedelta(days=int(age * 365.25)),
        sex=sex,
        laterality="R" if rng.random() < 0.5 else "L",
        scale=float(np.clip(scale, 0.42, 1.25)),
        mineral=float(np.clip(rng.normal(0.95 - 0.15 * old, 0.12), 0.55, 1.2)) * (0.85 + 0.15 * grown - 0.2 * infant),
        cortex=float(np.clip(rng.normal(1.0 - 0.25 * old, 0.17), 0.45, 1.4)) * (0.7 + 0.3 * grown - 0.2 * infant),
        flesh=float(np.clip(rng.normal(1.0, 0.09), 0.8, 1.35)) * (1.06 - 0.06 * grown + 0.25 * infant),
        fat_mm=float(rng.uniform(0.5, 2.6)),
        growth_plate=float(np.clip((16.0 - age) / 13.0, 0, 1)),
    )
    return _with_deposits(rng, bare, population)


def _with_deposits(rng: np.random.Generator, bare: PatientSpec, population: Population) -> PatientSpec:
    burden = population.burden or str(rng.choice(list(_DRAWN_BURDENS), p=list(_DRAWN_BURDENS.values())))
    low, high = _BURDEN[burden]
    tumoral = burden == "tumoral"
    sites = anatomy_of(bare, plain_visit(bare)).sites
    deposits: list[DepositSpec] = []
    for _ in range(int(rng.integers(low, high + 1))):
        form = Form.TUMORAL if tumoral else Form(str(rng.choice([f.value for f in _FORM_SHARE], p=list(_FORM_SHARE.values()))))
        size = float(np.exp(rng.uniform(*np.log(_TUMORAL_SIZE_MM if tumoral else _SIZE_MM[form])))) * min(1.0, bare.scale + 0.1)
        spot = place_deposit(rng, sites, form, size, deposits)
        if spot is None:
            continue
        course, factors = course_factors(rng, population.visits)
        deposits.append(
            DepositSpec(
                deposit_id=len(deposits) + 1,
                form=form,
                course=course,
                seed=int(rng.integers(2**31)),
                segment=spot[0],
                position_mm=spot[1],
                size_mm=size,
                conc_mg_cm3=float(np.exp(rng.uniform(*np.log(_TUMORAL_MG_CM3 if tumoral else _CONC_MG_CM3)))),
                volume_factors=factors,
            )
        )
    return replace(bare, deposits=tuple(deposits))


def plain_visit(patient: PatientSpec) -> VisitSpec:
    """An exposure with nothing special about it, on a field of 24 cm x 30 cm."""
    field = FieldSpec(rows=1500, columns=1200, pitch_mm=0.2)
    beam, detector = BeamSpec(kvp=55.0), DetectorSpec(style=Style.LIN)
    return VisitSpec(index=1, repeat=0, date=_FIRST_VISIT, seed=patient.seed, field=field, beam=beam, detector=detector)


def random_visits(rng: np.random.Generator, patient: PatientSpec, visits: int, exposures: Exposures = ANY_FILM) -> tuple[VisitSpec, ...]:
    """Exposures of a patient: one per visit, and repeats on request.

    Style, pitch and bit depth belong to the hospital and stay the same; pose, beam, dose, scatter and the vendor's curve change.
    """
    style = exposures.style or Style(str(rng.choice([s.value for s in Style], p=[0.4, 0.25, 0.25, 0.1])))
    pitch = float(rng.uniform(*exposures.pitch_mm))
    house = _house(rng, style)
    extent = anatomy_of(patient, plain_visit(patient)).extent_mm
    date, exposed = _FIRST_VISIT + dt.timedelta(days=int(rng.integers(0, 900))), []
    for index in range(1, visits + 1):
        for repeat in range(2 if exposures.repeat_each or (exposures.repeat_last and index == visits) else 1):
            field = _field(rng, extent, pitch, exposures)
            visit = VisitSpec(
                index=index,
                repeat=repeat,
                date=date,
                seed=int(rng.integers(2**31)),
                field=field,
                beam=_beam(rng, exposures.kvp or _KVP[patient.body_part]),
                detector=_retuned(rng, house, _CURVE_CENTRE[patient.body_part]),
                distractors=_distractors(rng, style, exposures, patient.body_part),
            )
            exposed.append(replace(visit, distractors=_worn(visit, exposures)))
        date += dt.timedelta(days=int(rng.integers(60, 420)))
    return tuple(exposed)


def _field(rng: np.random.Generator, extent: tuple[float, float], pitch: float, exposures: Exposures) -> FieldSpec:
    """A turned field that the body part fits in; sometimes too small, sometimes with collimator blades inside."""
    turn = float(np.clip(rng.normal(0, exposures.rotation_deg / 2.2), -exposures.rotation_deg, exposures.rotation_deg))
    c, s = np.cos(np.deg2rad(turn)), abs(np.sin(np.deg2rad(turn)))
    width, height = extent[0] * c + 0.6 * extent[1] * s, extent[1] * c + 0.3 * extent[0] * s
    room = rng.uniform(1.04, 1.3, 2)
    shift = rng.normal(0, 0.03, 2) * extent
    if rng.random() < exposures.cut:
        room[int(rng.integers(2))] *= rng.uniform(0.65, 0.9)
        shift *= 2
    blades = tuple(float(b) for b in rng.uniform(2, 14, 4)) if rng.random() < 0.3 else (0.0, 0.0, 0.0, 0.0)
    return FieldSpec(
        rows=int(height * room[1] / pitch),
        columns=int(width * room[0] / pitch),
        pitch_mm=pitch,
        sid_mm=float(rng.choice([1000.0, 1050.0, 1100.0, 1150.0])),
        centre_mm=(float(shift[0]), float(shift[1])),
        rotation_deg=turn,
        roll_deg=float(rng.normal(0, 5)) if rng.random() < 0.85 or exposures.steady else float(rng.uniform(-30, 30)),
        margin_mm=(blades[0], blades[1], blades[2], blades[3]),
    )


def _beam(rng: np.random.Generator, kvp: tuple[float, float]) -> BeamSpec:
    return BeamSpec(
        kvp=float(round(rng.uniform(*kvp))),
        filter_mm_al=float(rng.choice([2.5, 2.7, 3.0, 3.5])),
        kvp_error=float(rng.normal(0, 0.6)),
        filter_error_mm=float(rng.normal(0, 0.15)),
        quanta_per_mm2=float(np.exp(rng.uniform(*np.log([110_000.0, 700_000.0])))),
        scatter=float(np.clip(rng.normal(1.0, 0.18), 0.5, 1.6)),
        heel=float(rng.uniform(0.0, 0.2)),
        heel_angle_deg=float(rng.choice([0.0, 90.0, 180.0, 270.0]) + rng.normal(0, 4)),
    )


def _house(rng: np.random.Generator, style: Style) -> DetectorSpec:
    bits = {Style.LIN: [12, 14, 14, 16], Style.LOG: [12, 12, 14, 16], Style.PRESENTATION: [12, 12, 14], Style.CR: [10, 10, 12]}[style]
    return DetectorSpec(
        style=style,
        blur_mm=float(rng.uniform(0.07, 0.16)),
        electronic=float(rng.uniform(0.0002, 0.0012)),
        bits=int(rng.choice(bits)),
        open_level=float(rng.uniform(0.45, 0.95)) if style is Style.LIN else float(rng.uniform(0.75, 0.97)),
        log_gain=float(rng.uniform(0.12, 0.3)),
        inverted=bool(rng.random() < 0.5),
    )


def _retuned(rng: np.random.Generator, house: DetectorSpec, centre: tuple[float, float]) -> DetectorSpec:
    """The same detector at another visit, with another curve and exposure level."""
    return replace(
        house,
        open_level=float(np.clip(house.open_level * rng.normal(1, 0.06), 0.35, 0.97)),
        curve_centre=float(rng.uniform(*centre)),
        curve_slope=float(rng.uniform(1.3, 3.4)),
        edge_gain=float(rng.uniform(0.0, 1.3)) if rng.random() < 0.85 else 0.0,
        edge_mm=float(rng.uniform(0.5, 3.0)),
    )


def _distractors(rng: np.random.Generator, style: Style, exposures: Exposures, part: BodyPart) -> DistractorSpec:
    """Random objects: a marker on most films, a wedge on half of the presentation pictures, others occasionally."""

    def happens(chance: float) -> bool:
        return bool(rng.random() < chance * exposures.distractors)

    wedge: tuple[float, ...] = ()
    drawn = happens(0.5) if style in (Style.PRESENTATION, Style.CR) else happens(0.12)
    if drawn if exposures.wedge is None else exposures.wedge:
        steps, rise = int(rng.integers(5, 13)), float(rng.choice([0.5, 1.0, 1.0, 1.5]))
        rise = rise if exposures.wedge_rise_mm is None else exposures.wedge_rise_mm
        wedge = tuple(round(rise * (k + 1), 2) for k in range(steps))
        wedge = wedge[::-1] if rng.random() < 0.5 else wedge
    return DistractorSpec(
        marker=happens(0.7),
        wedge_mm_al=wedge,
        rings=int(happens({BodyPart.HAND: 0.12, BodyPart.FOOT: 0.02}.get(part, 0.0))),
        cannulas=int(happens(0.08)),
        splints=int(happens(0.05)),
        clips=int(rng.integers(1, 4)) if happens(0.06) else 0,
    )


def _worn(visit: VisitSpec, exposures: Exposures) -> DistractorSpec:
    """The visit's objects with a wedge that is slightly turned and has uneven steps."""
    objects = visit.distractors
    if not (exposures.wedge_turn_deg or exposures.wedge_uneven) or not objects.wedge_mm_al:
        return objects
    own = np.random.default_rng([visit.seed, 33])
    runs = 1 + own.uniform(-exposures.wedge_uneven, exposures.wedge_uneven, len(objects.wedge_mm_al))
    return replace(objects, wedge_turn_deg=float(own.uniform(-1, 1) * exposures.wedge_turn_deg), wedge_runs=tuple(float(r) for r in runs))
