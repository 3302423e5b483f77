from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcitrack.errors import InvalidValueError
from calcitrack.reliability import IccForm, bland_altman, icc, repeatability, weighted_kappa

SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
"""Table 2 of Shrout and Fleiss 1979, Psychol Bull 86:420: six subjects, four judges."""

PEAK_FLOW = (
    (494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427),
    (512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451),
)
"""First readings of the large and of the mini Wright meter, l/min: Bland and Altman 1986, Lancet 1:307, table 1."""

positive = st.floats(0.1, 1000)
subjects = st.lists(st.lists(positive, min_size=2, max_size=4), min_size=2, max_size=8)


@given(subjects, st.floats(0.01, 100))
def test_repeatability_of_logarithms_does_not_depend_on_the_unit(values: list[list[float]], factor: float) -> None:
    """Values in another unit have the same relative smallest detectable change."""
    mine, other = repeatability(values, log=True), repeatability([[factor * v for v in s] for s in values], log=True)
    assert mine.sdc == pytest.approx(other.sdc, abs=1e-9)
    down, up = mine.relative_sdc or (0, 0)
    assert (1 + down) * (1 + up) == pytest.approx(1)


@given(subjects, st.floats(-100, 100))
def test_repeatability_does_not_see_what_subjects_are(values: list[list[float]], shift: float) -> None:
    """Moving one subject's measurements together changes nothing."""
    moved = [[v + shift for v in values[0]], *values[1:]]
    assert repeatability(moved).sem == pytest.approx(repeatability(values).sem, abs=1e-6)


def test_smallest_detectable_change_is_as_defined() -> None:
    """Two subjects that differ by 2 and by 4: SEM sqrt(10 / 2), SDC 1.96 sqrt(2) SEM; a subject measured once does not count."""
    found = repeatability([[10, 12], [20, 24], [5]])
    assert (found.subjects, found.dof) == (2, 2)
    assert found.sem == pytest.approx(math.sqrt((2 + 8) / 2))
    assert found.sdc == pytest.approx(1.959964 * math.sqrt(2) * math.sqrt(5), rel=1e-6)
    assert found.wcv is None


def test_a_25_percent_rule_needs_a_wcv_of_8_percent() -> None:
    """On the log scale an SDC of +25 % belongs to a wCV of 8.1 %."""
    sem = math.log(1.25) / (1.959964 * math.sqrt(2))
    found = repeatability([[math.exp(sem * math.sqrt(2)), 1.0]], log=True)
    assert (found.relative_sdc or (0, 0))[1] == pytest.approx(0.25, abs=1e-4)
    assert found.wcv == pytest.approx(0.0807, abs=1e-4)


@pytest.mark.parametrize(
    ("form", "value", "low", "high"),
    [(IccForm.ONE_WAY, 0.17, -0.13, 0.72), (IccForm.AGREEMENT, 0.29, 0.02, 0.76), (IccForm.CONSISTENCY, 0.71, 0.34, 0.95)],
)
def test_icc_agrees_with_shrout_and_fleiss(form: IccForm, value: float, low: float, high: float) -> None:
    """Values as printed by Shrout and Fleiss 1979; intervals as the psych package for R documents them for these data."""
    found = icc(SHROUT_FLEISS, form)
    assert (found.value, found.low, found.high) == pytest.approx((value, low, high), abs=0.0051)


@given(st.integers(0, 10_000))
def test_consistency_forgives_a_constant_offset_and_agreement_does_not(seed: int) -> None:
    """A rater who is always 3 higher agrees in ICC(3,1) as before, and less in ICC(2,1)."""
    rng = np.random.default_rng(seed)
    table = rng.normal(0, 3, (12, 1)) + rng.normal(0, 1, (12, 2))
    offset = table + np.array([0, 30])
    assert icc(offset.tolist(), IccForm.CONSISTENCY).value == pytest.approx(icc(table.tolist(), IccForm.CONSISTENCY).value)
    assert icc(offset.tolist()).value < icc(table.tolist()).value


def test_raters_who_agree_fully_have_an_icc_of_one() -> None:
    """Equal ratings give 1 and an interval without width."""
    for form in IccForm:
        assert icc([[1, 1], [2, 2], [5, 5]], form).low == 1


def test_bland_altman_agrees_with_the_lancet() -> None:
    """Mean difference -2.1 l/min, SD 38.8, limits -79.7 and 75.5 (they take 2 for 1.96), interval of the bias -22.0 to 17.8."""
    found = bland_altman(PEAK_FLOW[1], PEAK_FLOW[0])
    assert (found.bias.value, found.sd, found.pairs) == (pytest.approx(-2.1, abs=0.05), pytest.approx(38.8, abs=0.05), 17)
    assert (found.bias.low, found.bias.high) == pytest.approx((-22.0, 17.8), abs=0.1)
    assert found.upper.value == pytest.approx(-2.1 + 1.96 * 38.8, abs=0.1)
    assert found.upper.high - found.upper.value == pytest.approx(2.12 * 38.8 * math.sqrt(1 / 17 + 1.96**2 / 32), rel=0.01)


def test_weighted_kappa_weighs_far_disagreements_more() -> None:
    """Full agreement is 1; disagreeing by two grades costs more than by one."""
    truth = [0, 1, 2, 0, 1, 2, 0, 1, 2, 1]
    near, far = [1, *truth[1:]], [2, *truth[1:]]
    assert weighted_kappa(truth, truth, 3).value == pytest.approx(1)
    assert weighted_kappa(truth, far, 3).value < weighted_kappa(truth, near, 3).value < 1


def test_weighted_kappa_by_hand() -> None:
    """Three pairs in two grades: observed agreement 2/3, expected 4/9, kappa (2/3 - 4/9) / (5/9) = 0.4."""
    assert weighted_kappa([0, 1, 1], [0, 1, 0], 2).value == pytest.approx(0.4)


def test_what_cannot_be_judged_says_so() -> None:
    """Messages say what was found, what is needed and what to do."""
    with pytest.raises(InvalidValueError, match="measured twice; found none; expose some patients twice"):
        repeatability([[1.0], [2.0]])
    with pytest.raises(InvalidValueError, match="found zero or less"):
        repeatability([[1.0, 0.0]], log=True)
    with pytest.raises(InvalidValueError, match=r"two or more subjects .* found the shape \(1, 2\)"):
        icc([[1, 2]])
    with pytest.raises(InvalidValueError, match="do not differ"):
        icc([[1, 2], [2, 1]])
    with pytest.raises(InvalidValueError, match="three or more pairs; found 2 and 2"):
        bland_altman([1, 2], [1, 2])
    with pytest.raises(InvalidValueError, match="grades from 0 to 1"):
        weighted_kappa([0, 2], [0, 1], 2)
