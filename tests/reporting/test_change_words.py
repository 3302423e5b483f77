"""The change in words, as a picture's title and the command line tell it."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from calcitrack.figures import change_sentence, timeline_figure, verdict_sentence
from calcitrack.model.assessment import Assessment, Change
from calcitrack.model.measurement import Measurement


def with_change(assessment: Assessment, measurand: str, absolute: float, sd: float | None) -> Assessment:
    """The assessment with another change from first to last."""
    *others, last = assessment.time_points
    old = last.from_baseline[measurand].absolute
    changed = {**last.from_baseline, measurand: Change(Measurement(old.measurand, absolute, sd), absolute / 4.5, 438)}
    return replace(assessment, time_points=(*others, replace(last, from_baseline=changed)))


@pytest.mark.parametrize(("absolute", "words"), [(0.60, "Beyond"), (-0.60, "Beyond"), (0.58, "Within"), (-0.58, "Within"), (0.0, "Within")])
def test_a_change_is_beyond_when_it_is_more_than_196_standard_uncertainties(made: ModuleType, absolute: float, words: str) -> None:
    """With 0.3 mg of the difference the bound is 0.588 mg, for growth and shrinkage alike."""
    sentence = verdict_sentence(with_change(made.assessment(), "ha_mass_mg", absolute, 0.3))
    assert sentence.startswith(f"{words} the stated uncertainty (± 0.588 mg at 95 %)")


def test_beyond_says_what_is_not_covered_and_within_claims_nothing(made: ModuleType) -> None:
    """Neither is a verdict on the disease."""
    assert "does not cover deposits missed, joined or falsely found" in verdict_sentence(with_change(made.assessment(), "ha_mass_mg", 2.0, 0.3))
    assert verdict_sentence(made.assessment()).endswith("it may be no change at all.")


def test_without_an_uncertainty_there_is_no_verdict(made: ModuleType) -> None:
    """Of a change whose totals state none, it is said that noise cannot be told apart."""
    silent = with_change(made.assessment(mass=False), "area_mm2", 2.0, None)
    assert verdict_sentence(silent) == "No uncertainty is stated for it: whether this is more than noise cannot be said."


def test_the_sentence_names_what_changed_and_by_how_much(made: ModuleType) -> None:
    """Measurand, both values, the change with one standard uncertainty, and a minus that is one."""
    said = change_sentence(with_change(made.assessment(), "ha_mass_mg", -1.5, 0.3))
    assert said == "First to last in 438 days: hydroxyapatite mass 4.5 → 4.5 mg, change \N{MINUS SIGN}1.5 ± 0.3 mg (\N{MINUS SIGN}33 %)"


def test_visits_that_were_not_read_are_left_out(made: ModuleType) -> None:
    """A last visit without a readable image does not hide the change before it; nothing is judged where one or no visit was read."""
    whole = made.assessment()
    nothing = {"n_exposures": 0, "deposit_count": None, "totals": {}, "from_baseline": {}, "from_previous": {}, "fates": {}}
    first, second, third = whole.time_points
    lost = replace(whole, time_points=(first, second, replace(third, **nothing)))
    assert change_sentence(lost).startswith("First to last readable time point in ")
    assert verdict_sentence(lost) != ""
    alone = replace(whole, time_points=(first, replace(second, **nothing), replace(third, **nothing)))
    assert (change_sentence(alone), verdict_sentence(alone)) == ("One time point: there is no change to report yet.", "")
    none = replace(whole, time_points=tuple(replace(p, **nothing) for p in whole.time_points))
    assert (change_sentence(none), verdict_sentence(none)) == ("No time point could be read.", "")


def test_unlike_millimetres_have_no_verdict(made: ModuleType) -> None:
    """Without a difference there is a reason instead, and nothing to judge."""
    plain = made.assessment(mass=False)
    *others, last = plain.time_points
    refused = Change(made.missing("area_mm2", "millimetres of different bases"), None, 438)
    mixed = replace(plain, time_points=(*others, replace(last, from_baseline={**last.from_baseline, "area_mm2": refused})))
    assert change_sentence(mixed) == "No change can be given: millimetres of different bases"
    assert verdict_sentence(mixed) == ""


def test_the_longest_verdict_fits_the_picture(made: ModuleType) -> None:
    """The title ends within the figure."""
    figure = timeline_figure(with_change(made.assessment(), "ha_mass_mg", 1234.0, 56.7))
    figure.draw_without_rendering()
    width = figure.canvas.get_width_height()[0]
    said = [x for x in figure.texts if "1234" in x.get_text()]
    assert len(said) == 1
    assert all(x.get_window_extent().x1 <= width for x in figure.texts)
