"""What a film does not show, as the console says it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from rich.console import Console

from calcitrack import assess
from calcitrack.change import judge_cohort, series_of, summarise
from calcitrack.cli.measure import _line
from calcitrack.cli.summary import Summary, summary_json, summary_text
from calcitrack.errors import FilmRefusedError, SamePixelsError, UnsupportedImageError
from calcitrack.figures import timeline_figure
from calcitrack.io.cohort.joining import join_hints
from calcitrack.io.results.writer import Written
from calcitrack.model.alignment import Alignment
from calcitrack.model.assessment import Assessment, ImageAssessment, ImageFailure
from calcitrack.model.image import Acquisition
from calcitrack.model.measurement import NotMeasurable
from calcitrack.model.timeline import Exposure, Timeline, TimelineKey, TimePoint
from calcitrack.model.warp import Warp
from calcitrack.phantom.small import small_timeline
from calcitrack.reporting.placement_words import placement_sentences
from calcitrack.tables import timeline_table

FAILED = Alignment(((1, 0, 0), (0, 1, 0)), 9.0, ok=False, reason="another person, another view or another part")


def unaligned(made: ModuleType) -> Assessment:
    """The made assessment, whose second film could not be aligned."""
    assessment = made.assessment()
    images = (assessment.images[0], replace(assessment.images[1], alignment=FAILED), *assessment.images[2:])
    dates = {p.index: p.date for p in assessment.time_points}
    return replace(assessment, images=images, time_points=summarise(dates, images, assessment.tracks))


def text_of(summary: Summary, width: int = 80) -> str:
    """The summary on a terminal of this width."""
    return summary_text(summary, Console(width=width))


def summary_of(assessment: Assessment, **more: object) -> Summary:
    """The summary of a run with this timeline alone."""
    return Summary(Written(Path("R"), 4, 1, ()), (_line(assessment),), (), (), judged=judge_cohort([series_of(assessment)]), **more)  # type: ignore[arg-type]


def test_a_visit_that_cannot_be_compared_says_so_below_the_table(made: ModuleType) -> None:
    """A column counts what is not evaluable; the visit has no change and no counts, the reason stands below, and the verdict names it."""
    said = text_of(summary_of(unaligned(made)))
    rows = {line.split()[0]: line.split() for line in said.splitlines() if line.strip()[:2] == "20"}
    assert "evaluable" in said
    assert rows["2021-09-01"][-4:] == ["none*", "-", "-", "0"]
    words = " ".join(said.split())
    assert "* 2021-09-01: visit 2 is not evaluable: it could not be aligned with the others (see Needs your attention)" in words
    assert words.count(FAILED.reason) == 1, "why it lies on no other film is told once, with its file and what to do"
    assert f"is not compared with the other films: {FAILED.reason}; look whether both show the same side of one person" in words
    assert "Visit 2 is not compared" not in words
    assert max(len(line) for line in said.splitlines()) <= 80


def test_tables_and_pictures_say_the_same(made: ModuleType) -> None:
    """Nothing of the visit is evaluable in the table; in the picture its total is a grey diamond that no line joins."""
    assessment = unaligned(made)
    row = timeline_table([assessment]).iloc[1]
    assert (row.evaluable_fraction, row.not_compared[:24]) == (0.0, "visit 2 is not evaluable")
    assert row[["area_change_from_baseline_mm2", "ha_mass_relative_change_from_baseline", "compared_fraction_from_baseline"]].isna().all()
    axes = next(a for a in timeline_figure(assessment).axes if a.get_label() == "burden")
    marks = [line.get_gid() for line in axes.get_lines()]
    assert (marks.count("partly shown"), marks.count("joined")) == (1, 0)


def test_a_copy_is_skipped_and_told(made: ModuleType) -> None:
    """It is no failure: the exit code stays, the file is skipped, and the console names the film that it repeats."""
    assessment = made.assessment()
    copy = Exposure(made.acquisition("P1", 3, 2), load=None, source="P1/copy.dcm")
    error = SamePixelsError("P1/copy.dcm", "the pixels of P1/a.dcm", "a film of its own", "it is a copy under another name, and counts once")
    summary = summary_of(replace(assessment, failures=(ImageFailure(copy, 3, 2, error),)))
    words = " ".join(text_of(summary).split())
    assert "P1/copy.dcm: found the pixels of P1/a.dcm; it is a copy under another name, and counts once" in words
    assert "1 file skipped, 0 failed" in words
    assert json.loads(summary_json(summary))["exit_code"] == 0


def test_a_hint_shows_the_lines_of_the_manifest(made: ModuleType) -> None:
    """The sentence and the lines stand at the end, ready to be copied."""
    timelines = []
    for patient in ("P-001", "p001"):
        exposure = Exposure(Acquisition(patient_id=patient), load=None, source=f"films/{patient}.dcm")
        timelines.append(Timeline(TimelineKey(patient, "HAND", "L", "PA", "DX"), (TimePoint(1, dt.date(2021, 3, 8), (exposure,)),)))
    said = text_of(summary_of(made.assessment(), hints=join_hints(timelines)), width=200)
    assert "    path,patient_id\n    p001.dcm,P-001\n" in said


def test_a_visit_without_its_film_needs_attention(made: ModuleType) -> None:
    """Whatever the reason; films that were refused by what they show come first."""
    assessment = made.assessment()
    film = Exposure(made.acquisition("P1", 3, 2), load=None, source="P1/visit3.png")
    colour = UnsupportedImageError("P1/visit3.png", "a colour picture", "grey, or colour with equal channels", "save it as grey")
    negative = FilmRefusedError("P1/visit3.png", "that the picture is a negative", "a radiograph", "export it again")
    failures = tuple(ImageFailure(film, 3, repeat, error) for repeat, error in enumerate((colour, negative)))
    attention = json.loads(summary_json(summary_of(replace(assessment, failures=failures))))["attention"]
    expected = ["not measured: found that the picture is a negative; export it again", "not measured: found a colour picture; save it as grey"]
    assert [a["said"] for a in attention] == expected


def test_a_visit_without_a_mass_is_named_where_others_have_one() -> None:
    """Its day stands in the sentence; where no visit has a mass, the reason alone is enough."""
    assessment = assess(small_timeline((2.0, 2.2, 2.5)))
    lacking = [
        replace(p, totals={**p.totals, "ha_mass_mg": NotMeasurable(p.totals["ha_mass_mg"].measurand, "no tube voltage")})
        for p in assessment.time_points
    ]
    first, second, third = assessment.time_points
    for points, told in (
        ((first, lacking[1], third), f"HA mass is not measurable on {second.date}: no tube voltage"),
        ((first, *lacking[1:]), f"HA mass is not measurable on {second.date}, {third.date}: no tube voltage"),
        (tuple(lacking), "HA mass is not measurable: no tube voltage"),
    ):
        said = " ".join(text_of(summary_of(replace(assessment, time_points=points)), width=200).split())
        assert said.count("HA mass is not measurable") == 1
        assert told in said
    assert "not measurable" not in text_of(summary_of(assessment))


@pytest.mark.parametrize("whose", [0, 1], ids=["the first is cropped", "the second is cropped"])
def test_the_film_that_is_cropped_is_named_and_no_other(made: ModuleType, whose: int) -> None:
    """The one whose picture ends before a deposit that the other one shows whole; of two that end alike, none."""
    assessment = made.assessment()
    images = [_ending_at(image, 25) if k == whose else image for k, image in enumerate(assessment.images)]
    said = placement_sentences(_with(assessment, images))
    assert [bool(words) for words in said] == [k == whose for k in range(len(images))]
    assert "its picture ends before them" in said[whose][0]
    alike = placement_sentences(_with(assessment, [_ending_at(image, 25) for image in images]))
    assert set(alike) == {()}


def test_a_film_that_does_not_lie_on_another_is_not_called_cropped(made: ModuleType) -> None:
    """Where a bone was not found again, nothing says that the picture is at fault."""
    assessment = made.assessment()
    nowhere = Alignment(((1, 0, 0), (0, 1, 0)), 0.1, warp=Warp((8.0, 8.0), np.zeros((16, 12, 2), np.float32), np.zeros((16, 12), bool)))
    images = (assessment.images[0], replace(assessment.images[1], alignment=nowhere, deposits=()), *assessment.images[2:])
    partly = _with(assessment, images)
    assert any((p.evaluable_fraction or 0) < 1 for p in partly.time_points)
    assert set(placement_sentences(partly)) == {()}


def test_a_refusal_is_told_once(made: ModuleType) -> None:
    """Under the heading at the end, with what to do; the list of failed files points there."""
    assessment = made.assessment()
    film = Exposure(made.acquisition("P1", 3, 2), load=None, source="P1/visit3.dcm")
    negative = FilmRefusedError("P1/visit3.dcm", "that the picture is a negative", "a radiograph", "export it again")
    said = " ".join(text_of(summary_of(replace(assessment, failures=(ImageFailure(film, 3, 2, negative),))), 200).split())
    assert said.count("that the picture is a negative") == 1
    assert "1 failed failed 1: see Needs your attention" in said


def _ending_at(image: ImageAssessment, rows: int) -> ImageAssessment:
    """The image without what lies below this row."""
    old = image.segmentation
    labels = old.labels[:rows]
    kept = tuple(d for d in image.deposits if (labels == d.deposit.label).any())
    return replace(image, segmentation=replace(old, labels=labels, limb=old.limb[:rows], bone=old.bone[:rows]), deposits=kept)


def _with(assessment: Assessment, images: Sequence[ImageAssessment]) -> Assessment:
    dates = {p.index: p.date for p in assessment.time_points}
    return replace(assessment, images=tuple(images), time_points=summarise(dates, tuple(images), assessment.tracks))
