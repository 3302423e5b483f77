"""Films of practice: what they do not show is never a change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from calcitrack import AssessOptions, Exposure, Timeline, TimelineKey, TimePoint, assess, judge
from calcitrack.assess.film import FilmPipeline
from calcitrack.errors import SamePixelsError
from calcitrack.model.alignment import Alignment
from calcitrack.model.assessment import Assessment, Fate
from calcitrack.model.film_quality import FilmDoubt, FilmProblem
from calcitrack.model.image import Radiograph
from calcitrack.model.measurement import NotMeasurable
from calcitrack.register import Scene
from calcitrack.segment import SegmentOptions
from calcitrack.tables import not_measurable_table

FIRST = dt.date(2021, 3, 1)


@pytest.fixture(scope="module")
def settings(drawn: ModuleType) -> AssessOptions:
    """The discs are found by a segmenter of the tests."""
    return AssessOptions(segment=SegmentOptions(method=drawn.find))


def film(drawn: ModuleType, visit: int, radii: tuple[float, float, float]) -> Radiograph:
    """A forearm with three deposits, from its upper to its lower end."""
    places = [(25.0, 22.0), (45.0, 60.0), (90.0, 22.0)]
    discs = [drawn.Disc(*place, radius, 150.0) for place, radius in zip(places, radii, strict=True)]
    return drawn.draw(discs, seed=visit, date=FIRST + dt.timedelta(days=300 * visit), uid=f"2.25.{visit}")


class InPlace(FilmPipeline):
    """The films lie on each other as they are: a limb that looks the same all along cannot be registered along it."""

    def align(self, baseline: Scene, scene: Scene, options: AssessOptions) -> Alignment:  # noqa: ARG002
        """Nothing moved."""
        return Alignment(((1, 0, 0), (0, 1, 0)), 0.1)


def followed(settings: AssessOptions, *films: Radiograph, pipelines: tuple[FilmPipeline, ...] = (FilmPipeline(),)) -> Assessment:
    """The assessment of one film a visit."""
    days = [FIRST + dt.timedelta(days=300 * k) for k in range(len(films))]
    points = tuple(TimePoint(k, day, (Exposure.of(f),)) for k, (day, f) in enumerate(zip(days, films, strict=True), start=1))
    return assess(Timeline(TimelineKey("DRAWN", "FOREARM", "L", "AP", "DX"), points), options=settings, pipelines=pipelines)


def cropped(radiograph: Radiograph) -> Radiograph:
    """The upper 65 mm of the film."""
    return replace(radiograph, pixels=radiograph.pixels[:325], valid=None)


def test_a_cropped_film_is_compared_over_what_it_shows(drawn: ModuleType, settings: AssessOptions) -> None:
    """Two of three deposits are on the second film, and their area grows by 44 %: that is the change, though the sum of the film is smaller."""
    result = followed(settings, film(drawn, 0, (2.0, 2.0, 2.5)), cropped(film(drawn, 1, (2.4, 2.4, 2.5))), pipelines=(InPlace(),))
    second = result.time_points[1]
    change = second.from_baseline["area_mm2"]
    assert second.totals["area_mm2"].value < result.time_points[0].totals["area_mm2"].value
    assert change.relative == pytest.approx(0.44, abs=0.06)
    assert change.compared_fraction == pytest.approx(8.0 / 14.25, abs=0.05)
    assert second.evaluable_fraction == pytest.approx(0.6, abs=0.05)
    judged = [c for c in judge(result).changes if c.subject == "total" and c.measurand == "area_mm2"]
    assert [c.relative.value for c in judged] == [pytest.approx(change.relative)]


@pytest.mark.parametrize("spoil", [lambda p: np.full_like(p, p.max()), lambda p: p[::4, ::4]], ids=["blank", "shrunk"])
def test_a_film_that_shows_something_else_is_no_response(
    drawn: ModuleType, settings: AssessOptions, spoil: Callable[[np.ndarray], np.ndarray]
) -> None:
    """Whatever is found on it: no change, no category, and the reason says that it could not be aligned."""
    good = film(drawn, 1, (2.0, 2.0, 2.5))
    result = followed(settings, film(drawn, 0, (2.0, 2.0, 2.5)), replace(good, pixels=np.ascontiguousarray(spoil(good.pixels)), valid=None))
    second = result.time_points[1]
    assert second.evaluable_fraction == 0.0
    changes = [second.from_baseline[name].absolute for name in ("area_mm2", "ha_mass_mg", "deposit_count")]
    assert all(isinstance(c, NotMeasurable) for c in changes)
    assert "could not be aligned" in changes[0].reason
    judgement = judge(result)
    assert {(c.relative, c.exceeds_sdc) for c in judgement.changes if c.subject == "total"} == {(None, None)}
    assert {r.best for r in judgement.responses} == {None}


@pytest.mark.parametrize(("problem", "words"), [(FilmProblem.BURNT_OUT, "burnt out"), (FilmProblem.LOSSY, "heavily compressed")])
def test_films_of_another_quality_are_not_compared(drawn: ModuleType, settings: AssessOptions, problem: FilmProblem, words: str) -> None:
    """A doubted film has its values; a change it has only against one that is doubted alike."""
    doubts = (FilmDoubt(problem, "a test"),)
    films = [replace(film(drawn, k, (2.0, 2.0, 2.5)), doubts=doubts if k else ()) for k in range(3)]
    result = followed(settings, *films, pipelines=(InPlace(),))
    change = result.time_points[1].from_baseline["area_mm2"].absolute
    assert isinstance(change, NotMeasurable)
    assert change.reason.endswith(f": the film of visit 2 is {words}, that of visit 1 is not")
    assert result.time_points[2].from_previous["area_mm2"].relative == pytest.approx(0.0, abs=0.1)
    judged = [c for c in judge(result).changes if c.since == "baseline"]
    assert {c.exceeds_sdc for c in judged} == {None}


class OfOneSize(FilmPipeline):
    """Films lie on each other where they are of one size, and else show another part."""

    def align(self, baseline: Scene, scene: Scene, options: AssessOptions) -> Alignment:  # noqa: ARG002
        """Nothing moved."""
        return Alignment(((1, 0, 0), (0, 1, 0)), 0.1, ok=baseline.valid.shape == scene.valid.shape, reason="another part")


def test_a_first_film_of_something_else_does_not_keep_later_ones_from_being_compared(drawn: ModuleType, settings: AssessOptions) -> None:
    """Later films lie on the second one; their changes are counted since that visit, and the first one takes no part."""
    films = [film(drawn, 0, (2.0, 2.0, 2.5)), *(film(drawn, k, (2.0 * 1.1**k, 2.0 * 1.1**k, 2.5 * 1.1**k)) for k in (1, 2, 3))]
    result = followed(settings, cropped(films[0]), *films[1:], pipelines=(OfOneSize(),))
    assert [i.alignment is None for i in result.images] == [False, True, False, False]
    assert [p.evaluable_fraction for p in result.time_points] == [0.0, 1.0, 1.0, 1.0]
    assert [set(t.fates.items()) for t in result.tracks[:3]] == [{(2, Fate.BASELINE), (3, Fate.PERSISTENT), (4, Fate.PERSISTENT)}] * 3
    last = result.time_points[3].from_baseline["area_mm2"]
    assert last.relative == pytest.approx(1.1**4 - 1, abs=0.1)
    judgement = judge(result)
    since = [c for c in judgement.changes if c.subject == "total" and c.measurand == "area_mm2" and c.since == "baseline"]
    assert [(c.from_time_point, c.to_time_point) for c in since] == [(2, 3), (2, 4)]
    assert {r.reason for r in judgement.responses if r.best is not None} == {""}
    assert judgement.headline.n_time_points == 3


def test_one_film_of_something_else_keeps_the_first_as_the_baseline(drawn: ModuleType, settings: AssessOptions) -> None:
    """Where most films lie on the first one, it stays; so it does where none lies on any other."""
    films = [film(drawn, k, (2.0, 2.0, 2.5)) for k in range(3)]
    for spoilt in ([films[0], films[1], cropped(films[2])], [films[0], cropped(films[1])]):
        result = followed(settings, *spoilt, pipelines=(OfOneSize(),))
        assert result.images[0].alignment is None


def test_a_copy_under_another_name_is_no_exposure(drawn: ModuleType, settings: AssessOptions) -> None:
    """The same pixels under a new UID do not count: of one day they are no repeat, of another day no visit."""
    first, copy = film(drawn, 0, (2.0, 2.0, 2.5)), film(drawn, 0, (2.0, 2.0, 2.5))
    renamed = replace(copy, acquisition=replace(copy.acquisition, sop_instance_uid="2.25.99"))
    one_day = TimePoint(1, FIRST, (Exposure.of(first), Exposure.of(renamed)))
    later = replace(renamed, acquisition=replace(renamed.acquisition, study_date=FIRST + dt.timedelta(days=300)))
    for points in ((one_day,), (TimePoint(1, FIRST, (Exposure.of(first),)), TimePoint(2, FIRST + dt.timedelta(days=300), (Exposure.of(later),)))):
        result = assess(Timeline(TimelineKey("DRAWN", "FOREARM", "L", "AP", "DX"), points), options=settings)
        assert [i.exposure.acquisition.sop_instance_uid for i in result.images] == ["2.25.0"]
        (left,) = result.failures
        assert isinstance(left.error, SamePixelsError)
        assert left.is_copy
        assert result.time_points[0].n_exposures == 1
    assert "one film has two dates" in str(left.error)
    told = f"its only image is a copy: {left.exposure.source} holds the pixels of {result.images[0].exposure.source}, which is dated {FIRST}"
    second = result.time_points[1]
    assert {r.reason for r in second.totals.values() if isinstance(r, NotMeasurable)} == {told}
    assert {c.reason for c in judge(result).changes if c.subject == "total" and c.since == "baseline"} == {told}
    gaps = not_measurable_table([result])
    assert set(gaps[(gaps.table == "timeline") & (gaps.time_point == 2) & (gaps.measurand == "area_mm2")].reason) == {told}
