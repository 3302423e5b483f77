from __future__ import annotations

from dataclasses import replace

import pytest

from calcitrack.validation import Figure, Scores, TargetStatus, lines, score


def with_figures(**figures: Figure) -> Scores:
    """Empty scores with some figures set."""
    return replace(score([]), **figures)


@pytest.mark.parametrize(
    ("name", "field", "value", "verdict"),
    [
        ("sensitivity, soft tissue", "sensitivity_soft", 0.97, TargetStatus.AIM),
        ("sensitivity, soft tissue", "sensitivity_soft", 0.90, TargetStatus.ENOUGH),
        ("sensitivity, soft tissue", "sensitivity_soft", 0.89, TargetStatus.SHORT),
        ("false deposits a film", "false_per_film", 0.2, TargetStatus.AIM),
        ("false deposits a film", "false_per_film", 1.1, TargetStatus.SHORT),
        ("area bias, median", "area_bias", -0.02, TargetStatus.AIM),
        ("area bias, median", "area_bias", 0.1, TargetStatus.ENOUGH),
        ("area bias, median", "area_bias", -0.11, TargetStatus.SHORT),
        ("95 % interval, mass, soft tissue", "coverage_mass", 0.95, TargetStatus.AIM),
        ("95 % interval, mass, soft tissue", "coverage_mass", 0.99, TargetStatus.SHORT),
        ("95 % interval, volume", "coverage_volume", 0.89, TargetStatus.SHORT),
        ("calibration error, confidence", "confidence_error", 0.10, TargetStatus.AIM),
        ("calibration error, confidence", "confidence_error", 0.11, TargetStatus.SHORT),
        ("link accuracy over visits", "link_accuracy", 0.5, TargetStatus.OPEN),
    ],
)
def test_verdicts_include_the_limits(name: str, field: str, value: float, verdict: TargetStatus) -> None:
    """A figure on its limit reaches it; a coverage too high is as wrong as one too low; no target, no verdict."""
    (line,) = [entry for entry in lines(with_figures(**{field: Figure(value, 5)})) if entry.name == name]
    assert line.figure == Figure(value, 5)
    assert line.verdict is verdict


def test_no_case_has_no_verdict() -> None:
    """Nothing measured is neither good nor bad."""
    assert {line.verdict for line in lines(score([]))} == {TargetStatus.OPEN}


def test_targets_read_as_they_are_meant() -> None:
    """Open ends, symmetric limits and closed ranges as people write them."""
    said = {line.name: str(line.target.at_least) for line in lines(score([])) if line.target}
    assert said["sensitivity, soft tissue"] == "≥ 0.90"
    assert said["false deposits a film"] == "≤ 1.00"
    assert said["area bias, median"] == "±0.10"
    assert said["95 % interval, area"] == "0.90-0.98"


def test_figures_are_written_with_their_sign_and_gaps_as_dashes() -> None:
    """A bias shows its sign, a share does not, no case is a dash."""
    said = {line.name: line.text for line in lines(with_figures(area_bias=Figure(0.0412, 3), dice_soft=Figure(0.5, 2)))}
    assert said["area bias, median"] == "+0.041"
    assert said["Dice, soft tissue, median"] == "0.500"
    assert said["link accuracy over visits"] == "-"
