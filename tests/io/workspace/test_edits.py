from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from calcitrack.errors import EditConflictError, InvalidValueError
from calcitrack.io.workspace import SegmentationVersion, Workspace
from calcitrack.model.review import Review, ReviewKind
from calcitrack.model.segmentation import Segmentation

IMAGE = "2.25.129103"
"""SOP Instance UID of the baseline film of patient P1, as made_assessments.py makes it."""


@pytest.fixture
def workspace(made: ModuleType, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace with one assessment."""
    with Workspace.create(tmp_path) as opened:
        opened.record(made.assessment("P1"))
        yield opened


def moved(segmentation: Segmentation, rows: int) -> Segmentation:
    """The same with its labels moved down."""
    return replace(segmentation, labels=np.roll(segmentation.labels, rows, axis=0))


def edit(workspace: Workspace, base: SegmentationVersion, rows: int, reader: str) -> SegmentationVersion:
    """A reader moves the labels of a version."""
    return workspace.edit(IMAGE, moved(workspace.segmentation(base), rows), based_on=base, reader=reader)


def accept(reader: str, kind: ReviewKind = ReviewKind.ACCEPT, **more: object) -> Review:
    """A review of the made assessment."""
    return Review(**{"reader": reader, "kind": kind, "assessment_id": "00000081", "deposit_id": "D001", **more})  # type: ignore[arg-type]


def test_an_edit_is_a_new_version_and_the_former_one_stays(workspace: Workspace) -> None:
    """The head is the edit, it names its base, and the version of the program is as it was."""
    base = workspace.head(IMAGE)
    before = workspace.segmentation(base).labels.copy()
    new = edit(workspace, base, 3, "anna")
    assert (new.number, new.reader, new.based_on) == (base.number + 1, "anna", base.number)
    assert workspace.head(IMAGE) == new
    assert workspace.versions(IMAGE) == (base, new)
    np.testing.assert_array_equal(workspace.segmentation(base).labels, before)
    np.testing.assert_array_equal(workspace.segmentation(new).labels, np.roll(before, 3, axis=0))
    (entry,) = workspace.history(f"image {IMAGE}")
    assert (entry.who, entry.before, entry.after) == ("anna", base.digest, new.digest)


def test_an_edit_of_an_outdated_version_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    """Two readers start from one version in two connections: the second is told of the first, and nothing is overwritten."""
    base = workspace.head(IMAGE)
    first = edit(workspace, base, 3, "anna")
    with Workspace.open(tmp_path) as other, pytest.raises(EditConflictError, match=r"version 2 by anna, made after version 1 .* edit of ben"):
        edit(other, base, 5, "ben")
    assert workspace.versions(IMAGE) == (base, first)
    second = edit(workspace, workspace.head(IMAGE), 5, "ben")
    assert second.based_on == first.number
    assert workspace.check().clean


def test_an_edit_that_changes_nothing_is_no_version(workspace: Workspace) -> None:
    """Saving what is there gives the version that is there."""
    base = workspace.head(IMAGE)
    assert edit(workspace, base, 0, "anna") == base
    assert workspace.history(f"image {IMAGE}") == ()


def test_measuring_again_does_not_take_the_place_of_an_edit(made: ModuleType, workspace: Workspace) -> None:
    """A later version of the program is kept beside the reader's, which stays the head."""
    mine = edit(workspace, workspace.head(IMAGE), 3, "anna")
    again = made.assessment("P1")
    images = (replace(again.images[0], segmentation=moved(again.images[0].segmentation, 7)), *again.images[1:])
    workspace.record(replace(again, assessment_id="later", images=images))
    assert [v.reader for v in workspace.versions(IMAGE)] == ["", "anna", ""]
    assert workspace.head(IMAGE) == mine


def test_an_edit_names_reader_image_and_grid(workspace: Workspace) -> None:
    """What cannot be accepted is said, and nothing is written."""
    base = workspace.head(IMAGE)
    held = workspace.segmentation(base)
    cut = Segmentation(labels=held.labels[1:], limb=held.limb[1:], bone=held.bone[1:])
    with pytest.raises(InvalidValueError, match="names its reader"):
        workspace.edit(IMAGE, held, based_on=base, reader=" ")
    with pytest.raises(InvalidValueError, match=r"shape of the image, \(120, 90\); found \(119, 90\)"):
        workspace.edit(IMAGE, cut, based_on=base, reader="anna")
    with pytest.raises(InvalidValueError, match=r"found no image '1\.2\.3'"):
        workspace.head("1.2.3")
    assert workspace.versions(IMAGE) == (base,)


def test_readers_do_not_get_into_each_others_way(workspace: Workspace) -> None:
    """Each reader has a verdict of their own; a reader's later one takes the place of the earlier one, which stays on record."""
    accepted, rejected = accept("anna"), accept("ben", ReviewKind.REJECT)
    changed = accept("anna", ReviewKind.REJECT, comment="bone after all")
    for review in (accepted, rejected, changed):
        workspace.review(review)
    assert workspace.reviews() == (rejected, changed)
    assert workspace.reviews(superseded=True) == (accepted, rejected, changed)
    assert workspace.reviews("00000081", reader="ben") == (rejected,)
    entries = workspace.history("assessment 00000081")
    assert [e.who for e in entries] == ["anna", "ben", "anna"]
    assert (entries[1].before, entries[2].before) == ("", entries[0].after)


def test_reviews_of_other_subjects_and_kinds_stand_beside_each_other(workspace: Workspace) -> None:
    """A verdict, a fate, a pattern and a comment; on a deposit, on one image of it, and on the whole."""
    told = (
        accept("anna"),
        accept("anna", image=IMAGE),
        accept("anna", deposit_id=""),
        accept("anna", ReviewKind.FATE, time_point=2, value="resolved"),
        accept("anna", ReviewKind.FATE, time_point=3, value="reappeared"),
        accept("anna", ReviewKind.PATTERN, deposit_id="", value="nodular"),
        accept("anna", ReviewKind.COMMENT, comment="near the joint"),
    )
    for review in told:
        workspace.review(review)
    assert workspace.reviews() == told
    assert workspace.check().clean


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"deposit_id": "D009"}, "holds no deposit D009"),
        ({"image": "1.2.3"}, "holds no image 1.2.3"),
        ({"kind": ReviewKind.FATE, "time_point": 9, "value": "resolved"}, "holds no time point 9"),
        ({"assessment_id": "nonsense"}, "found no assessment 'nonsense'"),
    ],
)
def test_a_review_is_of_something_on_record(workspace: Workspace, more: dict[str, object], said: str) -> None:
    """A subject that the assessment does not hold is refused, without a trace."""
    with pytest.raises(InvalidValueError, match=said):
        workspace.review(accept("anna", **more))  # type: ignore[arg-type]
    assert workspace.reviews() == ()
    assert workspace.history(who="anna") == ()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"reader": ""}, "names its reader"),
        ({"kind": ReviewKind.FATE, "value": "vanished", "time_point": 1}, "one of baseline"),
        ({"kind": ReviewKind.PATTERN}, "names one"),
        ({"kind": ReviewKind.COMMENT}, "has words"),
        ({"value": "resolved"}, "has no value"),
    ],
)
def test_a_review_says_what_its_kind_needs(more: dict[str, object], said: str) -> None:
    """A review that says nothing, or something else, cannot be made."""
    with pytest.raises(InvalidValueError, match=said):
        Review(**{"reader": "anna", "kind": ReviewKind.ACCEPT, "assessment_id": "a", "deposit_id": "D001", **more})  # type: ignore[arg-type]
