"""Volume from shape where two views of one limb and day exist."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator
from dataclasses import replace

import numpy as np
import pytest

from calcitrack import Measurement, MeasureOptions, NotMeasurable, Segmentation, combine_views, measure
from calcitrack.biplane.combine import combined
from calcitrack.biplane.ellipsoid import MODEL, MODEL_UNCHECKED
from calcitrack.change import summarise
from calcitrack.measure.measurands import HA_MASS_MG, VOLUME_MM3
from calcitrack.model.assessment import Assessment, DepositTrack, Fate, ImageAssessment, TrackedDeposit
from calcitrack.model.calibration import Calibration, Relationship, Tier
from calcitrack.model.cohort import TimelineFailure
from calcitrack.model.image import Acquisition
from calcitrack.model.measurement import Deposit, ImageMeasurements, LimbAxis
from calcitrack.model.provenance import Provenance
from calcitrack.model.spacing import Spacing, SpacingBasis
from calcitrack.model.timeline import Exposure, TimelineKey
from calcitrack.phantom.population import Exposures, Population, random_patient, random_visits
from calcitrack.phantom.radiograph import as_radiograph
from calcitrack.phantom.simulate import simulate
from calcitrack.phantom.specs import BodyPart, Style
from calcitrack.tables import deposits_table

PITCH = Spacing(0.2, 0.2, SpacingBasis.MAGNIFICATION_CORRECTED, "drawn", 1.0)
SHAPE = (500, 300)
BALLS = ((30.0, 3.0, 2.0, 4.0), (60.0, 1.5, 2.5, 2.0))
"""Ellipsoids: where along the limb (mm), semi-axes across (seen from the front, from the side) and along it."""
TRUE = [4 / 3 * np.pi * a * b * c for _, a, b, c in BALLS]
CONCENTRATION = 300.0
DAYS = (dt.date(2024, 1, 5), dt.date(2024, 7, 5))


def _labels(balls, side: bool) -> np.ndarray:
    """Shadows of ellipsoids, from the front or from the side; the later one lies left."""
    y, x = (np.mgrid[: SHAPE[0], : SHAPE[1]] + 0.5) * 0.2
    labels = np.zeros(SHAPE, np.uint16)
    for k, (at, a, b, c) in enumerate(balls):
        labels[((x - 35 + 10 * k) / (b if side else a)) ** 2 + ((y - at) / c) ** 2 <= 1] = k + 1
    return labels


def _measured(balls, *, mass: bool, free: float | None = 5.0) -> ImageMeasurements:
    results = []
    for _, a, b, c in balls:
        mg = CONCENTRATION * 4 / 3 * np.pi * a * b * c / 1000
        weighed = Measurement(HA_MASS_MG, mg, 0.1 * mg) if mass else NotMeasurable(HA_MASS_MG, "tier C")
        volume = Measurement(VOLUME_MM3, mg / 0.4, mg, "by mass") if mass else NotMeasurable(VOLUME_MM3, "tier C")
        results.append({"ha_mass_mg": weighed, "volume_mm3": volume})
    deposits = tuple(Deposit(k, 0.9, (10.0, 10.0), r) for k, r in enumerate(results, start=1))
    whole = Measurement(VOLUME_MM3, 1.0, 0.5, "by mass") if mass else NotMeasurable(VOLUME_MM3, "tier C")
    return ImageMeasurements(deposits, {"volume_mm3": whole}, LimbAxis((1.0, 0.0), free, 0.0, 0.5, None))


def _image(
    view: str, measured: ImageMeasurements, labels: np.ndarray, time_point: int = 1, repeat: int = 0, spacing: Spacing = PITCH
) -> ImageAssessment:
    facts = Acquisition(patient_id="P", body_part_examined="KNEE", laterality="R", view_position=view)
    return ImageAssessment(
        exposure=Exposure(facts, lambda: pytest.fail("pixels are not needed"), f"{view}{time_point}-{repeat}.dcm"),
        time_point=time_point,
        repeat=repeat,
        spacing=spacing,
        calibration=Calibration(Tier.C, Relationship.UNKNOWN, 1, "made"),
        segmentation=Segmentation(labels=labels, limb=np.ones(labels.shape, bool), bone=np.zeros(labels.shape, bool)),
        deposits=tuple(TrackedDeposit(d, f"D{d.label:03d}", f"2.25.{d.label}", Fate.BASELINE) for d in measured.deposits),
        totals=measured.totals,
        limb_axis=measured.limb_axis,
    )


def _assessment(view: str, *images: ImageAssessment, side: str = "R", days=DAYS) -> Assessment:
    tracks = tuple(DepositTrack(d.deposit_id, d.tracking_uid, {1: Fate.BASELINE}) for d in images[0].deposits)
    dates = {i.time_point: days[i.time_point - 1] for i in images}
    return Assessment(
        assessment_id=view,
        key=TimelineKey("P", "KNEE", side, view, "DX"),
        images=images,
        failures=(),
        tracks=tracks,
        time_points=summarise(dates, images, tracks),
        provenance=Provenance("calcitrack", "made", ()),
    )


def _view(view: str, balls=BALLS, *, mass: bool = True, free: float | None = 5.0, **more) -> Assessment:
    return _assessment(view, _image(view, _measured(balls, mass=mass, free=free), _labels(balls, view == "LAT")), **more)


def _volumes(assessment: Assessment, image: int = 0) -> list:
    return [d.deposit.measurements["volume_mm3"] for d in assessment.images[image].deposits]


@pytest.mark.parametrize(("mass", "model"), [(True, MODEL), (False, MODEL_UNCHECKED)])
def test_ellipsoids_have_their_own_volume_in_both_views(mass: bool, model: str) -> None:
    """Known ellipsoids: 4 % in both timelines, with the model named, also on films without mass; the tables say so."""
    both = combine_views([_view("LAT", mass=mass), _view("PA", mass=mass)])
    for assessment in both:
        for volume, true in zip(_volumes(assessment), TRUE, strict=True):
            assert volume.value == pytest.approx(true, rel=0.04)
            assert volume.model == model
            assert 0.4 < volume.sd / volume.value < 0.6
        total = assessment.images[0].totals["volume_mm3"]
        assert total.value == pytest.approx(sum(TRUE), rel=0.04)
        assert total.sd == pytest.approx(np.hypot(*(v.sd for v in _volumes(assessment))))
        assert assessment.time_points[0].totals["volume_mm3"] == total
        assert "2 of its 2 deposits have one clear counterpart there" in assessment.images[0].findings[-1]
        assert assessment.provenance.steps[-1].outcome["deposits"] == 2
    assert set(deposits_table(both).volume_model) == {model}


def test_film_in_the_detectors_plane_is_brought_into_the_limbs() -> None:
    """A magnified view gives the same volume: areas over magnification squared, extents over magnification, its uncertainty added."""
    options = MeasureOptions(object_height_mm=100.0, object_height_sd_mm=50.0)
    larger = 1 / (1 - 0.1)
    magnified = replace(PITCH, row_mm=0.2 * larger, column_mm=0.2 * larger, basis=SpacingBasis.DETECTOR)
    measured = _measured(BALLS, mass=True, free=5.0 * larger)
    lateral = _assessment("LAT", _image("LAT", measured, _labels(BALLS, True), spacing=magnified))
    plain, found = combine_views([_view("LAT"), _view("PA")])[1], combine_views([lateral, _view("PA")], options=options)[1]
    for one, other in zip(_volumes(plain), _volumes(found), strict=True):
        assert one.value == pytest.approx(other.value)
        assert one.sd < other.sd


def test_nothing_in_common_is_said() -> None:
    """Deposits at other heights on the two films: none is paired, and both films say so."""
    lower = tuple((at + 20.0, a, b, c) for at, a, b, c in BALLS[:1])
    for assessment in combine_views([_view("LAT", lower), _view("PA", BALLS[:1])]):
        assert "none of its 1 deposit has one clear counterpart there; no volume from shape" in assessment.images[0].findings[-1]


def test_what_cannot_be_paired_keeps_its_volume() -> None:
    """A third deposit at the height of the first, seen from the front only: the first is ambiguous, the second is not."""
    third = (31.0, 3.0, 2.0, 4.0)
    _, frontal = combine_views([_view("LAT"), _view("PA", (*BALLS, third))])
    first, second, other = _volumes(frontal)
    assert (first.model, second.model, other.model) == ("by mass", MODEL, "by mass")
    total = frontal.images[0].totals["volume_mm3"]
    assert total.model == f"by mass; {MODEL}"
    assert total.sd == pytest.approx(np.hypot(second.sd, first.sd + other.sd))


def test_sheet_keeps_the_volume_of_its_mass() -> None:
    """A shadow as large as an ellipsoid's with the mass of a thin sheet: no volume from shape, and the finding counts it."""
    thin = _measured(BALLS, mass=True)
    light = tuple(
        replace(
            d, measurements={**d.measurements, "ha_mass_mg": replace(d.measurements["ha_mass_mg"], value=0.2 * d.measurements["ha_mass_mg"].value)}
        )
        for d in thin.deposits
    )
    views = [_assessment(v, _image(v, replace(thin, deposits=light), _labels(BALLS, v == "LAT"))) for v in ("LAT", "PA")]
    for assessment in combine_views(views):
        assert [v.model for v in _volumes(assessment)] == ["by mass", "by mass"]
        assert "2 of its 2 deposits have one clear counterpart there; 0 of them are filled bodies" in assessment.images[0].findings[-1]


@pytest.mark.parametrize(
    ("views", "why"),
    [
        ([_view("LAT"), _view("PA", side="L")], "another side"),
        ([_view("LAT"), _view("PA", side="")], "no side stated"),
        ([_view("AP"), _view("PA")], "not orthogonal"),
        ([_view("LAT"), _view("PA", days=DAYS[1:])], "another day"),
        ([_view("AP"), _view("LAT"), _view("PA")], "two frontal views could be meant"),
        ([_view("LAT", days=(None,)), _view("PA", days=(None,))], "no date"),
    ],
)
def test_views_that_do_not_belong_together_stay_as_they_are(views, why: str) -> None:
    """The very same assessments come back."""
    assert all(a is b for a, b in zip(combine_views(views), views, strict=True)), why


@pytest.mark.parametrize(
    ("lateral", "words"),
    [
        (_view("LAT", free=None), "both ends of the limb are cut off"),
        (_assessment("LAT", replace(_view("LAT").images[0], limb_axis=None)), "no clear long axis"),
        (_assessment("LAT", replace(_view("LAT").images[0], spacing=Spacing.uncalibrated())), "no pixel size"),
    ],
)
def test_missing_landmark_is_a_finding_on_both_films(lateral: Assessment, words: str) -> None:
    """No shared height, no axis, no size: volumes stay, and both films say why and name the other."""
    for assessment, other in zip(combine_views([lateral, _view("PA")]), ("PA1-0.dcm (PA)", "LAT1-0.dcm (LAT)"), strict=True):
        assert words in assessment.images[0].findings[-1]
        assert other in assessment.images[0].findings[-1]
        assert [v.model for v in _volumes(assessment)] == ["by mass", "by mass"]


def test_repeats_go_with_repeats_and_volumes_of_two_models_are_not_subtracted() -> None:
    """Each exposure finds the one of its own number; where only the first visit has two views, the change of volume is refused with the reason."""

    def film(view: str, time_point: int, repeat: int) -> ImageAssessment:
        return _image(view, _measured(BALLS, mass=True), _labels(BALLS, view == "LAT"), time_point, repeat)

    lateral = _assessment("LAT", film("LAT", 1, 0), film("LAT", 1, 1))
    frontal = _assessment("PA", film("PA", 1, 0), film("PA", 1, 1), film("PA", 2, 0))
    _, found = combine_views([lateral, frontal])
    assert [[v.model for v in _volumes(found, i)] for i in range(3)] == [[MODEL] * 2, [MODEL] * 2, ["by mass"] * 2]
    assert "LAT1-1.dcm" in found.images[1].findings[-1]
    change = found.time_points[1].from_baseline["volume_mm3"].absolute
    assert isinstance(change, NotMeasurable)
    assert "values of different kinds cannot be subtracted" in change.reason


def test_other_outcomes_pass_in_their_order() -> None:
    """A timeline that failed stands between the two views, and limbs that nothing names are handed on at once."""
    nameless = _view("PA", side="")
    failure = TimelineFailure(TimelineKey("P", "KNEE", "R", "OBLIQUE", "DX"), "broken", ())
    came = list(combined([nameless, _view("LAT"), failure, _view("PA")]))
    assert came[0] is nameless
    assert came[2] is failure
    assert [_volumes(came[k])[0].model for k in (1, 3)] == [MODEL, MODEL]


def test_limb_is_let_go_with_its_last_outcome_where_all_are_known() -> None:
    """A run that is interrupted later has not lost it: nothing further is asked for before it is handed on."""
    other = TimelineFailure(TimelineKey("Q", "ELBOW", "L", "LAT", "DX"), "broken")
    views = [_view("LAT"), _view("PA")]

    def coming() -> Generator[Assessment | TimelineFailure]:
        yield from views
        raise KeyboardInterrupt

    known = combined(coming(), coming=[v.key for v in views] + [other.key])
    assert [next(known).key.view, next(known).key.view] == ["LAT", "PA"]
    with pytest.raises(KeyboardInterrupt):
        next(known)


def test_simulated_elbow_from_front_and_side() -> None:
    """The phantom turned by 90 degrees, true outlines: each pair is one deposit, its volume within two standard uncertainties of the truth."""
    rng = np.random.default_rng([10, 7])
    patient = random_patient(rng, Population(body_part=BodyPart.ELBOW, burden="moderate", visits=1), "P")
    (visit, *_) = random_visits(rng, patient, 1, Exposures(style=Style.LIN, pitch_mm=(0.25, 0.25), distractors=0.0))
    views, truth = [], {}
    for view, roll in (("LAT", 90.0), ("PA", 0.0)):
        simulated = simulate(patient, replace(visit, field=replace(visit.field, roll_deg=roll)))
        film = as_radiograph(simulated)
        measured = measure(film, Segmentation(labels=simulated.labels, limb=simulated.limb, bone=simulated.bone))
        views.append(_assessment(view, _image(view, measured, simulated.labels, spacing=film.spacing)))
        truth[view] = {d.deposit_id: d.volume_mm3 for d in simulated.deposits}
    lateral, frontal = combine_views(views)
    assert "attenuation along the limb" in frontal.images[0].findings[-1]
    shaped = [{d.deposit.label: v for d, v in zip(a.images[0].deposits, _volumes(a), strict=True) if v.model == MODEL} for a in (lateral, frontal)]
    assert shaped[0] == shaped[1]  # labels of the phantom are the deposits' own numbers in both views
    assert len(shaped[1]) >= 3
    assert all(abs(v.value - truth["PA"][label]) < 2 * v.sd for label, v in shaped[1].items())
