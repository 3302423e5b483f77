from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from calcitrack.phantom.film import film
from calcitrack.phantom.population import Exposures, Population
from calcitrack.phantom.specs import BodyPart
from calcitrack.validation import FilmTruth
from calcitrack.validation.compare import compare


@pytest.mark.parametrize(("columns", "hit"), [(2, False), (3, True)])
def test_cover_of_three_tenths_finds_a_deposit(drawing: Any, columns: int, hit: bool) -> None:
    """Of 10 x 10 pixels a mark covers 30: found, although the mark is so large that the intersection over union is below 0.1; 20 do not do."""
    wide = drawing.found(0, 0, 40, 5 + columns)
    assert compare(drawing.truth(drawing.true(5, 5, 10, 10)), drawing.image(wide)).deposits[0].hit is hit


@pytest.mark.parametrize(("columns", "hit"), [(1, True), (0, False)])
def test_a_tenth_in_common_finds_a_deposit(drawing: Any, columns: int, hit: bool) -> None:
    """A mark of one column inside a deposit of ten columns: cover 0.1 is too little, IoU 0.1 is enough; a mark beside it finds nothing."""
    mark = drawing.found(5, 5, 10, 1) if columns else drawing.found(5, 20, 10, 1)
    assert compare(drawing.truth(drawing.true(5, 5, 10, 10)), drawing.image(mark)).deposits[0].hit is hit


def test_the_mark_with_the_largest_overlap_is_measured(drawing: Any) -> None:
    """Of two marks on one deposit, mass, area and identity are those of the one that shares more pixels."""
    small, large = drawing.found(5, 5, 10, 2, mass=(1.0, 0.1)), drawing.found(5, 8, 10, 7, mass=(8.0, 0.5))
    (deposit,) = compare(drawing.truth(drawing.true(5, 5, 10, 10)), drawing.image(small, large)).deposits
    assert deposit.hit
    assert deposit.identity == "D002"
    assert deposit.mass.value == 8.0
    assert deposit.area.value == 70 * 0.25


@pytest.mark.parametrize(
    ("box", "visible"),
    [
        ({}, True),
        ({"peak_mg_cm2": 39.9}, False),
        ({"peak_mg_cm2": 40.0}, True),
    ],
)
def test_faint_deposits_do_not_count(drawing: Any, box: dict[str, float], visible: bool) -> None:
    """Below 40 mg/cm2 at its peak a deposit is not asked for."""
    assert compare(drawing.truth(drawing.true(5, 5, 2, 3, **box)), drawing.image()).deposits[0].visible is visible


def test_small_and_cut_deposits_do_not_count(drawing: Any) -> None:
    """Five pixels, 1.25 mm2, are too small; six, 1.5 mm2, are enough; a deposit that the film's edge cuts is left out."""
    boxes = [drawing.true(5, 5, 1, 5), drawing.true(15, 5, 2, 3), drawing.true(25, 5, 2, 3)]
    compared = compare(drawing.truth(*boxes, film=drawing.film(cut=frozenset({3}))), drawing.image())
    assert [d.visible for d in compared.deposits] == [False, True, False]
    assert compared.n_cut == 1


@pytest.mark.parametrize(("over_bone", "soft"), [(0.3, True), (0.31, False)])
def test_soft_tissue_is_three_tenths_over_bone_at_most(drawing: Any, over_bone: float, soft: bool) -> None:
    """The share of its shadow over bone decides where a deposit lies."""
    assert compare(drawing.truth(drawing.true(5, 5, 4, 4, over_bone=over_bone)), drawing.image()).deposits[0].soft is soft


@pytest.mark.parametrize(
    ("columns", "false"),
    [(2, 0), (1, 1), (0, 1)],
    ids=["a fifth is true", "a twentieth is true", "nothing is true"],
)
def test_false_is_less_than_a_tenth_true(drawing: Any, columns: int, false: int) -> None:
    """A mark of 10 x 20 pixels is real when a tenth of it is any true deposit, however faint."""
    row = {2: 5, 1: 14, 0: 30}[columns]  # the deposit overlaps the mark by 20 or 10 or 0 pixels
    truth = drawing.truth(drawing.true(row, 5, 10, 2 if columns == 2 else 10, peak_mg_cm2=1.0))
    compared = compare(truth, drawing.image(drawing.found(5, 5, 10, 20)))
    assert compared.n_false == false
    assert [f.real for f in compared.found] == [not false]


def test_specks_count_neither_as_real_nor_as_false(drawing: Any) -> None:
    """One pixel, 0.25 mm2, is left out; two, 0.5 mm2, count."""
    compared = compare(drawing.truth(), drawing.image(drawing.found(5, 5, 1, 1), drawing.found(10, 5, 1, 2)))
    assert len(compared.found) == compared.n_false == 1


def test_dice_by_hand(drawing: Any) -> None:
    """100 true and 100 found pixels with 50 in common: 0.5. What lies on a deposit over bone does not count against it."""
    truth = drawing.truth(drawing.true(5, 5, 10, 10), drawing.true(25, 5, 5, 5, over_bone=1.0))
    found = drawing.image(drawing.found(5, 10, 10, 10), drawing.found(25, 5, 5, 5))
    assert compare(truth, found).dice == pytest.approx(0.5)
    assert compare(drawing.truth(), found).dice is None


def test_totals_are_sums_of_what_is_measurable(drawing: Any) -> None:
    """Nothing found is 0 mg; a mass here and none there is the one; no mass at all is none."""
    with_mass, without = drawing.found(5, 5, 4, 4, mass=(3.0, 0.1)), drawing.found(15, 5, 4, 4, mass=None)
    totals = [compare(drawing.truth(), drawing.image(*marks)).mass_mg for marks in ((), (with_mass, without), (without,))]
    assert totals == [0, 3.0, None]
    assert compare(drawing.truth(), drawing.image(with_mass, without)).area_mm2 == 8.0


def test_truth_of_a_simulated_film_knows_what_is_cut() -> None:
    """With blades drawn over half of the film, exactly the deposits that reach under them are cut; with open blades those that touch the edge."""
    shot = film(3, Population(body_part=BodyPart.FOOT, burden="severe"), Exposures(pitch_mm=(0.4, 0.4), cut=0.0))
    rows = shot.labels.shape[0]
    half = replace(shot, visit=replace(shot.visit, field=replace(shot.visit.field, margin_mm=(0.0, 0.0, rows * 0.4 / 2, 0.0))))
    covered = set(np.unique(shot.labels[: rows // 2]).tolist()) - {0}
    assert covered
    assert covered < {d.deposit_id for d in shot.deposits}
    edge = np.concatenate([shot.labels[-1], shot.labels[:, 0], shot.labels[:, -1]])
    assert FilmTruth.of(half).cut >= covered
    assert FilmTruth.of(half).cut <= covered | set(np.unique(shot.labels[rows // 2 : rows // 2 + 1]).tolist()) | set(np.unique(edge).tolist())
