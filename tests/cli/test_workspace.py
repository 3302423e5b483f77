from __future__ import annotations

import datetime as dt
import json
import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, cast

import pydicom
import pytest
from rich.progress import Progress
from typer.testing import CliRunner

from calcitrack.assess import assess
from calcitrack.batch import one, run
from calcitrack.cli import app
from calcitrack.cli.console import TimeLeft
from calcitrack.cli.exits import ExitCode
from calcitrack.cli.resume import kept_sentences
from calcitrack.io.results.export import read_results
from calcitrack.io.results.table_files import read_table
from calcitrack.io.workspace import KeptRun, Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.model.corrections import FilmCorrection
from calcitrack.model.review import Review, ReviewKind
from calcitrack.model.timeline import Timeline
from calcitrack.tables import MEASURED
from calcitrack.tables.reviewed import REVIEWS


@pytest.fixture(autouse=True)
def _small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of a size that is written quickly."""
    monkeypatch.setattr("calcitrack.figures.overlay.LONG_SIDE", 150)
    monkeypatch.setattr("calcitrack.figures.pair.LONG_SIDE", 150)
    monkeypatch.setattr("calcitrack.figures.page.DPI", 30)


def call(*arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one command."""
    done = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def folder(made: ModuleType, tmp_path: Path) -> Path:
    """A workspace with one assessment."""
    with Workspace.create(tmp_path / "W", who="anna") as workspace:
        workspace.record(made.assessment("P1"))
    return tmp_path / "W"


def test_measure_keeps_each_assessment_and_export_gives_the_same_folder(made: ModuleType, tmp_path: Path) -> None:
    """What `measure` wrote, `export` writes again from the workspace: the same tables, segmentations and pictures, without measuring."""
    films = made.write_pictures(tmp_path / "films")
    assert call("measure", films, "--out", tmp_path / "R", "--workspace", tmp_path / "W", "-j", 1, "-q")[0] == ExitCode.DONE
    code, out, _ = call("workspace", "export", tmp_path / "W", "--out", tmp_path / "E")
    assert (code, out.split(": ")[0]) == (ExitCode.DONE, "1 timeline with 2 images")
    names = sorted(p.relative_to(tmp_path / "R") for p in (tmp_path / "R").rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(tmp_path / "E") for p in (tmp_path / "E").rglob("*") if p.is_file())
    for name in names:
        if name.suffix in (".csv", ".png"):
            assert (tmp_path / "E" / name).read_bytes() == (tmp_path / "R" / name).read_bytes(), name
    with Workspace.open(tmp_path / "W") as workspace:
        (run,) = workspace.runs()
        assert (run.assessed, run.failed, run.inputs) == (1, 0, (str(films),))
        assert run.finished_at is not None
        assert json.loads(run.options)["segment"]["method"] == "network"
        assert workspace.check().clean


def other_bytes(one: Path, other: Path) -> list[str]:
    """Files of two results folders that are not the same; of the provenance, but for the moment of writing."""
    names = {p.relative_to(folder).as_posix() for folder in (one, other) for p in folder.rglob("*") if p.is_file()}

    def content(path: Path) -> bytes:
        held = path.read_bytes() if path.exists() else b""
        return re.sub(rb'"created": "[^"]*"', b"", held) if path.name == "provenance.json" else held

    return sorted(n for n in names if content(one / n) != content(other / n))


def with_side_views(films: Path) -> Path:
    """The same limbs from the side, on the same days."""
    for sidecar in sorted(films.glob("*/visit?.json")):
        side = sidecar.with_name(f"side-{sidecar.name}")
        side.write_text(sidecar.read_text(encoding="utf-8").replace('"PA"', '"LAT"'), encoding="utf-8")
        side.with_suffix(".png").write_bytes(sidecar.with_suffix(".png").read_bytes() + b" ")
    return films


class Ended(BaseException):
    """Stands for the end of the process."""


def measuring_here(monkeypatch: pytest.MonkeyPatch, assessing: Callable[..., Assessment]) -> None:
    """Timelines are measured in this process, and by another function."""
    monkeypatch.setattr(run, "in_processes", lambda timelines, options, _workers, _limit_s, tally: run._in_this_process(timelines, options, tally))
    monkeypatch.setattr(one, "assess", assessing)


def test_a_run_that_was_ended_goes_on_and_gives_the_same_bytes(made: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended between two views of one limb: the first is not measured again, and every file is that of an undisturbed run."""
    films = with_side_views(made.write_pictures(tmp_path / "films", visits=1))
    assert call("measure", films, "--out", tmp_path / "U", "-j", 1, "-q")[0] == ExitCode.DONE
    measured: list[str] = []

    def ended_at_the_second(timeline: Timeline, **more: Any) -> Assessment:
        if len(measured) == 1:
            raise Ended
        measured.append(str(timeline.key))
        return assess(timeline, **more)

    command = ("measure", films, "--out", tmp_path / "R", "--workspace", tmp_path / "W", "-j", 1)
    with monkeypatch.context() as patched:
        measuring_here(patched, ended_at_the_second)
        with pytest.raises(Ended):
            call(*command, "-q")
    assert measured == ["A / HAND / R / LAT"]
    with Workspace.open(tmp_path / "W") as workspace:
        assert workspace.check().clean
        assert [r.finished_at for r in workspace.runs()] == [None]

    def counted(timeline: Timeline, **more: Any) -> Assessment:
        measured.append(str(timeline.key))
        return assess(timeline, **more)

    measuring_here(monkeypatch, counted)
    said = call(*command)[2]
    assert "1 of 2 timelines was measured before with the same files and settings and is taken from the workspace; 1 is left to measure" in said
    assert measured == ["A / HAND / R / LAT", "A / HAND / R / PA"]
    assert other_bytes(tmp_path / "U", tmp_path / "R") == []
    assert read_results(tmp_path / "R").images.findings.str.contains("no volume from shape together with").sum() == 2

    _, out, said = call(*command, "--json")
    assert said == ""
    assert json.loads(out)["workspace"] == {"folder": str(tmp_path / "W"), "taken": 2, "measured": 0, "again": []}
    assert len(measured) == 2
    assert other_bytes(tmp_path / "U", tmp_path / "R") == []
    assert "nothing is measured again" in call(*command)[2]
    with Workspace.open(tmp_path / "W") as workspace:
        assert [(r.assessed, r.finished_at is None) for r in workspace.runs()] == [(1, True), (2, False), (2, False), (2, False)]
        assert workspace.check().clean

    said = call(*command, "--again", "--ha-concentration", 500)[2]
    assert len(measured) == 4
    assert "taken" not in said
    said = call(*command, "--ha-concentration", 600)[2]
    assert "2 timelines are measured again: the settings are others: measure.ha_concentration_mg_cm3 500.0 before, 600.0 now" in said


def test_ctrl_c_says_how_to_go_on(made: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The workspace holds what was measured, and the command that is named is the one that was given, without --again."""
    films = made.write_pictures(tmp_path / "films", ("A", "B"), visits=1)

    def interrupted_at_the_second(timeline: Timeline, **more: Any) -> Assessment:
        if timeline.key.patient_id == "B":
            raise KeyboardInterrupt
        return assess(timeline, **more)

    words = ["measure", str(films), "--out", str(tmp_path / "my results"), "--workspace", str(tmp_path / "W"), "-j", "1"]
    monkeypatch.setattr("sys.argv", ["calcitrack", *words, "--again"])
    measuring_here(monkeypatch, interrupted_at_the_second)
    code, out, said = call(*words, "--again")
    assert (code, out) == (ExitCode.INTERRUPTED, "")
    first, second = (line for line in said.splitlines() if line.startswith("calcitrack: "))
    assert "interrupted; 1 of 2 timelines finished" in first
    assert second == f"calcitrack: every timeline that was measured is kept in {tmp_path / 'W'}; to go on there: {shlex.join(['calcitrack', *words])}"
    with Workspace.open(tmp_path / "W") as workspace:
        assert workspace.check().clean
        assert [a.key.patient_id for a in workspace.assessments()] == ["A"]


def test_many_reasons_are_few_lines() -> None:
    """The five most frequent reasons, and how many timelines have others."""

    class Held:
        on_record, left = 0, (1,) * 21
        reasons: ClassVar = {f"reason {n}": 7 - n for n in range(1, 7)}

    said = list(kept_sentences(cast("KeptRun", Held), 21))
    assert said[0] == "6 timelines are measured again: reason 1"
    assert said[4:] == ["2 timelines are measured again: reason 5", "1 more timeline is measured again, for other reasons"]


def test_the_bar_says_how_long_it_takes_to_the_end() -> None:
    """At the speed so far; nothing before there is one, and nothing at the end."""
    moments = iter(range(1000))
    bar = Progress(TimeLeft(), get_time=lambda: float(next(moments)), disable=True)
    task = bar.add_task("Measuring images", total=4)
    (told,) = bar.tasks
    assert str(TimeLeft().render(told)) == ""
    for _ in range(2):
        bar.advance(task)
    assert re.fullmatch(r"about 0:00:0[1-9] left", str(TimeLeft().render(told)))
    bar.update(task, completed=4)
    assert str(TimeLeft().render(told)) == ""


def test_check_says_clean_or_what_is_wrong(folder: Path) -> None:
    """Exit code, sentence and JSON agree."""
    code, out, _ = call("workspace", "check", folder)
    assert code == ExitCode.DONE
    assert out == "checked 1 assessment, 4 segmentations, 0 reviews, 2 changes\nclean\n"
    sorted(folder.rglob("*.npz"))[0].unlink()
    code, out, _ = call("workspace", "check", folder)
    assert code == ExitCode.PARTLY
    assert "problem: version 1 of the segmentation of" in out
    assert "restore the file from a backup" in out
    told = json.loads(call("workspace", "check", folder, "--json")[1])
    assert (told["clean"], told["assessments"]) == (False, 1)


def test_history_shows_who_changed_what(folder: Path) -> None:
    """All of it, or that of one subject or person."""
    lines = call("workspace", "history", folder)[1].splitlines()
    assert [line.split("  anna  ")[1].split("  ")[0] for line in lines] == [
        "workspace created: workspace",
        "assessment recorded: timeline P1 / HAND / R / PA",
    ]
    assert call("workspace", "history", folder, "--who", "ben")[1] == ""
    (entry,) = json.loads(call("workspace", "history", folder, "--subject", "timeline P1 / HAND / R / PA", "--json")[1])
    assert (entry["who"], entry["detail"]["assessment_id"], len(entry["digest"])) == ("anna", "00000081", 64)


def test_export_names_pictures_that_cannot_be_made(folder: Path, tmp_path: Path) -> None:
    """The made films read from memory only when they are recorded; afterwards there is no file, and the tables are complete all the same."""
    code, _, said = call("workspace", "export", folder, "--out", tmp_path / "E")
    assert code == ExitCode.PARTLY
    assert "P1/visit1.dcm: no overlay.png was written: found no file" in said
    assert {s.name for s in MEASURED} <= {p.stem for p in (tmp_path / "E").glob("*.csv")}
    assert len(read_results(tmp_path / "E").timeline) == 3


def test_export_holds_what_readers_said(folder: Path, tmp_path: Path) -> None:
    """Who, when, what about which deposit, in which words; the last word of each reader, and whether it is about these results."""
    moments = iter(dt.datetime(2026, 1, 2, 3, minute, tzinfo=dt.UTC) for minute in range(9))
    with Workspace.open(folder, clock=lambda: next(moments)) as workspace:
        (recorded,) = workspace.assessments()
        for reader, kind in (("anna", ReviewKind.ACCEPT), ("ben", ReviewKind.REJECT), ("anna", ReviewKind.REJECT)):
            said = Review(reader=reader, kind=kind, assessment_id=recorded.assessment_id, deposit_id="D002", comment=f"=seen by {reader}")
            workspace.review(said)
        held = workspace.assessment(recorded.assessment_id)
    call("workspace", "export", folder, "--out", tmp_path / "E")
    lines = (tmp_path / "E" / "reviews.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].split(",") == list(REVIEWS.names)
    told = "P1,HAND,R,PA,00000081,yes,{},2026-01-02T03:0{}:00.000+00:00,reject,D002,,,,'=seen by {}"
    assert lines[1:] == [told.format("ben", 1, "ben"), told.format("anna", 2, "anna")]
    assert read_table(REVIEWS, tmp_path / "E" / "reviews.csv")["comment"].tolist() == ["=seen by ben", "=seen by anna"]
    with Workspace.open(folder) as workspace:
        workspace.record(replace(held, assessment_id="later"))
    call("workspace", "export", folder, "--out", tmp_path / "E")
    assert read_table(REVIEWS, tmp_path / "E" / "reviews.csv")["in_these_results"].tolist() == ["no", "no"]
    with Workspace.create(tmp_path / "V") as workspace:
        workspace.record(held)
    call("workspace", "export", tmp_path / "V", "--out", tmp_path / "E")
    assert not (tmp_path / "E" / "reviews.csv").exists()


def test_backup_is_checked_and_complete(folder: Path, tmp_path: Path) -> None:
    """A copy that is clean by itself; a second one into the same folder is refused."""
    assert call("workspace", "backup", folder, tmp_path / "B")[0] == ExitCode.DONE
    assert call("workspace", "check", tmp_path / "B")[0] == ExitCode.DONE
    code, _, said = call("workspace", "backup", folder, tmp_path / "B")
    assert code == ExitCode.USAGE
    assert "a new or empty one" in said


def test_a_folder_without_workspace_is_said(tmp_path: Path) -> None:
    """One sentence, no trace, nothing made."""
    for command in ("check", "history"):
        code, _, said = call("workspace", command, tmp_path)
        assert (code, said.startswith("calcitrack: "), "no workspace" in said) == (ExitCode.USAGE, True, True)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def drawn(films: ModuleType, made: ModuleType, tmp_path: Path) -> Path:
    """A workspace with an assessment of DICOM films, and a results folder of it."""
    with Workspace.create(tmp_path / "W") as workspace:
        workspace.record(films.on_disk(made.assessment("P1", visits=1, repeat=False), tmp_path, whole=True))
    assert call("workspace", "export", tmp_path / "W", "--out", tmp_path / "R")[0] == ExitCode.DONE
    return tmp_path


def test_import_says_what_it_did(drawn: Path) -> None:
    """Unchanged outlines, chosen ones and refused files each have their sentence and exit code."""
    (seg,) = (drawn / "R" / "seg").glob("*.dcm")
    code, out, _ = call("workspace", "import", drawn / "W", seg, "--reader", "anna")
    assert code == ExitCode.DONE
    assert out == f"{seg}: image {seg.stem}: the same as version 1, 2 deposits; nothing was changed\n"
    code, out, _ = call("workspace", "import", drawn / "W", seg, "--reader", "anna", "--segment", 2)
    assert (code, out) == (ExitCode.DONE, f"{seg}: image {seg.stem}: version 2 by anna, 1 deposit (1 removed)\n")
    code, out, err = call("workspace", "import", drawn / "W", drawn / "film0.dcm", "--reader", "ben")
    assert (code, out) == (ExitCode.NOTHING, "")
    assert "not imported: " in err
    assert "found a DICOM object of modality DX; expected a DICOM Segmentation; export the outlines as DICOM SEG" in err
    code, out, _ = call("workspace", "import", drawn / "W", seg, drawn / "film0.dcm", "--reader", "ben", "--json")
    told = json.loads(out)
    assert code == ExitCode.PARTLY
    assert [(a["version"]["number"], a["changed"], a["added"]) for a in told["accepted"]] == [(3, True, 1)]
    assert len(told["refused"]) == 1


def test_import_names_its_reader(drawn: Path) -> None:
    """An edit without a name is refused."""
    (seg,) = (drawn / "R" / "seg").glob("*.dcm")
    code, _, err = call("workspace", "import", drawn / "W", seg, "--reader", " ")
    assert code == ExitCode.USAGE
    assert "an edit names its reader" in err


def test_export_writes_the_dicom_objects_that_are_asked_for(drawn: Path) -> None:
    """Reports unless they are left out; label maps where they are asked for."""
    assert len(list((drawn / "R" / "sr").glob("*.dcm"))) == 1
    assert call("workspace", "export", drawn / "W", "--out", drawn / "E", "--no-reports", "--segmentation", "labelmap")[0] == ExitCode.DONE
    assert not (drawn / "E" / "sr").exists()
    (seg,) = (drawn / "E" / "seg").glob("*.dcm")
    assert pydicom.dcmread(seg).SegmentationType == "LABELMAP"


def test_what_readers_state_in_a_workspace_holds_in_the_next_run(made: ModuleType, tmp_path: Path) -> None:
    """A side stated in the workspace, and a view stated in a file: both are in the results, each with a sentence; the file comes back as JSON."""
    films = made.write_pictures(tmp_path / "films", ("A",))
    measuring = ("measure", films, "--out", tmp_path / "R", "--workspace", tmp_path / "W", "-j", 1, "-q")
    call(*measuring)
    before = read_results(tmp_path / "R").images
    name = str(films / "A" / "visit1.png")
    with Workspace.open(tmp_path / "W") as workspace:
        workspace.correct(name, FilmCorrection(laterality="B"), "state side B", reader="anna")
    code, printed, _ = call("workspace", "corrections", tmp_path / "W")
    assert code == ExitCode.DONE
    assert json.loads(printed) == {"films": [{"film": name, "laterality": "B"}]}
    (tmp_path / "corrections.json").write_text(json.dumps({"films": [{"film": name, "view": "LAT"}]}))
    call(*measuring, "--corrections", tmp_path / "corrections.json")
    after = read_results(tmp_path / "R").images
    (row,) = after[after.path == name].itertuples()
    assert (row.laterality, row.view) == ("B", "LAT")
    assert "a reader states laterality B" in row.findings
    assert "a reader states view LAT" in row.findings
    assert len(after) == len(before)
    (tmp_path / "corrections.json").write_text(json.dumps({"films": [{"film": "nowhere.dcm", "view": "LAT"}]}))
    code, _, said = call(*measuring, "--corrections", tmp_path / "corrections.json")
    assert code == ExitCode.USAGE
    assert "nowhere.dcm" in said
    assert "hand over their folder" in said
