"""Possible deposits under review: first in the list, accepted or dismissed, and otherwise left alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from calcitrack import measure, read_results
from calcitrack.assess.blinding import blinded, emptied
from calcitrack.errors import InvalidValueError
from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.review import edit_outlines as outlines
from calcitrack.review.deposit_list import ReaderVerdict
from calcitrack.review.possible_outlines import broken_lines, possible_outlines
from calcitrack.review.publish import export, publish
from calcitrack.review.session import ReviewSession

FILM = 2
"""The film that shows two possible deposits."""


@pytest.fixture
def asked(reviews: ModuleType, assessment: Assessment) -> Assessment:
    """The drawn films with two possible deposits on one of them."""
    return reviews.with_possible(assessment)


@pytest.fixture
def opened(reviews: ModuleType, asked: Assessment, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace that holds them."""
    with Workspace.open(reviews.recorded(tmp_path / "asked", asked)) as workspace:
        yield workspace


@pytest.fixture
def review(opened: Workspace) -> ReviewSession:
    """Anna's review of them."""
    return ReviewSession.open(opened, "anna")


def everything(session: ReviewSession) -> tuple:
    """Outlines, rows and total areas of each film, to be compared."""
    films = range(len(session.state.images))
    rows = [[(r.deposit_id, r.label, r.fate, r.verdict, r.possible) for r in session.state.rows(k)] for k in films]
    return [session.state.labels(k).tobytes() for k in films], rows, [session.revision.totals(k)["area_mm2"] for k in films]


def test_possible_deposits_stand_first_and_are_to_be_decided(review: ReviewSession, session: ReviewSession) -> None:
    """With their area and confidence, without identity and fate; the other rows and all totals are those of a review without them."""
    first, second, *others = review.state.rows(FILM)
    assert [r.deposit_id for r in (first, second)] == ["P1", "P2"]
    assert all(r.possible and r.to_do and r.label is None and r.fate is None for r in (first, second))
    assert (first.confidence, first.value("area_px"), second.confidence) == (0.6, first.value("area_px"), 0.8)
    assert first.value("area_mm2").value == pytest.approx(144 * 0.0625)  # type: ignore[union-attr]
    assert tuple(others) == session.state.rows(FILM)
    assert not any(r.possible for k in (0, 1, 3) for r in review.state.rows(k))
    assert review.state.remaining(FILM) == session.state.remaining(FILM) + 2
    assert [review.revision.totals(k) for k in range(4)] == [session.revision.totals(k) for k in range(4)]
    assert review.revised() is review.assessment


def test_an_accepted_one_is_a_deposit_like_any_other(review: ReviewSession, opened: Workspace, asked: Assessment) -> None:
    """Its outline is the program's, it is measured, accepted and counted, and one undo makes it possible again; reopened, all is as it was."""
    before = everything(review)
    done = review.accept_possible(FILM, "P1")
    name = done.deposit_id
    assert name not in {t.deposit_id for t in asked.tracks}
    label = review.state.label_of(FILM, name)
    np.testing.assert_array_equal(review.state.labels(FILM) == label, asked.images[FILM].segmentation.possible == 1)
    assert review.state.verdict(name, FILM) is ReaderVerdict.ACCEPTED
    assert [r.deposit_id for r in review.state.rows(FILM) if r.possible] == ["P2"]
    after = everything(review)
    revised = review.revised().images[FILM]
    assert revised.segmentation.possible_values == (2,)
    found = next(d.deposit for d in revised.deposits if d.deposit_id == name)
    assert found == measure(review.state.film(FILM).radiograph, revised.segmentation, review.state.measure_options).deposits[-1]
    assert found.confidence == 1.0
    assert revised.totals["area_mm2"].value == pytest.approx(asked.images[FILM].totals["area_mm2"].value + 144 * 0.0625)  # type: ignore[union-attr]
    review.undo()
    assert everything(review) == before
    review.redo()
    assert everything(review) == after == everything(ReviewSession.open(opened, "anna"))
    assert opened.check().clean


def test_a_dismissed_one_is_gone_and_nothing_else_changes(review: ReviewSession, opened: Workspace, asked: Assessment) -> None:
    """From the list, from what is published and exported; deposits and totals are as they were. Undo shows it again."""
    before = everything(review)
    review.dismiss_possible(FILM, "P1")
    assert [r.deposit_id for r in review.state.rows(FILM) if r.possible] == ["P2"]
    revised = review.revised()
    assert revised.assessment_id != asked.assessment_id
    assert revised.images[FILM].segmentation.possible_values == (2,)
    assert dict(revised.images[FILM].segmentation.possible_confidence) == {2: 0.8}
    assert [(i.deposits, i.totals) for i in revised.images] == [(i.deposits, i.totals) for i in asked.images]
    assert revised.tracks == asked.tracks
    after = everything(review)
    review.undo()
    assert everything(review) == before
    assert review.revised() is review.assessment
    review.redo()
    assert everything(review) == after == everything(ReviewSession.open(opened, "anna"))
    assert opened.check().clean


def test_what_was_decided_is_published_and_exported(review: ReviewSession, opened: Workspace, tmp_path: Path) -> None:
    """The version that counts holds neither; possible.csv of the export is empty, and the accepted one is in deposits.csv."""
    accepted = review.accept_possible(FILM, "P2").deposit_id
    review.dismiss_possible(FILM, "P1")
    (version,) = publish(opened, review).versions
    assert opened.segmentation(version).possible is None
    results = read_results(export(review.revised(), tmp_path / "R"))
    assert results.possible.empty
    assert accepted in results.deposits.deposit_id.tolist()
    assert results.images.possible_count.tolist() == [0, 0, 0, 0]


def test_what_is_not_decided_stays_possible(review: ReviewSession, tmp_path: Path) -> None:
    """Whatever else was edited on its film; a rejected deposit that was accepted from one does not make it possible again."""
    review.reject(review.accept_possible(FILM, "P1").deposit_id, FILM)
    results = read_results(export(review.revised(), tmp_path / "R"))
    assert results.possible.number.tolist() == [2]
    assert results.images.possible_count.tolist() == [0, 0, 1, 0]


def test_a_stroke_over_a_possible_deposit_decides_it(review: ReviewSession) -> None:
    """One pixel of a drawn deposit is enough; taken back, it is possible again."""
    window = (slice(305, 306), slice(225, 226))
    number = int(review.new_id()[1:])
    outlines.paint(review, FILM, window, np.full((1, 1), number, np.uint16), review.new_id())
    assert [o.deposit.name for o in review.state.possible(FILM)] == ["P2"]
    assert review.revised().images[FILM].segmentation.possible_values == (2,)
    review.undo()
    assert [o.deposit.name for o in review.state.possible(FILM)] == ["P1", "P2"]


@pytest.mark.parametrize("name", ["P3", "D001", ""])
def test_what_is_not_possible_here_is_refused(review: ReviewSession, name: str) -> None:
    """Names of others, of other films, and of decided ones: nothing is kept."""
    for k in (0, FILM):
        with pytest.raises(InvalidValueError, match="no possible deposit"):
            review.accept_possible(k, name)
    review.dismiss_possible(FILM, "P1")
    for judge in (review.accept_possible, review.dismiss_possible):
        with pytest.raises(InvalidValueError, match=r"no possible deposit 'P1'.*still to be decided"):
            judge(FILM, "P1")
    assert review.steps == 1


def test_a_place_tells_which_one_lies_there(review: ReviewSession) -> None:
    """At its own pixels, not beside them or outside of the film."""
    names = {(300, 220): "P1", (311, 231): "P1", (312, 231): "", (-1, 5): "", (123, 233): "P2"}
    assert {place: review.state.possible_at(FILM, *place) for place in names} == names
    assert review.state.possible_at(0, 300, 220) == ""


def test_a_reader_who_begins_from_nothing_sees_none(asked: Assessment) -> None:
    """Blinded readers see them, with the films in any order."""
    assert [i.segmentation.possible for i in emptied(asked).images] == [None] * 4
    shown = blinded(asked, (2, 3, 1, 0), "case 1")
    assert [i.segmentation.possible_values for i in shown.images] == [(1, 2), (), (), ()]


def test_broken_lines_run_just_outside_with_gaps(asked: Assessment) -> None:
    """No pixel of the deposit is covered, lines are as wide as asked, and at the edge of a film nothing is lost."""
    segmentation = asked.images[FILM].segmentation
    found = possible_outlines(segmentation, asked.images[FILM].spacing)
    lines = broken_lines(segmentation.labels.shape, found.values(), 2)
    assert not lines[segmentation.possible > 0].any()
    around = lines[298:314, 218:234]
    assert set(np.unique(around)) == {0, 1}
    assert not np.any(lines[:298, 218:234][-3:])
    top = around[1, 2:-2] > 0
    assert np.count_nonzero(np.diff(top.astype(int))) >= 2
    corner = np.zeros(segmentation.labels.shape, np.uint16)
    corner[:3, :3] = 1
    cut = replace(segmentation, labels=np.zeros_like(corner), possible=corner)
    lines = broken_lines(corner.shape, possible_outlines(cut, asked.images[FILM].spacing).values(), 2)
    assert lines[:5, :5].any()
    assert not lines[5:].any()
