"""The one composition."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from types import ModuleType

import pytest

from calcitrack import AssessOptions, Exposure, MeasureOptions, Timeline, TimelineKey, TimePoint, assess, calibrate
from calcitrack.assess import images
from calcitrack.assess.film import FilmPipeline
from calcitrack.assess.options import flat, unflat
from calcitrack.calibrate import CalibrateOptions
from calcitrack.change import series_of
from calcitrack.errors import DamagedFileError, InvalidValueError
from calcitrack.model.alignment import Alignment
from calcitrack.model.assessment import Fate
from calcitrack.model.corrections import FilmCorrection, KnownLength
from calcitrack.model.measurement import NotMeasurable
from calcitrack.model.segmentation import Evidence
from calcitrack.model.spacing import SpacingBasis
from calcitrack.register import Scene
from calcitrack.segment import Method, SegmentOptions
from calcitrack.segment.radiograph import candidates
from calcitrack.segment.recipe import recipe

FIRST = dt.date(2021, 3, 1)


@pytest.fixture(scope="module")
def settings(drawn: ModuleType) -> AssessOptions:
    """The discs are found by a segmenter of the tests: what is composed is tested here, not the network."""
    return AssessOptions(segment=SegmentOptions(method=drawn.find))


@pytest.fixture(scope="module")
def course(drawn: ModuleType) -> Timeline:
    """One deposit grows, one vanishes after baseline, one appears at the last of three visits, which has a repeat exposure."""
    growing = [drawn.Disc(40, 22, r, 150.0) for r in (1.5, 2.0, 2.5)]
    vanishing, appearing = drawn.Disc(75, 60, 2.0, 200.0), drawn.Disc(95, 24, 1.6, 250.0)
    visits = [[[growing[0], vanishing]], [[growing[1]]], [[growing[2], appearing], [growing[2], appearing]]]
    time_points = []
    for index, films in enumerate(visits, start=1):
        date = FIRST + dt.timedelta(days=200 * (index - 1))
        made = [drawn.draw(discs, seed=10 * index + k, date=date, uid=f"2.25.{index}{k}") for k, discs in enumerate(films)]
        time_points.append(TimePoint(index, date, tuple(Exposure.of(f) for f in made)))
    return Timeline(TimelineKey("DRAWN", "FOREARM", "L", "AP", "DX"), tuple(time_points))


def test_timeline_follows_each_deposit(course: Timeline, settings: AssessOptions) -> None:
    """The growing one persists, the vanished one is resolved, the late one is new; identities are stable over repeats."""
    result = assess(course, options=settings)
    assert [dict(t.fates) for t in result.tracks] == [
        {1: Fate.BASELINE, 2: Fate.RESOLVED},
        {1: Fate.BASELINE, 2: Fate.PERSISTENT, 3: Fate.PERSISTENT},
        {3: Fate.NEW},
    ]
    ids = [sorted(d.deposit_id for d in i.deposits) for i in result.images]
    assert ids == [["D001", "D002"], ["D002"], ["D002", "D003"], ["D002", "D003"]]
    assert len({t.tracking_uid for t in result.tracks}) == 3


def test_each_image_says_what_found_its_deposits(course: Timeline, settings: AssessOptions) -> None:
    """The step `segment` names the method; with the network also its weights, as `recipe` does."""
    alone = replace(course, time_points=course.time_points[:1])
    for options in (settings, AssessOptions()):
        (image,) = assess(alone, options=options).images
        (step,) = [s for s in image.steps if s.name == "segment"]
        assert dict(step.parameters) == recipe(options.segment)
        assert step.outcome["deposits"] == len(image.deposits)


def test_change_is_the_difference_of_the_totals(course: Timeline, settings: AssessOptions) -> None:
    """Change from baseline is later minus earlier, with days between; the mean over repeats stands for a time point."""
    result = assess(course, options=settings)
    first, _, last = result.time_points
    change = last.from_baseline["ha_mass_mg"]
    assert change.interval_days == 400
    assert change.absolute.value == pytest.approx(last.totals["ha_mass_mg"].value - first.totals["ha_mass_mg"].value)
    assert change.relative == pytest.approx(change.absolute.value / first.totals["ha_mass_mg"].value)
    masses = [i.totals["ha_mass_mg"].value for i in result.images if i.time_point == 3]
    assert last.totals["ha_mass_mg"].value == pytest.approx(sum(masses) / 2)
    assert (last.n_exposures, last.deposit_count, last.fates[Fate.NEW]) == (2, 2, 1)


def test_same_input_same_answer(course: Timeline, settings: AssessOptions) -> None:
    """Law: two runs agree in every id, UID and value; other options give another assessment id."""
    a, b = assess(course, options=settings), assess(course, options=settings)
    assert a.assessment_id == b.assessment_id
    assert [t.tracking_uid for t in a.tracks] == [t.tracking_uid for t in b.tracks]
    assert [d.deposit.measurements for i in a.images for d in i.deposits] == [d.deposit.measurements for i in b.images for d in i.deposits]
    other = assess(course, options=replace(settings, measure=MeasureOptions(ha_concentration_mg_cm3=400)))
    assert other.assessment_id != a.assessment_id


def test_unreadable_exposure_does_not_stop_the_timeline(course: Timeline, settings: AssessOptions) -> None:
    """A damaged file becomes a failure of its own; the other visits are measured."""

    def broken():
        raise DamagedFileError("second.dcm", "half the pixel data", "all of it", "copy it again")

    first, second, third = course.time_points
    damaged = replace(second, exposures=(replace(second.exposures[0], load=broken),))
    result = assess(replace(course, time_points=(first, damaged, third)), options=settings)
    assert [str(f.error) for f in result.failures] == ["second.dcm: found half the pixel data; expected all of it; copy it again"]
    assert isinstance(result.time_points[1].totals["area_mm2"], NotMeasurable)
    assert result.time_points[1].fates[Fate.NOT_EVALUABLE] == 2
    assert result.time_points[2].from_previous["area_mm2"].interval_days == 400


def test_timeline_without_a_readable_image_is_an_answer(course: Timeline) -> None:
    """All files damaged: no image, one failure each, no crash."""

    def broken():
        raise DamagedFileError("x.dcm", "nothing", "an image", "copy it again")

    points = tuple(replace(t, exposures=tuple(replace(e, load=broken) for e in t.exposures)) for t in course.time_points)
    result = assess(replace(course, time_points=points))
    assert (len(result.images), len(result.failures), len(result.time_points)) == (0, 4, 3)


def test_millimetres_of_different_planes_are_not_subtracted(course: Timeline, settings: AssessOptions) -> None:
    """Area at the detector against area corrected for magnification: the change is not measurable, and the reason names both."""
    first, second, third = course.time_points
    film = second.exposures[0].load()
    at_detector = replace(film, spacing=replace(film.spacing, basis=SpacingBasis.DETECTOR))
    result = assess(replace(course, time_points=(first, replace(second, exposures=(Exposure.of(at_detector),)), third)), options=settings)
    change = result.time_points[1].from_baseline["area_mm2"].absolute
    assert isinstance(change, NotMeasurable)
    assert "detector" in change.reason
    assert "corrected for magnification" in change.reason


def test_observer_hears_every_stage(course: Timeline) -> None:
    """Each stage of each image is announced once, in order."""
    heard: list[str] = []
    assess(course, observe=lambda stage, _source: heard.append(stage))
    assert heard == ["read", "calibrate", "segment"] * 4 + ["align"] * 3 + ["measure"] * 4


def test_what_another_visit_surely_shows_is_found_where_it_is_weak(drawn: ModuleType, settings: AssessOptions) -> None:
    """A deposit below the bar of its own film is measured where another film has it above the bar, is said to rest on that, and is persistent."""
    films = [drawn.draw([drawn.Disc(40, 22, radius, 100.0)], seed=k, uid=f"2.25.{k}") for k, radius in enumerate((2.2, 0.9), start=1)]
    strong, weak = (max(candidates(calibrate(f), settings.segment).confidence.values()) for f in films)
    assert weak < strong
    options = replace(settings, segment=replace(settings.segment, min_confidence=(weak + strong) / 2, supported_confidence=weak / 2))
    key = TimelineKey("DRAWN", "FOREARM", "L", "AP", "DX")
    both = Timeline(key, tuple(TimePoint(k, FIRST + dt.timedelta(days=100 * k), (Exposure.of(f),)) for k, f in enumerate(films, start=1)))
    alone = replace(both, time_points=(replace(both.time_points[1], index=1),))
    assert assess(alone, options=options).images[0].deposits == ()
    result = assess(both, options=options)
    evidence = [[i.segmentation.evidence(d.deposit.label) for d in i.deposits] for i in result.images]
    assert evidence == [[Evidence.OWN], [Evidence.OTHER_EXPOSURES]]
    assert dict(result.tracks[0].fates) == {1: Fate.BASELINE, 2: Fate.PERSISTENT}


def test_what_nothing_supports_is_possible_and_counted_nowhere(drawn: ModuleType, settings: AssessOptions) -> None:
    """Likely and not sure, on one film alone: no deposit, no track, no total, and the same assessment but for the possible deposit."""
    films = [drawn.draw([drawn.Disc(40, 22, radius, 100.0)], seed=k, uid=f"2.25.{k}") for k, radius in enumerate((2.2, 0.9), start=1)]
    strong, weak = (max(candidates(calibrate(f), settings.segment).confidence.values()) for f in films)
    bars = replace(settings.segment, min_confidence=(weak + strong) / 2, supported_confidence=1.0)
    key = TimelineKey("DRAWN", "FOREARM", "L", "AP", "DX")
    both = Timeline(key, tuple(TimePoint(k, FIRST + dt.timedelta(days=100 * k), (Exposure.of(f),)) for k, f in enumerate(films, start=1)))
    result = assess(both, options=replace(settings, segment=replace(bars, possible_confidence=weak / 2)))
    without = assess(both, options=replace(settings, segment=bars))
    assert [i.segmentation.possible_values for i in result.images] == [(), (1,)]
    assert result.images[1].segmentation.possible_confidence[1] == pytest.approx(weak)
    assert [i.segmentation.possible for i in without.images] == [None, None]
    assert [i.deposits for i in result.images] == [i.deposits for i in without.images]
    assert [i.totals for i in result.images] == [i.totals for i in without.images]
    assert (result.tracks, result.time_points) == (without.tracks, without.time_points)
    supported = assess(both, options=replace(settings, segment=replace(bars, supported_confidence=weak / 2, possible_confidence=weak / 2)))
    assert [len(i.deposits) for i in supported.images] == [1, 1]
    assert [i.segmentation.possible for i in supported.images] == [None, None]


def test_pixels_that_are_not_held_are_read_again_with_the_same_answer(
    course: Timeline, monkeypatch: pytest.MonkeyPatch, settings: AssessOptions
) -> None:
    """Memory is a matter of speed only; a file that is lost meanwhile is a failure of its own."""
    held = assess(course, options=settings)
    monkeypatch.setattr(images, "HELD_VALUES", 0)
    again = assess(course, options=settings)
    assert [d.deposit.measurements for i in again.images for d in i.deposits] == [d.deposit.measurements for i in held.images for d in i.deposits]
    first, *others = course.time_points
    reads = iter([first.exposures[0].load()])

    def once():
        for film in reads:
            return film
        raise DamagedFileError("first.dcm", "no file any more", "the file of a moment ago", "measure the folder again when it is complete")

    lost = replace(first, exposures=(replace(first.exposures[0], load=once),))
    result = assess(replace(course, time_points=(lost, *others)), options=settings)
    assert [(f.time_point, str(f.error)[:9]) for f in result.failures] == [(1, "first.dcm")]
    assert [i.time_point for i in result.images] == [2, 3, 3]


def test_deposits_that_grow_together_merge_and_their_mass_is_kept(drawn: ModuleType, settings: AssessOptions) -> None:
    """Two deposits meet: the larger one goes on, the other one merged into it, both know of it, and the family is compared as a whole."""
    apart = [drawn.Disc(37, 22, 1.6, 250.0), drawn.Disc(42, 22, 1.3, 250.0)]
    together = [drawn.Disc(37.5, 22, 1.9, 250.0), drawn.Disc(41, 22, 1.6, 250.0)]
    films = [
        drawn.draw(discs, seed=k, date=FIRST + dt.timedelta(days=200 * k), uid=f"2.25.{k}") for k, discs in enumerate((apart, apart, together), 1)
    ]
    points = tuple(TimePoint(k, FIRST + dt.timedelta(days=200 * k), (Exposure.of(f),)) for k, f in enumerate(films, 1))
    key = TimelineKey("DRAWN", "FOREARM", "L", "AP", "DX")
    result = assess(Timeline(key, points), options=settings)
    fates = {t.deposit_id: (dict(t.fates), dict(t.partners)) for t in result.tracks}
    (large,) = (d.deposit_id for d in result.images[2].deposits)
    (small,) = set(fates) - {large}
    assert fates[large] == ({1: Fate.BASELINE, 2: Fate.PERSISTENT, 3: Fate.PERSISTENT}, {3: (small,)})
    assert fates[small] == ({1: Fate.BASELINE, 2: Fate.PERSISTENT, 3: Fate.MERGED}, {3: (large,)})
    assert result.time_points[2].fates[Fate.MERGED] == 1
    kept = {s.deposit_id: s for s in series_of(result).series if s.subject == "deposit" and s.measurand == "ha_mass_mg"}
    total = series_of(result).total("ha_mass_mg")
    assert [p.mean for p in kept["D001"].points] == pytest.approx([p.mean for p in total.points])
    assert kept["D002"].points == ()


def test_what_a_reader_states_of_a_film_is_honoured(course: Timeline, settings: AssessOptions) -> None:
    """No deposit in the excluded region, other millimetres of the calibrated film, another id; and the same again for the same statement."""
    alone = replace(course, time_points=course.time_points[:1])
    (exposure,) = alone.time_points[0].exposures
    before = assess(alone, options=settings)
    vanishing = next(d.deposit for d in before.images[0].deposits if d.deposit_id == "D001")
    row, column = vanishing.centroid
    region = tuple((row + dr, column + dc) for dr, dc in ((-20, -20), (-20, 20), (20, 20), (20, -20)))
    stated = FilmCorrection(excluded=(region,), length=KnownLength((0, 0), (100, 0), 24))
    film = Exposure.of(exposure.load(), stated)
    told = replace(alone, time_points=(replace(alone.time_points[0], exposures=(film,)),))
    after, again = (assess(told, options=settings) for _ in range(2))
    assert len(after.images[0].deposits) == len(before.images[0].deposits) - 1
    assert after.images[0].spacing.row_mm == pytest.approx(0.24)
    assert after.images[0].spacing.basis is SpacingBasis.FIDUCIAL
    assert set(stated.words) <= set(after.images[0].findings)
    assert before.assessment_id != after.assessment_id == again.assessment_id


def test_options_come_back_from_the_provenance() -> None:
    """Law: a round trip changes nothing, tuples and methods included; what is not told is as by default."""
    calibrating = CalibrateOptions(find_wedge=False, wedge_box=(1, 20, 3, 40))
    options = AssessOptions(calibrate=calibrating, segment=SegmentOptions(min_confidence=0.3))
    told = {name: str(value) if isinstance(value, Method) else value for name, value in flat(options).items()}
    assert unflat(told) == options
    assert unflat({}) == AssessOptions()


def test_settings_of_a_retired_method_say_what_to_do() -> None:
    """A record of an earlier version names a method that there is no more: neither another one nor code of the user's own is taken for it."""
    with pytest.raises(
        InvalidValueError, match=r"by the method transparent, which is retired: it told bone by brightness alone.*measure the folder again"
    ):
        unflat({"segment.method": "transparent", "segment.min_confidence": 0.3})


class _Mirroring(FilmPipeline):
    """Every follow-up lies on the baseline as its mirror image."""

    def align(self, baseline: Scene, scene: Scene, options: AssessOptions) -> Alignment:
        """What was found, with its columns the other way."""
        found, last = super().align(baseline, scene, options), 399.0
        (a, b, c), (d, e, f) = found.matrix
        return Alignment(((a, b, c), (-d, -e, last - f)), found.residual_px)


def test_a_mirrored_follow_up_is_accepted_and_said_loudly(course: Timeline, settings: AssessOptions) -> None:
    """The baseline has no such finding; each film that had to be mirrored says what it may be and what to check."""
    baseline, *followed = assess(course, options=settings, pipelines=(_Mirroring(),)).images
    assert not any("mirror" in f for f in baseline.findings)
    assert all(any("mirror image" in f and "check the side" in f for f in image.findings) for image in followed)
