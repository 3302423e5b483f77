"""The change in words, as a picture's title and the command line tell it."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from calcitrack.change.judge import judge
from calcitrack.figures import change_sentences, timeline_figure
from calcitrack.model.judgement import Estimate, JudgedChange, Judgement, SdcSource, Verdict
from calcitrack.tables import changes_table

DAYS = [150 * k for k in range(9)]


def judged(courses: ModuleType, values: list[float], scatter: float = 0.05) -> Judgement:
    """The judgement of a total area at half-yearly visits."""
    return judge(courses.timeline(courses.series(DAYS[: len(values)], values)), precision=courses.precision(scatter))


def with_last(judgement: Judgement, change: JudgedChange) -> Judgement:
    """The judgement with another last change."""
    return replace(judgement, changes=(*judgement.changes[:-2], change, judgement.changes[-1]))


def test_the_sentence_names_what_changed_by_how_much_and_its_95_percent_interval(courses: ModuleType) -> None:
    """Visits, days, measurand, both values, difference and ratio, each with its interval, and a minus that is one."""
    judgement = judged(courses, [100.0, 90.0, 66.7])
    change = replace(
        judgement.changes[-2],
        absolute=Estimate(-33.3, -45.0, -21.0),
        relative=Estimate(-0.333, -0.41, -0.24),
        sdc=(-0.13, 0.15),
        sdc_source=SdcSource.PHANTOM_PROFILE,
    )
    said = change_sentences(with_last(judgement, change))
    minus = "\N{MINUS SIGN}"
    in_mm2 = f"change {minus}33.3 mm², 95 % interval {minus}45 to {minus}21 mm²"
    detectable = f"(smallest detectable change: {minus}13 % to +15 %, from simulated films)"
    open_question = "how fast it goes down is another question, which the verdict leaves open"
    assert said == (
        f"Visit 1 to 3 in 300 days: deposit area 100 → 66.7 mm², {in_mm2} ({minus}33 %, {minus}41 % to {minus}24 %).",
        f"The interval leaves out zero: it is less than at visit 1, surely {detectable}; {open_question}.",
    )


def test_a_change_beyond_the_detectable_one_is_so_in_the_digits_that_are_printed(courses: ModuleType) -> None:
    """+15 % would not be beyond +15 %."""
    judgement = judged(courses, [100.0, 100.0, 115.3])
    change = replace(
        judgement.changes[-2], relative=Estimate(0.1531, 0.02, 0.28), sdc=(-0.13, 0.1529), sdc_source=SdcSource.PHANTOM_PROFILE, exceeds_sdc=True
    )
    said = " ".join(change_sentences(with_last(judgement, change)))
    assert "(+15.31 %, " in said
    assert "to +15.29 %, from simulated films" in said


@pytest.mark.parametrize("last", [60.0, 95.0, 100.0, 104.0, 180.0])
def test_what_is_printed_is_what_the_table_holds(courses: ModuleType, last: float) -> None:
    """Law: the printed interval and the statement about it are those of changes.csv, and they leave out no change together."""
    judgement = judged(courses, [100.0, 101.0, last])
    row = changes_table([judgement]).iloc[-2]
    said = " ".join(change_sentences(judgement))
    assert f"{row.absolute_low:.3g} to".replace("-", "\N{MINUS SIGN}") in said
    excluded = row.absolute_low > 0 or row.absolute_high < 0
    assert excluded == (row.relative_low > 0 or row.relative_high < 0) == (row.exceeds_sdc == "yes") == ("leaves out zero" in said)
    assert row.absolute_sd == pytest.approx((row.absolute_high - row.absolute_low) / 3.92)


def test_a_sure_trend_over_an_unsure_change_does_not_contradict_it(courses: ModuleType) -> None:
    """Nine visits show a growth that the first and the last alone do not: the sentence says what each rests on."""
    growing = judged(courses, courses.exponential(DAYS, 0.12), 0.12)
    change = next(c for c in growing.changes if c.to_time_point == 9 and c.since == "baseline")
    assert (growing.headline.verdict, change.exceeds_sdc) == (Verdict.PROGRESSING, True)
    unsure = replace(change, exceeds_sdc=False, absolute=Estimate(48.0, -3.0, 99.0))
    said = change_sentences(replace(growing, changes=tuple(unsure if c == change else c for c in growing.changes)))
    assert said[1].startswith("The interval holds zero: these two visits alone do not show a change (")
    assert said[1].endswith("; the verdict rests on 9 visits.")
    still = judged(courses, [100.0, 99.0, 101.0])
    assert change_sentences(still)[1].startswith("The interval holds zero: these two visits do not show a change (")


def test_what_cannot_be_compared_says_why(courses: ModuleType) -> None:
    """Unlike millimetres, one visit, and no burden at all."""
    judgement = judged(courses, [100.0, 101.0, 102.0])
    bare = replace(judgement.changes[-2], absolute=None, relative=None, sdc=None, exceeds_sdc=None, reason="millimetres of different bases")
    assert change_sentences(with_last(judgement, bare))[-1] == "Visit 3 is not compared with visit 1: millimetres of different bases."
    alone = replace(judgement, changes=(bare,))
    assert change_sentences(alone) == ("No change can be given: millimetres of different bases.",)
    assert change_sentences(judged(courses, [100.0])) == ("One time point: there is no change to report yet.",)
    assert change_sentences(judge(courses.timeline(courses.series([], [])))) == ("No change can be given: no time point has a burden.",)


def test_the_longest_sentences_fit_the_picture(made: ModuleType) -> None:
    """The title ends within the figure, and holds the change."""
    assessment = made.assessment()
    figure = timeline_figure(assessment, judge(assessment))
    figure.draw_without_rendering()
    width = figure.canvas.get_width_height()[0]
    assert len([x for x in figure.texts if x.get_text().startswith("Visit 1 to 3 in 438 days")]) == 1
    assert all(x.get_window_extent().x1 <= width for x in figure.texts)
