"""A wrong argument is refused by an error that says what to call instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import calcitrack
from calcitrack import (
    Cohort,
    Exposure,
    SegmentOptions,
    Timeline,
    TimelineKey,
    TimePoint,
    assess,
    assess_cohort,
    calibrate,
    combine_views,
    judge,
    judge_cohort,
    measure,
    read_cohort,
    read_radiograph,
    read_results,
    segment,
    write_results,
)
from calcitrack.errors import NotFoundError, ResultsError
from calcitrack.model.arguments import ARRAY, INSTEAD, PATH

Call = Callable[[Any], object]


@pytest.fixture
def wrong(made: ModuleType) -> dict[str, object]:
    """One of each kind of thing that a user may hand over by mistake."""
    radiograph = made.picture()
    exposure = Exposure.of(radiograph)
    timeline = Timeline(TimelineKey("P1"), (TimePoint(1, None, (exposure,)),))
    assessment = made.assessment()
    return {
        "path": "films",
        "Path": Path("films"),
        "array": np.zeros((4, 4)),
        "number": 3,
        "Radiograph": radiograph,
        "Exposure": exposure,
        "TimePoint": timeline.time_points[0],
        "Timeline": timeline,
        "Cohort": Cohort((timeline,), ()),
        "Assessment": assessment,
        "ImageAssessment": assessment.images[0],
        "CohortAssessment": made.cohort(),
        "SegmentOptions": SegmentOptions(),
    }


@pytest.mark.parametrize(
    ("call", "given", "message"),
    [
        (assess, "path", r"assess\(timeline\): found a path, 'films'; expected a Timeline; read it with `read_cohort` and call `assess` with each"),
        (assess, "Path", r"found a path, \w+Path\('films'\); expected a Timeline; .*or call `assess_cohort` with the path"),
        (assess, "Cohort", "found a Cohort; expected a Timeline; call `assess_cohort` with it, or `assess` with each of its `timelines`"),
        (assess, "Radiograph", r"found a Radiograph; expected a Timeline; put it into an `Exposure` \(`Exposure.of`\)"),
        (assess, "Exposure", "put it into a `TimePoint`, and that into a `Timeline`"),
        (assess, "TimePoint", "put it into a `Timeline`"),
        (assess, "Assessment", "found an Assessment; expected a Timeline; it is assessed already"),
        (assess, "number", "found an int; expected a Timeline; see the function's examples"),
        (assess_cohort, "Timeline", r"assess_cohort\(inputs\): found a Timeline; expected a path or a Cohort; .*call `assess` with it"),
        (assess_cohort, "CohortAssessment", "it is measured already; `to_dataframe` gives its tables"),
        (calibrate, "path", r"calibrate\(radiograph\): found a path, 'films'; expected a Radiograph; read it with `read_radiograph`"),
        (calibrate, "array", "found an array; expected a Radiograph; make a `Radiograph` of it"),
        (segment, "path", r"segment\(radiograph\): .*read it with `read_radiograph`"),
        (segment, "Exposure", r"call its `load\(\)`"),
        (segment, "TimePoint", r"call `load\(\)` of one of its `exposures`"),
        (segment, "Timeline", "call `assess` with it"),
        (segment, "Cohort", "call `assess_cohort` with it"),
        (judge, "Timeline", r"judge\(assessed\): found a Timeline; expected an Assessment or a TimelineSeries; call `assess` with it first"),
        (judge, "CohortAssessment", "use each of its `assessments`"),
        (judge, "path", "call `assess_cohort` with it, and use its `assessments`"),
        (judge_cohort, "Assessment", r"judge_cohort\(series\): found an Assessment; expected a TimelineSeries; call `series_of` with it first"),
        (judge_cohort, "CohortAssessment", "call `series_of` with each of its `assessments`"),
        (Exposure.of, "path", r"Exposure.of\(image\): found a path, 'films'; expected a Radiograph or a Volume; read it with `read_radiograph`"),
        (combine_views, "Assessment", r"combine_views\(assessments\): found one Assessment; expected several; put it into a list"),
        (combine_views, "CohortAssessment", "found a CohortAssessment; expected an Assessment; use each of its `assessments`"),
        (combine_views, "path", "found a path, 'films'; expected an Assessment"),
        (read_cohort, "Cohort", r"read_cohort\(inputs\): found a Cohort; expected a path; it is read already; call `assess_cohort` with it"),
        (read_radiograph, "Exposure", r"read_radiograph\(path\): found an Exposure; expected a path; call its `load\(\)`"),
        (read_results, "CohortAssessment", r"read_results\(folder\): found a CohortAssessment; expected a path; it is measured already"),
    ],
)
def test_a_wrong_argument_says_what_to_call(call: Call, given: str, wrong: dict[str, object], message: str) -> None:
    """Function and parameter, what was found, what is expected, what to do."""
    with pytest.raises(TypeError, match=message):
        call(wrong[given])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("array", "found an array; expected a Segmentation; make a `Segmentation` of it, with limb and bone"),
        ("ImageAssessment", "use its `segmentation`"),
        ("path", "call `segment`, or make a `Segmentation` of labels on the film's grid"),
    ],
)
def test_measure_takes_a_segmentation(wrong: dict[str, object], made: ModuleType, given: str, message: str) -> None:
    """Labels alone lack what they were told apart from."""
    with pytest.raises(TypeError, match=message):
        measure(made.picture(), wrong[given])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("Assessment", r"write_results\(cohort\): found an Assessment; expected a CohortAssessment; put it into a `CohortAssessment`"),
        ("Cohort", "call `assess_cohort` with it first"),
        ("Timeline", "call `assess` with it first, and put the answer into a `CohortAssessment`"),
        ("path", "expected a CohortAssessment; call `assess_cohort` with it first"),
    ],
)
def test_write_results_takes_what_was_measured(wrong: dict[str, object], tmp_path: Path, given: str, message: str) -> None:
    """Nothing is written."""
    with pytest.raises(TypeError, match=message):
        write_results(wrong[given], tmp_path / "results")  # type: ignore[arg-type]
    assert not (tmp_path / "results").exists()


def test_options_of_another_verb_are_refused(wrong: dict[str, Any]) -> None:
    """The error names the parameter and the options that belong there."""
    with pytest.raises(TypeError, match=r"assess\(options\): found a SegmentOptions; expected an AssessOptions"):
        assess(wrong["Timeline"], options=wrong["SegmentOptions"])
    with pytest.raises(TypeError, match=r"calibrate\(options\): found a SegmentOptions; expected a CalibrateOptions"):
        calibrate(wrong["Radiograph"], wrong["SegmentOptions"])
    with pytest.raises(TypeError, match=r"measure\(options\): found a SegmentOptions; expected a MeasureOptions"):
        measure(wrong["Radiograph"], wrong["ImageAssessment"].segmentation, wrong["SegmentOptions"])


def test_a_list_of_films_is_read_by_read_cohort() -> None:
    """`read_radiograph` reads one film; several are a cohort, each of which is a path."""
    with pytest.raises(TypeError, match="found a list; expected a path; call this once for each, or `read_cohort` with all"):
        read_radiograph(["a.dcm", "b.dcm"])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"read_cohort\(inputs\): found an int; expected a path"):
        read_cohort(["a.dcm", 3])  # type: ignore[list-item]


@pytest.mark.parametrize("call", [read_cohort, read_radiograph, assess_cohort])
def test_a_path_with_a_typing_error_is_named(call: Call, tmp_path: Path) -> None:
    """Nothing exists there, and that is what the error says."""
    with pytest.raises(NotFoundError, match=r"flims: found nothing that can be opened.*check"):
        call(tmp_path / "flims")


def test_results_that_are_not_there_are_named(tmp_path: Path) -> None:
    """The folder stands in the error."""
    with pytest.raises(ResultsError, match="flims"):
        read_results(tmp_path / "flims")


def test_every_class_and_function_that_the_advice_names_is_public() -> None:
    """The table of advice speaks of `calcitrack` as it is."""
    public = {*calcitrack.__all__, PATH, ARRAY, "ImageAssessment", "Judgement", "TimelineSeries", "list", "tuple"}
    assert {name for pair in INSTEAD for name in pair} <= public
    words = {word for advice in INSTEAD.values() for word in re.findall(r"`(\w+)`", advice)}
    fields = {"timelines", "exposures", "segmentation", "assessments", "images"}
    assert words - fields <= {*calcitrack.__all__}
