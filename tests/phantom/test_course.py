"""Planned courses: rates, treatments with a lag, laboratory values, and deposits that follow."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from calcitrack.errors import InvalidValueError
from calcitrack.model.course import LabFlag, PatientCourse
from calcitrack.phantom.course import DAYS_A_YEAR, CoursePlan, DiseaseCourse, Therapy, draw_plan
from calcitrack.phantom.growth import course_factors, follow, volume_factors
from calcitrack.phantom.neighbours import Shadow, touching
from calcitrack.phantom.planned_patient import planned_person
from calcitrack.phantom.population import Exposures, Population
from calcitrack.phantom.simulate import simulate
from calcitrack.phantom.specs import Course, PatientSpec, Style

FIRST = dt.date(2021, 1, 1)


def days(*numbers: int) -> tuple[dt.date, ...]:
    """Dates so many days after the first visit."""
    return tuple(FIRST + dt.timedelta(days=n) for n in numbers)


def drug(start: int, rate: float | None, lag: int = 0) -> Therapy:
    """A drug that goes on."""
    return Therapy(name="d", start=days(start)[0], doses=((None, 1.0),), unit="mg/d", route="oral", rate_a_year=rate, lag_days=lag)


def test_volumes_follow_the_rates_and_the_lag() -> None:
    """Growth of 0.5 a year to 60 days after the first drug, then none, then a fall of 1 a year from the second drug on: by arithmetic."""
    plan = CoursePlan(dates=days(0, 100, 400, 900), rate_a_year=0.5, therapies=(drug(500, -1.0), drug(140, 0.0, lag=60), drug(120, None)))
    expected = np.array([0.0, 0.5 * 100, 0.5 * 200, 0.5 * 200 - 1.0 * 400]) / DAYS_A_YEAR
    assert plan.log_volumes() == pytest.approx(expected)


def test_a_drug_begun_before_the_first_visit_holds_from_it_on() -> None:
    """What came before the first visit is not growth since it."""
    plan = CoursePlan(dates=days(0, 100), rate_a_year=5.0, therapies=(drug(-90, -0.2, lag=30),))
    assert plan.log_volumes() == pytest.approx([0.0, -0.2 * 100 / DAYS_A_YEAR])


def test_a_tapered_drug_is_one_period_of_rows_that_join() -> None:
    """Each dose ends on the day before the next begins, the last goes on, and all are one start."""
    steroid = Therapy(name="prednisolone", start=FIRST, doses=((30, 20.0), (60, 10.0), (None, 5.0)), unit="mg/d", route="oral")
    rows = steroid.rows("P")
    assert [(r.start, r.stop, r.dose) for r in rows] == [(days(0)[0], days(29)[0], 20), (days(30)[0], days(89)[0], 10), (days(90)[0], None, 5)]
    assert [p.start for p in PatientCourse("P", rows).periods] == [FIRST]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda: CoursePlan(dates=days(0, 0), rate_a_year=0.0), "rising dates"),
        (lambda: CoursePlan(dates=(), rate_a_year=0.0), "found none"),
        (lambda: Therapy(name="d", start=FIRST, doses=((None, 2.0), (None, 1.0)), unit="", route=""), "only the last one may go on"),
        (lambda: drug(0, 0.0, lag=-1), "a lag is not negative; found -1"),
        (lambda: draw_plan(np.random.default_rng(0), DiseaseCourse.TREATED, 3), "at least 4 visits; found 3; ask for more visits"),
        (lambda: draw_plan(np.random.default_rng(0), DiseaseCourse.STABLE, 0), "at least 1 visit; found 0"),
    ],
)
def test_impossible_plans_are_refused(broken: object, said: str) -> None:
    """Dates that do not rise, endless doses before others, negative lags, too few visits."""
    with pytest.raises(InvalidValueError, match=said):
        broken()  # type: ignore[operator]


@pytest.mark.parametrize("course", list(DiseaseCourse))
def test_drawn_plans_are_irregular_and_go_their_way(course: DiseaseCourse) -> None:
    """Twenty plans of seven visits: 60 to 300 days apart and not alike; the burden goes where the name says at every visit."""
    for seed in range(20):
        plan = draw_plan(np.random.default_rng(seed), course, 7)
        apart = [(b - a).days for a, b in zip(plan.dates, plan.dates[1:], strict=False)]
        assert min(apart) >= 60
        assert max(apart) <= 300
        assert len(set(apart)) > 1
        steps = np.diff(plan.log_volumes())
        if course is DiseaseCourse.STABLE:
            assert not steps.any()
        elif course is DiseaseCourse.PROGRESSING:
            assert (steps > 0).all()
        elif course is DiseaseCourse.REGRESSING:
            assert (steps < 0).all()
        else:
            assert (steps[:2] > 0).all()
            assert (steps[-2:] < 0).all()
            assert plan.dates[2] < min(t.start for t in plan.therapies) < plan.dates[3]
            assert len({t.start for t in plan.therapies}) == 2


def test_enzymes_are_raised_until_treated_and_fall_then() -> None:
    """CK, LDH and aldolase lie above their limits at every untreated visit and within them at the end; without growth they never rise."""
    rng = np.random.default_rng(3)
    plan = draw_plan(rng, DiseaseCourse.TREATED, 7)
    start = min(t.start for t in plan.therapies)
    labs = plan.labs(rng, "P")
    assert len(labs) == 21
    assert all(r.flag is LabFlag.HIGH for r in labs if r.date <= start)
    assert all(r.flag is LabFlag.WITHIN for r in labs if r.date == plan.dates[-1])
    quiet = draw_plan(rng, DiseaseCourse.STABLE, 7)
    assert all(r.flag is LabFlag.WITHIN for r in quiet.labs(rng, "P"))


def test_volume_factors_are_against_the_largest() -> None:
    """The greatest is 1 where the deposit is there, zero where it is not, and none below the least."""
    logs = np.log([4.0, 8.0, 2.0, 0.001])
    assert volume_factors(logs) == pytest.approx((0.5, 1.0, 0.25, 0.000125))
    assert volume_factors(logs, np.array([True, False, True, True]), 0.1) == pytest.approx((1.0, 0.0, 0.5, 0.1))


@pytest.mark.parametrize(
    ("seed", "course", "factors"),
    [
        (0, Course.STABLE, (1.0, 1.0, 1.0, 1.0)),
        (1, Course.REGRESSING, (1.0, 0.5620173406943433, 0.31586349124114155, 0.17752075936977735)),
        (2, Course.GROWING, (0.45392320532439184, 0.5906382792045655, 0.7685299468495457, 1.0)),
        (4, Course.RESOLVED, (1.0, 0.374048207058586, 0.1399120612037428, 0.0)),
        (5, Course.NEW, (0.0, 0.5421240393514983, 0.7362907301816982, 1.0)),
    ],
)
def test_random_courses_stay_what_they_were(seed: int, course: Course, factors: tuple[float, ...]) -> None:
    """Training and pinned films depend on these draws: the values are those from before courses could be planned."""
    assert course_factors(np.random.default_rng(seed), 4) == (course, pytest.approx(factors, rel=1e-12))


def treated(seed: int) -> tuple[PatientSpec, CoursePlan]:
    """A person with a dozen deposits, or nearly, over seven visits."""
    rng = np.random.default_rng(seed)
    plan = draw_plan(rng, DiseaseCourse.TREATED, 7)
    patient, _ = planned_person(rng, plan, Population(burden="severe"), Exposures(style=Style.LIN))
    return patient, plan


def test_deposits_of_a_patient_go_the_same_way_each_at_its_own_rate() -> None:
    """Persistent deposits peak at the plan's visit, with different factors; one appears while the disease grows, one is gone after its peak."""
    patient, plan = treated(3)
    peak = int(np.argmax(plan.log_volumes()))
    kinds = [d.course for d in patient.deposits]
    assert (kinds.count(Course.NEW), kinds.count(Course.RESOLVED)) == (1, 1)
    lasting = [d for d in patient.deposits if min(d.volume_factors) > 0]
    assert all(int(np.argmax(d.volume_factors)) == peak and max(d.volume_factors) == 1 for d in lasting)
    assert len({d.volume_factors[0] for d in lasting}) > 3
    new, gone = (next(d for d in patient.deposits if d.course is c) for c in (Course.NEW, Course.RESOLVED))
    assert 1 <= next(k for k, f in enumerate(new.volume_factors) if f) <= peak < next(k for k, f in enumerate(gone.volume_factors) if not f)


def test_same_seed_same_person() -> None:
    """Plan, person and deposits are decided by the seed alone."""
    assert treated(4) == treated(4)
    assert treated(4) != treated(5)


def test_few_deposits_all_persist() -> None:
    """With three deposits none appears, resolves or gets a neighbour."""
    patient, plan = treated(3)
    few = PatientSpec(**{f: getattr(patient, f) for f in PatientSpec.__dataclass_fields__} | {"deposits": patient.deposits[:3]})
    followed = follow(np.random.default_rng(1), few, plan)
    assert len(followed.deposits) == 3
    assert all(min(d.volume_factors) > 0 for d in followed.deposits)


def test_neighbours_merge_as_they_grow() -> None:
    """A stone and its neighbour are apart on the first film of a progressing hand, and touch on the last."""
    rng = np.random.default_rng(5)
    plan = draw_plan(rng, DiseaseCourse.PROGRESSING, 4)
    exposures = Exposures(style=Style.LIN, pitch_mm=(0.25, 0.25), cut=0.0, distractors=0.0)
    patient, visits = planned_person(rng, plan, Population(burden="moderate", age_years=(5, 60)), exposures)
    new = patient.deposits[-1]
    mate = next(d for d in patient.deposits[:-1] if d.segment == new.segment and d.volume_factors == new.volume_factors)
    first, last = ({d.deposit_id: d.touches for d in simulate(patient, v).deposits} for v in (visits[0], visits[-1]))
    assert mate.deposit_id not in first[new.deposit_id]
    assert mate.deposit_id in last[new.deposit_id]
    assert new.deposit_id in last[mate.deposit_id]


def test_shadows_that_meet() -> None:
    """Overlapping, side by side and corner to corner touch; a pixel between does not."""
    full = np.ones((2, 2), bool)
    shadows = [Shadow(1, 0, 0, full), Shadow(2, 2, 2, full), Shadow(3, 5, 2, full), Shadow(4, 3, 4, full), Shadow(5, 3, 3, full)]
    assert touching(shadows) == {1: (2,), 2: (1, 4, 5), 3: (4, 5), 4: (2, 3, 5), 5: (2, 3, 4)}
