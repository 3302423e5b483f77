"""What a reader states about films: kept, undone, measured anew, and the same in the batch."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from calcitrack import AssessOptions, SegmentOptions, assess_cohort, read_cohort
from calcitrack.batch import StoppedError, iter_assessments, keep_in
from calcitrack.errors import InvalidValueError
from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.model.corrections import NO_CORRECTION, FilmCorrection, KnownLength
from calcitrack.review.film_corrections import Tool, cleared, drawings, drawn, told, unmeasured, with_date, with_side, with_view
from calcitrack.review.remeasure import measure_again
from calcitrack.segment import Method

TRANSPARENT = AssessOptions(segment=SegmentOptions(method=Method.TRANSPARENT, min_confidence=0.3))
"""As the films were measured."""
LAST = "2.25.774"
"""The repeat exposure at the last visit."""
TRIANGLE = ((5.0, 5.0), (5.0, 30.0), (30.0, 5.0))


def again(folder: Path, assessment: Assessment, image: str = LAST) -> str:
    """Measure anew with what is stated now."""
    return measure_again(folder, assessment.assessment_id, image, lambda *_: None, lambda: False)


def test_drawings_become_statements_and_come_back() -> None:
    """Law: each tool's drawing is shown where it was drawn, and taking it back leaves nothing."""
    told_of, steps = NO_CORRECTION, []
    for tool, points in ((Tool.LENGTH, TRIANGLE[:2]), (Tool.WEDGE, TRIANGLE), (Tool.CROP, TRIANGLE), (Tool.REGION, TRIANGLE)):
        told_of, words = drawn(told_of, tool, points, 12.5)
        steps.append(words)
    assert steps == ["draw a length of 12.5 mm", "mark the step wedge", "crop the film", "exclude region 1"]
    shown = {d.tool: d.points for d in drawings(told_of)}
    assert shown[Tool.LENGTH] == TRIANGLE[:2]
    assert shown[Tool.REGION] == TRIANGLE
    assert told_of.crop == told_of.wedge_box == (5, 30, 5, 30)
    for tool in Tool:
        told_of, _ = cleared(told_of, tool)
    assert told_of == NO_CORRECTION


def test_side_view_and_date_are_left_to_the_file_again() -> None:
    """An empty one states nothing; what is no date is said."""
    stated = with_date(with_view(with_side(NO_CORRECTION, "R")[0], "lat")[0], "2024-05-31")[0]
    assert stated == FilmCorrection(laterality="R", view="LAT", date=dt.date(2024, 5, 31))
    assert with_date(with_view(with_side(stated, "")[0], " ")[0], "")[0] == NO_CORRECTION
    with pytest.raises(InvalidValueError, match="found '31/5/24'; expected a date like 2024-05-31"):
        with_date(stated, "31/5/24")


def test_the_batch_measures_the_same_with_the_same_statements(films: Path, folder: Path, assessment: Assessment) -> None:
    """Parity: one id and the same totals, whether stated in the viewer, in a mapping, or taken from the workspace by a later run."""
    region = tuple((r + dr, c + dc) for (r, c) in [_place(assessment, 3, "D003")] for dr, dc in ((-15, -15), (-15, 15), (15, 15), (15, -15)))
    stated = FilmCorrection(excluded=(region,), length=KnownLength((0, 0), (400, 0), 120))
    with Workspace.open(folder) as workspace:
        workspace.correct(LAST, stated, "exclude a region", reader="anna")
        assert unmeasured(workspace, assessment) == (3,)
    made = again(folder, assessment)
    (batch,) = assess_cohort(films, options=TRANSPARENT, corrections={LAST: stated}).assessments
    assert made == batch.assessment_id != assessment.assessment_id
    with Workspace.open(folder) as workspace:
        viewed = workspace.assessment(made)
        assert [i.totals for i in viewed.images] == [i.totals for i in batch.images]
        assert "D003" not in {d.deposit_id for d in viewed.images[3].deposits}
        assert viewed.images[3].exposure.correction == stated
        assert viewed.images[3].exposure.load().spacing == viewed.images[3].spacing == batch.images[3].spacing
        assert unmeasured(workspace, viewed) == ()
        assert "tier" in told(stated, viewed.images[3])[Tool.WEDGE]
        cohort = read_cohort(films, recorded=workspace.corrections())
        kept = keep_in(workspace, cohort, options=TRANSPARENT)
        assert kept.on_record == len(cohort.timelines) == 1
        assert [o.assessment_id for o in iter_assessments(cohort, options=TRANSPARENT, kept=kept)] == [made]
        workspace.correct_again(LAST, "undo", reader="ben")
    assert again(folder, viewed) == assessment.assessment_id


def test_a_side_and_a_date_change_the_timelines(folder: Path, assessment: Assessment) -> None:
    """A film of the other limb goes to a timeline of its own; one of another day becomes a visit of its own; undone, all is as before."""
    with Workspace.open(folder) as workspace:
        workspace.correct(LAST, FilmCorrection(laterality="R"), "state side R", reader="anna")
    moved = again(folder, assessment)
    with Workspace.open(folder) as workspace:
        sides = {r.key.laterality: workspace.assessment(r.assessment_id) for r in workspace.assessments()}
        assert {side: len(a.images) for side, a in sides.items()} == {"L": 3, "R": 1}
        assert sides["R"].assessment_id == moved
        workspace.correct(LAST, FilmCorrection(date=dt.date(2023, 1, 2)), "state date", reader="anna")
    later = again(folder, sides["R"])
    with Workspace.open(folder) as workspace:
        (one,) = workspace.assessments()
        assert one.assessment_id == later
        assert workspace.assessment(later).time_points[-1].date == dt.date(2023, 1, 2)
        assert [p.index for p in workspace.assessment(later).time_points] == [1, 2, 3, 4]


def test_what_does_not_fit_is_said_and_can_be_undone(folder: Path, assessment: Assessment) -> None:
    """A length that no film has: the reason and what to do; stopping leaves all as it was."""
    with Workspace.open(folder) as workspace:
        workspace.correct(LAST, FilmCorrection(length=KnownLength((0, 0), (20, 0), 900)), "draw a length", reader="anna")
    with pytest.raises(InvalidValueError, match=r"cannot be 900 mm long.*undo it"):
        again(folder, assessment)
    with pytest.raises(StoppedError):
        measure_again(folder, assessment.assessment_id, LAST, lambda *_: None, lambda: True)


def test_a_film_that_was_measured_with_a_manifest_is_left_to_the_batch(folder: Path, films: Path, tmp_path: Path) -> None:
    """The file tells another side than the manifest did: it is said, and nothing is measured against the manifest."""
    (tmp_path / "manifest.csv").write_text("path,laterality\n" + "".join(f"film{k}.dcm,R\n" for k in range(4)))
    for k in range(4):
        (tmp_path / f"film{k}.dcm").write_bytes((films / f"film{k}.dcm").read_bytes())
    (made,) = assess_cohort(tmp_path, manifest=tmp_path / "manifest.csv", options=TRANSPARENT, workspace=tmp_path / "W").assessments
    assert folder
    with pytest.raises(InvalidValueError, match="perhaps with a manifest or pseudonyms; what you stated is kept"):
        again(tmp_path / "W", made)


def _place(assessment: Assessment, k: int, deposit_id: str) -> tuple[float, float]:
    return next(d.deposit.centroid for d in assessment.images[k].deposits if d.deposit_id == deposit_id)
