from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from calcitrack.assess import assess
from calcitrack.errors import InvalidValueError
from calcitrack.io.cohort.read import read_cohort
from calcitrack.io.phantom.files import write_phantom_film
from calcitrack.phantom.simulate import simulate
from calcitrack.phantom.specs import BodyPart, Style
from calcitrack.validation import FilmComparison, FilmTruth, lines
from calcitrack.validation.compare import compare
from calcitrack.validation.run import ValidateOptions, compare_person, simulated_person, validate

FOOT = ValidateOptions(patients=2, visits=1, body_part=BodyPart.FOOT, style=Style.LIN, seed=11)


def content(film: FilmComparison) -> tuple[object, ...]:
    """What is said about a film, without its totals and the clock."""
    deposits = [(d.deposit_id, d.visible, d.soft, d.hit, d.identity, type(d.mass), type(d.area)) for d in film.deposits]
    return (film.patient_id, film.body_part, film.style, film.visit, film.repeat, film.n_true, film.n_cut, deposits, film.found, film.dice)


def test_people_are_balanced() -> None:
    """Among 16 people each body part meets each kind of file once; with one part and kind asked for, all have them; one in five has no deposit."""
    pairs = Counter()
    for k in range(16):
        patient, visits = simulated_person(ValidateOptions(visits=1), k)
        pairs[patient.body_part, visits[0].detector.style] += 1
        assert bool(patient.deposits) is (k % 5 != 3)
        assert [(v.index, v.repeat) for v in visits] == [(1, 0), (1, 1)]
    assert set(pairs.values()) == {1}
    assert len(pairs) == 16
    patient, visits = simulated_person(FOOT, 5)
    assert (patient.body_part, visits[0].detector.style) == (BodyPart.FOOT, Style.LIN)


def test_the_seed_decides_who_is_simulated() -> None:
    """The same seed and number are the same person; another seed or number is another one."""
    one = simulated_person(FOOT, 0)
    assert simulated_person(FOOT, 0) == one
    assert simulated_person(replace(FOOT, seed=12), 0)[0].seed != one[0].seed != simulated_person(FOOT, 1)[0].seed


@pytest.mark.slow
@pytest.mark.parametrize("style", [Style.LOG, Style.CR])
def test_a_film_in_memory_counts_as_the_same_film_on_disk(tmp_path: Path, style: Style) -> None:
    """Films handed over in memory, and the same films written as DICOM, scanned and read, give the same comparison."""
    options = replace(FOOT, style=style)
    patient, visits = simulated_person(options, 0)
    films = {v.repeat: simulate(patient, v) for v in visits}
    for film in films.values():
        write_phantom_film(tmp_path, film)
    (timeline,) = read_cohort(tmp_path / patient.patient_id).timelines
    read = tuple(compare(FilmTruth.of(films[i.repeat]), i) for i in assess(timeline).images)
    in_memory = compare_person(options, 0)
    assert len(read) == len(in_memory) == 2
    for one, two in zip(read, in_memory, strict=True):
        assert content(one) == content(two)
        assert one.area_mm2 == pytest.approx(two.area_mm2, rel=1e-4)  # a file states the size of a pixel with six digits
        assert (one.mass_mg is None) is (two.mass_mg is None) is (style is Style.CR)
        assert (one.mass_mg or 0) == pytest.approx(two.mass_mg or 0, rel=1e-4)
    assert {f.style for f in read} == {style}


@pytest.mark.slow
def test_processes_give_the_same_scores() -> None:
    """The number of workers changes nothing but the seconds, and progress counts people up to all."""
    seen: list[tuple[int, int]] = []
    one, two = validate(FOOT), validate(FOOT, workers=2, progress=lambda done, total: seen.append((done, total)))
    figures = [[(entry.name, entry.figure.n, entry.text) for entry in lines(s) if not entry.name.startswith("seconds")] for s in (one, two)]
    assert figures[0] == figures[1]
    assert [b.n for b in one.confidence] == [b.n for b in two.confidence]
    assert seen == [(1, 2), (2, 2)]
    assert (one.people, one.films) == (2, 4)
    assert one.sensitivity_soft.n > 0
    assert (one.seconds_per_film.value or 0) > 0


def test_wrong_options_are_refused() -> None:
    """Nobody, no visit, a negative seed, no worker."""
    for wrong in ({"patients": 0}, {"visits": 0}, {"seed": -1}):
        with pytest.raises(InvalidValueError, match=f"found .*{next(iter(wrong.values()))}"):
            ValidateOptions(**wrong)
    with pytest.raises(InvalidValueError, match="at least one worker measures; found 0"):
        validate(FOOT, workers=0)
