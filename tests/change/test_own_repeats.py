"""Own repeats count by patient, from comparable patients only, and no verdict depends silently on who else lies in the folder."""

from __future__ import annotations

import math
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcitrack.change import judge_cohort
from calcitrack.change.judge import judge
from calcitrack.change.precision import LIKE_BURDEN, MIN_PATIENTS, Precision, Spread, own_precision
from calcitrack.model.judgement import SdcSource, TimelineSeries
from calcitrack.reporting.change_words import depends_on, detectable_sentence
from calcitrack.reporting.verdict_words import judgement_sentences

KIND = ("total", "area_mm2")
spread_of_one = st.floats(0.01, 0.8)


def exposed_twice(
    courses: ModuleType, patient: str, log_sd: float = 0.1, *, size: float = 100.0, pairs: int = 1, calibration: str = "A"
) -> TimelineSeries:
    """A patient with repeat exposures, whose logarithms scatter by this standard deviation about a burden of this size."""
    half = log_sd / math.sqrt(2)
    series = courses.series([40 * k for k in range(pairs)], [(size * math.exp(half), size * math.exp(-half))] * pairs)
    return courses.timeline(replace(series, points=tuple(replace(p, calibration=calibration) for p in series.points)), patient=patient)


def eight(courses: ModuleType, log_sd: float = 0.1) -> list[TimelineSeries]:
    """Enough patients, each with one pair."""
    return [exposed_twice(courses, f"R{k}", log_sd) for k in range(MIN_PATIENTS)]


def found(cohort: list[TimelineSeries], size: float = 100.0) -> Spread:
    """The spread of a total area of tier A."""
    return own_precision(cohort).spread(*KIND, size, ("A",))


def test_own_repeats_are_used_from_eight_patients_on(courses: ModuleType) -> None:
    """From eight patients on the user's own precision counts, with Student's quantile and their names; with one less the profile does."""
    spread, fewer = found(eight(courses)), found(eight(courses)[1:])
    assert (spread.source, spread.repeats, spread.patients) == (SdcSource.OWN_REPEATS, 8, tuple(f"R{k}" for k in range(8)))
    assert spread.sem == pytest.approx(0.1)
    assert spread.quantile == pytest.approx(2.306, abs=0.001)
    assert fewer == Precision().spread(*KIND, 100.0)
    assert fewer.patients == ()


def test_many_repeats_of_few_patients_are_not_enough(courses: ModuleType) -> None:
    """A hundred pairs of one patient, and a pair of each of six others, leave the profile in its place."""
    cohort = [exposed_twice(courses, "R0", pairs=100), *eight(courses)[1 : MIN_PATIENTS - 1]]
    assert found(cohort).source is SdcSource.PHANTOM_PROFILE


@given(st.integers(2, 40), spread_of_one)
def test_one_patient_with_many_pairs_does_not_carry_the_estimate(courses: ModuleType, pairs: int, log_sd: float) -> None:
    """Law: a patient counts once with the mean variance; how many pairs it is the mean of changes nothing but the number of repeats."""
    others = eight(courses)[1:]
    once, often = (found([exposed_twice(courses, "R0", log_sd, pairs=n), *others]) for n in (1, pairs))
    assert often.sem == pytest.approx(once.sem)
    assert often.sem**2 == pytest.approx((log_sd**2 + 7 * 0.1**2) / 8)
    assert often.quantile == once.quantile
    assert (once.repeats, often.repeats) == (8, 7 + pairs)


@given(spread_of_one, st.floats(1.01, 50), st.sampled_from(["up", "down"]))
def test_an_unlike_patient_changes_nothing(courses: ModuleType, log_sd: float, beyond: float, side: str) -> None:
    """Law: whoever is of another tier, has a burden more than four times as large or small, or no Patient ID, leaves every spread as it was."""
    size = 100 * (LIKE_BURDEN * beyond if side == "up" else 1 / (LIKE_BURDEN * beyond))
    cohort = eight(courses)
    unlike = [
        exposed_twice(courses, "far", log_sd, size=size, pairs=9),
        exposed_twice(courses, "other tier", log_sd, pairs=9, calibration="C"),
        exposed_twice(courses, "both tiers", log_sd, pairs=9, calibration="A C"),
        exposed_twice(courses, "", log_sd, pairs=9),
    ]
    assert found([*cohort, *unlike]) == found(cohort)


@given(st.permutations(range(10)), st.lists(spread_of_one, min_size=10, max_size=10))
def test_the_order_of_patients_is_irrelevant(courses: ModuleType, order: list[int], log_sds: list[float]) -> None:
    """Law: whatever the order in which patients are read, precision and spread are the very same."""
    cohort = [exposed_twice(courses, f"R{k}", sd, size=60.0 + 10 * k, pairs=1 + k % 3) for k, sd in enumerate(log_sds)]
    shuffled = [cohort[k] for k in order]
    assert own_precision(shuffled) == own_precision(cohort)
    assert found(shuffled) == found(cohort)


def test_only_visits_of_one_tier_are_held_against_repeats(courses: ModuleType) -> None:
    """A mass on a film of tier A and one of tier B is like nobody's repeats."""
    precision = own_precision(eight(courses))
    assert precision.spread(*KIND, 100.0, ("A", "A")).source is SdcSource.OWN_REPEATS
    assert precision.spread(*KIND, 100.0, ("A", "B")).source is SdcSource.PHANTOM_PROFILE
    assert precision.spread(*KIND, 0.0, ("A",)).source is SdcSource.PHANTOM_PROFILE


def test_a_stated_spread_comes_first(courses: ModuleType) -> None:
    """A repeatability study of the user's own holds at every size, whatever lies in the folder."""
    stated = Spread(0.07, 0.0, 0.0, SdcSource.OWN_REPEATS, 30)
    precision = replace(own_precision(eight(courses)), stated={KIND: stated})
    assert {precision.spread(*KIND, size, ("A",)) for size in (1.0, 100.0, 1e4)} == {stated}


def test_copies_of_a_film_are_no_repeats(courses: ModuleType) -> None:
    """Pairs of equal values, and pairs without any burden, say nothing of repeatability."""
    for pair in ((100.0, 100.0), (0.0, 3.0)):
        cohort = [courses.timeline(courses.series([0], [pair]), patient=f"R{k}") for k in range(20)]
        assert own_precision(cohort) == Precision()


def test_who_else_lies_in_the_folder_is_said_or_changes_nothing(courses: ModuleType) -> None:
    """Law: a judgement that names no other patient is the one of the patient alone; one that differs names those whose repeats it rests on."""
    days = [200 * k for k in range(5)]
    patient = courses.timeline(courses.series(days, courses.exponential(days, 0.3)), patient="P1")
    strangers = [exposed_twice(courses, f"R{k}", size=3000.0) for k in range(MIN_PATIENTS)]
    alone = judge(patient)
    few, unlike, like = (judge_cohort([patient, *others]).judgements[0] for others in (eight(courses)[:7], strangers, eight(courses, 0.05)))
    assert few == unlike == alone
    assert depends_on(alone) == ()
    names = tuple(f"R{k}" for k in range(8))
    assert (
        {c.sdc_patients for c in like.changes if c.exceeds_sdc is not None} == {t.sdc_patients for t in like.trends if t.slope is not None} == {names}
    )
    assert {r.sdc_patients for r in like.responses if r.best is not None} == {names}
    assert depends_on(like) == names
    assert detectable_sentence(like).endswith("from own repeat exposures of 8 other patients).")
    assert "from own repeat exposures of 8 other patients;" in judgement_sentences(like)[-1]


def test_a_patient_with_repeats_is_one_of_those_named(courses: ModuleType) -> None:
    """The patient's own repeats count as anybody's do, and the words say that they are among them."""
    values = [tuple(100 * np.exp([0.05, -0.05])), 150.0, 200.0]
    patient = courses.timeline(courses.series([0, 300, 600], values), patient="P1")
    judgement = judge_cohort([*eight(courses)[1:], patient]).judgements[-1]
    assert judgement.headline is not None
    assert "P1" in judgement.headline.sdc_patients
    assert "P1" not in depends_on(judgement)
    assert "of 8 patients, this one and 7 others" in judgement_sentences(judgement)[-1]
