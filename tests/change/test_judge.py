from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from calcitrack.change import RULES, JudgedCohort, JudgeOptions, cohort_points, judge_cohort, own_precision, series_of
from calcitrack.change.judge import judge
from calcitrack.change.mixed_model import deposit_trend
from calcitrack.change.precision import MIN_PATIENTS
from calcitrack.model.assessment import Fate
from calcitrack.model.course import Courses, PatientCourse, Treatment
from calcitrack.model.judgement import CohortKind, TimelineSeries, Verdict

DAYS = [0, 200, 420, 600, 830, 1000]


def growing_deposits(courses: ModuleType, number: int, slope: float, *, patient: str = "P1", visit_sd: float = 0.1, seed: int = 1) -> TimelineSeries:
    """Deposits of many sizes that grow at one rate, each visit's outlines too wide or too narrow together."""
    rng = np.random.default_rng(seed)
    off = visit_sd * rng.normal(size=len(DAYS))
    made = []
    for k in range(number):
        values = [b * math.exp(o + 0.1 * rng.normal()) for b, o in zip(courses.exponential(DAYS, slope, float(rng.uniform(2, 60))), off, strict=True)]
        made.append(courses.series(DAYS, values, subject="deposit", deposit_id=f"D{k + 1:03d}"))
    return courses.timeline(*made, patient=patient)


def test_the_mixed_model_finds_the_common_rate(courses: ModuleType) -> None:
    """Eight deposits that grow by 35 % a year: the interval holds it, and it does not pretend that eight deposits are eight visits."""
    trend = deposit_trend([growing_deposits(courses, 8, 0.3)], "area_mm2")
    assert trend.slope.low < 0.3 < trend.slope.high
    assert trend.slope.high - trend.slope.low > 2 * 2 * 0.1 / math.sqrt(len(DAYS)) / np.std(np.array(DAYS) / 365.25) / 2
    assert (trend.method, trend.n_time_points, trend.note) == ("mixed model", 6, "8 deposits seen at 3 time points or more")


@pytest.mark.parametrize("seed", range(4))
def test_rounding_of_the_measures_does_not_move_the_common_rate(courses: ModuleType, seed: int) -> None:
    """Measures that differ by a billionth, as on another processor, have the same slope and interval within 1e-4."""
    series = growing_deposits(courses, 5, 0.1, visit_sd=0.02 * seed, seed=seed)
    rng = np.random.default_rng(seed)
    noisy = [
        replace(s, points=tuple(replace(p, values=tuple(v * (1 + 1e-9 * rng.normal()) for v in p.values)) for p in s.points)) for s in series.series
    ]
    one, other = (deposit_trend([t], "area_mm2") for t in (series, replace(series, series=tuple(noisy))))
    assert one.slope is not None
    assert other.slope is not None
    for ours, theirs in ((one.slope.value, other.slope.value), (one.slope.low, other.slope.low), (one.slope.high, other.slope.high)):
        assert theirs == pytest.approx(ours, abs=1e-4)
    assert other.p_growing == pytest.approx(one.p_growing, abs=1e-4)


def test_several_sites_of_a_patient_go_together(courses: ModuleType) -> None:
    """Two limbs with two deposits each are enough together, and neither is alone."""
    left, right = growing_deposits(courses, 2, 0.3), growing_deposits(courses, 2, 0.3, seed=2)
    assert deposit_trend([left], "area_mm2").reason == "a mixed model needs 3 deposits seen at 3 time points each; found 2"
    assert deposit_trend([left, right], "area_mm2").slope is not None
    assert deposit_trend([left], "ha_mass_mg").reason.endswith("found 0")


def test_the_series_of_an_assessment_are_its_totals_and_deposits(made: ModuleType) -> None:
    """Values of all exposures of a day, the plane of the millimetres, the count, and zero for a deposit that resolved."""
    series = series_of(made.assessment())
    area, count = series.total("area_mm2"), series.total("deposit_count")
    assert [p.values for p in area.points] == [(1.28,), (1.92,), (1.28, 1.28)]
    assert {(p.like, p.calibration) for p in area.points} == {("detector", "A")}
    assert [p.mean for p in count.points] == [2, 3, 2]
    gone = next(s for s in series.series if s.deposit_id == "D003" and s.measurand == "ha_mass_mg")
    assert [(p.time_point, p.values) for p in gone.points] == [(2, (4.5,)), (3, (0.0,))]
    assert gone.missing == {1: "the deposit was not known at this time point"}


def test_what_was_not_measurable_is_missing_with_its_reason(made: ModuleType) -> None:
    """Without calibration there is no mass at any visit, the verdict is about the area, and the trend says why there is none of the mass."""
    judgement = judge(made.assessment(mass=False))
    assert judgement.burden == "area_mm2"
    trend = next(t for t in judgement.trends if t.measurand == "ha_mass_mg")
    assert trend.reason == f"a trend needs 3 time points; found 0 ({made.NO_MASS})"


def test_judging_leaves_the_assessment_as_it_is(made: ModuleType) -> None:
    """Treatments change the judgement, not the assessment nor its id; its series give the same judgement as itself."""
    assessment = made.assessment()
    drug = Treatment(patient_id="P1", name="abatacept", start=dt.date(2021, 9, 1))
    with_drug, without = judge(assessment, PatientCourse("P1", (drug,))), judge(assessment)
    assert with_drug.assessment_id == without.assessment_id == assessment.assessment_id
    assert with_drug != without
    assert judge(series_of(assessment)) == without


def test_the_headline_is_about_the_time_since_the_last_treatment(courses: ModuleType) -> None:
    """Growth until the drug and none since: the headline says halted, and without knowing of the drug it finds the same bend."""
    days = [150 * k for k in range(9)]
    values = [*courses.exponential(days[:5], 0.6), *[courses.exponential([600], 0.6)[0]] * 4]
    series, precision = courses.timeline(courses.series(days, values)), courses.precision(0.04)
    course = PatientCourse("P1", (Treatment(patient_id="P1", name="abatacept", start=dt.date(2021, 8, 23)),))
    treated, untreated = judge(series, course, precision=precision), judge(series, precision=precision)
    assert (treated.headline.part, treated.headline.treatment, treated.headline.verdict) == ("after", "abatacept", Verdict.HALTED)
    assert (untreated.headline.part, untreated.headline.treatment, untreated.headline.verdict) == ("after", "", Verdict.HALTED)
    assert untreated.headline.bend == dt.date(2021, 8, 23)
    assert treated.headline in treated.trends


def cohort_of(courses: ModuleType) -> list[TimelineSeries]:
    """Four patients: two double in a year, one stands still, one halves."""
    ends = {"P1": (120, 200), "P2": (110, 210), "P3": (100, 101), "P4": (80, 50)}
    return [courses.timeline(courses.series([0, 180, 365], [100, *v]), patient=p) for p, v in ends.items()]


def test_a_cohort_in_numbers(courses: ModuleType) -> None:
    """Waterfall from the largest growth down, spaghetti over baseline, two of four progressed at one year, and a mean change over its spread."""
    points = [p for p in cohort_points(cohort_of(courses), precision=courses.precision(0.05)) if p.group == "all"]
    waterfall = [(p.patient_id, p.value) for p in points if p.kind is CohortKind.WATERFALL]
    assert waterfall == [("P2", pytest.approx(1.1)), ("P1", pytest.approx(1.0)), ("P3", pytest.approx(0.01)), ("P4", pytest.approx(-0.5))]
    assert [(p.order, p.days, p.value) for p in points if p.kind is CohortKind.SPAGHETTI and p.patient_id == "P1"] == [
        (1, 0, 1.0),
        (2, 180, pytest.approx(1.2)),
        (3, 365, pytest.approx(2.0)),
    ]
    curve = [(p.days, p.value, p.at_risk) for p in points if p.kind is CohortKind.PROGRESSION]
    assert curve == [(365, pytest.approx(0.5), 4)]
    changes = np.log([2, 2.1, 1.01, 0.5])
    mean = next(p for p in points if p.kind is CohortKind.RESPONSE_MEAN)
    assert (mean.value, mean.at_risk) == (pytest.approx(changes.mean() / changes.std(ddof=1)), 4)
    assert mean.low < mean.value < mean.high


def test_kaplan_meier_by_hand(courses: ModuleType) -> None:
    """Three timelines: progression at day 180, last seen at 180, progression at 365: 1/3, then certain; no interval where nobody is left."""
    sets = {"P1": ([0, 180], [100, 200]), "P2": ([0, 180], [100, 100]), "P3": ([0, 180, 365], [100, 100, 200])}
    members = [courses.timeline(courses.series(d, v), patient=p) for p, (d, v) in sets.items()]
    found = [p for p in cohort_points(members, precision=courses.precision(0.05)) if p.kind is CohortKind.PROGRESSION]
    assert [(p.days, p.value, p.at_risk) for p in found] == [(180, pytest.approx(1 / 3), 3), (365, pytest.approx(1.0), 1)]
    assert 0 < found[0].low < 1 / 3 < found[0].high < 1
    assert (found[1].low, found[1].high) == (None, None)


def test_groups_are_of_those_who_were_given_a_drug_between_the_visits(courses: ModuleType) -> None:
    """A drug that began before the first visit, or after the last, makes no member: nothing shows the burden before it."""
    during = PatientCourse("P1", (Treatment(patient_id="P1", name="A", start=dt.date(2020, 3, 1)),))
    before = PatientCourse("P2", (Treatment(patient_id="P2", name="A", start=dt.date(2018, 1, 1), stop=dt.date(2019, 1, 1)),))
    ongoing = PatientCourse("P4", (Treatment(patient_id="P4", name="A", start=dt.date(2019, 6, 1)),))
    after = PatientCourse("P3", (Treatment(patient_id="P3", name="A", start=dt.date(2024, 1, 1)),))
    points = cohort_points(cohort_of(courses), Courses((during, before, after, ongoing)), precision=courses.precision())
    assert {p.patient_id for p in points if p.group == "A" and p.patient_id} == {"P1"}


def test_what_grew_before_a_drug_is_not_the_drugs(courses: ModuleType) -> None:
    """A burden doubled before the drug and stood still since: progression over all, none in the group of the drug, whose clock starts with it."""
    grown = courses.timeline(courses.series([0, 180, 365, 545, 730], [50, 75, 100, 100, 101]), patient="P1")
    grows = courses.timeline(courses.series([0, 180, 365, 545, 730], [50, 50, 50, 100, 100]), patient="P2")
    treated = Courses(tuple(PatientCourse(p, (Treatment(patient_id=p, name="A", start=courses.FIRST + dt.timedelta(400)),)) for p in ("P1", "P2")))
    points = cohort_points([grown, grows], treated, precision=courses.precision(0.03))
    progressed = {g: [(p.days, p.value, p.at_risk) for p in points if p.kind is CohortKind.PROGRESSION and p.group == g] for g in ("all", "A")}
    assert progressed == {"all": [(180, 0.5, 2), (545, 1.0, 1)], "A": [(145, 0.5, 2)]}
    waterfall = {p.patient_id: p.value for p in points if p.kind is CohortKind.WATERFALL and p.group == "A"}
    assert waterfall == {"P1": pytest.approx(0.01), "P2": pytest.approx(1.0)}
    course = [(p.order, p.days, p.value) for p in points if p.kind is CohortKind.SPAGHETTI and p.group == "A" and p.patient_id == "P1"]
    assert course == [(3, -35, 1.0), (4, 145, 1.0), (5, 330, pytest.approx(1.01))]


def test_own_repeats_reach_the_judgement(courses: ModuleType) -> None:
    """What a cohort's repeats say is in every change of its timelines, with the number they rest on."""
    rng = np.random.default_rng(3)
    days = [40 * k for k in range(3)]
    pairs = [[tuple(100 * np.exp(0.05 * rng.normal(size=2))) for _ in days] for _ in range(MIN_PATIENTS)]
    repeats = [courses.timeline(courses.series(days, own), patient=f"P{k}") for k, own in enumerate(pairs)]
    judgement = judge(repeats[0], precision=own_precision(repeats))
    assert {(c.sdc_source.value, c.sdc_repeats) for c in judgement.changes} == {("own_repeats", 24)}
    assert {c.sdc_source.value for c in judge(repeats[0]).changes} == {"phantom_profile"}


def test_undated_visits_have_changes_and_no_trend(courses: ModuleType) -> None:
    """The verdict is undetermined, with the reason."""
    series = courses.series([0, 200, 400], [100, 110, 120])
    undated = replace(series, points=tuple(replace(p, date=None) for p in series.points))
    judgement = judge(courses.timeline(undated), precision=courses.precision())
    assert (judgement.headline, judgement.reason) == (None, "the time points have no dates")
    assert len(judgement.changes) == 3


def test_a_family_that_merged_is_compared_as_a_whole(made: ModuleType) -> None:
    """D003 merges into D001: D001 has the sum of both at every time point, D003 none of its own, D002 is left as it was."""
    alone = made.assessment()
    one, two, three = alone.tracks
    merged = (
        replace(one, partners={3: ("D003",)}),
        two,
        replace(three, fates={2: Fate.NEW, 3: Fate.MERGED}, partners={3: ("D001",)}),
    )
    before, after = ({s.deposit_id: s for s in series_of(a).series if s.measurand == "ha_mass_mg"} for a in (alone, replace(alone, tracks=merged)))
    assert [p.values for p in before["D001"].points] == [(1.5,), (1.5,), (1.5, 1.5)]
    assert [p.values for p in after["D001"].points] == [(1.5,), (1.5 + 4.5,), (1.5, 1.5)]
    assert [p.sd for p in after["D001"].points] == pytest.approx([0.1, 0.2, 0.1])
    assert after["D003"].points == ()
    assert after["D003"].missing == dict.fromkeys((1, 2, 3), "counted with D001: they are connected by merges or splits")
    assert after["D002"] == before["D002"]


def test_a_family_is_unknown_where_one_of_it_is(made: ModuleType) -> None:
    """The first detection of D003 cannot be told from a new one, or it is out of the picture later: no sum there."""
    alone = made.assessment()
    one, two, three = alone.tracks
    hidden = replace(three, fates={2: Fate.NOT_EVALUABLE, 3: Fate.NOT_EVALUABLE}, partners={3: ("D001",)})
    series = series_of(replace(alone, tracks=(replace(one, partners={3: ("D003",)}), two, hidden))).series
    family = next(s for s in series if s.deposit_id == "D001" and s.measurand == "ha_mass_mg")
    assert family.missing == dict.fromkeys((1, 3), "D003 is not evaluable at this time point")
    assert [p.values for p in family.points] == [(6.0,)]


def test_a_cohort_is_judged_with_the_precision_of_its_own_repeats(courses: ModuleType) -> None:
    """Law: all that is judged of a cohort is what its parts say, each asked by itself; the order is that of the series."""
    pairs = [(100.0, 100.0 * math.exp(0.1 * (-1) ** k)) for k in range(MIN_PATIENTS)]
    repeated = [courses.timeline(courses.series([0, 40, 80, 120], [pair] * 4), patient=f"R{k}") for k, pair in enumerate(pairs)]
    series = [*cohort_of(courses), *repeated]
    drug = Treatment(patient_id="R0", name="abatacept", start=courses.FIRST + dt.timedelta(60))
    treated, options = Courses((PatientCourse("R0", (drug,)),)), JudgeOptions(rules=RULES[:1])
    judged = judge_cohort(series, treated, options=options)
    precision = own_precision(series)
    assert judged.precision == precision
    assert precision.repeats
    assert judged.judgements == tuple(judge(s, treated.of(s.key.patient_id), precision=precision, options=options) for s in series)
    assert judged.points == cohort_points(series, treated, precision=precision, rule=judged.rule)
    assert {p.group for p in judged.points} == {"all", "abatacept"}
    assert judged.courses == treated
    assert judge_cohort(series, treated, options=options) == judged


def test_no_timelines_are_an_empty_judgement() -> None:
    """Nothing is judged, and nothing is made up."""
    assert judge_cohort([]) == JudgedCohort()
