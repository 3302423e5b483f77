from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from PIL import Image

from calcitrack.change import JudgedCohort, cohort_points, judge_cohort, series_of
from calcitrack.change.judge import judge
from calcitrack.errors import InvalidValueError, ResultsError
from calcitrack.io.results import outputs
from calcitrack.io.results.export import read_results, write_results
from calcitrack.io.results.folder import StagedFolder
from calcitrack.io.results.pictures import shown_of_each_visit
from calcitrack.io.results.table_files import read_table, write_csv
from calcitrack.io.results.writer import ResultsWriter
from calcitrack.model.assessment import Alignment, Fate, ImageAssessment
from calcitrack.model.course import Courses, PatientCourse, Treatment
from calcitrack.model.image import Radiograph
from calcitrack.tables import (
    DEPOSITS,
    SCHEMA_VERSION,
    SCHEMAS,
    changes_table,
    cohort_table,
    deposits_table,
    events_table,
    images_table,
    not_measurable_table,
    possible_table,
    responses_table,
    timeline_table,
    trends_table,
)
from calcitrack.tables.cells import frame, rounded

MOMENT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def clock() -> dt.datetime:
    """A clock that stands still."""
    return MOMENT


@pytest.fixture(autouse=True)
def _small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of a size that is written quickly; what they show is tested elsewhere."""
    monkeypatch.setattr("calcitrack.figures.overlay.LONG_SIDE", 150)
    monkeypatch.setattr("calcitrack.figures.pair.LONG_SIDE", 150)
    monkeypatch.setattr("calcitrack.figures.page.DPI", 30)


def content(folder: Path) -> dict[str, bytes]:
    """Every file with its bytes."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_folder_holds_what_the_contract_promises(made: ModuleType, tmp_path: Path) -> None:
    """Tables, a timeline figure each, an overlay and a label picture for each image, pictures of two visits, cohort figures, and the provenance."""
    write_results(made.cohort(made.assessment("P1"), made.assessment("P2", mass=False)), tmp_path / "out", clock=clock)
    names = set(content(tmp_path / "out"))
    assert {f"{s.name}.csv" for s in SCHEMAS} | {"provenance.json"} <= names
    for patient in ("P1", "P2"):
        folder = f"timelines/{patient}_HAND_R_PA"
        assert {f"{folder}/timeline.png", f"{folder}/timeline.pdf"} <= names
        overlays = [n for n in names if n.startswith(folder) and n.endswith("_overlay.png")]
        assert sorted(overlays)[-2:] == [f"{folder}/03_2022-05-20_overlay.png", f"{folder}/03_2022-05-20_repeat1_overlay.png"]
        assert len(overlays) == 4
        pairs = ("01-02_2021-03-08_2021-09-01", "02-03_2021-09-01_2022-05-20")
        assert {f"{folder}/{pair}_{kind}.png" for pair in pairs for kind in ("pair", "difference")} <= names
    assert {f"cohort_{name}.{kind}" for name in ("waterfall", "spaghetti") for kind in ("png", "pdf")} <= names
    assert len([n for n in names if n.startswith("seg/") and n.endswith(".label.png")]) == 8
    assert len(names) == len(SCHEMAS) + 1 + 4 + 8 + 8 + 8 + 4


def test_tables_come_back_as_they_were_written(made: ModuleType, tmp_path: Path) -> None:
    """Reading a results folder gives the rounded tables with the same types and values."""
    cohort = made.cohort(made.assessment_with_possible("P1"), made.assessment("P2", mass=False, sized=False))
    write_results(cohort, tmp_path, clock=clock)
    back = read_results(tmp_path)
    judgements = [judge(a) for a in cohort.assessments]
    tables = {
        "deposits": deposits_table(cohort.assessments),
        "timeline": timeline_table(cohort.assessments),
        "events": events_table(cohort.assessments),
        "images": images_table(cohort),
        "possible": possible_table(cohort.assessments),
        "not_measurable": not_measurable_table(cohort.assessments),
        "changes": changes_table(judgements),
        "trends": trends_table(judgements),
        "responses": responses_table(judgements),
        "cohort": cohort_table(cohort_points([series_of(a) for a in cohort.assessments])),
    }
    for schema in SCHEMAS:
        assert len(tables[schema.name]) > 0, schema.name
        assert_frame_equal(getattr(back, schema.name), rounded(tables[schema.name], schema))


def test_possible_deposits_have_a_picture_of_their_own(films: ModuleType, made: ModuleType, tmp_path: Path) -> None:
    """Beside the label picture or Segmentation of an image that shows any; neither of these holds one."""
    picture, dicom = made.assessment_with_possible("P1"), films.on_disk(made.assessment_with_possible("P2"), tmp_path)
    write_results(made.cohort(picture, dicom), tmp_path / "with", clock=clock)
    write_results(made.cohort(made.assessment("P1"), films.on_disk(made.assessment("P2"), tmp_path)), tmp_path / "plain", clock=clock)
    names = (f"seg/{dicom.images[1].exposure.acquisition.sop_instance_uid}.possible.png", "seg/visit2.possible.png")
    for name, assessment in zip(names, (dicom, picture), strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "with" / name)), assessment.images[1].segmentation.possible)
    added = {name for name in content(tmp_path / "with") if name.startswith("seg/")} - set(content(tmp_path / "plain"))
    assert added == set(names)
    for name, written in content(tmp_path / "plain").items():
        if name.startswith("seg/"):
            assert written == content(tmp_path / "with")[name], name
    write_results(made.cohort(made.assessment("P1")), tmp_path / "with", clock=clock)
    assert not list((tmp_path / "with").rglob("*.possible.png"))


def test_csv_files_are_plain(made: ModuleType, tmp_path: Path) -> None:
    """UTF-8, LF line ends, ISO dates, an empty cell where a value is not measurable."""
    write_results(made.cohort(), tmp_path, clock=clock)
    raw = (tmp_path / "deposits.csv").read_bytes()
    assert b"\r" not in raw
    lines = raw.decode("utf-8").splitlines()
    assert lines[0] == ",".join(DEPOSITS.names)
    without_mass = next(line for line in lines if line.startswith("P2,2021-03-08,"))
    assert without_mass.split(",")[DEPOSITS.names.index("ha_mass_mg")] == ""


@given(st.text(max_size=30))
def test_formula_guard_is_undone_on_reading(text: str) -> None:
    """No cell starts like a formula, and reading gives the text back, whatever it was."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        table = frame(DEPOSITS, [{"patient_id": text, "deposit_id": "D001"}])
        path = Path(folder) / "t.csv"
        write_csv(table, DEPOSITS, path)
        body = path.read_text(encoding="utf-8").split("\n", 1)[1].lstrip('"')
        assert not body.startswith(("=", "+", "-", "@"))
        assert_frame_equal(read_table(DEPOSITS, path), table)


def test_parquet_holds_the_same_tables(made: ModuleType, tmp_path: Path) -> None:
    """On request each table is there as Parquet too, equal to the CSV as it is read."""
    write_results(made.cohort(), tmp_path, parquet=True, clock=clock)
    back = read_results(tmp_path)
    for schema in SCHEMAS:
        table = pd.read_parquet(tmp_path / f"{schema.name}.parquet", engine="pyarrow")
        typed = getattr(back, schema.name)
        assert_frame_equal(table.astype(typed.dtypes), typed)  # Parquet has no dates in seconds: it keeps milliseconds


def test_the_same_run_writes_the_same_bytes(made: ModuleType, tmp_path: Path) -> None:
    """Writing twice, also over the former results, gives identical files."""
    write_results(made.cohort(), tmp_path / "a", clock=clock)
    first = content(tmp_path / "a")
    write_results(made.cohort(), tmp_path / "a", clock=clock)
    write_results(made.cohort(), tmp_path / "b", clock=clock)
    assert content(tmp_path / "a") == first == content(tmp_path / "b")


def test_a_new_run_removes_what_the_former_wrote_and_nothing_else(made: ModuleType, tmp_path: Path) -> None:
    """Pictures of a patient who is no longer in the cohort disappear; a note that a user put there stays."""
    write_results(made.cohort(), tmp_path, clock=clock)
    note = tmp_path / "timelines" / "P2_HAND_R_PA" / "note.txt"
    note.write_text("mine", encoding="utf-8")
    write_results(made.cohort(made.assessment("P1")), tmp_path, clock=clock)
    names = set(content(tmp_path))
    assert {n for n in names if "P2" in n} == {"timelines/P2_HAND_R_PA/note.txt"}
    note.unlink()
    write_results(made.cohort(made.assessment("P3")), tmp_path, clock=clock)
    assert not (tmp_path / "timelines" / "P1_HAND_R_PA").exists()


def test_a_folder_of_others_is_refused(made: ModuleType, tmp_path: Path) -> None:
    """A folder with other content is left as it is, and the message says why and what to do."""
    (tmp_path / "thesis.docx").write_bytes(b"years of work")
    with pytest.raises(ResultsError, match=r"calcitrack did not write, such as thesis\.docx; .*choose another folder"):
        write_results(made.cohort(), tmp_path, clock=clock)
    assert content(tmp_path) == {"thesis.docx": b"years of work"}
    with pytest.raises(ResultsError, match="found a file; expected a folder"):
        write_results(made.cohort(), tmp_path / "thesis.docx", clock=clock)


def test_a_foreign_provenance_file_does_not_open_the_door(made: ModuleType, tmp_path: Path) -> None:
    """A provenance.json of another program, or of a newer version, does not make a folder ours."""
    (tmp_path / "provenance.json").write_text('{"program": "other"}', encoding="utf-8")
    with pytest.raises(ResultsError, match="another program"):
        write_results(made.cohort(), tmp_path, clock=clock)
    newer = {"program": "calcitrack", "schema_version": SCHEMA_VERSION + 1}
    (tmp_path / "provenance.json").write_text(json.dumps(newer), encoding="utf-8")
    with pytest.raises(ResultsError, match="update calcitrack"):
        write_results(made.cohort(), tmp_path, clock=clock)


def test_an_interrupted_run_changes_nothing(made: ModuleType, tmp_path: Path) -> None:
    """When a run ends early, former results are complete as before, and a new folder is not left behind."""
    write_results(made.cohort(), tmp_path / "old", clock=clock)
    before = content(tmp_path / "old")
    for folder in (tmp_path / "old", tmp_path / "deep" / "new"):
        with pytest.raises(KeyboardInterrupt), ResultsWriter(folder, clock=clock) as writer:  # noqa: PT012 the interruption is what is tested
            writer.add(made.assessment("P9"))
            raise KeyboardInterrupt
    assert content(tmp_path / "old") == before
    assert not (tmp_path / "deep").exists()


def test_a_swap_that_broke_off_is_noticed_and_repaired(made: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a file cannot be replaced halfway, reading refuses the mixture, and the next run makes it whole."""
    write_results(made.cohort(), tmp_path, clock=clock)

    def fails(*_: object, **__: object) -> Iterator[None]:
        raise PermissionError(13, "Permission denied", "images.csv")

    with monkeypatch.context() as patch:
        patch.setattr(StagedFolder, "_move", fails)
        with pytest.raises(ResultsError, match=r"images\.csv: cannot be replaced .*close it in other programs and run again"):
            write_results(made.cohort(made.assessment("P1")), tmp_path, clock=clock)
    with pytest.raises(ResultsError, match="interrupted"):
        read_results(tmp_path)
    write_results(made.cohort(made.assessment("P1")), tmp_path, clock=clock)
    assert set(read_results(tmp_path).deposits.patient_id) == {"P1"}
    assert not any("P2" in n for n in content(tmp_path))


def test_a_file_list_cannot_point_outside(made: ModuleType, tmp_path: Path) -> None:
    """An edited list of former outputs never deletes anything outside the folder."""
    outside = tmp_path / "outside.txt"
    outside.write_text("keep", encoding="utf-8")
    write_results(made.cohort(), tmp_path / "out", clock=clock)
    manifest = json.loads((tmp_path / "out" / "provenance.json").read_text(encoding="utf-8"))
    manifest["outputs"] += ["../outside.txt", str(outside)]
    (tmp_path / "out" / "provenance.json").write_text(json.dumps(manifest), encoding="utf-8")
    write_results(made.cohort(), tmp_path / "out", clock=clock)
    assert outside.read_text(encoding="utf-8") == "keep"


def test_hostile_patient_ids_stay_inside(made: ModuleType, tmp_path: Path) -> None:
    """Ids with path parts, and ids that differ only in case, each get a folder of their own inside the results."""
    people = [made.assessment(p, visits=1, repeat=False) for p in ("../../x", "abc", "ABC", "CON")]
    write_results(made.cohort(*people), tmp_path / "out", clock=clock)
    folders = [p.name for p in (tmp_path / "out" / "timelines").iterdir()]
    assert len({f.lower() for f in folders}) == 4
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_one_broken_picture_is_a_finding_and_the_rest_goes_on(made: ModuleType, tmp_path: Path) -> None:
    """When an image cannot be loaded again for its overlay, its row says so; its deposits and the other pictures are there."""
    whole = made.assessment("P1")
    broken = replace(whole.images[0], exposure=replace(whole.images[0].exposure, load=made.failure("P1", 1).exposure.load))
    written = write_results(made.cohort(replace(whole, images=(broken, *whole.images[1:]))), tmp_path, clock=clock)
    assert [(p.source, p.output) for p in written.problems] == [("P1/visit1.dcm", "overlay.png"), ("P1/visit2.dcm", "pair.png")]
    images = read_results(tmp_path).images.set_index("path")
    assert "no overlay.png was written: " in images.loc["P1/visit1.dcm", "findings"]
    assert images.loc["P1/visit1.dcm", "status"] == "read"
    assert len(list((tmp_path / "timelines").rglob("*_overlay.png"))) == 3


def test_an_image_with_uids_but_no_file_reports_its_missing_segmentation(made: ModuleType, tmp_path: Path) -> None:
    """A DICOM image whose file is gone has no segmentation, and its row says why."""
    image = made.image("P1", 1, 0, (Fate.BASELINE,))
    facts = replace(image.exposure.acquisition, sop_class_uid="1.2.840.10008.5.1.4.1.1.1.1")
    lost = replace(image, exposure=replace(image.exposure, acquisition=facts))
    whole = made.assessment("P1", visits=1, repeat=False)
    written = write_results(made.cohort(replace(whole, images=(lost,))), tmp_path, clock=clock)
    assert [p.output for p in written.problems] == ["segmentation"]
    assert "could not be read again" in read_results(tmp_path).images.findings[0]


def test_each_film_is_read_again_once(made: ModuleType, tmp_path: Path) -> None:
    """Overlay and pictures of two visits share the pixels; at most three films are in memory."""
    loads: list[str] = []

    def counted(image: ImageAssessment) -> ImageAssessment:
        def load() -> Radiograph:
            loads.append(image.exposure.source)
            return image.exposure.load()

        return replace(image, exposure=replace(image.exposure, load=load))

    whole = made.assessment("P1")
    write_results(made.cohort(replace(whole, images=tuple(counted(i) for i in whole.images))), tmp_path, clock=clock)
    assert sorted(loads) == sorted(i.exposure.source for i in whole.images)


def test_of_repeats_the_registered_one_is_compared(made: ModuleType, tmp_path: Path) -> None:
    """Where the first exposure of a visit could not be registered and its repeat could, the repeat stands in the picture of two visits."""
    whole = made.assessment("P1")
    failed = Alignment(((1, 0, 0), (0, 1, 0)), 9.0, ok=False, reason="no bone")
    images = tuple(replace(i, alignment=failed) if (i.time_point, i.repeat) == (3, 0) else i for i in whole.images)
    shown = shown_of_each_visit(replace(whole, images=images))
    assert [(i.time_point, i.repeat) for i in shown] == [(1, 0), (2, 0), (3, 1)]
    write_results(made.cohort(replace(whole, images=images)), tmp_path, clock=clock)
    assert len(list(tmp_path.rglob("*_pair.png"))) == 2


def test_one_visit_has_no_pair_and_one_patient_no_cohort(made: ModuleType, tmp_path: Path) -> None:
    """A single visit is drawn by itself; figures of a cohort need more than one patient."""
    write_results(made.cohort(made.assessment("P1", visits=1, repeat=False)), tmp_path, clock=clock)
    names = set(content(tmp_path))
    assert not [n for n in names if n.endswith(("_pair.png", "_difference.png")) or n.startswith("cohort_")]
    assert "timelines/P1_HAND_R_PA/timeline.png" in names


def test_the_timeline_figure_knows_the_course(made: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each figure is drawn with its own judgement and with its own patient's treatments."""
    seen = []
    draw = outputs.timeline_figure
    monkeypatch.setattr(outputs, "timeline_figure", lambda *given: (seen.append(given), draw(*given))[1])
    course = PatientCourse("P2", (Treatment(patient_id="P2", name="abatacept", start=made.DAYS[1]),))
    write_results(made.cohort(), tmp_path, clock=clock, courses=Courses((course,)))
    assert [(d.key.patient_id, j.key.patient_id, len(c.treatments)) for d, j, c in seen] == [("P1", "P1", 0), ("P2", "P2", 1)]


def test_provenance_says_how_it_came_to_be(made: ModuleType, tmp_path: Path) -> None:
    """Versions, parameters and outcome of each step, the time from the given clock, and the list of all other files."""
    write_results(made.cohort(), tmp_path, clock=clock)
    provenance = json.loads((tmp_path / "provenance.json").read_text(encoding="utf-8"))
    assert (provenance["schema_version"], provenance["created"]) == (SCHEMA_VERSION, "2026-01-02T03:04:05+00:00")
    assert {"python", "numpy", "pydicom", "highdicom"} <= set(provenance["libraries"])
    first = provenance["timelines"][0]
    assert first["assessment_id"] == made.assessment("P1").assessment_id
    assert first["images"][0]["steps"] == [{"name": "segment", "parameters": {"sigma": 2.0}, "outcome": {"deposits": 2}}]
    assert set(provenance["outputs"]) == set(content(tmp_path)) - {"provenance.json"}


def test_an_empty_cohort_is_written_too(tmp_path: Path, made: ModuleType) -> None:
    """No timeline gives tables with headers and no rows, which can be read back."""
    empty = replace(made.cohort(), assessments=(), files=())
    write_results(empty, tmp_path, clock=clock)
    assert all(getattr(read_results(tmp_path), s.name).empty for s in SCHEMAS)


def test_an_edited_table_is_refused_with_its_place(made: ModuleType, tmp_path: Path) -> None:
    """A cell that is no number is named by file and column; a missing column as well."""
    write_results(made.cohort(), tmp_path, clock=clock)
    path = tmp_path / "timeline.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",438,", ",many,"), encoding="utf-8")
    with pytest.raises(ResultsError, match=r"timeline\.csv: found a cell in days_from_baseline that is no integer"):
        read_results(tmp_path)
    path.write_text(text.replace("resolved_ids", "gone"), encoding="utf-8")
    with pytest.raises(ResultsError, match="found no column resolved_ids"):
        read_results(tmp_path)


def test_judgements_of_other_timelines_are_refused(made: ModuleType, tmp_path: Path) -> None:
    """The writer takes what was judged and judges nothing: too few, or of others, is an error, and the folder stays as it was."""
    one, other = made.assessment("P1"), made.assessment("P2")
    for judged in (JudgedCohort(), judge_cohort([series_of(other)]), judge_cohort([series_of(one), series_of(other)])):
        with pytest.raises(InvalidValueError, match="those of all that were added"), ResultsWriter(tmp_path / "out", clock=clock) as writer:  # noqa: PT012 what the folder then holds is tested
            writer.add(one)
            writer.finish((), judged)
    assert not (tmp_path / "out").exists()


def test_the_verdict_in_the_folder_is_the_one_that_was_handed_over(made: ModuleType, tmp_path: Path) -> None:
    """Another verdict, handed over, is the one in the tables: nothing is judged again on the way."""
    assessment = made.assessment("P1")
    judged = judge_cohort([series_of(assessment)])
    (judgement,) = judged.judgements
    fewer = replace(judged, judgements=(replace(judgement, changes=judgement.changes[:1], responses=()),), points=())
    with ResultsWriter(tmp_path, clock=clock) as writer:
        writer.add(assessment)
        writer.finish((), fewer)
    results = read_results(tmp_path)
    assert (len(results.changes), len(results.responses), len(results.cohort), len(results.trends)) == (1, 0, 0, len(judgement.trends))
