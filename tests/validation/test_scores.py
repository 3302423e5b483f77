from __future__ import annotations

import random
from typing import Any

import pytest

from calcitrack.phantom.specs import Style
from calcitrack.validation import Figure, FilmComparison, score
from calcitrack.validation.compare import compare


def test_a_perfect_segmentation_has_perfect_scores(drawing: Any) -> None:
    """Truth handed back as the answer: everything found, nothing false, no error, the same again, the same identity."""
    boxes = [(5, 5, 6, 8), (20, 20, 4, 4), (30, 40, 3, 9)]
    films = []
    for visit, repeat in ((1, 0), (2, 0), (2, 1)):
        truth = drawing.truth(*(drawing.true(*b, over_bone=k / 2) for k, b in enumerate(boxes)), film=drawing.film(visit=visit, repeat=repeat))
        films.append(compare(truth, drawing.image(*(drawing.found(*b) for b in boxes)), seconds=2.0))
    got = score(films)
    assert got.sensitivity_soft == Figure(1.0, 3)
    assert got.sensitivity_bone == Figure(1.0, 6)
    assert got.false_per_film == Figure(0.0, 3)
    assert got.dice_soft == Figure(1.0, 3)
    assert got.mass_error[Style.LIN] == got.mass_bias[Style.LIN] == got.area_bias == Figure(0.0, 3)
    assert got.repeat_wcv_area == got.repeat_wcv_mass == Figure(0.0, 1)
    assert got.link_accuracy == Figure(1.0, 3)
    assert got.coverage_mass == Figure(1.0, 3)
    assert got.coverage_mass_bone == Figure(1.0, 6)
    assert got.seconds_per_film == Figure(2.0, 3)
    assert (got.people, got.films) == (1, 3)


def test_nothing_found_is_nothing_right(drawing: Any) -> None:
    """An empty answer has sensitivity 0, Dice 0, nothing false, and no case for mass, area, links and coverage."""
    got = score([compare(drawing.truth(drawing.true(5, 5, 6, 8)), drawing.image())])
    assert got.sensitivity_soft == Figure(0.0, 1)
    assert got.dice_soft == Figure(0.0, 1)
    assert got.false_per_film == Figure(0.0, 1)
    assert {got.mass_error[Style.LIN], got.area_bias, got.link_accuracy, got.coverage_mass, got.confidence_error} == {Figure(None, 0)}


def test_no_films_have_no_figures() -> None:
    """Every figure of an empty set is none of none, not an error and not a perfect score."""
    got = score([])
    assert got.sensitivity_soft == got.false_per_film == got.dice_soft == got.seconds_per_film == Figure(None, 0)


def mass_film(drawing: Any, true_mg: float, found: tuple[float, float] | None, style: Style = Style.LIN) -> FilmComparison:
    """One deposit of 4 x 4 pixels, found exactly, with another mass."""
    truth = drawing.truth(drawing.true(5, 5, 4, 4, mass_mg=true_mg), film=drawing.film(style=style))
    return compare(truth, drawing.image(drawing.found(5, 5, 4, 4, mass=found)))


def test_mass_error_and_bias_by_hand(drawing: Any) -> None:
    """Errors -20 %, +10 %, +30 %: median error 20 %, median bias +10 %. Other kinds of file and unmeasurable masses stay out."""
    films = [mass_film(drawing, 10, (m, 1.0)) for m in (8, 11, 13)]
    films += [mass_film(drawing, 10, (40, 1.0), Style.LOG), mass_film(drawing, 10, None)]
    got = score(films)
    assert got.mass_error[Style.LIN].value == pytest.approx(0.2)
    assert got.mass_bias[Style.LIN].value == pytest.approx(0.1)
    assert got.mass_error[Style.LIN].n == 3
    assert got.mass_error[Style.LOG].value == pytest.approx(3.0)


def test_coverage_by_hand(drawing: Any) -> None:
    """10 mg true: 11.9 ± 1 holds it, 12.0 ± 1 does not, 12.0 ± 2 does; 2 of 3."""
    got = score([mass_film(drawing, 10, found) for found in ((11.9, 1.0), (12.0, 1.0), (12.0, 2.0), None)])
    assert got.coverage_mass == Figure(pytest.approx(2 / 3), 3)
    assert got.coverage_area == got.coverage_volume == Figure(None, 0)  # neither states an uncertainty here


def test_coverage_of_volume_and_area_by_hand(drawing: Any) -> None:
    """Two deposits of 25 mm3 in one outline: 45 +- 3 holds their 50, 25 +- 3 does not. An area 1 mm2 too large: 0.6 covers it, 0.4 does not."""
    truth = drawing.truth(drawing.true(5, 5, 4, 4), drawing.true(5, 10, 4, 4))
    for value, covered in ((45.0, 1.0), (25.0, 0.0)):
        joined = score([compare(truth, drawing.image(drawing.found(5, 5, 4, 9, volume=(value, 3.0))))])
        assert joined.coverage_volume == Figure(covered, 2)
    films = [compare(drawing.truth(drawing.true(5, 5, 4, 4)), drawing.image(drawing.found(5, 5, 5, 4, area_sd=sd))) for sd in (0.6, 0.4)]
    assert score(films).coverage_area == Figure(0.5, 2)


def test_an_outline_around_two_deposits_holds_the_mass_of_both(drawing: Any) -> None:
    """Two deposits of 10 and 15 mg in one outline: 25 +- 1 mg covers the truth, 10 +- 1 mg does not; the mass error stays that of each."""
    truth = drawing.truth(drawing.true(5, 5, 4, 4, mass_mg=10.0), drawing.true(5, 10, 4, 4, mass_mg=15.0))
    joined, one = (score([compare(truth, drawing.image(drawing.found(5, 5, 4, 9, mass=(mg, 1.0))))]) for mg in (25.0, 10.0))
    assert joined.coverage_mass == Figure(1.0, 2)
    assert one.coverage_mass == Figure(0.0, 2)
    assert joined.mass_error[Style.LIN] == Figure(pytest.approx((1.5 + 25 / 15 - 1) / 2), 2)


def test_area_bias_by_hand(drawing: Any) -> None:
    """A mark of 5 x 4 on a deposit of 4 x 4 pixels: +25 %."""
    got = score([compare(drawing.truth(drawing.true(5, 5, 4, 4)), drawing.image(drawing.found(5, 5, 5, 4)))])
    assert got.area_bias == Figure(pytest.approx(0.25), 1)


def repeated(drawing: Any, masses: tuple[float, float], cut: frozenset[int] = frozenset()) -> list[FilmComparison]:
    """Two exposures of one person on one day."""
    box = (5, 5, 4, 4)
    return [
        compare(
            drawing.truth(drawing.true(*box), film=drawing.film(patient=f"P{masses}", repeat=k, cut=cut)),
            drawing.image(drawing.found(*box, mass=(m, 1.0))),
        )
        for k, m in enumerate(masses)
    ]


def test_repeatability_by_hand(drawing: Any) -> None:
    """9 and 11 mg: difference over root 2 over the mean is 0.1414; with a second pair of equal masses, root mean square 0.1."""
    assert score(repeated(drawing, (9, 11))).repeat_wcv_mass == Figure(pytest.approx(0.02**0.5), 1)
    both = score(repeated(drawing, (9, 11)) + repeated(drawing, (5, 5)))
    assert both.repeat_wcv_mass == Figure(pytest.approx(0.1), 2)
    assert both.repeat_wcv_area == Figure(0.0, 2)


def test_repeats_that_cut_a_deposit_off_are_no_pair(drawing: Any) -> None:
    """Where the film's edge cuts a deposit, two exposures differ for another reason than noise."""
    assert score(repeated(drawing, (9, 11), frozenset({1}))).repeat_wcv_mass == Figure(None, 0)


def test_link_accuracy_by_hand(drawing: Any) -> None:
    """D1, D1, missed, D2 over four visits: two links between detections, one of them right; repeats do not count; order does not matter."""
    films = []
    for visit, repeat, identity in ((1, 0, "D1"), (2, 0, "D1"), (3, 0, ""), (4, 0, "D2"), (4, 1, "D9")):
        marks = [drawing.found(5, 5, 4, 4, identity=identity)] if identity else []
        films.append(compare(drawing.truth(drawing.true(5, 5, 4, 4), film=drawing.film(visit=visit, repeat=repeat)), drawing.image(*marks)))
    assert score(films).link_accuracy == score(reversed(films)).link_accuracy == Figure(0.5, 2)


def test_confidence_is_compared_with_the_share_that_is_real(drawing: Any) -> None:
    """Two given 0.85 of which one is real, one real one given 1.0 in the same bin, one false one given 0.1."""
    truth = drawing.truth(drawing.true(5, 5, 4, 4), drawing.true(15, 5, 4, 4))
    marks = [
        drawing.found(5, 5, 4, 4, confidence=0.85),
        drawing.found(5, 30, 4, 4, confidence=0.85),
        drawing.found(15, 5, 4, 4, confidence=1.0),
        drawing.found(15, 30, 4, 4, confidence=0.1),
    ]
    got = score([compare(truth, drawing.image(*marks))])
    bins = got.confidence
    assert [(b.low, b.high, b.n) for b in bins] == [(0.0, 0.2, 1), (0.2, 0.4, 0), (0.4, 0.6, 0), (0.6, 0.8, 0), (0.8, 1.0, 3)]
    assert (bins[0].given, bins[0].real) == (0.1, 0.0)
    assert (bins[1].given, bins[1].real) == (None, None)
    assert (bins[4].given, bins[4].real) == (pytest.approx(0.9), pytest.approx(2 / 3))
    assert got.confidence_error == Figure(pytest.approx((1 * 0.1 + 3 * (0.9 - 2 / 3)) / 4), 4)


def test_false_deposits_on_empty_films_are_counted_apart(drawing: Any) -> None:
    """Three false marks on a film with a deposit, one on an empty one: 2 a film, 1 a deposit-free film."""
    marks = [drawing.found(5 + 8 * k, 30, 3, 3) for k in range(3)]
    got = score([compare(drawing.truth(drawing.true(5, 5, 4, 4)), drawing.image(*marks)), compare(drawing.truth(), drawing.image(marks[0]))])
    assert got.false_per_film == Figure(2.0, 2)
    assert got.false_per_empty_film == Figure(1.0, 1)


def test_the_order_of_films_changes_nothing(drawing: Any) -> None:
    """Scores are a function of the set of films."""
    films = repeated(drawing, (9, 11)) + repeated(drawing, (4, 5)) + [mass_film(drawing, 10, (m, 1.0)) for m in (7, 9, 12)]
    shuffled = random.Random(1).sample(films, len(films))  # noqa: S311 a test's order
    assert score(shuffled) == score(films)
