from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from calcitrack.errors import InvalidValueError, WorkspaceDamagedError
from calcitrack.io.cohort.read import read_cohort
from calcitrack.io.workspace import KeptRun, Workspace, database
from calcitrack.io.workspace.measured import MeasuredFrom
from calcitrack.io.workspace.planning import WITHOUT_DIGESTS
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import Cohort, TimelineFailure
from calcitrack.model.review import Review, ReviewKind
from calcitrack.model.timeline import Timeline

OPTIONS = {"measure": {"concentration": 400}}
MADE_BY = {"version": "1", "weights_sha256": "a" * 64}


@pytest.fixture
def films(made: ModuleType, tmp_path: Path) -> Path:
    """Two patients with two visits each, as small pictures with sidecars."""
    return made.write_pictures(tmp_path / "films", ("A", "B"))


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace."""
    with Workspace.create(tmp_path / "W") as opened:
        yield opened


@pytest.fixture
def answer(made: ModuleType) -> object:
    """Gives a made assessment that looks like one of a timeline."""

    def answered(timeline: Timeline, name: str = "") -> Assessment:
        one = made.assessment("P1", visits=len(timeline.time_points), repeat=False)
        exposures = [e for t in timeline.time_points for e in t.exposures]
        images = tuple(replace(i, exposure=e) for i, e in zip(one.images, exposures, strict=True))
        return replace(one, key=timeline.key, images=images, assessment_id=name or f"of {timeline.key.patient_id}")

    return answered


def begun(workspace: Workspace, cohort: Cohort, **more: object) -> KeptRun:
    """A run over a cohort."""
    return KeptRun(workspace, cohort.timelines, **{"options": OPTIONS, "made_by": MADE_BY, **more})  # type: ignore[arg-type]


def carried_out(workspace: Workspace, cohort: Cohort, answer: object, **more: object) -> KeptRun:
    """A run over a cohort in which every timeline that is left is answered."""
    run = begun(workspace, cohort, **more)
    for number, timeline in enumerate(cohort.timelines):
        if run.recall(number) is None:
            run.measured(number, answer(timeline))  # type: ignore[operator]
            run.keep(answer(timeline))  # type: ignore[operator]
    return run


def left(run: KeptRun) -> list[str]:
    """Patients that are to be measured."""
    return [t.key.patient_id for t in run.left]


def test_what_is_on_record_is_not_left_to_measure(films: Path, workspace: Workspace, answer: object) -> None:
    """A new workspace holds nothing; what one run measured, finished or not, the next one takes, with the exposures of now."""
    cohort = read_cohort(films)
    first = begun(workspace, cohort)
    assert (left(first), first.on_record, first.reasons) == (["A", "B"], 0, {})
    first.measured(0, answer(cohort.timelines[0]))  # type: ignore[operator]
    second = begun(workspace, read_cohort(films))
    assert (left(second), second.on_record, second.reasons) == (["B"], 1, {})
    recalled = second.recall(0)
    assert recalled is not None
    assert recalled.assessment_id == "of A"
    assert recalled.images[0].exposure == cohort.timelines[0].time_points[0].exposures[0]
    assert second.recall(1) is None
    assert workspace.check().clean


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"options": {"measure": {"concentration": 500}}}, "the settings are others: measure.concentration 400 before, 500 now"),
        ({"made_by": {**MADE_BY, "version": "2"}}, "calcitrack 1 measured it, this is 2"),
        (
            {"made_by": {**MADE_BY, "weights_sha256": "b" * 64}},
            "it was measured with other parts of the program: weights_sha256 aaaaaaaaaaaa before, bbbbbbbbbbbb now",
        ),
    ],
)
def test_other_settings_or_another_program_measure_again(
    films: Path, workspace: Workspace, answer: object, more: dict[str, object], said: str
) -> None:
    """Every timeline is left, and the reason names what differs."""
    cohort = read_cohort(films)
    carried_out(workspace, cohort, answer)
    run = begun(workspace, cohort, **more)
    assert left(run) == ["A", "B"]
    assert run.reasons == {said: 2}


def test_a_changed_file_measures_its_timeline_again(films: Path, workspace: Workspace, answer: object) -> None:
    """One byte of pixels, of the same length; the other patient is taken from the workspace."""
    carried_out(workspace, read_cohort(films), answer)
    path = films / "B" / "visit2.png"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    run = begun(workspace, read_cohort(films))
    assert left(run) == ["B"]
    assert run.reasons == {f"{path} has changed": 1}


def test_a_changed_sidecar_measures_again(films: Path, workspace: Workspace, answer: object) -> None:
    """The size of a pixel stands in the sidecar only, not among the header facts."""
    carried_out(workspace, read_cohort(films), answer)
    path = films / "A" / "visit1.json"
    path.write_text(path.read_text(encoding="utf-8").replace("0.2", "0.3"), encoding="utf-8")
    run = begun(workspace, read_cohort(films))
    assert run.reasons == {f"{path} has changed": 1}


def test_an_added_or_removed_visit_measures_again(made: ModuleType, films: Path, workspace: Workspace, answer: object) -> None:
    """The reason names a file of it, and how many more; without it, what was measured before the visit was added is taken again."""
    carried_out(workspace, read_cohort(films), answer)
    made.write_pictures(films, ("A",), visits=3)
    run = carried_out(workspace, read_cohort(films), answer)
    assert run.reasons == {f"{films / 'A' / 'visit3.png'} was added, and so has 1 more": 1}
    for suffix in (".png", ".json"):
        (films / "A" / f"visit3{suffix}").unlink()
    assert left(begun(workspace, read_cohort(films))) == []


def test_files_that_moved_are_measured_again(films: Path, workspace: Workspace, answer: object, tmp_path: Path) -> None:
    """Paths are part of the tables; the reason says where the files lay."""
    carried_out(workspace, read_cohort(films), answer)
    films.rename(tmp_path / "moved")
    run = begun(workspace, read_cohort(tmp_path / "moved"))
    assert left(run) == ["A", "B"]
    assert f"its files had other paths, such as {films / 'A' / 'visit1.png'}" in run.reasons


def test_what_a_manifest_states_is_asked_too(films: Path, workspace: Workspace, answer: object) -> None:
    """Another size of a pixel in the manifest measures again; another line of the manifest does not."""
    manifest = films / "manifest.csv"
    manifest.write_text("path,spacing_mm\nA/visit1.png,0.2\n", encoding="utf-8")
    carried_out(workspace, read_cohort(films, manifest=manifest), answer)
    manifest.write_text("path,spacing_mm\n\nA/visit1.png,0.2\n", encoding="utf-8")
    assert left(begun(workspace, read_cohort(films, manifest=manifest))) == []
    manifest.write_text("path,spacing_mm\nA/visit1.png,0.3\n", encoding="utf-8")
    run = begun(workspace, read_cohort(films, manifest=manifest))
    assert run.reasons == {"what headers, sidecars or a manifest state about its images has changed": 1}


def test_a_failed_timeline_is_tried_again(films: Path, workspace: Workspace, answer: object) -> None:
    """So is one of which an image could not be read: a drive may have been away."""
    cohort = read_cohort(films)
    run = begun(workspace, cohort)
    run.keep(TimelineFailure(cohort.timelines[0].key, "the memory did not suffice", (cohort.timelines[0].time_points[0].exposures[0].source,)))
    whole = answer(cohort.timelines[1])  # type: ignore[operator]
    failures = tuple(_unread(i) for i in whole.images[1:])
    run.measured(1, replace(whole, images=whole.images[:1], failures=failures))
    again = begun(workspace, cohort)
    assert left(again) == ["A", "B"]
    assert again.reasons == {"it failed the last time: the memory did not suffice": 1, "1 of its images could not be read the last time": 1}


def _unread(image: object) -> object:
    from calcitrack.errors import DamagedFileError
    from calcitrack.model.assessment import ImageFailure

    return ImageFailure(image.exposure, image.time_point, image.repeat, DamagedFileError("x", "half", "all", "fetch it again"))  # type: ignore[attr-defined]


def test_a_file_that_changes_while_it_is_measured_is_measured_again(films: Path, workspace: Workspace, answer: object) -> None:
    """Nothing tells which bytes the answer is of: it is kept, and not used again."""
    cohort = read_cohort(films)
    run = begun(workspace, cohort)
    path = films / "A" / "visit1.png"
    path.write_bytes(path.read_bytes() + b" ")
    run.measured(0, answer(cohort.timelines[0]))  # type: ignore[operator]
    assert [a.key.patient_id for a in workspace.assessments()] == ["A"]
    assert left(begun(workspace, read_cohort(films))) == ["A", "B"]


def test_everything_is_measured_again_when_asked(films: Path, workspace: Workspace, answer: object) -> None:
    """Whatever is on record; the next run without asking takes it from there."""
    cohort = read_cohort(films)
    carried_out(workspace, cohort, answer)
    assert left(carried_out(workspace, cohort, answer, again=True)) == ["A", "B"]
    assert left(begun(workspace, cohort)) == []
    assert workspace.check().clean


def test_images_from_memory_are_always_measured(films: Path, workspace: Workspace, answer: object) -> None:
    """Nothing tells whether they are the same again."""
    cohort = read_cohort(films)
    points = tuple(replace(t, exposures=tuple(replace(e, load=e.load.__call__) for e in t.exposures)) for t in cohort.timelines[0].time_points)
    cohort = replace(cohort, timelines=(replace(cohort.timelines[0], time_points=points), cohort.timelines[1]))
    carried_out(workspace, cohort, answer)
    assert left(begun(workspace, cohort)) == ["A"]


def test_members_of_an_archive_are_known_by_their_content(films: Path, workspace: Workspace, answer: object, tmp_path: Path) -> None:
    """An archive that is packed again with the same members is the same; with another member it is not."""
    packed = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", films))
    carried_out(workspace, read_cohort(packed), answer)
    (films / "notes.txt").write_text("more", encoding="utf-8")
    shutil.make_archive(str(tmp_path / "packed"), "zip", films)
    assert left(begun(workspace, read_cohort(packed))) == []
    path = films / "A" / "visit2.png"
    path.write_bytes(path.read_bytes() + b" ")
    shutil.make_archive(str(tmp_path / "packed"), "zip", films)
    run = begun(workspace, read_cohort(packed))
    assert run.reasons == {f"{packed}!A/visit2.png has changed": 1}


def test_a_readers_work_is_neither_lost_nor_taken_for_the_programs(films: Path, workspace: Workspace, answer: object) -> None:
    """After an edit and a review the recalled assessment is the program's, and both are still there."""
    cohort = read_cohort(films)
    carried_out(workspace, cohort, answer)
    image = str(films / "A" / "visit1.png")
    base = workspace.head(cohort.timelines[0].time_points[0].exposures[0].acquisition.sop_instance_uid or image)
    edited = workspace.edit(base.image, workspace.segmentation(base).keeping((1,)), based_on=base, reader="anna")
    workspace.review(Review(reader="anna", kind=ReviewKind.REJECT, assessment_id="of A", deposit_id="D001"))
    run = carried_out(workspace, cohort, answer)
    recalled = run.recall(0)
    assert recalled is not None
    assert recalled.images[0].segmentation.label_values == (1, 2)
    assert workspace.head(base.image) == edited
    assert [r.reader for r in workspace.reviews()] == ["anna"]


def test_a_damaged_answer_is_said(films: Path, workspace: Workspace, answer: object, tmp_path: Path) -> None:
    """A segmentation that is gone is never measured over in silence."""
    cohort = read_cohort(films)
    carried_out(workspace, cohort, answer)
    for path in (tmp_path / "W").rglob("*.npz"):
        path.unlink()
    with pytest.raises(WorkspaceDamagedError, match="restore the file from a backup"):
        begun(workspace, cohort).recall(0)


def test_one_assessment_in_two_forms_keeps_both(films: Path, workspace: Workspace, answer: object) -> None:
    """A view by itself is what a later run takes; beside the other view it is what counts, and reviews of either are of one assessment."""
    cohort = read_cohort(films)
    run = begun(workspace, cohort)
    alone = answer(cohort.timelines[0])  # type: ignore[operator]
    run.measured(0, alone)
    workspace.review(Review(reader="anna", kind=ReviewKind.ACCEPT, assessment_id="of A", deposit_id="D001"))
    run.keep(replace(alone, findings=("laid beside the other view",)))
    workspace.review(Review(reader="anna", kind=ReviewKind.REJECT, assessment_id="of A", deposit_id="D001"))
    (recorded,) = workspace.assessments()
    assert workspace.assessment("of A").findings == ("laid beside the other view",)
    assert workspace.assessment("of A", digest=recorded.digest).findings == ("laid beside the other view",)
    recalled = begun(workspace, cohort).recall(0)
    assert recalled is not None
    assert recalled.findings == alone.findings
    assert [r.kind for r in workspace.reviews()] == [ReviewKind.REJECT]
    last = workspace.history("assessment of A")
    assert last[1].before == last[0].after
    begun(workspace, cohort).keep(alone)
    assert workspace.assessment("of A").findings == alone.findings


def test_what_was_measured_belongs_to_a_run(made: ModuleType, workspace: Workspace) -> None:
    """Settings and program are those of the run."""
    with pytest.raises(InvalidValueError, match="start one with start_run"):
        workspace.record(made.assessment("P1"), measured_from=MeasuredFrom("asked", ()))


def test_a_workspace_without_digests_is_measured_again(films: Path, answer: object, tmp_path: Path) -> None:
    """What schema 1 recorded stays; it did not note the bytes of its files, so they are measured once more, which is said."""
    earlier, folder = Path(__file__).with_name("earlier"), tmp_path / "old"
    folder.mkdir()
    with closing(sqlite3.connect(folder / database.FILE)) as raw:
        raw.executescript((earlier / "schema-1.sql").read_text(encoding="utf-8"))
    shutil.copytree(earlier / "segmentations", folder / "segmentations")
    for sidecar in (films / "A").glob("*.json"):
        stated = {**json.loads(sidecar.read_text(encoding="utf-8")), "patient_id": "P1"}
        sidecar.write_text(json.dumps(stated), encoding="utf-8")
    cohort = read_cohort(films / "A")
    key = replace(cohort.timelines[0].key, modality="DX")  # that of the recorded timeline
    cohort = replace(cohort, timelines=(replace(cohort.timelines[0], key=key),))
    with Workspace.open(folder) as workspace:
        assert carried_out(workspace, cohort, answer).reasons == {WITHOUT_DIGESTS: 1}
        assert begun(workspace, cohort).on_record == 1
        assert workspace.check().clean
