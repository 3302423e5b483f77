"""Every public noun pickles and deep-copies, and a copy can be changed no more than the original."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import pickle
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType

import numpy as np
import pytest

import calcitrack
from calcitrack import Assessment, Cohort, Exposure, Patient, Radiograph, ReadError, Timeline, TimelineKey, TimePoint, Volume, judge
from calcitrack.assess.blinding import blinded
from calcitrack.change import series_of
from calcitrack.model.course import PatientCourse
from calcitrack.model.read_only import FrozenMapping
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.warp import Warp

Copy = Callable[[object], object]
COPIES: dict[str, Copy] = {
    "pickle": lambda noun: pickle.loads(pickle.dumps(noun)),  # noqa: S301 made here
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


@pytest.fixture
def nouns(made: ModuleType) -> list[object]:
    """Nouns of every public class, with all that they hold."""
    assessment = made.assessment()
    radiograph = made.picture(source="a.dcm")
    timeline = Timeline(TimelineKey("P1"), (TimePoint(1, dt.date(2021, 3, 8), (Exposure.of(radiograph),)),))
    warp = Warp((8.0, 8.0), np.zeros((3, 3, 2), np.float32), np.ones((3, 3), bool))
    segmentation = dataclasses.replace(assessment.images[0].segmentation, confidence={1: 0.5}, widening={1: 2.0})
    cohort = Cohort((timeline,), made.files_of(assessment))
    error = ReadError("a.dcm", "half of it", "all of it", "export it again")
    options = [getattr(calcitrack, name)() for name in calcitrack.__all__ if name.endswith("Options")]
    patient = Patient("P1", PatientCourse("P1"), (timeline,), ())
    volume = Volume(values=np.zeros((2, 3, 4), np.int16), affine=np.eye(4), acquisition=radiograph.acquisition, calibration=radiograph.calibration)
    everything = [
        patient,
        volume,
        assessment,
        made.cohort(),
        made.missing("ha_mass_mg", "no"),
        radiograph,
        timeline,
        warp,
        segmentation,
        cohort,
        error,
        *options,
    ]
    return [*everything, judge(series_of(assessment)), calcitrack.CalcitrackError("words")]


def parts(noun: object) -> Iterator[object]:
    """A noun and all that it is made of."""
    yield noun
    inner: list[object] = []
    if dataclasses.is_dataclass(noun) and not isinstance(noun, type):
        inner = [getattr(noun, f.name) for f in dataclasses.fields(noun)]
    elif isinstance(noun, Mapping):
        inner = list(noun.values())
    elif isinstance(noun, tuple):
        inner = list(noun)
    for part in inner:
        yield from parts(part)


def same(one: object, other: object) -> bool:
    """Equal in every field; what is loaded on demand is loaded."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return np.array_equal(one, np.asarray(other))
    if isinstance(one, Exception):
        return str(one) == str(other)
    if callable(one) and callable(other):
        return same(one(), other())
    if dataclasses.is_dataclass(one) and not isinstance(one, type):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in dataclasses.fields(one))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return list(one) == list(other) and all(same(one[k], other[k]) for k in one)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def test_every_public_class_is_among_the_nouns(nouns: list[object]) -> None:
    """A class that is added to `calcitrack` is copied here."""
    seen = {type(part) for noun in nouns for part in parts(noun)}
    public = [getattr(calcitrack, name) for name in calcitrack.__all__]
    assert [c.__name__ for c in public if isinstance(c, type) and c not in seen] == []


@pytest.mark.parametrize("way", COPIES)
def test_a_copy_is_the_same(nouns: list[object], way: str) -> None:
    """All fields of all parts are equal."""
    for noun in nouns:
        assert same(COPIES[way](noun), noun), type(noun).__name__


@pytest.mark.parametrize("way", COPIES)
def test_arrays_of_a_copy_are_read_only(nouns: list[object], way: str) -> None:
    """As they are in the original: numpy itself forgets that in a pickle and in a deep copy."""
    arrays = [part for noun in nouns for part in parts(COPIES[way](noun)) if isinstance(part, np.ndarray)]
    assert len(arrays) > 10
    assert not any(a.flags.writeable for a in arrays)


def test_a_copy_does_not_share_what_is_below(made: ModuleType) -> None:
    """A deep copy has arrays of its own."""
    radiograph: Radiograph = made.picture()
    assert not np.shares_memory(copy.deepcopy(radiograph).pixels, radiograph.pixels)


def test_a_frozen_mapping_is_a_mapping_that_cannot_be_changed() -> None:
    """It equals a dict with the same content from both sides, is a copy, and refuses changes."""
    content = {1: 0.5}
    frozen = FrozenMapping(content)
    content[2] = 0.1
    assert frozen == {1: 0.5}
    assert {1: 0.5} == frozen  # noqa: SIM300 the dict's side is what is asked
    assert list(frozen.items()) == [(1, 0.5)]
    assert repr(frozen) == "FrozenMapping({1: 0.5})"
    with pytest.raises(TypeError, match="does not support item assignment"):
        frozen[1] = 1.0  # type: ignore[index]


def test_a_segmentation_keeps_its_mappings_from_being_changed(made: ModuleType) -> None:
    """Neither the caller's dict nor the field changes it."""
    given = {1: 0.5}
    base = made.assessment().images[0].segmentation
    segmentation = Segmentation(labels=base.labels, limb=base.limb, bone=base.bone, confidence=given)
    given[1] = 0.9
    assert segmentation.confidence == {1: 0.5}


def test_a_blinded_assessment_pickles_with_its_films(made: ModuleType) -> None:
    """What a reader sees of a case can travel to another process, and still loads without names."""
    assessment = made.assessment()
    shown = blinded(assessment, range(len(assessment.images)), "case 1")
    copied = COPIES["pickle"](shown)
    assert isinstance(copied, Assessment)
    assert copied.images[0].exposure.load().source == "case 1, film A"
