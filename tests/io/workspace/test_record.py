from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from calcitrack.assess import AssessOptions
from calcitrack.errors import InvalidValueError, NotFoundError
from calcitrack.io.results.export import write_results
from calcitrack.io.workspace import Workspace
from calcitrack.io.workspace.codec import decode, encode
from calcitrack.io.workspace.document import assessment_of, document_of
from calcitrack.io.workspace.exporting import export_results
from calcitrack.io.workspace.label_files import segmentation_digest
from calcitrack.model.alignment import Alignment, BoneFit
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import TimelineFailure
from calcitrack.model.timeline import TimelineKey
from calcitrack.model.warp import Warp
from calcitrack.tables import MEASURED
from calcitrack.tables.results import deposits_table, events_table, not_measurable_table, possible_table, timeline_table


def document(assessment: Assessment) -> object:
    """What an assessment says, its segmentations by their digests."""
    return document_of(assessment, {k: segmentation_digest(i.segmentation) for k, i in enumerate(assessment.images)})


@pytest.fixture
def full(made: ModuleType) -> Assessment:
    """An assessment with all that a document can hold: failures, partners, warps, limb axes, texts in no encoding."""
    one = made.assessment("P1")
    warp = Warp((8.0, 8.0), np.arange(8, dtype=np.float32).reshape(2, 2, 2), np.array([[True, False], [True, True]]))
    aligned = Alignment(((1.0, 0.1, 0.2), (-0.1, 1.0, 0.3)), 0.5, residual_mm=0.1, bones=(BoneFit((3.0, 4.0), 0.2, False, "lost"),), warp=warp)
    images = list(one.images)
    unsure = replace(images[1].segmentation, widening={1: 1.25})
    images[0] = made.with_possible(images[0])
    images[1] = replace(images[1], segmentation=unsure, alignment=aligned, findings=("caf\udce9.dcm",))
    tracks = (replace(one.tracks[0], partners={2: ("D002",)}), *one.tracks[1:])
    return replace(one, images=tuple(images), failures=(made.failure("P1", 2),), tracks=tracks, joint=made.joint())


def test_what_is_recorded_comes_back_in_every_value(full: Assessment, tmp_path: Path) -> None:
    """Record and read: the same document, segmentations and tables, also from another process's view of the folder."""
    with Workspace.create(tmp_path) as workspace:
        recorded = workspace.record(full)
    with Workspace.open(tmp_path, reading=True) as workspace:
        again = workspace.assessment(recorded.assessment_id)
        assert workspace.assessments() == (recorded,)
    assert document(again) == document(full)
    np.testing.assert_array_equal(again.images[0].segmentation.possible, full.images[0].segmentation.possible)
    assert again.images[1].segmentation.possible is None
    for table in (deposits_table, timeline_table, events_table, possible_table, not_measurable_table):
        assert table([again]).equals(table([full])), table.__name__
    assert str(again.failures[0].error) == str(full.failures[0].error)
    assert type(again.failures[0].error) is type(full.failures[0].error)
    warp = again.images[1].alignment
    assert warp is not None
    assert warp.warp is not None
    np.testing.assert_array_equal(warp.to_image([[3.0, 5.0]]), full.images[1].alignment.to_image([[3.0, 5.0]]))  # type: ignore[union-attr]


def test_values_of_all_images_together_come_back_and_older_documents_have_none(full: Assessment, made: ModuleType, tmp_path: Path) -> None:
    """The values are the same objects' equals; without them a document has the very form that it had before there were any."""
    with Workspace.create(tmp_path) as workspace:
        recorded = workspace.record(full)
        assert workspace.assessment(recorded.assessment_id).joint == full.joint
    plain = document(made.assessment("P1"))
    assert isinstance(plain, dict)
    assert "joint" not in plain
    assert assessment_of(plain, lambda _: full.images[0].segmentation).joint is None


def test_possible_deposits_are_part_of_a_segmentations_content(made: ModuleType) -> None:
    """Another picture or confidence is another digest; without any, the digest is that of versions that knew none."""
    plain = made.image("P1", 1, 0, ()).segmentation
    one = made.with_possible(made.image("P1", 1, 0, ())).segmentation
    others = (plain, one, replace(one, possible_confidence={1: 0.8}), one.with_possible([1]))
    assert len({segmentation_digest(s) for s in others}) == 4
    assert segmentation_digest(plain) == "caa50ecd3f270c584b7dcc696ddd1da10a82a193594734e51e640da4bd9ec284"


def test_a_document_is_what_its_assessment_says(full: Assessment) -> None:
    """Document and assessment are two forms of one thing: there and back changes nothing."""
    held = {segmentation_digest(i.segmentation): i.segmentation for i in full.images}
    assert document(assessment_of(document(full), held.__getitem__)) == document(full)


def test_recording_the_same_again_changes_nothing(made: ModuleType, tmp_path: Path) -> None:
    """Idempotent: same answer, no further entry of the audit trail, no further file."""
    with Workspace.create(tmp_path) as workspace:
        first = workspace.record(made.assessment("P1"))
        entries, files = workspace.history(), sorted(tmp_path.rglob("*.npz"))
        assert workspace.record(made.assessment("P1")) == first
        assert workspace.history() == entries
    assert sorted(tmp_path.rglob("*.npz")) == files


def test_the_last_assessment_of_a_timeline_counts(made: ModuleType, tmp_path: Path) -> None:
    """A second assessment follows the first; when the first comes again, in a later run, it is the last one."""
    one = made.assessment("P1")
    other = replace(one, assessment_id="another", findings=("measured otherwise",))
    with Workspace.create(tmp_path) as workspace:
        a, b = workspace.record(one), workspace.record(other)
        assert workspace.assessments() == (b,)
        run = workspace.start_run()
        assert workspace.record(one, run=run) == a
        assert workspace.assessments() == (a,)
        assert [e.before for e in workspace.history(f"timeline {one.key}")] == ["", a.digest, b.digest]


def test_runs_know_what_became_of_each_timeline(made: ModuleType, tmp_path: Path) -> None:
    """A run has its settings, inputs, files, assessments and failures, and its end; one that was ended early has none."""
    one, two = made.assessment("P1"), made.assessment("P2")
    lost = TimelineFailure(TimelineKey("P3", "HAND"), "the memory did not suffice", ("P3/visit1.dcm",))
    with Workspace.create(tmp_path) as workspace:
        first = workspace.start_run(options=AssessOptions(), inputs=("scans",), files=made.files_of(one))
        workspace.record(one, run=first)
        workspace.fail(lost, run=first)
        workspace.finish_run(first)
        second = workspace.start_run(files=made.files_of(two))
        workspace.record(two, run=second)
        told = workspace.runs()
        assert [(r.assessed, r.failed, r.finished_at is None) for r in told] == [(1, 1, False), (1, 0, True)]
        assert told[0].inputs == ("scans",)
        assert '"sigma' in told[0].options or '"segment"' in told[0].options
        assert [a.key.patient_id for a in workspace.assessments(run=second)] == ["P2"]
        assert workspace.failures() == (lost,)
        assert workspace.failures(run=second) == ()
        assert workspace.files(run=first) == made.files_of(one)
        assert len(workspace.files()) == 9  # four exposures each, and the report that both runs saw
        with pytest.raises(sqlite3.Error, match="a run ends once"):
            workspace._database._connection.execute("UPDATE runs SET version = '9' WHERE id = 1")


def test_an_export_is_the_results_folder_of_the_run(made: ModuleType, tmp_path: Path) -> None:
    """Byte for byte the tables that were written after measuring, and each segmentation; pictures whose film is gone are findings."""
    cohort = made.cohort()
    lost = TimelineFailure(TimelineKey("P3"), "no reason", ("P3/visit1.dcm",))
    moment = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    cohort = replace(cohort, failures=(lost,))
    write_results(cohort, tmp_path / "R", clock=lambda: moment)
    with Workspace.create(tmp_path / "W") as workspace:
        run = workspace.start_run(files=cohort.files)
        for assessment in cohort.assessments:
            workspace.record(assessment, run=run)
        workspace.fail(lost, run=run)
        written = export_results(workspace, tmp_path / "E", run=run, clock=lambda: moment)
        with pytest.raises(InvalidValueError, match="found no run 9"):
            export_results(workspace, tmp_path / "F", run=9)
    assert (written.n_timelines, written.n_images) == (2, 8)
    assert {p.output for p in written.problems} <= {"overlay.png", "pair.png", "segmentation"}
    for schema in MEASURED:
        if schema.name != "images":  # holds the findings about pictures
            name = f"{schema.name}.csv"
            assert (tmp_path / "E" / name).read_bytes() == (tmp_path / "R" / name).read_bytes(), name
    assert (tmp_path / "E" / "changes.csv").read_bytes() == (tmp_path / "R" / "changes.csv").read_bytes()


def test_an_image_is_read_again_from_its_file(made: ModuleType, tmp_path: Path) -> None:
    """The exposure of a recorded assessment gives its pixels while the file is there, and says what is missing when it is not."""
    from calcitrack import assess_cohort

    films = made.write_pictures(tmp_path / "films", visits=1)
    (measured,) = assess_cohort(films).assessments
    with Workspace.create(tmp_path / "W") as workspace:
        workspace.record(measured)
        (image,) = workspace.assessment(measured.assessment_id).images
    assert document(measured)["images"][0]["facts"] == document_of(measured, {0: ""})["images"][0]["facts"]  # type: ignore[index]
    read = image.exposure.load()
    np.testing.assert_array_equal(read.pixels, measured.images[0].exposure.load().pixels)
    assert read.spacing == measured.images[0].spacing
    (films / "A" / "visit1.png").unlink()
    with pytest.raises(NotFoundError, match="put it back"):
        image.exposure.load()


def test_options_and_files_survive_as_json(made: ModuleType) -> None:
    """Encode, then decode by the declared types: the same noun."""
    options = AssessOptions()
    assert decode(AssessOptions, encode(options)) == options
    with pytest.raises(TypeError, match="no noun of the model"):
        encode(object())
    for record in made.files_of(made.assessment()):
        assert decode(type(record), encode(record)) == record


def test_an_unknown_assessment_is_named(tmp_path: Path) -> None:
    """The message says what was asked for and where to look."""
    with Workspace.create(tmp_path) as workspace, pytest.raises(InvalidValueError, match="found no assessment 'nonsense'"):
        workspace.assessment("nonsense")
