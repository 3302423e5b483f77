"""A film that shows that it cannot be measured has no value, and what is doubted goes with the film."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcitrack import assess, segment
from calcitrack.errors import FilmRefusedError, InvalidValueError
from calcitrack.io.workspace.document import assessment_of, document_of
from calcitrack.measure.measurands import AREA_MM2
from calcitrack.model.calibration import Calibration, Relationship, Tier
from calcitrack.model.film_quality import FilmDoubt, FilmProblem, Severity
from calcitrack.model.image import Radiograph
from calcitrack.model.measurement import Measurement, NotMeasurable
from calcitrack.model.timeline import Exposure, Timeline, TimePoint
from calcitrack.phantom.film import film
from calcitrack.phantom.population import Exposures, Population
from calcitrack.phantom.radiograph import as_radiograph
from calcitrack.phantom.small import small_timeline
from calcitrack.segment.film_gate import MOST_CONFIDENT_OVERRULED


def changed(timeline: Timeline, index: int, **changes: object) -> Timeline:
    """The timeline with another film at one visit."""
    points = list(timeline.time_points)
    shown = points[index].exposures[0].radiograph()
    points[index] = TimePoint(points[index].index, points[index].date, (Exposure.of(replace(shown, **changes)),))  # type: ignore[arg-type]
    return replace(timeline, time_points=tuple(points))


def test_a_refused_film_has_no_value_and_no_change() -> None:
    """The visit of a film that is not measured is no visit without deposits."""
    timeline = small_timeline((1.5, 2.0, 2.5))
    last = timeline.time_points[2].exposures[0].radiograph()
    assessment = assess(changed(timeline, 2, acquisition=replace(last.acquisition, body_part_examined="BREAST")))
    (failure,) = assessment.failures
    assert isinstance(failure.error, FilmRefusedError)
    assert failure.error.found == "that the header states a breast, whose calcifications are of another kind (Body Part Examined BREAST, Modality DX)"
    assert [p.deposit_count for p in assessment.time_points] == [1, 1, None]
    assert assessment.time_points[2].totals["area_mm2"] == NotMeasurable(AREA_MM2, f"its film was not measured: found {failure.error.found}")
    changes = assessment.time_points[2].from_baseline.values()
    assert [c for c in changes if isinstance(c.absolute, Measurement) or c.relative is not None] == []


def test_a_refusal_that_is_overruled_becomes_a_doubt() -> None:
    """The film is measured, at tier C and with less sure finds; the doubt is kept in a workspace's record, and the reason in provenance."""
    timeline = small_timeline((1.5, 2.0))
    last = timeline.time_points[1].exposures[0].radiograph()
    breast = replace(last.acquisition, body_part_examined="BREAST")
    assessment = assess(changed(timeline, 1, acquisition=breast, measure_anyway=frozenset({FilmProblem.BREAST})))
    assert assessment.failures == ()
    second = assessment.images[1]
    (doubt,) = second.doubts
    assert (doubt.problem, doubt.severity, doubt.overruled) == (FilmProblem.BREAST, Severity.DOUBTED, True)
    assert "it was measured all the same, as stated (measure_anyway)" in doubt.general
    assert second.calibration.tier is Tier.C
    assert isinstance(second.totals["ha_mass_mg"], NotMeasurable)
    assert "measure_anyway breast is stated" in str({s.name: s for s in second.steps}["calibrate"].outcome["reason"])
    assert max(second.segmentation.confidence.values(), default=0.0) <= MOST_CONFIDENT_OVERRULED
    assert not [c for c in assessment.time_points[1].from_baseline.values() if isinstance(c.absolute, Measurement)]
    segmentations = {str(k): i.segmentation for k, i in enumerate(assessment.images)}
    stored = document_of(assessment, {0: "0", 1: "1"})
    assert assessment_of(stored, segmentations.__getitem__).images[1].doubts == (doubt,)


def test_a_negative_cannot_be_overruled() -> None:
    """Its polarity is stated instead."""
    with pytest.raises(InvalidValueError, match="refusals that can be overruled are unlike, breast, pixel_size, two_limbs; found inverted"):
        FilmDoubt(FilmProblem.INVERTED, "a test", overruled=True)


def test_doubts_go_with_the_film_and_are_kept() -> None:
    """What was doubted of a film is with its measurements, in words among its findings, and in a workspace's record."""
    doubt = FilmDoubt(FilmProblem.LOSSY, "a test")
    assessment = assess(changed(small_timeline((1.5, 2.0)), 1, doubts=(doubt,)))
    first, second = assessment.images
    assert (first.doubts, second.doubts) == ((), (doubt,))
    assert doubt.words in second.findings
    digests = {0: "first", 1: "second"}
    segmentations = {name: assessment.images[k].segmentation for k, name in digests.items()}
    document = document_of(assessment, digests)
    assert "doubts" not in document["images"][0]["facts"]
    assert [i.doubts for i in assessment_of(document, segmentations.__getitem__).images] == [(), (doubt,)]


@pytest.fixture(scope="module")
def hand() -> Radiograph:
    """A simulated hand as a picture: values that rise with density, and nothing stated of the beam."""
    shown = as_radiograph(film(4, Population(burden="moderate"), Exposures(pitch_mm=(0.19, 0.2), distractors=0.0)))
    return replace(shown, calibration=Calibration(Tier.C, Relationship.UNKNOWN, shown.calibration.polarity, "a test"))


def test_the_negative_of_a_film_is_refused_and_the_film_is_not(hand: Radiograph) -> None:
    """By the picture alone: both have the same header."""
    negative = replace(hand, pixels=hand.pixels.max() + hand.pixels.min() - hand.pixels)
    assert [d.problem for d in segment(negative).doubts] == [FilmProblem.INVERTED]
    assert segment(hand).doubts == ()


def test_two_hands_that_touch_are_refused(hand: Radiograph) -> None:
    """One mirrored beside the other, so that both overlap by a few pixels; a person who knows that it is one limb overrules it."""
    both = replace(hand, pixels=touching_pair(hand.pixels, segment(hand).limb), valid=None)
    doubts = {d.problem: d for d in segment(both).doubts}
    assert "they touch" in doubts[FilmProblem.TWO_LIMBS].found
    again = {d.problem: d for d in segment(replace(both, measure_anyway=frozenset({FilmProblem.TWO_LIMBS}))).doubts}
    assert again[FilmProblem.TWO_LIMBS].overruled


def touching_pair(pixels: np.ndarray, limb: np.ndarray) -> np.ndarray:
    """A film beside its mirror image, moved together until the limbs overlap by 3,000 pixels."""
    mirrored, other = pixels[:, ::-1], limb[:, ::-1]
    apart = next(k for k in range(pixels.shape[1], 0, -1) if np.count_nonzero(limb[:, k:] & other[:, : limb.shape[1] - k]) > 3000)
    pair = np.full((len(pixels), apart + pixels.shape[1]), pixels.min(), pixels.dtype)
    pair[:, : pixels.shape[1]] = pixels
    pair[:, apart:] = np.maximum(pair[:, apart:], mirrored)
    return pair


def test_two_hands_on_one_plate_are_refused(hand: Radiograph) -> None:
    """Side by side, one mirrored, with air between them."""
    pixels = np.hstack([hand.pixels, hand.pixels[:, ::-1]])
    assert [d.problem for d in segment(replace(hand, pixels=pixels, valid=None)).doubts] == [FilmProblem.TWO_LIMBS]
