from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcitrack.errors import WorkspaceDamagedError
from calcitrack.io.cohort.exposure_file import Content
from calcitrack.io.workspace import Workspace
from calcitrack.io.workspace.audit import AuditEntry
from calcitrack.io.workspace.measured import MeasuredFrom
from calcitrack.io.workspace.schema import APPEND_ONLY
from calcitrack.model.corrections import FilmCorrection
from calcitrack.model.review import Review, ReviewKind
from calcitrack.reading import plan_reading


@pytest.fixture
def folder(made: ModuleType, tmp_path: Path) -> Path:
    """A workspace with an assessment, an edit, a revision, two reviews, a reading session and two corrections, closed."""
    with Workspace.create(tmp_path) as workspace:
        run = workspace.start_run(files=made.files_of(made.assessment("P1")))
        measured_from = MeasuredFrom("asked", (Content("P1/visit1.dcm", 8, "0" * 64),))
        recorded = workspace.record(made.assessment("P1"), run=run, measured_from=measured_from)
        (image, *_) = workspace.assessment(recorded.assessment_id).images
        uid = image.exposure.acquisition.sop_instance_uid
        workspace.edit(uid, image.segmentation.keeping((1,)), based_on=workspace.head(uid), reader="anna")
        for reader in ("anna", "ben"):
            workspace.review(Review(reader=reader, kind=ReviewKind.ACCEPT, assessment_id=recorded.assessment_id, deposit_id="D001"))
        for position, (before, after) in enumerate((("", "accept"), ("accept", "reject"))):
            workspace.note(recorded.assessment_id, "accept D001", made.verdict_step("D001", before, after), reader="anna", after=position)
        session = workspace.sessions.start("anna", plan_reading(workspace.sessions.cases(), "anna"))
        workspace.sessions.begin(session, session.plan.cases[0])
        for view in ("PA", "AP"):
            workspace.correct(uid, FilmCorrection(view=view), f"view {view}", reader="anna")
        revised = replace(workspace.assessment(recorded.assessment_id), assessment_id="revised")
        workspace.revise(revised, based_on=recorded.assessment_id, reader="anna")
    return tmp_path


@pytest.fixture
def raw(folder: Path) -> Iterator[sqlite3.Connection]:
    """The database as any SQLite program sees it."""
    with closing(sqlite3.connect(folder / "workspace.sqlite")) as connection:
        yield connection


def problems(folder: Path) -> tuple[str, ...]:
    """What `check` finds."""
    with Workspace.open(folder, reading=True) as workspace:
        return workspace.check().problems


def tamper(raw: sqlite3.Connection, *statements: str) -> None:
    """Change rows as somebody does who first takes away the guards, and puts them back afterwards."""
    guards = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in guards:
        raw.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        assert raw.execute(statement).rowcount > 0
    for _, sql in guards:
        raw.execute(sql)
    raw.commit()


def test_a_sound_workspace_is_clean(folder: Path) -> None:
    """No problem, no note, and everything was counted."""
    with Workspace.open(folder, reading=True) as workspace:
        report = workspace.check()
    assert report.clean
    assert report.notes == ()
    assert (report.assessments, report.segmentations, report.reviews, report.entries) == (2, 5, 2, 13)


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_the_database_itself_refuses_changes(raw: sqlite3.Connection, table: str) -> None:
    """Also another program cannot change or remove a row by mistake."""
    for statement in (f"UPDATE {table} SET id = id + 100", f"DELETE FROM {table}"):  # noqa: S608 names of ours
        with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
            raw.execute(statement)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit SET who = 'carl' WHERE id = 3", "entry 3 of the audit trail was changed"),
        ("UPDATE measurements SET value = value + 1e-9 WHERE id = 2", "assessment 00000081 was changed"),
        ("UPDATE links SET fate = 'resolved' WHERE id = 2", "assessment 00000081 was changed"),
        ("UPDATE deposits SET confidence = 1 WHERE id = 1", "assessment 00000081 was changed"),
        ("DELETE FROM measurements WHERE id = 2", "assessment 00000081 was changed"),
        ("UPDATE reviews SET kind = 'reject' WHERE id = 2", "review 2, of ben, was changed"),
        ("UPDATE assessments SET digest = 'x' WHERE id = 1", "assessment 00000081 was changed"),
        ("UPDATE sources SET sha256 = '1'", "what timeline P1 / HAND / R / PA was measured from (row 1) was changed"),
        ("UPDATE measured SET request = 'other'", "what timeline P1 / HAND / R / PA was measured from (row 1) was changed"),
        ("UPDATE segmentations SET digest = (SELECT digest FROM segmentations LIMIT 1) WHERE reader = 'anna'", "was changed after it was accepted"),
        ("UPDATE journal SET step = 'reject D001' WHERE position = 2", "step 2 of anna on assessment 00000081 was changed"),
        ("DELETE FROM journal WHERE position = 1", "step 2 of anna on assessment 00000081 does not follow from the one before"),
        ("UPDATE corrections SET correction = '{}' WHERE position = 2", "correction 2 of image 2.25.129103 was changed"),
        ("DELETE FROM corrections WHERE position = 1", "correction 2 of image 2.25.129103 does not follow from the one before"),
        ("UPDATE revisions SET reader = 'carl'", "revision 1 of assessment 00000081 was changed"),
        ("UPDATE revisions SET assessment = based_on", "revision 1 of assessment 00000081 was changed"),
        ("DELETE FROM audit WHERE id = 4", "entry 4 of the audit trail is missing"),
        ("DELETE FROM audit WHERE id = 6", "refers to a row of audit that is gone"),
    ],
)
def test_tampering_is_seen(folder: Path, raw: sqlite3.Connection, statement: str, said: str) -> None:
    """A row that was changed or removed behind the program's back is named."""
    tamper(raw, statement)
    assert any(said in p for p in problems(folder)), problems(folder)


def test_a_guard_that_was_taken_away_is_missed(folder: Path, raw: sqlite3.Connection) -> None:
    """Without its trigger a table could be changed."""
    raw.execute("DROP TRIGGER reviews_no_update")
    raw.commit()
    assert problems(folder) == ("nothing guards reviews against update any more",)


def test_a_damaged_or_missing_segmentation_is_named(folder: Path) -> None:
    """Check and reading say which file it is and what to do; the others are read."""
    first, second, *_ = sorted(folder.rglob("*.npz"))
    first.write_bytes(first.read_bytes()[:100])
    second.unlink()
    found = problems(folder)
    assert any(first.name in p and "cannot be read" in p for p in found)
    assert any(second.name in p and "no file" in p for p in found)
    with Workspace.open(folder) as workspace, pytest.raises(WorkspaceDamagedError, match="restore the file from a backup"):
        workspace.assessment("00000081")


def test_a_segmentation_in_the_place_of_another_is_seen(folder: Path) -> None:
    """A sound file with other content than its name says."""
    first, second, *_ = sorted(folder.rglob("*.npz"))
    first.write_bytes(second.read_bytes())
    assert any("content with the digest" in p for p in problems(folder))


def test_a_damaged_database_is_said(folder: Path) -> None:
    """Pages of zeros in the middle: a problem or a clear error, never silence."""
    path = folder / "workspace.sqlite"
    content = bytearray(path.read_bytes())
    content[8192:32768] = bytes(32768 - 8192)
    path.write_bytes(content)
    with suppress(WorkspaceDamagedError):
        assert problems(folder)


def test_leftovers_of_an_ended_process_are_notes(folder: Path) -> None:
    """Unfinished files and segmentations without a row do no harm."""
    held = sorted(folder.rglob("*.npz"))[0]
    (held.parent / ".partial-abc").write_bytes(b"half")
    (held.parent / f"{'0' * 64}.npz").write_bytes(held.read_bytes())
    with Workspace.open(folder, reading=True) as workspace:
        report = workspace.check()
    assert report.clean
    assert [n.split(":")[0] for n in report.notes] == [".partial-abc", f"{'0' * 64}.npz"]


@given(st.lists(st.text(), min_size=6, max_size=6), st.integers(0, 5), st.text(min_size=1))
def test_every_part_of_an_entry_is_in_its_digest(texts: list[str], place: int, more: str) -> None:
    """Law: another text anywhere, or a text moved from one part to the next, gives another digest."""

    def digest(parts: list[str]) -> str:
        return AuditEntry(1, *parts, "{}", "", "").expected_digest

    changed = [t + more if k == place else t for k, t in enumerate(texts)]
    assert digest(changed) != digest(texts)
    assert len(digest(texts)) == 64
