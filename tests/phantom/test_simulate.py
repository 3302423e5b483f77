"""Films of simulated patients: physics, truth, determinism."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from calcitrack.calibrate.spectrum import contrast_curve
from calcitrack.phantom.film import film
from calcitrack.phantom.population import Exposures, Population, plain_visit, random_patient
from calcitrack.phantom.simulate import SHADOW_PATH_MM, simulate
from calcitrack.phantom.specs import BodyPart, Course, DepositSpec, DetectorSpec, DistractorSpec, FieldSpec, Form, PatientSpec, Style, VisitSpec

SIZES_MM = {Form.STONE: 6.0, Form.TUMORAL: 16.0, Form.SHEET: 24.0, Form.NET: 16.0, Form.PUNCTATE: 5.0}
SEGMENTS = {BodyPart.HAND: "mc1"}


def person(body_part: BodyPart, *deposits: DepositSpec, laterality: str = "R") -> PatientSpec:
    """An adult with given deposits."""
    base = random_patient(np.random.default_rng(7), Population(body_part=body_part, burden="none", age_years=(30, 40)))
    return replace(base, deposits=deposits, laterality=laterality)


def deposit(form: Form, *, segment: str = "mc1", factors: tuple[float, ...] = (1.0,), conc: float = 400.0) -> DepositSpec:
    """A deposit beside the thumb's metacarpal, clear of bone."""
    return DepositSpec(
        deposit_id=3,
        form=form,
        course=Course.STABLE,
        seed=17,
        segment=segment,
        position_mm=(14.0, 30.0, 2.0),
        size_mm=SIZES_MM[form],
        conc_mg_cm3=conc,
        volume_factors=factors,
    )


def exposure(patient: PatientSpec, *, index: int = 1, style: Style = Style.LIN) -> VisitSpec:
    """A whole hand at 0.25 mm."""
    field = FieldSpec(rows=1100, columns=900, pitch_mm=0.25)
    return replace(plain_visit(patient), field=field, index=index, detector=DetectorSpec(style=style))


@pytest.mark.parametrize("form", list(Form))
def test_mass_on_the_film_is_the_stated_mass(form: Form) -> None:
    """Areal density summed over the film, divided by the squared magnification, gives the stated mass within 0.5 %, for every form."""
    patient = person(BodyPart.HAND, deposit(form))
    shot = simulate(patient, exposure(patient))
    (truth,) = shot.deposits
    on_film = shot.deposit_mg_cm2.sum() * 0.25**2 / 100 / truth.magnification**2
    assert on_film == pytest.approx(truth.ha_mg, rel=0.005)
    assert truth.ha_mg == pytest.approx(truth.conc_mg_cm3 * truth.volume_mm3 / 1000, rel=1e-6)


@pytest.mark.parametrize("form", list(Form))
def test_shadow_area_is_the_labels_area(form: Form) -> None:
    """The stated area is the area of the label, and every labelled pixel holds the deposit."""
    patient = person(BodyPart.HAND, deposit(form))
    shot = simulate(patient, exposure(patient))
    (truth,) = shot.deposits
    assert (shot.labels == 3).sum() * 0.25**2 == pytest.approx(truth.area_detector_mm2)
    assert shot.deposit_mg_cm2[shot.labels == 3].min() > 0.2 * truth.conc_mg_cm3 * SHADOW_PATH_MM / 10
    assert truth.area_object_mm2 == pytest.approx(truth.area_detector_mm2 / truth.magnification**2)


def test_contrast_of_a_deposit_follows_the_beam() -> None:
    """The signal with and without a deposit differs by the log contrast that the beam's own curve gives for its areal density, within 6 %."""
    patient = person(BodyPart.HAND, deposit(Form.STONE))
    visit = exposure(patient)
    quiet = replace(
        visit,
        beam=replace(visit.beam, scatter=0.0, heel=0.0, quanta_per_mm2=1e12),
        detector=replace(visit.detector, electronic=0.0, blur_mm=0.02),
        distractors=DistractorSpec(),
    )
    with_it, without = simulate(patient, quiet), simulate(replace(patient, deposits=()), quiet)
    clear = (with_it.deposit_mg_cm2 > 40) & ~with_it.bone & without.limb
    assert clear.sum() > 50
    measured = -np.log(with_it.signal / without.signal)[clear]
    expected = contrast_curve(quiet.beam.kvp, quiet.beam.filter_mm_al, tissue_cm=2.0).to_contrast(with_it.deposit_mg_cm2[clear])
    assert np.median(measured / expected) == pytest.approx(1.0, abs=0.06)


def test_growth_raises_the_mass_in_proportion() -> None:
    """A stone at twice the volume factor holds twice the mass, within 3 %."""
    patient = person(BodyPart.HAND, deposit(Form.STONE, factors=(0.5, 1.0)))
    first, second = (simulate(patient, exposure(patient, index=k)).deposits[0].ha_mg for k in (1, 2))
    assert second / first == pytest.approx(2.0, rel=0.03)


def test_an_absent_deposit_leaves_no_trace() -> None:
    """A volume factor of 0 puts nothing on the film and nothing into the truth."""
    patient = person(BodyPart.HAND, deposit(Form.STONE, factors=(0.0, 1.0)))
    shot = simulate(patient, exposure(patient))
    assert shot.deposits == ()
    assert not shot.labels.any()
    assert not shot.deposit_mg_cm2.any()


def test_same_specification_same_film() -> None:
    """Two runs of one specification give the same stored values, bit by bit; another seed gives others."""
    patient = person(BodyPart.HAND, deposit(Form.NET))
    visit = exposure(patient)
    one, two = simulate(patient, visit), simulate(patient, visit)
    assert np.array_equal(one.encoded.pixels, two.encoded.pixels)
    other = simulate(patient, replace(visit, seed=visit.seed + 1))
    assert not np.array_equal(one.encoded.pixels, other.encoded.pixels)


def test_left_hand_is_the_mirror_of_the_right() -> None:
    """Bone and deposits of a left limb are those of a right one, mirrored."""
    right, left = (person(BodyPart.HAND, deposit(Form.STONE), laterality=side) for side in ("R", "L"))
    a, b = simulate(right, exposure(right)), simulate(left, exposure(left))
    assert (a.bone != b.bone[:, ::-1]).mean() < 0.001
    assert (a.labels != b.labels[:, ::-1]).mean() < 0.0001


def test_pitch_does_not_change_the_truth() -> None:
    """Half the pitch shows the same mass, and the same shadow area within 6 %."""
    patient = person(BodyPart.HAND, deposit(Form.STONE))
    coarse = simulate(patient, exposure(patient)).deposits[0]
    fine_visit = replace(exposure(patient), field=FieldSpec(rows=2200, columns=1800, pitch_mm=0.125))
    fine = simulate(patient, fine_visit).deposits[0]
    assert fine.ha_mg == pytest.approx(coarse.ha_mg, rel=1e-6)
    assert fine.area_object_mm2 == pytest.approx(coarse.area_object_mm2, rel=0.06)


@pytest.mark.parametrize("style", list(Style))
def test_bone_is_denser_than_flesh_and_air(style: Style) -> None:
    """In every file kind stored values order air, flesh and bone alike, by the header's sign or photometric interpretation."""
    patient = person(BodyPart.HAND)
    shot = simulate(patient, exposure(patient, style=style))
    encoded = shot.encoded
    processing = style in (Style.LIN, Style.LOG)
    denser_is_higher = encoded.sign == -1 if processing else encoded.photometric == "MONOCHROME2"
    values = encoded.pixels.astype(float) * (1 if denser_is_higher else -1)
    bone, flesh, air = (np.median(values[m]) for m in (shot.bone_g_cm2 > 0.3, shot.limb & ~shot.bone, ~shot.limb))
    assert bone > flesh > air


@pytest.mark.parametrize("part", list(BodyPart))
def test_random_films_of_every_body_part(part: BodyPart) -> None:
    """A random film has bone inside the limb, fills a fair part of the field and stays inside the bit depth."""
    shot = film(5, Population(body_part=part), Exposures(pitch_mm=(0.4, 0.4), cut=0.0))
    assert (shot.bone & ~shot.limb).mean() < 0.001
    assert 0.1 < shot.limb.mean() < 0.95
    assert 0.15 < (shot.bone.sum() / shot.limb.sum()) < 0.8
    assert shot.encoded.pixels.max() < 2**shot.visit.detector.bits
    assert all(0 <= d.over_bone <= 1 and d.magnification >= 1 for d in shot.deposits)


def test_deposit_free_people() -> None:
    """A population without burden has films without deposits."""
    shot = film(9, Population(burden="none"), Exposures(pitch_mm=(0.5, 0.5)))
    assert shot.deposits == ()
    assert not shot.labels.any()


def test_date_order_of_a_patient() -> None:
    """The birth date lies before the first visit by the stated age."""
    patient = random_patient(np.random.default_rng(2))
    assert patient.birth_date < dt.date(2020, 2, 3)


def test_epiphyses_of_a_small_child_ossify_with_age() -> None:
    """The same hand at the same size: no nuclei at one year, small ones at four, grown ones at seven; the shafts stay."""
    child = replace(random_patient(np.random.default_rng(5), Population(burden="none", age_years=(6.9, 7.0))), growth_plate=0.6)
    shots = [simulate(replace(child, age_years=age), exposure(child)).bone for age in (1.0, 4.0, 7.0)]
    assert shots[0].sum() < 0.97 * shots[1].sum() < 0.97**2 * shots[2].sum()
    assert (shots[0] & ~shots[2]).sum() < 0.01 * shots[0].sum()
