"""All films of a timeline measured together, on small films whose values follow from a formula."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from calcitrack import measure
from calcitrack.assess.together import NOT_ALIGNED, ONE_IMAGE, FilmFamily, Shown, TogetherOnFilms, joint_of_films
from calcitrack.calibrate.intensity import attenuation
from calcitrack.measure.deposits import film_of
from calcitrack.measure.joint import APART, FamilyValues
from calcitrack.measure.options import MeasureOptions
from calcitrack.model.alignment import Alignment
from calcitrack.model.assessment import Fate
from calcitrack.model.joint import Joint
from calcitrack.phantom.small import BASELINE, INTERVAL, PITCH_MM, small_radiograph, small_segmentation
from calcitrack.track.detection import Detection
from calcitrack.track.match import Join, Track

IN_PLACE = Alignment(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), residual_px=0.1)
LOST = Alignment(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), residual_px=9.0, ok=False, reason="the films do not match")


def _together(radii_mm: list[float], alignments: list[Alignment | None]) -> FilmFamily:
    segmentations = [small_segmentation(r) for r in radii_mm]
    seen = {k: Detection(1, (0.0, 0.0), r) for k, r in enumerate(radii_mm) if r > 0}
    together = TogetherOnFilms([Track(1, seen)], segmentations, alignments, (PITCH_MM, PITCH_MM))
    for k, (radius, segmentation) in enumerate(zip(radii_mm, segmentations, strict=True)):
        film = small_radiograph(radius, day=BASELINE + k * INTERVAL)
        together.look(k, film_of(film, segmentation, MeasureOptions(), attenuation(film)))
    (family,) = together.measured()
    return family


def _values(family: FilmFamily) -> FamilyValues:
    assert isinstance(family.measured, FamilyValues)
    return family.measured


def test_mass_follows_the_deposit_that_grows() -> None:
    """The masses stand in the ratio of the drawn deposits."""
    family = _together([1.5, 2.0, 2.5], [None, IN_PLACE, IN_PLACE])
    mass = _values(family).mass_mg
    assert family.images == (0, 1, 2)
    assert mass is not None
    # A ball's shadow of one height at its middle holds mass in proportion to the square of its radius.
    np.testing.assert_allclose(mass.values / mass.values[1], np.square([1.5, 2.0, 2.5]) / 4, atol=0.1)


def test_a_deposit_that_is_gone_has_a_mass_whose_interval_holds_zero() -> None:
    """The third film outlines nothing and is measured at the place of the first two."""
    mass = _values(_together([2.0, 2.0, 0.0], [None, IN_PLACE, IN_PLACE])).mass_mg
    assert mass is not None
    assert abs(mass.values[2]) < 1.96 * np.sqrt(mass.covariance[2, 2])
    assert abs(mass.values[2]) < 0.1 * mass.values[0]


def test_a_film_that_could_not_be_aligned_takes_no_part() -> None:
    """Its map is not relied on."""
    assert _together([2.0, 2.0, 2.0], [None, LOST, IN_PLACE]).images == (0, 2)


def test_one_film_alone_is_no_measurement_together_and_says_so() -> None:
    """The reason stands in the place of the values."""
    family = _together([2.0, 2.0], [None, LOST])
    assert family.images == ()
    assert family.measured == ONE_IMAGE


@pytest.mark.parametrize("radii", [[2.0, 2.0], [2.0, 2.0, 2.0, 2.0]])
def test_the_same_deposit_at_every_visit_changes_by_nothing(radii: list[float]) -> None:
    """Two films or four: the change is zero within an interval narrower than half of the mass."""
    mass = _values(_together(radii, [None, *[IN_PLACE] * (len(radii) - 1)])).mass_mg
    assert mass is not None
    c = mass.covariance
    sd = float(np.sqrt(c[0, 0] + c[-1, -1] - 2 * c[0, -1]))
    assert abs(mass.values[-1] - mass.values[0]) < 1.96 * sd
    assert sd < 0.25 * mass.values[0]


def _joint(radii_mm: list[float], alignments: list[Alignment | None], tracks: list[Track], *, without_mass: tuple[int, ...] = ()) -> Joint:
    shown = []
    for k, radius in enumerate(radii_mm):
        radiograph, segmentation = small_radiograph(radius, day=BASELINE + k * INTERVAL), small_segmentation(radius)
        if k in without_mass:
            radiograph = replace(radiograph, acquisition=replace(radiograph.acquisition, kvp=None))
        film = partial(film_of, radiograph, segmentation, MeasureOptions(), attenuation(radiograph))
        shown.append(Shown(segmentation, measure(radiograph, segmentation), alignments[k], film))
    return joint_of_films(shown, tracks, (PITCH_MM, PITCH_MM))


def _track(number: int, images: tuple[int, ...], *joins: Join) -> Track:
    return Track(number, {k: Detection(1, (0.0, 0.0), 1.0) for k in images}, joins)


@pytest.mark.parametrize(
    ("alignments", "tracks", "without_mass"),
    [
        ([None, IN_PLACE, IN_PLACE], [_track(1, (0, 1, 2))], ()),
        ([None, IN_PLACE, LOST], [_track(1, (0, 1)), _track(2, (2,))], ()),
        ([None, LOST, LOST], [_track(1, (0,)), _track(2, (1,)), _track(3, (2,))], ()),
        ([None, IN_PLACE, IN_PLACE], [_track(1, (0, 1)), _track(2, (2,), Join(Fate.SPLIT, 2, 3, 1))], ()),
        ([None, IN_PLACE, IN_PLACE], [_track(1, (0, 1, 2))], (1,)),
    ],
    ids=["all", "one film lost", "each alone", "a family", "one film without a beam"],
)
def test_families_sum_to_the_total_and_each_deposit_is_in_one(
    alignments: list[Alignment | None], tracks: list[Track], without_mass: tuple[int, ...]
) -> None:
    """Law: at every image, whichever way each family was measured; an outlined deposit has a value or a reason on its image."""
    joint = _joint([2.0, 1.5, 2.5], alignments, tracks, without_mass=without_mass)
    assert sorted(name for d in joint.deposits for name in d.deposit_ids) == [f"D00{t.number}" for t in tracks]
    for name, total in joint.totals.items():
        for k in total.images:
            parts = [d.series[name].result(k).value for d in joint.deposits if k in d.series[name].images]
            assert total.result(k).value == pytest.approx(sum(parts))
        assert set(total.images) | set(total.missing) == {0, 1, 2}
        lost = {k for k, a in enumerate(alignments) if a is LOST}  # nothing tells what their contrast is against that of the others
        assert set(total.missing) == {"ha_mass_joint_mg": set(without_mass), "contrast_joint_mm2": lost, "area_joint_mm2": set()}[name]


def test_a_film_that_could_not_be_aligned_is_measured_alone_with_the_reason() -> None:
    """Its own value and uncertainty, shared with no other film, and why."""
    joint = _joint([2.0, 2.0, 2.0], [None, IN_PLACE, LOST], [_track(1, (0, 1)), _track(2, (2,))])
    together, alone = joint.deposits
    assert (together.images, together.reason, dict(together.alone)) == ((0, 1), "", {})
    assert alone.images == ()
    assert dict(alone.alone) == {2: NOT_ALIGNED}
    own = measure(small_radiograph(2.0, day=BASELINE + 2 * INTERVAL), small_segmentation(2.0)).deposits[0].measurements["ha_mass_mg"]
    assert joint.totals["ha_mass_joint_mg"].result(2).value == pytest.approx(float(own))


def test_one_film_without_a_mass_leaves_the_others_theirs() -> None:
    """The second film states no tube voltage: the other two have masses, and their change is that of the deposit."""
    joint = _joint([2.0, 2.0, 2.5], [None, IN_PLACE, IN_PLACE], [_track(1, (0, 1, 2))], without_mass=(1,))
    mass = joint.totals["ha_mass_joint_mg"]
    assert mass.images == (0, 2)
    assert "KVP" in mass.missing[1]
    assert mass.result(2).value / mass.result(0).value == pytest.approx(2.5**2 / 4, rel=0.1)
    assert joint.totals["contrast_joint_mm2"].images == (0, 1, 2)


def test_a_film_turned_by_quarters_has_the_same_values() -> None:
    """Law: the same pixels turned, outlines with them."""
    told = []
    for turns in range(4):
        shown = []
        for k, radius in enumerate((2.0, 1.5)):
            straight, outlines = small_radiograph(radius, day=BASELINE + k * INTERVAL), small_segmentation(radius)
            radiograph = replace(straight, pixels=np.rot90(straight.pixels, turns).copy(), valid=None)
            labels, limb, bone = (np.rot90(a, turns).copy() for a in (outlines.labels, outlines.limb, outlines.bone))
            segmentation = replace(outlines, labels=labels, limb=limb, bone=bone)
            film = partial(film_of, radiograph, segmentation, MeasureOptions(), attenuation(radiograph))
            shown.append(Shown(segmentation, measure(radiograph, segmentation), IN_PLACE if k else None, film))
        joint = joint_of_films(shown, [_track(1, (0, 1))], (PITCH_MM, PITCH_MM))
        told.append([v for q in joint.totals.values() for v in q.values])
    np.testing.assert_allclose(told[1:], [told[0]] * 3, rtol=1e-5)


def test_where_films_by_themselves_contradict_all_together_each_counts_by_itself_with_the_reason() -> None:
    """Two films state surely six times the mass that all together give: theirs count, and the film without an outline has no value, nor a total."""
    shown, radii = [], [2.0, 2.0, 0.0]
    for k, radius in enumerate(radii):
        radiograph, segmentation = small_radiograph(radius, day=BASELINE + k * INTERVAL), small_segmentation(radius)
        measurements = measure(radiograph, segmentation)
        six_times = tuple(
            replace(d, measurements={**d.measurements, "ha_mass_mg": replace(d.measurements["ha_mass_mg"], value=120.0, sd=5.0)})
            for d in measurements.deposits
        )
        film = partial(film_of, radiograph, segmentation, MeasureOptions(), attenuation(radiograph))
        shown.append(Shown(segmentation, replace(measurements, deposits=six_times), None if k == 0 else IN_PLACE, film))
    joint = joint_of_films(shown, [_track(1, (0, 1))], (PITCH_MM, PITCH_MM))
    (deposit,) = joint.deposits
    mass, total = deposit.series["ha_mass_joint_mg"], joint.totals["ha_mass_joint_mg"]
    assert deposit.by_image == f"mass: each image by itself, since {APART}"
    assert deposit.series["area_joint_mm2"].images == (0, 1, 2)
    assert (mass.images, mass.values, dict(mass.missing)) == ((0, 1), (120.0, 120.0), {2: APART})
    assert (total.images, dict(total.missing)) == ((0, 1), {2: APART})
