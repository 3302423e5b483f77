"""A reader's review without a screen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calcitrack import measure, read_results
from calcitrack.assess.joint_again import joint_again
from calcitrack.errors import EditConflictError, InvalidValueError
from calcitrack.io.dicom.output_options import DicomOutput
from calcitrack.io.results.table_files import read_table
from calcitrack.io.workspace import Workspace
from calcitrack.io.workspace.exporting import export_results, reviewed_of
from calcitrack.model.assessment import Assessment, Fate
from calcitrack.model.measurement import Measurement
from calcitrack.model.review import Review, ReviewKind
from calcitrack.model.review_steps import StatementField
from calcitrack.review import edit_outlines as outlines
from calcitrack.review.deposit_list import ReaderVerdict
from calcitrack.review.publish import export, publish
from calcitrack.review.session import Done, ReviewSession
from calcitrack.tables.moved import MOVED
from calcitrack.tables.reviewed import REVIEWS

MASS = "ha_mass_mg"


def mass(session: ReviewSession, k: int) -> float:
    """A film's total as it is now."""
    total = session.revision.totals(k)[MASS]
    assert isinstance(total, Measurement)
    return total.value


def place_of(session: ReviewSession, k: int, deposit_id: str) -> tuple[int, int]:
    """Centre of a deposit on a film."""
    deposit = session.state.deposit(k, deposit_id)
    assert deposit is not None
    return round(deposit.centroid[0]), round(deposit.centroid[1])


def everything(session: ReviewSession) -> tuple:
    """All that a review says, to be compared."""
    return (
        [session.state.labels(k).tobytes() for k in range(4)],
        [session.state.identity(k) for k in range(4)],
        [[session.state.verdict(d, k) for d in session.state.deposit_ids()] for k in range(4)],
        [session.state.rows(k) for k in range(4)],
        session.state.stated(StatementField.FATE),
    )


def test_an_untouched_review_is_the_assessment(session: ReviewSession, assessment: Assessment) -> None:
    """Parity with the batch: the same id, and what is shown is what was recorded, to the last digit."""
    assert session.revised() is session.assessment
    assert session.revised().assessment_id == assessment.assessment_id
    for k, image in enumerate(assessment.images):
        assert session.revision.totals(k) == image.totals
        assert {r.deposit_id: r.deposit for r in session.state.rows(k) if r.deposit} == {d.deposit_id: d.deposit for d in image.deposits}


def test_a_film_that_is_prepared_agrees_with_the_batch(session: ReviewSession, assessment: Assessment) -> None:
    """What is measured live, with nothing edited, is what `assess` recorded, to the last digit."""
    film = session.state.film(0)
    assert film.measurements().totals == assessment.images[0].totals
    assert film.deposits(film.label_values) == {d.deposit.label: d.deposit for d in assessment.images[0].deposits}


def test_a_rejected_deposit_counts_nowhere(session: ReviewSession) -> None:
    """On all films with one command, on one film with the other; the outline stays."""
    before = [mass(session, k) for k in range(4)]
    session.reject("D002", 2, here_only=True)
    assert session.state.verdict("D002", 2) is ReaderVerdict.REJECTED
    assert session.state.verdict("D002", 1) is ReaderVerdict.OPEN
    assert mass(session, 2) < before[2]
    assert mass(session, 1) == before[1]
    session.reject("D002", 0)
    assert [session.state.verdict("D002", k) for k in range(4)] == [ReaderVerdict.REJECTED] * 4
    assert session.state.label_of(1, "D002") is not None
    revised = session.revised()
    assert "D002" not in {t.deposit_id for t in revised.tracks}
    assert revised.assessment_id != session.assessment.assessment_id
    assert [p.deposit_count for p in revised.time_points] == [1, 0, 1]


def test_every_command_is_undone_and_done_again(session: ReviewSession) -> None:
    """Law: undo gives back what was before each step, in reverse; redo what was after it."""
    middle = place_of(session, 0, "D001")
    steps = (
        lambda: session.accept("D001", 0),
        lambda: session.reject("D002", 1, here_only=True),
        lambda: outlines.erase(session, 0, "D001"),
        lambda: outlines.add(session, 0, middle),
        lambda: session.relink(0, "D004", "D001"),
        lambda: session.set_fate("D003", 2, Fate.SPLIT),
        lambda: session.set_pattern("D002", 0, "stone"),
        lambda: session.comment("D002", 0, "near the wrist"),
        lambda: outlines.merge(session, 2, "D002", "D003"),
        lambda: outlines.paint(session, 3, (slice(5, 9), slice(5, 9)), np.full((4, 4), 9, np.uint16), "D009"),
        lambda: session.reopen("D001", 0),
    )
    states = [everything(session)]
    for step in steps:
        done = step()
        assert isinstance(done, Done)
        states.append(everything(session))
        assert states[-1] != states[-2], done.step
    for before in reversed(states[:-1]):
        assert session.undo() is not None
        assert everything(session) == before
    assert session.undo() is None
    for after in states[1:]:
        assert session.redo() is not None
        assert everything(session) == after
    assert session.redo() is None


def test_a_review_goes_on_where_it_was_left(session: ReviewSession, folder: Path) -> None:
    """Another process opens the same workspace: everything is there, undo reaches back, and the check is clean."""
    outlines.erase(session, 1, "D002")
    session.reject("D001", 0)
    session.undo()
    held = everything(session)
    with Workspace.open(folder) as workspace:
        again = ReviewSession.open(workspace, "anna")
        assert everything(again) == held
        assert (again.undo_step, again.redo_step) == ("erase D002", "reject D001")
        again.redo()
        again.undo()
        again.undo()
        assert again.revised() is not session.revised()
        assert again.state.label_of(1, "D002") is not None
        assert workspace.check().clean


def test_readers_do_not_get_into_each_others_way(session: ReviewSession, folder: Path) -> None:
    """Each has a review of their own; whoever publishes second is told, and nothing is overwritten."""
    outlines.erase(session, 0, "D001")
    with Workspace.open(folder) as workspace:
        ben = ReviewSession.open(workspace, "ben")
        assert ben.state.label_of(0, "D001") is not None
        outlines.erase(ben, 0, "D002")
        (version,) = publish(session._workspace, session).versions
        assert (version.reader, version.number) == ("anna", 2)
        with pytest.raises(EditConflictError, match=r"by anna.*yours is kept"):
            publish(workspace, ben)
        assert workspace.head(version.image) == version
        assert ReviewSession.open(workspace, "ben").state.label_of(0, "D002") is None


def test_what_was_published_is_what_counts(session: ReviewSession, workspace: Workspace) -> None:
    """Outlines without the rejected deposits, and what was said; publishing again changes nothing."""
    session.reject("D002", 1)
    session.set_pattern("D001", 0, "plate")
    versions = publish(workspace, session).versions
    assert len(versions) == 4
    assert [len(workspace.segmentation(v).label_values) for v in versions] == [1, 0, 1, 1]
    said = [(r.kind.value, r.deposit_id, r.value) for r in workspace.reviews(reader="anna")]
    assert said == [("reject", "D002", ""), ("pattern", "D001", "plate")]
    entries = len(workspace.history())
    publish(workspace, session)
    assert len(workspace.history()) == entries


def test_publishing_keeps_the_values_that_follow_as_a_version_of_their_own(session: ReviewSession, workspace: Workspace) -> None:
    """All films together again with the reader's outlines, what moved at every visit and why; the measured version stays, and is what moves back."""
    before = session.assessment
    assert before.joint is not None
    assert joint_again(before) == before.joint
    session.reject("D002", 1)
    published = publish(workspace, session)
    (revision,) = workspace.revisions(before.assessment_id)
    kept = workspace.assessment(revision.revised.assessment_id)
    assert revision.reader == "anna"
    assert kept.joint == session.revised().joint
    assert kept.joint is not None
    assert kept.joint.of("D002") is None
    assert kept.joint.of("D001") is not None
    assert workspace.assessment(before.assessment_id).joint == before.joint
    assert [a.assessment_id for a in workspace.assessments()] == [before.assessment_id]
    assert published.moves.reason == "anna changed outlines at visits 1, 2 and 3"
    mass = {v.time_point: v for v in published.moves.values if (v.deposit_id, v.measurand) == ("", "ha_mass_joint_mg")}
    assert set(mass) == {1, 2, 3}
    gone = [v for v in published.moves.values if (v.deposit_id, v.measurand) == ("D002", "ha_mass_joint_mg")]
    assert [(v.time_point, v.before is None, v.after) for v in gone] == [(t, False, None) for t in (1, 2, 3)]
    for t, k in ((1, 0), (2, 1)):
        was, now = (a.joint.totals["ha_mass_joint_mg"].result(k).value for a in (before, kept) if a.joint is not None)
        assert (mass[t].before, mass[t].after) == (was, now)
    session.undo()
    back = publish(workspace, session)
    assert back.moves.reason == "what anna had changed was taken back"
    assert [v.difference for v in back.moves.values if v.difference] == [-v.difference for v in published.moves.values if v.difference]
    assert workspace.counting(workspace.assessments()[0]).assessment_id == before.assessment_id
    assert workspace.check().clean


def test_an_export_holds_what_was_published_and_what_moved(session: ReviewSession, workspace: Workspace, tmp_path: Path) -> None:
    """Tables of the revision, and reviews that belong to it; moved.csv says what was said before. One run's export is what that run measured."""
    session.reject("D002", 1)
    published = publish(workspace, session)
    written = export_results(workspace, tmp_path / "R", dicom=DicomOutput(reports=False))
    results = read_results(tmp_path / "R")
    assert set(results.deposits.deposit_id) == {"D001", "D003"}
    assert set(results.timeline.assessment_id) == {session.revised().assessment_id}
    moved = read_table(MOVED, tmp_path / "R" / "moved.csv")
    assert len(moved) == len(published.moves.values)
    assert set(moved.before_assessment_id) == {session.assessment.assessment_id}
    total = moved[(moved.deposit_id == "") & (moved.measurand == "ha_mass_joint_mg")].set_index("time_point")
    held = results.timeline.set_index("time_point").ha_mass_joint_mg
    assert total.after.to_dict() == pytest.approx(held.to_dict(), rel=1e-5)
    assert (total.after - total.before).to_dict() == pytest.approx(total.difference.to_dict(), abs=1e-3)
    assert [m.reason for m in written.moves] == [published.moves.reason]
    assert read_table(REVIEWS, tmp_path / "R" / "reviews.csv").in_these_results.tolist() == ["yes"]


def test_a_revision_is_verified_by_what_was_accepted_after_it(session: ReviewSession, workspace: Workspace) -> None:
    """An acceptance of what was there before says nothing of the new numbers."""
    (recorded,) = workspace.assessments()
    accept = Review(reader="ben", kind=ReviewKind.ACCEPT, assessment_id=recorded.assessment_id)

    def verified() -> bool:
        counting = workspace.counting(recorded)
        assessment = workspace.assessment(counting.assessment_id, digest=counting.digest)
        return reviewed_of(workspace, assessment, recorded, counting).verification is not None

    workspace.review(accept)
    assert verified()
    session.reject("D002", 1)
    publish(workspace, session)
    assert not verified()
    workspace.review(accept)
    assert verified()


def test_measures_follow_an_edit_as_the_batch_would_give_them(session: ReviewSession) -> None:
    """The edited deposit is exact at once; the revised assessment is that of `measure` on the edited outlines."""
    box = session.state.film(2).box(session.state.label_of(2, "D003") or 0)
    assert box is not None
    window = (slice(box[0].start - 2, box[0].stop), box[1])
    outlines.paint(session, 2, window, np.where(outlines.numbered(session, 2, window) == 0, 3, outlines.numbered(session, 2, window)), "D003")
    now = session.state.deposit(2, "D003")
    revised = session.revised().images[2]
    whole = measure(session.state.radiograph(2), session.state.film(2).segmentation())
    assert now == next(d for d in whole.deposits if d.label == session.state.label_of(2, "D003"))
    assert revised.totals == whole.totals
    assert session.revision.totals(2)[MASS].value == pytest.approx(whole.totals[MASS].value, rel=1e-3)


def test_one_click_outlines_a_missed_deposit(session: ReviewSession) -> None:
    """Erased and clicked, a deposit comes back within a tenth of its area, under a new name, and its fate follows."""
    middle, before = place_of(session, 2, "D003"), session.state.deposit(2, "D003")
    for k in (2, 3):
        outlines.erase(session, k, "D003")
    done = outlines.add(session, 2, middle)
    assert done.deposit_id == "D004"
    now = session.state.deposit(2, "D004")
    assert now is not None
    assert now.confidence == 1.0
    assert now.measurements["area_px"].value == pytest.approx(before.measurements["area_px"].value, rel=0.25)
    assert session.state.fate("D004", 3) is Fate.NEW
    with pytest.raises(InvalidValueError, match="D004 lies there already"):
        outlines.add(session, 2, middle)
    with pytest.raises(InvalidValueError, match="nothing stands out"):
        outlines.add(session, 2, (2, 2))


def test_a_click_is_previewed_in_any_size_before_it_is_a_step(session: ReviewSession) -> None:
    """The preview is what the step draws, and nothing changes before it; a negative size is smaller."""
    middle = place_of(session, 2, "D003")
    outlines.erase(session, 2, "D003")
    steps = session.steps
    areas = []
    for size in (-1, 0, 1):
        window, numbers = outlines.clicked_numbers(session, 2, middle, size)
        areas.append(np.count_nonzero(numbers == 4))
    assert areas == sorted(areas)
    assert areas[0] < areas[2]
    assert session.steps == steps
    outlines.grow(session, 2, "D003", middle, 1)
    drawn = session.state.labels(2)[window] == session.state.label_of(2, "D003")
    np.testing.assert_array_equal(drawn, numbers == 4)


def test_a_deposit_is_split_and_merged(session: ReviewSession) -> None:
    """Two lobes drawn as one are split at the waist; merged again, the outline is the first one's."""
    rows, columns = np.ogrid[:40, :40]
    lobes = ((rows - 12) ** 2 + (columns - 20) ** 2 <= 64) | ((rows - 26) ** 2 + (columns - 20) ** 2 <= 49)
    window = (slice(300, 340), slice(100, 140))
    outlines.paint(session, 1, window, np.where(lobes, 8, 0).astype(np.uint16), "D008")
    outlines.split(session, 1, "D008")
    areas = {name: session.state.deposit(1, name).measurements["area_px"].value for name in ("D008", "D009")}
    assert areas["D008"] > areas["D009"] > 100
    assert sum(areas.values()) == lobes.sum()
    outlines.merge(session, 1, "D008", "D009")
    assert session.state.label_of(1, "D009") is None
    np.testing.assert_array_equal(session.state.labels(1)[window] > 0, lobes)


def test_relinking_changes_identity_and_fates(session: ReviewSession) -> None:
    """What vanished is said to be what appeared: one deposit, seen at the first and the last visit; the other way two change names."""
    for k in (2, 3):
        session.relink(k, "D003", "D001")
    assert [session.state.fate("D001", t) for t in (1, 2, 3)] == [Fate.BASELINE, Fate.RESOLVED, Fate.REAPPEARED]
    assert "D003" not in session.state.deposit_ids()
    session.relink(2, "D001", "D002")
    assert {session.state.at(2, *place_of(session, 2, name)) for name in ("D001", "D002")} == {"D001", "D002"}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (lambda s: s.accept("D077", 0), "found no deposit 'D077'"),
        (lambda s: s.relink(0, "D003", "D001"), "D003 is not seen on this film"),
        (lambda s: s.relink(0, "D001", "seven"), "called D and a number"),
        (lambda s: outlines.split(s, 0, "D001"), "no waist"),
        (lambda s: outlines.merge(s, 0, "D001", "D001"), "with itself"),
        (lambda s: outlines.fill(s, 1, "D001"), "not seen on this film"),
        (lambda s: s.put(0, (slice(0, 2), slice(0, 2)), np.full((2, 2), 99), "x", "D001"), "new label comes with"),
    ],
)
def test_what_cannot_be_done_is_said_and_not_kept(session: ReviewSession, command, said: str) -> None:
    """One sentence with what to do; no step is kept."""
    with pytest.raises(InvalidValueError, match=said):
        command(session)
    assert session.position == 0


def test_a_review_names_its_reader(workspace: Workspace) -> None:
    """Otherwise nobody could say whose it is."""
    with pytest.raises(InvalidValueError, match="names its reader"):
        ReviewSession.open(workspace, "  ")


def test_a_reviewed_assessment_is_exported(session: ReviewSession, tmp_path: Path) -> None:
    """Tables say what the reader left, and the provenance names the review."""
    session.reject("D002", 0)
    results = read_results(export(session.revised(), tmp_path / "R"))
    assert set(results.deposits.deposit_id) == {"D001", "D003"}
    assert "review" in str(results.provenance)


def test_rows_hold_what_is_seen_and_what_is_gone(session: ReviewSession) -> None:
    """What is gone stays in the list of the visit at which it went."""
    rows = session.state.rows(1)
    assert [(r.deposit_id, r.fate, r.label is None) for r in rows] == [("D001", Fate.RESOLVED, True), ("D002", Fate.PERSISTENT, False)]
    assert rows[0].change is None
    change = rows[1].change
    assert change.relative.value > 0.3
    assert change.absolute.low < change.absolute.value < change.absolute.high


def test_the_preview_tells_the_burden_at_once(session: ReviewSession) -> None:
    """Totals of the preview are those that the widget shows; with everything measured anew they differ by less than a thousandth."""
    session.reject("D002", 0)
    quick, whole = session.revision.preview(), session.revised()
    for a, b in zip(quick.time_points, whole.time_points, strict=True):
        assert (a.deposit_count, a.fates) == (b.deposit_count, b.fates)
        assert a.totals["area_mm2"].value == pytest.approx(b.totals["area_mm2"].value)
        assert a.totals[MASS].value == pytest.approx(b.totals[MASS].value, rel=1e-3, abs=1e-6)
