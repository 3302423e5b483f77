from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import replace
from types import ModuleType

import pytest

from calcitrack.change.judge import judge
from calcitrack.figures import judgement_sentences
from calcitrack.model.course import PatientCourse, Treatment

DAYS = [150 * k for k in range(9)]


def test_growth_is_told_with_its_probability(courses: ModuleType) -> None:
    """Verdict, probability, burden, rate with interval, visits, and what it rests on."""
    judgement = judge(courses.timeline(courses.series(DAYS, courses.exponential(DAYS, 0.4))), precision=courses.precision())
    first, last = judgement_sentences(judgement)
    assert first.startswith("Verdict: growing, probability > 0.99 (deposit area; +49 % a year, 95 % interval +40 % to +59 %; +183 mm² a year,")
    assert first.endswith("; 9 visits).")
    assert last == "Rests on repeatability from own repeat exposures; before it is believed, look at the overlays."


def test_halted_names_treatment_margin_and_what_was_before(courses: ModuleType) -> None:
    """The sentence is about the time since the drug; the next one about the time before and whether it is slower since."""
    values = [*courses.exponential(DAYS[:5], 0.6), *[courses.exponential([600], 0.6)[0]] * 4]
    course = PatientCourse("P1", (Treatment(patient_id="P1", name="abatacept", start=dt.date(2021, 8, 23)),))
    said = judgement_sentences(judge(courses.timeline(courses.series(DAYS, values)), course, precision=courses.precision(0.04)))
    assert said[0].startswith("Since abatacept (2021-08-23): halted to within 25 % a year (67 mm² a year), probability ")
    assert said[0].endswith("; 4 visits since then).")
    assert said[1].startswith("Before: +")
    assert said[1].endswith("Slower since with probability > 0.99.")


def test_an_undetermined_course_says_how_likely_each_is(courses: ModuleType) -> None:
    """Three noisy visits: the three cases, whose probabilities sum to one, and how many more visits it takes; nothing pretends to know."""
    judgement = judge(courses.timeline(courses.series([0, 100, 200], [100, 130, 90])), precision=courses.precision(0.2))
    said, plan, *_ = judgement_sentences(judgement)
    assert said.startswith("Verdict: undetermined, the visits do not suffice (rate above +25 % a year: probability 0.")
    found = re.search(r"probability (0\.\d\d), from .20 % to \+25 %: (0\.\d\d), below .20 %: (0\.\d\d)\)", said)
    assert sum(round(100 * float(p)) for p in found.groups()) == 100
    assert re.fullmatch(r"About \d+ more visits, the last on \d{4}-\d\d-\d\d, would settle it four times of five, if .*", plan)


def test_a_bend_that_the_visits_show_is_told(courses: ModuleType) -> None:
    """A rise and a fall: since when, in which direction, and what was before."""
    values = [100 * 2 ** (1 - abs(k - 4) / 4) for k in range(9)]
    said = judgement_sentences(judge(courses.timeline(courses.series(DAYS, values)), precision=courses.precision(0.05)))
    assert said[0].startswith("Since 2021-08-23, where the visits show a bend: shrinking, probability > 0.99 (deposit area; \N{MINUS SIGN}34 %")
    assert said[1].startswith("Before: +52 % a year")


def test_visits_that_follow_no_line_are_said_to(courses: ModuleType) -> None:
    """Nothing is called halted where the visits swing."""
    values = [100 * math.exp(0.15 * (-1) ** k) for k in range(9)]
    said = judgement_sentences(judge(courses.timeline(courses.series(DAYS, values)), precision=courses.precision(0.03)))
    assert said[0].startswith("Verdict: undetermined, the visits do not follow a line (")
    assert said[1].startswith("The visits do not follow one straight line (probability of such scatter")


def test_a_visit_that_does_not_fit_and_a_zero_are_told(courses: ModuleType) -> None:
    """The reader is sent to the overlay of the visit, and told how a zero was taken."""
    values = courses.exponential(DAYS, 0.4)
    judgement = judge(courses.timeline(courses.series(DAYS, [*values[:4], 0.15 * values[4], *values[5:]])), precision=courses.precision())
    assert "Visit 5 does not fit the others: look at its overlay." in judgement_sentences(judgement)
    zero = judge(courses.timeline(courses.series(DAYS, [*values[:8], 0])), precision=courses.precision())
    assert any(s.startswith("Nothing was found at 2023-04-15: taken as") for s in judgement_sentences(zero))


def test_without_a_trend_the_reason_is_the_sentence(made: ModuleType) -> None:
    """Two visits are no trend."""
    judgement = judge(made.assessment(visits=2))
    assert judgement_sentences(judgement) == ("Verdict: undetermined. No trend of the hydroxyapatite mass: a trend needs 3 time points; found 2.",)


@pytest.mark.parametrize(("p", "shown"), [(0.999, "> 0.99"), (0.97, "0.97"), (0.001, "< 0.01")])
def test_no_probability_is_a_certainty(courses: ModuleType, p: float, shown: str) -> None:
    """Two digits, and never 1.00 or 0.00."""
    judgement = judge(courses.timeline(courses.series(DAYS, courses.exponential(DAYS, 0.4))), precision=courses.precision())
    forced = replace(judgement, headline=replace(judgement.headline, probability=p))
    assert f"probability {shown} (" in judgement_sentences(forced)[0]
